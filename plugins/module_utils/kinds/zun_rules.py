# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What Zun cannot have, or would silently change or ignore (zun-api.md 1.4, 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.errors import OptionError
from ..engine.units import GIB, MIB
from .container_rules import fault

_ONLY_DOCKER = "cannot be used with backend zun"


def check_for_zun(values: Mapping[str, Any]) -> None:
    """Refuse what Zun would not do as it is said.

    :raises OptionError: names option, value and remedy.
    """
    if "@" in values.get("image", ""):
        raise fault(values, "image", "has a digest, which Zun cuts off to run the tag latest", "name a tag instead")
    _check_sizes(values)
    _check_command(values)
    if "security_groups" in values and values.get("exposed_ports"):
        raise fault(
            values,
            "exposed_ports",
            "excludes security_groups, as Zun makes a group of its own for it",
            "leave one of the two out",
        )
    for index, net in enumerate(values.get("nets") or ()):
        _check_net(net, f"nets[{index}]")
    for index, mount in enumerate(values.get("mounts") or ()):
        _check_mount(mount, f"mounts[{index}]")
    _check_health(values)


def _check_sizes(values: Mapping[str, Any]) -> None:
    for option, unit, name, least in (("memory", MIB, "MiB", "4M"), ("disk", GIB, "GiB", "1G")):
        if option not in values:
            continue
        if values[option] == 0:
            raise fault(values, option, "would mean no limit, which Zun does not know", f"give at least {least}")
        if values[option] % unit:
            raise fault(values, option, f"is not a whole number of {name}, in which Zun counts", f"round it to {name}")
    if "cpu" in values and values["cpu"] < 0.1:
        raise fault(values, "cpu", "is below Zun's minimum", "give at least 0.1")
    if values.get("cpu_policy") == "dedicated":
        # Makes a set of a number, with CpuSetFilter, and looks for limits nobody set, without (zun/compute/claims.py).
        raise fault(
            values,
            "cpu_policy",
            "breaks Zun (16 to 18) in the middle of a creation, whose container only an administrator can then remove",
            "leave it out",
        )


def _check_command(values: Mapping[str, Any]) -> None:
    if values.get("entrypoint") == []:
        raise fault(
            values, "entrypoint", "is empty, which means the image's own one to Zun", "leave it out, or name a program"
        )


def _check_net(net: Mapping[str, Any], where: str) -> None:
    if "aliases" in net:
        raise OptionError(f"{where}.aliases", net["aliases"], _ONLY_DOCKER, "leave it out; use Neutron's DNS instead")
    fixed = [key for key in ("v4_fixed_ip", "v6_fixed_ip") if key in net]
    if fixed and "port" in net:
        raise OptionError(
            f"{where}.{fixed[0]}",
            net[fixed[0]],
            "contradicts port, which has its addresses",
            "leave one of the two out",
        )
    if len(fixed) == 2:
        raise OptionError(
            f"{where}.v6_fixed_ip",
            net["v6_fixed_ip"],
            "would be ignored by Zun beside v4_fixed_ip",
            "create a port with both addresses (caas.zun.container_port) and name it in port",
        )


def _check_mount(mount: Mapping[str, Any], where: str) -> None:
    for key, remedy in (
        ("host_path", "use a volume"),
        ("tmpfs", "leave the mount out"),
        ("read_only", "leave read_only out"),
    ):
        if mount.get(key):
            raise OptionError(f"{where}.{key}", mount[key], _ONLY_DOCKER, remedy)
    if "content" in mount and mount["mode"] != "0644":
        raise OptionError(
            f"{where}.mode", mount["mode"], "cannot be had: Zun gives every file the mode 0644", "leave mode out"
        )
    if "size" not in mount:
        return
    if "volume" in mount or "content" in mount:
        raise OptionError(
            f"{where}.size",
            mount["destination"],
            "would be ignored by Zun, as the mount has a source",
            "leave size out",
        )
    if mount["size"] % GIB:
        raise OptionError(
            f"{where}.size", mount["destination"], "has a size that is no whole number of GiB", "round it"
        )


def _check_health(values: Mapping[str, Any]) -> None:
    check = values.get("healthcheck")
    if check is None:
        return
    where = "healthcheck"
    if check.get("disabled") or "start_period" in check:
        name = "start_period" if "start_period" in check else "disabled"
        raise OptionError(f"{where}.{name}", check[name], _ONLY_DOCKER, "leave it out")
    if not isinstance(check.get("cmd"), str):
        raise OptionError(
            f"{where}.cmd", check.get("cmd"), "is not a text, and Zun takes nothing else", "write a shell command"
        )
    for name in ("interval", "timeout"):
        if check.get(name, 0) % 1:
            raise OptionError(f"{where}.{name}", check[name], "is no whole number of seconds", "round it")
