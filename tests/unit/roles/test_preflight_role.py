# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role preflight, applied to inventories whose hosts are all this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PLAY = [{"hosts": "all", "gather_facts": False, "roles": ["caas.zun.preflight"]}]
KEY = "0123456789abcdef0123456789abcdef"
GOOD = "kohX6aez9ieBoo4eiN2f"


def findings(directory: Path, inventory: Path, limit: str = "all", **extra: Any) -> list[str]:
    """What the role complains about, except about the machine that runs this test."""
    play = directory / "play.yml"
    play.write_text(json.dumps(PLAY), encoding="utf-8")
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "preflight_timeout": 1,
        "preflight_skip": ["versions", "ports"],
        **extra,
    }
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "--inventory",
        str(inventory),
        "--limit",
        limit,
        str(play),
    ]
    done = subprocess.run(
        [*command, "--check", "--extra-vars", json.dumps(variables)],
        env={
            **os.environ,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    # Nothing but the last task of the role may fail.
    assert done.stdout.count("FAILED!") == (done.returncode != 0), done.stdout + done.stderr
    assert "changed=1" not in done.stdout
    if done.returncode == 0:
        return []
    message = json.loads(done.stdout.split("FAILED! => ", 1)[1].rsplit("}", 1)[0] + "}")["msg"]
    return [line.removeprefix("- ") for line in message.splitlines()[1:]]


def write(directory: Path, groups: dict[str, list[str]], **variables: Any) -> Path:
    path = directory / "inventory.json"
    children = {group: {"hosts": {key: {} for key in hosts}} for group, hosts in groups.items()}
    path.write_text(json.dumps({"all": {"children": children, "vars": variables}}), encoding="utf-8")
    return path


@pytest.fixture
def keystone() -> Any:
    """An endpoint that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_everything_at_once(tmp_path: Path) -> None:
    inventory = write(
        tmp_path,
        {"zun_mq": ["n1", "n2"], "zun_api": ["n1"], "zun_compute": ["n3"], "zun_lb": ["n2"]},
        zun_common_auth_url="http://127.0.0.1:1/v2",
        zun_common_auth_password="{{ vault_that_nobody_has }}",
        zun_common_auth_encryption_key="{{ 'k' if inventory_hostname == 'n3' else 'notgood but just long enough i t' }}",
        zun_common_database_url="mysql+pymysql://zun:change-me@127.0.0.1:1/zun",
        zun_common_transport_url=f"rabbit://zun:{GOOD}@127.0.0.1:1//",
        loadbalancer_vip="203.0.113.9/32",
        kuryr_auth_password="hunter2!!!",
        preflight_names={"does-not-exist.invalid": "", "localhost": "192.0.2.1"},
    )
    found = "\n".join(findings(tmp_path, inventory))
    for expected in (
        "zun_mq has 2 hosts",
        "zun_common_auth_encryption_key is not the same on all hosts",
        (
            "n1: not set, or made of a variable that is not set: rabbitmq_erlang_cookie, rabbitmq_users, rabbitmq_vhosts, "
            "zun_common_auth_password, zun_identity_public_url"
        ),
        "n2: not set, or made of a variable that is not set: rabbitmq_erlang_cookie, rabbitmq_users, rabbitmq_vhosts\n",
        "n3: not set, or made of a variable that is not set: zun_common_auth_password\n",
        "end in /v3",
        (
            "n1, n2: still have the value of an example or one that everybody guesses: zun_common_auth_encryption_key, "
            "zun_common_database_url"
        ),
        "must have exactly 32 characters, it has 1",
        "shorter than 12 characters (preflight_secret_length_min): kuryr_auth_password",
        "does-not-exist.invalid does not resolve",
        "localhost is ",
        "n2: would serve the API without TLS",
        "n2: loadbalancer_vip 203.0.113.9/32 is in no network of this machine: ",
        "n1, n3: does not reach http://127.0.0.1:1/v2: ",
        "n1, n3: does not reach tcp://127.0.0.1:1: ",
    ):
        assert expected in found, found
    for secret in ("hunter2", "change-me", GOOD, "notgood"):
        assert secret not in found


def test_nothing_to_complain_about(tmp_path: Path, keystone: str) -> None:
    inventory = write(
        tmp_path,
        {"zun_api": ["n1", "n2"], "zun_compute": ["n3"]},
        zun_common_auth_url="http://127.0.0.1:1/v3",
        zun_common_auth_password=GOOD,
        zun_common_auth_encryption_key=KEY,
        zun_common_database_url=f"mysql+pymysql://zun:{GOOD}@{keystone}/zun?charset=utf8",
        zun_common_transport_hosts=[keystone],
        zun_common_transport_password=GOOD,
        zun_identity_public_url="https://192.0.2.1:9517/v1",
        kuryr_auth_password=GOOD,
    )
    # Nobody answers HTTP here.
    assert findings(tmp_path, inventory) == [
        "n1, n2, n3: does not reach http://127.0.0.1:1/v3: [Errno 111] Connection refused"
    ]


def test_names_of_the_queue(tmp_path: Path) -> None:
    """They have to resolve, whoever runs it."""
    by_hosts = {"zun_common_transport_hosts": ["one.invalid:5671", "two.invalid", "[::1]:5671", "127.0.0.1:5671"]}
    by_url = {"zun_common_transport_url": f"rabbit://zun:{GOOD}@one.invalid:5671,zun:{GOOD}@two.invalid//"}
    skipped = ["versions", "ports", "variables", "secrets", "endpoints"]
    for variables in (by_hosts, by_url):
        inventory = write(tmp_path, {"zun_mq": ["n1"], "zun_api": ["n1"]}, **variables)
        (found,) = findings(tmp_path, inventory, preflight_skip=skipped)
        assert found.endswith(": one.invalid does not resolve; two.invalid does not resolve")


EXAMPLES = ROOT / "docs" / "inventories"
# What this machine cannot tell about others; and one host of each kind is enough.
NOT_HERE = ["versions", "ports", "names", "endpoints", "cloud", "vip"]
SOME = "zun1:control1:compute1:lb1:db1:mq1:api1"


def test_example_wants_its_secrets_replaced(tmp_path: Path) -> None:
    found = findings(tmp_path, EXAMPLES / "ha3", SOME, preflight_skip=NOT_HERE)
    assert len(found) == 2, found
    assert "still have the value of an example" in found[0]
    assert "exactly 32 characters" in found[1]


# Where the load balancers are in the network of their address, this machine would have to be as well.
@pytest.mark.parametrize(("name", "known"), [("aio", ["vip"]), ("ha3", []), ("ha_az", ["vip"])])
def test_examples_are_complete(tmp_path: Path, name: str, known: list[str]) -> None:
    secrets = {f"vault_{key}_password": GOOD for key in ("zun_database", "zun_queue", "zun_keystone", "kuryr_keystone")}
    secrets |= {"vault_zun_encryption_key": KEY, "vault_erlang_cookie": GOOD}
    skipped = [check for check in NOT_HERE if check not in known]
    assert findings(tmp_path, EXAMPLES / name, SOME, preflight_skip=skipped, **secrets) == []
