# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Errors of services where no single item is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from ..engine.errors import EngineError
from ..services.errors import ServiceError, UnreachableError


@contextmanager
def passed_on() -> Iterator[None]:
    """Pass errors on that concern all items, as they stand."""
    try:
        yield
    except ServiceError as exc:
        raise EngineError(str(exc)) from exc


def if_there(ask: Callable[[], Any]) -> Any:
    """Ask for something an object may not have in its state, or no longer (a log, processes); None then."""
    with passed_on():
        try:
            return ask()
        except UnreachableError:
            raise
        except ServiceError:
            return None
