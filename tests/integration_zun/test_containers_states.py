# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state from every status of a Zun container, waiting, and containers that end, hang or are unhealthy."""

from __future__ import annotations

import pytest
from modules import eventually

STATUSES = ("missing", "created", "running", "paused", "stopped")
CHECK = {"cmd": "test ! -e /tmp/sick", "interval": "1s", "retries": 2}
TASK = {"nets": [{"network": "front"}], "memory": "32M", "command": ["sleep", "100000"]}

# What has to be done, and the status in the end; from which status to which state.
RUNS = "Running"
EXPECTED = {
    "present": {
        "missing": ("created", "Created"),
        "created": ("none", "Created"),
        "running": ("none", RUNS),
        "paused": ("none", "Paused"),
        "stopped": ("none", "Stopped"),
    },
    "started": {
        "missing": ("created", RUNS),
        "created": ("started", RUNS),
        "running": ("none", RUNS),
        "paused": ("started", RUNS),
        "stopped": ("started", RUNS),
    },
    "stopped": {
        "missing": ("created", "Created"),
        "created": ("none", "Created"),
        "running": ("stopped", "Stopped"),
        "paused": ("stopped", "Stopped"),
        "stopped": ("none", "Stopped"),
    },
    "paused": dict.fromkeys(STATUSES, ("paused", "Paused"))
    | {"missing": ("created", "Paused"), "paused": ("none", "Paused")},
    "restarted": dict.fromkeys(STATUSES, ("restarted", RUNS)) | {"missing": ("created", RUNS)},
    "absent": dict.fromkeys(STATUSES, ("deleted", None)) | {"missing": ("none", None)},
}
EXPECTED["healthy"] = EXPECTED["started"]


@pytest.fixture
def brought(lab, name, user):
    """Make a container for each status, all at once, and return their ids."""

    def make() -> dict[str, str]:
        ids = {}
        for status in STATUSES[1:]:
            body = {
                "name": f"{name}-{status}",
                "image": lab["images"][0],
                "command": TASK["command"],
                "memory": 32,
                "nets": TASK["nets"],
                "healthcheck": {"cmd": CHECK["cmd"], "interval": 1, "retries": 2},
            }
            run = str(status != "created").lower()
            ids[status] = user("container", "POST", "/containers", body, run=run)["uuid"]
        for status, verb in (("created", ""), ("running", ""), ("paused", "pause"), ("stopped", "stop")):
            reach(user, ids[status], "Created" if status == "created" else RUNS)
            if verb:
                user("container", "POST", f"/containers/{ids[status]}/{verb}")
        reach(user, ids["paused"], "Paused")
        reach(user, ids["stopped"], "Stopped")
        return ids

    return make


def reach(user, container_id: str, status: str) -> None:
    """Wait until a container has a status, and Zun is done with it."""

    def there() -> bool:
        row = user.container(container_id)
        assert row["status"] != "Error" or status == "Error", row["status_reason"]
        return row["status"] == status and not row["task_state"]

    eventually(there, 120, pause=0.3)


@pytest.mark.parametrize(
    "state",
    [pytest.param(state, marks=() if state in ("absent", "started") else pytest.mark.long) for state in EXPECTED],
)
def test_state_from_every_status(state, appcontainer, brought, lab, look, name, nothing_left, user) -> None:
    ids = brought()
    items = [{"name": f"{name}-{status}"} for status in STATUSES]
    if state != "absent":
        items[0].update({**TASK, "image": lab["images"][0], "healthcheck": CHECK})
    expected = [EXPECTED[state][status][0] for status in STATUSES]

    predicted = appcontainer.ok(check=True, diff=True, containers=items, state=state)
    assert [entry["action"] for entry in predicted["containers"]] == expected
    assert look(f"{name}-missing") is None
    assert user.container(ids["paused"])["status"] == "Paused"

    # Killing first spares those the time that ends by themselves.
    applied = appcontainer.ok(diff=True, containers=items, state=state, force=state == "absent")
    assert [entry["action"] for entry in applied["containers"]] == expected
    for status, planned, entry in zip(STATUSES, predicted["containers"], applied["containers"]):
        final = EXPECTED[state][status][1]
        seen = look(f"{name}-{status}")
        if final is None:
            assert seen is None
        else:
            assert seen["status"] == entry["container"]["status"] == final
            assert ids.get(status, seen["uuid"]) == seen["uuid"]
        for described in (planned, entry):
            # Zun's notes of when it last looked at the container, and for how long that has been up.
            for volatile in ("updated_at", "status_detail"):
                described.get("diff", {}).get("before", {}).pop(volatile, None)
        assert planned.get("diff") == entry.get("diff")
    for check in (True, False) if state != "restarted" else (True,):
        repeated = appcontainer.ok(check=check, containers=items, state=state)
        again = "restarted" if state == "restarted" else "none"
        assert {entry["action"] for entry in repeated["containers"]} == {again}


