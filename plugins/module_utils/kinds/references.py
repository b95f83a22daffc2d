# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Names of other objects in options, and the ids they stand for."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ..engine.errors import ItemError, OptionError
from ..engine.kind import Desired
from ..services.cloud import Cloud
from ..services.neutron import Neutron

_ID = re.compile(r"^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$", re.IGNORECASE)


def is_id(word: str) -> bool:
    """Tell whether a word is taken for an id rather than for a name."""
    return bool(_ID.match(word))


class Reference(str):
    """The id of an object, shown by its name."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, object_id: str, name: str | None) -> Reference:
        reference = super().__new__(cls, object_id)
        # Names may be empty.
        reference.name = name or object_id
        return reference


def shown(value: Any) -> Any:
    """Return references, also in a list, by their names."""
    if isinstance(value, list):
        return sorted(shown(entry) for entry in value)
    return value.name if isinstance(value, Reference) else value


def chosen(noun: str, word: str, option: str, found: Iterable[Mapping[str, Any]], project_id: str) -> Mapping[str, Any]:
    """Return the one object a name means: one of the user's own project before those others share.

    :param noun: what kind of object it is, for errors.
    :param option: the option as the user writes it.
    :raises OptionError: there is none, or more than one.
    """
    candidates = list(found)
    own = [entry for entry in candidates if entry.get("project_id") == project_id]
    candidates = own or candidates
    if not candidates:
        raise OptionError(
            option, word, f"is no {noun} this user can see", f"correct the name, or create the {noun} first"
        )
    if len(candidates) > 1:
        ids = ", ".join(sorted(str(entry["id"]) for entry in candidates))
        raise OptionError(option, word, f"is the name of {len(candidates)} objects ({noun}: {ids})", "give the id")
    return candidates[0]


def ambiguous(item: Desired, plural: str, ids: Iterable[str]) -> ItemError:
    """Return the error of an item whose name means several objects."""
    found = sorted(ids)
    return ItemError(
        f"{item.label}: name: {item.name!r} is the name of {len(found)} {plural} ({', '.join(found)}); give the id."
    )


class Directory:
    """Networks, subnets, security groups and QoS policies by name and id; each is asked for once."""

    def __init__(self, neutron: Neutron, project_id: str) -> None:
        self._neutron = neutron
        self._project_id = project_id
        self._known: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._asked: set[tuple[str, str, str]] = set()
        # Ports that were created together have the same unknown groups.
        self._lock = threading.Lock()

    def learn(self, noun: str, words: Iterable[str] = (), ids: Iterable[str] = ()) -> None:
        """Look up what is not known yet: all names in one request, all ids in another.

        :param words: names or ids, as users write them.
        """
        said = set(words)
        names = {word for word in said if not is_id(word)}
        with self._lock:
            self._ask(noun, "name", names)
            self._ask(noun, "id", {*ids, *(said - names)} - self._known.get(noun, {}).keys())

    def _ask(self, noun: str, key: str, values: Iterable[str]) -> None:
        new = [value for value in values if (noun, key, value) not in self._asked]
        if not new:
            return
        known = self._known.setdefault(noun, {})
        known.update((entry["id"], entry) for entry in self._neutron.find(noun, key, new))
        self._asked.update((noun, key, value) for value in new)

    def resolve(
        self,
        noun: str,
        word: str,
        option: str,
        suits: Callable[[Mapping[str, Any]], bool] = lambda dummy: True,
    ) -> Reference:
        """Return what a word means that was learned before.

        :param suits: tells which objects can be meant.
        :raises OptionError: there is none, or more than one.
        """
        key = "id" if is_id(word) else "name"
        found = [entry for entry in self._known.get(noun, {}).values() if entry[key] == word and suits(entry)]
        entry = chosen(noun, word, option, found, self._project_id)
        return Reference(entry["id"], entry["name"])

    def reference(self, noun: str, object_id: str) -> Reference:
        """Return an id with its name; where the user may not see the object, the id stands for it."""
        return Reference(object_id, self.entry(noun, object_id).get("name"))

    def entry(self, noun: str, object_id: str) -> Mapping[str, Any]:
        """Return what is known of an object that was learned before."""
        return self._known.get(noun, {}).get(object_id, {})


_directories: WeakKeyDictionary[Cloud, Directory] = WeakKeyDictionary()


def directory_of(cloud: Cloud) -> Directory:
    """Return what is known of a cloud's names: inside of Ansible, the items of a loop share a cloud and ask once."""
    if cloud not in _directories:
        _directories[cloud] = Directory(Neutron(cloud), cloud.project_id)
    return _directories[cloud]
