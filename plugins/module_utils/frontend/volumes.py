# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the modules of volumes offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..engine.options import Option
from ..kinds.cinder_info import CINDER_FILTERS, CinderVolumeReader
from ..kinds.cinder_volume import CinderVolumes
from ..kinds.docker_info import DockerVolumeReader
from ..kinds.docker_volume import DockerVolumes
from ..kinds.volume_options import VOLUME_OPTIONS
from ..services.cloud import Cloud
from ..services.docker import DockerEngine
from .connect import Connection, connect
from .info import ALL_PROJECTS, NAME, PARALLELISM, look
from .module import Module
from .run import Resource

VOLUMES = Resource(
    one="volume",
    many="volumes",
    table=VOLUME_OPTIONS,
    states=("present", "absent"),
    default_state="present",
    kinds={"zun": CinderVolumes, "docker": DockerVolumes},
    identity=(
        Option(
            "id",
            "str",
            (
                "ID of an existing volume, instead of O(name) to identify it; on Docker its name.",
                "Together with O(name), the volume is renamed, which Docker cannot do.",
            ),
        ),
    ),
    working=(
        Option(
            "force",
            "bool",
            (
                "With O(state=absent), delete a volume although containers use it.",
                (
                    "With O(backend=zun) the volume is detached in Cinder and deleted with its data. What uses it is left "
                    "alone, and gets errors from its disk. Snapshots are never deleted; a volume that has some is refused."
                ),
                (
                    "With O(backend=docker) these containers, running or not, are deleted with it, "
                    "as the engine has no other way."
                ),
            ),
            default=False,
        ),
    ),
)

VOLUME_INFO: tuple[Option, ...] = (
    NAME,
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
    ALL_PROJECTS,
)


def volume_info(
    make_module: Callable[..., AnsibleModule] = Module,
    connected: Callable[[AnsibleModule], Connection] = connect,
) -> None:
    """Do the whole work of the module container_volume_info."""

    def docker(engine: DockerEngine, params: dict[str, Any]) -> list[dict[str, Any]]:
        # A volume's id is its name.
        names = [*(params["name"] or ()), *(params["id"] or ())]
        return DockerVolumeReader(engine, PARALLELISM).find(names, params["filters"] or {})

    def zun(cloud: Cloud, params: dict[str, Any]) -> list[dict[str, Any]]:
        return CinderVolumeReader(cloud, PARALLELISM).find(
            params["name"] or (), params["id"] or (), params["filters"] or {}, params["all_projects"]
        )

    look("volumes", VOLUME_INFO, {"zun": zun, "docker": docker}, make_module, connected)
