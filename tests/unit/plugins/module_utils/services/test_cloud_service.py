# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patience with services, and the wording of what they and the libraries say."""

from __future__ import annotations

import os
from email.utils import formatdate
from typing import Any

import keystoneauth1.exceptions as found
import openstack.exceptions
import pytest

from ansible_collections.caas.zun.plugins.module_utils.services import cloud
from ansible_collections.caas.zun.plugins.module_utils.services.cloud import Cloud, CloudConnection, ServiceClient
from ansible_collections.caas.zun.plugins.module_utils.services.errors import (
    NotFoundError,
    ServiceError,
    UnreachableError,
)
from ansible_collections.caas.zun.plugins.module_utils.services.pace import Pace


class Response:
    """What the library requests hands on."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        self.status_code = status
        self.reason = "Reason"
        self.headers = {key.replace("_", "-"): value for key, value in headers.items()}
        self.content = b"" if body is None else b"something"
        self.text = body if isinstance(body, str) else ""
        self._body = body

    def json(self) -> Any:
        if isinstance(self._body, str):
            raise ValueError
        return self._body


class Adapter:
    """Answers with what is next, and notes what was asked."""

    def __init__(self, *answers: Any, endpoint: str = "http://cloud.internal:9696") -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.endpoint = endpoint

    def get_endpoint(self) -> str:
        return self.endpoint

    def request(self, path: str, method: str, **words: Any) -> Response:
        self.asked.append((method, path, words.get("params")))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Naps:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)

    def monotonic(self) -> float:
        return sum(self.taken)

    def time(self) -> float:
        return 1_000_000.0 + sum(self.taken)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> Naps:
    taken = Naps()
    monkeypatch.setattr(cloud, "time", taken)
    return taken


def client(*answers: Any, service: str = "container", **words: Any) -> tuple[ServiceClient, Adapter]:
    adapter = Adapter(*answers, **words)
    return ServiceClient(adapter, service, "1.40"), adapter


def test_patience_with_a_busy_service(naps) -> None:
    zun, adapter = client(Response(503), Response(429, Retry_After="7"), Response(200, {"a": 1}))
    assert zun.get("/x", "look") == {"a": 1}
    assert len(adapter.asked) == 3
    assert 0 < naps.taken[0] < 1
    assert naps.taken[1] == 7


def test_answers_set_the_pace(naps) -> None:
    """Too many requests make them fewer, an answer makes them more; a proxy's word of a service that fails does neither."""
    pace = Pace(8)
    adapter = Adapter(Response(429), Response(504), Response(200, {}))
    ServiceClient(adapter, "container", "1.40", pace=pace).get("/x", "look")
    assert pace.allowed == 2


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    login = {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "p", "project_name": "p"}
    return Cloud(CloudConnection(auth=login))


def test_a_service_has_one_pace(here) -> None:
    assert here.client("network")._pace is here.client("network")._pace
    assert here.client("network")._pace is not here.client("container")._pace


def test_connections_are_kept_for_all_requests_at_once(here) -> None:
    adapter = here._session.session.get_adapter("https://cloud.internal")
    assert adapter.poolmanager.connection_pool_kw["maxsize"] == Pace().allowed


def test_a_date_of_return(naps) -> None:
    zun, _adapter = client(Response(503, Retry_After=formatdate(naps.time() + 5, usegmt=True)), Response(200, {}))
    zun.get("/x", "look")
    assert naps.taken == [5]


def test_patience_has_an_end(naps) -> None:
    zun, adapter = client(*[Response(503, {"message": "busy"})] * 30)
    with pytest.raises(ServiceError, match=r"Could not look: Zun said 'busy' \(HTTP 503\). Zun is overloaded or down"):
        zun.get("/x", "look")
    assert 3 < len(adapter.asked) < 12
    assert sum(naps.taken) <= 60


def test_nobody_waits_for_an_hour(naps) -> None:
    zun, _adapter = client(Response(429, Retry_After="3600"))
    with pytest.raises(ServiceError, match="429"):
        zun.get("/x", "look")
    assert naps.taken == []


def test_a_creation_is_not_repeated(naps) -> None:
    zun, adapter = client(Response(503))
    with pytest.raises(ServiceError, match="503"):
        zun.request("POST", "/x", "create it", body={})
    zun, lost = client(found.ConnectFailure("gone"))
    with pytest.raises(UnreachableError, match="no connection"):
        zun.request("POST", "/x", "create it", body={})
    assert len(adapter.asked) == len(lost.asked) == 1


def test_a_creation_refused_for_haste_is_repeated(naps) -> None:
    zun, adapter = client(Response(429), Response(202, {"uuid": "u"}))
    assert zun.request("POST", "/x", "create it", body={}).body == {"uuid": "u"}
    assert len(adapter.asked) == 2


