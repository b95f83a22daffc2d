# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pulling, from a registry of the tests' own."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker.errors
import pytest
from image import build_image
from modules import eventually
from proxy import CountingProxy

CONFIG = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Registry:
    """A registry on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("docker-registry")
        assert program, "docker-registry is missing; apt-get install docker-registry"
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        config = folder / "config.yml"
        config.write_text(CONFIG.format(folder=folder, port=self.port))
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        eventually(self._answers)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            assert self._process.poll() is None, "the registry ended"
            return False

    def digest(self, repository: str, tag: str) -> str:
        """Return what a tag stands for now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        accept = "application/vnd.docker.distribution.manifest.v2+json"
        connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers={"Accept": accept})
        return connection.getresponse().headers["Docker-Content-Digest"]

    def close(self) -> None:
        """End the registry."""
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[Registry]:
    made = Registry(tmp_path_factory.mktemp("registry"))
    yield made
    made.close()


@pytest.fixture
def repository(engine, registry: Registry, name: str) -> Iterator[str]:
    """A repository of this test's own; its images and containers are removed afterwards."""
    mine = f"127.0.0.1:{registry.port}/caas-zun-test/{uuid.uuid4().hex[:8]}"
    yield mine
    for container in engine.containers(all=True, filters={"name": name}):
        engine.remove_container(container["Id"], force=True, v=True)
    for tag in [tag for made in engine.images(name=mine) for tag in made["RepoTags"] or made["RepoDigests"]]:
        engine.remove_image(tag, force=True)


def publish(engine, reference: str, mark: str, keep: bool = False) -> str:
    """Put a new image into the registry; return its id. The host forgets it."""
    image_id = build_image(engine, reference, f'LABEL mark="{mark}"')
    for event in engine.push(reference, stream=True, decode=True):
        assert "error" not in event, event
    if not keep:
        forget(engine, reference)
    return image_id


def forget(engine, reference: str) -> None:
    engine.remove_image(reference, force=True)


def present(engine, reference: str) -> bool:
    try:
        engine.inspect_image(reference)
    except docker.errors.ImageNotFound:
        return False
    return True


@pytest.mark.parametrize("policy", ["ifnotpresent", "always", None])
def test_missing_image_is_pulled(policy, appcontainer, engine, name, repository) -> None:
    image_id = publish(engine, f"{repository}:1", "one")
    options = {"name": name, "image": f"{repository}:1", **({"image_pull_policy": policy} if policy else {})}
    predicted = appcontainer.ok(check=True, **options)
    assert predicted["containers"][0]["action"] == "created"
    assert not present(engine, f"{repository}:1")
    made = appcontainer.ok(**options)
    assert made["container"]["image_id"] == image_id
    for check in (True, False):
        assert not appcontainer.ok(check=check, **options).changed


def test_never_does_not_pull(appcontainer, engine, everything, name, repository) -> None:
    publish(engine, f"{repository}:1", "one")
    message = appcontainer.fails(name=name, image=f"{repository}:1", image_pull_policy="never")
    for part in ("image", f"{repository}:1", "never", "pull it first"):
        assert part in message
    assert not present(engine, f"{repository}:1")
    assert everything() == set()


def test_tag_that_moved(appcontainer, engine, inspect, name, repository) -> None:
    reference = f"{repository}:1"
    first = publish(engine, reference, "one", keep=True)
    options = {"name": name, "image": reference}
    made = appcontainer.ok(**options)
    second = publish(engine, reference, "two", keep=True)
    # The host has the first one under the tag, as it would if somebody else had pushed the second one.
    engine.tag(first, repository, "1")
    # Whoever does not ask the registry sees no change.
    assert not appcontainer.ok(**options).changed
    assert not appcontainer.ok(**options, image_pull_policy="never").changed
    for check in (True, False):
        moved = appcontainer.ok(check=check, diff=True, **options, image_pull_policy="always")
        assert moved["containers"][0]["action"] == "recreated"
        assert set(moved["diff"][0]["after"]) == {"image"}
        if check:
            assert engine.inspect_image(reference)["Id"] == first
            assert inspect(name)["Id"] == made["container"]["id"]
    assert moved["container"]["image_id"] == second
    for check in (True, False):
        assert not appcontainer.ok(check=check, **options, image_pull_policy="always").changed


def test_digest(appcontainer, engine, name, registry, repository) -> None:
    publish(engine, f"{repository}:1", "one")
    digest = registry.digest(repository.partition("/")[2], "1")
    pinned = f"{repository}@{digest}"
    made = appcontainer.ok(name=name, image=pinned)
    assert made["containers"][0]["action"] == "created"
    assert not appcontainer.ok(name=name, image=pinned).changed
    # The tag stands for the very same image.
    assert not appcontainer.ok(name=name, image=f"{repository}:1", image_pull_policy="always").changed


def test_image_forgotten_by_the_host(appcontainer, engine, inspect, name, repository) -> None:
    """The container goes on; nothing says that it is the wrong one."""
    publish(engine, f"{repository}:1", "one")
    options = {"name": name, "image": f"{repository}:1"}
    made = appcontainer.ok(**options)["container"]["id"]
    forget(engine, f"{repository}:1")
    assert not present(engine, f"{repository}:1")
    for policy in ("ifnotpresent", "never"):
        for check in (True, False):
            assert not appcontainer.ok(check=check, **options, image_pull_policy=policy).changed
    assert inspect(name)["Id"] == made


def test_unknown_image_and_tag(appcontainer, engine, everything, name, registry, repository) -> None:
    publish(engine, f"{repository}:1", "one")
    for reference in (f"{repository}:none", f"127.0.0.1:{registry.port}/caas-zun-test/none"):
        for policy in ("ifnotpresent", "always"):
            for check in (True, False):
                message = appcontainer.fails(check=check, name=name, image=reference, image_pull_policy=policy)
                for part in ("image", reference, "check the reference"):
                    assert part in message
    assert everything() == set()


def test_registry_that_is_down(appcontainer, engine, everything, image, inspect, name) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    reference = f"127.0.0.1:{port}/caas-zun-test/any:1"
    message = appcontainer.fails(name=name, image=reference)
    for part in ("image", reference, "refused"):
        assert part in message
    assert everything() == set()
    made = appcontainer.ok(name=name, image=image)["container"]["id"]
    appcontainer.fails(name=name, image=reference)
    assert inspect(name)["Id"] == made


def test_one_pull_for_many(appcontainer, engine, name, repository, tmp_path) -> None:
    publish(engine, f"{repository}:1", "one")
    proxy = CountingProxy(tmp_path / "engine.sock")
    try:
        made = appcontainer.ok(
            containers=[{"name": f"{name}-{index}"} for index in range(6)],
            image=f"{repository}:1",
            state="present",
            docker_host=proxy.host,
        )
        assert [entry["action"] for entry in made["containers"]] == ["created"] * 6
        assert proxy.counts()["POST /images/create"] == 1
    finally:
        proxy.shutdown()
        proxy.server_close()


def test_pull_before_anything_is_touched(appcontainer, engine, inspect, name, repository) -> None:
    """One image that cannot be had, and no container is stopped."""
    publish(engine, f"{repository}:1", "one")
    items = [{"name": f"{name}-0", "image": f"{repository}:1"}, {"name": f"{name}-1", "image": f"{repository}:none"}]
    result = appcontainer(containers=items)
    assert result.failed
    assert [entry["action"] for entry in result["containers"]] == ["skipped", "failed"]
    assert inspect(f"{name}-0") is None
    result = appcontainer(containers=items, on_error="continue")
    assert [entry["action"] for entry in result["containers"]] == ["created", "failed"]
