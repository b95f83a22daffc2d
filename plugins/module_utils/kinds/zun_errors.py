# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What Zun's refusals mean in terms of options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..engine.errors import ItemError
from ..services.errors import ServiceError
from . import cloud_errors
from .cloud_errors import Refusal

_ADMIN = "leave the option out, or run the task as an administrator (Zun's policy decides who may)"
_LIMITS = "stay within the limits of the cloud, which its operator sets"

_REFUSALS = (
    Refusal(r"policy.*container:create:runtime", "runtime", _ADMIN),
    Refusal(
        r"policy.*container:create:privileged", "privileged", "leave the option out; Zun's policy allows it to nobody"
    ),
    Refusal(r"policy.*container:create:requested_destination", "host", _ADMIN),
    Refusal(r"policy.*container:create:image_pull_policy", "image_pull_policy", _ADMIN),
    Refusal(
        r"already in use|already exists|container-already-exists",
        "name",
        "choose another name, or remove that container",
    ),
    Refusal(r"requested host|host .*(not found|could not be found)", "host", "name a compute node of the cloud"),
    Refusal(r"field '?memory|memory", "memory", _LIMITS),
    Refusal(r"field '?cpu|cpu", "cpu", _LIMITS),
    Refusal(r"field '?disk|disk", "disk", _LIMITS),
    Refusal(
        r"field '?name|\bname\b.*(too long|match)", "name", "use 2 to 255 letters, digits, dots, dashes and underscores"
    ),
    Refusal(r"registry", "registry", "check the registry entry"),
    Refusal(r"volume", "mounts", "check the volumes"),
    Refusal(r"port|network|fixed|address", "nets", "check networks, ports and addresses"),
    Refusal(r"security.?group", "security_groups", "check the security groups"),
    Refusal(r"image", "image", "check the reference"),
)

# What goes wrong on a compute node, after the creation was accepted: signs in Zun's reason, the option, what to do.
_LATE: tuple[tuple[str, str, str], ...] = (
    # Of anything but a missing image, Zun says no more than that there was an error (zun/image/docker/driver.py).
    (
        r"unauthorized|authentication required|denied|error on pulling image",
        "registry",
        "check user name and password of the registry entry, and that the compute nodes reach it",
    ),
    (
        r"download image|pull|no such image|manifest|image .*(not found|could not be found)|repository|failed to rebuild",
        "image",
        "check that it is in its registry, and that the compute nodes reach that",
    ),
    (r"executable file not found|exec: |no such file or directory: unknown", "command", "name a program of the image"),
    (r"quota feature|storage-opt|overlay over", "disk", "leave it out, as the compute nodes have no disk quotas"),
    (r"unknown runtime|runtime name|OCI runtime", "runtime", "name a runtime the compute nodes have"),
    (r"volume|mkfs|mount", "mounts", "check the volumes"),
    (r"network|endpoint|ipam|subnet|address|port", "nets", "check networks, ports and addresses"),
)

# The engine gets a minute for an answer (Zun's docker/default_timeout), which a busy compute node may take to connect
# many containers at once. The words name a port, but it is not one of Neutron.
_BUSY = re.compile(r"read timed out", re.IGNORECASE)

# Of containers that are the first ones on a network at the same time on one host, Zun takes all but one for a
# duplicate of the network (zun/network/kuryr_network.py, _create_network_attempt: it asks for the column
# neutron_net_id, where MariaDB names the constraint). Once the network is there, each of them works.
_PASSING = re.compile(r"network with \S+ \S+ already exists", re.IGNORECASE)


def is_passing(reason: str) -> bool:
    """Tell whether a creation failed by a race inside Zun, so that the next attempt is likely to work."""
    return bool(_PASSING.search(reason))


def is_lost(reason: str | None) -> bool:
    """Tell whether Zun says that the host of a container does not have it."""
    return "No such container" in (reason or "")


def of_rebuild(reason: str) -> str:
    """Return why a rebuild failed.

    A rebuild begins with the removal of the old container. When Zun's periodic look at its containers comes after one
    that failed, it misses that container, and writes so over the reason (zun/container/docker/driver.py,
    heal_with_rebuilding_container).
    """
    return f"it failed to rebuild the container, and then forgot why ({reason})" if is_lost(reason) else reason


def hint(reason: str, values: Mapping[str, Any]) -> str:
    """Say which option is likely to be at fault for what happened on a compute node.

    :param values: what the user said, as it may be shown.
    :returns: a sentence with a leading blank; empty where the reason says nothing of an option.
    """
    if _BUSY.search(reason):
        return (
            " The engine of the compute node was too busy to answer in time. Try again, with a smaller parallelism; if that "
            "does not help, ask who runs the cloud."
        )
    for pattern, option, remedy in _LATE:
        if values.get(option) and re.search(pattern, reason, re.IGNORECASE):
            return f" Check {option}: {values[option]!r}; {remedy}."
    return ""


def explain(label: str, values: Mapping[str, Any], exc: ServiceError) -> ItemError:
    """Turn a refusal into a sentence that names option, value and remedy.

    :param values: what the user said, as it may be shown.
    """
    if exc.status == 500:
        # ContainerHostNotUp is one of them, and its words are kept from users (zun-api.md 2.1).
        return ItemError(f"{label}: {exc} Zun also answers so while a compute node is down; try again once it is back.")
    return cloud_errors.explain(label, values, exc, _REFUSALS)


@contextmanager
def worded(label: str, values: Mapping[str, Any]) -> Iterator[None]:
    """Word errors of the cloud for one item."""
    try:
        yield
    except ServiceError as exc:
        raise explain(label, values, exc) from exc
