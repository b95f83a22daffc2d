# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services whose lists are old, whose objects break, and whose resources stay with an object until it is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from world import OFF, ON, Clock, Lamps, World

from ansible_collections.caas.zun.plugins.module_utils.engine.compare import Difference, compare
from ansible_collections.caas.zun.plugins.module_utils.engine.errors import ItemError, OptionError, PassingError
from ansible_collections.caas.zun.plugins.module_utils.engine.kind import (
    AGAIN,
    Actual,
    Desired,
    Judgement,
    Mode,
    Observed,
)
from ansible_collections.caas.zun.plugins.module_utils.engine.options import IN_PLACE, SET, Option
from ansible_collections.caas.zun.plugins.module_utils.engine.reconcile import reconcile


class LateLamps(Lamps):
    """What is listed is what was known before the world changed."""

    lags = True

    def __init__(self, world: World, listed: dict[str, Any]) -> None:
        super().__init__(world)
        self.listed = listed

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        return [
            replace(actual, **self.listed.get(actual.name, {})) if isinstance(actual, Actual) else actual
            for actual in super().observe(items)
        ]

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        self.world.calls.append(f"refresh {actual.name}")
        return super().refresh(item, actual)


class ClingingLamps(Lamps):
    """A lamp keeps its cable until it is deleted, and one that is out of order can only be deleted."""

    def must_go_first(self, item: Desired, actual: Actual) -> bool:
        if actual.values["cable"] == "heirloom":
            raise ItemError(f"{item.label}: the heirloom would be lost.")
        return True

    def is_broken(self, actual: Actual) -> bool:
        return actual.status == "out of order"

    def restore(self, actual: Actual) -> Actual:
        self.world.call("restore", actual.name)
        return self._actual(self.world.add(actual.name, **actual.raw.values))


class RevertingLamps(Lamps):
    """Another colour may be refused only when the lamp is to light up again."""

    def stages(
        self, item: Desired, actual: Actual, differences: Sequence[Difference]
    ) -> list[tuple[Sequence[Difference], str | None]]:
        return [(differences, ON)]

    def reverts(self, differences: Sequence[Difference]) -> bool:
        return differences[0].name == "colour"

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        super().update(item, actual, differences)
        lamp = self.world.lamps[actual.id]
        lamp.broken = lamp.values["colour"] == "ultraviolet"
        lamp.status = OFF if lamp.broken else ON


class FlickeringLamps(Lamps):
    """The first lamps of a name burn out at once; later ones last."""

    burn_out = 1

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        made = sum(call.startswith("create") for call in self.world.calls)
        if goal == ON and made <= self.burn_out:
            return Judgement(AGAIN, "burnt out")
        return super().judge(seen, goal, elapsed)


class DimLamps(Lamps):
    """The first lamp is known not to work as soon as it is made."""

    def create(self, item: Desired, base: Actual | None, values: Any) -> Actual:
        made = super().create(item, base, values)
        if len(self.world.calls) < 2:
            super().discard(made)
            raise PassingError(f"{item.label}: burnt out.")
        return made


def lamp(name: str, state: str = "started", **values: Any) -> Desired:
    return Desired(name, state, {"name": name, **values}, name=name)


def run(kind: Lamps, *items: Desired, **mode: Any):
    clock = Clock()
    return reconcile(kind, items, Mode(**mode), clock, clock.sleep)


def test_nothing_is_looked_at_again_that_is_not_to_be_changed() -> None:
    world = World()
    world.add("one", status=ON)
    (item,) = run(LateLamps(world, {}), lamp("one")).items
    assert item.action == "none"
    assert "refresh one" not in world.calls


@pytest.mark.parametrize("check", [False, True])
def test_what_has_changed_since_the_list_is_seen(check) -> None:
    world = World()
    world.add("one", status=ON)
    (item,) = run(LateLamps(world, {"one": {"status": OFF}}), lamp("one"), check=check).items
    assert (item.action, item.changed) == ("none", False)
    assert "start one" not in world.calls


def test_what_is_gone_since_the_list_is_created() -> None:
    class Gone(LateLamps):
        def refresh(self, item: Desired, actual: Actual) -> Actual | None:
            self.world.lamps.pop(actual.id, None)
            return super().refresh(item, actual)

    world = World()
    old = world.add("one", status=OFF)
    (item,) = run(Gone(world, {}), lamp("one"), check=True).items
    assert old.id not in world.lamps
    assert item.action == "created"


