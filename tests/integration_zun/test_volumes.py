# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes on a real Cinder, option by option, as the ordinary user."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from modules import eventually

# Option, first and second value.
CASES = {
    "description": ("one", "two"),
    "metadata": ({"team": "one", "a": "b"}, {"team": "two"}),
    "bootable": (True, False),
}
BLANK = "caas.zun/blank"


def volume(user, name: str) -> dict[str, Any] | None:
    found = user.volumes(name=name)
    assert len(found) <= 1
    return found[0] if found else None


def act(user, volume_id: str, body: dict[str, Any]) -> None:
    user("block-storage", "POST", f"/volumes/{volume_id}/action", body)


@pytest.fixture
def attach(user):
    """Attach a volume as Zun does, to a container that does not exist."""

    def attached(volume_id: str) -> str:
        container = str(uuid.uuid4())
        act(user, volume_id, {"os-reserve": None})
        act(user, volume_id, {"os-attach": {"instance_uuid": container, "mountpoint": "/dev/x", "mode": "rw"}})
        return container

    return attached


@pytest.fixture
def snapshot(user):
    """Make a snapshot of a volume; return its id."""

    def make(volume_id: str, name: str) -> str:
        body = {"snapshot": {"volume_id": volume_id, "name": name, "force": True}}
        made = user("block-storage", "POST", "/snapshots", body)["snapshot"]["id"]
        eventually(lambda: user("block-storage", "GET", f"/snapshots/{made}")["snapshot"]["status"] == "available")
        return made

    return make


@pytest.fixture(scope="session")
def default_type(user) -> str:
    return user("block-storage", "GET", "/types/default")["volume_type"]["name"]


@pytest.mark.parametrize("option", CASES)
def test_option(option, container_volume, name, user) -> None:
    first, second = CASES[option]
    wanted = {"name": name, "size": 1, option: first}
    predicted = container_volume.ok(check=True, diff=True, **wanted)
    assert predicted["volumes"][0]["action"] == "created"
    assert volume(user, name) is None
    created = container_volume.ok(diff=True, **wanted)
    assert created["diff"] == predicted["diff"]
    assert created["volume"][option] == first == predicted["volume"][option]
    assert created["volume"]["status"] == "available"
    made = volume(user, name)
    for check in (True, False):
        assert not container_volume.ok(check=check, **wanted).changed
        assert not container_volume.ok(check=check, name=name).changed
    changed = container_volume.ok(check=True, diff=True, name=name, **{option: second})
    assert changed["volumes"][0]["action"] == "updated"
    assert volume(user, name) == made
    done = container_volume.ok(diff=True, name=name, **{option: second})
    assert done["diff"] == changed["diff"]
    assert done["volume"][option] == changed["volume"][option]
    assert done["volume"]["id"] == made["id"]
    for check in (True, False):
        assert not container_volume.ok(check=check, name=name, **{option: second}).changed
    assert not container_volume.ok(name=name, **{option: first}, comparisons={option: "ignore"}).changed


def test_metadata_besides(container_volume, name, user) -> None:
    container_volume.ok(name=name, size="1G", metadata={"a": "1", "b": "2"})
    assert volume(user, name)["metadata"] == {"a": "1", "b": "2", BLANK: "true"}
    assert not container_volume.ok(name=name, metadata={"b": 2}).changed
    done = container_volume.ok(name=name, metadata={"b": "3"}, comparisons={"metadata": "strict"})
    assert done["volume"]["metadata"] == {"b": "3"}
    # The collection's own mark is neither shown nor lost.
    assert volume(user, name)["metadata"] == {"b": "3", BLANK: "true"}
    assert not container_volume.ok(name=name, metadata={"b": "3"}, comparisons={"metadata": "strict"}).changed
    message = container_volume.fails(name=name, metadata={BLANK: "x"})
    assert "another prefix" in message


