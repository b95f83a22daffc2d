# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Parts of a large package without the rest of it.

``import openstack.config`` runs the package's own ``__init__``, which imports
the clients of some twenty services: 460 modules, most of the time that a task
needs, where a login needs 17 of them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import types
from typing import Any

_LOADING = threading.RLock()
# What the import system asks every module for; it is not there until the package says it.
_ASKED_OF_ALL = ("__all__", "__version__")


class _Parts(types.ModuleType):
    """A package whose ``__init__`` runs once someone asks for what it defines."""

    _is_loading = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _ASKED_OF_ALL:
            raise AttributeError(name)
        if not name.startswith("__") and importlib.util.find_spec(f"{self.__name__}.{name}") is not None:
            return importlib.import_module(f"{self.__name__}.{name}")
        with _LOADING:
            self._load()
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def _load(self) -> None:
        """Run ``__init__``, unless that is done, or just being done."""
        if not isinstance(self, _Parts) or self._is_loading:
            return
        loader: Any = self.__loader__
        self._is_loading = True
        try:
            loader.exec_module(self)
        except BaseException:
            # Others are to see the error as well, and not an empty module.
            sys.modules.pop(self.__name__, None)
            raise
        finally:
            del self._is_loading
        self.__class__ = types.ModuleType  # type: ignore[assignment]


def parts_only(package: str) -> None:
    """Let parts of a package be imported without the rest of it.

    Others in the same process may go on to use the whole package: it is loaded when they do.
    Nothing is done where the package is loaded already, or absent.
    """
    if package in sys.modules:
        return
    try:
        spec = importlib.util.find_spec(package)
    except ImportError:
        # Ansible's own finders raise it for what a plugin may not import.
        return
    if spec is None or spec.loader is None or not spec.submodule_search_locations:
        return
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Parts
    sys.modules[package] = module
