# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make databases and users what the role was asked for; print what was (or would be) done as JSON.

Reads JSON from its input, so that no password is an argument: "databases" with
name, character_set and collation; "users" with name, hosts, password or socket,
and privileges by scope (*.* or DATABASE.*); "check" when nothing may change.
Databases and users that are not named are left alone.

Not by community.mysql: its release 5, in ansible 14, only forwards to
ansible.mysql and warns each time, and ansible 12 has no ansible.mysql.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys

import pymysql

question = json.load(sys.stdin)
connection = pymysql.connect(unix_socket="/run/mysqld/mysqld.sock", user="root", autocommit=True)
cursor = connection.cursor()
done = []


def rows(text, *values):
    cursor.execute(text, values or None)
    return cursor.fetchall()


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def change(what, text, *values):
    done.append(what)
    if not question["check"]:
        cursor.execute(text, values or None)


def make_database(item):
    if rows("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", item["name"]):
        return
    text = f"CREATE DATABASE {quoted(item['name'])}"
    if item.get("character_set"):
        text += f" CHARACTER SET {quoted(item['character_set'])}"
    if item.get("collation"):
        text += f" COLLATE {quoted(item['collation'])}"
    change(f"database {item['name']}", text)


def identified(item):
    """How a user proves who it is: as SQL, and as the server keeps it."""
    if item.get("socket"):
        return "IDENTIFIED VIA unix_socket", {"plugin": "unix_socket"}
    once = hashlib.sha1(item["password"].encode(), usedforsecurity=False).digest()
    twice = "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()
    return (
        f"IDENTIFIED VIA mysql_native_password USING '{twice}'",
        {"plugin": "mysql_native_password", "authentication_string": twice},
    )


def make_user(item, host):
    text, wanted = identified(item)
    found = rows("SELECT Priv FROM mysql.global_priv WHERE User = %s AND Host = %s", item["name"], host)
    if not found:
        change(f"user {item['name']}@{host}", f"CREATE USER %s@%s {text}", item["name"], host)
        return False
    kept = json.loads(found[0][0])
    if kept.get("plugin") != wanted["plugin"] or kept.get("authentication_string", "") != wanted.get(
        "authentication_string", kept.get("authentication_string", "")
    ):
        change(f"password of {item['name']}@{host}", f"ALTER USER %s@%s {text}", item["name"], host)
    return True


def scope_name(scope):
    """A scope as GRANT writes it. An underscore in a database name would match any sign."""
    database = scope.rpartition(".")[0]
    return "*.*" if database == "*" else quoted(database.replace("_", "\\_")) + ".*"


def make_grants(item, host, existed):
    present = {}
    if existed:
        for (line,) in rows("SHOW GRANTS FOR %s@%s", item["name"], host):
            parts = re.match(r"GRANT (.+?) ON (\S+) TO ", line)
            if parts:
                names = {re.sub(r"\s+", " ", word.strip().upper()) for word in parts[1].split(",")}
                present[parts[2]] = names - {"USAGE"}
    for scope, privileges in item["privileges"].items():
        name = scope_name(scope)
        wanted = {re.sub(r"\s+", " ", word.strip().upper()) for word in privileges} - {"USAGE"}
        wanted = {"ALL PRIVILEGES"} if wanted & {"ALL", "ALL PRIVILEGES"} else wanted
        if present.get(name, set()) == wanted:
            continue
        what = f"privileges of {item['name']}@{host} on {scope}"
        surplus = present.get(name, set()) - wanted
        if surplus:
            change(what, f"REVOKE {', '.join(sorted(surplus))} ON {name} FROM %s@%s", item["name"], host)
        if wanted - present.get(name, set()):
            change(what, f"GRANT {', '.join(sorted(wanted))} ON {name} TO %s@%s", item["name"], host)


for database in question["databases"]:
    make_database(database)
for user in question["users"]:
    for user_host in user["hosts"]:
        make_grants(user, user_host, make_user(user, user_host))
print(json.dumps(list(dict.fromkeys(done))))
