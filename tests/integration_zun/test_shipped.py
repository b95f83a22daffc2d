# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module for a cloud as Ansible really ships it: packed with what it imports, into a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tasks import play

MODULES = (
    "appcontainer",
    "appcontainer_info",
    "container_port",
    "container_port_info",
    "container_volume",
    "container_volume_info",
)


@pytest.mark.parametrize("execute", ["target", pytest.param("controller", marks=pytest.mark.long)])
def test_all_modules(execute, lab, name, task, tmp_path: Path, user) -> None:
    def of(module: str, register: str = "nothing", **arguments: Any) -> dict[str, Any]:
        return {f"caas.zun.{module}": {"cloud": lab["cloud"], "execute": execute, **arguments}, "register": register}

    port = {"name": name, "network": "front"}
    volume = {"name": name, "size": 1}
    container = {**task, "nets": [{"port": name}], "mounts": [{"volume": name, "destination": "/data"}]}
    result = tmp_path / "result.json"
    tasks = [
        of("container_port", **port),
        of("container_volume", **volume),
        of("appcontainer", "made", **container),
        of("appcontainer", "again", **container),
        of("container_port_info", "ports", name=[name]),
        of("container_volume_info", "volumes", name=[name]),
        of("appcontainer_info", "containers", name=[name]),
        of("appcontainer", name=name, state="absent"),
        of("container_volume", name=name, state="absent"),
        of("container_port", name=name, state="absent"),
        {
            "ansible.builtin.copy": {
                "dest": str(result),
                "content": "{{ [made, again, ports, volumes, containers] | to_json }}",
            }
        },
    ]
    output = play(tmp_path, tasks, "-vvv", OS_CLIENT_CONFIG_FILE=lab["clouds"])
    shipped = {module for module in MODULES if f"AnsiballZ_{module}.py" in output}
    assert shipped == (set(MODULES) if execute == "target" else set())
    made, again, ports, volumes, containers = json.loads(result.read_text())
    assert made["container"]["status"] == "Running"
    assert not again["changed"]
    assert [entry["name"] for entry in ports["ports"]] == [name]
    assert [entry["name"] for entry in volumes["volumes"]] == [name]
    assert [entry["id"] for entry in containers["containers"]] == [made["container"]["id"]]
    assert not user.containers(name=name)
