# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fills the cloud of the lab and its registries; run on the control node, repeatable.

The playbook sends it to Python together with WANTED_TEXT, in JSON: see lab_cloud
in group_vars. Prints a line for each change.
"""

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import urllib.error
import urllib.request

import openstack

WANTED = json.loads(globals()["WANTED_TEXT"])  # the playbook puts it in front


# --- Cloud -------------------------------------------------------------------


def connect(user, project):
    return openstack.connect(
        auth_url=WANTED["auth_url"],
        username=user,
        password=WANTED["password"],
        project_name=project,
        user_domain_id="default",
        project_domain_id="default",
        region_name="RegionOne",
    )


def ensure(what, name, found, create):
    """What is found, or what create() makes."""
    if found:
        return found
    print(what, name)
    return create()


def identity(keystone):
    """Projects, roles, users, and the catalogue."""
    projects = {p.name: p for p in keystone.projects()}
    roles = {r.name: r for r in keystone.roles()}
    users = {u.name: u for u in keystone.users()}
    for name in WANTED["projects"]:
        projects[name] = ensure(
            "project",
            name,
            projects.get(name),
            lambda name=name: keystone.create_project(name=name, domain_id="default"),
        )
    for name in WANTED["roles"]:
        roles[name] = ensure("role", name, roles.get(name), lambda name=name: keystone.create_role(name=name))
    for name, (project, granted) in WANTED["users"].items():
        user = ensure(
            "user",
            name,
            users.get(name),
            lambda name=name: keystone.create_user(name=name, password=WANTED["password"], domain_id="default"),
        )
        for role in granted:
            # Granting again changes nothing.
            keystone.assign_project_role_to_user(projects[project], user, roles[role])
    services = {s.type: s for s in keystone.services()}
    endpoints = {(e.service_id, e.interface) for e in keystone.endpoints()}
    for kind, (name, url) in WANTED["services"].items():
        service = ensure(
            "service",
            kind,
            services.get(kind),
            lambda name=name, kind=kind: keystone.create_service(name=name, type=kind),
        )
        for interface in ("public", "internal", "admin"):
            if (service.id, interface) not in endpoints:
                print("endpoint", kind, interface)
                keystone.create_endpoint(service_id=service.id, interface=interface, url=url, region_id="RegionOne")


def volume_types(cinder):
    found = {t.name for t in cinder.types()}
    for name, specs in WANTED["volume_types"].items():
        if name not in found:
            print("volume type", name)
            cinder.create_type(name=name, extra_specs=specs)


def networks(neutron):
    found = {n.name: n for n in neutron.networks()}
    subnets = {s.network_id for s in neutron.subnets()}
    for name, cidr in WANTED["networks"].items():
        network = ensure("network", name, found.get(name), lambda name=name: neutron.create_network(name=name))
        if network.id not in subnets:
            print("subnet of", name)
            # Kuryr does not support networks with DHCP.
            neutron.create_subnet(
                name=f"{name}-subnet", network_id=network.id, cidr=cidr, ip_version=4, is_dhcp_enabled=False
            )


def glance_image(connection, name, container_format, content):
    found = {i.name: i for i in connection.image.images()}.get(name)
    checksum = hashlib.md5(content).hexdigest()  # noqa: S324  the one that Glance reports
    if found and found.checksum == checksum:
        return
    if found:
        connection.image.delete_image(found)
    print("Glance image", name)
    with open(f"/var/tmp/lab-{name}", "wb") as handle:  # noqa: S108
        handle.write(content)
    connection.create_image(
        name,
        filename=handle.name,
        container_format=container_format,
        disk_format="raw",
        visibility="public",
        wait=True,
        use_import=False,
    )
    os.unlink(handle.name)


# --- Images of containers ------------------------------------------------------


def layer(files):
    """A tar archive, the same for the same files: {path: (mode, content, or the text that a link points to)}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, (mode, content) in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.mode = mode
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def busybox():
    """The node's own busybox with the libraries it needs; the static one crashes when it looks up names."""
    files = dict.fromkeys(("bin", "dev", "etc", "proc", "root", "srv", "sys", "usr", "var", "var/www"), (493, None))
    files["tmp"] = (0o1777, None)
    files["sbin"] = files["usr/bin"] = files["usr/sbin"] = (0o777, "/bin")
    listed = subprocess.run(["/bin/busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
    for name in set(listed) - {"busybox"}:
        files[f"bin/{name}"] = (0o777, "busybox")
    paths = subprocess.run(["/usr/bin/ldd", "/bin/busybox"], check=True, capture_output=True, text=True).stdout.split()
    libraries = [path for path in paths if path.startswith("/")]
    # Looking up names needs two more, which are loaded at run time.
    for path in (
        "/bin/busybox",
        *libraries,
        "/lib/x86_64-linux-gnu/libnss_files.so.2",
        "/lib/x86_64-linux-gnu/libnss_dns.so.2",
    ):
        name = path.lstrip("/")
        for depth in range(1, name.count("/") + 1):
            files.setdefault("/".join(name.split("/")[:depth]), (0o755, None))
        with open(path, "rb") as handle:
            files[name] = (0o755, handle.read())
    files["etc/passwd"] = (0o644, b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    files["etc/group"] = (0o644, b"root:x:0:\nnogroup:x:65534:\n")
    files["etc/nsswitch.conf"] = (0o644, b"hosts: files dns\n")
    return files


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Image:
    def __init__(self, files, command):
        self.layer = layer(files)
        self.config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {
                    "Cmd": command,
                    "Env": ["PATH=/bin"],
                    # A busybox as PID 1 ignores SIGTERM, and would keep every stop waiting.
                    "StopSignal": "SIGKILL",
                },
                "rootfs": {"type": "layers", "diff_ids": [digest(self.layer)]},
            },
            sort_keys=True,
        ).encode()

    def archive(self, tag):
        """As `docker save` writes it, which is what Zun wants from Glance."""
        manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
        return layer(
            {
                "manifest.json": (0o644, json.dumps(manifest).encode()),
                "config.json": (0o644, self.config),
                "layer.tar": (0o644, self.layer),
            }
        )

    def push(self, registry, repository, tag, credentials=None):
        kind = "application/vnd.docker.distribution.manifest.v2+json"

        def part(kind, content):
            return {"mediaType": kind, "size": len(content), "digest": digest(content)}

        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": kind,
                "config": part("application/vnd.docker.container.image.v1+json", self.config),
                "layers": [part("application/vnd.docker.image.rootfs.diff.tar", self.layer)],
            }
        ).encode()
        base = f"http://{registry}/v2/{repository}"
        headers = {}
        if credentials:
            headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()

        def ask(method, url, content=None, **more):
            request = urllib.request.Request(url, method=method, data=content, headers={**headers, **more})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.headers

        try:
            if ask("HEAD", f"{base}/manifests/{tag}", Accept=kind)["Docker-Content-Digest"] == digest(manifest):
                return
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
        print("image", f"{repository}:{tag}")
        for content in (self.layer, self.config):
            place = ask("POST", f"{base}/blobs/uploads/", b"")["Location"]
            joint = "&" if "?" in place else "?"
            ask(
                "PUT",
                f"{place}{joint}digest={digest(content)}",
                content,
                **{"Content-Type": "application/octet-stream"},
            )
        ask("PUT", f"{base}/manifests/{tag}", manifest, **{"Content-Type": kind})


def images(admin):
    # What a container of it does unless it is told: stay.
    stay = ["/bin/sleep", "2147483647"]
    tree = busybox()
    versions = {tag: Image({**tree, "etc/version": (0o644, f"{tag}\n".encode())}, stay) for tag in ("1", "2", "auth")}
    registry = WANTED["registry"]
    for tag, image in (("1", "1"), ("2", "2"), ("latest", "1")):
        versions[image].push(registry, "busybox", tag)
    Image(tree, stay).push(registry, "pause", "latest")
    credentials = f"{WANTED['auth_registry_user']}:{WANTED['password']}"
    versions["auth"].push(WANTED["auth_registry"], "busybox", "auth", credentials)
    glance_image(admin, "tiny", "docker", versions["1"].archive("tiny:latest"))
    # Something to make a volume of.
    glance_image(admin, "disk", "bare", b"a volume made of an image begins like this\n".ljust(1 << 20, b"\0"))


def main():
    identity(connect("admin", "admin").identity)
    # A new token: the catalogue of the first one may have been empty.
    admin = connect("admin", "admin")
    volume_types(admin.block_storage)
    networks(connect(*WANTED["tenant"]).network)
    images(admin)


main()
