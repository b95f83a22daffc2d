# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports point downwards only, and the lower layers work without what is above them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ansible_collections.caas.zun.plugins.module_utils.engine as engine_package

MODULE_UTILS = Path(engine_package.__file__).parent.parent
LAYERS = {
    "engine": set(),
    "services": set(),
    "kinds": {"engine", "services"},
    "frontend": {"engine", "services", "kinds"},
}

WITHOUT = """
import importlib, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in %r:
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
sys.path.insert(0, %r)
for name in %r:
    importlib.import_module(name)
"""


def imported_layers(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            found.add((node.module or node.names[0].name).split(".")[0])
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_downwards(layer) -> None:
    for path in (MODULE_UTILS / layer).glob("*.py"):
        assert imported_layers(path) <= LAYERS[layer], path.name


@pytest.mark.parametrize(
    ("layer", "missing"),
    [
        ("engine", ["ansible", "ansible_collections", "docker", "openstack", "keystoneauth1", "requests", "yaml"]),
        ("services", ["ansible", "ansible_collections", "openstack", "keystoneauth1"]),
        ("services", ["ansible", "docker", "requests", "openstack"]),
    ],
)
def test_a_layer_can_be_imported_without(layer, missing) -> None:
    names = [f"{layer}.{path.stem}" for path in (MODULE_UTILS / layer).glob("*.py") if path.stem != "__init__"]
    code = WITHOUT % (missing, str(MODULE_UTILS), names)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
