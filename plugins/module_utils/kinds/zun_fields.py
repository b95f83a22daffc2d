# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""How container options are read from and written to Zun's API (zun-api.md 1.4 to 1.6).

Nothing here talks to a service; what names stand for is looked up by the kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..engine.digest import UNKNOWN, Digest
from ..engine.units import GIB, MIB
from .docker_fields import HEALTH_DEFAULTS, restart_policy_body, restart_policy_text
from .own_labels import LABEL_SAID, LABEL_SALT, LABEL_SECRET_KEYS, LABEL_UNREPORTED, file_digest
from .parsers import LABEL_PREFIX

Row = Mapping[str, Any]

#: Options Zun reports to nobody, with what they are where they were not said.
UNREPORTED: Mapping[str, Any] = {"mounts": [], "exposed_ports": [], "availability_zone": None, "hints": {}}
#: Options Zun reports to administrators alone (zun/api/controllers/v1/views/containers_view.py).
ADMIN_ONLY: Mapping[str, Any] = {"runtime": None, "host": None, "privileged": False, "image_pull_policy": None}
#: Options whose value comes from the image, or from the host, where they were not said.
INHERITED = ("command", "entrypoint", "workdir", "hostname", "disk", "image_driver")

_UP = re.compile(r"Up (\d+) seconds")
_HEALTH_WHOLE = ("interval", "timeout")


def labels_of(row: Row) -> Mapping[str, str]:
    """Return all labels, the collection's own included."""
    return row.get("labels") or {}


def is_managed(row: Row) -> bool:
    """Tell whether the collection made the container."""
    return LABEL_SALT in labels_of(row)


def said_at_creation(row: Row) -> set[str] | None:
    """Return which options were said when the collection made the container; None where it did not."""
    text = labels_of(row).get(LABEL_SAID)
    return set(json.loads(text)) if text else None


def nets_at_creation(row: Row) -> list[dict[str, Any]]:
    """Return the networks as they were said when the collection made the container."""
    nets: list[dict[str, Any]] = json.loads(labels_of(row).get(LABEL_UNREPORTED, "{}")).get("nets", [])
    return nets


