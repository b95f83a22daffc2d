#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: appcontainer_info
short_description: Look at containers on OpenStack Zun or on a Docker Engine
version_added: 0.1.0
description:
  - Returns containers by name, by ID, by filters, or all of them, in the words of M(caas.zun.appcontainer), and on request
    their statistics, processes, logs and networks.
  - Finding none is not an error; the list is empty then.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes.info
  - caas.zun.connection
  - caas.zun.container_info
requirements:
  - docker (the Docker SDK for Python) >= 7.0.0 with O(backend=docker)
  - paramiko with a C(ssh://) O(docker_host)
seealso:
  - module: caas.zun.appcontainer
"""

EXAMPLES = r"""
- name: One container, with the end of its log
  caas.zun.appcontainer_info:
    backend: docker
    name: web
    gather: [logs]
    log_lines: 20
  register: web

- name: All containers of a team that run, with what they use
  caas.zun.appcontainer_info:
    backend: docker
    filters:
      status: running
      label: team=web
    gather: [stats]

- name: Act only where there is none
  ansible.builtin.debug:
    msg: There is no container web.
  when: web.containers | length == 0
"""

RETURN = r"""
containers:
  description:
    - The containers, sorted by name. All options of M(caas.zun.appcontainer) the backend has are returned under their own
      names, beside what is listed here.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: ID of the container.
      type: str
      returned: always
    name:
      description: Name of the container.
      type: str
      returned: always
      sample: web
    status:
      description: Status in the backend's words.
      type: str
      returned: always
      sample: running
    health:
      description: Result of the health check (V(starting), V(healthy) or V(unhealthy)), none without one.
      type: str
      returned: always
    environment:
      description:
        - Environment without what comes from the image, and without the variables that were set as
          O(caas.zun.appcontainer#module:secret_environment).
      type: dict
      returned: always
    secret_environment:
      description: Names of the secret environment variables.
      type: list
      elements: str
      returned: always
    addresses:
      description: Addresses by network.
      type: dict
      returned: always
      sample: {"front": [{"addr": "172.18.0.2", "version": 4}]}
    stats:
      description: What the container uses; none if it does not run, or if the engine has no figures.
      type: dict
      returned: with O(gather=stats)
      contains:
        cpu_percent:
          description: Use of processors; 100 means one processor.
          type: float
          returned: always
        memory_used_mib:
          description: Memory in MiB, without file cache that can be dropped.
          type: float
          returned: always
        memory_limit_mib:
          description: Memory limit in MiB; the memory of the host where there is none.
          type: float
          returned: always
        memory_percent:
          description: Used memory in relation to the limit.
          type: float
          returned: always
        network_received_bytes:
          description: Bytes received since the start.
          type: int
          returned: always
        network_sent_bytes:
          description: Bytes sent since the start.
          type: int
          returned: always
        block_read_bytes:
          description: Bytes read from disks since the start.
          type: int
          returned: always
        block_written_bytes:
          description: Bytes written to disks since the start.
          type: int
          returned: always
        processes:
          description: Number of processes and threads.
          type: int
          returned: always
    processes:
      description: The processes, as dictionaries with the columns of C(ps); none if the container does not run.
      type: list
      elements: dict
      returned: with O(gather=processes)
    logs:
      description: The last lines of the log, secrets of the container masked.
      type: list
      elements: str
      returned: with O(gather=logs)
    networks:
      description: The networks in detail.
      type: list
      elements: dict
      returned: with O(gather=networks)
      contains:
        network:
          description: Name of the network.
          type: str
          returned: always
        network_id:
          description: ID of the network.
          type: str
          returned: always
        mac_address:
          description: Hardware address.
          type: str
          returned: always
        addr:
          description: IPv4 address.
          type: str
          returned: always
        prefix_length:
          description: Length of the network part of the address.
          type: int
          returned: always
        gateway:
          description: Gateway of the network.
          type: str
          returned: always
        v6_addr:
          description: IPv6 address.
          type: str
          returned: always
        aliases:
          description: Further names in this network.
          type: list
          elements: str
          returned: always
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.info import container_info


def main() -> None:
    """Run the module."""
    container_info()


if __name__ == "__main__":
    main()