def test_size(attach, container_volume, name, user) -> None:
    wanted = {"name": name, "size": "1G"}
    assert container_volume.ok(**wanted)["volume"]["size"] == "1G"
    for same in (1, "1", "1024M", "1GiB"):
        assert not container_volume.ok(name=name, size=same).changed
    predicted = container_volume.ok(check=True, diff=True, name=name, size=2)
    assert volume(user, name)["size"] == 1
    done = container_volume.ok(diff=True, name=name, size=2)
    assert (
        done["diff"]
        == predicted["diff"]
        == [{"before_header": name, "after_header": name, "before": {"size": "1G"}, "after": {"size": "2G"}}]
    )
    # What the task returns is what Cinder has when it is done, not what was begun.
    assert (done["volume"]["size"], done["volume"]["status"]) == ("2G", "available")
    for check in (True, False):
        message = container_volume.fails(check=check, **wanted)
        for part in ("size", "'1G'", "2G", "cannot shrink"):
            assert part in message
    attach(done["volume"]["id"])
    grown = container_volume.ok(name=name, size=3)
    assert (grown["volume"]["size"], grown["volume"]["status"]) == ("3G", "in-use")
    assert not container_volume.ok(name=name, size=3).changed


def test_several_changes_at_once(admin, container_volume, name, user) -> None:
    kind = f"{name}-type"
    admin("block-storage", "POST", "/types", {"volume_type": {"name": kind}})
    container_volume.ok(name=name, size=1)
    wanted = {"name": name, "size": 2, "volume_type": kind, "description": "all", "metadata": {"a": "b"}}
    predicted = container_volume.ok(check=True, diff=True, **wanted)
    done = container_volume.ok(diff=True, **wanted)
    assert done["diff"] == predicted["diff"]
    made = volume(user, name)
    assert (made["size"], made["volume_type"], made["description"]) == (2, kind, "all")
    for check in (True, False):
        assert not container_volume.ok(check=check, **wanted).changed
    # The type's id is another spelling of its name.
    kinds = user("block-storage", "GET", "/types")["volume_types"]
    kind_id = next(entry["id"] for entry in kinds if entry["name"] == kind)
    assert not container_volume.ok(name=name, volume_type=kind_id).changed


def test_a_type_that_needs_other_storage(admin, container_volume, default_type, name, user) -> None:
    """Cinder accepts the request and fails later, silently; the task must not."""
    kind = f"{name}-nowhere"
    specs = {"volume_backend_name": "no-such-backend"}
    admin("block-storage", "POST", "/types", {"volume_type": {"name": kind, "extra_specs": specs}})
    container_volume.ok(name=name, size=1)
    message = container_volume.fails(name=name, volume_type=kind)
    for part in (name, repr(default_type), "migration_policy: on-demand"):
        assert part in message
    assert volume(user, name)["volume_type"] == default_type


def test_creation_that_cinder_gives_up(admin, container_volume, name, user) -> None:
    kind = f"{name}-nowhere"
    specs = {"volume_backend_name": "no-such-backend"}
    admin("block-storage", "POST", "/types", {"volume_type": {"name": kind, "extra_specs": specs}})
    message = container_volume.fails(name=name, size=1, volume_type=kind, timeout=60)
    for part in (name, "ended in status 'error'", "Cinder: "):
        assert part in message
    eventually(lambda: volume(user, name) is None, 30)


def test_multiattach(admin, container_volume, default_type, name) -> None:
    kind = f"{name}-multi"
    specs = {"multiattach": "<is> True"}
    admin("block-storage", "POST", "/types", {"volume_type": {"name": kind, "extra_specs": specs}})
    for check in (True, False):
        message = container_volume.fails(check=check, name=name, size=1, multiattach=True)
        for part in ("multiattach: True", repr(default_type), "set volume_type to ", kind):
            assert part in message
        message = container_volume.fails(check=check, name=name, size=1, multiattach=False, volume_type=kind)
        assert "multiattach: False" in message
    container_volume.ok(name=name, size=1, multiattach=False)
    assert not container_volume.ok(name=name, size=1, multiattach=False).changed
    assert "multiattach: True" in container_volume.fails(name=name, multiattach=True)
    predicted = container_volume.ok(check=True, name=name, multiattach=True, volume_type=kind)
    assert predicted.changed


