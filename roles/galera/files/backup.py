# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump databases of this node consistently, with a manifest, and remove old dumps; print the manifest as JSON.

The only argument is JSON: the databases, the directory, how many backups to keep,
the name of the cluster. The dump is one transaction, so all databases are from
the same moment and writers are not held up. It becomes visible when complete.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pymysql

question = json.loads(sys.argv[1])
SOCKET = "/run/mysqld/mysqld.sock"
PATTERN = re.compile(re.escape(question["cluster"]) + r"-\d{8}T\d{6}Z$")


class Sink:
    """Writes and counts."""

    def __init__(self, raw):
        self.raw = raw
        self.sum = hashlib.sha256()
        self.size = 0

    def write(self, data):
        self.sum.update(data)
        self.size += len(data)
        return self.raw.write(data)

    def flush(self):
        self.raw.flush()


os.umask(0o077)
connection = pymysql.connect(unix_socket=SOCKET, user="root")
cursor = connection.cursor()
cursor.execute("SHOW GLOBAL STATUS LIKE 'wsrep\\_%'")
status = dict(cursor.fetchall())
cursor.execute("SELECT VERSION()")
version = cursor.fetchone()[0]
cursor.execute("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE'")
tables = {}
for schema, table in cursor.fetchall():
    if schema in question["databases"]:
        tables.setdefault(schema, []).append(table)
cursor.execute("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")
missing = sorted(set(question["databases"]) - {row[0] for row in cursor.fetchall()})
if missing:
    sys.exit(f"There is no database {', '.join(missing)}")
connection.close()

moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
name = f"{question['cluster']}-{moment}"
directory = os.path.join(question["directory"], name)
partial = directory + ".partial"
shutil.rmtree(partial, ignore_errors=True)
os.makedirs(partial)
try:
    command = ["mariadb-dump", "--no-defaults", f"--socket={SOCKET}", "--user=root", "--single-transaction", "--quick"]
    command += ["--routines", "--events", "--triggers", "--hex-blob", "--skip-lock-tables", "--databases"]
    with (
        open(partial + "/dump.sql.gz", "wb") as raw,
        subprocess.Popen(command + question["databases"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump,
    ):
        sink = Sink(raw)
        with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=5, filename="", mtime=0) as packed:
            shutil.copyfileobj(dump.stdout, packed, 1 << 20)
        problem = dump.stderr.read().decode(errors="replace")
        raw.flush()
        os.fsync(raw.fileno())
    if dump.returncode != 0:
        sys.exit(f"mariadb-dump: {problem.strip()}")
    manifest = {
        "name": name,
        "created": moment,
        "cluster": question["cluster"],
        "history": status.get("wsrep_cluster_state_uuid", ""),
        "position": status.get("wsrep_last_committed", ""),
        "version": version,
        "databases": {schema: sorted(tables.get(schema, [])) for schema in question["databases"]},
        "file": "dump.sql.gz",
        "bytes": sink.size,
        "sha256": sink.sum.hexdigest(),
    }
    with open(partial + "/manifest.json", "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(partial, directory)
finally:
    shutil.rmtree(partial, ignore_errors=True)

backups = sorted(entry.name for entry in os.scandir(question["directory"]) if PATTERN.match(entry.name))
removed = backups[: -question["keep"]] if question["keep"] else []
for old in removed:
    shutil.rmtree(os.path.join(question["directory"], old))
print(json.dumps({**manifest, "directory": directory, "removed": removed}))
