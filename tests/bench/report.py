# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, as tables and plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from work import (
    BATCH,
    CLIENT,
    CREATE,
    EMPTY,
    KEPT,
    LIBRARY,
    LOOP,
    MINIMAL,
    NO_OP,
    OPERATIONS,
    PEER,
    PYTHON,
)

#: Work, who, operation, number of objects.
Key = tuple[str, str, str, int]

NAMES = {
    "ports": {
        BATCH: "`container_port`, one task",
        LOOP: "`container_port` in a loop",
        PEER: "`openstack.cloud.port` in a loop",
        CLIENT: "`openstack port` in a loop",
        MINIMAL: "the requests alone",
    },
    "zun": {
        BATCH: "`appcontainer`, one task",
        LOOP: "`appcontainer` in a loop",
        CLIENT: "`openstack appcontainer` in a loop",
        MINIMAL: "the requests alone",
    },
    "docker": {
        BATCH: "`appcontainer`, one task",
        LOOP: "`appcontainer` in a loop",
        PEER: "`docker_container` in a loop",
        MINIMAL: "the requests alone",
    },
}
TITLES = {"ports": "Ports", "zun": "Containers on Zun", "docker": "Containers on a Docker Engine"}

START: Key = ("", EMPTY, NO_OP, 0)
START_OF_PYTHON: Key = ("", PYTHON, NO_OP, 0)


def noun(work: str) -> str:
    """Return what a kind of work is about, within a sentence."""
    title = TITLES[work]
    return title[0].lower() + title[1:]


@dataclass(frozen=True)
class Measured:
    """Medians in seconds, peak memory in MiB, how often each was measured, requests, and the machine.

    :param imports: for each kind of work, the seconds of importing our plugin, by package.
    """

    seconds: Mapping[Key, float]
    memory: Mapping[Key, float]
    times: Mapping[Key, int]
    imports: Mapping[str, Mapping[str, float]]
    requests: Mapping[Key, int]
    machine: Mapping[str, str]
    left_out: list[str]


def as_json(measured: Measured) -> dict[str, Any]:
    return {
        "machine": measured.machine,
        "left_out": measured.left_out,
        "results": [
            {
                **dict(zip(("work", "who", "operation", "number"), key, strict=True)),
                "seconds": round(seconds, 3),
                "memory": round(measured.memory[key]),
                "times": measured.times[key],
            }
            for key, seconds in measured.seconds.items()
        ],
        "imports": measured.imports,
        "requests": [[*key, count] for key, count in measured.requests.items()],
    }


# --- Goals -----------------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    """A ratio that must hold: of the first to the second, which may be several that are added."""

    text: str
    slow: tuple[Key, ...]
    fast: tuple[Key, ...]
    at_least: float | None = None
    at_most: float | None = None

    def row(self, seconds: Callable[[Key], float]) -> str:
        bound = f"at least {self.at_least:g}" if self.at_least else f"at most {self.at_most:g}"
        try:
            slow, fast = (sum(seconds(key) for key in keys) for keys in (self.slow, self.fast))
        except KeyError:
            return f"| {self.text} | {bound} | not measured | |"
        ratio = slow / fast
        holds = ratio >= self.at_least if self.at_least else ratio <= (self.at_most or 0)
        return f"| {self.text} | {bound} | {slow:.2f} s / {fast:.2f} s = {ratio:.2g} | {'yes' if holds else 'NO'} |"


def _no_op(work: str, who: str, number: int) -> Key:
    return (work, who, NO_OP, number)


