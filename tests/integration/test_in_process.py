# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where ansible-playbook has the work done: inside of itself, or by a module that it ships."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proxy import CountingProxy
from tasks import play

from ansible_collections.caas.zun.plugins.plugin_utils import in_process

ELSEWHERE = """
from ansible.plugins.connection.local import Connection as Local
DOCUMENTATION = "{name: elsewhere, short_description: another host that is this one, description: [For tests.]}"
class Connection(Local):
    transport = "elsewhere"
"""


@pytest.fixture
def one(tmp_path: Path, name: str) -> Callable[..., str]:
    """Return a function that runs one task and returns what ansible-playbook says."""
    (tmp_path / "connection_plugins").mkdir()
    (tmp_path / "connection_plugins" / "elsewhere.py").write_text(ELSEWHERE)

    def run(succeeds: bool = True, variables: dict[str, str] | None = None, **words: Any) -> str:
        arguments = {"backend": "docker", "name": [name], **words.pop("arguments", {})}
        task = {"caas.zun.appcontainer_info": arguments, **words}
        return play(tmp_path, [task], "-vvv", succeeds=succeeds, **(variables or {}))

    return run


def was_shipped(output: str) -> bool:
    return "EXEC /bin/sh" in output


def another_python(folder: Path) -> str:
    path = folder / "another-python"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)


HINDRANCES: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "connection": (lambda _: {"connection": "elsewhere"}, "the task runs over the connection 'elsewhere'"),
    "become": (lambda _: {"become": True, "become_method": "ansible.builtin.su"}, "the task uses become"),
    "async": (lambda _: {"async": 60, "poll": 1}, "the task uses async"),
    "environment": (lambda _: {"environment": {"EDITOR": "vi"}}, "environment sets EDITOR"),
    "interpreter": (
        lambda folder: {"vars": {"ansible_python_interpreter": another_python(folder)}},
        "ansible_python_interpreter is ",
    ),
}


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_hindrances(engine, hindrance, one, tmp_path) -> None:
    words, named = HINDRANCES[hindrance]
    assert was_shipped(one(**words(tmp_path)))
    refused = one(succeeds=False, arguments={"execute": "controller"}, **words(tmp_path))
    assert f"execute: 'controller' is not possible, as {named}" in refused
    assert not was_shipped(refused)


def test_a_library_that_is_missing(engine, one, tmp_path) -> None:
    (tmp_path / "docker.py").write_text("raise ImportError('docker')")
    hidden = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    refused = one(succeeds=False, variables=hidden, arguments={"execute": "controller"})
    assert f"the Python of ansible-playbook, {sys.executable}, has no docker" in refused
    # The target's Python may have it; here it is the same one.
    shipped = one(succeeds=False, variables=hidden)
    assert was_shipped(shipped)
    assert "Failed to import the required Python library (docker)" in shipped


@pytest.mark.parametrize("execute", ["auto", "controller"])
@pytest.mark.parametrize(
    "interpreter",
    [
        None,
        sys.executable,
        # Another name of the same program.
        f"{sys.prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}",
        "auto_silent",
        "{{ ansible_playbook_python }}",
        "{{ nothing | default(omit) }}",
    ],
)
def test_inside(engine, execute, interpreter, one) -> None:
    """Without an interpreter of its own, the task has that of Ansible's configuration, which leaves it to Ansible."""
    said = {"vars": {"ansible_python_interpreter": interpreter}} if interpreter else {}
    default = {"ANSIBLE_PYTHON_INTERPRETER": "auto"}
    assert not was_shipped(one(arguments={"execute": execute}, variables=default, **said))


def test_an_interpreter_by_its_name(engine, one) -> None:
    said = {"ansible_python_interpreter": "python-of-somebody-else"}
    refused = one(succeeds=False, arguments={"execute": "controller"}, vars=said)
    assert "ansible_python_interpreter is python-of-somebody-else" in refused


def test_always_shipped(engine, one) -> None:
    assert was_shipped(one(arguments={"execute": "target"}))


