# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a role stand in three places, which have to agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted((Path(__file__).parents[3] / "roles").iterdir())


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_variables_agree(role: Path) -> None:
    entry_points = load(role / "meta" / "argument_specs.yml")["argument_specs"].values()
    options: dict[str, Any] = {}
    for entry_point in entry_points:
        for name, option in entry_point.get("options", {}).items():
            # Where several entry points have a variable, they have the same one.
            assert options.setdefault(name, option).get("default") == option.get("default"), name
    defaults = load(role / "defaults" / "main.yml")
    assert set(options) == set(defaults)
    assert {name: option["default"] for name, option in options.items() if "default" in option} == {
        name: default for name, default in defaults.items() if "default" in options[name]
    }
    # What is worked out, or left to someone else, the documentation says in words.
    without = {name for name, default in defaults.items() if default is None or "{{" in str(default)}
    assert without == {
        name for name, option in options.items() if "default" not in option and not option.get("required")
    }


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_readme_names_every_variable(role: Path) -> None:
    readme = (role / "README.md").read_text(encoding="utf-8")
    assert [name for name in load(role / "defaults" / "main.yml") if f"`{name}`" not in readme] == []
