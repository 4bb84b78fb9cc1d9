"""The audit chain as its users and a third party meet it: the commands, the export, and its verifier in a bare Python."""

from __future__ import annotations

import hashlib
import json
import runpy
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import verify_inclusion
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof

from genesis.audit.checkpoint import notes_in
from genesis.audit.note import PublicKey
from genesis.clock import ManualClock
from genesis.storage.beside import beside
from genesis.storage.checkpoints import note_rotation
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system.archive import archive
from tests.kit.altered import RUN, operations_anew, signed_store
from tests.kit.factories import T0, note
from tests.kit.signing import check_signature
from tests.kit.signing import key_of as made_of
from tests.unit.cli.calling import ROOT, genesis, project

VERIFIER = ROOT / "genesis" / "system" / "templates" / "verify.py"
BARE = [sys.executable, "-I", "-S", "-E"]
# Flips a bit of every STEP-th byte of every file of an export, in one process that knows nothing but the verifier.
FLIPPER = """
import contextlib, functools, io, runpy, sys
from pathlib import Path

verifier = runpy.run_path(sys.argv[1])
# A signature that was judged once is judged the same again; most files are as they were.
its = verifier["verify"].__globals__
its["signed_by"] = functools.cache(its["signed_by"])
files = {str(p.relative_to(sys.argv[2])): p.read_bytes() for p in Path(sys.argv[2]).rglob("*") if p.is_file()}
key, step = verifier["parse_key"](files["keys.txt"].decode().splitlines()[0]), int(sys.argv[3])

def findings(changed):
    verifier["findings"].clear()
    with contextlib.redirect_stdout(io.StringIO()):
        verifier["attempt"]("export", verifier["verify"], changed, [key], None, None, [])
    return len(verifier["findings"])

assert not findings(dict(files)), verifier["findings"]
count = 0
for name, data in sorted(files.items()):
    for place in range(0, len(data), step):
        flipped = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
        if not findings({**files, name: flipped}):
            print("unseen:", name, place)
        count += 1
print(count)
"""


