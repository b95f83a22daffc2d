# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Injected files in a container that is replaced."""

from __future__ import annotations

import io
import tarfile


def content_of(engine, name: str, path: str) -> str:
    stream, _status = engine.get_archive(name, path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        return archive.extractfile(archive.getmembers()[0]).read().decode()


def test_a_file_in_a_folder_the_image_lacks_survives_unsaid(appcontainer, engine, image, name) -> None:
    file = {"destination": "/etc/web/deep/x.conf", "content": "kept", "mode": "0640"}
    first = appcontainer.ok(name=name, image=image, mounts=[file])
    second = appcontainer.ok(name=name, environment={"A": "1"})
    assert second["containers"][0]["action"] == "recreated"
    assert content_of(engine, name, file["destination"]) == "kept"
    assert not appcontainer.ok(name=name, image=image, mounts=[file], environment={"A": "1"}).changed
    assert first["container"]["mounts"] == second["container"]["mounts"]


def test_a_file_for_a_container_of_somebody_else_that_is_replaced(appcontainer, engine, image, name) -> None:
    engine.create_container(image, name=name, volumes=["/anon"], host_config=engine.create_host_config(binds=["/anon"]))
    file = {"destination": "/etc/x.conf", "content": "said"}
    result = appcontainer.ok(name=name, image=image, mounts=[file], state="present", environment={"A": "1"})
    assert result["containers"][0]["action"] == "recreated"
    assert content_of(engine, name, "/etc/x.conf") == "said"
    assert not appcontainer.ok(name=name, image=image, mounts=[file], state="present").changed


def test_a_file_that_is_added_keeps_the_others(appcontainer, engine, image, name) -> None:
    one, two = {"destination": "/etc/one/x", "content": "first"}, {"destination": "/etc/two/x", "content": "second"}
    appcontainer.ok(name=name, image=image, mounts=[one], state="present")
    appcontainer.ok(name=name, mounts=[one, two], state="present")
    assert content_of(engine, name, "/etc/one/x") == "first"
    assert content_of(engine, name, "/etc/two/x") == "second"


def test_a_short_secret_is_warned_of(appcontainer, image, name) -> None:
    result = appcontainer.ok(name=name, image=image, secret_environment={"A": "/x"}, state="present")
    assert any("fewer than 4 characters" in str(warning) for warning in result["warnings"])
