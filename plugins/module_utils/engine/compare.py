# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What differs between the desired and the actual object, and what would become of it.

One walk over a value answers both: whether it differs, and what the value is
once the difference is removed. So what check mode predicts and what a
difference is can never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable

from .digest import UNKNOWN, Digest
from .options import IGNORE, SET, STRICT, SUPERSET, Option, sort_key
from .secrets import SECRET, SECRET_CHANGED

_MISSING = object()


@dataclass(frozen=True)
class Difference:
    """An option whose actual value is not the desired one.

    :param before: actual value, canonical.
    :param after: what it becomes.
    :param change: IN_PLACE, RECREATE or CREATE_ONLY.
    """

    option: Option
    before: Any
    after: Any
    change: str

    @property
    def name(self) -> str:
        """The option's name."""
        return self.option.name

    def reversed(self) -> Difference:
        """Return the difference that takes this one back."""
        return replace(self, before=self.after, after=self.before)

    def shown(self) -> tuple[Any, Any]:
        """Return before and after as a diff shows them."""
        if not self.option.holds_secret:
            return self.option.shown(self.before), self.option.shown(self.after)
        return _shown_secret(self.option, self.before, self.after)


def _shown_secret(option: Option, before: Any, after: Any) -> tuple[Any, Any]:
    """Show which secrets differ without showing them."""
    if option.secret:
        if isinstance(before, dict) and isinstance(after, dict):
            return (
                dict.fromkeys(before, SECRET),
                {key: SECRET if before.get(key, _MISSING) == after[key] else SECRET_CHANGED for key in after},
            )
        same = before == after
        return (
            None if before is None else SECRET,
            None if after is None else SECRET if same else SECRET_CHANGED,
        )
    if option.is_record:
        return _shown_secret_record(option, before or {}, after or {})
    by_key = {option.identity(entry): entry for entry in before or []}
    shown_before = [_shown_secret_record(option, entry, entry)[0] for entry in before or []]
    shown_after = [
        _shown_secret_record(option, by_key.get(option.identity(entry), {}), entry)[1] for entry in after or []
    ]
    return shown_before, shown_after


def _shown_secret_record(option: Option, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Any, Any]:
    shown_before: dict[str, Any] = {}
    shown_after: dict[str, Any] = {}
    for sub in option.suboptions:
        if sub.secret:
            old, new = _shown_secret(sub, before.get(sub.name), after.get(sub.name))
        else:
            old, new = sub.shown(before.get(sub.name)), sub.shown(after.get(sub.name))
        if sub.name in before:
            shown_before[sub.name] = old
        if sub.name in after:
            shown_after[sub.name] = new
    return shown_before, shown_after


def compare(
    options: Iterable[Option],
    desired: Mapping[str, Any],
    actual: Mapping[str, Any],
    comparisons: Mapping[str, str],
    change_of: Callable[[Option, Any, Any], str],
) -> tuple[list[Difference], list[str]]:
    """Compare what the user said with what is.

    :param desired: canonical values of the options said.
    :param actual: canonical values by option name; an option missing here is not set.
        A value may be a Digest or UNKNOWN where the backend does not report it.
    :param comparisons: the user's choice by option name, ``*`` for all others.
    :param change_of: called with option, before and after; returns how the backend changes it.
    :returns: the differences, and the names of options that could not be compared.
    """
    differences = []
    uncompared = []
    for option in options:
        if option.name not in desired:
            continue
        # An option that its declaration never compares (a pull policy, say) has no actual value to compare with.
        mode = (
            IGNORE if option.compare == IGNORE else comparisons.get(option.name, comparisons.get("*", option.compare))
        )
        if mode == IGNORE:
            continue
        before = actual.get(option.name)
        walk = _Walk()
        after = walk.merge(option, mode, desired[option.name], before)
        if walk.unknown:
            uncompared.append(option.name)
        if walk.differs:
            differences.append(Difference(option, before, after, change_of(option, before, after)))
    return differences, uncompared


class _Walk:
    """One comparison of one option's value."""

    def __init__(self) -> None:
        self.differs = False
        self.unknown = False

    def merge(self, option: Option, mode: str, desired: Any, actual: Any) -> Any:
        """Return what `actual` becomes when `desired` is applied, noting whether that differs."""
        if actual is UNKNOWN:
            self.unknown = True
            return actual
        if isinstance(actual, Digest):
            if actual.matches(desired):
                return actual
            self.differs = True
            return desired
        if option.is_record:
            return self._merge_record(option, desired, actual or {})
        if option.is_record_list and option.key:
            return self._merge_records(option, mode, desired, actual or [])
        if isinstance(desired, dict) and mode == SUPERSET:
            return self._merge_dict(desired, actual or {})
        if isinstance(desired, list) and mode in (SET, SUPERSET):
            return self._merge_list(mode, desired, actual or [])
        if isinstance(desired, (list, dict)) and not desired and not actual:
            return actual
        if desired != actual:
            self.differs = True
            return desired
        return actual

    def _merge_record(self, option: Option, desired: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
        merged = dict(actual)
        for sub in option.suboptions:
            if sub.name in desired and sub.compare != IGNORE:
                merged[sub.name] = self.merge(sub, sub.compare, desired[sub.name], actual.get(sub.name))
        return merged

    def _merge_records(self, option: Option, mode: str, desired: list[Any], actual: list[Any]) -> list[Any]:
        actual_by_key = {option.identity(entry): entry for entry in actual}
        desired_by_key = {option.identity(entry): entry for entry in desired}
        merged = []
        for entry in actual:
            if option.identity(entry) in desired_by_key:
                merged.append(self._merge_record(option, desired_by_key[option.identity(entry)], entry))
            elif mode == SUPERSET:
                merged.append(entry)
            else:
                self.differs = True
        for entry in desired:
            if option.identity(entry) not in actual_by_key:
                self.differs = True
                merged.append(entry)
        return merged

    def _merge_dict(self, desired: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
        merged = dict(actual)
        for key, value in desired.items():
            if key not in actual or actual[key] != value:
                self.differs = True
                merged[key] = value
        return merged

    def _merge_list(self, mode: str, desired: list[Any], actual: list[Any]) -> list[Any]:
        wanted = {sort_key(entry): entry for entry in desired}
        present = {sort_key(entry): entry for entry in actual}
        missing = [entry for key, entry in wanted.items() if key not in present]
        extra = [key for key in present if key not in wanted]
        if missing:
            self.differs = True
        if extra and mode == SET:
            self.differs = True
            return [entry for entry in actual if sort_key(entry) in wanted] + missing
        return list(actual) + missing


def check_comparisons(comparisons: Mapping[str, str] | None, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the entries of the user's ``comparisons`` that cannot be used, each with the reason."""
    known = set(names)
    faults = []
    for name, mode in (comparisons or {}).items():
        if name != "*" and name not in known:
            faults.append((name, "is not an option that is compared; name one, or * for all"))
        elif mode not in (STRICT, SET, SUPERSET, IGNORE):
            faults.append((name, f"cannot be compared as {mode!r}; choose strict, set, superset or ignore"))
    return faults
