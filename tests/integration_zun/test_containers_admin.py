# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of containers that Zun grants to administrators."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def task(lab, name, user) -> dict[str, Any]:
    """A container of the administrator, whose own project has no networks."""
    return {
        "cloud": lab["admin_cloud"],
        "name": name,
        "image": lab["images"][0],
        "command": ["sleep", "100000"],
        "memory": "32M",
        "nets": [{"network": user.network("front")["id"]}],
        "diff": True,
    }


def test_host_runtime_and_pull_policy(admin, appcontainer, lab, name, nothing_left, task) -> None:
    hosts = [compute["name"] for compute in lab["computes"]]
    first = {"host": hosts[0], "runtime": "runc", "image_pull_policy": "ifnotpresent"}
    made = appcontainer.ok(**task, **first)["container"]
    row = admin.container(made["id"])
    assert {option: row[option] for option in first} == first
    for check in (True, False):
        again = appcontainer.ok(check=check, **task, **first)
        assert not again.changed, again["diff"]

    second = {**first, "host": hosts[1], "runtime": "io.containerd.runc.v2"}
    predicted = appcontainer.ok(check=True, **task, **second)
    changed = appcontainer.ok(**task, **second)
    assert changed["containers"][0]["action"] == "recreated"
    assert set(changed["diff"][0]["before"]) == {"host", "runtime"}
    assert predicted["diff"] == changed["diff"]
    row = admin.container(changed["container"]["id"])
    assert {option: row[option] for option in second} == second
    assert not appcontainer.ok(**task, **second).changed


def test_refused(admin, appcontainer, name, nothing_left, task) -> None:
    for options, parts in (
        ({"host": "no-such-host"}, ("host", "no-such-host", "name one of")),
        ({"runtime": "no-such-runtime"}, ("could not be placed", "runtime no-such-runtime")),
        ({"privileged": True}, ("privileged", "allows it to nobody")),
    ):
        message = appcontainer.fails(**task, **options)
        for part in (name, *parts):
            assert part in message
        assert len(message.splitlines()) == 1
    assert [row for row in admin.containers(all_projects="true") if row["name"].startswith(name)] == []
