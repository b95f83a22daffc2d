# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Modules that only look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..engine.errors import EngineError
from ..engine.options import Option
from ..engine.parallel import bounded_map
from ..engine.secrets import Masker
from ..kinds.cinder_info import CINDER_FILTERS, CinderVolumeReader
from ..kinds.docker_info import DockerContainerReader, DockerVolumeReader
from ..kinds.neutron_info import PORT_FILTERS, PortReader
from ..kinds.zun_info import CONTAINER_FILTERS as ZUN_FILTERS
from ..kinds.zun_info import ZunContainerReader
from ..services.cloud import Cloud
from ..services.docker import DockerEngine
from ..services.errors import ServiceError
from .connect import conceal_credentials, connect, of_backend
from .options import CONNECTION
from .run import fail_internal
from .spec import argument_spec

# Requests at once; reading does no harm, so that there is no option for it.
_PARALLELISM = 10

_NAME = Option(
    "name",
    "list",
    ("Names to look for; a name nobody has is left out of the result.",),
    elements="str",
)

_ALL_PROJECTS = Option(
    "all_projects",
    "bool",
    (
        "Look into all projects; without it, into the one of the login. For administrators.",
        "Ignored with O(backend=docker).",
    ),
    default=False,
)

CONTAINER_INFO: tuple[Option, ...] = (
    _NAME,
    Option("id", "list", ("IDs to look for, in full or their beginnings.",), elements="str"),
    Option(
        "filters",
        "dict",
        (
            "What containers must be like, in the backend's words; a list of values means any of them.",
            f"With O(backend=zun) C(label) and {', '.join(f'C({name})' for name in ZUN_FILTERS)}.",
            "With O(backend=docker) C(health), C(image), C(label), C(network), C(status) and C(volume).",
        ),
    ),
    Option(
        "gather",
        "list",
        (
            "What else to return; each costs a request or two per container.",
            "V(stats) takes about a second on Docker, as the engine reads twice.",
            "V(actions), the records of what was done with the container, is there with O(backend=zun) only.",
            (
                "V(networks) returns the MTU of each network, and on Zun that of the container's own interface, "
                "which is asked for by a command in the container."
            ),
        ),
        elements="str",
        choices=("stats", "processes", "logs", "actions", "networks"),
    ),
    Option("log_lines", "int", ("Most lines to return with O(gather=logs), counted from the end.",), default=100),
    _ALL_PROJECTS,
)

VOLUME_INFO: tuple[Option, ...] = (
    _NAME,
    Option(
        "id",
        "list",
        ("IDs to look for; an ID nobody has is left out of the result. On Docker the same as names.",),
        elements="str",
    ),
    Option(
        "filters",
        "dict",
        (
            "What volumes must be like, in the backend's words.",
            f"With O(backend=zun) {', '.join(f'C({name})' for name in CINDER_FILTERS)}.",
            "With O(backend=docker) C(dangling), C(driver) and C(label); a list of values means any of them.",
        ),
    ),
    _ALL_PROJECTS,
)

PORT_INFO: tuple[Option, ...] = (
    _NAME,
    Option("id", "list", ("IDs to look for; an ID nobody has is left out of the result.",), elements="str"),
    Option(
        "filters",
        "dict",
        (
            "What ports must be like; a list of values means any of them.",
            (
                f"One or more of {', '.join(f'C({name})' for name in PORT_FILTERS)}. "
                "Networks, subnets and security groups by name or ID."
            ),
        ),
    ),
    _ALL_PROJECTS,
)

Reader = Callable[[Any, dict[str, Any]], list[dict[str, Any]]]


def container_info() -> None:
    """Do the whole work of the module appcontainer_info."""

    def docker(engine: DockerEngine, params: dict[str, Any]) -> list[dict[str, Any]]:
        reader = DockerContainerReader(engine, _PARALLELISM)
        found = reader.find(params["name"] or (), params["id"] or (), params["filters"] or {})
        gather = params["gather"] or ()
        return bounded_map(lambda actual: reader.describe(actual, gather, params["log_lines"]), found, _PARALLELISM)

    def zun(cloud: Cloud, params: dict[str, Any]) -> list[dict[str, Any]]:
        reader = ZunContainerReader(cloud, _PARALLELISM)
        found = reader.find(params["name"] or (), params["id"] or (), params["filters"] or {}, params["all_projects"])
        gather = params["gather"] or ()
        return bounded_map(lambda actual: reader.describe(actual, gather, params["log_lines"]), found, _PARALLELISM)

    _run("containers", CONTAINER_INFO, {"zun": zun, "docker": docker})


def volume_info() -> None:
    """Do the whole work of the module container_volume_info."""

    def docker(engine: DockerEngine, params: dict[str, Any]) -> list[dict[str, Any]]:
        # A volume's id is its name.
        names = [*(params["name"] or ()), *(params["id"] or ())]
        return DockerVolumeReader(engine, _PARALLELISM).find(names, params["filters"] or {})

    def zun(cloud: Cloud, params: dict[str, Any]) -> list[dict[str, Any]]:
        return CinderVolumeReader(cloud, _PARALLELISM).find(
            params["name"] or (), params["id"] or (), params["filters"] or {}, params["all_projects"]
        )

    _run("volumes", VOLUME_INFO, {"zun": zun, "docker": docker})


def port_info() -> None:
    """Do the whole work of the module container_port_info."""

    def zun(cloud: Cloud, params: dict[str, Any]) -> list[dict[str, Any]]:
        return PortReader(cloud).find(
            params["name"] or (), params["id"] or (), params["filters"] or {}, params["all_projects"]
        )

    _run("ports", PORT_INFO, {"zun": zun})


def _run(many: str, options: tuple[Option, ...], readers: Mapping[str, Reader]) -> None:
    module = AnsibleModule(argument_spec=argument_spec((*CONNECTION, *options)), supports_check_mode=True)
    found: list[dict[str, Any]] = []
    masker = Masker()
    try:
        masker = Masker(conceal_credentials(module))
        read = of_backend(module, readers, many)
        found = read(connect(module), module.params)
    except (EngineError, ServiceError) as exc:
        module.fail_json(msg=masker.mask(str(exc)))
    except Exception as exc:
        fail_internal(module, exc, masker)
    module.exit_json(changed=False, **{many: masker.mask(found)})
