# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks of a container, changed in place."""

from __future__ import annotations

import pytest
from proxy import CountingProxy


def endpoints(inspect, name: str) -> dict:
    return inspect(name)["NetworkSettings"]["Networks"]


def own_aliases(inspect, name: str, network: str) -> set[str]:
    return set(endpoints(inspect, name)[network]["Aliases"] or ()) - {inspect(name)["Id"][:12]}


def address(engine, network: str, last: int) -> str:
    return engine.inspect_network(network)["IPAM"]["Config"][0]["Subnet"].replace("0/24", str(last))


@pytest.mark.parametrize("status", ["started", "stopped", "present"])
@pytest.mark.parametrize("by", ["name", "id"])
def test_in_place(by, status, appcontainer, engine, image, inspect, name, network) -> None:
    """Connected, changed and disconnected; the container stays the same one, running or not."""
    first, second, third = network("a"), network("b"), network("c")

    def spell(net: str) -> str:
        return net if by == "name" else engine.inspect_network(net)["Id"]

    one, two = {"network": spell(first), "aliases": ["www", "web"]}, {"network": spell(second)}
    three = {"network": spell(third), "v4_fixed_ip": address(engine, third, 33)}
    options = {"name": name, "image": image, "state": "present" if status == "present" else "started"}
    made = appcontainer.ok(**options, nets=[one])
    if status == "stopped":
        engine.stop(name)
        options["state"] = "present"
    assert set(endpoints(inspect, name)) == {first}
    assert own_aliases(inspect, name, first) == {"www", "web"}

    for nets in (
        [one, two],
        [two, one, three],
        [{**three, "v4_fixed_ip": address(engine, third, 44)}, one],
        [{**one, "aliases": ["web"]}, two],
        [three],
    ):
        predicted = appcontainer.ok(check=True, diff=True, **options, nets=nets)
        assert predicted["containers"][0]["action"] == "updated"
        applied = appcontainer.ok(diff=True, **options, nets=nets)
        assert applied["diff"] == predicted["diff"]
        assert applied["container"]["id"] == made["container"]["id"]
        shown = {net["network"]: net for net in applied["container"]["nets"]}
        assert shown == {net["network"]: net for net in predicted["container"]["nets"]}
        names = {first: spell(first), second: spell(second), third: spell(third)}
        assert {names[net] for net in endpoints(inspect, name)} == {net["network"] for net in nets}
        for net in nets:
            assert shown[net["network"]].get("v4_fixed_ip") == net.get("v4_fixed_ip")
            assert set(shown[net["network"]].get("aliases", ())) == set(net.get("aliases", ()))
        for check in (True, False):
            assert not appcontainer.ok(check=check, **options, nets=list(reversed(nets))).changed
    if status != "started":
        started = appcontainer.ok(name=name, state="started", nets=[three])
        assert started["containers"][0]["action"] == "started"
    assert endpoints(inspect, name)[third]["IPAddress"] == address(engine, third, 33)
    # A restart must find what NetworkMode names, which may be gone by now.
    restarted = appcontainer.ok(name=name, state="restarted", nets=[three])
    assert restarted["container"]["addresses"] == {third: [{"addr": address(engine, third, 33), "version": 4}]}
    # And so must a replacement.
    recreated = appcontainer.ok(name=name, labels={"a": "b"})
    assert recreated["container"]["addresses"] == {third: [{"addr": address(engine, third, 33), "version": 4}]}


@pytest.mark.parametrize("by", ["name", "id"])
def test_several_from_the_start(by, appcontainer, engine, image, inspect, name, network) -> None:
    nets = [network("a"), network("b"), network("c")]
    spelled = [net if by == "name" else engine.inspect_network(net)["Id"] for net in nets]
    said = [
        {"network": spelled[1], "v4_fixed_ip": address(engine, nets[1], 7), "aliases": ["two"]},
        {"network": spelled[0]},
        {"network": spelled[2], "aliases": ["three"]},
    ]
    made = appcontainer.ok(name=name, image=image, nets=said)
    assert set(endpoints(inspect, name)) == set(nets)
    # The first one is the primary one.
    assert made["container"]["nets"][0]["network"] == spelled[1]
    assert endpoints(inspect, name)[nets[1]]["IPAddress"] == address(engine, nets[1], 7)
    assert own_aliases(inspect, name, nets[1]) == {"two"}
    assert own_aliases(inspect, name, nets[2]) == {"three"}
    assert not appcontainer.ok(name=name, image=image, nets=said).changed
    recreated = appcontainer.ok(name=name, environment={"A": "1"})
    assert recreated["containers"][0]["action"] == "recreated"
    assert own_aliases(inspect, name, nets[2]) == {"three"}
    assert endpoints(inspect, name)[nets[1]]["IPAddress"] == address(engine, nets[1], 7)
    assert not appcontainer.ok(name=name, image=image, nets=said).changed


