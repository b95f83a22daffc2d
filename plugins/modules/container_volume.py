#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage volumes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_volume
short_description: Manage volumes for containers
version_added: 0.1.0
description:
  - Creates, changes and deletes volumes that containers mount, one or many in one task.
  - With O(backend=zun) these are volumes of Cinder. They can grow, in use as well, and change type, metadata and
    description; a task waits until Cinder is done, and fails at once with what Cinder tells when it is not.
  - With O(backend=docker) these are named volumes. Docker can change nothing about a volume once it exists, and making it
    anew would lose the data in it, so a difference is an error.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes
  - caas.zun.connection
  - caas.zun.volume
requirements:
  - openstacksdk >= 4.0.0 with O(backend=zun)
  - docker (the Docker SDK for Python) >= 7.0.0 with O(backend=docker)
  - paramiko with a C(ssh://) O(docker_host)
seealso:
  - module: caas.zun.container_volume_info
  - module: caas.zun.appcontainer
"""

EXAMPLES = r"""
- name: A volume of Cinder
  caas.zun.container_volume:
    cloud: prod
    name: web-data
    size: 10G
    volume_type: ssd
    metadata:
      team: web

- name: The same one, larger, while a container uses it
  caas.zun.container_volume:
    cloud: prod
    name: web-data
    size: 20G

- name: A copy of yesterday's data to look at
  caas.zun.container_volume:
    cloud: prod
    name: web-data-yesterday
    snapshot: web-data-2026-11-21

- name: Several volumes, one of them no longer needed
  caas.zun.container_volume:
    cloud: prod
    size: 5G
    volumes:
      - name: db-1
      - name: db-2
        size: 20G
      - name: db-old
        state: absent

- name: A volume on the local Docker Engine
  caas.zun.container_volume:
    backend: docker
    name: web-data
    labels:
      team: web

- name: A volume on a network file system
  caas.zun.container_volume:
    backend: docker
    name: shared
    driver: local
    driver_options:
      type: nfs
      o: addr=nas.internal,rw
      device: ":/export/shared"

- name: Several volumes of a Docker Engine
  caas.zun.container_volume:
    backend: docker
    volumes:
      - name: web-data
      - name: web-cache
      - name: old-data
        state: absent

- name: Delete a volume, and the containers that use it
  caas.zun.container_volume:
    backend: docker
    name: web-data
    state: absent
    force: true
"""

RETURN = r"""
volumes:
  description: One entry per item, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the volume.
      type: str
      returned: always
      sample: web
    id:
      description: ID of the volume; none where it does not exist, or not yet (check mode).
      type: str
      returned: always
    action:
      description:
        - What was done, or would be in check mode; one of V(none), V(created), V(updated), V(deleted), V(failed), and V(skipped)
          for an item that was not tried after the failure of another one.
      type: str
      returned: always
      sample: created
    changed:
      description: Whether something was done.
      type: bool
      returned: always
    diff:
      description: The options that differed, with their values before and after; secrets only as changed or not.
      type: dict
      returned: in diff mode
    uncompared:
      description:
        - Options whose value nobody can tell, because the volume was not made by this collection and the backend
          does not report it.
      type: list
      elements: str
      returned: where there are such options
    volume:
      description: The volume as it is now, or as it would be in check mode; none where it does not exist.
      type: dict
      returned: always
      contains:
        id:
          description: ID of the volume; on Docker its name.
          type: str
          returned: always
        name:
          description: Name of the volume.
          type: str
          returned: always
          sample: web-data
        status:
          description: Status in the words of Cinder.
          type: str
          returned: with O(backend=zun)
          sample: available
        size:
          description: Size.
          type: str
          returned: with O(backend=zun)
          sample: 10G
        volume_type:
          description: Name of the volume type.
          type: str
          returned: with O(backend=zun), in check mode when given
        metadata:
          description: Metadata, without that which the collection keeps for itself.
          type: dict
          returned: with O(backend=zun)
        description:
          description: Description.
          type: str
          returned: with O(backend=zun)
        bootable:
          description: Whether a virtual machine may boot from the volume.
          type: bool
          returned: with O(backend=zun), in check mode when given
        availability_zone:
          description: Availability zone of the storage.
          type: str
          returned: with O(backend=zun), in check mode when given
        multiattach:
          description: Whether several containers may use the volume at once.
          type: bool
          returned: with O(backend=zun), in check mode when given
        attachments:
          description:
            - What uses the volume, each with C(attachment_id), the ID of the container in C(used_by), C(host) and C(device).
          type: list
          elements: dict
          returned: with O(backend=zun), outside check mode
        image_id:
          description: ID of the image the volume was made from.
          type: str
          returned: with O(backend=zun), outside check mode
        snapshot_id:
          description: ID of the snapshot the volume was made from.
          type: str
          returned: with O(backend=zun), outside check mode
        source_id:
          description: ID of the volume the volume was copied from.
          type: str
          returned: with O(backend=zun), outside check mode
        encrypted:
          description: Whether the data is encrypted on the storage.
          type: bool
          returned: with O(backend=zun), outside check mode
        driver:
          description: Volume driver.
          type: str
          returned: with O(backend=docker)
          sample: local
        driver_options:
          description: Options of the volume driver.
          type: dict
          returned: with O(backend=docker)
        labels:
          description: Labels.
          type: dict
          returned: with O(backend=docker)
        mountpoint:
          description: Directory of the host that holds the data.
          type: str
          returned: outside check mode, with O(backend=docker)
        created_at:
          description: Time of the creation.
          type: str
          returned: outside check mode
volume:
  description: The volume of a task for a single one, as in RV(volumes[].volume).
  returned: when O(volumes) is not used
  type: dict
failed_items:
  description: The items that failed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the volume.
      type: str
      returned: always
    id:
      description: ID of the volume where it was given or found.
      type: str
      returned: always
    msg:
      description: What failed, why, and what to do.
      type: str
      returned: always
    log:
      description: Always empty for volumes.
      type: list
      elements: str
      returned: always
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.run import run
from ansible_collections.caas.zun.plugins.module_utils.frontend.volumes import VOLUMES


def main() -> None:
    """Run the module."""
    run(VOLUMES)


if __name__ == "__main__":
    main()
