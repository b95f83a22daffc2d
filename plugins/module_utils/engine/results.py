# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a run did, item by item, in the order the items were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import ItemError


@dataclass
class ItemResult:
    """The outcome for one item.

    :param action: none, created, updated, recreated, started, stopped, paused, restarted or deleted;
        failed, or skipped where an earlier failure stopped the run.
    :param view: the object as it is now, or as it will be in check mode; None when there is none.
    :param before: the options that differ, as they were.
    :param after: the same options, as they are now.
    :param uncompared: options whose actual value nobody can tell.
    """

    label: str
    action: str = "none"
    changed: bool = False
    id: str | None = None
    name: str | None = None
    view: dict[str, Any] | None = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    uncompared: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    error: ItemError | None = None

    @property
    def failed(self) -> bool:
        """The item is not in its desired state because something went wrong."""
        return self.error is not None


@dataclass
class Report:
    """The outcome of a run."""

    items: list[ItemResult]

    @property
    def changed(self) -> bool:
        """Anything was changed, or would be in check mode."""
        return any(item.changed for item in self.items)

    @property
    def failures(self) -> list[ItemResult]:
        """The items that failed."""
        return [item for item in self.items if item.failed]
