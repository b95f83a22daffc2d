# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has what containers need ready before the Docker Engine starts them again after a reboot.

The engine starts containers with a restart policy by itself, and does not try again where that fails. Without their
networks they would stay down, and without their volumes they would run on empty directories: zun-compute mounts volumes
too, but only after the engine has started. So this waits for kuryr and for an agent of Neutron that is alive here
(Neutron binds no port on a host without one), and mounts the Cinder volumes of this host's containers as zun-compute does
(zun/volume/driver.py), except that it never formats anything.

When the time is over, or a volume cannot be mounted, the mount point gets an empty file system that is read-only: its
container fails to write instead of losing what it writes.

    before_docker.py CONFIGURATION SECONDS KURYR_URL
"""

import datetime
import os
import shlex
import sys
import time
import urllib.request
from pathlib import Path

import zun.conf
from oslo_privsep import priv_context
from oslo_serialization import jsonutils
from zun.common import clients, context, mount, service, utils
from zun.objects import CapsuleContainer, CapsuleInitContainer, Container, VolumeMapping
from zun.volume import cinder_workflow

CONF = zun.conf.CONF
PAUSE = 3  # seconds between attempts
GUARD = "caas-zun-guard"
# Agents that may be on a compute node beside the one that its ports need.
BIND_NOTHING = ("DHCP agent", "L3 agent", "Metadata agent", "Metering agent", "OVN Metadata agent")


def main(configuration: str, seconds: float, kuryr_url: str) -> None:
    priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
    service.prepare_service(["zun-before-docker", "--config-file", configuration])
    end = time.monotonic() + seconds
    _patiently("kuryr", end, lambda: _ask_kuryr(kuryr_url))
    _patiently("Neutron", end, _ask_neutron)
    # Zun removes a mount point with its volume, so that none means that there is nothing to mount, and no need for the
    # database.
    if not _unmounted():
        return
    waiting = _patiently("the database", end, _mappings) or []
    while waiting:
        failed = [mapping for mapping in waiting if not _mounted(mapping)]
        if not failed or time.monotonic() > end:
            break
        waiting = failed
        time.sleep(PAUSE)
    for path in _unmounted():
        _guard(path)


def _patiently(what, end, attempt):
    """Return what an attempt gives, or None when it never works in time."""
    said = ""
    while True:
        try:
            return attempt()
        except Exception as exc:  # whatever is wrong may be gone in a moment
            if str(exc) != said:
                said = str(exc)
                print(f"waiting for {what}: {type(exc).__name__}: {said}", flush=True)
        if time.monotonic() > end:
            print(f"{what} did not answer in time", flush=True)
            return None
        time.sleep(PAUSE)


def _ask_kuryr(url):
    request = urllib.request.Request(f"{url}/Plugin.Activate", data=b"", method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310  the address is the role's own
        pass


def _ask_neutron():
    neutron = clients.OpenStackClients(context.get_admin_context()).neutron()
    agents = [
        agent
        for agent in neutron.list_agents(host=CONF.host)["agents"]
        if agent["agent_type"] not in BIND_NOTHING and agent["alive"]
    ]
    # One that last spoke before the machine went down may count as dead a moment from now.
    if not any(_moment(agent["heartbeat_timestamp"]) > _booted() for agent in agents):
        raise RuntimeError(f"no agent on {CONF.host} that binds ports has come up since the machine has")


def _moment(said):
    moment = datetime.datetime.fromisoformat(said)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


def _booted():
    """Return when this machine started, or the container that stands for one, in seconds since 1970."""
    ticks = int(Path("/proc/1/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    up = float(Path("/proc/uptime").read_text(encoding="utf-8").split()[0])
    return time.time() - up + ticks / os.sysconf("SC_CLK_TCK")


def _mountinfo():
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    return {line.split()[1]: line.split()[0] for line in mounts}


def _unmounted():
    """Mount points of volumes on which none is mounted; a directory of an injected file is not empty."""
    mounted = _mountinfo()
    folders = Path(CONF.volume.volume_dir).glob("*")
    return [
        folder
        for folder in folders
        if mounted.get(str(folder), GUARD) == GUARD and folder.is_dir() and not any(folder.iterdir())
    ]


def _mappings():
    admin = context.get_admin_context(all_projects=True)
    missing = {folder.name for folder in _unmounted()}
    mappings = {}
    kinds = (Container, CapsuleContainer, CapsuleInitContainer)
    for container in [found for kind in kinds for found in kind.list_by_host(admin, CONF.host)]:
        for mapping in VolumeMapping.list_by_container(admin, container.uuid):
            if mapping.connection_info and mapping.volume.uuid in missing:
                # Containers that share a volume have a mapping each.
                mappings[mapping.volume.uuid] = mapping
    return list(mappings.values())


def _mounted(mapping):
    """Connect and mount a volume; False where that did not work."""
    path = mount.get_mountpoint(mapping.volume.uuid)
    try:
        if _mountinfo().get(path) == GUARD:
            mount.Mounter().unmount(path)
        workflow = cinder_workflow.CinderWorkflow(context.get_admin_context(all_projects=True))
        information = jsonutils.loads(mapping.connection_info)
        device = workflow._connect_volume(information)["path"]
        mount.Mounter().mount(device, path, CONF.volume.fstype)
        print(f"mounted volume {mapping.cinder_volume_id} at {path}", flush=True)
    except Exception as exc:  # one volume must not keep the others from being mounted
        print(f"volume {mapping.cinder_volume_id}: {type(exc).__name__}: {exc}", flush=True)
        return False
    return True


def _guard(path):
    if str(path) in _mountinfo():
        return
    print(f"{path} stays without its volume; its container cannot write there", flush=True)
    utils.execute("mount", "-t", "tmpfs", "-o", "ro,size=4k,mode=0555", GUARD, str(path), run_as_root=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
