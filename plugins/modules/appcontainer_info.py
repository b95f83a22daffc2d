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
  - With O(backend=zun), containers that are named are asked for at their compute nodes; all others are as Zun's database
    knows them, which may be a minute old. There is no limit on how many are returned.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes.info
  - caas.zun.connection
  - caas.zun.container_info
requirements:
  - openstacksdk >= 4.0.0 with O(backend=zun)
  - docker (the Docker SDK for Python) >= 7.0.0 with O(backend=docker)
  - paramiko with a C(ssh://) O(docker_host)
seealso:
  - module: caas.zun.appcontainer
"""

EXAMPLES = r"""
- name: What was done with a container on Zun, and how it ended
  caas.zun.appcontainer_info:
    cloud: prod
    name: web
    gather: [actions, logs, networks]
  register: web

- name: All containers of the cloud that are in Error
  caas.zun.appcontainer_info:
    cloud: admin
    all_projects: true
    filters:
      status: Error

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
      returned: with O(backend=docker)
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
          description: Use of processors; 100 means one processor. On Zun, its share of all processors since their start.
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
          returned: with O(backend=docker)
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
          returned: with O(backend=docker)
        prefix_length:
          description: Length of the network part of the address.
          type: int
          returned: with O(backend=docker)
        gateway:
          description: Gateway of the network.
          type: str
          returned: with O(backend=docker)
        v6_addr:
          description: IPv6 address.
          type: str
          returned: with O(backend=docker)
        aliases:
          description: Further names in this network.
          type: list
          elements: str
          returned: with O(backend=docker)
        port_id:
          description: ID of the Neutron port.
          type: str
          returned: with O(backend=zun)
        fixed_ips:
          description: Addresses of the port, as C(ip_address) and C(subnet_id).
          type: list
          elements: dict
          returned: with O(backend=zun)
        security_groups:
          description: IDs of the port's security groups.
          type: list
          elements: str
          returned: with O(backend=zun)
        mtu:
          description: MTU of the network.
          type: int
          returned: with O(backend=zun)
        interface_mtu:
          description: MTU of the container's interface; none where the container has no shell to ask, or does not run.
          type: int
          returned: with O(backend=zun)
    actions:
      description: The records of what was done with the container, the newest first.
      type: list
      elements: dict
      returned: with O(gather=actions) and O(backend=zun)
      contains:
        action:
          description: What was done.
          type: str
          returned: always
          sample: start
        message:
          description: V(Error) where it failed.
          type: str
          returned: always
        request_id:
          description: ID under which Zun logged the request.
          type: str
          returned: always
        user_id:
          description: ID of the user who asked for it.
          type: str
          returned: always
        start_time:
          description: Time at which it began.
          type: str
          returned: always
        finish_time:
          description: Time at which it ended; none for what goes on, and for deletions.
          type: str
          returned: always
    host:
      description: Compute node, for administrators.
      type: str
      returned: with O(backend=zun), to those Zun tells
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.containers import container_info


def main() -> None:
    """Run the module."""
    container_info()


if __name__ == "__main__":
    main()
