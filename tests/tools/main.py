# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the project's tools; the Makefile calls it through tests/tools/dev."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys

import collection
import lab
import quickstart
import suites
import venvs
from base import ROOT, ToolError, output, run, say


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/tools/dev", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("bootstrap", help="build the virtual environment for daily work")
    commands.add_parser("build", help="build the collection's tarball and install it under .cache/collections")
    commands.add_parser("quickstart", help="set everything up and run the quickstart playbook")
    commands.add_parser("quickstart-clean", help="remove what the quickstart made")
    commands.add_parser("lab", help="raise the lab, a Zun cloud in containers, or go on raising it")
    commands.add_parser(
        "lab-ha", help="raise the lab with Zun on three nodes behind two load balancers, or let it grow"
    )
    commands.add_parser("lab-down", help="remove the lab")
    commands.add_parser("lab-env", help="print what tells an OpenStack client where the lab is")
    commands.add_parser("lab-shell", help="open a shell with the OpenStack client ready")
    commands.add_parser("bench", help="measure what the collection promises about speed, on the lab")
    commands.add_parser("format", help="rewrite the Python files in the project's style")
    commands.add_parser(
        "changelog", help="move the changelog fragments into the changelog of the version in galaxy.yml"
    )
    lock = commands.add_parser("lock", help="write the lock files in tests/requirements")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    test = commands.add_parser("test", help="run test suites, all when none is named")
    test.add_argument("suite", nargs="*", choices=[*suites.SUITES, []])
    arguments = parser.parse_args()

    if shutil.which("git") is None:
        raise ToolError("git is missing: install it (apt-get install git), then run this again.")
    match arguments.command:
        case "bootstrap":
            venvs.ready(venvs.main_environment())
        case "build":
            venvs.ready(venvs.main_environment())
            collection.install()
            say(output(["ls", collection.DIST]).strip())
        case "quickstart":
            return quickstart.show()
        case "quickstart-clean":
            return quickstart.clean()
        case "lab":
            return lab.show_up()
        case "lab-ha":
            return lab.show_up(lab.HA)
        case "lab-down":
            return lab.show_down()
        case "lab-env":
            return lab.show_env()
        case "lab-shell":
            return lab.shell()
        case "bench":
            return lab.bench(tuple(shlex.split(os.environ.get("ARGS", ""))))
        case "format":
            venvs.ready(venvs.LINT)
            fixed = run([venvs.LINT.bin("ruff"), "check", "--fix", ROOT])
            return run([venvs.LINT.bin("ruff"), "format", ROOT]) or fixed
        case "changelog":
            return suites.write_changelog()
        case "lock":
            venvs.write_locks(arguments.upgrade)
        case "test":
            return suites.test(arguments.suite, tuple(shlex.split(os.environ.get("ARGS", ""))))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted.")
