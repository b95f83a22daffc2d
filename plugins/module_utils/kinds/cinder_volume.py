# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Volumes of Cinder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..engine.compare import Difference
from ..engine.errors import ItemError, OptionError
from ..engine.kind import ABSENT, FAILED, PENDING, PRESENT, READY, Actual, Desired, Judgement, Kind, Observed, Way
from ..engine.options import IN_PLACE
from ..engine.parallel import bounded_map
from ..engine.plan import WAIT
from ..engine.units import GIB, format_size
from ..services.cinder import Cinder
from ..services.cloud import Cloud
from ..services.errors import NotFoundError, ServiceError
from .cloud_errors import Refusal, explain, is_answer_lost, worded
from .parsers import LABEL_PREFIX
from .references import ambiguous, chosen, is_id
from .service_errors import passed_on
from .volume_options import BLANK_MARK, VOLUME_OPTIONS

# What a new volume can be filled from.
_ORIGINS = ("image", "snapshot", "source")

# States in which a volume stays until somebody does something.
_SETTLED = ("available", "in-use")

# Goals.
AVAILABLE = "available"
DETACHED = "detached"
_OF_SIZE, _OF_TYPE = "of size ", "of type "

# Verb that cuts a volume off from what uses it.
_DETACH = "detach"

# Volumes up to which looking at each costs less than looking at all of the project.
_FEW = 3

_REFUSALS = (
    Refusal(r"image", "image", "check the image"),
    Refusal(r"size|smaller than|min_?disk|too small|larger", "size", "give the size that is asked for"),
    Refusal(r"availability zone", "availability_zone", "name another zone, or leave it out"),
    Refusal(r"metadata", "metadata", "use keys and values of at most 255 characters"),
    Refusal(r"type|retype|migrat", "volume_type", "choose another type, or allow migration_policy: on-demand"),
    Refusal(r"snapshot", "snapshot", "check the snapshot"),
    Refusal(r"source volume|volume", "source", "check the volume to copy"),
)


