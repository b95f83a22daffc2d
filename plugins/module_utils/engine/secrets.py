# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Secret values must not be seen, whichever way the code runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

SECRET = "(secret)"
SECRET_CHANGED = "(secret changed)"


class Masker:
    """Replaces secret values in texts."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = {value for value in values if value}
        # Longest first: a secret that contains another one is masked whole.
        self._forms = sorted({form for value in self._values for form in _forms(value)}, key=len, reverse=True)

    def mask(self, value: Any) -> Any:
        """Return `value` (text, or lists and dictionaries of texts) with every secret replaced."""
        if isinstance(value, str):
            for secret in self._forms:
                value = value.replace(secret, SECRET)
            return value
        if isinstance(value, dict):
            return {key: self.mask(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.mask(entry) for entry in value]
        return value

    def found_in(self, text: str) -> bool:
        """Tell whether a secret is part of `text`."""
        return any(secret in text for secret in self._values)


def _forms(text: str) -> set[str]:
    """Return a secret as it stands in messages: as it is, on one line, or quoted by Python, JSON or Go."""
    forms = {text, " ".join(text.split())}
    escaped = {repr(form)[1:-1].replace("\\'", "'") for form in forms}
    quoted = {form.replace("'", "\\'") for form in escaped}
    in_json = {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in forms for ascii_only in (True, False)}
    return (forms | escaped | quoted | in_json) - {""}


def texts_in(value: Any) -> list[str]:
    """Return every text inside a value: what has to be masked if the value is a secret.

    Empty texts are left out: Ansible would find one between any two letters.
    """
    if isinstance(value, dict):
        return [text for entry in value.values() for text in texts_in(entry)]
    if isinstance(value, (list, tuple)):
        return [text for entry in value for text in texts_in(entry)]
    return [] if value in (None, "") else [str(value)]
