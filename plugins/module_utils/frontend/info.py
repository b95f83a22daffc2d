# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Modules that only look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..engine.errors import EngineError
from ..engine.options import Option
from ..engine.secrets import Masker
from ..services.errors import ServiceError
from .connect import Connection, conceal_credentials, of_backend
from .options import CONNECTION
from .run import fail_internal
from .spec import argument_spec

# Requests at once; reading does no harm, so that there is no option for it.
PARALLELISM = 10

NAME = Option(
    "name",
    "list",
    ("Names to look for; a name nobody has is left out of the result.",),
    elements="str",
)

ALL_PROJECTS = Option(
    "all_projects",
    "bool",
    (
        "Look into all projects; without it, into the one of the login. For administrators.",
        "Ignored with O(backend=docker).",
    ),
    default=False,
)

Reader = Callable[[Any, dict[str, Any]], list[dict[str, Any]]]


def look(
    many: str,
    options: tuple[Option, ...],
    readers: Mapping[str, Reader],
    make_module: Callable[..., AnsibleModule],
    connected: Callable[[AnsibleModule], Connection],
) -> None:
    """Do the whole work of a module that only looks.

    :param many: what the module looks at, and the key of the result.
    :param options: its options besides those of the connection.
    :param readers: for each backend that has such a resource, what returns those that the arguments ask for.
    """
    module = make_module(argument_spec=argument_spec((*CONNECTION, *options)), supports_check_mode=True)
    found: list[dict[str, Any]] = []
    masker = Masker()
    try:
        masker = Masker(conceal_credentials(module))
        read = of_backend(module, readers, many)
        found = read(connected(module), module.params)
    except (EngineError, ServiceError) as exc:
        module.fail_json(msg=masker.mask(str(exc)))
    except Exception as exc:
        fail_internal(module, exc, masker)
    # One by one, as there may be very many.
    for position, entry in enumerate(found):
        found[position] = masker.mask(entry)
    module.exit_json(changed=False, **{many: found})
