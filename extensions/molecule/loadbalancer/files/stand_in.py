# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load balancer talks to, without a cloud: stand_in.py api|agent|database|health|wsproxy

Files in /run/stand-in change what is answered: "api" and "health" hold a status,
"agent" a line. Each request to the API is noted in /var/log/stand-in when it comes.
"""

from __future__ import annotations

import http.server
import json
import pathlib
import socket
import socketserver
import ssl
import sys
import time

SETTINGS = pathlib.Path("/run/stand-in")
NOTES = pathlib.Path("/var/log/stand-in")
TLS = pathlib.Path("/etc/stand-in")


def setting(name, default):
    try:
        return (SETTINGS / name).read_text().strip()
    except FileNotFoundError:
        return default


class Api(http.server.BaseHTTPRequestHandler):
    """Closes each connection after its answer, as Zun behind uWSGI does."""

    def log_message(self, *_words):
        pass

    def answer(self):
        if self.path == "/healthcheck":
            self.reply(int(setting("api", "200")), b"")
            return
        with NOTES.open("a") as notes:
            notes.write(f"{self.command} {self.path}\n")
        if self.path.startswith("/slow"):
            time.sleep(4)
        told = {"node": socket.gethostname(), "headers": {name.lower(): value for name, value in self.headers.items()}}
        self.reply(200, json.dumps(told).encode())

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer()

    def do_HEAD(self):
        self.answer()

    def do_POST(self):
        self.answer()


class Health(Api):
    def answer(self):
        self.reply(int(setting("health", "200")), b"")


class Wsproxy(Api):
    """Refuses HEAD, says 101 to an upgrade, and then repeats what it hears."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.reply(405, b"")

    def do_GET(self):
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        # The answer to the one key that client.py sends, from RFC 6455.
        self.send_header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        self.end_headers()
        while heard := self.rfile.read1():
            self.wfile.write(heard)
        self.close_connection = True


class Agent(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(setting("agent", "up").encode() + b"\n")


class Database(socketserver.BaseRequestHandler):
    """Says who it is and holds the connection."""

    def handle(self):
        self.request.sendall(socket.gethostname().encode() + b"\n")
        while self.request.recv(100):
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100
    context = None

    def finish_request(self, request, client_address):
        # In the thread of the request: a slow handshake must not hold up others.
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        try:
            super().finish_request(request, client_address)
        finally:
            if self.context:
                request.close()

    def handle_error(self, request, client_address):
        pass


KINDS = {
    "api": (9517, Api),
    "agent": (9518, Agent),
    "database": (3306, Database),
    "health": (9200, Health),
    "wsproxy": (6784, Wsproxy),
}
port, handler = KINDS[sys.argv[1]]
with Server(("", port), handler) as server:
    if handler is Api:
        server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    server.serve_forever()
