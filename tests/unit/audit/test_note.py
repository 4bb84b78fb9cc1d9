"""Signed notes, against the reference implementation's own values."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from genesis.audit.note import PublicKey, open_note, parse_key, parse_note, sign_note
from genesis.errors import IntegrityError
from genesis.system.keys import SigningKey
from tests.kit.signing import check_signature, key_of

# The key, text and note of the tests of Go's sumdb/note, which C2SP's signed-note describes.
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n\u2014 PeterNeumann {SIGNATURE}\n"
# The examples of the two specifications.
POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)


def test_the_reference_note_is_made_byte_for_byte() -> None:
    """From the published seed and text comes the published note."""
    signer = SigningKey(Ed25519PrivateKey.from_private_bytes(SEED))
    assert sign_note(TEXT, "PeterNeumann", signer) == NOTE
    assert str(PublicKey("PeterNeumann", signer.key)) == KEY


def test_the_reference_note_opens_under_its_key_and_under_no_other() -> None:
    """The published key opens it; a stranger's key and no key do not."""
    key = parse_key(KEY)
    assert open_note(NOTE, [key], check_signature) == (TEXT, [key])
    stranger = PublicKey("PeterNeumann", key_of("a stranger").key)
    for keys in ([stranger], []):
        with pytest.raises(IntegrityError, match=r"expected a signature of .*found those of PeterNeumann\+c74f20a3"):
            open_note(NOTE, keys, check_signature)


def test_a_text_may_have_empty_lines() -> None:
    """The specification's example: only the last empty line ends the text."""
    note = parse_note(POEM)
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert [s.name for s in note.signatures] == ["quasimodo.example/salvatore"]


@pytest.mark.parametrize("place", range(len(NOTE.encode())))
def test_no_byte_of_a_note_can_be_another(place: int) -> None:
    """Every byte changed in its lowest bit: it does not open, or it is no text."""
    data = NOTE.encode()
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    with pytest.raises((IntegrityError, UnicodeDecodeError)):
        open_note(changed.decode(), [parse_key(KEY)], check_signature)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    """A witness may sign beside; it neither helps nor hinders, and the same key twice counts once."""
    key = parse_key(KEY)
    witness = sign_note(TEXT, "witness.example", key_of("witness")).rpartition("\n\n")[2]
    line = f"\u2014 PeterNeumann {SIGNATURE}\n"
    for lines in (witness + line, line + witness, line + line):
        assert open_note(f"{TEXT}\n{lines}", [key], check_signature) == (TEXT, [key])


def test_a_wrong_signature_of_a_known_key_rejects_the_note() -> None:
    """Also where another known key's signature is right."""
    witness = PublicKey("witness.example", key_of("witness").key)
    other = sign_note("something else\n", "witness.example", key_of("witness")).rpartition("\n\n")[2]
    with pytest.raises(IntegrityError, match=r"expected a signature of witness\.example.*found another one"):
        open_note(NOTE + other, [parse_key(KEY), witness], check_signature)


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        f"{TEXT}\n- PeterNeumann {SIGNATURE}\n",
        f"{TEXT}\n\u2014 PeterNeumann {SIGNATURE}",
        f"{TEXT}\n\u2014 Peter+Neumann {SIGNATURE}\n",
        f"{TEXT}\n\u2014 PeterNeumann {SIGNATURE[:-1]}\n",
        f"{TEXT}\n\u2014 PeterNeumann x08gow==\n",
        f"{TEXT}\n\u2014 PeterNeumann {SIGNATURE} more\n",
        f"tab\there\n\n\u2014 PeterNeumann {SIGNATURE}\n",
        f"{TEXT}\n" + f"\u2014 PeterNeumann {SIGNATURE}\n" * 101,
    ],
)
def test_what_has_not_the_form_of_a_note_is_refused(note: str) -> None:
    """No text without signatures, no dash of another kind, no base64 of another spelling, no flood of signatures."""
    with pytest.raises(IntegrityError, match="expected"):
        parse_note(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        KEY.replace("c74f20a3", "c74f20a4"),
        KEY.replace("+ARpc", "+BRpc"),
        KEY + "AAAA",
        KEY.removeprefix("PeterNeumann"),
        KEY.replace("Peter", "Peter "),
        KEY.replace("PeterNeumann", "Peter.Neumann"),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Neither another id, kind, length nor name is taken."""
    with pytest.raises(IntegrityError, match="expected"):
        parse_key(text)


@pytest.mark.parametrize(
    ("text", "name"), [("no end", "a"), ("tab\t\n", "a"), ("t\n", "a b"), ("t\n", "a+b"), ("t\n", "")]
)
def test_what_cannot_stand_in_a_note_is_not_signed(text: str, name: str) -> None:
    """A line without an end, a control character, a name with a blank or a plus sign."""
    with pytest.raises(IntegrityError, match="expected"):
        sign_note(text, name, key_of("a"))
