# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One login, and one question after each name, for all items of a loop; tokens that last for all tasks."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tasks import play


@pytest.fixture
def task(monkeypatch, proxied, tmp_path) -> dict[str, Any]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return {"cloud": proxied.settings, "name": ["nothing"], "token_cache": True}


@pytest.fixture
def logins(proxied) -> Callable[[], int]:
    """Return a function that tells how many logins there were since it was asked last."""

    def count() -> int:
        found = sum(request == ("POST", "/v3/auth/tokens") for request in proxied["identity"].requests)
        proxied.begin()
        return found

    return count


def kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "caas.zun" / "tokens").iterdir())


def test_a_token_is_kept(container_port_info, logins, task, tmp_path) -> None:
    container_port_info.ok(**task)
    assert logins() == 1
    (path,) = kept(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert task["cloud"]["auth"]["password"] not in path.read_text()
    container_port_info.ok(**task)
    assert logins() == 0
    # Without the option, the file is not touched.
    container_port_info.ok(**{**task, "token_cache": False})
    assert logins() == 1


def test_a_token_that_is_refused(container_port_info, logins, task, tmp_path) -> None:
    container_port_info.ok(**task)
    (path,) = kept(tmp_path)
    state = json.loads(path.read_text())
    state["auth_token"] = "gAAAAABnothing"
    path.write_text(json.dumps(state))
    logins()
    container_port_info.ok(**task)
    assert logins() == 1
    assert json.loads(path.read_text())["auth_token"] != "gAAAAABnothing"


def test_other_credentials_find_nothing(container_port_info, logins, task, tmp_path) -> None:
    container_port_info.ok(**task)
    logins()
    wrong = {**task["cloud"], "auth": {**task["cloud"]["auth"], "password": "another-Secret"}}
    assert "Keystone refused the login" in container_port_info.fails(**{**task, "cloud": wrong})
    assert logins() == 1
    assert len(kept(tmp_path)) == 1


def test_a_loop_logs_in_once(lab, logins, proxied, tmp_path, user) -> None:
    words = {"cloud": proxied.settings, "name": ["{{ item }}"], "execute": "controller"}
    tasks = [{"caas.zun.container_port_info": words, "loop": ["one", "two", "three"]}]
    play(tmp_path, tasks)
    assert len(proxied["network"].requests) == 3
    assert logins() == 1


def test_a_loop_asks_for_names_once(lab, name, proxied, tmp_path) -> None:
    words = {"cloud": proxied.settings, "name": f"{name}-{{{{ item }}}}", "network": lab["networks"][0]}
    words["execute"] = "controller"
    play(tmp_path, [{"caas.zun.container_port": words, "check_mode": True, "loop": ["one", "two", "three"]}])
    asked = [path.partition("?")[0].rpartition("/")[2] for _method, path in proxied["network"].requests]
    assert asked.count("ports") == 3
    assert asked.count("networks") == 1
