# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""A session with an OpenStack cloud, and requests to its services.

Configuration (clouds.yaml, secure.yaml, OS_* variables), authentication and
the service catalogue are openstacksdk's and keystoneauth's. Here every answer
is turned into either parsed JSON or a sentence for the user, and requests that
do no harm when repeated are repeated where the service asks for patience.
"""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import NotFoundError, ServiceError, UnreachableError
from .kept_token import KeptToken
from .light import parts_only
from .pace import MOST_AT_ONCE, Pace

# Configuration and errors are all that is used of openstacksdk.
parts_only("openstack")
try:
    import keystoneauth1.adapter
    import keystoneauth1.exceptions
    import keystoneauth1.session
    import openstack.exceptions
    from openstack.config import loader

    MISSING_LIBRARY: ImportError | None = None
    # Its warnings would end up in the output of the module, outside its result.
    logging.getLogger("keystoneauth").addHandler(logging.NullHandler())
except ImportError as exc:
    MISSING_LIBRARY = exc

_IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")

#: Answers that ask for patience. After 429 nothing was done, so that any request may be repeated.
_BUSY = (429, 502, 503, 504)
#: Those of them that say there are too many requests.
_OVERLOADED = (429, 503)
#: Longest patience with one request, in seconds, and the first pause, which doubles.
_PATIENCE = 60.0
_FIRST_PAUSE = 0.5
_JITTER = random.SystemRandom()
#: Repetitions where the service cannot be reached at all.
_RECONNECTS = 3

# Text of a remote exception that some services pass on (Zun for errors that came over RPC, zun-api.md 2.1), and what
# the library jsonschema adds to its first sentence.
_TRACEBACK = re.compile(r"\s*(Traceback \(most recent call last\):|Failed validating ).*", re.DOTALL)
# What urllib3 wraps around the reason why there is no connection.
_POOL = re.compile(r"^(?P<what>.*?): HTTPS?ConnectionPool\(.*?(?P<why>\[Errno [^'\")]*|[Rr]ead timed out)")
_TAG = re.compile(r"<[^>]+>")
_LONGEST_WORDS = 500

# What an option of keystoneauth's plugins or of clouds.yaml is called whose value is a secret.
_SECRET_OPTION = re.compile(r"pass|secret|token|otp|(^|_)code$|assertion", re.IGNORECASE)

_NAMES = {
    "container": "Zun",
    "network": "Neutron",
    "block-storage": "Cinder",
    "image": "Glance",
}

# APIs whose catalogue entry may leave out their version.
_VERSION_PATHS = {"network": "/v2.0", "image": "/v2"}


@dataclass(frozen=True)
class CloudConnection:
    """Which cloud, and what overrides its configuration; None leaves the configuration as it is.

    :param cloud: name in clouds.yaml, or a dictionary as it would stand there.
    :param api_timeout: longest wait for one answer, in seconds.
    :param token_cache: keep the token in a file, and begin with the one that is there.
    """

    cloud: str | Mapping[str, Any] | None = None
    auth: Mapping[str, Any] | None = None
    auth_type: str | None = None
    region_name: str | None = None
    interface: str | None = None
    validate_certs: bool | None = None
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    api_timeout: float | None = None
    token_cache: bool = False

    def secrets(self) -> list[str]:
        """Return the secret texts in what was said here."""
        return _secret_texts({"auth": self.auth, "cloud": self.cloud})

    def settings(self) -> dict[str, Any]:
        """Return what openstacksdk is told; nothing that was not said, so that nothing overrides clouds.yaml."""
        said = {
            "auth": dict(self.auth) if self.auth is not None else None,
            "auth_type": self.auth_type,
            "region_name": self.region_name,
            "interface": self.interface,
            "verify": self.validate_certs,
            "cacert": self.ca_cert,
            "cert": self.client_cert,
            "key": self.client_key,
            "api_timeout": self.api_timeout,
        }
        settings = {key: value for key, value in said.items() if value is not None}
        if isinstance(self.cloud, str):
            settings["cloud"] = self.cloud
        elif self.cloud is not None:
            twice = sorted(settings.keys() & self.cloud.keys())
            if twice:
                raise UnreachableError(
                    f"cloud: its dictionary holds {', '.join(twice)}, which the task gives as an option too; "
                    "say it in one of the two places."
                )
            settings.update(self.cloud)
        return settings


def _secret_texts(value: Any, secret: bool = False) -> list[str]:
    if isinstance(value, Mapping):
        return [
            text for key, entry in value.items() for text in _secret_texts(entry, secret or _is_secret_option(str(key)))
        ]
    if isinstance(value, (list, tuple)):
        return [text for entry in value for text in _secret_texts(entry, secret)]
    return [str(value)] if secret and value is not None else []


def _is_secret_option(name: str) -> bool:
    return bool(_SECRET_OPTION.search(name)) and not name.endswith(("_id", "_endpoint"))


@dataclass(frozen=True)
class Reply:
    """An answer of a service.

    :param body: parsed JSON; the text where it is something else.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def request_id(self) -> str:
        """The id under which the service logged the request."""
        return self.headers.get("x-openstack-request-id", "")


