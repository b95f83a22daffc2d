# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers of Zun: what is pure logic."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import MagicMock

import pytest

from ansible_collections.caas.zun.plugins.module_utils.engine.digest import UNKNOWN, Digest, new_salt
from ansible_collections.caas.zun.plugins.module_utils.engine.errors import OptionError
from ansible_collections.caas.zun.plugins.module_utils.engine.kind import FAILED, Actual
from ansible_collections.caas.zun.plugins.module_utils.engine.units import GIB, MIB
from ansible_collections.caas.zun.plugins.module_utils.kinds import zun_fields
from ansible_collections.caas.zun.plugins.module_utils.kinds.container_options import CONTAINER_OPTIONS
from ansible_collections.caas.zun.plugins.module_utils.kinds.own_labels import LABEL_SALT
from ansible_collections.caas.zun.plugins.module_utils.kinds.zun_container import REBUILT, ZunContainers
from ansible_collections.caas.zun.plugins.module_utils.kinds.zun_errors import explain, hint, of_rebuild
from ansible_collections.caas.zun.plugins.module_utils.services.errors import ServiceError
from ansible_collections.caas.zun.plugins.module_utils.services.zun import Zun

SAID: dict[str, Any] = {
    "image": "busybox:1",
    "command": "sleep 1000",
    "entrypoint": ["/bin/sh", "-c"],
    "environment": {"A": 1},
    "secret_environment": {"PASS": "hidden"},
    "labels": {"team": "one"},
    "cpu": 0.5,
    "memory": "64M",
    "disk": "2G",
    "workdir": "/srv/",
    "hostname": "one",
    "restart_policy": "on-failure:3",
    "interactive": True,
    "tty": False,
    "auto_remove": False,
    "auto_heal": True,
    "healthcheck": {"cmd": "true", "interval": "1m", "timeout": 5, "retries": 2},
    "image_driver": "docker",
    "cpu_policy": "shared",
    "exposed_ports": ["80", "53/udp"],
    "availability_zone": "az1",
    "hints": {"label:one": "two"},
    "mounts": [
        {"destination": "/own", "size": "3G"},
        {"destination": "/etc/one", "content": "hidden text"},
        {"destination": "/data", "volume": "0b5b4b3e-0000-4000-8000-000000000000"},
    ],
    "runtime": "crun",
    "host": "compute1",
    "image_pull_policy": "always",
    "privileged": True,
}


def canonical(values: dict[str, Any]) -> dict[str, Any]:
    return CONTAINER_OPTIONS.canonical(values, "zun")


def reported(body: dict[str, Any], admin: bool = False) -> dict[str, Any]:
    """Return a container as Zun reports it after it was created with a body (zun-api.md 1.6)."""
    row = {"name": "one", "uuid": "a", "status": "Running", **body, "memory": str(body.get("memory", 0))}
    for option in ("mounts", "nets", "exposed_ports", "availability_zone", "hints"):
        row.pop(option, None)
    if not admin:
        for option in zun_fields.ADMIN_ONLY:
            row.pop(option, None)
    if "restart_policy" in body:
        policy = body["restart_policy"]
        row["restart_policy"] = {"Name": policy["Name"], "MaximumRetryCount": str(policy.get("MaximumRetryCount", 0))}
    if "healthcheck" in body:
        check = dict(body["healthcheck"])
        row["healthcheck"] = {"test": check.pop("cmd"), **check}
    return row


@pytest.mark.parametrize("admin", [False, True])
def test_what_is_said_is_what_is_read(admin) -> None:
    values = canonical(SAID)
    salt = new_salt()
    read = zun_fields.read(reported(zun_fields.body(values, set(values), salt), admin), values)
    files = {mount["destination"]: mount for mount in read.pop("mounts")}
    wanted = {mount["destination"]: mount for mount in values.pop("mounts")}
    content, digest = wanted.pop("/etc/one")["content"], files.pop("/etc/one")["content"]
    assert isinstance(digest, Digest)
    assert digest.matches(content)
    assert files == wanted
    assert read.pop("healthcheck") == {**values.pop("healthcheck"), "disabled": False}
    assert {option: read.get(option) for option in values} == values


