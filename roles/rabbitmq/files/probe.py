# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell as JSON what is true on this machine. Reads only, changes nothing.

One question in one process instead of a dozen tasks. JSON comes on standard
input: the name of the node, packages, files and the files that the service
reads at its start, and nodes of the cluster that nobody else asks.
"""

from __future__ import annotations

import datetime
import grp
import hashlib
import json
import os
import pwd
import re
import socket
import stat
import subprocess
import sys

HOME = "/var/lib/rabbitmq"
CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
ENVIRONMENT_FILE = "/etc/rabbitmq/rabbitmq-env.conf"
# A freshly made node has these and nothing else.
BLANK = {"vhosts": {"/"}, "users": {"guest"}}


def output(*command):
    """What a program prints, empty when it is missing or fails."""
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def control(*arguments):
    """What rabbitmqctl answers as JSON, and why it does not."""
    try:
        done = subprocess.run(
            [CONTROL, "--silent", "--timeout", "20", *arguments],
            capture_output=True,
            check=False,
            cwd=HOME,
            env=dict(os.environ, HOME=HOME, LC_ALL="C.UTF-8"),
            extra_groups=[],
            group="rabbitmq",
            text=True,
            timeout=60,
            user="rabbitmq",
        )
    except (OSError, KeyError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    # Warnings of Erlang's TLS may stand before and after the answer.
    start = re.search(r"^\{", done.stdout, re.M)
    if done.returncode or not start:
        return None, " ".join((done.stderr or done.stdout).split())[:300]
    return json.JSONDecoder().raw_decode(done.stdout, start.start())[0], ""


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def names_in(certificate):
    """DNS names in a certificate, none where there is no file or no openssl."""
    return re.findall(
        r"DNS:([^,\s]+)", output("openssl", "x509", "-in", certificate, "-noout", "-ext", "subjectAltName")
    )


def owner(number, table):
    try:
        return table(number)[0]
    except KeyError:
        return str(number)


def file_state(path):
    """A digest of what a file holds, and whose it is. None where there is none."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    digest = ""
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
    return {
        "digest": digest,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": owner(status.st_uid, pwd.getpwuid),
        "group": owner(status.st_gid, grp.getgrgid),
    }


def changed_at(path):
    """When a file was last written; 0 where there is none."""
    try:
        return os.lstat(path).st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return 0


def unit_state(name, files):
    """Whether a unit runs, and whether it started before one of its files was written.

    A run that was cut off between writing a file and restarting the unit leaves
    no other trace than this.
    """
    names = ["LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "NRestarts", "ExecMainStartTimestamp"]
    printed = output("systemctl", "show", "--timestamp=us+utc", "--property=" + ",".join(names), name)
    values = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    started = 0.0
    words = values.get("ExecMainStartTimestamp", "").split()
    if len(words) == 4:
        moment = datetime.datetime.strptime(f"{words[1]} {words[2]} +0000", "%Y-%m-%d %H:%M:%S.%f %z")
        started = moment.timestamp()
    return {
        "exists": values.get("LoadState") == "loaded",
        "active": values.get("ActiveState") == "active",
        "enabled": values.get("UnitFileState") == "enabled",
        "restarts": int(values.get("NRestarts") or 0),
        "outdated": values.get("NeedDaemonReload") == "yes" or any(changed_at(path) > started for path in files),
    }


def packages(names):
    """Those that are not installed."""
    printed = [output("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", name) for name in names]
    installed = {line.split()[0] for line in printed if line.endswith(" installed")}
    return sorted(set(names) - installed)


def present_name():
    """What the node is called as long as nobody changes its environment."""
    found = re.search(r"^\s*(?:export\s+)?(?:RABBITMQ_)?NODENAME=[\"']?([^\"'\s#]+)", read(ENVIRONMENT_FILE), re.M)
    name = found.group(1) if found else "rabbit"
    return name if "@" in name else f"{name}@{socket.gethostname().split('.')[0]}"


def cluster(*target):
    """How a node sees the cluster, None when it does not answer."""
    status, error = control(*target, "cluster_status", "--formatter", "json")
    if status is None:
        return None, error
    return {
        "members": sorted(status["disk_nodes"] + status.get("ram_nodes", [])),
        "running": sorted(status["running_nodes"]),
        "alarms": [str(alarm) for alarm in status["alarms"]],
        "partitions": sorted(status["partitions"]),
        # "not under maintenance" is the other value.
        "maintenance": sorted(
            name for name, state in status["maintenance_status"].items() if not state.startswith("not")
        ),
        "disabled_flags": sorted(
            flag["name"]
            for flag in status["feature_flags"]
            if flag["state"] == "disabled" and flag.get("stability", "stable") == "stable"
        ),
        "versions": sorted({str(version["rabbitmq_version"]) for version in status["versions"].values()}),
    }, ""


def holdings():
    """What a node that is alone would lose if it joined others."""
    definitions, error = control("export_definitions", "-")
    if definitions is None:
        return [f"something that it does not tell ({error})"]
    found = []
    for kind, blank in BLANK.items():
        found += [f"{kind[:-1]} {item['name']}" for item in definitions[kind] if item["name"] not in blank]
    return found + [f"queue {queue['name']}" for queue in definitions.get("queues", [])]


def stored_members(name):
    """Of which cluster the node takes itself for a member while it does not run."""
    return sorted(set(re.findall(r"'([^'@]+@[^']+)'", read(f"{HOME}/mnesia/{name}/cluster_nodes.config"))))


def databases():
    """Names of the nodes whose data are here."""
    try:
        return sorted(
            name for name in os.listdir(HOME + "/mnesia") if os.path.isdir(f"{HOME}/mnesia/{name}/msg_stores")
        )
    except (FileNotFoundError, NotADirectoryError):
        return []


def main():
    question = json.load(sys.stdin)
    unit = unit_state("rabbitmq-server.service", question["unit_files"])
    name = present_name()
    status, error = cluster() if unit["active"] else (None, "")
    # A stopped application answers too, and knows less.
    members = (status or {}).get("members") or stored_members(name)
    alone = status is not None and set(members) <= {name}
    running = status["running"] if status else []
    # Who has nobody but itself has to know whether others belong together.
    peers = [(peer, cluster("--node", peer)[0]) for peer in question["peers"]] if alone else []
    print(
        json.dumps(
            {
                "uid": os.geteuid(),
                "name": name,
                "missing_packages": packages(question["packages"]),
                "files": {path: file_state(path) for path in question["files"]},
                "certificate_names": names_in(question["certificate"]) if question["certificate"] else [],
                "unit": unit,
                "cluster": status,
                "error": error,
                "members": members,
                "alone": len(members) <= 1,
                "runs": name in running,
                "view": {"name": name, "members": members, "running": running},
                "holdings": holdings() if alone and (question["count"] > 1 or name != question["name"]) else [],
                "databases": databases(),
                "peers": [
                    {"name": peer, "members": view["members"], "running": view["running"]}
                    for peer, view in peers
                    if view
                ],
                "inter_node_tls": "-proto_dist inet_tls" in read(ENVIRONMENT_FILE),
            }
        )
    )


main()
