# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users write, and what becomes of it."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.caas.zun.plugins.module_utils.engine.errors import OptionError
from ansible_collections.caas.zun.plugins.module_utils.kinds import parsers
from ansible_collections.caas.zun.plugins.module_utils.kinds.container_options import CONTAINER_OPTIONS

ENCODED = base64.b64encode(b"text").decode()


@pytest.mark.parametrize(
    ("option", "written", "canonical"),
    [
        ("name", "web_1.x-y", "web_1.x-y"),
        ("command", "sh -c 'a b'", ["sh", "-c", "a b"]),
        ("command", ["a", 1], ["a", "1"]),
        ("environment", {"A": 1, "B": "x"}, {"A": "1", "B": "x"}),
        ("cpu", 0.5, 0.5),
        ("memory", "512", 512 << 20),
        ("disk", "10", 10 << 30),
        ("workdir", "/srv/", "/srv"),
        ("restart_policy", False, "no"),
        ("restart_policy", "False", "no"),
        ("restart_policy", "on-failure:03", "on-failure:3"),
        ("restart_policy", "on-failure:0", "on-failure"),
        ("exposed_ports", ["80", "80/tcp", "53/udp"], ["53/udp", "80/tcp"]),
        ("published_ports", ["8080:80"], ["8080:80/tcp"]),
        ("published_ports", ["0.0.0.0:8080:80/udp"], ["8080:80/udp"]),
        ("published_ports", ["[::1]:8080:80"], ["[::1]:8080:80/tcp"]),
        ("published_ports", ["127.0.0.1::80"], ["127.0.0.1::80/tcp"]),
        ("published_ports", ["80"], [":80/tcp"]),
        ("published_ports", ["8000-8001:80-81"], ["8000:80/tcp", "8001:81/tcp"]),
        ("cap_add", ["CAP_NET_ADMIN", "net_admin", "sys_time"], ["NET_ADMIN", "SYS_TIME"]),
        (
            "devices",
            ["/dev/a", "/dev/b:r", "/dev/c:/dev/d", "/dev/e:/dev/f:rw"],
            [
                "/dev/a:/dev/a:rwm",
                "/dev/b:/dev/b:r",
                "/dev/c:/dev/d:rwm",
                "/dev/e:/dev/f:rw",
            ],
        ),
        ("stop_signal", "term", "SIGTERM"),
        ("stop_signal", "9", "9"),
        ("dns_servers", ["2001:DB8::1", "192.0.2.1"], ["2001:db8::1", "192.0.2.1"]),
        ("healthcheck", {"cmd": "true", "interval": "1m"}, {"cmd": "true", "interval": 60.0, "disabled": False}),
        ("healthcheck", {"disabled": True}, {"disabled": True}),
        ("ulimits", [{"name": "nofile", "soft": 5}], [{"name": "nofile", "soft": 5, "hard": 5}]),
        ("mounts", [{"destination": "/a/", "volume": "v"}], [{"destination": "/a", "volume": "v"}]),
        (
            "mounts",
            [{"destination": "/a", "content": "text"}],
            [{"destination": "/a", "content": ENCODED, "mode": "0644"}],
        ),
        (
            "mounts",
            [{"destination": "/a", "content": ENCODED, "content_encoding": "base64", "mode": "600"}],
            [{"destination": "/a", "content": ENCODED, "mode": "0600"}],
        ),
    ],
)
def test_canonical(option, written, canonical) -> None:
    assert CONTAINER_OPTIONS[option].canonical(written) == canonical


@pytest.mark.parametrize(
    ("option", "written"),
    [
        ("name", "a"),
        ("name", "-web"),
        ("name", "web server"),
        ("name", "x" * 256),
        ("image", "x y"),
        ("image", "x"),
        ("command", "'"),
        ("command", {"a": 1}),
        ("command", [True]),
        ("environment", {"A": True}),
        ("environment", {"A": 1.10}),
        ("environment", {"A": None}),
        ("environment", {"A=B": "1"}),
        ("labels", {"caas.zun/salt": "x"}),
        ("cpu", -1),
        ("cpu", 0.001),
        ("cpu", "much"),
        ("memory", "3M"),
        ("memory", "lots"),
        ("workdir", "srv"),
        ("hostname", "a" * 64),
        ("hostname", "a b"),
        ("restart_policy", "sometimes"),
        ("restart_policy", "always:3"),
        ("exposed_ports", ["0"]),
        ("exposed_ports", ["80/xtp"]),
        ("published_ports", ["80:"]),
        ("published_ports", ["8000-8002:80-81"]),
        ("published_ports", ["99999:80"]),
        ("devices", ["null"]),
        ("extra_hosts", ["nowhere"]),
        ("dns_servers", ["dns.example"]),
        ("healthcheck", {"disabled": True, "cmd": "true"}),
        ("healthcheck", {"interval": "soon"}),
        ("healthcheck", {"retries": 0}),
        ("ulimits", [{"name": "nofile", "soft": 5, "hard": 4}]),
        ("nets", []),
        ("nets", [{"aliases": ["a"]}]),
        ("nets", [{"network": "a", "v4_fixed_ip": "::1"}]),
        ("nets", [{"network": "a"}, {"network": "a"}]),
        ("mounts", [{"destination": "/a"}]),
        ("mounts", [{"destination": "a", "volume": "v"}]),
        ("mounts", [{"destination": "/a", "volume": "v", "host_path": "/b"}]),
        ("mounts", [{"destination": "/a", "volume": "v"}, {"destination": "/a/", "volume": "w"}]),
        ("mounts", [{"destination": "/a", "content": "x", "content_encoding": "base64"}]),
        ("mounts", [{"destination": "/a", "content": "x", "mode": 420}]),
    ],
)
def test_refused(option, written) -> None:
    with pytest.raises(OptionError) as caught:
        CONTAINER_OPTIONS[option].canonical(written)
    message = str(caught.value)
    assert message.startswith(option)
    assert "; " in message
    assert message.endswith(".")


def test_the_text_of_a_file_is_in_no_message() -> None:
    with pytest.raises(OptionError) as caught:
        CONTAINER_OPTIONS["mounts"].canonical([{"destination": "/a", "content": "s3cret", "volume": "v"}])
    assert "s3cret" not in str(caught.value)


def test_published_port_is_canonical() -> None:
    assert parsers.published_port("0.0.0.0", "80", "80/tcp") == "80:80/tcp"
