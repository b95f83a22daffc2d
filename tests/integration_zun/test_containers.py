# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option of a container on a real Zun, as the ordinary user unless an option is for administrators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.caas.zun.plugins.module_utils.kinds.container_options import CONTAINER_OPTIONS

# Known only once a container exists, different from one to the next, or shown only where it had to be looked up.
VOLATILE = {
    "id",
    "addresses",
    "created_at",
    "updated_at",
    "exit_code",
    "hostname",
    "nets",
    "project_id",
    "security_groups",
    "status_reason",
    "user_id",
}


@dataclass
class Case:
    """Two values of each of several options, of one container.

    :param shown: second values as the module returns them, where they are not what was written.
    :param in_place: the container stays the same one when the values change.
    :param beside: options needed for these to work.
    """

    first: dict[str, Any]
    second: dict[str, Any]
    shown: dict[str, Any] = field(default_factory=dict)
    in_place: bool = False
    beside: dict[str, Any] = field(default_factory=dict)


CASES = {
    "process": Case(
        {
            "command": ["1000"],
            "entrypoint": ["sleep"],
            "environment": {"A": "1", "B": "2"},
            "secret_environment": {"PASS": "first-secret"},
            "labels": {"team": "one"},
            "workdir": "/tmp",
            "hostname": "one",
            "restart_policy": "always",
            "interactive": False,
            "tty": True,
            "healthcheck": {"cmd": "true", "interval": "1s"},
        },
        {
            "command": "'2000' 1",
            "entrypoint": "/bin/sleep",
            "environment": {"A": "1", "B": "x y=z"},
            "secret_environment": {"PASS": "second-secret"},
            "labels": {"team": "two"},
            "workdir": "/srv/",
            "hostname": "two.example",
            "restart_policy": "on-failure:3",
            "interactive": True,
            "tty": False,
            "healthcheck": {"cmd": "true", "interval": "2s", "retries": 5},
        },
        shown={
            "command": ["2000", "1"],
            "entrypoint": ["/bin/sleep"],
            "secret_environment": ["PASS"],
            "workdir": "/srv",
            "healthcheck": {"cmd": "true", "interval": 2.0, "timeout": 30.0, "retries": 5, "disabled": False},
        },
    ),
    "exposed_ports": Case(
        {"exposed_ports": ["80", "53/udp"]},
        {"exposed_ports": ["81/tcp", "80"]},
        shown={"exposed_ports": ["53/udp", "80/tcp", "81/tcp"]},
    ),
    "auto_remove": Case({"auto_remove": False}, {"auto_remove": True}),
    "limits": Case(
        {"cpu": 0.5, "memory": "64M", "auto_heal": False},
        {"cpu": 0.25, "memory": "96M", "auto_heal": True},
        in_place=True,
    ),
    "content": Case(
        {"mounts": [{"destination": "/etc/one", "content": "a first line\n"}]},
        {"mounts": [{"destination": "/etc/one", "content": "a second line\n"}]},
        shown={"mounts": [{"destination": "/etc/one", "mode": "0644"}]},
    ),
}

# Tested below: their values are names of other objects, or not everybody may set them.
ELSEWHERE = {
    "name",
    "image",
    "nets",
    "security_groups",
    "availability_zone",
    "hints",
    "registry",
    "image_driver",
    "cpu_policy",
    "allow_format",
}
# Tested in test_containers_admin.py.
FOR_ADMINISTRATORS = {"host", "runtime", "privileged", "image_pull_policy"}
# The lab's nodes have no quotas of disk; test_containers_faults.py sees that refused.
IMPOSSIBLE = {"disk"}


def test_every_option_has_a_case() -> None:
    options = {option.name for option in CONTAINER_OPTIONS.of_backend("zun")}
    tested = {name for case in CASES.values() for name in case.first}
    assert options == tested | ELSEWHERE | FOR_ADMINISTRATORS | IMPOSSIBLE


def stable(view: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in view.items() if key not in VOLATILE}


def assert_predicted(predicted, applied) -> None:
    """What check mode said is what happened, with the very same diff."""
    assert predicted["diff"] == applied["diff"]
    assert predicted["containers"][0]["action"] == applied["containers"][0]["action"]
    expected, actual = stable(predicted["container"]), stable(applied["container"])
    assert {key: actual.get(key) for key in expected} == expected


