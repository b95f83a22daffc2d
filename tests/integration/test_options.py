# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option of a container: created, repeated and changed, each step first in check mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import IMAGE

from ansible_collections.caas.zun.plugins.module_utils.engine.options import IGNORE
from ansible_collections.caas.zun.plugins.module_utils.kinds.container_options import CONTAINER_OPTIONS

# Differ from run to run, or are known only once a container exists.
VOLATILE = {
    "id",
    "addresses",
    "created_at",
    "exit_code",
    "health",
    "hostname",
    "image_id",
    "ports",
    "restart_count",
    "started_at",
}

# The engine's own configuration may add entries, which nobody can know before.
HOST_ADDS = {"log_options"}


@dataclass
class Case:
    """Two values of an option.

    :param shown: the second value as the module returns it, where that is not what was written.
    :param in_place: the container stays the same one when the value changes.
    :param beside: options needed for this one to work.
    :param comparisons: how the second value is compared.
    :param state: state asked for; where the option could not run here, ``present``.
    """

    option: str
    first: Any
    second: Any
    shown: Any = None
    in_place: bool = False
    beside: dict[str, Any] = field(default_factory=dict)
    comparisons: dict[str, str] = field(default_factory=dict)
    state: str = "started"


STRICT = {"*": "strict"}
CASES = [
    Case("image", f"{IMAGE}:1", f"{IMAGE}:2"),
    Case("command", ["sleep", "1000"], "sleep '2000'", shown=["sleep", "2000"]),
    Case("entrypoint", ["sleep"], ["/bin/sleep"], beside={"command": ["1000"]}),
    Case("environment", {"A": "1", "B": "2"}, {"A": "1", "B": "x y=z"}),
    Case("secret_environment", {"PASS": "first-secret"}, {"PASS": "second-secret"}, shown=["PASS"]),
    Case("labels", {"team": "one"}, {"team": "two"}),
    Case("cpu", 0.5, 0.25, in_place=True),
    Case("memory", "64M", "96M", in_place=True),
    Case("workdir", "/tmp", "/srv"),
    Case("hostname", "one", "two.example"),
    Case("restart_policy", "always", "on-failure:3", in_place=True),
    Case("interactive", False, True),
    Case("tty", True, False),
    Case("auto_remove", False, True),
    Case("privileged", False, True, state="present"),
    Case("runtime", "runc", "io.containerd.runc.v2"),
    Case(
        "healthcheck",
        {"cmd": "true", "interval": "1s"},
        {"cmd": ["true"], "retries": 5},
        shown={
            "cmd": ["true"],
            "interval": 1.0,
            "timeout": 30.0,
            "start_period": 0.0,
            "retries": 5,
            "disabled": False,
        },
    ),
    Case("exposed_ports", ["80", "53/udp"], ["81/tcp", "80"], shown=["53/udp", "80/tcp", "81/tcp"]),
    Case(
        "mounts",
        [{"destination": "/data", "tmpfs": True, "size": "4M", "mode": "0700"}],
        [{"destination": "/data/", "tmpfs": True, "size": "8M"}],
        shown=[{"destination": "/data", "tmpfs": True, "size": "8M", "mode": "0700"}],
    ),
    Case("published_ports", ["80"], ["81/tcp", "80"], shown=[":80/tcp", ":81/tcp"]),
    Case("cap_add", ["NET_ADMIN"], ["cap_sys_time"], shown=["SYS_TIME"], state="present"),
    Case("cap_drop", ["ALL"], ["mknod"], shown=["MKNOD"]),
    Case("security_opts", ["no-new-privileges"], [], state="present"),
    Case("read_only", False, True),
    Case("user", "65534", "nobody:nogroup"),
    Case(
        "ulimits",
        [{"name": "nofile", "soft": 100}],
        [{"name": "nofile", "soft": 100, "hard": 200}],
        shown=[{"name": "nofile", "soft": 100, "hard": 200}],
    ),
    Case("pids_limit", 50, 0, in_place=True),
    Case("sysctls", {"net.core.somaxconn": 100}, {"net.core.somaxconn": "200"}, shown={"net.core.somaxconn": "200"}),
    Case("devices", ["/dev/null:/dev/one"], ["/dev/null:/dev/two:r"], shown=["/dev/null:/dev/two:r"]),
    Case("log_driver", "json-file", "none"),
    Case("log_options", {"max-size": "1m"}, {"max-size": "2m"}),
    Case("stop_signal", "TERM", "SIGINT"),
    Case("stop_timeout", 3, 4),
    Case(
        "extra_hosts", ["one:192.0.2.1"], ["two:192.0.2.2", "one:192.0.2.1"], shown=["one:192.0.2.1", "two:192.0.2.2"]
    ),
    Case("dns_servers", ["192.0.2.1"], ["192.0.2.2", "192.0.2.1"]),
    Case("dns_search", ["one.example"], ["two.example"]),
    Case("dns_options", ["ndots:2"], ["ndots:3", "rotate"]),
]

