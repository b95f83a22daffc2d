# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON what is true on this machine. Reads only, changes nothing.

One question in one process instead of a dozen tasks. The only argument is JSON,
see loadbalancer__question in vars/main.yml.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import os
import pwd
import re
import socket
import stat
import subprocess
import sys


def output(*command):
    """What a program prints, empty when it is missing or fails."""
    environment = dict(os.environ, LC_ALL="C")
    try:
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def read(path):
    """The bytes of a file, None where there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def file_state(path):
    """What a file holds and whose it is, None where there is none. A directory tells its names."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    content = read(path)
    return {
        "digest": hashlib.sha256(content).hexdigest() if content is not None else "",
        "names": sorted(os.listdir(path)) if stat.S_ISDIR(status.st_mode) else [],
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": status.st_uid,
        "group": status.st_gid,
    }


def someone_elses(path, header):
    """Whether a file was written neither by this role nor by the package."""
    content = read(path)
    if content is None or content.startswith(header.encode()):
        return False
    package = output("dpkg-query", "--search", path).split(":")[0]
    shipped = output("dpkg-query", "--show", "--showformat=${Conffiles}\n", package) if package else ""
    # dpkg knows files that it must not overwrite by their MD5.
    return f" {path} {hashlib.md5(content, usedforsecurity=False).hexdigest()}" not in shipped


def bundle(sources):
    """What HAProxy is to read for these files, None where one is missing or empty."""
    parts = [read(path) for path in sources]
    return b"".join(part.rstrip(b"\n") + b"\n" for part in parts) if all(parts) else None


def bundle_path(directory, name, sources):
    """Its name says what it holds, so that what is there is never changed."""
    content = bundle(sources)
    digest = hashlib.sha256(content).hexdigest()[:16] if content else "missing"
    return f"{directory}/{name}-{digest}.pem"


def missing_packages(names):
    """Those that are not installed."""
    form = "${Package} ${db:Status-Status}\n"
    # One by one: dpkg-query fails as a whole when it does not know one of them.
    printed = "".join(output("dpkg-query", "--show", f"--showformat={form}", name) for name in names)
    return sorted(set(names) - {line.split()[0] for line in printed.splitlines() if line.endswith(" installed")})


def haproxy_state(path):
    """What the running HAProxy says about itself."""
    told = {}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(path)
            connection.sendall(b"show info\n")
            printed = b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
        told = dict(line.split(": ", 1) for line in printed.splitlines() if ": " in line)
    except OSError:
        pass
    return {"version": told.get("Version", ""), "description": told.get("description", "")}


def unit_state(name, path):
    """Whether a unit runs, with the program that is installed, and since when it knows the file."""
    names = ["LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "MainPID", "StateChangeTimestamp"]
    printed = output("systemctl", "show", "--timestamp=us+utc", "--property=" + ",".join(names), name)
    values = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    # Its last change of state is when it started or reloaded.
    settled = 0.0
    words = values.get("StateChangeTimestamp", "").split()
    if len(words) == 4:
        form = "%Y-%m-%d %H:%M:%S.%f %z"
        settled = datetime.datetime.strptime(f"{words[1]} {words[2]} +0000", form).timestamp()
    try:
        program = os.readlink(f"/proc/{values.get('MainPID', '0')}/exe")
    except OSError:
        program = ""
    return {
        "exists": values.get("LoadState") == "loaded",
        "active": values.get("ActiveState") == "active",
        "enabled": values.get("UnitFileState") == "enabled",
        "reload": values.get("NeedDaemonReload") == "yes",
        "replaced": program.endswith(" (deleted)"),
        "outdated": os.path.exists(path) and os.stat(path).st_mtime > settled,
    }


def addresses():
    """The addresses of this machine as (interface, ipaddress interface)."""
    try:
        links = json.loads(output("ip", "-json", "address", "show") or "[]")
    except ValueError:
        links = []
    return [
        (link["ifname"], ipaddress.ip_interface(f"{one['local']}/{one['prefixlen']}"))
        for link in links
        for one in link.get("addr_info", [])
        if "local" in one
    ]


def address_of(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def vip_state(vip, known):
    """Whether the virtual address is one, whether it is here, and on whose network it is."""
    wanted = address_of(vip)
    on = [name for name, one in known if wanted in one.network and one.network.prefixlen < one.network.max_prefixlen]
    return {
        "valid": wanted is not None,
        "held": any(one.ip == wanted for _name, one in known),
        "interface": on[0] if on else "",
        "interfaces": sorted(set(on)),
    }


def taken(wanted):
    """Those of the wanted [port, address] at which a program other than HAProxy listens."""
    everywhere = {"0.0.0.0", "::", "*"}
    found = []
    for line in output("ss", "--no-header", "--listening", "--tcp", "--numeric", "--processes").splitlines():
        words = line.split()
        where, _colon, port = words[3].rpartition(":")
        where = where.strip("[]").split("%")[0]
        program = re.search(r'\(\("([^"]+)"', line)
        program = program.group(1) if program else "another program"
        for wanted_port, address in wanted:
            same = where == address or where in everywhere or address in everywhere
            if program != "haproxy" and int(port) == int(wanted_port) and same:
                found.append(f"{address}:{port} ({program})")
    return sorted(set(found))


def exists(user):
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


question = json.loads(sys.argv[1])
local = addresses()
sources = {path for one in question["bundles"] for path in one["sources"]}
print(
    json.dumps(
        {
            "uid": os.geteuid(),
            "missing_packages": missing_packages(question["packages"]),
            "files": {path: file_state(path) for path in question["files"]},
            "someone_elses": [path for path in question["owned"] if someone_elses(path, question["header"])],
            "missing_sources": sorted(path for path in sources if not read(path)),
            "bundles": {
                one["name"]: bundle_path(question["tls_directory"], one["name"], one["sources"])
                for one in question["bundles"]
            },
            "haproxy": haproxy_state(question["admin_socket"]),
            "units": {
                "haproxy": unit_state("haproxy.service", ""),
                "keepalived": unit_state("keepalived.service", question["keepalived_file"]),
            },
            "interfaces": sorted({name for name, _one in local} | set(os.listdir("/sys/class/net"))),
            "is_local": any(one.ip == address_of(question["address"]) for _name, one in local),
            "vip": vip_state(question["vip"], local),
            "taken": taken(question["listeners"]),
            "script_user": exists(question["script_user"]),
        }
    )
)
