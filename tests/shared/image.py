# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image that a local Docker Engine runs in the tests and in the benchmark."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import docker

IMAGE = "caas-zun-test/busybox"

# PID 1 that ends when asked to, and at once.
DOCKERFILE = """
FROM scratch
COPY . /
ENV PATH=/bin FROM_IMAGE=yes
LABEL from-image=yes
WORKDIR /srv
STOPSIGNAL SIGKILL
CMD ["sleep", "100000"]
"""


def build_image(client: docker.APIClient, tag: str, extra: str = "") -> str:
    """Build an image around Debian's busybox, which needs no registry; return its id.

    :param extra: more lines of its Dockerfile.
    """
    busybox = shutil.which("busybox")
    assert busybox, "busybox is missing; apt-get install busybox"
    libraries = [
        word
        for word in subprocess.run(["ldd", busybox], check=True, capture_output=True, text=True).stdout.split()
        if word.startswith("/")
    ]
    applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path in [busybox, *libraries]:
            target = "bin/busybox" if path == busybox else path.lstrip("/")
            archive.add(os.path.realpath(path), target)
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
        for directory in ("tmp", "srv", "proc", "sys", "dev"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
        files = {
            "etc/passwd": "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
            "etc/group": "root:x:0:\nnogroup:x:65534:\n",
            "srv/index.html": "hello\n",
            "Dockerfile": f"{DOCKERFILE}\n{extra}\n",
        }
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    # One process at a time, so that the second one finds the first one's image in the cache, with the same id.
    with (Path(tempfile.gettempdir()) / "caas-zun-test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for event in client.build(fileobj=context, custom_context=True, tag=tag, rm=True, decode=True):
            assert "error" not in event, event
        return client.inspect_image(tag)["Id"]