GOALS = (
    Goal(
        "no-op of 50 ports, `openstack.cloud` / one task",
        (_no_op("ports", PEER, 50),),
        (_no_op("ports", BATCH, 50),),
        at_least=25,
    ),
    Goal(
        "no-op of 50 ports, one task / (the requests alone + an empty play)",
        (_no_op("ports", BATCH, 50),),
        (_no_op("ports", MINIMAL, 50), START),
        at_most=1.6,
    ),
    Goal(
        "no-op of 20 ports, loops, `openstack.cloud` / `container_port`",
        (_no_op("ports", PEER, 20),),
        (_no_op("ports", LOOP, 20),),
        at_least=8,
    ),
    Goal(
        "create 50 ports, `openstack.cloud` / one task",
        (("ports", PEER, CREATE, 50),),
        (("ports", BATCH, CREATE, 50),),
        at_least=8,
    ),
    Goal(
        "create 50 ports, one task / the requests alone",
        (("ports", BATCH, CREATE, 50),),
        (("ports", MINIMAL, CREATE, 50),),
        at_most=1.3,
    ),
    Goal(
        "no-op of 50 containers on Zun, `openstack appcontainer show` / one task",
        (_no_op("zun", CLIENT, 50),),
        (_no_op("zun", BATCH, 50),),
        at_least=40,
    ),
    Goal(
        "create and start 20 containers on Zun, one task / the requests alone",
        (("zun", BATCH, CREATE, 20),),
        (("zun", MINIMAL, CREATE, 20),),
        at_most=1.2,
    ),
    Goal(
        "the same, `openstack appcontainer run --wait` / one task",
        (("zun", CLIENT, CREATE, 20),),
        (("zun", BATCH, CREATE, 20),),
        at_least=3,
    ),
    Goal(
        "no-op of 50 containers on Docker, `community.docker` / one task",
        (_no_op("docker", PEER, 50),),
        (_no_op("docker", BATCH, 50),),
        at_least=15,
    ),
    *(
        Goal(f"one no-op task, {peer} / ours", (_no_op(work, PEER, 1),), (_no_op(work, BATCH, 1),), at_least=2)
        for work, peer in (("ports", "`openstack.cloud.port`"), ("docker", "`docker_container`"))
    ),
)
#: Objects that all is measured with where that can be, and a no-op besides.
NUMBERS, MANY = (1, 10, 50), 200
#: Seconds that one more object may add to a no-op.
MOST_PER_ITEM = 0.010


def goals(measured: Measured) -> str:
    """Return the table of goals."""
    rows = [goal.row(lambda key: measured.seconds[key]) for goal in GOALS]
    for work in ("ports", "docker"):
        many, few = (measured.seconds.get(_no_op(work, BATCH, number)) for number in (200, 1))
        text = f"no-op of 200 {noun(work)}, for each one beyond the first"
        if many is None or few is None:
            rows.append(f"| {text} | below 10 ms | not measured | |")
        else:
            each = (many - few) / 199
            rows.append(f"| {text} | below 10 ms | {each * 1000:.1f} ms | {'yes' if each < MOST_PER_ITEM else 'NO'} |")
    return "\n".join(("| Work | Goal | Measured | Holds |", "|---|---|---|---|", *rows))


# --- One task -----------------------------------------------------------------------

OURS = "caas.zun"
PYTHON_PART, START_PART, REQUESTS_PART = "Python's start", "`ansible-playbook`'s start", "the requests alone"
LIBRARIES_PART, OURS_PART = "importing libraries", f"importing `{OURS}`"
AGAIN_PART = "Python's start once more, for the module that was shipped"
#: From the first to the last of what a task begins with.
PARTS = (PYTHON_PART, START_PART, AGAIN_PART, LIBRARIES_PART, OURS_PART, REQUESTS_PART)
#: What no task goes without.
LEAST = (PYTHON_PART, START_PART, REQUESTS_PART)


@dataclass(frozen=True)
class OneTask:
    """Where the time of one no-op task goes; None is what was not measured."""

    whole: float | None
    parts: Mapping[str, float | None]

    def together(self, *parts: str) -> float | None:
        """Return the seconds of some parts together."""
        seconds = [self.parts[part] for part in parts]
        known = [each for each in seconds if each is not None]
        return sum(known) if len(known) == len(seconds) else None

    @property
    def rest(self) -> float | None:
        return _less(self.whole, self.together(*self.parts))


def one_task(measured: Measured) -> str:
    """Return what one no-op task spends its time on, as a table, and what follows from it."""
    columns: dict[str, OneTask] = {}
    conclusions = []
    for work, what in (("ports", "a port"), ("docker", "a container on Docker")):
        ours, peer = _ours(measured, work), _peers(measured, work)
        columns |= {NAMES[work][BATCH]: ours, NAMES[work][PEER].removesuffix(" in a loop"): peer}
        conclusions.append(_conclusion(measured, work, what, ours, peer))
    rows = [[part, *(_seconds(task.parts.get(part)) for task in columns.values())] for part in PARTS]
    rows.append(["the rest", *(_seconds(task.rest) for task in columns.values())])
    rows.append(["together", *(_seconds(task.whole) for task in columns.values())])
    lines = [f"| {' | '.join(row)} |" for row in (["Seconds", *columns], *rows)]
    lines.insert(1, "|---" * (len(columns) + 1) + "|")
    return "\n".join((*lines, "", *conclusions))


