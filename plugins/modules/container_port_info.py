#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at ports."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_port_info
short_description: Look at Neutron ports for containers
version_added: 0.2.0
description:
  - Returns ports by name, by ID, by filters, or all of them, in the words of M(caas.zun.container_port).
  - Finding none is not an error; the list is empty then.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes.info
  - caas.zun.connection
  - caas.zun.port_info
requirements:
  - openstacksdk >= 4.0.0
seealso:
  - module: caas.zun.container_port
"""

EXAMPLES = r"""
- name: Two ports
  caas.zun.container_port_info:
    cloud: prod
    name: [web-1, web-2]

- name: Ports of a network that nothing uses
  caas.zun.container_port_info:
    cloud: prod
    filters:
      network: front
      status: DOWN
      device_id: ""
"""

RETURN = r"""
ports:
  description: The ports, sorted by name.
  returned: always
  type: list
  elements: dict
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
      returned: always
    mtu:
      description: Largest packet of the network in bytes, which what uses the port has to keep to.
      type: int
      returned: always
      sample: 1450
    fixed_ips:
      description: Addresses, each with C(ip_address) and the name of its C(subnet).
      type: list
      elements: dict
      returned: always
    security_groups:
      description: Names of the security groups.
      type: list
      elements: str
      returned: always
    port_security_enabled:
      description: Whether security groups and the check of source addresses work on the port.
      type: bool
      returned: always
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
      returned: always
      sample: fa:16:3e:00:00:01
    description:
      description: Description.
      type: str
      returned: always
    dns_name:
      description: Name in the DNS of the cloud.
      type: str
      returned: always
    dns_domain:
      description: DNS domain.
      type: str
      returned: always
    qos_policy:
      description: Name of the QoS policy; empty where there is none.
      type: str
      returned: always
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
      returned: always
    device_owner:
      description: What kind of thing uses the port.
      type: str
      returned: always
      sample: compute:kuryr
    project_id:
      description: ID of the project the port belongs to.
      type: str
      returned: always
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.ports import port_info


def main() -> None:
    """Run the module."""
    port_info()


if __name__ == "__main__":
    main()
