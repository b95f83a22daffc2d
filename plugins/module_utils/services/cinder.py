# Copyright: (c) 2026, caas.zun contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Typed calls to Cinder (API 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cloud import Cloud
from .errors import NotFoundError, ServiceError

# The first version (Pike) that extends a volume in use, and knows attachments and messages.
_MICROVERSION = "3.42"


class Cinder:
    """Volumes and what belongs to them, as one user sees them."""

    def __init__(self, cloud: Cloud) -> None:
        self._client = cloud.client("block-storage", _MICROVERSION)

    def list_volumes(self, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the volumes of the project that pass the filters, in full."""
        return self._client.paged("/volumes/detail", "volumes", "list the volumes", params)

    def get_volume(self, volume_id: str) -> dict[str, Any] | None:
        """Return a volume; None where there is none."""
        try:
            volume: dict[str, Any] = self._client.get(f"/volumes/{volume_id}", f"look at volume {volume_id}")["volume"]
        except NotFoundError:
            return None
        return volume

    def create_volume(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to create a volume and return it."""
        doing = f"create volume {body['name']}"
        volume: dict[str, Any] = self._client.request("POST", "/volumes", doing, body={"volume": body}).body["volume"]
        return volume

    def update_volume(self, volume_id: str, body: Mapping[str, Any]) -> None:
        """Change name or description."""
        self._client.request("PUT", f"/volumes/{volume_id}", f"change volume {volume_id}", body={"volume": body})

    def set_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        """Replace the metadata of a volume."""
        doing = f"set the metadata of volume {volume_id}"
        self._client.request("PUT", f"/volumes/{volume_id}/metadata", doing, body={"metadata": dict(metadata)})

    def set_bootable(self, volume_id: str, bootable: bool) -> None:
        """Mark a volume as one to boot from, or not."""
        self._act(volume_id, f"change volume {volume_id}", {"os-set_bootable": {"bootable": bootable}})

    def extend_volume(self, volume_id: str, gib: int) -> None:
        """Begin to make a volume larger."""
        self._act(volume_id, f"extend volume {volume_id} to {gib} GiB", {"os-extend": {"new_size": gib}})

    def retype_volume(self, volume_id: str, volume_type: str, migration_policy: str) -> None:
        """Begin to give a volume another type."""
        body = {"os-retype": {"new_type": volume_type, "migration_policy": migration_policy}}
        self._act(volume_id, f"give volume {volume_id} the type {volume_type}", body)

    def delete_volume(self, volume_id: str) -> None:
        """Begin to delete a volume; not an error when it is gone."""
        try:
            self._client.request("DELETE", f"/volumes/{volume_id}", f"delete volume {volume_id}")
        except NotFoundError:
            return

    def delete_attachment(self, attachment_id: str) -> None:
        """Detach a volume from what uses it; not an error when it is detached."""
        doing = f"delete attachment {attachment_id}"
        try:
            self._client.request("DELETE", f"/attachments/{attachment_id}", doing)
        except NotFoundError:
            return

    def list_snapshots(self, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the snapshots of the project that pass the filters."""
        return self._client.paged("/snapshots/detail", "snapshots", "list the snapshots", params)

    def get_snapshot(self, snapshot_id: str) -> dict[str, Any] | None:
        """Return a snapshot; None where there is none."""
        doing = f"look at snapshot {snapshot_id}"
        try:
            snapshot: dict[str, Any] = self._client.get(f"/snapshots/{snapshot_id}", doing)["snapshot"]
        except NotFoundError:
            return None
        return snapshot

    def list_types(self) -> list[dict[str, Any]]:
        """Return the volume types the user may use."""
        return self._client.paged("/types", "volume_types", "list the volume types")

    def default_type(self) -> dict[str, Any] | None:
        """Return the type of volumes for which none is said; None where Cinder does not tell."""
        try:
            volume_type: dict[str, Any] = self._client.get("/types/default", "ask for the default type")["volume_type"]
        except NotFoundError:
            return None
        return volume_type

    def zones(self) -> list[str]:
        """Return the names of the availability zones that can be used."""
        listed = self._client.get("/os-availability-zone", "list the availability zones of Cinder")
        return [zone["zoneName"] for zone in listed["availabilityZoneInfo"] if zone["zoneState"]["available"]]

    def last_message(self, volume_id: str) -> str:
        """Return what Cinder last told users of a volume's troubles; empty where it told nothing."""
        query = {"resource_uuid": volume_id, "sort": "created_at:desc", "limit": 1}
        try:
            messages = self._client.get("/messages", f"ask what happened to volume {volume_id}", query)["messages"]
        except ServiceError:
            # An explanation is not worth an error of its own.
            return ""
        return str(messages[0]["user_message"]) if messages else ""

    def _act(self, volume_id: str, doing: str, body: Mapping[str, Any]) -> None:
        self._client.request("POST", f"/volumes/{volume_id}/action", doing, body=body)
