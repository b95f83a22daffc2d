# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user of the lab's cloud, who looks and acts without going through the collection."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import keystoneauth1.adapter
import openstack


def described_lab() -> dict[str, Any]:
    """Return the description of the lab (see tests/lab/README.md), and have clients find its clouds."""
    path = Path(os.environ.get("CAAS_ZUN_LAB", ".cache/lab/lab.json"))
    assert path.is_file(), f"there is no lab at {path}; raise it with make lab, or make lab-ha for tests/ha"
    description: dict[str, Any] = json.loads(path.read_text())
    os.environ["OS_CLIENT_CONFIG_FILE"] = description["clouds"]
    return description


class User:
    """One user of the cloud: the one of an entry of clouds.yaml, or another one with these credentials."""

    def __init__(self, cloud: str, **credentials: str) -> None:
        self.cloud = cloud
        self.connection = openstack.connect(cloud=cloud, auth=credentials or None)
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
        if service == "container":
            microversion = microversion or "1.40"
        response = adapter.request(path, method, json=body, params=params, microversion=microversion)
        return response.json() if response.content else None

    def ports(self, **filters: Any) -> list[dict[str, Any]]:
        return self("network", "GET", "/ports", **filters)["ports"]

    def volumes(self, **filters: Any) -> list[dict[str, Any]]:
        return self("block-storage", "GET", "/volumes/detail", **filters)["volumes"]

    def network(self, name: str) -> dict[str, Any]:
        return self("network", "GET", "/networks", name=name)["networks"][0]

    def containers(self, **filters: Any) -> list[dict[str, Any]]:
        return self("container", "GET", "/containers", **filters)["containers"]

    def container(self, container_id: str) -> dict[str, Any] | None:
        """Return a container as its host knows it now, None where there is none."""
        try:
            return self("container", "GET", f"/containers/{container_id}")
        except keystoneauth1.exceptions.NotFound:
            return None

    def execute(self, container_id: str, command: str) -> tuple[int, str]:
        """Run a command in a container; return its exit code and output."""
        body = {"command": command, "run": True, "interactive": False}
        answer = self("container", "POST", f"/containers/{container_id}/execute", body)
        return answer["exit_code"], answer["output"]