@pytest.mark.parametrize("case", CASES)
def test_options(case, appcontainer, lab, look, name, nothing_left) -> None:
    values: Case = CASES[case]
    options = {"name": name, "image": lab["images"][0], "nets": [{"network": "front"}], "diff": True, **values.beside}
    first, second = {**options, **values.first}, {**options, **values.second}

    predicted = appcontainer.ok(check=True, **first)
    assert predicted["containers"][0]["action"] == "created"
    assert look(name) is None

    created = appcontainer.ok(**first)
    assert_predicted(predicted, created)
    for check in (True, False):
        repeated = appcontainer.ok(check=check, **first)
        assert not repeated.changed, repeated["diff"]
        assert stable(repeated["container"]) == stable(created["container"])

    # Each for itself is seen to differ, and all together.
    for option, value in values.second.items():
        if len(values.second) > 1:
            alone = appcontainer.ok(check=True, **{**first, option: value})
            assert set(alone["diff"][0]["before"]) == {option}
    predicted = appcontainer.ok(check=True, **second)
    assert look(name)["uuid"] == created["container"]["id"]

    changed = appcontainer.ok(**second)
    assert changed["containers"][0]["action"] == ("updated" if values.in_place else "recreated")
    assert set(changed["diff"][0]["before"]) == set(values.second)
    assert_predicted(predicted, changed)
    assert (changed["container"]["id"] == created["container"]["id"]) == values.in_place
    assert changed["container"]["status"] == "Running"
    for option, value in values.second.items():
        assert changed["container"][option] == values.shown.get(option, value), option

    for check in (True, False):
        repeated = appcontainer.ok(check=check, **second)
        assert not repeated.changed, repeated["diff"]
    assert "-secret'" not in str([predicted, changed, repeated])


def test_image(appcontainer, lab, look, name, nothing_left) -> None:
    """An image changes in place; one that does not exist leaves the container as it was."""
    one, two = lab["images"]
    # Its command is said: a rebuild would keep the one that came from the old image, so there would be none.
    options = {"name": name, "command": ["sleep", "100000"], "nets": [{"network": "front"}], "labels": {"keep": "me"}}
    options["diff"] = True
    created = appcontainer.ok(image=one, **options)["container"]
    assert not appcontainer.ok(image=one, **options).changed
    predicted = appcontainer.ok(check=True, image=two, **options)
    changed = appcontainer.ok(image=two, **options)
    assert changed["containers"][0]["action"] == "updated"
    assert changed["diff"] == predicted["diff"]
    assert changed["container"]["id"] == created["id"]
    assert changed["container"]["image"] == two
    assert changed["container"]["status"] == "Running"
    assert not appcontainer.ok(image=two, **options).changed

    message = appcontainer.fails(image="no-such-image:1", **options)
    for part in (name, "image", "no-such-image:1", "check that it is in its registry"):
        assert part in message
    now = look(name)
    assert (now["uuid"], now["image"], now["status"]) == (created["id"], two, "Running")
    assert not appcontainer.ok(image=two, **options).changed


def test_image_with_a_command_of_its_own(appcontainer, lab, name, nothing_left) -> None:
    """What came from the old image goes with it."""
    one, two = lab["images"]
    options = {"name": name, "nets": [{"network": "front"}]}
    appcontainer.ok(image=one, **options)
    assert appcontainer.ok(image=two, **options)["containers"][0]["action"] == "recreated"


def test_name(appcontainer, look, name, raw) -> None:
    """A name alone identifies a container; with an id, it is a new name."""
    made, other = raw("-one", run=False), raw("-two", run=False)
    for check in (True, False):
        renamed = appcontainer.ok(check=check, diff=True, id=made, name=f"{name}-new", state="present")
        assert renamed["containers"][0]["action"] == "updated"
        assert renamed["diff"][0]["after"] == {"name": f"{name}-new"}
        assert renamed["container"]["id"] == made
    assert look(f"{name}-new")["uuid"] == made
    assert not appcontainer.ok(id=made, name=f"{name}-new", state="present").changed
    message = appcontainer.fails(id=made, name=f"{name}-two", state="present")
    for part in ("name", f"{name}-two", "choose another name"):
        assert part in message
    assert look(f"{name}-two")["uuid"] == other
    appcontainer.ok(id=made, state="absent")
    assert not appcontainer.ok(id=made, state="absent").changed
    assert "there is no container with id" in appcontainer.fails(id=made, name=name)
