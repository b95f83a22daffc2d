# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Every option of a Neutron port, declared once."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ..engine.options import CREATE_ONLY, IN_PLACE, SET, SUPERSET, Option, OptionsTable
from ..engine.options import Supported as On
from .references import shown

#: All that Neutron knows (neutron-lib, api/definitions/portbindings.py).
VNIC_TYPES = (
    "normal",
    "direct",
    "direct-physical",
    "macvtap",
    "baremetal",
    "virtio-forwarder",
    "smart-nic",
    "vdpa",
    "accelerator-direct",
    "accelerator-direct-physical",
    "remote-managed",
)

_LONGEST = 255
_MAC = re.compile(r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")


def _text(value: Any) -> str:
    text = str(value)
    if len(text) > _LONGEST:
        raise ValueError(f"has {len(text)} characters; use at most {_LONGEST}")
    return text


def _name(value: Any) -> str:
    text = _text(value)
    if not text.strip():
        raise ValueError("is empty; a port is found again by its name, so give it one")
    return text


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise ValueError("is not an IP address; write one such as 192.0.2.10 or 2001:db8::10") from None


def network_or_address(value: Any) -> str:
    """An address, or a network in CIDR notation; a network of a single address is that address."""
    try:
        network = ipaddress.ip_network(str(value))
    except ValueError:
        raise ValueError(
            "is neither an IP address nor a network; write 192.0.2.10 or 192.0.2.0/24, without host bits"
        ) from None
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _mac(value: Any) -> str:
    text = str(value).lower().replace("-", ":")
    if not _MAC.match(text):
        raise ValueError("is not a MAC address; write it as fa:16:3e:00:00:01, in quotes")
    return text


def _reference(value: Any) -> str:
    text = str(value)
    if not text:
        raise ValueError("is empty; give a name or an id")
    return text


def _references(value: list[Any]) -> list[str]:
    return sorted({_reference(entry) for entry in value})


def _tags(value: list[Any]) -> list[str]:
    tags = {str(tag) for tag in value}
    if "" in tags:
        raise ValueError("has an empty tag; leave it out")
    if max(map(len, tags), default=0) > _LONGEST:
        raise ValueError(f"has a tag of more than {_LONGEST} characters; shorten it")
    return sorted(tags)


def _fixed_ips(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for index, entry in enumerate(value):
        if not entry:
            raise ValueError(f"has nothing in entry {index}; give ip_address, subnet, or both")
    addresses = [entry["ip_address"] for entry in value if "ip_address" in entry]
    if len(addresses) != len(set(addresses)):
        raise ValueError("has an address twice; keep one of the entries")
    return value


def _on(change: str = IN_PLACE, unset: Any = None, note: str = "") -> dict[str, On]:
    return {"zun": On(change, unset=unset, note=note)}


PORT_OPTIONS = OptionsTable(
    (
        Option(
            "name",
            "str",
            (
                "Name of the port; it identifies the port within the project.",
                "Neutron allows several ports of one name; such a name is refused with the ids it could mean.",
            ),
            parse=_name,
            backends=_on(),
        ),
        Option(
            "network",
            "str",
            (
                "Name or ID of the network. Needed to create a port.",
                "Of several networks with the name, one of the own project is meant.",
            ),
            parse=_reference,
            render=shown,
            backends=_on(CREATE_ONLY),
        ),
        Option(
            "fixed_ips",
            "list",
            (
                (
                    "Addresses of the port. What an entry does not say is not compared: with O(fixed_ips[].subnet) alone, any "
                    "address of that subnet will do."
                ),
                "An empty list means no address. Without the option, Neutron chooses one of each IP version.",
            ),
            elements="dict",
            suboptions=(
                Option("ip_address", "str", ("The address.",), parse=_address),
                Option("subnet", "str", ("Name or ID of a subnet of the network.",), parse=_reference, render=shown),
            ),
            parse=_fixed_ips,
            compare=SET,
            backends=_on(note="Refused while something uses the port, as that would keep the old addresses."),
        ),
        Option(
            "security_groups",
            "list",
            (
                "Names or IDs of the security groups, all of them, in any order; an empty list means none.",
                "Without the option, Neutron gives a new port the group V(default).",
            ),
            elements="str",
            parse=_references,
            render=shown,
            compare=SET,
            backends=_on(),
        ),
        Option(
            "port_security_enabled",
            "bool",
            (
                "Whether security groups and the check of source addresses work on the port; the network has the default.",
                "V(false) takes the security groups and the O(allowed_address_pairs) away, as Neutron demands.",
            ),
            backends=_on(),
        ),
        Option(
            "allowed_address_pairs",
            "list",
            ("Further addresses that may be the source of packets; an empty list means none.",),
            elements="dict",
            suboptions=(
                Option(
                    "ip_address",
                    "str",
                    ("Address, or network in CIDR notation.",),
                    required=True,
                    parse=network_or_address,
                ),
                Option("mac_address", "str", ("MAC address; the port's own unless it is given.",), parse=_mac),
            ),
            compare=SET,
            backends=_on(unset=[]),
        ),
        Option(
            "extra_dhcp_opts",
            "list",
            ("DHCP options for the port, all of them; an empty list means none.",),
            elements="dict",
            suboptions=(
                Option("opt_name", "str", ("Name of the option, such as V(mtu) or V(ntp-server).",), required=True),
                Option("opt_value", "str", ("Value of the option.",), required=True),
                Option("ip_version", "int", ("4 or 6; 4 unless it is given.",)),
            ),
            parse=lambda options: [{"ip_version": 4, **option} for option in options],
            compare=SET,
            backends=_on(unset=[]),
        ),
        Option(
            "vnic_type",
            "str",
            ("How the port is plugged; V(direct) is an SR-IOV virtual function.",),
            choices=VNIC_TYPES,
            aliases=("binding_vnic_type",),
            backends=_on(unset="normal", note="Refused while something uses the port."),
        ),
        Option(
            "binding_profile",
            "dict",
            (
                (
                    "What the network driver is told about the port. Keys it has besides these are left alone, unless "
                    "O(comparisons) says V(strict)."
                ),
                "Only administrators may see or set it.",
            ),
            compare=SUPERSET,
            backends=_on(),
        ),
        Option(
            "host",
            "str",
            ("Host the port is bound to; an empty text unbinds it.", "Only administrators may see or set it."),
            backends=_on(),
        ),
        Option(
            "mac_address",
            "str",
            ("MAC address. By Neutron's default policy only administrators may change it later.",),
            parse=_mac,
            backends=_on(note="Refused while something uses the port."),
        ),
        Option("description", "str", ("Description.",), parse=_text, backends=_on(unset="")),
        Option(
            "dns_name",
            "str",
            ("Name in the DNS of the cloud. Needs Neutron's extension C(dns-integration).",),
            backends=_on(),
        ),
        Option(
            "dns_domain",
            "str",
            (
                (
                    "DNS domain of the port, with a dot at its end, instead of that of the network. "
                    "Needs Neutron's extension C(dns-domain-ports)."
                ),
            ),
            backends=_on(),
        ),
        Option(
            "qos_policy",
            "str",
            (
                "Name or ID of the QoS policy; an empty text takes it away.",
                "Needs Neutron's extension C(qos).",
            ),
            render=shown,
            backends=_on(),
        ),
        Option(
            "tags",
            "list",
            ("Tags, all of them; an empty list means none.",),
            elements="str",
            parse=_tags,
            compare=SET,
            backends=_on(unset=[]),
        ),
        Option(
            "admin_state_up",
            "bool",
            ("Whether the port carries traffic.",),
            aliases=("is_admin_state_up",),
            backends=_on(unset=True),
        ),
    )
)
