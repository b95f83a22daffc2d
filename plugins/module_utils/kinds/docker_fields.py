# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""How each container option is read from and written to the Docker Engine's API.

Readers take what ``GET /containers/<id>/json`` answers, writers fill the body
of ``POST /containers/create``. Nothing here talks to the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from ..engine.digest import UNKNOWN, Digest
from ..engine.units import parse_size
from . import parsers
from .own_labels import LABEL_FILES, LABEL_SALT, LABEL_SECRET_KEYS, file_digest
from .parsers import LABEL_PREFIX

_NANO = 1_000_000_000
_ANONYMOUS_VOLUME = re.compile(r"^[0-9a-f]{64}$")
# What Docker does where a health check leaves a field out (daemon/health.go).
HEALTH_DEFAULTS = {"disabled": False, "interval": 30.0, "timeout": 30.0, "start_period": 0.0, "retries": 3}
_HEALTH_TIMES = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}


@dataclass(frozen=True)
class Inspected:
    """A container as the engine reports it, with what is needed to make sense of it.

    :param container: the answer to an inspection.
    :param image: the inspection of the image it was made from; empty when that image is gone.
    :param said: what the user says of the container; a value said is never taken for an inherited one.
    :param networks: each network the user named, as the engine describes it, by the name or id given.
    """

    container: Mapping[str, Any]
    image: Mapping[str, Any]
    said: Mapping[str, Any] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def config(self) -> Mapping[str, Any]:
        """What belongs to the container wherever it runs."""
        return self.container["Config"]

    @property
    def host(self) -> Mapping[str, Any]:
        """What depends on the host."""
        return self.container["HostConfig"]

    @property
    def image_config(self) -> Mapping[str, Any]:
        """What the image gives its containers."""
        return self.image.get("Config") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        """All labels, the collection's own included."""
        return self.config.get("Labels") or {}

    @property
    def is_managed(self) -> bool:
        """The container was made by this collection."""
        return LABEL_SALT in self.labels

    @property
    def secret_keys(self) -> set[str]:
        """Names of the environment variables whose values are secret."""
        return set(json.loads(self.labels.get(LABEL_SECRET_KEYS, "[]")))

    def own(self, values: Mapping[str, Any], inherited: Mapping[str, Any], option: str) -> dict[str, Any]:
        """Return the entries that do not come from the image, and all those the user says."""
        said = self.said.get(option) or {}
        return {key: value for key, value in values.items() if key in said or inherited.get(key, UNKNOWN) != value}


@dataclass
class Body:
    """What a creation sends.

    :param config: the fields of the container itself, in the engine's words.
    :param host: its HostConfig.
    :param labels: without the collection's own.
    :param nets: networks as the option writes them, the primary one first.
    :param files: injected files as the option mounts writes them.
    :param anonymous_volumes: mounts of the engine's API that carry over what the image's own volumes hold.
    """

    config: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    secret_environment: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    nets: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    anonymous_volumes: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def like(cls, seen: Inspected) -> Body:
        """Start from an existing container: all of it but what comes from its image or from its host's choice."""
        config = {
            key: value
            for key, value in seen.config.items()
            if key not in _REWRITTEN_CONFIG and value != seen.image_config.get(key)
        }
        if seen.config.get("Entrypoint") != seen.image_config.get("Entrypoint"):
            # An entrypoint of its own drops the image's command, so the container's command is its own too.
            config["Cmd"] = seen.config.get("Cmd")
        if config.get("Hostname") == seen.container["Id"][:12]:
            del config["Hostname"]
        if str(seen.host.get("NetworkMode")).startswith("container:"):
            # They are the other container's.
            config = {key: value for key, value in config.items() if key not in ("Hostname", "Domainname")}
        body = cls(config=config, host=dict(seen.host))
        for option in ("exposed_ports", "environment", "secret_environment", "labels", "nets"):
            FIELDS[option].write(body, FIELDS[option].read(seen))
        # The other mounts stay in the HostConfig as they are, with all that the options cannot say.
        body.files = _read_files(seen) if seen.is_managed else []
        body.host["Mounts"] = list(seen.host.get("Mounts") or [])
        present = {mount["Target"] for mount in body.host["Mounts"]}
        for mount in anonymous_volumes(seen.container):
            target = mount["Destination"]
            entry = {"Type": "volume", "Source": mount["Name"], "Target": target, "ReadOnly": not mount["RW"]}
            if target in (seen.image_config.get("Volumes") or {}):
                body.anonymous_volumes.append(entry)
            elif target not in present:
                # Made by whoever made the container: a mount like any other, which goes when the user does not say it.
                body.host["Mounts"].append(entry)
        return body

    def api_config(self, salt: str) -> dict[str, Any]:
        """Return the configuration to send, with the labels that let a later run compare what is not reported."""
        own = {LABEL_SALT: salt}
        if self.secret_environment:
            own[LABEL_SECRET_KEYS] = json.dumps(sorted(self.secret_environment))
        if self.files:
            own[LABEL_FILES] = json.dumps(
                {entry["destination"]: [file_digest(entry["content"], salt), entry["mode"]] for entry in self.files}
            )
        variables = {**self.environment, **self.secret_environment}
        mounts = list(self.host.get("Mounts") or [])
        taken = {mount["Target"] for mount in mounts} | {entry["destination"] for entry in self.files}
        mounts += [mount for mount in self.anonymous_volumes if mount["Target"] not in taken]
        return {
            **self.config,
            "Env": [f"{key}={value}" for key, value in variables.items()],
            "Labels": {**self.labels, **own},
            "HostConfig": {**self.host, "Mounts": mounts},
        }


