# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test suites: each runs to its end, whatever fails, and returns its cases."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree

import collection
import engine
import lab
from base import CACHE, RESULTS, ROOT, VENVS, ToolError, apt_install, lock, run, say, source_files
from sanity import Sanity
from venvs import CORES, LINT, Environment, as_numbers, interpreters, main_environment, ready

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

# Has the tests run modules instead of action plugins.
SHIPPED = {"CAAS_ZUN_SHIPPED": "1"}


@dataclass
class Case:
    name: str
    outcome: str
    detail: str = ""


@dataclass
class Report:
    """What a suite did. `not_run` names what this machine could not run at all, `tables` are shown at the end."""

    name: str
    cases: list[Case] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, outcome: str) -> int:
        return sum(case.outcome == outcome for case in self.cases)


@dataclass(frozen=True)
class Run:
    """How a suite is run: where its log goes, whether it is shown live, extra words for pytest or molecule.

    `short` says that a change waits for it, so that tests marked `long` are left out. `then` are the suites that follow it
    on the same lab; `lab_was_up` is how the lab was before all of them.
    """

    log: Path
    live: bool
    arguments: tuple[str, ...] = ()
    short: bool = False
    then: tuple[str, ...] = ()
    lab_was_up: bool = False

    def command(self, *words: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> int:
        return run(words, cwd=cwd, env=env, log=self.log, live=self.live)

    def check(self, name: str, *words: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Case:
        """One command that is one test."""
        status = self.command(*words, cwd=cwd, env=env)
        return Case(name, PASSED if status == 0 else FAILED, f"exit status {status}")


# --- Static checks ---------------------------------------------------------


def lint(how: Run) -> Report:
    ready(LINT, main_environment())
    apt_install("shellcheck")
    report = Report("lint")
    source = {"ANSIBLE_COLLECTIONS_PATH": str(collection.source_tree()), "MYPYPATH": str(collection.source_tree())}
    scripts = [name for name in source_files() if name.endswith(".sh") or _is_bash(ROOT / name)]
    yaml = [name for name in source_files() if name.endswith((".yml", ".yaml")) or name == ".yamllint"]
    tool = LINT.bin
    mypy = [tool("mypy"), "--config-file", ROOT / "pyproject.toml", "--cache-dir", CACHE / "mypy"]
    checks: list[Callable[[], Case]] = [
        lambda: how.check("ansible-lint", tool("ansible-lint"), "--nocolor", env={**source, "PATH": _path(LINT)}),
        lambda: how.check("mypy plugins", *mypy, "-p", "ansible_collections.caas.zun.plugins", env=source),
        lambda: how.check("mypy tools", *mypy, "tests/tools", env={"MYPYPATH": "tests/tools"}),
        lambda: how.check("ruff check", tool("ruff"), "check", "."),
        lambda: how.check("ruff format", tool("ruff"), "format", "--check", "."),
        lambda: how.check("yamllint", tool("yamllint"), "--strict", *yaml),
        lambda: how.check("shellcheck", "shellcheck", *scripts),
        lambda: how.check("reuse", tool("reuse"), "lint"),
        lambda: how.check("antsibull-changelog", tool("antsibull-changelog"), "lint"),
        _build_check,
    ]
    with ThreadPoolExecutor(1 if how.live else os.cpu_count()) as pool:
        report.cases = list(pool.map(lambda check: check(), checks))
    return report


def _is_bash(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.readline().startswith((b"#!/usr/bin/env bash", b"#!/bin/sh", b"#!/bin/bash"))


def _path(environment: Environment) -> str:
    """A PATH on which the programs of an environment come first."""
    return f"{environment.path / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _build_check() -> Case:
    try:
        with lock("collection"):
            tarball = collection.build()
    except ToolError as error:
        return Case("galaxy build", FAILED, str(error))
    return Case("galaxy build", PASSED, tarball.name)


def write_changelog() -> int:
    """Running it again for a version adds the fragments that came since."""
    ready(LINT)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collection.source_tree()), "PATH": _path(LINT)}
    return run([LINT.bin("antsibull-changelog"), "release", "--update-existing"], env=env)


def docs(how: Run) -> Report:
    """antsibull-docs reads the collection as installed, and Sphinx renders it; every warning is an error."""
    ready(LINT, main_environment())
    report = Report("docs")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collection.install()), "PATH": _path(LINT)}
    # antsibull-docs copies collections by way of git, to which .venv is invisible unless it seems to be outside of git.
    env["GIT_CEILING_DIRECTORIES"] = str(VENVS)
    antsibull = LINT.bin("antsibull-docs")
    lint_options = [
        "--plugin-docs",
        "--skip-rstcheck",
        "--validate-collection-refs",
        "dependent",
        "--disallow-unknown-collection-refs",
    ]
    report.cases.append(
        how.check("antsibull-docs lint", antsibull, "lint-collection-docs", *lint_options, ROOT, env=env)
    )
    rst, html = CACHE / "docs" / "rst", CACHE / "docs" / "html"
    shutil.rmtree(CACHE / "docs", ignore_errors=True)
    rst.mkdir(parents=True)
    collect = [
        antsibull,
        "--config-file",
        ROOT / "docs" / "docsite" / "antsibull-docs.cfg",
        "collection",
        "--use-current",
        "--fail-on-error",
    ]
    collect += ["--squash-hierarchy", "--dest-dir", rst, collection.NAME]
    report.cases.append(how.check("antsibull-docs render", *collect, env=env))
    sphinx = [
        LINT.bin("sphinx-build"),
        "-c",
        ROOT / "docs" / "docsite",
        "-b",
        "html",
        "-W",
        "--keep-going",
        "-q",
        rst,
        html,
    ]
    report.cases.append(how.check("sphinx", *sphinx, env=env))
    return report


