# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and plays through ansible-playbook itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

import ansible_collections.caas.zun as collection

# Where other processes find the collection that the tests have: the folders above `ansible_collections`.
COLLECTIONS = os.pathsep.join(str(Path(root).parents[2]) for root in collection.__path__)


def play(
    folder: Path,
    content: str | list[dict[str, Any]],
    *words: str,
    succeeds: bool = True,
    cwd: Path | None = None,
    **environment: str,
) -> str:
    """Run a play on localhost with the Python of the tests; return all that is printed.

    :param content: the play, or its tasks.
    :param words: more arguments of ansible-playbook.
    :param cwd: the directory to run it in.
    :param environment: environment variables that differ.
    """
    if not isinstance(content, str):
        content = yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": content}])
    path = folder / "play.yml"
    path.write_text(content)
    variables = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        **environment,
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "-i", "localhost,", "-c", "local", *words, str(path)]
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, check=False, text=True, timeout=300)
    output = done.stdout + done.stderr
    assert (done.returncode == 0) == succeeds, output
    assert "Traceback" not in output
    return output
