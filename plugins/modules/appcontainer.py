#!/usr/bin/python
# Copyright: (c) 2026, caas.zun contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: appcontainer
short_description: Manage containers on OpenStack Zun or on a Docker Engine
version_added: 0.1.0
description:
  - Creates, changes, starts, stops and deletes containers, one or many in one task.
  - The task says what a container is to be. What exists is compared with that, option by option; only what differs is
    changed, in place where the backend can. What the task does not say is left as it is, also when the container has to
    be recreated.
  - Values that come from the image are not taken for differences.
  - A container that has to be recreated is replaced only by one that works. The old one is kept under another name until
    the new one runs, and is healthy if it has a health check; if the new one fails, the old one is put back as it was.
    Where both cannot run at the same time (a port of the host, a fixed address, a volume both would write to), the old
    one is stopped first, and started again on failure.
  - Zun lets go of a volume only with the container. So on Zun an old container that shares a volume (without multiattach)
    with its replacement is deleted first, and on failure made anew with the same settings; what it had written to its own
    file system is gone then. A recreation that would lose a volume belonging to the container is refused.
  - All containers are looked up, changed and waited for together, several at a time.
  - A container that could not be created or started, that died or became unhealthy is removed again, and the end of its
    log is part of the error. One that merely took too long is left as it is.
author:
  - caas.zun contributors (@caas-zun)
extends_documentation_fragment:
  - caas.zun.attributes
  - caas.zun.connection
  - caas.zun.container
attributes:
  idempotent:
    support: partial
    details:
      - O(state=restarted) and O(recreate=always) change something each time.
