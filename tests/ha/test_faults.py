# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that a user of the cloud may notice a little, and that must not lose anything."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions
import pytest
from cloud import User
from cluster import Cluster, together
from conftest import PREFIX, Line, await_status
from load import Load, Report
from modules import eventually

# How long a fault lasts that is mended by hand. Long enough for every check to notice it.
LASTS = 12.0
ROLE = str(Path(__file__).with_name("play_role.yml"))

Begin = Callable[..., AbstractContextManager[Load]]
NewLine = Callable[[str, str], Line]


def endure(
    load: Begin,
    cluster: Cluster,
    entry: Line,
    fault: Callable[[], Any],
    mend: Callable[[], Any] = lambda: None,
    in_creation: bool = False,
    interrupts: bool = False,
) -> Report:
    """Have a fault under load, mend it, and see that everything is whole again and nothing was lost.

    :param interrupts: whether creations and deletions may stop half-way, and stay listed as they are. What a compute node
        writes while the database's writer changes fails, and Zun writes it but once (zun/db/sqlalchemy/api.py repeats
        after deadlocks only, zun/compute/manager.py not at all).
    """
    with load() as running:
        if in_creation:
            running.wait_for_creation()
        began = time.monotonic()
        fault()
        time.sleep(max(0.0, began + LASTS - time.monotonic()))
        mend()
        entry.whole = cluster.wait_whole()
        report = running.report(began)
    entry.noticed(report)
    assert not report.lost, f"accepted, but never ran: {report.lost}"
    assert interrupts or not report.interrupted, f"accepted, but never done: {report.interrupted}"
    assert interrupts or not report.left, f"could not be cleared up: {report.left}"
    return report


def failures(report: Report) -> list[tuple[float, str, int | None, str]]:
    """Return what failed, for the message of an assertion."""
    return [
        (round(request.began - report.since, 2), request.kind, request.status, request.said)
        for request in [*report.failed_reads, *(created.request for created in report.cut), *report.failed_deletes]
    ]


def other(cluster: Cluster, group: str, *but: str) -> str:
    """Return a node of a group that is none of those named."""
    return next(name for name in cluster.groups[group] if name not in but)


@pytest.mark.short
def test_api_killed(cluster: Cluster, line: NewLine, load: Begin) -> None:
    entry = line("kill -9 zun-api", "no list fails; creations fail inside 1.5 s, none silently")
    node = cluster.groups["zun_api"][0]
    report = endure(
        load,
        cluster,
        entry,
        lambda: cluster.run(node, "systemctl", "kill", "--signal=KILL", "zun-api"),
        in_creation=True,
    )
    assert not report.failed_reads, failures(report)
    assert report.cut_for <= 1.5, failures(report)


def test_api_node_stopped(cluster: Cluster, line: NewLine, load: Begin) -> None:
    entry = line("node with API, database, queue stopped", "no list fails; creations fail inside 1.5 s, none silently")
    node = other(cluster, "zun_api", cluster.writer())
    report = endure(load, cluster, entry, lambda: cluster.stop(node), lambda: cluster.start(node), in_creation=True)
    assert not report.failed_reads, failures(report)
    assert report.cut_for <= 1.5, failures(report)


@pytest.mark.short
def test_balancer_stopped(cluster: Cluster, line: NewLine, load: Begin) -> None:
    entry = line("active load balancer stopped", "the API answers within 2 s")
    node = cluster.vip_holder()
    report = endure(load, cluster, entry, lambda: cluster.stop(node), lambda: cluster.start(node))
    assert report.silence <= 2, failures(report)
    assert cluster.vip_holder() != node, "the virtual address went back, which cut users off once more"


@pytest.mark.short
def test_writer_stopped(cluster: Cluster, line: NewLine, load: Begin) -> None:
    entry = line("database writer stopped", "the API answers within 10 s, no committed row is lost")
    node = cluster.writer()
    before = cluster.rows()
    report = endure(
        load,
        cluster,
        entry,
        lambda: cluster.run(node, "systemctl", "stop", "mariadb"),
        lambda: cluster.run(node, "systemctl", "start", "mariadb"),
        interrupts=True,
    )
    assert report.silence <= 10, failures(report)
    # Of those made meanwhile, none is lost that was accepted: that is seen above.
    assert before <= cluster.rows()


@pytest.mark.short
def test_queue_node_stopped(cluster: Cluster, line: NewLine, load: Begin) -> None:
    entry = line("one RabbitMQ node stopped", "no list fails; creations end or are reported")
    node = cluster.groups["zun_mq"][0]
    report = endure(
        load,
        cluster,
        entry,
        lambda: cluster.run(node, "systemctl", "stop", "rabbitmq-server"),
        lambda: cluster.run(node, "systemctl", "start", "rabbitmq-server"),
        in_creation=True,
    )
    assert not report.failed_reads, failures(report)


def test_node_cut_off(cluster: Cluster, line: NewLine, load: Begin) -> None:
    entry = line("node cut off the network, then healed", "the minority refuses writes and rejoins by itself")
    node = cluster.writer()
    said = {}

    def cut() -> None:
        with cluster.cut_off(node):

            def is_alone() -> bool:
                return cluster.wsrep(node).get("wsrep_cluster_status") != "Primary"

            eventually(is_alone, 60, pause=0.5)
            said["write"] = cluster.run(
                node, "bash", "-c", "mariadb zun -e 'CREATE TABLE split_brain (id INT)' 2>&1 || true"
            )
            eventually(lambda: not cluster.queue_nodes(node), 90, pause=1)
            # The others go on: the load goes through them.
            said["writer"] = cluster.writer(other(cluster, "zun_api", node))

    report = endure(load, cluster, entry, cut, interrupts=True)
    assert "WSREP has not yet prepared node" in said["write"], said
    assert said["writer"] != node
    assert report.silence <= 10, failures(report)
    tables = together(lambda name: cluster.run(name, "mariadb", "-BNe", "SHOW TABLES IN zun"), cluster.groups["zun_db"])
    assert len(set(tables.values())) == 1
    assert "split_brain" not in tables[node]


