# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON what is true on this machine. Reads only, changes nothing.

The question is JSON on the command line: the virtual address, the names that have
to resolve, the endpoints that have to be reachable, the port of the local engine,
the interpreter of Zun. It names no secret.
"""

from __future__ import annotations

import email.utils
import fnmatch
import http.client
import ipaddress
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

LISTEN = "0A"
WILDCARDS = ("0.0.0.0", "::")


def read(path):
    """The text of a file, empty where there is none or it is not for us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def output(*command):
    """What a program prints, empty when it is missing or fails."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


# --- Ports -----------------------------------------------------------------------


def kernel_address(text):
    """An address as /proc/net/tcp writes it: words of four bytes, each in the machine's order."""
    words = [bytes.fromhex(text[start : start + 8]) for start in range(0, len(text), 8)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    packed = b"".join(words)
    if len(packed) == 16 and packed.startswith(b"\0" * 10 + b"\xff\xff"):
        packed = packed[12:]
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def listening(table):
    """Address, port and inode of each listening socket in the text of /proc/net/tcp or tcp6."""
    for line in table.splitlines()[1:]:
        words = line.split()
        if words[3] == LISTEN:
            address, port = words[1].split(":")
            yield kernel_address(address), int(port, 16), words[9]


def unit_of(cgroups):
    """The service in whose control group a process is, empty where it is in none."""
    names = [name for line in cgroups.splitlines() for name in line.split("/") if name.endswith(".service")]
    return names[-1] if names else ""


def link_target(path):
    """Where a link leads, empty when it is gone by now or not for us."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def owners():
    """The process of each socket, by inode. Without root only those of our own user."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        directory = f"/proc/{pid}/fd"
        try:
            numbers = os.listdir(directory)
        except OSError:
            continue
        for number in numbers:
            link = link_target(f"{directory}/{number}")
            if link.startswith("socket:["):
                # The first one is the parent of those that inherit it.
                found.setdefault(link[8:-1], pid)
    return found


def ports():
    """Who listens where on TCP."""
    processes = owners()
    answer = []
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for address, port, inode in listening(read(path)):
            pid = processes.get(inode, "")
            answer.append(
                {
                    "address": address,
                    "port": port,
                    # systemd itself holds the sockets of its socket units.
                    "unit": "systemd" if pid == "1" else unit_of(read(f"/proc/{pid}/cgroup")) if pid else "",
                    "process": read(f"/proc/{pid}/comm").strip() if pid else "",
                }
            )
    return answer


def overlap(one, other):
    """Whether sockets on these two addresses exclude each other."""
    return one == other or one in WILDCARDS or other in WILDCARDS


def clashes(wanted):
    """Of the wanted ports, those that two of our own services want: a list of sentences."""
    return [
        f"{one['service']} at {one['address']} and {other['service']} at {other['address']} want the same port {one['port']}"
        for position, one in enumerate(wanted)
        for other in wanted[position + 1 :]
        if one["port"] == other["port"] and overlap(one["address"], other["address"])
    ]


def taken(wanted, there):
    """Of the wanted ports, those that somebody else has: a list of sentences.

    Each wanted port names the units that may have it already, because they are ours.
    Who has a port is not known to a user other than root; such a port is passed over.
    """
    sentences = []
    for want in wanted:
        for have in there:
            if have["port"] != want["port"] or not overlap(have["address"], want["address"]):
                continue
            if not have["process"] or any(fnmatch.fnmatch(have["unit"], unit) for unit in want["units"]):
                continue
            # On another address of this machine, what we have there ourselves.
            if any(
                have["port"] == mine["port"]
                and have["address"] == mine["address"]
                and any(fnmatch.fnmatch(have["unit"], unit) for unit in mine["units"])
                for mine in wanted
            ):
                continue
            who = f"{have['process']} ({have['unit']})" if have["unit"] else have["process"]
            sentences.append(
                f"port {want['port']}, which {want['service']} needs at {want['address']}, is taken by {who} "
                f"at {have['address']}"
            )
    return sorted(set(sentences))


# --- Names and endpoints -----------------------------------------------------------


def addresses(name):
    """What a name resolves to here, in the resolver's order."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(entry[4][0] for entry in found))


def interfaces_of(address, links):
    """The interfaces on whose network an address is, from what "ip -json address show" prints."""
    try:
        wanted = ipaddress.ip_address(address)
        known = json.loads(links)
    except ValueError:
        return []
    networks = [
        (link["ifname"], ipaddress.ip_network(f"{one['local']}/{one['prefixlen']}", strict=False))
        for link in known
        for one in link.get("addr_info", [])
        if "local" in one
    ]
    # Alone in its prefix, an address has no network.
    return sorted({name for name, network in networks if network.num_addresses > 1 and wanted in network})


def connect(target, timeout, ca_file):
    """Reach one endpoint: http(s)://... or tcp://host:port. The error, empty where it answers, and the time that it told."""
    url = urllib.parse.urlsplit(target)
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    if url.scheme == "tcp":
        socket.create_connection((url.hostname, port), timeout).close()
        return "", ""
    if url.scheme == "https":
        context = ssl.create_default_context()
        if ca_file and os.path.exists(ca_file):
            context.load_verify_locations(ca_file)
        elif ca_file:
            # It is made later, so who answers cannot be checked yet.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(url.hostname, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(url.hostname, port, timeout=timeout)
    try:
        connection.request("GET", url.path or "/", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return f"it answers {answer.status} {answer.reason}" if answer.status >= 500 else "", answer.getheader("Date") or ""


def endpoint(target, timeout, ca_file):
    """Whether an endpoint answers, and how far our clock is from its clock: not less and not more than these seconds."""
    before = time.time()
    try:
        error, date = connect(target, timeout, ca_file)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return {"error": str(problem) or type(problem).__name__, "clock": None}
    after = time.time()
    moment = email.utils.parsedate_to_datetime(date).timestamp() if date else None
    # It tells whole seconds, so its clock showed between this one and the next.
    return {"error": error, "clock": [before - moment - 1, after - moment] if date else None}


# --- What is installed -------------------------------------------------------------


class Engine(http.client.HTTPConnection):
    """HTTP over the socket of the Docker Engine."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def get(self, path):
        self.request("GET", path)
        return json.loads(self.getresponse().read())


def engine(path):
    """Name and version of the running engine, else the version of the program."""
    try:
        connection = Engine(path)
        return {"name": connection.get("/info")["Name"], "version": connection.get("/version")["Version"]}
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        program = shutil.which("dockerd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/usr/local/bin")
        version = re.search(r"version ([^,\s]+)", output(program, "--version")) if program else None
        return {"name": "", "version": version.group(1) if version else ""}


def main():
    # First, because the machine that asked looks at its own clock as well.
    now = time.time()
    question = json.loads(sys.argv[1])
    there = ports()
    answer = {
        "asked": question["asked"],
        "time": now,
        "host": socket.gethostname(),
        "root": os.geteuid() == 0,
        "ports": clashes(question["ports"]) + taken(question["ports"], there),
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "vip_interfaces": interfaces_of(question["vip"], output("ip", "-json", "address", "show")),
        "names": {name: addresses(name) for name in question["names"]},
        "endpoints": {
            target: endpoint(target, question["timeout"], question["ca_file"]) for target in question["endpoints"]
        },
        "engine": engine(question["socket"]) if question["socket"] else {"name": "", "version": ""},
        "python": output(question["python"], "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        if question["python"]
        else "",
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
