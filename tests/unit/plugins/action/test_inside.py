# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks inside of each ansible-core, which needs neither a cloud nor an engine to refuse what cannot be done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tasks import play

PASSWORD = "cloud-Secret-4321"


@pytest.fixture
def inside(tmp_path: Path) -> Callable[..., tuple[dict[str, Any], str]]:
    """Return a function that runs one task inside of Ansible; it returns the task's result, and all that was printed."""

    def run(module: str, **arguments: Any) -> tuple[dict[str, Any], str]:
        result = tmp_path / "result.json"
        copy = {"dest": str(result), "content": "{{ seen | to_json }}"}
        task = {f"caas.zun.{module}": {"execute": "controller", **arguments}, "register": "seen", "ignore_errors": True}
        output = play(tmp_path, [task, {"ansible.builtin.copy": copy}], "-vvv")
        return json.loads(result.read_text()), output

    return run


def test_no_engine(inside, tmp_path) -> None:
    result, _output = inside("appcontainer_info", backend="docker", docker_host=f"unix://{tmp_path}/none.sock")
    assert "none.sock" in result["msg"]
    assert result["changed"] is False


def test_an_option_that_does_not_exist(inside) -> None:
    assert (
        "Unsupported parameters for (caas.zun.container_port) module: nam"
        in inside("container_port", nam="web")[0]["msg"]
    )


def test_a_value_that_cannot_be(inside) -> None:
    result, _output = inside("appcontainer", backend="docker", name="web", image="web", memory="much")
    assert result["msg"].startswith("web: memory: 'much' ")


@pytest.mark.parametrize("module", ["container_port", "container_volume", "appcontainer"])
def test_a_secret_stays_one(module, inside) -> None:
    auth = {"auth_url": "http://127.0.0.1:1/v3", "username": "me", "password": PASSWORD, "project_name": "demo"}
    auth |= {"user_domain_id": "default", "project_domain_id": "default"}
    more = {"network": "front"} if module == "container_port" else {}
    result, output = inside(module, name="web", auth=auth, **more)
    assert "no connection" in result["msg"]
    assert PASSWORD not in output
    assert PASSWORD not in json.dumps(result)


def test_templates_are_not_looked_for_in_results(inside) -> None:
    """What comes back of an argument is a text; were it still a trusted template, `to_json` above would fill it in."""
    result, _output = inside("appcontainer", backend="docker", name="web", memory="{{ '{{ 7 * 191 }}' }}")
    assert "{{ 7 * 191 }}" in result["msg"]
