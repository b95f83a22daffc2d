# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Options that say how a task is done: where the backend is, how to wait, what to do on errors."""

from __future__ import annotations

from ..engine.options import COMPARISONS, Option
from ..engine.units import parse_duration

_ONLY_OPENSTACK = "Ignored with O(backend=docker)."
_ONLY_DOCKER = "Ignored with O(backend=zun)."

EXECUTE = Option(
    "execute",
    "str",
    (
        (
            "Where the work is done: inside of the running C(ansible-playbook) (V(controller)), which takes a fraction of "
            "the time, or by a module shipped to the task's host (V(target))."
        ),
        (
            "V(auto) does it inside of Ansible where the task runs on the controller (local connection), uses neither "
            "C(become) nor C(async) nor C(environment), sets no other Python interpreter than that of "
            "C(ansible-playbook), and this one has the libraries that are needed."
        ),
        "V(controller) fails where one of this is not so, and says which.",
    ),
    choices=("auto", "controller", "target"),
    default="auto",
)

CONNECTION: tuple[Option, ...] = (
    EXECUTE,
    Option(
        "backend",
        "str",
        (
            "What runs the containers: the Zun API of an OpenStack cloud, or a Docker Engine.",
            "The connection options of the other backend are ignored, so that both can stand in C(module_defaults).",
        ),
        choices=("zun", "docker"),
        default="zun",
    ),
    Option(
        "cloud",
        "raw",
        (
            "Name of the cloud in C(clouds.yaml), or a dictionary as it would stand there.",
            "Without it, what the environment variables C(OS_*) say, such as E(OS_CLOUD).",
            _ONLY_OPENSTACK,
        ),
        secret=True,
    ),
    Option(
        "auth",
        "dict",
        ("What the authentication plugin needs, such as C(auth_url), C(username) and C(password).", _ONLY_OPENSTACK),
        secret=True,
    ),
    Option("auth_type", "str", ("Authentication plugin of keystoneauth.", _ONLY_OPENSTACK)),
    Option(
        "token_cache",
        "bool",
        (
            (
                "Keep the token of the login in a file, so that the tasks that follow need not log in; "
                "as C(caas.zun/tokens) below E(XDG_CACHE_HOME), which is C(~/.cache) unless set."
            ),
            (
                "Only its owner can read the file (mode 0600), and only the same credentials find it. But who reads it "
                "all the same, in a backup for example, can act as the user until the token expires."
            ),
            "A token that is refused is dropped, and the task logs in again.",
            _ONLY_OPENSTACK,
        ),
        default=False,
    ),
    Option("region_name", "str", ("Region of the cloud.", _ONLY_OPENSTACK)),
    Option(
        "interface",
        "str",
        (
            "Interface of the service catalogue; without it, C(clouds.yaml) decides, as of every other option here.",
            _ONLY_OPENSTACK,
        ),
        choices=("public", "internal", "admin"),
        aliases=("endpoint_type",),
    ),
    Option(
        "docker_host",
        "str",
        (
            "Where the Docker Engine listens: C(unix://PATH), C(tcp://HOST:PORT) or C(ssh://USER@HOST).",
            "Counts from the host on which the task runs.",
            _ONLY_DOCKER,
        ),
        aliases=("docker_url",),
        default="unix:///var/run/docker.sock",
        env="DOCKER_HOST",
    ),
    Option(
        "docker_api_version",
        "str",
        ("Engine API version to speak; V(auto) asks the engine.", _ONLY_DOCKER),
        default="auto",
        env="DOCKER_API_VERSION",
    ),
    Option(
        "tls",
        "bool",
        (
            "Use TLS towards a C(tcp://) engine. Implied by O(ca_cert) and O(client_cert).",
            _ONLY_DOCKER,
        ),
        default=False,
    ),
    Option(
        "use_ssh_client",
        "bool",
        ("Use the C(ssh) program, with its configuration, instead of the Python library Paramiko.", _ONLY_DOCKER),
        default=False,
    ),
    Option(
        "validate_certs",
        "bool",
        (
            "Whether the certificate of the other side must be valid; without it, the backend's own default, which is yes.",
        ),
        aliases=("verify",),
    ),
    Option(
        "ca_cert",
        "path",
        ("File with the certificates of the authorities to be trusted.",),
        aliases=("cacert",),
    ),
    Option("client_cert", "path", ("File with our own certificate.",), aliases=("cert",)),
    Option("client_key", "path", ("File with the key of our own certificate.",), aliases=("key",)),
    Option(
        "api_timeout",
        "int",
        ("Seconds to wait for the answer to one request; without it, the backend's own default (Docker 60).",),
    ),
)

#: How changes are made; for modules that change something.
WORKING: tuple[Option, ...] = (
    Option(
        "comparisons",
        "dict",
        (
            "How single options are compared with what exists, by option name, C(*) standing for all others.",
            (
                f"One of {', '.join(f'V({mode})' for mode in COMPARISONS)}. "
                "V(strict) means equal, lists in the same order; V(set) means equal in any order; "
                "V(superset) leaves alone what exists besides; V(ignore) does not compare."
            ),
        ),
    ),
    Option(
        "on_error",
        "str",
        (
            "What to do when one of several items fails: begin no other (V(stop)), or try all (V(continue)).",
            "The task fails in both cases, and says in RV(failed_items) which items did.",
        ),
        choices=("stop", "continue"),
        default="stop",
    ),
    Option("wait", "bool", ("Wait until the state is reached.",), default=True),
    Option(
        "timeout", "raw", ("Longest wait for one item, in seconds or as V(5m).",), default=180, parse=parse_duration
    ),
    Option("parallelism", "int", ("Most items to work on at once.",), default=10),
)
