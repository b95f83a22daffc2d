# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS listener in front of the real Docker Engine, and certificates for it."""

from __future__ import annotations

import datetime
import ipaddress
import select
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from proxy import ENGINE

# What Go's server answers to plain HTTP on a port with TLS.
WRONG_PROTOCOL = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
# After how much silence of both sides a connection is given up, in seconds.
IDLE = 120


class Authority:
    """A certificate authority and the certificates it signs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._key, self._certificate = self._make("authority", None, None)
        self.ca = self._write("ca.pem", self._certificate)

    def issue(self, name: str, address: str | None = None) -> tuple[str, str]:
        """Make a certificate, for a server at an address or for a client; return the files of it and of its key."""
        key, certificate = self._make(name, self._key, address)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._folder / f"{name}-key.pem"
        path.write_bytes(pem)
        return self._write(f"{name}.pem", certificate), str(path)

    def _write(self, name: str, certificate: x509.Certificate) -> str:
        path = self._folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def _make(self, name: str, signer: ec.EllipticCurvePrivateKey | None, address: str | None):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._certificate.subject if signer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key((signer or key).public_key()), critical=False
            )
            .add_extension(_usage(is_authority=signer is None), critical=True)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return key, builder.sign(signer or key, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


class TlsListener:
    """Passes connections on to the engine; a client certificate is needed."""

    def __init__(self, certificate: tuple[str, str], client_ca: str) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._context.load_verify_locations(client_ca)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.host = f"tcp://127.0.0.1:{self.port}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _dummy = self._server.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(IDLE)
            if client.recv(1, socket.MSG_PEEK) != b"\x16":
                client.recv(65536)
                client.sendall(WRONG_PROTOCOL)
                return
            with self._context.wrap_socket(client, server_side=True) as secure, socket.socket(socket.AF_UNIX) as engine:
                engine.connect(ENGINE)
                _relay(secure, engine)


def _relay(client: ssl.SSLSocket, engine: socket.socket) -> None:
    """Carry what both say to each other, until the engine has no more to say.

    In one thread: two that use one TLS connection at once now and then have OpenSSL take its state for an error.
    """
    sources: list[socket.socket] = [client, engine]
    while engine in sources:
        # What OpenSSL has decrypted already makes no socket readable.
        readable = [client] if client in sources and client.pending() else select.select(sources, [], [], IDLE)[0]
        if not readable:
            return
        for source in readable:
            data = source.recv(65536)
            if not data:
                sources.remove(source)
                if source is client:
                    engine.shutdown(socket.SHUT_WR)
            else:
                (engine if source is client else client).sendall(data)
