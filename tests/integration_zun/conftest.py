# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests against a Zun cloud share: the lab, both its users, and modules run as Ansible runs them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions
import pytest
from cloud import User, described_lab
from modules import Module, eventually
from proxy import EndpointProxy

# Whatever the tests make begins with this and the number of the process that made it, so that the next run can
# remove what a cut-off one left, and nothing of one that goes on at the same time.
PREFIX = "caas-zun-test"
MINE = f"{PREFIX}-p{os.getpid()}"


@pytest.fixture(scope="session")
def lab() -> dict[str, Any]:
    """The description of the lab (see CONTRIBUTING.md)."""
    return described_lab()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of tests that stop a part of the lab, and of those for which a change need not wait."""
    config.addinivalue_line("markers", "alone: runs while no other test does")
    config.addinivalue_line("markers", "long: left out by `make test`, as others show most of what it does")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those marked ``alone`` at the end: the others would have to wait for each of them."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


@pytest.fixture(autouse=True)
def turn(lab: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests run side by side, in several processes, but for those marked ``alone``."""
    is_alone = request.node.get_closest_marker("alone") is not None
    lock = Path(tempfile.gettempdir()) / f"{PREFIX}-{hashlib.sha256(lab['clouds'].encode()).hexdigest()[:16]}"
    with lock.with_suffix(".gate").open("w") as gate, lock.with_suffix(".room").open("w") as room:
        # Who waits for the room to be empty keeps the gate shut, or it would never be.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look longer at containers that are to end: a busy lab may need seconds to end a shell and to tell of it."""
    # By name: pytest reads this file before it knows where collections are.
    kind = "ansible_collections.caas.zun.plugins.module_utils.kinds.zun_container"
    monkeypatch.setattr(f"{kind}.SETTLE", 5.0)


@pytest.fixture(scope="session")
def user(lab: dict[str, Any]) -> User:
    """The ordinary user, as whom the modules run unless a test says otherwise."""
    return User(lab["cloud"])


@pytest.fixture(scope="session")
def admin(lab: dict[str, Any], user: User) -> Iterator[User]:
    """The administrator."""
    administrator = User(lab["admin_cloud"])
    _remove(user, administrator, PREFIX, _is_leftover)
    yield administrator
    _remove(user, administrator, PREFIX, _is_leftover)


def _is_leftover(name: str) -> bool:
    """Tell whether an object was made by a run that is over."""
    match = re.match(rf"{PREFIX}-p(\d+)", name)
    return bool(match) and not Path(f"/proc/{match.group(1)}").exists()


# Service, path of the list, key of the answer, path of one; in the order in which they can be deleted. Neutron needs
# longer to tell everything of what it lists.
_KINDS = (
    ("network", "/ports?fields=id&fields=name", "ports", "/ports/{id}"),
    ("network", "/security-groups?fields=id&fields=name", "security_groups", "/security-groups/{id}"),
    ("network", "/qos/policies?fields=id&fields=name", "policies", "/qos/policies/{id}"),
    ("network", "/networks?fields=id&fields=name", "networks", "/networks/{id}"),
    ("block-storage", "/snapshots", "snapshots", "/snapshots/{id}"),
    ("block-storage", "/volumes/detail", "volumes", "/volumes/{id}"),
    ("block-storage", "/types", "volume_types", "/types/{id}"),
)


def _remove(user: User, admin: User, prefix: str, chosen: Callable[[str], bool] = lambda dummy: True) -> None:
    """Remove everything whose name begins with a prefix."""
    _remove_containers(user, admin, prefix, chosen)
    for kind in _KINDS:
        left = _delete(user, admin, kind, prefix, chosen)
        if left and kind[0] == "block-storage":
            # What depends on them can be deleted only once they are gone. A volume that is being detached refuses.
            end = time.monotonic() + 180
            while left := _delete(user, admin, kind, prefix, chosen):
                seen = [(entry["name"], entry.get("status")) for entry in left]
                assert time.monotonic() < end, f"these {kind[2]} cannot be deleted: {seen}"
                time.sleep(0.5)


