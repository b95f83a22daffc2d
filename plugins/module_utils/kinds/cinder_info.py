# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Reading volumes of Cinder without changing any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.errors import OptionError
from ..engine.parallel import bounded_map
from ..engine.units import GIB, parse_size
from ..services.cinder import Cinder
from ..services.cloud import Cloud
from .cinder_volume import CinderVolumes
from .service_errors import passed_on

#: Filters Cinder allows ordinary users.
CINDER_FILTERS = ("availability_zone", "bootable", "metadata", "size", "status")


class CinderVolumeReader:
    """Finds volumes."""

    def __init__(self, cloud: Cloud, parallelism: int) -> None:
        self._cinder = Cinder(cloud)
        self._kind = CinderVolumes(cloud)
        self._parallelism = parallelism

    def find(
        self, names: Sequence[str], ids: Sequence[str], filters: Mapping[str, Any], all_projects: bool
    ) -> list[dict[str, Any]]:
        """Return the volumes with one of the names or ids (all, where none is given) that pass the filters."""
        query = {name: _asked(name, value) for name, value in filters.items()}
        if all_projects:
            query["all_tenants"] = "1"
        if len(names) == 1 and not ids:
            query["name"] = names[0]
        with passed_on():
            if ids and not names and not query:
                found = bounded_map(self._cinder.get_volume, ids, self._parallelism)
                listed = [volume for volume in found if volume is not None]
            else:
                listed = self._cinder.list_volumes(query)
        wanted = [volume for volume in listed if not (names or ids) or volume["name"] in names or volume["id"] in ids]
        actuals = [self._kind.actual(volume) for volume in wanted]
        return [self._kind.view(actual) for actual in sorted(actuals, key=lambda actual: (actual.name, actual.id))]


def _asked(name: str, value: Any) -> str:
    """Return a filter's value as Cinder takes it.

    :raises OptionError: there is no such filter, or no such value.
    """
    if name not in CINDER_FILTERS:
        raise OptionError("filters", name, "is not a filter of Cinder", f"use {', '.join(CINDER_FILTERS)}")
    if name == "metadata":
        if not isinstance(value, Mapping):
            raise OptionError("filters.metadata", value, "is not a dictionary", "give keys and values")
        return str({str(key): str(text) for key, text in value.items()})
    if isinstance(value, (list, Mapping)):
        raise OptionError(f"filters.{name}", value, "is more than one value", "give one")
    if name == "size":
        try:
            return str(parse_size(value, "g") // GIB)
        except ValueError as exc:
            reason, _dummy, remedy = str(exc).partition("; ")
            raise OptionError("filters.size", value, reason, remedy) from None
    return str(value).lower() if isinstance(value, bool) else str(value)
