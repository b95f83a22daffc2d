# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What holds for containers on every backend."""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.errors import ItemError, OptionError
from ..engine.kind import Actual, Desired
from .container_options import CONTAINER_OPTIONS

# Shorter lines of injected files (brackets, section headers) tell nothing, and masking them would garble a log.
_SECRET_LINE = 8


def fault(values: Mapping[str, Any], option: str, reason: str, remedy: str) -> OptionError:
    """Make an error about an option's canonical value."""
    return OptionError(option, CONTAINER_OPTIONS[option].shown(values[option]), reason, remedy)


def item_fault(item: Desired, option: str, reason: str, remedy: str) -> ItemError:
    """Make an error about an option of one item."""
    return ItemError(f"{item.label}: {fault(item.values, option, reason, remedy)}")


def check_said(values: Mapping[str, Any], state: str) -> None:
    """Refuse options that contradict each other.

    :raises OptionError: names option, value and remedy.
    """
    if values.get("auto_remove") and values.get("restart_policy", "no") != "no":
        raise fault(values, "restart_policy", "contradicts auto_remove", "leave one of them out")
    if state == "healthy" and (values.get("healthcheck") or {}).get("disabled"):
        raise fault(values, "healthcheck", "is disabled, so state healthy is never reached", "use state started")
    both = set(values.get("environment") or {}) & set(values.get("secret_environment") or {})
    if both:
        raise OptionError(
            "secret_environment", sorted(both), "is in environment too", "keep each variable in one of the two"
        )


def check_together(item: Desired, actual: Actual | None) -> None:
    """Refuse what contradicts the options the container has already.

    :raises ItemError: names option, value and remedy.
    """
    together = {**(actual.values if actual else {}), **item.values}
    if not (together.get("auto_remove") and together.get("restart_policy", "no") != "no"):
        return
    option, other = "restart_policy", "auto_remove"
    if option not in item.values:
        option, other = other, option
    if option in item.values:
        reason = f"contradicts what the container has: {other}"
        raise item_fault(item, option, reason, f"leave {option} out, or change {other} as well")


def require_image(item: Desired) -> None:
    """Refuse to create a container of nothing.

    :raises ItemError: no image is said.
    """
    if "image" not in item.values:
        raise ItemError(f"{item.label}: image is needed to create a container; name the image to run.")


def in_said_order(nets: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return networks in the order the user named them, as the first one becomes the primary one; others follow."""
    identity = CONTAINER_OPTIONS["nets"].identity
    order = [identity(net) for net in said]
    return sorted(nets, key=lambda net: order.index(identity(net)) if identity(net) in order else len(order))


def secret_texts(values: Mapping[str, Any]) -> list[str]:
    """Return secret variables, and the lines of injected files, as a log shows lines."""
    texts = list((values.get("secret_environment") or {}).values())
    mounts = values.get("mounts")
    for mount in mounts if isinstance(mounts, (list, tuple)) else ():
        if isinstance(mount.get("content"), str):
            lines = base64.b64decode(mount["content"]).decode("utf-8", errors="replace").splitlines()
            texts.extend(line.strip() for line in lines if len(line.strip()) >= _SECRET_LINE)
    return texts


def file_in(archive: bytes) -> bytes:
    """Return the content of the one file in a tar archive.

    :raises ItemError: there is none.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed:
            content = packed.extractfile(member)
            if content is not None:
                return content.read()
    raise ItemError("An injected file of the old container is no file any more; say it in mounts, with its content.")


def ended_remark(label: str, code: int | None) -> str:
    """Tell of a container that was seen running, or ended well, and has ended by itself since it was started.

    A job may end at any time after the look that found it running, hence also with another code than 0.
    """
    shown = "unknown" if code is None else code
    return f"{label}: the container has ended by itself, with exit code {shown}; state started starts it each time"
