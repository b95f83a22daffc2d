# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What zun-api-check makes of what it sees. That it sees it, the lab tests."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest

SOURCE = Path(__file__).parents[3] / "roles" / "zun_api" / "files" / "check.py"


@pytest.fixture(name="check", scope="module")
def fixture_check() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("zun_api_check", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nodes_of_a_transport_url(check: Any) -> None:
    nodes = check.queue_nodes("rabbit://zun:p%40%2Fw@mq1:5671,zun:p%40%2Fw@[2001:db8::2]:5671/zun%20ha")
    assert nodes == [
        {"host": "mq1:5671", "userid": "zun", "password": "p@/w", "virtual_host": "zun ha"},
        {"host": "[2001:db8::2]:5671", "userid": "zun", "password": "p@/w", "virtual_host": "zun ha"},
    ]


@pytest.mark.parametrize("url", ["rabbit://zun:pw@mq1//", "rabbit://zun:pw@mq1/", "rabbit://zun:pw@mq1"])
def test_default_port_and_virtual_host(check: Any, url: str) -> None:
    assert check.queue_nodes(url) == [{"host": "mq1:5672", "userid": "zun", "password": "pw", "virtual_host": "/"}]


def test_a_bad_transport_url_is_not_shown(check: Any) -> None:
    with pytest.raises(ValueError, match="not understood") as caught:
        check.queue_nodes("rabbit://zun:secret@mq1:port/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "parameters", "whole"),
    [
        ("mysql+pymysql://db/zun?charset=utf8", "a=1&b=2", "mysql+pymysql://db/zun?charset=utf8&a=1&b=2"),
        ("mysql+pymysql://db/zun", "a=1", "mysql+pymysql://db/zun?a=1"),
        ("mysql+pymysql://db/zun", "", "mysql+pymysql://db/zun"),
    ],
)
def test_parameters_of_the_database(check: Any, url: str, parameters: str, whole: str) -> None:
    assert check.with_parameters(url, parameters) == whole


def test_reasons_tell_no_secrets(check: Any) -> None:
    wrapped = RuntimeError("mysql+pymysql://zun:secret@db")
    wrapped.orig = ConnectionError(2003, "Can't connect to 'zun'@'db' with 'secret'")  # type: ignore[attr-defined]
    assert check.reason(wrapped) == "ConnectionError 2003"
    assert check.reason(TimeoutError("secret")) == "TimeoutError"


def test_down_after_a_silence_and_up_at_once(check: Any) -> None:
    clock = Clock()
    database, queue = (check.Record(name, 6, clock) for name in ("database", "queue"))
    assert check.answer([database, queue], False) == "ready down #database: not asked yet; queue: not asked yet\n"
    database.good()
    queue.good()
    assert check.answer([database, queue], False) == "ready up\n"
    queue.bad(ConnectionRefusedError(111, "Connection refused"))
    clock.now += 6
    database.good()
    assert check.answer([database, queue], False) == "ready up\n"
    clock.now += 2
    assert check.answer([database, queue], False) == "ready down #queue: silent for 8 s, ConnectionRefusedError 111\n"
    assert check.answer([database, queue], True).startswith("drain down #queue")
    queue.good()
    assert check.answer([database, queue], True) == "drain up\n"


def test_a_look_that_hangs_counts_as_silence(check: Any) -> None:
    clock = Clock()
    record = check.Record("database", 6, clock)
    record.good()
    clock.now += 60
    assert record.problem().startswith("database: silent for 60 s")


class Thing:
    """Fails as often as it is told."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.closed = 0

    def ask(self) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionResetError(104, "reset")

    def close(self) -> None:
        self.closed += 1
        raise OSError("closed already")


@pytest.mark.parametrize(("failures", "good", "closed"), [(0, True, 0), (1, True, 1), (2, False, 2)])
def test_a_lost_connection_is_replaced_once(check: Any, failures: int, good: bool, closed: int) -> None:
    thing, record = Thing(failures), check.Record("queue", 6)
    check.look(thing, record)
    assert (record.answered is not None, thing.closed) == (good, closed)


class Connection:
    """Of the module amqp: only the node "alive" answers."""

    tried: ClassVar[list[str]] = []

    def __init__(self, **options: Any) -> None:
        self.host = options["host"]
        assert options["heartbeat"]

    def connect(self) -> None:
        self.tried.append(self.host)
        if not self.host.startswith("alive"):
            raise ConnectionRefusedError(111, "refused")

    def channel(self) -> Connection:
        return self

    def close(self) -> None:
        pass

    def heartbeat_tick(self) -> None:
        pass

    def collect(self) -> None:
        pass


@pytest.fixture(name="amqp")
def fixture_amqp(monkeypatch: pytest.MonkeyPatch) -> type[Connection]:
    module = types.ModuleType("amqp")
    module.Connection = Connection  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "amqp", module)
    Connection.tried = []
    return Connection


def test_the_next_node_is_asked(check: Any, amqp: type[Connection]) -> None:
    queue = check.Queue("rabbit://z:p@dead1:1,z:p@dead2:1,z:p@alive:1/", False)
    queue.ask()
    # One connection is enough, and it is kept.
    queue.ask()
    assert amqp.tried == ["dead1:1", "dead2:1", "alive:1"]
    queue.close()
    queue.ask()
    assert amqp.tried[3:] == ["alive:1"]


def test_no_node_answers(check: Any, amqp: type[Connection]) -> None:
    queue = check.Queue("rabbit://z:p@dead1:1,z:p@dead2:1/", False)
    with pytest.raises(ConnectionRefusedError):
        queue.ask()
    assert amqp.tried == ["dead1:1", "dead2:1"]
