# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A compute that runs Zun as kolla-ansible lays it out is taken over, given back, and taken over for good.

It follows the guide "From kolla-ansible". What is real here: the cloud, its containers, the layout of files, the account and
the containers that run Zun and kuryr. What is not: kolla's images and its control node.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloud import User
from modules import eventually
from plays import changed, play

TAGS = ("--tags", "docker_engine,kuryr,zun_compute")


class Host:
    """The compute that changes hands."""

    def __init__(self, lab: dict[str, Any]) -> None:
        compute = lab["computes"][1]
        self.name, self.node, self.zone = compute["name"], compute["node"], compute["availability_zone"]
        self.mounts_at_first = self.mounts()

    def run(self, *command: str, text: str = "") -> str:
        done = subprocess.run(
            ["docker", "exec", "-i", self.node, *command], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout} {done.stderr}"
        return done.stdout

    def mounts(self) -> set[str]:
        """Return the volumes of Zun that are mounted."""
        return {line.split()[1] for line in self.run("cat", "/proc/mounts").splitlines() if "/var/lib/zun/mnt/" in line}

    def began(self, container: str) -> str:
        """Return when the engine started a container of Zun, and as which process."""
        return self.run("docker", "inspect", "--format", "{{.State.StartedAt}} {{.State.Pid}}", f"zun-{container}")

    def services(self) -> dict[str, bool]:
        """Return who runs Zun here: kolla's containers, or systemd."""
        names = self.run("docker", "ps", "--format", "{{.Names}}").split()
        units = ("zun-compute", "kuryr-libnetwork")
        return {
            **{f"container {name}": name in names for name in ("zun_compute", "kuryr")},
            **{unit: self.run("bash", "-c", f"systemctl is-active {unit} || true") == "active\n" for unit in units},
        }


KOLLA = {"container zun_compute": True, "container kuryr": True, "zun-compute": False, "kuryr-libnetwork": False}
OURS = {name: not runs for name, runs in KOLLA.items()}


@pytest.fixture(scope="module")
def host(lab: dict[str, Any]) -> Host:
    return Host(lab)


@pytest.fixture(scope="module")
def residents(admin: User, host: Host, lab: dict[str, Any], user: User) -> Iterator[list[str]]:
    """Containers that live on the host before: with a port, with a volume, and stopped."""
    made = [run(user, lab, host)["uuid"], run(user, lab, host, volume=True)["uuid"], run(user, lab, host)["uuid"]]
    assert user.execute(made[1], "sh -c 'echo kept >/data/marker; sync'")[0] == 0
    user("container", "POST", f"/containers/{made[2]}/stop", timeout=1)
    reach(user, made[2], "Stopped")
    yield made
    for container in made:
        if user.container(container):
            admin("container", "DELETE", f"/containers/{container}", force="true")


def run(user: User, lab: dict[str, Any], host: Host, volume: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": f"caas-zun-takeover-{uuid.uuid4().hex[:8]}",
        "image": lab["images"][0],
        "command": ["sleep", "100000"],
        "memory": 32,
        "nets": [{"network": lab["networks"][0]}],
        "availability_zone": host.zone,
    }
    if volume:
        body["mounts"] = [{"type": "volume", "size": "1", "destination": "/data"}]
    return reach(user, user("container", "POST", "/containers", body, run="true")["uuid"], "Running")


def reach(user: User, container: str, status: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        row = user.container(container)
        assert row, f"the container {container} is gone"
        assert row["status"] != "Error", row["status_reason"]
        return row if row["status"] == status and not row["task_state"] else None

    return eventually(reached, 120, pause=0.5)


def delete(user: User, container: str) -> None:
    user("container", "DELETE", f"/containers/{container}", stop="true")
    eventually(lambda: user.container(container) is None, 60, pause=0.5)
    eventually(lambda: not user.ports(device_id=container), 30, pause=0.5)


def is_up_since(admin: User, host: Host, began: float) -> bool:
    """Tell whether zun-compute has given a sign of life since."""
    (service,) = [entry for entry in admin("container", "GET", "/services")["services"] if entry["host"] == host.name]
    seen = (
        time.mktime(time.strptime(service["last_seen_up"][:19].replace("T", " "), "%Y-%m-%d %H:%M:%S")) - time.timezone
    )
    return service["state"] == "up" and seen > began


def check_works(admin: User, host: Host, lab: dict[str, Any], user: User) -> None:
    """See that the host takes a container and gives it up again."""
    began = time.time()
    eventually(lambda: is_up_since(admin, host, began), 120, pause=1)
    container = run(user, lab, host)
    assert host.began(container["uuid"])
    assert user.execute(container["uuid"], "echo works") == (0, "works\n")
    delete(user, container["uuid"])


def states(user: User, residents: list[str]) -> list[tuple[str, Any]]:
    rows = [user.container(container) for container in residents]
    return [(row["status"], row["addresses"]) if row else ("gone", None) for row in rows]


def give_back(host: Host, lab: dict[str, Any]) -> None:
    """As the guide says under "The way back"."""
    play(lab, "caas.zun.from_kolla", "--limit", host.name, zun_from_kolla_back=True)


def take_over(host: Host, lab: dict[str, Any]) -> None:
    """As the guide says under "Take over"."""
    play(lab, "caas.zun.from_kolla", "--limit", host.name)
    play(lab, "caas.zun.site", *TAGS, "--limit", host.name)


def test_takeover(admin: User, host: Host, lab: dict[str, Any], residents: list[str], user: User) -> None:
    registry = host.run("docker", "inspect", "--format", "{{.Config.Image}}", f"zun-{residents[0]}").strip()
    host.run("bash", "-s", registry, text=Path(__file__).with_name("to_kolla.sh").read_text())
    assert host.services() == KOLLA
    check_works(admin, host, lab, user)
    before = states(user, residents)
    began = [host.began(container) for container in residents[:2]]
    from_kolla = run(user, lab, host)["uuid"]

    def check(services: dict[str, bool]) -> None:
        """Nothing was lost, nothing was even restarted, and the host works."""
        assert host.services() == services
        assert states(user, residents) == before
        assert [host.began(container) for container in residents[:2]] == began
        assert user.execute(residents[1], "cat /data/marker") == (0, "kept\n")
        check_works(admin, host, lab, user)

    take_over(host, lab)
    check(OURS)
    assert changed(play(lab, "caas.zun.site", *TAGS, "--limit", host.name)) == {}

    give_back(host, lab)
    check(KOLLA)

    take_over(host, lab)
    check(OURS)

    # Those made by kolla's Zun obey the new one.
    user("container", "POST", f"/containers/{residents[2]}/start")
    reach(user, residents[2], "Running")
    for container in (*residents, from_kolla):
        delete(user, container)
    assert host.mounts() == host.mounts_at_first