def _delete(
    user: User, admin: User, kind: tuple[str, ...], prefix: str, chosen: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """Delete all of a kind that are there, as far as they let us; return them."""
    service, path, key, one = kind
    owner = admin if service == "network" or key == "volume_types" else user
    try:
        listed = owner(service, "GET", path)[key]
    except keystoneauth1.exceptions.NotFound:
        # An extension the lab does not have.
        return []
    found = [entry for entry in listed if (entry["name"] or "").startswith(prefix) and chosen(entry["name"])]
    for entry in found:
        for attachment in entry.get("attachments") or ():
            with contextlib.suppress(keystoneauth1.exceptions.ClientException):
                user(service, "DELETE", f"/attachments/{attachment['attachment_id']}", microversion="3.27")
        with contextlib.suppress(keystoneauth1.exceptions.ClientException):
            owner(service, "DELETE", one.format(**entry))
    return found


def _remove_containers(user: User, admin: User, prefix: str, chosen: Callable[[str], bool]) -> None:
    """Remove the containers of both users, which have to go before their ports and volumes, and registry entries."""

    def mine() -> list[dict[str, Any]]:
        rows = admin.containers(all_projects="true")
        return [row for row in rows if row["name"].startswith(prefix) and chosen(row["name"])]

    def rid() -> bool:
        rows = mine()
        for row in rows:
            with contextlib.suppress(keystoneauth1.exceptions.ClientException):
                if row["status"] == "Paused":
                    # Not even an administrator can delete a paused container.
                    admin("container", "POST", f"/containers/{row['uuid']}/unpause")
                admin("container", "DELETE", f"/containers/{row['uuid']}", force="true")
        return not rows

    eventually(rid, 180, pause=0.5)
    for entry in user("container", "GET", "/registries")["registries"]:
        if (entry["name"] or "").startswith(prefix) and chosen(entry["name"]):
            user("container", "DELETE", f"/registries/{entry['uuid']}")


@pytest.fixture
def name(admin: User, request: pytest.FixtureRequest, user: User) -> Iterator[str]:
    """A name nobody uses; everything whose name begins with it is removed afterwards."""
    mine = f"{MINE}-{uuid.uuid4().hex[:8]}"
    watches = "nothing_left" in request.fixturenames
    before = _orphans(user, admin) if watches else set()
    yield mine
    _remove(user, admin, mine)
    if watches:
        # Others may use the cloud at the same time, so that what counts is what stays.
        eventually(lambda: _orphans(user, admin) <= before, 30, pause=0.5)


@pytest.fixture
def nothing_left(name: str) -> None:
    """Have ``name`` see to it that nothing stays of a container that is gone: no port, no security group, no volume."""


def _orphans(user: User, admin: User) -> set[str]:
    ports = [port for port in user.ports() if port["device_owner"].startswith("compute:") and not port["name"]]
    groups = [
        group
        for group in user("network", "GET", "/security-groups")["security_groups"]
        if group["name"].startswith("zun-")
    ]
    volumes = [volume for volume in user.volumes() if not volume["name"] and not volume["attachments"]]
    rows = {row["uuid"] for row in admin.containers(all_projects="true")}
    return {
        *(port["id"] for port in ports if port["device_id"] not in rows),
        *(group["id"] for group in groups if group["name"].removeprefix("zun-") not in rows),
        *(volume["id"] for volume in volumes),
    }


@pytest.fixture
def appcontainer(capsys: pytest.CaptureFixture[str], lab: dict[str, Any]) -> Module:
    return Module("appcontainer", capsys, cloud=lab["cloud"], backend="zun")


@pytest.fixture
def appcontainer_info(capsys: pytest.CaptureFixture[str], lab: dict[str, Any]) -> Module:
    return Module("appcontainer_info", capsys, cloud=lab["cloud"], backend="zun")


@pytest.fixture
def look(user: User) -> Callable[[str], dict[str, Any] | None]:
    """Return a function that returns the one container of a name as its host knows it, None where there is none."""

    def find(container_name: str) -> dict[str, Any] | None:
        found = user.containers(name=container_name)
        assert len(found) <= 1
        return user.container(found[0]["uuid"]) if found else None

    return find


@pytest.fixture
def task(lab: dict[str, Any], name: str) -> dict[str, Any]:
    """A container that works."""
    return {
        "name": name,
        "image": lab["images"][0],
        "command": ["sleep", "100000"],
        "memory": "32M",
        "nets": [{"network": "front"}],
    }


@pytest.fixture
def raw(lab: dict[str, Any], name: str, user: User) -> Callable[..., str]:
    """Make a container without the collection, and wait for it; return its id."""

    def make(suffix: str = "", run: bool = True, **body: Any) -> str:
        wanted = {
            "name": name + suffix,
            "image": lab["images"][0],
            "command": ["sleep", "100000"],
            "memory": 32,
            "nets": [{"network": lab["networks"][0]}],
            **body,
        }
        made = user("container", "POST", "/containers", wanted, run=str(run).lower())["uuid"]
        settled(user, made)
        return made

    return make


def settled(user: User, container_id: str) -> dict[str, Any]:
    """Wait until Zun is done with a container, and return it."""

    def done() -> dict[str, Any] | None:
        row = user.container(container_id)
        assert row, "the container is gone"
        return None if row["task_state"] or row["status"] in ("Creating", "Rebuilding", "Deleting") else row

    return eventually(done, 60, pause=0.3)


@pytest.fixture
def own_network(name: str, user: User) -> dict[str, Any]:
    """A network of the test's own, so that the addresses a test names are free; its subnet under ``subnet``.

    Neutron chooses addresses from the first half; the second is the test's.
    """
    network = user("network", "POST", "/networks", {"network": {"name": f"{name}-net"}})["network"]
    body = {
        "network_id": network["id"],
        "name": f"{name}-subnet",
        "ip_version": 4,
        # Set aside for tests of networks (RFC 2544); networks of different projects and names do not meet.
        "cidr": "198.18.77.0/24",
        "allocation_pools": [{"start": "198.18.77.10", "end": "198.18.77.120"}],
        "enable_dhcp": False,
    }
    return {**network, "subnet": user("network", "POST", "/subnets", {"subnet": body})["subnet"]}


@pytest.fixture
def container_port(capsys: pytest.CaptureFixture[str], lab: dict[str, Any]) -> Module:
    return Module("container_port", capsys, cloud=lab["cloud"])


@pytest.fixture
def container_port_info(capsys: pytest.CaptureFixture[str], lab: dict[str, Any]) -> Module:
    return Module("container_port_info", capsys, cloud=lab["cloud"])


@pytest.fixture
def container_volume(capsys: pytest.CaptureFixture[str], lab: dict[str, Any]) -> Module:
    return Module("container_volume", capsys, cloud=lab["cloud"])


@pytest.fixture
def container_volume_info(capsys: pytest.CaptureFixture[str], lab: dict[str, Any]) -> Module:
    return Module("container_volume_info", capsys, cloud=lab["cloud"])


@pytest.fixture
def project(admin: User, name: str, user: User) -> Iterator[dict[str, Any]]:
    """A cloud with a project of its own, whose quotas nobody else needs, and a network in it."""
    identity = admin.connection.identity
    domain = "default"
    made = identity.create_project(name=name, domain_id=domain)
    login = {"username": name, "password": uuid.uuid4().hex}
    member = identity.create_user(name=name, password=login["password"], domain_id=domain, default_project_id=made.id)
    identity.assign_project_role_to_user(made, member, identity.find_role("member"))
    auth = {**login, "project_name": name, "user_domain_id": domain, "project_domain_id": domain}
    settings = user.connection.config.config
    network = {"network": {"name": f"{name}-net", "project_id": made.id}}
    network_id = admin("network", "POST", "/networks", network)["network"]["id"]
    yield {
        "id": made.id,
        "network": network_id,
        "cloud": {
            "auth": {**auth, "auth_url": settings["auth"]["auth_url"]},
            "region_name": settings["region_name"],
        },
    }
    for port in admin.ports(project_id=made.id):
        admin("network", "DELETE", f"/ports/{port['id']}")
    admin("network", "DELETE", f"/networks/{network_id}")
    identity.delete_user(member)
    identity.delete_project(made)


_PROXIED = ("container", "network", "block-storage")


class ProxiedCloud:
    """The lab's cloud behind proxies: one in front of Keystone and one in front of each service."""

    def __init__(self, user: User) -> None:
        settings = user.connection.config.config
        self.proxies = {service: EndpointProxy(user.endpoint(service)) for service in _PROXIED}
        self.proxies["identity"] = EndpointProxy(settings["auth"]["auth_url"])
        self.settings = {
            "auth": {**settings["auth"], "auth_url": self.proxies["identity"].url},
            "region_name": settings["region_name"],
            **{f"{service.replace('-', '_')}_endpoint_override": self.proxies[service].url for service in _PROXIED},
        }

    def __getitem__(self, service: str) -> EndpointProxy:
        return self.proxies[service]

    def begin(self) -> None:
        """Forget what has passed."""
        for proxy in self.proxies.values():
            proxy.begin()

    def requests(self) -> list[str]:
        """Return all requests that passed, with the name of the service."""
        return [
            f"{service} {method} {path}" for service, proxy in self.proxies.items() for method, path in proxy.requests
        ]

    def close(self) -> None:
        """End the proxies."""
        for proxy in self.proxies.values():
            proxy.shutdown()
            proxy.server_close()


@pytest.fixture
def proxied(user: User) -> Iterator[ProxiedCloud]:
    """The cloud behind proxies; give its ``settings`` to a module as ``cloud``."""
    cloud = ProxiedCloud(user)
    yield cloud
    cloud.close()
