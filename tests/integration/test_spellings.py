# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Odd but accepted ways of writing a value: the second run changes nothing."""

from __future__ import annotations

import signal
import time

import pytest

SPELLINGS = {
    "host path with dots": {"mounts": [{"host_path": "/tmp/../tmp", "destination": "/t"}]},
    "destination with slashes": {"mounts": [{"tmpfs": True, "destination": "//t//a/"}]},
    "workdir with slashes": {"workdir": "/tmp//./"},
    "mode with zeros": {"mounts": [{"tmpfs": True, "destination": "/t", "mode": "01777"}]},
    "writable file": {"mounts": [{"content": "some text", "destination": "/t", "read_only": False}]},
    "mounts out of order, strict": {
        "mounts": [{"tmpfs": True, "destination": "/z"}, {"tmpfs": True, "destination": "/a"}],
        "comparisons": {"mounts": "strict"},
    },
    "ulimits out of order, strict": {
        "ulimits": [{"name": "nproc", "soft": 1000}, {"name": "nofile", "soft": 100}],
        "comparisons": {"*": "strict"},
    },
    "entrypoint without words": {"entrypoint": [], "command": ["sleep", "1000"]},
    "signal in small letters": {"stop_signal": "term"},
    "signal as number": {"stop_signal": "15"},
    "capabilities twice": {"cap_drop": ["CAP_MKNOD", "mknod"]},
    "sizes in other units": {"memory": "65536k", "mounts": [{"tmpfs": True, "destination": "/t", "size": "1024k"}]},
    "port twice": {"published_ports": ["80", "80/tcp"], "exposed_ports": ["80", "80/tcp"]},
    "address of everywhere": {"published_ports": ["0.0.0.0::80"]},
    "environment of the image": {"environment": {"FROM_IMAGE": "yes"}, "labels": {"from-image": "yes"}},
    "number as text": {"environment": {"A": 1}, "sysctls": {"net.core.somaxconn": 100}},
    "duration as text": {"healthcheck": {"cmd": "true", "interval": "1m30s", "timeout": "1500ms"}},
    "policy without retries": {"restart_policy": "on-failure:0"},
    "empty lists": {"mounts": [], "published_ports": [], "cap_add": [], "devices": [], "dns_servers": []},
    "empty dictionaries": {"environment": {}, "labels": {}, "secret_environment": {}, "sysctls": {}},
    "no limits": {"cpu": 0, "memory": "0", "pids_limit": 0},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_second_run_changes_nothing(spelling, appcontainer, image, name) -> None:
    options = {"name": name, "image": image, "state": "present", **SPELLINGS[spelling]}
    assert appcontainer.ok(**options).changed
    for check in (True, False):
        repeated = appcontainer.ok(check=check, diff=True, **options)
        assert not repeated.changed, repeated["diff"]


def test_strict_networks_in_any_order(appcontainer, image, name, network) -> None:
    nets = [{"network": network(suffix)} for suffix in ("c", "a", "b")]
    options = {"name": name, "image": image, "nets": nets, "comparisons": {"nets": "strict"}, "state": "present"}
    appcontainer.ok(**options)
    assert not appcontainer.ok(**options).changed


EMPTY = {
    "command": [],
    "user": "",
    "stop_signal": "",
    "healthcheck": {"cmd": "true", "interval": 0},
    "mounts": [{"tmpfs": True, "destination": "/t", "size": "0"}],
}


@pytest.mark.parametrize("option", EMPTY)
def test_what_means_nothing_is_refused(option, appcontainer, image, name) -> None:
    message = appcontainer.fails(name=name, image=image, **{option: EMPTY[option]})
    assert option in message
    assert "; " in message


@pytest.mark.parametrize(
    "mount",
    [
        {"volume": "x", "destination": "/t", "mode": "0700"},
        {"content": "some text", "destination": "/t", "read_only": True},
    ],
)
def test_suboptions_without_effect_are_refused(mount, appcontainer, image, name) -> None:
    assert "mounts[0]" in appcontainer.fails(name=name, image=image, mounts=[mount])


def test_a_replaced_container_may_end_in_its_own_way(appcontainer, engine, image, name) -> None:
    command = ["sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.1; done"]
    old = appcontainer.ok(name=name, image=image, command=command, stop_signal="TERM")["container"]["id"]
    since = int(time.time())
    appcontainer.ok(name=name, environment={"A": "1"})
    wanted = {"container": old, "event": ["kill", "die"]}
    events = engine.events(since=since, until=int(time.time()) + 1, filters=wanted, decode=True)
    seen = [(event["Action"], event["Actor"]["Attributes"]) for event in events]
    assert next(attributes["signal"] for action, attributes in seen if action == "kill") == str(int(signal.SIGTERM))
    assert next(attributes["exitCode"] for action, attributes in seen if action == "die") == "7"


def test_an_ignored_image_stays(appcontainer, image, other_image, name) -> None:
    appcontainer.ok(name=name, image=image, state="present")
    options = {"image": other_image, "environment": {"A": "1"}, "comparisons": {"image": "ignore"}, "state": "present"}
    predicted = appcontainer.ok(check=True, name=name, **options)
    applied = appcontainer.ok(name=name, **options)
    assert applied["containers"][0]["action"] == "recreated"
    assert predicted["container"]["image"] == applied["container"]["image"] == image
    assert not appcontainer.ok(name=name, **options).changed


def test_logs_that_cannot_be_read(appcontainer, appcontainer_info, image, name) -> None:
    appcontainer.ok(name=name, image=image, log_driver="none")
    (found,) = appcontainer_info.ok(name=name, gather=["logs", "processes"])["containers"]
    assert found["logs"] is None
    assert found["processes"]


def test_waiting_in_vain_changed_nothing(appcontainer, image, name) -> None:
    check = {"cmd": "test -e /tmp/never", "interval": "1s", "retries": 1}
    appcontainer.ok(name=name, image=image, healthcheck=check)
    result = appcontainer(name=name, state="healthy", timeout=3)
    assert result.failed
    assert not result.changed


def test_passwords_in_driver_options_are_not_shown(container_volume, name) -> None:
    options = {"type": "cifs", "device": "//192.0.2.1/share", "o": "username=me,password=hunter2,vers=3"}
    result = container_volume.ok(name=name, driver_options=options, diff=True)
    assert "hunter2" not in str(result)
    assert not container_volume.ok(name=name, driver_options=options).changed
    message = container_volume.fails(name=name, driver_options={**options, "o": "username=me,password=hunter3"})
    assert "hunter" not in message


def test_a_refusal_of_driver_options_shows_no_password(container_volume, name) -> None:
    message = container_volume.fails(name=name, driver_options={"o": "password=hunter2", "bogus": "x"})
    assert "driver_options" in message
    assert "bogus" in message
    assert "hunter2" not in message


def test_always_with_a_registry_that_is_away_says_so(appcontainer, image, name) -> None:
    message = appcontainer.fails(name=name, image=image, image_pull_policy="always")
    assert "image_pull_policy always" in message
    assert "neither on the host" not in message
