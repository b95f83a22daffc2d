# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units, digests, secrets, comparison and plans, each on its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import OFF, ON, Clock, Lamps, World

from ansible_collections.caas.zun.plugins.module_utils.engine.compare import Difference, check_comparisons, compare
from ansible_collections.caas.zun.plugins.module_utils.engine.digest import UNKNOWN, Digest, new_salt
from ansible_collections.caas.zun.plugins.module_utils.engine.errors import EngineError, ItemError, OptionError
from ansible_collections.caas.zun.plugins.module_utils.engine.kind import Desired, Mode
from ansible_collections.caas.zun.plugins.module_utils.engine.options import (
    SET,
    SUPERSET,
    Option,
    OptionsTable,
    Unsupported,
)
from ansible_collections.caas.zun.plugins.module_utils.engine.reconcile import reconcile
from ansible_collections.caas.zun.plugins.module_utils.engine.secrets import Masker, texts_in
from ansible_collections.caas.zun.plugins.module_utils.engine.units import format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "unit", "size"),
    [
        ("512M", "b", 512 << 20),
        ("512MiB", "b", 512 << 20),
        ("512mb", "b", 512 << 20),
        ("1.5G", "b", 3 << 29),
        (" 2 g ", "b", 2 << 30),
        ("100", "m", 100 << 20),
        (7, "g", 7 << 30),
        ("1T", "b", 1 << 40),
        ("10B", "m", 10),
        ("0", "m", 0),
    ],
)
def test_sizes(text, unit, size) -> None:
    assert parse_size(text, unit) == size


@pytest.mark.parametrize("text", ["", "M", "1 2", "-1M", "1X", "1e3", True, None, "0.3B", "\u0661M"])
def test_what_is_no_size(text) -> None:
    with pytest.raises(ValueError, match="; "):
        parse_size(text, "m")


@given(st.integers(0, 1 << 50))
def test_a_formatted_size_is_the_same_size(size) -> None:
    assert parse_size(format_size(size), "b") == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(5, 5), ("5", 5), ("5s", 5), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), ("1.5", 1.5), ("1m", 60), (0, 0)],
)
def test_durations(text, seconds) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "5 minutes", "-1", "nan", "inf", True, None, "1s1m"])
def test_what_is_no_duration(text) -> None:
    with pytest.raises(ValueError, match="; "):
        parse_duration(text)


def test_digests() -> None:
    one, two = new_salt(), new_salt()
    digest = Digest.of(one, {"a": "secret", "b": [1]})
    assert digest.matches({"b": [1], "a": "secret"})
    assert not digest.matches({"a": "secret"})
    assert digest.hexdigest != Digest.of(two, {"a": "secret", "b": [1]}).hexdigest
    assert "secret" not in repr(digest)


def test_masking() -> None:
    masker = Masker(texts_in({"a": "hunter2", "b": ["hunter", 42], "c": None, "d": ""}))
    assert masker.mask("say hunter2, hunter and 42") == "say (secret), (secret) and (secret)"
    assert masker.mask({"x": ["hunter2"], "n": 42}) == {"x": ["(secret)"], "n": 42}
    assert masker.found_in("the-hunter2-box")
    assert not masker.found_in("the box")


def changes(option: Option, desired, actual, **comparisons):
    found, unknown = compare([option], {option.name: desired}, {option.name: actual}, comparisons, lambda *args: "")
    return (found[0].after if found else "same"), unknown


RECORDS = Option(
    "nets",
    "list",
    ("Nets.",),
    elements="dict",
    key="net",
    compare=SET,
    suboptions=(Option("net", "str", ("Net.",)), Option("ip", "str", ("IP.",))),
)


def test_records_are_compared_by_their_key_and_only_what_is_said() -> None:
    actual = [{"net": "a", "ip": "1"}, {"net": "b", "ip": "2"}]
    assert changes(RECORDS, [{"net": "b"}, {"net": "a", "ip": "1"}], actual) == ("same", [])
    assert changes(RECORDS, [{"net": "b", "ip": "3"}, {"net": "a"}], actual)[0] == [
        {"net": "a", "ip": "1"},
        {"net": "b", "ip": "3"},
    ]
    assert changes(RECORDS, [{"net": "a"}], actual)[0] == [{"net": "a", "ip": "1"}]
    assert changes(RECORDS, [{"net": "a"}], actual, nets="superset")[0] == "same"
    # What has a key is found by it: order tells nothing.
    assert changes(RECORDS, [{"net": "b"}, {"net": "a"}], actual, nets="strict")[0] == "same"
    assert changes(RECORDS, [{"net": "a"}], actual, nets="strict")[0] == [actual[0]]
    assert changes(RECORDS, [{"net": "a"}], actual, nets="ignore")[0] == "same"


