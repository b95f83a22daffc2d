# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: one sentence with option, value and remedy, and nothing left behind."""

from __future__ import annotations

import socket
from typing import Any

import pytest

SIZE = {"destination": "/x", "size": "1G", "volume": "y"}
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    # What does not exist
    "image": ({"image": "localhost:1/no/such:image"}, ("image", "localhost:1/no/such:image", "check the reference")),
    "image never": (
        {"image": "caas-zun-test/none", "image_pull_policy": "never"},
        ("image", "caas-zun-test/none", "never"),
    ),
    "network": ({"nets": [{"network": "no-such-net"}]}, ("nets", "no-such-net", "does not exist", "create it")),
    "volume": (
        {"mounts": [{"destination": "/x", "volume": "no-such-volume"}]},
        ("mounts", "no-such-volume", "does not exist", "container_volume"),
    ),
    "runtime": ({"runtime": "no-such-runtime"}, ("runtime", "no-such-runtime", "runc", "name one of these")),
    "log driver": ({"log_driver": "no-such"}, ("log_driver", "no-such", "json-file")),
    "log option": ({"log_options": {"no-such": "1"}}, ("no-such", "log_options")),
    "device": ({"devices": ["/dev/no-such"]}, ("devices", "/dev/no-such", "exist")),
    "capability": ({"cap_add": ["FLY"]}, ("cap_add", "FLY")),
    "user": ({"user": "no-such-user"}, ("user", "no-such-user")),
    "program": ({"command": "no-such-program"}, ("command", "no-such-program", "name a program")),
    "sysctl": ({"sysctls": {"kernel.panic": 1}}, ("sysctls", "kernel.panic")),
    "directory": (
        {"mounts": [{"destination": "/x", "host_path": "/no/such"}]},
        ("mounts", "/no/such", "create the directory"),
    ),
    "entrypoint": ({"entrypoint": "/no/such/entry"}, ("entrypoint", "/no/such/entry", "name a program")),
    "stop signal": ({"stop_signal": "SIGNONE"}, ("stop_signal", "SIGNONE")),
    "security option": ({"security_opts": ["no-such-thing"]}, ("security_opts", "no-such-thing")),
    "health program": (
        {"state": "healthy", "healthcheck": {"cmd": ["/no/such/check"], "interval": "1s", "retries": 1}},
        ("unhealthy", "/no/such/check"),
    ),
    # Out of range
    "memory": ({"memory": "5M"}, ("memory", "5M", "at least 6M")),
    "less memory": ({"memory": "1M"}, ("memory", "1M", "at least 6M")),
    "cpu": ({"cpu": 4096}, ("cpu", "4096", "processors")),
    "negative cpu": ({"cpu": -1}, ("cpu", "-1", "0.5")),
    "port": ({"published_ports": ["80000:80"]}, ("published_ports", "80000:80", "8080:80")),
    "port range": ({"published_ports": ["80-82:80-81"]}, ("published_ports", "80-82:80-81")),
    "exposed": ({"exposed_ports": ["http"]}, ("exposed_ports", "http", "80/tcp")),
    "retries": ({"healthcheck": {"cmd": "true", "retries": 0}}, ("healthcheck.retries", "0", "at least 1")),
    "interval": ({"healthcheck": {"cmd": "true", "interval": "1us"}}, ("healthcheck.interval", "1us", "30")),
    "short interval": ({"healthcheck": {"cmd": "true", "interval": "0.1ms"}}, ("healthcheck", "0.1ms")),
    "timeout": ({"timeout": "soon"}, ("timeout", "soon", "90s")),
    "parallelism": ({"parallelism": 0}, ("parallelism", "0", "at least 1")),
    "pids": ({"pids_limit": -5}, ("pids_limit", "-5", "at least 0")),
    "stop timeout": ({"stop_timeout": -1}, ("stop_timeout", "-1")),
    "ulimit order": ({"ulimits": [{"name": "nofile", "soft": 9, "hard": 3}]}, ("ulimits", "nofile", "raise hard")),
    "ulimit name": ({"ulimits": [{"name": "files", "soft": 9}]}, ("ulimits", "files")),
    # Written wrongly
    "name": ({"name": "has blank"}, ("name", "has blank", "letters")),
    "short name": ({"name": "a"}, ("name", "'a'", "2 to 255")),
    "hostname": ({"hostname": "under the bridge"}, ("hostname", "under the bridge")),
    "image reference": ({"image": "two words"}, ("image", "two words", "blanks")),
    "image case": ({"image": "Upper/Case"}, ("image", "Upper/Case", "lower case")),
    "workdir": ({"workdir": "srv"}, ("workdir", "srv", "begin it with /")),
    "destination": ({"mounts": [{"destination": "x", "tmpfs": True}]}, ("mounts[0].destination", "'x'", "/")),
    "root": ({"mounts": [{"destination": "/", "tmpfs": True}]}, ("mounts", "'/'")),
    "memory unit": ({"memory": "64 elephants"}, ("memory", "64 elephants", "512M")),
    "restart policy": ({"restart_policy": "sometimes"}, ("restart_policy", "sometimes", "unless-stopped")),
    "restart policy yes": ({"restart_policy": True}, ("restart_policy", "True", "always")),
    "address": ({"nets": [{"network": "bridge", "v4_fixed_ip": "1.2.3"}]}, ("nets[0].v4_fixed_ip", "1.2.3", "IPv4")),
    "dns": ({"dns_servers": ["one.example"]}, ("dns_servers", "one.example", "addresses")),
    "extra host": ({"extra_hosts": ["one"]}, ("extra_hosts", "one", "name:address")),
    "extra host address": ({"extra_hosts": ["one:nowhere"]}, ("extra_hosts", "one:nowhere")),
    "device text": ({"devices": ["null"]}, ("devices", "null", "/dev/fuse")),
    "device rights": ({"devices": ["/dev/null:/dev/null:xyz"]}, ("devices", "xyz")),
    "command": ({"command": "sh -c 'open"}, ("command", "sh -c 'open", "list of arguments")),
    "label prefix": ({"labels": {"caas.zun/salt": "x"}}, ("labels", "caas.zun/salt", "another prefix")),
    "variable": ({"environment": {"A=B": "1"}}, ("environment", "A=B")),
    # YAML
    "boolean variable": ({"environment": {"DEBUG": True}}, ("environment", "DEBUG", "quotes")),
    "fraction": ({"environment": {"VERSION": 1.10}}, ("environment", "VERSION", "quotes")),
    "nothing": ({"labels": {"team": None}}, ("labels", "team", "quotes")),
    "mode": (
        {"mounts": [{"destination": "/x", "content": "some text", "mode": 0o644}]},
        ("mounts[0].mode", "420", "in quotes"),
    ),
    "boolean argument": ({"command": ["echo", True]}, ("command", "True", "quote")),
    # Contradictions
    "auto_remove": ({"auto_remove": True, "restart_policy": "always"}, ("restart_policy", "always", "auto_remove")),
    "disabled": (
        {"healthcheck": {"disabled": True}, "state": "healthy"},
        ("healthcheck", "disabled", "state started"),
    ),
    "disabled and described": ({"healthcheck": {"disabled": True, "cmd": "true"}}, ("healthcheck", "leave out")),
    "both environments": (
        {"environment": {"A": "1"}, "secret_environment": {"A": "a-secret"}},
        ("secret_environment", "['A']", "one of the two"),
    ),
    "host and more": ({"nets": [{"network": "host"}, {"network": "bridge"}]}, ("nets", "host", "keep one")),
    "none and alias": ({"nets": [{"network": "none", "aliases": ["x"]}]}, ("nets", "none")),
    "ports of host": (
        {"nets": [{"network": "host"}], "published_ports": ["8080:80"]},
        ("published_ports", "host", "another network"),
    ),
    "alias on bridge": ({"nets": [{"network": "bridge", "aliases": ["x"]}]}, ("nets", "aliases", "of your own")),
    "address on bridge": (
        {"nets": [{"network": "bridge", "v4_fixed_ip": "192.0.2.9"}]},
        ("nets", "192.0.2.9", "address of the network"),
    ),
    "no nets": ({"nets": []}, ("nets", "[]", "leave the option out")),
    "two of a net": ({"nets": [{"network": "bridge"}, {"network": "bridge"}]}, ("nets.network", "bridge", "twice")),
    "two at one place": (
        {"mounts": [{"destination": "/x", "tmpfs": True}, {"destination": "/x/", "tmpfs": True}]},
        ("mounts.destination", "/x", "twice"),
    ),
    "neither net nor port": ({"nets": [{"aliases": ["x"]}]}, ("nets[0]", "network or a port")),
    "two sources": ({"mounts": [{"destination": "/x", "tmpfs": True, "volume": "y"}]}, ("mounts[0]", "keep one")),
    "no source": ({"mounts": [{"destination": "/x"}]}, ("mounts[0]", "/x", "add one of")),
    "size of a volume": ({"mounts": [SIZE]}, ("mounts[0].size", "tmpfs")),
    "file in read_only": (
        {"read_only": True, "mounts": [{"destination": "/x", "content": "some text"}]},
        ("mounts[0]", "/x", "read_only"),
    ),
    "file in tmpfs": (
        {"mounts": [{"destination": "/x", "tmpfs": True}, {"destination": "/x/y", "content": "some text"}]},
        ("mounts[1]", "/x/y", "hidden"),
    ),
    "healthy without wait": ({"state": "healthy", "wait": False}, ("wait", "False", "state started")),
    "comparison name": ({"comparisons": {"colour": "strict"}}, ("comparisons", "colour", "name one")),
    "comparison mode": ({"comparisons": {"image": "roughly"}}, ("comparisons", "roughly", "superset")),
    # Zun's
    "port of Neutron": ({"nets": [{"port": "web"}]}, ("nets[0].port", "web", "Neutron", "network")),
    "security groups": ({"security_groups": ["web"]}, ("security_groups", "web", "backend docker", "Neutron")),
    "zone": ({"availability_zone": "one"}, ("availability_zone", "one", "backend docker", "leave the option out")),
    "host": ({"host": "compute-1"}, ("host", "compute-1", "docker_host")),
    "hints": ({"hints": {"a": "b"}}, ("hints", "scheduler")),
    "registry": ({"registry": "mine"}, ("registry", "mine", "docker login")),
    "image driver": ({"image_driver": "glance"}, ("image_driver", "glance", "backend docker")),
    "auto heal": ({"auto_heal": True}, ("auto_heal", "restart_policy")),
    "cpu policy": ({"cpu_policy": "shared"}, ("cpu_policy", "shared", "backend docker")),
    "new volume": ({"mounts": [{"destination": "/x", "size": "1G"}]}, ("mounts[0]", "/x")),
}


