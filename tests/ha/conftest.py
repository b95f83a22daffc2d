# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the proof of high availability shares: the lab, the load, and the table of what was measured."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions
import pytest
from cloud import User, described_lab
from cluster import Cluster
from load import CREATE_EVERY, Client, Load, Report
from modules import eventually
from plays import play

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / ".cache" / "results" / "ha.md"
PREFIX = "caas-zun-ha"


# --- The table ---------------------------------------------------------------


@dataclass
class Line:
    """One line of the table."""

    fault: str
    must_hold: str
    silence: float | None = None
    reads: str = ""
    slowest: float | None = None
    creates: str = ""
    deletes: str = ""
    cut_for: float | None = None
    whole: float | None = None
    remark: str = ""
    holds: bool = False

    def noticed(self, report: Report) -> None:
        """Take over what users noticed."""
        self.silence = report.silence
        self.reads = f"{len(report.failed_reads)}/{len(report.reads)}"
        self.slowest = report.slowest
        self.creates = f"{len(report.cut)}/{len(report.creates)}"
        self.cut_for = report.cut_for
        self.deletes = f"{len(report.failed_deletes)}/{len(report.deletes)}"
        remarks = [self.remark, *(f"Error: {reason}" for reason in report.errors[:2])]
        if report.stuck:
            remarks.append(
                f"{len(report.stuck)} of the creations cut off stays listed until an administrator deletes it"
            )
        if report.interrupted:
            remarks.append(f"{len(report.interrupted)} of the creations accepted stays half-done, and listed as such")
        if report.left:
            remarks.append(f"{len(report.left)} containers could not be cleared up by their owner")
        self.remark = "; ".join(filter(None, remarks))

    def row(self) -> str:
        def seconds(value: float | None) -> str:
            return "" if value is None else f"{value:.1f} s"

        cells = (
            self.fault,
            self.must_hold,
            seconds(self.silence),
            self.reads,
            seconds(self.slowest),
            self.creates + (f", for {self.cut_for:.1f} s" if self.cut_for else ""),
            self.deletes,
            seconds(self.whole),
            "yes" if self.holds else "NO",
            self.remark,
        )
        return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


HEAD = (
    "Fault",
    "Must hold",
    "API silent for at most",
    "Lists failed",
    "Slowest list",
    "Creations failed",
    "Deletions failed",
    "Whole again after",
    "Holds",
    "Remark",
)
LINES: list[Line] = []


def table() -> str:
    rule = f"|{'|'.join('---' for _cell in HEAD)}|"
    return "\n".join((f"| {' | '.join(HEAD)} |", rule, *(line.row() for line in LINES)))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: one fault of each kind, for `make test`")


def pytest_sessionstart() -> None:
    TABLE.unlink(missing_ok=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if LINES:
        terminalreporter.section("what users noticed of the faults")
        terminalreporter.write_line(table())


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], Line]]:
    """Return a function that begins a line of the table; it holds when the test passes."""
    begun: list[Line] = []

    def begin(fault: str, must_hold: str) -> Line:
        begun.append(Line(fault, must_hold))
        LINES.append(begun[-1])
        return begun[-1]

    yield begin
    for mine in begun:
        mine.holds = request.node.stash.get(PASSED, False)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(f"What users noticed of the faults\n\n{table()}\n")


PASSED = pytest.StashKey[bool]()
# How much of the nodes' journals is kept where a test fails.
JOURNAL = "-20min"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    if report.failed and (cluster := item.funcargs.get("cluster")):
        # The nodes are gone when someone comes to ask why.
        for node, text in cluster.journals(JOURNAL).items():
            log = TABLE.with_name(f"journal-{item.name}-{node}.log")
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(text)
    return report


# --- The lab -------------------------------------------------------------------


@pytest.fixture(scope="session")
def lab() -> dict[str, Any]:
    """The description of the lab (see tests/lab/README.md)."""
    description = described_lab()
    assert description["topology"] == "ha", "the lab is not highly available; let it grow with make lab-ha"
    return description


@pytest.fixture(scope="session")
def cluster(lab: dict[str, Any]) -> Cluster:
    return Cluster(lab)


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> None:
    """Begin each test with a lab in which nothing is broken."""
    cluster.wait_whole()