def test_a_volume_that_is_used_twice(attach, container_volume, lab, name) -> None:
    kind = lab["volume_types"]["multiattach"]
    wanted = {"name": name, "size": 1, "volume_type": kind, "multiattach": True}
    made = container_volume.ok(**wanted)["volume"]
    assert made["multiattach"] is True
    assert not container_volume.ok(**wanted).changed
    containers = {attach(made["id"]), attach(made["id"])}
    used = container_volume.ok(name=name)["volume"]["attachments"]
    assert {attachment["used_by"] for attachment in used} == containers
    message = container_volume.fails(name=name, state="absent")
    assert all(container in message for container in containers)
    assert container_volume.ok(name=name, state="absent", force=True).changed


def test_origins(container_volume, name, snapshot, user) -> None:
    made = container_volume.ok(name=name, size=2)["volume"]
    snapped = f"{name}-snapshot"
    snapshot_id = snapshot(made["id"], snapped)
    for suffix, origin, field, expected in (
        ("a", {"snapshot": snapped}, "snapshot_id", snapshot_id),
        ("b", {"snapshot": snapshot_id}, "snapshot_id", snapshot_id),
        ("c", {"source": name}, "source_id", made["id"]),
        ("d", {"source": made["id"], "size": 3}, "source_id", made["id"]),
    ):
        wanted = {"name": f"{name}-{suffix}", **origin}
        predicted = container_volume.ok(check=True, **wanted)
        # The size of what it is made from, where none is said.
        assert predicted["volume"]["size"] == ("3G" if "size" in origin else "2G")
        done = container_volume.ok(**wanted)
        assert done["volume"]["size"] == predicted["volume"]["size"]
        assert done["volume"][field] == expected
        # It is not blank, so that it must not be formatted.
        assert BLANK not in volume(user, wanted["name"])["metadata"]
        assert not container_volume.ok(**wanted).changed
    message = container_volume.fails(name=f"{name}-e", snapshot=snapped, size=1)
    for part in ("size", "'1G'"):
        assert part in message
    assert volume(user, f"{name}-e") is None


def test_from_an_image(container_volume, lab, name, user) -> None:
    wanted = {"name": name, "image": lab["glance_image"], "size": 1}
    done = container_volume.ok(**wanted)
    # Cinder marks it as bootable, and a second run leaves that alone.
    assert done["volume"]["bootable"] is True
    assert done["volume"]["image_id"]
    assert not container_volume.ok(**wanted).changed
    assert not container_volume.ok(name=name, description="").changed
    other = container_volume.ok(name=f"{name}-2", image=done["volume"]["image_id"], size=1, bootable=False)
    assert other["volume"]["bootable"] is False
    assert not container_volume.ok(name=f"{name}-2", bootable=False).changed
    message = container_volume.fails(name=f"{name}-3", image=lab["glance_image"])
    assert "size: is needed" in message


def test_rename_by_id(container_volume, name, user) -> None:
    made = container_volume.ok(name=name, size=1)["volume"]
    new = f"{name}-new"
    for check in (True, False):
        renamed = container_volume.ok(check=check, diff=True, id=made["id"], name=new)
        assert renamed["diff"][0]["after"] == {"name": new}
    assert volume(user, new)["id"] == made["id"]
    assert not container_volume.ok(id=made["id"], name=new).changed
    assert container_volume.ok(id=made["id"], state="absent").changed
    assert volume(user, new) is None
    assert made["id"] in container_volume.fails(id=made["id"], size=1)


