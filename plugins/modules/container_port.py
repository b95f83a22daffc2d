#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage ports."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_port
short_description: Manage Neutron ports for containers
version_added: 0.2.0
description:
  - Creates, changes and deletes ports of a network, one or many in one task, so that containers get addresses, security
    groups and other properties of a network interface that outlive them.
  - Several new ports are created by one request.
  - A port is found again by its name within the project, or by its ID.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes
  - caas.zun.connection
  - caas.zun.port
requirements:
  - openstacksdk >= 4.0.0
notes:
  - The backend V(docker) has no ports.
seealso:
  - module: caas.zun.container_port_info
  - module: caas.zun.appcontainer
"""

EXAMPLES = r"""
- name: A port with a fixed address
  caas.zun.container_port:
    cloud: prod
    name: web
    network: front
    fixed_ips:
      - subnet: front-v4
        ip_address: 192.0.2.10
    security_groups: [web-only]

- name: A container on it
  caas.zun.appcontainer:
    cloud: prod
    name: web
    image: registry.internal/web:1.4
    nets:
      - port: web

- name: Twenty ports in one task
  caas.zun.container_port:
    cloud: prod
    network: front
    security_groups: [workers]
    ports: "{{ range(1, 21) | map('regex_replace', '^', 'worker-') | map('community.general.dict_kv', 'name') | list }}"

- name: An address that moves between two containers (VRRP)
  caas.zun.container_port:
    cloud: prod
    network: front
    allowed_address_pairs:
      - ip_address: 192.0.2.100
    ports:
      - name: lb-1
      - name: lb-2

- name: An SR-IOV port
  caas.zun.container_port:
    cloud: prod
    name: fast
    network: provider
    vnic_type: direct

- name: No ports of an earlier version
  caas.zun.container_port:
    cloud: prod
    name: old
    state: absent
"""

RETURN = r"""
ports:
  description: One entry per item, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the port.
      type: str
      returned: always
      sample: web
    id:
      description: ID of the port; none where it does not exist, or not yet (check mode).
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
      description: The options that differed, with their values before and after.
      type: dict
      returned: in diff mode
    port:
      description: The port as it is now, or as it would be in check mode; none where it does not exist.
      type: dict
      returned: always
      contains:
        id:
          description: ID of the port.
          type: str
          returned: always
        name:
          description: Name of the port.
          type: str
          returned: always
          sample: web
        status:
          description: Status in the words of Neutron, V(DOWN) until something uses the port.
          type: str
          returned: always
          sample: DOWN
        network:
          description: Name of the network.
          type: str
          returned: always
          sample: front
        network_id:
          description: ID of the network.
          type: str
          returned: outside check mode
        mtu:
          description: Largest packet of the network in bytes, which what uses the port has to keep to.
          type: int
          returned: outside check mode
          sample: 1450
        fixed_ips:
          description: Addresses, each with C(ip_address) and the name of its C(subnet).
          type: list
          elements: dict
          returned: when known; a new port has some values only once it exists
        security_groups:
          description: Names of the security groups.
          type: list
          elements: str
          returned: when known; a new port has some values only once it exists
        port_security_enabled:
          description: Whether security groups and the check of source addresses work on the port.
          type: bool
          returned: when known; a new port has some values only once it exists
        allowed_address_pairs:
          description: Further source addresses, each with C(ip_address) and C(mac_address).
          type: list
          elements: dict
          returned: always
        extra_dhcp_opts:
          description: DHCP options, each with C(opt_name), C(opt_value) and C(ip_version).
          type: list
          elements: dict
          returned: always
        vnic_type:
          description: How the port is plugged.
          type: str
          returned: always
          sample: normal
        binding_profile:
          description: What the network driver is told about the port.
          type: dict
          returned: to administrators
        host:
          description: Host the port is bound to.
          type: str
          returned: to administrators
        mac_address:
          description: MAC address.
          type: str
          returned: when known; a new port has some values only once it exists
          sample: fa:16:3e:00:00:01
        description:
          description: Description.
          type: str
          returned: always
        dns_name:
          description: Name in the DNS of the cloud.
          type: str
          returned: when known; a new port has some values only once it exists
        dns_domain:
          description: DNS domain.
          type: str
          returned: when known; a new port has some values only once it exists
        qos_policy:
          description: Name of the QoS policy; empty where there is none.
          type: str
          returned: when known; a new port has some values only once it exists
        tags:
          description: Tags.
          type: list
          elements: str
          returned: always
        admin_state_up:
          description: Whether the port carries traffic.
          type: bool
          returned: always
        device_id:
          description: ID of what uses the port (a container, say); empty where nothing does.
          type: str
          returned: outside check mode
        device_owner:
          description: What kind of thing uses the port.
          type: str
          returned: outside check mode
          sample: compute:kuryr
        project_id:
          description: ID of the project the port belongs to.
          type: str
          returned: outside check mode
port:
  description: The port of a task for a single one, as in RV(ports[].port).
  returned: when O(ports) is not used
  type: dict
failed_items:
  description: The items that failed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the port.
      type: str
      returned: always
    id:
      description: ID of the port where it was given or found.
      type: str
      returned: always
    msg:
      description: What failed, why, and what to do.
      type: str
      returned: always
    log:
      description: Always empty for ports.
      type: list
      elements: str
      returned: always
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.ports import PORTS
from ansible_collections.caas.zun.plugins.module_utils.frontend.run import run


def main() -> None:
    """Run the module."""
    run(PORTS)


if __name__ == "__main__":
    main()
