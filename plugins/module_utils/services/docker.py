# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Typed calls to a Docker Engine (API 1.41 to 1.52, Docker 20.10 to 29).

Transport, TLS, SSH, API negotiation, pulling with registry credentials and the
framing of logs are the Docker SDK's. Requests the SDK only knows in part (it
cannot change a CPU quota, for one) are sent as they stand in the Engine's API.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .errors import NotFoundError, ServiceError, UnreachableError
from .light import parts_only

# The SDK imports it for hosts that are reached over SSH: it takes longer than the SDK itself.
parts_only("paramiko")
try:
    import docker
    import docker.errors
    import docker.tls
    import requests
    import requests.exceptions

    MISSING_LIBRARY: ImportError | None = None
except ImportError as exc:
    MISSING_LIBRARY = exc
else:

    class _Client(docker.APIClient):
        """The SDK's client, with one repair."""

        def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            """Keep REQUESTS_CA_BUNDLE from taking the place of the CA that was given."""
            wanted = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, wanted, cert)


#: An SSH server allows 10 sessions in one connection (MaxSessions, 10 by default). Every request under way takes
#: one, and the SDK keeps one open for each of the URLs it asked last (docker/transport/sshconn.py, pools).
_BUSY_SSH_SESSIONS = 4
_IDLE_SSH_SESSIONS = 2

#: Docker 20.10, the oldest engine whose answers this code is tested with.
OLDEST_API = (1, 41)
#: Older releases of the SDK pin libraries that are no longer supported.
_OLDEST_SDK = 7
_API_VERSION = re.compile(r"^(auto|\d+\.\d+)$")


@dataclass(frozen=True)
class DockerConnection:
    """Where the engine listens and how to prove who we are.

    :param api_timeout: longest wait for one answer, in seconds.
    :param api_version: Engine API version to speak; ``auto`` asks the engine.
    """

    docker_host: str
    tls: bool = False
    validate_certs: bool = True
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    api_version: str = "auto"
    api_timeout: float = 60.0
    use_ssh_client: bool = False


def _transport_errors(over_ssh: bool) -> tuple[type[BaseException], ...]:
    """Return what a request raises where there is no answer, or an error."""
    errors = (docker.errors.DockerException, requests.exceptions.RequestException, OSError, EOFError)
    with contextlib.suppress(ImportError):
        import paramiko  # type: ignore[import-untyped]

        return (*errors, paramiko.SSHException) if over_ssh else errors
    return errors


