# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are seen nowhere: neither in results, diffs, warnings and errors, nor in logs and labels."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible.module_utils import basic
from modules import eventually

FIRST, SECOND = "first-Secret-0815", "second-Secret-4711"
CONTENT = "user = admin\npassword = file-Secret-1234\n"
LINE = "file-Secret-1234"


@pytest.fixture(autouse=True)
def watched(appcontainer, monkeypatch):
    """Look at everything the module says, whichever way."""
    said: list[Any] = []
    plain = type(appcontainer).__call__

    def watch(self, *args, **kwargs):
        result = plain(self, *args, **kwargs)
        said.append(dict(result))
        return result

    monkeypatch.setattr(type(appcontainer), "__call__", watch)
    yield said
    text = json.dumps(said, default=str) + str(said)
    for secret in (FIRST, SECOND, LINE):
        assert secret not in text
        assert base64.b64encode(secret.encode()).decode() not in text
    assert base64.b64encode(CONTENT.encode()).decode() not in text


def options(name: str, image: str, secret: str = FIRST, **others: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "secret_environment": {"PASS": secret},
        "mounts": [{"destination": "/etc/app.conf", "content": CONTENT}],
        **others,
    }


def test_life_of_a_secret(appcontainer, image, inspect, name, watched) -> None:
    for check in (True, False, False):
        appcontainer.ok(check=check, diff=True, **options(name, image))
    env = inspect(name)["Config"]["Env"]
    assert f"PASS={FIRST}" in env
    labels = json.dumps(inspect(name)["Config"]["Labels"])
    for secret in (FIRST, LINE, base64.b64encode(CONTENT.encode()).decode()):
        assert secret not in labels
    assert "PASS" in labels

    for check in (True, False):
        changed = appcontainer.ok(check=check, diff=True, **options(name, image, SECOND))
        assert changed["diff"][0]["before"] == {"secret_environment": {"PASS": "(secret)"}}
        assert changed["diff"][0]["after"] == {"secret_environment": {"PASS": "(secret changed)"}}
        assert changed["container"]["secret_environment"] == ["PASS"]
    files = {**options(name, image, SECOND), "mounts": [{"destination": "/etc/app.conf", "content": CONTENT + "#"}]}
    changed = appcontainer.ok(diff=True, **files)
    assert changed["diff"][0]["before"]["mounts"][0]["content"] == "(secret)"
    assert changed["diff"][0]["after"]["mounts"][0]["content"] == "(secret changed)"
    appcontainer.ok(diff=True, name=name, state="absent")


def test_the_log_of_the_host(appcontainer, everything, image, monkeypatch, name) -> None:
    """Ansible logs each call of a module; a text of several lines escapes its own masking there."""
    logged: list[Any] = []
    monkeypatch.setattr(basic, "has_journal", False)
    monkeypatch.setattr(basic.syslog, "syslog", lambda *entry: logged.append(entry))
    appcontainer.ok(check=True, **options(name, image))
    assert FIRST not in str(logged)
    assert LINE not in str(logged)


SAY = "echo the password is $PASS; cat /etc/app.conf"


@pytest.mark.usefixtures("patience")
def test_log_of_a_container_that_tells_its_secret(appcontainer, image, name) -> None:
    result = appcontainer(**options(name, image, command=["sh", "-c", f"{SAY}; exit 3"]))
    assert "exit code 3" in result.msg
    assert "the password is (secret)" in result.msg
    assert "the password is (secret)" in result["failed_items"][0]["log"]


def test_health_check_that_tells_its_secret(appcontainer, image, name) -> None:
    check = {"cmd": f"{SAY}; exit 1", "interval": "1s", "retries": 1}
    message = appcontainer.fails(**options(name, image, healthcheck=check, state="healthy"))
    assert "the password is (secret)" in message


@pytest.mark.usefixtures("patience")
def test_failed_replacement_tells_neither_the_old_nor_the_new_secret(appcontainer, image, name) -> None:
    keep = ["sh", "-c", "echo $PASS > /dev/null; exec sleep 100000"]
    appcontainer.ok(**options(name, image, command=keep))
    result = appcontainer(
        diff=True, **options(name, image, SECOND, command=["sh", "-c", f"{SAY}; echo old first-Secr''et-0815; exit 3"])
    )
    assert result.failed
    assert "the password is (secret)" in result.msg
    assert "old (secret)" in result.msg


@pytest.mark.usefixtures("patience")
def test_secret_of_a_container_the_task_does_not_speak_of(appcontainer, engine, image, inspect, name) -> None:
    """The task says no secret; the container that fails has one all the same."""
    once = ["sh", "-c", "echo the password is $PASS; test -e /tmp/again && exit 3; touch /tmp/again; exec sleep 100000"]
    appcontainer.ok(**options(name, image, command=once))
    engine.stop(name)
    message = appcontainer.fails(name=name, image=image)
    assert "exit code 3" in message
    assert "the password is (secret)" in message


