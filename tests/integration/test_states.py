# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state from every status, waiting, and containers that end, hang or are unhealthy."""

from __future__ import annotations

import io
import tarfile

import pytest
from modules import eventually

STATUSES = ("missing", "created", "running", "paused", "exited", "restarting")

# What has to be done, and the status in the end; from which status to which state.
RUNS = "running"
EXPECTED = {
    "present": {status: ("none", status) for status in STATUSES} | {"missing": ("created", "created")},
    "started": {
        "missing": ("created", RUNS),
        "created": ("started", RUNS),
        "running": ("none", RUNS),
        "paused": ("started", RUNS),
        "exited": ("started", RUNS),
        "restarting": ("none", RUNS),
    },
    "stopped": {
        "missing": ("created", "created"),
        "created": ("none", "created"),
        "running": ("stopped", "exited"),
        "paused": ("stopped", "exited"),
        "exited": ("none", "exited"),
        "restarting": ("stopped", "exited"),
    },
    "paused": {
        "missing": ("created", "paused"),
        "created": ("paused", "paused"),
        "running": ("paused", "paused"),
        "paused": ("none", "paused"),
        "exited": ("paused", "paused"),
        "restarting": ("paused", "paused"),
    },
    "restarted": dict.fromkeys(STATUSES, ("restarted", RUNS)) | {"missing": ("created", RUNS)},
    "absent": dict.fromkeys(STATUSES, ("deleted", None)) | {"missing": ("none", None)},
}
EXPECTED["healthy"] = EXPECTED["started"]

# Keeps ending until the file is there.
LOOP = ["sh", "-c", "test -e /tmp/ready || exit 3; exec sleep 100000"]