def read(row: Row, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical values of all options that need no lookup.

    :param said: what the user says of the container.
    """
    values = {option: reader(row) for option, reader in _READERS.items()}
    secret = _secret_keys(row, said)
    variables = {key: str(value) for key, value in (row.get("environment") or {}).items()}
    values["environment"] = {key: value for key, value in variables.items() if key not in secret}
    values["secret_environment"] = {key: value for key, value in variables.items() if key in secret}
    values.update(_read_unreported(row))
    return {option: value for option, value in values.items() if value is not None}


def _secret_keys(row: Row, said: Mapping[str, Any]) -> set[str]:
    if is_managed(row):
        # The label tells, but for what has become secret since.
        secret = set(json.loads(labels_of(row).get(LABEL_SECRET_KEYS, "[]")))
        return secret | (set(said.get("secret_environment") or {}) - set(said.get("environment") or {}))
    return set(said.get("secret_environment") or {})


def _read_unreported(row: Row) -> dict[str, Any]:
    labels = labels_of(row)
    if not is_managed(row):
        values: dict[str, Any] = dict.fromkeys(UNREPORTED, UNKNOWN)
        values.update({option: row.get(option, UNKNOWN) for option in ADMIN_ONLY})
        return values
    kept = json.loads(labels.get(LABEL_UNREPORTED, "{}"))
    values = {option: kept.get(option, unset) for option, unset in UNREPORTED.items()}
    for option, unset in ADMIN_ONLY.items():
        values[option] = row[option] if row.get(option) is not None else kept.get(option, unset)
    values["mounts"] = [
        {**mount, "content": Digest(labels[LABEL_SALT], mount["content"])} if "content" in mount else mount
        for mount in values["mounts"]
    ]
    return values


def longest_up(row: Row) -> float:
    """Return the seconds that a running container can have been up at most.

    Zun tells seconds in the first minute only, rounded, and nothing at all in the first second
    (zun/container/docker/driver.py, format_status_detail).
    """
    detail = row.get("status_detail")
    match = _UP.fullmatch(detail or "Up 0 seconds")
    return float(match.group(1)) + 1 if match else float("inf")


def _read_restart_policy(row: Row) -> str:
    policy = row.get("restart_policy") or {}
    # Zun returns the number as a text.
    return restart_policy_text({**policy, "MaximumRetryCount": int(policy.get("MaximumRetryCount") or 0)})


def _read_healthcheck(row: Row) -> dict[str, Any] | None:
    check = row.get("healthcheck") or {}
    if not check.get("test"):
        return None
    # A zero means Docker's own default, as Zun sends it where nothing was said (zun/container/docker/driver.py).
    values = {name: float(check.get(name) or 0) or HEALTH_DEFAULTS[name] for name in _HEALTH_WHOLE}
    retries = int(check.get("retries") or 0) or HEALTH_DEFAULTS["retries"]
    return {"cmd": check["test"], "disabled": False, **values, "retries": retries}


_READERS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row["name"],
    "image": lambda row: row["image"],
    "command": lambda row: row.get("command") or [],
    "entrypoint": lambda row: row.get("entrypoint") or [],
    "labels": lambda row: {key: value for key, value in labels_of(row).items() if not key.startswith(LABEL_PREFIX)},
    "cpu": lambda row: float(row.get("cpu") or 0),
    "memory": lambda row: int(row.get("memory") or 0) * MIB,
    "disk": lambda row: int(row.get("disk") or 0) * GIB,
    "workdir": lambda row: row.get("workdir"),
    "hostname": lambda row: row.get("hostname"),
    "restart_policy": _read_restart_policy,
    "interactive": lambda row: bool(row.get("interactive")),
    "tty": lambda row: bool(row.get("tty")),
    "auto_remove": lambda row: bool(row.get("auto_remove")),
    "auto_heal": lambda row: bool(row.get("auto_heal")),
    "healthcheck": _read_healthcheck,
    "image_driver": lambda row: row.get("image_driver"),
    "cpu_policy": lambda row: row.get("cpu_policy"),
}


def body(values: Mapping[str, Any], said: set[str], salt: str) -> dict[str, Any]:
    """Return the body of a creation.

    Nothing is sent that was not said: Zun takes null for a value (zun-api.md 1.4).

    :param values: canonical values, with ids for names.
    :param said: which of them somebody said.
    :param salt: of the digests that stand for contents of files.
    """
    sent: dict[str, Any] = {}
    for option, value in values.items():
        if option in _WRITERS:
            key, write = _WRITERS[option]
            sent[key] = write(value)
        elif option in _AS_THEY_ARE:
            sent[option] = value
    variables = {**values.get("environment", {}), **values.get("secret_environment", {})}
    if variables:
        sent["environment"] = variables
    if values.get("privileged"):
        # Even false asks for a permission that hardly anybody has.
        sent["privileged"] = True
    sent["labels"] = {**values.get("labels", {}), **_own_labels(values, said, salt)}
    return sent


def _own_labels(values: Mapping[str, Any], said: set[str], salt: str) -> dict[str, str]:
    """Return the labels that let a later run compare, and carry over, what Zun does not report."""
    own = {LABEL_SALT: salt, LABEL_SAID: json.dumps(sorted(said))}
    if values.get("secret_environment"):
        own[LABEL_SECRET_KEYS] = json.dumps(sorted(values["secret_environment"]))
    kept = {option: values[option] for option in (*UNREPORTED, *ADMIN_ONLY, "nets") if values.get(option)}
    if "mounts" in kept:
        kept["mounts"] = [
            {**mount, "content": file_digest(mount["content"], salt)} if "content" in mount else mount
            for mount in kept["mounts"]
        ]
    if kept:
        own[LABEL_UNREPORTED] = json.dumps(kept, sort_keys=True)
    return own


def mebibytes(size: int) -> int:
    """Return a size in MiB."""
    return size // MIB


def _write_net(net: Mapping[str, Any]) -> dict[str, str]:
    keys = {"network": "network", "port": "port", "v4_fixed_ip": "v4-fixed-ip", "v6_fixed_ip": "v6-fixed-ip"}
    return {theirs: str(net[ours]) for ours, theirs in keys.items() if ours in net}


def _write_nets(nets: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    # The last one becomes the primary one (zun/container/docker/driver.py), with us the first one.
    return [_write_net(net) for net in reversed(nets)]


def _write_mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    destination = mount["destination"]
    if "content" in mount:
        return {"type": "bind", "source": mount["content"], "destination": destination}
    if "volume" in mount:
        return {"type": "volume", "source": str(mount["volume"]), "destination": destination}
    return {"type": "volume", "size": str(mount["size"] // GIB), "destination": destination}


def _write_healthcheck(check: Mapping[str, Any]) -> dict[str, Any]:
    whole = {name: int(check[name]) for name in (*_HEALTH_WHOLE, "retries") if name in check}
    return {"cmd": check["cmd"], **whole}


def _write_restart_policy(text: str) -> dict[str, Any]:
    policy = restart_policy_body(text)
    return policy if policy["MaximumRetryCount"] else {"Name": policy["Name"]}


# Options whose value Zun takes as it is.
_AS_THEY_ARE = {
    "name",
    "image",
    "command",
    "entrypoint",
    "cpu",
    "workdir",
    "hostname",
    "interactive",
    "tty",
    "auto_remove",
    "auto_heal",
    "image_driver",
    "image_pull_policy",
    "cpu_policy",
    "availability_zone",
    "runtime",
    "host",
    "hints",
}

# Options that are called or written otherwise.
_WRITERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "memory": ("memory", mebibytes),
    "disk": ("disk", lambda size: size // GIB),
    "restart_policy": ("restart_policy", _write_restart_policy),
    "healthcheck": ("healthcheck", _write_healthcheck),
    "exposed_ports": ("exposed_ports", lambda ports: {port: {} for port in ports}),
    "security_groups": ("security_groups", lambda groups: [str(group) for group in groups]),
    "registry": ("registry", str),
    "nets": ("nets", _write_nets),
    "mounts": ("mounts", lambda mounts: [_write_mount(mount) for mount in mounts]),
}
