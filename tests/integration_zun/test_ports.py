# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports on a real Neutron, option by option, as the ordinary user unless an option is for administrators."""

from __future__ import annotations

from typing import Any

import pytest
from modules import eventually

from ansible_collections.caas.zun.plugins.module_utils.kinds.port_options import VNIC_TYPES

# Option, first and second value; run as administrator where the ordinary user may not.
CASES = {
    "description": ("one", "two"),
    "admin_state_up": (False, True),
    "vnic_type": ("direct", "normal"),
    "port_security_enabled": (False, True),
    "allowed_address_pairs": (
        [{"ip_address": "198.18.0.1"}],
        [{"ip_address": "198.18.0.2", "mac_address": "FA-16-3E-00-00-09"}, {"ip_address": "2001:DB8::/64"}],
    ),
    "extra_dhcp_opts": (
        [{"opt_name": "mtu", "opt_value": "1400"}, {"opt_name": "domain-search", "opt_value": "a.example"}],
        [{"opt_name": "mtu", "opt_value": "1300"}],
    ),
    "tags": (["b", "a"], ["c"]),
}
ADMIN_CASES = {
    "mac_address": ("fa:16:3e:aa:bb:01", "fa:16:3e:aa:bb:02"),
    "binding_profile": ({"trusted": "true"}, {"trusted": "false"}),
    "host": ("no-such-host", ""),
}
# What comes back in another spelling than it was written in.
SHOWN = {"tags": {0: ["a", "b"]}}


@pytest.fixture(scope="session")
def front(user) -> dict[str, Any]:
    """The network of the lab, with its subnet."""
    network = user.network("front")
    subnet = user("network", "GET", "/subnets", network_id=network["id"])["subnets"][0]
    return {**network, "subnet": subnet}


@pytest.fixture
def groups(user, name) -> list[str]:
    """Names of three security groups."""
    names = [f"{name}-group-{letter}" for letter in "abc"]
    for group in names:
        user("network", "POST", "/security-groups", {"security_group": {"name": group}})
    return names


def port(user, name: str) -> dict[str, Any] | None:
    found = user.ports(name=name)
    assert len(found) <= 1
    return found[0] if found else None


def check_option(module, name: str, option: str, first: Any, second: Any, look) -> None:
    """Go through check mode, creation, repetition and change of one option."""
    wanted = {"name": name, "network": "front", option: first}
    predicted = module.ok(check=True, diff=True, **wanted)
    assert predicted["ports"][0]["action"] == "created"
    assert look(name) is None
    created = module.ok(diff=True, **wanted)
    assert created["diff"] == predicted["diff"]
    assert created["ports"][0]["action"] == "created"
    made = look(name)
    for check in (True, False):
        assert not module.ok(check=check, **wanted).changed
        assert not module.ok(check=check, name=name).changed
    changed = module.ok(check=True, diff=True, name=name, **{option: second})
    assert changed["ports"][0]["action"] == "updated"
    assert {**look(name), "updated_at": None} == {**made, "updated_at": None}
    done = module.ok(diff=True, name=name, **{option: second})
    assert done["diff"] == changed["diff"]
    assert done["port"][option] == changed["port"][option]
    assert done["port"]["id"] == made["id"]
    assert look(name) != made
    for check in (True, False):
        assert not module.ok(check=check, name=name, network="front", **{option: second}).changed
    assert not module.ok(name=name, **{option: first}, comparisons={option: "ignore"}).changed


@pytest.mark.parametrize("option", CASES)
def test_option(option, container_port, name, user) -> None:
    check_option(container_port, name, option, *CASES[option], lambda port_name: port(user, port_name))


@pytest.mark.parametrize("option", ADMIN_CASES)
def test_option_for_administrators(option, admin, capsys, container_port, lab, name, front) -> None:
    # The administrator's own project has no networks, so that the network is given by its id.
    def as_admin(**arguments: Any):
        if "network" in arguments:
            arguments["network"] = front["id"]
        return container_port.ok(**{"cloud": lab["admin_cloud"], **arguments})

    class Admin:
        ok = staticmethod(as_admin)

    check_option(Admin, name, option, *ADMIN_CASES[option], lambda port_name: port(admin, port_name))


