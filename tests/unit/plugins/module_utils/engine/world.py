# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small world of objects that behaves like a service, for tests of the engine."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.caas.zun.plugins.module_utils.engine.compare import Difference
from ansible_collections.caas.zun.plugins.module_utils.engine.digest import UNKNOWN, Digest
from ansible_collections.caas.zun.plugins.module_utils.engine.errors import ItemError
from ansible_collections.caas.zun.plugins.module_utils.engine.kind import (
    ABSENT,
    FAILED,
    PENDING,
    PRESENT,
    READY,
    Actual,
    Desired,
    Judgement,
    Kind,
    Observed,
    Way,
)
from ansible_collections.caas.zun.plugins.module_utils.engine.options import (
    CREATE_ONLY,
    IN_PLACE,
    RECREATE,
    SET,
    SUPERSET,
    Option,
    OptionsTable,
    Supported,
)

ON, OFF = "on", "off"
ASIDE = "~old"


def _on(change: str, unset: Any = None) -> dict[str, Supported]:
    return {"world": Supported(change, unset=unset)}


LAMPS = OptionsTable(
    (
        Option("name", "str", ("Name.",), backends=_on(IN_PLACE)),
        Option("colour", "str", ("Changed in place.",), backends=_on(IN_PLACE, "white")),
        Option("cable", "str", ("Changed by a new lamp.",), backends=_on(RECREATE, "short")),
        Option("maker", "str", ("Never changed.",), backends=_on(CREATE_ONLY, "acme")),
        Option("tags", "list", ("A set.",), elements="str", compare=SET, backends=_on(RECREATE, [])),
        Option("notes", "dict", ("More may be there.",), compare=SUPERSET, backends=_on(IN_PLACE, {})),
        Option("code", "dict", ("Secret, reported.",), secret=True, compare=SUPERSET, backends=_on(RECREATE, {})),
        Option(
            "serial", "str", ("Not reported: a digest tells.",), backends={"world": Supported(RECREATE, reported=False)}
        ),
        Option(
            "bulbs",
            "list",
            ("Records.",),
            elements="dict",
            key="socket",
            compare=SET,
            suboptions=(
                Option("socket", "str", ("Which one.",), required=True),
                Option("watts", "int", ("Power.",)),
                Option("shades", "list", ("A set.",), elements="str", compare=SET),
            ),
            backends=_on(IN_PLACE, []),
        ),
    )
)


@dataclass
class Lamp:
    """What the service keeps of one object."""

    id: str
    name: str
    values: dict[str, Any]
    status: str = OFF
    ours: bool = True
    salt: str = "salt"
    until_on: int = 0
    broken: bool = False


@dataclass
class World:
    """The service.

    :param slowness: looks it takes until a lamp that was switched on is on.
    :param failing: words of calls that fail, each with the lamp's name, as in ``start web``.
    """

    lamps: dict[str, Lamp] = field(default_factory=dict)
    slowness: int = 0
    failing: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    ids: Any = field(default_factory=lambda: itertools.count(1))

    def call(self, verb: str, name: str) -> None:
        self.calls.append(f"{verb} {name}")
        if f"{verb} {name}" in self.failing:
            raise ItemError(f"{name}: {verb} was refused.")

    def add(self, name: str, status: str = OFF, ours: bool = True, **values: Any) -> Lamp:
        lamp = Lamp(f"id-{next(self.ids)}", name, values, status=status, ours=ours)
        self.lamps[lamp.id] = lamp
        return lamp

    def named(self, name: str) -> Lamp | None:
        return next((lamp for lamp in self.lamps.values() if lamp.name == name), None)


