# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Ports of Neutron."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..engine.compare import Difference, compare
from ..engine.errors import ItemError, OptionError
from ..engine.kind import ABSENT, READY, Actual, Created, Desired, Judgement, Kind, Observed
from ..engine.options import sort_key
from ..engine.parallel import bounded_map
from ..services.cloud import Cloud
from ..services.errors import ServiceError
from ..services.neutron import Neutron
from ..services.zun import Zun
from .cloud_errors import Refusal, exceeded_quota, explain, is_answer_lost, worded
from .port_options import PORT_OPTIONS, network_or_address
from .references import Directory, ambiguous, directory_of
from .service_errors import passed_on
from .zun_interfaces import mtu_by_mac, mtu_remarks

# Ports of one bulk request: Neutron refuses bodies from 112 KiB on.
_BULK = 100

# Options by the field of a port that holds the same value.
_PLAIN = {
    "name": "name",
    "port_security_enabled": "port_security_enabled",
    "vnic_type": "binding:vnic_type",
    "binding_profile": "binding:profile",
    "host": "binding:host_id",
    "mac_address": "mac_address",
    "description": "description",
    "dns_name": "dns_name",
    "dns_domain": "dns_domain",
    "admin_state_up": "admin_state_up",
}

#: What kuryr writes into a port that a container of Zun has.
OWNER_OF_CONTAINERS = "compute:kuryr"

# Extensions that are not part of every Neutron.
_EXTENSION = {"dns_name": "dns-integration", "dns_domain": "dns-domain-ports", "qos_policy": "qos"}
_TAGS_AT_ONCE = "tag-ports-during-bulk-creation"

# What a container that has the port would not take over.
_FIXED_WHILE_USED = ("fixed_ips", "mac_address", "vnic_type")

_ONLY_ADMIN = "leave the option out, or run the task as an administrator"
_REFUSALS = (
    *(
        Refusal(rf"disallowed by policy(?s:.*){field}|{field}(?s:.*)disallowed by policy", option, _ONLY_ADMIN)
        for option, field in {**_PLAIN, "fixed_ips": "fixed_ips"}.items()
        if option != "name"
    ),
    Refusal(
        r"already allocated|ip address .* in use|IpAddressInUse", "fixed_ips", "choose a free address, or leave it out"
    ),
    Refusal(
        r"not a valid IP|fixed_ip|any of the subnets|not valid for the specified|InvalidIp|requires an IPv",
        "fixed_ips",
        "give addresses of the network's own subnets",
    ),
    Refusal(r"no more IP addresses", "network", "delete ports that are not needed, or use another network or subnet"),
    Refusal(r"mac address .* in use|MacAddressInUse", "mac_address", "choose a free one, or leave it out"),
    Refusal(r"address pair", "allowed_address_pairs", "leave out what Neutron does not take"),
    Refusal(r"security group", "security_groups", "check the security groups"),
    Refusal(r"dns_domain", "dns_domain", "give a valid domain with a dot at its end"),
    Refusal(r"dns_name|dns", "dns_name", "give a valid host name"),
    Refusal(r"extra_dhcp|dhcp", "extra_dhcp_opts", "check names and values of the options"),
    Refusal(r"tag", "tags", "check the tags"),
    Refusal(r"binding:host_id|host", "host", "name a host that runs a Neutron agent"),
)


