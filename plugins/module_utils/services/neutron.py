# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Typed calls to Neutron (API 2.0)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from .cloud import Cloud
from .errors import NotFoundError

# Longest list of names or ids in one address; servers and proxies refuse addresses from 8 KiB on.
_LONGEST_QUERY = 6000

# Collections by the word for one of them: path, key of the answer, and the fields that are of use.
_COLLECTIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "network": ("/networks", "networks", ("id", "name", "project_id", "mtu")),
    "subnet": ("/subnets", "subnets", ("id", "name", "project_id", "network_id")),
    "security group": ("/security-groups", "security_groups", ("id", "name", "project_id")),
    "QoS policy": ("/qos/policies", "policies", ("id", "name", "project_id")),
}


class Neutron:
    """Ports and what they refer to, as one user sees them."""

    def __init__(self, cloud: Cloud) -> None:
        self._client = cloud.client("network")
        self._extensions: frozenset[str] | None = None

    def extensions(self) -> frozenset[str]:
        """Return the aliases of the extensions this Neutron has; asked once."""
        if self._extensions is None:
            listed = self._client.get("/extensions", "ask which extensions Neutron has", {"fields": "alias"})
            self._extensions = frozenset(entry["alias"] for entry in listed["extensions"])
        return self._extensions

    def list_ports(
        self, doing: str, filters: Mapping[str, Any], key: str, values: Sequence[str], fields: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """Return the ports that pass the filters and have one of the values in a field.

        :param doing: completes "could not ...".
        :param fields: those of each port that are of use; all where none are named.
        """
        found: list[dict[str, Any]] = []
        for part in _portions(key, values):
            query = {**filters, key: part, "fields": list(fields)}
            found.extend(self._client.paged("/ports", "ports", doing, query))
        return found

    def all_ports(self, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return every port that passes the filters."""
        return self._client.paged("/ports", "ports", "list the ports", filters)

    def get_port(self, port_id: str) -> dict[str, Any] | None:
        """Return a port; None where there is none."""
        try:
            port: dict[str, Any] = self._client.get(f"/ports/{port_id}", f"look at port {port_id}")["port"]
        except NotFoundError:
            return None
        return port

    def create_port(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create one port."""
        doing = f"create port {body['name']}"
        port: dict[str, Any] = self._client.request("POST", "/ports", doing, body={"port": body}).body["port"]
        return port

    def create_ports(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Create several ports, all of them or none; return them in the order given."""
        doing = f"create {len(bodies)} ports"
        ports: list[dict[str, Any]] = self._client.request("POST", "/ports", doing, body={"ports": bodies}).body[
            "ports"
        ]
        return ports

    def update_port(self, port_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change a port and return it."""
        doing = f"change port {port_id}"
        port: dict[str, Any] = self._client.request("PUT", f"/ports/{port_id}", doing, body={"port": body}).body["port"]
        return port

    def set_port_tags(self, port_id: str, tags: Sequence[str]) -> None:
        """Replace the tags of a port."""
        self._client.request("PUT", f"/ports/{port_id}/tags", f"tag port {port_id}", body={"tags": list(tags)})

    def delete_port(self, port_id: str) -> None:
        """Delete a port; not an error when it is gone."""
        try:
            self._client.request("DELETE", f"/ports/{port_id}", f"delete port {port_id}")
        except NotFoundError:
            return

    def subnets_of(self, network_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the subnets of networks."""
        found: list[dict[str, Any]] = []
        for part in _portions("network_id", network_ids):
            query = {"network_id": part, "fields": ["id", "network_id", "cidr", "ip_version"]}
            found.extend(self._client.paged("/subnets", "subnets", "list the subnets of the networks", query))
        return found

    def delete_security_group(self, group_id: str) -> None:
        """Delete a security group; not an error when it is gone."""
        try:
            self._client.request("DELETE", f"/security-groups/{group_id}", f"delete security group {group_id}")
        except NotFoundError:
            return

    def find(self, noun: str, key: str, values: Iterable[str]) -> list[dict[str, Any]]:
        """Return networks, subnets, security groups or QoS policies by their names or ids.

        :param noun: network, subnet, security group or QoS policy.
        :param key: name or id.
        """
        path, collection, fields = _COLLECTIONS[noun]
        found: list[dict[str, Any]] = []
        for part in _portions(key, sorted(values)):
            query = {key: part, "fields": list(fields)}
            found.extend(self._client.paged(path, collection, f"look for a {noun}", query))
        return found


def _portions(key: str, values: Sequence[str]) -> Iterator[list[str]]:
    """Divide values so that each part fits into an address."""
    part: list[str] = []
    length = 0
    for value in values:
        cost = len(key) + len(quote_plus(value)) + 2
        if part and length + cost > _LONGEST_QUERY:
            yield part
            part, length = [], 0
        part.append(value)
        length += cost
    if part:
        yield part
