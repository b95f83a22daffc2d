# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks conclude from what HAProxy says about its servers."""

from __future__ import annotations

import importlib.util
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "playbooks" / "files" / "haproxy_wait.py"
SPEC = importlib.util.spec_from_file_location("haproxy_wait", FILE)
assert SPEC
assert SPEC.loader
haproxy_wait = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(haproxy_wait)

Answer = Callable[[dict[str, tuple[str, int]]], None]


def table(states: dict[str, tuple[str, int]]) -> str:
    lines = ["# pxname,svname,scur,status,", "zun-api,FRONTEND,3,OPEN,"]
    lines += [f"zun-api,{name},{sessions},{status}," for name, (status, sessions) in states.items()]
    return "\n".join([*lines, "zun-api,BACKEND,3,UP,", "database,api1,9,UP,", ""])


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[tuple[str, Answer]]:
    """Something that answers like HAProxy, and a function that says what."""
    path = str(tmp_path / "socket")
    said = {"text": ""}
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def serve() -> None:
        while True:
            try:
                connection, _address = server.accept()
            except OSError:
                return
            with connection:
                assert connection.recv(100) == b"show stat\n"
                connection.sendall(said["text"].encode())

    threading.Thread(target=serve, daemon=True).start()
    yield path, lambda states: said.update(text=table(states))
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def run(monkeypatch: pytest.MonkeyPatch, path: str, wanted: str) -> None:
    question = {"socket": path, "backend": "zun-api", "server": "api1", "wanted": wanted, "timeout": 0.3}
    monkeypatch.setattr("sys.argv", ["haproxy_wait.py", json.dumps(question)])
    haproxy_wait.main()


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        ("out", {"api1": ("DRAIN (agent)", 0), "api2": ("UP", 3)}),
        ("out", {"api1": ("NOLB", 0), "api2": ("UP", 3)}),
        ("out", {"api1": ("DOWN", 0), "api2": ("UP", 3)}),
        ("in", {"api1": ("UP", 1), "api2": ("UP", 3)}),
        ("spare", {"api1": ("UP", 1), "api2": ("UP", 3)}),
    ],
)
def test_as_wanted(
    haproxy: tuple[str, Answer], monkeypatch: pytest.MonkeyPatch, wanted: str, states: dict[str, tuple[str, int]]
) -> None:
    path, says = haproxy
    says(states)
    run(monkeypatch, path, wanted)


@pytest.mark.parametrize(
    ("wanted", "states", "reason"),
    [
        ("out", {"api1": ("UP", 0), "api2": ("UP", 3)}, "still gets requests"),
        ("out", {"api1": ("UP 1/2", 0), "api2": ("UP", 3)}, "still gets requests"),
        ("out", {"api1": ("DRAIN", 2), "api2": ("UP", 3)}, "still has 2 sessions"),
        ("in", {"api1": ("DRAIN", 0), "api2": ("UP", 3)}, "is DRAIN"),
        ("in", {"api1": ("DOWN 1/2", 0), "api2": ("UP", 3)}, "is DOWN 1/2"),
        ("spare", {"api1": ("UP", 1), "api2": ("DOWN", 0)}, "nobody would answer"),
        ("spare", {"api1": ("UP", 1)}, "nobody would answer"),
        ("out", {"api2": ("UP", 3)}, "no server api1"),
    ],
)
def test_not_as_wanted(
    haproxy: tuple[str, Answer],
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    states: dict[str, tuple[str, int]],
    reason: str,
) -> None:
    path, says = haproxy
    says(states)
    with pytest.raises(SystemExit, match=reason):
        run(monkeypatch, path, wanted)


def test_no_haproxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="does not answer"):
        run(monkeypatch, str(tmp_path / "none"), "out")
