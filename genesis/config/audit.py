"""The configuration of signed checkpoints: how often, by whom, where they go, and what is archived of what they cover."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from genesis.config.secrets import MASK, Secret
from genesis.config.section import Section

AUDIT_NAME = "genesis-run"
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_MAIL = re.compile(r"[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+")


def check_origin(name: str) -> str:
    """``name`` itself, where it may begin the origin of checkpoints (c2sp.org/tlog-checkpoint).

    Raises:
        ValueError: it may not.
    """
    if not _ORIGIN.fullmatch(name):
        raise ValueError(f"expected letters, digits, dots, dashes and slashes such as example.com/desk, found '{name}'")
    return name


class _RemoteSection(Section, frozen=True):
    """How long somebody else's machine is waited for: ``timeout_s`` a try, ``attempts`` tries at one checkpoint.

    ``ca_file``: certificates (PEM) to trust in place of the system's.
    """

    timeout_s: Annotated[int, Meta(ge=1, le=60)] = 10
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    ca_file: str | None = None


class WebHookSection(_RemoteSection, frozen=True, kw_only=True):
    """Checkpoints are posted to ``url``, which is secret because a hook's address often is its key; ``token`` is sent as a bearer's.

    Raises:
        ValueError: an address that is not https, nor http to this machine itself.
    """

    url: Secret
    token: Secret | None = None

    def __post_init__(self) -> None:
        # A configuration that was shown loads again; where it is to publish, it is told that the address was masked.
        if self.url.reveal() == MASK:
            return
        parts = urlsplit(self.url.reveal())
        here = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
        if not parts.hostname or not (parts.scheme == "https" or here) or parts.username is not None:
            raise ValueError(
                "url: expected https://host/path without user and password, or http to 127.0.0.1, found another address"
            )


class MailSecurity(Enum):
    """How a mail server is spoken to; never in the open. ``tls``: from the first byte, ``starttls``: after the greeting."""

    TLS = "tls"
    STARTTLS = "starttls"


class MailSection(_RemoteSection, frozen=True, kw_only=True):
    """Checkpoints are mailed by ``host`` from ``sender`` to all of ``to``. ``port``: by default 465, with ``starttls`` 587.

    Raises:
        ValueError: an address with a line break or without an @, nobody to send to, or a user without a password.
    """

    host: str
    sender: str
    to: list[str]
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    security: MailSecurity = MailSecurity.TLS
    user: str | None = None
    password: Secret | None = None

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("to: expected one address or more, found none")
        for address in (self.sender, *self.to):
            if not _MAIL.fullmatch(address):
                raise ValueError(f"sender, to: expected addresses such as ann@example.com, found {address!r}")
        if (self.user is None) != (self.password is None):
            raise ValueError("user, password: expected both or neither, found one of them")


class PublishSection(Section, frozen=True):
    """Where signed checkpoints go: appended to ``file``, posted to a web hook, mailed."""

    file: str | None = None
    web_hook: WebHookSection | None = None
    mail: MailSection | None = None


class RetentionSection(Section, frozen=True, kw_only=True):
    """Entries older than ``days`` of engine time are moved into an archive in ``folder`` when a run ends."""

    days: Annotated[int, Meta(ge=1)]
    folder: str = "archives"


class AuditSection(Section, frozen=True):
    """Signed checkpoints (docs/AUDIT.md). They leave no trace in the run chain.

    ``keys`` is the folder of the signing key, which is made on first use. ``name`` begins the origin of the checkpoints.
    ``checkpoint_every``: entries between two of them, 0 for none while a run is at work. ``publish``: where they go; text alone is a file.
    ``retention``: how long entries stay in the store, ``None`` for ever.
    """

    keys: str = "keys"
    name: str = AUDIT_NAME
    checkpoint_every: Annotated[int, Meta(ge=0)] = 0
    publish: str | PublishSection | None = None
    retention: RetentionSection | None = None

    def __post_init__(self) -> None:
        check_origin(self.name)
        if self.retention is not None and not self.checkpoint_every:
            raise ValueError(
                "checkpoint_every: expected above 0 where retention is set, for only what was signed is archived, found 0"
            )

    @property
    def publishing(self) -> PublishSection:
        """Where checkpoints go, however it was written."""
        if isinstance(self.publish, PublishSection):
            return self.publish
        return PublishSection(file=self.publish)
