# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators do to a cloud in use, and that a cloud that broke in every way is still the one that was deployed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keystoneauth1.exceptions
import pytest
from cloud import User
from cluster import Cluster, together
from conftest import PREFIX, await_status, remove
from load import CREATE_EVERY_AT_LENGTH
from modules import eventually
from plays import changed
from test_faults import ROLE, Begin, NewLine, failures

Playbook = Callable[..., str]

# With it, Placement offers the machine for no container.
MARK = "CUSTOM_ZUN_COMPUTE_STATUS_DISABLED"


def test_deploying_again(cluster: Cluster, line: NewLine, playbook: Playbook) -> None:
    entry = line("`site.yml` again, and with --check", "changed=0, no error")
    began = time.monotonic()
    # As neither changes anything, they do not get into each other's way.
    said = together(lambda words: playbook("caas.zun.site", *words.split()), ("", "--check"))
    assert {words: changed(output) for words, output in said.items()} == {"": {}, "--check": {}}
    entry.remark = f"both together took {time.monotonic() - began:.0f} s"


UNITS = {"zun_db": "mariadb", "zun_mq": "rabbitmq-server", "zun_api": "zun-api", "zun_compute": "zun-compute"}


def runs(cluster: Cluster, *nodes: str) -> set[str]:
    """Return what systemd calls the present run of each service, of all nodes or of these."""
    return {
        cluster.run(node, "systemctl", "show", "--value", "--property=InvocationID", unit)
        for group, unit in UNITS.items()
        for node in cluster.groups[group]
        if node in nodes or not nodes
    }


def test_rolling_restart(cluster: Cluster, line: NewLine, load: Begin, playbook: Playbook) -> None:
    entry = line("`rolling_restart.yml`", "the API answers within 10 s, accepted creations run or are reported")

    before = runs(cluster)
    with load(CREATE_EVERY_AT_LENGTH) as running:
        began = time.monotonic()
        playbook("caas.zun.rolling_restart")
        entry.whole = cluster.wait_whole() + time.monotonic() - began
        report = running.report(began)
    entry.noticed(report)
    assert not before & runs(cluster)
    assert report.silence <= 10, failures(report)
    assert not report.lost, report.lost
    # Never are both computes out of service.
    assert not report.unplaced, report.unplaced
    assert not report.interrupted, report.interrupted
    assert not report.left, report.left


def test_node_replaced(cluster: Cluster, line: NewLine, peer: str, playbook: Playbook, user: User) -> None:
    entry = line(
        "`remove_node.yml` for a control node, then `site.yml`",
        "refused while the others need it; then they go on, and it joins again",
    )
    node = cluster.groups["zun_api"][-1]
    rows = cluster.rows()
    others = [other for other in cluster.groups["zun_db"] if other != node]
    before = runs(cluster, node)
    cluster.run(others[0], "systemctl", "stop", "mariadb")
    try:
        with pytest.raises(AssertionError, match=f"Not removing {node}"):
            playbook("caas.zun.remove_node", zun_remove_node=node, zun_remove_confirm=node)
    finally:
        cluster.run(others[0], "systemctl", "start", "mariadb")
    cluster.wait_whole()
    assert runs(cluster, node) == before, "part of it was stopped before the playbook refused"

    began = time.monotonic()
    playbook("caas.zun.remove_node", zun_remove_node=node, zun_remove_confirm=node)
    assert {cluster.wsrep(other)["wsrep_cluster_size"] for other in others} == {str(len(others))}
    assert len(cluster.queue_nodes(others[0])) == len(others)
    for unit in UNITS.values():
        assert cluster.run(node, "systemctl", "is-active", unit, check=False).strip() != "active"
    playbook("caas.zun.site")
    cluster.wait_whole()
    entry.whole = time.monotonic() - began
    assert cluster.rows() == rows
    # Each API in turn waits for the answer of a compute.
    for _turn in range(4 * len(cluster.groups["zun_api"])):
        assert user.execute(peer, "true")[0] == 0


@pytest.fixture
def newcomer(admin: User, lab: dict[str, Any], user: User) -> Iterator[Callable[[str], User]]:
    """Return a function that makes a user who has one role in the ordinary user's project."""
    made: list[Any] = []
    identity = admin.connection.identity

    def make(role: str) -> User:
        found = identity.find_role(role)
        if not found:
            found = identity.create_role(name=role)
            made.append((identity.delete_role, found))
        secret = secrets.token_urlsafe(16)
        account = identity.create_user(name=f"{PREFIX}-{role}-{secrets.token_hex(3)}", password=secret)
        made.append((identity.delete_user, account))
        identity.assign_project_role_to_user(user.project_id, account, found)
        return User(lab["cloud"], username=account.name, password=secret)

    yield make
    for delete, what in reversed(made):
        delete(what)