def test_nothing_secret_is_in_the_labels() -> None:
    values = canonical(SAID)
    labels = zun_fields.body(values, set(values), new_salt())["labels"]
    assert "hidden" not in json.dumps(labels)
    assert next(mount["content"] for mount in values["mounts"] if "content" in mount) not in json.dumps(labels)
    read = zun_fields.read(reported({"image": "a", "labels": labels}), {})
    # The user's own are left.
    assert read["labels"] == {"team": "one"}


def test_body_as_zun_wants_it() -> None:
    values = canonical(SAID)
    body = zun_fields.body(values, set(values), new_salt())
    assert body["memory"] == 64
    assert body["disk"] == 2
    assert body["environment"] == {"A": "1", "PASS": "hidden"}
    assert body["restart_policy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert body["healthcheck"] == {"cmd": "true", "interval": 60, "timeout": 5, "retries": 2}
    assert body["exposed_ports"] == {"80/tcp": {}, "53/udp": {}}
    mounts = {mount["destination"]: mount for mount in body["mounts"]}
    assert mounts["/own"] == {"type": "volume", "size": "3", "destination": "/own"}
    assert mounts["/etc/one"]["type"] == "bind"
    assert mounts["/data"]["source"] == "0b5b4b3e-0000-4000-8000-000000000000"


def test_body_of_what_was_not_said() -> None:
    """Zun takes null for a value, and even false for privileged asks for a permission."""
    values = canonical({"image": "busybox:1", "privileged": False})
    body = zun_fields.body(values, set(values), new_salt())
    assert set(body) == {"image", "labels"}
    assert zun_fields.body(canonical({"restart_policy": "always"}), set(), "a")["restart_policy"] == {"Name": "always"}


def test_the_first_network_is_sent_last() -> None:
    """Zun makes the last one the primary one."""
    nets = canonical({"nets": [{"network": "one", "v4_fixed_ip": "192.0.2.1"}, {"port": "two"}]})
    sent = zun_fields.body(nets, set(), "a")["nets"]
    assert sent == [{"port": "two"}, {"network": "one", "v4-fixed-ip": "192.0.2.1"}]


def test_a_container_of_somebody_else() -> None:
    row = reported({"image": "a", "labels": {"team": "one"}, "environment": {"PASS": "x", "A": "1"}})
    read = zun_fields.read(row, {"secret_environment": {"PASS": "y"}})
    assert not zun_fields.is_managed(row)
    assert zun_fields.said_at_creation(row) is None
    assert all(read[option] is UNKNOWN for option in (*zun_fields.UNREPORTED, *zun_fields.ADMIN_ONLY))
    assert (read["environment"], read["secret_environment"]) == ({"A": "1"}, {"PASS": "x"})


def test_a_secret_variable_stays_secret() -> None:
    """The label tells, also where the task says nothing of it; what the task calls public is still compared."""
    values = canonical({"image": "busybox", "environment": {"A": "1"}, "secret_environment": {"PASS": "hidden"}})
    row = reported(zun_fields.body(values, set(values), new_salt()))
    assert zun_fields.read(row, {})["secret_environment"] == {"PASS": "hidden"}
    assert zun_fields.read(row, {})["environment"] == {"A": "1"}
    now_secret = zun_fields.read(row, {"secret_environment": {"A": "1"}})
    assert now_secret["secret_environment"] == {"A": "1", "PASS": "hidden"}


def test_defaults_of_a_health_check() -> None:
    """A zero means that Docker's own default holds."""
    read = zun_fields.read(reported({"image": "a", "healthcheck": {"cmd": "true", "interval": 0}}), {})
    assert read["healthcheck"] == {"cmd": "true", "disabled": False, "interval": 30.0, "timeout": 30.0, "retries": 3}
    assert "healthcheck" not in zun_fields.read(reported({"image": "a"}), {})


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"image": "a@sha256:" + "0" * 64}, ("image", "digest", "tag latest", "name a tag")),
        ({"memory": 0}, ("memory", "no limit", "at least 4M")),
        ({"memory": "5000K"}, ("memory", "whole number of MiB")),
        ({"disk": "1500M"}, ("disk", "whole number of GiB")),
        ({"disk": 0}, ("disk", "no limit", "at least 1G")),
        ({"cpu": 0.05}, ("cpu", "0.05", "at least 0.1")),
        ({"cpu": 0}, ("cpu", "minimum")),
        ({"cpu_policy": "dedicated"}, ("cpu_policy", "dedicated", "administrator", "leave it out")),
        ({"entrypoint": []}, ("entrypoint", "image's own one")),
        ({"security_groups": ["a"], "exposed_ports": ["80"]}, ("exposed_ports", "security_groups", "leave one")),
        ({"nets": [{"network": "a", "aliases": ["b"]}]}, ("nets[0].aliases", "cannot be used with backend zun")),
        ({"nets": [{"port": "a", "v4_fixed_ip": "192.0.2.1"}]}, ("nets[0].v4_fixed_ip", "192.0.2.1", "port")),
        (
            {"nets": [{"network": "a", "v4_fixed_ip": "192.0.2.1", "v6_fixed_ip": "2001:db8::1"}]},
            ("nets[0].v6_fixed_ip", "ignored by Zun", "caas.zun.container_port"),
        ),
        ({"mounts": [{"destination": "/a", "host_path": "/b"}]}, ("mounts[0].host_path", "use a volume")),
        ({"mounts": [{"destination": "/a", "tmpfs": True}]}, ("mounts[0].tmpfs", "leave the mount out")),
        (
            {"mounts": [{"destination": "/a", "volume": "b", "read_only": True}]},
            ("mounts[0].read_only", "leave read_only out"),
        ),
        ({"mounts": [{"destination": "/a", "content": "b", "mode": "0600"}]}, ("mounts[0].mode", "0600", "0644")),
        ({"mounts": [{"destination": "/a", "size": "1500M"}]}, ("mounts[0].size", "/a", "whole number of GiB")),
        ({"mounts": [{"destination": "/a", "size": "1G", "volume": "b"}]}, ("mounts[0]", "size")),
        ({"healthcheck": {"disabled": True}}, ("healthcheck.disabled", "leave it out")),
        ({"healthcheck": {"cmd": "true", "start_period": "1s"}}, ("healthcheck.start_period", "leave it out")),
        ({"healthcheck": {"cmd": ["true"]}}, ("healthcheck.cmd", "not a text", "shell command")),
        ({"healthcheck": {"interval": "1s"}}, ("healthcheck.cmd", "not a text")),
        ({"healthcheck": {"cmd": "true", "interval": "1500ms"}}, ("healthcheck.interval", "1.5", "round it")),
        ({"published_ports": ["80:80"]}, ("published_ports", "security_groups")),
        ({"auto_remove": True, "restart_policy": "always"}, ("restart_policy", "auto_remove")),
    ],
    ids=str,
)
def test_refused(values, parts) -> None:
    with pytest.raises(OptionError) as caught:
        ZunContainers.validate(canonical(values), "started")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"image": "registry.example:5000/a/b:1"},
        {"memory": "4M", "cpu": 0.1, "disk": "1G"},
        {"security_groups": [], "exposed_ports": []},
        {"mounts": [{"destination": "/a", "content": "b"}, {"destination": "/b", "size": 2}]},
        {"nets": [{"network": "a", "v6_fixed_ip": "2001:db8::1"}]},
    ],
    ids=str,
)
def test_allowed(values) -> None:
    ZunContainers.validate(canonical(values), "started")


