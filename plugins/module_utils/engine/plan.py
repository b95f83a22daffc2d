# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""From differences to steps: what will be done to one item, decided before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .compare import Difference
from .errors import ItemError
from .kind import ABSENT, PRESENT, Actual, Desired, Kind, Mode
from .options import CREATE_ONLY, RECREATE

# Verbs of the engine itself; all others are the kind's own (see Kind.path).
CREATE = "create"
UPDATE = "update"
DELETE = "delete"
DISCARD = "discard"
SET_ASIDE = "set_aside"
PUT_BACK = "put_back"
REMOVE = "remove"
RESTORE = "restore"
DROP_LEFTOVERS = "drop_leftovers"
WAIT = "wait"
PAUSE = "pause for a moment"

CURRENT = "current"
PREVIOUS = "previous"


@dataclass(frozen=True)
class Step:
    """One thing done to one object.

    :param on: CURRENT, or PREVIOUS for the object that is being replaced.
    :param until: goal to wait for before the next step.
    :param force: for DELETE, do not ask the object to end first.
    :param differences: for UPDATE, those to remove.
    """

    verb: str
    on: str = CURRENT
    until: str | None = None
    force: bool = False
    differences: Sequence[Difference] = field(default=(), compare=False)


@dataclass
class Plan:
    """All that will be done for one item.

    :param action: the word for it in results.
    :param predicted: the values the object will have; None when it will not exist.
    :param undo: for a verb, the steps that take it back; used in reverse order on failure.
    """

    desired: Desired
    actual: Actual | None
    action: str = "none"
    steps: list[Step] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    uncompared: list[str] = field(default_factory=list)
    predicted: dict[str, Any] | None = None
    predicted_status: str | None = None
    undo: dict[Step, list[Step]] = field(default_factory=dict)
    #: The old object is broken, so that nothing of it is to be put back.
    is_repair: bool = False

    @property
    def new_values(self) -> Mapping[str, Any]:
        """Values the object does not have yet: of the options that differ, or all of a new object."""
        if self.actual is None:
            return self.desired.values
        # What could not be compared is not known to be there, so a new object is given it.
        uncompared = {name: self.desired.values[name] for name in self.uncompared if self.action == "recreated"}
        return {**uncompared, **{diff.name: diff.after for diff in self.differences}}

    @property
    def changed(self) -> bool:
        """Something will be done; waiting alone is nothing done."""
        return any(step.verb != WAIT for step in self.steps)


# What a state is called once it was brought about, and the steps that tell nothing of it.
_DONE = {"started": "started", "healthy": "started", "stopped": "stopped", "paused": "paused", "restarted": "restarted"}


def make_plan(kind: Kind, item: Desired, actual: Actual | None, mode: Mode) -> Plan:
    """Decide what to do for one item.

    :raises ItemError: the desired object cannot be had.
    """
    plan = Plan(item, actual)
    if item.state == ABSENT:
        _plan_absence(kind, plan, mode)
        return plan
    if actual is None:
        _plan_creation(kind, plan, mode)
        return plan

    if actual.is_set_aside:
        # An earlier run was cut off before the replacement existed.
        plan.steps.append(Step(PUT_BACK))
        plan.action = "updated"
    plan.differences, plan.uncompared = kind.differences(item, actual, mode.comparisons)
    _refuse_impossible(kind, plan)
    plan.is_repair = kind.is_broken(actual)
    recreated = mode.recreate == "always" or any(diff.change == RECREATE for diff in plan.differences)
    if plan.is_repair and mode.recreate == "never":
        raise ItemError(
            f"{item.label}: the {kind.noun} is {actual.status} and can only be replaced, which recreate: never forbids; "
            "allow it with recreate: when_needed."
        )
    if recreated and mode.recreate == "never":
        names = [diff.name for diff in plan.differences if diff.change == RECREATE]
        raise ItemError(
            f"{item.label}: a difference in {', '.join(names)} can only be changed by recreating the {kind.noun}, "
            f"which recreate: never forbids; allow it with recreate: when_needed, "
            f"or leave the option alone with comparisons: {{{names[0]}: ignore}}."
        )
    kind.verify(item, actual, plan.differences)
    plan.predicted = {**actual.values, **plan.new_values}
    recreated = recreated or plan.is_repair
    if recreated:
        _plan_recreation(kind, plan, actual)
    else:
        _plan_update(kind, plan, actual, mode)
    if actual.leftovers:
        # An earlier run was cut off between the two; the old one goes once its replacement works.
        if not recreated:
            _prove(kind, plan, actual)
        plan.steps.append(Step(DROP_LEFTOVERS))
        plan.action = "updated" if plan.action == "none" else plan.action
    return plan


def _plan_absence(kind: Kind, plan: Plan, mode: Mode) -> None:
    if plan.actual is None:
        return
    kind.verify_absence(plan.desired, plan.actual, mode.force)
    for verb, goal in kind.path(plan.actual.status, ABSENT, mode.force):
        plan.steps.append(Step(verb, until=goal))
    plan.steps.append(Step(DELETE, until=ABSENT if mode.wait else None, force=mode.force))
    if plan.actual.leftovers:
        plan.steps.append(Step(DROP_LEFTOVERS))
    plan.action = "deleted"


def _plan_creation(kind: Kind, plan: Plan, mode: Mode) -> None:
    item = plan.desired
    if item.id is not None:
        raise ItemError(
            f"{item.label}: there is no {kind.noun} with id {item.id!r}; give the id of an existing one, "
            f"or only a name to create one."
        )
    kind.verify(item, None, ())
    plan.predicted = _overlaid(kind, kind.predict(None, item.values), item.values)
    plan.predicted_status = kind.status_after(item.state, None)
    plan.action = "created"
    create = Step(CREATE)
    plan.steps.append(create)
    plan.undo[create] = [Step(DISCARD)]
    plan.steps.extend(_power_steps(kind, None, item.state, mode))
    rest = kind.completions(item, plan.new_values)
    if rest:
        plan.steps.append(Step(UPDATE, differences=rest))


