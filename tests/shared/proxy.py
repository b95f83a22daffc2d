# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies in front of a Docker Engine or a cloud's services that note which requests pass, and can plant faults."""

from __future__ import annotations

import http.client
import re
import socket
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ENGINE = "/var/run/docker.sock"
# Parts of a path that name one object.
_OBJECT = re.compile(r"^/(containers|images|networks|volumes|distribution)/(?!json$|create$)(.+?)(/[a-z]+)?$")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ENGINE)


@dataclass
class Fault:
    """What becomes of a request instead of an answer.

    :param passes: the request reaches the service all the same; only its answer is replaced.
    :param hangs_up: there is no answer at all.
    """

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"message": "planted fault"}'
    passes: bool = False
    hangs_up: bool = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Counting

    def _pass_on(self) -> None:
        url = urlsplit(self.path)
        path = re.sub(r"^/v\d+\.\d+(?=/)", "", unquote(url.path))
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length) if length else None
        self.server.note(self.command, path, self.headers.get("Accept-Encoding", ""))
        fault = self.server.fault(self.command, path) if self.server.fault else None
        if fault is True:
            fault = Fault()
        if fault:
            if fault.passes:
                self._ask(sent)
            self._fail(fault)
            return
        answer, body = self._ask(sent)
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(key, value)
        # The SDK tells a stream of several answers by its chunks.
        chunked = answer.getheader("Transfer-Encoding") == "chunked" and self.command != "HEAD"
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
        self.end_headers()
        if chunked:
            parts = [body, b""] if body else [b""]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _ask(self, sent: bytes | None) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = self.server.upstream()
        upstream.request(self.command, self.path, sent, dict(self.headers))
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        return answer, body

    def _fail(self, fault: Fault) -> None:
        if fault.hangs_up:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = fault.body.encode()
        self.send_response(fault.status)
        for key, value in {"Content-Type": "application/json", **fault.headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing; what passes is in `requests`."""


class Counting(socketserver.ThreadingMixIn, socketserver.BaseServer):
    """What the proxies have in common.

    :param fault: asked for each request; returns what becomes of it, True for an error 500.
    :param requests: what has passed since :meth:`begin`.
    :param connections: how many connections were made since then.
    :param encodings: what encodings the answers might have had.
    """

    daemon_threads = True
    request_queue_size = 128

    def begin_serving(self) -> None:
        """Serve in a thread."""
        self.requests: list[tuple[str, str]] = []
        self.connections = 0
        self.encodings: set[str] = set()
        self.fault: Callable[[str, str], Fault | bool | None] | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()

    def upstream(self) -> http.client.HTTPConnection:
        """Return a connection to what is behind the proxy."""
        raise NotImplementedError

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection, and serve it."""
        with self._lock:
            self.connections += 1
        super().process_request(request, client_address)

    def note(self, method: str, path: str, encodings: str) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append((method, path))
            self.encodings.update(encoding.strip() for encoding in encodings.split(","))

    def begin(self) -> None:
        """Forget what has passed."""
        with self._lock:
            self.requests.clear()
            self.connections = 0
            self.encodings.clear()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone; its words would be taken for the module's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class CountingProxy(Counting, socketserver.UnixStreamServer):
    """A proxy on a UNIX socket in front of a Docker Engine."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Handler)
        self.host = f"unix://{path}"
        self.begin_serving()

    def upstream(self) -> http.client.HTTPConnection:
        """Return a connection to the engine."""
        return EngineConnection("engine", timeout=120)

    def counts(self) -> Counter[str]:
        """Return how often each kind of request passed, whichever object it was for."""
        return Counter(method + " " + _OBJECT.sub(r"/\1/*\3", path) for method, path in self.requests)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept; the handler wants an address it can show."""
        request, _dummy = super().get_request()
        return request, ("local", 0)


class EndpointProxy(Counting, socketserver.TCPServer):
    """A proxy on a TCP port of its own in front of one service of a cloud.

    :param url: the service's endpoint; `url` of the proxy is the same with the proxy's address.
    """

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        parts = urlsplit(url)
        self._upstream = (str(parts.hostname), parts.port or 80)
        self.url = f"http://127.0.0.1:{self.server_address[1]}{parts.path}"
        self.begin_serving()

    def upstream(self) -> http.client.HTTPConnection:
        """Return a connection to the service."""
        return http.client.HTTPConnection(*self._upstream, timeout=120)

    def counts(self) -> Counter[str]:
        """Return how often each kind of request passed, whichever object it was for."""
        return Counter(f"{method} {_ID.sub('*', path)}" for method, path in self.requests)