def test_a_lost_connection_is_tried_again(naps) -> None:
    zun, adapter = client(*[found.ConnectFailure("gone")] * 3, Response(204))
    assert zun.request("DELETE", "/x", "delete it").status == 204
    assert len(adapter.asked) == 4


def test_pages_by_our_own_marker() -> None:
    pages = [
        Response(200, {"containers": [{"uuid": "a"}, {"uuid": "b"}], "next": "http://elsewhere/"}),
        Response(200, {"containers": [{"uuid": "c"}], "next": None}),
    ]
    zun, adapter = client(*pages)
    rows = zun.paged("/containers", "containers", "list", {"status": "Running"}, 2, lambda row: row["uuid"])
    assert [row["uuid"] for row in rows] == ["a", "b", "c"]
    assert adapter.asked[1][2] == {"status": "Running", "limit": 2, "marker": "b"}


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [("http://c:9696", "/v2.0/ports"), ("http://c/network/v2.0/", "/ports"), ("http://c/network", "/v2.0/ports")],
)
def test_the_version_of_neutron(endpoint, path) -> None:
    neutron, adapter = client(Response(200, {}), service="network", endpoint=endpoint)
    neutron.get("/ports", "look")
    assert adapter.asked[0][1] == path


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": [{"title": "Short", "detail": "The whole story"}]}, "The whole story"),
        ({"errors": [{"title": "Short", "detail": "Bad\nTraceback (most recent call last):\n  File x"}]}, "Short"),
        ({"NeutronError": {"type": "X", "message": "No such port"}}, "No such port"),
        ({"badRequest": {"message": "Size?", "code": 400}}, "Size?"),
        ({"error": {"message": "Keystone says no", "title": "T"}}, "Keystone says no"),
        ("<html><body><h1>Bad Gateway</h1></body></html>", "Bad Gateway"),
        ({"message": "17 is greater than 16.0 Failed validating 'maximum' in schema"}, "17 is greater than 16.0"),
        (None, "Reason"),
    ],
)
def test_words_in_every_shape(body, said) -> None:
    zun, _adapter = client(Response(400, body))
    with pytest.raises(ServiceError) as caught:
        zun.get("/x", "look")
    assert caught.value.said == said
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (401, UnreachableError), (409, ServiceError)])
def test_kinds_of_refusals(status, kind) -> None:
    zun, _adapter = client(Response(status, {"message": "no"}))
    with pytest.raises(kind, match=rf"Could not look: Zun said 'no' \(HTTP {status}\)"):
        zun.get("/x", "look")


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (found.Unauthorized("no"), "Keystone refused the login"),
        (found.EndpointNotFound("none"), "has no endpoint of Zun"),
        (found.EmptyCatalog("none"), "Name a project"),
        (found.SSLError("self-signed"), "Give its authority in ca_cert"),
        (found.ConnectTimeout("slow"), "no connection"),
        (found.DiscoveryFailure("html"), "does not lead to Keystone"),
        (found.MissingRequiredOptions([]), "configuration is incomplete or wrong"),
        (found.NoMatchingPlugin("p"), "configuration is incomplete or wrong"),
        (openstack.exceptions.ConfigException("Cloud x was not found."), "configuration is incomplete or wrong"),
        (TypeError("unexpected keyword argument 'password'"), "auth_type does not take what"),
        (KeyError("odd"), "KeyError: 'odd'"),
    ],
)
def test_what_libraries_raise(raised, words, naps) -> None:
    zun, _adapter = client(*[raised] * 9)
    with pytest.raises(UnreachableError, match=words):
        zun.get("/x", "look")


def test_nothing_is_set_that_nobody_said() -> None:
    assert CloudConnection(cloud="prod").settings() == {"cloud": "prod"}
    assert CloudConnection().settings() == {}
    assert CloudConnection(cloud={"auth": {"a": 1}}, interface="internal").settings() == {
        "auth": {"a": 1},
        "interface": "internal",
    }


def test_nothing_is_said_twice() -> None:
    with pytest.raises(UnreachableError, match="its dictionary holds region_name, which the task gives"):
        CloudConnection(cloud={"region_name": "a"}, region_name="b").settings()


def test_secrets_among_credentials() -> None:
    connection = CloudConnection(
        cloud={"auth": {"password": "pw-1", "username": "me"}, "region_name": "r"},
        auth={
            "application_credential_id": "id-1",
            "application_credential_secret": "pw-2",
            "token": "pw-3",
            "auth_url": "u",
        },
    )
    assert sorted(connection.secrets()) == ["pw-1", "pw-2", "pw-3"]