# Tested elsewhere: their values are names of other objects, or they need a special disk; or Docker has no use for them.
ELSEWHERE = {"name", "nets", "disk", "image_pull_policy", "allow_format"}


def test_every_option_has_a_case() -> None:
    options = {option.name for option in CONTAINER_OPTIONS.of_backend("docker")}
    assert options - ELSEWHERE == {case.option for case in CASES}
    assert {name for name in ELSEWHERE if CONTAINER_OPTIONS[name].compare == IGNORE} == {
        "image_pull_policy",
        "allow_format",
    }


def stable(view: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in view.items() if key not in VOLATILE}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.option)
def test_option(case: Case, appcontainer, image, other_image, inspect, name) -> None:
    options = {"name": name, "image": image, "state": case.state, **case.beside}
    first = {**options, case.option: case.first}
    second = {**options, case.option: case.second}

    predicted = appcontainer.ok(check=True, diff=True, **first)
    assert predicted.changed
    assert predicted["containers"][0]["action"] == "created"
    assert inspect(name) is None

    created = appcontainer.ok(diff=True, **first)
    assert created.changed
    assert created["containers"][0]["action"] == "created"
    assert_predicted(predicted, created)

    for check in (True, False):
        repeated = appcontainer.ok(check=check, diff=True, **first)
        assert not repeated.changed, repeated["diff"]
        assert repeated["container"] == created["container"] or case.option == "healthcheck"

    predicted = appcontainer.ok(check=True, diff=True, **second)
    assert predicted.changed
    assert inspect(name)["Id"] == created["container"]["id"]

    changed = appcontainer.ok(diff=True, **second)
    assert changed.changed
    assert changed["containers"][0]["action"] == ("updated" if case.in_place else "recreated")
    assert set(changed["diff"][0]["before"]) == {case.option}
    assert_predicted(predicted, changed)
    assert (changed["container"]["id"] == created["container"]["id"]) == case.in_place
    shown = changed["container"][case.option]
    if case.option in HOST_ADDS:
        shown = {key: shown[key] for key in case.second}
    assert shown == (case.second if case.shown is None else case.shown)

    for check in (True, False):
        repeated = appcontainer.ok(check=check, diff=True, **second)
        assert not repeated.changed, repeated["diff"]


def assert_predicted(predicted, applied) -> None:
    """What check mode said is what happened, with the very same diff."""
    assert predicted["diff"] == applied["diff"]
    assert predicted["containers"][0]["action"] == applied["containers"][0]["action"]
    expected, actual = stable(predicted["container"]), stable(applied["container"])
    for option in HOST_ADDS & set(expected):
        assert expected.pop(option).items() <= actual.pop(option).items()
    # What the host chooses (a runtime, a log driver) is unknown before.
    assert {key: actual.get(key) for key in expected} == expected
