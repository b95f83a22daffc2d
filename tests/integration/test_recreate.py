# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a container never loses the old one, nor anything the task does not speak of."""

from __future__ import annotations

import contextlib
import socket
import subprocess

import pytest
from image import IMAGE, build_image
from modules import eventually

pytestmark = pytest.mark.usefixtures("patience")

BROKEN = {
    "dies": {"command": ["sh", "-c", "echo new one is broken; exit 11"]},
    "unhealthy": {"healthcheck": {"cmd": "echo no service; false", "interval": "1s", "retries": 1}},
    "no such program": {"command": ["/no/such/program"]},
    "no such user": {"user": "nobody-at-all"},
    "no such directory on the host": {"mounts": [{"destination": "/data", "host_path": "/no/such/directory"}]},
}
TOLD = {
    "dies": ("exit code 11", "new one is broken"),
    "unhealthy": ("is unhealthy", "no service"),
    "no such program": ("command", "/no/such/program"),
    "no such user": ("user", "nobody-at-all"),
    "no such directory on the host": ("mounts", "/no/such/directory"),
}


@contextlib.contextmanager
def taken_port():
    """Yield a TCP port of the host that is in use."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def bring_to(engine, container: str, status: str) -> None:
    if status == "paused":
        engine.pause(container)
    elif status == "exited":
        engine.stop(container)


def facts(inspect, name: str) -> tuple:
    seen = inspect(name)
    return seen["Id"], seen["State"]["Status"], seen["State"]["StartedAt"], seen["Name"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        *((fault, "running") for fault in BROKEN),
        *((fault, status) for fault in ("dies", "unhealthy") for status in ("paused", "exited")),
    ],
)
def test_rollback(fault, status, appcontainer, engine, everything, image, inspect, name) -> None:
    made = appcontainer.ok(name=name, image=image, labels={"keep": "me"})["container"]["id"]
    bring_to(engine, made, status)
    before, names = facts(inspect, name), everything()
    message = appcontainer.fails(name=name, image=image, state="started", **BROKEN[fault])
    for part in TOLD[fault]:
        assert part in message
    assert "previous container is back" in message
    # Not even stopped: nothing of it was in the way.
    assert facts(inspect, name) == before
    assert everything() == names


def test_rollback_of_a_port_that_is_taken(appcontainer, everything, image, inspect, name) -> None:
    appcontainer.ok(name=name, image=image)
    before, names = facts(inspect, name), everything()
    with taken_port() as port:
        message = appcontainer.fails(name=name, image=image, published_ports=[f"{port}:80"])
    assert "published_ports" in message
    assert str(port) in message
    assert facts(inspect, name) == before
    assert everything() == names


@pytest.mark.parametrize("status", ["running", "paused", "exited"])
@pytest.mark.parametrize("claim", ["port", "address", "data"])
def test_exclusive_resources(claim, status, appcontainer, engine, everything, image, inspect, name, network) -> None:
    """The old one makes room and comes back as it was when the new one fails."""
    if claim == "port":
        shared = {"published_ports": [f"127.0.0.1:{free_port()}:80"]}
    elif claim == "address":
        net = network()
        subnet = engine.inspect_network(net)["IPAM"]["Config"][0]["Subnet"]
        shared = {"nets": [{"network": net, "v4_fixed_ip": subnet.replace("0/24", "77")}]}
    else:
        engine.create_volume(f"{name}-data")
        shared = {"mounts": [{"destination": "/data", "volume": f"{name}-data"}]}
    options = {"name": name, "image": image, **shared}
    made = appcontainer.ok(**options, restart_policy="always")["container"]["id"]
    bring_to(engine, made, status)
    names = everything()

    message = appcontainer.fails(**options, command=["sh", "-c", "exit 12"], state="started", restart_policy="no")
    assert "exit code 12" in message
    assert "previous container is back" in message
    assert inspect(name)["Id"] == made
    assert inspect(name)["State"]["Status"] == status
    assert inspect(name)["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert everything() == names

    replaced = appcontainer.ok(**options, command=["sleep", "5000"], state="present")
    assert replaced["containers"][0]["action"] == "recreated"
    assert replaced["container"]["id"] != made
    assert replaced["container"]["status"] == ("created" if status == "exited" else status)
    assert inspect(made) is None
    assert everything() == names


def test_old_one_works_until_the_new_one_does(appcontainer, engine, image, inspect, name) -> None:
    """Without anything exclusive the old container is never stopped; its own record of its end tells."""
    made = appcontainer.ok(name=name, image=image, published_ports=[f"{free_port()}:80"])["container"]["id"]
    appcontainer.fails(
        name=name, image=image, published_ports=[f"{free_port()}:80"], command=["sh", "-c", "sleep 0.3; exit 1"]
    )
    seen = inspect(name)
    assert (seen["Id"], seen["RestartCount"]) == (made, 0)
    assert seen["State"]["FinishedAt"].startswith("0001-")


def test_recreate_always_and_never(appcontainer, image, inspect, name, other_image) -> None:
    first = appcontainer.ok(name=name, image=image)["container"]["id"]
    for check in (True, False):
        again = appcontainer.ok(check=check, name=name, image=image, recreate="always")
        assert again["containers"][0]["action"] == "recreated"
    second = inspect(name)["Id"]
    assert second != first
    for check in (True, False):
        message = appcontainer.fails(check=check, name=name, image=other_image, recreate="never", cpu=0.5)
        assert "image" in message
        assert "recreate: when_needed" in message
        assert "comparisons: {image: ignore}" in message
    assert inspect(name)["Id"] == second
    assert inspect(name)["HostConfig"]["NanoCpus"] == 0
    # What needs no recreation is allowed.
    updated = appcontainer.ok(name=name, image=image, recreate="never", cpu=0.5)
    assert updated["containers"][0]["action"] == "updated"
    # And so is a difference the user does not want to see.
    assert not appcontainer.ok(name=name, image=other_image, recreate="never", comparisons={"image": "ignore"}).changed


def test_unsaid_options_survive(appcontainer, engine, inspect, image, name, tmp_path) -> None:
    """Also those that the collection has no option for; the container was made by the docker program."""
    (tmp_path / "bound").mkdir()
    engine.create_volume(f"{name}-data")
    flags = [
        *["--env", "A=1", "--label", "team=one", "--workdir", "/tmp", "--hostname", "hosty", "--user", "65534"],
        *["--memory", "64m", "--memory-swap", "100m", "--memory-reservation", "32m", "--cpus", "0.5"],
        *["--cpu-shares", "100", "--shm-size", "8m", "--ipc", "private", "--init", "--oom-score-adj", "100"],
        *["--restart", "on-failure:7", "--stop-timeout", "3", "--stop-signal", "SIGKILL", "--pids-limit", "77"],
        *["--ulimit", "nofile=100:200", "--sysctl", "net.core.somaxconn=99", "--cap-drop", "MKNOD"],
        *["--security-opt", "no-new-privileges", "--group-add", "7", "--domainname", "example.org"],
        *["--volume", f"{tmp_path}/bound:/bound:ro,private", "--volume", f"{name}-data:/data:nocopy"],
        *["--tmpfs", "/fast:rw,noexec,size=4m,mode=700", "--mount", "type=tmpfs,target=/faster,tmpfs-mode=0711"],
        *["--publish", f"127.0.0.1:{free_port()}:80", "--expose", "81", "--add-host", "one:192.0.2.1"],
        *["--dns", "192.0.2.3", "--dns-search", "example.org", "--dns-option", "ndots:2"],
        *["--device", "/dev/null:/dev/one:r", "--log-opt", "max-size=1m"],
        *[
            "--health-cmd",
            "true",
            "--health-interval",
            "1s",
            "--interactive",
            "--tty",
            "--uts",
            "",
            "--volume",
            "/anon",
        ],
    ]
    command = ["docker", "run", "--detach", "--name", name, *flags, image, "sleep", "5000"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    old = inspect(name)
    recreated = appcontainer.ok(name=name, labels={"team": "two"}, diff=True)
    assert recreated["containers"][0]["action"] == "recreated"
    assert set(recreated["diff"][0]["after"]) == {"labels"}
    new = inspect(name)
    assert new["Id"] != old["Id"]

    def comparable(container):
        config, host = dict(container["Config"]), dict(container["HostConfig"])
        config["Labels"] = {key: text for key, text in config["Labels"].items() if not key.startswith("caas.zun/")}
        for key in ("Volumes", "Env"):
            config[key] = sorted(config[key] or [])
        # The anonymous volume of the old one is a named one of the new one.
        host["Mounts"] = [mount for mount in host["Mounts"] or [] if mount["Target"] != "/anon"]
        mounts = sorted(
            (mount["Destination"], mount.get("Name"), mount["Source"], mount["RW"], mount["Propagation"])
            for mount in container["Mounts"]
        )
        del host["NetworkMode"], config["Volumes"]
        return config, host, mounts

    expected, actual = comparable(old), comparable(new)
    expected[0]["Labels"]["team"] = "two"
    assert actual == expected
    assert not appcontainer.ok(name=name, labels={"team": "two"}).changed


def test_data_and_files_survive(appcontainer, engine, inspect, name, other_image) -> None:
    """Anonymous volumes of the image keep their data; injected files stay although nobody says them again."""
    build_image(engine, f"{IMAGE}:volume", "VOLUME /var/lib/data")
    files = [{"destination": "/etc/app.conf", "content": "keep this\n", "mode": "0600"}]
    made = appcontainer.ok(name=name, image=f"{IMAGE}:volume", mounts=files)["container"]["id"]
    run(engine, made, "echo precious > /var/lib/data/file")
    volume = next(mount["Name"] for mount in inspect(name)["Mounts"])
    for _dummy in range(2):
        # A failed attempt must not take the volume along.
        appcontainer.fails(name=name, command=["sh", "-c", "exit 1"])
        assert engine.inspect_volume(volume)
    for round_number in ("1", "2"):
        changed = appcontainer.ok(name=name, environment={"ROUND": round_number})
        assert changed["containers"][0]["action"] == "recreated"
        assert run(engine, name, "cat /var/lib/data/file") == "precious\n"
        assert run(engine, name, "cat /etc/app.conf") == "keep this\n"
        assert run(engine, name, "stat -c %a /etc/app.conf") == "600\n"
        assert [mount["Name"] for mount in inspect(name)["Mounts"]] == [volume]
    assert not appcontainer.ok(name=name, mounts=files).changed
    appcontainer.ok(name=name, state="absent")
    engine.remove_volume(volume)


def run(engine, container: str, command: str) -> str:
    begun = engine.exec_create(container, ["sh", "-c", command])["Id"]
    output = engine.exec_start(begun).decode()
    assert engine.exec_inspect(begun)["ExitCode"] == 0, output
    return output


def aside(name: str, container: str) -> str:
    return f"{name}.caas-zun-old-{container[:12]}"


@pytest.mark.parametrize("state", ["started", "absent"])
def test_cut_off_before_the_replacement_existed(state, appcontainer, engine, everything, image, inspect, name) -> None:
    made = appcontainer.ok(name=name, image=image)["container"]["id"]
    engine.rename(made, aside(name, made))
    engine.stop(made)
    predicted = appcontainer.ok(check=True, name=name, state=state)
    assert predicted.changed
    repaired = appcontainer.ok(name=name, state=state)
    assert repaired["containers"][0]["action"] == predicted["containers"][0]["action"]
    if state == "absent":
        assert everything() == set()
    else:
        assert facts(inspect, name)[:2] == (made, "running")
        assert not appcontainer.ok(name=name, image=image).changed


def test_cut_off_and_then_failing(appcontainer, engine, everything, image, inspect, name) -> None:
    """What is put back first is there after a failure, too."""
    old = appcontainer.ok(name=name, image=image)["container"]["id"]
    engine.rename(old, aside(name, old))
    engine.stop(old)
    appcontainer.fails(name=name, image=image, command=["sh", "-c", "exit 1"])
    assert inspect(name)["Id"] == old
    new = appcontainer.ok(name=name, image=image, command=["sleep", "7777"])
    assert new["containers"][0]["action"] == "recreated"
    assert everything() == {f"/{name}"}


@pytest.mark.parametrize("state", ["stopped", "absent"])
def test_cut_off_when_both_are_to_go(state, appcontainer, engine, everything, inspect, name, raw) -> None:
    old = raw()
    engine.rename(old, aside(name, old))
    raw()
    appcontainer.ok(name=name, state=state)
    assert everything() == ({f"/{name}"} if state == "stopped" else set())


def test_mac_address_survives(appcontainer, inspect, name, raw) -> None:
    raw(config={"mac_address": "02:42:c6:12:00:99"})
    appcontainer.ok(name=name, labels={"a": "b"})
    assert inspect(name)["NetworkSettings"]["Networks"]["bridge"]["MacAddress"] == "02:42:c6:12:00:99"


def test_other_mounts_keep_what_has_no_option(appcontainer, engine, inspect, name, raw, tmp_path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    raw(
        binds=[f"{tmp_path}/one:/one:ro,private", f"{tmp_path}/two:/two"],
        tmpfs={"/fast": "noexec,size=4m"},
        mounts=[{"Type": "tmpfs", "Target": "/faster", "TmpfsOptions": {"SizeBytes": 4 << 20}}],
    )
    kept = [
        {"destination": "/one", "host_path": f"{tmp_path}/one", "read_only": True},
        {"destination": "/fast", "tmpfs": True, "size": "4M"},
    ]
    changed = appcontainer.ok(
        name=name, mounts=[*kept, {"destination": "/two", "host_path": f"{tmp_path}/two", "read_only": True}]
    )
    assert changed["containers"][0]["action"] == "recreated"
    host = inspect(name)["HostConfig"]
    assert sorted(host["Binds"]) == [f"{tmp_path}/one:/one:private,ro", f"{tmp_path}/two:/two:ro"]
    assert host["Tmpfs"] == {"/fast": "noexec,size=4194304"}
    assert not host.get("Mounts")
    assert not appcontainer.ok(name=name, mounts=kept, comparisons={"mounts": "superset"}).changed
    # What is there besides is removed.
    assert appcontainer.ok(name=name, mounts=kept).changed
    assert {mount["Destination"] for mount in inspect(name)["Mounts"]} == {"/one"}


def test_cut_off_while_the_replacement_started(appcontainer, engine, everything, image, inspect, name, raw) -> None:
    """Both exist: the old one goes when the new one has proved itself, and not before."""
    check = {"test": ["CMD", "test", "-e", "/tmp/ready"], "interval": 500_000_000, "retries": 1}
    old = raw()
    engine.rename(old, aside(name, old))
    new = raw(config={"healthcheck": check})
    eventually(lambda: engine.inspect_container(new)["State"]["Health"]["Status"] == "unhealthy")
    message = appcontainer.fails(name=name, state="started")
    assert "unhealthy" in message
    assert aside(name, old) in message
    assert inspect(old)["State"]["Status"] == "running"
    run(engine, new, "touch /tmp/ready")
    eventually(lambda: engine.inspect_container(new)["State"]["Health"]["Status"] == "healthy")
    for check_mode in (True, False):
        repaired = appcontainer.ok(check=check_mode, name=name, state="started")
        assert repaired["containers"][0]["action"] == "updated"
    assert inspect(old) is None
    assert inspect(name)["Id"] == new
    assert not appcontainer.ok(name=name).changed


def test_adopted_without_needless_recreation(appcontainer, engine, image, inspect, name) -> None:
    """A container of somebody else's is taken as it is; what cannot be compared is told."""
    engine.create_volume(f"{name}-data")
    port = free_port()
    flags = [
        *["--env", "A=1", "--label", "team=one", "--memory", "64m", "--cpus", "0.5", "--restart", "always"],
        *["--publish", f"{port}:80", "--publish", "127.0.0.1::81", "--volume", f"{name}-data:/data:ro"],
        *["--tmpfs", "/fast:size=4m,mode=700", "--ulimit", "nofile=100", "--cap-add", "NET_ADMIN", "--user", "0:0"],
        *["--device", "/dev/null", "--health-cmd", "true", "--dns", "192.0.2.3", "--stop-timeout", "3"],
        *["--log-opt", "max-size=1m", "--entrypoint", "sleep", "--add-host", "one:192.0.2.1"],
    ]
    command = ["docker", "create", "--name", name, *flags, image, "5000"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    made = inspect(name)["Id"]
    said = {
        "name": name,
        "image": image,
        "state": "present",
        "environment": {"A": "1"},
        "labels": {"team": "one"},
        "memory": "64M",
        "cpu": 0.5,
        "restart_policy": "always",
        "published_ports": [f"{port}:80", "127.0.0.1::81"],
        "mounts": [
            {"destination": "/data", "volume": f"{name}-data", "read_only": True},
            {"destination": "/fast", "tmpfs": True, "size": "4M", "mode": "0700"},
            {"destination": "/etc/injected", "content": "who knows"},
        ],
        "ulimits": [{"name": "nofile", "soft": 100}],
        "cap_add": ["NET_ADMIN"],
        "user": "0:0",
        "devices": ["/dev/null"],
        "healthcheck": {"cmd": "true"},
        "dns_servers": ["192.0.2.3"],
        "stop_timeout": 3,
        "log_options": {"max-size": "1m"},
        "entrypoint": "sleep",
        "command": ["5000"],
        "extra_hosts": ["one:192.0.2.1"],
        "nets": [{"network": "bridge"}],
    }
    for check in (True, False):
        seen = appcontainer.ok(check=check, diff=True, **said)
        assert not seen.changed, seen["diff"]
        assert seen["containers"][0]["uncompared"] == ["mounts"]
        assert any("mounts could not be compared" in warning for warning in seen.warnings)
    assert inspect(name)["Id"] == made
    # Once it is recreated for another reason, it is ours, with the file, and everything can be compared.
    recreated = appcontainer.ok(**{**said, "labels": {"team": "two"}})
    assert recreated["containers"][0]["action"] == "recreated"
    after = appcontainer.ok(**{**said, "labels": {"team": "two"}})
    assert not after.changed
    assert "uncompared" not in after["containers"][0]


def test_replacing_an_auto_remove_container_loses_nothing(appcontainer, everything, image, inspect, name) -> None:
    """Stopping the old one would delete it, so it must not be stopped before the new one works."""
    port = free_port()
    options = {"name": name, "image": image, "auto_remove": True, "published_ports": [f"{port}:80"]}
    made = appcontainer.ok(**options)["container"]["id"]
    for check in (True, False):
        message = appcontainer.fails(check=check, **options, command=["sh", "-c", "exit 1"])
        assert "auto_remove" in message
    assert facts(inspect, name)[:2] == (made, "running")
    # Nothing exclusive: both can be there at once.
    other = {"name": f"{name}-other", "image": image, "auto_remove": True}
    first = appcontainer.ok(**other)["container"]["id"]
    appcontainer.fails(**other, command=["sh", "-c", "exit 1"])
    assert facts(inspect, f"{name}-other")[:2] == (first, "running")
    assert appcontainer.ok(**other, labels={"a": "b"})["containers"][0]["action"] == "recreated"


def test_image_gone_and_tag_moved(appcontainer, engine, image, inspect, name) -> None:
    """Nobody asked for the image the tag stands for by now: a recreation keeps the very one that runs."""
    tag = f"{IMAGE}:{name}"
    engine.tag(image, IMAGE, name)
    try:
        before = appcontainer.ok(name=name, image=tag)["container"]["image_id"]
        build_image(engine, tag, "ENV MOVED=yes")
        kept = appcontainer.ok(name=name, labels={"a": "b"})
        assert kept["container"]["image_id"] == before
        for check in (True, False):
            moved = appcontainer.ok(check=check, diff=True, name=name, image=tag)
            assert set(moved["diff"][0]["after"]) == {"image"}
        assert inspect(name)["Image"] != before
    finally:
        appcontainer.ok(name=name, state="absent")
        engine.remove_image(tag)
