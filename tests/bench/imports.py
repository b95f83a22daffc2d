# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells how many seconds ansible-playbook spends on importing the action plugin of a task, by package.

    python -X importtime imports.py ACTION

Ansible's Python runs it. It does what Ansible does before it starts a worker, once everything is loaded that an empty
play needs.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import time

from ansible.plugins.loader import action_loader, init_plugin_loader

# What an empty play loads besides.
_LOADED = ("ansible.cli.playbook", "ansible.executor.playbook_executor", "ansible.plugins.strategy.linear")
# What Python tells of an import: microseconds without those of what is imported in turn, and the module.
_TOLD = re.compile(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", re.MULTILINE)


def package(module: str) -> str:
    """Return what a module is a part of: a collection, a library, or Python's own."""
    first, *rest = module.split(".")
    if first == "ansible_collections":
        return ".".join(rest[:2])
    return "Python's own" if first in sys.stdlib_module_names else first


def main() -> None:
    action = sys.argv[1]
    for module in _LOADED:
        importlib.import_module(module)
    init_plugin_loader()
    with tempfile.TemporaryFile("w+") as told:
        # Python tells it there.
        os.dup2(told.fileno(), 2)
        began = time.perf_counter()
        action_loader.get(action, class_only=True)
        seconds = time.perf_counter() - began
        told.seek(0)
        lines = _TOLD.findall(told.read())
    packages: dict[str, float] = {}
    for microseconds, module in lines:
        packages[package(module)] = packages.get(package(module), 0) + int(microseconds) / 1e6
    # The plugin itself is no import to Python: Ansible looks for it and runs it.
    collection = action.rpartition(".")[0]
    packages[collection] = packages.get(collection, 0) + seconds - sum(packages.values())
    print(json.dumps(packages))


if __name__ == "__main__":
    main()
