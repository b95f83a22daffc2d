# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways to the engine, and every way in which one can be wrong: a sentence each, with the remedy."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tls import Authority, TlsListener


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "right")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "wrong")


@pytest.fixture(scope="module")
def listener(authority: Authority) -> Iterator[TlsListener]:
    made = TlsListener(authority.issue("engine", "127.0.0.1"), authority.ca)
    yield made
    made.close()


@pytest.fixture
def right(authority: Authority, listener: TlsListener) -> dict[str, str]:
    certificate, key = authority.issue("client")
    return {
        "docker_host": listener.host,
        "ca_cert": authority.ca,
        "client_cert": certificate,
        "client_key": key,
    }


def test_tls(appcontainer, image, name, right) -> None:
    made = appcontainer.ok(name=name, image=image, mounts=[{"destination": "/a", "content": "of this file"}], **right)
    assert made["container"]["status"] == "running"
    assert not appcontainer.ok(name=name, image=image, tls=True, **right).changed
    unchecked = {**right, "ca_cert": None, "tls": True, "validate_certs": False}
    assert not appcontainer.ok(name=name, image=image, **unchecked).changed


def test_the_machines_own_authorities_do_not_take_its_place(appcontainer, monkeypatch, name, right, stranger) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stranger.ca)
    assert not appcontainer.ok(name=name, state="absent", **right).changed
    # Without a CA of its own the task trusts whom the machine trusts.
    assert "TLS failed" in appcontainer.fails(name=name, state="absent", **{**right, "ca_cert": None})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", right["ca_cert"])
    assert appcontainer.ok(name=name, state="absent", **{**right, "ca_cert": None})


def assert_sentence(message: str, *parts: str) -> None:
    assert "\n" not in message
    assert message.endswith(".")
    for part in parts:
        assert part in message
    for leak in ("HTTPConnectionPool", "Max retries", "<urllib3", "object at 0x", "ProtocolError", "Errno"):
        assert leak not in message, message


def test_authority_that_did_not_sign(appcontainer, name, right, stranger) -> None:
    message = appcontainer.fails(name=name, **{**right, "ca_cert": stranger.ca})
    assert_sentence(message, right["docker_host"], "not signed by the CA", "ca_cert")


def test_no_client_certificate(appcontainer, name, right) -> None:
    message = appcontainer.fails(name=name, docker_host=right["docker_host"], ca_cert=right["ca_cert"])
    assert_sentence(message, right["docker_host"], "client certificate", "client_cert")


def test_client_certificate_of_a_stranger(appcontainer, name, right, stranger) -> None:
    certificate, key = stranger.issue("client")
    message = appcontainer.fails(name=name, **{**right, "client_cert": certificate, "client_key": key})
    assert_sentence(message, "client certificate", "client_cert")


def test_certificate_of_another_host(appcontainer, authority, name, right) -> None:
    other = TlsListener(authority.issue("other", "192.0.2.1"), authority.ca)
    message = appcontainer.fails(name=name, **{**right, "docker_host": other.host})
    other.close()
    assert_sentence(message, other.host, "names another host")


def test_plain_to_a_port_with_tls(appcontainer, name, right) -> None:
    message = appcontainer.fails(name=name, docker_host=right["docker_host"])
    assert_sentence(message, right["docker_host"], "speaks TLS", "tls: true")


def test_tls_to_a_plain_port(appcontainer, name, right) -> None:
    with plain_listener(b"HTTP/1.0 400 Bad Request\r\n\r\n") as host:
        message = appcontainer.fails(name=name, **{**right, "docker_host": host})
    assert_sentence(message, host, "does not speak TLS", "tls")


def test_something_else_listens(appcontainer, name) -> None:
    with plain_listener(b"SSH-2.0-OpenSSH_9.2\r\n") as host:
        message = appcontainer.fails(name=name, docker_host=host)
    assert_sentence(message, host, "docker_host")
    with plain_listener(b"HTTP/1.0 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n") as host:
        message = appcontainer.fails(name=name, docker_host=host)
    assert_sentence(message, host, "docker_host")
    with plain_listener(b"HTTP/1.0 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>") as host:
        message = appcontainer.fails(name=name, docker_host=host)
    assert_sentence(message, host, "docker_host")


