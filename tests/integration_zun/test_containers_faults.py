# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input, and a cloud that refuses, is slow or breaks: each is told in a sentence, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator

import pytest
from proxy import Fault
from test_requests import once

NO_ID = "0b5b4b3e-0000-4000-8000-000000000000"


# Found out before anything is made, so that check mode says the same.
EARLY = [
    ({"nets": [{"network": "no-such-network"}]}, ("nets[0].network", "no-such-network", "correct the name")),
    ({"nets": [{"network": NO_ID}]}, ("nets[0].network", NO_ID)),
    ({"nets": [{"port": "no-such-port"}]}, ("nets[0].port", "no-such-port", "create the port first")),
    ({"nets": [{"network": "front", "v4_fixed_ip": "192.0.2.1"}]}, ("nets", "192.0.2.1", "address of the network")),
    ({"nets": [{"network": "front"}, {"network": "front"}]}, ("nets", "front")),
    ({"mounts": [{"destination": "/a", "volume": "no-such-volume"}]}, ("mounts[0].volume", "no-such-volume")),
    ({"mounts": [{"destination": "/a", "host_path": "/b"}]}, ("mounts[0].host_path", "use a volume")),
    ({"security_groups": ["no-such-group"]}, ("security_groups", "no-such-group")),
    ({"registry": "no-such-registry"}, ("registry", "no-such-registry")),
    ({"availability_zone": "mars"}, ("availability_zone", "mars", "name one of")),
    ({"memory": "1M"}, ("memory", "1M", "at least 4M")),
    ({"memory": "5000K"}, ("memory", "whole number of MiB")),
    ({"cpu": 0.01}, ("cpu", "0.01", "at least 0.1")),
    ({"cpu_policy": "dedicated"}, ("cpu_policy", "dedicated", "leave it out")),
    ({"image": "busybox@sha256:" + "0" * 64}, ("image", "digest", "name a tag")),
    ({"name": "x" * 300}, ("name", "x" * 20)),
    ({"labels": {"caas.zun/salt": "x"}}, ("labels", "caas.zun/")),
    ({"published_ports": ["80:80"]}, ("published_ports", "security_groups")),
]


@pytest.mark.parametrize(
    ("options", "parts"), EARLY, ids=[",".join(options)[:30] + str(i) for i, (options, _p) in enumerate(EARLY)]
)
def test_refused_before_anything_is_made(options, parts, appcontainer, look, name, task) -> None:
    for check in (True, False):
        message = appcontainer.fails(check=check, **{**task, **options})
        for part in parts:
            assert part in message
        assert len(message.splitlines()) == 1
    assert look(name) is None


# Known to Zun alone, which refuses at once or lets the creation fail.
LATE = [
    ({"memory": "999G"}, ("memory", "999G", "limits of the cloud")),
    ({"cpu": 99}, ("cpu", "99", "limits of the cloud")),
    ({"host": "no-such-host"}, ("host", "administrator")),
    ({"runtime": "crun"}, ("runtime", "crun", "administrator")),
    ({"privileged": True}, ("privileged", "allows it to nobody")),
    ({"image_pull_policy": "always"}, ("image_pull_policy", "administrator")),
    ({"image": "no-such-image:1"}, ("image", "no-such-image:1", "in its registry")),
    ({"image": "no-such-image", "image_driver": "glance"}, ("image", "no-such-image")),
    ({"disk": "1G"}, ("disk", "1G", "no disk quotas")),
]


def test_refused_by_zun(appcontainer, lab, look, name, nothing_left, task) -> None:
    items = [{"image": task["image"], "name": f"{name}-{index}", **options} for index, (options, _p) in enumerate(LATE)]
    common = {key: value for key, value in task.items() if key not in ("name", "image")}
    result = appcontainer(**common, containers=items, on_error="continue")
    assert [entry["action"] for entry in result["containers"]] == ["failed"] * len(LATE)
    messages = [entry["msg"] for entry in result["failed_items"]]
    for (options, parts), message in zip(LATE, messages):
        assert len(message.splitlines()) == 1
        for part in parts:
            assert part in message, (options, message)
    assert [look(item["name"]) for item in items] == [None] * len(items)
    # With what was wrong corrected, the same task works.
    appcontainer.ok(**common, containers=[{"name": items[0]["name"], "image": task["image"]}])
    appcontainer.ok(name=items[0]["name"], state="absent")


def test_in_use(appcontainer, container_volume, look, name, nothing_left, task, user) -> None:
    """A port and a volume that another container has."""
    network = user.network("back")["id"]
    user("network", "POST", "/ports", {"port": {"name": f"{name}-port", "network_id": network}})
    container_volume.ok(name=f"{name}-data", size=1)
    taken = {"nets": [{"port": f"{name}-port"}], "mounts": [{"destination": "/data", "volume": f"{name}-data"}]}
    first = appcontainer.ok(**{**task, **taken})["container"]["id"]
    for option, value in taken.items():
        for check in (True, False):
            second = {**task, "name": f"{name}-2", option: value}
            message = appcontainer.fails(check=check, **second)
            for part in (f"{name}-2", option, first, f"{name}-{'port' if option == 'nets' else 'data'}"):
                assert part in message
    assert look(f"{name}-2") is None
    appcontainer.ok(name=name, state="absent")
    assert appcontainer.ok(**{**task, **taken, "name": f"{name}-2"}).changed


