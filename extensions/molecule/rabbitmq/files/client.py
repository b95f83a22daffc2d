# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client as Zun is one: client.py publish|fetch ADDRESS PASSWORD

publish puts a message into the queue "test" and waits until the cluster has it,
fetch takes one out. Writes the message.
"""

from __future__ import annotations

import ssl
import sys

import pika

action, address, password = sys.argv[1:]
context = ssl.create_default_context(cafile="/etc/caas-zun/pki/ca.crt")
connection = pika.BlockingConnection(
    pika.ConnectionParameters(
        host=address,
        port=5671,
        virtual_host="zun",
        credentials=pika.PlainCredentials("zun", password),
        ssl_options=pika.SSLOptions(context, address),
    )
)
channel = connection.channel()
if action == "publish":
    # It does not say of which type: the virtual host decides.
    channel.queue_declare("test", durable=True)
    channel.confirm_delivery()
    channel.basic_publish("", "test", address.encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)
    sys.stdout.write(address)
else:
    method, properties, body = channel.basic_get("test", auto_ack=True)
    sys.stdout.write(body.decode() if method else "nothing")
connection.close()
