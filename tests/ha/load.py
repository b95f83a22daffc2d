# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A steady load on Zun's API as an ordinary user: it lists, creates and deletes, repeats nothing and records everything."""

from __future__ import annotations

import http.client
import json
import select
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

LIST_EVERY = 0.2
CREATE_EVERY = 2.5
# While a playbook runs for minutes, which needs the same two processors.
CREATE_EVERY_AT_LENGTH = 8.0
# More containers than this at a time would test the patience of two processors, not Zun.
AT_A_TIME = 4
# A request without an answer after so long has failed.
PATIENCE = 15.0
# A container that is still there after so long is deleted once more.
ASK_AGAIN = 10.0
NEVER = float("inf")
# A creation that was cut off and is still not done after so long never will be.
STUCK = 20.0
# Nor is one that was accepted and stays "Created", which comes before "Running".
UNSTARTED = 75.0
# What a container may take to run once everything is well again.
SETTLE = 120.0


@dataclass(frozen=True)
class Request:
    """One request and what became of it."""

    kind: str
    began: float
    ended: float
    status: int | None
    said: str
    name: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether the user would call it a failure: no answer, or one that is the server's fault."""
        return self.status is None or self.status >= 400

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Client:
    """Sends requests over connections that it uses again, as every usual client does, but never sends one twice.

    Like urllib3, it does not take a connection that the server has closed meanwhile.
    """

    def __init__(self, url: str, ca_file: str, token: Callable[[], str]) -> None:
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname
        self._address = (parts.hostname, parts.port or 443)
        self._base = parts.path.rstrip("/")
        self._context = ssl.create_default_context(cafile=ca_file)
        self._token = token
        self._idle: list[http.client.HTTPSConnection] = []
        self._lock = threading.Lock()

    def send(self, kind: str, method: str, path: str, body: Any = None, name: str = "") -> tuple[Request, Any]:
        """Send a request; return its record and the parsed answer."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "OpenStack-API-Version": "container 1.40",
            "X-Auth-Token": self._token(),
        }
        content = json.dumps(body).encode() if body is not None else None
        began = time.monotonic()
        connection = self._connection()
        try:
            connection.request(method, self._base + path, content, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            said = f"{type(error).__name__}: {error}"
            return Request(kind, began, time.monotonic(), None, said, name), None
        with self._lock:
            self._idle.append(connection)
        record = Request(kind, began, time.monotonic(), response.status, text[:300].decode(errors="replace"), name)
        answer = None
        if not record.failed and text:
            with suppress(ValueError):
                answer = json.loads(text)
        return record, answer

    def _connection(self) -> http.client.HTTPSConnection:
        while True:
            with self._lock:
                if not self._idle:
                    host, port = self._address
                    return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=self._context)
                connection = self._idle.pop()
            # One that has something to say before it is asked was closed.
            if connection.sock and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().close()


@dataclass
class Created:
    """A container that was asked for."""

    name: str
    request: Request
    uuid: str = ""
    status: str = ""
    reason: str = ""
    was_listed: bool = False
    asked_to_go: float = 0.0
    is_gone: bool = False

    @property
    def is_stuck(self) -> bool:
        """Tell whether it was cut off after Zun had noted it: it stays listed, and only an administrator can delete it."""
        return self.request.failed and self.was_listed and time.monotonic() > self.request.ended + STUCK

    @property
    def is_interrupted(self) -> bool:
        """Tell whether it was accepted, and stopped half-way for good."""
        return not self.request.failed and self.status in ("Creating", "Created")


@dataclass
class Report:
    """What users noticed since a moment."""

    reads: list[Request]
    creates: list[Created]
    deletes: list[Request]
    since: float
    until: float
    left: list[str] = field(default_factory=list)

    @property
    def failed_reads(self) -> list[Request]:
        return [request for request in self.reads if request.failed]

    @property
    def failed_deletes(self) -> list[Request]:
        """Deletions that were not answered, or with a fault of the server; it may refuse one that comes too early or late."""
        return [request for request in self.deletes if request.status is None or request.status >= 500]

    @property
    def cut(self) -> list[Created]:
        """Creations that were answered with a failure or not at all."""
        return [created for created in self.creates if created.request.failed]

    @property
    def cut_for(self) -> float:
        """The time from the first creation that failed to the last one."""
        moments = [created.request.began for created in self.cut]
        return max(moments) - min(moments) if moments else 0.0

    @property
    def slowest(self) -> float:
        return max((request.seconds for request in self.reads if not request.failed), default=0.0)

    @property
    def silence(self) -> float:
        """The longest time in which no list was answered."""
        answered = sorted(request.ended for request in self.reads if not request.failed)
        marks = [self.since, *(moment for moment in answered if moment > self.since), self.until]
        return max(later - earlier for earlier, later in zip(marks, marks[1:]))

    @property
    def interrupted(self) -> list[str]:
        """Accepted creations that stopped half-way: they stay listed as what they were then."""
        return [created.name for created in self.creates if created.is_interrupted]

    @property
    def lost(self) -> list[str]:
        """Accepted creations of which nothing came: neither a container that ran nor a failure that Zun reports."""
        return [
            f"{created.name} ({created.uuid}): {created.status or 'never listed'}"
            for created in self.creates
            if not created.request.failed and created.status not in ("Running", "Error") and not created.is_interrupted
        ]

    @property
    def stuck(self) -> list[str]:
        return [created.name for created in self.creates if created.is_stuck and not created.is_gone]

    @property
    def unplaced(self) -> list[str]:
        """Accepted creations for which Zun found no compute."""
        return [created.name for created in self.creates if "not enough hosts" in created.reason]

    @property
    def errors(self) -> list[str]:
        return [f"{created.name}: {created.reason}" for created in self.creates if created.status == "Error"]


class Load:
    """The load. ``running()`` makes it, ``report()`` ends it and says what users noticed since a moment."""

    def __init__(self, client: Client, prefix: str, body: dict[str, Any], create_every: float) -> None:
        self._client = client
        self._prefix = prefix
        self._body = body
        self._reads: list[Request] = []
        self._deletes: list[Request] = []
        self._created: dict[str, Created] = {}
        self._newest = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._calm = threading.Event()
        self._pool = ThreadPoolExecutor(40)
        self._threads = [
            threading.Thread(target=self._every, args=(LIST_EVERY, self._list, self._stop), daemon=True),
            threading.Thread(target=self._every, args=(create_every, self._create, self._calm), daemon=True),
        ]

    @contextmanager
    def running(self) -> Iterator[Load]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._calm.set()
            self._stop.set()
            for thread in self._threads:
                thread.join()
            self._pool.shutdown()
            self._client.close()

    @property
    def running_now(self) -> int:
        """How many containers have run so far."""
        with self._lock:
            return sum(created.status == "Running" for created in self._created.values())

    def wait_for_creation(self) -> None:
        """Wait for a moment in which a creation is under way."""
        deadline = time.monotonic() + SETTLE
        while not any(created.request.ended == NEVER for created in list(self._created.values())):
            assert time.monotonic() < deadline, "no creation begins: are all that were made still there?"
            time.sleep(0.005)

    def report(self, since: float) -> Report:
        """Create no more, see every creation to its end, and clear up."""
        until = time.monotonic()
        self._calm.set()
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline and not self._is_settled():
            time.sleep(0.5)
        with self._lock:
            reads = [request for request in self._reads if request.ended >= since and request.began <= until]
            creates = [created for created in self._created.values() if created.request.ended >= since]
            deletes = [request for request in self._deletes if request.ended >= since]
            left = [created.name for created in self._created.values() if not created.is_gone and not created.is_stuck]
        return Report(reads, creates, deletes, since, until, left)

    def _is_settled(self) -> bool:
        with self._lock:
            return all(created.is_gone or created.is_stuck for created in self._created.values())

    def _every(self, seconds: float, work: Callable[[], None], stop: threading.Event) -> None:
        """Start a piece of work at fixed times, however long the ones before it take."""
        due = time.monotonic()
        while not stop.is_set():
            self._pool.submit(work)
            due += seconds
            stop.wait(max(0.0, due - time.monotonic()))

    def _list(self) -> None:
        request, answer = self._client.send("list", "GET", "/containers")
        with self._lock:
            self._reads.append(request)
        if answer is not None:
            self._look(request, {row["name"]: row for row in answer["containers"]})

    def _look(self, request: Request, rows: dict[str, dict[str, Any]]) -> None:
        """Learn from a list what became of the containers, and delete those that are done."""
        with self._lock:
            # Lists may be answered in another order than they were asked for.
            if request.began < self._newest:
                return
            self._newest = request.began
            for created in self._created.values():
                # What the list does not know yet was created after it.
                if created.request.ended < request.began:
                    self._judge(created, request, rows.get(created.name))

    def _judge(self, created: Created, request: Request, row: dict[str, Any] | None) -> None:
        if row is None:
            if created.was_listed:
                created.is_gone = True
                if not created.asked_to_go:
                    created.status = "vanished"
            elif created.request.failed:
                # It need never have come; if it comes late all the same, it is gone no longer.
                created.is_gone = request.began > created.request.ended + 5
            return
        created.was_listed, created.is_gone, created.uuid = True, False, row["uuid"]
        if not created.asked_to_go:
            created.status, created.reason = row["status"], row["status_reason"] or ""
        done = (
            "Running",
            "Error",
            "Stopped",
            *(("Created",) if request.began > created.request.ended + UNSTARTED else ()),
        )
        is_done = row["status"] in done and not row["task_state"]
        if is_done and time.monotonic() - created.asked_to_go > ASK_AGAIN:
            created.asked_to_go = time.monotonic()
            self._pool.submit(self._delete, created.uuid, row["status"])

    def _create(self) -> None:
        with self._lock:
            if sum(not created.is_gone for created in self._created.values()) >= AT_A_TIME:
                return
            name = f"{self._prefix}-{len(self._created)}"
            # The place in the row is taken before the answer comes.
            placeholder = Request("create", time.monotonic(), NEVER, None, "no answer yet", name)
            self._created[name] = Created(name, placeholder)
        request, answer = self._client.send(
            "create", "POST", "/containers?run=true", {**self._body, "name": name}, name=name
        )
        with self._lock:
            self._created[name].request = request
            if answer:
                self._created[name].uuid = answer["uuid"]

    def _delete(self, uuid: str, status: str) -> None:
        request, _answer = self._client.send(
            "delete", "DELETE", f"/containers/{uuid}" + ("?stop=True" if status == "Running" else ""), name=uuid
        )
        with self._lock:
            self._deletes.append(request)
