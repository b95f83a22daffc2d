# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests ports and volumes cost, and what becomes of requests that fail; counted, not timed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from proxy import Fault

MANY = 20
BUDGET_NO_OP = 6
BUDGET_CREATE = 7


def once(method: str, path: str, fault: Fault, times: int = 1) -> tuple[Callable[[str, str], Any], list[str]]:
    """Return a fault for the first such requests, and the list in which it notes that it struck."""
    struck: list[str] = []

    def plant(seen_method: str, seen_path: str) -> Fault | None:
        if seen_method == method and seen_path.endswith(path) and len(struck) < times:
            struck.append(seen_path)
            return fault
        return None

    return plant, struck


@pytest.fixture
def group(name, user) -> str:
    user("network", "POST", "/security-groups", {"security_group": {"name": f"{name}-group"}})
    return f"{name}-group"


def test_many_ports(container_port, group, name, own_network, proxied, user) -> None:
    subnet = own_network["subnet"]["name"]
    task = {
        "cloud": proxied.settings,
        "network": own_network["name"],
        "security_groups": [group, "default"],
        "ports": [
            {"name": f"{name}-{index}", "fixed_ips": [{"subnet": subnet, "ip_address": f"198.18.77.{index + 130}"}]}
            for index in range(MANY)
        ],
    }
    created = container_port.ok(**task)
    assert [entry["action"] for entry in created["ports"]] == ["created"] * MANY
    assert len(proxied.requests()) <= BUDGET_CREATE, proxied.requests()
    # In the order given, though all came by one answer.
    for index, entry in enumerate(created["ports"]):
        assert entry["name"] == entry["port"]["name"] == f"{name}-{index}"
        assert entry["port"]["fixed_ips"][0]["ip_address"] == f"198.18.77.{index + 130}"
    for check in (True, False):
        proxied.begin()
        assert not container_port.ok(check=check, **task).changed
        assert len(proxied.requests()) <= BUDGET_NO_OP, proxied.requests()
    proxied.begin()
    gone = container_port.ok(**{**task, "state": "absent"})
    assert [entry["action"] for entry in gone["ports"]] == ["deleted"] * MANY
    assert len(proxied.requests()) <= MANY + BUDGET_NO_OP
    assert [port for port in user.ports() if port["name"].startswith(name)] == []


def test_many_ports_with_nothing_but_a_network(container_port, name, proxied) -> None:
    """What Neutron chose for them is looked up once for all."""
    task = {"cloud": proxied.settings, "network": "front", "ports": [{"name": f"{name}-{i}"} for i in range(10)]}
    created = container_port.ok(**task)
    assert {tuple(entry["port"]["security_groups"]) for entry in created["ports"]} == {("default",)}
    assert len(proxied.requests()) <= BUDGET_CREATE, proxied.requests()
    proxied.begin()
    assert not container_port.ok(**task).changed
    assert len(proxied.requests()) <= BUDGET_NO_OP, proxied.requests()


def test_updates_cost_one_request_each(container_port, name, proxied) -> None:
    count = 10
    task = {"cloud": proxied.settings, "network": "front", "ports": [{"name": f"{name}-{i}"} for i in range(count)]}
    container_port.ok(**task)
    proxied.begin()
    assert container_port.ok(description="new", **task).changed
    assert sum(request.startswith("network PUT") for request in proxied.requests()) == count
    assert len(proxied.requests()) <= count + BUDGET_NO_OP


@pytest.mark.parametrize("parallelism", [pytest.param(3, marks=pytest.mark.long), 20])
def test_connections_are_kept(container_port, name, parallelism, proxied) -> None:
    """One for each request that is under way at the same time, whatever the number of requests; answers may be packed."""
    task = {"cloud": proxied.settings, "network": "front", "ports": [{"name": f"{name}-{i}"} for i in range(24)]}
    container_port.ok(**task)
    proxied.begin()
    assert container_port.ok(description="new", parallelism=parallelism, **task).changed
    assert sum(request.startswith("network PUT") for request in proxied.requests()) == 24
    assert proxied["network"].connections <= parallelism
    assert "gzip" in proxied["network"].encodings


def test_no_op_of_volumes(container_volume, name, proxied) -> None:
    count = 5
    task = {"cloud": proxied.settings, "size": 1, "volumes": [{"name": f"{name}-{i}"} for i in range(count)]}
    container_volume.ok(**task)
    posts = [request for request in proxied.requests() if request.startswith("block-storage POST")]
    looks = [request for request in proxied.requests() if request.startswith("block-storage GET")]
    assert len(posts) == count
    assert all(request.endswith("/volumes/detail") or "/volumes/" in request for request in looks)
    for check in (True, False):
        proxied.begin()
        assert not container_volume.ok(check=check, metadata={"a": "b"}, comparisons={"*": "ignore"}, **task).changed
        # Two for the login, one listing.
        assert len(proxied.requests()) <= 3, proxied.requests()


