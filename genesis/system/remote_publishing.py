"""Checkpoints sent to somebody else's machine: posted to a web hook, or mailed. Nothing secret is in any error.

What a destination is called in logs and in the operations chain is its host or its receivers; a web hook's path and query are as secret as its token.
"""

from __future__ import annotations

import http.client
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from genesis.audit.checkpoint import parse_checkpoint
from genesis.audit.note import parse_note
from genesis.config.schema import MailSection, MailSecurity, PublishSection, WebHookSection
from genesis.config.secrets import MASK
from genesis.errors import StorageError

_ANSWER_BYTES = 64 * 1024
_PORTS = {MailSecurity.TLS: 465, MailSecurity.STARTTLS: 587}


class Destination(Protocol):
    """Where checkpoints can be sent."""

    @property
    def name(self) -> str:
        """What it is called; nothing of it is secret."""
        ...

    @property
    def attempts(self) -> int:
        """How often one sending is tried."""
        ...

    def send(self, notes: Sequence[str]) -> None:
        """Hand over signed notes, all or none; it returns when the other side has taken them.

        Raises:
            StorageError: it did not, as far as is known here. Sent again they may arrive twice, which says nothing new.
        """
        ...


class WebHook:
    """Posts notes as text, one after the other with an empty line between, as a published file holds them.

    Any answer of 200 to 299 says that they were taken. A redirection is not followed: the token is for one host.
    """

    def __init__(self, section: WebHookSection, folder: Path) -> None:
        self._section, self._folder = section, folder
        self._parts = urlsplit(section.url.reveal())
        self.name = f"web hook {self._parts.hostname}"
        self.attempts = section.attempts

    def send(self, notes: Sequence[str]) -> None:
        """As the protocol says."""
        section, parts = self._section, self._parts
        if section.url.reveal() == MASK:
            raise StorageError("audit.publish.web_hook.url: expected an address, found one that was masked")
        headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "genesis"}
        if section.token is not None:
            headers["Authorization"] = f"Bearer {section.token.reveal()}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection = self._connection()
            try:
                connection.request("POST", target, "".join(f"{n}\n" for n in notes).encode(), headers)
                answer = connection.getresponse()
                answer.read(_ANSWER_BYTES)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise StorageError(f"{self.name}: expected an answer, found: {_found(error)}") from None
        if not 200 <= answer.status < 300:
            raise StorageError(f"{self.name}: expected status 200 to 299, found {answer.status}")

    def _connection(self) -> http.client.HTTPConnection:
        host, port, wait = self._parts.hostname or "", self._parts.port, self._section.timeout_s
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=wait)
        context = _context(self._section.ca_file, self._folder)
        return http.client.HTTPSConnection(host, port, timeout=wait, context=context)


class Mail:
    """Mails notes, all of one sending in one mail, over a connection that is encrypted before anything is said."""

    def __init__(self, section: MailSection, folder: Path) -> None:
        self._section, self._folder = section, folder
        self.name = f"mail to {', '.join(section.to)}"
        self.attempts = section.attempts

    def send(self, notes: Sequence[str]) -> None:
        """As the protocol says."""
        section = self._section
        try:
            with self._connection() as server:
                if section.user is not None and section.password is not None:
                    server.login(section.user, section.password.reveal())
                refused = server.send_message(self._message(notes), section.sender, section.to)
        except smtplib.SMTPResponseException as error:
            # The text of an answer is the server's, and may repeat what it was told.
            raise StorageError(
                f"{self.name}: expected {section.host} to take the mail, found status {error.smtp_code}"
            ) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise StorageError(
                f"{self.name}: expected {section.host} to take the mail, found: {_found(error)}"
            ) from None
        if refused:
            raise StorageError(f"{self.name}: expected all receivers to be taken, found {', '.join(refused)} refused")

    def _connection(self) -> smtplib.SMTP:
        section = self._section
        context = _context(section.ca_file, self._folder)
        port = section.port or _PORTS[section.security]
        if section.security is MailSecurity.TLS:
            return smtplib.SMTP_SSL(section.host, port, timeout=section.timeout_s, context=context)
        server = smtplib.SMTP(section.host, port, timeout=section.timeout_s)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, notes: Sequence[str]) -> EmailMessage:
        last = parse_checkpoint(parse_note(notes[-1]).text)
        message = EmailMessage()
        message["Subject"] = f"checkpoint of {last.origin}: {last.size} entries"
        message["From"], message["To"] = self._section.sender, ", ".join(self._section.to)
        # Base64 keeps every byte of a note, whatever servers on the way do to lines.
        message.set_content("".join(f"{n}\n" for n in notes), cte="base64")
        return message


def destinations(publish: PublishSection, folder: Path) -> list[Destination]:
    """Those that are configured; relative paths are relative to ``folder``."""
    found: list[Destination] = []
    if publish.web_hook is not None:
        found.append(WebHook(publish.web_hook, folder))
    if publish.mail is not None:
        found.append(Mail(publish.mail, folder))
    return found


def _context(ca_file: str | None, folder: Path) -> ssl.SSLContext:
    """Certificates and host names are checked, always."""
    context = ssl.create_default_context(cafile=None if ca_file is None else str(folder / ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _found(error: Exception) -> str:
    """What went wrong, without anything that was sent or received."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"a certificate that is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, smtplib.SMTPException):
        return error.strerror.lower()
    return type(error).__name__
