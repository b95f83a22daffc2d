# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a backup into the cluster of this node, or only look whether that can be done; print the outcome as JSON.

The only argument is JSON: the directory with manifest.json and the dump, whether
databases that hold tables may be replaced, and whether to look only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pymysql

question = json.loads(sys.argv[1])
SOCKET = "/run/mysqld/mysqld.sock"
directory = question["directory"]


def checksum(path):
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


try:
    with open(directory + "/manifest.json", encoding="utf-8") as stream:
        manifest = json.load(stream)
    dump = os.path.join(directory, os.path.basename(manifest["file"]))
    if checksum(dump) != manifest["sha256"]:
        sys.exit(f"{dump} is not what its manifest describes: its checksum differs, it is damaged or was changed.")
except (OSError, ValueError, KeyError) as error:
    sys.exit(f"{directory} holds no complete backup: {error}")

connection = pymysql.connect(unix_socket=SOCKET, user="root", autocommit=True)
cursor = connection.cursor()


def tables():
    cursor.execute("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE'")
    found = {schema: [] for schema in manifest["databases"]}
    for schema, table in cursor.fetchall():
        if schema in found:
            found[schema].append(table)
    return {schema: sorted(names) for schema, names in found.items()}


full = sorted(schema for schema, names in tables().items() if names)
if full and not question["overwrite"]:
    sys.exit(
        f"The database {', '.join(full)} holds tables. Set galera_restore_overwrite: true to replace what is in it by the "
        f"backup of {manifest['created']}."
    )
if not question["check"]:
    for schema in full:
        # The database itself stays, with its character set and the privileges on it.
        cursor.execute("SET SESSION foreign_key_checks = 0")
        cursor.execute(
            "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s", (schema,)
        )
        for table, kind in cursor.fetchall():
            cursor.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quoted(schema)}.{quoted(table)}")
    command = ["mariadb", "--no-defaults", f"--socket={SOCKET}", "--user=root"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        try:
            with gzip.open(dump, "rb") as packed:
                shutil.copyfileobj(packed, client.stdin, 1 << 20)
            client.stdin.close()
        except BrokenPipeError:
            pass
        problem = client.stderr.read().decode(errors="replace")
        client.wait()
    if client.returncode != 0:
        sys.exit(f"The dump could not be read back, the databases are incomplete: {problem.strip()}")
    if tables() != manifest["databases"]:
        sys.exit("After the restore the databases do not hold the tables that the manifest names.")
print(json.dumps({**manifest, "replaced": full}))
