# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one program; tells its exit code, how many seconds it took, and how many KiB its largest process held.

    measure.py OUTPUT PROGRAM [ARGUMENT...]

It is a process of its own, and a small one: what Linux notes as the most that a process held begins with what the one
that started it held by then. Started by the benchmark itself, everybody would seem to need as much as the benchmark.
"""

import os
import sys
import time

output, *words = sys.argv[1:]
began = time.monotonic()
child = os.posix_spawn(
    words[0],
    words,
    os.environ,
    file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ],
)
# Of all processes that were waited for, its own and theirs, the usage has the largest.
_child, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - began, usage.ru_maxrss)
