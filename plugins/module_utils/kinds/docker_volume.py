# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Named volumes of a Docker Engine.

Docker can change nothing about a volume, and making it anew would lose what is
in it; so every difference is an error that says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.errors import ItemError
from ..engine.kind import ABSENT, PRESENT, READY, Actual, Desired, Judgement, Kind, Observed
from ..engine.options import option_error
from ..services.docker import DockerEngine
from . import parsers
from .docker_errors import worded
from .service_errors import passed_on
from .volume_options import VOLUME_OPTIONS


class DockerVolumes(Kind):
    """Named volumes of one Docker Engine."""

    noun = "volume"
    table = VOLUME_OPTIONS
    backend = "docker"

    def __init__(self, engine: DockerEngine, parallelism: int = 10) -> None:
        del parallelism  # one listing tells all there is to know
        self._engine = engine
        self._users: dict[str, list[dict[str, Any]]] | None = None

    @classmethod
    def validate(cls, values: Mapping[str, Any], state: str) -> None:
        """Refuse names Docker does not take."""
        del state  # a volume of such a name cannot be there either
        try:
            parsers.name(values.get("name", "any"))
        except ValueError as exc:
            raise option_error("name", values["name"], str(exc)) from None

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        """List all volumes once; the engine's filter by name matches parts of names."""
        with passed_on():
            volumes = {volume["Name"]: volume for volume in self._engine.list_volumes()}
        # A volume's id is its name.
        wanted = [item.id or item.name for item in items]
        return [self.actual(volumes[name]) if name in volumes else None for name in wanted]

    @staticmethod
    def actual(volume: Mapping[str, Any]) -> Actual:
        """Return a volume in the words of the options."""
        values = {
            "name": volume["Name"],
            "driver": volume["Driver"],
            "driver_options": volume.get("Options") or {},
            "labels": volume.get("Labels") or {},
        }
        return Actual(id=volume["Name"], name=volume["Name"], values=values, raw=volume)

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        """Return the volume as the engine described it when it was made; nothing about it can change."""
        return actual

    def view(self, actual: Actual) -> dict[str, Any]:
        """Return the volume with where it is on the host."""
        view = super().view(actual)
        del view["status"]
        if actual.raw is not None:
            view["mountpoint"] = actual.raw.get("Mountpoint")
            view["created_at"] = actual.raw.get("CreatedAt")
        return view

    def status_after(self, state: str, status: str | None) -> str:
        """Return whether the volume exists; it has no other status."""
        return ABSENT if state == ABSENT else PRESENT

    def verify_absence(self, item: Desired, actual: Actual, force: bool) -> None:
        """Refuse to delete a volume that containers use, running or not."""
        users = self._users_of(actual.name)
        if users and not force:
            names = ", ".join(sorted(_name(user) for user in users))
            raise ItemError(
                f"{item.label}: the volume is used by {'container' if len(users) == 1 else 'containers'} {names}; "
                "delete them first, or set force: true to delete them together with the volume."
            )

    def _users_of(self, name: str) -> list[dict[str, Any]]:
        if self._users is None:
            users: dict[str, list[dict[str, Any]]] = {}
            with passed_on():
                for container in self._engine.list_containers():
                    for mount in container.get("Mounts") or []:
                        if mount.get("Type") == "volume":
                            users.setdefault(mount.get("Name", ""), []).append(container)
            self._users = users
        return self._users.get(name, [])

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        """Create the volume."""
        body = {
            "Name": item.name,
            "Driver": values.get("driver", "local"),
            "DriverOpts": values.get("driver_options", {}),
            "Labels": values.get("labels", {}),
        }
        with worded(item.label, self.shown(item.values)):
            return self.actual(self._engine.create_volume(body))

    def delete(self, actual: Actual, force: bool = False) -> None:
        """Delete the volume; with force, first the containers that use it, as the engine has no other way."""
        with worded(actual.name, {}):
            for user in self._users_of(actual.name) if force else ():
                self._engine.delete_container(user["Id"], force=True)
            self._engine.delete_volume(actual.name)

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        """Nothing is waited for: the engine answers when the work is done."""
        return {}

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        """Say yes; see :meth:`poll`."""
        return Judgement(READY)


def _name(container: Mapping[str, Any]) -> str:
    return re.sub(r"^/", "", (container.get("Names") or [container["Id"][:12]])[0])
