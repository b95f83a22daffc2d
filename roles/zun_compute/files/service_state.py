# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable or disable a zun-compute in Zun's API, and wait until that counts.

Runs where openstacksdk is, as an administrator of the cloud. The variable
ZUN_SERVICE of the environment has everything as JSON: what openstack.connect
takes, host, disabled, reason, timeout, drain_timeout, abandon, and whether to look
only (check). Prints as JSON whether something was, or would be, changed, and the
UUIDs of containers that a disabled service still works on (abandoned).
"""

from __future__ import annotations

import datetime
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
# Looks, a second apart, at which all is well: a zun-compute that has just started may be about to mark itself, as it
# was disabled when it looked.
ENOUGH = 5
# What zun-compute does with a container that has no task_state.
UNDER_WAY = ("Creating", "Deleting", "Rebuilding")
# Looks, a second apart, at which nothing is under way: a container that is made has yet to be started.
QUIET = 3
# Seconds after which what is under way is nobody's work any more: something that failed before has left it behind.
FORGOTTEN = 3600


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
    """Whether Placement kept containers away from the machine until now; it does not any more.

    zun-compute itself takes the mark away once a minute at best, only when its machine's resources have changed, and
    fails to where containers came or went since it read Placement's record: it expects no exception for the answer 409
    (zun 18.0.0, compute/compute_node_tracker.py, _update; scheduler/client/report.py, put). Until then containers are
    refused with "There are not enough hosts available" if there is no other machine.
    """
    try:
        providers = placement.get("/resource_providers").json()["resource_providers"]
        # That of a host shared with Nova may have its full name.
        mine = [found["uuid"] for found in providers if f"{found['name']}.".startswith(f"{WANTED['host']}.")]
        removed = [remove_mark(placement, f"/resource_providers/{uuid}/traits") for uuid in mine]
        return any(removed)
    except exceptions.Conflict:
        # zun-compute has just written as well.
        return True
    except (exceptions.ConnectFailure, exceptions.EndpointNotFound, exceptions.Forbidden):
        # Who may enable services need not be one whom Placement answers, nor be where it does.
        return False


def remove_mark(placement, path):
    found = placement.get(path).json()
    if DISABLED not in found["traits"]:
        return False
    found["traits"].remove(DISABLED)
    placement.put(path, json=found)
    return True


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


def containers(zun, **filters):
    """Those of all projects, page by page; from the start again where the last one of a page is deleted meanwhile."""
    found, marker = [], {}
    while True:
        try:
            page = zun.get("/containers", params={"all_projects": "true", **filters, **marker}).json()["containers"]
        except exceptions.NotFound:
            if not marker:
                raise
            found, marker = [], {}
            continue
        if not page:
            return found
        found += page
        marker = {"marker": page[-1]["uuid"]}


def silence(container):
    """Seconds since Zun last wrote about a container."""
    written = datetime.datetime.fromisoformat(container["updated_at"] or container["created_at"])
    if not written.tzinfo:
        written = written.replace(tzinfo=datetime.timezone.utc)
    return (datetime.datetime.now(datetime.timezone.utc) - written).total_seconds()


def under_way(zun):
    """What the machine may be working on, by UUID.

    Which machine makes a container is written down only when its turn comes, so those without one count.
    """
    found = [*containers(zun, host=WANTED["host"]), *containers(zun, status="Creating")]
    return {
        row["uuid"]: row
        for row in found
        if row.get("host") in (None, "", WANTED["host"]) and (row.get("task_state") or row["status"] in UNDER_WAY)
    }


def wait_until_quiet(zun):
    """Wait until what the machine was given before is done; return what is not, sorted.

    zun-compute forgets what waits in it when it stops: such a container stays "Creating" for good, and its owner cannot
    delete it (zun 18.0.0, compute/manager.py, container_create and init_containers).
    """
    deadline = time.monotonic() + WANTED["drain_timeout"]
    # Zun writes nothing while it pulls an image, so that silence tells of work that was lost only after very long.
    given = left = {uuid for uuid, row in under_way(zun).items() if silence(row) < FORGOTTEN}
    quiet = 0
    while given and quiet < QUIET and time.monotonic() < deadline:
        time.sleep(1)
        left = given & set(under_way(zun))
        quiet = 0 if left else quiet + 1
    return sorted(left)


def finish_what_was_begun(zun):
    """Wait for that; return what is abandoned, if that was asked for."""
    go_on = "or set zun_compute_drain_abandon=true to go on and lose it. The machine gets no containers until undrain."
    try:
        left = wait_until_quiet(zun)
    except exceptions.Forbidden:
        if WANTED["abandon"]:
            return []
        sys.exit(
            f"Whether {BINARY} on {WANTED['host']} still makes or deletes containers is not known, as the user may not list "
            f"those of all projects. Use one who may, {go_on}"
        )
    if left and not WANTED["abandon"]:
        sys.exit(
            f"{BINARY} on {WANTED['host']} still makes or deletes containers after {WANTED['drain_timeout']} seconds, and "
            f"would forget them if it stopped now: {', '.join(left)}. Run this again later, delete those that are stuck "
            f"(openstack appcontainer delete --force), raise zun_compute_drain_timeout, {go_on}"
        )
    return left


def main():
    connection = openstack.connect(**WANTED["connection"])
    zun, placement = api(connection, "container", "1.40"), api(connection, "placement", "1.6")
    found = service(zun)
    changed = found["disabled"] != WANTED["disabled"]
    abandoned = []
    if not WANTED["check"]:
        if changed:
            more = {"disabled_reason": WANTED["reason"]} if WANTED["disabled"] else {}
            action = "disable" if WANTED["disabled"] else "enable"
            zun.put(f"/services/{action}", params={"host": WANTED["host"], "binary": BINARY, **more})
        deadline = time.monotonic() + WANTED["timeout"]
        looks = ENOUGH if changed and not WANTED["disabled"] else 1
        while looks:
            wrong = problem(zun, placement)
            if wrong and time.monotonic() > deadline:
                sys.exit(
                    f"{BINARY} on {WANTED['host']} {wrong} after {WANTED['timeout']} seconds. "
                    f"See there why (journalctl -u {BINARY}), then run this again."
                )
            looks -= 0 if wrong else 1
            time.sleep(1 if wrong or looks else 0)
        # What a machine that is down was to do is lost already.
        if WANTED["disabled"] and found["state"] == "up":
            abandoned = finish_what_was_begun(zun)
    print(json.dumps({"changed": changed, "abandoned": abandoned}))


if __name__ == "__main__":
    try:
        main()
    except exceptions.ClientException as error:
        sys.exit(f"The cloud does not let zun-compute be enabled or disabled: {error}")
