# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests share: a real Docker Engine, an image built here, and modules run as Ansible runs them."""

from __future__ import annotations

import os
import random
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
from image import IMAGE, build_image
from modules import Module

# Whatever the tests make begins with this and the number of the process that made it, so that the next run can
# remove what a cut-off one left, and nothing of one that goes on at the same time (pytest-xdist, two terminals).
PREFIX = "caas-zun-test"
MINE = f"{PREFIX}-p{os.getpid()}"


@pytest.fixture
def appcontainer(capsys: pytest.CaptureFixture[str]) -> Module:
    return Module("appcontainer", capsys, backend="docker")


@pytest.fixture
def appcontainer_info(capsys: pytest.CaptureFixture[str]) -> Module:
    return Module("appcontainer_info", capsys, backend="docker")


@pytest.fixture
def container_volume(capsys: pytest.CaptureFixture[str]) -> Module:
    return Module("container_volume", capsys, backend="docker")


@pytest.fixture
def container_volume_info(capsys: pytest.CaptureFixture[str]) -> Module:
    return Module("container_volume_info", capsys, backend="docker")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look longer at containers that are to end: a busy machine may need seconds to end a shell and to tell of it."""
    # By name: pytest reads this file before it knows where collections are.
    kind = "ansible_collections.caas.zun.plugins.module_utils.kinds.docker_container"
    monkeypatch.setattr(f"{kind}.SETTLE", 3.0)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.APIClient]:
    """The engine itself, to look at what the modules did without going through them."""
    client = docker.APIClient(version="auto")
    _remove_leftovers(client)
    yield client
    _remove_leftovers(client)
    client.close()


def _is_leftover(name: str) -> bool:
    """Tell whether an object was made by a run that is over."""
    match = re.search(rf"{PREFIX}-p(\d+)", name)
    return bool(match) and not Path(f"/proc/{match.group(1)}").exists()


def _remove_leftovers(client: docker.APIClient) -> None:
    _remove(client, PREFIX, _is_leftover)


def _remove(client: docker.APIClient, prefix: str, chosen: Callable[[str], bool] = lambda dummy: True) -> None:
    """Remove everything whose name begins with a prefix."""
    for container in client.containers(all=True, filters={"name": prefix}):
        if chosen(container["Names"][0]):
            with suppress(docker.errors.NotFound):
                client.remove_container(container["Id"], force=True, v=True)
    for network in client.networks(filters={"name": prefix}):
        if chosen(network["Name"]):
            with suppress(docker.errors.NotFound):
                client.remove_network(network["Id"])
    for volume in client.volumes(filters={"name": prefix})["Volumes"] or []:
        if chosen(volume["Name"]):
            with suppress(docker.errors.NotFound):
                client.remove_volume(volume["Name"])


@pytest.fixture
def name(engine: docker.APIClient) -> Iterator[str]:
    """A name nobody uses; everything whose name begins with it is removed afterwards."""
    mine = f"{MINE}-{uuid.uuid4().hex[:8]}"
    yield mine
    _remove(engine, mine)


@pytest.fixture
def inspect(engine: docker.APIClient):
    """Return what the engine knows of a container, None where there is none."""

    def look(name_or_id: str) -> dict[str, Any] | None:
        try:
            return engine.inspect_container(name_or_id)
        except docker.errors.NotFound:
            return None

    return look


@pytest.fixture(scope="session")
def image(engine: docker.APIClient) -> str:
    """An image with busybox; its containers sleep and end at once when stopped."""
    build_image(engine, f"{IMAGE}:1")
    return f"{IMAGE}:1"


@pytest.fixture(scope="session")
def other_image(engine: docker.APIClient) -> str:
    """Another image than :func:`image`, with other defaults."""
    build_image(engine, f"{IMAGE}:2", 'ENV FROM_IMAGE=other\nLABEL from-image=other\nCMD ["sleep", "200000"]')
    return f"{IMAGE}:2"


@pytest.fixture(scope="session")
def healthy_image(engine: docker.APIClient) -> str:
    """An image with a health check that passes at once."""
    build_image(engine, f"{IMAGE}:healthy", 'HEALTHCHECK --interval=1s --retries=2 CMD ["true"]')
    return f"{IMAGE}:healthy"


@pytest.fixture
def network(engine: docker.APIClient, name: str):
    """Make a network with a range of its own; return its name."""

    def make(suffix: str = "net") -> str:
        network_name = f"{name}-{suffix}"
        # 198.18.0.0/15 is set aside for tests of networks (RFC 2544); other runs may use a part of it.
        for third in random.sample(range(256), 256):
            pool = docker.types.IPAMPool(subnet=f"198.18.{third}.0/24")
            try:
                engine.create_network(network_name, ipam=docker.types.IPAMConfig(pool_configs=[pool]))
            except docker.errors.APIError as exc:
                if "overlaps" not in str(exc):
                    raise
                continue
            return network_name
        raise AssertionError("no free range for a network")

    return make


@pytest.fixture
def raw(engine: docker.APIClient, name: str, image: str):
    """Make a container without the collection; return its id."""

    def make(suffix: str = "", start: bool = True, image: str = image, command: Any = None, **options: Any) -> str:
        """Make one; `options` are those of HostConfig in the Docker SDK's words, `config` the rest of the creation."""
        config = options.pop("config", {})
        host = engine.create_host_config(**options)
        made = engine.create_container(image, command, name=name + suffix, host_config=host, **config)["Id"]
        if start:
            engine.start(made)
        return made

    return make


@pytest.fixture
def everything(engine: docker.APIClient):
    """Return a function that lists the names of all that exists of this test's own, to see what a failure leaves."""

    def look() -> set[str]:
        containers = {entry["Names"][0] for entry in engine.containers(all=True) if MINE in entry["Names"][0]}
        networks = {entry["Name"] for entry in engine.networks() if MINE in entry["Name"]}
        volumes = {entry["Name"] for entry in engine.volumes()["Volumes"] or [] if MINE in entry["Name"]}
        return containers | networks | volumes

    return look


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the collection's sources."""
    return Path(__file__).resolve().parents[2]