def _ours(measured: Measured, work: str) -> OneTask:
    seconds = measured.seconds.get
    python, imports = seconds(START_OF_PYTHON), measured.imports.get(work, {})
    parts = {
        PYTHON_PART: python,
        START_PART: _less(seconds(START), python),
        LIBRARIES_PART: sum(imports.values()) - imports[OURS] if OURS in imports else None,
        OURS_PART: imports.get(OURS),
        REQUESTS_PART: _less(seconds(_no_op(work, MINIMAL, 1)), python),
    }
    return OneTask(seconds(_no_op(work, BATCH, 1)), parts)


def _peers(measured: Measured, work: str) -> OneTask:
    seconds = measured.seconds.get
    python = seconds(START_OF_PYTHON)
    parts = {
        PYTHON_PART: python,
        START_PART: _less(seconds(START), python),
        AGAIN_PART: python,
        LIBRARIES_PART: _less(seconds((work, LIBRARY, NO_OP, 0)), python),
    }
    return OneTask(seconds(_no_op(work, PEER, 1)), parts)


def _conclusion(measured: Measured, work: str, what: str, ours: OneTask, peer: OneTask) -> str:
    """Return what can be said of one kind of work, of what was measured."""
    said = []
    least, start = ours.together(*LEAST), measured.seconds.get(START)
    if least is not None and peer.whole is not None:
        said.append(
            f"Half of the peer's time, the goal, is {peer.whole / 2:.2f} s for {what}. Ansible's start and the requests "
            f"alone, with Python's start counted once, are {least:.2f} s: a task that had nothing to import, and nothing "
            f"else to do, would be {peer.whole / least:.2g} times as fast as the peer."
        )
    mine, others = _less(ours.whole, start), _less(peer.whole, start)
    if mine and others:
        said.append(f"Without Ansible's start, which both need, ours is {others / mine:.2g} times as fast.")
    libraries = sorted(((seconds, name) for name, seconds in measured.imports.get(work, {}).items() if name != OURS))
    if libraries:
        named = ", ".join(f"{name} {seconds:.2f} s" for seconds, name in reversed(libraries[-4:]))
        said.append(f"Of the libraries, these take the most: {named}.")
    kept = measured.seconds.get(_no_op(work, KEPT, 1))
    if kept is not None and ours.whole is not None:
        said.append(
            f"With `token_cache` and the token of an earlier task, ours takes {kept:.2f} s instead of {ours.whole:.2f} s."
        )
    return f"- {' '.join(said)}" if said else f"- Not measured for {what}."


def _less(seconds: float | None, off: float | None) -> float | None:
    return None if seconds is None or off is None else seconds - off


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


# --- Everything --------------------------------------------------------------------


def tables(measured: Measured) -> str:
    """Return a table for each kind of work: medians, and how often our task is faster."""
    return "\n\n".join(_table(measured, work) for work in TITLES)


def _table(measured: Measured, work: str) -> str:
    numbers = sorted({key[3] for key in measured.seconds if key[0] == work})
    rows = []
    for operation in OPERATIONS:
        for number in numbers:
            ours = measured.seconds.get((work, BATCH, operation, number))
            for who, name in NAMES[work].items():
                key = (work, who, operation, number)
                if key not in measured.seconds:
                    continue
                ratio = f"{measured.seconds[key] / ours:.2g}" if ours and who != BATCH else ""
                rows.append(
                    f"| {operation} | {number} | {name} | {measured.seconds[key]:.2f} | {ratio} "
                    f"| {measured.memory[key]:.0f} | {measured.times[key]} |"
                )
    head = "| Operation | Objects | Who | Seconds | Times ours | Peak MiB | Measured |"
    return "\n".join((f"### {TITLES[work]}", "", head, "|---|---|---|---|---|---|---|", *rows))


def requests(measured: Measured) -> str:
    """Return the table of what passed to the services."""
    rows = []
    for work, who, number in dict.fromkeys((key[0], key[1], key[3]) for key in measured.requests):
        counts = [str(measured.requests.get((work, who, operation, number), "")) for operation in OPERATIONS]
        rows.append(f"| {TITLES[work]} | {NAMES[work][who]} | {number} | {' | '.join(counts)} |")
    head = "| Work | Who | Objects | Create | No-op | Change | Delete |"
    return "\n".join((head, "|---|---|---|---|---|---|---|", *rows))


def not_measured(measured: Measured) -> str:
    """Return the table of what nobody measured, and what there was no time for."""
    rows = []
    for work, names in NAMES.items():
        for who, name in names.items():
            missing = [_missing(measured, work, who, operation) for operation in OPERATIONS]
            if any(missing):
                rows.append(f"| {TITLES[work]} | {name} | {' | '.join(missing)} |")
    table = "\n".join(("| Work | Who | Create | No-op | Change | Delete |", "|---|---|---|---|---|---|", *rows))
    if not measured.left_out:
        return table
    return f"{table}\n\nThis run had no time to {'; '.join(dict.fromkeys(measured.left_out))}."