class DockerEngine:
    """One Docker Engine.

    All methods raise ServiceError (NotFoundError, UnreachableError).
    """

    def __init__(self, connection: DockerConnection) -> None:
        self._host = connection.docker_host
        self._timeout = connection.api_timeout
        over_ssh = connection.docker_host.startswith("ssh://")
        self._transport_errors = _transport_errors(over_ssh)
        self._slots: contextlib.AbstractContextManager[Any] = (
            threading.BoundedSemaphore(_BUSY_SSH_SESSIONS) if over_ssh else contextlib.nullcontext()
        )
        if int(docker.__version__.partition(".")[0]) < _OLDEST_SDK:
            raise UnreachableError(
                f"The Docker SDK for Python {docker.__version__} on this host is too old; "
                f"install docker>={_OLDEST_SDK} for the Python that runs the module."
            )
        if not _API_VERSION.match(connection.api_version):
            raise UnreachableError(
                f"docker_api_version: {connection.api_version!r} is not a version of the Engine API; "
                "write auto, or a number such as '1.41'."
            )
        try:
            self._client = _Client(  # type: ignore[no-untyped-call]
                base_url=connection.docker_host,
                version=connection.api_version,
                timeout=connection.api_timeout,
                num_pools=_IDLE_SSH_SESSIONS if over_ssh else None,
                tls=_tls_config(connection),
                use_ssh_client=connection.use_ssh_client,
            )
        except UnreachableError:
            raise
        except Exception as exc:
            # Nothing narrower: paramiko's errors have no common base, and paramiko may be absent.
            raise self._unreachable(exc) from exc
        version = tuple(int(part) for part in self._client.api_version.split("."))
        if version < OLDEST_API:
            raise UnreachableError(
                f"The Docker Engine at {self._host} speaks API {self._client.api_version}; "
                f"{'.'.join(map(str, OLDEST_API))} (Docker 20.10) or newer is needed. Upgrade the engine."
            )

    # Containers ---------------------------------------------------------

    def list_containers(self, filters: Mapping[str, Sequence[str]] | None = None) -> list[dict[str, Any]]:
        """List containers in any state; `filters` as in the Engine's API (name is a regular expression)."""
        params = {"all": "1"}
        if filters:
            params["filters"] = json.dumps(filters)
        return self._request("GET", "/containers/json", "list containers", params=params)

    def inspect_container(self, name_or_id: str) -> dict[str, Any]:
        """Return everything the engine knows of a container."""
        return self._request("GET", f"/containers/{_part(name_or_id)}/json", f"inspect container {name_or_id}")

    def create_container(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a container from a body as in the Engine's API; return its id."""
        answer = self._request("POST", "/containers/create", f"create container {name}", {"name": name}, body)
        return answer["Id"]

    def update_container(self, container_id: str, body: Mapping[str, Any]) -> None:
        """Change resource limits or the restart policy."""
        self._request("POST", f"/containers/{container_id}/update", "update the container", body=body)

    def rename_container(self, container_id: str, name: str) -> None:
        """Give a container another name."""
        self._request("POST", f"/containers/{container_id}/rename", f"rename the container to {name}", {"name": name})

    def delete_container(self, container_id: str, force: bool = False, volumes: bool = False) -> None:
        """Delete a container; not an error when it is gone.

        :param force: kill it first if it runs.
        :param volumes: delete its anonymous volumes too.
        """
        params = {"force": str(int(force)), "v": str(int(volumes))}
        try:
            self._request("DELETE", f"/containers/{container_id}", "delete the container", params)
        except NotFoundError:
            pass
        except ServiceError as exc:
            # 409 "removal of container ... is already in progress": somebody else's delete is as good as ours.
            if exc.status != 409 or "already in progress" not in exc.said:
                raise

    def act_on_container(self, container_id: str, verb: str, grace: float | None = None) -> None:
        """Start, stop, restart, pause or unpause a container.

        :param grace: seconds the engine gives the container to stop by itself.
        """
        timeout = self._timeout if grace is None else max(self._timeout, grace + 30)
        self._request("POST", f"/containers/{container_id}/{verb}", f"{verb} the container", timeout=timeout)

    def container_logs(self, container_id: str, tail: int) -> list[str]:
        """Return the last lines a container wrote to standard output and standard error."""
        data = self._sdk("read the container's log", "logs", container_id, tail=tail)
        return data.decode("utf-8", errors="replace").splitlines()

    def container_processes(self, container_id: str) -> dict[str, Any]:
        """Return the container's processes: Titles and Processes."""
        return self._sdk("list the container's processes", "top", container_id)

    def container_stats(self, container_id: str) -> dict[str, Any]:
        """Return one reading of the container's resource use (the engine takes two, a second apart)."""
        return self._sdk("read the container's statistics", "stats", container_id, stream=False)

    def put_archive(self, container_id: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive into a container's file system."""
        self._sdk(f"write into {path} of the container", "put_archive", container_id, path, archive)

    def get_archive(self, container_id: str, path: str) -> bytes:
        """Return a file or directory of a container as a tar archive."""
        what = f"read {path} of the container"
        stream, _dummy = self._sdk(what, "get_archive", container_id, path)
        return b"".join(self._events(what, stream))

    # Images -------------------------------------------------------------

    def inspect_image(self, reference: str) -> dict[str, Any]:
        """Return what the engine knows of an image it has."""
        return self._request("GET", f"/images/{_part(reference)}/json", f"inspect image {reference}")

    def registry_digest(self, reference: str) -> str:
        """Ask the image's registry, through the engine, for the digest the reference stands for now."""
        answer = self._sdk(f"look up image {reference} in its registry", "inspect_distribution", reference)
        return answer["Descriptor"]["digest"]

    def pull_image(self, reference: str) -> None:
        """Pull an image; a reference without a tag means ``latest``."""
        what = f"pull image {reference}"
        for event in self._events(what, self._sdk(what, "pull", reference, stream=True, decode=True)):
            if "error" in event:
                raise ServiceError(f"Could not {what}: {event['error']}.", said=event["error"])

    def _events(self, what: str, stream: Iterator[Any]) -> Iterator[Any]:
        """Pass a stream on; errors may still come in the middle of it."""
        with self._asking(what):
            yield from stream

    # Networks, volumes, the engine itself -------------------------------

    def inspect_network(self, name_or_id: str) -> dict[str, Any]:
        """Return what the engine knows of a network."""
        return self._request("GET", f"/networks/{_part(name_or_id)}", f"inspect network {name_or_id}")

    def connect_network(self, network_id: str, container_id: str, endpoint: Mapping[str, Any]) -> None:
        """Connect a container to a network; `endpoint` is an EndpointConfig of the Engine's API."""
        body = {"Container": container_id, "EndpointConfig": endpoint}
        self._request("POST", f"/networks/{_part(network_id)}/connect", f"connect to network {network_id}", body=body)

    def disconnect_network(self, network_id: str, container_id: str) -> None:
        """Disconnect a container from a network, also where it is only configured (not running)."""
        body = {"Container": container_id, "Force": True}
        path = f"/networks/{_part(network_id)}/disconnect"
        self._request("POST", path, f"disconnect from network {network_id}", body=body)

    def list_volumes(self, filters: Mapping[str, Sequence[str]] | None = None) -> list[dict[str, Any]]:
        """List volumes; `filters` as in the Engine's API (name matches parts of names)."""
        params = {"filters": json.dumps(filters)} if filters else None
        return self._request("GET", "/volumes", "list volumes", params)["Volumes"] or []

    def create_volume(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a named volume; return it."""
        return self._request("POST", "/volumes/create", f"create volume {body['Name']}", body=body)

    def delete_volume(self, name: str) -> None:
        """Delete a volume; not an error when it is gone."""
        with contextlib.suppress(NotFoundError):
            self._request("DELETE", f"/volumes/{_part(name)}", f"delete volume {name}")

    def info(self) -> dict[str, Any]:
        """Return the engine's own description: runtimes, plugins, size of the host."""
        return self._request("GET", "/info", "ask the engine for its description")

    # Plumbing -----------------------------------------------------------

    def _request(
        self,
        method: str,
        path: str,
        what: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Send one request as it stands in the Engine's API; return the answer's JSON."""
        url = f"{self._client.base_url}/v{self._client.api_version}{path}"
        with self._asking(what):
            answer = self._client.request(
                method, url, params=params, json=body, timeout=timeout or self._timeout, allow_redirects=False
            )
        if answer.status_code >= 400:
            raise _refused(what, answer.status_code, answer.text)
        try:
            return answer.json() if answer.content else None
        except ValueError as exc:
            raise UnreachableError(
                f"What answers at docker_host {self._host!r} is no Docker Engine: asked to {what}, it sent no JSON. "
                "Correct docker_host."
            ) from exc

    def _sdk(self, what: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the Docker SDK."""
        with self._asking(what):
            return getattr(self._client, method)(*args, **kwargs)

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Word what can go wrong on the way."""
        with self._slots:
            try:
                yield
            except self._transport_errors as exc:
                raise self._error(what, exc) from exc

    def _error(self, what: str, exc: BaseException) -> ServiceError:
        if isinstance(exc, docker.errors.APIError) and exc.response is not None:
            return _refused(what, exc.response.status_code, exc.explanation or str(exc))
        if isinstance(exc, requests.exceptions.ReadTimeout):
            return UnreachableError(
                f"The Docker Engine at {self._host} did not answer within {self._timeout:g} s when asked to {what}. "
                "Look at its load and its log, or set a longer api_timeout."
            )
        return self._unreachable(exc)

    def _unreachable(self, exc: BaseException) -> UnreachableError:
        return UnreachableError(_why_unreachable(self._host, exc))


def _part(text: str) -> str:
    """Quote one part of a path; slashes and colons belong to image references."""
    return quote(text, safe="/:@")


def _refused(what: str, status: int, text: str) -> ServiceError:
    try:
        said = json.loads(text).get("message", text)
    except (ValueError, AttributeError):
        said = text
    said = " ".join(str(said).split())
    error = NotFoundError if status == 404 else ServiceError
    return error(f"The Docker Engine could not {what}: {said}.", said=said, status=status)


def _tls_config(connection: DockerConnection) -> bool | docker.tls.TLSConfig:
    """Make the SDK's TLS settings; files are checked here because its own errors do not name the option."""
    wanted = connection.tls or any((connection.ca_cert, connection.client_cert, connection.client_key))
    if not wanted or not connection.docker_host.startswith(("tcp://", "https://", "http://")):
        return False
    for option in ("ca_cert", "client_cert", "client_key"):
        path = getattr(connection, option)
        if path and not os.access(path, os.R_OK):
            raise UnreachableError(
                f"{option}: {path!r} cannot be read; give the path of a readable file in PEM format."
            )
    if bool(connection.client_cert) != bool(connection.client_key):
        raise UnreachableError("client_cert and client_key are of use only together; give both or neither.")
    _check_pem(connection)
    pair = (connection.client_cert, connection.client_key) if connection.client_cert else None
    # Without a CA, verify=True means the system's trust store.
    return docker.tls.TLSConfig(client_cert=pair, ca_cert=connection.ca_cert, verify=connection.validate_certs)


def _check_pem(connection: DockerConnection) -> None:
    """Refuse files that TLS could not use; in the handshake nobody says which file it was."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for option in ("ca_cert", "client_cert"):
        path = getattr(connection, option)
        try:
            if path:
                context.load_verify_locations(path)
        except ssl.SSLError:
            raise UnreachableError(
                f"{option}: {path!r} holds no certificate; give the path of a file in PEM format."
            ) from None
    try:
        if connection.client_cert:
            # An empty password keeps OpenSSL from asking for one.
            context.load_cert_chain(connection.client_cert, connection.client_key, password="")
    except ssl.SSLError as exc:
        wrong = "does not belong to client_cert" if exc.reason == "KEY_VALUES_MISMATCH" else "holds no usable key"
        raise UnreachableError(
            f"client_key: {connection.client_key!r} {wrong}; "
            "give the path of the certificate's own key, in PEM format and without a password."
        ) from None


def _causes(exc: BaseException | None) -> Iterable[BaseException]:
    """Yield an exception and all it was made from: requests and urllib3 hide the cause in different places."""
    todo = [exc]
    seen: set[int] = set()
    while todo:
        current = todo.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        todo.extend(arg for arg in current.args if isinstance(arg, BaseException))
        reason = getattr(current, "reason", None)
        todo.append(reason if isinstance(reason, BaseException) else None)
        todo.extend((current.__cause__, current.__context__))


def _why_unreachable(host: str, exc: BaseException) -> str:
    """Say in a sentence why the engine cannot be reached, and what to do."""
    causes = list(_causes(exc))
    text = re.sub(r"\[Errno \S+\] ", "", " ".join(str(exc).split()))

    def found(*kinds: type) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    start = f"No Docker Engine can be reached at docker_host {host!r}"
    if found(PermissionError):
        return f"{start}: permission denied. Run the task as root (become: true) or as a member of the socket's group."
    if found(FileNotFoundError) and host.startswith(("unix:", "http+unix:")):
        return (
            f"{start}: there is no such socket. Start the engine (role caas.zun.docker_engine), or correct docker_host."
        )
    if found(ssl.SSLError, requests.exceptions.SSLError) or "SSL" in text or "TLS" in text:
        return f"{start}: TLS failed ({_tls_reason(text)}). Check tls, ca_cert, client_cert and client_key."
    if "HTTP request to an HTTPS server" in text:
        return f"{start}: it speaks TLS only. Set tls: true, with ca_cert, client_cert and client_key."
    if found(socket.gaierror):
        return f"{start}: this name cannot be resolved. Correct docker_host."
    if found(ConnectionRefusedError):
        return f"{start}: the connection was refused. Start the engine there, or correct docker_host."
    if found(requests.exceptions.ConnectTimeout, TimeoutError):
        return f"{start}: no answer in time. Check that the host is up and the port is open."
    if "paramiko" in text.lower() or host.startswith("ssh:"):
        return f"{start} over SSH: {text}. Check that ssh to this host works without a password, or set use_ssh_client."
    return f"{start}: {text}. Check docker_host and the engine's state."


def _tls_reason(text: str) -> str:
    for sign, reason in (
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not signed by the CA in ca_cert, or names another host"),
        ("doesn't match", "its certificate names another host"),
        ("WRONG_VERSION_NUMBER", "it does not speak TLS on this port"),
        ("wrong version number", "it does not speak TLS on this port"),
        ("CERTIFICATE_REQUIRED", "it wants a client certificate"),
        ("certificate required", "it wants a client certificate"),
        ("BAD_CERTIFICATE", "it does not accept the client certificate"),
        ("bad certificate", "it does not accept the client certificate"),
        ("UNKNOWN_CA", "it does not trust the CA of the client certificate"),
        ("unknown ca", "it does not trust the CA of the client certificate"),
        ("KEY_VALUES_MISMATCH", "client_key does not belong to client_cert"),
    ):
        if sign in text:
            return reason
    return text