def test_name_that_is_taken(appcontainer, look, name, nothing_left, raw, task) -> None:
    """Zun takes names for the same that differ in case alone; to a task they are two."""
    made = raw("-one", run=False)
    message = appcontainer.fails(**{**task, "name": f"{name}-ONE"})
    for part in ("name", f"{name}-ONE", "choose another name"):
        assert part in message
    assert look(f"{name}-one")["uuid"] == made


def test_quota(admin, appcontainer, name, project, task) -> None:
    admin("container", "PUT", f"/quotas/{project['id']}", {"memory": 48})
    own = {key: value for key, value in task.items() if key != "nets"}
    message = appcontainer.fails(**{**own, "memory": "64M"}, cloud=project["cloud"])
    for part in (name, "quota", "memory", "used up", "have the quota raised"):
        assert part in message
    assert admin.containers(all_projects="true", project_id=project["id"]) == []


@pytest.fixture
def nearly_full(admin, lab) -> Iterator[dict[str, str]]:
    """One compute node with room for 4 GiB only, as Placement, which counts it, is told."""
    compute = lab["computes"][0]
    (provider,) = admin("placement", "GET", "/resource_providers", name=compute["name"])["resource_providers"]
    path = f"/resource_providers/{provider['uuid']}"
    memory = admin("placement", "GET", f"{path}/inventories")["inventories"]["MEMORY_MB"]
    # Zun promises half as much again as there is; one consumer may have no more than there is.
    room = int((memory["total"] - memory["reserved"]) * memory["allocation_ratio"])
    room -= admin("placement", "GET", f"{path}/usages")["usages"]["MEMORY_MB"]
    with contextlib.ExitStack() as undo:
        while room > 4096:
            amount = min(room - 4096, memory["max_unit"])
            consumer = f"/allocations/{uuid.uuid4()}"
            body = {
                "allocations": {provider["uuid"]: {"resources": {"MEMORY_MB": amount}}},
                "project_id": admin.project_id,
                "user_id": "nearly-full",
                "consumer_generation": None,
            }
            admin("placement", "PUT", consumer, body, "1.28")
            undo.callback(admin, "placement", "DELETE", consumer)
            room -= amount
        yield compute


def test_no_capacity(appcontainer, look, name, nearly_full, nothing_left, task) -> None:
    """Scheduling fails at once, and its row goes."""
    message = appcontainer.fails(**task | {"availability_zone": nearly_full["availability_zone"], "memory": "7000M"})
    for part in ("could not be placed", "memory 7000M", "Ask for less"):
        assert part in message
    assert look(name) is None


# The service and the way to it -----------------------------------------


def test_wrong_password(appcontainer, proxied, task) -> None:
    settings = {**proxied.settings, "auth": {**proxied.settings["auth"], "password": "not-the-password"}}
    message = appcontainer.fails(**task, cloud=settings)
    assert "refused the login" in message
    assert "not-the-password" not in message
    assert len(message.splitlines()) == 1


def test_endpoint_down(appcontainer, look, name, proxied, task) -> None:
    for service in ("container", "network"):
        settings = {**proxied.settings, f"{service}_endpoint_override": "http://127.0.0.1:9/"}
        message = appcontainer.fails(**task, cloud=settings)
        assert "no connection" in message
        assert len(message.splitlines()) == 1
    assert look(name) is None


def test_service_missing_from_the_catalogue(appcontainer, proxied, task) -> None:
    settings = {key: value for key, value in proxied.settings.items() if not key.startswith("container")}
    message = appcontainer.fails(**task, cloud={**settings, "region_name": "no-such-region"})
    for part in ("catalogue", "Zun", "region_name"):
        assert part in message


def test_token_that_expires_in_the_middle(appcontainer, look, name, proxied, task) -> None:
    expired = Fault(401, {"WWW-Authenticate": "Keystone"}, json.dumps({"error": {"message": "expired"}}))
    proxied["container"].fault, struck = once("POST", "/containers", expired)
    assert appcontainer.ok(**task, state="present", cloud=proxied.settings).changed
    assert struck
    assert look(name)["status"] == "Created"
    tokens = [request for request in proxied.requests() if request.endswith("POST /v3/auth/tokens")]
    assert len(tokens) == 2


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_service(status, appcontainer, look, name, proxied, task) -> None:
    """It is given the time it asks for; after 503 nobody knows whether a creation was done, and it is looked up."""
    busy = Fault(status, {"Retry-After": "1"}, json.dumps({"message": "busy"}))
    plant, struck = once("GET", "/containers", busy, times=2)
    proxied["container"].fault = plant
    began = time.monotonic()
    assert appcontainer.ok(check=True, **task, cloud=proxied.settings).changed
    assert len(struck) == 2
    assert time.monotonic() - began >= 2
    proxied["container"].fault, struck = once("POST", "/containers", busy)
    result = appcontainer(**task, state="present", cloud=proxied.settings)
    assert struck
    assert result.failed == (status == 503)
    if result.failed:
        assert "busy" in result.msg
        assert look(name) is None
        proxied["container"].fault = None
        assert appcontainer.ok(**task, state="present", cloud=proxied.settings).changed


@pytest.mark.parametrize("fault", [Fault(504, passes=True), Fault(passes=True, hangs_up=True)], ids=["504", "hangs up"])
def test_a_lost_answer_makes_no_second_container(fault, appcontainer, name, nothing_left, proxied, task, user) -> None:
    proxied["container"].fault, struck = once("POST", "/containers", fault)
    made = appcontainer.ok(**task, cloud=proxied.settings)
    assert struck
    assert made["containers"][0]["action"] == "created"
    assert made["container"]["status"] == "Running"
    assert len(user.containers(name=name)) == 1
    assert not appcontainer.ok(**task).changed
