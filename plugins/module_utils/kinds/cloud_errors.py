# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the refusals of a cloud's services mean in terms of options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..engine.errors import ItemError
from ..services.errors import ServiceError


@dataclass(frozen=True)
class Refusal:
    """A refusal whose cause is known.

    :param sign: regular expression for the service's words.
    :param option: the option at fault; it must have been said.
    :param remedy: what to do, an imperative without a full stop.
    """

    sign: str
    option: str
    remedy: str


# "Quota exceeded for resources: ['port']" (Neutron), "... exceeds allowed gigabytes quota", "... exceeded for quota
# 'volumes'" (Cinder).
_QUOTA = re.compile(
    r"quota exceeded for resources: \['?(?P<neutron>[\w, ']+?)'?\]|allowed (?P<size>\w+) quota|for quota '(?P<count>\w+)'",
    re.IGNORECASE,
)


def exceeded_quota(exc: ServiceError) -> str | None:
    """Return which quota a refusal is about; None where it is about something else."""
    match = _QUOTA.search(exc.said)
    return next((name for name in match.groups() if name), None) if match else None


def is_answer_lost(exc: ServiceError) -> bool:
    """Tell whether a request may have had its effect although it failed."""
    return exc.status is None or exc.status >= 500


def explain(label: str, values: Mapping[str, Any], exc: ServiceError, refusals: Sequence[Refusal] = ()) -> ItemError:
    """Turn a refusal into a sentence that names option, value and remedy.

    :param values: what the user said, as it may be shown.
    """
    quota = exceeded_quota(exc)
    if quota:
        return ItemError(
            f"{label}: the quota {quota} of the project is used up ({exc.said.rstrip('.')}); delete what is not needed, "
            "or have the quota raised."
        )
    for refusal in refusals:
        if refusal.option in values and re.search(refusal.sign, exc.said, re.IGNORECASE):
            return ItemError(
                f"{label}: {refusal.option}: {values[refusal.option]!r} was refused ({exc.said.rstrip('.')}); "
                f"{refusal.remedy}."
            )
    return ItemError(f"{label}: {exc}")


@contextmanager
def worded(label: str, values: Mapping[str, Any], refusals: Sequence[Refusal] = ()) -> Iterator[None]:
    """Word errors of a service for one item."""
    try:
        yield
    except ServiceError as exc:
        raise explain(label, values, exc, refusals) from exc
