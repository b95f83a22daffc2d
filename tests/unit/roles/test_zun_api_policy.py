# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ready-made policies refer to rules that exist, and touch what they say they touch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

FILES = Path(__file__).parents[3] / "roles" / "zun_api" / "files"
# Rules that Zun itself has.
ZUN = {"context_is_admin"}
LOOKING = re.compile(r":(get|get_one|get_all|top|stats|actions|events|host|get_default)$|:action:")


def profile(name: str) -> dict[str, str]:
    rules: dict[str, str] = yaml.safe_load((FILES / f"policy-{name}.yml").read_text(encoding="utf-8"))
    return rules


@pytest.mark.parametrize("name", ["reader", "operator"])
def test_references_exist(name: str) -> None:
    rules = profile(name)
    named = {found for rule in rules.values() for found in re.findall(r"rule:(\w+)", rule)}
    assert named <= set(rules) | ZUN


def test_reader_is_kept_from_changes_only() -> None:
    rules = profile("reader")
    member = rules.pop("project_member")
    assert "role:member and project_id" in member
    assert set(rules.values()) == {"rule:project_member"}
    assert [name for name in rules if LOOKING.search(name)] == []


def test_operator_gets_nothing_of_users() -> None:
    rules = profile("operator")
    helpers = {name: rules.pop(name) for name in ("context_is_admin", "full_admin", "owner_or_full_admin")}
    assert [name for name, rule in helpers.items() if "operator" in rule] == ["context_is_admin"]
    assert set(rules.values()) == {"rule:full_admin", "rule:owner_or_full_admin"}
    # What the other profile takes from readers is nothing for operators either.
    changes = set(profile("reader")) - {"project_member"}
    assert changes <= set(rules)
