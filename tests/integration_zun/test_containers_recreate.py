# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a container on Zun never loses the old one, nor anything the task does not speak of."""

from __future__ import annotations

from typing import Any

import pytest
from modules import eventually

BROKEN = {"command": ["sh", "-c", "echo new one is broken; exit 11"], "restart_policy": "no"}


def facts(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("uuid", "name", "status", "command", "restart_policy", "labels")}


@pytest.mark.usefixtures("patience")
def test_rollback(appcontainer, look, name, nothing_left, task, user) -> None:
    """The old one runs until the new one does, and keeps its name when that fails."""
    appcontainer.ok(**task, labels={"keep": "me"})
    before = facts(look(name))
    message = appcontainer.fails(**{**task, **BROKEN})
    for part in ("exit code 11", "new one is broken", "previous container is back"):
        assert part in message
    assert facts(look(name)) == before
    # Not even stopped: nothing of it was in the way.
    actions = user("container", "GET", f"/containers/{before['uuid']}/container_actions")["containerActions"]
    assert [action["action"] for action in actions] == ["create"]
    # An image that cannot be had is another way to fail.
    message = appcontainer.fails(**{**task, "image": "no-such-image:1", "workdir": "/tmp"})
    assert "no-such-image:1" in message
    assert facts(look(name)) == before

    for check in (True, False):
        message = appcontainer.fails(check=check, **{**task, "workdir": "/tmp"}, recreate="never")
        for part in ("workdir", "recreate: when_needed", "comparisons: {workdir: ignore}"):
            assert part in message
    assert facts(look(name)) == before
    for check in (True, False):
        always = appcontainer.ok(check=check, **task, recreate="always")
        assert always["containers"][0]["action"] == "recreated"
    after = look(name)
    assert after["uuid"] != before["uuid"]
    # What the task does not speak of came along.
    assert after["labels"]["keep"] == "me"


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("status", ["Running", pytest.param("Stopped", marks=pytest.mark.long)])
def test_ports_and_addresses_are_handed_over(status, appcontainer, look, name, nothing_left, task, user) -> None:
    """They go from the old one to the new one, and back where that fails."""
    network = user.network("back")["id"]
    spare = user("network", "POST", "/ports", {"port": {"name": f"{name}-spare", "network_id": network}})["port"]
    subnet = user("network", "GET", "/subnets", network_id=user.network("front")["id"])["subnets"][0]
    fixed = f"{subnet['cidr'].rsplit('.', 1)[0]}.{220 if status == 'Running' else 221}"
    claims = {**task, "nets": [{"port": spare["name"]}, {"network": "front", "v4_fixed_ip": fixed}]}
    made = appcontainer.ok(**claims)["container"]
    if status == "Stopped":
        appcontainer.ok(name=name, state="stopped")

    message = appcontainer.fails(**{**claims, **BROKEN}, state="started")
    for part in ("exit code 11", "previous container is back"):
        assert part in message
    now = look(name)
    assert (now["uuid"], now["status"]) == (made["id"], status)

    def addresses() -> set[str]:
        return {entry["addr"] for entries in look(name)["addresses"].values() for entry in entries}

    assert addresses() == {fixed, spare["fixed_ips"][0]["ip_address"]}

    replaced = appcontainer.ok(**{**claims, "workdir": "/tmp"}, state="present")
    assert replaced["containers"][0]["action"] == "recreated"
    assert replaced["container"]["id"] != made["id"]
    assert replaced["container"]["status"] == ("Created" if status == "Stopped" else status)
    assert addresses() == {fixed, spare["fixed_ips"][0]["ip_address"]}
    assert not appcontainer.ok(**{**claims, "workdir": "/tmp"}, state="present").changed


