# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until HAProxy of this machine sends a server nothing more, or sends it requests again.

The only argument is JSON: socket, backend, server, timeout and what is wanted. "out"
and "in" wait for it, "spare" only asks whether another server of the backend is up.
"""

from __future__ import annotations

import csv
import io
import json
import socket
import sys
import time


def ask(path, command):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(f"{command}\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


def servers(statistics, backend):
    """The servers of a backend, by name, from what "show stat" prints."""
    rows = csv.DictReader(io.StringIO(statistics.removeprefix("# ")))
    return {
        row["svname"]: row for row in rows if row["pxname"] == backend and row["svname"] not in ("FRONTEND", "BACKEND")
    }


def up(server):
    # "UP 1/2" is on its way down, "no check" is taken for up.
    return server["status"].startswith("UP") or server["status"] == "no check"


def problem(found, name, wanted):
    """What keeps the server from being what is wanted, empty when nothing does."""
    server = found[name]
    if wanted == "in":
        return "" if server["status"] == "UP" else f"is {server['status']}"
    if up(server):
        return "still gets requests"
    # Zun answers with "Connection: close", so these are requests that go on.
    return "" if server["scur"] == "0" else f"still has {server['scur']} sessions"


def main():
    question = json.loads(sys.argv[1])
    backend, name, wanted = question["backend"], question["server"], question["wanted"]
    deadline = time.monotonic() + question["timeout"]
    try:
        found = servers(ask(question["socket"], "show stat"), backend)
        if name not in found:
            sys.exit(f"HAProxy has no server {name} in the backend {backend}, only {', '.join(found) or 'none'}")
        if wanted == "spare":
            if not any(up(server) for other, server in found.items() if other != name):
                sys.exit(f"No server of {backend} but {name} is up: without it nobody would answer")
            return
        while trouble := problem(found, name, wanted):
            if time.monotonic() > deadline:
                sys.exit(f"{name} {trouble} in {backend} after {question['timeout']} seconds")
            time.sleep(0.2)
            found = servers(ask(question["socket"], "show stat"), backend)
    except OSError as error:
        sys.exit(f"HAProxy does not answer at {question['socket']}: {error}")


if __name__ == "__main__":
    main()
