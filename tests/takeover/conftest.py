# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab, and the administrator and the ordinary user of its cloud."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cloud import User


@pytest.fixture(scope="session")
def lab() -> dict[str, Any]:
    """The description of the lab (see tests/lab/README.md)."""
    path = Path(os.environ.get("CAAS_ZUN_LAB", ".cache/lab/lab.json"))
    assert path.is_file(), f"there is no lab at {path}; raise it with make lab"
    description = json.loads(path.read_text())
    os.environ["OS_CLIENT_CONFIG_FILE"] = description["clouds"]
    return description


@pytest.fixture(scope="session")
def user(lab: dict[str, Any]) -> User:
    return User(lab["cloud"])


@pytest.fixture(scope="session")
def admin(lab: dict[str, Any]) -> User:
    return User(lab["admin_cloud"])