def test_a_host_that_does_not_take_the_port(container_port, front, lab, name) -> None:
    done = container_port.ok(cloud=lab["admin_cloud"], name=name, network=front["id"], host="no-such-host")
    assert len(done.warnings) == 1
    for part in (name, "host: 'no-such-host'", "Neutron agent"):
        assert part in done.warnings[0]


@pytest.mark.parametrize("option", ADMIN_CASES)
def test_what_only_administrators_may_set(option, container_port, name, user) -> None:
    value = ADMIN_CASES[option][0]
    parts = (name, option, str(value)[:10], "administrator")
    if option != "mac_address":
        # Whoever owns the network may choose the MAC address of a new port.
        message = container_port.fails(name=name, network="front", **{option: value})
        assert all(part in message for part in parts), message
        assert port(user, name) is None
    container_port.ok(name=name, network="front")
    # Before it is asked, Neutron does not tell who may change a MAC address.
    for check in (True, False) if option != "mac_address" else (False,):
        message = container_port.fails(check=check, name=name, **{option: value})
        assert all(part in message for part in parts), message


def test_every_vnic_type(container_port, name) -> None:
    types = [choice for choice in VNIC_TYPES if choice != "normal"]
    ports = [{"name": f"{name}-{choice}", "vnic_type": choice} for choice in types]
    done = container_port.ok(network="front", ports=ports)
    assert [entry["port"]["vnic_type"] for entry in done["ports"]] == types
    assert not container_port.ok(network="front", ports=ports).changed


def test_fixed_ips(container_port, name, own_network, user) -> None:
    subnet = own_network["subnet"]
    one, two = "198.18.77.201", "198.18.77.202"
    by_subnet = {"name": name, "network": own_network["name"], "fixed_ips": [{"subnet": subnet["name"]}]}
    container_port.ok(**by_subnet)
    assert not container_port.ok(**by_subnet).changed
    address = port(user, name)["fixed_ips"][0]["ip_address"]
    # The address alone, the subnet by its id, both: the same port.
    for entry in (
        {"ip_address": address},
        {"subnet": subnet["id"]},
        {"subnet": subnet["name"], "ip_address": address},
    ):
        assert not container_port.ok(name=name, fixed_ips=[entry]).changed
    # One more, in whatever order, keeps the first.
    wanted = [{"ip_address": one}, {"subnet": subnet["name"]}]
    done = container_port.ok(diff=True, name=name, fixed_ips=wanted)
    assert {entry["ip_address"] for entry in done["port"]["fixed_ips"]} == {one, address}
    assert done["port"]["fixed_ips"][0]["subnet"] == subnet["name"]
    assert done["diff"][0]["before"] == {"fixed_ips": [{"subnet": subnet["name"], "ip_address": address}]}
    for order in (wanted, wanted[::-1]):
        assert not container_port.ok(name=name, fixed_ips=order).changed
    container_port.ok(name=name, fixed_ips=[{"ip_address": two}])
    assert [entry["ip_address"] for entry in port(user, name)["fixed_ips"]] == [two]
    container_port.ok(name=name, fixed_ips=[])
    assert port(user, name)["fixed_ips"] == []
    assert not container_port.ok(name=name, fixed_ips=[]).changed


def test_security_groups_are_a_set(container_port, groups, name, user) -> None:
    one, two, three = groups
    wanted = {"name": name, "network": "front", "security_groups": [two, one]}
    created = container_port.ok(**wanted)
    assert created["port"]["security_groups"] == [one, two]
    for order in ([one, two], [two, one, two]):
        assert not container_port.ok(name=name, security_groups=order).changed
    assert not container_port.ok(name=name).changed
    changed = container_port.ok(diff=True, name=name, security_groups=[three, one])
    assert changed["diff"] == [
        {
            "before_header": name,
            "after_header": name,
            "before": {"security_groups": [one, two]},
            "after": {"security_groups": [one, three]},
        }
    ]
    # Those the port has besides stay where the user asks for that.
    superset = {"comparisons": {"security_groups": "superset"}}
    assert not container_port.ok(name=name, security_groups=[one], **superset).changed
    container_port.ok(name=name, security_groups=[two], **superset)
    assert len(port(user, name)["security_groups"]) == 3
    cleared = container_port.ok(name=name, security_groups=[])
    assert cleared["port"]["security_groups"] == []
    assert port(user, name)["security_groups"] == []
    assert not container_port.ok(name=name, security_groups=[]).changed


