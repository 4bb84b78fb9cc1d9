"""Checkpoints: a chain's length and Merkle root, signed (c2sp.org/tlog-checkpoint), and proofs under them (c2sp.org/tlog-proof). Pure.

The *origin* names one run chain: a name the operator chose and the beginning of the first entry's hash, so that two runs signed with
one key are two logs. It is also the name under which the key signs.
"""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from genesis.audit.chain import OPERATIONS_DOMAIN
from genesis.audit.merkle import HASH_BYTES, leaf_hash, root_by_inclusion
from genesis.audit.note import PublicKey, Signer, sign_note
from genesis.audit.verify import Place
from genesis.errors import IntegrityError

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_ROTATION_HEADER = "genesis.key-rotation.1"
_ID_DIGITS = 16
_OPERATIONS = OPERATIONS_DOMAIN.decode().rstrip("\0") + " "
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


class Checkpoint(msgspec.Struct, frozen=True):
    """What is signed: the first ``size`` entries of ``origin`` have this Merkle ``root`` (32 bytes).

    ``operations`` is where the operations chain stood then, which is signed along; ``None`` in checkpoints of earlier development versions.
    """

    origin: str
    size: int
    root: bytes
    operations: Place | None = None

    def text(self) -> str:
        """The three lines of a checkpoint, and the operations chain as a line of extension."""
        lines = f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        if self.operations is None:
            return lines
        return f"{lines}{_OPERATIONS}{self.operations.length} {base64.b64encode(self.operations.head).decode()}\n"

    def signed(self, signer: Signer) -> str:
        """The checkpoint as a signed note."""
        return sign_note(self.text(), self.origin, signer)


class Proof(msgspec.Struct, frozen=True):
    """That ``entry`` is leaf ``index`` (from 0) of the tree that ``checkpoint``, a signed note, tells of."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: str


def origin_of(name: str, first_hash: bytes) -> str:
    """The origin of the run whose first entry has the chain hash ``first_hash``."""
    return f"{name}/{first_hash.hex()[:_ID_DIGITS]}"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text tells. Lines after the third say nothing about the tree; those that are not ours are passed over.

    Raises:
        IntegrityError: it has not the form of one.
    """
    lines = text.split("\n")
    if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
        raise IntegrityError(f"expected a checkpoint of at least three lines, none of them empty, found {text[:80]!r}")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")):
        raise IntegrityError(f"checkpoint of {origin}: expected a size in decimal digits, found {size[:40]!r}")
    places = [_operations(line, origin) for line in lines[3:-1] if line.startswith(_OPERATIONS)]
    return Checkpoint(origin, int(size), _hash(root, f"checkpoint of {origin}"), places[0] if places else None)


def _operations(line: str, origin: str) -> Place:
    length, _, head = line.removeprefix(_OPERATIONS).partition(" ")
    if not (length.isascii() and length.isdigit()):
        raise IntegrityError(
            f"checkpoint of {origin}: expected a count of operations in decimal digits, found {length[:40]!r}"
        )
    return Place(int(length), _hash(head, f"checkpoint of {origin}: operations"))


def proof_text(proof: Proof) -> str:
    """A proof as a file: the entry itself stands in the line for extra data."""
    lines = [PROOF_HEADER, f"extra {base64.b64encode(proof.entry).decode()}", f"index {proof.index}"]
    lines += [base64.b64encode(p).decode() for p in proof.path]
    return "\n".join([*lines, "", proof.checkpoint])


def parse_proof(text: str) -> Proof:
    """The proof that a file holds.

    Raises:
        IntegrityError: it has not the form of one, or holds no entry.
    """
    head, _, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 3 or lines[0] != PROOF_HEADER:
        raise IntegrityError(f"expected a proof that begins with {PROOF_HEADER}, found {text[:60]!r}")
    extra, index = lines[1].removeprefix("extra "), lines[2].removeprefix("index ")
    if extra == lines[1] or index == lines[2] or not (index.isascii() and index.isdigit()):
        raise IntegrityError(f"proof: expected a line for extra data and one for the index, found {lines[1:3]}")
    try:
        entry = base64.b64decode(extra, validate=True)
    except (binascii.Error, ValueError):
        raise IntegrityError(f"proof: expected the entry in base64, found {extra[:60]!r}") from None
    return Proof(entry, int(index), tuple(_hash(line, "proof") for line in lines[3:]), checkpoint)


def is_proven(proof: Proof, checkpoint: Checkpoint) -> bool:
    """Whether the proof's entry stands at its place in the tree of ``checkpoint``, whose signature is for the caller to check."""
    return root_by_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.path) == checkpoint.root


def rotation_text(following: PublicKey) -> str:
    """What a key signs to name the one that follows it."""
    return f"{_ROTATION_HEADER}\n{following}\n"


def endorsement(following: PublicKey, name: str, signer: Signer) -> str:
    """The note by which the holder of ``signer`` names the key that follows."""
    return sign_note(rotation_text(following), name, signer)


def notes_in(text: str) -> list[str]:
    """The signed notes of a file to which checkpoints were appended one after another, each as it was written.

    A note ends with the last of its lines of signature; what stands after the last one is handed over as a note too, so that a cut
    file is judged by whoever opens it.
    """
    notes: list[str] = []
    lines: list[str] = []
    signatures = False
    for line in _LINES.findall(text):
        is_signature = line.startswith("\u2014 ")
        if signatures and not is_signature:
            notes.append("".join(lines))
            lines = []
            if line == "\n":
                signatures = False
                continue
        signatures = is_signature
        lines.append(line)
    return [*notes, "".join(lines)] if lines else notes


def _hash(encoded: str, of: str) -> bytes:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != HASH_BYTES or base64.b64encode(data).decode() != encoded:
        raise IntegrityError(f"{of}: expected a hash of {HASH_BYTES} bytes in base64, found {encoded[:60]!r}")
    return data