@pytest.mark.parametrize("case", CASES)
def test_refusal(case, appcontainer, everything, image, name) -> None:
    options, parts = CASES[case]
    before = everything()
    arguments = {"name": name, "image": image, **options}
    message = appcontainer.fails(**arguments)
    for part in parts:
        assert part in message
    assert message.splitlines()[0].rstrip().endswith(".")
    assert everything() == before


# The engine alone knows; it says so when a container is created or started.
LATE = {
    "log option",
    "device",
    "capability",
    "user",
    "program",
    "sysctl",
    "directory",
    "entrypoint",
    "stop signal",
    "security option",
    "health program",
    "short interval",
    "ulimit name",
    "root",
}


@pytest.mark.parametrize("case", [case for case in CASES if case not in LATE])
def test_check_mode_refuses_it_too(case, appcontainer, image, name) -> None:
    options, parts = CASES[case]
    message = appcontainer.fails(check=True, **{"name": name, "image": image, **options})
    for part in parts:
        assert part in message


def test_port_that_is_taken(appcontainer, everything, image, name) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        message = appcontainer.fails(name=name, image=image, published_ports=[f"{port}:80"])
    for part in ("published_ports", f"{port}:80/tcp", "choose a free port"):
        assert part in message
    assert everything() == set()


def test_port_that_another_container_has(appcontainer, everything, image, name) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    appcontainer.ok(name=f"{name}-one", image=image, published_ports=[f"{port}:80"])
    message = appcontainer.fails(name=f"{name}-two", image=image, published_ports=[f"{port}:80"])
    assert "published_ports" in message
    assert everything() == {f"/{name}-one"}