class Cloud:
    """One cloud, as one user of it. Nothing is asked before the first request.

    All methods raise ServiceError (NotFoundError, UnreachableError).
    """

    def __init__(self, connection: CloudConnection) -> None:
        settings = connection.settings()
        self._paces: dict[str, Pace] = {}
        try:
            self._region = _configuration().get_one(**settings)
            self._session = self._region.get_session()
            for scheme in ("http://", "https://"):
                # Room for as many connections as there may be requests: what does not fit in is closed after its request.
                self._session.mount(scheme, keystoneauth1.session.TCPKeepAliveAdapter(pool_maxsize=MOST_AT_ONCE))
            self._token = KeptToken(self._session.auth) if connection.token_cache else None
        except Exception as exc:
            # Nothing narrower: plugins of keystoneauth raise errors of their own for what they are given.
            raise _explained("connect to the cloud", "", exc) from exc

    def client(self, service_type: str, microversion: str | None = None) -> ServiceClient:
        """Return a client of one service.

        :param microversion: sent with every request that does not say another one.
        """
        region = self._region
        adapter = keystoneauth1.adapter.Adapter(
            session=self._session,
            service_type=service_type,
            interface=region.get_interface(service_type),
            region_name=region.get_region_name(service_type),
            endpoint_override=region.get_endpoint(service_type),
        )
        # Patience that a service asked for counts for all that asks it.
        pace = self._paces.setdefault(service_type, Pace())
        return ServiceClient(adapter, service_type, microversion, self._token, pace)

    @property
    def project_id(self) -> str:
        """ID of the project the user works in."""
        try:
            return str(self._session.get_project_id())
        except Exception as exc:
            raise _explained("log in to the cloud", "Keystone", exc) from exc

    @property
    def is_admin(self) -> bool:
        """Whether the user has the role admin, by the token."""
        try:
            login: Any = self._session.auth
            roles = login.get_access(self._session).role_names
        except Exception as exc:
            raise _explained("log in to the cloud", "Keystone", exc) from exc
        return "admin" in roles


def _configuration() -> Any:
    """Return the configuration of clouds, with the current directory as the first to be searched.

    openstacksdk takes that of its import (openstack/config/loader.py, CONFIG_SEARCH_PATH): inside of Ansible, where it is
    imported once for tasks of several playbooks, another one than that of a module which is shipped.
    """
    # The directory may also be another one of those that are searched, so that its files are told by their places.
    count = len(loader.YAML_SUFFIXES + loader.JSON_SUFFIXES)

    def searched(files: list[str]) -> list[str]:
        return [*(os.path.abspath(os.path.basename(path)) for path in files[:count]), *files[count:]]

    return loader.OpenStackConfig(
        config_files=searched(loader.CONFIG_FILES),
        secure_files=searched(loader.SECURE_FILES),
        vendor_files=searched(loader.VENDOR_FILES),
        app_name="caas.zun",
    )


