# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Parsers shared by the options tables.

Each takes what the user wrote and returns the canonical value, or raises
ValueError with "reason; remedy" (see engine.options.Option.parse).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import posixpath
import re
import shlex
from typing import Any, Callable

from ..engine import units
from ..engine.errors import OptionError
from ..engine.secrets import SECRET

# Zun 18 (api/controllers/v1/schemas/parameter_types.py) and Docker allow the same names.
_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")
_HOSTNAME = re.compile(r"^[a-zA-Z0-9._-]+$")
_RIGHTS = re.compile(r"^[rwm]+$")
_PORT = re.compile(r"^(\d+)(?:/(tcp|udp|sctp))?$")
_PUBLISHED = re.compile(
    r"^(?:(?:\[(?P<v6>[0-9a-fA-F:]+)\]|(?P<v4>\d+\.\d+\.\d+\.\d+)):)?(?:(?P<host>\d+(?:-\d+)?)?:)?"
    r"(?P<container>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp|sctp))?$"
)

#: Zun 18 (conf/compute.py, minimum_memory; an operator may raise it).
ZUN_MINIMUM_MEMORY = 4 * units.MIB

#: Labels with this prefix belong to the collection.
LABEL_PREFIX = "caas.zun/"


def name(value: Any) -> str:
    """A container's or volume's name."""
    text = str(value)
    if not _NAME.match(text) or len(text) > 255:
        raise ValueError(
            "is not a valid name; use 2 to 255 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit"
        )
    return text


def image(value: Any) -> str:
    """An image reference."""
    text = str(value).strip()
    if len(text) < 2 or len(text) > 255 or re.search(r"\s", text):
        raise ValueError("is not an image reference; write [registry/]repository[:tag] without blanks")
    return text


def words(value: Any) -> list[str]:
    """A command: a list of arguments, or a text split as a shell splits it."""
    if isinstance(value, (list, tuple)):
        return [_word(word) for word in value]
    if not isinstance(value, str):
        raise ValueError("is neither a text nor a list; write the command as a list of arguments")
    try:
        return shlex.split(value)
    except ValueError as exc:
        raise ValueError(f"cannot be split into arguments ({exc}); write the command as a list of arguments") from None


def command(value: Any) -> list[str]:
    """A command with at least one word: where it has none, the backend takes the image's."""
    result = words(value)
    if not result:
        raise ValueError("is empty; leave the option out for the command of the image")
    return result


def filled(value: Any) -> str:
    """A text that is not empty: an empty one is the same as none to the backend."""
    if not str(value).strip():
        raise ValueError("is empty; leave the option out for the value of the image")
    return str(value)


def positive_duration(value: Any) -> float:
    """A duration above zero: zero stands for the backend's default."""
    result = units.parse_duration(value)
    if not result:
        raise ValueError("is zero; give a time above it, or leave the option out for the default")
    return result


def _word(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"has the argument {value!r}, which is not a text; quote it")
    return str(value)


def texts(value: dict[str, Any]) -> dict[str, str]:
    """A dictionary of texts, such as an environment."""
    result = {}
    for key, entry in value.items():
        if isinstance(entry, (bool, float)) or not isinstance(entry, (str, int)):
            # YAML's true, 1.10 and null have no one spelling as a text.
            raise ValueError(f"has a value for {key} that is not a text; put it in quotes")
        if not str(key) or "=" in str(key):
            raise ValueError(f"has the name {str(key)!r}; names must not be empty or contain =")
        result[str(key)] = str(entry)
    return result


def labels(value: dict[str, Any]) -> dict[str, str]:
    """Labels; the collection keeps its own prefix for itself."""
    result = texts(value)
    for key in result:
        if key.startswith(LABEL_PREFIX):
            raise ValueError(f"uses {key}, but {LABEL_PREFIX} is kept for the collection; choose another prefix")
    return result


def size(default_unit: str) -> Callable[[Any], int]:
    """A size in bytes."""
    return lambda value: units.parse_size(value, default_unit)


def memory(value: Any) -> int:
    """A memory limit in bytes; 0 means none. What a backend wants beyond the least of all minimums, it says itself."""
    result = units.parse_size(value, "m")
    if 0 < result < ZUN_MINIMUM_MEMORY:
        raise ValueError("is below the minimum; give at least 6M (on Zun at least 4M), or 0 for no limit")
    return result


