# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the modules of ports offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..engine.options import Option
from ..kinds.neutron_info import PORT_FILTERS, PortReader
from ..kinds.neutron_port import NeutronPorts
from ..kinds.port_options import PORT_OPTIONS
from ..services.cloud import Cloud
from .connect import Connection, connect
from .info import ALL_PROJECTS, NAME, look
from .module import Module
from .run import Resource

PORTS = Resource(
    one="port",
    many="ports",
    table=PORT_OPTIONS,
    states=("present", "absent"),
    default_state="present",
    kinds={"zun": NeutronPorts},
    identity=(
        Option(
            "id",
            "str",
            (
                "ID of an existing port, instead of O(name) to identify it.",
                "Together with O(name), the port is renamed.",
            ),
        ),
    ),
    working=(
        Option(
            "force",
            "bool",
            ("With O(state=absent), delete a port although something uses it; its network connection is cut.",),
            default=False,
        ),
    ),
)

PORT_INFO: tuple[Option, ...] = (
    NAME,
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
    ALL_PROJECTS,
)


def port_info(
    make_module: Callable[..., AnsibleModule] = Module,
    connected: Callable[[AnsibleModule], Connection] = connect,
) -> None:
    """Do the whole work of the module container_port_info."""

    def zun(cloud: Cloud, params: dict[str, Any]) -> list[dict[str, Any]]:
        return PortReader(cloud).find(
            params["name"] or (), params["id"] or (), params["filters"] or {}, params["all_projects"]
        )

    look("ports", PORT_INFO, {"zun": zun}, make_module, connected)