@pytest.mark.usefixtures("patience")
def test_ends(appcontainer, lab, look, name, nothing_left) -> None:
    """A job that succeeds is fine and told; one that fails, or ends again and again, leaves nothing but its log."""
    items = [
        {"name": f"{name}-good", "command": "true"},
        {
            "name": f"{name}-bad",
            "command": ["sh", "-c", "for i in $(seq 30); do echo line $i; done; echo oops; exit 42"],
        },
        {"name": f"{name}-loop", "command": ["sh", "-c", "echo looping; exit 5"], "restart_policy": "always"},
        {"name": f"{name}-no-program", "command": ["/no/such/program"]},
    ]
    task = {**TASK, "image": lab["images"][0], "containers": items, "on_error": "continue"}
    result = appcontainer(**{key: value for key, value in task.items() if key != "command"})
    good, bad, loop, program = result["containers"]
    assert good["action"] == "created"
    assert (good["container"]["status"], good["container"]["exit_code"]) == ("Stopped", 0)
    assert any("ended by itself, with exit code 0" in warning for warning in result.warnings)
    failures = {entry["name"]: entry for entry in result["failed_items"]}
    assert "exit code 42" in failures[bad["name"]]["msg"]
    assert failures[bad["name"]]["log"][-1] == "oops"
    assert len(failures[bad["name"]]["log"]) == 20
    # Met in the pause before a start, or at an end.
    assert "restart_policy" in failures[loop["name"]]["msg"] or "exit code 5" in failures[loop["name"]]["msg"]
    assert "command" in failures[program["name"]]["msg"]
    assert "/no/such/program" in failures[program["name"]]["msg"]
    assert [look(entry["name"]) for entry in (bad, loop, program)] == [None, None, None]


def test_healthy(appcontainer, lab, look, name, nothing_left, user) -> None:
    """Zun does not tell what Docker finds, so that the check is run by the task; at once, late, never."""
    late = ["sh", "-c", "sleep 4; touch /tmp/ready; exec sleep 100000"]
    items = [
        {"name": f"{name}-good", "healthcheck": {"cmd": "true", "interval": "1s"}},
        {
            "name": f"{name}-late",
            "command": late,
            "healthcheck": {"cmd": "test -e /tmp/ready", "interval": "1s", "retries": 60},
        },
        {
            "name": f"{name}-never",
            "healthcheck": {"cmd": "echo no database here; exit 7", "interval": "1s", "retries": 1},
        },
    ]
    task = {"nets": TASK["nets"], "memory": "32M", "image": lab["images"][0], "state": "healthy"}
    result = appcontainer(**task, containers=items, on_error="continue")
    assert [entry["action"] for entry in result["containers"]] == ["created", "created", "failed"]
    message = result["failed_items"][0]["msg"]
    for part in (f"{name}-never", "health check", "exit code 7", "no database here"):
        assert part in message
    assert look(f"{name}-never") is None
    assert not appcontainer.ok(**task, containers=items[:2]).changed
    code, _output = user.execute(look(f"{name}-late")["uuid"], "rm /tmp/ready")
    assert code == 0
    # Not healthy any more, and nothing a task could do about it.
    message = appcontainer.fails(**task, containers=items[1:2], timeout=3)
    assert "is not healthy" in message
    assert look(f"{name}-late")["status"] == RUNS
    for check in (True, False):
        message = appcontainer.fails(check=check, **{**task, "name": f"{name}-none"})
        for part in ("healthy", "healthcheck", "state started"):
            assert part in message


def test_without_waiting(appcontainer, lab, look, name, nothing_left, user) -> None:
    """What is only begun is finished, judged and replaced by a later run."""
    task = {**TASK, "image": lab["images"][0], "name": name}
    begun = appcontainer.ok(**{**task, "image": "no-such-image:1"}, wait=False)
    assert begun["containers"][0]["action"] == "created"
    reach(user, begun["containers"][0]["id"], "Error")
    for check in (True, False):
        repaired = appcontainer.ok(check=check, **task)
        assert repaired.changed
    assert look(name)["status"] == RUNS
    assert look(name)["uuid"] != begun["containers"][0]["id"]
    assert not appcontainer.ok(**task).changed
    # The next run waits for what this one began, and finds nothing to change.
    second = {**task, "name": f"{name}-2"}
    appcontainer.ok(**second, wait=False)
    waited = appcontainer.ok(**second)
    assert not waited.changed
    assert waited["container"]["status"] == RUNS


def test_absent_from_error(appcontainer, look, name, nothing_left, raw, user) -> None:
    made = raw(image="no-such-image:1")
    assert user.container(made)["status"] == "Error"
    assert appcontainer.ok(check=True, name=name, state="absent").changed
    assert appcontainer.ok(name=name, state="absent").changed
    assert look(name) is None
    assert not appcontainer.ok(name=name, state="absent").changed


def test_timeout(appcontainer, lab, look, name, nothing_left) -> None:
    task = {**TASK, "image": lab["images"][0], "name": name, "state": "healthy", "timeout": 6}
    message = appcontainer.fails(**task, healthcheck={"cmd": "false", "interval": "1s", "retries": 1000})
    assert "is not healthy after 6 s" in message or "is not" in message
    # There is nothing to go back to, and it may still become healthy.
    assert look(name) is not None