def _missing(measured: Measured, work: str, who: str, operation: str) -> str:
    """Return the numbers of objects that an operation was not measured with."""
    wanted = (*NUMBERS, MANY) if operation == NO_OP else NUMBERS
    return ", ".join(str(number) for number in wanted if (work, who, operation, number) not in measured.seconds)


# REUSE-IgnoreStart  The licence of what is written, not of this file.
NOTICE = """<!--
Copyright: (c) 2026, caas.zun contributors
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""
# REUSE-IgnoreEnd

PAGE = """
# Benchmarks

`make bench` measures what follows on a lab that is up (`make lab`) and on the local Docker Engine, in one run in which the
contestants take turns; `ARGS=--publish make bench` writes this page. Only the ratios say something about another machine. A time
is the median of as many runs as the last column says, of a whole program: the start of `ansible-playbook` (a play without
tasks: {start} s here), of the client and of Python is in it. *The requests alone* is a script that sends what the work needs, ten at
once, with Python's own HTTP client, and does nothing else (`tests/bench/minimal.py`).

{machine}

## Goals

{goals}

## Where the time of one task goes

A no-op of one object, by what can be told apart from the outside. Ansible's start is that of a play without tasks. Ansible imports
our module into `ansible-playbook` once in a run, and compiles the collection's files anew each time; the libraries lie there
compiled. The requests are those of the script, with its own imports. The rest is Ansible's work on a task, and the module's own; with
the peers, which are shipped, also their requests, packing and unpacking, and compiling what was packed.

{one_task}

## How a no-op grows

![No-op of ports](images/bench-ports.svg)
![No-op of containers on Zun](images/bench-zun.svg)
![No-op of containers on Docker](images/bench-docker.svg)

## All measurements

*Times ours* is the time divided by that of our task with all objects in one list. *Peak MiB* is the most that one of the
program's processes held, the small one that starts them included. Those who make, change and delete objects find none of the others',
but for the first 20 containers on Zun: the client's are gone before those of the script are made, which are there when ours are made.
The client does not wait until a container is deleted.

{tables}

## Requests

Counted in runs of their own, by proxies before the services. Of those for ports and for Zun, two are the login; while a container
is made or deleted, Zun is asked again and again. The client's cannot be counted that way, as it goes where the catalogue leads.

{requests}

## What was not measured

Numbers of objects, of 1, 10 and 50, and of 200 for a no-op. On purpose: those who work on one object after the other get many only
where a goal needs it, as each time takes minutes; on Zun, 20 containers are made in place of 50, and there is no no-op of 200,
which the lab's computes can hardly hold. The rest was left to the time there was; `ARGS="--minutes 60" make bench` takes more.

{not_measured}
"""


def publish(measured: Measured, docs: Path) -> None:
    """Write the page and its plots."""
    images = docs / "images"
    images.mkdir(exist_ok=True)
    for work in TITLES:
        _plot(measured, work, images / f"bench-{work}.svg")
    rows = [f"| {name} | {value} |" for name, value in measured.machine.items()]
    page = PAGE.format(
        start=_seconds(measured.seconds.get(START)),
        machine="\n".join(("| Machine | |", "|---|---|", *rows)),
        goals=goals(measured),
        one_task=one_task(measured),
        tables=tables(measured),
        requests=requests(measured),
        not_measured=not_measured(measured),
    )
    (docs / "benchmarks.md").write_text(NOTICE + page)


def _plot(measured: Measured, work: str, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    # The same bytes for the same figures.
    mpl.rcParams["svg.hashsalt"] = work
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for who, name in NAMES[work].items():
        points = sorted((key[3], value) for key, value in measured.seconds.items() if key[:3] == (work, who, NO_OP))
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=name.replace("`", ""))
    if START in measured.seconds:
        axes.axhline(measured.seconds[START], color="grey", linestyle=":", label="an empty play")
    axes.set(xscale="log", yscale="log", xlabel="objects", ylabel="seconds", title=f"{TITLES[work]}: no-op")
    axes.grid(visible=True, which="both", alpha=0.3)
    if axes.get_lines():
        axes.legend()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    # A licence of its own, as every file has.
    text = path.read_text()
    head, _tag, rest = text.partition("<svg")
    path.write_text(f"{head}{NOTICE}<svg{rest}")
