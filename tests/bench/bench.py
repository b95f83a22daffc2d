# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures what the collection promises about speed, beside those who do the same work; `make bench` runs it.

Everything is measured in one run, the contestants taking turns, and told as ratios: machines are noisy. What the
goals depend on comes first; the rest is measured while there is time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import docker
import report
from work import (
    BATCH,
    CHANGE,
    CLIENT,
    CREATE,
    DELETE,
    EMPTY,
    KEPT,
    LIBRARY,
    LOOP,
    MINIMAL,
    NO_OP,
    OPERATIONS,
    PEER,
    PYTHON,
    FailedError,
    Place,
    Result,
)

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "shared")]

from cloud import User, described_lab  # noqa: E402
from image import IMAGE, build_image  # noqa: E402
from proxy import ENGINE, Counting, CountingProxy, EndpointProxy  # noqa: E402

T = TypeVar("T")

PREFIX = "caas-zun-bench"
# Objects that are there for the no-ops of all: so many of each kind of work. The lab's computes can hardly hold 200.
STOCK = {"ports": 200, "zun": 50, "docker": 200}


@dataclass
class Run:
    """What has been measured so far: for each work, contestant, operation and number.

    :param imports: what Ansible spent on importing our plugin for a kind of work, by package, each time.
    """

    place: Place
    began: float
    ends: float
    results: dict[report.Key, list[Result]] = field(default_factory=dict)
    imports: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    requests: dict[report.Key, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def __call__(self, work: str, who: str, operation: str, names: Sequence[str] = ()) -> None:
        """Measure once."""
        result = self.place.measure(work, who, operation, names)
        self.results.setdefault((work, who, operation, len(names)), []).append(result)
        self.tell(f"{operation:6} {len(names):3} {work:6} {who:10}", result.seconds)

    def import_plugin(self, work: str) -> None:
        """Measure once what Ansible spends on importing our plugin."""
        packages = self.place.imports(work)
        self.imports.setdefault(work, []).append(packages)
        self.tell(f"{'import':10} {work:6} {'plugin':10}", sum(packages.values()))

    def by_hand(self, work: str, operation: str, names: Sequence[str]) -> None:
        """Do something that is not measured."""
        self.place.measure(work, MINIMAL, operation, names)

    def tell(self, what: str, seconds: float) -> None:
        say(f"[{time.monotonic() - self.began:5.0f} s] {what} {seconds:7.2f} s")

    def has_time(self, seconds: float, what: str) -> bool:
        """Tell whether something that is not needed for a goal can still be measured."""
        if time.monotonic() + seconds < self.ends:
            return True
        self.left_out.append(what)
        return False


def say(text: str) -> None:
    print(text, flush=True)


def named(number: int, whose: str, first: int = 0) -> list[str]:
    """Return the names of so many objects."""
    return [f"{PREFIX}-{whose}-{index}" for index in range(first, first + number)]


def rotated(items: Sequence[T], turn: int) -> list[T]:
    """Return the items with another one first in each turn: it may matter who comes first."""
    first = turn % len(items)
    return [*items[first:], *items[:first]]


# --- What is measured, in order ------------------------------------------------


def warm_up(run: Run) -> None:
    """Have everybody do something that is not measured: the first time, Python compiles what it imports."""
    names = named(1, "first")
    run.by_hand("ports", CREATE, names)
    for who in (BATCH, PEER, CLIENT):
        run.place.measure("ports", who, NO_OP, names)
    run.by_hand("ports", DELETE, names)


def no_ops(run: Run, work: str) -> None:
    """Everybody finds that nothing is to be done, for the same objects; those of the stock that are not there are made.

    Our module did not make most of them: those have no labels of its own, and it compares the rest.
    """
    run.by_hand(work, CREATE, named(STOCK[work], "stock"))
    peer = CLIENT if work == "zun" else PEER
    several = (1, 10, 20, 50) if work == "ports" else (1, 10, 50)
    # Contestant, numbers, how often.
    turns: list[tuple[str, tuple[int, ...], int]] = [
        (BATCH, (1, 10, 50), 3),
        (MINIMAL, (1, 10, 50), 3),
        (peer, (1,), 3),
        (LOOP, several, 1),
        # Some need minutes for these.
        (peer, several[1:] if work == "docker" else several[2:], 1),
    ]
    if STOCK[work] >= 200:
        turns += [(BATCH, (200,), 3), (MINIMAL, (200,), 3)]
    if work == "ports":
        turns += [(CLIENT, (1,), 1), (KEPT, (1,), 3)]
        # There is a token from now on.
        run.place.measure(work, KEPT, NO_OP, named(1, "stock"))
    for turn in range(3):
        run("", PYTHON, NO_OP)
        run("", EMPTY, NO_OP)
        if work != "zun":
            # What a single task for Zun spends is what one for ports does.
            run(work, LIBRARY, NO_OP)
            run.import_plugin(work)
        for who, numbers, times in rotated(turns, turn):
            if turn < times:
                for number in numbers:
                    run(work, who, NO_OP, named(number, "stock"))


def lives(run: Run, work: str, number: int, contestants: Sequence[str], turn: int = 0) -> None:
    """Each makes objects, changes and deletes them, and leaves to the next what was there before.

    Changes serve no goal: they are measured in the first turn only.
    """
    for who in rotated(contestants, turn):
        for operation in (CREATE, DELETE) if turn else (CREATE, CHANGE, DELETE):
            run(work, who, operation, named(number, who))


def creation(run: Run, work: str, who: str, number: int) -> None:
    """Measure only how one makes objects who needs minutes for that, and as many to change and to delete them."""
    run(work, who, CREATE, named(number, who))
    run.by_hand(work, DELETE, named(number, who))


def everything(run: Run) -> None:
    """Measure what goals need, then the rest while there is time."""
    warm_up(run)
    creation(run, "zun", CLIENT, 20)
    # Zun makes one container after the other: these serve the no-ops of all. Ours come to a lab that has others.
    made = {MINIMAL: named(20, "stock"), BATCH: named(20, "stock", 20)}
    for who, names in made.items():
        run("zun", who, CREATE, names)
    no_ops(run, "zun")
    for operation in (CHANGE, DELETE):
        for who, names in made.items():
            run("zun", who, operation, names)
    run.by_hand("zun", DELETE, named(STOCK["zun"], "stock"))
    for work in ("ports", "docker"):
        no_ops(run, work)
        run.by_hand(work, DELETE, named(STOCK[work], "stock"))
    lives(run, "ports", 50, (BATCH, MINIMAL))
    creation(run, "ports", PEER, 50)
    for work in ("ports", "docker"):
        count_requests(run, work, ((BATCH, 1), (BATCH, 10), (PEER, 1)))
    # The client is not to be counted: it heeds no other address of Zun than that of the catalogue.
    count_requests(run, "zun", ((BATCH, 1),))
    rest(run)


def rest(run: Run) -> None:
    """Measure what no goal needs, the most important first; each with the seconds it may take."""
    ours = (BATCH, MINIMAL)
    all_of_ansible = (BATCH, LOOP, PEER, MINIMAL)
    # The client last: it does not wait until what it deletes on Zun is gone.
    for seconds, work, number, contestants, turn in (
        (45, "ports", 50, ours, 1),
        (45, "ports", 50, ours, 2),
        (35, "ports", 1, (*all_of_ansible, CLIENT), 0),
        (25, "docker", 1, all_of_ansible, 0),
        (85, "zun", 1, (BATCH, LOOP, MINIMAL, CLIENT), 0),
        (100, "ports", 10, all_of_ansible, 0),
        (80, "docker", 10, all_of_ansible, 0),
        (170, "zun", 20, ours, 2),
        (70, "docker", 50, ours, 0),
        (330, "zun", 10, (BATCH, LOOP, MINIMAL), 0),
    ):
        doing = "make and delete once more" if turn else "make, change and delete"
        if run.has_time(seconds, f"{doing} {report.noun(work)} ({number})"):
            lives(run, work, number, contestants, turn)
    if run.has_time(60, f"count requests for {report.noun('zun')} (10)"):
        count_requests(run, "zun", ((BATCH, 10),))


def count_requests(run: Run, work: str, contestants: Sequence[tuple[str, int]]) -> None:
    """Count what passes to the services while so many objects are made, left as they are, changed and deleted."""
    with counted(run, work) as (place, passed):
        for who, number in contestants:
            for operation in OPERATIONS:
                before = passed()
                place.measure(work, who, operation, named(number, who))
                run.requests[work, who, operation, number] = passed() - before


@contextmanager
def counted(run: Run, work: str) -> Iterator[tuple[Place, Any]]:
    """Return the place behind proxies, and what tells how many requests have passed."""
    folder = run.place.folder / "proxied"
    folder.mkdir(exist_ok=True)
    proxies: list[Counting] = []
    changes: dict[str, Any] = {"folder": folder}
    if work == "docker":
        # An earlier run may have left it.
        (folder / "engine.sock").unlink(missing_ok=True)
        engine = CountingProxy(folder / "engine.sock")
        proxies = [engine]
        changes["docker_host"] = engine.host
    else:
        settings = run.place.settings
        addresses = (settings["auth"]["auth_url"], settings["neutron"], settings["zun"])
        keystone, neutron, zun = (EndpointProxy(address) for address in addresses)
        proxies = [keystone, neutron, zun]
        entry = {
            "auth": {**settings["auth"], "auth_url": keystone.url},
            "region_name": settings["region"],
            "network_endpoint_override": neutron.url,
            "container_endpoint_override": zun.url,
        }
        clouds = folder / "clouds.yaml"
        clouds.write_text(json.dumps({"clouds": {run.place.cloud: entry}}))
        clouds.chmod(0o600)
        changes["environment"] = {**run.place.environment, "OS_CLIENT_CONFIG_FILE": str(clouds)}
    try:
        yield Place(**{**run.place.__dict__, **changes}), lambda: sum(len(proxy.requests) for proxy in proxies)
    finally:
        for proxy in proxies:
            proxy.shutdown()
            proxy.server_close()


# --- Where it is measured --------------------------------------------------------


@contextmanager
def a_place(folder: Path, ansible: Path, collections: str) -> Iterator[Place]:
    """Make the network and the group that the ports are in; remove them, and what a run that failed left behind."""
    lab = described_lab()
    assert lab["topology"] == "aio", "the benchmark measures a lab with one control node: make lab-down, make lab"
    user, admin = User(lab["cloud"]), User(lab["admin_cloud"])
    _clear(user, admin)
    build_image(docker.APIClient(base_url=f"unix://{ENGINE}"), f"{IMAGE}:1")
    network = user("network", "POST", "/networks", {"network": {"name": f"{PREFIX}-net"}})["network"]["id"]
    subnet = {"network_id": network, "name": PREFIX, "ip_version": 4, "cidr": "198.19.0.0/20", "enable_dhcp": False}
    user("network", "POST", "/subnets", {"subnet": subnet})
    user("network", "POST", "/security-groups", {"security_group": {"name": f"{PREFIX}-group"}})
    config = user.connection.config.config
    settings = {
        "auth": config["auth"],
        "region": config["region_name"],
        "neutron": user.endpoint("network"),
        "zun": user.endpoint("container"),
        "network": f"{PREFIX}-net",
        "group": f"{PREFIX}-group",
        "images": {"zun": lab["images"][0], "docker": f"{IMAGE}:1"},
        "zun_network": lab["networks"][0],
        "socket": ENGINE,
    }
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": str(ansible.with_name("python")),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "OS_CLIENT_CONFIG_FILE": lab["clouds"],
        "OS_CLOUD": lab["cloud"],
    }
    place = Place(folder, ansible, environment, Path(sys.executable).parent, settings, f"unix://{ENGINE}", lab["cloud"])
    try:
        with _raised_quotas(admin, user.project_id):
            yield place
    finally:
        shutil.rmtree(place.cache, ignore_errors=True)
        _clear(user, admin)


