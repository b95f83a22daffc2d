# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interpreters of this machine and the virtual environments made from them."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from base import RESULTS, ROOT, VENVS, ToolError, apt_install, digest, lock, run, say

REQUIREMENTS = ROOT / "tests" / "requirements"


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its lock file is tests/requirements/<name>.txt."""

    name: str
    pythons: tuple[str, ...]  # the versions it works with, the preferred one first

    @property
    def path(self) -> Path:
        return VENVS / self.name

    @property
    def python_version(self) -> str | None:
        wanted = (chosen_version(), *self.pythons)
        return next((version for version in wanted if version in self.pythons and version in interpreters()), None)

    def bin(self, program: str) -> Path:
        return self.path / "bin" / program


OLD_CORE = Environment("core-2.19", ("3.11", "3.12", "3.13"))
NEW_CORE = Environment("core-2.21", ("3.13", "3.12", "3.14"))
CORES = (OLD_CORE, NEW_CORE)
LINT = Environment("lint", ("3.13", "3.12", "3.11"))
CLIENT = Environment("client", ("3.13", "3.12", "3.11"))
BENCH = Environment("bench", ("3.13", "3.12", "3.11"))
UV = Environment("uv", ("3.13", "3.12", "3.11", "3.14"))


@functools.cache
def interpreters() -> dict[str, Path]:
    """Python versions like '3.13' and where they are. $PYTHON comes first; shims of pyenv do not count."""
    found: dict[str, Path] = {}
    chosen = chosen_version()
    if chosen:
        found[chosen] = Path(shutil.which(os.environ["PYTHON"]) or "")
    for folder in (
        *sorted(Path.home().glob(".pyenv/versions/*/bin"), reverse=True),
        Path("/usr/local/bin"),
        Path("/usr/bin"),
    ):
        for path in sorted(folder.glob("python3.*")):
            version = path.name.removeprefix("python")
            if re.fullmatch(r"3\.\d+", version) and version not in found and _version(path) == version:
                found[version] = path
    return found


@functools.cache
def chosen_version() -> str | None:
    """The version of $PYTHON; None when the user did not set it."""
    named = os.environ.get("PYTHON")
    if not named:
        return None
    version = _version(Path(shutil.which(named) or named))
    if not version:
        raise ToolError(f"PYTHON={named} does not run: name a Python 3.11 or newer, or leave PYTHON unset.")
    return version


def _version(python: Path) -> str | None:
    """The version that an interpreter reports, or None when it does not run."""
    if not os.access(python, os.X_OK):
        return None
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def main_environment() -> Environment:
    """The environment for what needs one Ansible only: the newest ansible-core that a Python here can run."""
    for environment in reversed(CORES):
        if environment.python_version and chosen_version() in (None, environment.python_version):
            return environment
    raise ToolError(
        "Neither $PYTHON nor any other Python here is 3.11, 3.12, 3.13 or 3.14: install one, then run this again."
    )


def ready(*environments: Environment) -> None:
    """Build the environments that are missing, incomplete or out of date."""
    with lock("venvs"):
        for environment in environments:
            _build(environment)


def _build(environment: Environment) -> None:
    version = environment.python_version
    if version is None:
        raise ToolError(
            f"The environment {environment.name} needs one of Python {', '.join(environment.pythons)}: install one of them."
        )
    python = interpreters()[version]
    requirements = REQUIREMENTS / f"{environment.name}.txt"
    stamp = environment.path / "complete"
    wanted = digest([str(requirements.relative_to(ROOT))], str(python), version)
    # The stamp is written last, so an environment of an interrupted run has none.
    if stamp.exists() and stamp.read_text() == wanted and environment.bin("python").exists():
        return
    say(f"Building .venv/{environment.name} with Python {version} ...")
    shutil.rmtree(environment.path, ignore_errors=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    log = RESULTS / f"venv-{environment.name}.log"
    log.unlink(missing_ok=True)
    commands: list[list[object]]
    if environment == UV:
        _need_ensurepip(python)
        commands = [
            [python, "-m", "venv", environment.path],
            [environment.bin("python"), "-m", "pip", "install", "--quiet", "--requirement", requirements],
        ]
    else:
        _build(UV)
        uv = UV.bin("uv")
        commands = [
            [uv, "venv", "--quiet", "--no-python-downloads", "--python", python, environment.path],
            [uv, "pip", "install", "--quiet", "--python", environment.bin("python"), "--requirement", requirements],
        ]
    for command in commands:
        if run(command, log=log, live=False) != 0:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise ToolError(
                f"Building .venv/{environment.name} failed (is the package index reachable? full log: {log}): {' / '.join(lines[-3:])}"
            )
    stamp.write_text(wanted)


def _need_ensurepip(python: Path) -> None:
    """Debian ships Python without ensurepip; the package python3-venv has it."""
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode != 0:
        apt_install("python3-venv")


def write_locks(upgrade: bool) -> None:
    """Write tests/requirements/*.txt from *.in: exact versions for every Python that the environment may have."""
    ready(UV)
    for environment in (*CORES, LINT, CLIENT, BENCH):
        oldest = min(environment.pythons, key=as_numbers)
        command: list[object] = [UV.bin("uv"), "pip", "compile", "--quiet", "--universal", "--python-version", oldest]
        command += [
            "--no-annotate",
            "--no-emit-index-url",
            "--no-emit-find-links",
            "--custom-compile-command",
            "make lock",
        ]
        command += ["--upgrade"] if upgrade else []
        command += [f"{environment.name}.in", "--output-file", f"{environment.name}.txt"]
        if run(command, cwd=REQUIREMENTS) != 0:
            raise ToolError(f"Locking {environment.name} failed: see the lines above.")


def path_with_interpreters() -> str:
    """A PATH in which python3.N finds every interpreter and no shim of pyenv stands in the way."""
    folders = [str(path.parent) for path in interpreters().values()]
    folders += [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if not folder.endswith("/.pyenv/shims")
    ]
    return os.pathsep.join(dict.fromkeys(folders))


def as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
