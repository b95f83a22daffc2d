# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How options are read from and written to Docker's API, where no engine is needed to tell."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.caas.zun.plugins.module_utils.engine.options import Supported
from ansible_collections.caas.zun.plugins.module_utils.kinds import docker_errors, docker_info
from ansible_collections.caas.zun.plugins.module_utils.kinds.container_options import CONTAINER_OPTIONS
from ansible_collections.caas.zun.plugins.module_utils.kinds.docker_fields import FIELDS, Body, Inspected
from ansible_collections.caas.zun.plugins.module_utils.services.errors import ServiceError

NO_FIELDS = {"name", "image", "image_pull_policy", "allow_format"}


def test_every_option_of_backend_docker_is_a_field() -> None:
    assert {option.name for option in CONTAINER_OPTIONS.of_backend("docker")} - NO_FIELDS == set(FIELDS)


def test_every_option_says_what_each_backend_makes_of_it() -> None:
    for option in CONTAINER_OPTIONS:
        assert set(option.backends) == {"docker", "zun"}
        assert any(isinstance(backing, Supported) for backing in option.backends.values())


def seen(config: dict[str, Any] | None = None, image: dict[str, Any] | None = None, said=None, **host) -> Inspected:
    container = {
        "Id": "0123456789abcdef",
        "Config": config or {},
        "HostConfig": host,
        "NetworkSettings": {"Networks": {}},
        "Mounts": [],
    }
    return Inspected(container, {"Config": image or {}}, said or {})


def test_what_comes_from_the_image_is_not_the_containers_own() -> None:
    config = {
        "Env": ["A=1", "B=2", "C=3"],
        "Labels": {"x": "1", "y": "2"},
        "ExposedPorts": {"80/tcp": {}, "81/tcp": {}},
    }
    image = {"Env": ["A=1", "B=0"], "Labels": {"x": "1"}, "ExposedPorts": {"80/tcp": {}}}
    inherited = seen(config, image)
    assert FIELDS["environment"].read(inherited) == {"B": "2", "C": "3"}
    assert FIELDS["labels"].read(inherited) == {"y": "2"}
    assert FIELDS["exposed_ports"].read(inherited) == ["81/tcp"]
    said = seen(config, image, {"environment": {"A": "1"}, "labels": {"x": "1"}, "exposed_ports": ["80/tcp"]})
    assert FIELDS["environment"].read(said) == {"A": "1", "B": "2", "C": "3"}
    assert FIELDS["labels"].read(said) == {"x": "1", "y": "2"}
    assert FIELDS["exposed_ports"].read(said) == ["80/tcp", "81/tcp"]


def test_a_quota_given_as_period_and_quota_is_read_as_processors() -> None:
    assert FIELDS["cpu"].read(seen(CpuQuota=50000, CpuPeriod=100000)) == 0.5
    assert FIELDS["cpu"].read(seen(NanoCpus=250000000)) == 0.25
    assert FIELDS["cpu"].read(seen(CpuQuota=-1)) == 0.0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("published_ports", ["127.0.0.1:8080:80/tcp", "8082:82/tcp", ":53/udp", "[::1]:8081:81/tcp"]),
        ("ulimits", [{"name": "nofile", "soft": 1, "hard": 2}]),
        ("devices", ["/dev/a:/dev/b:rwm"]),
        ("restart_policy", "on-failure:3"),
        ("restart_policy", "unless-stopped"),
        ("disk", 10 << 30),
        ("cpu", 1.5),
        ("healthcheck", {"disabled": True}),
    ],
)
def test_what_is_written_is_read_again(option, value) -> None:
    body = Body()
    FIELDS[option].write(body, value)
    assert FIELDS[option].read(seen(body.config, **body.host)) == value


def test_no_environment_value_is_in_a_label() -> None:
    body = Body(
        secret_environment={"PASS": "s3cret"}, files=[{"destination": "/f", "content": "s3cret", "mode": "0644"}]
    )
    assert "s3cret" not in str(body.api_config("salt")["Labels"])


@pytest.mark.parametrize(
    ("said", "option"),
    [
        (
            "driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 failed: port is already allocated",
            "published_ports",
        ),
        ("Unknown runtime specified nope", "runtime"),
        ("Minimum memory limit allowed is 6MB", "memory"),
        ("No such image: nope:latest", "image"),
        ('OCI runtime create failed: exec: "nope": executable file not found in $PATH: unknown', "command"),
        ("network nope not found", "nets"),
        (
            "user specified IP address is supported only when connecting to networks with user configured subnets",
            "nets",
        ),
        ("--storage-opt is supported only for overlay over xfs with 'pquota' mount option", "disk"),
        ("logger: no log driver named 'nope' is registered", "log_driver"),
        ('invalid mount config for type "bind": bind source path does not exist: /nope', "mounts"),
        ("unable to find user nope: no matching entries in passwd file", "user"),
    ],
)
def test_refusals_name_the_option(said, option) -> None:
    error = docker_errors.explain("web", {option: "value", "name": "web"}, ServiceError("Could not.", said=said))
    assert error.message.startswith(f"web: {option}: 'value' was refused by the Docker Engine ({said}); ")


def test_other_refusals_are_passed_on() -> None:
    assert docker_errors.explain("web", {}, ServiceError("Could not.", said="strange")).message == "web: Could not."


# An answer of the engine with round figures, shortened to what is read.
READING = {
    "read": "2026-11-22T12:00:01Z",
    "pids_stats": {"current": 2},
    "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 4096}, {"op": "Write", "value": 8192}]},
    "cpu_stats": {"cpu_usage": {"total_usage": 300000000}, "system_cpu_usage": 22000000000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 200000000}, "system_cpu_usage": 20000000000, "online_cpus": 2},
    "memory_stats": {"usage": 32 << 20, "limit": 64 << 20, "stats": {"total_inactive_file": 16 << 20}},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 20}, "eth1": {"rx_bytes": 1, "tx_bytes": 2}},
}


def test_statistics() -> None:
    assert docker_info._stats(READING) == {
        "cpu_percent": 10.0,
        "memory_used_mib": 16.0,
        "memory_limit_mib": 64.0,
        "memory_percent": 25.0,
        "network_received_bytes": 11,
        "network_sent_bytes": 22,
        "block_read_bytes": 4096,
        "block_written_bytes": 8192,
        "processes": 2,
    }
    assert docker_info._stats({**READING, "read": "0001-01-01T00:00:00Z"}) is None
