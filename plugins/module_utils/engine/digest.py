# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Digests stand for values a backend never reports.

A digest is kept with the object (in a label), salted per object, so that two
objects with the same secret do not show it and the value cannot be looked up
in a table of common values.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

# 128 bits: short enough for a label, long enough that a changed value is never taken for the same.
_HEX_DIGITS = 32


def new_salt() -> str:
    """Return a fresh random salt (32 hex digits)."""
    return secrets.token_hex(16)


def _digest(salt: str, value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()[:_HEX_DIGITS]


@dataclass(frozen=True)
class Digest:
    """The actual value of something not reported: only equality can be asked."""

    salt: str
    hexdigest: str

    @classmethod
    def of(cls, salt: str, value: Any) -> Digest:
        """Return the digest of a JSON-like value."""
        return cls(salt, _digest(salt, value))

    def matches(self, value: Any) -> bool:
        """Tell whether this is the digest of `value`."""
        return hmac.compare_digest(self.hexdigest, _digest(self.salt, value))


class _Unknown:
    """Actual value that nobody can tell: neither reported nor kept as a digest."""

    def __repr__(self) -> str:
        return "(not reported)"


UNKNOWN = _Unknown()
