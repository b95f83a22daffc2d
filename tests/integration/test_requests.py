# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests the work costs; counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from proxy import CountingProxy

MANY = 50


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[CountingProxy]:
    server = CountingProxy(tmp_path / "engine.sock")
    yield server
    server.shutdown()
    server.server_close()


def realistic(name: str, images: list[str], networks: list[str], count: int = MANY) -> list[dict]:
    return [
        {
            "name": f"{name}-{index}",
            "image": images[index % len(images)],
            "nets": [{"network": networks[index % len(networks)], "aliases": [f"app-{index}"]}],
            "mounts": [
                {"destination": "/data", "volume": f"{name}-data"},
                {"destination": "/etc/app.conf", "content": f"number = {index}\n"},
            ],
            "cpu": 0.1,
            "memory": "32M",
            "pids_limit": 50,
            "environment": {"INDEX": index, "MODE": "production"},
            "secret_environment": {"PASS": f"secret-of-{index}"},
            "labels": {"team": "web", "index": index},
            "healthcheck": {"cmd": "true", "interval": "1h", "retries": 3},
            "restart_policy": "unless-stopped",
            "log_options": {"max-size": "1m"},
            "cap_drop": ["ALL"],
            "security_opts": ["no-new-privileges"],
        }
        for index in range(count)
    ]


def test_no_op_of_many_containers(
    appcontainer, container_volume, engine, image, name, network, other_image, proxy
) -> None:
    container_volume.ok(name=f"{name}-data")
    images, networks = [image, other_image], [network("one"), network("two")]
    items = realistic(name, images, networks)
    # Created and never started: to start 50 containers would cost minutes and add nothing here.
    task = {"containers": items, "state": "present", "docker_host": proxy.host}
    made = appcontainer.ok(**task)
    assert [entry["action"] for entry in made["containers"]] == ["created"] * MANY
    for check in (False, True):
        proxy.begin()
        assert not appcontainer.ok(check=check, **task).changed
        counts = proxy.counts()
        assert counts.pop("GET /containers/*/json") == MANY
        assert counts.pop("GET /images/*/json") == len(images)
        assert counts.pop("GET /networks/*") == len(networks)
        assert counts.pop("GET /containers/json") == 1
        assert sum(counts.values()) <= 2, counts
    proxy.begin()
    removed = appcontainer.ok(**{**task, "state": "absent"})
    assert [entry["action"] for entry in removed["containers"]] == ["deleted"] * MANY
    counts = proxy.counts()
    assert counts["DELETE /containers/*"] == MANY
    assert counts["GET /containers/*/json"] == MANY
    proxy.begin()
    assert not appcontainer.ok(**{**task, "state": "absent"}).changed
    assert sum(proxy.counts().values()) <= 3


def test_no_op_of_running_containers(appcontainer, container_volume, image, name, network, proxy) -> None:
    container_volume.ok(name=f"{name}-data")
    count = 5
    items = realistic(name, [image], [network()], count)
    task = {"containers": items, "state": "started", "docker_host": proxy.host}
    appcontainer.ok(**task)
    # The reserve of 3 is for the version, the listing, and one more.
    for state in ("started", "present"):
        proxy.begin()
        assert not appcontainer.ok(**{**task, "state": state}).changed
        counts = proxy.counts()
        assert sum(counts.values()) <= 3 + count + 1 + 1, counts
        assert counts["GET /containers/json"] == 1


def test_waiting_looks_at_all_in_one_request(appcontainer, image, name, proxy) -> None:
    count = 6
    task = {
        "containers": [{"name": f"{name}-{index}"} for index in range(count)],
        "image": image,
        # Healthy only after several looks.
        "healthcheck": {"cmd": "test -e /tmp/a || { touch /tmp/a; exit 1; }", "interval": "1s", "retries": 9},
        "state": "healthy",
        "docker_host": proxy.host,
    }
    appcontainer.ok(**task)
    counts = proxy.counts()
    # One to see each in the end, and none on the way.
    assert counts["GET /containers/*/json"] == count
    assert counts["GET /containers/json"] > 3
    assert counts["GET /images/*/json"] == 1
    assert counts["POST /containers/*/start"] == counts["POST /containers/create"] == count


def test_no_op_of_many_volumes(container_volume, name, proxy) -> None:
    task = {
        "volumes": [{"name": f"{name}-{index}", "labels": {"index": index}} for index in range(MANY)],
        "docker_host": proxy.host,
    }
    container_volume.ok(**task)
    for arguments in (task, {**task, "state": "absent"}):
        container_volume.ok(**arguments)
        proxy.begin()
        assert not container_volume.ok(**arguments).changed
        assert sum(proxy.counts().values()) <= 3


def once(method: str, path: str) -> tuple[Callable[[str, str], bool], list[str]]:
    """Return a fault for the first such request, and the list in which it notes that it struck."""
    struck: list[str] = []

    def fault(seen_method: str, seen_path: str) -> bool:
        hit = seen_method == method and seen_path.endswith(path) and not struck
        struck.extend([seen_path] if hit else [])
        return hit

    return fault, struck


def test_an_answer_of_the_engine_that_fails_midway(appcontainer, everything, image, name, proxy) -> None:
    """Whatever request fails, the old container is there in the end, and nothing besides."""
    appcontainer.ok(name=name, image=image, mounts=[{"destination": "/etc/conf", "content": "one"}])
    names = everything()
    wanted = {"name": name, "image": image, "mounts": [{"destination": "/etc/conf", "content": "two"}]}
    for method, path in (
        ("POST", "/containers/create"),
        ("PUT", "/archive"),
        ("POST", "/start"),
        ("POST", "/rename"),
    ):
        proxy.fault, failed = once(method, path)
        message = appcontainer.fails(docker_host=proxy.host, **wanted)
        assert failed
        assert "planted fault" in message or "500" in message
        assert everything() == names
        proxy.fault = None
        assert not appcontainer.ok(
            name=name, image=image, mounts=[{"destination": "/etc/conf", "content": "one"}]
        ).changed