# --- Tests of Python code --------------------------------------------------


def unit(core: Environment) -> Callable[[Run], Report]:
    def suite(how: Run) -> Report:
        report = Report(_name("unit", core))
        if not _core_can_run(core, report):
            return report
        ready(core)
        env = {"ANSIBLE_COLLECTIONS_PATH": str(collection.source_tree()), "PATH": _path(core)}
        _pytest(how, report, core, "tests/unit", env, "--numprocesses", str(os.cpu_count()))
        return report

    return suite


def integration(how: Run) -> Report:
    """Against a real Docker Engine, with the collection as users install it; tasks do their work inside of Ansible."""
    return _integration(how, Report("integration"))


def shipped(how: Run) -> Report:
    """The same with modules as Ansible ships them."""
    through_ansible = ("test_in_process.py", "test_playbook.py")
    return _integration(how, Report("shipped"), *(f"--ignore=tests/integration/{name}" for name in through_ansible))


def _integration(how: Run, report: Report, *options: str) -> Report:
    main = main_environment()
    ready(main)
    # busybox is the test image; the engine lists processes with the ps of its machine.
    apt_install("busybox", "docker-registry", "openssh-server", "procps")
    engine.ready()
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collection.install()), "PATH": _path(main)}
    env |= SHIPPED if report.name == "shipped" else {}
    # They mostly wait for containers, so that more of them than processors fit.
    _pytest(how, report, main, "tests/integration", env, "--numprocesses", "3", *options)
    return report


def _pytest(
    how: Run, report: Report, environment: Environment, folder: str, env: dict[str, str], *options: str
) -> None:
    junit = RESULTS / f"{report.name.replace(' ', '-')}.xml"
    junit.unlink(missing_ok=True)
    # Short, so that the end of the log has all that failed.
    command = [environment.bin("python"), "-m", "pytest", f"--junit-xml={junit}", "--tb=short"]
    status = how.command(*command, *options, folder, *how.arguments, env=env)
    report.cases += _read_junit([junit])
    if status != 0 and not report.count(FAILED):
        meaning = {5: "no tests were found"}.get(status, f"exit status {status}")
        report.cases.append(Case(f"pytest {folder}", FAILED, meaning))


def _read_junit(files: Iterable[Path]) -> list[Case]:
    cases = []
    for path in files:
        if not path.exists():
            continue
        for element in ElementTree.parse(path).getroot().iter("testcase"):
            name = "::".join(filter(None, (element.get("classname"), element.get("name"))))
            problem = element.find("failure") if element.find("failure") is not None else element.find("error")
            skipped = element.find("skipped")
            if problem is not None:
                cases.append(Case(name, FAILED, (problem.get("message") or "").split("\n")[0]))
            elif skipped is not None:
                cases.append(Case(name, SKIPPED, skipped.get("message") or skipped.text or ""))
            else:
                cases.append(Case(name, PASSED))
    return cases


# --- ansible-test sanity ---------------------------------------------------


