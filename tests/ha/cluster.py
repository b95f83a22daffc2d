# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes of the highly available lab: what they say of themselves, and how they are broken and mended."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# What a node needs at most to start and to become a member of everything again.
PATIENCE = 240.0


class NotWholeError(AssertionError):
    """The lab is not whole."""


def sh(*words: str, text: str = "", check: bool = True, seconds: float = 120) -> str:
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=seconds, check=False)
    if check and done.returncode != 0:
        raise NotWholeError(
            f"'{' '.join(words)}' ends with {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}"
        )
    return done.stdout


def together(work: Callable[[str], Any], names: Iterable[str]) -> dict[str, Any]:
    """Do something to several nodes at once; return what it gives for each."""
    names = list(names)
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        return dict(zip(names, pool.map(work, names)))


# On a node, with Zun's own libraries and its own way to the database.
DATABASE = """
import configparser, sys
import sqlalchemy
settings = configparser.RawConfigParser(strict=False)
settings.read("/etc/zun/zun.conf")
engine = sqlalchemy.create_engine(settings["database"]["connection"], connect_args={"connect_timeout": 3})
def run(statement, **values):
    with engine.begin() as connection:
        return connection.execute(sqlalchemy.text(statement), values)
"""

# Prints the number of each row after its commit, until it cannot go on or time is over.
WRITER = """
import time
until = time.monotonic() + %d
run("CREATE TABLE IF NOT EXISTS ha_proof (id INT PRIMARY KEY) ENGINE=InnoDB")
run("DELETE FROM ha_proof")
number = 0
while time.monotonic() < until:
    number += 1
    run("INSERT INTO ha_proof VALUES (:number)", number=number)
    print(number, flush=True)
"""

HAPROXY = """
import csv, io, json, socket
with socket.socket(socket.AF_UNIX) as link:
    link.settimeout(5)
    link.connect("{socket}")
    link.sendall(b"show stat\\n")
    text = b"".join(iter(lambda: link.recv(65536), b"")).decode()
rows = csv.DictReader(io.StringIO(text.lstrip("# ")))
print(json.dumps([[row["pxname"], row["svname"], row["status"]] for row in rows]))
"""