BUSY = {
    503: Fault(503, {"Retry-After": "1"}, json.dumps({"message": "busy"})),
    429: Fault(429, {"Retry-After": "1"}, json.dumps({"message": "busy"})),
}


@pytest.mark.parametrize("status", BUSY)
def test_a_busy_service_is_given_the_time_it_asks_for(status, container_port, name, proxied, user) -> None:
    container_port.ok(name=name, network="front")
    plant, struck = once("GET", "/ports", BUSY[status], times=2)
    proxied["network"].fault = plant
    began = time.monotonic()
    assert not container_port.ok(cloud=proxied.settings, name=name, network="front").changed
    assert len(struck) == 2
    assert time.monotonic() - began >= 2


def test_a_busy_service_at_the_creation(container_port, name, proxied, user) -> None:
    """After 429 nothing was done, so that the request is repeated; after 503 nobody knows, and it is looked up."""
    names = [f"{name}-a", f"{name}-b"]
    task = {"cloud": proxied.settings, "network": "front", "ports": [{"name": port} for port in names]}
    proxied["network"].fault, struck = once("POST", "/ports", BUSY[429])
    assert container_port.ok(**task).changed
    assert struck
    container_port.ok(state="absent", **task)
    proxied["network"].fault, struck = once("POST", "/ports", BUSY[503])
    failed = container_port(**task)
    assert failed.failed
    assert struck
    assert "busy" in failed.msg
    assert [port["name"] for port in user.ports() if port["name"] in names] == []
    proxied["network"].fault = None
    assert container_port.ok(**task).changed


