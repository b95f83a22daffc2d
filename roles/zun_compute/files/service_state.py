# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable or disable a zun-compute in Zun's API, and wait until the API says so.

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


def api():
    connection = openstack.connect(**WANTED["connection"])
    return adapter.Adapter(
        session=connection.session,
        service_type="container",
        interface=connection.config.get_interface("container"),
        region_name=connection.config.region_name,
        additional_headers={"OpenStack-API-Version": "container 1.40"},
    )


def service(zun):
    for found in zun.get("/services").json()["services"]:
        if (found["host"], found["binary"]) == (WANTED["host"], BINARY):
            return found
    return sys.exit(f"Zun does not know a {BINARY} on {WANTED['host']}")


def problem(found):
    """What keeps the service from being what it shall be."""
    if found["disabled"] != WANTED["disabled"]:
        return "is " + ("disabled" if found["disabled"] else "enabled")
    if not WANTED["disabled"] and found["state"] != "up":
        return "is " + found["state"]
    return ""


def main():
    zun = api()
    found = service(zun)
    changed = found["disabled"] != WANTED["disabled"]
    if not WANTED["check"]:
        if changed:
            more = {"disabled_reason": WANTED["reason"]} if WANTED["disabled"] else {}
            action = "disable" if WANTED["disabled"] else "enable"
            zun.put(f"/services/{action}", params={"host": WANTED["host"], "binary": BINARY, **more})
        deadline = time.monotonic() + WANTED["timeout"]
        while problem(service(zun)):
            if time.monotonic() > deadline:
                sys.exit(f"{BINARY} on {WANTED['host']} {problem(service(zun))} after {WANTED['timeout']} seconds")
            time.sleep(1)
    print(json.dumps({"changed": changed}))


try:
    main()
except exceptions.ClientException as error:
    sys.exit(f"The cloud does not let zun-compute be enabled or disabled: {error}")
