# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the modules of containers offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..engine.options import Option
from ..engine.parallel import bounded_map
from ..kinds.container_options import CONTAINER_OPTIONS
from ..kinds.docker_container import DockerContainers
from ..kinds.docker_info import DockerContainerReader
from ..kinds.zun_container import ZunContainers
from ..kinds.zun_info import CONTAINER_FILTERS as ZUN_FILTERS
from ..kinds.zun_info import ZunContainerReader
from ..services.cloud import Cloud
from ..services.docker import DockerEngine
from .connect import Connection, connect
from .info import ALL_PROJECTS, NAME, PARALLELISM, look
from .module import Module
from .run import Resource

CONTAINERS = Resource(
    one="container",
    many="containers",
    table=CONTAINER_OPTIONS,
    states=("present", "started", "healthy", "stopped", "paused", "restarted", "absent"),
    default_state="started",
    kinds={"zun": ZunContainers, "docker": DockerContainers},
    identity=(
        Option(
            "id",
            "str",
            (
                "ID of an existing container, instead of O(name) to identify it.",
                "Together with O(name), the container is renamed.",
            ),
        ),
    ),
    working=(
        Option(
            "recreate",
            "str",
            (
                "Whether a container may be replaced by a new one to change what cannot be changed in place.",
                "The old container is kept until the new one works, and is put back if it does not.",
            ),
            choices=("when_needed", "never", "always"),
            default="when_needed",
        ),
        Option(
            "force",
            "bool",
            ("With O(state=absent), kill the container at once instead of asking it to end.",),
            default=False,
        ),
    ),
)

CONTAINER_INFO: tuple[Option, ...] = (
    NAME,
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
    ALL_PROJECTS,
)


def container_info(
    make_module: Callable[..., AnsibleModule] = Module,
    connected: Callable[[AnsibleModule], Connection] = connect,
) -> None:
    """Do the whole work of the module appcontainer_info."""

    def docker(engine: DockerEngine, params: dict[str, Any]) -> list[dict[str, Any]]:
        reader = DockerContainerReader(engine, PARALLELISM)
        found = reader.find(params["name"] or (), params["id"] or (), params["filters"] or {})
        gather = params["gather"] or ()
        return bounded_map(lambda actual: reader.describe(actual, gather, params["log_lines"]), found, PARALLELISM)

    def zun(cloud: Cloud, params: dict[str, Any]) -> list[dict[str, Any]]:
        return ZunContainerReader(cloud, PARALLELISM).read(
            params["name"] or (),
            params["id"] or (),
            params["filters"] or {},
            params["all_projects"],
            params["gather"] or (),
            params["log_lines"],
        )

    look("containers", CONTAINER_INFO, {"zun": zun, "docker": docker}, make_module, connected)