def sanity(core: Environment) -> Callable[[Run], Report]:
    def suite(how: Run) -> Report:
        report = Report(_name("sanity", core))
        if not _core_can_run(core, report):
            return report
        ready(core)
        tests = Sanity(core)
        tests.prepare()
        status = tests.run("--junit", log=how.log, live=how.live)
        report.cases += _read_junit(sorted(tests.junit.glob("*.xml")))
        _judge_skips(report)
        # A test that crashes leaves no result, and ansible-test ends without running those after it.
        for crash in re.findall(r"^FATAL: (Command .*)", how.log.read_text(errors="replace"), re.MULTILINE):
            report.cases.append(Case(report.name, FAILED, crash[:300]))
        if not report.cases or (status != 0 and not report.count(FAILED)):
            report.cases.append(Case(report.name, FAILED, f"exit status {status}, {len(report.cases)} tests"))
        report.cases.append(_bites(tests, how))
        return report

    return suite


def _judge_skips(report: Report) -> None:
    """What ansible-test skips for want of an interpreter is not run; it may skip nothing else that has something to test."""
    absent: dict[str, set[str]] = {}
    for case in [case for case in report.cases if case.outcome == SKIPPED]:
        found = re.search(r'"(.+)" on Python ([\d.]+) because it could not be found', case.detail)
        if found:
            absent.setdefault(found[2], set()).add(found[1])
        if found or case.detail == "No tests applicable.":
            report.cases.remove(case)
        else:
            case.outcome = FAILED
    for version, tests in sorted(absent.items(), key=lambda item: as_numbers(item[0])):
        report.not_run.append(
            f"{report.name}: {' and '.join(sorted(tests))} on Python {version}, which is not installed"
        )


def _bites(tests: Sanity, how: Run) -> Case:
    """Sanity must fail on a planted fault, and for the reason that was planted."""
    name = "sanity finds a planted fault"
    fault = tests.plant_fault()
    log = how.log.with_suffix(".fault.log")
    log.unlink(missing_ok=True)
    status = tests.run("--test", "validate-modules", str(fault), log=log, live=False)
    if status != 0 and "nonexistent-parameter-documented" in log.read_text(errors="replace"):
        return Case(name, PASSED)
    return Case(name, FAILED, f"exit status {status}: see {log}")


def _name(kind: str, core: Environment) -> str:
    return f"{kind} {core.name}"


def _core_can_run(core: Environment, report: Report) -> bool:
    wanted, actual = core.pythons[0], core.python_version
    if actual is None:
        report.not_run.append(f"{report.name}: this machine has none of Python {', '.join(core.pythons)}")
    elif actual != wanted:
        report.not_run.append(f"{report.name} on Python {wanted}: ran on {actual} instead")
    return actual is not None


# --- Roles -----------------------------------------------------------------


def scenarios() -> list[str]:
    """Those under extensions/molecule, but for the lab's, which are suites of their own."""
    found = {path.parent.name for path in (ROOT / "extensions" / "molecule").glob("*/molecule.yml")}
    return sorted(found - set(lab.TOPOLOGIES))


def molecule(scenario: str) -> Callable[[Run], Report]:
    def suite(how: Run) -> Report:
        report = Report(f"molecule {scenario}")
        main = main_environment()
        ready(main)
        apt_install("debootstrap")
        engine.ready()
        env = {"ANSIBLE_COLLECTIONS_PATH": str(collection.install()), "PATH": _path(main), "PY_COLORS": "0"}
        command = [main.bin("molecule"), "test", "--scenario-name", scenario, *how.arguments]
        case = how.check(report.name, *command, cwd=ROOT / "extensions", env=env)
        if case.outcome == FAILED:
            case.detail += _failed_task(how.log)
        report.cases.append(case)
        return report

    return suite


def _failed_task(log: Path) -> str:
    """The last task that failed with what it said: what a play puts into its log after it may be long."""
    lines = log.read_text(errors="replace").splitlines()
    last = max((number for number, line in enumerate(lines) if line.startswith("fatal: ")), default=None)
    if last is None:
        return ""
    task = next((line for line in reversed(lines[:last]) if line.startswith("TASK [")), "")
    return "\n".join(("", task.rstrip("* "), *lines[last : last + 30]))


# --- The lab -----------------------------------------------------------------


def zun_shipped(how: Run) -> Report:
    """Test against the lab with modules as Ansible ships them."""
    report = Report("lab-shipped")
    with _lab(how, report):
        if lab.is_up() or _stage(report, "raise", lambda: lab.up(live=how.live)):
            _lab_pytest(how, report, "tests/integration_zun", "--numprocesses", "3", env=SHIPPED)
    return report


