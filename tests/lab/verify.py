# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the lab works: services, agents, containers on both computes that talk to each other, runtimes.

    verify.py LAB.JSON

Talks to the APIs directly: that the collection's modules work is other tests' business.
Ends with what is wrong, or prints a line for each thing that is right.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openstack

PREFIX = "caas-zun-lab-verify"
ZUN = {"OpenStack-API-Version": "container 1.40"}
# Starting a first container on a node pulls its image.
PATIENCE = 90


class Zun:
    def __init__(self, cloud: str) -> None:
        self.connection = openstack.connect(cloud=cloud)
        self.url = str(self.connection.session.get_endpoint(service_type="container"))

    def send(self, method: str, path: str, **more: Any) -> Any:
        return self.connection.session.request(self.url + path, method, headers=ZUN, raise_exc=False, **more)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self.send(method, path, **more)
        if answer.status_code >= 400:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    @contextmanager
    def container(self, name: str, **options: Any) -> Iterator[dict[str, Any]]:
        name = f"{PREFIX}-{name}"
        # What a run that was cut off left has the same name.
        for old in self.ask("GET", "/containers/")["containers"]:
            if old["name"] == name:
                self.remove(old["uuid"])
        made = self.ask("POST", "/containers?run=true", json={"name": name, "image": "busybox:1", **options})
        try:
            yield made
        finally:
            self.remove(made["uuid"])

    def wait(self, uuid: str, *states: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] = self.ask("GET", f"/containers/{uuid}")
            if found["status"] in states:
                return found
            if found["status"] == "Error" or time.monotonic() > deadline:
                sys.exit(f"container {found['name']} is {found['status']}: {found['status_reason']}")
            time.sleep(0.5)

    def remove(self, uuid: str) -> None:
        """Does not end the program: what went wrong before matters more."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.send("GET", f"/containers/{uuid}")
            if found.status_code == 404:
                return
            # Asked too early it is refused, then asking again helps.
            self.send("DELETE", f"/containers/{uuid}" + ("?stop=True" if found.json()["status"] == "Running" else ""))
            time.sleep(0.5)
        print(f"the container {uuid} does not go", file=sys.stderr)

    def execute(self, uuid: str, command: str) -> str:
        params = {"command": command, "run": "true", "interactive": "false"}
        answer = self.ask("POST", f"/containers/{uuid}/execute", params=params)
        if answer["exit_code"] != 0:
            sys.exit(f"'{command}' ends with {answer['exit_code']}: {answer['output']}")
        return str(answer["output"])


def services(admin: Zun, computes: list[str]) -> None:
    """Zun, Neutron and Cinder know of a living service wherever there shall be one."""
    deadline = time.monotonic() + PATIENCE
    while True:
        zun = {s["host"] for s in admin.ask("GET", "/services")["services"] if s["state"] == "up"}
        agents = {a.host for a in admin.connection.network.agents() if a.is_alive}
        volumes = admin.connection.block_storage.get("/os-services").json()["services"]
        missing = [f"zun-compute of {name}" for name in computes if name not in zun]
        missing += [f"Neutron's agent of {name}" for name in computes if name not in agents]
        missing += [f"{s['binary']} of {s['host']}" for s in volumes if s["state"] != "up"]
        if not missing:
            break
        if time.monotonic() > deadline:
            sys.exit(f"not up: {', '.join(missing)}")
        time.sleep(1)
    print(f"up: zun-compute and Neutron's agent on {', '.join(computes)}, Cinder")


def main() -> None:
    lab = json.loads(Path(sys.argv[1]).read_text())
    admin, user = Zun(lab["admin_cloud"]), Zun(lab["cloud"])
    computes = lab["computes"]
    services(admin, [compute["name"] for compute in computes])

    network = user.connection.network.find_network(lab["networks"][0], ignore_missing=False).id
    nets = [{"network": network}]
    first, second = (compute["availability_zone"] for compute in computes[:2])
    server_command = ["httpd", "-f", "-p", "8080", "-h", "/etc"]
    with (
        user.container("server", command=server_command, nets=nets, availability_zone=first) as server,
        user.container("client", command=["sleep", "600"], nets=nets, availability_zone=second) as client,
    ):
        shown = user.wait(server["uuid"], "Running")
        user.wait(client["uuid"], "Running")
        address = shown["addresses"][network][0]["addr"]
        said = user.execute(client["uuid"], f"wget -q -O - http://{address}:8080/version").strip()
        if said != "1":
            sys.exit(f"the web server on {computes[0]['name']} answers {said!r}")
        print(f"TCP: {computes[1]['name']} reads from {computes[0]['name']} over the network {lab['networks'][0]}")

    for compute, runtime in itertools.product(computes, ("crun", "runsc")):
        name, place = compute["name"], {"nets": nets, "host": compute["name"], "runtime": runtime}
        with admin.container(
            f"{runtime}-{name}", command=["dmesg"] if runtime == "runsc" else ["echo", "ran"], **place
        ) as made:
            admin.wait(made["uuid"], "Stopped")
            log = admin.ask("GET", f"/containers/{made['uuid']}/logs")
            if ("gVisor" if runtime == "runsc" else "ran") not in log:
                sys.exit(f"the container on {runtime} printed {log!r}")
            print(f"{runtime}: ran a container on {name}")


main()