def test_dictionaries() -> None:
    option = Option("env", "dict", ("Env.",), compare=SUPERSET)
    assert changes(option, {"A": "1"}, {"A": "1", "B": "2"})[0] == "same"
    assert changes(option, {"A": "2"}, {"A": "1", "B": "2"})[0] == {"A": "2", "B": "2"}
    assert changes(option, {"A": "1"}, {"A": "1", "B": "2"}, env="strict")[0] == {"A": "1"}
    assert changes(option, {}, None)[0] == "same"
    assert changes(option, {"A": "1"}, {"A": "1", "B": "2"}, **{"*": "strict"})[0] == {"A": "1"}


def test_what_nobody_can_tell_is_not_compared_but_named() -> None:
    option = Option("file", "str", ("File.",))
    assert changes(option, "text", UNKNOWN) == ("same", ["file"])
    assert changes(option, "text", Digest.of("salt", "text")) == ("same", [])
    assert changes(option, "other", Digest.of("salt", "text")) == ("other", [])


def test_a_diff_shows_which_secrets_differ_and_none_of_them() -> None:
    option = Option("secrets", "dict", ("Secrets.",), secret=True)
    shown = Difference(option, {"A": "x", "B": "y"}, {"A": "x", "B": "z"}, "").shown()
    assert shown == ({"A": "(secret)", "B": "(secret)"}, {"A": "(secret)", "B": "(secret changed)"})
    file = Option(
        "files",
        "list",
        ("Files.",),
        key="path",
        suboptions=(Option("path", "str", ("Path.",)), Option("text", "str", ("Text.",), secret=True)),
    )
    before = [{"path": "/a", "text": Digest.of("salt", "x")}, {"path": "/b", "text": Digest.of("salt", "y")}]
    after = [before[0], {"path": "/b", "text": "z"}, {"path": "/c", "text": "w"}]
    assert Difference(file, before, after, "").shown() == (
        [{"path": "/a", "text": "(secret)"}, {"path": "/b", "text": "(secret)"}],
        [
            {"path": "/a", "text": "(secret)"},
            {"path": "/b", "text": "(secret changed)"},
            {"path": "/c", "text": "(secret changed)"},
        ],
    )


def test_comparisons_are_checked() -> None:
    assert check_comparisons({"*": "strict", "env": "ignore"}, ["env"]) == []
    assert check_comparisons({"evn": "strict"}, ["env"])[0][0] == "evn"
    assert "'loose'" in check_comparisons({"env": "loose"}, ["env"])[0][1]


def test_option_errors_name_option_value_and_remedy() -> None:
    def whole(value):
        raise ValueError("is wrong; write 1")

    table = OptionsTable(
        (
            Option("size", "str", ("Size.",), parse=whole, backends={"world": None}),
            Option("secret", "str", ("Secret.",), parse=whole, secret=True),
            Option("far", "str", ("Far.",), backends={"world": Unsupported("it is too far")}),
            RECORDS,
        )
    )
    for values, message in (
        ({"size": "7"}, "size: '7' is wrong; write 1."),
        ({"secret": "s3cret"}, "secret: '(secret)' is wrong; write 1."),
        (
            {"far": "x"},
            "far: 'x' cannot be used with backend world: it is too far; leave the option out for this backend.",
        ),
        ({"nets": [{"net": "a"}, {"net": "a"}]}, "nets.net: 'a' is given twice; keep one of the entries."),
    ):
        with pytest.raises(OptionError) as caught:
            table.canonical(values, "world")
        assert str(caught.value) == message
    assert table.canonical({"size": None}, "world") == {}


# The engine on a world -----------------------------------------------------


def go(world: World, *items: Desired, **mode):
    clock = Clock()
    return reconcile(Lamps(world), items, Mode(**mode), clock, clock.sleep)


