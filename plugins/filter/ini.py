# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: ini
short_description: Write a dictionary of sections as an INI file
version_added: 0.2.0
description:
  - Turns a dictionary of sections, each a dictionary of options, into the text of a configuration file as
    oslo.config, Paste Deploy and uWSGI read it.
  - It keeps the order, and it changes nothing in the dictionary. Merge dictionaries with P(ansible.builtin.combine#filter)
    and O(ignore:recursive=true) before.
options:
  _input:
    description:
      - The sections. An option of V(null) is left out, and so is a section of V(null); this is how a dictionary that is
        merged over another takes something back.
      - A boolean becomes C(true) or C(false).
      - A list becomes one line per element with the same name. Options that take their elements on one line
        (most lists of oslo.config) are written as one string with commas.
      - A line break in a value is an error, because what follows would be read as further options.
    type: dict
    required: true
author:
  - caas.zun contributors
"""

EXAMPLES = r"""
- name: The defaults of a role with what the user overrides
  ansible.builtin.copy:
    dest: /etc/example/example.conf
    content: "{{ defaults | combine(overrides, recursive=true) | caas.zun.ini }}"
    mode: "0644"
  vars:
    defaults:
      DEFAULT: {debug: false, host: node1}
      database: {max_retries: -1}
    overrides:
      DEFAULT: {debug: true, host: null}
  # [DEFAULT]
  # debug = true
  #
  # [database]
  # max_retries = -1
"""

RETURN = r"""
_value:
  description: The text, ending in a line break unless there is no section.
  type: str
"""

_SECTION = re.compile(r"[^\[\]\r\n]+")
_OPTION = re.compile(r"[^\s=:#;\[\]][^=:\r\n]*")


def _value(where: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise AnsibleFilterError(f"{where} must be a string, a number, a boolean or a list of these, not {value!r}")
    text = str(value)
    if "\n" in text or "\r" in text:
        # The value itself may be a secret.
        raise AnsibleFilterError(f"{where} has a line break in its value, which no INI file can hold")
    return text


def _lines(section: str, options: object) -> list[str]:
    if not isinstance(options, Mapping):
        raise AnsibleFilterError(f"the section {section} must be a dictionary of options")
    lines = []
    for name, value in options.items():
        where = f"{section}.{name}"
        if not _OPTION.fullmatch(str(name)):
            raise AnsibleFilterError(f"{where} is not a name that an option can have")
        if value is None:
            continue
        values = value if isinstance(value, (list, tuple)) else [value]
        # Without a space after an empty value.
        lines += [f"{name} = {_value(where, element)}".rstrip() for element in values]
    return lines


def ini(sections: object) -> str:
    if not isinstance(sections, Mapping):
        raise AnsibleFilterError("caas.zun.ini takes a dictionary of sections")
    blocks = []
    for section, options in sections.items():
        if not _SECTION.fullmatch(str(section)):
            raise AnsibleFilterError(f"{section!r} is not a name that a section can have")
        if options is not None:
            blocks.append("\n".join([f"[{section}]", *_lines(str(section), options)]) + "\n")
    return "\n".join(blocks)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ini": ini}
