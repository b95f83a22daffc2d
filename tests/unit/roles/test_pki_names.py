# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role pki asks of the CA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

VARS = Path(__file__).parents[3] / "roles" / "pki" / "vars" / "main.yml"


def wanted(*names: str) -> list[dict[str, Any]]:
    loader = DataLoader()
    variables = loader.load_from_file(str(VARS), trusted_as_template=True)
    variables |= {"inventory_hostname": "zun1", "pki_names": list(names), "pki_extra_names": [], "pki_certificates": []}
    return Templar(loader, variables=variables).template(variables["pki__wanted"])


def test_the_order_of_names_does_not_matter() -> None:
    """Filters on sets give them in another order in each run, and facts in that of the interfaces."""
    names = ("zun2", "192.0.2.1", "zun1", "2001:db8::1")
    (certificate,) = wanted(*names)
    assert certificate["names"] == ["DNS:zun1", "DNS:zun2", "IP:192.0.2.1", "IP:2001:db8::1"]
    assert wanted(*reversed(names)) == [certificate]
