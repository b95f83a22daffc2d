# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating several objects at once, and changing one in several stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from world import ON, Clock, Lamps, World

from ansible_collections.caas.zun.plugins.module_utils.engine.compare import Difference
from ansible_collections.caas.zun.plugins.module_utils.engine.errors import EngineError, ItemError
from ansible_collections.caas.zun.plugins.module_utils.engine.kind import Actual, Created, Desired, Mode
from ansible_collections.caas.zun.plugins.module_utils.engine.reconcile import reconcile


class ManyLamps(Lamps):
    """Lamps that can be created together; what fails is not what the others do."""

    def create_many(self, wanted: Sequence[tuple[Desired, Mapping[str, Any]]], keep_going: bool) -> list[Created]:
        self.world.call("create_many", str(len(wanted)))
        outcomes: list[Created] = []
        for item, values in wanted:
            if any(isinstance(outcome, ItemError) for outcome in outcomes) and not keep_going:
                outcomes.append(None)
                continue
            try:
                outcomes.append(self.create(item, None, values))
            except ItemError as exc:
                outcomes.append(exc)
        return outcomes


class StagedLamps(Lamps):
    """Lamps whose differences are removed one after the other."""

    def stages(
        self, item: Desired, actual: Actual, differences: Sequence[Difference]
    ) -> list[tuple[Sequence[Difference], str | None]]:
        return [([difference], actual.status) for difference in differences]

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        self.world.call("change", ",".join(difference.name for difference in differences))
        super().update(item, actual, differences)


def lamps(*names: str, state: str = "started", **values: Any) -> list[Desired]:
    return [Desired(name, state, {"name": name, **values}, name=name) for name in names]


def run(kind: Lamps, items: list[Desired], **mode: Any):
    clock = Clock()
    return reconcile(kind, items, Mode(**mode), clock, clock.sleep)


def test_what_is_created_together_is_waited_for() -> None:
    world = World(slowness=2)
    report = run(ManyLamps(world), lamps("a", "b", "c"))
    assert [result.action for result in report.items] == ["created"] * 3
    assert {lamp.status for lamp in world.lamps.values()} == {ON}
    assert world.calls.count("create_many 3") == 1
    assert world.calls.count("create a") == 1


def test_one_is_created_alone() -> None:
    world = World()
    run(ManyLamps(world), lamps("a"))
    assert "create_many 1" not in world.calls


def test_check_mode_creates_nothing() -> None:
    world = World()
    assert run(ManyLamps(world), lamps("a", "b"), check=True).changed
    assert world.calls == ["list"]


@pytest.mark.parametrize(
    ("on_error", "actions"),
    [("stop", ["created", "failed", "skipped", "skipped"]), ("continue", ["created", "failed", "created", "none"])],
)
def test_one_of_several_fails(on_error, actions) -> None:
    world = World(failing={"create b"})
    world.add("d", status=ON, colour="white")
    items = [*lamps("a", "b", "c", state="started"), *lamps("d", colour="white")]
    report = run(ManyLamps(world), items, on_error=on_error)
    # What needs nothing done is not skipped.
    expected = [*actions[:3], "none"]
    assert [result.action for result in report.items] == expected
    assert report.items[0].changed
    assert not report.items[1].changed
    assert report.items[1].error.message == "b: create was refused."
    assert (world.named("c") is None) == (on_error == "stop")


def test_an_object_made_together_that_fails_later_is_taken_back() -> None:
    world = World(failing={"start b"})
    report = run(ManyLamps(world), lamps("a", "b"), on_error="continue")
    assert [result.action for result in report.items] == ["created", "failed"]
    assert world.named("b") is None
    assert world.named("a")


@pytest.mark.parametrize("fault", [EngineError("no answer."), ValueError("a fault of ours")])
def test_a_failure_of_all(fault) -> None:
    class Broken(Lamps):
        def create_many(self, wanted, keep_going):
            raise fault

    world = World()
    report = run(Broken(world), lamps("a", "b"))
    assert [result.action for result in report.items] == ["failed", "failed"]
    assert not report.changed
    assert str(fault).rstrip(".") in report.items[0].error.message
    assert report.items[0].error.message.startswith("a: ")


def test_stages_come_one_after_the_other() -> None:
    world = World()
    world.add("a", status=ON, colour="white")
    report = run(StagedLamps(world), lamps("a", colour="red", notes={"x": "y"}))
    assert report.items[0].action == "updated"
    changes = [call for call in world.calls if call.startswith("change") or call == "poll"]
    assert changes == ["change colour", "poll", "change notes", "poll"]
    world.calls.clear()
    run(StagedLamps(world), lamps("a", colour="blue", notes={"x": "z"}), wait=False)
    # The last one only is not waited for.
    assert world.calls.count("poll") == 1