def test_a_name_that_is_not_unique(container_volume, name, user) -> None:
    ids = [
        user("block-storage", "POST", "/volumes", {"volume": {"name": name, "size": 1}})["volume"]["id"]
        for dummy in range(2)
    ]
    eventually(lambda: {entry["status"] for entry in user.volumes(name=name)} == {"available"})
    for state in ("present", "absent"):
        message = container_volume.fails(name=name, size=1, state=state)
        for part in (name, *ids, "give the id"):
            assert part in message
    assert not container_volume.ok(id=ids[0], size=1).changed
    container_volume.ok(id=ids[0], state="absent")
    assert not container_volume.ok(name=name).changed


def test_absent(container_volume, name, user) -> None:
    for check in (True, False):
        assert not container_volume.ok(check=check, name=name, state="absent").changed
    container_volume.ok(name=name, size=1)
    for check in (True, False):
        gone = container_volume.ok(check=check, diff=True, name=name, state="absent")
        assert gone["volumes"][0]["action"] == "deleted"
        assert gone["diff"][0]["before"]["name"] == name
        assert (volume(user, name) is not None) == check
    assert not container_volume.ok(name=name, state="absent").changed


def test_absent_in_use(attach, container_volume, name, user) -> None:
    made = container_volume.ok(name=name, size=1)["volume"]
    container = attach(made["id"])
    assert container_volume.ok(name=name)["volume"]["attachments"][0]["used_by"] == container
    for check in (True, False):
        message = container_volume.fails(check=check, name=name, state="absent")
        for part in (name, container, "force: true", "with its data"):
            assert part in message
    assert container_volume.ok(check=True, name=name, state="absent", force=True).changed
    assert volume(user, name)["status"] == "in-use"
    assert container_volume.ok(name=name, state="absent", force=True).changed
    assert volume(user, name) is None


def test_absent_with_snapshots(container_volume, name, snapshot, user) -> None:
    made = container_volume.ok(name=name, size=1)["volume"]
    snapshot(made["id"], f"{name}-snapshot")
    for force in (False, True):
        for check in (True, False):
            message = container_volume.fails(check=check, name=name, state="absent", force=force)
            for part in (name, f"{name}-snapshot", "delete them first"):
                assert part in message
    assert volume(user, name)


def test_a_volume_in_error(admin, container_volume, name, user) -> None:
    made = container_volume.ok(name=name, size=1)["volume"]
    # The administrator's own project is another one.
    act(admin, made["id"], {"os-reset_status": {"status": "error"}})
    for check in (True, False):
        message = container_volume.fails(check=check, name=name, size=1)
        for part in (name, made["id"], "'error'", "state: absent"):
            assert part in message
    assert container_volume.ok(name=name, state="absent").changed


def test_a_wait_that_is_too_short(container_volume, lab, name, user) -> None:
    """What is merely late is left alone, and the next run goes on waiting for it."""
    wanted = {"name": name, "size": 1, "image": lab["glance_image"]}
    message = container_volume.fails(**wanted, timeout=0.2)
    made = volume(user, name)
    for part in (name, "is not available after 0.2 s", made["id"]):
        assert part in message
    waited = container_volume.ok(**wanted)
    assert not waited.changed
    assert (waited["volume"]["id"], waited["volume"]["status"]) == (made["id"], "available")


def test_the_availability_zone_cannot_change(container_volume, name, user) -> None:
    zone = container_volume.ok(name=name, size=1)["volume"]["availability_zone"]
    for check in (True, False):
        assert not container_volume.ok(check=check, name=name, availability_zone=zone).changed
        message = container_volume.fails(check=check, name=name, availability_zone="mars")
        for part in ("availability_zone", repr(zone), "'mars'", "state: absent"):
            assert part in message


def test_without_waiting(container_volume, name, user) -> None:
    begun = container_volume.ok(name=name, size=1, wait=False)
    assert begun["volume"]["status"] == "creating"
    # The next run waits for what the first one began, and says that it changed nothing.
    waited = container_volume.ok(name=name, size=1)
    assert not waited.changed
    assert waited["volume"]["status"] == "available"


