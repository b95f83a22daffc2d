# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Every option of a container, declared once for both backends.

To add an option, add it here and say in the kind of each backend that has it
how it is read and written (``FIELDS`` in docker_fields.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.options import CREATE_ONLY, IGNORE, IN_PLACE, RECREATE, SET, SUPERSET, Backing, Option, OptionsTable
from ..engine.options import Supported as On
from ..engine.options import Unsupported as Off
from ..engine.units import MIB, format_size, parse_duration
from . import parsers
from .references import shown

_ONLY_ZUN = "only Zun has it"
_ONLY_DOCKER = "Zun's API has no such option"

#: Smallest memory limit of Docker 20.10 to 29 (daemon/daemon_unix.go, linuxMinMemory).
DOCKER_MINIMUM_MEMORY = 6 * MIB


def _both(docker: str, zun: str = RECREATE, unset: Any = None, note: str = "") -> Mapping[str, Backing]:
    return {"docker": On(docker, unset=unset, note=note), "zun": On(zun)}


def _docker(
    change: str = RECREATE, unset: Any = None, note: str = "", why_not_zun: str = _ONLY_DOCKER
) -> Mapping[str, Backing]:
    return {"docker": On(change, unset=unset, note=note), "zun": Off(why_not_zun)}


def _zun(change: str, why_not_docker: str = _ONLY_ZUN) -> Mapping[str, Backing]:
    return {"docker": Off(why_not_docker), "zun": On(change)}


def _shown_health_check(check: dict[str, Any]) -> dict[str, Any]:
    return {"disabled": True} if check.get("disabled") else check


def _shown_mounts(mounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what every mount is unless told otherwise."""
    return [{key: value for key, value in mount.items() if (key, value) != ("read_only", False)} for mount in mounts]


HEALTHCHECK = (
    Option(
        "cmd",
        "raw",
        (
            "Command that tells whether the container is healthy; exit code 0 means that it is.",
            "A text is run by the container's shell, a list (Docker only) without a shell.",
        ),
        parse=parsers.health_command,
    ),
    Option("interval", "raw", ("Time between two checks, in seconds or as V(30s).",), parse=parsers.positive_duration),
    Option(
        "timeout", "raw", ("Longest time one check may take, in seconds or as V(5s).",), parse=parsers.positive_duration
    ),
    Option("retries", "int", ("Failed checks in a row that make the container unhealthy.",), parse=parsers.whole(1)),
    Option(
        "start_period",
        "raw",
        ("Time after the start during which failed checks do not count (Docker only).",),
        parse=parse_duration,
    ),
    Option("disabled", "bool", ("Switch off the health check that the image defines (Docker only).",)),
)

NETS = (
    Option("network", "str", ("Name or ID of the network; on Docker also V(host) or V(none).",), render=shown),
    Option("port", "str", ("Name or ID of an existing Neutron port (Zun only).",), render=shown),
    Option("v4_fixed_ip", "str", ("IPv4 address in this network.",), parse=parsers.address(4)),
    Option("v6_fixed_ip", "str", ("IPv6 address in this network.",), parse=parsers.address(6)),
    Option(
        "aliases",
        "list",
        ("Further names of the container in this network (Docker only).",),
        elements="str",
        compare=SET,
    ),
)

MOUNTS = (
    Option("destination", "str", ("Path in the container.",), required=True, parse=parsers.absolute_path),
    Option("volume", "str", ("Name of an existing volume (on Zun a Cinder volume, by name or ID).",), render=shown),
    Option(
        "host_path",
        "str",
        ("Path on the container's host (Docker only).",),
        parse=parsers.absolute_path,
    ),
    Option("tmpfs", "bool", ("Mount an empty file system in memory (Docker only).",)),
    Option(
        "content",
        "str",
        (
            "Text of a file to be put at O(mounts[].destination).",
            "Treated as a secret: neither shown nor logged. A changed text recreates the container.",
            (
                "A file with other than text can be given through the filter P(ansible.builtin.b64encode#filter) "
                "and O(mounts[].content_encoding)."
            ),
        ),
        secret=True,
    ),
    Option(
        "content_encoding",
        "str",
        ("How O(mounts[].content) is written; without it, V(text).",),
        choices=("text", "base64"),
        compare=IGNORE,
    ),
    Option(
        "mode",
        # Not a text, or Ansible would make one of the number that YAML reads from a bare 0644.
        "raw",
        ("Mode of the file given by O(mounts[].content), or of the O(mounts[].tmpfs), in octal and quoted.",),
        parse=parsers.file_mode,
    ),
    Option(
        "size",
        "str",
        (
            "Size of the O(mounts[].tmpfs), such as V(64M); a plain number counts in MiB.",
            (
                "On Zun, size of a new volume that is deleted together with the container, such as V(10G); "
                "a plain number counts in GiB."
            ),
        ),
        render=format_size,
    ),
    Option("read_only", "bool", ("Mount read-only (Docker only).",)),
)

ULIMITS = (
    Option("name", "str", ("Name of the limit, such as V(nofile).",), required=True),
    Option("soft", "int", ("Soft limit; V(-1) for none.",), required=True),
    Option("hard", "int", ("Hard limit; the soft limit where not given.",)),
)

CONTAINER_OPTIONS = OptionsTable(
    (
        Option(
            "name",
            "str",
            (
                "Name of the container; it identifies the container unless O(id) is given.",
                "Together with O(id), the container with that ID is renamed.",
            ),
            parse=parsers.name,
            backends=_both(IN_PLACE, IN_PLACE),
        ),
        Option(
            "image",
            "str",
            (
                "Image to run, as C([registry/]repository[:tag]); needed to create a container.",
                "A container runs the right image if the reference stands for the very image it was made from.",
            ),
            parse=parsers.image,
            backends=_both(RECREATE, IN_PLACE),
        ),
        Option(
            "image_pull_policy",
            "str",
            (
                "When to pull the image.",
                (
                    "V(always) asks the registry whether the tag stands for another image than the one at hand, "
                    "and pulls it only then; V(ifnotpresent) pulls what is missing; V(never) does not pull."
                ),
                "With O(backend=docker) the default is V(ifnotpresent).",
            ),
            choices=("always", "ifnotpresent", "never"),
            compare=IGNORE,
            backends=_both(IN_PLACE),
        ),
        Option(
            "command",
            "raw",
            ("Command to run: a list of arguments, or a text that is split as a shell splits it.",),
            parse=parsers.command,
            backends=_both(RECREATE),
        ),
        Option(
            "entrypoint",
            "raw",
            (
                "Program that receives O(command) as its arguments: a list, or a text that is split as a shell splits it.",
                "On Docker, an entrypoint without O(command) also drops the command of the image; on Zun it does not.",
            ),
            parse=parsers.words,
            backends=_both(RECREATE),
        ),
        Option(
            "environment",
            "dict",
            (
                "Environment variables. Values must be texts or whole numbers; put booleans and fractions in quotes.",
                "Variables the container has besides these are left alone, unless O(comparisons) says V(strict).",
            ),
            parse=parsers.texts,
            compare=SUPERSET,
            backends=_both(RECREATE, unset={}),
        ),
        Option(
            "secret_environment",
            "dict",
            (
                "Environment variables whose values are secret: compared like any other, but never shown or logged.",
                "Whoever may inspect the container on its host can read them.",
            ),
            parse=parsers.texts,
            compare=SUPERSET,
            secret=True,
            backends=_both(RECREATE, unset={}),
        ),
        Option(
            "labels",
            "dict",
            (
                "Labels. The prefix C(caas.zun/) is kept for the collection.",
                "Labels the container has besides these are left alone, unless O(comparisons) says V(strict).",
            ),
            parse=parsers.labels,
            compare=SUPERSET,
            backends=_both(RECREATE, unset={}),
        ),
        Option(
            "cpu",
            "float",
            (
                "Processors the container may use, such as V(0.5); V(0) means no limit.",
                "On Docker this is a quota, on Zun a share.",
            ),
            parse=parsers.cpu,
            backends=_both(IN_PLACE, IN_PLACE, unset=0.0, note="Removing a limit recreates the container."),
        ),
        Option(
            "memory",
            "str",
            (
                "Memory limit, such as V(512M) or V(1G); a plain number counts in MiB, V(0) means no limit.",
                "On Docker at least V(6M), and the limit of memory and swap together is kept at twice the memory.",
            ),
            parse=parsers.memory,
            render=format_size,
            backends=_both(IN_PLACE, IN_PLACE, unset=0, note="Removing a limit recreates the container."),
        ),
        Option(
            "disk",
            "str",
            (
                "Size of the container's own file system, such as V(10G); a plain number counts in GiB.",
                "On Docker this needs a storage driver with quotas, such as overlay2 on xfs with pquota.",
            ),
            parse=parsers.size("g"),
            render=format_size,
            backends=_both(RECREATE, unset=0),
        ),
        Option(
            "workdir",
            "str",
            ("Directory in which the command starts.",),
            parse=parsers.absolute_path,
            backends=_both(RECREATE),
        ),
        Option(
            "hostname",
            "str",
            ("Host name inside the container.",),
            parse=parsers.hostname,
            backends=_both(RECREATE),
        ),
        Option(
            "restart_policy",
            "str",
            (
                "What happens when the container ends: V(no), V(always), V(unless-stopped), V(on-failure) or V(on-failure:3).",
            ),
            parse=parsers.restart_policy,
            backends=_both(IN_PLACE, unset="no"),
        ),
        Option(
            "interactive",
            "bool",
            ("Keep standard input open.",),
            backends=_both(RECREATE, unset=False),
        ),
        Option("tty", "bool", ("Give the container a terminal.",), backends=_both(RECREATE, unset=False)),
        Option(
            "auto_remove",
            "bool",
            ("Delete the container when it ends.",),
            backends=_both(RECREATE, unset=False),
        ),
        Option(
            "privileged",
            "bool",
            ("Give the container all rights on its host.",),
            backends=_both(RECREATE, unset=False),
        ),
        Option(
            "runtime",
            "str",
            ("OCI runtime, such as V(runc), V(crun) or V(runsc).",),
            backends=_both(RECREATE),
        ),
        Option(
            "healthcheck",
            "dict",
            ("How to tell whether the container is healthy; what is not said here comes from the image.",),
            suboptions=HEALTHCHECK,
            parse=parsers.health_check,
            render=_shown_health_check,
            backends=_both(RECREATE),
        ),
        Option(
            "exposed_ports",
            "list",
            (
                "Ports the container listens on, such as V(80/tcp).",
                (
                    "On Zun they are opened to everybody by a security group; on Docker they are a mere declaration, "
                    "see O(published_ports)."
                ),
            ),
            elements="str",
            parse=parsers.exposed_ports,
            compare=SUPERSET,
            backends=_both(RECREATE, unset=[]),
        ),
        Option(
            "nets",
            "list",
            (
                "Networks of the container; at its creation the first one becomes its primary network.",
                "The list is complete: networks not named here are disconnected.",
            ),
            elements="dict",
            suboptions=NETS,
            key=("network", "port"),
            parse=parsers.nets,
            compare=SET,
            backends=_both(
                IN_PLACE,
                IN_PLACE,
                unset=[{"network": "bridge"}],
                note="Changing from or to the networks V(host) and V(none) recreates the container.",
            ),
        ),
        Option(
            "mounts",
            "list",
            (
                "Volumes, host directories, memory file systems and files in the container.",
                (
                    "Each entry has exactly one of O(mounts[].volume), O(mounts[].host_path), O(mounts[].tmpfs) and "
                    "O(mounts[].content); on Zun O(mounts[].size) alone means a new volume."
                ),
                "The list is complete: a mount not named here is removed. Volumes the image declares stay.",
            ),
            elements="dict",
            suboptions=MOUNTS,
            key="destination",
            parse=parsers.mounts,
            render=_shown_mounts,
            compare=SET,
            backends=_both(RECREATE, unset=[]),
        ),
        # Docker only -------------------------------------------------------
        Option(
            "published_ports",
            "list",
            (
                "Ports of the host that lead to the container, as C([address:][host port]:container port[/protocol]).",
                (
                    "Examples are V(8080:80), V(127.0.0.1:8443:443/tcp), V(8000-8010:8000-8010), and V(80) for any free port. "
                    "Quote them: YAML reads 22:22 as a number."
                ),
                "The list is complete.",
            ),
            elements="str",
            parse=parsers.published_ports,
            compare=SET,
            backends=_docker(
                unset=[],
                why_not_zun="a Zun container has its own addresses; open ports with exposed_ports or security_groups",
            ),
        ),
        Option(
            "cap_add",
            "list",
            ("Linux capabilities to add to the default ones, such as V(NET_ADMIN).",),
            elements="str",
            parse=parsers.capabilities,
            compare=SET,
            backends=_docker(unset=[]),
        ),
        Option(
            "cap_drop",
            "list",
            ("Linux capabilities to take away, such as V(ALL).",),
            elements="str",
            parse=parsers.capabilities,
            compare=SET,
            backends=_docker(unset=[]),
        ),
        Option(
            "security_opts",
            "list",
            ("Security options, such as V(no-new-privileges) or V(apparmor=unconfined).",),
            elements="str",
            parse=sorted,
            compare=SET,
            backends=_docker(unset=[]),
        ),
        Option(
            "read_only",
            "bool",
            ("Mount the container's own file system read-only.",),
            backends=_docker(unset=False),
        ),
        Option(
            "user",
            "str",
            ("User, or user and group as C(user:group), that runs the command.",),
            parse=parsers.filled,
            backends=_docker(),
        ),
        Option(
            "ulimits",
            "list",
            ("Resource limits of the container's processes.",),
            elements="dict",
            suboptions=ULIMITS,
            key="name",
            parse=parsers.ulimits,
            compare=SUPERSET,
            backends=_docker(),
        ),
        Option(
            "pids_limit",
            "int",
            ("Most processes and threads the container may have; V(0) means no limit.",),
            parse=parsers.whole(0),
            backends=_docker(IN_PLACE, unset=0),
        ),
        Option(
            "sysctls",
            "dict",
            ("Kernel parameters of the container's namespaces, such as V(net.core.somaxconn=1024).",),
            parse=parsers.texts,
            compare=SUPERSET,
            backends=_docker(unset={}),
        ),
        Option(
            "devices",
            "list",
            ("Devices of the host, as C(host path[:container path[:permissions]]).",),
            elements="str",
            parse=parsers.devices,
            compare=SET,
            backends=_docker(unset=[]),
        ),
        Option(
            "log_driver",
            "str",
            ("Where the container's output goes, such as V(json-file), V(local) or V(journald).",),
            backends=_docker(),
        ),
        Option(
            "log_options",
            "dict",
            ("Options of the log driver, such as V(max-size=10m).",),
            parse=parsers.texts,
            compare=SUPERSET,
            # The engine adds those of its own configuration, which nobody can ask it for.
            backends=_docker(),
        ),
        Option(
            "stop_signal",
            "str",
            ("Signal that asks the container to end.",),
            parse=parsers.signal,
            backends=_docker(),
        ),
        Option(
            "stop_timeout",
            "int",
            ("Seconds between the stop signal and the killing of the container; the engine's default is 10.",),
            parse=parsers.whole(0),
            backends=_docker(unset=10),
        ),
        Option(
            "extra_hosts",
            "list",
            ("Further lines of the container's C(/etc/hosts), as C(name:address).",),
            elements="str",
            parse=parsers.extra_hosts,
            compare=SET,
            backends=_docker(unset=[]),
        ),
        Option(
            "dns_servers",
            "list",
            ("Addresses of name servers, in the order in which they are asked.",),
            elements="str",
            parse=parsers.ip_addresses,
            backends=_docker(unset=[]),
        ),
        Option(
            "dns_search",
            "list",
            ("Domains in which short names are looked up, in order.",),
            elements="str",
            backends=_docker(unset=[]),
        ),
        Option(
            "dns_options",
            "list",
            ("Options of the resolver, such as V(ndots:2).",),
            elements="str",
            parse=sorted,
            compare=SET,
            backends=_docker(unset=[]),
        ),
        # Zun only ----------------------------------------------------------
        Option(
            "security_groups",
            "list",
            (
                "Neutron security groups of all ports of the container, by name or ID; an empty list clears them.",
                "The list is complete. It excludes O(exposed_ports), for which Zun makes a security group of its own.",
            ),
            elements="str",
            render=shown,
            compare=SET,
            backends=_zun(IN_PLACE, "a plain Docker host has no Neutron security groups"),
        ),
        Option(
            "availability_zone",
            "str",
            ("Availability zone in which the container runs.",),
            backends=_zun(RECREATE, "a single Docker host has no availability zones"),
        ),
        Option(
            "host",
            "str",
            ("Compute node that runs the container; for administrators.",),
            backends=_zun(RECREATE, "the host is chosen by docker_host"),
        ),
        Option(
            "hints",
            "dict",
            ("Hints for Zun's scheduler.",),
            parse=parsers.texts,
            backends=_zun(CREATE_ONLY, "a single Docker host has no scheduler"),
        ),
        Option(
            "registry",
            "str",
            ("Zun registry entry, by name or ID, whose domain and credentials are used to pull the image.",),
            render=shown,
            backends=_zun(
                RECREATE, "the registry is part of the image reference, and docker login keeps its credentials"
            ),
        ),
        Option(
            "image_driver",
            "str",
            ("Where Zun takes the image from.",),
            choices=("docker", "glance"),
            backends=_zun(RECREATE),
        ),
        Option(
            "auto_heal",
            "bool",
            ("Let Zun restore the container when it disappears from its host.",),
            backends=_zun(IN_PLACE, "use restart_policy"),
        ),
        Option(
            "allow_format",
            "bool",
            (
                "Mount Cinder volumes although Zun may format them.",
                (
                    "Zun formats every volume it cannot mount as its own kind of file system (ext4 unless configured "
                    "otherwise), whatever is on it. Without this option, only volumes are mounted that "
                    "M(caas.zun.container_volume) made empty."
                ),
                "With O(backend=docker) it has no effect, as Docker formats nothing.",
            ),
            compare=IGNORE,
            backends=_both(IN_PLACE),
        ),
        Option(
            "cpu_policy",
            "str",
            ("Whether the container has processors of its own.",),
            choices=("dedicated", "shared"),
            backends=_zun(RECREATE),
        ),
    )
)