@pytest.mark.usefixtures("patience")
def test_volumes(appcontainer, container_volume, look, name, nothing_left, task, user) -> None:
    """Zun lets go of a volume only with its container: the old one goes first, and is made anew on failure."""
    container_volume.ok(name=f"{name}-data", size=1)
    mounts = [
        {"destination": "/data", "volume": f"{name}-data"},
        {"destination": "/etc/one", "content": "a line to keep\n"},
    ]
    with_data = {**task, "mounts": mounts}
    made = appcontainer.ok(**with_data, secret_environment={"PASS": "hidden-word"})["container"]
    assert user.execute(made["id"], "sh -c 'echo kept > /data/file; sync'")[0] == 0

    result = appcontainer(**{**task, **BROKEN})
    assert result.failed
    for part in ("exit code 11", "had to be removed before", "made anew with the same settings"):
        assert part in result.msg
    assert "hidden-word" not in str(result)
    restored = look(name)
    assert restored["uuid"] != made["id"]
    assert restored["status"] == "Running"
    shown = "sh -c 'cat /data/file /etc/one; echo $PASS'"
    assert user.execute(restored["uuid"], shown) == (0, "kept\na line to keep\nhidden-word\n")
    assert not appcontainer.ok(**with_data, secret_environment={"PASS": "hidden-word"}).changed

    replaced = appcontainer.ok(**task, workdir="/tmp")
    assert replaced["containers"][0]["action"] == "recreated"
    assert user.execute(replaced["container"]["id"], shown) == (0, "kept\na line to keep\nhidden-word\n")
    assert not appcontainer.ok(**with_data, workdir="/tmp", secret_environment={"PASS": "hidden-word"}).changed


def set_aside(user, container_id: str, name: str) -> str:
    """Rename a container as a run does that is cut off afterwards; return its name."""
    aside = f"{name}.caas-zun-old-{container_id.replace('-', '')[:12]}"
    user("container", "PATCH", f"/containers/{container_id}", {"name": aside})
    return aside


def test_cut_off(appcontainer, look, name, nothing_left, task, user) -> None:
    """A run that was cut off before the new one existed, and one afterwards."""
    made = appcontainer.ok(**task)["container"]["id"]
    aside = set_aside(user, made, name)
    for check in (True, False):
        assert appcontainer.ok(check=check, **task).changed
    assert look(name)["uuid"] == made
    assert look(aside) is None
    assert not appcontainer.ok(**task).changed

    aside = set_aside(user, made, name)
    second = user(
        "container",
        "POST",
        "/containers",
        {"name": name, "image": task["image"], "command": task["command"], "memory": 32, "nets": task["nets"]},
        run="true",
    )["uuid"]
    appcontainer.ok(name=name, state="started")
    assert look(aside) is None
    assert look(name)["uuid"] == second

    set_aside(user, second, name)
    assert appcontainer.ok(name=name, state="absent").changed
    assert [row for row in user.containers() if row["name"].startswith(name)] == []


def test_a_container_of_somebody_else(appcontainer, look, name, nothing_left, raw, task) -> None:
    """It is taken as it is; what nobody can compare is told, and not lost."""
    made = raw(environment={"A": "1"})
    same = appcontainer.ok(**task, environment={"A": "1"}, availability_zone="no-matter", exposed_ports=["80"])
    assert not same.changed
    assert any("availability_zone" in warning and "exposed_ports" in warning for warning in same.warnings)
    message = appcontainer.fails(**{**task, "workdir": "/tmp"})
    for part in ("mounts", "exposed_ports", "availability_zone", "hints", "not made by this collection", "say them"):
        assert part in message
    assert look(name)["uuid"] == made


