# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the engine needs to know of a kind of resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from .compare import Difference, compare
from .errors import ItemError
from .options import Option, OptionsTable

PRESENT = "present"
ABSENT = "absent"

# Verdicts on an object that is waited for.
READY = "ready"
PENDING = "pending"
FAILED = "failed"
#: The creation failed for a reason that is likely gone when it is tried again.
AGAIN = "again"


@dataclass(frozen=True)
class Desired:
    """One item as the user wants it.

    :param label: how messages call the item: its name, or its id.
    :param values: canonical values of the options the user said.
    """

    label: str
    state: str
    values: Mapping[str, Any]
    name: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Actual:
    """One object as the backend reports it.

    :param values: canonical values by option name.
    :param status: the backend's word for the power or life-cycle state.
    :param raw: the backend's own description, for the kind alone.
    :param managed: the object was made by this collection, so that digests of unreported values exist.
    :param is_set_aside: an earlier run was cut off after it had freed this object's name for a replacement.
    :param leftovers: objects set aside by an earlier run whose replacement is this one.
    """

    id: str
    name: str
    values: Mapping[str, Any]
    status: str = PRESENT
    raw: Any = None
    managed: bool = True
    is_set_aside: bool = False
    leftovers: tuple[Actual, ...] = ()


@dataclass(frozen=True)
class Mode:
    """How a run is done; the same for all items.

    :param recreate: when_needed, never or always.
    :param comparisons: comparison by option name, ``*`` for all others.
    :param on_error: stop or continue.
    :param force: overrides a kind's refusal to delete.
    :param timeout: longest wait for one item, in seconds.
    :param parallelism: most items worked on at once.
    """

    check: bool = False
    recreate: str = "when_needed"
    comparisons: Mapping[str, str] = field(default_factory=dict)
    on_error: str = "stop"
    force: bool = False
    wait: bool = True
    timeout: float = 180.0
    parallelism: int = 10


@dataclass(frozen=True)
class Judgement:
    """What a look at an object says about the goal it is to reach."""

    verdict: str
    reason: str = ""


Observed = Union[Actual, ItemError, None]
#: What became of one creation among several; None where it was not tried.
Created = Union[Actual, ItemError, None]

#: Steps that lead somewhere: verbs for Kind.act, each with the goal to wait for (None: nothing to wait for).
Way = list[tuple[str, Optional[str]]]


