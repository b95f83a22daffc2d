# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Reading containers and volumes of a Docker Engine without changing any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..engine.errors import OptionError
from ..engine.kind import Actual
from ..engine.parallel import bounded_map
from ..engine.secrets import Masker, texts_in
from ..engine.units import MIB
from ..services.docker import DockerEngine
from .docker_container import DockerContainers
from .docker_fields import networks_in_order
from .docker_volume import DockerVolumes
from .service_errors import if_there, passed_on

#: Filters by our words, with the engine's.
CONTAINER_FILTERS = {
    "health": "health",
    "image": "ancestor",
    "label": "label",
    "network": "network",
    "status": "status",
    "volume": "volume",
}
VOLUME_FILTERS = {"dangling": "dangling", "driver": "driver", "label": "label"}


def engine_filters(filters: Mapping[str, Any] | None, known: Mapping[str, str]) -> dict[str, list[str]]:
    """Translate filters to the engine's words; a value may be a text or a list of texts.

    :raises OptionError: a filter does not exist.
    """
    result = {}
    for key, value in (filters or {}).items():
        if key not in known:
            raise OptionError("filters", key, "is not a filter of backend docker", f"use {', '.join(sorted(known))}")
        values = value if isinstance(value, list) else [value]
        result[known[key]] = [str(entry).lower() if isinstance(entry, bool) else str(entry) for entry in values]
    return result


class DockerContainerReader:
    """Finds containers and what is known of them."""

    def __init__(self, engine: DockerEngine, parallelism: int) -> None:
        self._engine = engine
        self._parallelism = parallelism
        self._kind = DockerContainers(engine, parallelism)

    def find(self, names: Sequence[str], ids: Sequence[str], filters: Mapping[str, Any]) -> list[Actual]:
        """Return the containers with one of the names or ids (all, where none is given) that pass the filters."""
        with passed_on():
            listed = self._engine.list_containers(engine_filters(filters, CONTAINER_FILTERS))
        wanted = [summary["Id"] for summary in listed if _is_wanted(summary, names, ids)]
        found = bounded_map(self._kind.inspect, wanted, self._parallelism)
        return sorted((actual for actual in found if actual), key=lambda actual: actual.name)

    def describe(self, actual: Actual, gather: Sequence[str], log_lines: int) -> dict[str, Any]:
        """Return a container with whatever else is to be gathered; None for what it cannot have in its state.

        :raises OptionError: Docker has no such thing.
        """
        if "actions" in gather:
            raise OptionError("gather", "actions", "is not kept by Docker", "leave it out with backend docker")
        description = self._kind.view(actual)
        secrets = Masker(texts_in(actual.values.get("secret_environment")))
        is_up = actual.status in ("running", "paused")
        parts: dict[str, Callable[[], Any]] = {
            "stats": lambda: _stats(self._engine.container_stats(actual.id)) if is_up else None,
            "processes": lambda: self._processes(actual, secrets) if is_up else None,
            "logs": lambda: secrets.mask(self._engine.container_logs(actual.id, log_lines)),
        }
        for name, ask in parts.items():
            if name in gather:
                description[name] = if_there(ask)
        if "networks" in gather:
            description["networks"] = _networks(actual)
        return description

    def _processes(self, actual: Actual, secrets: Masker) -> list[dict[str, str]]:
        answer = self._engine.container_processes(actual.id)
        titles = [title.lower() for title in answer["Titles"]]
        return [dict(zip(titles, secrets.mask(process))) for process in answer["Processes"] or []]


def _is_wanted(summary: Mapping[str, Any], names: Sequence[str], ids: Sequence[str]) -> bool:
    if not names and not ids:
        return True
    own = {name.lstrip("/") for name in summary["Names"]}
    return bool(own & set(names)) or any(summary["Id"].startswith(wanted) for wanted in ids)


def _stats(reading: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return one reading of the engine in common units, computed as the docker program does (cli, stats_helpers.go).

    None where the engine has no figures, as it says by the year 1 (the host's cgroups do not count, say).
    """
    if reading["read"].startswith("0001-"):
        return None
    cpu, before = reading["cpu_stats"], reading.get("precpu_stats") or {}
    used = cpu["cpu_usage"]["total_usage"] - before.get("cpu_usage", {}).get("total_usage", 0)
    system = cpu.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    memory = reading.get("memory_stats") or {}
    details = memory.get("stats") or {}
    # File cache that can be dropped does not count as used: cgroup v1 and v2 name it differently.
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    usage = max(memory.get("usage", 0) - cache, 0)
    limit = memory.get("limit", 0)
    networks = (reading.get("networks") or {}).values()
    blocks = (reading.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []
    return {
        "cpu_percent": round(100 * used / system * (cpu.get("online_cpus") or 1), 2) if system > 0 else 0.0,
        "memory_used_mib": round(usage / MIB, 2),
        "memory_limit_mib": round(limit / MIB, 2),
        "memory_percent": round(100 * usage / limit, 2) if limit else 0.0,
        "network_received_bytes": sum(network["rx_bytes"] for network in networks),
        "network_sent_bytes": sum(network["tx_bytes"] for network in networks),
        "block_read_bytes": sum(block["value"] for block in blocks if block["op"].lower() == "read"),
        "block_written_bytes": sum(block["value"] for block in blocks if block["op"].lower() == "write"),
        "processes": (reading.get("pids_stats") or {}).get("current", 0),
    }


def _networks(actual: Actual) -> list[dict[str, Any]]:
    return [
        {
            "network": name,
            "network_id": endpoint.get("NetworkID"),
            "mac_address": endpoint.get("MacAddress"),
            "addr": endpoint.get("IPAddress"),
            "prefix_length": endpoint.get("IPPrefixLen"),
            "gateway": endpoint.get("Gateway"),
            "v6_addr": endpoint.get("GlobalIPv6Address"),
            "aliases": endpoint.get("Aliases") or [],
        }
        for name, endpoint in networks_in_order(actual.raw.container)
    ]


class DockerVolumeReader:
    """Finds volumes."""

    def __init__(self, engine: DockerEngine, parallelism: int) -> None:
        self._engine = engine
        self._kind = DockerVolumes(engine, parallelism)

    def find(self, names: Sequence[str], filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the volumes with one of the names (all, where none is given) that pass the filters."""
        with passed_on():
            listed = self._engine.list_volumes(engine_filters(filters, VOLUME_FILTERS))
        wanted = [volume for volume in listed if not names or volume["Name"] in names]
        return [
            self._kind.view(self._kind.actual(volume)) for volume in sorted(wanted, key=lambda volume: volume["Name"])
        ]