class Cluster:
    """The lab's nodes, by the names of the inventory."""

    def __init__(self, lab: dict[str, Any]) -> None:
        self.lab = lab
        self.groups: dict[str, list[str]] = lab["groups"]
        self.nodes: dict[str, str] = lab["nodes"]
        self.vip: str = lab["vip"]

    # --- Asking -------------------------------------------------------------

    def run(self, node: str, *command: str, text: str = "", check: bool = True, seconds: float = 120) -> str:
        """Run a command in a node; return what it prints."""
        return sh("docker", "exec", "-i", self.nodes[node], *command, text=text, check=check, seconds=seconds)

    def journals(self, since: str) -> dict[str, str]:
        """Return what the nodes that run noted since a time, as journalctl knows times."""
        running = [node for node in self.nodes if self.is_running(node)]
        command = ("journalctl", "--no-pager", "--since", since)
        return together(lambda node: self.run(node, *command, check=False), running)

    def python(self, node: str, script: str, **more: Any) -> str:
        return self.run(node, "/usr/bin/python3", "-", text=script, **more)

    def database(self, script: str, node: str | None = None) -> str:
        """Run a script that talks to Zun's database as Zun does; return what it prints."""
        node = node or next(name for name in self.groups["zun_api"] if self.is_running(name))
        return self.run(node, "/opt/zun/current/bin/python", "-", text=DATABASE + script)

    def is_running(self, node: str) -> bool:
        return sh("docker", "inspect", "--format", "{{.State.Running}}", self.nodes[node]).strip() == "true"

    def vip_holder(self) -> str:
        """Return the load balancer that has the virtual address; it is an error if none or several have it."""
        held = together(
            lambda node: self.is_running(node) and f" {self.vip}/" in self.run(node, "ip", "-4", "-oneline", "address"),
            self.groups["zun_lb"],
        )
        holders = [node for node, has in held.items() if has]
        if len(holders) != 1:
            raise NotWholeError(f"the virtual address {self.vip} is on {holders or 'no node'}")
        return holders[0]

    def writer(self, node: str | None = None) -> str:
        """Return the node whose database answers at the virtual address, as a node sees it."""
        return self.database('print(run("SELECT @@hostname").scalar())', node).strip()

    def wsrep(self, node: str) -> dict[str, str]:
        """Return what a database node says of its cluster; nothing when it does not answer."""
        said = self.run(
            node, "mariadb", "--batch", "--skip-column-names", "-e", "SHOW GLOBAL STATUS LIKE 'wsrep_%'", check=False
        )
        return dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)

    def queue_nodes(self, node: str) -> list[str]:
        """Return the RabbitMQ nodes that run, as one of them sees it; none when it does not run itself."""
        said = self.run(node, "rabbitmqctl", "--quiet", "--formatter=json", "cluster_status", check=False)
        return json.loads(said)["running_nodes"] if said.startswith("{") else []

    def servers(self, balancer: str) -> list[tuple[str, str, str]]:
        """Return what a load balancer says of its servers: backend, server and status."""
        said = self.python(balancer, HAPROXY.format(socket=self.lab["haproxy_socket"]))
        rows = [tuple(row) for row in json.loads(said)]
        return [row for row in rows if row[1] not in ("FRONTEND", "BACKEND")]

    def rows(self) -> set[str]:
        """Return the identifiers of all of Zun's containers as the database has them."""
        return set(self.database('print(*run("SELECT uuid FROM container").scalars())').split())

    # --- Whole ----------------------------------------------------------------

    def faults(self) -> list[str]:
        """Return what is not as it has to be; nothing when everything is whole."""
        names = {name for group in self.groups.values() for name in group}
        down = [f"{node} is down" for node, up in together(self.is_running, names).items() if not up]
        if down:
            return down
        found = []
        size = str(len(self.groups["zun_db"]))
        for node, said in together(self.wsrep, self.groups["zun_db"]).items():
            state = (
                said.get("wsrep_cluster_status"),
                said.get("wsrep_local_state_comment"),
                said.get("wsrep_cluster_size"),
            )
            if state != ("Primary", "Synced", size):
                found.append(f"the database on {node} is {' '.join(filter(None, state)) or 'silent'}")
        for node, servers in together(self.servers, self.groups["zun_lb"]).items():
            found += [
                f"{node} has {backend}/{name} {status}" for backend, name, status in servers if not _is_up(status)
            ]
        try:
            self.vip_holder()
        except NotWholeError as error:
            found.append(str(error))
        if not found:
            # The slowest question comes last: each starts a virtual machine of Erlang.
            missing = len(self.groups["zun_mq"]) - len(self.queue_nodes(self.groups["zun_mq"][0]))
            found += [f"{missing} nodes of RabbitMQ are missing"] if missing else []
        return found

    def wait_whole(self, seconds: float = PATIENCE) -> float:
        """Wait until everything is whole; return how long that took."""
        began = time.monotonic()
        while True:
            try:
                found = self.faults()
            except (NotWholeError, subprocess.TimeoutExpired, ValueError) as error:
                found = [str(error)]
            if not found:
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise NotWholeError(f"after {seconds:.0f} s: {'; '.join(found)}")
            time.sleep(1)

    # --- Breaking and mending ----------------------------------------------------

    def stop(self, *nodes: str) -> None:
        """Shut nodes down."""
        together(lambda node: sh("docker", "stop", "--time", "60", self.nodes[node]), nodes)

    def start(self, *nodes: str) -> None:
        together(lambda node: sh("docker", "start", self.nodes[node]), nodes)

    @contextmanager
    def cut_off(self, node: str) -> Iterator[None]:
        """Take a node's cable out: its side of the cable stays as it is, but nothing passes."""
        index = self.run(node, "cat", "/sys/class/net/eth0/iflink").strip()
        links = sh("ip", "-oneline", "link")
        found = re.search(rf"^{index}: ([^@:]+)[@:].* master (\S+) ", links, re.MULTILINE)
        assert found, f"the network of {node} is no bridge of this machine"
        device, bridge = found.groups()
        sh("ip", "link", "set", "dev", device, "nomaster")
        try:
            yield
        finally:
            sh("ip", "link", "set", "dev", device, "master", bridge)

    @contextmanager
    def writing(self, seconds: int) -> Iterator[list[int]]:
        """Write rows through the virtual address, as fast as they go; gives the numbers of those that were committed."""
        node = self.groups["zun_api"][0]
        script = DATABASE + WRITER % seconds
        command = ["docker", "exec", "-i", self.nodes[node], "/opt/zun/current/bin/python", "-c", script]
        committed: list[int] = []
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout
            output = process.stdout
            reader = threading.Thread(target=lambda: committed.extend(int(line) for line in output), daemon=True)
            reader.start()
            try:
                yield committed
            finally:
                reader.join(seconds + 60)

    def written(self) -> set[int]:
        """Return the numbers of the rows that are there of those that were written."""
        return set(map(int, self.database('print(*run("SELECT id FROM ha_proof").scalars())').split()))


def _is_up(status: str) -> bool:
    # Not checked is what has no check: the sockets of HAProxy's own statistics.
    return status.startswith(("UP", "no check"))
