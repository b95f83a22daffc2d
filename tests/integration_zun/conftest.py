# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests against a Zun cloud share: the lab, both its users, and modules run as Ansible runs them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keystoneauth1.adapter
import openstack
import pytest
from modules import Module, eventually
from proxy import EndpointProxy

# Whatever the tests make begins with this and the number of the process that made it, so that the next run can
# remove what a cut-off one left, and nothing of one that goes on at the same time.
PREFIX = "caas-zun-test"
MINE = f"{PREFIX}-p{os.getpid()}"


class User:
    """One user of the cloud, to look and act without going through the collection."""

    def __init__(self, cloud: str) -> None:
        self.cloud = cloud
        self.connection = openstack.connect(cloud=cloud)
        self.project_id = self.connection.current_project_id

    def endpoint(self, service: str) -> str:
        """Return a service's endpoint, Neutron's with its version."""
        url = self.connection.session.get_endpoint(service_type=service, interface="public").rstrip("/")
        return f"{url}/v2.0" if service == "network" and not url.endswith("/v2.0") else url

    def __call__(
        self, service: str, method: str, path: str, body: Any = None, microversion: str | None = None, **params: Any
    ) -> Any:
        """Send a request and return the parsed answer."""
        adapter = keystoneauth1.adapter.Adapter(
            self.connection.session, service_type=service, endpoint_override=self.endpoint(service)
        )
        response = adapter.request(path, method, json=body, params=params, microversion=microversion)
        return response.json() if response.content else None

    def ports(self, **filters: Any) -> list[dict[str, Any]]:
        return self("network", "GET", "/ports", **filters)["ports"]

    def volumes(self, **filters: Any) -> list[dict[str, Any]]:
        return self("block-storage", "GET", "/volumes/detail", **filters)["volumes"]

    def network(self, name: str) -> dict[str, Any]:
        return self("network", "GET", "/networks", name=name)["networks"][0]


@pytest.fixture(scope="session")
def lab() -> dict[str, Any]:
    """The description of the lab (see CONTRIBUTING.md)."""
    path = Path(os.environ.get("CAAS_ZUN_LAB", ".cache/lab/lab.json"))
    assert path.is_file(), f"there is no lab at {path}; raise it with make lab"
    description = json.loads(path.read_text())
    os.environ["OS_CLIENT_CONFIG_FILE"] = description["clouds"]
    return description


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


# Service, path of the list, key of the answer, path of one; in the order in which they can be deleted.
_KINDS = (
    ("network", "/ports", "ports", "/ports/{id}"),
    ("network", "/security-groups", "security_groups", "/security-groups/{id}"),
    ("network", "/qos/policies", "policies", "/qos/policies/{id}"),
    ("network", "/networks", "networks", "/networks/{id}"),
    ("block-storage", "/snapshots", "snapshots", "/snapshots/{id}"),
    ("block-storage", "/volumes/detail", "volumes", "/volumes/{id}"),
    ("block-storage", "/types", "volume_types", "/types/{id}"),
)


def _remove(
    user: User, admin: User, prefix: str, chosen: Callable[[str], bool] = lambda dummy: True, kinds: Any = _KINDS
) -> None:
    """Remove everything whose name begins with a prefix."""
    for service, path, key, one in kinds:
        owner = admin if service == "network" or key == "volume_types" else user

        def mine(owner: User = owner, service: str = service, path: str = path, key: str = key) -> list[dict[str, Any]]:
            try:
                listed = owner(service, "GET", path)[key]
            except keystoneauth1.exceptions.NotFound:
                # An extension the lab does not have.
                return []
            return [entry for entry in listed if (entry["name"] or "").startswith(prefix) and chosen(entry["name"])]

        found = mine()
        for entry in found:
            for attachment in entry.get("attachments") or ():
                with contextlib.suppress(keystoneauth1.exceptions.ClientException):
                    user(service, "DELETE", f"/attachments/{attachment['attachment_id']}", microversion="3.27")
            with contextlib.suppress(keystoneauth1.exceptions.ClientException):
                owner(service, "DELETE", one.format(**entry))
        if found and service == "block-storage":
            # What depends on them can be deleted only once they are gone.
            eventually(lambda mine=mine: not mine(), 60)


@pytest.fixture
def name(user: User, admin: User) -> Iterator[str]:
    """A name nobody uses; everything whose name begins with it is removed afterwards."""
    mine = f"{MINE}-{uuid.uuid4().hex[:8]}"
    yield mine
    _remove(user, admin, mine)


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


class ProxiedCloud:
    """The lab's cloud behind proxies: one in front of Keystone and one in front of each service."""

    def __init__(self, user: User) -> None:
        settings = user.connection.config.config
        self.proxies = {service: EndpointProxy(user.endpoint(service)) for service in ("network", "block-storage")}
        self.proxies["identity"] = EndpointProxy(settings["auth"]["auth_url"])
        self.settings = {
            "auth": {**settings["auth"], "auth_url": self.proxies["identity"].url},
            "region_name": settings["region_name"],
            "network_endpoint_override": self.proxies["network"].url,
            "block_storage_endpoint_override": self.proxies["block-storage"].url,
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
