# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Reading ports without changing any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.errors import OptionError
from ..services.cloud import Cloud
from ..services.neutron import Neutron
from .neutron_port import NeutronPorts
from .service_errors import passed_on

#: Filters by our words, with Neutron's.
PORT_FILTERS = {
    "description": "description",
    "device_id": "device_id",
    "device_owner": "device_owner",
    "ip_address": "fixed_ips",
    "mac_address": "mac_address",
    "network": "network_id",
    "project_id": "project_id",
    "security_group": "security_groups",
    "status": "status",
    "subnet": "fixed_ips",
    "tags": "tags",
}
# Filters that name another object, with the word for it; and those that are written as "key=value".
_NAMING = {"network": "network", "security_group": "security group", "subnet": "subnet"}
_NESTED = {"ip_address": "ip_address", "subnet": "subnet_id"}


class PortReader:
    """Finds ports."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._neutron = Neutron(cloud)
        self._kind = NeutronPorts(cloud)

    def find(
        self, names: Sequence[str], ids: Sequence[str], filters: Mapping[str, Any], all_projects: bool
    ) -> list[dict[str, Any]]:
        """Return the ports with one of the names or ids (all, where none is given) that pass the filters."""
        with passed_on():
            query = self._query(filters)
            if not all_projects:
                query.setdefault("project_id", [self._cloud.project_id])
            doing = "list the ports"
            if names or ids:
                found = self._neutron.list_ports(doing, query, "name", names)
                found += self._neutron.list_ports(doing, query, "id", ids)
            else:
                found = self._neutron.all_ports(query)
            ports = {port["id"]: port for port in found}
            self._kind.learn(ports.values())
            actuals = [self._kind.actual(port) for port in ports.values()]
            return [self._kind.view(actual) for actual in sorted(actuals, key=lambda actual: (actual.name, actual.id))]

    def _query(self, filters: Mapping[str, Any]) -> dict[str, list[str]]:
        """Translate filters to Neutron's words; a value may be a text or a list of texts.

        :raises OptionError: a filter does not exist, or names what does not.
        """
        query: dict[str, list[str]] = {}
        for name, value in filters.items():
            if name not in PORT_FILTERS:
                raise OptionError(
                    "filters", name, "is not a filter for ports", f"use {', '.join(sorted(PORT_FILTERS))}"
                )
            values = [str(entry) for entry in (value if isinstance(value, list) else [value])]
            if name in _NAMING:
                noun = _NAMING[name]
                self._kind.directory.learn(noun, values)
                values = [str(self._kind.directory.resolve(noun, word, f"filters.{name}")) for word in values]
            if name in _NESTED:
                values = [f"{_NESTED[name]}={entry}" for entry in values]
            query.setdefault(PORT_FILTERS[name], []).extend(values)
        return query