def test_the_default_group_is_that_of_the_project(container_port, name, user) -> None:
    created = container_port.ok(name=name, network="front", security_groups=["default"])
    assert created["port"]["security_groups"] == ["default"]
    other = container_port.ok(name=f"{name}-2", network="front")
    assert other["port"]["security_groups"] == ["default"]


def test_port_security_off_takes_the_groups_away(container_port, name, user) -> None:
    pair = [{"ip_address": "198.18.0.1"}]
    container_port.ok(name=name, network="front", security_groups=["default"], allowed_address_pairs=pair)
    done = container_port.ok(diff=True, name=name, port_security_enabled=False)
    assert set(done["diff"][0]["before"]) == {"port_security_enabled", "security_groups", "allowed_address_pairs"}
    assert not container_port.ok(name=name, port_security_enabled=False).changed
    made = port(user, name)
    assert (made["security_groups"], made["allowed_address_pairs"]) == ([], [])
    message = container_port.fails(name=name, port_security_enabled=False, security_groups=["default"])
    for part in ("security_groups", "default", "port_security_enabled: false"):
        assert part in message


def test_rename_by_id(container_port, name, user) -> None:
    created = container_port.ok(name=name, network="front")
    new = f"{name}-new"
    for check in (True, False):
        renamed = container_port.ok(check=check, diff=True, id=created["port"]["id"], name=new)
        assert renamed["diff"][0]["after"] == {"name": new}
        assert renamed["port"]["id"] == created["port"]["id"]
    assert port(user, new)
    assert not container_port.ok(id=created["port"]["id"], name=new).changed
    assert not container_port.ok(id=created["port"]["id"]).changed
    assert container_port.ok(id=created["port"]["id"], state="absent").changed
    assert port(user, new) is None
    message = container_port.fails(id=created["port"]["id"], name=new, network="front")
    assert created["port"]["id"] in message


def test_a_name_that_is_not_unique(container_port, front, name, user) -> None:
    ids = [
        user("network", "POST", "/ports", {"port": {"name": name, "network_id": front["id"]}})["port"]["id"]
        for dummy in range(2)
    ]
    for state in ("present", "absent"):
        message = container_port.fails(name=name, network="front", state=state)
        for part in (name, *ids, "give the id"):
            assert part in message
    assert not container_port.ok(id=ids[0]).changed
    container_port.ok(id=ids[0], state="absent")
    assert not container_port.ok(name=name).changed


def test_the_network_cannot_change(container_port, name, user) -> None:
    container_port.ok(name=name, network="front")
    for check in (True, False):
        message = container_port.fails(check=check, name=name, network="back")
        for part in ("network", "'front'", "'back'", "state: absent"):
            assert part in message
    assert port(user, name)


def test_absent(container_port, name, user) -> None:
    for check in (True, False):
        assert not container_port.ok(check=check, name=name, state="absent").changed
    container_port.ok(name=name, network="front")
    for check in (True, False):
        gone = container_port.ok(check=check, diff=True, name=name, state="absent", network="no-such-network")
        assert gone["ports"][0]["action"] == "deleted"
        assert gone["diff"][0]["before"]["name"] == name
        assert (port(user, name) is not None) == check
    assert not container_port.ok(name=name, state="absent").changed


def test_a_port_in_use(admin, container_port, name, user) -> None:
    made = container_port.ok(name=name, network="front", description="one")["port"]
    used = {"device_id": f"{name}-container", "device_owner": "compute:kuryr"}
    admin("network", "PUT", f"/ports/{made['id']}", {"port": used})
    seen = container_port.ok(name=name)["port"]
    assert (seen["device_id"], seen["device_owner"]) == (used["device_id"], used["device_owner"])
    for check in (True, False):
        message = container_port.fails(check=check, name=name, state="absent")
        for part in (name, f"container {name}-container", "force: true"):
            assert part in message
        for option, value in (
            ("fixed_ips", []),
            ("mac_address", "fa:16:3e:00:00:01"),
            ("vnic_type", "direct"),
        ):
            message = container_port.fails(check=check, name=name, **{option: value})
            for part in (option, f"container {name}-container", f"comparisons: {{{option}: ignore}}"):
                assert part in message
    # What does not part the container from its port works.
    assert container_port.ok(name=name, description="two", security_groups=[], tags=["a"]).changed
    assert container_port.ok(check=True, name=name, state="absent", force=True).changed
    assert port(user, name)
    assert container_port.ok(name=name, state="absent", force=True).changed
    assert port(user, name) is None