def test_address_that_is_taken(appcontainer, engine, everything, image, name, network) -> None:
    net = network()
    address = engine.inspect_network(net)["IPAM"]["Config"][0]["Subnet"].replace("0/24", "50")
    nets = [{"network": net, "v4_fixed_ip": address}]
    appcontainer.ok(name=f"{name}-one", image=image, nets=nets)
    message = appcontainer.fails(name=f"{name}-two", image=image, nets=nets)
    for part in ("nets", address, "free address"):
        assert part in message
    outside = [{"network": net, "v4_fixed_ip": "192.0.2.1"}]
    assert "which is not in" in appcontainer.fails(name=f"{name}-two", image=image, nets=outside)
    assert everything() == {f"/{name}-one", net}


def test_no_image_for_a_new_container(appcontainer, everything, name) -> None:
    for state in ("present", "started", "stopped", "paused", "restarted", "healthy"):
        message = appcontainer.fails(name=name, state=state)
        assert "image is needed" in message
    assert not appcontainer.ok(name=name, state="absent").changed
    assert everything() == set()


def test_items_that_contradict_each_other(appcontainer, everything, image, name) -> None:
    two = [{"name": name}, {"name": name}]
    assert "is given to two containers" in appcontainer.fails(containers=two, image=image)
    message = appcontainer.fails(name=name, containers=[{"name": f"{name}-1"}], image=image)
    assert "cannot be the same for all containers" in message
    assert "give a name" in appcontainer.fails(containers=[{"image": image}])
    assert "give a name" in appcontainer.fails(image=image)
    assert appcontainer.ok(containers=[])["containers"] == []
    assert everything() == set()


