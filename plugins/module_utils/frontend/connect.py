# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""From the connection options to a backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Union

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ..engine.errors import EngineError, OptionError
from ..engine.secrets import texts_in
from ..services import cloud as cloud_service
from ..services.cloud import Cloud, CloudConnection

if TYPE_CHECKING:
    from ..services.docker import DockerEngine

T = TypeVar("T")
Connection = Union[Cloud, "DockerEngine"]


def of_backend(module: AnsibleModule, offered: Mapping[str, T], many: str) -> T:
    """Return what is offered for the task's backend.

    :param many: what the module manages, for the error where the backend has no such thing.
    """
    backend = module.params["backend"]
    if backend not in offered:
        others = " or ".join(offered)
        raise OptionError("backend", backend, f"has no {many}", f"use backend {others}, or leave the task out")
    return offered[backend]


def missing_library(backend: str) -> str | None:
    """Return the name of the library that a backend needs where this Python does not have it."""
    if backend == "docker":
        # Here and below, as it brings the SDK with it, which those who have no Docker need not wait for.
        from ..services import docker as docker_service

        return "docker" if docker_service.MISSING_LIBRARY is not None else None
    return "openstacksdk" if cloud_service.MISSING_LIBRARY is not None else None


def connect(module: AnsibleModule) -> Connection:
    """Connect to the backend the task names."""
    backend = module.params["backend"]
    missing = missing_library(backend)
    if missing is not None:
        raise EngineError(missing_required_lib(missing))
    return _connect_docker(module.params) if backend == "docker" else Cloud(_cloud_connection(module.params))


def conceal_credentials(module: AnsibleModule) -> list[str]:
    """Have Ansible mask the secrets among the connection options, and nothing else of them.

    Both options with credentials are declared as secrets, so that nothing of them shows where the arguments are
    refused. But a user name or project that is masked wherever it occurs would garble every result.

    :returns: the secret texts.
    """
    params = module.params
    secrets = _cloud_connection(params).secrets()
    module.no_log_values.difference_update(texts_in([params["cloud"], params["auth"]]))
    module.no_log_values.update(secrets)
    return secrets


def _connect_docker(params: Mapping[str, Any]) -> DockerEngine:
    from ..services.docker import DockerConnection, DockerEngine

    return DockerEngine(
        DockerConnection(
            docker_host=params["docker_host"],
            tls=params["tls"],
            validate_certs=params["validate_certs"] is not False,
            ca_cert=params["ca_cert"],
            client_cert=params["client_cert"],
            client_key=params["client_key"],
            api_version=params["docker_api_version"],
            api_timeout=float(params["api_timeout"] or 60),
            use_ssh_client=params["use_ssh_client"],
        )
    )


def _cloud_connection(params: Mapping[str, Any]) -> CloudConnection:
    cloud = params["cloud"]
    if cloud is not None and not isinstance(cloud, (str, Mapping)):
        raise OptionError("cloud", cloud, "is neither a name nor a dictionary", "name a cloud of clouds.yaml")
    names = (
        "cloud",
        "auth",
        "auth_type",
        "region_name",
        "interface",
        "validate_certs",
        "ca_cert",
        "client_cert",
        "client_key",
        "api_timeout",
        "token_cache",
    )
    return CloudConnection(**{name: params[name] for name in names})
