# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The resources the modules manage."""

from __future__ import annotations

from ..engine.options import Option
from ..kinds.cinder_volume import CinderVolumes
from ..kinds.container_options import CONTAINER_OPTIONS
from ..kinds.docker_container import DockerContainers
from ..kinds.docker_volume import DockerVolumes
from ..kinds.neutron_port import NeutronPorts
from ..kinds.port_options import PORT_OPTIONS
from ..kinds.volume_options import VOLUME_OPTIONS
from ..kinds.zun_container import ZunContainers
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
