# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""A login that outlives the task, where the user wants that.

The token lies in a file that only its owner can read, named after a hash of
everything the login was made with, so that other credentials never find it.
Whoever can read it acts as the user until it expires.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import threading
from pathlib import Path
from typing import Any


class KeptToken:
    """The token of one login, in memory (keystoneauth's plugin) and in its file.

    Without a file, whatever the reason, tasks simply log in by themselves.

    :param login: an authentication plugin of keystoneauth. Those that cannot tell what they log in with, or hold no
        state, go on without a file.
    """

    def __init__(self, login: Any) -> None:
        self._login = login
        self._lock = threading.Lock()
        self._path = _path_of(login)
        self._written: Any = None
        state = self._read()
        if state is not None:
            with contextlib.suppress(Exception):
                login.set_auth_state(state)
                self._written = login.auth_ref

    def follow(self) -> None:
        """Bring the file up to date after a request: keystoneauth has a new token, or none after a 401."""
        with self._lock, contextlib.suppress(Exception):
            current = self._login.auth_ref
            if self._path is None or current is self._written:
                return
            # Other threads may let go of the token at any moment.
            state = self._login.get_auth_state() if current is not None else None
            self._written = current
            if state is None:
                self._path.unlink(missing_ok=True)
            else:
                self._write(state)

    def drop(self) -> None:
        """Forget the token: what came with it, the service catalogue, is not right any more."""
        with contextlib.suppress(Exception):
            self._login.invalidate()
        self.follow()

    def _read(self) -> str | None:
        """Return what the file holds; None where it is absent, or not ours alone."""
        if self._path is None:
            return None
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
            with open(handle, encoding="utf-8") as file:
                found = os.fstat(handle)
                if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
                    return None
                return file.read()
        except (OSError, ValueError):
            return None

    def _write(self, state: str) -> None:
        """Replace the file at once, so that nobody reads half of it."""
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with mode 0600.
        handle, name = tempfile.mkstemp(dir=self._path.parent)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(state)
            os.replace(name, self._path)
        except BaseException:
            os.unlink(name)
            raise


def _path_of(login: Any) -> Path | None:
    """Return the file of a login; None for one that cannot tell what it is made with."""
    identity = login.get_cache_id()
    if not identity:
        return None
    # keystoneauth's identity is base64, which has slashes, and leaves out the scope of system administrators.
    scope = getattr(login, "system_scope", None) or getattr(login, "_system_scope", None)
    name = hashlib.sha256(f"{identity}\0{scope}".encode()).hexdigest()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "caas.zun" / "tokens" / name
