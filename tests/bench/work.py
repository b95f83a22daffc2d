# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: the same work, done by each of those who can do it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CREATE, NO_OP, CHANGE, DELETE = "create", "no-op", "change", "delete"
OPERATIONS = (CREATE, NO_OP, CHANGE, DELETE)

#: Who does it: our module with a list, our module in a loop, the peer's module in a loop, the client's commands in a
#: loop, and the requests alone.
BATCH, LOOP, PEER, CLIENT, MINIMAL = "batch", "loop", "peer", "client", "minimal"
#: Our module with a list and the token of an earlier task.
KEPT = "kept"
#: What others begin with: Ansible's start, which is a play with nothing to do; Python's start; and Python's start with
#: the library that the peer's module needs.
EMPTY, PYTHON, LIBRARY = "empty play", "python", "library"

_COLLECTION = "caas.zun"
_MODULES = {"ports": "container_port", "zun": "appcontainer", "docker": "appcontainer"}
# community.docker speaks to the engine by itself.
_LIBRARIES = {"ports": "openstack", "docker": "requests"}

#: The value of what the changes change: first, and then.
BEFORE, AFTER = "32", "48"


@dataclass(frozen=True)
class Result:
    """One measurement.

    :param seconds: from the start of the program to its end.
    :param memory: the most that one of its processes held, in MiB.
    """

    seconds: float
    memory: float


class FailedError(Exception):
    """A contestant did not do its work."""


