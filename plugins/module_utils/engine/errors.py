# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Errors a user may see. Each one is a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EngineError(Exception):
    """Base of all errors whose text is meant for the user."""


class OptionError(EngineError):
    """An option's value cannot be used.

    :param option: the option as the user writes it, e.g. ``mounts[0].size``.
    :param value: the value given; never a secret.
    :param reason: what is wrong with it, without a full stop.
    :param remedy: what to write instead, an imperative without a full stop.
    """

    def __init__(self, option: str, value: Any, reason: str, remedy: str) -> None:
        self.option = option
        self.value = value
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{option}: {value!r} {reason}; {remedy}.")


def fault_of_ours(exc: BaseException) -> str:
    """Word an exception that should never have reached the user."""
    return f"This is a fault of the collection caas.zun, please report it: {type(exc).__name__}: {exc}."


class ItemError(EngineError):
    """One item could not be brought to its desired state.

    :param message: one sentence or two: what failed, why, what to do.
    :param log_tail: the last lines the object itself wrote, oldest first.
    """

    def __init__(self, message: str, log_tail: Sequence[str] = ()) -> None:
        self.message = message
        self.log_tail = list(log_tail)
        super().__init__(message)


class PassingError(ItemError):
    """A creation failed for a reason that is likely gone when it is tried again."""
