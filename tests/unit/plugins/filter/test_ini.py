# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that writes configuration files."""

from __future__ import annotations

import configparser

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.caas.zun.plugins.filter.ini import FilterModule

ini = FilterModule().filters()["ini"]


def test_text() -> None:
    sections = {
        "DEFAULT": {"debug": True, "host": "n1", "gone": None, "empty": ""},
        "taken_back": None,
        "uwsgi": {"processes": 2, "env": ["A=1", "B=2"], "ratio": 1.5},
        "pipeline:main": {"/health": "app"},
    }
    before = repr(sections)
    assert ini(sections) == (
        "[DEFAULT]\ndebug = true\nhost = n1\nempty =\n"
        "\n[uwsgi]\nprocesses = 2\nenv = A=1\nenv = B=2\nratio = 1.5\n"
        "\n[pipeline:main]\n/health = app\n"
    )
    assert repr(sections) == before
    assert ini({}) == ""


def test_a_reader_understands_it() -> None:
    reader = configparser.ConfigParser(interpolation=None)
    reader.read_string(ini({"a": {"x": "1 = 2 # 3", "y": "%(x)s"}}))
    assert dict(reader["a"]) == {"x": "1 = 2 # 3", "y": "%(x)s"}


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ("text", "dictionary of sections"),
        ({"a": "text"}, "section a must be a dictionary"),
        ({"a": {"b": {"c": 1}}}, r"a\.b must be a string"),
        ({"a": {"b": [["c"]]}}, r"a\.b must be a string"),
        ({"a": {"b": "1\n[c]"}}, r"a\.b has a line break"),
        ({"a]": {}}, "not a name that a section"),
        ({"a": {"b = 1\nc": 2}}, "not a name that an option"),
        ({"a": {"#b": 2}}, "not a name that an option"),
    ],
)
def test_refused(sections: object, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        ini(sections)


def test_a_refusal_keeps_the_value_to_itself() -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        ini({"a": {"password": "secret\nsecret"}})
    assert "secret" not in str(refused.value)