class Lamps(Kind):
    """Teaches the engine the world."""

    noun = "lamp"
    table = LAMPS
    backend = "world"

    def __init__(self, world: World) -> None:
        self.world = world

    def _actual(self, lamp: Lamp) -> Actual:
        values = {option.name: self.table.support(option.name, "world").unset for option in self.table}
        values.update(lamp.values)
        values["name"] = lamp.name.removesuffix(ASIDE)
        serial = lamp.values.get("serial")
        values["serial"] = Digest.of(lamp.salt, serial) if lamp.ours else UNKNOWN
        return Actual(
            lamp.id,
            lamp.name.removesuffix(ASIDE),
            values,
            lamp.status,
            raw=lamp,
            managed=lamp.ours,
            is_set_aside=lamp.name.endswith(ASIDE),
        )

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        self.world.calls.append("list")
        observed: list[Observed] = []
        for item in items:
            if item.id:
                lamp = self.world.lamps.get(item.id)
            else:
                lamp = self.world.named(item.name or "") or self.world.named(f"{item.name}{ASIDE}")
            observed.append(self._actual(lamp) if lamp else None)
        return observed

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        lamp = self.world.lamps.get(actual.id)
        return self._actual(lamp) if lamp else None

    def status_after(self, state: str, status: str | None) -> str:
        return {PRESENT: status or OFF, ABSENT: ABSENT, "stopped": OFF}.get(state, ON)

    def path(self, status: str | None, state: str, force: bool = False) -> Way:
        if state in ("started", "restarted") and status != ON:
            return [("start", ON)]
        if state == "restarted":
            return [("stop", OFF), ("start", ON)]
        if state in ("stopped", ABSENT) and status == ON and not force:
            return [("stop", OFF)]
        return []

    def state_like(self, status: str) -> str:
        return "started" if status == ON else "stopped"

    def excludes(self, item: Desired, actual: Actual) -> bool:
        return "exclusive" in (actual.values["tags"] or [])

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        name = item.name or (base.name if base else "")
        self.world.call("create", name)
        kept = dict(base.raw.values) if base else {}
        lamp = self.world.add(name, **{**kept, **{key: value for key, value in values.items() if key != "name"}})
        lamp.broken = f"break {name}" in self.world.failing
        return self._actual(lamp)

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        self.world.call("update", actual.name)
        lamp = self.world.lamps[actual.id]
        for difference in differences:
            if difference.name == "name":
                lamp.name = difference.after
            else:
                lamp.values[difference.name] = difference.after

    def delete(self, actual: Actual, force: bool = False) -> None:
        self.world.call("delete", actual.name)
        self.world.lamps.pop(actual.id, None)

    def act(self, verb: str, actual: Actual) -> None:
        self.world.call(verb, actual.name)
        lamp = self.world.lamps[actual.id]
        if verb == "start":
            lamp.until_on = self.world.slowness
        lamp.status = ON if verb == "start" and not lamp.until_on else OFF

    def set_aside(self, actual: Actual) -> None:
        self.world.call("set_aside", actual.name)
        self.world.lamps[actual.id].name += ASIDE

    def put_back(self, actual: Actual) -> None:
        self.world.call("put_back", actual.name)
        self.world.lamps[actual.id].name = actual.name

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        self.world.calls.append("poll")
        seen = {}
        for actual in actuals:
            lamp = self.world.lamps.get(actual.id)
            if lamp:
                lamp.until_on = max(lamp.until_on - 1, 0)
                if self.world.calls[-1] and not lamp.until_on and f"start {actual.name}" in self.world.calls:
                    lamp.status = lamp.status if lamp.status == OFF and _stopped_last(self.world, actual.name) else ON
                seen[actual.id] = lamp
        return seen

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        if goal == ABSENT:
            return Judgement(READY if seen is None else PENDING)
        if seen is None:
            return Judgement(FAILED, "is gone")
        if seen.broken and goal == ON:
            return Judgement(FAILED, "burnt out")
        return Judgement(READY if seen.status == goal else PENDING, f"it is {seen.status}")

    def post_mortem(self, actual: Actual, reason: str) -> ItemError:
        return ItemError(f"{reason}.", ["last words"])


def _stopped_last(world: World, name: str) -> bool:
    power = [call for call in world.calls if call in (f"start {name}", f"stop {name}")]
    return bool(power) and power[-1].startswith("stop")


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)