def test_the_old_one_goes_first() -> None:
    world = World()
    old = world.add("one", status=ON, cable="short")
    (item,) = run(ClingingLamps(world), lamp("one", cable="long")).items
    assert (item.action, item.failed) == ("recreated", False)
    assert old.id not in world.lamps
    assert world.calls.index("delete one") < world.calls.index("create one")
    assert "set_aside one" not in world.calls


def test_an_old_one_that_went_is_made_anew() -> None:
    world = World(failing={"break one"})
    world.add("one", status=ON, cable="short")
    (item,) = run(ClingingLamps(world), lamp("one", cable="long")).items
    assert item.failed
    assert "had to be removed before; it was made anew with the same settings" in item.error.message
    (left,) = list(world.lamps.values())
    assert (left.name, left.values["cable"], left.status) == ("one", "short", ON)


def test_nothing_goes_that_would_be_lost() -> None:
    world = World()
    old = world.add("one", status=ON, cable="heirloom")
    (item,) = run(ClingingLamps(world), lamp("one", cable="long")).items
    assert item.error.message == "one: the heirloom would be lost."
    assert list(world.lamps) == [old.id]
    assert world.calls == ["list"]


@pytest.mark.parametrize("failing", [set(), {"break one"}])
def test_a_broken_one_is_replaced_and_never_comes_back(failing) -> None:
    world = World(failing=failing)
    old = world.add("one", status="out of order")
    (item,) = run(ClingingLamps(world), lamp("one")).items
    assert item.failed == bool(failing)
    assert old.id not in world.lamps
    assert "restore one" not in world.calls
    assert "back in place" not in (item.error.message if item.error else "")


def test_a_broken_one_stays_where_recreation_is_forbidden() -> None:
    world = World()
    world.add("one", status="out of order")
    (item,) = run(ClingingLamps(world), lamp("one"), recreate="never").items
    assert "is out of order and can only be replaced, which recreate: never forbids" in item.error.message
    assert world.calls == ["list"]


def test_a_change_in_place_that_fails_is_taken_back() -> None:
    world = World()
    world.add("one", status=ON, colour="red")
    (item,) = run(RevertingLamps(world), lamp("one", colour="ultraviolet")).items
    assert item.failed
    (left,) = list(world.lamps.values())
    assert (left.values["colour"], left.status, left.broken) == ("red", ON, False)


NETS = Option(
    "nets",
    "list",
    ("By network or by port.",),
    elements="dict",
    key=("network", "port"),
    compare=SET,
    suboptions=(Option("network", "str", ("",)), Option("port", "str", ("",)), Option("address", "str", ("",))),
)


def test_elements_are_told_apart_by_alternative_keys() -> None:
    actual = [{"network": "a", "address": "1"}, {"port": "p"}]
    desired = [{"port": "p"}, {"network": "a"}]
    assert compare([NETS], {"nets": desired}, {"nets": actual}, {}, lambda *dummy: IN_PLACE) == ([], [])
    (difference,) = compare(
        [NETS], {"nets": [{"port": "q"}, {"network": "a"}]}, {"nets": actual}, {}, lambda *dummy: IN_PLACE
    )[0]
    assert difference.after == [{"network": "a", "address": "1"}, {"port": "q"}]
    assert difference.reversed().after == actual


def test_an_element_is_refused_twice_by_any_of_its_keys() -> None:
    with pytest.raises(OptionError, match=r"nets.port: 'p' is given twice"):
        NETS.canonical([{"port": "p"}, {"port": "p"}])
    assert len(NETS.canonical([{"port": "p"}, {"network": "p"}])) == 2


@pytest.mark.parametrize("kind", [FlickeringLamps, DimLamps])
def test_a_creation_that_fails_in_passing_is_done_again(kind) -> None:
    world = World()
    (item,) = run(kind(world), lamp("one")).items
    assert (item.action, item.failed) == ("created", False)
    (left,) = list(world.lamps.values())
    assert (item.id, left.status) == (left.id, ON)


def test_a_replacement_that_fails_in_passing_is_made_again() -> None:
    world = World()
    world.add("one", status=ON, cable="short")
    (item,) = run(FlickeringLamps(world), lamp("one", cable="long")).items
    assert (item.action, item.failed) == ("recreated", False)
    (left,) = list(world.lamps.values())
    assert (left.values["cable"], left.status) == ("long", ON)


def test_attempts_come_to_an_end() -> None:
    world = World()
    kind = FlickeringLamps(world)
    kind.burn_out = 100
    (item,) = run(kind, lamp("one")).items
    assert item.failed
    assert "burnt out" in item.error.message
    assert sum(call.startswith("create") for call in world.calls) == 5
    assert not world.lamps
