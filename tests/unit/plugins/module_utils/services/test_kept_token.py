# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A token in a file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.caas.zun.plugins.module_utils.services.kept_token import KeptToken

# keystoneauth gives base64, slashes included.
IDENTITY = "/x/y+z=="


class Login:
    """What is used of keystoneauth's plugins."""

    def __init__(self, identity: str | None = IDENTITY, scope: str | None = None) -> None:
        self.identity = identity
        self.system_scope = scope
        self.auth_ref: object = None
        self.state: str | None = None

    def get_cache_id(self) -> str | None:
        return self.identity

    def get_auth_state(self) -> str | None:
        return self.state

    def set_auth_state(self, state: str) -> None:
        if state == "nonsense":
            raise ValueError
        self.log_in(state)

    def invalidate(self) -> None:
        self.auth_ref = None

    def log_in(self, state: str) -> None:
        self.state, self.auth_ref = state, object()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "caas.zun" / "tokens"


def kept(folder: Path, state: str = "token") -> Path:
    login = Login()
    token = KeptToken(login)
    login.log_in(state)
    token.follow()
    (path,) = folder.iterdir()
    return path


def test_it_is_found_again(folder) -> None:
    path = kept(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    login = Login()
    KeptToken(login).follow()
    assert login.state == "token"
    for other in (Login("/x/y+z="), Login(scope="all")):
        KeptToken(other)
        assert other.state is None
    assert [path] == list(folder.iterdir())


def test_it_is_dropped_when_it_is_refused(folder) -> None:
    path = kept(folder)
    login = Login()
    token = KeptToken(login)
    login.auth_ref = None
    token.follow()
    assert not path.exists()
    login.log_in("another")
    token.follow()
    assert path.read_text() == "another"


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_others_could_have_read_it(folder, mode) -> None:
    kept(folder).chmod(mode)
    login = Login()
    KeptToken(login)
    assert login.state is None


def test_what_is_known_to_be_wrong_is_dropped(folder) -> None:
    path = kept(folder)
    login = Login()
    token = KeptToken(login)
    token.drop()
    assert not path.exists()
    # The state goes while it is asked for, as another thread was told 401.
    login.log_in("late")
    login.state = None
    token.follow()
    assert not path.exists()


def test_a_link_is_not_followed(folder, tmp_path) -> None:
    path = kept(folder)
    path.rename(tmp_path / "target")
    path.symlink_to(tmp_path / "target")
    login = Login()
    KeptToken(login)
    assert login.state is None


def test_a_file_that_holds_something_else(folder) -> None:
    path = kept(folder)
    for content in (b"nonsense", b"\xff\xfe"):
        path.write_bytes(content)
        login = Login()
        token = KeptToken(login)
        assert login.state is None
        login.log_in("new")
        token.follow()
        assert path.read_text() == "new"


def test_a_login_without_an_identity(folder) -> None:
    login = Login(None)
    token = KeptToken(login)
    login.log_in("token")
    token.follow()
    assert not folder.exists()


def test_a_folder_that_cannot_be_written(folder, tmp_path) -> None:
    (tmp_path / "caas.zun").write_text("a file")
    login = Login()
    token = KeptToken(login)
    login.log_in("token")
    token.follow()
    assert (tmp_path / "caas.zun").is_file()
