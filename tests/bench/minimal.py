# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The physical limit: the requests that the work needs, by hand, with nothing but Python's own library.

    minimal.py WORK OPERATION VALUE NAME...

WORK is ports, zun or docker; what is there is described by the file that BENCH_SETTINGS names. It checks nothing that
a user would want checked, and knows no failure.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

SETTINGS = json.loads(Path(os.environ["BENCH_SETTINGS"]).read_text())
AT_ONCE = 10
# Names in one address, and ports in one request.
AT_MOST = 100


class Api:
    """One service; each thread keeps its connection."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self._url = urlsplit(url)
        self._root = "" if self._url.scheme == "unix" else self._url.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        self._local = threading.local()

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[dict[str, str], Any]:
        if not hasattr(self._local, "link"):
            self._local.link = self._connect()
        link = self._local.link
        link.request(method, self._root + path, body and json.dumps(body), self._headers)
        answer = link.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return dict(answer.headers), json.loads(text) if text else None

    def _connect(self) -> http.client.HTTPConnection:
        link = http.client.HTTPConnection(self._url.hostname or "engine", self._url.port, timeout=300)
        if self._url.scheme == "unix":
            link.sock = socket.socket(socket.AF_UNIX)
            link.sock.connect(self._url.path)
        return link


def together(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


def pieces(items: list[Any]) -> list[list[Any]]:
    return [items[first : first + AT_MOST] for first in range(0, len(items), AT_MOST)]


def log_in() -> dict[str, str]:
    login = SETTINGS["auth"]
    user = {"name": login["username"], "password": login["password"], "domain": {"id": "default"}}
    scope = {"project": {"name": login["project_name"], "domain": {"id": "default"}}}
    identity = {"methods": ["password"], "password": {"user": user}}
    keystone = Api(login["auth_url"].rstrip("/").removesuffix("/v3"))
    headers, _body = keystone("POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
    return {"X-Auth-Token": headers["X-Subject-Token"], "OpenStack-API-Version": "container 1.40"}


def ports(operation: str, names: list[str], value: str) -> None:
    neutron = Api(SETTINGS["neutron"], log_in())

    def listed(path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        return neutron("GET", f"/{path}?{urlencode(query, doseq=True)}")[1][key]

    network = listed("networks", "networks", name=SETTINGS["network"], fields="id")[0]["id"]
    group = listed("security-groups", "security_groups", name=SETTINGS["group"], fields="id")[0]["id"]
    body = {"network_id": network, "security_groups": [group], "description": value}
    fields = ["id", "name", *body]
    parts = [listed("ports", "ports", name=part, fields=fields) for part in pieces(names)]
    found = {port["name"]: port for part in parts for port in part}
    if operation == "create":
        for part in pieces([{**body, "name": name} for name in names if name not in found]):
            neutron("POST", "/ports", {"ports": part})
    elif operation == "change":
        change = {"port": {"description": value}}
        together(lambda port: neutron("PUT", f"/ports/{port['id']}", change), found.values())
    elif operation == "delete":
        together(lambda port: neutron("DELETE", f"/ports/{port['id']}"), found.values())
    else:
        assert [{key: port[key] for key in body} for port in found.values()] == [body] * len(names)


def zun(operation: str, names: list[str], value: str) -> None:
    api = Api(SETTINGS["zun"], log_in())

    def rows() -> dict[str, dict[str, Any]]:
        listed = api("GET", "/containers?limit=1000")[1]["containers"]
        return {row["name"]: row for row in listed if row["name"] in set(names)}

    def until(done: Callable[[], bool]) -> None:
        while not done():
            time.sleep(0.5)

    found = rows()
    if operation == "create":
        body = {"image": SETTINGS["images"]["zun"], "command": ["sleep", "100000"], "memory": int(value)}
        body["nets"] = [{"network": SETTINGS["zun_network"]}]
        together(lambda name: api("POST", "/containers?run=true", {**body, "name": name}), set(names) - found.keys())
        until(lambda: [row["status"] for row in rows().values()] == ["Running"] * len(names))
    elif operation == "change":
        change = {"memory": value}
        together(lambda row: api("PATCH", f"/containers/{row['uuid']}", change), found.values())
    elif operation == "delete":
        together(lambda row: api("DELETE", f"/containers/{row['uuid']}?stop=true"), found.values())
        until(lambda: not rows())
    else:
        assert [int(row["memory"]) for row in found.values()] == [int(value)] * len(names)


def docker(operation: str, names: list[str], value: str) -> None:
    engine = Api(f"unix://{SETTINGS['socket']}")
    wanted = set(names)
    rows = {row["Names"][0][1:]: row["Id"] for row in engine("GET", "/containers/json?all=1")[1]}
    found = [number for name, number in rows.items() if name in wanted]
    memory = {"Memory": int(value) * 2**20, "MemorySwap": int(value) * 2**21}

    def create(name: str) -> None:
        body = {"Image": SETTINGS["images"]["docker"], "Cmd": ["sleep", "100000"], "HostConfig": memory}
        made = engine("POST", f"/containers/create?name={quote(name)}", body)[1]["Id"]
        engine("POST", f"/containers/{made}/start")

    if operation == "create":
        together(create, [name for name in names if name not in rows])
    elif operation == "change":
        together(lambda number: engine("POST", f"/containers/{number}/update", memory), found)
    elif operation == "delete":
        together(lambda number: engine("DELETE", f"/containers/{number}?force=1"), found)
    else:
        seen = together(lambda number: engine("GET", f"/containers/{number}/json")[1], found)
        assert [entry["HostConfig"]["Memory"] for entry in seen] == [memory["Memory"]] * len(names)


if __name__ == "__main__":
    _program, what, doing, wanted_value, *wanted_names = sys.argv
    {"ports": ports, "zun": zun, "docker": docker}[what](doing, wanted_names, wanted_value)