def bare(*args: object, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    """A Python without this project, without packages and without an environment."""
    return subprocess.run([*BARE, *map(str, args)], capture_output=True, text=True, cwd=cwd, env={}, timeout=1_200)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has run with checkpoints and published them; not to be changed."""
    folder = tmp_path_factory.mktemp("signed")
    config = project(folder)
    config.write_text(
        config.read_text() + "audit: {checkpoint_every: 60, name: example.com/desk, publish: published.txt}\n"
    )
    assert genesis("run", config).code == 0
    return folder


@pytest.fixture(scope="module")
def exported(signed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, unpacked; not to be changed."""
    folder = tmp_path_factory.mktemp("exported")
    assert genesis("audit", "export", signed / "genesis.db", "--out", folder / "audit.zip").code == 0
    with zipfile.ZipFile(folder / "audit.zip") as packed:
        packed.extractall(folder / "audit")
    return folder


@pytest.fixture
def store(signed: Path, tmp_path: Path) -> Path:
    """A copy that may be changed, with its key."""
    shutil.copytree(signed, tmp_path / "copy")
    return tmp_path / "copy" / "genesis.db"


def key_of(store: Path) -> str:
    with StoreReader(store) as reader:
        return reader.signing_keys()[0].key


# ---- the commands


def test_a_run_signs_its_chain_and_publishes(signed: Path) -> None:
    """At the interval and at the end; the file holds what the store holds, and the key only its owner reads."""
    with StoreReader(signed / "genesis.db") as reader:
        kept, length = [c.note for c in reader.checkpoints()], reader.head()[0]
    assert notes_in((signed / "published.txt").read_text()) == kept
    assert kept[-1].splitlines()[:2] == [key_of(signed / "genesis.db").partition("+")[0], str(length)]
    assert (signed / "keys" / "signing.pem").stat().st_mode & 0o777 == 0o600


def test_signing_leaves_the_run_as_it_is(signed: Path, tmp_path: Path) -> None:
    """The same run without checkpoints ends with the same head."""
    assert genesis("run", project(tmp_path)).code == 0
    with StoreReader(signed / "genesis.db") as one, StoreReader(tmp_path / "genesis.db") as other:
        assert one.head() == other.head()


def test_verify_is_told_what_was_kept(signed: Path) -> None:
    """Head, length, checkpoints and key of before; the old name of the command does the same."""
    store = signed / "genesis.db"
    with StoreReader(store) as reader:
        length, head = reader.head()
    keep = ("--head", head, "--length", length, "--checkpoint", signed / "published.txt", "--key", key_of(store))
    for command in (("audit", "verify"), ("verify",)):
        answer = genesis(*command, store, *keep)
        assert answer.code == 0
        assert f"verified: {length} entries, head {head}; all signed" in answer.out
        assert "the key is the one you kept" in answer.out
    assert "the key is the store's own word" in genesis("audit", "verify", store).out
    found = genesis("audit", "verify", store, *keep, "--json").json
    assert (found["entries"], found["head"], found["signed"], found["key_kept"], found["findings"]) == (
        length,
        head,
        length,
        True,
        [],
    )


def test_every_finding_is_in_one_answer_with_code_five(store: Path) -> None:
    """A changed entry, a changed table and another head: all of them, for people and for programs."""
    db = sqlite3.connect(store)
    with db:
        db.execute("UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'BUY', 'SLL') AS BLOB) WHERE seq = 2")
        db.execute("UPDATE trades SET pnl = '1000000' WHERE rowid = (SELECT min(rowid) FROM trades)")
    db.close()
    answer = genesis("audit", "verify", store, "--head", "00" * 32, "--json")
    assert answer.code == 5
    found = answer.json["findings"]
    assert {f["part"] for f in found} == {"run chain", "checkpoints", "projections"}
    assert {f["seq"] for f in found if f["part"] == "run chain"} == {2, answer.json["entries"]}
    assert json.loads(answer.err)["exit_code"] == 5
    text = genesis("audit", "verify", store)
    assert (text.code, "pnl: expected" in text.out, "found '1000000'" in text.out) == (5, True, True)
    assert text.error.endswith(f"found {len(found) - 1} findings")


def test_rebuild_puts_the_tables_right(store: Path) -> None:
    """What another hand changed in a table is made again from the entries, and the operations chain says so."""
    db = sqlite3.connect(store)
    with db:
        db.execute("UPDATE trades SET pnl = '1000000'")
    db.close()
    assert genesis("audit", "verify", store).code == 5
    assert genesis("audit", "rebuild", store).code == 0
    assert genesis("audit", "verify", store).code == 0
    with StoreReader(store) as reader:
        assert reader.operations()[-1].kind == "rebuild"


def test_show_and_search_find_entries(signed: Path) -> None:
    """By number, type, track, text and time; a limit says that there is more."""
    store = signed / "genesis.db"
    shown = genesis("audit", "show", store, 1, "--json").json
    assert shown["entry"]["type"] == "RunStarted"
    assert hashlib.sha256(b"\0" + shown["bytes"].encode()).hexdigest() == shown["leaf_hash"]
    assert "RunStarted" in genesis("audit", "show", store, 1).out
    fills = genesis("audit", "search", store, "--type", "OrderFilled", "--track", "own", "--limit", 0, "--json").json
    assert fills["entries"]
    assert {(e["type"], e["track"]) for e in fills["entries"]} == {("OrderFilled", "own")}
    first = fills["entries"][0]
    text = first["body"]["fill_id"]
    assert first["seq"] in [
        e["seq"] for e in genesis("audit", "search", store, "--text", text, "--json").json["entries"]
    ]
    early = genesis("audit", "search", store, "--until", "2022-12-01T02:00:00Z", "--limit", 0, "--json").json["entries"]
    late = genesis("audit", "search", store, "--since", "2022-12-01T02:00:00Z", "--limit", 0, "--json").json["entries"]
    with StoreReader(store) as reader:
        assert sorted(e["seq"] for e in (*early, *late)) == list(range(1, reader.head()[0] + 1))
    limited = genesis("audit", "search", store, "--limit", 2, "--json").json
    assert (len(limited["entries"]), limited["more"]) == (2, True)
    assert "more than 2" in genesis("audit", "search", store, "--limit", 2).out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("show", 0), "entry: expected 1 to"),
        (("prove", 100_000), "entry: expected 1 to"),
        (("verify", "--head", "abc"), "--head: expected 64 hexadecimal digits"),
        (("verify", "--key", "a+b+c"), "--key: expected a key as NAME+ID+BASE64"),
        (("verify", "--key", "none.txt"), "--key: none.txt: expected a readable file"),
        (("verify", "--checkpoint", "none.txt"), "--checkpoint: none.txt: expected a readable file"),
        (("checkpoint", "--name", "two words"), "--name: expected letters"),
        (("search", "--since", "yesterday"), "--since: expected an ISO 8601"),
    ],
)
def test_wrong_arguments_are_one_line_and_code_two(signed: Path, args: tuple[object, ...], words: str) -> None:
    """Each names the option and what was expected."""
    answer = genesis("audit", args[0], signed / "genesis.db", *args[1:])
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert words in answer.error


