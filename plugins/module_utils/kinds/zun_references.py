# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the options of a Zun container refer to: networks, ports, security groups, volumes, registries, zones."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from ..engine.kind import Actual, Desired
from ..engine.units import GIB
from ..services.cinder import Cinder
from ..services.cloud import Cloud
from ..services.errors import ServiceError
from ..services.neutron import Neutron
from ..services.zun import Zun
from . import zun_fields
from .container_rules import item_fault
from .references import Directory, Reference, chosen, directory_of, is_id
from .volume_options import BLANK_MARK

Found = Mapping[str, Any]
# What is asked of the ports of containers; Neutron would send thirty fields of each.
_OF_PORTS = (
    "id",
    "name",
    "project_id",
    "network_id",
    "mac_address",
    "device_id",
    "device_owner",
    "security_groups",
)


class References:
    """Everything is asked for once, and only where somebody names it."""

    def __init__(self, cloud: Cloud, zun: Zun, neutron: Neutron) -> None:
        self._cloud = cloud
        self._zun = zun
        self._neutron = neutron
        self._volumes: dict[str, Found] | None = None
        self._registries: dict[str, Found] | None = None
        self._ports: dict[str, Found] = {}
        self._ports_of: dict[str, list[Found]] = {}
        self._asked_ports: set[str] = set()
        self._zones: set[str] | None = None
        self._hosts: list[str] | None = None
        self._subnets: dict[str, list[Found]] = {}

    @property
    def directory(self) -> Directory:
        """Networks, subnets and security groups."""
        return directory_of(self._cloud)

    # Learning: as few requests as possible, for all items together ------

    def learn(self, said: Iterable[Mapping[str, Any]]) -> None:
        """Look up all that options name."""
        items = list(said)
        nets = [net for values in items for net in values.get("nets", ())]
        self.directory.learn("network", {net["network"] for net in nets if "network" in net})
        groups = {group for values in items for group in values.get("security_groups", ())}
        self.directory.learn("security group", groups)
        self._learn_ports({net["port"] for net in nets if "port" in net})
        if any("volume" in mount for values in items for mount in values.get("mounts", ())):
            self._all_volumes()
        if any("registry" in values for values in items):
            self._all_registries()

    def learn_networks_of(self, rows: Iterable[Found]) -> None:
        """Look up the networks containers are in."""
        self.directory.learn("network", ids={network for row in rows for network in row.get("addresses") or {}})

    def _learn_ports(self, words: Iterable[str]) -> None:
        new = set(words) - self._asked_ports
        ids = sorted(word for word in new if is_id(word))
        names = sorted(new - set(ids))
        own = {"project_id": self._cloud.project_id} if names else {}
        for port in (
            *self._neutron.list_ports("look for ports", {}, "id", ids, _OF_PORTS),
            *self._neutron.list_ports("look for ports", own, "name", names, _OF_PORTS),
        ):
            self._ports[port["id"]] = port
        self._asked_ports |= new

    def learn_ports_of(self, container_ids: Sequence[str], anew: bool = False) -> list[Found]:
        """Look up the ports of containers, all in one request.

        :param anew: even if they were looked up before.
        """
        new = [container_id for container_id in container_ids if anew or container_id not in self._ports_of]
        # Known only once there is an answer.
        found: dict[str, list[Found]] = {container_id: [] for container_id in new}
        doing = "list the ports of the containers"
        for port in self._neutron.list_ports(doing, {}, "device_id", sorted(new), _OF_PORTS):
            self._ports[port["id"]] = port
            found[port["device_id"]].append(port)
        self._ports_of.update(found)
        return [port for container_id in container_ids for port in self._ports_of[container_id]]

    def forget_ports_of(self, container_id: str) -> None:
        """Have the ports of a container looked up again when they are needed."""
        self._ports_of.pop(container_id, None)

    def _subnets_of(self, networks: Iterable[str]) -> dict[str, list[Found]]:
        new = sorted(set(networks) - self._subnets.keys())
        found: dict[str, list[Found]] = {network: [] for network in new}
        for subnet in self._neutron.subnets_of(new):
            found[subnet["network_id"]].append(subnet)
        self._subnets.update(found)
        return self._subnets

    def _all_volumes(self) -> dict[str, Found]:
        if self._volumes is None:
            self._volumes = {volume["id"]: volume for volume in Cinder(self._cloud).list_volumes()}
        return self._volumes

    def _all_registries(self) -> dict[str, Found]:
        if self._registries is None:
            self._registries = {entry["uuid"]: {**entry, "id": entry["uuid"]} for entry in self._zun.registries()}
        return self._registries

    # From words to ids ---------------------------------------------------

    def resolve(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return canonical values with ids for names; all names have to be learned before.

        :raises OptionError: a name means nothing, or more than one thing.
        """
        resolved = dict(values)
        if "nets" in values:
            resolved["nets"] = [self._resolved_net(net, index) for index, net in enumerate(values["nets"])]
        if "security_groups" in values:
            resolved["security_groups"] = [
                self.directory.resolve("security group", word, "security_groups") for word in values["security_groups"]
            ]
        if "mounts" in values:
            resolved["mounts"] = [
                {**mount, "volume": self._volume(mount["volume"], f"mounts[{index}].volume")}
                if "volume" in mount
                else mount
                for index, mount in enumerate(values["mounts"])
            ]
        if "registry" in values:
            entry = _one("registry", values["registry"], "registry", self._all_registries(), "")
            resolved["registry"] = Reference(entry["uuid"], entry.get("name"))
        return resolved

    def _resolved_net(self, net: Mapping[str, Any], index: int) -> dict[str, Any]:
        if "network" in net:
            where = f"nets[{index}].network"
            return {**net, "network": self.directory.resolve("network", net["network"], where)}
        port = _one("port", net["port"], f"nets[{index}].port", self._ports, self._cloud.project_id)
        return {**net, "port": Reference(port["id"], port["name"])}

    def _volume(self, word: str, where: str) -> Reference:
        volume = _one("volume", word, where, self._all_volumes(), "")
        return Reference(volume["id"], volume.get("name"))

    # From ids to words ---------------------------------------------------

    def network(self, network_id: str) -> Reference:
        """Return a network with its name."""
        return self.directory.reference("network", network_id)

    def registry(self, registry_id: str) -> Reference:
        """Return a registry entry, with its name where somebody named one."""
        return Reference(registry_id, (self._registries or {}).get(registry_id, {}).get("name"))

    def named_volumes(self, mounts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return mounts with the names of their volumes, where volumes were looked up."""
        known = self._volumes or {}
        return [
            {**mount, "volume": Reference(mount["volume"], known.get(mount["volume"], {}).get("name"))}
            if "volume" in mount
            else mount
            for mount in mounts
        ]

    def nets_of(self, row: Found) -> list[dict[str, Any]]:
        """Return the networks of a container as the option writes them."""
        nets = []
        for network_id, entries in (row.get("addresses") or {}).items():
            if not entries:
                continue
            if entries[0].get("preserve_on_delete"):
                # A port that somebody else made, and that stays when the container goes.
                port = entries[0]["port"]
                nets.append({"port": Reference(port, self._ports.get(port, {}).get("name"))})
                continue
            net: dict[str, Any] = {"network": self.network(network_id)}
            net.update({f"v{entry['version']}_fixed_ip": entry["addr"] for entry in entries})
            nets.append(net)
        return nets

    def security_groups_of(self, container_id: str, said: Sequence[str] | None) -> list[Reference] | None:
        """Return the security groups of a container's ports; None where its ports were not looked up.

        Where ports differ, those of one that is not as it is to be.
        """
        if container_id not in self._ports_of:
            return None
        groups = [sorted(port.get("security_groups", ())) for port in self._ports_of[container_id]]
        wanted = sorted(map(str, said)) if said is not None else None
        shown = next((ids for ids in groups if ids != wanted), groups[0] if groups else [])
        self.directory.learn("security group", ids=shown)
        return [self.directory.reference("security group", group) for group in shown]

    # Verifying -----------------------------------------------------------

    def is_multiattach(self, volume_id: str) -> bool:
        """Tell whether several containers can have a volume."""
        return bool(self._all_volumes().get(volume_id, {}).get("multiattach"))

    def verify(self, item: Desired, values: Mapping[str, Any], actual: Actual | None) -> None:
        """Refuse what Zun would refuse, or break on, later.

        :param values: those that would change, with ids for names.
        :raises ItemError: names option, value and remedy.
        """
        self._verify_nets(item, values.get("nets", ()), actual)
        self._verify_volumes(item, values.get("mounts", ()), actual)
        if "availability_zone" in values:
            if self._zones is None:
                self._zones = self._zun.availability_zones()
            if values["availability_zone"] not in self._zones:
                known = ", ".join(sorted(self._zones))
                raise item_fault(item, "availability_zone", "does not exist", f"name one of {known}")
        if "host" in values:
            if self._hosts is None:
                self._hosts = [host["hostname"] for host in self._zun.hosts() or ()]
            if self._hosts and values["host"] not in self._hosts:
                raise item_fault(item, "host", "is no compute node", f"name one of {', '.join(sorted(self._hosts))}")

    def _verify_nets(self, item: Desired, nets: Sequence[Mapping[str, Any]], actual: Actual | None) -> None:
        networks: set[str] = set()
        for net in nets:
            if "port" in net:
                port = self._ports[net["port"]]
                if port["device_id"] and (actual is None or port["device_id"] != actual.id):
                    raise item_fault(
                        item,
                        "nets",
                        f"names port {net['port'].name!r}, which is in use by {port['device_id']}",
                        "name a free port, or remove what uses it",
                    )
                network = port["network_id"]
            else:
                network = str(net["network"])
            if network in networks:
                raise item_fault(
                    item, "nets", f"names network {network} twice, which a container cannot have", "keep one of them"
                )
            networks.add(network)
        # Asked only for what is new.
        self._verify_subnets(item, [net for net in nets if "network" in net])

    def _verify_subnets(self, item: Desired, nets: Sequence[Mapping[str, Any]]) -> None:
        subnets = self._subnets_of(str(net["network"]) for net in nets)
        for net in nets:
            own = subnets[str(net["network"])]
            for version in (4, 6):
                count = sum(subnet["ip_version"] == version for subnet in own)
                if count > 1:
                    raise item_fault(
                        item,
                        "nets",
                        f"names network {net['network'].name!r}, which has {count} subnets of IPv{version}; Zun takes one",
                        "use a network with one subnet of each IP version",
                    )
            if not own:
                raise item_fault(
                    item, "nets", f"names network {net['network'].name!r}, which has no subnet", "add a subnet to it"
                )
            for key in ("v4_fixed_ip", "v6_fixed_ip"):
                inside = [subnet for subnet in own if key in net and _is_in(net[key], subnet["cidr"])]
                if key in net and not inside:
                    cidrs = ", ".join(subnet["cidr"] for subnet in own)
                    raise item_fault(
                        item,
                        "nets",
                        f"has the address {net[key]}, which is not in {cidrs} of network {net['network'].name!r}",
                        "give an address of the network",
                    )

    def _verify_volumes(self, item: Desired, mounts: Sequence[Mapping[str, Any]], actual: Actual | None) -> None:
        for mount in mounts:
            if "volume" not in mount:
                continue
            volume = self._all_volumes()[mount["volume"]]
            name = mount["volume"].name
            users = [entry["server_id"] for entry in volume.get("attachments", ())]
            is_ours = actual is not None and actual.id in users
            if volume["status"] != "available" and not is_ours and not (users and volume.get("multiattach")):
                by = f" by {', '.join(users)}" if users else ""
                raise item_fault(
                    item,
                    "mounts",
                    f"names volume {name!r}, whose status is {volume['status']}{by}",
                    "remove what uses it, or wait until it is available",
                )
            if not (item.values.get("allow_format") or is_ours or BLANK_MARK in (volume.get("metadata") or {})):
                raise item_fault(
                    item,
                    "mounts",
                    f"names volume {name!r}, which caas.zun.container_volume did not make empty; Zun formats what it "
                    "cannot mount as its own file system, and what is on the volume would be lost",
                    "set allow_format: true if it is empty, or was written by Zun",
                )

    # Cleaning up ---------------------------------------------------------

    def remove_left_behind(self, container_id: str, row: Found, keep: Container[str]) -> str:
        """Remove what Zun leaves behind when a creation fails (zun-api.md 9.C2); return what cannot be removed.

        :param keep: ports that were there before the container.
        """
        self.forget_ports_of(container_id)
        for port in self.learn_ports_of([container_id]):
            if port.get("device_owner", "").startswith("compute:") and not port.get("name") and port["id"] not in keep:
                # One that somebody made has a name, and is only to be let go of.
                self._neutron.delete_port(port["id"])
        group = f"zun-{container_id}"
        for entry in self._neutron.find("security group", "name", [group]):
            self._neutron.delete_security_group(entry["id"])
        return self._volumes_left(container_id, row)

    def _volumes_left(self, container_id: str, row: Found) -> str:
        created = str(row.get("created_at") or "")
        sizes = _own_volumes(row) if row else []
        if not sizes:
            return ""
        try:
            volumes = Cinder(self._cloud).list_volumes()
        except ServiceError as exc:
            return f"a volume ({exc})"
        # Zun names none of the volumes it makes, so nothing but time and size tells them from others.
        left = [
            volume["id"]
            for volume in volumes
            if not volume.get("name")
            and not volume.get("attachments")
            and volume["size"] in sizes
            and str(volume.get("created_at") or "")[:19] >= created[:19].replace(" ", "T")
        ]
        return f"the volume {' or '.join(left)}; delete it if nobody else made it" if left else ""


def _own_volumes(row: Found) -> list[int]:
    """Return the sizes in GiB of the volumes that belong to a container alone."""
    mounts = zun_fields.read(row, {}).get("mounts")
    return [mount["size"] // GIB for mount in mounts if "size" in mount] if isinstance(mounts, list) else []


def _one(noun: str, word: str, option: str, known: Mapping[str, Found], project_id: str) -> Found:
    """Return the one object a word means."""
    matching = [known[word]] if word in known else [entry for entry in known.values() if entry.get("name") == word]
    return chosen(noun, word, option, matching, project_id)


def _is_in(address: str, cidr: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False)
