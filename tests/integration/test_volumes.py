# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Named volumes."""

from __future__ import annotations

import docker.errors
import pytest

CASES = {
    "driver": ("local", "no-such-driver"),
    "driver_options": ({"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}, {"type": "tmpfs"}),
    "labels": ({"team": "one"}, {"team": "two"}),
}


def exists(engine, name: str) -> bool:
    try:
        engine.inspect_volume(name)
    except docker.errors.NotFound:
        return False
    return True


@pytest.mark.parametrize("option", CASES)
def test_option(option, container_volume, engine, name) -> None:
    first, second = CASES[option]
    predicted = container_volume.ok(check=True, diff=True, name=name, **{option: first})
    assert predicted["volumes"][0]["action"] == "created"
    assert not exists(engine, name)
    created = container_volume.ok(diff=True, name=name, **{option: first})
    assert created["diff"] == predicted["diff"]
    assert created["volume"][option] == first == predicted["volume"][option]
    for check in (True, False):
        assert not container_volume.ok(check=check, name=name, **{option: first}).changed
        assert not container_volume.ok(check=check, name=name).changed
        message = container_volume.fails(check=check, name=name, **{option: second})
        changed = "size=1m" if option == "driver_options" else repr(first)
        for part in (option, changed, repr(second), "state: absent", f"comparisons: {{{option}: ignore}}"):
            assert part in message
        assert not container_volume.ok(check=check, name=name, **{option: second}, comparisons={"*": "ignore"}).changed


def test_labels_besides(container_volume, name) -> None:
    container_volume.ok(name=name, labels={"a": "1", "b": "2"})
    assert not container_volume.ok(name=name, labels={"b": 2}).changed
    assert "labels" in container_volume.fails(name=name, labels={"b": "2"}, comparisons={"labels": "strict"})


def test_absent(container_volume, engine, name) -> None:
    container_volume.ok(name=name)
    for check in (True, False):
        gone = container_volume.ok(check=check, diff=True, name=name, state="absent")
        assert gone["volumes"][0]["action"] == "deleted"
        assert gone["diff"][0]["before"]["name"] == name
        assert exists(engine, name) == check
    assert not container_volume.ok(name=name, state="absent").changed


@pytest.mark.parametrize("status", ["created", "running", "exited"])
def test_absent_in_use(status, container_volume, engine, inspect, name, raw) -> None:
    container_volume.ok(name=name)
    user = raw("-user", start=status != "created", binds=[f"{name}:/data"])
    if status == "exited":
        engine.stop(user)
    for check in (True, False):
        message = container_volume.fails(check=check, name=name, state="absent")
        for part in (name, f"{name}-user", "force: true"):
            assert part in message
    assert exists(engine, name)
    assert inspect(user)["State"]["Status"] == status
    forced = container_volume.ok(check=True, name=name, state="absent", force=True)
    assert forced["volumes"][0]["action"] == "deleted"
    assert exists(engine, name)
    assert container_volume.ok(name=name, state="absent", force=True).changed
    assert not exists(engine, name)
    assert inspect(user) is None


def test_volume_whose_name_is_part_of_another(container_volume, engine, name, raw) -> None:
    container_volume.ok(volumes=[{"name": f"{name}-a"}, {"name": f"{name}-ab"}])
    raw(binds=[f"{name}-ab:/data"])
    assert container_volume.ok(name=f"{name}-a", state="absent").changed
    assert not exists(engine, f"{name}-a")
    assert exists(engine, f"{name}-ab")


def test_the_id_is_the_name(container_volume, container_volume_info, engine, name) -> None:
    container_volume.ok(name=name)
    assert not container_volume.ok(id=name).changed
    assert [volume["name"] for volume in container_volume_info.ok(id=[name])["volumes"]] == [name]
    assert container_volume.ok(id=name, state="absent").changed
    assert not exists(engine, name)
    assert "there is no volume with id" in container_volume.fails(id=name)


def test_size_is_refused_with_the_reason(container_volume, everything, name) -> None:
    message = container_volume.fails(name=name, size="1G")
    for part in ("size", "1G", "grow with the disk", "leave the option out"):
        assert part in message
    assert everything() == set()


def test_many(container_volume, engine, name) -> None:
    container_volume.ok(name=f"{name}-there", labels={"team": "one"})
    items = [
        {"name": f"{name}-new"},
        {"name": f"{name}-there", "labels": {"team": "two"}},
        {"name": f"{name}-old", "state": "absent"},
        {"name": f"{name}-newer", "labels": {"own": "1"}},
    ]
    stopped = container_volume(volumes=items, labels={"team": "one"})
    assert stopped.failed
    assert [entry["action"] for entry in stopped["volumes"]] == ["skipped", "failed", "none", "skipped"]
    assert not exists(engine, f"{name}-new")
    for check in (True, False):
        done = container_volume(check=check, volumes=items, labels={"team": "one"}, on_error="continue")
        assert done.failed
        assert [entry["action"] for entry in done["volumes"]] == ["created", "failed", "none", "created"]
        assert [entry["name"] for entry in done["failed_items"]] == [f"{name}-there"]
    # An item's own option takes the place of the common one.
    assert engine.inspect_volume(f"{name}-newer")["Labels"] == {"own": "1"}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"name": "has blank"}, ("name", "has blank")),
        ({"driver_options": {"no-such": "1"}}, ("driver_options", "no-such")),
        ({"labels": {"caas.zun/x": "1"}}, ("labels", "another prefix")),
        ({"state": "mounted"}, ("state", "mounted")),
        ({"comparisons": {"size": "large"}}, ("comparisons", "large")),
    ],
    ids=str,
)
def test_bad_input(options, parts, container_volume, everything, name) -> None:
    message = container_volume.fails(**{"name": name, **options})
    for part in parts:
        assert part in message
    assert everything() == set()


def test_items_that_contradict_each_other(container_volume, everything, name) -> None:
    assert "is given to two volumes" in container_volume.fails(volumes=[{"name": name}, {"name": name}])
    assert "cannot be the same for all" in container_volume.fails(name=name, volumes=[{"name": f"{name}-1"}])
    assert "give a name" in container_volume.fails()
    assert everything() == set()
