# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a cluster its virtual hosts, users, permissions and policies.

Passwords come on standard input, as JSON, and go to rabbitmqctl as salted
hashes in a file that only RabbitMQ reads: a command line is for everyone to see,
and rabbitmqctl of RabbitMQ 4.0 never finishes to read its standard input. Prints
a list of sentences about what differs, without any secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HOME = "/var/lib/rabbitmq"
CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
HASHES = {"rabbit_password_hashing_sha256": hashlib.sha256, "rabbit_password_hashing_sha512": hashlib.sha512}
SALT_LENGTH = 4
# The releases that can set the type of new queues of a virtual host, and change it.
KNOWS_QUEUE_TYPE = (3, 10)
CHANGES_QUEUE_TYPE = (3, 12)


def control(*arguments):
    done = subprocess.run(
        [CONTROL, "--silent", *arguments],
        capture_output=True,
        check=False,
        cwd=HOME,
        env=dict(os.environ, HOME=HOME, LC_ALL="C.UTF-8"),
        extra_groups=[],
        group="rabbitmq",
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
        user="rabbitmq",
    )
    if done.returncode:
        sys.exit(f"rabbitmqctl {arguments[0]} failed: {' '.join((done.stderr or done.stdout).split())[:500]}")
    return done.stdout


def import_definitions(definitions):
    # The file is private to root until it belongs to RabbitMQ.
    with tempfile.NamedTemporaryFile("w", dir=HOME, suffix=".json", encoding="utf-8") as stream:
        json.dump(definitions, stream)
        stream.flush()
        shutil.chown(stream.name, "rabbitmq", "rabbitmq")
        control("import_definitions", stream.name)


def password_hash(password, algorithm, salt):
    return base64.b64encode(salt + HASHES[algorithm](salt + password.encode()).digest()).decode()


def has_password(user, password):
    algorithm = user.get("hashing_algorithm", "")
    stored = user.get("password_hash", "")
    if algorithm not in HASHES or not stored:
        return False
    return password_hash(password, algorithm, base64.b64decode(stored)[:SALT_LENGTH]) == stored


def tags_of(user):
    """A list; older releases write one string."""
    tags = user.get("tags", [])
    return sorted(tags if isinstance(tags, list) else filter(None, tags.split(",")))


def queue_type_of(vhost):
    kind = vhost.get("default_queue_type") or vhost.get("metadata", {}).get("default_queue_type") or ""
    return "" if kind == "undefined" else kind


def version_of(definitions):
    found = re.match(r"(\d+)\.(\d+)", str(definitions.get("rabbitmq_version") or definitions.get("rabbit_version")))
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def by(items, *keys):
    return {tuple(item[key] for key in keys): item for item in items}


class Difference:
    """What there is to import, and how to say it."""

    def __init__(self, present):
        self.present = present
        self.wanted = {"vhosts": [], "users": [], "permissions": [], "policies": []}
        self.sentences = []
        # What cannot be imported.
        self.commands = []

    def want(self, kind, item, sentence):
        self.wanted[kind].append(item)
        self.sentences.append(sentence)

    def vhosts(self, vhosts, default):
        present = by(self.present["vhosts"], "name")
        version = version_of(self.present)
        for vhost in vhosts:
            name = vhost["name"]
            there = present.get((name,))
            kind = (vhost.get("queue_type") or default) if version >= KNOWS_QUEUE_TYPE else ""
            if there is None:
                metadata = {"description": "", "tags": [], **({"default_queue_type": kind} if kind else {})}
                self.want("vhosts", {"name": name, "metadata": metadata}, f"make virtual host {name}")
            elif kind and queue_type_of(there) != kind and version >= CHANGES_QUEUE_TYPE:
                command = ("update_vhost_metadata", name, "--default-queue-type", kind)
                self.commands.append((command, f"new queues of virtual host {name} are of type {kind}"))

    def users(self, users):
        present = by(self.present["users"], "name")
        for user in users:
            there = present.get((user["name"],))
            if there is None:
                sentence = f"make user {user['name']}"
            elif not has_password(there, user["password"]):
                sentence = f"change the password of user {user['name']}"
            elif tags_of(there) != sorted(user.get("tags", [])):
                sentence = f"change the tags of user {user['name']}"
            else:
                continue
            algorithm = "rabbit_password_hashing_sha256"
            item = {
                "name": user["name"],
                "hashing_algorithm": algorithm,
                "password_hash": password_hash(user["password"], algorithm, os.urandom(SALT_LENGTH)),
                "tags": user.get("tags", []),
            }
            self.want("users", dict(there or {"limits": {}}, **item), sentence)

    def permissions(self, users):
        present = by(self.present["permissions"], "user", "vhost")
        for user in users:
            for permission in user.get("permissions", []):
                item = {"configure": ".*", "write": ".*", "read": ".*", **permission, "user": user["name"]}
                there = present.get((item["user"], item["vhost"]))
                if there is None or any(there[key] != value for key, value in item.items()):
                    self.want("permissions", item, f"permit user {user['name']} to use virtual host {item['vhost']}")

    def policies(self, policies):
        present = by(self.present["policies"], "vhost", "name")
        for asked in policies:
            policy = {"priority": 0, "apply-to": asked.get("apply_to", "queues"), **asked}
            policy.pop("apply_to", None)
            there = present.get((policy["vhost"], policy["name"]))
            if there is None or any(there.get(key) != value for key, value in policy.items()):
                self.want("policies", policy, f"set policy {policy['name']} of virtual host {policy['vhost']}")


def main():
    asked = json.load(sys.stdin)
    # Warnings of Erlang's TLS may stand before and after it.
    printed = control("export_definitions", "-")
    start = re.search(r"^\{", printed, re.M)
    present = json.JSONDecoder().raw_decode(printed, start.start())[0]
    difference = Difference(present)
    difference.vhosts(asked["vhosts"], asked["queue_type"])
    difference.users(asked["users"])
    difference.permissions(asked["users"])
    streams = asked["stream_policy"]
    difference.policies(
        [dict(streams, vhost=vhost["name"]) for vhost in asked["vhosts"] if streams] + asked["policies"]
    )
    present_users = {user["name"] for user in present["users"]}
    for name in asked["absent_users"]:
        if name in present_users:
            difference.commands.append((("delete_user", name), f"remove user {name}"))
    if not asked["check"]:
        if difference.sentences:
            version = present.get("rabbitmq_version") or present["rabbit_version"]
            import_definitions(dict(difference.wanted, rabbit_version=version))
        for command, _dummy in difference.commands:
            control(*command)
    difference.sentences += [sentence for _dummy, sentence in difference.commands]
    print(json.dumps(difference.sentences))


main()
