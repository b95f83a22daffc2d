# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the load balancers. Prints as JSON what it saw.

client.py request METHOD PATH [HEADER=VALUE]...
client.py http2
client.py watch SECONDS [TIMEOUT]   how long nothing was answered, of requests every 50 ms
client.py without NODE SECONDS      wait until NODE answers no more
client.py burst COUNT [HEADER=VALUE]...
client.py together METHOD PATH COUNT
client.py websocket
client.py database                  who answers
client.py hold SECONDS              how long a connection to the database lasts; it stands once HOLDING exists
"""

from __future__ import annotations

import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import socket
import ssl
import sys
import time

VIP = os.environ["VIP"]
HOLDING = pathlib.Path("/run/client-holding")
CONTEXT = ssl.create_default_context(cafile="/etc/stand-in/ca.pem")


def request(method, path, *headers, timeout=20.0):
    connection = http.client.HTTPSConnection(VIP, 9517, context=CONTEXT, timeout=timeout)
    try:
        connection.request(method, path, headers=dict(header.split("=", 1) for header in headers))
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    told = {"status": response.status, "headers": {name.lower(): value for name, value in response.getheaders()}}
    told["body"] = json.loads(body) if body.startswith("{") else body
    return told


def http2():
    """The first frame of a server that speaks HTTP/2 is of the type SETTINGS, which is 4."""
    context = ssl.create_default_context(cafile="/etc/stand-in/ca.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(socket.create_connection((VIP, 9517), 5), server_hostname=VIP) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        return {
            "alpn": connection.selected_alpn_protocol(),
            "frame": connection.recv(9)[3],
            "tls": connection.version(),
        }


def watch(seconds, timeout=0.5):
    end = time.monotonic() + float(seconds)
    last, outage, nodes, errors, count = time.monotonic(), 0.0, collections.Counter(), collections.Counter(), 0
    while time.monotonic() < end:
        began = time.monotonic()
        count += 1
        try:
            told = request("GET", "/v1/containers", timeout=float(timeout))
            if told["status"] != 200:
                raise http.client.HTTPException(str(told["status"]))
            nodes[told["body"]["node"]] += 1
            outage = max(outage, time.monotonic() - last)
            last = time.monotonic()
        except (OSError, http.client.HTTPException) as error:
            errors[f"{type(error).__name__}: {error}"] += 1
        time.sleep(max(0.0, 0.05 - (time.monotonic() - began)))
    outage = max(outage, time.monotonic() - last)
    return {
        "requests": count,
        "outage": round(outage, 2),
        "nodes": nodes,
        "failed": sum(errors.values()),
        "errors": errors,
    }


def without(node, seconds):
    """Wait until twenty answers in a row come from others."""
    end, others = time.monotonic() + float(seconds), 0
    while others < 20:
        if time.monotonic() > end:
            sys.exit(f"{node} still answers after {seconds} s")
        others = 0 if request("GET", "/v1/containers")["body"]["node"] == node else others + 1
    return {}


def burst(count, *headers):
    answers = [request("GET", "/v1/containers", *headers) for _number in range(int(count))]
    statuses = collections.Counter(str(answer["status"]) for answer in answers)
    return {"statuses": statuses, "last": answers[-1]}


def together(method, path, count):
    """Many at once, so that some of them meet each node."""

    def one(number):
        try:
            return request(method, f"{path}?{number}")["status"]
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__

    with concurrent.futures.ThreadPoolExecutor(int(count)) as pool:
        return {"statuses": list(pool.map(one, range(int(count))))}


def websocket():
    lines = ["GET /?token=secret HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
    with CONTEXT.wrap_socket(socket.create_connection((VIP, 6784), 5), server_hostname=VIP) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(1)
        connection.sendall(b"hello")
        return {"answer": answer.decode().splitlines()[0], "echo": connection.recv(5).decode()}


def database():
    with socket.create_connection((VIP, 3306), 5) as connection:
        return {"node": connection.recv(100).decode().strip()}


def hold(seconds):
    with socket.create_connection((VIP, 3306), 5) as connection:
        node = connection.recv(100).decode().strip()
        began = time.monotonic()
        HOLDING.touch()
        connection.settimeout(float(seconds))
        try:
            ended = connection.recv(100) == b""
        except ConnectionError:
            ended = True
        except TimeoutError:
            ended = False
        finally:
            HOLDING.unlink()
        return {"node": node, "ended": ended, "seconds": round(time.monotonic() - began, 2)}


sys.stdout.write(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