def test_one_network_by_both_its_names(appcontainer, engine, image, name, network) -> None:
    net = network()
    both = [{"network": net}, {"network": engine.inspect_network(net)["Id"]}]
    message = appcontainer.fails(name=name, image=image, nets=both)
    assert "nets" in message
    assert "twice" in message


@pytest.mark.parametrize("special", ["host", "none"])
def test_special_networks(special, appcontainer, image, inspect, name, network) -> None:
    net = network()
    first = appcontainer.ok(name=name, image=image, nets=[{"network": special}])
    assert not appcontainer.ok(name=name, image=image, nets=[{"network": special}]).changed
    assert inspect(name)["HostConfig"]["NetworkMode"] == special
    for nets in ([{"network": net}], [{"network": special}]):
        for check in (True, False):
            changed = appcontainer.ok(check=check, name=name, nets=nets)
            assert changed["containers"][0]["action"] == "recreated"
        assert not appcontainer.ok(name=name, nets=nets).changed
        assert set(endpoints(inspect, name)) == {nets[0]["network"]}
    kept = appcontainer.ok(name=name, labels={"a": "b"})
    assert kept["container"]["nets"] == [{"network": special}]
    assert kept["container"]["id"] != first["container"]["id"]


def test_from_and_to_the_default_network(appcontainer, image, inspect, name, network) -> None:
    net = network()
    made = appcontainer.ok(name=name, image=image)
    assert made["container"]["nets"] == [{"network": "bridge"}]
    for nets in ([{"network": net}], [{"network": "bridge"}], [{"network": net}, {"network": "bridge"}]):
        changed = appcontainer.ok(name=name, nets=nets)
        assert changed["container"]["id"] == made["container"]["id"]
        assert set(endpoints(inspect, name)) == {entry["network"] for entry in nets}
        assert not appcontainer.ok(name=name, nets=nets).changed
    # What is there besides may stay, when the user says so.
    assert not appcontainer.ok(name=name, nets=[{"network": net}], comparisons={"nets": "superset"}).changed


def test_failure_in_the_middle(appcontainer, engine, image, inspect, name, network, tmp_path) -> None:
    """A connection that was cut to be made anew is made again as it was."""
    net, other = network("a"), network("b")
    taken = address(engine, net, 66)
    appcontainer.ok(name=f"{name}-other", image=image, nets=[{"network": net, "v4_fixed_ip": taken}])
    old = [{"network": net, "v4_fixed_ip": address(engine, net, 55), "aliases": ["me"]}]
    made = appcontainer.ok(name=name, image=image, nets=old)
    message = appcontainer.fails(name=name, nets=[{"network": net, "v4_fixed_ip": taken}, {"network": other}])
    assert taken in message
    assert endpoints(inspect, name)[net]["IPAddress"] == address(engine, net, 55)
    assert own_aliases(inspect, name, net) == {"me"}
    proxy = CountingProxy(tmp_path / "engine.sock")
    try:
        failed: list[str] = []

        def fault(method: str, path: str) -> bool:
            hit = path.endswith("/connect") and not failed
            failed.extend([path] if hit else [])
            return hit

        proxy.fault = fault
        appcontainer.fails(name=name, nets=[{**old[0], "aliases": ["you"]}], docker_host=proxy.host)
        assert failed
    finally:
        proxy.shutdown()
        proxy.server_close()
    assert endpoints(inspect, name)[net]["IPAddress"] == address(engine, net, 55)
    assert own_aliases(inspect, name, net) == {"me"}
    assert inspect(name)["Id"] == made["container"]["id"]
    assert appcontainer.ok(name=name, nets=old, diff=True)["containers"][0]["action"] in ("none", "updated")
    assert not appcontainer.ok(name=name, nets=old).changed


def test_network_of_another_container(appcontainer, inspect, name, raw) -> None:
    """There is no option for it, so it must survive."""
    other = raw("-other")
    raw(network_mode=f"container:{other}")
    recreated = appcontainer.ok(name=name, labels={"a": "b"})
    assert recreated["containers"][0]["action"] == "recreated"
    assert inspect(name)["HostConfig"]["NetworkMode"] == f"container:{other}"
    assert not appcontainer.ok(name=name, labels={"a": "b"}).changed


def test_changed_together_with_what_recreates(appcontainer, engine, image, inspect, name, network) -> None:
    net, other = network("a"), network("b")
    appcontainer.ok(name=name, image=image, nets=[{"network": net, "v4_fixed_ip": address(engine, net, 9)}])
    nets = [{"network": other, "aliases": ["x"]}, {"network": net, "v4_fixed_ip": address(engine, net, 9)}]
    changed = appcontainer.ok(name=name, nets=nets, environment={"A": "1"}, cpu=0.5)
    assert changed["containers"][0]["action"] == "recreated"
    assert changed["container"]["nets"][0]["network"] == other
    assert not appcontainer.ok(name=name, nets=nets, environment={"A": "1"}, cpu=0.5).changed
