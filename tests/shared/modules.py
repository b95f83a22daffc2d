# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks run as Ansible runs them, but in the process of the test."""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, connection_loader
from ansible.template import Templar

#: Whether modules do their work as they do where Ansible ships them; otherwise the action plugins do it.
SHIPPED = bool(os.environ.get("CAAS_ZUN_SHIPPED"))


class Result(dict):
    """What a module returned."""

    @property
    def changed(self) -> bool:
        return self["changed"]

    @property
    def failed(self) -> bool:
        return bool(self.get("failed"))

    @property
    def msg(self) -> str:
        return self["msg"]

    @property
    def warnings(self) -> list[str]:
        return self["warnings"]


class Module:
    """Runs tasks of one module of the collection in this process, with Ansible's own argument handling.

    :param defaults: arguments of every call that does not say them itself.
    """

    def __init__(self, name: str, capsys: pytest.CaptureFixture[str], **defaults: Any) -> None:
        self._defaults = defaults
        self._name = f"caas.zun.{name}"
        self._capsys = capsys

    def __call__(self, check: bool = False, diff: bool = False, **arguments: Any) -> Result:
        arguments = {**self._defaults, **arguments}
        self._capsys.readouterr()
        warnings: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            # In a process that also knows Ansible's controller, warnings do not go into the result.
            patch.setattr(AnsibleModule, "warn", lambda dummy, text: warnings.append(text))
            work = self._shipped if SHIPPED else self._inside
            result = work(arguments, check, diff)
        return Result(result, warnings=warnings)

    def _shipped(self, arguments: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Do what the module does once it has arrived."""
        module = importlib.import_module(
            f"ansible_collections.caas.zun.plugins.modules.{self._name.rpartition('.')[2]}"
        )
        arguments = {**arguments, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_no_log": False}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        output = self._capsys.readouterr()
        assert "Traceback" not in output.out + output.err
        return json.loads(output.out)

    def _inside(self, arguments: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        try:
            result = inside(self._name, arguments, check, diff)
        except AnsibleActionFail as failed:
            result = {"failed": True, "msg": str(failed)}
        output = self._capsys.readouterr()
        assert output.out + output.err == ""
        return result

    def ok(self, **arguments: Any) -> Result:
        """Run; fail the test if the module fails."""
        result = self(**arguments)
        assert not result.failed, result.msg
        return result

    def fails(self, **arguments: Any) -> str:
        """Run; the module must fail. Return its message."""
        result = self(**arguments)
        assert result.failed, result
        return result.msg


def inside(name: str, arguments: dict[str, Any], check: bool = False, diff: bool = False) -> dict[str, Any]:
    """Do what the action plugin does in one of Ansible's workers, which ends with the task.

    :raises AnsibleActionFail: the plugin refuses.
    """
    loader = DataLoader()
    task = Task.load({name: {}, "check_mode": check, "diff": diff})
    task.args = arguments
    action = action_loader.get(
        name,
        task=task,
        connection=connection_loader.get("ansible.builtin.local", PlayContext()),
        play_context=PlayContext(),
        loader=loader,
        templar=Templar(loader),
    )
    importlib.import_module("ansible_collections.caas.zun.plugins.plugin_utils.in_process").forget_connections()
    return action.run(task_vars={})


def eventually(check: Callable[[], Any], seconds: float = 60, pause: float = 0.05) -> Any:
    """Wait until a check returns something true, and return that."""
    end = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(pause)
    return answer
