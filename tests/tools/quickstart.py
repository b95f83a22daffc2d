# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quickstart: one playbook run three times, and what must be true between the runs."""

from __future__ import annotations

import json
import os
import re
import time

import engine
from base import RESULTS, ROOT, ToolError, apt_install, lock, say
from venvs import main_environment, ready

PLAYBOOK = ROOT / "playbooks" / "quickstart.yml"
CLEAN_PLAYBOOK = ROOT / "playbooks" / "quickstart_clean.yml"
CONTAINER = "caas-zun-quickstart"  # the name that the playbook gives it
LOG = RESULTS / "quickstart.log"


def show() -> int:
    started = time.monotonic()
    if os.geteuid() != 0 and not engine.answers():
        raise ToolError("No Docker Engine answers, and only root can install one: run 'sudo make quickstart'.")
    with lock("quickstart"):
        ready(main_environment())
        apt_install("busybox")

        say("\n== First run: everything is created ==")
        _play()
        container = engine.container(CONTAINER)[0]

        say("\n== Second run: nothing may change ==")
        changed = _play()
        if changed:
            raise ToolError(
                f"The second run reports changed={changed} where 0 was expected: the lines marked 'changed' above are faults."
            )

        say("\n== Third run: the memory limit becomes 96M, in place ==")
        _play(quickstart_memory="96M", quickstart_summary=True)
        same_container, memory = engine.container(CONTAINER)
        if (same_container, memory) != (container, 96 << 20):
            raise ToolError(
                f"The memory limit was not changed in place: id {container} became {same_container} with a limit of {memory} bytes."
            )
    say(
        f"\nThe second run changed nothing; the third kept the container {container[:12]}. Done in {time.monotonic() - started:.0f} s."
    )
    return 0


def clean() -> int:
    if not engine.answers():
        raise ToolError(
            "No Docker Engine answers, so nothing of the quickstart runs; start the engine if you want its objects removed."
        )
    ready(main_environment())
    return engine.playbook(CLEAN_PLAYBOOK)


def _play(**variables: object) -> int:
    """Run the playbook once; the number of tasks that changed something."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    if engine.playbook(PLAYBOOK, "--extra-vars", json.dumps(variables), log=LOG) != 0:
        raise ToolError("The quickstart stopped: the last lines above say why.")
    recap = LOG.read_text(errors="replace").rpartition("PLAY RECAP")[2]
    return sum(int(number) for number in re.findall(r"\bchanged=(\d+)", recap))
