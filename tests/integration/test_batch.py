# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many containers in one task."""

from __future__ import annotations

import pytest


def actions(result) -> list[str]:
    return [entry["action"] for entry in result["containers"]]


def test_common_defaults_and_order(appcontainer, image, inspect, name, other_image) -> None:
    items = [
        {"name": f"{name}-c", "memory": "48M"},
        {"name": f"{name}-a", "image": other_image, "environment": {"OWN": "1"}},
        {"name": f"{name}-b", "state": "stopped"},
    ]
    common = {"image": image, "memory": "32M", "environment": {"COMMON": "1"}, "labels": {"team": "web"}}
    predicted = appcontainer.ok(check=True, diff=True, containers=items, **common)
    made = appcontainer.ok(diff=True, containers=items, **common)
    for result in (predicted, made):
        assert [entry["name"] for entry in result["containers"]] == [item["name"] for item in items]
        assert actions(result) == ["created"] * 3
        assert [entry["container"]["memory"] for entry in result["containers"]] == ["48M", "32M", "32M"]
        assert [entry["before_header"] for entry in result["diff"]] == [item["name"] for item in items]
        assert "container" not in result
    assert predicted["diff"] == made["diff"]
    # What an item says takes the place of the common value, and is not merged with it.
    assert "COMMON=1" not in inspect(f"{name}-a")["Config"]["Env"]
    assert [entry["container"]["status"] for entry in made["containers"]] == ["running", "running", "created"]
    assert not appcontainer.ok(containers=items, **common).changed
    changed = appcontainer.ok(containers=items, **{**common, "memory": "40M"})
    assert actions(changed) == ["none", "updated", "updated"]


def test_states_of_their_own(appcontainer, image, inspect, name, raw) -> None:
    for suffix in ("-gone", "-stopped", "-paused", "-again"):
        raw(suffix)
    items = [
        {"name": f"{name}-gone", "state": "absent"},
        {"name": f"{name}-stopped", "state": "stopped"},
        {"name": f"{name}-paused", "state": "paused"},
        {"name": f"{name}-again", "state": "restarted"},
        {"name": f"{name}-new"},
        {"name": f"{name}-never", "state": "absent"},
    ]
    expected = ["deleted", "stopped", "paused", "restarted", "created", "none"]
    assert actions(appcontainer.ok(check=True, containers=items, image=image)) == expected
    assert actions(appcontainer.ok(containers=items, image=image)) == expected
    assert inspect(f"{name}-gone") is None
    assert actions(appcontainer.ok(containers=items, image=image)) == ["none"] * 3 + ["restarted"] + ["none"] * 2


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("on_error", ["stop", "continue"])
def test_one_that_is_refused(on_error, check, appcontainer, everything, image, name) -> None:
    """Found out before anything is touched."""
    items = [{"name": f"{name}-0"}, {"name": f"{name}-1", "runtime": "none-such"}, {"name": f"{name}-2"}]
    result = appcontainer(check=check, containers=items, image=image, on_error=on_error)
    assert result.failed
    assert actions(result) == (
        ["skipped", "failed", "skipped"] if on_error == "stop" else ["created", "failed", "created"]
    )
    assert [entry["name"] for entry in result["failed_items"]] == [f"{name}-1"]
    assert "1 of 3 containers failed" in result.msg
    assert ("2 not tried" in result.msg) == (on_error == "stop")
    assert result.changed == (on_error == "continue")
    created = {f"/{name}-0", f"/{name}-2"} if on_error == "continue" and not check else set()
    assert everything() == created


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("on_error", ["stop", "continue"])
def test_one_that_dies(on_error, appcontainer, everything, image, name) -> None:
    bad = {"name": f"{name}-1", "command": ["sh", "-c", "echo my last words; exit 6"]}
    items = [{"name": f"{name}-0"}, bad, {"name": f"{name}-2"}, {"name": f"{name}-3"}]
    # One at a time, so that what comes after the failure has not begun.
    result = appcontainer(containers=items, image=image, on_error=on_error, parallelism=1)
    assert result.failed
    assert actions(result)[1] == "failed"
    assert "exit code 6" in result.msg
    assert "my last words" in result.msg
    assert result["failed_items"][0]["log"] == ["my last words"]
    if on_error == "continue":
        assert actions(result) == ["created", "failed", "created", "created"]
        assert everything() == {f"/{name}-{index}" for index in (0, 2, 3)}
    else:
        assert set(actions(result)) <= {"created", "failed", "skipped"}
        assert f"/{name}-1" not in everything()
        assert everything() == {f"/{entry['name']}" for entry in result["containers"] if entry["action"] == "created"}


@pytest.mark.usefixtures("patience")
def test_all_fail(appcontainer, everything, image, name) -> None:
    items = [{"name": f"{name}-{index}", "command": ["sh", "-c", f"exit {index + 1}"]} for index in range(4)]
    result = appcontainer(containers=items, image=image, on_error="continue")
    assert actions(result) == ["failed"] * 4
    assert not result.changed
    for index in range(4):
        assert f"{name}-{index}: ended with exit code {index + 1}" in result.msg
    assert everything() == set()


def test_many(appcontainer, everything, image, name) -> None:
    count = 50
    items = [{"name": f"{name}-{index:02}"} for index in range(count)]
    task = {"containers": items, "image": image, "nets": [{"network": "none"}], "memory": "16M"}
    made = appcontainer.ok(**task)
    assert actions(made) == ["created"] * count
    assert {entry["container"]["status"] for entry in made["containers"]} == {"running"}
    assert [entry["name"] for entry in made["containers"]] == [item["name"] for item in items]
    assert not appcontainer.ok(**task).changed
    assert actions(appcontainer.ok(**{**task, "memory": "24M"}, parallelism=50)) == ["updated"] * count
    assert actions(appcontainer.ok(containers=items, state="absent", force=True)) == ["deleted"] * count
    assert everything() == set()
