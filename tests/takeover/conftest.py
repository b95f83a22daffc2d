# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab, and the administrator and the ordinary user of its cloud."""

from __future__ import annotations

from typing import Any

import pytest
from cloud import User, described_lab


@pytest.fixture(scope="session")
def lab() -> dict[str, Any]:
    """The description of the lab (see tests/lab/README.md)."""
    return described_lab()


@pytest.fixture(scope="session")
def user(lab: dict[str, Any]) -> User:
    return User(lab["cloud"])


@pytest.fixture(scope="session")
def admin(lab: dict[str, Any]) -> User:
    return User(lab["admin_cloud"])
