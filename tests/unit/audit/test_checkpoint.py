"""Checkpoints and proofs as their specifications write them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.audit.checkpoint import (
    Checkpoint,
    Proof,
    endorsement,
    is_proven,
    notes_in,
    origin_of,
    parse_checkpoint,
    parse_proof,
    proof_text,
    rotation_text,
)
from genesis.audit.merkle import inclusion_path, leaf_hash, tree_root
from genesis.audit.note import PublicKey, open_note
from genesis.audit.verify import Place
from genesis.errors import IntegrityError
from tests.kit.signing import check_signature, key_of

# The example of c2sp.org/tlog-checkpoint.
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ENTRIES = [b'{"n":%d}' % i for i in range(7)]
LEAVES = [leaf_hash(e) for e in ENTRIES]


def signed(size: int) -> str:
    return Checkpoint("desk/1", size, tree_root(LEAVES[:size])).signed(key_of("desk"))


def test_a_checkpoint_reads_and_writes_as_specified() -> None:
    """The specification's example, there and back."""
    found = parse_checkpoint(EXAMPLE)
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert found == Checkpoint("example.com/behind-the-sofa", 20852163, root)
    assert found.text() == EXAMPLE
    assert parse_checkpoint(EXAMPLE + "an extension\n") == found


def test_the_operations_chain_stands_in_a_line_of_extension() -> None:
    """Length and head, under the name of its hashes; whoever does not know the line reads the same tree."""
    place = Place(7, bytes(range(32)))
    text = Checkpoint("desk/1", 7, LEAVES[0], place).text()
    assert text.splitlines()[3] == "genesis.operations-chain.1 7 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert parse_checkpoint(text) == Checkpoint("desk/1", 7, LEAVES[0], place)
    for wrong in (text.replace(" 7 A", " x A"), text.replace("AAEC", "AAE"), text.replace(" 7 A", " 7  A")):
        with pytest.raises(IntegrityError, match="checkpoint of desk/1: "):
            parse_checkpoint(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        EXAMPLE[:-1],
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "\u0663"),
        EXAMPLE.replace("20852163", ""),
        EXAMPLE.replace("q2I=", "q2J="),
        EXAMPLE.replace("CsUY", ""),
        EXAMPLE + "\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Sizes have one spelling, roots 32 bytes in one spelling, lines are not empty."""
    with pytest.raises(IntegrityError, match="expected"):
        parse_checkpoint(text)


def test_the_origin_names_the_run_and_the_key_signs_under_it() -> None:
    """Two runs under one key are two logs: their origins, and so the names and ids of their keys, differ."""
    one, other = (origin_of("desk", bytes([n]) * 32) for n in (1, 2))
    assert (one, other) == ("desk/0101010101010101", "desk/0202020202020202")
    assert PublicKey(one, key_of("a").key).id != PublicKey(other, key_of("a").key).id
    note = Checkpoint(one, 1, LEAVES[0]).signed(key_of("a"))
    with pytest.raises(IntegrityError, match="expected a signature of"):
        open_note(note, [PublicKey(other, key_of("a").key)], check_signature)


@pytest.mark.parametrize("index", range(7))
def test_a_proof_is_written_and_read_and_holds(index: int) -> None:
    """Every entry is proven under the checkpoint, and under no other's root."""
    proof = Proof(ENTRIES[index], index, tuple(inclusion_path(LEAVES, index)), signed(7))
    text = proof_text(proof)
    assert text.startswith(
        f"c2sp.org/tlog-proof@v1\nextra {base64.b64encode(ENTRIES[index]).decode()}\nindex {index}\n"
    )
    assert text.endswith(f"\n\n{signed(7)}")
    assert parse_proof(text) == proof
    assert is_proven(proof, Checkpoint("desk/1", 7, tree_root(LEAVES)))
    assert not is_proven(proof, Checkpoint("desk/1", 7, tree_root(LEAVES[:6])))
    assert not is_proven(Proof(b"{}", index, proof.path, proof.checkpoint), Checkpoint("desk/1", 7, tree_root(LEAVES)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("extra ", "more "),
        ("index 3", "index x"),
        ("index 3", "3"),
        ("extra ey", "extra e"),
        ("=\n", "\n"),
    ],
)
def test_what_is_no_proof_is_refused(old: str, new: str) -> None:
    """Another version, no entry, no index, half a hash."""
    text = proof_text(Proof(ENTRIES[3], 3, tuple(inclusion_path(LEAVES, 3)), signed(7)))
    assert old in text
    with pytest.raises(IntegrityError, match="expected"):
        parse_proof(text.replace(old, new, 1))


def test_a_key_names_the_one_that_follows() -> None:
    """The note says the new key, under the old one's signature."""
    new = PublicKey("desk/1", key_of("new").key)
    note = endorsement(new, "desk/1", key_of("old"))
    text, _ = open_note(note, [PublicKey("desk/1", key_of("old").key)], check_signature)
    assert text == rotation_text(new) == f"genesis.key-rotation.1\n{new}\n"


@given(st.lists(st.integers(1, 7), max_size=6), st.lists(st.sampled_from(["", "\n"]), min_size=6, max_size=6))
def test_a_file_of_notes_reads_as_the_notes(sizes: list[int], between: list[str]) -> None:
    """Whether an empty line stands between them or not."""
    notes = [signed(n) for n in sizes]
    assert notes_in("".join(n + b for n, b in zip(notes, between, strict=False))) == notes


def test_a_note_that_was_cut_off_is_handed_over_as_it_is() -> None:
    """So that whoever opens it finds it out, while those before it are whole."""
    text = signed(3) + signed(4)[:-20]
    assert notes_in(text) == [signed(3), signed(4)[:-20]]
