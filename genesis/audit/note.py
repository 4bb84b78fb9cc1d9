"""Signed notes as C2SP defines them (c2sp.org/signed-note), signed with Ed25519. Pure: who signs and who checks is given.

A note is text that ends with a newline, an empty line, and a line for each signature: an em dash, a blank, the key's name, a blank,
and base64 of the key's id (4 bytes) and the signature. What is signed is the text with its last newline. A key is told to others as
``NAME+ID+BASE64``, the form in which tools for these notes take it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from genesis.errors import IntegrityError

ED25519 = b"\x01"
_KEY_BYTES, _SIGNATURE_BYTES, _ID_BYTES = 32, 64, 4
# Witnesses may sign as well; a note with more signatures than anybody has a use for is not gone through.
_MOST_SIGNATURES = 100
_LINE = "\u2014 "

# (public key, message, signature): whether the signature is that key's over the message.
Check = Callable[[bytes, bytes, bytes], bool]


class PublicKey(msgspec.Struct, frozen=True):
    """A key by which notes are checked: its name, and 32 bytes of Ed25519 (RFC 8032)."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        """First 4 bytes of SHA-256 over the name, a newline, the kind of signature (0x01) and the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.key).decode()}"


class Signer(Protocol):
    """Whoever holds a private key."""

    @property
    def key(self) -> bytes:
        """The public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        ...


class NoteSignature(msgspec.Struct, frozen=True):
    """One line under a note."""

    name: str
    id: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A note as it reads; nothing of it has been checked."""

    text: str
    signatures: tuple[NoteSignature, ...]


def parse_key(text: str) -> PublicKey:
    """The key that ``NAME+ID+BASE64`` tells.

    Raises:
        IntegrityError: another form, another kind of key, or an id that is not that key's.
    """
    name, _, rest = text.strip().partition("+")
    told, _, encoded = rest.partition("+")
    data = _bytes(encoded)
    if not _is_name(name) or data is None or data[:1] != ED25519 or len(data) != 1 + _KEY_BYTES:
        raise IntegrityError(f"expected a key as NAME+ID+BASE64 of kind Ed25519, found {text.strip()[:120]!r}")
    key = PublicKey(name, data[1:])
    if key.id.hex() != told:
        raise IntegrityError(f"key {name}: expected the id {key.id.hex()} of its bytes, found {told!r}")
    return key


def sign_note(text: str, name: str, signer: Signer) -> str:
    """The note with one signature, under the key's ``name``.

    Raises:
        IntegrityError: the text or the name cannot stand in a note.
    """
    if not _is_name(name):
        raise IntegrityError(f"key name: expected some text without blanks and plus signs, found {name!r}")
    if not text.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in text):
        raise IntegrityError(f"note: expected lines of text, the last one ended, found {text[:60]!r}")
    line = base64.b64encode(PublicKey(name, signer.key).id + signer.sign(text.encode())).decode()
    return f"{text}\n{_LINE}{name} {line}\n"


def parse_note(note: str) -> Note:
    """The parts of a note.

    Raises:
        IntegrityError: it has not the form of one.
    """
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in note):
        raise IntegrityError(f"expected a signed note: text, an empty line, signatures; found {note[:60]!r}")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > _MOST_SIGNATURES:
        raise IntegrityError(f"note: expected at most {_MOST_SIGNATURES} signatures, found {len(signatures)}")
    return Note(text + "\n", signatures)


def open_note(note: str, keys: Iterable[PublicKey], check: Check) -> tuple[str, list[PublicKey]]:
    """The text of a note that one of ``keys`` signed, and which of them did. Signatures of other keys are passed over.

    Raises:
        IntegrityError: no note, no signature of these keys, or one of theirs that is wrong.
    """
    parsed = parse_note(note)
    known = {(k.name, k.id): k for k in keys}
    signed: list[PublicKey] = []
    for line in parsed.signatures:
        key = known.get((line.name, line.id))
        if key is None or key in signed:
            continue
        if not check(key.key, parsed.text.encode(), line.signature):
            raise IntegrityError(f"expected a signature of {key} over the text, found another one")
        signed.append(key)
    if not signed:
        found = ", ".join(f"{s.name}+{s.id.hex()}" for s in parsed.signatures)
        wanted = ", ".join(f"{n}+{i.hex()}" for n, i in known) or "a known key, of which there are none"
        raise IntegrityError(f"expected a signature of {wanted}, found those of {found}")
    return parsed.text, signed


def _signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_LINE).partition(" ")
    data = _bytes(encoded)
    if not line.startswith(_LINE) or not _is_name(name) or data is None or len(data) <= _ID_BYTES:
        raise IntegrityError(f"expected a line of signature: em dash, name, base64; found {line[:120]!r}")
    return NoteSignature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def _bytes(encoded: str) -> bytes | None:
    """What standard base64 stands for; ``None`` where it is none, or not the one way of writing it."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == encoded else None
