# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every tool needs: paths, commands with a log, files of the collection, apt."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tests" / "tools"
VENVS = ROOT / ".venv"
CACHE = ROOT / ".cache"
RESULTS = CACHE / "results"


class ToolError(Exception):
    """The work cannot go on; the text is one sentence with the remedy."""


def say(text: str) -> None:
    print(text, flush=True)


def run(
    command: Iterable[object],
    *,
    cwd: Path = ROOT,
    env: dict[str, str] | None = None,
    log: Path | None = None,
    live: bool = True,
    each: Callable[[str], None] | None = None,
) -> int:
    """Run a command with its output in a log, on the terminal, or in both; return its exit status.

    each is called with every line. Standard input is empty: nothing that runs here may ask a question.
    """
    words = [str(word) for word in command]
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("a", encoding="utf-8")) if log else None
        if sink:
            sink.write(f"$ {' '.join(words)}\n")
            sink.flush()
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdout
        for line in process.stdout:
            if sink:
                sink.write(line)
                sink.flush()
            if live:
                sys.stdout.write(line)
                sys.stdout.flush()
            if each:
                each(line)
        return process.wait()


def output(command: Iterable[object], *, cwd: Path = ROOT) -> str:
    """The standard output of a command that must not fail."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise ToolError(f"The command {words[0]} is missing: install it, then run this again.") from None
    except subprocess.CalledProcessError as error:
        raise ToolError(f"'{' '.join(words)}' failed: {error.stderr.strip() or error.stdout.strip()}") from None
    return done.stdout


def source_files() -> list[str]:
    """The files of the checkout that git knows or would add, and that exist."""
    listed = output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).split("\0")
    return sorted(name for name in listed if name and (ROOT / name).is_file())


def digest(names: Iterable[str], *more: str) -> str:
    """A hash over the names, modes and contents of files, and over texts."""
    total = hashlib.sha256()
    for name in names:
        path = ROOT / name
        total.update(f"{name}\0{path.stat().st_mode:o}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for text in more:
        total.update(f"\0{text}".encode())
    return total.hexdigest()


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Only one process at a time in this checkout does what the name says."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another run in this checkout ({name}).")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def apt_install(*packages: str) -> None:
    """Install those Debian packages that are missing."""
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return
    remedy = (
        f"install the packages {' '.join(missing)} (apt-get install {' '.join(missing)} as root), then run this again."
    )
    if not shutil.which("apt-get"):
        raise ToolError(f"There is no apt-get on this machine: {remedy}")
    if os.geteuid() != 0:
        raise ToolError(f"Packages are missing and you are not root: {remedy}")
    say(f"Installing {' '.join(missing)} ...")
    RESULTS.mkdir(parents=True, exist_ok=True)
    log = RESULTS / "apt.log"
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3", "--quiet"]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    # The first update on a fresh machine can fail for reasons that pass: another
    # apt at work, a mirror in the middle of its own update.
    for wait in (0, 5, 20):
        time.sleep(wait)
        steps = (["update"], ["install", "--yes", "--no-install-recommends", *missing])
        if all(run([*apt, *step], env=env, log=log, live=False) == 0 for step in steps):
            return
    raise ToolError(f"apt-get failed three times (see {log}): {remedy}")


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    if not shutil.which(query[0]):
        return False
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return done.stdout == "installed"
