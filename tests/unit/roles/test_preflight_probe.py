# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probe of the role preflight concludes from what it sees."""

from __future__ import annotations

import http.server
import importlib.util
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "roles" / "preflight" / "files" / "probe.py"
SPEC = importlib.util.spec_from_file_location("preflight_probe", FILE)
assert SPEC
assert SPEC.loader
probe = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(probe)

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def want(port: int, address: str, *units: str, service: str = "zun-api") -> dict[str, Any]:
    return {"service": service, "address": address, "port": port, "units": list(units)}


def have(port: int, address: str, unit: str, process: str = "python") -> dict[str, Any]:
    return {"port": port, "address": address, "unit": unit, "process": process}


def test_kernel_table() -> None:
    table = (
        HEAD
        + "   0: 0100007F:252D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
        + "   1: 0100007F:252E 0100007F:0001 01 00000000:00000000 00:00000000 00000000     0        0 4712 1\n"
        + "   2: 00000000000000000000000001000000:0050 "
        + "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1\n"
        + "   3: 0000000000000000FFFF00000B00000A:0051 "
        + "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1\n"
    )
    assert list(probe.listening(table)) == [
        ("127.0.0.1", 9517, "4711"),
        ("::1", 80, "4713"),
        ("10.0.0.11", 81, "4714"),
    ]


LINKS = json.dumps(
    [
        {"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}]},
        {
            "ifname": "eth0",
            "addr_info": [
                {"local": "10.0.1.5", "prefixlen": 24},
                {"local": "10.0.0.10", "prefixlen": 32},
                {"local": "2001:db8::5", "prefixlen": 64},
            ],
        },
        {"ifname": "tunnel", "addr_info": [{}]},
    ]
)


@pytest.mark.parametrize(
    ("address", "interfaces"),
    [("10.0.1.10", ["eth0"]), ("10.0.0.10", []), ("2001:db8::10", ["eth0"]), ("vip.example.org", [])],
)
def test_network_of_an_address(address: str, interfaces: list[str]) -> None:
    assert probe.interfaces_of(address, LINKS) == interfaces
    assert probe.interfaces_of(address, "") == []


@pytest.mark.parametrize(
    ("cgroups", "unit"),
    [
        ("0::/system.slice/zun-api.service\n", "zun-api.service"),
        ("1:name=systemd:/docker/abc/system.slice/mariadb.service\n", "mariadb.service"),
        ("0::/system.slice/system-caas.slice/galera@1.service/worker\n", "galera@1.service"),
        ("0::/user.slice/user-1000.slice/session-1.scope\n", ""),
        ("", ""),
    ],
)
def test_unit_of(cgroups: str, unit: str) -> None:
    assert probe.unit_of(cgroups) == unit


def test_own_service_may_have_its_port() -> None:
    wanted = [want(9517, "10.0.0.11", "zun-*")]
    assert probe.taken(wanted, [have(9517, "10.0.0.11", "zun-api.service")]) == []
    assert probe.taken(wanted, [have(9517, "0.0.0.0", "zun-api.service")]) == []


def test_taken_port_names_who_has_it() -> None:
    wanted = [want(9517, "10.0.0.11", "zun-*")]
    (sentence,) = probe.taken(wanted, [have(9517, "0.0.0.0", "nginx.service", "nginx")])
    assert "9517" in sentence
    assert "nginx (nginx.service)" in sentence
    assert "zun-api" in sentence
    (sentence,) = probe.taken(wanted, [have(9517, "::", "", "socat")])
    assert "socat at ::" in sentence


def test_other_addresses_and_ports_do_not_matter() -> None:
    wanted = [want(9517, "10.0.0.11", "zun-*")]
    assert probe.taken(wanted, [have(9517, "10.0.0.12", "nginx.service"), have(80, "0.0.0.0", "nginx.service")]) == []


def test_unknown_owner_is_passed_over() -> None:
    assert probe.taken([want(9517, "10.0.0.11", "zun-*")], [have(9517, "0.0.0.0", "", "")]) == []


def test_load_balancer_and_api_on_one_machine() -> None:
    """The API has its own address, the load balancer the virtual one."""
    wanted = [want(9517, "10.0.0.11", "zun-*"), want(9517, "10.0.0.5", "haproxy.service", service="HAProxy")]
    there = [have(9517, "10.0.0.11", "zun-api.service"), have(9517, "10.0.0.5", "haproxy.service")]
    assert probe.taken(wanted, there) == []
    assert probe.clashes(wanted) == []
    # An API that still listens everywhere leaves no room for the load balancer.
    (sentence,) = probe.taken(wanted, [have(9517, "0.0.0.0", "zun-api.service", "uwsgi")])
    assert "HAProxy needs at 10.0.0.5" in sentence
    assert "uwsgi (zun-api.service)" in sentence


def test_clash_of_our_own() -> None:
    (sentence,) = probe.clashes(
        [want(9517, "10.0.0.11", "zun-*"), want(9517, "0.0.0.0", "haproxy.service", service="HAProxy")]
    )
    assert "zun-api at 10.0.0.11 and HAProxy at 0.0.0.0" in sentence


def test_listening_socket_of_this_process_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (found,) = [entry for entry in probe.ports() if entry["port"] == port]
    assert found["address"] == "127.0.0.1"
    assert found["process"]


def test_addresses() -> None:
    assert "127.0.0.1" in probe.addresses("localhost")
    assert probe.addresses("does-not-exist.invalid") == []


class Service(http.server.BaseHTTPRequestHandler):
    status = 300
    behind = 0.0

    def do_GET(self) -> None:
        self.send_response_only(self.status)
        self.send_header("Date", self.date_time_string(time.time() - self.behind))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[tuple[type[Service], str]]:
    handler = type("Handler", (Service,), {})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler, f"http://127.0.0.1:{server.server_port}/v3"
        server.shutdown()


def test_endpoint_answers(service: tuple[type[Service], str]) -> None:
    _handler, url = service
    answer = probe.endpoint(url, 5, "")
    assert answer["error"] == ""
    low, high = answer["clock"]
    assert low <= 0 <= high + 0.01
    assert high - low < 3


def test_endpoint_tells_how_far_the_clock_is(service: tuple[type[Service], str]) -> None:
    handler, url = service
    handler.behind = 100
    low, high = probe.endpoint(url, 5, "")["clock"]
    assert low <= 100 <= high + 0.01
    assert high - low < 3


def test_endpoint_with_an_error(service: tuple[type[Service], str]) -> None:
    handler, url = service
    handler.status = 503
    assert "503" in probe.endpoint(url, 5, "")["error"]


def test_endpoint_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert probe.endpoint(f"tcp://127.0.0.1:{port}", 5, "") == {"error": "", "clock": None}
    assert "refused" in probe.endpoint(f"tcp://127.0.0.1:{port}", 5, "")["error"]
    assert probe.endpoint("http://does-not-exist.invalid/v3", 5, "")["error"]
