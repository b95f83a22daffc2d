# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node is not removed when those that stay cannot do without it.

All hosts are this machine, on which neither a database cluster nor a load balancer runs. The roles run in check mode,
and their guards come before anything that would change it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NODES = {name: f"192.0.2.{number}" for number, name in enumerate(("n1", "n2", "n3"), 1)}


@pytest.mark.parametrize(
    ("role", "variables", "message"),
    [
        (
            "galera",
            {"galera_nodes": NODES, "galera_remove_confirm": "zun"},
            "Not removing n1: of the nodes that stay, n2, n3 would have to be in the cluster and synced",
        ),
        (
            "loadbalancer",
            {"loadbalancer_nodes": NODES, "loadbalancer_vip": "192.0.2.10", "loadbalancer_confirm_removal": True},
            "Not removing the load balancer n1: of n2, n3, which would stay, none serves.",
        ),
    ],
)
def test_others_are_asked(tmp_path: Path, role: str, variables: dict[str, Any], message: str) -> None:
    play = tmp_path / "play.yml"
    task = {"ansible.builtin.include_role": {"name": f"caas.zun.{role}", "tasks_from": "remove"}}
    play.write_text(json.dumps([{"hosts": "n1", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "--inventory",
            ",".join(NODES),
            "--check",
            "--extra-vars",
            json.dumps({**local, **variables}),
            str(play),
        ],
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert done.stdout.count("FAILED!") == 1, done.stdout + done.stderr
    assert message in done.stdout, done.stdout
    assert "changed=0" in done.stdout
