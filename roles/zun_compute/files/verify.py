# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until zun-compute of this machine runs, and Zun and Neutron know the machine under one name.

Runs in the virtualenv of Zun. The arguments are zun.conf, whose credentials it
uses, and how many seconds it may take.
"""

from __future__ import annotations

import subprocess
import sys
import time

import zun.conf
from keystoneauth1 import adapter, loading
from keystoneauth1.exceptions import ClientException

CONF = zun.conf.CONF
CONF(["--config-file", sys.argv[1]], project="zun")
DEADLINE = time.monotonic() + float(sys.argv[2])
# A service that ends at once is restarted some seconds later.
STABLE = 3


def client(service, group):
    auth = loading.load_auth_from_conf_options(CONF, "keystone_auth")
    session = loading.load_session_from_conf_options(CONF, "keystone_auth", auth=auth)
    return adapter.Adapter(
        session=session, service_type=service, interface=group.endpoint_type, region_name=group.region_name
    )


def service_problem():
    """What keeps systemd from calling it stable."""
    show = ["systemctl", "show", "--property=ActiveState,ExecMainStartTimestampMonotonic", "zun-compute.service"]
    printed = subprocess.run(show, stdout=subprocess.PIPE, check=True, text=True).stdout
    values = dict(line.split("=", 1) for line in printed.splitlines())
    if values["ActiveState"] != "active":
        return "zun-compute does not stay up"
    if time.monotonic() - int(values["ExecMainStartTimestampMonotonic"]) / 1e6 < STABLE:
        return "zun-compute has just started"
    return ""


def cloud_problem():
    """What keeps Zun from calling it up."""
    try:
        services = client("container", CONF.zun_client).get("/services").json()["services"]
    except ClientException as error:
        return f"Zun's API does not say which services are up: {error}"
    mine = [service for service in services if service["host"] == CONF.host and service["binary"] == "zun-compute"]
    if not mine:
        return f"Zun's API does not know a zun-compute on {CONF.host}"
    if mine[0]["state"] != "up":
        return f"zun-compute on {CONF.host} is {mine[0]['state']} in Zun's API"
    return ""


def agent_problem():
    network = client("network", CONF.neutron_client)
    prefix = "" if network.get_endpoint().rstrip("/").endswith("/v2.0") else "/v2.0"
    agents = network.get(f"{prefix}/agents").json()["agents"]
    hosts = sorted({agent["host"] for agent in agents})
    if CONF.host in hosts:
        return ""
    return (
        f"No agent of Neutron is on a host named {CONF.host}, only on {', '.join(hosts) or 'none'}: ports of containers "
        "would not be bound. Give the agent and Zun the same name ([DEFAULT] host)."
    )


problem = "unknown"
while problem:
    problem = service_problem() or cloud_problem()
    if problem and time.monotonic() > DEADLINE:
        sys.exit(problem)
    if problem:
        time.sleep(1)
try:
    problem = agent_problem()
except ClientException as error:
    problem = f"Neutron does not say which agents it has: {error}"
if problem:
    sys.exit(problem)
