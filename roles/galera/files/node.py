# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a database node besides the server.

    galera.py serve SETTINGS      answers load balancers over HTTP
    galera.py keep SETTINGS       brings a server back that found no cluster
    galera.py position SETTINGS   tells how far the stopped server of this node got

serve: GET / is 200 when this node is in the primary component, synced (or giving
its data to another node) and writable; 503 otherwise. GET /state tells the other
nodes' keepers whether this node is in a primary component, and how far it got
when its server stands still.

keep: a server that comes up while no other node is in a cluster gives up after
half a minute. The keeper starts it again as soon as another node is in a primary
component, and so it does with a server that runs but has left the cluster for good
("Receiving IST failed, node restart required", when nodes join at the same moment).
When every node of the cluster answers, none of them runs a server, and
all agree on the history of the data, the node that got farthest forms the cluster
anew, as after a full power cut; nothing that was committed is lost. It never acts
on less: a node that does not answer could have more. A server that was stopped on
purpose stays so.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

NO_HISTORY = "00000000-0000-0000-0000-000000000000"
SOCKET = "/run/mysqld/mysqld.sock"
UNIT = "mariadb.service"
# How long an answer of the server is good for: several load balancers ask at the same time.
MEMORY = 0.5


# --- serve --------------------------------------------------------------------


