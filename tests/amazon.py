"""Amazon's SNS on loopback: its host behind a tunnel, its certificates, what it signs."""

import base64
import datetime as dt
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from tests import sites

HOST = "sns.eu-north-1.amazonaws.com"
FILE = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
PEM = serialization.Encoding.PEM
ORDER = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """A root of our own, and what it vouches for."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, _key()
        self._root = self._made("a root", self._key.public_key(), ca=True)
        self.trust = folder / "root.pem"
        self.trust.write_bytes(self._root.public_bytes(PEM))
        self.host = self._server(HOST)
        self.signer = self.leaf("sns.amazonaws.com")

    def _made(
        self, name: str, public: rsa.RSAPublicKey, *, ca: bool = False, days: float = 30
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        alternative = x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))])
        return (
            x509.CertificateBuilder(
                _named("a root"), _named(name), public, x509.random_serial_number()
            )
            .not_valid_before(now - dt.timedelta(days=90))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(alternative, critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def leaf(self, name: str, *, days: float = 30) -> tuple[rsa.RSAPrivateKey, bytes]:
        key = _key()
        return key, self._made(name, key.public_key(), days=days).public_bytes(PEM)

    def _server(self, name: str) -> Path:
        key, certificate = self.leaf(name)
        plain = serialization.NoEncryption()
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            certificate
            + key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
        )
        return path


@dataclass
class Sns:
    """`asked`: the paths that were asked of the host; `tunnels`: the hosts asked for."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    trust: str
    asked: list[str] = field(default_factory=list)
    tunnels: list[str] = field(default_factory=list)
    status: int = 200

    def signed(
        self,
        kind: str,
        text: str,
        *,
        topic: str,
        version: str = "2",
        age: float = 0,
        key: rsa.RSAPrivateKey | None = None,
        **more: str,
    ) -> dict[str, str]:
        """A message as SNS posts it; what comes by keyword is signed as it stands."""
        at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)
        fields = {
            "Type": kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": topic,
            "Message": text,
            "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": f"https://{HOST}{FILE}",
        } | more
        names = [name for name in ORDER[kind] if name in fields]
        words = "".join(f"{name}\n{fields[name]}\n" for name in names).encode()
        how: hashes.HashAlgorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
        signature = (key or self.key).sign(words, PKCS1v15(), how)
        return fields | {"Signature": base64.b64encode(signature).decode()}

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        is_file = handler.path.endswith(".pem")
        sites.say(handler, self.certificate if is_file else b"<Confirmed/>", self.status)


@contextmanager
def sns(authority: Authority, environment: pytest.MonkeyPatch) -> Iterator[Sns]:
    """SNS, which everything in this process that goes out by https meets through the tunnel."""
    made = Sns(*authority.signer, str(authority.trust))
    with (
        sites.web(made.answer, certificate=authority.host) as url,
        sites.wire(socket.SOCK_STREAM, lambda bound: _tunnel(bound, url, made.tunnels)) as port,
    ):
        environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        environment.setenv("NO_PROXY", "")
        yield made


def _tunnel(bound: socket.socket, url: str, asked: list[str]) -> None:
    """A proxy: whatever host it is asked for, it leads to ours."""
    port = int(url.rpartition(":")[2])
    while True:
        client, _address = bound.accept()
        request = b""
        while b"\r\n\r\n" not in request and (more := client.recv(4096)):
            request += more
        asked.append(request.split(b" ")[1].decode())
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while more := one.recv(65536):
            other.sendall(more)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def body(message: Mapping[str, str]) -> bytes:
    return json.dumps(message).encode()
