# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Typed calls to Zun (API 1.40, Zun 16 to 18).

Lookups by name are left to the caller: Zun's own are ambiguous, and for
administrators reach into every project (zun-api.md 0, fact 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .cloud import Cloud, Reply
from .errors import NotFoundError, ServiceError

#: Older ones lack options, and Zun takes some values for others without it (zun-api.md 1.3).
MICROVERSION = "1.40"

# As long as an action takes to be accepted, in the words of "could not ...".
_CONTAINERS = "/containers"


class Zun:
    """Containers as one user sees them.

    All methods raise ServiceError (NotFoundError, UnreachableError).
    """

    def __init__(self, cloud: Cloud) -> None:
        self._client = cloud.client("container", MICROVERSION)

    # Containers ---------------------------------------------------------

    def list_containers(self, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """List containers as Zun's database knows them, up to a minute old.

        :param filters: in Zun's words; `all_projects` for administrators.
        """
        return [row for page in self.container_pages(filters) for row in page]

    def container_pages(self, filters: Mapping[str, Any] | None = None) -> Iterator[list[dict[str, Any]]]:
        """Return the same page after page, as each is asked for: there may be very many."""
        return self._client.pages(
            _CONTAINERS, "containers", "list the containers", filters, marker_of=lambda row: str(row["uuid"])
        )

    def get_container(self, container_id: str) -> dict[str, Any] | None:
        """Return a container as its host knows it now; None when it is gone."""
        try:
            row: dict[str, Any] = self._client.get(f"{_CONTAINERS}/{container_id}", f"look at container {container_id}")
        except NotFoundError:
            return None
        return row

    def create_container(self, body: Mapping[str, Any], run: bool) -> tuple[dict[str, Any], str]:
        """Have a container created; return it as accepted, and the id of the request.

        :param run: start it as well.
        """
        reply = self._client.request(
            "POST", _CONTAINERS, f"create container {body['name']}", {"run": str(run).lower()}, body
        )
        return reply.body, reply.request_id

    def change_container(self, container_id: str, body: Mapping[str, Any]) -> None:
        """Change name, cpu, memory (MiB) or auto_heal at once."""
        self._client.request("PATCH", f"{_CONTAINERS}/{container_id}", f"change container {container_id}", body=body)

    def delete_container(self, container_id: str, stop: bool = False, force: bool = False) -> None:
        """Have a container deleted; not an error when it is gone.

        :param stop: ask it to end first; Zun gives it 10 seconds.
        :param force: in any state but Paused; for administrators.
        """
        flags = {"stop": stop, "force": force}
        params = {name: "true" for name, value in flags.items() if value}
        try:
            self._client.request("DELETE", f"{_CONTAINERS}/{container_id}", f"delete container {container_id}", params)
        except NotFoundError:
            return

    def act(self, verb: str, container_id: str, params: Mapping[str, Any] | None = None) -> str:
        """Have one of Zun's actions done (start, stop, reboot, pause, unpause, rebuild); return the request's id."""
        return self._post(container_id, verb, f"{verb} container {container_id}", params).request_id

    def attach_network(self, container_id: str, params: Mapping[str, Any]) -> str:
        """Have a network (with a fixed_ip) or a port attached; return the request's id."""
        doing = f"attach a network to container {container_id}"
        return self._post(container_id, "network_attach", doing, params).request_id

    def detach_network(self, container_id: str, params: Mapping[str, Any]) -> str:
        """Have a network or a port detached; return the request's id.

        The words are in the address: Zun's schema looks nowhere else (zun-api.md 1.1).
        """
        doing = f"detach a network from container {container_id}"
        return self._post(container_id, "network_detach", doing, params).request_id

    def execute(self, container_id: str, command: str) -> tuple[int, str]:
        """Run a command in a container and wait for its end; return its exit code and output.

        Zun waits no longer than the operator allows ([docker] execute_timeout, 5 seconds by default).
        """
        body = {"command": command, "run": True, "interactive": False}
        answer = self._client.request(
            "POST", f"{_CONTAINERS}/{container_id}/execute", f"run a command in container {container_id}", body=body
        ).body
        return int(answer["exit_code"]), str(answer.get("output") or "")

    def _post(self, container_id: str, path: str, doing: str, params: Mapping[str, Any] | None) -> Reply:
        return self._client.request("POST", f"{_CONTAINERS}/{container_id}/{path}", doing, params)

    # What a container can tell ------------------------------------------

    def container_actions(self, container_id: str) -> list[dict[str, Any]]:
        """Return the records of all actions, the newest first."""
        answer = self._client.get(f"{_CONTAINERS}/{container_id}/container_actions", "list the container's actions")
        actions: list[dict[str, Any]] = answer["containerActions"]
        return actions

    def container_action(self, container_id: str, request_id: str) -> dict[str, Any] | None:
        """Return the record of one action; None where there is none (yet)."""
        path = f"{_CONTAINERS}/{container_id}/container_actions/{request_id}"
        try:
            action: dict[str, Any] = self._client.get(path, "look at the container's action")
        except NotFoundError:
            return None
        return action

    def container_logs(self, container_id: str, lines: int) -> list[str]:
        """Return the last lines of a container's output."""
        text = self._client.get(
            f"{_CONTAINERS}/{container_id}/logs",
            "read the container's log",
            {"stdout": "true", "stderr": "true", "tail": lines},
        )
        return str(text or "").splitlines()

    def container_file(self, container_id: str, path: str) -> str:
        """Return a file of a container, as a tar archive in base64."""
        answer = self._client.get(
            f"{_CONTAINERS}/{container_id}/get_archive", f"read {path} of container {container_id}", {"path": path}
        )
        return str(answer["data"])

    def container_processes(self, container_id: str) -> dict[str, Any]:
        """Return what runs in a container, as ``ps`` shows it: Titles and Processes."""
        answer: dict[str, Any] = self._client.get(f"{_CONTAINERS}/{container_id}/top", "list the container's processes")
        return answer

    def container_stats(self, container_id: str) -> dict[str, Any]:
        """Return one reading of what a container uses."""
        answer: dict[str, Any] = self._client.get(f"{_CONTAINERS}/{container_id}/stats", "read the container's usage")
        return answer

    def container_networks(self, container_id: str) -> list[dict[str, Any]]:
        """Return the networks of a container with their ports and addresses."""
        answer = self._client.get(f"{_CONTAINERS}/{container_id}/network_list", "list the container's networks")
        networks: list[dict[str, Any]] = answer["networks"]
        return networks

    # What the cloud has --------------------------------------------------

    def availability_zones(self) -> set[str]:
        """Return the names of the availability zones."""
        listed = self._client.get("/availability_zones", "list the availability zones")["availability_zones"]
        return {zone["availability_zone"] for zone in listed}

    def registries(self) -> list[dict[str, Any]]:
        """Return the registry entries of the project."""
        return self._client.paged(
            "/registries", "registries", "list the registries", marker_of=lambda row: str(row["uuid"])
        )

    def services(self) -> list[dict[str, Any]] | None:
        """Return the compute services; None for who may not see them."""
        try:
            listed: list[dict[str, Any]] = self._client.get("/services", "list the compute services")["services"]
        except ServiceError as exc:
            if exc.status == 403:
                return None
            raise
        return listed

    def hosts(self) -> list[dict[str, Any]] | None:
        """Return the compute nodes; None for who may not see them."""
        try:
            return self._client.paged("/hosts", "hosts", "list the hosts", marker_of=lambda row: str(row["uuid"]))
        except ServiceError as exc:
            if exc.status == 403:
                return None
            raise
