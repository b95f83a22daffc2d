# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The network interfaces a container sees."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ..services.errors import ServiceError
from ..services.zun import Zun

_LOOK = "for i in /sys/class/net/*; do cat $i/address $i/mtu; done"


def mtu_by_mac(zun: Zun, container_id: str) -> dict[str, int]:
    """Return the MTU of each interface by its MAC address; nothing where the container has no shell to ask."""
    try:
        code, output = zun.execute(container_id, shlex.join(["sh", "-c", _LOOK]))
    except ServiceError:
        return {}
    words = output.split()
    if code != 0 or len(words) % 2:
        return {}
    return {mac.lower(): int(mtu) for mac, mtu in zip(words[::2], words[1::2]) if mtu.isdigit()}


def mtu_remarks(
    label: str, ports: Iterable[Mapping[str, Any]], interfaces: Mapping[str, int], mtus: Mapping[str, Any]
) -> list[str]:
    """Say which interfaces have another MTU than their networks: packets would be lost without a trace.

    :param ports: as Neutron describes them.
    :param interfaces: MTU by MAC address.
    :param mtus: MTU by network.
    """
    remarks = []
    for port in ports:
        own, wanted = interfaces.get(port["mac_address"].lower()), mtus.get(port["network_id"])
        if own and wanted and own != wanted:
            remarks.append(
                f"{label}: the container's interface for port {port.get('name') or port['id']} has MTU {own}, but its network "
                f"has {wanted}; large packets may be lost. Recreate the container, or correct the MTU of the network."
            )
    return remarks