# Fields that Body writes itself or that name the old container.
_REWRITTEN_CONFIG = {"Env", "Labels", "ExposedPorts", "Volumes", "Image"}


@dataclass(frozen=True)
class Field:
    """One option on Docker."""

    read: Callable[[Inspected], Any]
    write: Callable[[Body, Any], None]


def pairs(entries: Any) -> dict[str, str]:
    """Return KEY=VALUE texts as a dictionary."""
    return dict(entry.partition("=")[::2] for entry in entries or [])


def _attribute(name: str) -> Callable[[Body, Any], None]:
    return lambda body, value: setattr(body, name, value)


def _config(key: str, empty: Any = None) -> Field:
    def write(body: Body, value: Any) -> None:
        body.config[key] = value

    return Field(lambda seen: seen.config.get(key) or empty, write)


def _host(key: str, empty: Any = None, read: Callable[[Any], Any] = lambda value: value) -> Field:
    def write(body: Body, value: Any) -> None:
        body.host[key] = value

    return Field(lambda seen: read(seen.host.get(key) or empty), write)


def _read_environment(seen: Inspected) -> dict[str, str]:
    secret = seen.secret_keys | set(seen.said.get("secret_environment") or {})
    plain = {key: value for key, value in pairs(seen.config.get("Env")).items() if key not in secret}
    return seen.own(plain, pairs(seen.image_config.get("Env")), "environment")


def _read_secret_environment(seen: Inspected) -> dict[str, str]:
    # On a container of ours the label tells which variables are secret, on others the user's own word does.
    secret = seen.secret_keys if seen.is_managed else set(seen.said.get("secret_environment") or {})
    secret -= set(seen.said.get("environment") or {})
    return {key: value for key, value in pairs(seen.config.get("Env")).items() if key in secret}


def _read_labels(seen: Inspected) -> dict[str, str]:
    plain = {key: value for key, value in seen.labels.items() if not key.startswith(LABEL_PREFIX)}
    return seen.own(plain, seen.image_config.get("Labels") or {}, "labels")


def _read_cpu(seen: Inspected) -> float:
    if seen.host.get("NanoCpus"):
        return round(seen.host["NanoCpus"] / _NANO, 9)
    quota, period = seen.host.get("CpuQuota") or 0, seen.host.get("CpuPeriod") or 100_000
    return round(quota / period, 9) if quota > 0 else 0.0


def _write_cpu(body: Body, value: float) -> None:
    body.host.update(NanoCpus=nano_cpus(value), CpuQuota=0, CpuPeriod=0)


def nano_cpus(cpu: float) -> int:
    """Return processors in the engine's unit."""
    return round(cpu * _NANO)


