# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes, directories, memory file systems and injected files."""

from __future__ import annotations

import base64

import pytest


def run(engine, container: str, command: str) -> str:
    begun = engine.exec_create(container, ["sh", "-c", command])["Id"]
    output = engine.exec_start(begun).decode()
    assert engine.exec_inspect(begun)["ExitCode"] == 0, output
    return output


def test_every_kind(appcontainer, container_volume, engine, image, name, tmp_path) -> None:
    container_volume.ok(name=f"{name}-data")
    (tmp_path / "file").write_text("of the host\n")
    mounts = [
        {"destination": "/data", "volume": f"{name}-data"},
        {"destination": "/host", "host_path": f"{tmp_path}/", "read_only": True},
        {"destination": "/memory", "tmpfs": True, "size": "4M", "mode": "0711"},
        {"destination": "/etc/deep/down/file", "content": "some text\n", "mode": "0640"},
        {
            "destination": "/data/file",
            "content": base64.b64encode(b"\0\1binary\n").decode(),
            "content_encoding": "base64",
        },
    ]
    for check in (True, False):
        made = appcontainer.ok(check=check, diff=True, name=name, image=image, mounts=mounts)
        assert made.changed
    assert run(engine, name, "cat /host/file") == "of the host\n"
    assert run(engine, name, "touch /host/x 2>/dev/null || echo refused") == "refused\n"
    assert run(engine, name, "stat -c %a /memory; df -k /memory | awk 'NR==2 {print $2}'") == "711\n4096\n"
    assert run(engine, name, "cat /etc/deep/down/file; stat -c %a:%u /etc/deep/down/file") == "some text\n640:0\n"
    assert run(engine, name, "od -An -c /data/file | tr -d ' \\n'") == "\\0001binary\\n".replace("\\0001", "\\0001")
    for order in (mounts, list(reversed(mounts))):
        for check in (True, False):
            repeated = appcontainer.ok(check=check, diff=True, name=name, image=image, mounts=order)
            assert not repeated.changed, repeated["diff"]
    fewer = mounts[:2]
    assert not appcontainer.ok(name=name, mounts=fewer, comparisons={"mounts": "superset"}).changed
    changed = appcontainer.ok(name=name, mounts=fewer)
    assert changed["containers"][0]["action"] == "recreated"
    assert {mount["destination"] for mount in changed["container"]["mounts"]} == {"/data", "/host"}
    assert appcontainer.ok(name=name, mounts=[])["container"]["mounts"] == []
    assert not appcontainer.ok(name=name, mounts=[]).changed


def test_content(appcontainer, engine, image, name) -> None:
    def mount(**others):
        return [{"destination": "/etc/app.conf", "content": "first content\n", **others}]

    made = appcontainer.ok(name=name, image=image, mounts=mount())
    encoded = {"content": base64.b64encode(b"first content\n").decode(), "content_encoding": "base64"}
    for same in (mount(), mount(mode="0644"), mount(mode="644"), mount(**encoded)):
        assert not appcontainer.ok(name=name, image=image, mounts=same).changed
    for different in (mount(content="second content\n"), mount(mode="0600"), mount(content="")):
        for check in (True, False):
            changed = appcontainer.ok(check=check, diff=True, name=name, image=image, mounts=different)
            assert changed["containers"][0]["action"] == "recreated"
            assert set(changed["diff"][0]["after"]) == {"mounts"}
        assert not appcontainer.ok(name=name, image=image, mounts=different).changed
        assert run(engine, name, "cat /etc/app.conf") == different[0]["content"]
        assert run(engine, name, "stat -c %a /etc/app.conf") == different[0].get("mode", "0644")[1:] + "\n"
    assert changed["container"]["id"] != made["container"]["id"]
    assert "content" not in changed["container"]["mounts"][0]


def test_large_file(appcontainer, engine, image, name) -> None:
    text = "0123456789abcdef" * 65536
    mounts = [{"destination": "/big", "content": text}]
    appcontainer.ok(name=name, image=image, mounts=mounts)
    assert run(engine, name, "wc -c < /big").strip() == str(len(text))
    assert not appcontainer.ok(name=name, image=image, mounts=mounts).changed


def test_read_only_changes(appcontainer, container_volume, image, inspect, name) -> None:
    container_volume.ok(name=f"{name}-data")
    mount = {"destination": "/data", "volume": f"{name}-data"}
    appcontainer.ok(name=name, image=image, mounts=[mount])
    # Said or not, it is writable.
    assert not appcontainer.ok(name=name, mounts=[{**mount, "read_only": False}]).changed
    changed = appcontainer.ok(name=name, mounts=[{**mount, "read_only": True}], diff=True)
    assert changed["containers"][0]["action"] == "recreated"
    assert not inspect(name)["Mounts"][0]["RW"]
    # Not said: left as it is.
    assert not appcontainer.ok(name=name, mounts=[mount]).changed


def test_data_of_a_volume_survives(appcontainer, container_volume, engine, image, name) -> None:
    container_volume.ok(name=f"{name}-data")
    mounts = [{"destination": "/data", "volume": f"{name}-data"}]
    appcontainer.ok(name=name, image=image, mounts=mounts)
    run(engine, name, "echo precious > /data/file")
    appcontainer.ok(name=name, image=image, mounts=mounts, recreate="always")
    assert run(engine, name, "cat /data/file") == "precious\n"
    appcontainer.ok(name=name, state="absent")
    appcontainer.ok(name=name, image=image, mounts=mounts)
    assert run(engine, name, "cat /data/file") == "precious\n"


@pytest.mark.parametrize("path", ["/etc", "/srv/index.html/below"])
def test_file_where_none_can_be(path, appcontainer, everything, image, name) -> None:
    message = appcontainer.fails(name=name, image=image, mounts=[{"destination": path, "content": "some text"}])
    assert "mounts" in message
    assert path in message
    assert everything() == set()


def test_file_added_beside_an_unsaid_secret_one(appcontainer, engine, image, name) -> None:
    one = {"destination": "/one", "content": "first file\n"}
    two = {"destination": "/two", "content": "second file\n"}
    appcontainer.ok(name=name, image=image, mounts=[one])
    appcontainer.ok(name=name, image=image, mounts=[two], comparisons={"mounts": "superset"})
    assert run(engine, name, "cat /one /two") == "first file\nsecond file\n"
    assert not appcontainer.ok(name=name, image=image, mounts=[one, two]).changed
