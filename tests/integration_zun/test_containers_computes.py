# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute nodes that are down, or die in the middle of a creation. These tests run while no other one does.

The node comes back (known_down) before a test's containers are removed (name), so that order matters.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import keystoneauth1.exceptions
import pytest
from modules import eventually

pytestmark = pytest.mark.alone


@pytest.fixture
def task(lab, task) -> dict[str, Any]:
    """A container on the first compute node."""
    return {**task, "availability_zone": lab["computes"][0]["availability_zone"]}


@pytest.fixture
def on_node(lab) -> Iterator[Callable[..., None]]:
    """Run systemctl on the first compute node; all services run again afterwards."""

    def systemctl(*words: str) -> None:
        node = lab["computes"][0]["node"]
        subprocess.run(["docker", "exec", node, "systemctl", *words], check=True, capture_output=True, timeout=60)

    yield systemctl
    systemctl("kill", "--signal", "CONT", "docker")
    systemctl("start", "zun-compute")


@pytest.fixture
def known_down(admin, lab, on_node) -> Iterator[Callable[[bool], None]]:
    """Tell Zun that the node is down, which it would notice by itself after three minutes, or up again."""
    host = lab["computes"][0]["name"]

    def tell(down: bool) -> None:
        body = {"host": host, "binary": "zun-compute", "forced_down": down}
        admin("container", "PUT", "/services/force_down", body)

    yield tell
    on_node("start", "zun-compute")
    tell(False)

    def is_up() -> bool:
        services = admin("container", "GET", "/services")["services"]
        return all(service["state"] == "up" for service in services)

    eventually(is_up, 120, pause=1)


def test_compute_service_down(appcontainer, look, name, nothing_left, known_down, on_node, task) -> None:
    made = appcontainer.ok(**task)["container"]["id"]
    on_node("stop", "zun-compute")
    known_down(True)
    # What is only looked at does not need the node.
    assert not appcontainer.ok(**task).changed
    for change in ({"state": "stopped", "timeout": 5}, {"state": "absent", "timeout": 5}, {"workdir": "/tmp"}):
        message = appcontainer.fails(**{**task, **change})
        assert name in message
        assert any(part in message for part in ("node is down", "compute node is up")), message
        assert len(message.splitlines()) == 1
    assert look(name)["uuid"] == made
    message = appcontainer.fails(**{**task, "name": f"{name}-2"})
    for part in ("could not be placed", "availability_zone", task["availability_zone"], "no compute node is up"):
        assert part in message
    assert look(f"{name}-2") is None

    on_node("start", "zun-compute")
    known_down(False)
    # The node does now what it was asked for while it was down.
    eventually(lambda: look(name) is None or not look(name)["task_state"], 60, pause=1)
    assert appcontainer.ok(**task)["container"]["status"] == "Running"
    assert not appcontainer.ok(**task).changed
    assert appcontainer.ok(name=name, state="absent").changed
    assert look(name) is None


@pytest.mark.long
def test_compute_service_killed_in_the_middle_of_a_creation(
    admin, appcontainer, look, name, nothing_left, known_down, on_node, task, user
) -> None:
    # With its engine halted, Zun gets no further than the middle.
    on_node("kill", "--signal", "STOP", "--kill-who", "main", "docker")
    made = appcontainer.ok(**task, wait=False)["containers"][0]["id"]

    def row() -> dict[str, Any]:
        return next(entry for entry in user.containers(name=name))

    eventually(lambda: row()["task_state"] == "container_creating", 60, pause=0.5)
    on_node("kill", "--signal", "KILL", "zun-compute")
    on_node("stop", "zun-compute")
    known_down(True)
    on_node("kill", "--signal", "CONT", "docker")
    for change in ({}, {"state": "absent"}, {"workdir": "/tmp"}):
        message = appcontainer.fails(**{**task, **change}, timeout=4)
        for part in (name, made, "Creating", "only an administrator can clear it", f"delete --force {made}"):
            assert part in message
        assert len(message.splitlines()) == 1
    assert row()["uuid"] == made

    on_node("start", "zun-compute")
    known_down(False)
    # Zun calls what it finds half made an error when it starts; where it does not, an administrator clears it.
    with contextlib.suppress(AssertionError):
        eventually(lambda: row()["status"] == "Error", 60, pause=1)
    if row()["status"] == "Creating":
        with contextlib.suppress(keystoneauth1.exceptions.NotFound):
            admin("container", "DELETE", f"/containers/{made}", force="true")
        eventually(lambda: not user.containers(name=name), 60, pause=1)
    assert appcontainer.ok(**task).changed
    assert look(name)["status"] == "Running"
    assert look(name)["uuid"] != made
    assert not appcontainer.ok(**task).changed