class ServiceClient:
    """Requests to one service."""

    def __init__(
        self,
        adapter: Any,
        service_type: str,
        microversion: str | None,
        token: KeptToken | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._adapter = adapter
        self._token = token
        self._microversion = microversion
        self._version_path = _VERSION_PATHS.get(service_type, "")
        self._pace = pace or Pace()
        self.service = _NAMES.get(service_type, service_type)

    def get(self, path: str, doing: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return what is at a path.

        :param path: below the service's endpoint as the catalogue has it.
        :param doing: completes "could not ...".
        """
        return self.request("GET", path, doing, params).body

    def request(
        self,
        method: str,
        path: str,
        doing: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        microversion: str | None = None,
    ) -> Reply:
        """Send a request, again where that does no harm and the service asks for patience."""
        began = None
        tries = 0
        while True:
            tries += 1
            try:
                with self._pace.turn() as turn:
                    # From here on: those who wait for their turn are not yet out of patience.
                    began = time.monotonic() if began is None else began
                    response = self._adapter.request(
                        self._versioned(path),
                        method,
                        params=params,
                        json=body,
                        microversion=microversion or self._microversion,
                        raise_exc=False,
                        headers={"Accept": "application/json"},
                    )
            except Exception as exc:
                lost = isinstance(exc, keystoneauth1.exceptions.RetriableConnectionFailure)
                if lost and method in _IDEMPOTENT and tries <= _RECONNECTS:
                    time.sleep(_backoff(tries))
                    continue
                if self._token is not None and isinstance(exc, keystoneauth1.exceptions.CatalogException):
                    self._token.drop()
                raise _explained(doing, self.service, exc) from exc
            finally:
                if self._token is not None:
                    self._token.follow()
            if response.status_code in _OVERLOADED:
                self._pace.slower(turn)
            elif response.status_code < 500:
                self._pace.faster()
            if response.status_code < 400:
                return Reply(response.status_code, _parsed(response), response.headers)
            error = _refusal(doing, self.service, response)
            if not (response.status_code == 429 or (response.status_code in _BUSY and method in _IDEMPOTENT)):
                raise error
            pause = _pause_asked(response.headers.get("Retry-After")) or _backoff(tries)
            if time.monotonic() - began + pause > _PATIENCE:
                raise error
            time.sleep(pause)

    def _versioned(self, path: str) -> str:
        """Return the path below the endpoint, which has the API's version in some catalogues and not in others."""
        if not self._version_path:
            return path
        endpoint = (self._adapter.get_endpoint() or "").rstrip("/")
        return path if endpoint.endswith(self._version_path) else self._version_path + path

    def paged(
        self,
        path: str,
        key: str,
        doing: str,
        params: Mapping[str, Any] | None = None,
        page: int = 1000,
        marker_of: Callable[[Mapping[str, Any]], str] = lambda entry: str(entry["id"]),
    ) -> list[dict[str, Any]]:
        """Return a whole collection; see :meth:`pages`."""
        return [entry for part in self.pages(path, key, doing, params, page, marker_of) for entry in part]

    def pages(
        self,
        path: str,
        key: str,
        doing: str,
        params: Mapping[str, Any] | None = None,
        page: int = 1000,
        marker_of: Callable[[Mapping[str, Any]], str] = lambda entry: str(entry["id"]),
    ) -> Iterator[list[dict[str, Any]]]:
        """Return a collection page after page, as each is asked for.

        Pages by our own marker: the links of Zun lose filters and proxies' names (zun-api.md 1.2).

        :param key: where the answer holds the list.
        :param page: most entries of one page; a service may have a lower limit of its own.
        """
        asked: dict[str, Any] = {**(params or {}), "limit": page}
        before: list[dict[str, Any]] = []
        while True:
            body = self.get(path, doing, asked)
            entries = body[key]
            # One page ahead of what is worked on: the marker may be deleted while that takes time.
            yield before
            before = entries
            # Neutron also gives links to previous pages.
            links = body.get(f"{key}_links") or ()
            more = body.get("next") or any(link.get("rel") == "next" for link in links)
            if not entries or not (len(entries) >= page or more):
                yield entries
                return
            asked["marker"] = marker_of(entries[-1])


def _backoff(tries: int) -> float:
    """Return a pause in seconds that grows with the tries, and differs from that of others who wait as well."""
    return _FIRST_PAUSE * 2 ** (tries - 1) * _JITTER.uniform(0.75, 1.25)


def _pause_asked(value: str | None) -> float | None:
    """Return the seconds a Retry-After header asks for."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _parsed(response: Any) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        return response.text


def _refusal(doing: str, service: str, response: Any) -> ServiceError:
    """Word an answer that is an error."""
    status = response.status_code
    said = _words(_parsed(response)) or str(response.reason or "")
    remedy, kind = _remedy(status, service, response)
    message = f"Could not {doing}: {service} said {said!r} (HTTP {status})."
    return kind(f"{message} {remedy}".rstrip(), said, status)


def _remedy(status: int, service: str, response: Any) -> tuple[str, type[ServiceError]]:
    if status == 401:
        return (
            "The token is not valid any more; log in again, or give credentials instead of a token.",
            UnreachableError,
        )
    if status == 404:
        return "", NotFoundError
    if status in _BUSY:
        return f"{service} is overloaded or down; try again later, or ask who runs the cloud.", ServiceError
    if status >= 500:
        request_id = response.headers.get("x-openstack-request-id")
        return f"Who runs the cloud finds more in its log under {request_id}." if request_id else "", ServiceError
    return "", ServiceError


def _words(body: Any) -> str:
    """Return what an error body says, without a remote traceback, in one line."""
    return " ".join(_TRACEBACK.sub("", _text_in(body)).split())[:_LONGEST_WORDS]


def _text_in(body: Any) -> str:
    """Find the words in the shapes the services use.

    Zun: ``errors: [{title, detail}]``; Neutron: ``NeutronError: {type, message}``; Keystone: ``error: {message}``;
    Cinder: ``badRequest: {message}``, named like the error; proxies: HTML.
    """
    if isinstance(body, str):
        return _TAG.sub(" ", body)
    if not isinstance(body, Mapping):
        return ""
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        # The title of a server error is but the HTTP reason; the detail then has an id to look for.
        detail, title = str(errors[0].get("detail") or ""), str(errors[0].get("title") or "")
        return title if "Traceback" in detail or not detail else detail
    for key in ("message", "faultstring"):
        if isinstance(body.get(key), str):
            return str(body[key])
    for value in body.values():
        text = _text_in(value) if isinstance(value, Mapping) else ""
        if text:
            return text
    return next((value for value in body.values() if isinstance(value, str)), "")


def _explained(doing: str, service: str, exc: Exception) -> ServiceError:
    """Word an exception of the libraries: no answer, no login, or no such service."""
    found = keystoneauth1.exceptions
    pool = _POOL.match(str(exc))
    said = f"{pool['what']}: {pool['why']}" if pool else str(exc)
    said = " ".join(said.split()).rstrip(".")[:_LONGEST_WORDS]
    status = getattr(exc, "http_status", None)
    text = f"Could not {doing}: "
    if isinstance(exc, ServiceError):
        return exc
    if isinstance(exc, found.Unauthorized):
        text += (
            "Keystone refused the login. Check user name, password and project (or the application credential or token) "
            f"in clouds.yaml or in auth. ({said})"
        )
    elif isinstance(exc, found.EmptyCatalog):
        text += "the login has no service catalogue. Name a project in clouds.yaml or in auth."
    elif isinstance(exc, found.CatalogException):
        text += (
            f"the service catalogue has no endpoint of {service} for this region and interface. "
            f"Check region_name and interface, or have the service registered. ({said})"
        )
    elif isinstance(exc, found.SSLError):
        text += f"the certificate of the other side is not trusted. Give its authority in ca_cert. ({said})"
    elif isinstance(exc, (found.ConnectionError, found.RetriableConnectionFailure)):
        text += f"no connection. Check that the address is right and that the service is up. ({said})"
    elif isinstance(exc, found.DiscoveryFailure) or (isinstance(exc, found.NotFound) and status == 404):
        text += f"auth_url does not lead to Keystone. Check it in clouds.yaml or in auth. ({said})"
    elif isinstance(exc, (found.AuthPluginException, openstack.exceptions.ConfigException)):
        text += f"the cloud's configuration is incomplete or wrong. Check cloud, auth and auth_type. ({said})"
    elif isinstance(exc, TypeError):
        # Plugins are called with all that the sources say together.
        text += (
            f"auth_type does not take what clouds.yaml, OS_* and auth say together ({said}). "
            "With another auth_type than the cloud's, name no cloud: unset OS_CLOUD and leave cloud out."
        )
    elif isinstance(exc, (found.ClientException, OSError)):
        text += f"{said}."
    else:
        text += f"{type(exc).__name__}: {said}. Check the configuration of the cloud."
    return UnreachableError(text, said, status)
