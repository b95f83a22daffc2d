# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Reading containers of Zun without changing any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..engine.errors import OptionError
from ..engine.kind import Actual
from ..engine.parallel import bounded_map
from ..engine.secrets import Masker, texts_in
from ..services.cloud import Cloud
from ..services.errors import ServiceError, UnreachableError
from ..services.neutron import Neutron
from ..services.zun import Zun
from .service_errors import if_there, passed_on
from .zun_container import RUNNING, ZunContainers
from .zun_interfaces import mtu_by_mac

#: Filters Zun itself applies; auto_remove, which it has too, ends in an error (zun-api.md 9.A6).
CONTAINER_FILTERS = ("host", "image", "project_id", "status", "task_state", "user_id")
#: Applied here, as Zun has no such filter.
LABEL_FILTER = "label"


class ZunContainerReader:
    """Finds containers and what is known of them."""

    def __init__(self, cloud: Cloud, parallelism: int) -> None:
        self._parallelism = parallelism
        self._zun = Zun(cloud)
        self._neutron = Neutron(cloud)
        self._kind = ZunContainers(cloud, parallelism)

    def read(
        self,
        names: Sequence[str],
        ids: Sequence[str],
        filters: Mapping[str, Any],
        all_projects: bool,
        gather: Sequence[str],
        log_lines: int,
    ) -> list[dict[str, Any]]:
        """Return the containers with one of the names or ids (all, where none is given) that pass the filters.

        Those that are named are asked for at their hosts, all others are as Zun's database knows them. Of what Zun says,
        no more than a page is held at a time.
        """
        query, rest = _divided(filters)
        if all_projects:
            query["all_projects"] = "true"
        if len(names) == 1 and not ids:
            query["name"] = names[0]
        found: list[dict[str, Any]] = []
        with passed_on():
            for page in self._zun.container_pages(query):
                rows = [row for row in page if _passes(row, rest) and _is_wanted(row, names, ids)]
                if names or ids:
                    fresh = bounded_map(self._fresh, rows, self._parallelism)
                    rows = [row for row in fresh if row is not None]
                actuals = self._kind.found_all(rows)
                found += bounded_map(
                    lambda actual: self.describe(actual, gather, log_lines), actuals, self._parallelism
                )
        return sorted(found, key=lambda entry: (entry["name"], entry["id"]))

    def _fresh(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Ask a container's host; where that does not answer, what was listed has to do."""
        try:
            return self._zun.get_container(row["uuid"])
        except UnreachableError:
            raise
        except ServiceError:
            return row

    def describe(self, actual: Actual, gather: Sequence[str], log_lines: int) -> dict[str, Any]:
        """Return a container with whatever else is to be gathered; None for what it cannot have in its state."""
        description = self._kind.view(actual)
        if actual.raw.get("host"):
            description["host"] = actual.raw["host"]
        secrets = Masker(texts_in(actual.values.get("secret_environment")))
        runs = actual.status == RUNNING
        parts: dict[str, Callable[[], Any]] = {
            "stats": lambda: _stats(self._zun.container_stats(actual.id)) if runs else None,
            "processes": lambda: self._processes(actual, secrets) if runs else None,
            "logs": lambda: secrets.mask(self._zun.container_logs(actual.id, log_lines)),
            "actions": lambda: [_action(record) for record in self._zun.container_actions(actual.id)],
            "networks": lambda: self._networks(actual),
        }
        for name, ask in parts.items():
            if name in gather:
                description[name] = if_there(ask)
        return description

    def _processes(self, actual: Actual, secrets: Masker) -> list[dict[str, str]]:
        answer = self._zun.container_processes(actual.id)
        titles = [title.lower() for title in answer["Titles"]]
        return [dict(zip(titles, secrets.mask(process))) for process in answer["Processes"] or []]

    def _networks(self, actual: Actual) -> list[dict[str, Any]]:
        ports = self._neutron.list_ports("list the ports of the container", {}, "device_id", [actual.id])
        interfaces = mtu_by_mac(self._zun, actual.id) if actual.status == RUNNING else {}
        return [
            {
                "network": self._kind.directory.reference("network", port["network_id"]).name,
                "network_id": port["network_id"],
                "port_id": port["id"],
                "mac_address": port["mac_address"],
                "fixed_ips": port["fixed_ips"],
                "security_groups": port.get("security_groups", []),
                "mtu": self._kind.directory.entry("network", port["network_id"]).get("mtu"),
                "interface_mtu": interfaces.get(port["mac_address"].lower()),
            }
            for port in ports
        ]


def _divided(filters: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return what is asked of Zun, and what has to be looked for in its answer: labels, and more than one value.

    :raises OptionError: a filter does not exist.
    """
    query: dict[str, Any] = {}
    rest: dict[str, list[str]] = {}
    for name, value in filters.items():
        if name not in (*CONTAINER_FILTERS, LABEL_FILTER):
            known = ", ".join(sorted((*CONTAINER_FILTERS, LABEL_FILTER)))
            raise OptionError("filters", name, "is not a filter of backend zun", f"use {known}")
        values = [str(entry) for entry in value] if isinstance(value, list) else [str(value)]
        if name == LABEL_FILTER or len(values) != 1:
            rest[name] = values
        else:
            query[name] = values[0]
    return query, rest


def _passes(row: Mapping[str, Any], filters: Mapping[str, list[str]]) -> bool:
    labels = row.get("labels") or {}
    for name, values in filters.items():
        if name == LABEL_FILTER:
            # As in Docker: a label that is there, or that has a value; all of them.
            wanted = [value.partition("=") for value in values]
            if not all(key in labels and (not equals or labels[key] == text) for key, equals, text in wanted):
                return False
        elif str(row.get(name)) not in values:
            return False
    return True


def _is_wanted(row: Mapping[str, Any], names: Sequence[str], ids: Sequence[str]) -> bool:
    if not names and not ids:
        return True
    return row["name"] in names or any(row["uuid"].startswith(wanted) for wanted in ids)


def _action(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: record.get(key) for key in ("action", "message", "request_id", "user_id", "start_time", "finish_time")}


def _stats(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return Zun's reading in the words used for every backend (zun/container/docker/driver.py, stats)."""
    read, written = str(reading["BLOCK I/O(B)"]).split("/")
    received, sent = str(reading["NET I/O(B)"]).split("/")
    return {
        "cpu_percent": round(reading["CPU %"], 2),
        "memory_used_mib": round(reading["MEM USAGE(MiB)"], 2),
        "memory_limit_mib": round(reading["MEM LIMIT(MiB)"], 2),
        "memory_percent": round(reading["MEM %"], 2),
        "network_received_bytes": int(received),
        "network_sent_bytes": int(sent),
        "block_read_bytes": int(read),
        "block_written_bytes": int(written),
    }
