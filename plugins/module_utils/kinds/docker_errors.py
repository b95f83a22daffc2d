# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the Docker Engine's refusals mean in terms of options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..engine.errors import ItemError
from ..services.errors import ServiceError

_CANNOT_RUN = (
    r"executable file not found|exec: |exec format error|no such file or directory: unknown|"
    r"permission denied: unknown|no command specified"
)

# Signs in the engine's words (20.10 to 29), the option that is at fault, and what to do.
_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (
        r"port is already allocated|address already in use(?!.*IPAM)|bind for .* failed|ports are not available",
        "published_ports",
        "choose a free port of the host, or stop what uses it",
    ),
    (
        r"unknown or invalid runtime name|unknown runtime specified",
        "runtime",
        "install the runtime, or name another one",
    ),
    (r"minimum memory limit allowed", "memory", "give at least 6M"),
    (r"memory(swap)? limit|memory reservation", "memory", "give a limit above what the container uses and reserves"),
    (r"range of cpus is from", "cpu", "give no more processors than the host has"),
    (
        r"storage-opt|storage opt",
        "disk",
        "leave the option out, or use a storage driver with quotas (overlay2 on xfs with pquota)",
    ),
    (r"unknown log opt|log-opt", "log_options", "check what the log_driver knows"),
    (r"no log driver named|unknown log opt|log-opt", "log_driver", "check log_driver and log_options"),
    (
        r"user specified ip address|no available ipv|does not contain|invalid address|address already in use",
        "nets",
        "give a free address of the network's own range",
    ),
    (r"network-scoped alias", "nets", "use aliases only in networks of your own, not in the default one"),
    (r"unknown capability|invalid capability", "cap_add", "check the names in cap_add and cap_drop"),
    (r"sysctl", "sysctls", "use only parameters of the container's own namespaces"),
    (r"gathering device information|no such device", "devices", "name devices that exist on the host"),
    (r"bind source path does not exist", "mounts", "create the directory on the host first, or correct host_path"),
    (r"mount destination .*not absolute|invalid mount config|invalid mount", "mounts", "correct the entry"),
    (
        r"Error processing tar|cannot overwrite|not a directory|is a directory",
        "mounts",
        "mount a file where no directory is, and a directory where no file is",
    ),
    (r"volume plugin|volume driver", "driver", "install the driver's plugin, or name another driver"),
    (r"invalid option|required option|missing required", "driver_options", "check what the driver knows"),
    (
        r"unable to find user|no matching entries in passwd|unable to find group",
        "user",
        "name a user of the image, or give a number",
    ),
    (r"ulimit|rlimit", "ulimits", "give limits the host allows"),
    (r"security-opt|seccomp profile|apparmor", "security_opts", "correct the entry"),
    (r"invalid hostname|hostname", "hostname", "give a valid host name"),
    (r"invalid signal", "stop_signal", "give a signal such as SIGTERM"),
    (r"workdir|working directory|cwd", "workdir", "give a directory of the image"),
    (_CANNOT_RUN, "entrypoint", "name a program of the image"),
    (_CANNOT_RUN, "command", "name a program of the image"),
    (
        r"no such image|manifest unknown|pull access denied|repository does not exist|not found: manifest|manifest for .* not found|name unknown",
        "image",
        "check the reference, or log in to the registry",
    ),
    (r"invalid reference format|invalid repository name", "image", "write [registry/]repository[:tag] in lower case"),
    (
        r"already in use by container|conflict\. the container name",
        "name",
        "choose another name, or remove that container",
    ),
    (r"no such volume|volume .* not found", "mounts", "create the volume first (caas.zun.container_volume)"),
    (r"network .* not found", "nets", "create the network first, or correct its name"),
    (r"read-only|marked read-only", "read_only", "put the file on a volume, or leave read_only out"),
)


def explain(label: str, values: Mapping[str, Any], exc: ServiceError) -> ItemError:
    """Turn a refusal into a sentence that names option, value and remedy.

    :param values: what the user said, as it may be shown.
    """
    for pattern, option, remedy in _REFUSALS:
        if values.get(option) and re.search(pattern, exc.said, re.IGNORECASE):
            return ItemError(
                f"{label}: {option}: {values[option]!r} was refused by the Docker Engine ({exc.said}); {remedy}."
            )
    return ItemError(f"{label}: {exc}")


@contextmanager
def worded(label: str, values: Mapping[str, Any]) -> Iterator[None]:
    """Word errors of the engine for one item."""
    try:
        yield
    except ServiceError as exc:
        raise explain(label, values, exc) from exc