def test_no_such_choice(engine, one) -> None:
    assert "value of execute must be one of: auto, controller, target, got: nowhere" in one(
        succeeds=False, arguments={"execute": "nowhere"}
    )


def test_delegation(engine, one) -> None:
    """What counts is the host that the task is delegated to: here the one Ansible makes up, with its own Python."""
    assert not was_shipped(one(delegate_to="127.0.0.1", variables={"ANSIBLE_PYTHON_INTERPRETER": "auto"}))


def test_items_of_a_loop_share_a_connection(engine, one, tmp_path) -> None:
    proxy = CountingProxy(tmp_path / "engine.sock")
    arguments = {"docker_host": proxy.host, "name": ["{{ item }}"]}
    one(arguments=arguments, loop=["one", "two", "three"])
    counts = proxy.counts()
    assert counts["GET /version"] == 1
    assert counts["GET /containers/json"] == 3
    proxy.shutdown()
    proxy.server_close()


def name_cloud(folder: Path, name: str) -> None:
    entry = {"auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "p", "project_name": "p"}}
    folder.mkdir(exist_ok=True)
    (folder / "clouds.yaml").write_text(json.dumps({"clouds": {name: entry}}))


def ask_cloud(folder: Path, cloud: str, execute: str, started: Path, **variables: str) -> str:
    """Return what a play in a folder says of a cloud that is not there."""
    task = {"caas.zun.container_port_info": {"cloud": cloud, "execute": execute}}
    unset = {"OS_CLIENT_CONFIG_FILE": "", "OS_CLOUD": ""}
    return play(folder, [task], succeeds=False, cwd=started, **unset, **variables)


@pytest.mark.parametrize("execute", ["controller", "target"])
def test_in_the_directory_of_the_playbook(execute, tmp_path) -> None:
    """Wherever ansible-playbook was started: openstacksdk and paths of options count from there."""
    started = tmp_path / "started"
    name_cloud(tmp_path, "here")
    name_cloud(started, "there")
    assert "127.0.0.1:9" in ask_cloud(tmp_path, "here", execute, started)
    assert "Cloud there was not found" in ask_cloud(tmp_path, "there", execute, started)


@pytest.mark.parametrize("execute", ["controller", "target"])
def test_started_in_a_directory_of_openstacksdk(execute, tmp_path) -> None:
    """One that is searched wherever ansible-playbook was started."""
    started = tmp_path / "openstack"
    name_cloud(started, "mine")
    assert "127.0.0.1:9" in ask_cloud(tmp_path, "mine", execute, started, XDG_CONFIG_HOME=str(tmp_path))


def test_libraries_are_imported_once(engine, name, tmp_path) -> None:
    """By ansible-playbook itself: its workers, one for each task, inherit them."""
    note = tmp_path / "imports"
    (tmp_path / "sitecustomize.py").write_text(f"""
import os, sys
class Note:
    def find_spec(self, name, path=None, target=None):
        if name in ("docker", "keystoneauth1"):
            with open({str(note)!r}, "a") as file:
                file.write(f"{{os.getpid()}} {{name}}\\n")
sys.meta_path.insert(0, Note())
""")
    task = {"caas.zun.appcontainer_info": {"backend": "docker", "name": [name], "execute": "controller"}}
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    play(tmp_path, [task, task], PYTHONPATH=path)
    noted = [line.split() for line in note.read_text().splitlines()]
    assert sorted(library for _process, library in noted) == ["docker", "keystoneauth1"]
    assert len({process for process, _library in noted}) == 1


def test_a_fork_inherits_no_connection(monkeypatch) -> None:
    monkeypatch.setitem(in_process._connections, "somewhere", "a connection")
    child = os.fork()
    if not child:
        os._exit(len(in_process._connections))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert in_process._connections["somewhere"] == "a connection"


def test_nothing_of_a_template_comes_back(engine, image, name, one, raw) -> None:
    """What a backend says is no template, also where it was the task that had said it."""
    raw(config={"labels": {"trap": "{{ 7 * 191 }}"}})
    output = one(register="seen", failed_when="'1337' in (seen | to_json)")
    assert "{{ 7 * 191 }}" in output
