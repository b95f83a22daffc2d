# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON what is true on this database node. Reads only, changes nothing.

The only argument is JSON: the names of packages, files and units to look at, and
the directory of the data.
"""

from __future__ import annotations

import datetime
import grp
import hashlib
import json
import os
import pwd
import stat
import subprocess
import sys


def output(*command, strict=True):
    """What a program prints, empty when it is missing or (unless that is allowed) fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=strict, timeout=20)
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


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
    """When a file was put there or changed; a copy keeps the time of writing of its original."""
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
        "running": values.get("ActiveState") == "active",
        "starting": values.get("ActiveState") in ("activating", "reloading", "deactivating"),
        "enabled": values.get("UnitFileState") == "enabled",
        "reload": values.get("NeedDaemonReload") == "yes",
        "outdated": any(changed_at(path) > started for path in files),
    }


def missing(names):
    """Those packages that are not installed."""
    installed = set()
    for name in names:
        if output("dpkg-query", "--show", "--showformat=${db:Status-Status}", name) == "installed":
            installed.add(name)
    return sorted(set(names) - installed)


def server_state():
    """What the server says of its cluster; everything empty where it does not answer."""
    printed = output(
        "mariadb",
        "--no-defaults",
        "--socket=/run/mysqld/mysqld.sock",
        "--user=root",
        "--connect-timeout=5",
        "--batch",
        "--skip-column-names",
        # Outside of the primary component the server refuses the last question.
        "--force",
        "--execute=SHOW GLOBAL STATUS LIKE 'wsrep\\_%'; SHOW GLOBAL VARIABLES LIKE 'version'; SELECT 'clients', COUNT(*)"
        " FROM information_schema.PROCESSLIST WHERE HOST NOT IN ('', 'localhost') AND USER <> 'system user';",
        strict=False,
    )
    words = dict(line.split("\t", 1) for line in printed.splitlines() if "\t" in line)
    return {
        "answers": printed != "",
        "status": words.get("wsrep_cluster_status", ""),
        "state": words.get("wsrep_local_state_comment", ""),
        "size": int(words.get("wsrep_cluster_size", 0)),
        "uuid": words.get("wsrep_cluster_state_uuid", ""),
        "version": words.get("version", ""),
        "clients": int(words.get("clients", 0)),
    }


def strangers(data):
    """Databases that the server did not make itself."""
    own = {"mysql", "performance_schema", "sys", "test", "#rocksdb", "lost+found"}
    try:
        return sorted(entry.name for entry in os.scandir(data) if entry.is_dir() and entry.name not in own)
    except (FileNotFoundError, NotADirectoryError):
        return []


def account(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


question = json.loads(sys.argv[1])
print(
    json.dumps(
        {
            "uid": os.geteuid(),
            "account": account(question["account"]),
            "missing_packages": missing(question["packages"]),
            "files": {path: file_state(path) for path in question["files"]},
            "units": {name: unit_state(name, files) for name, files in question["units"].items()},
            "server": server_state(),
            "formed": os.path.exists(question["data"] + "/grastate.dat"),
            "strangers": strangers(question["data"]),
        }
    )
)
