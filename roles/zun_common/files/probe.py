# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON what is true on this machine. Reads only, changes nothing.

One question in one process instead of a dozen tasks. The only argument is JSON:
the interpreter, the virtualenv's marker, the link to the current release, the
account, and the names of packages, files and units to look at.
"""

from __future__ import annotations

import datetime
import grp
import hashlib
import json
import os
import pwd
import socket
import stat
import subprocess
import sys


def output(*command):
    """What a program prints, empty when it is missing or fails."""
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def read(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def owner(number, table):
    try:
        return table(number)[0]
    except KeyError:
        return str(number)


def file_state(path):
    """A digest of what a file holds, and whose it is. None where there is none."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    digest = ""
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
    return {
        "digest": digest,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": owner(status.st_uid, pwd.getpwuid),
        "group": owner(status.st_gid, grp.getgrgid),
    }


def changed_at(path):
    """When a file, or a link itself, was last written; 0 where there is none.

    A copy has the time of what it is a copy of, so this looks at when it was put there.
    """
    try:
        return os.lstat(path).st_ctime
    except (FileNotFoundError, NotADirectoryError):
        return 0


def unit_state(name, files):
    """Whether a unit runs, and whether it started before one of its files was written.

    A run that was cut off between writing a file and restarting the unit leaves
    no other trace than this.
    """
    names = ["LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "ExecMainStartTimestamp"]
    printed = output("systemctl", "show", "--timestamp=us+utc", "--property=" + ",".join(names), name)
    values = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    started = 0.0
    words = values.get("ExecMainStartTimestamp", "").split()
    if len(words) == 4:
        moment = datetime.datetime.strptime(f"{words[1]} {words[2]} +0000", "%Y-%m-%d %H:%M:%S.%f %z")
        started = moment.timestamp()
    return {
        "exists": values.get("LoadState") == "loaded",
        "active": values.get("ActiveState") == "active",
        "enabled": values.get("UnitFileState") == "enabled",
        "reload": values.get("NeedDaemonReload") == "yes",
        "outdated": any(changed_at(path) > started for path in files),
    }


def packages(names):
    """Those that are not installed."""
    printed = output("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names)
    if not printed:
        # dpkg-query fails as a whole when it does not know one of them.
        printed = "\n".join(
            output("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}", name) for name in names
        )
    installed = {line.split()[0] for line in printed.splitlines() if line.endswith(" installed")}
    return sorted(set(names) - installed)


def account(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


question = json.loads(sys.argv[1])
version = "import sys; print('%d.%d' % sys.version_info[:2])"
print(
    json.dumps(
        {
            "uid": os.geteuid(),
            "host": socket.gethostname(),
            "python": output(question["python"], "-c", version),
            "system_python": output("/usr/bin/python3", "-c", version),
            "contents": json.loads(read(question["marker"]) or "{}"),
            "current": os.path.realpath(question["current"]) if os.path.islink(question["current"]) else "",
            "account": account(question["account"]),
            "missing_packages": packages(question["packages"]),
            "files": {path: file_state(path) for path in question["files"]},
            "units": {name: unit_state(name, files) for name, files in question["units"].items()},
        }
    )
)
