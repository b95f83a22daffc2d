# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""From declared options to Ansible's argument specification and documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import env_fallback

from ..engine.options import CREATE_ONLY, IGNORE, IN_PLACE, RECREATE, Option, Supported, Unsupported

if TYPE_CHECKING:
    from .run import Resource

# Names that Ansible takes for secrets unless told otherwise.
_LOOKS_SECRET = re.compile(r"pass|secret|token|key", re.IGNORECASE)

_CHANGE = {
    IN_PLACE: "changed in place",
    RECREATE: "a change recreates the {noun}",
    CREATE_ONLY: "cannot be changed once the {noun} exists",
}


def argument_spec(options: Iterable[Option]) -> dict[str, Any]:
    """Return an argument specification."""
    return {option.name: _spec_of(option) for option in options}


def _spec_of(option: Option) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": option.type}
    for key in ("elements", "required", "default"):
        if getattr(option, key):
            spec[key] = getattr(option, key)
    if option.type == "bool" and option.default is False:
        spec["default"] = False
    for key in ("choices", "aliases"):
        if getattr(option, key):
            spec[key] = list(getattr(option, key))
    if option.env:
        spec["fallback"] = (env_fallback, [option.env])
    if option.secret or _LOOKS_SECRET.search(option.name):
        spec["no_log"] = option.secret
    if option.suboptions:
        spec["options"] = argument_spec(option.suboptions)
    return spec


def fragment(options: dict[str, Any]) -> str:
    """Return the text of a documentation fragment (JSON, which is YAML as well)."""
    return json.dumps({"options": options}, indent=1)


def document(options: Iterable[Option], noun: str = "") -> dict[str, Any]:
    """Return the documentation of options as a module's DOCUMENTATION holds it."""
    return {option.name: _document_one(option, noun) for option in options}


def _document_one(option: Option, noun: str) -> dict[str, Any]:
    paragraphs = [*option.help, *_backend_notes(option, noun)]
    if option.env:
        paragraphs.append(f"Without it, the environment variable E({option.env}) is asked.")
    entry: dict[str, Any] = {"description": paragraphs}
    spec = _spec_of(option)
    entry.update(
        {key: spec[key] for key in ("type", "elements", "required", "default", "choices", "aliases") if key in spec}
    )
    if option.suboptions:
        entry["suboptions"] = document(option.suboptions)
    return entry


def _backend_notes(option: Option, noun: str) -> list[str]:
    """Say which backends have the option and how each changes it."""
    notes: list[str] = []
    supported = {name: how for name, how in option.backends.items() if isinstance(how, Supported)}
    if len(supported) < len(option.backends):
        notes.extend(f"Only with O(backend={name})." for name in supported)
        notes.extend(
            f"Refused with O(backend={name}), as {how.reason}."
            for name, how in option.backends.items()
            if isinstance(how, Unsupported)
        )
    for name, how in supported.items():
        if option.compare != IGNORE:
            notes.append(f"With O(backend={name}), {_CHANGE[how.change].format(noun=noun)}.")
        if how.note:
            notes.append(how.note)
    return notes


def document_resource(resource: Resource) -> dict[str, Any]:
    """Return the documentation of a resource's own options, for one item and for the list of items."""
    item = document(resource.item_options, resource.one)
    many = {
        "description": [
            f"Several {resource.many}, each with the options of one, handled together.",
            f"What stands beside O({resource.many}) holds for all of them unless one says otherwise.",
        ],
        "type": "list",
        "elements": "dict",
        "suboptions": item,
    }
    state = {**item["state"], "default": resource.default_state}
    return {**document(resource.task_options), **item, "state": state, resource.many: many}