class NeutronPorts(Kind):
    """Ports of one cloud, by name within the user's project."""

    noun = "port"
    table = PORT_OPTIONS
    backend = "zun"

    def __init__(self, cloud: Cloud, parallelism: int = 10) -> None:
        self._cloud = cloud
        self._neutron = Neutron(cloud)
        self._parallelism = parallelism
        # What the items say, with ids for names; by the identity of the item, which lives as long as the run.
        self._resolved: dict[int, dict[str, Any]] = {}
        # Ports as the last request that changed them returned them.
        self._latest: dict[str, dict[str, Any]] = {}

    @classmethod
    def validate(cls, values: Mapping[str, Any], state: str) -> None:
        """Refuse what contradicts the lack of port security."""
        if state != ABSENT and values.get("port_security_enabled") is False:
            for name in ("security_groups", "allowed_address_pairs"):
                if values.get(name):
                    raise OptionError(
                        name,
                        values[name],
                        "has no meaning with port_security_enabled: false",
                        "leave one of the two out",
                    )

    # Observing ---------------------------------------------------------

    @property
    def directory(self) -> Directory:
        """What ports refer to, as this user sees it."""
        return directory_of(self._cloud)

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        """List the ports of all items, then look up all they refer to."""
        with passed_on():
            found = self._matches(items)
            lasting = [item for item in items if item.state != ABSENT]
            self.learn([port for ports in found for port in ports], [item.values for item in lasting])
            return [self._observed(item, ports) for item, ports in zip(items, found)]

    def _matches(self, items: Sequence[Desired]) -> list[list[dict[str, Any]]]:
        """Return the ports each item can mean."""
        doing = f"list the {'port ' + items[0].label if len(items) == 1 else 'ports'}"
        ids = [item.id for item in items if item.id]
        names = [item.name for item in items if item.name and not item.id]
        by_id: dict[str, list[dict[str, Any]]] = {}
        by_name: dict[str, list[dict[str, Any]]] = {}
        for port in self._neutron.list_ports(doing, {}, "id", ids):
            by_id.setdefault(port["id"], []).append(port)
        # Administrators see the ports of all projects.
        own = {"project_id": self._cloud.project_id} if names else {}
        for port in self._neutron.list_ports(doing, own, "name", names):
            by_name.setdefault(port["name"], []).append(port)
        return [by_id.get(item.id, []) if item.id else by_name.get(item.name or "", []) for item in items]

    def learn(self, ports: Iterable[Mapping[str, Any]], said: Iterable[Mapping[str, Any]] = ()) -> None:
        """Look up all that ports refer to, and all that options name."""
        words: dict[str, set[str]] = {"network": set(), "subnet": set(), "security group": set(), "QoS policy": set()}
        ids: dict[str, set[str]] = {noun: set() for noun in words}
        for values in said:
            words["network"].update(filter(None, [values.get("network")]))
            words["subnet"].update(entry["subnet"] for entry in values.get("fixed_ips", ()) if "subnet" in entry)
            words["security group"].update(values.get("security_groups", ()))
            words["QoS policy"].update(filter(None, [values.get("qos_policy")]))
        for port in ports:
            ids["network"].add(port["network_id"])
            ids["subnet"].update(entry["subnet_id"] for entry in port["fixed_ips"])
            ids["security group"].update(port.get("security_groups", ()))
            ids["QoS policy"].update(filter(None, [port.get("qos_policy_id")]))
        if words["QoS policy"] and _EXTENSION["qos_policy"] not in self._neutron.extensions():
            # Its collection is not even there; verify says so for each item.
            words["QoS policy"] = set()
        for noun, named in words.items():
            self.directory.learn(noun, named, ids[noun])

    def _observed(self, item: Desired, ports: Sequence[dict[str, Any]]) -> Observed:
        if len(ports) > 1:
            return ambiguous(item, "ports", (port["id"] for port in ports))
        actual = self.actual(ports[0]) if ports else None
        if item.state != ABSENT:
            try:
                self._resolved[id(item)] = self._resolve(item, actual)
            except OptionError as exc:
                return ItemError(f"{item.label}: {exc}")
        return actual

    def _resolve(self, item: Desired, actual: Actual | None) -> dict[str, Any]:
        """Return what an item says with ids for names.

        :raises OptionError: a name means nothing, or more than one thing.
        """
        values = dict(item.values)
        directory = self.directory
        if "network" in values:
            values["network"] = directory.resolve("network", values["network"], "network")
        network = values.get("network") or (actual.values["network"] if actual else None)
        if "fixed_ips" in values:
            values["fixed_ips"] = [
                {
                    **entry,
                    "subnet": directory.resolve(
                        "subnet",
                        entry["subnet"],
                        f"fixed_ips[{index}].subnet",
                        lambda subnet: network is None or subnet["network_id"] == network,
                    ),
                }
                if "subnet" in entry
                else entry
                for index, entry in enumerate(values["fixed_ips"])
            ]
        if "security_groups" in values:
            values["security_groups"] = [
                directory.resolve("security group", word, "security_groups") for word in values["security_groups"]
            ]
        if values.get("qos_policy") and self._has_extension("qos_policy"):
            values["qos_policy"] = directory.resolve("QoS policy", values["qos_policy"], "qos_policy")
        return values

    def _has_extension(self, option: str) -> bool:
        return _EXTENSION[option] in self._neutron.extensions()

    def actual(self, port: Mapping[str, Any]) -> Actual:
        """Return a port in the words of the options; what it refers to has to be learned before."""
        reference = self.directory.reference
        values = {option: port[field] for option, field in _PLAIN.items() if port.get(field) is not None}
        values.update(
            network=reference("network", port["network_id"]),
            fixed_ips=[
                {"subnet": reference("subnet", entry["subnet_id"]), "ip_address": entry["ip_address"]}
                for entry in port["fixed_ips"]
            ],
            security_groups=[reference("security group", group) for group in port.get("security_groups", ())],
            allowed_address_pairs=[
                {"ip_address": network_or_address(pair["ip_address"]), "mac_address": pair["mac_address"]}
                for pair in port.get("allowed_address_pairs", ())
            ],
            extra_dhcp_opts=[
                {key: option[key] for key in ("opt_name", "opt_value", "ip_version")}
                for option in port.get("extra_dhcp_opts", ())
            ],
            tags=sorted(port.get("tags", ())),
        )
        policy = port.get("qos_policy_id")
        values["qos_policy"] = reference("QoS policy", policy) if policy else ""
        for option in ("dns_name", "dns_domain"):
            values.setdefault(option, "")
        return Actual(id=port["id"], name=port["name"], values=values, status=port["status"], raw=port)

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        """Return the port as the request that changed it returned it, else as it is now."""
        with worded(item.label, {}):
            port = self._latest.pop(actual.id, None) or self._neutron.get_port(actual.id)
            if port is None:
                return None
            self.learn([port])
            return self.actual(port)

    def view(self, actual: Actual) -> dict[str, Any]:
        """Return the port with what else is of use to who plugs it."""
        view = super().view(actual)
        if actual.raw is not None:
            port = actual.raw
            view["network_id"] = port["network_id"]
            view["mtu"] = self.directory.entry("network", port["network_id"]).get("mtu")
            view["device_id"] = port["device_id"]
            view["device_owner"] = port["device_owner"]
            view["project_id"] = port["project_id"]
        return view

    # Deciding ----------------------------------------------------------

    def differences(
        self, item: Desired, actual: Actual, comparisons: Mapping[str, str]
    ) -> tuple[list[Difference], list[str]]:
        """Compare with ids for names, and with what the user left open filled in from the port."""
        desired = dict(self._resolved[id(item)])
        if "fixed_ips" in desired:
            desired["fixed_ips"] = completed(desired["fixed_ips"], actual.values["fixed_ips"])
        mac = desired.get("mac_address", actual.values["mac_address"])
        if "allowed_address_pairs" in desired:
            desired["allowed_address_pairs"] = [
                {"mac_address": mac, **pair} for pair in desired["allowed_address_pairs"]
            ]
        if desired.get("port_security_enabled") is False:
            # Neutron refuses to switch it off as long as there are any.
            desired.update(security_groups=[], allowed_address_pairs=[])
        return compare(self.table.of_backend(self.backend), desired, actual.values, comparisons, self.change_of)

    def verify(self, item: Desired, actual: Actual | None, differences: Sequence[Difference]) -> None:
        """Refuse what Neutron would refuse or ignore, or what would part a container from its port."""
        new = {diff.name: diff.after for diff in differences} if actual else dict(item.values)
        if actual is None and "network" not in new:
            raise ItemError(f"{item.label}: network: is needed to create a port; name the network.")
        with passed_on():
            for option, extension in _EXTENSION.items():
                if new.get(option) and not self._has_extension(option):
                    raise ItemError(
                        f"{item.label}: {option}: {item.values[option]!r} needs the extension {extension!r}, "
                        "which the Neutron of this cloud does not have; leave the option out, or have it enabled."
                    )
        if actual is None:
            return
        for option in ("host", "binding_profile"):
            if option in new and _PLAIN[option] not in actual.raw:
                raise ItemError(
                    f"{item.label}: {option}: {item.values[option]!r} can be seen and set by administrators only; "
                    f"{_ONLY_ADMIN}."
                )
        user = user_of(actual.raw)
        for option in _FIXED_WHILE_USED:
            if user and option in new:
                raise ItemError(
                    f"{item.label}: {option}: {self.table[option].shown(item.values[option])!r} cannot be set while "
                    f"{user} uses the port, which would keep what it has; detach the port first, "
                    f"or ignore the difference with comparisons: {{{option}: ignore}}."
                )

    def verify_absence(self, item: Desired, actual: Actual, force: bool) -> None:
        """Refuse to delete a port that something uses."""
        user = user_of(actual.raw)
        if user and not force:
            raise ItemError(
                f"{item.label}: the port is used by {user}; delete that or detach the port first, or set force: true "
                "to delete the port all the same, which cuts the network connection."
            )

    def remarks(self, item: Desired, actual: Actual) -> list[str]:
        """Tell of a port its host did not take, which is no error to Neutron, and of a container with another MTU."""
        port = actual.raw
        if port.get("binding:vif_type") == "binding_failed":
            host = actual.values.get("host")
            remark = f"{item.label}: host: {host!r} does not take the port; check that a Neutron agent that knows the network runs there."
            return [remark]
        if port["device_owner"] != OWNER_OF_CONTAINERS or not port["device_id"]:
            return []
        mtu = self.directory.entry("network", port["network_id"]).get("mtu")
        interfaces = mtu_by_mac(Zun(self._cloud), port["device_id"])
        return mtu_remarks(item.label, [port], interfaces, {port["network_id"]: mtu})

    def predict(self, base: Actual | None, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a new port has by default; without port security also no security groups."""
        values = super().predict(base, given)
        if given.get("port_security_enabled") is False:
            values["security_groups"] = []
        return values

    def status_after(self, state: str, status: str | None) -> str:
        """Return the status Neutron gives a port; a new one is down until something uses it."""
        return ABSENT if state == ABSENT else status or "DOWN"

    # Changing ----------------------------------------------------------

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        """Create one port."""
        body = self._body(item)
        try:
            port = self._neutron.create_port(body)
        except ServiceError as exc:
            found = self._found_after(exc, [item])
            if not found:
                raise explain(item.label, self.shown(item.values), exc, _REFUSALS) from exc
            port = found[str(item.name)]
        return self._made(item, port)

    def create_many(self, wanted: Sequence[tuple[Desired, Mapping[str, Any]]], keep_going: bool) -> list[Created]:
        """Create ports in bulk; where Neutron refuses all for the sake of one, one by one."""
        outcomes: list[Created] = []
        for start in range(0, len(wanted), _BULK):
            items = [item for item, dummy in wanted[start : start + _BULK]]
            failed = any(isinstance(outcome, ItemError) for outcome in outcomes)
            outcomes += [None] * len(items) if failed and not keep_going else self._create_bulk(items, keep_going)
        return outcomes

    def _create_bulk(self, items: Sequence[Desired], keep_going: bool) -> list[Created]:
        bodies = [self._body(item) for item in items]
        try:
            ports = {port["name"]: port for port in self._neutron.create_ports(bodies)}
        except ServiceError as exc:
            if not is_answer_lost(exc):
                return self._create_singly(items, exc, keep_going)
            ports = self._found_after(exc, items)
            lost: ServiceError | None = exc
        else:
            lost = None

        def finish(position: int) -> Created:
            item = items[position]
            port = ports.get(str(item.name))
            if port is None:
                return explain(item.label, {}, lost or ServiceError("Neutron did not return the port."))
            return _outcome(lambda: self._made(item, port))

        return bounded_map(finish, range(len(items)), self._parallelism)

    def _create_singly(self, items: Sequence[Desired], exc: ServiceError, keep_going: bool) -> list[Created]:
        """Find out which of the ports Neutron refuses."""
        if exceeded_quota(exc) and not keep_going:
            # No port is at fault more than another one; none was made.
            first = explain(items[0].label, self.shown(items[0].values), exc, _REFUSALS)
            return [first, *[None] * (len(items) - 1)]
        stopped = threading.Event()

        def create(item: Desired) -> Created:
            if stopped.is_set():
                return None
            outcome = _outcome(lambda: self.create(item, None, item.values))
            if isinstance(outcome, ItemError) and not keep_going:
                stopped.set()
            return outcome

        return bounded_map(create, items, self._parallelism)

    def _found_after(self, exc: ServiceError, items: Sequence[Desired]) -> dict[str, dict[str, Any]]:
        """Return the ports that were made although the answer was lost, by name."""
        if not is_answer_lost(exc):
            return {}
        names = [str(item.name) for item in items]
        try:
            ports = self._neutron.list_ports("list the ports", {"project_id": self._cloud.project_id}, "name", names)
        except ServiceError:
            return {}
        return {port["name"]: port for port in ports}

    def _made(self, item: Desired, port: dict[str, Any]) -> Actual:
        """Finish a port that was just created."""
        tags = item.values.get("tags", [])
        self.learn([port])
        actual = self.actual(port)
        if sorted(port.get("tags", ())) != tags:
            try:
                self._neutron.set_port_tags(port["id"], tags)
            except ServiceError as exc:
                self.delete(actual)
                raise explain(item.label, self.shown(item.values), exc, _REFUSALS) from exc
            port = {**port, "tags": tags}
            actual = self.actual(port)
        self._latest[port["id"]] = port
        return actual

    def _body(self, item: Desired) -> dict[str, Any]:
        values = self._resolved[id(item)]
        body = _fields(values, ())
        body["network_id"] = str(values["network"])
        if values.get("tags") and _TAGS_AT_ONCE in self._neutron.extensions():
            body["tags"] = values["tags"]
        return body

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        """Change the port, and its tags by a request of their own."""
        new = {diff.name: diff.after for diff in differences}
        body = _fields(new, actual.values["extra_dhcp_opts"])
        with worded(item.label, self.shown(item.values), _REFUSALS):
            port = self._neutron.update_port(actual.id, body) if body else dict(actual.raw)
            if "tags" in new:
                self._neutron.set_port_tags(actual.id, new["tags"])
                port["tags"] = new["tags"]
        self._latest[actual.id] = port

    def delete(self, actual: Actual, force: bool = False) -> None:
        """Delete the port."""
        with worded(actual.name or actual.id, {}):
            self._neutron.delete_port(actual.id)

    # Waiting -----------------------------------------------------------

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        """Nothing is waited for: Neutron answers when the work is done."""
        return {}

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        """Say yes; see :meth:`poll`."""
        return Judgement(READY)


def _outcome(work: Callable[[], Actual]) -> Created:
    try:
        return work()
    except ItemError as exc:
        return exc


def _fields(values: Mapping[str, Any], dhcp_before: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return canonical values as Neutron takes them; network and tags excepted.

    :param dhcp_before: DHCP options the port has, as Neutron keeps those that are not taken away one by one.
    """
    body = {field: values[option] for option, field in _PLAIN.items() if option in values}
    if "fixed_ips" in values:
        body["fixed_ips"] = [
            {
                **({"subnet_id": str(entry["subnet"])} if "subnet" in entry else {}),
                **({"ip_address": entry["ip_address"]} if "ip_address" in entry else {}),
            }
            for entry in values["fixed_ips"]
        ]
    if "security_groups" in values:
        body["security_groups"] = [str(group) for group in values["security_groups"]]
    if "allowed_address_pairs" in values:
        body["allowed_address_pairs"] = [dict(pair) for pair in values["allowed_address_pairs"]]
    if "extra_dhcp_opts" in values:
        wanted = {(option["opt_name"], option["ip_version"]) for option in values["extra_dhcp_opts"]}
        body["extra_dhcp_opts"] = [dict(option) for option in values["extra_dhcp_opts"]] + [
            {**option, "opt_value": None}
            for option in dhcp_before
            if (option["opt_name"], option["ip_version"]) not in wanted
        ]
    if "qos_policy" in values:
        body["qos_policy_id"] = str(values["qos_policy"]) or None
    return body


def completed(wanted: Sequence[Mapping[str, Any]], present: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return wanted addresses with what was left open taken from the port's own, each of them used once.

    Those that say most choose first, so that "any of this subnet" does not take what another entry names.
    """
    left = list(present)
    result = []
    for entry in sorted(wanted, key=lambda entry: ("ip_address" not in entry, sort_key(entry))):
        match = next((have for have in left if all(have[key] == value for key, value in entry.items())), None)
        if match is not None:
            left.remove(match)
        result.append(dict(match or entry))
    return result


def user_of(port: Mapping[str, Any]) -> str | None:
    """Say what uses a port; None where nothing does."""
    if not port["device_id"]:
        return None
    owner = port["device_owner"]
    what = "container" if owner == OWNER_OF_CONTAINERS else owner or "device"
    return f"{what} {port['device_id']}"
