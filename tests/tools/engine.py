# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local Docker Engine that the tests and the quickstart use."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path

from base import ToolError, run, say
from collection import install
from venvs import main_environment

SOCKET = Path("/var/run/docker.sock")
PLAYBOOK = Path(__file__).with_name("engine.yml")


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(SOCKET))


def _ask(method: str, path: str) -> tuple[int, str]:
    connection = _Connection("localhost", timeout=30)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


def answers() -> bool:
    try:
        return _ask("GET", "/_ping")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def container(name: str) -> tuple[str, int]:
    """The id and the memory limit in bytes of a container, as the engine itself reports them."""
    status, body = _ask("GET", f"/containers/{name}/json")
    if status != 200:
        raise ToolError(f"The container {name} does not exist although the playbook succeeded: {body.strip()}")
    found = json.loads(body)
    return found["Id"], found["HostConfig"]["Memory"]


def ready() -> None:
    """Make sure that an engine answers, with the role that users would use."""
    if answers():
        return
    say("No Docker Engine answers: applying the role docker_engine to this machine ...")
    status = playbook(PLAYBOOK)
    if status != 0 or not answers():
        raise ToolError("No Docker Engine answers after the role docker_engine ran: the lines above say why.")


def playbook(path: Path | str, *options: object, log: Path | None = None, env: dict[str, str] | None = None) -> int:
    """Run a playbook of the installed collection on this machine."""
    environment = main_environment()
    collections = install()
    command: list[object] = [environment.bin("ansible-playbook"), "--inventory", "localhost,", "--connection", "local"]
    # Discovery could pick a Python without the libraries, or a shim of pyenv that does not run.
    command += ["--extra-vars", f"ansible_python_interpreter={environment.bin('python')}"]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    return run([*command, *options, path], env={**settings, **(env or {})}, log=log)