def test_mtu_of_the_network(container_port, front, name) -> None:
    assert container_port.ok(name=name, network="front")["port"]["mtu"] == front["mtu"] > 0
    assert container_port.ok(name=name)["port"]["mtu"] == front["mtu"]


def test_a_container_with_another_mtu(container_port, lab, name, own_network, user) -> None:
    made = container_port.ok(name=name, network=own_network["name"])["port"]
    body = {
        "name": name,
        "image": lab["images"][0],
        "command": ["sleep", "100000"],
        "nets": [{"port": made["id"]}],
    }
    container = user("container", "POST", "/containers", body, run="true")["uuid"]
    eventually(lambda: user.container(container)["status"] in ("Running", "Error"), 120)
    assert user.container(container)["status"] == "Running", user.container(container)["status_reason"]
    assert container_port.ok(name=name, description="one").warnings == []
    lower = own_network["mtu"] - 50
    user("network", "PUT", f"/networks/{own_network['id']}", {"network": {"mtu": lower}})
    warned = container_port.ok(name=name, description="two")
    assert warned["port"]["mtu"] == lower
    assert len(warned.warnings) == 1
    for part in (name, f"MTU {own_network['mtu']}", str(lower)):
        assert part in warned.warnings[0]


@pytest.mark.parametrize(
    ("option", "extension", "value"),
    [
        ("dns_name", "dns-integration", "web"),
        ("dns_domain", "dns-domain-ports", "example.org."),
    ],
)
def test_options_that_need_an_extension(option, extension, value, container_port, extensions, name, user) -> None:
    """Where the lab's Neutron has it, the option works; where not, the task says so and makes nothing."""
    if extension not in extensions:
        for check in (True, False):
            message = container_port.fails(check=check, name=name, network="front", **{option: value})
            for part in (option, value, extension):
                assert part in message
        assert port(user, name) is None
        return
    check_option(container_port, name, option, value, "", lambda port_name: port(user, port_name))


def test_qos_policy(admin, container_port, extensions, name, user) -> None:
    if "qos" not in extensions:
        message = container_port.fails(name=name, network="front", qos_policy="gold")
        for part in ("qos_policy", "gold", "extension 'qos'"):
            assert part in message
        assert port(user, name) is None
        return
    for policy in ("one", "two"):
        body = {"policy": {"name": f"{name}-{policy}", "shared": True}}
        admin("network", "POST", "/qos/policies", body)
    check_option(
        container_port, name, "qos_policy", f"{name}-one", f"{name}-two", lambda port_name: port(user, port_name)
    )
    assert container_port.ok(name=name, qos_policy="").changed
    assert not container_port.ok(name=name, qos_policy="").changed
    message = container_port.fails(name=name, qos_policy="no-such-policy")
    assert "no-such-policy" in message


@pytest.fixture(scope="session")
def extensions(user) -> set[str]:
    return {entry["alias"] for entry in user("network", "GET", "/extensions")["extensions"]}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"network": "no-such-network"}, ("network", "no-such-network", "create the network first")),
        ({"network": "0b5b4b3e-0000-4000-8000-000000000000"}, ("network", "0b5b4b3e")),
        ({}, ("network", "is needed")),
        ({"network": "front", "security_groups": ["no-such-group"]}, ("security_groups", "no-such-group")),
        ({"network": "front", "fixed_ips": [{"subnet": "no-such-subnet"}]}, ("fixed_ips[0].subnet", "no-such-subnet")),
        ({"network": "front", "fixed_ips": [{"ip_address": "203.0.113.9"}]}, ("fixed_ips", "203.0.113.9", "subnets")),
        ({"network": "front", "fixed_ips": [{"ip_address": "10.0.0"}]}, ("fixed_ips[0].ip_address", "10.0.0")),
        ({"network": "front", "fixed_ips": [{}]}, ("fixed_ips", "entry 0")),
        ({"network": "front", "allowed_address_pairs": [{"ip_address": "10.0.0.1/8"}]}, ("10.0.0.1/8", "host bits")),
        ({"network": "front", "mac_address": "one"}, ("mac_address", "'one'")),
        ({"network": "front", "vnic_type": "quick"}, ("vnic_type", "quick")),
        ({"network": "front", "description": "x" * 256}, ("description", "256 characters")),
        ({"network": "front", "tags": ["x" * 300]}, ("tags",)),
        ({"network": "front", "tags": [""]}, ("tags", "empty tag")),
        ({"network": ""}, ("network", "is empty")),
        ({"network": "front", "backend": "docker"}, ("backend", "docker", "has no ports")),
        ({"network": "front", "comparisons": {"colour": "set"}}, ("comparisons", "colour")),
        ({"id": "0b5b4b3e-0000-4000-8000-000000000000"}, ("there is no port with id",)),
    ],
    ids=str,
)
def test_bad_input(options, parts, container_port, name, user) -> None:
    for check in (True, False) if "tags" not in options and "203" not in str(options) else (False,):
        message = container_port.fails(check=check, **{"name": name, **options})
        for part in parts:
            assert part in message
        assert len(message.splitlines()) == 1
    assert port(user, name) is None