class CinderVolumes(Kind):
    """Volumes of one cloud, by name within the user's project."""

    noun = "volume"
    table = VOLUME_OPTIONS
    backend = "zun"
    poll_pause = (0.5, 3.0)

    def __init__(self, cloud: Cloud, parallelism: int = 10) -> None:
        self._cloud = cloud
        self._cinder = Cinder(cloud)
        self._parallelism = parallelism
        # Volumes as the last look at them, or their creation, returned them.
        self._latest: dict[str, dict[str, Any]] = {}
        self._types: list[dict[str, Any]] | None = None
        self._default_type: dict[str, Any] | None = None
        self._zones: list[str] | None = None
        self._snapshots: list[dict[str, Any]] | None = None
        # What new volumes are made from, by option and the user's word for it.
        self._origins: dict[tuple[str, str], Mapping[str, Any]] = {}

    @classmethod
    def validate(cls, values: Mapping[str, Any], state: str) -> None:
        """Refuse what Cinder cannot have."""
        if state == ABSENT:
            return
        size = values.get("size")
        if size is not None and (size % GIB or not size):
            raise OptionError("size", format_size(size), "is not a whole number of GiB", "write 1G, 2G and so on")
        origins = [name for name in _ORIGINS if name in values]
        if len(origins) > 1:
            raise OptionError(
                origins[1], values[origins[1]], f"cannot be used together with {origins[0]}", "leave one of them out"
            )

    # Observing ---------------------------------------------------------

    def observe(self, items: Sequence[Desired]) -> list[Observed]:
        """List the volumes of all items, and look up what new ones refer to."""
        with passed_on():
            found = self._matches(items)
            return [self._observed(item, volumes) for item, volumes in zip(items, found)]

    def _matches(self, items: Sequence[Desired]) -> list[list[dict[str, Any]]]:
        """Return the volumes each item can mean. One that is being deleted is as good as gone."""
        names = [item.name for item in items if item.name and not item.id]
        ids = [item.id for item in items if item.id]
        listed: list[dict[str, Any]] = []
        if len(names) == 1:
            listed = self._cinder.list_volumes({"name": names[0]})
        elif names or len(ids) > _FEW:
            listed = self._cinder.list_volumes()
        by_id = {volume["id"]: volume for volume in listed}
        # Administrators may name volumes of other projects by id.
        for volume in bounded_map(self._cinder.get_volume, set(ids) - by_id.keys(), self._parallelism):
            if volume is not None:
                by_id[volume["id"]] = volume
        lasting = [volume for volume in by_id.values() if volume["status"] != "deleting"]
        return [
            [volume for volume in lasting if (volume["id"] == item.id if item.id else volume["name"] == item.name)]
            for item in items
        ]

    def _observed(self, item: Desired, volumes: Sequence[dict[str, Any]]) -> Observed:
        if len(volumes) > 1:
            return ambiguous(item, "volumes", (volume["id"] for volume in volumes))
        actual = self.actual(volumes[0]) if volumes else None
        if item.state != ABSENT:
            try:
                self._look_up(item, actual)
            except OptionError as exc:
                return ItemError(f"{item.label}: {exc}")
        return actual

    def _look_up(self, item: Desired, actual: Actual | None) -> None:
        """Ask for what an item names, as far as that matters.

        :raises OptionError: a name means nothing, or more than one thing.
        """
        values = item.values
        wanted = values.get("volume_type")
        if wanted is not None and (actual is None or wanted != actual.values["volume_type"]):
            self._type(wanted)
        if actual is not None:
            return
        zone = values.get("availability_zone")
        if zone is not None and zone not in self._known_zones():
            zones = ", ".join(self._known_zones()) or "none"
            raise OptionError(
                "availability_zone", zone, "is no availability zone of Cinder", f"use one of them ({zones})"
            )
        finders: Mapping[str, Callable[[str], Sequence[Mapping[str, Any]]]] = {
            "image": self._find_images,
            "snapshot": lambda word: self._by_word(
                word, self._cinder.get_snapshot, lambda: self._cinder.list_snapshots({"name": word})
            ),
            "source": lambda word: self._by_word(
                word, self._cinder.get_volume, lambda: self._cinder.list_volumes({"name": word})
            ),
        }
        for option, find in finders.items():
            if option in values and (option, values[option]) not in self._origins:
                word = values[option]
                noun = "volume" if option == "source" else option
                found = chosen(noun, word, option, find(word), self._cloud.project_id)
                self._origins[(option, word)] = found

    @staticmethod
    def _by_word(
        word: str,
        get: Callable[[str], Mapping[str, Any] | None],
        list_all: Callable[[], Sequence[Mapping[str, Any]]],
    ) -> Sequence[Mapping[str, Any]]:
        if not is_id(word):
            return list_all()
        one = get(word)
        return [one] if one is not None else []

    def _find_images(self, word: str) -> Sequence[Mapping[str, Any]]:
        client = self._cloud.client("image")
        doing = f"look for image {word}"

        def get(image_id: str) -> Mapping[str, Any] | None:
            try:
                image: Mapping[str, Any] = client.get(f"/images/{image_id}", doing)
            except NotFoundError:
                return None
            return image

        def list_all() -> Sequence[Mapping[str, Any]]:
            images: Sequence[Mapping[str, Any]] = client.get("/images", doing, {"name": word})["images"]
            # Glance calls the project the owner.
            return [{**image, "project_id": image.get("owner")} for image in images]

        return self._by_word(word, get, list_all)

    def _known_zones(self) -> list[str]:
        if self._zones is None:
            self._zones = self._cinder.zones()
        return self._zones

    def _type(self, word: str) -> Mapping[str, Any]:
        """Return a volume type by name or id."""
        if self._types is None:
            self._types = self._cinder.list_types()
        found = [entry for entry in self._types if word in (entry["name"], entry["id"])]
        if not found:
            names = ", ".join(sorted(entry["name"] for entry in self._types))
            raise OptionError("volume_type", word, "is no volume type this user may use", f"use one of them ({names})")
        return found[0]

    def _type_name(self, word: str, actual: Actual | None = None) -> str:
        if actual is not None and word == actual.values["volume_type"]:
            return word
        return str(self._type(word)["name"])

    @staticmethod
    def actual(volume: Mapping[str, Any]) -> Actual:
        """Return a volume in the words of the options."""
        values = {
            "name": volume["name"] or "",
            "size": volume["size"] * GIB,
            "volume_type": volume["volume_type"],
            "metadata": {key: text for key, text in volume["metadata"].items() if not key.startswith(LABEL_PREFIX)},
            "description": volume["description"] or "",
            "bootable": volume["bootable"] == "true",
            "availability_zone": volume["availability_zone"],
            "multiattach": volume["multiattach"],
        }
        return Actual(id=volume["id"], name=values["name"], values=values, status=volume["status"], raw=volume)

    def refresh(self, item: Desired, actual: Actual) -> Actual | None:
        """Return the volume as the last look showed it, else as it is now."""
        with worded(item.label, {}):
            volume = self._latest.pop(actual.id, None) or self._cinder.get_volume(actual.id)
        return self.actual(volume) if volume else None

    def view(self, actual: Actual) -> dict[str, Any]:
        """Return the volume with where it came from and what uses it."""
        view = super().view(actual)
        if actual.raw is not None:
            volume = actual.raw
            view["attachments"] = [
                {
                    "attachment_id": attachment["attachment_id"],
                    "used_by": attachment["server_id"],
                    "host": attachment["host_name"],
                    "device": attachment["device"],
                }
                for attachment in volume["attachments"]
            ]
            view["image_id"] = (volume.get("volume_image_metadata") or {}).get("image_id")
            view["snapshot_id"] = volume["snapshot_id"]
            view["source_id"] = volume["source_volid"]
            view["encrypted"] = volume["encrypted"]
            view["created_at"] = volume["created_at"]
        return view

    # Deciding ----------------------------------------------------------

    def differences(
        self, item: Desired, actual: Actual, comparisons: Mapping[str, str]
    ) -> tuple[list[Difference], list[str]]:
        """Compare with the type's name where its id was given."""
        if "volume_type" in item.values:
            named = {**item.values, "volume_type": self._type_name(item.values["volume_type"], actual)}
            item = Desired(item.label, item.state, named, name=item.name, id=item.id)
        return super().differences(item, actual, comparisons)

    def verify(self, item: Desired, actual: Actual | None, differences: Sequence[Difference]) -> None:
        """Refuse what Cinder would refuse or ignore."""
        if actual is None:
            if "size" not in item.values and not {"snapshot", "source"} & item.values.keys():
                raise ItemError(f"{item.label}: size: is needed to create a volume; give one, such as 10G.")
            if "multiattach" in item.values:
                self._verify_multiattach(item, item.values.get("volume_type"))
            return
        if actual.status.startswith("error"):
            raise ItemError(self._in_error(item.label, actual))
        new = {diff.name: diff for diff in differences}
        if "size" in new and new["size"].after < new["size"].before:
            before, after = new["size"].shown()
            raise ItemError(
                f"{item.label}: size: {after!r} is less than the volume has ({before}), and volumes cannot shrink; "
                f"give at least {before}, or copy the data to a new volume."
            )
        if "multiattach" in new:
            self._verify_multiattach(
                item, new["volume_type"].after if "volume_type" in new else actual.values["volume_type"]
            )
        if {"size", "volume_type"} & new.keys() and actual.status not in _SETTLED:
            raise ItemError(
                f"{item.label}: {next(iter(new))} cannot be changed while the volume is in status {actual.status!r}; "
                "wait until it is available or in-use, and run the task again."
            )

    def _verify_multiattach(self, item: Desired, volume_type: str | None) -> None:
        """Refuse a wish the volume type does not fulfil: Cinder has no other way to say it."""
        wanted = item.values["multiattach"]
        with passed_on():
            entry = self._type(volume_type) if volume_type else self._default()
            if entry is None or _allows_multiattach(entry) == wanted:
                return
            fitting = [kind["name"] for kind in self._all_types() if _allows_multiattach(kind) == wanted]
        raise ItemError(
            f"{item.label}: multiattach: {wanted} does not go with the volume type {entry['name']!r}, which decides it; "
            + (
                f"set volume_type to {' or '.join(sorted(fitting))}."
                if fitting
                else "have a volume type made whose extra spec multiattach is '<is> True'."
            )
        )

    def _default(self) -> Mapping[str, Any] | None:
        if self._default_type is None:
            self._default_type = self._cinder.default_type()
        return self._default_type

    def _all_types(self) -> list[dict[str, Any]]:
        if self._types is None:
            self._types = self._cinder.list_types()
        return self._types

    def _in_error(self, label: str, actual: Actual) -> str:
        told = self._cinder.last_message(actual.id).rstrip(".")
        return (
            f"{label}: the volume {actual.id} is in status {actual.status!r}{f' ({told})' if told else ''}; delete it "
            "(state: absent) if its data is not needed, or have an administrator look at it and reset its status."
        )

    def verify_absence(self, item: Desired, actual: Actual, force: bool) -> None:
        """Refuse to delete a volume that is in use, or that has snapshots."""
        users = _users(actual.raw)
        if users and not force:
            raise ItemError(
                f"{item.label}: the volume is used by {users}; delete what uses it first, or set force: true to detach "
                "the volume and delete it with its data, which leaves what uses it with errors of its disk."
            )
        with passed_on():
            if self._snapshots is None:
                self._snapshots = self._cinder.list_snapshots()
        own = sorted(entry["name"] or entry["id"] for entry in self._snapshots if entry["volume_id"] == actual.id)
        if own:
            raise ItemError(
                f"{item.label}: the volume has the snapshots {', '.join(own)}, which Cinder keeps it for; "
                "delete them first (force does not, as they may be your backups)."
            )

    def predict(self, base: Actual | None, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a new volume has by default; one from a snapshot or volume has the size of that."""
        values = super().predict(base, given)
        snapshot = self._origins.get(("snapshot", given.get("snapshot", "")))
        source = self._origins.get(("source", given.get("source", "")))
        origin = snapshot or source
        if origin is not None and "size" not in given:
            values["size"] = origin["size"] * GIB
        return values

    def status_after(self, state: str, status: str | None) -> str:
        """Return the status Cinder gives a volume."""
        return ABSENT if state == ABSENT else status or AVAILABLE

    def path(self, status: str | None, state: str, force: bool = False) -> Way:
        """Wait for a new volume; cut one off that is to be deleted by force."""
        if status is None and state == PRESENT:
            return [(WAIT, AVAILABLE)]
        if state == ABSENT and force and status in ("in-use", "attaching", "detaching", "reserved"):
            return [(_DETACH, DETACHED)]
        return []

    def awaits(self, item: Desired, actual: Actual) -> str | None:
        """Wait for what an earlier run, or somebody else, has begun."""
        return AVAILABLE if actual.status in ("creating", "downloading", "extending", "retyping") else None

    def completions(self, item: Desired, values: Mapping[str, Any]) -> list[Difference]:
        """Mark a new volume as bootable, or not, only when it is filled: Cinder marks those from images at the end."""
        if "bootable" not in values:
            return []
        return [Difference(self.table["bootable"], None, values["bootable"], IN_PLACE)]

    def stages(
        self, item: Desired, actual: Actual, differences: Sequence[Difference]
    ) -> list[tuple[Sequence[Difference], str | None]]:
        """Change first what is changed at once, then type and size one after the other."""
        by_name = {diff.name: diff for diff in differences}
        stages: list[tuple[Sequence[Difference], str | None]] = []
        at_once = [diff for diff in differences if diff.name not in ("size", "volume_type", "multiattach")]
        if at_once:
            stages.append((at_once, None))
        if "volume_type" in by_name:
            # Whether it can be attached several times comes with the type.
            stages.append(([by_name["volume_type"]], f"{_OF_TYPE}{by_name['volume_type'].after}"))
        if "size" in by_name:
            stages.append(([by_name["size"]], f"{_OF_SIZE}{format_size(by_name['size'].after)}"))
        return stages

    # Changing ----------------------------------------------------------

    def create(self, item: Desired, base: Actual | None, values: Mapping[str, Any]) -> Actual:
        """Begin to create the volume."""
        body = self._body(item, values)
        try:
            volume = self._cinder.create_volume(body)
        except ServiceError as exc:
            found = self._found_after(exc, item)
            if found is None:
                raise explain(item.label, self.shown(item.values), exc, _REFUSALS) from exc
            volume = found
        self._latest[volume["id"]] = volume
        return self.actual(volume)

    def _body(self, item: Desired, values: Mapping[str, Any]) -> dict[str, Any]:
        metadata = dict(values.get("metadata", {}))
        origins = {option: self._origins[(option, values[option])]["id"] for option in _ORIGINS if option in values}
        if not origins:
            metadata[BLANK_MARK] = "true"
        fields = {
            "name": item.name,
            "size": values["size"] // GIB if "size" in values else None,
            "description": values.get("description"),
            "volume_type": self._type_name(values["volume_type"]) if "volume_type" in values else None,
            "availability_zone": values.get("availability_zone"),
            "metadata": metadata,
            "imageRef": origins.get("image"),
            "snapshot_id": origins.get("snapshot"),
            "source_volid": origins.get("source"),
        }
        return {field: value for field, value in fields.items() if value is not None}

    def _found_after(self, exc: ServiceError, item: Desired) -> dict[str, Any] | None:
        """Return the volume that was made although the answer was lost."""
        if not is_answer_lost(exc):
            return None
        try:
            found = self._cinder.list_volumes({"name": item.name})
        except ServiceError:
            return None
        return found[0] if found else None

    def update(self, item: Desired, actual: Actual, differences: Sequence[Difference]) -> None:
        """Remove differences; size and type only begin to change."""
        new = {diff.name: diff.after for diff in differences}
        self._latest.pop(actual.id, None)
        fields: dict[str, Any] = {name: value for name, value in new.items() if name in ("name", "description")}
        with worded(item.label, self.shown(item.values), _REFUSALS):
            if fields:
                self._cinder.update_volume(actual.id, fields)
            if "metadata" in new:
                own = {key: text for key, text in actual.raw["metadata"].items() if key.startswith(LABEL_PREFIX)}
                self._cinder.set_metadata(actual.id, {**own, **new["metadata"]})
            if "bootable" in new:
                self._cinder.set_bootable(actual.id, new["bootable"])
            if "volume_type" in new:
                policy = item.values.get("migration_policy", "never")
                self._cinder.retype_volume(actual.id, new["volume_type"], policy)
            if "size" in new:
                self._cinder.extend_volume(actual.id, new["size"] // GIB)

    def delete(self, actual: Actual, force: bool = False) -> None:
        """Begin to delete the volume."""
        with worded(actual.name or actual.id, {}):
            self._cinder.delete_volume(actual.id)

    def act(self, verb: str, actual: Actual) -> None:
        """Detach the volume, so that it can be deleted."""
        if verb == _DETACH:
            with worded(actual.name or actual.id, {}):
                for attachment in actual.raw["attachments"]:
                    self._cinder.delete_attachment(attachment["attachment_id"])

    # Waiting -----------------------------------------------------------

    def poll(self, actuals: Sequence[Actual]) -> Mapping[str, Any]:
        """Look at a few volumes one by one, at many in one listing."""
        ids = [actual.id for actual in actuals]
        with passed_on():
            listed = self._cinder.list_volumes() if len(ids) > _FEW else []
            seen = {volume["id"]: volume for volume in listed if volume["id"] in ids}
            # Of another project, or gone.
            missing = [volume_id for volume_id in ids if volume_id not in seen]
            for volume in bounded_map(self._cinder.get_volume, missing, self._parallelism):
                if volume is not None:
                    seen[volume["id"]] = volume
        self._latest.update(seen)
        return seen

    def judge(self, seen: Any, goal: str, elapsed: float) -> Judgement:
        """Compare the status with the goal; an error is the end."""
        if seen is None:
            return Judgement(READY) if goal == ABSENT else Judgement(FAILED, "is gone")
        status = seen["status"]
        if status.startswith("error") and not (goal == ABSENT and status != "error_deleting"):
            return Judgement(FAILED, f"the volume {seen['id']} ended in status {status!r}")
        if goal == DETACHED:
            return Judgement(READY if not seen["attachments"] else PENDING, "it is still attached")
        if goal == ABSENT or status not in _SETTLED:
            return Judgement(PENDING, f"the status of volume {seen['id']} is {status!r}")
        if goal.startswith(_OF_SIZE) and format_size(seen["size"] * GIB) != goal[len(_OF_SIZE) :]:
            return Judgement(FAILED, f"Cinder left the volume {seen['id']} as large as it was")
        if goal.startswith(_OF_TYPE) and seen["volume_type"] != goal[len(_OF_TYPE) :]:
            return Judgement(
                FAILED,
                f"Cinder left the volume {seen['id']} of type {seen['volume_type']!r}, "
                "which the data may have to be moved for (migration_policy: on-demand)",
            )
        return Judgement(READY)

    def post_mortem(self, actual: Actual, reason: str) -> ItemError:
        """Explain a failure with what Cinder tells users of it."""
        told = self._cinder.last_message(actual.id).rstrip(".")
        return ItemError(f"{reason} (Cinder: {told})." if told else f"{reason}.")


def _allows_multiattach(volume_type: Mapping[str, Any]) -> bool:
    return "true" in str((volume_type.get("extra_specs") or {}).get("multiattach", "")).lower()


def _users(volume: Mapping[str, Any]) -> str:
    """Say what uses a volume; empty where nothing does."""
    return ", ".join(
        f"{attachment['server_id'] or attachment['host_name'] or attachment['attachment_id']}"
        + (f" on {attachment['host_name']}" if attachment["host_name"] and attachment["server_id"] else "")
        for attachment in volume["attachments"]
    )
