#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at volumes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_volume_info
short_description: Look at volumes for containers
version_added: 0.1.0
description:
  - Returns volumes by name, by ID, by filters, or all of them, in the words of M(caas.zun.container_volume).
  - Finding none is not an error; the list is empty then.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes.info
  - caas.zun.connection
  - caas.zun.volume_info
requirements:
  - openstacksdk >= 4.0.0 with O(backend=zun)
  - docker (the Docker SDK for Python) >= 7.0.0 with O(backend=docker)
  - paramiko with a C(ssh://) O(docker_host)
seealso:
  - module: caas.zun.container_volume
"""

EXAMPLES = r"""
- name: Volumes of Cinder that nothing uses
  caas.zun.container_volume_info:
    cloud: prod
    filters:
      status: available

- name: Two volumes
  caas.zun.container_volume_info:
    backend: docker
    name: [web-data, web-cache]

- name: Volumes no container uses
  caas.zun.container_volume_info:
    backend: docker
    filters:
      dangling: true
"""

RETURN = r"""
volumes:
  description: The volumes, sorted by name.
  returned: always
  type: list
  elements: dict
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
      returned: with O(backend=zun)
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
      returned: with O(backend=zun)
    availability_zone:
      description: Availability zone of the storage.
      type: str
      returned: with O(backend=zun)
    multiattach:
      description: Whether several containers may use the volume at once.
      type: bool
      returned: with O(backend=zun)
    attachments:
      description:
        - What uses the volume, each with C(attachment_id), the ID of the container in C(used_by), C(host) and C(device).
      type: list
      elements: dict
      returned: with O(backend=zun)
    image_id:
      description: ID of the image the volume was made from.
      type: str
      returned: with O(backend=zun)
    snapshot_id:
      description: ID of the snapshot the volume was made from.
      type: str
      returned: with O(backend=zun)
    source_id:
      description: ID of the volume the volume was copied from.
      type: str
      returned: with O(backend=zun)
    encrypted:
      description: Whether the data is encrypted on the storage.
      type: bool
      returned: with O(backend=zun)
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
      returned: with O(backend=docker)
    created_at:
      description: Time of the creation.
      type: str
      returned: always
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.volumes import volume_info


def main() -> None:
    """Run the module."""
    volume_info()


if __name__ == "__main__":
    main()
