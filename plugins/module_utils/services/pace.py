# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""How many requests a service is sent at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

#: Requests to one service at once that are never exceeded; callers have bounds of their own.
MOST_AT_ONCE = 64


class Pace:
    """Half as many after an answer that asks for patience, and slowly more again after others, as TCP does it.

    :param most: requests at once that are never exceeded.
    """

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = float(most)
        self._allowed = float(most)
        self._under_way = 0
        # How often there were fewer: several answers to requests of the same time are one reason.
        self._halvings = 0
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """Requests that may be under way at the moment; at least one."""
        return int(self._allowed)

    @contextlib.contextmanager
    def turn(self) -> Iterator[int]:
        """Wait until another request may be sent; hold it until it is answered. Gives what :meth:`slower` takes."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.allowed)
            self._under_way += 1
            begun = self._halvings
        try:
            yield begun
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def slower(self, begun: int) -> None:
        """Take note of an answer that asks for patience (429, 503).

        :param begun: what :meth:`turn` gave for the request.
        """
        with self._changed:
            if begun == self._halvings:
                self._halvings += 1
                self._allowed = max(1.0, min(self._allowed, float(self._under_way + 1)) / 2)

    def faster(self) -> None:
        """Take note of an answer of a service that is well: one more at once after as many of them as are sent at once."""
        with self._changed:
            self._allowed = min(self._most, self._allowed + 1 / self._allowed)
            self._changed.notify_all()
