# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers of Zun and what they refer to: networks, ports, volumes, groups, zones, registries, images of Glance."""

from __future__ import annotations

from typing import Any

import pytest
from modules import eventually


@pytest.fixture
def subnet(user) -> dict[str, Any]:
    """The subnet of the first network."""
    network = user.network("front")
    return user("network", "GET", "/subnets", network_id=network["id"])["subnets"][0]


@pytest.fixture
def port(name, user):
    """Make a port; return it."""

    def make(suffix: str, network: str = "front", **body: Any) -> dict[str, Any]:
        wanted = {"name": name + suffix, "network_id": user.network(network)["id"], **body}
        return user("network", "POST", "/ports", {"port": wanted})["port"]

    return make


@pytest.fixture
def volume(name, user):
    """Make a volume and wait for it; return its id."""

    def make(suffix: str = "", **body: Any) -> str:
        made = user("block-storage", "POST", "/volumes", {"volume": {"name": name + suffix, "size": 1, **body}})
        volume_id = made["volume"]["id"]
        eventually(
            lambda: user("block-storage", "GET", f"/volumes/{volume_id}")["volume"]["status"] == "available", 60, 0.3
        )
        return volume_id

    return make


@pytest.fixture
def groups(name, user) -> list[str]:
    """Names of two security groups."""
    names = [f"{name}-group-{letter}" for letter in "ab"]
    for group in names:
        user("network", "POST", "/security-groups", {"security_group": {"name": group}})
    return names


BLANK = {"metadata": {"caas.zun/blank": "true"}}


def address(subnet: dict[str, Any], last: int) -> str:
    return f"{subnet['cidr'].rsplit('.', 1)[0]}.{last}"


def assert_settled(module, **task: Any) -> None:
    """Nothing is left to do, neither in check mode nor otherwise."""
    for check in (True, False):
        again = module.ok(check=check, diff=True, **task)
        assert not again.changed, again["diff"]


def change(module, action: str, **task: Any):
    """Predict a change, make it, and see that it is settled."""
    predicted = module.ok(check=True, diff=True, **task)
    done = module.ok(diff=True, **task)
    assert [entry["action"] for entry in done["containers"]] == [action]
    assert predicted["diff"] == done["diff"]
    assert_settled(module, **task)
    return done


def test_networks(appcontainer, lab, look, name, nothing_left, port, subnet, user) -> None:
    """Networks, ports and addresses are attached and detached in place."""
    task = {"name": name, "image": lab["images"][0]}
    made = change(appcontainer, "created", **task, nets=[{"network": "front"}])["container"]
    two = [{"network": "back"}, {"network": user.network("front")["id"]}]
    changed = change(appcontainer, "updated", **task, nets=two)
    assert changed["container"]["id"] == made["id"]
    assert set(changed["container"]["addresses"]) == {"front", "back"}
    # The address it had stays; the order says nothing later on.
    assert changed["container"]["addresses"]["front"] == made["addresses"]["front"]
    assert_settled(appcontainer, **task, nets=two[::-1])

    spare = port("-spare", "back")
    changed = change(appcontainer, "updated", **task, nets=[{"network": "front"}, {"port": spare["name"]}])
    assert changed["container"]["addresses"]["back"][0]["addr"] == spare["fixed_ips"][0]["ip_address"]
    assert_settled(appcontainer, **task, nets=[{"port": spare["id"]}, {"network": "front"}])

    fixed = {"network": "front", "v4_fixed_ip": address(subnet, 210)}
    changed = change(appcontainer, "updated", **task, nets=[fixed])
    assert [entry["addr"] for entry in changed["container"]["addresses"]["front"]] == [fixed["v4_fixed_ip"]]
    assert look(name)["uuid"] == made["id"]
    # The port somebody else made is let go of, and stays.
    left = user("network", "GET", f"/ports/{spare['id']}")["port"]
    assert left["device_id"] == ""
    code, output = user.execute(made["id"], "ip -o -4 addr")
    assert (code, fixed["v4_fixed_ip"] in output) == (0, True)


def test_networks_at_the_creation(appcontainer, lab, name, nothing_left, port, subnet) -> None:
    spare = port("-spare", "back")
    fixed = {"network": "front", "v4_fixed_ip": address(subnet, 211)}
    nets = [{"port": spare["name"]}, fixed]
    made = change(appcontainer, "created", name=name, image=lab["images"][0], nets=nets)["container"]
    assert made["addresses"]["back"][0]["port"] == spare["id"]
    assert [entry["addr"] for entry in made["addresses"]["front"]] == [fixed["v4_fixed_ip"]]


