# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What containers on Zun are for: they reach each other, are shut off from each other, and keep their data."""

from __future__ import annotations

from typing import Any

import keystoneauth1.exceptions
from modules import eventually

SERVE = ["sh", "-c", "while :; do echo hello | nc -l -p 8080; done"]


def hears(user, client: str, address: str) -> bool:
    """Tell whether a container gets an answer from another one."""

    def asked() -> list[tuple[int, str]]:
        # Zun gives a command five seconds, which a busy machine may need to start it.
        try:
            return [user.execute(client, f"sh -c 'nc -w 2 {address} 8080 < /dev/null'")]
        except keystoneauth1.exceptions.Conflict as error:
            if "Timeout on executing command" not in str(error):
                raise
            return []

    return eventually(asked, 60, pause=1) == [(0, "hello\n")]


def test_containers_on_different_nodes_talk(appcontainer, lab, name, nothing_left, user) -> None:
    """Over TCP on a network of Neutron, where a security group lets them, and not where it does not."""
    for group in ("closed", "open"):
        user("network", "POST", "/security-groups", {"security_group": {"name": f"{name}-{group}"}})
    opened = user("network", "GET", "/security-groups", name=f"{name}-open")["security_groups"][0]
    rule = {"direction": "ingress", "protocol": "tcp", "port_range_min": 8080, "port_range_max": 8080}
    user(
        "network",
        "POST",
        "/security-group-rules",
        {"security_group_rule": {**rule, "security_group_id": opened["id"], "remote_ip_prefix": "0.0.0.0/0"}},
    )
    zones = [compute["availability_zone"] for compute in lab["computes"]]
    server: dict[str, Any] = {
        "name": f"{name}-server",
        "command": SERVE,
        "availability_zone": zones[0],
        "security_groups": [f"{name}-open"],
    }
    client: dict[str, Any] = {"name": f"{name}-client", "command": ["sleep", "100000"], "availability_zone": zones[1]}
    task = {"image": lab["images"][0], "memory": "32M", "nets": [{"network": "front"}]}
    made = appcontainer.ok(**task, containers=[server, client])["containers"]
    address = made[0]["container"]["addresses"]["front"][0]["addr"]
    client_id = made[1]["container"]["id"]
    eventually(lambda: hears(user, client_id, address), 60, pause=1)

    closed = appcontainer.ok(name=server["name"], security_groups=[f"{name}-closed"])
    assert closed["containers"][0]["action"] == "updated"
    eventually(lambda: not hears(user, client_id, address), 60, pause=1)
    # Not a mere moment.
    assert not hears(user, client_id, address)
    appcontainer.ok(name=server["name"], security_groups=[f"{name}-open"])
    eventually(lambda: hears(user, client_id, address), 60, pause=1)


def test_data_survives_on_another_node(admin, appcontainer, container_volume, lab, name, nothing_left, user) -> None:
    """A container is removed, and made again on the other node with the same volume."""
    container_volume.ok(name=f"{name}-data", size=1)
    task = {
        "name": name,
        "image": lab["images"][0],
        "command": ["sleep", "100000"],
        "memory": "32M",
        "nets": [{"network": "front"}],
        "mounts": [{"destination": "/data", "volume": f"{name}-data"}],
    }
    hosts = []
    for compute in lab["computes"]:
        made = appcontainer.ok(**task, availability_zone=compute["availability_zone"])["container"]
        hosts.append(admin.container(made["id"])["host"])
        code, _output = user.execute(made["id"], f"sh -c 'echo {compute['name']} >> /data/file; sync'")
        assert code == 0
        assert user.execute(made["id"], "cat /data/file")[1].split() == [
            compute["name"] for compute in lab["computes"][: len(hosts)]
        ]
        appcontainer.ok(name=name, state="absent")
    assert len(set(hosts)) == 2