def test_many(container_volume, container_volume_info, name, user) -> None:
    container_volume.ok(name=f"{name}-old", size=1)
    items = [
        {"name": f"{name}-a"},
        {"name": f"{name}-b", "size": 2},
        {"name": f"{name}-c", "volume_type": "no-such-type"},
        {"name": f"{name}-old", "state": "absent"},
        {"name": f"{name}-d"},
    ]
    stopped = container_volume(volumes=items, size=1)
    assert stopped.failed
    assert [entry["action"] for entry in stopped["volumes"]] == ["skipped", "skipped", "failed", "skipped", "skipped"]
    for check in (True, False):
        done = container_volume(check=check, volumes=items, size=1, on_error="continue")
        assert [entry["action"] for entry in done["volumes"]] == ["created", "created", "failed", "deleted", "created"]
        assert [entry["name"] for entry in done["failed_items"]] == [f"{name}-c"]
    again = container_volume(volumes=items, size=1, on_error="continue")
    assert [entry["action"] for entry in again["volumes"]] == ["none", "none", "failed", "none", "none"]
    names = [f"{name}-{letter}" for letter in "abcd"]
    found = container_volume_info.ok(name=names)["volumes"]
    assert [entry["name"] for entry in found] == [f"{name}-a", f"{name}-b", f"{name}-d"]
    assert container_volume_info.ok(id=[found[0]["id"]])["volumes"] == found[:1]
    assert container_volume_info.ok(name=[f"{name}-a"])["volumes"] == found[:1]
    assert container_volume_info.ok(name=names, filters={"size": "2G"})["volumes"] == found[1:2]
    assert container_volume_info.ok(name=names, filters={"status": "in-use"})["volumes"] == []
    user("block-storage", "PUT", f"/volumes/{found[0]['id']}/metadata", {"metadata": {"x": "y"}})
    seen = container_volume_info.ok(filters={"metadata": {"x": "y"}})["volumes"]
    assert [entry["name"] for entry in seen if entry["name"] in names] == [f"{name}-a"]
    assert "use availability_zone" in container_volume_info.fails(filters={"colour": "red"})
    assert all(entry["status"] == "available" for entry in found)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({}, ("size", "is needed")),
        ({"size": "1500M"}, ("size", "1500M", "whole number of GiB")),
        ({"size": "0"}, ("size", "whole number of GiB")),
        ({"size": "large"}, ("size", "large")),
        ({"size": 1, "volume_type": "no-such-type"}, ("volume_type", "no-such-type", "use one of them")),
        ({"size": 1, "availability_zone": "mars"}, ("availability_zone", "mars", "nova")),
        ({"size": 1, "image": "no-such-image"}, ("image", "no-such-image", "create the image first")),
        ({"size": 1, "image": "0b5b4b3e-0000-4000-8000-000000000000"}, ("image", "0b5b4b3e")),
        ({"snapshot": "no-such-snapshot"}, ("snapshot", "no-such-snapshot")),
        ({"source": "no-such-volume"}, ("source", "no-such-volume")),
        ({"source": "0b5b4b3e-0000-4000-8000-000000000000"}, ("source", "0b5b4b3e")),
        ({"source": "a", "snapshot": "b"}, ("source", "snapshot", "leave one of them out")),
        ({"size": 1, "labels": {"a": "b"}}, ("labels", "metadata instead")),
        ({"size": 1, "driver": "local"}, ("driver", "volume types instead")),
        ({"size": 1, "description": "x" * 256}, ("description", "256 characters")),
        ({"size": 1, "metadata": {"a": True}}, ("metadata", "put it in quotes")),
        ({"id": "0b5b4b3e-0000-4000-8000-000000000000"}, ("there is no volume with id",)),
    ],
    ids=str,
)
def test_bad_input(options, parts, container_volume, name, user) -> None:
    for check in (True, False):
        message = container_volume.fails(check=check, **{"name": name, **options})
        for part in parts:
            assert part in message
        assert len(message.splitlines()) == 1
    assert volume(user, name) is None