def test_a_store_that_nobody_signed_proves_nothing_until_it_is(tmp_path: Path) -> None:
    """The error says what to do; done, every entry can be proven."""
    assert genesis("run", project(tmp_path)).code == 0
    store = tmp_path / "genesis.db"
    assert "nothing is signed" in genesis("audit", "verify", store).out
    answer = genesis("audit", "prove", store, 3)
    assert (answer.code, "genesis audit checkpoint signs one" in answer.error) == (2, True)
    signed = genesis("audit", "checkpoint", store, "--publish", tmp_path / "out.txt", "--json").json
    assert (signed["new"], signed["published"]) == (True, 1)
    again = genesis("audit", "checkpoint", store, "--publish", tmp_path / "out.txt", "--json").json
    assert (again["new"], again["published"], again["note"]) == (False, 0, signed["note"])
    assert genesis("audit", "prove", store, 3).code == 0


def test_a_key_that_others_can_read_stops_signing_before_anything_runs(tmp_path: Path) -> None:
    """One line, code two, and the run has not begun."""
    config = project(tmp_path)
    config.write_text(config.read_text() + "audit: {checkpoint_every: 60}\n")
    assert genesis("run", config, "--until", "2022-12-01T02:00:00Z").code == 0
    (tmp_path / "keys" / "signing.pem").chmod(0o644)
    answer = genesis("run", config)
    assert (answer.code, "chmod 600" in answer.error) == (2, True)
    (tmp_path / "keys" / "signing.pem").chmod(0o600)
    assert genesis("run", config).code == 0
    assert "all signed" in genesis("audit", "verify", tmp_path / "genesis.db").out


def test_a_file_that_cannot_be_published_to_does_not_stop_the_run(tmp_path: Path) -> None:
    """It is told, and what did not go out goes out with the next checkpoint."""
    config = project(tmp_path)
    (tmp_path / "out").mkdir()
    config.write_text(config.read_text() + "audit: {checkpoint_every: 60, publish: out}\n")
    answer = genesis("run", config, "--until", "2022-12-02T00:00:00Z")
    assert answer.code == 0
    assert "checkpoint not published" in answer.err
    (tmp_path / "out").rmdir()
    assert genesis("run", config).code == 0
    with StoreReader(tmp_path / "genesis.db") as reader:
        assert notes_in((tmp_path / "out").read_text()) == [c.note for c in reader.checkpoints()]


def test_a_note_that_was_cut_off_in_the_published_file_spoils_no_other(store: Path) -> None:
    """A writer that was interrupted left half a note: what follows it reads as it was written."""
    published = store.parent / "published.txt"
    published.write_text(published.read_text()[:-40])
    assert genesis("audit", "checkpoint", store, "--publish", published, "--json").json["published"] == 1
    with StoreReader(store) as reader:
        assert notes_in(published.read_text())[-1] == reader.checkpoints()[-1].note
    answer = genesis("audit", "verify", store, "--checkpoint", published, "--json")
    assert [f["part"] for f in answer.json["findings"]] == ["kept outside"]


def test_a_rotated_key_goes_on_where_the_old_one_ended(store: Path) -> None:
    """The old key names the new one and is gone; who kept the old one can follow."""
    old_file = (store.parent / "keys" / "signing.pem").read_bytes()
    old = key_of(store)
    new = genesis("audit", "rotate-key", store, "--json").json["key"]
    assert new != old
    assert (store.parent / "keys" / "signing.pem").read_bytes() != old_file
    assert not (store.parent / "keys" / "signing-next.pem").exists()
    assert genesis("audit", "checkpoint", store, "--json").json["new"]
    for key in (old, new):
        assert "the key is the one you kept" in genesis("audit", "verify", store, "--key", key).out


# ---- a third party


