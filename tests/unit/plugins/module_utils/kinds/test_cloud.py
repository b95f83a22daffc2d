# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports and volumes of a cloud: what is pure logic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.caas.zun.plugins.module_utils.engine.errors import OptionError
from ansible_collections.caas.zun.plugins.module_utils.engine.kind import FAILED, PENDING, READY, Judgement
from ansible_collections.caas.zun.plugins.module_utils.kinds.cinder_volume import CinderVolumes
from ansible_collections.caas.zun.plugins.module_utils.kinds.cloud_errors import Refusal, exceeded_quota, explain
from ansible_collections.caas.zun.plugins.module_utils.kinds.neutron_port import NeutronPorts, completed, user_of
from ansible_collections.caas.zun.plugins.module_utils.kinds.port_options import PORT_OPTIONS
from ansible_collections.caas.zun.plugins.module_utils.kinds.references import (
    Directory,
    Reference,
    chosen,
    is_id,
    shown,
)
from ansible_collections.caas.zun.plugins.module_utils.kinds.volume_options import VOLUME_OPTIONS
from ansible_collections.caas.zun.plugins.module_utils.services.errors import ServiceError
from ansible_collections.caas.zun.plugins.module_utils.services.neutron import _portions

ID = "0b5b4b3e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("option", "written", "canonical"),
    [
        ("fixed_ips", [{"ip_address": "2001:DB8::0"}], [{"ip_address": "2001:db8::"}]),
        ("security_groups", ["b", "a", "b"], ["a", "b"]),
        ("allowed_address_pairs", [{"ip_address": "192.0.2.1/32"}], [{"ip_address": "192.0.2.1"}]),
        ("allowed_address_pairs", [{"ip_address": "192.0.2.0/24"}], [{"ip_address": "192.0.2.0/24"}]),
        (
            "extra_dhcp_opts",
            [{"opt_name": "mtu", "opt_value": "1"}],
            [{"opt_name": "mtu", "opt_value": "1", "ip_version": 4}],
        ),
        ("mac_address", "FA-16-3E-00-00-01", "fa:16:3e:00:00:01"),
        ("tags", ["b", 1, "b"], ["1", "b"]),
        ("name", "my port", "my port"),
    ],
)
def test_canonical(option, written, canonical) -> None:
    assert PORT_OPTIONS[option].canonical(written) == canonical


@pytest.mark.parametrize(
    ("option", "written"),
    [
        ("name", "x" * 256),
        ("name", " "),
        ("network", ""),
        ("fixed_ips", [{"ip_address": "192.0.2.0/24"}]),
        ("fixed_ips", [{}]),
        ("fixed_ips", [{"ip_address": "::1"}, {"ip_address": "0::1"}]),
        ("allowed_address_pairs", [{"ip_address": "192.0.2.1/24"}]),
        ("mac_address", "fa:16:3e:00:00"),
        ("security_groups", [""]),
        ("tags", ["x" * 256]),
    ],
)
def test_refused(option, written) -> None:
    with pytest.raises(OptionError) as caught:
        PORT_OPTIONS[option].canonical(written)
    assert str(caught.value).startswith(option)
    assert "; " in str(caught.value)


def address(subnet: str, ip: str) -> dict[str, str]:
    return {"subnet": subnet, "ip_address": ip}


