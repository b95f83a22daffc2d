# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Errors of the services, already worded for the user."""

from __future__ import annotations


class ServiceError(Exception):
    """A service refused a request or could not be reached.

    :param message: a sentence: what was tried, what the service said, what to do.
    :param said: the service's own words, empty where it said nothing.
    :param status: HTTP status, None where there was no answer.
    """

    def __init__(self, message: str, said: str = "", status: int | None = None) -> None:
        self.said = said
        self.status = status
        super().__init__(message)


class NotFoundError(ServiceError):
    """What was asked for does not exist."""


class UnreachableError(ServiceError):
    """The service did not answer, or does not let us in."""
