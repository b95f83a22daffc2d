# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON what is true on this machine. Reads only, changes nothing.

One question in one process instead of a dozen tasks: the role asks it before
the first change, after an installation and at the end. The only argument is
JSON: the socket, the pid file of an engine that the role started itself, and
the names of files, packages, users and paths to look at.
"""

from __future__ import annotations

import grp
import hashlib
import http.client
import json
import os
import pwd
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys

CAP_SYS_RESOURCE = 24


def read(path):
    """The text of a file, None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return None


def file_state(path):
    """What a file holds and whose it is, None where there is none."""
    content = read(path)
    if content is None:
        return None
    status = os.stat(path)
    return {
        "content": content,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": status.st_uid,
        "group": status.st_gid,
    }


def digest(path):
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def output(*command):
    """What a command prints, empty where the command is missing."""
    environment = dict(os.environ, LC_ALL="C")
    try:
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=30).stdout
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""


class Engine(http.client.HTTPConnection):
    """HTTP over the engine's Unix socket; remembers who listens there."""

    # Under socket activation the first request starts the engine.
    timeout_seconds = 30

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path
        self.peer = 0

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout_seconds)
        self.sock.connect(self.path)
        credentials = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        self.peer = struct.unpack("3i", credentials)[0]

    def get(self, path):
        self.request("GET", path)
        response = self.getresponse()
        body = response.read()
        if response.status != 200:
            raise http.client.HTTPException(f"GET {path}: {response.status}")
        return json.loads(body)


def process_is(pid, name):
    """Whether this pid lives (a zombie does not) and has this name."""
    status = read(f"/proc/{pid}/status") or ""
    return f"Name:\t{name}\n" in status and "State:\tZ" not in status


def started_by(peer, pid_file):
    """Who started the engine that listens: systemd, the role, or someone else."""
    pid = (read(pid_file) or "").strip()
    if pid and process_is(pid, "dockerd"):
        return "role"
    if peer is None:
        return "none"
    # With socket activation it is systemd itself that listens.
    if (peer == 1 and process_is(1, "systemd")) or "/docker.service" in (read(f"/proc/{peer}/cgroup") or ""):
        return "systemd"
    return "foreign"


def engine_state(path, pid_file):
    connection = Engine(path)
    state = {"answers": False, "version": "", "api_version": "", "min_api_version": "", "info": {}, "error": ""}
    peer = None
    try:
        version = connection.get("/version")
        peer = connection.peer
        info = connection.get("/info")
        state.update(
            answers=True,
            version=version["Version"],
            api_version=version["ApiVersion"],
            min_api_version=version["MinAPIVersion"],
            info={
                "live-restore": info["LiveRestoreEnabled"],
                "log-driver": info["LoggingDriver"],
                "storage-driver": info["Driver"],
                "data-root": info["DockerRootDir"],
                "default-runtime": info["DefaultRuntime"],
                "runtimes": sorted(info["Runtimes"] or {}),
                "cgroup-driver": info["CgroupDriver"],
                "cgroup-version": info.get("CgroupVersion", "1"),
            },
        )
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        state["error"] = f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    state["started_by"] = started_by(peer, pid_file)
    return state


def installed(packages):
    """The installed version of each package; missing ones are left out."""
    if not packages:
        return {}
    lines = output("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *packages).splitlines()
    return {
        name: version
        for name, version, status in (line.split() for line in lines if len(line.split()) == 3)
        if status == "installed"
    }


def hard_limit(name):
    """The hard limit of PID 1 as systemd writes it."""
    found = re.search(rf"^{name} +\S+ +(\S+)", read("/proc/1/limits") or "", re.M)
    return "infinity" if not found or found.group(1) == "unlimited" else found.group(1)


def members_of(name):
    """The members of a group, None where there is no such group."""
    try:
        return grp.getgrnam(name).gr_mem
    except KeyError:
        return None


def exists(user):
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def main():
    question = json.loads(sys.argv[1])
    bounding = re.search(r"^CapBnd:\s*(\S+)", read("/proc/1/status") or "", re.M)
    # Administrators' directories may be missing from the PATH of the task.
    dockerd = shutil.which(
        "dockerd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
    )
    version = re.search(r"version ([^,\s]+)", output(dockerd, "--version")) if dockerd else None
    answer = {
        "uid": os.geteuid(),
        "raises_limits": not bounding or bool(int(bounding.group(1), 16) >> CAP_SYS_RESOURCE & 1),
        "limits": {
            "LimitNOFILE": hard_limit("Max open files"),
            "LimitNPROC": hard_limit("Max processes"),
            "LimitCORE": hard_limit("Max core file size"),
            "OOMScoreAdjust": (read("/proc/1/oom_score_adj") or "0").strip(),
        },
        "dockerd": dockerd or "",
        "dockerd_version": version.group(1) if version else "",
        "engine": engine_state(question["socket"], question["pid_file"]),
        "files": {path: file_state(path) for path in question["files"]},
        "digests": {path: digest(path) for path in question["digests"]},
        "exists": {path: os.path.exists(path) for path in question["paths"]},
        "packages": installed(question["packages"]),
        "users": {name: exists(name) for name in question["users"]},
        "service": output("systemctl", "is-enabled", "docker.service").strip(),
        "group_members": members_of("docker"),
    }
    print(json.dumps(answer))


main()