PRESENT = [address("one", "192.0.2.1"), address("one", "192.0.2.2"), address("two", "198.51.100.1")]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([{"ip_address": "192.0.2.2"}, {"subnet": "one"}, {"subnet": "two"}], PRESENT),
        # "Any of the subnet" does not take what another entry names.
        ([{"subnet": "one"}, {"ip_address": "192.0.2.1"}], PRESENT[:2]),
        ([{"subnet": "two"}, {"subnet": "two"}], [PRESENT[2], {"subnet": "two"}]),
        ([{"ip_address": "203.0.113.1"}], [{"ip_address": "203.0.113.1"}]),
        ([], []),
    ],
)
def test_addresses_left_open(wanted, expected) -> None:
    def in_order(entries: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
        return sorted(sorted(entry.items()) for entry in entries)

    for order in (wanted, wanted[::-1]):
        assert in_order(completed(order, PRESENT)) == in_order(expected)


@given(st.lists(st.sampled_from(PRESENT), unique_by=lambda entry: entry["ip_address"]), st.data())
def test_a_port_always_matches_what_it_has(entries, data) -> None:
    said = [
        {
            key: entry[key]
            for key in data.draw(st.sampled_from([("ip_address",), ("subnet",), ("subnet", "ip_address")]))
        }
        for entry in entries
    ]
    found = completed(data.draw(st.permutations(said)), entries)
    assert sorted(entry["ip_address"] for entry in found) == sorted(entry["ip_address"] for entry in entries)


def test_references() -> None:
    one = Reference(ID, "front")
    assert one == ID
    assert shown(one) == "front"
    assert shown([Reference("2", "b"), Reference("1", "a")]) == ["a", "b"]
    assert shown(Reference(ID, "")) == ID
    assert is_id(ID)
    assert is_id(ID.replace("-", ""))
    assert not is_id("front")


def test_a_name_means_the_own_object_first() -> None:
    own, shared = {"id": "1", "project_id": "me"}, {"id": "2", "project_id": "other"}
    assert chosen("network", "front", "network", [shared, own], "me") is own
    assert chosen("network", "front", "network", [shared], "me") is shared
    with pytest.raises(OptionError, match="1, 3"):
        chosen("network", "front", "network", [own, {**own, "id": "3"}, shared], "me")
    with pytest.raises(OptionError, match="create the network first"):
        chosen("network", "front", "network", [], "me")


class FakeNeutron:
    """Answers lookups from a list, and counts them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def find(self, noun: str, key: str, values: Any) -> list[dict[str, Any]]:
        self.asked.append((noun, key, tuple(sorted(values))))
        everything = [
            {"id": ID, "name": "front", "project_id": "me", "network_id": "n1"},
            {"id": "2", "name": "front", "project_id": "me", "network_id": "n2"},
        ]
        return [entry for entry in everything if entry[key] in values]


def test_everything_is_asked_for_once() -> None:
    neutron = FakeNeutron()
    directory = Directory(neutron, "me")
    directory.learn("subnet", ["front", "missing"], ids=[ID, "7"])
    directory.learn("subnet", ["front", "missing", ID], ids=[ID, "2", "7"])
    assert neutron.asked == [("subnet", "name", ("front", "missing")), ("subnet", "id", ("7",))]
    assert directory.resolve("subnet", "front", "subnet", lambda entry: entry["network_id"] == "n2") == "2"
    assert directory.resolve("subnet", ID, "subnet") == ID
    with pytest.raises(OptionError, match="2 objects"):
        directory.resolve("subnet", "front", "subnet")
    assert directory.reference("subnet", "7").name == "7"


@given(st.lists(st.text(min_size=1, max_size=255)))
def test_an_address_never_gets_too_long(values) -> None:
    parts = list(_portions("name", values))
    assert [value for part in parts for value in part] == values
    assert all(part for part in parts)


@pytest.mark.parametrize(
    ("said", "quota"),
    [
        ("Quota exceeded for resources: ['port'].", "port"),
        ("VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.", "volumes"),
        ("Requested volume or snapshot exceeds allowed gigabytes quota. Requested 5G", "gigabytes"),
        ("Something else", None),
    ],
)
def test_which_quota(said, quota) -> None:
    assert exceeded_quota(ServiceError("", said, 409)) == quota


def test_a_refusal_names_the_option_that_was_said() -> None:
    refusals = (Refusal("address", "fixed_ips", "choose another one"), Refusal("address", "network", "use another"))
    exc = ServiceError("Could not create it.", "The address is taken.", 409)
    assert "network: 'front' was refused (The address is taken); use another." in str(
        explain("web", {"network": "front"}, exc, refusals)
    )
    assert str(explain("web", {}, exc, refusals)) == "web: Could not create it."


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"port_security_enabled": False, "security_groups": ["a"]}, "security_groups"),
        ({"port_security_enabled": False, "allowed_address_pairs": [{"ip_address": "::1"}]}, "allowed_address_pairs"),
    ],
)
def test_ports_that_contradict_themselves(values, part) -> None:
    with pytest.raises(OptionError, match=part):
        NeutronPorts.validate(values, "present")
    NeutronPorts.validate(values, "absent")
    NeutronPorts.validate({"port_security_enabled": False, part: []}, "present")


def test_who_uses_a_port() -> None:
    assert user_of({"device_id": "", "device_owner": ""}) is None
    assert user_of({"device_id": "7", "device_owner": "compute:kuryr"}) == "container 7"
    assert user_of({"device_id": "7", "device_owner": "network:dhcp"}) == "network:dhcp 7"


def volume(status: str = "available", **fields: Any) -> dict[str, Any]:
    return {"id": "7", "status": status, "size": 1, "volume_type": "a", "attachments": [], **fields}


@pytest.mark.parametrize(
    ("seen", "goal", "verdict"),
    [
        (volume(), "available", READY),
        (volume("in-use"), "available", READY),
        (volume("creating"), "available", PENDING),
        (volume("error"), "available", FAILED),
        (None, "available", FAILED),
        (None, "absent", READY),
        (volume("deleting"), "absent", PENDING),
        (volume("error"), "absent", PENDING),
        (volume("error_deleting"), "absent", FAILED),
        (volume("extending"), "of size 2G", PENDING),
        (volume(), "of size 2G", FAILED),
        (volume(size=2), "of size 2G", READY),
        (volume("error_extending"), "of size 2G", FAILED),
        (volume("retyping"), "of type b", PENDING),
        (volume(), "of type b", FAILED),
        (volume(volume_type="b"), "of type b", READY),
        (volume("in-use", attachments=[{}]), "detached", PENDING),
        (volume(), "detached", READY),
    ],
)
def test_waiting_for_a_volume(seen, goal, verdict) -> None:
    judgement = CinderVolumes.judge(None, seen, goal, 1.0)  # type: ignore[arg-type]
    assert isinstance(judgement, Judgement)
    assert judgement.verdict == verdict
    assert judgement.reason or verdict == READY


@pytest.mark.parametrize("values", [{"size": 1 << 29}, {"size": 0}, {"image": "a", "source": "b"}])
def test_volumes_that_cannot_be(values) -> None:
    with pytest.raises(OptionError):
        CinderVolumes.validate(values, "present")
    CinderVolumes.validate(values, "absent")


@pytest.mark.parametrize("name", ["snapshot", "image", "source", "migration_policy"])
def test_how_a_volume_was_made_is_no_difference(name) -> None:
    assert VOLUME_OPTIONS[name].compare == "ignore"
