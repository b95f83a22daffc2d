# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Bounded parallelism for calls that mostly wait for a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Callable, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def threads(most: int) -> Iterator[ThreadPoolExecutor]:
    """Give a pool of threads; wait for all of its work at the end, but not where the user or Ansible ends the task.

    Ansible's keyword ``timeout`` and an interrupt are no Exceptions. What has begun goes on for a moment then, but
    nothing else begins.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, most))
    try:
        yield pool
    except Exception:
        pool.shutdown()
        raise
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def bounded_map(function: Callable[[T], R], arguments: Iterable[T], parallelism: int) -> list[R]:
    """Call `function` for each argument, at most `parallelism` at once; results in the order of the arguments.

    The first exception is raised once all calls that had begun are over.
    """
    todo = list(arguments)
    if len(todo) <= 1 or parallelism <= 1:
        return [function(argument) for argument in todo]
    with threads(min(parallelism, len(todo))) as pool:
        return list(pool.map(function, todo))
