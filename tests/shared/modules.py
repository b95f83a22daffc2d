# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules run as Ansible runs them, but in the process of the test."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args


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
    """Runs a module of the collection in this process, with Ansible's own argument handling.

    :param defaults: arguments of every call that does not say them itself.
    """

    def __init__(self, name: str, capsys: pytest.CaptureFixture[str], **defaults: Any) -> None:
        self._defaults = defaults
        self._module = importlib.import_module(f"ansible_collections.caas.zun.plugins.modules.{name}")
        self._capsys = capsys

    def __call__(self, check: bool = False, diff: bool = False, **arguments: Any) -> Result:
        arguments = {**self._defaults, "_ansible_check_mode": check, "_ansible_diff": diff, **arguments}
        self._capsys.readouterr()
        warnings: list[str] = []
        with pytest.MonkeyPatch.context() as patch, patch_module_args(arguments):
            # In a process that also knows Ansible's controller, warnings do not go into the result.
            patch.setattr(AnsibleModule, "warn", lambda dummy, text: warnings.append(text))
            with pytest.raises(SystemExit):
                self._module.main()
        output = self._capsys.readouterr()
        assert "Traceback" not in output.out + output.err
        return Result(json.loads(output.out), warnings=warnings)

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


def eventually(check: Callable[[], Any], seconds: float = 60, pause: float = 0.05) -> Any:
    """Wait until a check returns something true, and return that."""
    end = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(pause)
    return answer