def test_plain_sizes() -> None:
    values = canonical({"memory": 64, "disk": 2, "mounts": [{"destination": "/a", "size": 2}]})
    assert (values["memory"], values["disk"]) == (64 * MIB, 2 * GIB)


@pytest.mark.parametrize(
    ("values", "reason", "parts"),
    [
        ({"image": "a:1", "registry": "mine"}, "Error on pulling image: a:1", ("registry", "mine", "password")),
        ({"registry": "mine"}, "pull access denied, unauthorized", ("registry", "mine", "password")),
        ({"image": "a:1"}, "Cannot download image from docker: x", ("image", "a:1", "registry")),
        ({"image": "a:1"}, of_rebuild("No such container: 5e in docker"), ("image", "a:1", "registry")),
        ({"image": "a:1", "command": ["/no"]}, "exec: no such file or directory: unknown", ("command", "/no")),
        ({"disk": "1G"}, "Your host does not support disk quota feature", ("disk", "1G", "no disk quotas")),
        ({"runtime": "kata"}, "Unknown runtime specified kata", ("runtime", "kata")),
        ({"mounts": ["a"]}, "Volume 1 did not become available", ("mounts",)),
        ({"nets": ["a"]}, "failed to create endpoint", ("nets",)),
    ],
)
def test_hint(values, reason, parts) -> None:
    said = hint(reason, values)
    assert said.startswith(" Check ")
    for part in parts:
        assert part in said
    # An option nobody said is not at fault, and not every word means something.
    assert hint(reason, {}) == ""
    assert hint("something else", values) == ""