def is_forbidden(request: Callable[[], Any]) -> bool:
    try:
        request()
    except keystoneauth1.exceptions.Forbidden:
        return True
    return False


def test_policies_and_audit(
    admin: User,
    body: dict[str, Any],
    cluster: Cluster,
    lab: dict[str, Any],
    line: NewLine,
    newcomer: Callable[[str], User],
    playbook: Playbook,
    user: User,
) -> None:
    api_only = ("--tags", "zun_api", "--skip-tags", "preflight")
    line("profiles of policies, audit, request ids", "roles may what the profile says; a change is found by its id")
    reader, operator = newcomer("reader"), newcomer("operator")
    wanted = {**body, "name": f"{PREFIX}-policies"}
    host = lab["computes"][0]["name"]

    def change(service: str) -> dict[str, Any]:
        return {"host": host, "binary": "zun-compute", **({"disabled_reason": "test"} if service == "disable" else {})}

    try:
        playbook("caas.zun.site", *api_only, zun_api_policy_profile="reader", zun_api_audit="log")
        cluster.wait_whole()
        container = user("container", "POST", "/containers", wanted, run="true")["uuid"]
        await_status(user, container, "Running")
        assert [row["uuid"] for row in reader.containers(name=wanted["name"])] == [container]
        reader("container", "GET", f"/containers/{container}/logs", stdout="true")
        assert is_forbidden(lambda: reader("container", "POST", "/containers", wanted))
        assert is_forbidden(lambda: reader.execute(container, "true"))
        assert is_forbidden(lambda: reader("container", "DELETE", f"/containers/{container}", force="true"))
        assert is_forbidden(lambda: reader("container", "GET", "/containers", all_projects="true"))

        # One id leads from the user's action to who did it, and to the compute that did the work.
        (action,) = user("container", "GET", f"/containers/{container}/container_actions")["containerActions"]
        said = together(
            lambda node: cluster.run(node, "journalctl", "--unit=zun-api", "-S-10min"), cluster.groups["zun_api"]
        )
        (events,) = [
            found
            for text in said.values()
            if (
                found := [
                    line
                    for line in text.splitlines()
                    if "schemas.dmtf.org/cloud/audit" in line and action["request_id"] in line
                ]
            )
        ]
        assert any(user.connection.current_user_id in event and '"outcome": "success"' in event for event in events)
        (row,) = [row for row in admin.containers(all_projects="true") if row["uuid"] == container]
        where = row["host"]
        assert action["request_id"] in cluster.run(where, "journalctl", "--unit=zun-compute", "-S-10min")

        playbook("caas.zun.site", *api_only, zun_api_policy_profile="operator", zun_api_audit="log")
        cluster.wait_whole()
        assert container in [row["uuid"] for row in operator.containers(all_projects="true")]
        for service, state in (("disable", True), ("enable", False)):
            answer = operator("container", "PUT", f"/services/{service}", change(service))
            assert answer["service"]["disabled"] is state
        assert is_forbidden(lambda: reader("container", "PUT", "/services/disable", change("disable")))
        other = {
            **wanted,
            "name": f"{PREFIX}-admins",
            "availability_zone": lab["computes"][0]["availability_zone"],
        }
        foreign = admin("container", "POST", "/containers", other)["uuid"]
        try:
            assert is_forbidden(lambda: operator("container", "DELETE", f"/containers/{foreign}", force="true"))
            assert is_forbidden(lambda: operator("container", "GET", f"/containers/{foreign}/logs", stdout="true"))
        finally:
            await_status(admin, foreign, "Created")
            admin("container", "DELETE", f"/containers/{foreign}")
    finally:
        remove(admin, wanted["name"])
        playbook("caas.zun.site", *api_only)
        cluster.wait_whole()