def _write_memory(body: Body, value: int) -> None:
    # The engine itself sets MemorySwap to twice the memory when it is 0 (daemon/daemon_unix.go).
    body.host.update(Memory=value, MemorySwap=-1 if body.host.get("MemorySwap") == -1 and value else 0)


def _read_disk(seen: Inspected) -> int:
    size = (seen.host.get("StorageOpt") or {}).get("size")
    return parsers.size("b")(size) if size else 0


def _write_disk(body: Body, value: int) -> None:
    options = {key: entry for key, entry in (body.host.get("StorageOpt") or {}).items() if key != "size"}
    body.host["StorageOpt"] = {**options, "size": str(value)} if value else options


def _read_restart_policy(seen: Inspected) -> str:
    return restart_policy_text(seen.host.get("RestartPolicy") or {})


def restart_policy_text(policy: Mapping[str, Any]) -> str:
    """Return the engine's restart policy as the option writes it."""
    count = policy.get("MaximumRetryCount") or 0
    name = policy.get("Name") or "no"
    return f"{name}:{count}" if count and name == "on-failure" else name


def restart_policy_body(text: str) -> dict[str, Any]:
    """Return a restart policy as the engine writes it."""
    policy, _dummy, count = text.partition(":")
    return {"Name": policy, "MaximumRetryCount": int(count or 0)}


def _write_restart_policy(body: Body, value: str) -> None:
    body.host["RestartPolicy"] = restart_policy_body(value)


def _read_healthcheck(seen: Inspected) -> dict[str, Any] | None:
    return health_values(seen.config.get("Healthcheck") or {})


