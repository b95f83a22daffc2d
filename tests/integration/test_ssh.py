# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An engine reached over SSH, through Paramiko and through the ssh program."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/pid
PasswordAuthentication no
UsePAM no
PermitRootLogin prohibit-password
StrictModes no
"""

CLIENT = """
Host 127.0.0.1
  IdentityFile {folder}/user_key
  UserKnownHostsFile {folder}/known_hosts
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def ssh_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An SSH server of our own on this machine, and a client configured for it alone."""
    assert os.geteuid() == 0, "the test of SSH needs root for its own sshd"
    port = free_port()
    for key in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / key], check=True)
    public = (tmp_path / "host_key.pub").read_text()
    (tmp_path / "authorized_keys").write_text((tmp_path / "user_key.pub").read_text())
    (tmp_path / "sshd_config").write_text(SSHD.format(port=port, folder=tmp_path))
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "config").write_text(CLIENT.format(folder=tmp_path))
    for path in (home / "known_hosts", tmp_path / "known_hosts"):
        path.write_text(f"[127.0.0.1]:{port} {public}")
    # Paramiko looks into HOME; the ssh program does not, and is told by a wrapper.
    monkeypatch.setenv("HOME", str(home.parent))
    wrapper = tmp_path / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {home / "config"} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", tmp_path / "sshd_config"])
    try:
        _wait_for(port, server)
        yield f"ssh://root@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, "sshd ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("sshd does not listen")


@pytest.mark.parametrize("use_ssh_client", [False, True], ids=["paramiko", "ssh"])
def test_containers_over_ssh(use_ssh_client, ssh_host, appcontainer, appcontainer_info, inspect, image, name) -> None:
    where = {"docker_host": ssh_host, "use_ssh_client": use_ssh_client}
    items = [{"name": f"{name}-{number}"} for number in range(3)]
    created = appcontainer.ok(**where, image=image, containers=items, memory="64M")
    assert [item["action"] for item in created["containers"]] == ["created"] * 3
    assert inspect(f"{name}-2")["State"]["Status"] == "running"
    assert not appcontainer.ok(**where, image=image, containers=items, memory="64M").changed
    assert len(appcontainer_info.ok(**where, name=[item["name"] for item in items])["containers"]) == 3


@pytest.mark.parametrize("use_ssh_client", [False, True], ids=["paramiko", "ssh"])
def test_a_host_that_does_not_let_us_in(use_ssh_client, ssh_host, appcontainer, tmp_path, name) -> None:
    (tmp_path / "authorized_keys").write_text("")
    message = appcontainer.fails(
        docker_host=ssh_host, use_ssh_client=use_ssh_client, name=name, image="none", api_timeout=10
    )
    assert message.startswith(f"No Docker Engine can be reached at docker_host {ssh_host!r}")
    assert "ssh" in message