def lamp(name: str, state: str = "started", **values) -> Desired:
    return Desired(name, state, {"name": name, **values}, name=name)


def test_all_items_are_waited_for_by_looking_at_the_list() -> None:
    world = World(slowness=5)
    names = [f"lamp-{number}" for number in range(20)]
    report = go(world, *[lamp(name) for name in names], parallelism=20)
    assert [item.name for item in report.items] == names
    assert {item.view["status"] for item in report.items} == {ON}
    # Far fewer looks than one per lamp and round.
    assert world.calls.count("poll") < 20
    assert world.calls.count("list") == 1


def test_stop_begins_no_other_item() -> None:
    world = World(failing={"create two"})
    report = go(world, lamp("one"), lamp("two"), lamp("three"), parallelism=1)
    assert [item.action for item in report.items] == ["created", "failed", "skipped"]
    assert world.named("three") is None
    assert report.changed
    assert report.items[1].error.message == "two: create was refused."


def test_continue_tries_all() -> None:
    world = World(failing={"create two"})
    report = go(world, lamp("one"), lamp("two"), lamp("three"), parallelism=1, on_error="continue")
    assert [item.action for item in report.items] == ["created", "failed", "created"]


def test_what_cannot_be_planned_stops_everything_before_it_begins() -> None:
    world = World()
    world.add("two", maker="acme")
    items = [lamp("one"), lamp("two", maker="other")]
    report = go(world, *items)
    assert [item.action for item in report.items] == ["skipped", "failed"]
    assert not report.changed
    assert world.named("one") is None
    assert "maker is 'acme' and cannot be changed to 'other'" in report.items[1].error.message
    report = go(world, *items, on_error="continue")
    assert [item.action for item in report.items] == ["created", "failed"]


def test_never_recreate() -> None:
    world = World()
    old = world.add("one", cable="short")
    (item,) = go(world, lamp("one", cable="long"), recreate="never").items
    assert "a difference in cable can only be changed by recreating the lamp" in item.error.message
    assert list(world.lamps) == [old.id]


def test_always_recreate() -> None:
    world = World()
    old = world.add("one", cable="short", colour="red")
    (item,) = go(world, lamp("one"), recreate="always").items
    assert item.action == "recreated"
    assert item.id != old.id
    # What nobody said stays as it was.
    assert item.view["colour"] == "red"


def test_a_broken_replacement_gives_way_to_the_old_object() -> None:
    world = World(failing={"break one"})
    old = world.add("one", status=ON, cable="short")
    (item,) = go(world, lamp("one", cable="long")).items
    assert item.action == "failed"
    assert item.error.message == "one: burnt out. The previous lamp is back in place, unchanged."
    assert item.error.log_tail == ["last words"]
    assert not item.changed
    assert [(lamp.id, lamp.name, lamp.status) for lamp in world.lamps.values()] == [(old.id, "one", ON)]


def test_an_exclusive_object_is_stopped_first_and_started_again_on_failure() -> None:
    world = World(failing={"break one"})
    old = world.add("one", status=ON, cable="short", tags=["exclusive"])
    go(world, lamp("one", cable="long"))
    assert world.calls.index("stop one") < world.calls.index("create one")
    assert (world.lamps[old.id].name, world.lamps[old.id].status) == ("one", ON)


def test_a_late_new_object_stays_and_a_late_replacement_goes() -> None:
    world = World(slowness=10**9)
    (item,) = go(world, lamp("one"), timeout=5).items
    assert "is not on after 5 s: it is off" in item.error.message
    assert item.changed
    assert world.named("one") is not None
    world = World(slowness=10**9)
    old = world.add("one", cable="short", status=ON)
    (item,) = go(world, lamp("one", cable="long"), timeout=5).items
    assert list(world.lamps) == [old.id]
    assert not item.changed


def test_an_object_set_aside_by_a_run_that_was_cut_off_is_taken_back() -> None:
    world = World()
    old = world.add("one~old", cable="short")
    (item,) = go(world, lamp("one", "present", cable="short")).items
    assert (item.action, item.id, world.lamps[old.id].name) == ("updated", old.id, "one")
    assert not go(world, lamp("one", "present", cable="short")).changed


