# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Very many containers: rows in Zun's database, as ten thousand real ones do not fit into a lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modules
import pytest
from tasks import COLLECTIONS

MANY = 10_000
MOST = 200  # MiB

# Each asks for all containers, writes the result into a file, and tells what it held at most, in MiB: the module as
# Ansible runs it on a host, and what one of Ansible's workers does on the controller.
SHIPPED = """
import contextlib, json, resource, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.caas.zun.plugins.modules import appcontainer_info
with open(sys.argv[2], "w") as output:
    with patch_module_args(json.loads(sys.argv[1])), contextlib.redirect_stdout(output):
        with contextlib.suppress(SystemExit):
            appcontainer_info.main()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
INSIDE = """
import json, resource, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from modules import inside
result = inside("caas.zun.appcontainer_info", json.loads(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
with open(sys.argv[2], "w") as output:
    json.dump(result, output)
"""


@pytest.fixture
def sql(lab) -> Callable[[str], str]:
    """Return a function that runs a statement in Zun's database, which the control node has."""

    def run(statement: str) -> str:
        command = ["docker", "exec", lab["control"]["node"], "mariadb", "--skip-column-names", "zun", "-e", statement]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return run


@pytest.mark.alone
@pytest.mark.parametrize("program", [pytest.param(SHIPPED, marks=pytest.mark.long), INSIDE], ids=["shipped", "inside"])
def test_ten_thousand_containers(lab, name, program, raw, sql, tmp_path: Path) -> None:
    seed = raw(run=False)
    every = sql(
        "SELECT GROUP_CONCAT(CONCAT('`', column_name, '`')) FROM information_schema.columns WHERE table_schema = 'zun' "
        "AND table_name = 'container' AND column_name NOT IN ('id', 'uuid', 'name', 'container_id')"
    )
    try:
        sql(
            f"INSERT INTO container (uuid, name, container_id, {every}) "
            f"SELECT UUID(), CONCAT('{name}-row-', seq), NULL, {every} FROM container, seq_1_to_{MANY} "
            f"WHERE uuid = '{seed}'"
        )
        found, most = ask(lab, program, tmp_path / "result.json")
    finally:
        sql(f"DELETE FROM container WHERE name LIKE '{name}-row-%'")
    mine = [entry for entry in found["containers"] if entry["name"].startswith(f"{name}-row-")]
    assert len(mine) == MANY
    assert most < MOST, f"{most:.0f} MiB"


def ask(lab: dict[str, Any], program: str, result: Path) -> tuple[dict[str, Any], float]:
    arguments = json.dumps({"cloud": lab["cloud"]})
    command = [sys.executable, "-c", program, arguments, str(result)]
    shared = str(Path(modules.__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((COLLECTIONS, shared))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(result.read_text()), float(done.stdout)