def test_drain(
    admin: User, body: dict[str, Any], cluster: Cluster, lab: dict[str, Any], playbook: Playbook, user: User
) -> None:
    """What a compute has begun is done before `drain` ends, and it gets containers as soon as `undrain` ends."""
    compute = lab["computes"][0]
    made = []

    def create() -> str:
        name = f"{PREFIX}-drain-{len(made)}"
        wanted = {**body, "name": name, "availability_zone": compute["availability_zone"]}
        made.append(user("container", "POST", "/containers", wanted, run="true")["uuid"])
        return made[-1]

    def traits(*more: str) -> set[str]:
        provider = next(
            found
            for found in admin("placement", "GET", "/resource_providers")["resource_providers"]
            if found["name"] == compute["name"]
        )
        path = f"/resource_providers/{provider['uuid']}/traits"
        found = admin("placement", "GET", path, microversion="1.6")
        if set(more) - set(found["traits"]):
            found["traits"] = sorted({*found["traits"], *more})
            admin("placement", "PUT", path, found, microversion="1.6")
        return set(found["traits"])

    def entry_point(name: str) -> str:
        return playbook(ROLE, "--limit", compute["name"], target="zun_compute", role="zun_compute", entry=name)

    try:
        first = [create() for _number in range(4)]
        try:
            entry_point("drain")
            rows = {row["uuid"]: (row["status"], row["task_state"]) for row in user.containers()}
            assert [rows[container] for container in first] == [("Running", None)] * len(first)
            # As in an upgrade.
            cluster.run(compute["name"], "systemctl", "restart", "zun-compute")
            # As zun-compute does when it starts meanwhile. It does not know of this change, so that it could not undo it.
            traits(MARK)
            assert MARK in traits()
        finally:
            assert compute["name"] in changed(entry_point("undrain"))
        assert MARK not in traits()
        await_status(user, create(), "Running")
        assert changed(entry_point("undrain")) == {}
    finally:
        remove(admin, f"{PREFIX}-drain")


def test_restore(
    admin: User,
    body: dict[str, Any],
    cluster: Cluster,
    lab: dict[str, Any],
    line: NewLine,
    playbook: Playbook,
    user: User,
) -> None:
    entry = line("backup restored into an empty cluster", "every container is known and works as before")
    name = f"{PREFIX}-restored"
    container = user("container", "POST", "/containers", {**body, "name": name}, run="true")["uuid"]
    try:
        before = await_status(user, container, "Running")
        rows = cluster.rows()
        backups = Path(lab["backups"])
        playbook(ROLE, target="zun_db", role="galera", entry="backup", galera_backup_fetch_directory=str(backups))
        source = str(max(backups.iterdir(), key=lambda path: path.stat().st_mtime))

        # Nothing is left of the databases, as on new machines.
        playbook(
            ROLE, target="zun_db", role="galera", entry="remove", galera_remove_data=True, galera_remove_confirm="zun"
        )
        for node in cluster.groups["zun_db"]:
            assert cluster.run(node, "bash", "-c", "ls -A /var/lib/mysql 2>/dev/null || true") == ""
        began, clock = time.monotonic(), time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        playbook("caas.zun.site", "--tags", "galera")
        playbook(
            ROLE,
            target="zun_db",
            role="galera",
            entry="restore",
            galera_restore_source=source,
            galera_restore_confirm="zun",
        )
        cluster.wait_whole()
        assert cluster.rows() == rows

        # As far as the backup knows, they gave their last sign of life before it was made: they need a new one.
        def computes_are_up() -> bool:
            return all(
                service["last_seen_up"] > clock for service in admin("container", "GET", "/services")["services"]
            )

        eventually(computes_are_up, 120, pause=1)
        after = await_status(user, container, "Running")
        assert {key: after[key] for key in ("addresses", "name")} == {key: before[key] for key in ("addresses", "name")}
        assert user.execute(container, "echo works") == (0, "works\n")
        entry.whole = time.monotonic() - began
        entry.remark = f"{len(rows)} containers in the backup"
    finally:
        remove(admin, name)


def test_upgrade(cluster: Cluster, line: NewLine, load: Begin, playbook: Playbook) -> None:
    entry = line("`upgrade.yml`, 16.0.0 to 18.0.0", "no request fails; accepted creations run or are reported")
    nodes = cluster.groups["zun_api"] + cluster.groups["zun_compute"]

    def releases() -> set[str]:
        return set(
            together(lambda node: cluster.run(node, "readlink", "-f", "/opt/zun/current").strip(), nodes).values()
        )

    playbook("caas.zun.site", "--tags", "zun_api,kuryr,zun_compute", zun_common_version="16.0.0")
    assert all("16.0.0" in path for path in releases())
    cluster.wait_whole()
    with load(CREATE_EVERY_AT_LENGTH) as running:
        began = time.monotonic()
        playbook("caas.zun.upgrade", zun_common_version="18.0.0")
        entry.whole = cluster.wait_whole() + time.monotonic() - began
        report = running.report(began)
    entry.noticed(report)
    assert all("18.0.0" in path for path in releases())
    assert not report.failed_reads, failures(report)
    assert not report.cut, failures(report)
    assert not report.failed_deletes, failures(report)
    assert not report.lost, report.lost
    # Never are both computes out of service.
    assert not report.unplaced, report.unplaced
    assert not report.interrupted, report.interrupted
    assert not report.left, report.left
