"""Servers of this machine for whoever sends something: a web hook and a mail server over TLS, with a certificate that nobody else trusts."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file, signed by itself."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    path = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


class Hook:
    """What a web hook was sent, and what it answers: ``status``, after ``delay_s``."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.status, self.delay_s = 200, 0.0
        self.requests: list[tuple[str, dict[str, str], str]] = []
        self.released = threading.Event()

    @property
    def notes(self) -> str:
        """All bodies that were taken, one after the other."""
        return "".join(body for _, _, body in self.requests)


@contextmanager
def web_hook(pem: Path | None = None) -> Iterator[Hook]:
    """A web hook; over TLS where there is a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            hook.released.wait(hook.delay_s)
            if hook.status < 300:
                hook.requests.append((self.path, dict(self.headers), body))
            with suppress(OSError):
                self.send_response(hook.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if pem is not None:
        server.socket = _server_side(pem).wrap_socket(server.socket, server_side=True)
        scheme = "https"
    hook = Hook(f"{scheme}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.released.set()
        server.shutdown()
        server.server_close()


class Post:
    """A mail server's port, the logins that it saw, and the mails that it took: receivers, subject, text."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.password = "right"
        self.logins: list[tuple[str, str]] = []
        self.mails: list[tuple[list[str], str, str]] = []


@contextmanager
def mail_server(pem: Path, starttls: bool) -> Iterator[Post]:
    """A mail server that speaks as much of RFC 5321, 3207 and 4954 as takes one mail a connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    post = Post(listening.getsockname()[1])

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with suppress(OSError, ValueError), connection:
                    _Session(connection, post, pem, starttls).run()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield post
    finally:
        listening.close()


class _Session:
    def __init__(self, connection: socket.socket, post: Post, pem: Path, starttls: bool) -> None:
        self._post, self._pem = post, pem
        self._in_the_open = starttls
        self._connection: socket.socket = connection
        if not starttls:
            self._encrypt()
        self._file = self._connection.makefile("rb")
        self._to: list[str] = []

    def _encrypt(self) -> None:
        self._connection = _server_side(self._pem).wrap_socket(self._connection, server_side=True)

    def _say(self, text: str) -> None:
        self._connection.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self._say("220 here")
        while line := self._file.readline().decode().strip():
            verb = line.upper().split()[0]
            if verb == "EHLO":
                self._say("250-here\r\n250 STARTTLS" if self._in_the_open else "250-here\r\n250 AUTH PLAIN")
            elif verb == "STARTTLS":
                self._say("220 go ahead")
                self._encrypt()
                self._file, self._in_the_open = self._connection.makefile("rb"), False
            elif self._in_the_open:
                self._say("530 expected STARTTLS first")
            elif verb == "AUTH":
                _, user, password = base64.b64decode(line.split()[-1]).decode().split("\0")
                self._post.logins.append((user, password))
                # A server that repeats what it was told must not put it into anybody's error.
                self._say("235 welcome" if password == self._post.password else f"535 not with {password}")
            elif verb == "RCPT":
                self._to.append(line.partition("<")[2].partition(">")[0])
                self._say("250 yes")
            elif verb == "DATA":
                self._say("354 go on")
                self._take()
                self._say("250 taken")
            else:
                self._say("221 bye" if verb == "QUIT" else "250 yes")

    def _take(self) -> None:
        data = b""
        while (line := self._file.readline()) != b".\r\n":
            data += line.removeprefix(b".")
        mail = message_from_bytes(data, policy=policy.default)
        self._post.mails.append((self._to, str(mail["Subject"]), mail.get_content()))


def _server_side(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