@contextmanager
def _raised_quotas(admin: User, project: str) -> Iterator[None]:
    """Let the project have as much as all contestants make."""
    path = f"/quotas/{project}"
    before = admin("network", "GET", path)["quota"]["port"]
    admin("network", "PUT", path, {"quota": {"port": -1}})
    admin("container", "PUT", path, {"containers": -1, "cpu": -1, "memory": -1})
    try:
        yield
    finally:
        admin("network", "PUT", path, {"quota": {"port": before}})
        admin("container", "DELETE", path)


def _clear(user: User, admin: User) -> None:
    """Remove everything that carries the benchmark's name."""
    until = time.monotonic() + 180
    while rows := [row for row in user.containers() if row["name"].startswith(PREFIX)]:
        assert time.monotonic() < until, "containers of an earlier run cannot be deleted"
        for row in rows:
            if row["status"] != "Deleting":
                admin("container", "DELETE", f"/containers/{row['uuid']}", force="true")
        time.sleep(1)
    networks = [found["id"] for found in user("network", "GET", "/networks")["networks"] if PREFIX in found["name"]]
    for port in [found for found in user.ports() if found["network_id"] in networks]:
        admin("network", "DELETE", f"/ports/{port['id']}")
    for network in networks:
        user("network", "DELETE", f"/networks/{network}")
    for group in user("network", "GET", "/security-groups")["security_groups"]:
        if group["name"].startswith(PREFIX):
            user("network", "DELETE", f"/security-groups/{group['id']}")
    left = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", f"name={PREFIX}"], capture_output=True, text=True, check=True
    ).stdout.split()
    if left:
        subprocess.run(["docker", "rm", "--force", "--volumes", *left], capture_output=True, check=True)


