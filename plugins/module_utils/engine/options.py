# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Options, each declared once.

Argument specification, documentation, parsing, comparison, diff and the
choice between changing in place and recreating are all derived from the
declarations here; nothing about an option is written down a second time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Union

from .digest import UNKNOWN, Digest
from .errors import OptionError
from .secrets import SECRET

# How a desired value is compared with the actual one.
STRICT = "strict"  # equal; lists in the same order
SET = "set"  # equal, order and repetition do not matter
SUPERSET = "superset"  # everything desired is there; more may be
IGNORE = "ignore"  # never compared
COMPARISONS = (STRICT, SET, SUPERSET, IGNORE)

# How a difference is removed.
IN_PLACE = "in_place"
RECREATE = "recreate"
CREATE_ONLY = "create_only"


@dataclass(frozen=True)
class Supported:
    """A backend has the option.

    :param change: how the backend changes it: IN_PLACE, RECREATE or CREATE_ONLY.
    :param unset: the canonical value the backend reports where the option was never set;
        None where that is not known before the object exists.
    :param note: a sentence for the documentation.
    :param reported: the backend tells the value of an existing object; if not, a digest has to be kept.
    """

    change: str = RECREATE
    unset: Any = None
    note: str = ""
    reported: bool = True


@dataclass(frozen=True)
class Unsupported:
    """A backend does not have the option.

    :param reason: completes "<option> is not supported by backend <backend>: ...".
    """

    reason: str


Backing = Union[Supported, Unsupported]


@dataclass(frozen=True)
class Option:
    """One option of a kind of resource.

    :param name: as the user writes it.
    :param type: Ansible's word: str, int, float, bool, list, dict or raw.
    :param help: paragraphs of documentation.
    :param elements: type of a list's elements.
    :param default: value where the user says nothing; only for options that say how a task is done.
    :param env: environment variable that is asked before the default.
    :param suboptions: fields of a dictionary, or of a list's dictionaries.
    :param key: the suboption, or the alternative suboptions, that identify an element of a list of dictionaries;
        elements with the same key are compared field by field, and only the fields said.
    :param parse: turns what the user wrote into the canonical value; raises ValueError
        with a text that completes "<option>: '<value>' ...".
    :param render: turns the canonical value into what is shown.
    :param compare: default comparison.
    :param secret: the value is never shown.
    :param backends: what each backend makes of it; empty for a suboption, which follows its option.
    """

    name: str
    type: str
    help: tuple[str, ...]
    elements: str | None = None
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    env: str | None = None
    suboptions: tuple[Option, ...] = ()
    key: str | tuple[str, ...] | None = None
    parse: Callable[[Any], Any] | None = None
    render: Callable[[Any], Any] | None = None
    compare: str = STRICT
    secret: bool = False
    backends: Mapping[str, Backing] = field(default_factory=dict)

    @property
    def is_record(self) -> bool:
        """The value is one dictionary with known fields."""
        return bool(self.suboptions) and self.type == "dict"

    @property
    def is_record_list(self) -> bool:
        """The value is a list of dictionaries with known fields."""
        return bool(self.suboptions) and self.type == "list"

    @property
    def holds_secret(self) -> bool:
        """The value, or a field of it, is never shown."""
        return self.secret or any(sub.holds_secret for sub in self.suboptions)

    def suboption(self, name: str) -> Option:
        """Return a field's declaration."""
        return next(sub for sub in self.suboptions if sub.name == name)

    def canonical(self, value: Any, where: str | None = None) -> Any:
        """Return what the user wrote in the one form that is compared, sent and shown.

        :param where: the option's full name for error messages.
        :raises OptionError: the value cannot be used.
        """
        where = where or self.name
        if self.is_record:
            value = self._canonical_record(value, where)
        elif self.is_record_list:
            value = [self._canonical_record(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
            self._refuse_repeated_keys(value, where)
        if self.parse is None:
            return value
        try:
            return self.parse(value)
        except ValueError as exc:
            raise option_error(where, SECRET if self.holds_secret else value, str(exc)) from None

    def _canonical_record(self, value: Mapping[str, Any], where: str) -> dict[str, Any]:
        return {
            sub.name: sub.canonical(value[sub.name], f"{where}.{sub.name}")
            for sub in self.suboptions
            if value.get(sub.name) is not None
        }

    def identity(self, record: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what tells an element of a list of dictionaries from the others."""
        keys = (self.key,) if isinstance(self.key, str) else self.key or ()
        return tuple((key, record[key]) for key in keys if record.get(key) is not None)

    def _refuse_repeated_keys(self, records: list[dict[str, Any]], where: str) -> None:
        seen: set[tuple[Any, ...]] = set()
        for record in records:
            identity = self.identity(record)
            if identity and identity in seen:
                key, value = identity[0]
                raise OptionError(f"{where}.{key}", value, "is given twice", "keep one of the entries")
            seen.add(identity)

    def shown(self, value: Any) -> Any:
        """Return a canonical value as results and diffs show it, secrets left out."""
        if value is None:
            return None
        if value is UNKNOWN or isinstance(value, Digest):
            return repr(UNKNOWN)
        if self.is_record and isinstance(value, Mapping):
            value = self._shown_record(value)
        elif self.is_record_list and isinstance(value, (list, tuple)):
            value = [self._shown_record(entry) for entry in value]
        return self.render(value) if self.render else value

    def _shown_record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return {
            sub.name: sub.shown(record[sub.name]) for sub in self.suboptions if sub.name in record and not sub.secret
        }


def option_error(where: str, value: Any, text: str) -> OptionError:
    """Make an OptionError from a parser's "reason; remedy"."""
    reason, _dummy, remedy = text.partition("; ")
    return OptionError(where, value, reason, remedy or "see the documentation of the option")


def sort_key(value: Any) -> str:
    """Key that orders any JSON-like value; used to make sets comparable."""
    return json.dumps(value, sort_keys=True, default=str)


class OptionsTable:
    """All options of one kind of resource, for every backend."""

    def __init__(self, options: Iterable[Option]) -> None:
        self._options = {option.name: option for option in options}

    def __iter__(self) -> Iterator[Option]:
        return iter(self._options.values())

    def __contains__(self, name: str) -> bool:
        return name in self._options

    def __getitem__(self, name: str) -> Option:
        return self._options[name]

    def of_backend(self, backend: str) -> list[Option]:
        """Return the options a backend has."""
        return [option for option in self if isinstance(option.backends.get(backend), Supported)]

    def support(self, name: str, backend: str) -> Supported:
        """Return how a backend supports an option it is known to have."""
        backing = self._options[name].backends[backend]
        if not isinstance(backing, Supported):
            raise KeyError(name)
        return backing

    def canonical(self, values: Mapping[str, Any], backend: str) -> dict[str, Any]:
        """Return the canonical values of everything the user said (not None).

        :raises OptionError: a value cannot be used, or the backend does not have the option.
        """
        said: dict[str, Any] = {}
        for option in self:
            value = values.get(option.name)
            if value is None:
                continue
            backing = option.backends.get(backend)
            if isinstance(backing, Unsupported):
                shown = SECRET if option.holds_secret else value
                raise OptionError(
                    option.name,
                    shown,
                    f"cannot be used with backend {backend}: {backing.reason}",
                    "leave the option out for this backend",
                )
            said[option.name] = option.canonical(value)
        return said