requirements:
  - openstacksdk >= 4.0.0 with O(backend=zun)
  - docker (the Docker SDK for Python) >= 7.0.0 with O(backend=docker)
  - paramiko with a C(ssh://) O(docker_host)
notes:
  - What the states do with a container that does not exist yet is to create it, except V(absent).
    V(present) leaves the rest alone, V(started) starts it, V(healthy) also waits for its health check to pass, V(stopped)
    and V(paused) stop and pause it, V(restarted) starts it or restarts it if it runs.
  - With O(state=started), a container counts as started when it still runs half a second after its start, or has ended
    with exit code 0; any other end is an error.
  - With O(backend=zun), what is returned of a container that was started is what its host said when it counted as started,
    unless that is more than a minute ago. One that has failed since, while the task waited for others, is returned as
    running.
  - With O(backend=zun), O(image) is changed by a rebuild, which keeps ID and ports; if it fails, the old image is put back
    by another rebuild. A container with mounts or exposed ports is recreated instead, as a rebuild that fails would lose
    them, and so is one whose command or entrypoint came from the image, as a rebuild keeps those of the old image.
    A tag that stands for another image by now is not noticed, as Zun does not tell.
  - With O(backend=zun), a container that is found as the task wants it is taken from Zun's list, which Zun brings up to
    date every minute; what has ended since then is not noticed. Before anything is changed, and with O(state=healthy), the
    container's host is asked.
  - A container with O(auto_remove) counts as started too when it has ended and gone; on Zun nobody tells with which exit
    code.
  - With O(backend=zun), O(state=healthy) runs the command of O(healthcheck) in the container and waits until it ends with
    exit code 0, as Zun passes the check on to Docker but never reports what Docker finds. Zun allows a command 5 seconds
    unless its operator sets C([docker] execute_timeout). A check that only the image defines is unknown to Zun, so
    O(healthcheck) is needed.
  - Zun reports to nobody what is mounted, which ports are exposed, and the availability zone and hints that were asked
    for; to administrators alone O(host), O(runtime), O(privileged) and O(image_pull_policy). The collection keeps these in
    labels of the container (of an injected file only a salted digest), so that differences are found all the same. Of
    containers it did not make they cannot be compared; the result says so in RV(containers[].uncompared).
  - The networks of a Zun container may have at most one subnet of each IP version.
  - In check mode, values that would come from an image that is not on the host yet are unknown and left out, and
    networks and volumes must exist already, as check mode says what would happen now.
seealso:
  - module: caas.zun.appcontainer_info
  - module: caas.zun.container_port
  - module: caas.zun.container_volume
  - module: community.docker.docker_network
"""

EXAMPLES = r"""
- name: A web server on Zun, healthy before the play goes on
  caas.zun.appcontainer:
    cloud: prod
    name: web
    image: registry.internal/web:1.4
    cpu: 0.5
    memory: 512M
    nets:
      - port: web
    mounts:
      - volume: web-data
        destination: /srv/data
    environment:
      MODE: production
    secret_environment:
      DB_PASSWORD: "{{ vault_db_password }}"
    healthcheck:
      cmd: wget -q -O /dev/null http://127.0.0.1/
    state: healthy

- name: The image comes from a private registry, the address from the network
  caas.zun.appcontainer:
    cloud: prod
    name: api
    image: api:3
    registry: team-registry
    nets:
      - network: front
        v4_fixed_ip: 192.0.2.10
      - network: back
    security_groups: [web-only]
    availability_zone: az2

- name: A web server on the local Docker Engine, healthy before the play goes on
  caas.zun.appcontainer:
    backend: docker
    name: web
    image: web:dev
    cpu: 0.5
    memory: 512M
    environment:
      MODE: production
    secret_environment:
      DB_PASSWORD: "{{ vault_db_password }}"
    nets:
      - network: front
        aliases: [www]
    mounts:
      - volume: web-data
        destination: /srv/data
      - destination: /etc/web.conf
        content: "{{ lookup('ansible.builtin.template', 'web.conf.j2') }}"
    published_ports: ["8080:80"]
    healthcheck:
      cmd: wget -q -O /dev/null http://127.0.0.1/
      interval: 5s
      retries: 3
    restart_policy: unless-stopped
    state: healthy

- name: Twenty workers in one task
  caas.zun.appcontainer:
    backend: docker
    image: registry.internal/worker:1.4
    memory: 256M
    containers: "{{ range(1, 21) | map('regex_replace', '^', 'worker-') | map('community.general.dict_kv', 'name') | list }}"
    on_error: continue

- name: A hardened container
  caas.zun.appcontainer:
    backend: docker
    name: parser
    image: parser:2
    user: "65534"
    read_only: true
    cap_drop: [ALL]
    security_opts: [no-new-privileges]
    pids_limit: 50
    nets:
      - network: none
    mounts:
      - destination: /tmp
        tmpfs: true
        size: 16M

- name: Never replace the database, not even for a new image
  caas.zun.appcontainer:
    backend: docker
    name: database
    image: database:15
    recreate: never

- name: Exactly these variables and no others
  caas.zun.appcontainer:
    backend: docker
    name: web
    image: web:dev
    environment:
      MODE: production
    comparisons:
      environment: strict

- name: Give a container another name
  caas.zun.appcontainer:
    backend: docker
    id: "{{ web.container.id }}"
    name: web-old

- name: An engine on another host, with TLS
  caas.zun.appcontainer:
    backend: docker
    docker_host: tcp://edge-1.internal:2376
    tls: true
    ca_cert: /etc/docker/ca.pem
    client_cert: /etc/docker/client.pem
    client_key: /etc/docker/client-key.pem
    name: web
    image: web:dev

- name: Gone
  caas.zun.appcontainer:
    backend: docker
    name: web
    state: absent
"""

RETURN = r"""
containers:
  description: One entry per item, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the container.
      type: str
      returned: always
      sample: web
    id:
      description: ID of the container; none where it does not exist, or not yet (check mode).
      type: str
      returned: always
    action:
      description:
        - What was done, or would be in check mode; one of V(none), V(created), V(updated), V(recreated), V(started),
          V(stopped), V(paused), V(restarted), V(deleted), V(failed), and V(skipped) for an item that was not tried
          after the failure of another one.
      type: str
      returned: always
      sample: created
    changed:
      description: Whether something was done.
      type: bool
      returned: always
    diff:
      description: The options that differed, with their values before and after; secrets only as changed or not.
      type: dict
      returned: in diff mode
    uncompared:
      description:
        - Options whose value nobody can tell, because the container was not made by this collection and the backend
          does not report it.
      type: list
      elements: str
      returned: where there are such options
    container:
      description: The container as it is now, or as it would be in check mode; none where it does not exist.
        All options the backend has are returned under their own names, beside what is listed here.
      type: dict
      returned: always
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
          returned: outside check mode, with O(backend=docker)
          sample: healthy
        exit_code:
          description: Exit code of a container that has ended.
          type: int
          returned: outside check mode
        image:
          description: Image reference.
          type: str
          returned: always
          sample: web:dev
        image_id:
          description: ID of the image.
          type: str
          returned: outside check mode, with O(backend=docker)
        created_at:
          description: Time of the creation.
          type: str
          returned: outside check mode
        started_at:
          description: Time of the last start.
          type: str
          returned: outside check mode, with O(backend=docker)
        restart_count:
          description: How often the engine restarted the container by its restart policy.
          type: int
          returned: outside check mode, with O(backend=docker)
        addresses:
          description: Addresses by network, as lists of C(addr) and C(version), on Zun also C(port) and C(subnet_id).
          type: dict
          returned: outside check mode
          sample: {"front": [{"addr": "172.18.0.2", "version": 4}]}
        ports:
          description: Published ports that are in effect, with the host's addresses and ports.
          type: dict
          returned: outside check mode, with O(backend=docker)
          sample: {"80/tcp": ["0.0.0.0:8080"]}
        status_reason:
          description: Why Zun has the container in its status, where it says so.
          type: str
          returned: outside check mode, with O(backend=zun)
        status_detail:
          description: How long the container has been up, or how it ended, in Zun's words.
          type: str
          returned: outside check mode, with O(backend=zun)
          sample: Up 3 minutes
        task_state:
          description: What Zun is doing with the container at the moment.
          type: str
          returned: outside check mode, with O(backend=zun)
        project_id:
          description: ID of the container's project.
          type: str
          returned: outside check mode, with O(backend=zun)
        user_id:
          description: ID of the user who had the container created.
          type: str
          returned: outside check mode, with O(backend=zun)
        updated_at:
          description: Time of the last change that Zun's database knows.
          type: str
          returned: outside check mode, with O(backend=zun)
        secret_environment:
          description: Names of the secret environment variables; their values are never returned.
          type: list
          elements: str
          returned: always
          sample: ["DB_PASSWORD"]
container:
  description: The container of a task for a single one, as in RV(containers[].container).
  returned: when O(containers) is not used
  type: dict
failed_items:
  description: The items that failed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the container.
      type: str
      returned: always
    id:
      description: ID of the container where it was given or found.
      type: str
      returned: always
    msg:
      description: What failed, why, and what to do.
      type: str
      returned: always
    log:
      description: The last lines the container wrote, where that helps to understand the failure.
      type: list
      elements: str
      returned: always
"""

from ansible_collections.caas.zun.plugins.module_utils.frontend.containers import CONTAINERS
from ansible_collections.caas.zun.plugins.module_utils.frontend.run import run


def main() -> None:
    """Run the module."""
    run(CONTAINERS)


if __name__ == "__main__":
    main()
