# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings files and units of a lab node into the wanted state, in one go.

The playbooks send it to a node's Python together with WANTED_TEXT, in JSON:
  directories   {path: {owner, mode}}
  files         {path: {owner, mode, content | ini: {section: {option: value}}}}; no spec removes the file
  masked        [unit]
  units         {unit: [paths that it reads when it starts]}
  ports         [port that answers when everything is up]
Prints a line for each change.
"""

import fnmatch
import grp
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time

WANTED = json.loads(globals()["WANTED_TEXT"])  # the playbook puts it in front


def systemctl(*words):
    return subprocess.run(["/usr/bin/systemctl", *words], check=True, capture_output=True, text=True).stdout


def render(spec):
    if "ini" not in spec:
        return spec["content"]
    lines = []
    for section, options in spec["ini"].items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {value}" for name, value in options.items()]
    return "\n".join(lines) + "\n"


def own(path, spec, mode):
    """Set owner (which is also the group's name, as "user:group" if not) and mode; True when they were others."""
    user, _dummy, group = spec.get("owner", "root").partition(":")
    wanted = (pwd.getpwnam(user).pw_uid, grp.getgrnam(group or user).gr_gid, int(spec.get("mode", mode), 8))
    found = os.stat(path)
    if (found.st_uid, found.st_gid, found.st_mode & 0o7777) == wanted:
        return False
    shutil.chown(path, user, group or user)
    os.chmod(path, wanted[2])
    return True


def write(path, spec):
    if not spec:
        if os.path.lexists(path):
            os.unlink(path)
            return True
        return False
    content = render(spec)
    try:
        with open(path, encoding="utf-8") as handle:
            same = handle.read() == content
    except FileNotFoundError:
        same = False
    if same:
        return own(path, spec, "0644")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as handle:
        handle.write(content)
    own(path + ".new", spec, "0644")
    os.replace(path + ".new", path)
    return True


def outdated(unit, paths):
    """Whether a unit does not run, or runs since before a file that it reads was written.

    So that a run continues rightly that was cut off between writing and restarting.
    """
    shown = systemctl("show", unit, "--property=ActiveState,ActiveEnterTimestampMonotonic,UnitFileState")
    state = dict(line.split("=", 1) for line in shown.splitlines())
    started = int(state["ActiveEnterTimestampMonotonic"]) / 1e6
    offset = time.time() - time.monotonic()
    newest = max((os.stat(path).st_mtime - offset for path in paths), default=0)
    return state["ActiveState"] != "active" or state["UnitFileState"] == "disabled" or newest > started


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait(port):
    deadline = time.monotonic() + 90
    while not answers(port):
        if time.monotonic() > deadline:
            sys.exit(f"nothing answers on port {port}")
        time.sleep(0.3)


def main():
    for path, spec in WANTED.get("directories", {}).items():
        new = not os.path.isdir(path)
        os.makedirs(path, exist_ok=True)
        if own(path, spec, "0755") or new:
            print("directory", path)
    written = [path for path, spec in WANTED.get("files", {}).items() if write(path, spec)]
    for path in written:
        print("file", path)
    masked = [unit for unit in WANTED.get("masked", []) if not os.path.islink(f"/etc/systemd/system/{unit}.service")]
    if masked:
        systemctl("disable", "--now", *masked)
        systemctl("mask", *masked)
        print("masked", *masked)
    if fnmatch.filter(written, "/etc/systemd/*"):
        systemctl("daemon-reload")
    units = [unit for unit, paths in WANTED.get("units", {}).items() if outdated(unit, paths)]
    if units:
        systemctl("enable", *units)
        systemctl("restart", *units)
        print("restarted", *units)
    for port in WANTED.get("ports", []):
        wait(port)


main()
