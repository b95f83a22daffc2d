# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until no worker of zun-api answers a request. The arguments are uWSGI's stats socket and the seconds this may take."""

from __future__ import annotations

import json
import socket
import sys
import time

# A worker is free for a moment between two requests that wait.
CALM = 3


def busy():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(sys.argv[1])
        with connection.makefile() as stream:
            stats = json.load(stream)
    return [worker["id"] for worker in stats["workers"] if worker["status"] == "busy"]


deadline = time.monotonic() + float(sys.argv[2])
calm = 0
while calm < CALM:
    try:
        workers = busy()
    except (FileNotFoundError, ConnectionRefusedError):
        # zun-api does not run.
        break
    calm = 0 if workers else calm + 1
    if time.monotonic() > deadline:
        sys.exit(f"{len(workers)} workers still answer requests")
    time.sleep(0.3)
