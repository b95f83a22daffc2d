# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join files into one that only root can read: HAProxy wants a certificate and its key together.

    bundle.py DESTINATION SOURCE...

Here on the machine, so that no key leaves it.
"""

from __future__ import annotations

import os
import sys

destination, *sources = sys.argv[1:]
parts = []
for source in sources:
    with open(source, "rb") as stream:
        parts.append(stream.read().rstrip(b"\n") + b"\n")
os.umask(0o077)
with open(f"{destination}.new", "wb") as stream:
    stream.write(b"".join(parts))
    os.fchmod(stream.fileno(), 0o600)
os.replace(f"{destination}.new", destination)