def test_an_export_is_verified_in_a_bare_python(exported: Path, signed: Path) -> None:
    """Packed and unpacked, with the kept key and checkpoints; the verifier is the one in the archive, and short."""
    text = (exported / "audit" / "verify.py").read_text()
    assert text == VERIFIER.read_text()
    assert len(text.splitlines()) < 200
    for place in ("audit.zip", "audit"):
        done = bare(
            exported / "audit" / "verify.py",
            exported / place,
            "--key",
            key_of(signed / "genesis.db"),
            "--checkpoint",
            signed / "published.txt",
        )
        assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "sound", "")
    with StoreReader(signed / "genesis.db") as reader:
        length, head = reader.head()
    assert done.stdout.startswith(f"{length} entries, head {head}")
    kept = ("--head", head, "--length", length)
    assert bare(VERIFIER, exported / "audit.zip", *kept).returncode == 0
    assert bare(VERIFIER, exported / "audit.zip", "--length", length + 1).returncode == 1
    assert bare(VERIFIER, exported / "audit.zip", "--head", "00" * 32).returncode == 1


def test_the_bare_python_has_nothing_of_this_project() -> None:
    """Neither the package nor what it needs can be imported there."""
    for name in ("genesis", "msgspec", "cryptography"):
        assert "ModuleNotFoundError" in bare("-c", f"import {name}").stderr