def test_one_container_by_name_and_by_id(appcontainer, inspect, name, raw) -> None:
    made = raw()
    items = [{"name": name, "state": "stopped"}, {"id": made, "state": "paused"}]
    message = appcontainer.fails(containers=items)
    assert "is the same container as" in message
    assert inspect(name)["State"]["Status"] == "running"


def test_wait_false_of_one_item(appcontainer, everything, healthy_image, name) -> None:
    message = appcontainer.fails(
        containers=[{"name": name, "state": "healthy"}], image=healthy_image, wait=False, state="started"
    )
    assert "wait" in message
    assert everything() == set()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        # Ansible itself does not name the option here.
        ({"containers": "web"}, "dictionary requested"),
        ({"nets": "front"}, "dictionary requested"),
        ({"environment": "A"}, "environment"),
        ({"tty": "perhaps"}, "tty"),
        ({"cpu": "many"}, "cpu"),
        ({"pids_limit": "few"}, "pids_limit"),
        ({"state": "running"}, "state"),
        ({"no_such_option": 1}, "no_such_option"),
        ({"mounts": [{"tmpfs": True}]}, "destination"),
        ({"command": 7}, "command"),
        ({"healthcheck": {"cmd": {"a": "b"}}}, "healthcheck.cmd"),
        ({"image_pull_policy": "sometimes"}, "image_pull_policy"),
    ],
    ids=str,
)
def test_wrong_type(options, part, appcontainer, everything, image, name) -> None:
    message = appcontainer.fails(**{"name": name, "image": image, **options})
    assert part in message
    assert everything() == set()


def test_yaml_no_is_a_restart_policy(appcontainer, image, name) -> None:
    made = appcontainer.ok(name=name, image=image, restart_policy=False)
    assert made["container"]["restart_policy"] == "no"
    assert not appcontainer.ok(name=name, image=image, restart_policy="no").changed