def test_an_unknown_id_is_refused() -> None:
    item = Desired("id-9", "started", {"name": "one"}, name="one", id="id-9")
    assert "there is no lamp with id 'id-9'" in go(World(), item).failures[0].error.message


def test_a_lamp_is_renamed_by_its_id() -> None:
    world = World()
    old = world.add("one")
    (item,) = go(world, Desired("two", "present", {"name": "two"}, name="two", id=old.id)).items
    assert (item.action, item.name, item.before, item.after) == ("updated", "two", {"name": "one"}, {"name": "two"})


def test_not_waiting() -> None:
    world = World(slowness=10**9)
    (item,) = go(world, lamp("one"), wait=False).items
    assert item.action == "created"
    assert item.view["status"] == OFF
    assert "poll" not in world.calls


def test_a_service_that_does_not_answer_for_a_while_is_asked_again() -> None:
    class Flaky(Lamps):
        fails = 3

        def poll(self, actuals):
            if self.fails:
                self.fails -= 1
                raise EngineError("The service is away.")
            return super().poll(actuals)

    world, clock = World(slowness=1), Clock()
    (item,) = reconcile(Flaky(world), [lamp("one")], Mode(), clock, clock.sleep).items
    assert not item.failed
    Flaky.fails = 10**9
    (item,) = reconcile(Flaky(World(slowness=1)), [lamp("one")], Mode(timeout=3), clock, clock.sleep).items
    assert item.error.message == "one: The service is away."


def test_errors_of_taking_back_are_told_too() -> None:
    world = World(failing={"break one", "put_back one"})
    world.add("one", status=ON, cable="short")
    (item,) = go(world, lamp("one", cable="long")).items
    assert item.changed
    assert "putting things back failed: one: put_back was refused." in item.error.message


def test_a_deletion_that_failed_changed_nothing() -> None:
    world = World(failing={"delete one"})
    old = world.add("one")
    (item,) = go(world, lamp("one", "absent")).items
    assert (item.action, item.changed, item.id) == ("failed", False, old.id)


def test_an_old_object_that_cannot_be_removed_does_not_undo_the_new_one() -> None:
    world = World(failing={"delete one"})
    world.add("one", status=ON, cable="short")
    (item,) = go(world, lamp("one", cable="long")).items
    assert "only the old one could not be removed" in item.error.message
    assert world.named("one").values["cable"] == "long"
    assert isinstance(item.error, ItemError)


def test_a_slow_look_does_not_make_what_it_saw_newer() -> None:
    clock, asked, judged = Clock(), [], []

    class Slow(Lamps):
        def poll(self, actuals):
            asked.append(clock.now)
            seen = super().poll(actuals)
            clock.sleep(5)
            return seen

        def judge(self, seen, goal, elapsed):
            judged.append(elapsed)
            return super().judge(seen, goal, elapsed)

    reconcile(Slow(World(slowness=2)), [lamp("one")], Mode(), clock, clock.sleep)
    assert judged == asked


def recreated_by(kind_class: type[Lamps]):
    world = World()
    old = world.add("one", status=ON, cable="short", tags=["exclusive"])
    clock = Clock()
    (item,) = reconcile(kind_class(world), [lamp("one", cable="long")], Mode(), clock, clock.sleep).items
    assert [(lamp.id, lamp.name, lamp.status) for lamp in world.lamps.values()] == [(old.id, "one", ON)]
    return item.error.message


@pytest.mark.parametrize("lost", ["stop", "set_aside"])
def test_a_step_whose_answer_is_lost_is_taken_back(lost) -> None:
    class Lossy(Lamps):
        def act(self, verb, actual) -> None:
            super().act(verb, actual)
            self.lose(verb)

        def set_aside(self, actual) -> None:
            super().set_aside(actual)
            self.lose("set_aside")

        def lose(self, verb) -> None:
            if verb == lost:
                raise ItemError(f"{verb}: no answer.")

    assert recreated_by(Lossy) == f"{lost}: no answer. The previous lamp is back in place, unchanged."


def test_a_fault_of_ours_is_taken_back_too() -> None:
    class Faulty(Lamps):
        def create(self, item, base, values):
            raise KeyError("Id")

    assert recreated_by(Faulty).startswith(
        "one: This is a fault of the collection caas.zun, please report it: KeyError"
    )