@pytest.mark.usefixtures("patience")
def test_replacement_that_keeps_an_unsaid_secret(appcontainer, image, inspect, name) -> None:
    appcontainer.ok(**options(name, image))
    message = appcontainer.fails(name=name, command=["sh", "-c", "echo kept $PASS; exit 4"])
    assert "kept (secret)" in message
    recreated = appcontainer.ok(name=name, labels={"a": "b"}, diff=True)
    assert recreated["containers"][0]["action"] == "recreated"
    assert f"PASS={FIRST}" in inspect(name)["Config"]["Env"]
    assert recreated["container"]["secret_environment"] == ["PASS"]
    assert not appcontainer.ok(**options(name, image)).changed


def test_refusal_of_the_engine_that_repeats_the_secret(appcontainer, everything, image, name) -> None:
    """The engine quotes the program it cannot find; this one has the secret in its path."""
    message = appcontainer.fails(**options(name, image, command=[f"/bin/{FIRST}"]))
    assert "/bin/(secret)" in message
    assert everything() == set()


@pytest.mark.parametrize("secret", ["has 'both' \"quotes\"", "back\\slash", "tab\tand\nline", "ümlaut€"])
def test_secret_that_is_quoted_in_a_message(secret, appcontainer, everything, image, name, watched) -> None:
    message = appcontainer.fails(**options(name, image, secret, command=["/bin/" + secret]))
    for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
        assert form not in message
        assert form not in str(watched)
    assert everything() == set()


def test_secret_in_the_name_is_refused(appcontainer, everything, image, name) -> None:
    part = name[-8:]
    message = appcontainer.fails(name=name, image=image, secret_environment={"PASS": part})
    assert "contains the value of a secret" in message
    assert part not in message
    assert everything() == set()


def test_wrong_secrets_are_not_quoted(appcontainer, image, name) -> None:
    message = appcontainer.fails(**{**options(name, image), "secret_environment": {"PASS": [FIRST]}})
    assert "secret_environment" in message
    both = appcontainer.fails(**options(name, image, environment={"PASS": "x"}))
    assert "PASS" in both
    wrong = [{"destination": "/x", "content": CONTENT, "content_encoding": "base64"}]
    assert "base64" in appcontainer.fails(name=name, image=image, mounts=wrong)
    two = [{"destination": "/x", "content": CONTENT, "volume": "y"}]
    assert "exclude each other" in appcontainer.fails(name=name, image=image, mounts=two)
    # Wrong types are found by Ansible itself.
    assert appcontainer.fails(name=name, image=image, secret_environment=FIRST)
    assert appcontainer.fails(name=name, image=image, mounts=[{"content": CONTENT}])
    assert appcontainer.fails(name=name, image=image, secret_environment={"PASS": FIRST}, no_such_option=1)


@pytest.mark.usefixtures("patience")
def test_secrets_of_one_item_among_many(appcontainer, everything, image, name) -> None:
    items = [
        {**options(f"{name}-0", image), "command": ["sh", "-c", f"{SAY}; exit 3"]},
        options(f"{name}-1", image, SECOND),
    ]
    result = appcontainer(diff=True, containers=items, on_error="continue")
    assert result.failed
    assert [entry["action"] for entry in result["containers"]] == ["failed", "created"]
    assert appcontainer(check=True, diff=True, containers=items, state="absent").changed


def test_plain_variable_that_becomes_secret(appcontainer, image, inspect, name) -> None:
    appcontainer.ok(name=name, image=image, environment={"PASS": "plain-word", "OTHER": "1"})
    for check in (True, False):
        changed = appcontainer.ok(check=check, diff=True, name=name, secret_environment={"PASS": FIRST})
        assert changed["container"]["secret_environment"] == ["PASS"]
        assert changed["container"]["environment"] == {"OTHER": "1"}
    env = inspect(name)["Config"]["Env"]
    assert f"PASS={FIRST}" in env
    assert "PASS=plain-word" not in env
    assert not appcontainer.ok(name=name, secret_environment={"PASS": FIRST}).changed
    # And back again.
    back = appcontainer.ok(name=name, environment={"PASS": "plain-word"})
    assert back["container"]["environment"] == {"OTHER": "1", "PASS": "plain-word"}
    assert [entry for entry in inspect(name)["Config"]["Env"] if entry.startswith("PASS=")] == ["PASS=plain-word"]
    assert not appcontainer.ok(name=name, environment={"PASS": "plain-word"}).changed


def test_container_of_somebody_else(appcontainer, engine, image, inspect, name, raw) -> None:
    """There, only the task's own word tells which variables are secret."""
    raw(config={"environment": {"PASS": FIRST, "MODE": "x"}}, command=["sh", "-c", "echo $PASS; sleep 100000"])
    eventually(lambda: engine.logs(name))
    seen = appcontainer.ok(diff=True, name=name, secret_environment={"PASS": FIRST})
    assert not seen.changed
    assert seen["container"]["environment"] == {"MODE": "x"}
