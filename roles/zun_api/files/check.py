# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell load balancers whether Zun on this node reaches its database and its message queue.

Speaks the agent protocol of HAProxy: whoever connects gets one line. "ready" or
"drain" says whether the node wants requests, "up" or "down" whether it could
answer them. What it says is known already: threads look every few seconds, over
connections that they keep open.

Runs in the virtualenv of Zun and reads its zun.conf.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

# A look at something that does not answer ends after so many seconds.
LIMIT = 2
HEARTBEAT = 10
NODE = re.compile(r"(?:(?P<user>[^:@]*)(?::(?P<password>[^@]*))?@)?(?P<host>\[[^\]]+\]|[^:@]*)(?::(?P<port>\d+))?")


def queue_nodes(url):
    """The nodes of RabbitMQ in a transport URL of oslo.messaging, as arguments of amqp.Connection."""
    parts = urllib.parse.urlsplit(url)
    nodes = []
    for text in parts.netloc.split(","):
        found = NODE.fullmatch(text)
        if not found:
            # The text has a password in it.
            raise ValueError("transport_url is not understood")
        nodes.append(
            {
                "host": f"{found['host']}:{found['port'] or 5672}",
                "userid": urllib.parse.unquote(found["user"] or "guest"),
                "password": urllib.parse.unquote(found["password"] or "guest"),
                "virtual_host": urllib.parse.unquote(parts.path[1:]) or "/",
            }
        )
    return nodes


def with_parameters(url, parameters):
    """A database URL with the parameters that oslo.db would append."""
    if not parameters:
        return url
    return url + ("&" if "?" in url else "?") + parameters


def reason(error):
    """An error in few words, without what it may tell about hosts, users and passwords."""
    # SQLAlchemy wraps what the driver says.
    error = getattr(error, "orig", None) or error
    number = next((value for value in error.args if isinstance(value, int)), None)
    return type(error).__name__ + ("" if number is None else f" {number}")


class Record:
    """What is known about one thing that Zun needs."""

    def __init__(self, name, patience, clock=time.monotonic):
        self.name = name
        self.patience = patience
        self.clock = clock
        self.answered = None
        self.failure = "not asked yet"

    def good(self):
        self.answered = self.clock()

    def bad(self, error):
        self.failure = reason(error)

    def problem(self):
        """Why it counts as gone, empty while it does not.

        What nobody has heard of for a while is gone, also when the look at it hangs.
        """
        if self.answered is None:
            return f"{self.name}: {self.failure}"
        silence = self.clock() - self.answered
        return f"{self.name}: silent for {silence:.0f} s, {self.failure}" if silence > self.patience else ""


def answer(records, drained):
    problems = [problem for problem in (record.problem() for record in records) if problem]
    wish = "drain" if drained else "ready"
    # The blank matters: HAProxy takes "down#" for a word that it does not know.
    return f"{wish} down #{'; '.join(problems)}\n" if problems else f"{wish} up\n"


class Database:
    """A connection to the database, made as Zun makes its own."""

    def __init__(self, url):
        import sqlalchemy

        limits = {}
        if sqlalchemy.engine.make_url(url).drivername == "mysql+pymysql":
            limits = {"connect_timeout": LIMIT, "read_timeout": LIMIT, "write_timeout": LIMIT}
        self.engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool, connect_args=limits)
        self.connection = None

    def ask(self):
        if self.connection is None:
            self.connection = self.engine.connect()
        self.connection.exec_driver_sql("SELECT 1").all()
        self.connection.rollback()

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


class Queue:
    """A connection to one of the nodes of RabbitMQ, the next one when it fails."""

    def __init__(self, url, tls):
        self.nodes = queue_nodes(url)
        self.tls = tls
        self.connection = None

    def connect(self):
        import amqp

        failure = None
        for node in list(self.nodes):
            connection = amqp.Connection(
                **node,
                ssl=self.tls,
                connect_timeout=LIMIT,
                read_timeout=LIMIT,
                write_timeout=LIMIT,
                heartbeat=HEARTBEAT,
                login_method="PLAIN",
            )
            try:
                connection.connect()
            except Exception as error:
                failure = error
                connection.collect()
                # The one that failed is asked last the next time.
                self.nodes.append(self.nodes.pop(0))
            else:
                return connection
        raise failure

    def ask(self):
        if self.connection is None:
            self.connection = self.connect()
        # Asks the node and waits for its answer.
        self.connection.channel().close()
        self.connection.heartbeat_tick()

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.collect()


def failure_of(action):
    """What an action fails with, None when it does not."""
    try:
        action()
    except Exception as error:
        return error
    return None


def look(thing, record):
    """Ask once; a connection that failed is worth a second one, as Zun would do."""
    for _dummy in range(2):
        failure = failure_of(thing.ask)
        if failure is None:
            record.good()
            return
        record.bad(failure)
        failure_of(thing.close)


def watch(thing, record, interval):
    while True:
        look(thing, record)
        time.sleep(interval)


def settings(path):
    from oslo_config import cfg

    options = {
        None: [cfg.StrOpt("transport_url", secret=True)],
        "database": [cfg.StrOpt("connection", secret=True), cfg.StrOpt("connection_parameters", default="")],
        "oslo_messaging_rabbit": [
            cfg.BoolOpt("ssl", default=False),
            cfg.StrOpt("ssl_ca_file", default=""),
            cfg.StrOpt("ssl_cert_file", default=""),
            cfg.StrOpt("ssl_key_file", default=""),
        ],
    }
    conf = cfg.ConfigOpts()
    for group, some in options.items():
        conf.register_opts(some, group=group)
    conf(["--config-file", path], project="zun")
    return conf


def tls_settings(rabbit):
    """What oslo.messaging makes of these options."""
    if not rabbit.ssl:
        return False
    found = {"ca_certs": rabbit.ssl_ca_file, "certfile": rabbit.ssl_cert_file, "keyfile": rabbit.ssl_key_file}
    chosen = {name: value for name, value in found.items() if value}
    if rabbit.ssl_ca_file:
        chosen["cert_reqs"] = ssl.CERT_REQUIRED
    return chosen or True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Load balancers hang up whenever they like: nothing to write down."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, help="zun.conf")
    parser.add_argument("--switch-file", required=True, help="while it exists, the node wants no requests")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True, help="seconds between two looks")
    parser.add_argument("--patience", type=float, required=True, help="seconds that something may be silent")
    wanted = parser.parse_args()
    conf = settings(wanted.config_file)
    things = {
        "database": Database(with_parameters(conf.database.connection, conf.database.connection_parameters)),
        "queue": Queue(conf.transport_url, tls_settings(conf.oslo_messaging_rabbit)),
    }
    records = [Record(name, wanted.patience) for name in things]
    for record, thing in zip(records, things.values()):
        threading.Thread(target=watch, args=(thing, record, wanted.interval), daemon=True).start()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.settimeout(LIMIT)
            self.request.sendall(answer(records, os.path.exists(wanted.switch_file)).encode())
            self.request.shutdown(socket.SHUT_WR)
            # What was sent to us unread would make the kernel withdraw the answer.
            self.request.recv(1024)

    Server.address_family = socket.AF_INET6 if ":" in wanted.address else socket.AF_INET
    with Server((wanted.address, wanted.port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