def let_run(engine, container: str) -> None:
    """Give a container the file it wants to see before it stays up."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("ready"))
    engine.put_archive(container, "/tmp", buffer.getvalue())


def bring_to(engine, raw, status: str, image: str) -> str | None:
    if status == "missing":
        return None
    if status == "restarting":
        made = raw("-restarting", image=image, command=LOOP, restart_policy={"Name": "always"})
        # Pauses double from 0.1 s on: from 0.8 s on one is long enough to be met.
        eventually(lambda: engine.inspect_container(made)["RestartCount"] >= 4)
        eventually(lambda: engine.inspect_container(made)["State"]["Status"] == "restarting")
        return made
    made = raw(f"-{status}", image=image, start=status != "created")
    if status == "paused":
        engine.pause(made)
    if status == "exited":
        engine.stop(made)
    return made


@pytest.mark.parametrize("state", EXPECTED)
def test_state_from_every_status(state, appcontainer, engine, inspect, raw, name, healthy_image) -> None:
    ids = {status: bring_to(engine, raw, status, healthy_image) for status in STATUSES}
    items = [{"name": f"{name}-{status}", "image": healthy_image} for status in STATUSES]
    if state != "absent":
        items[0]["command"] = "sleep 100000"
    expected = [EXPECTED[state][status][0] for status in STATUSES]
    before = {status: inspect(made)["State"]["StartedAt"] for status, made in ids.items() if made}

    predicted = appcontainer.ok(check=True, diff=True, containers=items, state=state)
    actions = [entry["action"] for entry in predicted["containers"]]
    # A container that keeps restarting may be met while it runs.
    assert actions == expected
    assert inspect(f"{name}-missing") is None
    assert inspect(ids["paused"])["State"]["Status"] == "paused"
    if state not in ("present", "absent", "stopped"):
        let_run(engine, ids["restarting"])

    applied = appcontainer.ok(diff=True, containers=items, state=state)
    assert [entry["action"] for entry in applied["containers"]] == expected
    for status, entry in zip(STATUSES, applied["containers"]):
        final = EXPECTED[state][status][1]
        seen = inspect(f"{name}-{status}")
        if final is None:
            assert seen is None
            assert entry["container"] is None
        elif status == state == "restarting" or (status, state) == ("restarting", "present"):
            assert seen["Id"] == ids[status]
        else:
            assert seen["State"]["Status"] == entry["container"]["status"] == final
            assert ids[status] in (None, seen["Id"])
            if entry["action"] in ("started", "restarted"):
                changes_start = status in ("created", "exited") or state == "restarted"
                assert (seen["State"]["StartedAt"] != before[status]) == changes_start
            if state == "healthy":
                assert entry["container"]["health"] == "healthy"
    unstable = {"restarting"} if state in ("present", "absent", "stopped") else set()
    for status, planned, entry in zip(STATUSES, predicted["containers"], applied["containers"]):
        if status not in unstable and status != "restarting":
            assert planned.get("diff") == entry.get("diff")

    for check in (True, False):
        repeated = appcontainer.ok(check=check, containers=items, state=state)
        again = "restarted" if state == "restarted" else "none"
        assert {entry["action"] for entry in repeated["containers"]} == {again}
        assert repeated.changed == (state == "restarted")


def test_absent_of_a_container_that_ignores_the_signal(appcontainer, inspect, raw, name) -> None:
    raw(command=["sh", "-c", "trap '' TERM; sleep 100000 & wait"], config={"stop_signal": "TERM", "stop_timeout": 600})
    removed = appcontainer.ok(name=name, state="absent", force=True)
    assert removed["containers"][0]["action"] == "deleted"
    assert inspect(name) is None


def test_absent_asks_to_end_first(appcontainer, engine, raw, name, tmp_path) -> None:
    told = ["sh", "-c", "trap 'echo asked > /told/it; exit 0' TERM; touch /told/up; while :; do sleep 0.1; done"]
    raw(command=told, binds=[f"{tmp_path}:/told"], config={"stop_signal": "TERM"})
    eventually((tmp_path / "up").exists)
    appcontainer.ok(name=name, state="absent")
    assert (tmp_path / "it").exists()


def test_healthy_without_a_check_is_refused_first(appcontainer, everything, image, name) -> None:
    before = everything()
    for check in (True, False):
        message = appcontainer.fails(check=check, name=name, image=image, state="healthy")
        assert "health check" in message
        assert "healthcheck" in message
        assert "state started" in message
    assert everything() == before


def test_healthy_needs_the_check_of_an_existing_container(appcontainer, image, inspect, raw, name) -> None:
    made = raw()
    assert "health check" in appcontainer.fails(name=name, state="healthy")
    assert inspect(name)["Id"] == made


def test_check_added_for_state_healthy(appcontainer, image, name) -> None:
    appcontainer.ok(name=name, image=image)
    healthy = appcontainer.ok(name=name, state="healthy", healthcheck={"cmd": "true", "interval": "1s"})
    assert healthy["containers"][0]["action"] == "recreated"
    assert healthy["container"]["health"] == "healthy"


def test_unhealthy_fails_with_the_checks_output(appcontainer, everything, image, name) -> None:
    before = everything()
    check = {"cmd": "echo no database here; exit 7", "interval": "1s", "retries": 1}
    message = appcontainer.fails(name=name, image=image, state="healthy", healthcheck=check)
    assert "is unhealthy" in message
    assert "no database here" in message
    assert "exit code 1" in message or "exit code 7" in message
    assert everything() == before


def test_healthy_again(appcontainer, engine, raw, name) -> None:
    check = {"test": ["CMD", "test", "-e", "/tmp/ready"], "interval": 500_000_000, "retries": 1}
    made = raw(config={"healthcheck": check})
    eventually(lambda: engine.inspect_container(made)["State"]["Health"]["Status"] == "unhealthy")
    let_run(engine, made)
    again = appcontainer.ok(name=name, state="healthy")
    assert not again.changed
    assert again["container"]["health"] == "healthy"


@pytest.mark.usefixtures("patience")
def test_end_with_an_error_leaves_nothing(appcontainer, everything, image, name) -> None:
    before = everything()
    command = ["sh", "-c", "for i in $(seq 100); do echo line $i; done; echo no licence; exit 42"]
    result = appcontainer(name=name, image=image, command=command)
    assert result.failed
    assert "exit code 42" in result.msg
    assert "no licence" in result.msg
    failure = result["failed_items"][0]
    assert failure["log"][-1] == "no licence"
    assert len(failure["log"]) == 20
    assert not result.changed
    assert everything() == before


def test_end_with_success_is_told(appcontainer, image, name) -> None:
    done = appcontainer.ok(name=name, image=image, command="true")
    assert done["container"]["status"] == "exited"
    assert done["container"]["exit_code"] == 0
    assert any("ended by itself, with exit code 0" in warning for warning in done.warnings)


@pytest.mark.usefixtures("patience")
def test_existing_container_that_dies_again_stays(appcontainer, engine, inspect, raw, name) -> None:
    made = raw(command=["sh", "-c", "echo broken; exit 9"])
    engine.wait(made)
    message = appcontainer.fails(name=name, state="started")
    assert "exit code 9" in message
    assert "broken" in message
    assert inspect(name)["Id"] == made


@pytest.mark.usefixtures("patience")
def test_restart_loop_fails_at_once(appcontainer, everything, image, name) -> None:
    before = everything()
    message = appcontainer.fails(
        name=name, image=image, command=["sh", "-c", "echo looping; exit 5"], restart_policy="always"
    )
    # Met in the pause before a restart, or while it runs once more.
    assert "exit code 5" in message or "was restarted" in message
    assert "restart_policy" in message
    assert "looping" in message
    assert everything() == before


def test_healthy_forgives_a_restart(appcontainer, image, name) -> None:
    command = ["sh", "-c", "test -e /tmp/once || { touch /tmp/once; exit 1; }; exec sleep 100000"]
    up = appcontainer.ok(
        name=name,
        image=image,
        command=command,
        restart_policy="on-failure:5",
        healthcheck={"cmd": "true", "interval": "1s"},
        state="healthy",
    )
    assert up["container"]["health"] == "healthy"


def test_wait_false_does_not_wait(appcontainer, inspect, image, name) -> None:
    begun = appcontainer.ok(name=name, image=image, command=["sh", "-c", "exit 1"], wait=False)
    assert begun["containers"][0]["action"] == "created"
    assert inspect(name)["State"]["Status"] in ("running", "exited")


@pytest.mark.parametrize("existing", [False, True], ids=["created", "recreated"])
def test_timeout(existing, appcontainer, inspect, image, name) -> None:
    first = None
    if existing:
        first = appcontainer.ok(name=name, image=image)["container"]["id"]
    late = {"cmd": "false", "interval": "1s", "retries": 1000}
    message = appcontainer.fails(name=name, image=image, state="healthy", healthcheck=late, timeout=2)
    assert "is not healthy after 2 s" in message
    seen = inspect(name)
    assert seen["State"]["Status"] == "running"
    if existing:
        # There is something to go back to.
        assert seen["Id"] == first
        assert "previous container is back" in message
    else:
        assert seen["Config"]["Healthcheck"]["Retries"] == 1000


@pytest.mark.usefixtures("patience")
def test_auto_remove(appcontainer, inspect, image, name) -> None:
    options = {"name": name, "image": image, "auto_remove": True}
    message = appcontainer.fails(**options, command=["sh", "-c", "exit 4"])
    # Seen just before the engine removes it, or after.
    assert "ended with exit code 4" in message or "ended and is gone (auto_remove)" in message
    eventually(lambda: inspect(name) is None)
    appcontainer.ok(**options)
    stopped = appcontainer.ok(**options, state="stopped")
    assert stopped["containers"][0]["action"] == "stopped"
    eventually(lambda: inspect(name) is None)


@pytest.mark.usefixtures("patience")
def test_killed_for_lack_of_memory_is_told(appcontainer, image, name) -> None:
    eat = ["sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=200M count=1"]
    message = appcontainer.fails(name=name, image=image, command=eat, memory="6M")
    assert "lack of memory" in message
    assert "raise memory" in message


def test_by_id(appcontainer, inspect, raw, name) -> None:
    made = raw()
    stopped = appcontainer.ok(id=made, state="stopped")
    assert stopped["containers"][0]["action"] == "stopped"
    for check in (True, False):
        renamed = appcontainer.ok(check=check, id=made, name=f"{name}-new", state="present")
        assert renamed["containers"][0]["action"] == "updated"
        assert renamed["container"]["id"] == made
        assert renamed["container"]["name"] == f"{name}-new"
    assert inspect(f"{name}-new")["Id"] == made
    assert not appcontainer.ok(id=made[:12], name=f"{name}-new", state="present").changed
    appcontainer.ok(id=made, state="absent")
    assert not appcontainer.ok(id=made, state="absent").changed
    assert "there is no container with id" in appcontainer.fails(id=made, name=name)


def test_rename_to_a_taken_name(appcontainer, inspect, raw, name) -> None:
    first, second = raw("-one"), raw("-two")
    message = appcontainer.fails(id=first, name=f"{name}-two")
    assert "name" in message
    assert "choose another name" in message
    assert inspect(f"{name}-one")["Id"] == first
    assert inspect(f"{name}-two")["Id"] == second


def test_healthy_does_not_wait_for_a_crash_loop(appcontainer, everything, image, name) -> None:
    before = everything()
    message = appcontainer.fails(
        name=name,
        image=image,
        command=["sh", "-c", "echo no; exit 3"],
        healthcheck={"cmd": "true", "interval": "1s"},
        restart_policy="always",
        state="healthy",
        timeout=600,
    )
    assert "exit code 3" in message
    assert "restarted" in message
    assert everything() == before


def test_an_old_crash_is_held_against_no_paused_container(appcontainer, engine, image, inspect, name) -> None:
    command = ["sh", "-c", "test -e /tmp/seen && exec sleep 1000; touch /tmp/seen; sleep 1; exit 1"]
    appcontainer(name=name, image=image, command=command, restart_policy="always", wait=False)
    eventually(lambda: inspect(name)["RestartCount"] and inspect(name)["State"]["Status"] == "running")
    appcontainer.ok(name=name, state="paused")
    assert appcontainer.ok(name=name, state="started").changed