def test_many_are_the_first_ones_on_a_network(appcontainer, lab, name, nothing_left, own_network) -> None:
    """Zun itself fails all but one of them where they come to the same host at the same time."""
    task = {
        "image": lab["images"][0],
        "nets": [{"network": own_network["id"]}],
        "availability_zone": lab["computes"][0]["availability_zone"],
        "containers": [{"name": f"{name}-{index}"} for index in range(5)],
    }
    made = appcontainer.ok(**task)
    assert [entry["action"] for entry in made["containers"]] == ["created"] * 5
    assert_settled(appcontainer, **task)


def test_security_groups(appcontainer, groups, lab, name, nothing_left, port, user) -> None:
    def groups_of_ports(container_id: str) -> list[list[str]]:
        return [entry["security_groups"] for entry in user.ports(device_id=container_id)]

    task = {"name": name, "image": lab["images"][0], "nets": [{"network": "front"}]}
    made = change(appcontainer, "created", **task, security_groups=groups[:1])["container"]
    assert made["security_groups"] == groups[:1]
    changed = change(appcontainer, "updated", **task, security_groups=groups[::-1])
    assert changed["container"]["id"] == made["id"]
    assert sorted(changed["container"]["security_groups"]) == groups
    assert len(groups_of_ports(made["id"])[0]) == 2
    change(appcontainer, "updated", **task, security_groups=[])
    assert groups_of_ports(made["id"]) == [[]]
    # A network that comes gets the groups that are said.
    both = [{"network": "front"}, {"port": port("-spare", "back")["name"]}]
    done = appcontainer.ok(**{**task, "nets": both}, security_groups=groups[1:])
    assert done["containers"][0]["action"] == "updated"
    assert [len(ids) for ids in groups_of_ports(made["id"])] == [1, 1]
    assert_settled(appcontainer, **{**task, "nets": both}, security_groups=groups[1:])
    message = appcontainer.fails(**task, security_groups=["no-such-group"])
    for part in (name, "security_groups", "no-such-group"):
        assert part in message


def test_security_groups_of_a_port(appcontainer, groups, lab, name, nothing_left, port, user) -> None:
    """Zun gives groups only to ports it makes itself; others get them before the container starts."""
    spare = port("-spare")
    task = {"name": name, "image": lab["images"][0], "nets": [{"port": spare["name"]}], "security_groups": groups}
    made = change(appcontainer, "created", **task)["container"]
    assert made["status"] == "Running"
    assert len(user("network", "GET", f"/ports/{spare['id']}")["port"]["security_groups"]) == 2
    appcontainer.ok(name=name, state="absent")
    cleared = {**task, "nets": [{"network": "front"}], "security_groups": []}
    made = change(appcontainer, "created", **cleared)["container"]
    assert [entry["security_groups"] for entry in user.ports(device_id=made["id"])] == [[]]


def test_exposed_ports_have_a_group_of_their_own(appcontainer, groups, lab, name, nothing_left, user) -> None:
    def own_groups(container_id: str) -> list[dict[str, Any]]:
        return user("network", "GET", "/security-groups", name=f"zun-{container_id}")["security_groups"]

    task = {"name": name, "image": lab["images"][0], "nets": [{"network": "front"}]}
    made = change(appcontainer, "created", **task, exposed_ports=["80"])["container"]
    rules = own_groups(made["id"])[0]["security_group_rules"]
    assert [rule["port_range_min"] for rule in rules if rule["direction"] == "ingress"] == [80]
    # Neither may be said beside the other, nor take the place of the other unnoticed.
    for options in ({"exposed_ports": ["80"], "security_groups": groups}, {"security_groups": groups}):
        message = appcontainer.fails(**task, **options)
        for part in ("exposed_ports", "security_groups"):
            assert part in message
    changed = change(appcontainer, "recreated", **task, exposed_ports=[], security_groups=groups[:1])
    assert changed["container"]["security_groups"] == groups[:1]
    assert own_groups(made["id"]) == []