def test_why_a_rebuild_failed(monkeypatch) -> None:
    """Zun may write over it that it misses the container, before or after the module has looked."""
    lost = {"uuid": "1", "status": "Error", "status_reason": "No such container: 5e in docker"}
    told = {**lost, "status_reason": "Docker image no-such-image:1 was not found."}
    monkeypatch.setattr(Zun, "get_container", lambda _self, _id: lost)
    actual = Actual("1", "web", {}, "Error", lost)
    for seen, reason in (
        ([told, lost], "was not found"),
        ([lost, told], "was not found"),
        ([lost], "failed to rebuild"),
    ):
        kind = ZunContainers(MagicMock())
        for row in seen:
            kind.judge(row, REBUILT, 1.0)
        judgement = kind.confirm(actual, REBUILT)
        assert judgement.verdict == FAILED
        assert reason in judgement.reason


def test_a_busy_engine_is_no_fault_of_a_network() -> None:
    reason = "UnixHTTPConnectionPool(host='localhost', port=None): Read timed out. (read timeout=60)"
    said = hint(reason, {"nets": [{"network": "front"}]})
    assert "too busy" in said
    assert "parallelism" in said
    assert "nets" not in said


@pytest.mark.parametrize(
    ("values", "said", "parts"),
    [
        ({"runtime": "crun"}, "Policy doesn't allow container:create:runtime", ("runtime", "crun", "administrator")),
        ({"privileged": True}, "Policy doesn't allow container:create:privileged", ("privileged", "nobody")),
        ({"host": "n1"}, "Policy doesn't allow container:create:requested_destination", ("host", "n1")),
        ({"image_pull_policy": "never"}, "Policy doesn't allow container:create:image_pull_policy", ("never",)),
        ({"name": "one"}, "A container with name one already exists.", ("name", "one", "choose another name")),
        ({"memory": "99G"}, "Invalid input for field 'memory'", ("memory", "99G", "limits of the cloud")),
        ({"cpu": 99}, "Invalid input for field 'cpu'", ("cpu", "99")),
        ({"image": "x"}, "Invalid input for field 'image'", ("image", "x", "check the reference")),
        ({}, "Quota exceeded for resources: ['containers']", ("quota containers", "used up", "raised")),
    ],
)
def test_refusals_of_zun(values, said, parts) -> None:
    message = explain("one", values, ServiceError("could not create", said, 403)).message
    for part in ("one", said.rstrip("."), *parts):
        assert part in message


def test_a_compute_node_that_is_down() -> None:
    """Zun keeps its own words for that from users."""
    error = ServiceError("Could not delete it.", "Your request could not be handled", 500)
    message = explain("one", {}, error).message
    for part in ("one: Could not delete it.", "compute node is down", "try again"):
        assert part in message


def test_labels_of_the_collection() -> None:
    labels = zun_fields.body(canonical({"image": "busybox"}), {"image"}, "salty")["labels"]
    assert labels[LABEL_SALT] == "salty"
    assert zun_fields.said_at_creation({"labels": labels}) == {"image"}


@pytest.mark.parametrize(
    ("detail", "longest"), [(None, 1), ("Up 1 seconds", 2), ("Up 59 seconds", 60), ("Up 1 mins", float("inf"))]
)
def test_longest_up(detail, longest) -> None:
    assert zun_fields.longest_up({"status": "Running", "status_detail": detail}) == longest