def cpu(value: Any) -> float:
    """A number of processors; 0 means no limit."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf") or isinstance(value, bool) or 0 < number < 0.01:
        raise ValueError("is not a number of processors; write 0.5 or 2, at least 0.01, or 0 for no limit")
    # Docker counts in billionths (NanoCpus).
    return round(number, 9)


def hostname(value: Any) -> str:
    """A host name."""
    text = str(value)
    if not _HOSTNAME.match(text) or len(text) > 63:
        # Zun's schema allows 255, Linux does not.
        raise ValueError("is not a host name; use at most 63 letters, digits, dots and dashes")
    return text


def restart_policy(value: Any) -> str:
    """A restart policy with its number of retries."""
    # YAML reads a bare no as false.
    text = "no" if value is False or str(value).lower() in ("false", "no") else str(value)
    policy, colon, count = text.partition(":")
    if policy in ("no", "always", "unless-stopped") and not colon:
        return policy
    if policy == "on-failure" and (not colon or count.isdigit()):
        return f"on-failure:{int(count)}" if count and int(count) else "on-failure"
    raise ValueError("is not a restart policy; choose no, always, unless-stopped, on-failure or on-failure:3")


def absolute_path(value: Any) -> str:
    """An absolute path without a trailing slash."""
    text = str(value)
    if not text.startswith("/"):
        raise ValueError("is not an absolute path; begin it with /")
    # The engine stores it in this form, and two leading slashes are one.
    return "/" + posixpath.normpath(text).lstrip("/")


def file_mode(value: Any) -> str:
    """A file mode in octal."""
    text = str(value)
    # YAML reads a bare 0644 as the number 420.
    if not isinstance(value, str) or not re.match(r"^0?[0-7]{3,4}$", text):
        raise ValueError("is not a file mode; write it in octal and in quotes, such as '0644'")
    return f"{int(text, 8):04o}"


def address(version: int) -> Callable[[Any], str]:
    """An IP address of one version."""

    def parse(value: Any) -> str:
        try:
            result = ipaddress.ip_address(str(value))
        except ValueError:
            result = None
        if result is None or result.version != version:
            raise ValueError(f"is not an IPv{version} address; write an address without a prefix length")
        return str(result)

    return parse


def ip_addresses(value: list[Any]) -> list[str]:
    """A list of IP addresses of either version."""
    try:
        return [str(ipaddress.ip_address(str(entry))) for entry in value]
    except ValueError:
        raise ValueError("has an entry that is not an IP address; write addresses, not names") from None


def exposed_ports(value: list[Any]) -> list[str]:
    """Container ports as port/protocol."""
    result = []
    for entry in value:
        match = _PORT.match(str(entry))
        if not match or not 0 < int(match.group(1)) < 65536:
            raise ValueError(f"has the entry {str(entry)!r}, which is not a port; write 80, 80/tcp or 53/udp")
        result.append(f"{int(match.group(1))}/{match.group(2) or 'tcp'}")
    return sorted(set(result))


def published_ports(value: list[Any]) -> list[str]:
    """Port mappings as [address:][host port]:container port/protocol, one port each."""
    result = []
    for entry in value:
        match = _PUBLISHED.match(str(entry).strip())
        mapped = _mapped_ports(match) if match else None
        if not match or mapped is None:
            raise ValueError(
                f"has the entry {str(entry)!r}, which is not a port mapping; write 8080:80, "
                "127.0.0.1:8080:80/tcp, 8000-8010:8000-8010, or 80 for any free port of the host"
            )
        host_address = match.group("v4") or match.group("v6") or ""
        for host_port, container_port in mapped:
            result.append(
                published_port(host_address, host_port, f"{container_port}/{match.group('protocol') or 'tcp'}")
            )
    return sorted(set(result))


def _mapped_ports(match: re.Match[str]) -> Any:
    def ports(text: str) -> list[int]:
        first, _dash, last = text.partition("-")
        return list(range(int(first), int(last or first) + 1))

    container = ports(match.group("container"))
    host: list[Any] = ports(match.group("host")) if match.group("host") else [""] * len(container)
    numbers = container + [port for port in host if port != ""]
    if not container or len(host) != len(container) or not all(0 < port < 65536 for port in numbers):
        return None
    return list(zip(host, container))


def published_port(host_address: str, host_port: Any, container_port: str) -> str:
    """Return a port mapping in the one form that is compared; 0.0.0.0 is the same as no address."""
    if host_address in ("", "0.0.0.0"):
        return f"{host_port}:{container_port}"
    shown = f"[{host_address}]" if ":" in host_address else host_address
    return f"{shown}:{host_port}:{container_port}"


def capabilities(value: list[Any]) -> list[str]:
    """Linux capabilities, upper case and without the prefix CAP_."""
    upper = [str(entry).upper() for entry in value]
    return sorted({entry[4:] if entry.startswith("CAP_") else entry for entry in upper})


def devices(value: list[Any]) -> list[str]:
    """Devices as path on the host:path in the container:permissions."""
    result = []
    for entry in value:
        parts = str(entry).split(":")
        if len(parts) == 2 and _RIGHTS.match(parts[1]):
            parts.insert(1, parts[0])
        parts += [parts[0], "rwm"][len(parts) - 1 :]
        if len(parts) != 3 or not all(part.startswith("/") for part in parts[:2]) or not _RIGHTS.match(parts[2]):
            raise ValueError(
                f"has the entry {str(entry)!r}; write /dev/fuse, /dev/sda:/dev/xvda or /dev/sda:/dev/xvda:r"
            )
        result.append(":".join(parts))
    return sorted(set(result))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def extra_hosts(value: list[Any]) -> list[str]:
    """Lines for /etc/hosts as name:address."""
    for entry in value:
        host, colon, target = str(entry).partition(":")
        if not (host and colon and (target == "host-gateway" or _is_address(target.strip("[]")))):
            raise ValueError(f"has the entry {str(entry)!r}; write name:address")
    return sorted({str(entry) for entry in value})


def signal(value: Any) -> str:
    """A signal with its prefix SIG, or its number."""
    text = filled(value).strip().upper()
    if text.isdigit() or text.startswith("SIG"):
        return text
    return f"SIG{text}"


def health_command(value: Any) -> Any:
    """A shell command (text), or a list of arguments that is run without a shell."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, list) and value:
        return [_word(word) for word in value]
    raise ValueError("is not a command; write a shell command as a text, or a list of arguments")