class Kind:
    """Base of all kinds.

    Subclasses must provide the methods that raise NotImplementedError. Those
    that change something raise ItemError with a sentence for the user; any of
    them may be called from several threads at once, for different items.
    """

    #: Word for one object in messages.
    noun = "object"
    #: All options, and the backend whose share of them this kind handles.
    table: OptionsTable
    backend = ""
    #: What :meth:`observe` sees may be older than the last change; what is about to be changed is looked at again.
    lags = False
    #: Shortest and longest pause between two looks while waiting, in seconds.
    poll_pause = (0.1, 1.0)

    @classmethod
    def validate(cls, values: Mapping[str, Any], state: str) -> None:
        """Refuse options that contradict each other or that the backend cannot have; asks nobody.

        :param values: canonical values of the options the user said.
        :raises OptionError: names option, value and remedy.
        """

    # Observing ---------------------------------------------------------

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        """Return what exists for each item, in the order given."""
        raise NotImplementedError

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        """Return the object as it is now; None when it is gone."""
        raise NotImplementedError

    def view(self, actual: Actual) -> dict[str, Any]:
        """Return the object as results show it: options in their own words, secrets left out."""
        view: dict[str, Any] = {"id": actual.id, "name": actual.name, "status": actual.status}
        for option in self.table.of_backend(self.backend):
            reported = self.table.support(option.name, self.backend).reported
            if option.name in actual.values and reported and not option.secret:
                view[option.name] = option.shown(actual.values[option.name])
        return view

    def secrets(self, values: Mapping[str, Any]) -> list[str]:
        """Return the secret texts among canonical values; nothing an object says may show them."""
        return []

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values as error messages may show them, secrets left out."""
        return {name: self.table[name].shown(value) for name, value in values.items() if not self.table[name].secret}

    # Deciding ----------------------------------------------------------

    def differences(
        self, item: Desired, actual: Actual, comparisons: Mapping[str, str]
    ) -> tuple[list[Difference], list[str]]:
        """Compare an item with what exists; also name the options that could not be compared."""
        return compare(self.table.of_backend(self.backend), item.values, actual.values, comparisons, self.change_of)

    def change_of(self, option: Option, before: Any, after: Any) -> str:
        """Return how this difference is removed; the options table's answer unless the values matter."""
        return self.table.support(option.name, self.backend).change

    def verify(self, item: Desired, actual: Actual | None, differences: Sequence[Difference]) -> None:
        """Refuse, before anything is changed, what the backend would refuse later.

        Called for every item that is to exist, in check mode too; must be cheap where nothing differs.

        :raises ItemError: the item cannot work; names option, value and remedy.
        """

    def verify_absence(self, item: Desired, actual: Actual, force: bool) -> None:
        """Refuse to delete what is in use; called in check mode too.

        :raises ItemError: says what uses it, and what to do.
        """

    def prepare(self, item: Desired, values: Mapping[str, Any]) -> None:
        """Fetch what a creation needs (an image, say); changes no object. Not called in check mode.

        :param values: canonical values the new object will be given, as in :meth:`create`.
        """

    def predict(self, base: Actual | None, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values an object that will be created has besides those it is given.

        :param base: the object it replaces, whose values stay where it is given no others.
        :param given: canonical values it is given, as in :meth:`create`.
        """
        values: dict[str, Any] = {}
        for option in self.table.of_backend(self.backend):
            unset = self.table.support(option.name, self.backend).unset
            if unset is not None:
                values[option.name] = unset
        values.update(base.values if base else {})
        return values

    def status_after(self, state: str, status: str | None) -> str:
        """Return the status an object will have once it reached `state`.

        :param status: its status before; None for a new object.
        """
        return PRESENT

    def path(self, status: str | None, state: str, force: bool = False) -> Way:
        """Return the legal way from a status to a state.

        :param status: None for an object just created.
        """
        return []

    def awaits(self, item: Desired, actual: Actual) -> str | None:
        """Return the goal an object has yet to reach by itself, although nothing needs to be done to it."""
        return None

    def look_back(self, actuals: Sequence[Actual]) -> None:
        """Learn what :meth:`refresh` and :meth:`remarks` will need of several objects that were made or changed."""

    def remarks(self, item: Desired, actual: Actual) -> list[str]:
        """Return what the user should know of an object that is in its desired state all the same."""
        return []

    def state_like(self, status: str) -> str:
        """Return the state that keeps an object in the status it has."""
        return PRESENT

    def ready_goal(self, item: Desired, actual: Actual, goal: str | None) -> str | None:
        """Return the goal a replacement must reach before the old object is given up."""
        return goal

    def excludes(self, item: Desired, actual: Actual) -> bool:
        """Tell whether the old object must be stopped before its replacement can start.

        :raises ItemError: it must, but once stopped it cannot be put back.
        """
        return False

    def make_room(self, item: Desired, actual: Actual) -> tuple[Way, Way]:
        """Return how the old object gives up what it cannot share with its replacement, and the way back."""
        if not self.excludes(item, actual):
            return [], []
        way = self.path(actual.status, "stopped")
        return way, self.path("stopped", self.state_like(actual.status)) if way else []

    def must_go_first(self, item: Desired, actual: Actual) -> bool:
        """Tell whether the old object must be deleted before its replacement can be made.

        :raises ItemError: it must, but something would be lost.
        """
        return False

    def is_broken(self, actual: Actual) -> bool:
        """Tell whether nothing can be done with the object but delete it."""
        return False

    def reverts(self, differences: Sequence[Difference]) -> bool:
        """Tell whether a failure to remove differences in place is answered by putting the old values back."""
        return False

    # Changing ----------------------------------------------------------

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        """Create the object.

        :param base: the object it replaces, whose values stay unless `values` has others.
        :param values: canonical values to give it.
        """
        raise NotImplementedError

    def create_many(self, wanted: Sequence[tuple[Desired, Mapping[str, Any]]], keep_going: bool) -> list[Created]:
        """Create several objects with fewer requests than one each, where the backend can.

        What is not tried here is created one by one with :meth:`create`, unless another one failed.

        :param wanted: each item with the canonical values to give it.
        :param keep_going: go on with the others when one fails.
        :returns: what became of each, in the order given.
        """
        return [None] * len(wanted)

    def completions(self, item: Desired, values: Mapping[str, Any]) -> list[Difference]:
        """Return what a new object is given by an update once it is as it was created.

        :param values: canonical values of the new object, as in :meth:`create`.
        """
        return []

    def stages(
        self, item: Desired, actual: Actual, differences: Sequence[Difference]
    ) -> list[tuple[Sequence[Difference], str | None]]:
        """Divide differences removed in place into those that can be removed together.

        :returns: for each call of :meth:`update` its differences, and the goal the object must then reach.
        """
        return [(differences, None)]

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        """Remove differences in place."""
        raise NotImplementedError

    def delete(self, actual: Actual, force: bool = False) -> None:
        """Delete the object; not an error when it is gone."""
        raise NotImplementedError

    def retire(self, actual: Actual) -> None:
        """Delete an object whose replacement works, giving it the time to end that it has."""
        self.delete(actual, force=True)

    def restore(self, actual: Actual) -> Actual:
        """Make an object anew that was deleted (see :meth:`must_go_first`)."""
        raise NotImplementedError

    def discard(self, actual: Actual) -> None:
        """Delete an object this run made and that did not work, with all that came with it."""
        self.delete(actual, force=True)

    def act(self, verb: str, actual: Actual) -> None:
        """Do one step of :meth:`path`."""
        raise NotImplementedError

    def set_aside(self, actual: Actual) -> None:
        """Free the name of an object that is about to be replaced."""
        raise NotImplementedError

    def put_back(self, actual: Actual) -> None:
        """Give an object set aside its name again."""
        raise NotImplementedError

    # Waiting -----------------------------------------------------------

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        """Look at several objects with as few requests as possible; return what was seen by id."""
        raise NotImplementedError

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        """Say whether an object reached its goal.

        :param seen: what :meth:`poll` saw; None when the object is gone.
        :param elapsed: seconds since the step that leads to the goal.
        """
        raise NotImplementedError

    def confirm(self, actual: Actual, goal: str) -> Judgement:
        """Look at what :meth:`poll` cannot see of an object that seems to have reached its goal."""
        return Judgement(READY)

    def post_mortem(self, actual: Actual, reason: str) -> ItemError:
        """Explain a failure with what the object left behind (exit code, log)."""
        return ItemError(reason)