def test_a_subnet_of_another_network(container_port, name, user) -> None:
    back = user("network", "GET", "/subnets", network_id=user.network("back")["id"])["subnets"][0]
    for word in (back["name"], back["id"]):
        message = container_port.fails(name=name, network="front", fixed_ips=[{"subnet": word}])
        for part in ("fixed_ips[0].subnet", word):
            assert part in message
    assert port(user, name) is None


def test_names_that_cannot_be(container_port) -> None:
    assert "300 characters" in container_port.fails(name="x" * 300, network="front")
    assert "is empty" in container_port.fails(name=" ", network="front")
    assert "give a name or an id" in container_port.fails(network="front")


def test_an_address_that_is_taken(container_port, name, own_network, user) -> None:
    address = "198.18.77.203"
    wanted = {"network": own_network["name"], "fixed_ips": [{"ip_address": address}]}
    container_port.ok(name=name, **wanted)
    message = container_port.fails(name=f"{name}-2", **wanted)
    for part in (f"{name}-2", "fixed_ips", address, "choose a free address"):
        assert part in message
    assert port(user, f"{name}-2") is None


def test_info(container_port, container_port_info, front, name) -> None:
    made = container_port.ok(
        network="front", ports=[{"name": f"{name}-b", "tags": ["x"]}, {"name": f"{name}-a", "description": name}]
    )
    by_name = container_port_info.ok(name=[f"{name}-a", f"{name}-b", f"{name}-c"])["ports"]
    assert by_name == [made["ports"][1]["port"], made["ports"][0]["port"]]
    assert container_port_info.ok(id=[made["ports"][0]["id"]])["ports"] == by_name[1:]
    assert container_port_info.ok(filters={"description": name})["ports"] == by_name[:1]
    both = {"name": [f"{name}-a", f"{name}-b"]}
    assert container_port_info.ok(filters={"tags": "x"}, **both)["ports"] == by_name[1:]
    for filters in (
        {"network": "front"},
        {"network": front["id"], "status": "DOWN"},
        {"subnet": front["subnet"]["name"]},
        {"security_group": ["default"]},
        {"mac_address": [entry["mac_address"] for entry in by_name]},
        {"ip_address": [entry["fixed_ips"][0]["ip_address"] for entry in by_name]},
    ):
        assert container_port_info.ok(filters=filters, **both)["ports"] == by_name
    assert container_port_info.ok(filters={"network": "back"}, **both)["ports"] == []
    assert "filters.network" in container_port_info.fails(filters={"network": "no-such-network"})
    assert "use description" in container_port_info.fails(filters={"colour": "red"})
    assert {entry["name"] for entry in container_port_info.ok()["ports"]} >= {f"{name}-a", f"{name}-b"}


def test_info_of_other_projects(container_port, container_port_info, lab, name) -> None:
    container_port.ok(name=name, network="front")
    as_admin = {"cloud": lab["admin_cloud"], "name": [name]}
    assert container_port_info.ok(**as_admin)["ports"] == []
    assert [entry["name"] for entry in container_port_info.ok(all_projects=True, **as_admin)["ports"]] == [name]