@contextlib.contextmanager
def plain_listener(answer: bytes) -> Iterator[str]:
    """Answer the same to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _dummy = server.accept()
                    with client:
                        client.recv(65536)
                        client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("option", ["ca_cert", "client_cert", "client_key"])
def test_file_that_cannot_be_read(option, appcontainer, name, right, tmp_path) -> None:
    missing = str(tmp_path / "missing.pem")
    message = appcontainer.fails(name=name, **{**right, option: missing})
    assert_sentence(message, option, missing, "readable file")
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate\n")
    message = appcontainer.fails(name=name, **{**right, option: str(broken)})
    assert_sentence(message, option, "PEM")


def test_key_of_another_certificate(appcontainer, authority, name, right) -> None:
    message = appcontainer.fails(name=name, **{**right, "client_key": authority.issue("another")[1]})
    assert_sentence(message, "client_key", "does not belong to client_cert")


def test_certificate_without_key(appcontainer, name, right) -> None:
    message = appcontainer.fails(name=name, **{**right, "client_key": None})
    assert_sentence(message, "client_cert", "client_key", "both")


def test_no_socket(appcontainer, name, tmp_path) -> None:
    host = f"unix://{tmp_path}/no.sock"
    assert_sentence(appcontainer.fails(name=name, docker_host=host), host, "no such socket", "docker_engine")


def test_socket_nobody_listens_on(appcontainer, name, tmp_path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    host = f"unix://{path}"
    assert_sentence(appcontainer.fails(name=name, docker_host=host), host, "refused", "Start the engine")


def test_port_nobody_listens_on(appcontainer, name) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    assert_sentence(appcontainer.fails(name=name, docker_host=host), host, "refused", "Start the engine")


def test_host_that_does_not_exist(appcontainer, name) -> None:
    host = "tcp://no-such-host.invalid:2376"
    assert_sentence(appcontainer.fails(name=name, docker_host=host), host, "docker_host")


@pytest.mark.parametrize("host", ["nonsense", "ftp://127.0.0.1:21", "tcp://", "tcp://127.0.0.1:notaport"])
def test_address_that_is_none(host, appcontainer, name) -> None:
    assert_sentence(appcontainer.fails(name=name, docker_host=host), "docker_host", repr(host))


def test_permission_denied(appcontainer, name, tmp_path) -> None:
    """For a user who may not use the socket; root may use any."""
    appcontainer.ok(name=name, state="absent")
    with other_user():
        with pytest.raises(PermissionError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect("/var/run/docker.sock")
        message = appcontainer.fails(name=name, state="absent")
    assert_sentence(message, "permission denied", "become: true", "/var/run/docker.sock")


@contextlib.contextmanager
def other_user() -> Iterator[None]:
    """Go on as nobody, in no group, and come back."""
    assert os.geteuid() == 0, "the tests need root, as the engine does"
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def test_old_api(appcontainer, name) -> None:
    message = appcontainer.fails(name=name, docker_api_version="1.24")
    assert_sentence(message, "1.24", "1.41")


@pytest.mark.parametrize("version", ["newest", "9.99", ""])
def test_api_version_that_is_none(version, appcontainer, name) -> None:
    message = appcontainer.fails(name=name, state="absent", docker_api_version=version)
    assert_sentence(message, version)
    assert "too new" in message or "docker_api_version" in message


def test_engine_that_does_not_answer(appcontainer, name) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        message = appcontainer.fails(name=name, docker_host=host, api_timeout=1)
    assert_sentence(message, host)


def test_ssh_to_nowhere(appcontainer, name) -> None:
    for use_ssh_client in (False, True):
        message = appcontainer.fails(
            name=name, docker_host="ssh://nobody@127.0.0.1:1", use_ssh_client=use_ssh_client, api_timeout=5
        )
        assert_sentence(message, "ssh://nobody@127.0.0.1:1", "use_ssh_client")


def test_environment_names_the_engine(appcontainer, monkeypatch, name, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/from-environment.sock")
    assert "from-environment.sock" in appcontainer.fails(name=name)
    assert appcontainer.ok(name=name, state="absent", docker_host="unix:///var/run/docker.sock")


def test_options_of_the_other_backend_are_ignored(appcontainer, name, tmp_path) -> None:
    assert appcontainer.ok(
        name=name,
        state="absent",
        cloud="prod",
        auth={"auth_url": "https://cloud.invalid", "password": "x-y-z-secret"},
        auth_type="password",
        region_name="one",
        interface="internal",
    )


@pytest.mark.parametrize("module", ["appcontainer", "appcontainer_info", "container_volume", "container_volume_info"])
def test_no_cloud_is_configured(module, request, name, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "no-clouds.yaml"))
    arguments = {} if module.endswith("_info") else {"name": name}
    message = request.getfixturevalue(module).fails(backend="zun", **arguments)
    assert "configuration is incomplete" in message
    assert "auth_url" in message
    assert "Check cloud" in message


@pytest.mark.parametrize("module", ["appcontainer", "appcontainer_info", "container_volume", "container_volume_info"])
def test_every_module_words_it_alike(module, request, name, tmp_path) -> None:
    host = f"unix://{Path(tmp_path)}/no.sock"
    arguments = {} if module.endswith("_info") else {"name": name}
    message = request.getfixturevalue(module).fails(docker_host=host, **arguments)
    assert_sentence(message, host, "no such socket")