def health_values(check: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the engine's health check as the option writes it; None where there is none."""
    test = check.get("Test") or []
    if not test:
        return None
    if test[0] == "NONE":
        return {"disabled": True}
    values: dict[str, Any] = {"disabled": False}
    values["cmd"] = test[1] if test[0] == "CMD-SHELL" else list(test[1:])
    for ours, theirs in _HEALTH_TIMES.items():
        values[ours] = (check.get(theirs) or 0) / _NANO or HEALTH_DEFAULTS[ours]
    values["retries"] = check.get("Retries") or HEALTH_DEFAULTS["retries"]
    return values


def _write_healthcheck(body: Body, value: Mapping[str, Any]) -> None:
    if value.get("disabled"):
        body.config["Healthcheck"] = {"Test": ["NONE"]}
        return
    check: dict[str, Any] = {}
    if "cmd" in value:
        command = value["cmd"]
        check["Test"] = ["CMD-SHELL", command] if isinstance(command, str) else ["CMD", *command]
    for ours, theirs in _HEALTH_TIMES.items():
        if ours in value:
            check[theirs] = round(value[ours] * _NANO)
    if "retries" in value:
        check["Retries"] = value["retries"]
    body.config["Healthcheck"] = check


def _read_exposed_ports(seen: Inspected) -> list[str]:
    published = set(seen.host.get("PortBindings") or {})
    said = set(seen.said.get("exposed_ports") or ())
    inherited = set(seen.image_config.get("ExposedPorts") or {})
    return sorted(
        port for port in seen.config.get("ExposedPorts") or {} if port in said or port not in published | inherited
    )


def _write_exposed_ports(body: Body, value: list[str]) -> None:
    published = body.host.get("PortBindings") or {}
    body.config["ExposedPorts"] = {port: {} for port in [*value, *published]}


def _read_published_ports(seen: Inspected) -> list[str]:
    return sorted(
        {
            parsers.published_port(binding.get("HostIp") or "", binding.get("HostPort") or "", port)
            for port, bindings in (seen.host.get("PortBindings") or {}).items()
            for binding in bindings or []
        }
    )


def _write_published_ports(body: Body, value: list[str]) -> None:
    bindings: dict[str, list[dict[str, str]]] = {}
    for mapping in value:
        rest, dummy, container_port = mapping.rpartition(":")
        address, _dummy, host_port = rest.rpartition(":")
        bindings.setdefault(container_port, []).append({"HostIp": address.strip("[]"), "HostPort": host_port})
    replaced = set(body.host.get("PortBindings") or {})
    exposed: dict[str, dict[str, Any]] = {
        port: {} for port in body.config.get("ExposedPorts") or {} if port not in replaced
    }
    body.host["PortBindings"] = bindings
    body.config["ExposedPorts"] = {**exposed, **{port: {} for port in bindings}}


def _read_nets(seen: Inspected) -> list[dict[str, Any]]:
    # The id is known only once the container has been started.
    said = {network[key]: word for word, network in seen.networks.items() for key in ("Name", "Id")}
    nets = []
    for name, endpoint in networks_in_order(seen.container):
        entry: dict[str, Any] = {"network": said.get(endpoint.get("NetworkID") or name) or said.get(name, name)}
        fixed = endpoint.get("IPAMConfig") or {}
        if fixed.get("IPv4Address"):
            entry["v4_fixed_ip"] = fixed["IPv4Address"]
        if fixed.get("IPv6Address"):
            entry["v6_fixed_ip"] = fixed["IPv6Address"]
        # Engines up to 25 add the container's short id to the aliases.
        short_id = seen.container["Id"][:12]
        aliases = sorted(alias for alias in endpoint.get("Aliases") or [] if alias != short_id)
        if aliases:
            entry["aliases"] = aliases
        nets.append(entry)
    return nets


def networks_in_order(container: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a container's networks by name, its primary network first."""
    endpoints = container["NetworkSettings"].get("Networks") or {}
    primary = container["HostConfig"].get("NetworkMode")
    return sorted(endpoints.items(), key=lambda entry: (primary not in (entry[0], entry[1].get("NetworkID")), entry[0]))


def _read_mounts(seen: Inspected) -> list[dict[str, Any]]:
    declared = set(seen.image_config.get("Volumes") or {})
    said = {entry["destination"] for entry in seen.said.get("mounts") or []}
    tmpfs_options = {
        mount["Target"]: mount.get("TmpfsOptions") or {}
        for mount in seen.host.get("Mounts") or []
        if mount.get("Type") == "tmpfs"
    }
    anonymous = anonymous_volumes(seen.container)
    mounts = []
    for mount in seen.container.get("Mounts") or []:
        destination = mount["Destination"]
        if mount in anonymous and destination in declared and destination not in said:
            continue
        entry: dict[str, Any] = {"destination": destination, "read_only": not mount.get("RW", True)}
        if mount["Type"] == "volume":
            entry["volume"] = mount["Name"]
        elif mount["Type"] == "bind":
            entry["host_path"] = mount["Source"]
        elif mount["Type"] == "tmpfs":
            entry.update(_tmpfs_values(tmpfs_options.get(destination, {})))
        mounts.append(entry)
    for destination, options in (seen.host.get("Tmpfs") or {}).items():
        mounts.append({"destination": destination, **_tmpfs_text_values(options)})
    return sorted(mounts + _read_files(seen), key=lambda entry: entry["destination"])


def anonymous_volumes(container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the mounts of volumes that nobody named."""
    return [
        mount
        for mount in container.get("Mounts") or []
        if mount["Type"] == "volume" and _ANONYMOUS_VOLUME.match(mount.get("Name") or "")
    ]


def _tmpfs_values(options: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"tmpfs": True}
    if options.get("SizeBytes"):
        values["size"] = options["SizeBytes"]
    if options.get("Mode"):
        values["mode"] = f"{options['Mode']:04o}"
    return values


def _tmpfs_text_values(options: str) -> dict[str, Any]:
    """Read a tmpfs as ``docker run --tmpfs`` writes it."""
    said = pairs(options.split(","))
    values: dict[str, Any] = {"tmpfs": True, "read_only": "ro" in said}
    if re.match(r"^\d+[bkmgt]?$", said.get("size", ""), re.IGNORECASE):
        values["size"] = parse_size(said["size"], "b")
    if re.match(r"^[0-7]+$", said.get("mode", "")):
        values["mode"] = f"{int(said['mode'], 8):04o}"
    return values


def _read_files(seen: Inspected) -> list[dict[str, Any]]:
    """Injected files: their paths, modes and digests are in a label, as the engine cannot tell them from others."""
    salt = seen.labels.get(LABEL_SALT, "")
    if seen.is_managed:
        files = json.loads(seen.labels.get(LABEL_FILES, "{}"))
        return [
            {"destination": path, "content": Digest(salt, digest), "mode": mode}
            for path, (digest, mode) in files.items()
        ]
    # Not ours: nobody can tell what these files hold.
    return [
        {**dict.fromkeys(entry, UNKNOWN), "destination": entry["destination"]}
        for entry in seen.said.get("mounts") or []
        if "content" in entry
    ]


def _write_mounts(body: Body, value: list[dict[str, Any]]) -> None:
    """Write all mounts; one that was there before keeps what the option cannot say (propagation, flags)."""
    body.files = [entry for entry in value if "content" in entry]
    old_mounts = {mount["Target"]: mount for mount in body.host.get("Mounts") or []}
    old_binds = {text.split(":")[1]: text for text in body.host.get("Binds") or [] if ":" in text}
    old_tmpfs = body.host.get("Tmpfs") or {}
    mounts: list[dict[str, Any]] = []
    binds: list[str] = []
    tmpfs: dict[str, str] = {}
    for entry in value:
        destination = entry["destination"]
        if "content" in entry:
            continue
        if destination in old_binds and old_binds[destination].split(":")[0] == _source(entry):
            binds.append(_bind_text(old_binds[destination], entry))
        elif destination in old_tmpfs and entry.get("tmpfs"):
            tmpfs[destination] = _tmpfs_text(old_tmpfs[destination], entry)
        else:
            mounts.append(_mount_body(entry, old_mounts.get(destination, {})))
    body.host.update(Mounts=mounts, Binds=binds or None, Tmpfs=tmpfs or None, VolumesFrom=None)


def _source(entry: Mapping[str, Any]) -> Any:
    return entry.get("volume") or entry.get("host_path")


def _bind_text(old: str, entry: Mapping[str, Any]) -> str:
    source, destination, *flags = old.split(":")
    kept = [flag for text in flags for flag in text.split(",") if flag not in ("ro", "rw", "")]
    flags = [*kept, *(["ro"] if entry.get("read_only") else [])]
    return ":".join([source, destination, *([",".join(flags)] if flags else [])])


def _tmpfs_text(old: str, entry: Mapping[str, Any]) -> str:
    kept = [flag for flag in old.split(",") if flag and flag.partition("=")[0] not in ("ro", "rw", "size", "mode")]
    new = [f"{key}={entry[key]}" for key in ("size", "mode") if entry.get(key)]
    return ",".join([*kept, *new, *(["ro"] if entry.get("read_only") else [])])


def _mount_body(entry: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    kind = "volume" if "volume" in entry else "bind" if "host_path" in entry else "tmpfs"
    same = old.get("Type") == kind and (kind == "tmpfs" or old.get("Source") == _source(entry))
    body: dict[str, Any] = dict(old) if same else {}
    body.update(Type=kind, Target=entry["destination"], ReadOnly=entry.get("read_only", False))
    if kind != "tmpfs":
        return {**body, "Source": _source(entry)}
    options = {}
    if entry.get("size"):
        options["SizeBytes"] = entry["size"]
    if entry.get("mode"):
        options["Mode"] = int(entry["mode"], 8)
    return {**body, "TmpfsOptions": options}


def _read_capabilities(value: Any) -> list[str]:
    return parsers.capabilities(value or [])


def _read_security_opts(seen: Inspected) -> list[str]:
    options = seen.host.get("SecurityOpt") or []
    # The engine adds this one to privileged containers itself.
    return sorted(option for option in options if not (seen.host.get("Privileged") and option == "label=disable"))


def _write_privileged(body: Body, value: bool) -> None:
    # What the engine itself added to, or took from, the container that had the other value.
    options = [option for option in body.host.get("SecurityOpt") or [] if option != "label=disable"]
    body.host.update(Privileged=value, SecurityOpt=options)
    for key in ("MaskedPaths", "ReadonlyPaths"):
        body.host.pop(key, None)


def _read_ulimits(value: Any) -> list[dict[str, Any]]:
    return sorted(
        ({"name": limit["Name"], "soft": limit["Soft"], "hard": limit["Hard"]} for limit in value or []),
        key=lambda limit: limit["name"],
    )


def _write_ulimits(body: Body, value: list[dict[str, Any]]) -> None:
    body.host["Ulimits"] = [{"Name": limit["name"], "Soft": limit["soft"], "Hard": limit["hard"]} for limit in value]


def _read_devices(value: Any) -> list[str]:
    return sorted(
        f"{device['PathOnHost']}:{device['PathInContainer']}:{device['CgroupPermissions']}" for device in value or []
    )


def _write_devices(body: Body, value: list[str]) -> None:
    keys = ("PathOnHost", "PathInContainer", "CgroupPermissions")
    body.host["Devices"] = [dict(zip(keys, device.split(":"))) for device in value]


def _log(key: str, read: Callable[[Any], Any]) -> Field:
    def write(body: Body, value: Any) -> None:
        old = body.host.get("LogConfig") or {}
        # Options belong to the driver: another driver starts without the old one's.
        kept = old if key == "Config" or old.get("Type") == value else {}
        body.host["LogConfig"] = {**kept, key: value}

    return Field(lambda seen: read((seen.host.get("LogConfig") or {}).get(key)), write)


#: Every option that backend docker has, but for name, image and image_pull_policy, which are no fields.
FIELDS: Mapping[str, Field] = {
    "command": _config("Cmd", []),
    "entrypoint": _config("Entrypoint", []),
    "environment": Field(_read_environment, _attribute("environment")),
    "secret_environment": Field(_read_secret_environment, _attribute("secret_environment")),
    "labels": Field(_read_labels, _attribute("labels")),
    "cpu": Field(_read_cpu, _write_cpu),
    "memory": Field(lambda seen: seen.host.get("Memory") or 0, _write_memory),
    "disk": Field(_read_disk, _write_disk),
    "workdir": _config("WorkingDir"),
    "hostname": _config("Hostname"),
    "restart_policy": Field(_read_restart_policy, _write_restart_policy),
    "interactive": _config("OpenStdin", False),
    "tty": _config("Tty", False),
    "auto_remove": _host("AutoRemove", False),
    "privileged": Field(_host("Privileged", False).read, _write_privileged),
    "runtime": _host("Runtime"),
    "healthcheck": Field(_read_healthcheck, _write_healthcheck),
    # Before exposed_ports, which keeps what is published; fields are written in this order.
    "published_ports": Field(_read_published_ports, _write_published_ports),
    "exposed_ports": Field(_read_exposed_ports, _write_exposed_ports),
    "nets": Field(_read_nets, _attribute("nets")),
    "mounts": Field(_read_mounts, _write_mounts),
    "cap_add": _host("CapAdd", read=_read_capabilities),
    "cap_drop": _host("CapDrop", read=_read_capabilities),
    "security_opts": Field(_read_security_opts, _host("SecurityOpt").write),
    "read_only": _host("ReadonlyRootfs", False),
    "user": _config("User"),
    "ulimits": Field(_host("Ulimits", read=_read_ulimits).read, _write_ulimits),
    "pids_limit": _host("PidsLimit", read=lambda value: max(value or 0, 0)),
    "sysctls": _host("Sysctls", read=lambda value: dict(value or {})),
    "devices": Field(_host("Devices", read=_read_devices).read, _write_devices),
    "log_driver": _log("Type", lambda value: value or None),
    "log_options": _log("Config", lambda value: dict(value or {})),
    "stop_signal": _config("StopSignal"),
    "stop_timeout": Field(lambda seen: _stop_timeout(seen.config), _config("StopTimeout").write),
    "extra_hosts": _host("ExtraHosts", read=lambda value: sorted(value or [])),
    "dns_servers": _host("Dns", []),
    "dns_search": _host("DnsSearch", []),
    "dns_options": _host("DnsOptions", read=lambda value: sorted(value or [])),
}


def _stop_timeout(config: Mapping[str, Any]) -> int:
    seconds = config.get("StopTimeout")
    return 10 if seconds is None else seconds