@pytest.fixture
def kept(admin: User, body: dict[str, Any], lab: dict[str, Any], user: User) -> Iterator[Callable[..., dict[str, Any]]]:
    """Return a function that makes a container with a volume and a web server, which has to survive a reboot."""
    made: list[str] = []

    def make(zone: str) -> dict[str, Any]:
        wanted = {
            **body,
            "name": f"{PREFIX}-kept",
            "command": ["httpd", "-f", "-p", "8080", "-h", "/data"],
            "availability_zone": zone,
            "restart_policy": {"Name": "always", "MaximumRetryCount": "0"},
            "mounts": [{"type": "volume", "size": "1", "destination": "/data"}],
        }
        container = user("container", "POST", "/containers", wanted, run="true")["uuid"]
        made.append(container)
        row = await_status(user, container, "Running")
        assert user.execute(container, "sh -c 'echo kept >/data/marker; sync'")[0] == 0
        return row

    yield make
    for container in made:
        admin("container", "DELETE", f"/containers/{container}", force="true")
    eventually(lambda: not any(user.container(container) for container in made), 60, pause=0.5)


def await_command(user: User, container: str) -> None:
    """Wait until a container can be worked in: what Zun says of it may be older than its compute's last start."""

    def answers() -> bool:
        with suppress(keystoneauth1.exceptions.ClientException):
            return user.execute(container, "true")[0] == 0
        return False

    eventually(answers, 300, pause=1)


def check_kept(lab: dict[str, Any], user: User, before: dict[str, Any], peer: str) -> None:
    """See that a container is what it was, with its volume mounted, and answers at its port."""
    for container in (before["uuid"], peer):
        await_command(user, container)
    now = await_status(user, before["uuid"], "Running", seconds=180)
    assert now["addresses"] == before["addresses"]
    mounts = user.execute(before["uuid"], "cat /proc/mounts")[1]
    mounted = [line for line in mounts.splitlines() if line.split()[1] == "/data"]
    assert mounted, mounts
    assert mounted[0].startswith("/dev/loop"), f"not the volume, but a directory: {mounted[0]}"
    assert user.execute(before["uuid"], "cat /data/marker") == (0, "kept\n")
    (address,) = (entry["addr"] for entries in now["addresses"].values() for entry in entries if entry["version"] == 4)
    ports = user.ports(device_id=before["uuid"])
    assert [port["fixed_ips"][0]["ip_address"] for port in ports] == [address]
    eventually(lambda: user.execute(peer, f"wget -q -O - http://{address}:8080/marker") == (0, "kept\n"), 60, pause=1)


@pytest.mark.short
def test_compute_rebooted(
    cluster: Cluster, kept: Callable[..., dict[str, Any]], lab: dict[str, Any], line: NewLine, peer: str, user: User
) -> None:
    entry = line("compute node rebooted", "containers come back with their volume mounted and their port")
    compute = lab["computes"][0]
    before = kept(compute["availability_zone"])
    began = time.monotonic()
    cluster.stop(compute["name"])
    cluster.start(compute["name"])
    check_kept(lab, user, before, peer)
    entry.whole = time.monotonic() - began


def test_databases_stopped(cluster: Cluster, line: NewLine, playbook: Callable[..., str]) -> None:
    entry = line("all databases stopped at once", "recover brings back every committed row")
    nodes = cluster.groups["zun_db"]
    with cluster.writing(12) as committed:
        eventually(lambda: len(committed) > 20, 30)
        before = cluster.rows()
        together(lambda node: cluster.run(node, "systemctl", "stop", "mariadb"), nodes)
    began = time.monotonic()
    playbook(ROLE, target="zun_db", role="galera", entry="recover")
    cluster.wait_whole()
    entry.whole = time.monotonic() - began
    found = cluster.written()
    entry.remark = f"{len(committed)} commits, {len(set(committed) - found)} lost"
    assert set(committed) <= found
    assert cluster.rows() == before


def test_cold_start(
    cluster: Cluster,
    kept: Callable[..., dict[str, Any]],
    lab: dict[str, Any],
    line: NewLine,
    load: Begin,
    peer: str,
    user: User,
) -> None:
    entry = line("all nodes stopped, then started in any order", "everything comes back without hands")
    before = kept(lab["computes"][0]["availability_zone"])
    seed = random.randrange(10**6)
    order = random.Random(seed)
    nodes = sorted(cluster.nodes)
    entry.remark = f"seed {seed}"

    def in_any_order(work: Callable[[str], None]) -> None:
        waits = {node: order.uniform(0, 10) for node in order.sample(nodes, len(nodes))}

        def later(node: str) -> None:
            time.sleep(waits[node])
            work(node)

        together(later, nodes)

    in_any_order(cluster.stop)
    began = time.monotonic()
    in_any_order(cluster.start)
    cluster.wait_whole(480)
    check_kept(lab, user, before, peer)
    entry.whole = time.monotonic() - began
    with load() as running:
        began = time.monotonic()
        time.sleep(LASTS)
        report = running.report(began)
    assert not report.failed_reads, failures(report)
    assert not report.cut, failures(report)
    assert not report.lost, report.lost
    assert not report.interrupted, report.interrupted
