# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection as users get it: built as a tarball and installed; and as a source tree to import from."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from base import CACHE, RESULTS, ROOT, ToolError, digest, lock, run, say, source_files
from venvs import main_environment

NAME = "caas.zun"
FOLDER = Path("ansible_collections", *NAME.split("."))
INSTALLED = CACHE / "collections"
DIST = CACHE / "dist"

# What ansible-galaxy adds to the tarball or keeps out of it by itself.
GENERATED = {"MANIFEST.json", "FILES.json"}


def build() -> Path:
    """Build the tarball; refuse one that holds anything git does not know."""
    environment = main_environment()
    shutil.rmtree(DIST, ignore_errors=True)
    _galaxy(environment.bin("ansible-galaxy"), "build", ROOT, "--output-path", DIST)
    tarball = next(DIST.glob("*.tar.gz"))
    with tarfile.open(tarball) as content:
        packed = {member.name for member in content.getmembers() if not member.isdir()}
    strangers = sorted(packed - GENERATED - set(source_files()))
    if strangers:
        raise ToolError(
            f"The tarball holds files that git does not know: {', '.join(strangers[:5])}: add them to build_ignore in galaxy.yml."
        )
    return tarball


def install() -> Path:
    """Install the built collection where ANSIBLE_COLLECTIONS_PATH can point to; nothing is done when it is up to date."""
    with lock("collection"):
        environment = main_environment()
        wanted = digest(source_files(), environment.name)
        stamp = INSTALLED / "complete"
        if stamp.exists() and stamp.read_text() == wanted:
            return INSTALLED
        say(f"Building and installing {NAME} ...")
        shutil.rmtree(INSTALLED, ignore_errors=True)
        # Its dependencies come with the package ansible, so no server is asked.
        _galaxy(
            environment.bin("ansible-galaxy"),
            "install",
            build(),
            "--collections-path",
            INSTALLED,
            "--no-deps",
            "--offline",
            "--force",
        )
        stamp.write_text(wanted)
        return INSTALLED


def source_tree() -> Path:
    """A folder under which the checkout itself can be imported as ansible_collections.caas.zun."""
    tree = CACHE / "src"
    link = tree / FOLDER
    if not link.is_symlink() or link.resolve() != ROOT:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    return tree


def _galaxy(*words: object) -> None:
    program, verb, *rest = words
    RESULTS.mkdir(parents=True, exist_ok=True)
    log = RESULTS / "galaxy.log"
    log.unlink(missing_ok=True)
    if run([program, "collection", verb, *rest], log=log, live=False) != 0:
        raise ToolError(f"ansible-galaxy collection {verb} failed: {log.read_text(errors='replace').strip()}")