def machine(place: Place) -> dict[str, str]:
    """Describe what was measured on."""
    code = (
        "import json, platform, importlib.metadata as m;"
        "print(json.dumps({name: m.version(name) for name in"
        " ('ansible-core', 'ansible', 'openstacksdk', 'keystoneauth1', 'docker')}"
        " | {'Python': platform.python_version()}))"
    )
    python = place.ansible.with_name("python")
    versions = json.loads(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)
    engine = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    processors = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in processors if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "Processors": f"{os.cpu_count()} ({model})",
        "Memory": f"{memory:.0f} GiB",
        "Kernel": platform.release(),
        "Docker Engine": engine,
        **versions,
        "Day": time.strftime("%Y-%m-%d"),
    }


def medians(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each entry."""
    return {key: median(entries.get(key, 0.0) for entries in each) for key in each[0]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ansible-playbook", type=Path, required=True)
    parser.add_argument("--collections", required=True, help="where Ansible finds the collections")
    parser.add_argument("--folder", type=Path, required=True, help="where results go")
    parser.add_argument("--minutes", type=float, default=24, help="in how many to be done with what no goal needs")
    parser.add_argument("--publish", action="store_true", help="also write docs/benchmarks.md and its plots")
    words = parser.parse_args()
    began = time.monotonic()
    words.folder.mkdir(parents=True, exist_ok=True)
    with a_place(words.folder, words.ansible_playbook, words.collections) as place:
        run = Run(place, began, began + words.minutes * 60)
        failed = ""
        try:
            everything(run)
        except FailedError as error:
            failed = str(error)
        described = machine(place)
    measured = report.Measured(
        seconds={key: median(result.seconds for result in results) for key, results in run.results.items()},
        memory={key: max(result.memory for result in results) for key, results in run.results.items()},
        times={key: len(results) for key, results in run.results.items()},
        imports={work: medians(each) for work, each in run.imports.items()},
        requests=run.requests,
        machine=described,
        left_out=run.left_out,
    )
    (words.folder / "bench.json").write_text(json.dumps(report.as_json(measured), indent=1))
    parts = (report.goals, report.one_task, report.tables, report.requests, report.not_measured)
    say("\n" + "\n\n".join(part(measured) for part in parts) + "\n")
    if failed:
        say(failed)
        return 1
    say(f"Measured in {(time.monotonic() - run.began) / 60:.0f} minutes; bench.json is in {words.folder}.")
    if words.publish:
        report.publish(measured, ROOT / "docs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
