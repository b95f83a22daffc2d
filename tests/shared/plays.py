# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks run on the lab's inventory, as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

LOGS = Path(__file__).resolve().parents[2] / ".cache" / "results"


def play(lab: dict[str, Any], name: str, *words: str, seconds: float = 1800, **variables: Any) -> str:
    """Run a playbook and return what it prints; it is an error if it fails."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": lab["ansible_config"],
        "ANSIBLE_FORCE_COLOR": "0",
        "OS_CLIENT_CONFIG_FILE": lab["clouds"],
    }
    command = ["ansible-playbook", "--inventory", lab["inventory"], name, *words]
    command += ["--extra-vars", json.dumps(variables)] if variables else []
    LOGS.mkdir(parents=True, exist_ok=True)
    kind = "-check" if "--check" in words else ""
    log = LOGS / f"play-{Path(name).name.removesuffix('.yml')}{kind}-{time.strftime('%H%M%S')}.log"
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    log.write_text(done.stdout)
    assert done.returncode == 0, f"{' '.join(command)} fails, see {log}:\n{done.stdout[-4000:]}"
    return done.stdout


def changed(output: str) -> dict[str, int]:
    """Return how many changes a run of Ansible reports, for each node with any."""
    found = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+) ", output, re.MULTILINE)
    assert found, output[-2000:]
    return {node: int(number) for node, number in found if number != "0"}