def whole(minimum: int) -> Callable[[Any], int]:
    """A whole number of at least `minimum`."""

    def parse(value: Any) -> int:
        if int(value) < minimum:
            raise ValueError(f"is too small; give at least {minimum}")
        return int(value)

    return parse


def mounts(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mounts: exactly one source each; a file's content becomes base64 whichever way it was given.

    :raises OptionError: names the entry.
    """
    found = [_mount(entry, f"mounts[{index}]") for index, entry in enumerate(value)]
    # Their order means nothing to a backend.
    return sorted(found, key=lambda mount: mount["destination"])


def _mount(entry: dict[str, Any], where: str) -> dict[str, Any]:
    mount = {key: field for key, field in entry.items() if key != "content_encoding"}
    if mount.get("tmpfs") is False:
        del mount["tmpfs"]
    destination = mount["destination"]
    sources = [key for key in ("volume", "host_path", "tmpfs", "content") if key in mount]
    if len(sources) > 1:
        raise OptionError(
            where, destination, f"has {' and '.join(sources)}, which exclude each other", "keep one of them"
        )
    if not sources and "size" not in mount:
        raise OptionError(
            where, destination, "says nothing to mount there", "add one of volume, host_path, tmpfs and content"
        )
    if "mode" in mount and sources[:1] not in (["tmpfs"], ["content"]):
        raise OptionError(where, destination, "has a mode, which only a file or a tmpfs can have", "leave mode out")
    if "size" in mount:
        # A file system in memory is small, a volume is not; a number without a unit is read accordingly.
        try:
            mount["size"] = units.parse_size(mount["size"], "m" if mount.get("tmpfs") else "g")
        except ValueError as exc:
            reason, _dummy, remedy = str(exc).partition("; ")
            raise OptionError(f"{where}.size", mount["size"], reason, remedy) from None
    if mount.get("size") == 0:
        raise OptionError(where, destination, "has a size of 0", "give a size, or leave it out for no limit")
    if "content" in mount:
        if mount.pop("read_only", False):
            raise OptionError(where, destination, "is a file, which cannot be mounted read-only", "leave read_only out")
        mount["content"] = _file_content(mount["content"], entry.get("content_encoding"), f"{where}.content")
        mount.setdefault("mode", "0644")
    return mount


def _file_content(text: str, encoding: Any, where: str) -> str:
    if encoding != "base64":
        return base64.b64encode(text.encode()).decode()
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise OptionError(
            where, SECRET, "is not base64", "encode it with the filter b64encode, or leave content_encoding out"
        ) from None


def nets(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Networks: a network or a port each.

    :raises OptionError: names the entry.
    """
    if not value:
        raise ValueError("is empty; leave the option out for the default network, or name networks")
    for index, entry in enumerate(value):
        if ("network" in entry) == ("port" in entry):
            raise OptionError(
                f"nets[{index}]", entry, "must name either a network or a port", "give exactly one of them"
            )
    return value


def health_check(value: dict[str, Any]) -> dict[str, Any]:
    """A health check; a command switches it on."""
    if value.get("disabled") and len(value) > 1:
        raise ValueError("is disabled and yet described; leave out disabled or the rest")
    return {**value, "disabled": False} if "cmd" in value else value


def ulimits(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resource limits; the hard limit is the soft one where not given."""
    limits = [{"hard": limit["soft"], **limit} for limit in value]
    for limit in limits:
        if 0 <= limit["hard"] < limit["soft"]:
            raise ValueError(f"has a soft limit of {limit['name']} above the hard one; raise hard or lower soft")
    return sorted(limits, key=lambda limit: limit["name"])