def zun(how: Run) -> Report:
    """Raise the lab, converge it again, look at it, and test against it."""
    report = Report("lab")
    with _lab(how, report):
        if _stage(report, "raise", lambda: lab.up(live=how.live)) and _stage(
            report, "second converge changes nothing", lambda: lab.idempotence(live=how.live)
        ):
            _stage(report, "verify", lambda: lab.verify(live=how.live))
            # They mostly wait for containers.
            options = ("--numprocesses", "3", *(("-m", "not long") if how.short else ()))
            _lab_pytest(how, report, "tests/integration_zun", *options)
            # Other suites may run meanwhile, but not beside the tests that come then.
            if how.then[:1] == ("ha",):
                _grow(how, report)
    return report


def takeover(how: Run) -> Report:
    """Take a compute over that looks as kolla-ansible leaves it."""
    report = Report("takeover")
    with _lab(how, report):
        if lab.is_up() or _stage(report, "raise", lambda: lab.up(live=how.live)):
            _lab_pytest(how, report, "tests/takeover")
    return report


def ha(how: Run) -> Report:
    """Let the lab grow into the highly available one, and break one thing of each kind."""
    report = Report("ha")
    with _lab(how, report):
        if lab.is_up(lab.HA) or _grow(how, report):
            _lab_pytest(how, report, "tests/ha", "-m", "short")
            _proof(report)
    return report


def _grow(how: Run, report: Report) -> bool:
    return _stage(report, "raise, highly available", lambda: lab.up(lab.HA, live=how.live))


def ha_full(how: Run) -> Report:
    """Raise the highly available lab, break it in every way, and see that it works after all of that."""
    report = Report("ha-full")
    with _lab(how, report):
        raised = lab.is_up(lab.HA) or (
            _stage(report, "raise what Zun joins", lambda: lab.up(lab.HA, live=how.live, part=lab.BASE_ONLY))
            and _stage(report, "check mode on a cloud without Zun", lambda: lab.check(live=how.live))
            and _stage(
                report, "install an older release", lambda: lab.up(lab.HA, live=how.live, part=lab.OLDER_RELEASE)
            )
        )
        if raised and _grow(how, report):
            _stage(report, "verify", lambda: lab.verify(live=how.live))
            _lab_pytest(how, report, "tests/ha")
            _proof(report)
            _stage(report, "verify after the faults", lambda: lab.verify(live=how.live))
    return report


@contextlib.contextmanager
def _lab(how: Run, report: Report) -> Iterator[None]:
    """Remove the lab afterwards, unless it was there before or a suite that follows needs it."""
    try:
        yield
    finally:
        if not how.lab_was_up and not LAB_SUITES & set(how.then):
            _stage(report, "remove", lambda: lab.down(live=how.live))


def _lab_pytest(
    how: Run, report: Report, folder: str, *options: str, env: Mapping[str, str] = MappingProxyType({})
) -> None:
    main = main_environment()
    env = {**env, "ANSIBLE_COLLECTIONS_PATH": str(collection.install()), "PATH": _path(main)}
    env["CAAS_ZUN_LAB"] = str(lab.DESCRIPTION)
    # The client libraries warn of each other by the hundred, which would push failures out of the end of the log.
    _pytest(how, report, main, folder, env, "--disable-warnings", *options)


def _proof(report: Report) -> None:
    """What the faults did, as tests/ha measured it."""
    table = RESULTS / "ha.md"
    if table.exists():
        report.tables.append(table.read_text().rstrip())


def _stage(report: Report, name: str, work: Callable[[], lab.Steps]) -> bool:
    """One stage of the lab is one test; its steps become a table."""
    try:
        steps = work()
    except ToolError as error:
        report.cases.append(Case(f"lab: {name}", FAILED, str(error)))
        return False
    report.cases.append(Case(f"lab: {name}", PASSED))
    report.tables.append(f"Lab: {name}\n{steps.table()}")
    return True


# --- Running them ----------------------------------------------------------

# The scenarios that build what lives through the loss of a node. The suite `ha` builds all of that as well, and breaks it.
CLUSTERS = {"galera", "loadbalancer", "rabbitmq"}

SUITES: dict[str, list[tuple[str, Callable[[Run], Report]]]] = {
    "lint": [("lint", lint)],
    "docs": [("docs", docs)],
    "unit": [(_name("unit", core), unit(core)) for core in CORES],
    "sanity": [(_name("sanity", core), sanity(core)) for core in CORES],
    "integration": [("integration", integration)],
    "shipped": [("shipped", shipped)],
    "molecule": [(f"molecule {scenario}", molecule(scenario)) for scenario in scenarios() if scenario not in CLUSTERS],
    "molecule-clusters": [
        (f"molecule {scenario}", molecule(scenario)) for scenario in scenarios() if scenario in CLUSTERS
    ],
    "lab": [("lab", zun)],
    "lab-shipped": [("lab-shipped", zun_shipped)],
    "takeover": [("takeover", takeover)],
    "ha": [("ha", ha)],
    "ha-full": [("ha-full", ha_full)],
}