@dataclass(frozen=True)
class Place:
    """Where the work is done.

    :param ansible: ansible-playbook, and with what environment it runs.
    :param clients: where the programs of the OpenStack client are.
    :param settings: what the minimal script knows.
    :param docker_host: the engine's address.
    """

    folder: Path
    ansible: Path
    environment: Mapping[str, str]
    clients: Path
    settings: Mapping[str, Any]
    docker_host: str
    cloud: str

    @property
    def python(self) -> str:
        """Ansible's Python; on the same one runs what is compared with Ansible's start."""
        return str(self.ansible.with_name("python"))

    @property
    def cache(self) -> Path:
        """Where tokens are kept."""
        return self.folder / "cache"

    def words(self, work: str, who: str, operation: str, names: Sequence[str]) -> list[str]:
        """Return the program that does it, with its arguments."""
        value = AFTER if operation == CHANGE else BEFORE
        if who == MINIMAL:
            settings = self.folder / "settings.json"
            settings.write_text(json.dumps(self.settings))
            return [self.python, _beside("minimal.py"), work, operation, value, *names]
        if who in (PYTHON, LIBRARY):
            return [self.python, "-c", f"import {_LIBRARIES[work]}" if who == LIBRARY else ""]
        if who == CLIENT:
            return ["/bin/sh", "-ec", "\n".join(self._command(work, operation, name, value) for name in names)]
        tasks = [] if who == EMPTY else [self._task(work, who, operation, names, value)]
        play = self.folder / "play.yml"
        play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        return [str(self.ansible), "-i", "localhost,", "-c", "local", str(play)]

    def _task(self, work: str, who: str, operation: str, names: Sequence[str], value: str) -> dict[str, Any]:
        state = "absent" if operation == DELETE else "present" if work == "ports" else "started"
        if who == PEER:
            return self._task_of_peer(work, state, names, value)
        module, many = f"{_COLLECTION}.{_MODULES[work]}", "ports" if work == "ports" else "containers"
        common: dict[str, Any] = {"state": state, **self._options(work, value)}
        common |= {"backend": "docker", "docker_host": self.docker_host} if work == "docker" else {"cloud": self.cloud}
        if who == KEPT:
            common["token_cache"] = True
        if who in (BATCH, KEPT):
            return {module: {**common, many: [{"name": name} for name in names]}}
        return {module: {**common, "name": "{{ item }}"}, "loop": list(names)}

    def _options(self, work: str, value: str) -> dict[str, Any]:
        settings = self.settings
        if work == "ports":
            groups = [settings["group"]]
            return {"network": settings["network"], "security_groups": groups, "description": value}
        options = {"image": settings["images"][work], "command": ["sleep", "100000"], "memory": f"{value}M"}
        return {**options, "nets": [{"network": settings["zun_network"]}]} if work == "zun" else options

    def _task_of_peer(self, work: str, state: str, names: Sequence[str], value: str) -> dict[str, Any]:
        if work == "ports":
            options = {**self._options(work, value), "cloud": self.cloud, "state": state, "name": "{{ item }}"}
            return {"openstack.cloud.port": options, "loop": list(names)}
        options = {"image": self.settings["images"][work], "command": "sleep 100000", "memory": f"{value}M"}
        options |= {"memory_swap": f"{int(value) * 2}M"}
        if state == "absent":
            options = {"force_kill": True}
        options |= {"docker_host": self.docker_host, "name": "{{ item }}", "state": state}
        return {"community.docker.docker_container": options, "loop": list(names)}

    def _command(self, work: str, operation: str, name: str, value: str) -> str:
        settings = {key: shlex.quote(str(value)) for key, value in self.settings.items()}
        ports = {
            CREATE: f"port create --network {settings['network']} --security-group {settings['group']} "
            f"--description {value} {name}",
            NO_OP: f"port show {name}",
            CHANGE: f"port set --description {value} {name}",
            DELETE: f"port delete {name}",
        }
        containers = {
            CREATE: f"appcontainer run --wait --name {name} --memory {value} --net network={settings['zun_network']} "
            f"{self.settings['images']['zun']} sleep 100000",
            NO_OP: f"appcontainer show {name}",
            CHANGE: f"appcontainer set --memory {value} {name}",
            DELETE: f"appcontainer delete --stop {name}",
        }
        words = {"ports": ports, "zun": containers}[work][operation]
        return f"{self.clients / 'openstack'} --os-cloud {self.cloud} {words} >/dev/null"

    def measure(self, work: str, who: str, operation: str, names: Sequence[str] = ()) -> Result:
        """Do it once.

        :raises FailedError: it was not done, or changed something where nothing was to be changed.
        """
        log = self.folder / "output.log"
        # Isolated and without the site's packages, the helper is as small as a Python can be.
        helper = [sys.executable, "-I", "-S", _beside("measure.py"), str(log)]
        cache = {"XDG_CACHE_HOME": str(self.cache)} if who == KEPT else {}
        code, seconds, memory = self._output([*helper, *self.words(work, who, operation, names)], **cache).split()
        text = log.read_text(errors="replace")
        doing = f"{operation} of {len(names)} {work} by {who}"
        if code != "0":
            raise FailedError(f"{doing} failed:\n{text[-2000:]}")
        if who in (BATCH, KEPT, LOOP, PEER):
            changed = int(re.findall(r" changed=(\d+) ", text)[-1])
            if bool(changed) != (operation != NO_OP):
                raise FailedError(f"{doing} has changed={changed}:\n{text[-2000:]}")
        return Result(float(seconds), int(memory) / 1024)

    def imports(self, work: str) -> dict[str, float]:
        """Return how many seconds Ansible spends on importing our action plugin, by package."""
        words = [self.python, "-X", "importtime", _beside("imports.py"), f"{_COLLECTION}.{_MODULES[work]}"]
        return json.loads(self._output(words))

    def _output(self, words: Sequence[str], **environment: str) -> str:
        """Return what a program of the benchmark says; `environment` is what not all have in theirs."""
        settings = str(self.folder / "settings.json")
        env = {**os.environ, **self.environment, "BENCH_SETTINGS": settings, **environment}
        done = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise FailedError(f"{words[0]} failed:\n{done.stderr[-2000:]}")
        return done.stdout


def _beside(script: str) -> str:
    return str(Path(__file__).with_name(script))
