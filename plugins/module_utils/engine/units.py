# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Sizes and durations as people write them, parsed in one place.

A parser raises ``ValueError`` whose text completes the sentence
"<option>: '<value>' ..."; the options table turns it into an OptionError.
"""

from __future__ import annotations

import re
from typing import Any

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB

_FACTORS = {"b": 1, "k": KIB, "m": MIB, "g": GIB, "t": TIB}
_SIZE = re.compile(r"^([0-9]+(?:\.[0-9]+)?)\s*(?:([bkmgt])(?:i?b)?)?$", re.IGNORECASE)
_DURATION = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$")


def parse_size(value: Any, default_unit: str) -> int:
    """Return a size in bytes.

    Suffixes are binary multiples whichever way they are written (512M, 512MiB
    and 512MB are the same), as in Docker and in the OpenStack clients.

    :param default_unit: factor of a number without a suffix, a letter of bkmgt.
    :raises ValueError: not a size.
    """
    match = _SIZE.match(str(value).strip())
    if isinstance(value, bool) or not match:
        raise ValueError("is not a size; write a number with a unit, such as 512M or 1G")
    number, suffix = match.groups()
    size = float(number) * _FACTORS[(suffix or default_unit).lower()]
    if size != int(size):
        raise ValueError("is not a whole number of bytes; use a smaller unit, such as 1536M for 1.5G")
    return int(size)


def format_size(size: int) -> str:
    """Return bytes in the largest unit that needs no fraction, e.g. ``512M``; 0 is ``0``."""
    if not size:
        return "0"
    for letter in "tgmk":
        if size % _FACTORS[letter] == 0:
            return f"{size // _FACTORS[letter]}{letter.upper()}"
    return f"{size}B"


def parse_duration(value: Any) -> float:
    """Return a duration in seconds from a number of seconds or a text such as ``1m30s`` or ``500ms``.

    :raises ValueError: not a duration.
    """
    if not isinstance(value, bool):
        text = str(value).strip()
        try:
            seconds = float(text)
            if 0 <= seconds < float("inf"):
                return seconds
        except ValueError:
            match = _DURATION.match(text)
            if match and text:
                hours, minutes, secs, millis = (float(part or 0) for part in match.groups())
                return round(hours * 3600 + minutes * 60 + secs + millis / 1000, 9)
    raise ValueError("is not a duration; write a number of seconds, or a text such as 90s, 1m30s or 500ms")
