# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What drain takes for unfinished. That it is so in a cloud, the proof of high availability tests."""

from __future__ import annotations

import datetime
import importlib.util
import json
import types
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions
import pytest

SOURCE = Path(__file__).parents[3] / "roles" / "zun_compute" / "files" / "service_state.py"
HOST = "compute1"


@pytest.fixture(name="state")
def fixture_state(monkeypatch: pytest.MonkeyPatch) -> Any:
    wanted = {"host": HOST, "drain_timeout": 300, "abandon": False}
    monkeypatch.setenv("ZUN_SERVICE", json.dumps(wanted))
    spec = importlib.util.spec_from_file_location("zun_compute_service_state", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    clock = types.SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    clock.sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)
    monkeypatch.setattr(module, "time", clock)
    return module


class Zun:
    """Lists what is there at the time, a page of two at a time."""

    def __init__(self, state: Any, rows: Any) -> None:
        self.now = lambda: state.time.now
        self.rows = rows
        self.markers_gone = 0

    def get(self, path: str, params: dict[str, str]) -> Any:
        found = [
            row
            for row in self.rows(self.now())
            if row["host"] == params.get("host", row["host"]) and row["status"] == params.get("status", row["status"])
        ]
        start = 0
        if "marker" in params:
            if self.markers_gone:
                self.markers_gone -= 1
                raise keystoneauth1.exceptions.NotFound
            start = [row["uuid"] for row in found].index(params["marker"]) + 1
        return types.SimpleNamespace(json=lambda: {"containers": found[start : start + 2]})


def row(uuid: str, status: str = "Creating", host: str | None = HOST, age: float = 0, task: str | None = None) -> Any:
    written = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    return {
        "uuid": uuid,
        "status": status,
        "host": host,
        "task_state": task,
        "created_at": written.strftime("%Y-%m-%d %H:%M:%S+00:00"),
        "updated_at": None,
    }


def test_all_pages_even_where_the_last_of_one_is_gone(state: Any) -> None:
    zun = Zun(state, lambda _now: [row(str(number), "Running") for number in range(5)])
    zun.markers_gone = 1
    assert [found["uuid"] for found in state.containers(zun)] == list("01234")


@pytest.mark.parametrize(
    ("made", "counts"),
    [
        (row("a"), True),
        (row("a", host=None), True),
        (row("a", host="compute2"), False),
        (row("a", "Running"), False),
        (row("a", "Running", task="container_deleting"), True),
        (row("a", "Deleting"), True),
        # Long silent, as while an image is pulled.
        (row("a", age=1000), True),
        # Left behind by something that failed before.
        (row("a", age=4000), False),
    ],
)
def test_what_is_under_way(state: Any, made: Any, counts: bool) -> None:
    zun = Zun(state, lambda _now: [made])
    assert state.wait_until_quiet(zun) == (["a"] if counts else [])


def test_it_waits_until_all_is_done(state: Any) -> None:
    zun = Zun(state, lambda now: [row("a", "Creating" if now < 200 else "Running")])
    assert state.finish_what_was_begun(zun) == []
    assert 200 <= state.time.now < 210


def test_what_came_later_is_not_waited_for(state: Any) -> None:
    zun = Zun(state, lambda now: [row("a", "Creating" if now < 5 else "Running")] + ([row("b")] if now > 2 else []))
    assert state.finish_what_was_begun(zun) == []


def test_it_refuses_to_lose_what_is_not_done(state: Any) -> None:
    zun = Zun(state, lambda _now: [row("a")])
    with pytest.raises(SystemExit, match=r"still makes or deletes.*300 seconds.*: a\. .*zun_compute_drain_abandon"):
        state.finish_what_was_begun(zun)
    state.WANTED["abandon"] = True
    assert state.finish_what_was_begun(zun) == ["a"]


def test_who_may_not_look_must_say_that_it_does_not_matter(state: Any) -> None:
    def forbidden(*_words: Any, **_more: Any) -> None:
        raise keystoneauth1.exceptions.Forbidden

    zun = types.SimpleNamespace(get=forbidden)
    with pytest.raises(SystemExit, match="may not list"):
        state.finish_what_was_begun(zun)
    state.WANTED["abandon"] = True
    assert state.finish_what_was_begun(zun) == []