@pytest.fixture(scope="session")
def user(lab: dict[str, Any]) -> User:
    """The ordinary user, whose load it is."""
    return User(lab["cloud"])


@pytest.fixture(scope="session")
def admin(lab: dict[str, Any]) -> User:
    """Return the administrator, after what a cut-off run left has been removed."""
    administrator = User(lab["admin_cloud"])
    remove(administrator, PREFIX)
    return administrator


def remove(admin: User, prefix: str) -> None:
    """Remove all containers whose name begins with a prefix."""

    def gone() -> bool:
        left = [row for row in admin.containers(all_projects="true") if row["name"].startswith(prefix)]
        for row in left:
            with suppress(keystoneauth1.exceptions.ClientException):
                admin("container", "DELETE", f"/containers/{row['uuid']}", force="true")
        return not left

    eventually(gone, 120, pause=1)


@pytest.fixture(scope="session")
def body(lab: dict[str, Any]) -> dict[str, Any]:
    """A container that costs little."""
    return {
        "image": lab["images"][0],
        "command": ["sleep", "100000"],
        "memory": 32,
        "nets": [{"network": lab["networks"][0]}],
    }


@pytest.fixture(scope="session")
def networks(admin: User, body: dict[str, Any], lab: dict[str, Any], user: User) -> Iterator[None]:
    """Have the network on each host before the load begins, as it is in a cloud that is in use."""
    made = []
    for compute in lab["computes"]:
        wanted = {**body, "name": f"{PREFIX}-on-{compute['name']}", "availability_zone": compute["availability_zone"]}
        made.append(user("container", "POST", "/containers", wanted, run="true")["uuid"])
    for container in made:
        await_status(user, container, "Running")
    yield
    for container in made:
        user("container", "DELETE", f"/containers/{container}", stop="True")


def await_status(user: User, container: str, status: str, seconds: float = 120) -> dict[str, Any]:
    """Wait for a container, and return it."""

    def reached() -> dict[str, Any] | None:
        with suppress(keystoneauth1.exceptions.ConnectFailure, keystoneauth1.exceptions.HttpServerError):
            row = user.container(container)
            assert row, f"the container {container} is gone"
            assert row["status"] in (status, "Creating", "Created", "Restarting", "Stopped", "Unknown"), row
            return row if row["status"] == status and not row["task_state"] else None
        return None

    return eventually(reached, seconds, pause=0.5)


@pytest.fixture
def peer(body: dict[str, Any], lab: dict[str, Any], user: User) -> Iterator[str]:
    """A container on the other host."""
    zone = lab["computes"][1]["availability_zone"]
    policy = {"Name": "always", "MaximumRetryCount": "0"}
    wanted = {**body, "name": f"{PREFIX}-peer", "availability_zone": zone, "restart_policy": policy}
    container = user("container", "POST", "/containers", wanted, run="true")["uuid"]
    await_status(user, container, "Running")
    yield container
    user("container", "DELETE", f"/containers/{container}", stop="True")


@pytest.fixture
def load(
    admin: User, body: dict[str, Any], lab: dict[str, Any], networks: None, user: User
) -> Iterator[Callable[..., AbstractContextManager[Load]]]:
    """Return a function that puts the load on the API for as long as its context lasts.

    It takes the seconds between two creations. Once two containers run, the fault may come. What the load could not clear
    up is removed by the administrator.
    """
    prefix = f"{PREFIX}-{uuid.uuid4().hex[:6]}"

    @contextmanager
    def begin(create_every: float = CREATE_EVERY) -> Iterator[Load]:
        url = user.endpoint("container")
        client = Client(url, lab["ca_file"], user.connection.session.get_token)
        with Load(client, prefix, body, create_every).running() as running:
            eventually(lambda: running.running_now >= 2, 90, pause=0.2)
            yield running

    yield begin

    remove(admin, prefix)


# --- Ansible ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def playbook(lab: dict[str, Any]) -> Callable[..., str]:
    """Return a function that runs a playbook on the lab's inventory and returns what it prints."""
    return functools.partial(play, lab)