# A run of everything would take longer than a change can wait for. `ha-full` holds all of `ha`, and needs most of an hour
# by itself. `shipped` and `lab-shipped` take as long as `integration` and `lab`, which try the ways in which they differ.
ON_DEMAND = {"ha-full", "lab-shipped", "molecule-clusters", "shipped", "takeover"}

# They measure seconds, and so come when nothing else is left to do. Their lab is that of the suites of LAB.
ALONE = ("ha", "ha-full")
LAB = ("lab", "lab-shipped", "takeover")
LAB_SUITES = {*LAB, *ALONE}

# They heed no clock, and so step back for those of the lab, which take longest. To Linux all containers together are no more
# than one of the processes beside them.
PATIENT = {"docs", "lint", "molecule", "sanity", "unit"}

# Two are worked on at the same time, in this order; those of the lab follow each other.
QUEUE = (
    LAB,
    ("integration", "shipped"),
    ("molecule", "molecule-clusters"),
    ("docs",),
    ("sanity",),
    ("unit",),
    ("lint",),
)


def test(names: Iterable[str], arguments: tuple[str, ...]) -> int:
    """Run suites and close with their counts; the exit status is 0 when nothing failed."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    chosen = set(names) or set(SUITES) - ON_DEMAND
    live, short = len(chosen) == 1, not names
    started = time.monotonic()
    with lock("test"):
        # What several suites need is built before they start side by side.
        ready(main_environment())
        collection.install()
        lab_was_up = lab.is_up()

        def run_in_turn(entry: tuple[str, ...], later: tuple[str, ...] = ()) -> list[Report]:
            following = [name for name in (*entry, *later) if name in chosen]
            if PATIENT & set(following) and LAB_SUITES & chosen:
                # Of this thread, and of all that it starts.
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
            return [
                _run(title, suite, Run(_log(title), live, arguments, short, tuple(following[number + 1 :]), lab_was_up))
                for number, name in enumerate(following)
                if name in entry
                for title, suite in SUITES[name]
            ]

        with ThreadPoolExecutor(2) as pool:
            reports = [report for entry in pool.map(lambda entry: run_in_turn(entry, ALONE), QUEUE) for report in entry]
        reports += run_in_turn(ALONE)
    return _close(reports, time.monotonic() - started)


def _log(name: str) -> Path:
    return RESULTS / f"{name.replace(' ', '-')}.log"


def _run(name: str, function: Callable[[Run], Report], how: Run) -> Report:
    log = how.log
    log.unlink(missing_ok=True)
    log.touch()
    say(f"{name}: started, log {log.relative_to(ROOT)}")
    started = time.monotonic()
    try:
        report = function(how)
    except ToolError as error:
        report = Report(name, [Case(name, FAILED, str(error))])
    report.seconds = time.monotonic() - started
    if report.count(FAILED) and not how.live:
        lines = log.read_text(errors="replace").splitlines()
        say("\n".join((f"--- {name}: end of the log", *lines[-200:], f"--- {name}: end")))
    say(_line(report))
    return report


def _line(report: Report) -> str:
    counts = (f"{report.count(outcome):5} {outcome}" for outcome in (PASSED, FAILED, SKIPPED))
    return f"{report.name:22}{' '.join(counts)} {report.seconds:7.1f} s"


def _close(reports: list[Report], seconds: float) -> int:
    failures = [(report, case) for report in reports for case in report.cases if case.outcome == FAILED]
    if failures:
        say("\nFailed:")
    for report, case in failures:
        say(f"  {report.name}: {case.name}: {case.detail}")
    for table in [table for report in reports for table in report.tables]:
        say(f"\n{table}")
    say("\nSuites:")
    for report in reports:
        say(f"  {_line(report)}")
    say(f"  {'all together':58}{seconds:7.1f} s")
    pythons = ", ".join(sorted(interpreters(), key=as_numbers))
    say(f"\nInterpreters found: {pythons}. Not run:")
    for line in [line for report in reports for line in report.not_run] or ["nothing"]:
        say(f"  {line}")
    total = {outcome: sum(report.count(outcome) for report in reports) for outcome in (PASSED, FAILED, SKIPPED)}
    say("\n" + ", ".join(f"{number} {outcome}" for outcome, number in total.items()))
    return 1 if failures or not total[PASSED] else 0
