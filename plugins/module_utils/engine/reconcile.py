# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""observe -> compare -> plan -> apply -> wait -> result, for a list of items.

Applying is a set of small state machines, one per item, driven by one loop:
each runs its steps until it has to wait, and a single look at *all* waiting
objects tells which of them may go on. A failure turns an item's remaining
steps into those that take back what was done.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Callable, Union

from .compare import Difference
from .errors import EngineError, ItemError, PassingError, fault_of_ours
from .kind import ABSENT, AGAIN, FAILED, PENDING, READY, Actual, Created, Desired, Judgement, Kind, Mode
from .parallel import bounded_map, threads
from .plan import (
    CREATE,
    DELETE,
    DISCARD,
    DROP_LEFTOVERS,
    PAUSE,
    PREVIOUS,
    PUT_BACK,
    REMOVE,
    RESTORE,
    SET_ASIDE,
    UPDATE,
    WAIT,
    Plan,
    Step,
    make_plan,
)
from .results import ItemResult, Report
from .secrets import Masker


def reconcile(
    kind: Kind,
    items: Sequence[Desired],
    mode: Mode,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Bring every item to its desired state.

    :raises EngineError: nothing could even be looked at (wrong password, engine down, ...).
        What fails for one item only is in the report.
    """
    plans = _plan_all(kind, items, mode)
    unplanned = any(isinstance(plan, ItemError) for plan in plans)
    if not mode.check and not (unplanned and mode.on_error == "stop"):
        _prepare_all(kind, plans, mode)
        unplanned = any(isinstance(plan, ItemError) for plan in plans)
    if unplanned and mode.on_error == "stop":
        return Report([_unapplied(item, plan) for item, plan in zip(items, plans)])
    if mode.check:
        return Report([_predicted(kind, item, plan) for item, plan in zip(items, plans)])
    return _apply_all(kind, items, plans, mode, clock, sleep)


Planned = Union[Plan, ItemError]

#: How long to wait before an object is made again, where what hinders it passes; in seconds, one for each time.
_PAUSES = (1.0, 2.0, 4.0, 8.0)


def _plan_all(kind: Kind, items: Sequence[Desired], mode: Mode) -> list[Planned]:
    plans: list[Planned] = []
    meant: dict[str, Desired] = {}
    late: list[tuple[int, Actual]] = []
    for item, observed in zip(items, kind.observe(items)):
        if isinstance(observed, ItemError):
            plans.append(observed)
            continue
        if observed is not None and meant.setdefault(observed.id, item) is not item:
            other = meant[observed.id].label
            plans.append(ItemError(f"{item.label}: is the same {kind.noun} as {other}; speak of it only once."))
            continue
        plan = _planned(kind, item, observed, mode)
        if kind.lags and observed is not None and (isinstance(plan, ItemError) or plan.steps):
            late.append((len(plans), observed))
        plans.append(plan)
    again = bounded_map(lambda entry: _looked_again(kind, items[entry[0]], entry[1], mode), late, mode.parallelism)
    for (position, _dummy), plan in zip(late, again):
        plans[position] = plan
    return plans


def _planned(kind: Kind, item: Desired, observed: Actual | None, mode: Mode) -> Planned:
    try:
        return make_plan(kind, item, observed, mode)
    except EngineError as exc:
        return _as_item_error(item, exc)


def _looked_again(kind: Kind, item: Desired, observed: Actual, mode: Mode) -> Planned:
    """Plan anew by what an object is now, as a listing may be old and the object is about to be changed."""
    try:
        now = kind.refresh(item, observed)
    except EngineError as exc:
        return _as_item_error(item, exc)
    if now is not None:
        now = replace(now, is_set_aside=observed.is_set_aside, leftovers=observed.leftovers)
    return _planned(kind, item, now, mode)


def _as_item_error(item: Desired, exc: EngineError) -> ItemError:
    if isinstance(exc, ItemError):
        return exc
    text = str(exc)
    return ItemError(text if text.startswith(f"{item.label}: ") else f"{item.label}: {text}")


def _prepare_all(kind: Kind, plans: list[Planned], mode: Mode) -> None:
    """Fetch what creations need before the first object is touched."""

    def prepare(plan: Planned) -> Planned:
        if isinstance(plan, Plan) and plan.action in ("created", "recreated"):
            try:
                kind.prepare(plan.desired, plan.new_values)
            except EngineError as exc:
                return _as_item_error(plan.desired, exc)
        return plan

    plans[:] = bounded_map(prepare, plans, mode.parallelism)


def _unapplied(item: Desired, plan: Planned) -> ItemResult:
    result = ItemResult(item.label, action="skipped", name=item.name, id=item.id)
    if isinstance(plan, ItemError):
        result.action, result.error = "failed", plan
    elif not plan.changed:
        result.action = "none"
    return result


def _result_of(kind: Kind, plan: Plan) -> ItemResult:
    """Describe a plan as if it had been carried out, but for the object itself."""
    actual = plan.actual
    result = ItemResult(
        plan.desired.label,
        action=plan.action,
        changed=plan.changed,
        name=plan.desired.name or (actual.name if actual else None),
        id=actual.id if actual else None,
        uncompared=plan.uncompared,
    )
    for difference in plan.differences:
        result.before[difference.name], result.after[difference.name] = difference.shown()
    _note_status(result, plan, kind)
    return result


def _note_status(result: ItemResult, plan: Plan, kind: Kind) -> None:
    """Show creation, deletion and changes of power in the diff."""
    actual = plan.actual
    if plan.action == "created":
        for option in kind.table.of_backend(kind.backend):
            if option.name in plan.desired.values:
                whole = Difference(option, None, plan.desired.values[option.name], "")
                result.after[option.name] = whole.shown()[1]
        result.after["status"] = plan.predicted_status
    elif plan.action == "deleted":
        result.before = kind.view(actual) if actual else {}
    elif plan.changed and actual and plan.predicted_status != actual.status:
        result.before["status"], result.after["status"] = actual.status, plan.predicted_status


def _predicted(kind: Kind, item: Desired, plan: Planned) -> ItemResult:
    if isinstance(plan, ItemError):
        return _unapplied(item, plan)
    result = _result_of(kind, plan)
    if plan.actual is not None and not plan.changed:
        result.view = kind.view(plan.actual)
    elif plan.predicted is not None:
        keeps_id = plan.actual is not None and plan.action != "recreated"
        predicted = Actual(
            id=plan.actual.id if keeps_id and plan.actual else "",
            name=plan.predicted.get("name") or result.name or "",
            values=plan.predicted,
            status=plan.predicted_status or "",
        )
        result.view = kind.view(predicted)
        if not keeps_id:
            result.id = None
            result.view["id"] = None
    return result


@dataclass
class _Wait:
    """What a run waits for, since when, and what the last look showed."""

    target: Actual
    goal: str
    since: float
    stage: str | None = None


class _Run:
    """One item on its way."""

    def __init__(self, kind: Kind, plan: Plan, sleep: Callable[[float], None]) -> None:
        self.kind = kind
        self.sleep = sleep
        self.plan = plan
        self.current: Actual | None = plan.actual
        self.previous: Actual | None = None
        self.steps = list(plan.steps)
        self.undo: list[Step] = []
        self.waiting: _Wait | None = None
        # From the creation on: what is done again where it failed for a passing reason.
        self.creation: list[Step] = []
        self.pauses = list(_PAUSES)
        self.error: ItemError | None = None
        self.troubles: list[str] = []
        self.begun = False
        self.acted = False
        # The replacement has proved itself; whatever fails from now on, it stays.
        self.committed = False
        # The old object had to be removed first, and was made anew after a failure.
        self.restored = False
        # What was changed in place was changed back, which need not show.
        self.reverted = False

    def _target(self, step: Step) -> Actual | None:
        return self.previous if step.on == PREVIOUS else self.current

    def advance(self, clock: Callable[[], float], may_begin: Callable[[], bool]) -> None:
        """Run steps until one has to be waited for, or all are done."""
        if not self.begun and not may_begin():
            return
        self.begun = True
        self.waiting = None
        while self.steps:
            step = self.steps.pop(0)
            if not self.error:
                # Before the step: it may have its effect although its answer is lost.
                self.undo.extend(reversed(self.plan.undo.get(step, [])))
            try:
                self._execute(step)
            except EngineError as exc:
                if not (isinstance(exc, PassingError) and self.start_over()):
                    self.fail(_as_item_error(self.plan.desired, exc))
                continue
            except Exception as exc:
                # A fault of our own must not keep what was done from being taken back.
                self.fail(ItemError(f"{self.plan.desired.label}: {fault_of_ours(exc)}"))
                continue
            target = self._target(step)
            if step.until is not None and target is not None:
                self.waiting = _Wait(target, step.until, clock())
                return

    def _execute(self, step: Step) -> None:
        kind, item = self.kind, self.plan.desired
        target = self._target(step)
        self.acted = self.acted or step.verb != WAIT
        if step.verb == CREATE:
            self.creation = [step, *self.steps]
            self.current = kind.create(item, self.previous, self.plan.new_values)
        elif step.verb == PAUSE:
            self.sleep(self.pauses.pop(0))
        elif target is None or step.verb == WAIT:
            return
        elif step.verb == UPDATE:
            self.reverted = self.error is not None
            kind.update(item, target, step.differences)
        elif step.verb == SET_ASIDE:
            self.previous, self.current = target, None
            kind.set_aside(target)
        elif step.verb == REMOVE:
            self.previous, self.current = target, None
            kind.retire(target)
        elif step.verb == RESTORE:
            # Nothing is done to it any more if this fails.
            self.previous = None
            self.previous = self.current = kind.restore(target)
            self.restored = True
        elif step.verb == PUT_BACK:
            kind.put_back(target)
            self.current = target
        elif step.verb == DISCARD:
            kind.discard(target)
            self.current = None
        elif step.verb == DELETE and step.on == PREVIOUS:
            self.committed, self.undo = True, []
            kind.retire(target)
        elif step.verb == DELETE:
            kind.delete(target, force=step.force)
        elif step.verb == DROP_LEFTOVERS:
            for leftover in target.leftovers:
                kind.retire(leftover)
        else:
            kind.act(step.verb, target)

    def take(self, created: Actual | ItemError) -> None:
        """Go on from a creation that was done, or failed, together with others."""
        self.begun = self.acted = True
        if isinstance(created, ItemError):
            self.fail(created)
            return
        self.current = created
        self.undo.extend(reversed(self.plan.undo.get(self.steps.pop(0), [])))

    def start_over(self) -> bool:
        """Discard what was made and make it again; False where that was done often enough, or is being taken back."""
        if self.error or not self.creation or not self.pauses:
            return False
        self.waiting = None
        self.steps = [Step(DISCARD), Step(PAUSE), *self.creation]
        return True

    def fail(self, error: ItemError, keep: bool = False) -> None:
        """Give up: take back what was done, or leave it as it is where `keep` says so."""
        self.waiting = None
        if self.error:
            # Taking back failed in part; go on with the rest of it.
            self.troubles.append(error.message)
            return
        self.error = error
        self.steps = [] if keep else list(reversed(self.undo))
        self.undo = []

    @property
    def may_stay(self) -> bool:
        """An object that is merely late is left alone unless another one can be put back in its place."""
        return self.previous is None

    @property
    def is_gone(self) -> bool:
        """The object was to be deleted, and is."""
        return self.plan.desired.state == ABSENT and not self.error

    def final_error(self) -> ItemError | None:
        """Return the error with what became of the old object and of the taking back."""
        if self.error is None:
            return None
        message = self.error.message
        noun = self.kind.noun
        for trouble in self.troubles:
            message += f" In addition, putting things back failed: {trouble}"
        if self.committed:
            message += f" The new {noun} is in place and works; only the old one could not be removed."
        elif self.restored and not self.troubles:
            message += (
                f" The previous {noun} had to be removed before; it was made anew with the same settings, "
                "but what it had written to its own file system is gone."
            )
        elif self.previous is not None and not self.troubles and not self.plan.is_repair:
            message += f" The previous {noun} is back in place, unchanged."
        for leftover in self.plan.actual.leftovers if self.plan.actual else ():
            message += f" The {noun} it was to replace is still there as {leftover.name!r}."
        # The frontend knows the secrets of the task, but not those the object had before.
        known = [self.plan.desired.values, *([self.plan.actual.values] if self.plan.actual else [])]
        masker = Masker(secret for values in known for secret in self.kind.secrets(values))
        return ItemError(masker.mask(message), masker.mask(self.error.log_tail))


def _apply_all(
    kind: Kind,
    items: Sequence[Desired],
    plans: Sequence[Planned],
    mode: Mode,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Report:
    runs = [_Run(kind, plan, sleep) if isinstance(plan, Plan) and plan.steps else None for plan in plans]
    _create_together([run for run in runs if run and run.plan.action == "created"], kind, mode)
    _drive([run for run in runs if run], kind, mode, clock, sleep)
    with suppress(EngineError):
        # What cannot be learned now is asked for each object, and fails there.
        kind.look_back([run.current for run in runs if run and run.begun and run.current and not run.is_gone])

    def result(position: int) -> ItemResult:
        item, plan, run = items[position], plans[position], runs[position]
        if isinstance(plan, ItemError):
            return _unapplied(item, plan)
        if run is None:
            unchanged = _result_of(kind, plan)
            unchanged.view = kind.view(plan.actual) if plan.actual else None
            return unchanged
        return _applied(kind, item, plan, run)

    return Report(bounded_map(result, range(len(items)), mode.parallelism))


def _create_together(runs: Sequence[_Run], kind: Kind, mode: Mode) -> None:
    """Create several new objects at once where the kind can."""
    if len(runs) < 2:
        return
    created: Sequence[Created]
    try:
        created = kind.create_many(
            [(run.plan.desired, run.plan.new_values) for run in runs], mode.on_error == "continue"
        )
    except EngineError as exc:
        created = [_as_item_error(run.plan.desired, exc) for run in runs]
    except Exception as exc:
        created = [ItemError(f"{run.plan.desired.label}: {fault_of_ours(exc)}") for run in runs]
    for run, outcome in zip(runs, created):
        if outcome is not None:
            run.take(outcome)


def _applied(kind: Kind, item: Desired, plan: Plan, run: _Run) -> ItemResult:
    if not run.begun:
        return _unapplied(item, plan)
    result = _result_of(kind, plan)
    result.error = run.final_error()
    current = run.current
    try:
        refreshed = kind.refresh(item, current) if current is not None and not run.is_gone else None
    except EngineError as exc:
        refreshed = None
        result.error = result.error or _as_item_error(item, exc)
    if result.error:
        result.action = "failed"
        result.before, result.after = {}, {}
    if refreshed is not None:
        result.id, result.name, result.view = refreshed.id, refreshed.name, kind.view(refreshed)
        result.remarks = kind.remarks(item, refreshed)
    if result.error:
        # Ask what is there, not what was meant: all of it may have been taken back.
        result.changed = run.acted and (bool(run.troubles) or run.reverted or _differ(plan.actual, refreshed))
    return result


def _differ(one: Actual | None, other: Actual | None) -> bool:
    if one is None or other is None:
        return one is not other
    return (one.id, one.name, one.status, one.values) != (other.id, other.name, other.status, other.values)


def _drive(
    runs: Sequence[_Run],
    kind: Kind,
    mode: Mode,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Let all runs go on, at most ``mode.parallelism`` at once, and look at the waiting ones together."""
    ready = list(runs)
    waiting: list[_Run] = []
    busy: dict[Future[None], _Run] = {}
    shortest, longest = kind.poll_pause
    pause, next_look = shortest, clock()

    def may_begin() -> bool:
        return mode.on_error == "continue" or not any(run.error for run in runs)

    with threads(min(mode.parallelism, len(runs))) as pool:
        while ready or busy or waiting:
            for run in ready:
                busy[pool.submit(run.advance, clock, may_begin)] = run
            ready = []
            if busy:
                timeout = max(0.0, next_look - clock()) if waiting else None
                done, _dummy = wait(busy, timeout=timeout, return_when=FIRST_COMPLETED)
                for future in done:
                    run = busy.pop(future)
                    future.result()
                    if run.waiting:
                        waiting.append(run)
                        pause = shortest
                        next_look = min(next_look, clock() + pause) if len(waiting) > 1 else clock() + pause
            elif waiting:
                sleep(max(0.0, next_look - clock()))
            if waiting and clock() >= next_look:
                before = [run.waiting and run.waiting.stage for run in waiting]
                ready = _look(waiting, kind, mode, clock)
                # Where things move on, the next step is near.
                has_moved = before != [run.waiting and run.waiting.stage for run in waiting]
                waiting = [run for run in waiting if run not in ready]
                pause = shortest if has_moved else min(pause * 1.2, longest)
                next_look = clock() + pause


def _look(waiting: Sequence[_Run], kind: Kind, mode: Mode, clock: Callable[[], float]) -> list[_Run]:
    """Return the runs that need not wait any longer, be it for good or bad."""
    waits = [(run, run.waiting) for run in waiting if run.waiting]
    # Before the look: its answer may be slow, and what it shows is at least as old as the question.
    asked = clock()
    try:
        seen = kind.poll([wait_for.target for dummy, wait_for in waits])
    except EngineError as exc:
        return _overdue_unseen(waits, exc, mode, clock)
    over = []
    judgements = bounded_map(
        lambda wait_for: _judged(kind, wait_for, seen.get(wait_for.target.id), asked - wait_for.since),
        [wait_for for dummy, wait_for in waits],
        mode.parallelism,
    )
    for (run, wait_for), judgement in zip(waits, judgements):
        elapsed = asked - wait_for.since
        if judgement.verdict == AGAIN and run.start_over():
            pass
        elif judgement.verdict in (AGAIN, FAILED):
            run.fail(_explained(kind, run, wait_for, judgement.reason))
        elif judgement.verdict != READY and elapsed > mode.timeout:
            detail = f": {judgement.reason}" if judgement.reason else ""
            reason = f"is not {wait_for.goal} after {mode.timeout:g} s{detail}"
            run.fail(_explained(kind, run, wait_for, reason), keep=run.may_stay)
        elif judgement.verdict != READY:
            continue
        over.append(run)
    return over


def _judged(kind: Kind, wait_for: _Wait, seen: Any, elapsed: float) -> Judgement:
    judgement = kind.judge(seen, wait_for.goal, elapsed)
    wait_for.stage = judgement.reason
    if judgement.verdict != READY:
        return judgement
    try:
        return kind.confirm(wait_for.target, wait_for.goal)
    except EngineError as exc:
        return Judgement(PENDING, str(exc))


def _overdue_unseen(
    waits: Sequence[tuple[_Run, _Wait]], exc: EngineError, mode: Mode, clock: Callable[[], float]
) -> list[_Run]:
    """Give up the runs whose time is over; for the others the service may come back."""
    over = []
    for run, wait_for in waits:
        if clock() - wait_for.since > mode.timeout:
            run.fail(_as_item_error(run.plan.desired, exc), keep=run.may_stay)
            over.append(run)
    return over


def _explained(kind: Kind, run: _Run, wait_for: _Wait, reason: str) -> ItemError:
    """Ask the object itself why, which may fail as well."""
    text = f"{run.plan.desired.label}: {reason}"
    try:
        return kind.post_mortem(wait_for.target, text)
    except EngineError:
        return ItemError(f"{text}.")