class Server:
    """What the server of this node says of itself, over one connection that stays open."""

    WORDS = ("wsrep_cluster_status", "wsrep_local_state", "wsrep_local_state_comment", "wsrep_ready")

    def __init__(self, account):
        self.account = account
        self.connection = None
        self.lock = threading.Lock()
        self.asked = 0.0
        self.answer = ({}, "nobody asked yet")

    def state(self):
        """Its status words, and what is wrong where there are none."""
        with self.lock:
            if time.monotonic() - self.asked > MEMORY:
                self.answer = self.ask()
                self.asked = time.monotonic()
            return self.answer

    def ask(self):
        import pymysql

        # The server may have closed an old connection, or restarted.
        for attempt in (1, 2):
            fresh = self.connection is None
            try:
                if fresh:
                    self.connection = pymysql.connect(
                        unix_socket=SOCKET, user=self.account, connect_timeout=2, read_timeout=2, write_timeout=2
                    )
                with self.connection.cursor() as cursor:
                    names = ", ".join(f"'{word}'" for word in self.WORDS)
                    cursor.execute(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")
                    words = dict(cursor.fetchall())
                    cursor.execute("SHOW GLOBAL VARIABLES WHERE Variable_name = 'read_only'")
                    words.update(cursor.fetchall())
                    return words, ""
            except (pymysql.MySQLError, OSError) as error:
                if self.connection is not None:
                    with contextlib.suppress(pymysql.MySQLError, OSError):
                        self.connection.close()
                    self.connection = None
                if fresh or attempt == 2:
                    return {}, f"the server does not answer: {error}"
        return {}, "the server does not answer"


class Health(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, settings):
        self.settings = settings
        self.database = Server(settings["account"])
        if ":" in settings["bind"]:
            self.address_family = socket.AF_INET6
        super().__init__((settings["bind"], settings["port"]), Answer)

    def verdict(self):
        """Why this node must not be used, empty where it may."""
        if os.path.exists(self.settings["run"] + "/maintenance"):
            return "maintenance"
        words, problem = self.database.state()
        if problem:
            return problem
        if words.get("wsrep_cluster_status") != "Primary":
            return f"not in the primary component: {words.get('wsrep_cluster_status')}"
        usable = ("4", "2") if self.settings["donor"] else ("4",)
        if words.get("wsrep_local_state") not in usable:
            return f"not synced: {words.get('wsrep_local_state_comment')}"
        if words.get("wsrep_ready") != "ON":
            return "not ready"
        if words.get("read_only", "OFF") not in ("OFF", "0"):
            return "read only"
        return ""

    def state(self):
        words = self.database.state()[0]
        position = None
        # What was found out about a server that runs again counts no more.
        if not words:
            with (
                contextlib.suppress(OSError, ValueError),
                open(self.settings["run"] + "/position.json", encoding="utf-8") as stream,
            ):
                position = json.load(stream)
        status = words.get("wsrep_cluster_status")
        return {"primary": status == "Primary", "left": status == "Disconnected", "position": position}


class Answer(http.server.BaseHTTPRequestHandler):
    timeout = 5
    server_version = "galera"
    sys_version = ""

    def handle(self):
        # A load balancer waits a second; it may be gone before a busy server has answered.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self):
        if self.path == "/state":
            status, text = 200, json.dumps(self.server.state())
        else:
            problem = self.server.verdict()
            status, text = (503, problem) if problem else (200, "usable")
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if self.path == "/state" else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_OPTIONS(self):
        self.do_GET()

    def log_message(self, *args):
        """Load balancers ask every second."""


# --- position -----------------------------------------------------------------


def output(*command, timeout=600):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


def position(data):
    """History and number of the last transaction of a stopped server; None where it was never in a cluster.

    After a clean stop the server has written the number down. After a crash only
    its own recovery finds it out.
    """
    try:
        with open(f"{data}/grastate.dat", encoding="utf-8") as stream:
            written = dict(re.findall(r"^(\w+):\s*(\S+)", stream.read(), re.M))
    except FileNotFoundError:
        return None
    found = {"uuid": written.get("uuid", NO_HISTORY), "seqno": int(written.get("seqno", -1))}
    if found["seqno"] < 0:
        status, printed, problem = output("/usr/bin/galera_recovery")
        if status != 0:
            raise RuntimeError(problem.strip() or f"galera_recovery ended with status {status}")
        recovered = re.search(r"--wsrep_start_position=([0-9a-fA-F-]{36}):(-?\d+)", printed)
        if not recovered:
            raise RuntimeError(f"galera_recovery told no position: {printed.strip()}")
        found = {"uuid": recovered.group(1), "seqno": int(recovered.group(2))}
    return found


# --- keep ---------------------------------------------------------------------


def say(text):
    print(text, flush=True)


class Keeper:
    def __init__(self, settings):
        self.settings = settings
        self.file = settings["run"] + "/position.json"
        self.position = None
        self.said = ""
        self.wait = 2
        self.left = 0

    def remark(self, text):
        """Say what is new, not every few seconds the same."""
        if text != self.said:
            say(text)
            self.said = text

    def publish(self, what):
        if what is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.file)
            return
        with open(self.file + ".new", "w", encoding="utf-8") as stream:
            json.dump(what, stream)
        os.replace(self.file + ".new", self.file)

    def unit(self):
        printed = output("systemctl", "show", "--property=ActiveState,UnitFileState", UNIT)[1]
        return dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)

    def ask(self, address):
        """What another node says, None where it says nothing."""
        connection = http.client.HTTPConnection(address, self.settings["port"], timeout=3)
        try:
            connection.request("GET", "/state")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def run(self):
        while True:
            time.sleep(self.round())

    def round(self):
        """One look; how long to wait for the next one."""
        unit = self.unit()
        if unit.get("ActiveState") not in ("failed", "inactive"):
            self.position = None
            self.publish(None)
            if unit.get("ActiveState") == "active":
                self.wait = 2
                return self.watch()
            return 5
        # Not enabled, or stopped: somebody wants it to stand still.
        held = unit.get("ActiveState") == "inactive" or unit.get("UnitFileState") != "enabled"
        if self.position is None:
            try:
                self.position = position(self.settings["data"])
            except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
                self.remark(f"cannot tell how far this node got: {error}")
                return 15
            if self.position is None:
                self.remark("this node was never in a cluster, nothing to do")
                return 15
        self.publish({**self.position, "held": held})
        if held:
            return 5
        return self.decide(self.ask_all())

    def ask_all(self):
        return {name: self.ask(address) for name, address in self.settings["peers"].items()}

    def watch(self):
        """Look at a server that runs: one that has left its cluster is of no use until it starts anew."""
        self.said = ""
        mine = self.ask(self.settings["bind"])
        if not mine or not mine["left"] or os.path.exists(self.settings["run"] + "/maintenance"):
            self.left = 0
            return 5
        self.left += 1
        # Three looks: it might be about to stop. Where nobody has a cluster, it would not come up.
        if self.left < 3 or not any(answer and answer["primary"] for answer in self.ask_all().values()):
            return 5
        self.left = 0
        return self.start(
            "this server has left the cluster that others are in: starting it anew", "systemctl", "restart", UNIT
        )

    def decide(self, answers):
        if any(answer and answer["primary"] for answer in answers.values()):
            return self.start("another node is in the cluster: starting the server", "systemctl", "start", UNIT)
        unknown = sorted(name for name, answer in answers.items() if not answer or not answer["position"])
        if unknown:
            self.remark(f"no node is in a cluster; waiting to learn from {', '.join(unknown)} how far it got")
            return 2
        positions = {name: answer["position"] for name, answer in answers.items()}
        positions[self.settings["name"]] = {**self.position, "held": False}
        histories = {item["uuid"] for item in positions.values()} - {NO_HISTORY}
        if len(histories) != 1:
            self.remark(f"the nodes have different histories, somebody has to choose: {positions}")
            return 15
        order = self.settings["order"]
        # Of those that got equally far, one that may be started, the first of the list.
        winner = max(
            positions, key=lambda name: (positions[name]["seqno"], not positions[name]["held"], -order.index(name))
        )
        if winner != self.settings["name"]:
            self.remark(f"no node is in a cluster; {winner} got farthest and has to start first")
            return 2
        if not self.settings["bootstrap"]:
            self.remark("no node is in a cluster; this node got farthest, and forming it anew is left to somebody")
            return 15
        self.allow()
        return self.start(
            "every node stands still and this one got farthest: forming the cluster anew", "galera_new_cluster"
        )

    def allow(self):
        """After a crash, or when others stopped later, the server wants to be told that this node may be the first."""
        path = self.settings["data"] + "/grastate.dat"
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(re.sub(r"^safe_to_bootstrap:.*$", "safe_to_bootstrap: 1", text, flags=re.M))
        # The members of the last cluster, whom the server would wait for.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.settings["data"] + "/gvwstate.dat")

    def start(self, reason, *command):
        self.publish(None)
        self.position = None
        say(reason)
        output("systemctl", "reset-failed", UNIT)
        status, _dummy, problem = output(*command, timeout=3600)
        if status == 0:
            self.wait = 2
            return 5
        say(f"that failed: {problem.strip()}")
        self.wait = min(self.wait * 2, 60)
        return self.wait


def ready():
    """Tell systemd that load balancers get answers, so that a restart ends when it is over."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notification:
            notification.sendto(b"READY=1", path.replace("@", "\0", 1) if path.startswith("@") else path)


def main():
    work, path = sys.argv[1:]
    with open(path, encoding="utf-8") as stream:
        settings = json.load(stream)
    if work == "serve":
        health = Health(settings)
        ready()
        health.serve_forever()
    elif work == "keep":
        Keeper(settings).run()
    else:
        print(json.dumps(position(settings["data"])))


main()
