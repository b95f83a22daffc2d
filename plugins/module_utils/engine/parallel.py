# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Bounded parallelism for calls that mostly wait for a server."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def bounded_map(function: Callable[[T], R], arguments: Iterable[T], parallelism: int) -> list[R]:
    """Call `function` for each argument, at most `parallelism` at once; results in the order of the arguments.

    The first exception is raised once all calls that had begun are over.
    """
    todo = list(arguments)
    if len(todo) <= 1 or parallelism <= 1:
        return [function(argument) for argument in todo]
    with ThreadPoolExecutor(max_workers=min(parallelism, len(todo))) as pool:
        return list(pool.map(function, todo))