def test_mounts(appcontainer, container_volume, lab, look, name, nothing_left, user, volume) -> None:
    """A volume of Cinder, one that lives as long as the container, and a file."""
    container_volume.ok(name=f"{name}-data", size=1)
    own = {"destination": "/own", "size": "1G"}
    mounts = [
        {"destination": "/data", "volume": f"{name}-data"},
        own,
        {"destination": "/etc/one.conf", "content": "key = hidden-text\n"},
    ]
    task = {"name": name, "image": lab["images"][0], "nets": [{"network": "front"}], "mounts": mounts}
    made = change(appcontainer, "created", **task)["container"]
    assert [mount["destination"] for mount in made["mounts"]] == ["/data", "/etc/one.conf", "/own"]
    assert_settled(appcontainer, **{**task, "mounts": mounts[::-1]})
    code, output = user.execute(made["id"], "sh -c 'cat /etc/one.conf; df -P /data /own | tail -n 2'")
    assert code == 0
    assert output.splitlines()[0] == "key = hidden-text"
    assert {line.split()[-1] for line in output.splitlines()[1:]} == {"/data", "/own"}

    result = appcontainer(**{**task, "mounts": [*mounts[:2], {**mounts[2], "content": "key = other-text\n"}]})
    for part in ("mounts", "/own", "belongs to the container", "caas.zun.container_volume"):
        assert part in result.msg
    assert "text" not in str(result)
    assert look(name)["uuid"] == made["id"]

    volumes = {entry["id"] for entry in user.volumes() if made["id"] in str(entry["attachments"])}
    assert len(volumes) == 2
    assert appcontainer.ok(name=name, state="absent").changed
    left = [entry for entry in user.volumes() if entry["id"] in volumes]
    assert [entry["name"] for entry in left] == [f"{name}-data"]
    eventually(lambda: user("block-storage", "GET", f"/volumes/{left[0]['id']}")["volume"]["status"] == "available")


def test_a_volume_zun_could_format(appcontainer, lab, look, name, nothing_left, volume) -> None:
    """What others wrote on a volume is not formatted unless the user allows it."""
    foreign = volume()
    task = {
        "name": name,
        "image": lab["images"][0],
        "nets": [{"network": "front"}],
        "mounts": [{"destination": "/data", "volume": name}],
    }
    for check in (True, False):
        message = appcontainer.fails(check=check, **task)
        for part in ("mounts", name, "would be lost", "allow_format: true"):
            assert part in message
    assert look(name) is None
    change(appcontainer, "created", **task, allow_format=True)
    # Once it is the container's own, nobody has to say it again.
    assert_settled(appcontainer, **{**task, "mounts": [{"destination": "/data", "volume": foreign}]})


def test_zones(appcontainer, lab, name, nothing_left) -> None:
    zones = [compute["availability_zone"] for compute in lab["computes"]]
    task = {"name": name, "image": lab["images"][0], "nets": [{"network": "front"}], "hints": {"label:one": "two"}}
    made = change(appcontainer, "created", **task, availability_zone=zones[0])["container"]
    changed = change(appcontainer, "recreated", **task, availability_zone=zones[1])
    assert changed["diff"][0]["before"] == {"availability_zone": zones[0]}
    assert changed["container"]["id"] != made["id"]
    message = appcontainer.fails(name=name, hints={"label:one": "three"})
    for part in ("hints", "three", "comparisons: {hints: ignore}", "state: absent"):
        assert part in message


@pytest.fixture
def registry(lab, name, user):
    """Make an entry of the lab's registry that wants credentials; return its name."""

    def make(suffix: str, **entry: str) -> str:
        known = {key: lab["registry"][key] for key in ("domain", "username", "password")}
        user("container", "POST", "/registries", {"registry": {"name": name + suffix, **known, **entry}})
        return name + suffix

    return make


def test_registry(appcontainer, lab, look, name, nothing_left, registry) -> None:
    right, wrong = registry("-right"), registry("-wrong", password="not-the-password")
    task = {"name": name, "image": lab["registry"]["image"], "nets": [{"network": "front"}]}
    message = appcontainer.fails(**task, registry=wrong)
    for part in ("registry", wrong, "user name and password of the registry entry"):
        assert part in message
    assert "not-the-password" not in message
    assert look(name) is None
    made = change(appcontainer, "created", **task, registry=right)["container"]
    assert made["status"] == "Running"
    assert made["registry"] == right


def test_image_of_glance(appcontainer, lab, name, nothing_left) -> None:
    task = {"name": name, "nets": [{"network": "front"}]}
    made = change(appcontainer, "created", **task, image=lab["glance_image"], image_driver="glance")["container"]
    assert made["status"] == "Running"
    changed = change(appcontainer, "recreated", **task, image=lab["images"][0], image_driver="docker")
    assert changed["container"]["image_driver"] == "docker"


def test_cpu_policy(appcontainer, lab, name, nothing_left) -> None:
    task = {"name": name, "image": lab["images"][0], "nets": [{"network": "front"}]}
    change(appcontainer, "created", **task, cpu_policy="shared")