@pytest.mark.parametrize("fault", [Fault(504, passes=True), Fault(passes=True, hangs_up=True)], ids=["504", "hangs up"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_lost_answer_makes_no_second_port(count, fault, container_port, name, proxied, user) -> None:
    names = [f"{name}-{index}" for index in range(count)]
    task = {"cloud": proxied.settings, "network": "front", "ports": [{"name": port} for port in names], "tags": ["a"]}
    proxied["network"].fault, struck = once("POST", "/ports", fault)
    done = container_port.ok(**task)
    assert len(struck) == 1
    assert [entry["action"] for entry in done["ports"]] == ["created"] * count
    assert sorted(port["name"] for port in user.ports() if port["name"].startswith(name)) == names
    assert not container_port.ok(**task).changed


def test_a_lost_answer_makes_no_second_volume(container_volume, name, proxied, user) -> None:
    proxied["block-storage"].fault, struck = once("POST", "/volumes", Fault(504, passes=True))
    done = container_volume.ok(cloud=proxied.settings, name=name, size=1)
    assert struck
    assert done["volume"]["status"] == "available"
    assert len(user.volumes(name=name)) == 1


@pytest.mark.parametrize("on_error", ["stop", "continue"])
def test_one_port_of_several_is_refused(on_error, container_port, name, user) -> None:
    """Neutron refuses all ports of a request for the sake of one; the task names that one."""
    bad = {"name": f"{name}-bad", "fixed_ips": [{"ip_address": "203.0.113.7"}]}
    items = [{"name": f"{name}-a"}, bad, {"name": f"{name}-b"}]
    result = container_port(network="front", ports=items, on_error=on_error)
    assert result.failed
    assert [entry["name"] for entry in result["failed_items"]] == [f"{name}-bad"]
    assert "203.0.113.7" in result["failed_items"][0]["msg"]
    made = sorted(port["name"] for port in user.ports() if port["name"].startswith(name))
    told = sorted(entry["name"] for entry in result["ports"] if entry["action"] == "created")
    assert made == told
    if on_error == "continue":
        assert made == [f"{name}-a", f"{name}-b"]
    # A second run converges on what can be had.
    again = container_port(network="front", ports=items, on_error="continue")
    assert [entry["action"] for entry in again["ports"] if entry["name"] != f"{name}-bad"].count("failed") == 0
    assert len([port for port in user.ports() if port["name"].startswith(name)]) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_quota_of_ports(count, admin, container_port, name, project) -> None:
    admin("network", "PUT", f"/quotas/{project['id']}", {"quota": {"port": count - 1}})
    items = [{"name": f"{name}-{index}"} for index in range(count)]
    result = container_port(cloud=project["cloud"], network=project["network"], ports=items)
    assert result.failed
    for part in ("quota port", "used up", "delete what is not needed"):
        assert part in result.msg
    # Neutron refuses all of them, and so nothing was made.
    assert admin.ports(project_id=project["id"]) == []
    # One after the other: Neutron counts requests that come at the same time without each other.
    task = {"network": project["network"], "ports": items, "on_error": "continue", "parallelism": 1}
    result = container_port(cloud=project["cloud"], **task)
    actions = sorted(entry["action"] for entry in result["ports"])
    assert actions == ["created"] * (count - 1) + ["failed"]
    assert len(admin.ports(project_id=project["id"])) == count - 1


def test_quota_of_volumes(admin, container_volume, name, project) -> None:
    def allow(**limits: int) -> None:
        admin("block-storage", "PUT", f"/os-quota-sets/{project['id']}", {"quota_set": limits})

    as_member = {"cloud": project["cloud"], "name": name}
    allow(gigabytes=3, volumes=1)
    container_volume.ok(**as_member, size=1)
    assert "quota gigabytes" in container_volume.fails(**as_member, size=9)
    assert "quota volumes" in container_volume.fails(cloud=project["cloud"], name=f"{name}-2", size=1)
    allow(volumes=5)
    message = container_volume.fails(cloud=project["cloud"], name=f"{name}-2", size=5)
    for part in ("quota gigabytes", "used up", "have the quota raised"):
        assert part in message
    assert container_volume.ok(**as_member, state="absent").changed
    assert not container_volume.ok(cloud=project["cloud"], name=f"{name}-2", state="absent").changed


def test_wrong_password(container_port, container_volume, name, proxied) -> None:
    settings = {**proxied.settings, "auth": {**proxied.settings["auth"], "password": "not-the-password"}}
    for message in (
        container_port.fails(cloud=settings, name=name, network="front"),
        container_volume.fails(cloud=settings, name=name, size=1),
    ):
        assert "refused the login" in message
        assert "not-the-password" not in message
        assert len(message.splitlines()) == 1


@pytest.mark.parametrize("service", ["network", "block-storage"])
def test_endpoint_down(service, container_port, container_volume, name, proxied) -> None:
    settings = {**proxied.settings, f"{service.replace('-', '_')}_endpoint_override": "http://127.0.0.1:9/"}
    run = container_port if service == "network" else container_volume
    message = run.fails(cloud=settings, name=name)
    assert "no connection" in message
    assert len(message.splitlines()) == 1


def test_service_missing_from_the_catalogue(container_port, name, proxied) -> None:
    settings = {key: value for key, value in proxied.settings.items() if not key.startswith("network")}
    message = container_port.fails(cloud={**settings, "region_name": "no-such-region"}, name=name, network="front")
    for part in ("catalogue", "Neutron", "region_name"):
        assert part in message


def test_token_that_expires_in_the_middle(container_port, container_volume, name, proxied, user) -> None:
    """A service that does not take the token any more is asked again with a new one."""
    expired = Fault(401, {"WWW-Authenticate": "Keystone"}, json.dumps({"error": {"message": "expired"}}))
    proxied["network"].fault, struck = once("POST", "/ports", expired)
    assert container_port.ok(cloud=proxied.settings, name=name, network="front").changed
    assert struck
    assert len(user.ports(name=name)) == 1
    tokens = [request for request in proxied.requests() if request.endswith("POST /v3/auth/tokens")]
    assert len(tokens) == 2
    proxied["block-storage"].fault, struck = once("POST", "/volumes", expired)
    assert container_volume.ok(cloud=proxied.settings, name=name, size=1).changed
    assert struck
    assert len(user.volumes(name=name)) == 1


def test_a_failing_delete_is_told(container_port, name, proxied, user) -> None:
    made = container_port.ok(name=name, network="front")
    path = f"/ports/{made['port']['id']}"
    refusal = Fault(409, body=json.dumps({"NeutronError": {"type": "PortInUse", "message": "is needed", "detail": ""}}))
    proxied["network"].fault, struck = once("DELETE", path, refusal)
    message = container_port.fails(cloud=proxied.settings, name=name, state="absent")
    assert struck
    assert "is needed" in message
    assert user.ports(name=name)
    assert container_port.ok(cloud=proxied.settings, name=name, state="absent").changed


def test_tags_that_fail_leave_no_port(container_port, name, proxied, user) -> None:
    def plant(method: str, path: str) -> Fault | None:
        if path.endswith("/extensions"):
            return Fault(200, body=json.dumps({"extensions": []}))
        return Fault(400, body=json.dumps({"message": "planted"})) if method == "PUT" and "/tags" in path else None

    proxied["network"].fault = plant
    message = container_port.fails(cloud=proxied.settings, name=name, network="front", tags=["a"])
    assert "planted" in message
    assert user.ports(name=name) == []
