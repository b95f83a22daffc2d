# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators do to a cloud in use, and that a cloud that broke in every way is still the one that was deployed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloud import User
from cluster import Cluster, together
from conftest import PREFIX, await_status
from test_faults import ROLE, Begin, NewLine, failures

from playbooks import changed

Playbook = Callable[..., str]


def test_deploying_again(cluster: Cluster, line: NewLine, playbook: Playbook) -> None:
    entry = line("`site.yml` again, and with --check", "changed=0, no error")
    began = time.monotonic()
    assert changed(playbook("caas.zun.site")) == {}
    assert changed(playbook("caas.zun.site", "--check")) == {}
    entry.remark = f"both took {time.monotonic() - began:.0f} s"


def test_restore(
    body: dict[str, Any], cluster: Cluster, lab: dict[str, Any], line: NewLine, playbook: Playbook, user: User
) -> None:
    entry = line("backup restored into an empty cluster", "every container is known and works as before")
    container = user("container", "POST", "/containers", {**body, "name": f"{PREFIX}-restored"}, run="true")["uuid"]
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
        began = time.monotonic()
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
        after = await_status(user, container, "Running")
        assert {name: after[name] for name in ("host", "addresses", "name")} == {
            name: before[name] for name in ("host", "addresses", "name")
        }
        assert user.execute(container, "echo works") == (0, "works\n")
        entry.whole = time.monotonic() - began
        entry.remark = f"{len(rows)} containers in the backup"
    finally:
        user("container", "DELETE", f"/containers/{container}", stop="True")


def test_upgrade(cluster: Cluster, line: NewLine, load: Begin, playbook: Playbook) -> None:
    entry = line("`upgrade.yml`, 16.0.0 to 18.0.0", "no request fails; accepted creations run or are reported")
    nodes = cluster.groups["zun_api"] + cluster.groups["zun_compute"]

    def releases() -> set[str]:
        return set(
            together(lambda node: cluster.run(node, "readlink", "-f", "/opt/zun/current").strip(), nodes).values()
        )

    playbook("caas.zun.site", zun_common_version="16.0.0")
    assert all("16.0.0" in path for path in releases())
    cluster.wait_whole()
    with load() as running:
        began = time.monotonic()
        playbook("caas.zun.upgrade", zun_common_version="18.0.0")
        entry.whole = cluster.wait_whole() + time.monotonic() - began
        report = running.report(began)
    entry.noticed(report)
    assert all("18.0.0" in path for path in releases())
    assert not report.failed_reads, failures(report)
    assert not report.cut, failures(report)
    assert not report.lost, report.lost
    assert not report.left