def _overlaid(kind: Kind, predicted: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what the user said over what a new object has anyway; of a record, only the fields said."""
    result = dict(predicted)
    for name, value in said.items():
        fields = result.get(name)
        result[name] = {**fields, **value} if kind.table[name].is_record and fields else value
    return result


def _power_steps(kind: Kind, status: str | None, state: str, mode: Mode) -> list[Step]:
    steps = [Step(verb, until=goal) for verb, goal in kind.path(status, state)]
    if steps and not mode.wait:
        # Steps on the way have to be waited for; where the way ends need not be.
        steps[-1] = Step(steps[-1].verb)
    return steps


def _plan_update(kind: Kind, plan: Plan, actual: Actual, mode: Mode) -> None:
    if plan.differences:
        for part, goal in kind.stages(plan.desired, actual, plan.differences):
            step = Step(UPDATE, until=goal, differences=part)
            plan.steps.append(step)
            if kind.reverts(part):
                way = kind.path(None, kind.state_like(actual.status))
                plan.undo[step] = [
                    Step(UPDATE, until=goal, differences=[difference.reversed() for difference in part]),
                    *(Step(verb, until=goal) for verb, goal in way),
                ]
        plan.action = "updated"
    plan.predicted_status = kind.status_after(plan.desired.state, actual.status)
    power = _power_steps(kind, actual.status, plan.desired.state, mode)
    if power and plan.action == "none":
        plan.action = _DONE.get(plan.desired.state, "updated")
    plan.steps.extend(power)
    goal = kind.awaits(plan.desired, actual)
    if goal and not power and mode.wait:
        plan.steps.append(Step(WAIT, until=goal))
    elif not power and not mode.wait and plan.steps:
        # As with power: where the way ends need not be waited for.
        plan.steps[-1] = replace(plan.steps[-1], until=None)


def _prove(kind: Kind, plan: Plan, actual: Actual) -> None:
    """Have an object reach what a replacement must reach."""
    state = kind.state_like(actual.status) if plan.desired.state == PRESENT else plan.desired.state
    way = kind.path(None, state)
    goal = kind.ready_goal(plan.desired, actual, way[-1][1]) if way else None
    if goal is not None:
        plan.steps.append(Step(WAIT, until=goal))


def _plan_recreation(kind: Kind, plan: Plan, actual: Actual) -> None:
    """The old object makes room, the new one proves itself, then the old one goes."""
    item = plan.desired
    # "present" says nothing about power, so the new object is to be as the old one was.
    state = kind.state_like(actual.status) if item.state == PRESENT else item.state
    plan.action = "recreated"
    plan.predicted = {**kind.predict(actual, plan.new_values), **plan.new_values}
    plan.predicted_status = kind.status_after(state, None)
    # Asked of a broken one as well: it may hold what its replacement needs, or what must not be lost.
    removed = kind.must_go_first(item, actual) or plan.is_repair
    if removed:
        _plan_removal(kind, plan, actual)
    else:
        _plan_room(kind, plan, actual)
    create = Step(CREATE)
    plan.steps.append(create)
    plan.undo[create] = [Step(DISCARD)]
    # Waited for even with wait: false, as the old object must not go before the new one works.
    power = kind.path(None, state)
    for index, (verb, goal) in enumerate(power):
        last = index == len(power) - 1
        plan.steps.append(Step(verb, until=kind.ready_goal(item, actual, goal) if last else goal))
    if not removed:
        plan.steps.append(Step(DELETE, on=PREVIOUS))


def _plan_room(kind: Kind, plan: Plan, actual: Actual) -> None:
    """The old object gives up its name, and what it cannot share."""
    set_aside = Step(SET_ASIDE)
    plan.steps.append(set_aside)
    plan.undo[set_aside] = [Step(PUT_BACK, on=PREVIOUS)]
    way, way_back = kind.make_room(plan.desired, actual)
    steps = [Step(verb, on=PREVIOUS, until=goal) for verb, goal in way]
    plan.steps.extend(steps)
    plan.undo.update({step: [] for step in steps})
    if steps:
        # All of it belongs to the first step: the way back does what is needed, however far the way was gone.
        plan.undo[steps[0]] = [Step(verb, on=PREVIOUS, until=goal) for verb, goal in way_back]


def _plan_removal(kind: Kind, plan: Plan, actual: Actual) -> None:
    """The old object goes before the new one is made; a failure makes it anew unless it was broken."""
    remove = Step(REMOVE)
    plan.steps.append(remove)
    plan.undo[remove] = []
    if not plan.is_repair:
        way = kind.path(None, kind.state_like(actual.status))
        plan.undo[remove] = [Step(RESTORE, on=PREVIOUS), *(Step(verb, on=PREVIOUS, until=goal) for verb, goal in way)]


def _refuse_impossible(kind: Kind, plan: Plan) -> None:
    fixed = [diff for diff in plan.differences if diff.change == CREATE_ONLY]
    if fixed:
        before, after = fixed[0].shown()
        raise ItemError(
            f"{plan.desired.label}: {fixed[0].name} is {before!r} and cannot be changed to {after!r} once the "
            f"{kind.noun} exists; keep the value, ignore it with comparisons: {{{fixed[0].name}: ignore}}, "
            f"or remove the {kind.noun} first (state: absent)."
        )
