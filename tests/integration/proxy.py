# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy on a UNIX socket in front of a Docker Engine that notes which requests pass."""

from __future__ import annotations

import http.client
import re
import socket
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ENGINE = "/var/run/docker.sock"
# Parts of a path that name one object.
_OBJECT = re.compile(r"^/(containers|images|networks|volumes|distribution)/(?!json$|create$)(.+?)(/[a-z]+)?$")


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ENGINE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingProxy

    def _pass_on(self) -> None:
        url = urlsplit(self.path)
        path = re.sub(r"^/v\d+\.\d+", "", unquote(url.path))
        self.server.note(self.command, path)
        if self.server.fault and self.server.fault(self.command, path):
            self.send_error(500, "planted fault")
            return
        length = int(self.headers.get("Content-Length") or 0)
        engine = EngineConnection("engine", timeout=120)
        engine.request(self.command, self.path, self.rfile.read(length) if length else None, dict(self.headers))
        answer = engine.getresponse()
        body = answer.read()
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
        engine.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing; what passes is in `requests`."""


class CountingProxy(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The proxy.

    :param fault: asked for each request; where it says yes, the request fails with an error 500.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Handler)
        self.host = f"unix://{path}"
        self.requests: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], bool] | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()

    def note(self, method: str, path: str) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append((method, path))

    def begin(self) -> None:
        """Forget what has passed."""
        with self._lock:
            self.requests.clear()

    def counts(self) -> Counter[str]:
        """Return how often each kind of request passed, whichever object it was for."""
        return Counter(method + " " + _OBJECT.sub(r"/\1/*\3", path) for method, path in self.requests)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone; its words would be taken for the module's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept; the handler wants an address it can show."""
        request, _dummy = super().get_request()
        return request, ("local", 0)
