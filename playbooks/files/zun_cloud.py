# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what Zun knows of its computes, or make it forget one that is gone.

Runs in the virtualenv of Zun on a node of the API. The arguments are zun.conf,
whose credentials it uses, and JSON: action (services, or forget with host,
abandon and check). Prints JSON.
"""

from __future__ import annotations

import json
import sys

import sqlalchemy
import zun.conf
from keystoneauth1 import adapter, exceptions, loading

CONF = zun.conf.CONF
CONF(["--config-file", sys.argv[1]], project="zun")
BINARY = "zun-compute"
# Of ports that were made for containers; others belong to the user and stay.
OWNERS = ("compute:kuryr", "compute:zun")


def client(service, group, version=""):
    auth = loading.load_auth_from_conf_options(CONF, "keystone_auth")
    session = loading.load_session_from_conf_options(CONF, "keystone_auth", auth=auth)
    headers = {"OpenStack-API-Version": version} if version else {}
    return adapter.Adapter(
        session=session,
        service_type=service,
        interface=group.endpoint_type,
        region_name=group.region_name,
        additional_headers=headers,
    )


ZUN = client("container", CONF.zun_client, "container 1.40")
PLACEMENT = client("placement", CONF.placement_client, "placement 1.28")
NEUTRON = client("network", CONF.neutron_client)


def services():
    return [service for service in ZUN.get("/services").json()["services"] if service["binary"] == BINARY]


def gone(send, *words, **options):
    """Delete something; what is not there any more is as good."""
    try:
        send(*words, **options)
    except exceptions.NotFound:
        return


def ports_of(container):
    prefix = "" if NEUTRON.get_endpoint().rstrip("/").endswith("/v2.0") else "/v2.0"
    found = NEUTRON.get(f"{prefix}/ports", params={"device_id": container}).json()["ports"]
    return [f"{prefix}/ports/{port['id']}" for port in found if port["device_owner"] in OWNERS]


def abandon(database, container):
    """Delete a container whose host is gone, which Zun itself refuses while it has a host."""
    with database.begin() as connection:
        for statement in (
            "DELETE FROM volume_mapping WHERE container_uuid = :uuid",
            "UPDATE container SET host = NULL WHERE uuid = :uuid",
        ):
            connection.execute(sqlalchemy.text(statement), {"uuid": container})
    for port in ports_of(container):
        gone(NEUTRON.delete, port)
    gone(PLACEMENT.delete, f"/allocations/{container}")
    gone(ZUN.delete, f"/containers/{container}", params={"force": "true", "all_projects": "true"})


def forget(host, with_containers, check):
    mine = [service for service in services() if service["host"] == host]
    # In check mode nothing was stopped before.
    if not check and any(service["state"] == "up" for service in mine):
        sys.exit(f"zun-compute on {host} is up: stop it first, and wait until Zun says that it is down")
    # With the settings of Zun's own connections, such as TLS.
    url = sqlalchemy.engine.make_url(CONF.database.connection)
    database = sqlalchemy.create_engine(url.update_query_string(CONF.database.connection_parameters or ""))
    with database.connect() as connection:
        rows = connection.execute(
            sqlalchemy.text("SELECT uuid, name, status FROM container WHERE host = :host"), {"host": host}
        ).all()
        nodes = connection.execute(
            sqlalchemy.text("SELECT uuid FROM compute_node WHERE hostname = :host"), {"host": host}
        ).all()
        volumes = connection.execute(
            sqlalchemy.text(
                "SELECT DISTINCT volume.cinder_volume_id FROM volume"
                " JOIN volume_mapping ON volume_mapping.volume_id = volume.id"
                " JOIN container ON container.uuid = volume_mapping.container_uuid"
                " WHERE container.host = :host AND volume.cinder_volume_id IS NOT NULL"
            ),
            {"host": host},
        ).all()
    if rows and not with_containers:
        sys.exit(
            f"Zun has containers on {host}: {', '.join(f'{name} ({uuid}, {status})' for uuid, name, status in rows)}. "
            "Delete them while the machine lives, or set zun_remove_abandon: true to delete them from Zun, Neutron and "
            "Placement. Nothing was changed."
        )
    providers = PLACEMENT.get("/resource_providers", params={"name": host}).json()["resource_providers"]
    # Nova's own provider stays Nova's.
    providers = [] if CONF.compute.host_shared_with_nova else [provider["uuid"] for provider in providers]
    answer = {
        "containers": [row[0] for row in rows],
        "volumes": [row[0] for row in volumes],
        "providers": providers,
        "changed": bool(mine or rows or nodes or providers),
    }
    if check:
        return answer
    for container in answer["containers"]:
        abandon(database, container)
    for provider in providers:
        gone(PLACEMENT.delete, f"/resource_providers/{provider}")
    with database.begin() as connection:
        # A machine of this name that comes later has none of these networks yet.
        connection.execute(sqlalchemy.text("DELETE FROM network WHERE host = :host"), {"host": host})
        connection.execute(sqlalchemy.text("DELETE FROM compute_node WHERE hostname = :host"), {"host": host})
    if mine:
        gone(ZUN.delete, "/services", params={"host": host, "binary": BINARY})
    return answer


question = json.loads(sys.argv[2])
try:
    if question["action"] == "services":
        result = services()
    else:
        result = forget(question["host"], question["abandon"], question["check"])
except exceptions.ClientException as error:
    sys.exit(f"The cloud refuses: {error}")
print(json.dumps(result))
