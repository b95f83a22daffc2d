# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of ``openstack.cloud.port`` and ``openstack.cloud.volume`` 2.6.0, each shown to be absent here."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
import yaml
from modules import Module

from ansible_collections.caas.zun.plugins.module_utils.kinds.port_options import VNIC_TYPES
from ansible_collections.caas.zun.plugins.module_utils.services.cloud import Cloud, CloudConnection

MODULES = ("container_port", "container_port_info", "container_volume", "container_volume_info")


@pytest.fixture
def made(container_volume, name, lab):
    """A volume made from an image, which Cinder marks as bootable."""
    return container_volume.ok(name=name, size=1, image=lab["glance_image"])["volume"]


def test_check_mode_of_a_changed_volume(container_volume, made, name, user) -> None:
    """1, 3: the check mode of an update ends in a traceback; description, metadata and type are ignored."""
    wanted = {"name": name, "description": "new", "metadata": {"a": "b"}, "size": 2}
    predicted = container_volume.ok(check=True, diff=True, **wanted)
    assert predicted.changed
    assert set(predicted["diff"][0]["after"]) == {"description", "metadata", "size"}
    assert container_volume.ok(**wanted).changed
    volume = user.volumes(name=name)[0]
    assert (volume["description"], volume["metadata"]["a"]) == ("new", "b")
    # The extension is over when the task is.
    assert (volume["size"], volume["status"]) == (2, "available")


def test_a_bootable_volume_stays_bootable(container_volume, lab, made, name) -> None:
    """2: a second run takes the mark of a bootable volume away."""
    assert made["bootable"] is True
    again = container_volume.ok(name=name, size=1, image=lab["glance_image"])
    assert not again.changed
    assert again["volume"]["bootable"] is True


def test_a_clone_needs_no_size(container_volume, name) -> None:
    """3: the size is demanded even where the source has one."""
    container_volume.ok(name=name, size=2)
    assert container_volume.ok(name=f"{name}-clone", source=name)["volume"]["size"] == "2G"


def test_an_update_needs_no_network(container_port, name) -> None:
    """4: the network is demanded for every task, so that the documented updates fail."""
    container_port.ok(name=name, network="front")
    assert container_port.ok(name=name, description="new").changed


def test_what_was_not_said_is_no_difference(container_port, name) -> None:
    """5: other orders, addresses without subnet and pairs without MAC address are changes for ever."""
    wanted = {
        "name": name,
        "network": "front",
        "allowed_address_pairs": [{"ip_address": "198.18.0.1"}, {"ip_address": "198.18.0.2"}],
        "extra_dhcp_opts": [
            {"opt_name": "mtu", "opt_value": "1400"},
            {"opt_name": "mtu", "opt_value": "1400", "ip_version": 6},
        ],
    }
    address = container_port.ok(**wanted)["port"]["fixed_ips"][0]["ip_address"]
    turned = {key: value[::-1] if isinstance(value, list) else value for key, value in wanted.items()}
    assert not container_port.ok(**turned, fixed_ips=[{"ip_address": address}]).changed


def test_a_port_has_a_diff_and_tags_and_every_vnic_type(container_port, name) -> None:
    """6: there is no diff; tags, QoS policy, host and many vnic types are missing."""
    container_port.ok(name=name, network="front")
    done = container_port.ok(diff=True, name=name, tags=["a"], vnic_type="vdpa")
    assert done["diff"][0]["before"] == {"tags": [], "vnic_type": "normal"}
    assert done["diff"][0]["after"] == {"tags": ["a"], "vnic_type": "vdpa"}
    assert {"vdpa", "remote-managed", "smart-nic", "accelerator-direct"} < set(VNIC_TYPES)


def test_a_dns_name_is_never_dropped(container_port, name, user) -> None:
    """7: it is left out silently where the catalogue has no Designate."""
    aliases = {entry["alias"] for entry in user("network", "GET", "/extensions")["extensions"]}
    if "dns-integration" in aliases:
        assert container_port.ok(name=name, network="front", dns_name="web")["port"]["dns_name"] == "web"
    else:
        assert "dns_name: 'web' needs the extension" in container_port.fails(name=name, network="front", dns_name="web")


def test_the_interface_of_the_configuration_counts(lab, tmp_path, monkeypatch) -> None:
    """8: the default of the option overrides ``interface: internal`` of clouds.yaml."""
    clouds = yaml.safe_load(Path(lab["clouds"]).read_text())
    clouds["clouds"]["inside"] = {**clouds["clouds"][lab["cloud"]], "interface": "internal"}
    (tmp_path / "clouds.yaml").write_text(json.dumps(clouds))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    interfaces = {
        said: Cloud(CloudConnection(cloud="inside", interface=said)).client("network")._adapter.interface
        for said in (None, "public")
    }
    assert interfaces == {None: "internal", "public": "public"}


@pytest.mark.parametrize("module", MODULES)
def test_no_traceback(module, capsys, lab, proxied) -> None:
    """9: a wrong password or a dead endpoint ends in a traceback."""
    run = Module(module, capsys)
    asked = {"name": ["a"]} if module.endswith("info") else {"name": "a"}
    wrong = {**proxied.settings, "auth": {**proxied.settings["auth"], "password": "wrong"}}
    assert "refused the login" in run.fails(cloud=wrong, **asked)
    dead = {"network_endpoint_override": "http://127.0.0.1:9", "block_storage_endpoint_override": "http://127.0.0.1:9"}
    assert "no connection" in run.fails(cloud={**proxied.settings, **dead}, **asked)
    gone = {**proxied.settings["auth"], "auth_url": "http://127.0.0.1:9/v3"}
    assert "no connection" in run.fails(cloud={**proxied.settings, "auth": gone}, **asked)


@pytest.mark.parametrize("service", ["network", "block-storage"])
def test_two_objects_of_one_name(service, container_port, container_volume, name, user) -> None:
    """10: the code for several matches calls a method that does not exist."""
    for dummy in range(2):
        if service == "network":
            body = {"port": {"name": name, "network_id": user.network("front")["id"]}}
            user(service, "POST", "/ports", body)
        else:
            user(service, "POST", "/volumes", {"volume": {"name": name, "size": 1}})
    run = container_port if service == "network" else container_volume
    assert "give the id" in run.fails(name=name)


@pytest.mark.parametrize("module", MODULES)
def test_the_documentation_says_what_a_module_can_be_trusted_to_do(module) -> None:
    """11: nothing says whether a module supports check mode, diff mode, or running twice."""
    source = importlib.import_module(f"ansible_collections.caas.zun.plugins.modules.{module}")
    fragments = yaml.safe_load(source.DOCUMENTATION)["extends_documentation_fragment"]
    assert any(fragment.startswith("caas.zun.attributes") for fragment in fragments)
