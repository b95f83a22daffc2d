# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's work done inside of Ansible, where the task targets the controller.

A module that Ansible ships costs some 0.4 s before its first line of work, and
as much again for its libraries and its login; in a loop for each item. Here the
libraries are imported once by ansible-playbook itself, as the action plugins
are, and all items of a loop share a connection. Ansible's AnsibleModule still
checks the arguments, masks secrets and words the result, so that everything is
as it is with a module that was shipped.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Callable, NoReturn

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleValueOmittedError
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ..module_utils.frontend.connect import Connection, connect, missing_library
from ..module_utils.frontend.module import Module
from ..module_utils.frontend.options import CONNECTION, EXECUTE

MakeModule = Callable[..., AnsibleModule]
Connect = Callable[[AnsibleModule], Connection]

#: Said of the interpreter, it leaves it to Ansible to find one. Those with "legacy" are of ansible-core before 2.21.
_LEFT_TO_ANSIBLE = ("", "auto", "auto_silent", "auto_legacy", "auto_legacy_silent")

#: Connections of this process, for the items of a loop, by all the options that say where they lead.
_connections: dict[str, Connection] = {}
# Two processes that speak on one connection would read each other's answers.
os.register_at_fork(after_in_child=_connections.clear)


class InProcessAction(ActionBase):
    """Does a module's work here where it can, and ships the module otherwise."""

    _supports_check_mode = True
    _supports_async = True

    @abstractmethod
    def work(self, make_module: MakeModule, connected: Connect) -> None:
        """Do what the module does.

        :param make_module: to be used instead of AnsibleModule.
        :param connected: to be used instead of connecting anew.
        """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        execute = self._task.args.get(EXECUTE.name) or EXECUTE.default
        # What is no choice is refused with the other arguments, by the module.
        hindrance = self._hindrance(task_vars) if execute != "target" else "execute is target"
        if hindrance and execute == "controller":
            raise AnsibleActionFail(
                f"execute: 'controller' is not possible, as {hindrance}; change that, or use execute auto or target."
            )
        if not hindrance:
            return {**result, **self._work_here(task_vars)}
        wrap_async = bool(self._task.async_val)
        result.update(self._execute_module(task_vars=task_vars, wrap_async=wrap_async))
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)  # type: ignore[no-untyped-call]
        return result

    def _hindrance(self, task_vars: Mapping[str, Any]) -> str | None:
        """Return why the work cannot be done here; None where it can."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        if self._connection.transport != "local":
            return f"the task runs over the connection {self._connection.transport!r} instead of on the controller"
        if self._connection.become is not None:
            return "the task uses become"
        if self._task.async_val:
            return "the task uses async"
        if environment:
            return f"environment sets {', '.join(sorted(environment))} for the task"
        interpreter = self._interpreter_set(task_vars)
        if interpreter is not None:
            return f"ansible_python_interpreter is {interpreter}, and ansible-playbook runs on {sys.executable}"
        missing = missing_library(str(self._task.args.get("backend") or "zun"))
        if missing is not None:
            return f"the Python of ansible-playbook, {sys.executable}, has no {missing}"
        return None

    def _interpreter_set(self, task_vars: Mapping[str, Any]) -> str | None:
        """Return the interpreter that modules are to run with, if it is another one than Ansible's own."""
        if self._task.delegate_to:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        said = task_vars.get("ansible_python_interpreter")
        if said is None:
            said = constants.config.get_config_value("INTERPRETER_PYTHON", variables=dict(task_vars))
        try:
            interpreter = str(self._templar.template(said))
        except AnsibleValueOmittedError:
            return None
        path = shutil.which(interpreter) or interpreter
        if interpreter in _LEFT_TO_ANSIBLE or _environment(path) == _environment(sys.executable):
            return None
        return interpreter

    def _work_here(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do what the module does, and return what it would."""
        arguments = dict(self._task.args)
        self._update_module_args(self._task.action, arguments, task_vars)
        arguments = _transferred(arguments, Direction.CONTROLLER_TO_MODULE)

        def make_module(**declared: Any) -> AnsibleModule:
            return _Module(arguments, **declared)

        # What libraries write there is no part of a module's result either; Ansible would show it as a warning.
        aside = io.StringIO()
        try:
            # Ansible runs local modules in the playbook's directory (plugins/action, _low_level_execute_command).
            with (
                contextlib.chdir(self._loader.get_basedir()),
                contextlib.redirect_stdout(aside),
                contextlib.redirect_stderr(aside),
            ):
                self.work(make_module, _connected)
        except _Ended as ended:
            if ended.result.get("failed"):
                # The next try or item begins afresh, as a module that is shipped does.
                forget_connections()
            return ended.result
        except BaseException:
            # Cut off by the keyword timeout, it may still be speaking on its connection.
            forget_connections()
            raise
        raise AssertionError("a module's work ends by exit_json or fail_json")


class _Ended(SystemExit):
    """A module's end, which is the end of a process only where the module was shipped."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class _Module(Module):
    """The same inside of Ansible: only where arguments come from and where the result goes differ."""

    def __init__(self, arguments: dict[str, Any], **declared: Any) -> None:
        self._given = arguments
        # Before ansible-core 2.21, results always hold the invocation.
        self._tells_invocation = arguments.get("_ansible_inject_invocation", True)
        super().__init__(**declared)  # type: ignore[no-untyped-call]

    def _load_params(self) -> None:
        self.params = self._given

    def _return_formatted(self, kwargs: dict[str, Any]) -> NoReturn:
        if self._tells_invocation:
            kwargs["invocation"] = {"module_args": self.params}
        for key, value in kwargs.items():
            if isinstance(value, list):
                # One by one and in their places, as there may be very many.
                for position, entry in enumerate(value):
                    value[position] = self._arrived(entry)
            else:
                kwargs[key] = self._arrived(value)
        raise _Ended(kwargs)

    def _arrived(self, value: Any) -> Any:
        """Return a part of the result as it arrives from a module, without secrets."""
        if value is None or isinstance(value, bool):
            return value
        return _transferred(remove_values(value, self.no_log_values), Direction.MODULE_TO_CONTROLLER)


def _environment(python: str) -> tuple[str, str]:
    """Return what tells an environment of Python from others: where its program lies, by whatever name, and what that is."""
    return os.path.realpath(os.path.dirname(os.path.abspath(python))), os.path.realpath(python)


def _transferred(value: Any, direction: Direction) -> Any:
    """Return what would arrive if the value was sent to, or by, a module: no template and no secret of Ansible's own."""
    text = json.dumps(value, cls=get_module_encoder("legacy", direction))
    return json.loads(text, cls=get_module_decoder("legacy", direction))


def _connected(module: AnsibleModule) -> Connection:
    """Return the connection the arguments name, that of an earlier item if there was one with the same."""
    key = json.dumps([module.params[option.name] for option in CONNECTION], sort_keys=True)
    if key not in _connections:
        _connections[key] = connect(module)
    return _connections[key]


def forget_connections() -> None:
    """Have the next task connect anew; for programs that are many tasks in one process, as tests are."""
    _connections.clear()
