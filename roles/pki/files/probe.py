# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON which certificates are on this machine. Reads only, changes nothing.

The only argument is JSON: the directory and the names of the certificates. Keys
are looked at from outside only, what they hold is never read.
"""

from __future__ import annotations

import datetime
import json
import os
import stat
import sys

try:
    from cryptography import x509
except ImportError:
    x509 = None


def read(path):
    """The text of a file, empty where there is none."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def access(path):
    """Mode and owner of a file, empty where there is none."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{stat.S_IMODE(status.st_mode):04o} {status.st_uid}:{status.st_gid}"


def days_left(text):
    """How many days a certificate is still valid; 0 where it cannot be read."""
    if x509 is None or not text:
        return 0
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        return 0
    # Releases before 42 know naive times only, in UTC.
    end = getattr(certificate, "not_valid_after_utc", None)
    end = end or certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc)
    return (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400


def certificate(directory, name):
    text = read(f"{directory}/{name}.crt")
    return {
        "content": text,
        "days_left": days_left(text),
        "access": access(f"{directory}/{name}.crt"),
        "key": access(f"{directory}/{name}.key"),
    }


question = json.loads(sys.argv[1])
print(
    json.dumps(
        {
            "uid": os.geteuid(),
            "library": x509 is not None,
            "ca": {path: {"content": read(path), "days_left": days_left(read(path))} for path in question["files"]},
            "exists": {path: os.path.exists(os.path.expanduser(path)) for path in question["paths"]},
            "directory": access(question["directory"]),
            "certificates": {name: certificate(question["directory"], name) for name in question["names"]},
        }
    )
)