def test_the_same_store_gives_the_same_archive(signed: Path, tmp_path: Path) -> None:
    """Byte for byte, whenever and wherever it is packed."""
    first, second = (archive(signed / "genesis.db", tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.sha256 == second.sha256 == hashlib.sha256((tmp_path / "b.zip").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a small store, unpacked."""
    folder = tmp_path_factory.mktemp("small")
    archive(signed_store(folder / "run.db"), folder / "audit.zip")
    with zipfile.ZipFile(folder / "audit.zip") as packed:
        packed.extractall(folder / "audit")
    return folder / "audit"


def flips(folder: Path, step: int) -> int:
    done = bare("-c", FLIPPER, VERIFIER, folder, step)
    *unseen, count = done.stdout.splitlines() or ["0"]
    assert (unseen, done.stderr) == ([], "")
    return int(count)


def test_an_export_altered_in_one_byte_is_found(small: Path) -> None:
    """A byte in 29 of every file, the verifier's own included. The slow suite alters every byte."""
    assert flips(small, 29) > 900


@pytest.mark.slow
def test_an_export_altered_in_any_byte_is_found(small: Path) -> None:
    """Every single byte of every file."""
    assert flips(small, 1) > 25_000


def test_an_archive_altered_in_one_byte_is_found_or_unpacks_the_same(small: Path, tmp_path: Path) -> None:
    """Bytes of the packing that no file is made of may change; what is unpacked is checked."""
    whole = (small.parent / "audit.zip").read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        altered = tmp_path / "altered.zip"
        altered.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        if bare(VERIFIER, altered).returncode == 0:
            with zipfile.ZipFile(altered) as packed:
                assert {n: packed.read(n) for n in packed.namelist()} == {
                    p.relative_to(small).as_posix(): p.read_bytes() for p in small.rglob("*") if p.is_file()
                }


@pytest.mark.parametrize("name", ["entries.jsonl", "keys.txt", "SHA256SUMS", "README.txt", "recomputation/report.py"])
def test_a_file_too_few_or_too_many_is_found(small: Path, tmp_path: Path, name: str) -> None:
    """Each is named."""
    shutil.copytree(small, tmp_path / "audit")
    (tmp_path / "audit" / "more.txt").write_text("")
    (tmp_path / "audit" / "recomputation" / "json.py").write_text("")
    (tmp_path / "audit" / name).unlink()
    done = bare(VERIFIER, tmp_path / "audit")
    assert done.returncode == 1
    assert "more.txt: expected no such file" in done.stdout
    assert "SHA256SUMS: not the file that is listed: recomputation/json.py" in done.stdout
    assert "SHA256SUMS" in done.stdout


def test_a_chain_of_another_author_is_found_by_the_kept_key(small: Path) -> None:
    """An export that is sound in itself is not the one whose key was kept."""
    done = bare(VERIFIER, small, "--key", PublicKey("desk/0101010101010101", made_of("a stranger").key))
    assert (done.returncode, "and a checkpoint under the kept key" in done.stdout) == (1, True)


def test_a_stranger_before_the_kept_key_is_found_by_the_verifier(tmp_path: Path) -> None:
    """Who keeps the second key of a store believes only what was signed since; a store in which that is nothing is told."""
    store = signed_store(tmp_path / "run.db")
    with beside(store) as db:
        key = note_rotation(db, made_of("desk"), made_of("new"), "desk-1", T0)
    archive(store, tmp_path / "before.zip")
    done = bare(VERIFIER, tmp_path / "before.zip", "--key", key)
    assert (done.returncode, "a checkpoint under the kept key" in done.stdout) == (1, True)
    with SqliteStore.open(store, ManualClock(T0), "desk-1") as opened:
        opened.journal.append(RUN)
        opened.journal.append([note()])
        opened.journal.commit()
        opened.sign("desk", made_of("new"), check_signature)
    archive(store, tmp_path / "after.zip")
    assert bare(VERIFIER, tmp_path / "after.zip", "--key", key).returncode == 0
    with StoreReader(store) as reader:
        first = reader.signing_keys()[0].key
    assert bare(VERIFIER, tmp_path / "after.zip", "--key", first).returncode == 0


def test_operations_written_anew_are_found_by_the_verifier(tmp_path: Path) -> None:
    """Who has no key makes the hashes of an altered start fit, and not what the checkpoints signed; a store that was put back from a backup stays sound with kept ones."""
    store, published = signed_store(tmp_path / "run.db"), tmp_path / "published.txt"
    with closing(sqlite3.connect(store)) as db, db:
        rows = db.execute("SELECT seq, bytes, hash FROM operations ORDER BY seq").fetchall()
        with StoreReader(store) as reader:
            published.write_text("".join(f"{c.note}\n" for c in reader.checkpoints()))
        db.execute("DELETE FROM operations WHERE seq > 3")
    archive(store, tmp_path / "before.zip")
    assert bare(VERIFIER, tmp_path / "before.zip", "--checkpoint", published).returncode == 0
    altered = operations_anew([(1, rows[0][1].replace(b"desk-1", b"desk-2"), b""), *rows[1:]])
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("DELETE FROM operations")
        db.executemany("INSERT INTO operations VALUES (?,?,?)", altered)
    archive(store, tmp_path / "audit.zip")
    done = bare(VERIFIER, tmp_path / "audit.zip")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        "checkpoint 1: not the 2 operations signed",
        "checkpoint 2: not the 3 operations signed",
        "checkpoint 3: not the 4 operations signed",
        "3 findings",
    ]


def test_a_proof_is_checked_by_others(signed: Path, tmp_path: Path) -> None:
    """By the verifier in a bare Python and by an independent library; altered anywhere it is refused."""
    store, out = signed / "genesis.db", tmp_path / "entry.tlog-proof"
    for seq in (1, 7, 60):
        told = genesis("audit", "prove", store, seq, "--out", out, "--force", "--json").json
        done = bare(VERIFIER, out, "--key", told["key"])
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "sound")
        assert told["bytes"] in done.stdout
        leaf = hashlib.sha256(b"\0" + told["bytes"].encode()).digest()
        path = [leaf, *map(bytes.fromhex, told["path"])]
        rule, _ = _inclusion_path_layout(seq, told["size"])
        theirs = InclusionProof("sha256", True, told["size"], seq, rule, path)
        verify_inclusion(leaf, bytes.fromhex(told["root"]), theirs, seq, told["size"])
    whole = out.read_bytes()
    for place in range(0, len(whole), len(whole) // 29):
        out.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert bare(VERIFIER, out, "--key", told["key"]).returncode == 1, place


# ---- the verifier's own arithmetic

FUNCTIONS: dict[str, Any] = runpy.run_path(str(VERIFIER))


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_the_verifiers_ed25519_knows_the_published_signatures(key: str, message: str, signature: str) -> None:
    """The vectors of RFC 8032, 7.1: right as they are, wrong with one bit changed anywhere."""
    holds = FUNCTIONS["signed_by"]
    public, said, made = (bytes.fromhex(t) for t in (key, message, signature))
    assert holds(public, said, made)
    assert not holds(public, said + b"x", made)
    for bit in range(0, 512, 37):
        changed = (int.from_bytes(made, "big") ^ 1 << bit).to_bytes(64, "big")
        assert not holds(public, said, changed)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_the_verifiers_ed25519_agrees_with_a_library(seed: bytes, message: bytes) -> None:
    """Whatever is signed, its signature holds; with S moved by the group's order, which says the same, it does not (RFC 8032, 5.1.7)."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert FUNCTIONS["signed_by"](key, message, signature)
    moved = int.from_bytes(signature[32:], "little") + FUNCTIONS["L"]
    if moved < 2**256:
        assert not FUNCTIONS["signed_by"](key, message, signature[:32] + moved.to_bytes(32, "little"))