def test_several_with_a_bad_one(appcontainer, look, name, nothing_left, task) -> None:
    bad = {"name": f"{name}-bad", "nets": [{"network": "no-such-network"}]}
    items = [{"name": f"{name}-a"}, bad, {"name": f"{name}-b", "image": "no-such-image:1"}]
    common = {key: value for key, value in task.items() if key not in ("name", "nets")}
    for item in (items[0], items[2]):
        item["nets"] = task["nets"]
    for check in (True, False):
        stopped = appcontainer(check=check, **common, containers=items)
        assert stopped.failed
        assert [entry["action"] for entry in stopped["containers"]] == ["skipped", "failed", "skipped"]
    assert look(f"{name}-a") is None
    done = appcontainer(**common, containers=items, on_error="continue")
    assert [entry["action"] for entry in done["containers"]] == ["created", "failed", "failed"]
    assert [entry["name"] for entry in done["failed_items"]] == [f"{name}-bad", f"{name}-b"]
    assert "no-such-network" in done["failed_items"][0]["msg"]
    assert "no-such-image:1" in done["failed_items"][1]["msg"]
    assert (look(f"{name}-a")["status"], look(f"{name}-b")) == ("Running", None)
    again = appcontainer(**common, containers=items[:1])
    assert not again.changed
    # The same container twice, and two of one name.
    assert appcontainer.fails(**common, containers=[items[0], items[0]])
    eventually(lambda: look(f"{name}-b") is None)


def test_what_was_asked_for_once_stays(appcontainer, look, name, nothing_left, task, user) -> None:
    """An address that was said, and the lack of any security group, outlast tasks that speak of neither."""
    subnet = user("network", "GET", "/subnets", network_id=user.network("front")["id"])["subnets"][0]
    fixed = f"{subnet['cidr'].rsplit('.', 1)[0]}.223"
    appcontainer.ok(**{**task, "nets": [{"network": "front", "v4_fixed_ip": fixed}]}, security_groups=[])
    before = look(name)["uuid"]
    del task["nets"]
    appcontainer.ok(**{**task, "workdir": "/tmp"})
    after = look(name)
    assert after["uuid"] != before
    ((address,),) = after["addresses"].values()
    assert address["addr"] == fixed
    (port,) = user.ports(device_id=after["uuid"])
    assert port["security_groups"] == []


def test_a_network_that_comes_later_is_as_closed(appcontainer, look, name, nothing_left, task, user) -> None:
    """Zun itself gives its port the groups of the creation, which may have changed since."""
    appcontainer.ok(**task)
    appcontainer.ok(**task, security_groups=[])
    both = {**task, "nets": [{"network": "front"}, {"network": "back"}]}
    appcontainer.ok(**both)
    assert [port["security_groups"] for port in user.ports(device_id=look(name)["uuid"])] == [[], []]


def test_another_image_beside_a_file(appcontainer, lab, look, name, nothing_left, task, user) -> None:
    """A rebuild that failed would lose the file, so there is none."""
    mounts = [{"destination": "/etc/kept.conf", "content": "kept as it was"}]
    appcontainer.ok(**task, mounts=mounts)
    before = look(name)["uuid"]
    message = appcontainer.fails(**{**task, "image": "no-such-image:1"})
    assert "previous container is back" in message
    assert look(name)["uuid"] == before
    changed = appcontainer.ok(**{**task, "image": lab["images"][1]})
    assert changed["containers"][0]["action"] == "recreated"
    answer = user(
        "container",
        "POST",
        f"/containers/{look(name)['uuid']}/execute",
        {"command": "cat /etc/kept.conf", "run": True, "interactive": False},
        "1.40",
    )
    assert (answer["exit_code"], answer["output"]) == (0, "kept as it was")


def test_one_port_for_two(appcontainer, look, name, nothing_left, task, user) -> None:
    network = user.network("front")["id"]
    user("network", "POST", "/ports", {"port": {"name": f"{name}-port", "network_id": network}})
    del task["name"]
    items = [{"name": f"{name}-{letter}", "nets": [{"port": f"{name}-port"}]} for letter in "ab"]
    message = appcontainer.fails(**task, containers=items)
    assert f"'{name}-port' is given to two containers" in message
    assert look(f"{name}-a") is None


def test_a_job_that_removes_itself(appcontainer, name, nothing_left, task) -> None:
    done = appcontainer.ok(**{**task, "command": ["sh", "-c", "sleep 1"]}, auto_remove=True)
    assert done["containers"][0]["action"] == "created"
    appcontainer.ok(name=name, state="absent")
