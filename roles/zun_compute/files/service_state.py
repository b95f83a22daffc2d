# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable or disable a zun-compute in Zun's API, and wait until that counts.

Runs where openstacksdk is, as an administrator of the cloud. The variable
ZUN_SERVICE of the environment has everything as JSON: what openstack.connect
takes, host, disabled, reason, timeout, and whether to look only (check). Prints
as JSON whether something was, or would be, changed.
"""

from __future__ import annotations

import json
import os
import sys
import time

import openstack
from keystoneauth1 import adapter, exceptions

WANTED = json.loads(os.environ["ZUN_SERVICE"])
BINARY = "zun-compute"
# Zun's compute marks itself so in Placement, which then offers it for no container.
DISABLED = "CUSTOM_ZUN_COMPUTE_STATUS_DISABLED"


def api(connection, service_type, version):
    return adapter.Adapter(
        session=connection.session,
        service_type=service_type,
        interface=connection.config.get_interface(service_type),
        region_name=connection.config.region_name,
        additional_headers={"OpenStack-API-Version": f"{service_type} {version}"},
    )


def service(zun):
    for found in zun.get("/services").json()["services"]:
        if (found["host"], found["binary"]) == (WANTED["host"], BINARY):
            return found
    return sys.exit(f"Zun does not know a {BINARY} on {WANTED['host']}")


def is_passed_over(placement):
    """Whether Placement still keeps containers away from the machine.

    zun-compute takes the mark away only when it looks at its resources, once a minute (zun 18.0.0,
    compute/compute_node_tracker.py). Until then containers are refused with "There are not enough hosts available"
    if there is no other machine for them.
    """
    try:
        providers = placement.get("/resource_providers").json()["resource_providers"]
        # That of a host shared with Nova may have its full name.
        mine = [found["uuid"] for found in providers if f"{found['name']}.".startswith(f"{WANTED['host']}.")]
        return any(DISABLED in placement.get(f"/resource_providers/{uuid}/traits").json()["traits"] for uuid in mine)
    except (exceptions.ConnectFailure, exceptions.EndpointNotFound, exceptions.Forbidden):
        # Who may enable services need not be one whom Placement answers, nor be where it does.
        return False


def problem(zun, placement):
    """What keeps the service from being what it shall be."""
    found = service(zun)
    if found["disabled"] != WANTED["disabled"]:
        return "is " + ("disabled" if found["disabled"] else "enabled")
    if WANTED["disabled"]:
        return ""
    if found["state"] != "up":
        return "is " + found["state"]
    return "is still disabled in Placement" if is_passed_over(placement) else ""


def main():
    connection = openstack.connect(**WANTED["connection"])
    zun, placement = api(connection, "container", "1.40"), api(connection, "placement", "1.6")
    found = service(zun)
    changed = found["disabled"] != WANTED["disabled"]
    if not WANTED["check"]:
        if changed:
            more = {"disabled_reason": WANTED["reason"]} if WANTED["disabled"] else {}
            action = "disable" if WANTED["disabled"] else "enable"
            zun.put(f"/services/{action}", params={"host": WANTED["host"], "binary": BINARY, **more})
        deadline = time.monotonic() + WANTED["timeout"]
        while wrong := problem(zun, placement):
            if time.monotonic() > deadline:
                sys.exit(
                    f"{BINARY} on {WANTED['host']} {wrong} after {WANTED['timeout']} seconds. "
                    f"See there why (journalctl -u {BINARY}), then run this again."
                )
            time.sleep(1)
    print(json.dumps({"changed": changed}))


try:
    main()
except exceptions.ClientException as error:
    sys.exit(f"The cloud does not let zun-compute be enabled or disabled: {error}")
