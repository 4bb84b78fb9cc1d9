"""Old entries in an archive: the store stays provable, the archive proves itself, and nothing is lost on the way there or back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from genesis.audit.checkpoint import is_proven, parse_checkpoint, parse_proof
from genesis.audit.note import parse_note
from genesis.storage.sqlite import StoreReader
from tests.unit.cli.calling import Answer, genesis, project

BARE = [sys.executable, "-I", "-S", "-E"]
HALF = "2022-12-01T14:00:00Z"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has run with checkpoints, and published them; not to be changed."""
    folder = tmp_path_factory.mktemp("signed")
    config = project(folder)
    config.write_text(config.read_text() + "audit: {checkpoint_every: 20, publish: published.txt}\n")
    for until in (HALF, "2022-12-01T18:00:00Z"):
        assert genesis("run", config, "--until", until).code == 0
    assert genesis("run", config).code == 0
    return folder


@pytest.fixture
def store(signed: Path, tmp_path: Path) -> Path:
    """A copy that may be changed, with its key and the first archive still to be made."""
    shutil.copytree(signed, tmp_path / "copy")
    return tmp_path / "copy" / "genesis.db"


def archived(store: Path, name: str = "old.zip", before: str = "2022-12-01T16:00:00Z", *more: object) -> Path:
    out = store.parent / name
    answer = genesis("audit", "archive", store, "--before", before, "--to", out, *more)
    assert answer.code == 0, answer.err
    return out


def entries(store: Path) -> list[tuple[int, bytes, bytes]]:
    db = sqlite3.connect(store)
    try:
        return db.execute("SELECT seq, bytes, hash FROM entries ORDER BY seq").fetchall()
    finally:
        db.close()


def tables(store: Path) -> dict[str, list[tuple[object, ...]]]:
    db = sqlite3.connect(store)
    try:
        return {t: db.execute(f"SELECT * FROM {t}").fetchall() for t in ("orders", "fills", "trades", "samples")}
    finally:
        db.close()


def moved(store: Path) -> int:
    with StoreReader(store) as reader:
        gone = reader.archived()
    assert gone is not None
    return gone.entries


def verified(store: Path, *more: object) -> Answer:
    return genesis("audit", "verify", store, *more)


def test_the_store_keeps_its_hashes_and_tables_and_the_archive_the_bytes(store: Path) -> None:
    """Every hash, the first entry, all that came after the checkpoint; the bytes of the others are in the archive."""
    before, kept, head = entries(store), tables(store), genesis("status", store, "--json").json["head"]
    out = archived(store)
    after, n = entries(store), moved(store)
    assert 20 < n < len(before)
    assert [(s, h) for s, _, h in after] == [(s, h) for s, _, h in before]
    assert [b for s, b, _ in after if s == 1 or s > n] == [b for s, b, _ in before if s == 1 or s > n]
    assert {b for s, b, _ in after if 1 < s <= n} == {b""}
    with zipfile.ZipFile(out) as packed:
        assert packed.read("entries.jsonl").splitlines() == [b for s, b, _ in before if s <= n]
    assert (tables(store), genesis("status", store, "--json").json["head"]) == (kept, head)


def test_the_store_lets_go_only_of_what_is_on_the_disk_under_its_name(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content and name: when the folder is synced last, before a power cut may come, the archive stands there and every entry is in the store still."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs Linux: to see which file is synced")
    synced: list[tuple[bool, int]] = []
    real = os.fsync

    def noted(number: int) -> None:
        real(number)
        if os.readlink(f"/proc/self/fd/{number}") == str(store.parent):
            held = sum(bool(entry) for _, entry, _ in entries(store))
            synced.append(((store.parent / "old.zip").exists(), held))

    monkeypatch.setattr("os.fsync", noted)
    whole = len(entries(store))
    archived(store)
    assert synced == [(True, whole)]
    assert sum(bool(entry) for _, entry, _ in entries(store)) < whole


def test_an_archive_that_a_killed_call_left_is_taken_and_another_file_is_not(store: Path) -> None:
    """What stands there must be, byte for byte, what would be written: then the same command ends what it began."""
    shutil.copytree(store.parent, store.parent.with_name("before"))
    out = archived(store)
    left, again = out.read_bytes(), store.parent.with_name("before") / "genesis.db"
    (again.parent / "old.zip").write_bytes(left[:-1] + b"x")
    words = ("audit", "archive", again, "--before", "2022-12-01T16:00:00Z", "--to", again.parent / "old.zip")
    refused = genesis(*words)
    assert (refused.code, "or the archive that is made now" in refused.error) == (2, True)
    assert all(entry for _, entry, _ in entries(again))
    (again.parent / "old.zip").write_bytes(left)
    assert genesis(*words).code == 0
    assert moved(again) == moved(store)
    assert verified(again, "--archive", again.parent / "old.zip").code == 0


def test_the_archive_proves_itself_in_a_bare_python(store: Path, tmp_path: Path) -> None:
    """Its own verifier finds it sound under the kept key; one altered byte of an old entry is found by it, and by the store."""
    with StoreReader(store) as reader:
        key = reader.signing_keys()[0].key
    out = archived(store)
    with zipfile.ZipFile(out) as packed:
        packed.extractall(tmp_path / "archive")
    done = subprocess.run(
        [*BARE, tmp_path / "archive" / "verify.py", out, "--key", key], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "sound")
    lines = (tmp_path / "archive" / "entries.jsonl").read_bytes()
    (tmp_path / "archive" / "entries.jsonl").write_bytes(lines.replace(b'"BUY"', b'"BUX"', 1))
    again = subprocess.run(
        [*BARE, tmp_path / "archive" / "verify.py", tmp_path / "archive", "--key", key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    with zipfile.ZipFile(tmp_path / "altered.zip", "w") as packed:
        for path in (tmp_path / "archive").rglob("*.*"):
            packed.write(path, path.relative_to(tmp_path / "archive"))
    answer = verified(store, "--archive", tmp_path / "altered.zip")
    assert (answer.code, "found one with the digest" in answer.error) == (5, True)


def test_verify_says_what_lies_in_the_archive_and_with_it_looks_at_everything(store: Path) -> None:
    """Without it: sound, and what could not be looked at. With it: every entry, every checkpoint and every table."""
    length = len(entries(store))
    out, published = archived(store, before="2022-12-01T20:00:00Z"), store.parent / "published.txt"
    n = moved(store)
    alone = verified(store, "--checkpoint", published)
    assert alone.code == 0
    assert f"entries 2 to {n} lie in the archive old.zip (SHA-256 " in alone.out
    assert "tables are compared only where every entry is there" in alone.out
    assert f"checkpoints over fewer than {n} entries" in alone.out
    whole = verified(store, "--checkpoint", published, "--archive", out)
    assert whole.code == 0
    assert "not looked at" not in whole.out
    assert f"verified: {length} entries" in whole.out
    assert f"the first {n} read from the archive old.zip" in whole.out
    assert genesis("verify", store, "--json").json["unseen"] != []


@pytest.mark.parametrize(
    ("change", "part", "alone"),
    [
        (
            "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'own', 'owm') AS BLOB) WHERE seq = {after}",
            "run chain",
            True,
        ),
        ("UPDATE entries SET bytes = x'' WHERE seq = {after}", "run chain", True),
        ("DELETE FROM entries WHERE seq = {within}", "run chain", True),
        ("UPDATE entries SET hash = zeroblob(32) WHERE seq = {n}", "run chain", True),
        ("UPDATE entries SET hash = zeroblob(31) WHERE seq = {within}", "run chain", True),
        ("UPDATE entries SET hash = zeroblob(32) WHERE seq = {within}", "run chain", False),
        ("UPDATE fills SET last_px = '1' WHERE seq = (SELECT min(seq) FROM fills)", "projections", False),
    ],
)
def test_what_was_altered_after_archiving_is_found(store: Path, change: str, part: str, alone: bool) -> None:
    """In the kept part by the store alone; in what was archived at the latest with the archive beside it."""
    out, n = archived(store), moved(store)
    db = sqlite3.connect(store)
    with db:
        db.execute(change.format(n=n, within=n - 3, after=n + 2))
    db.close()
    with_it = verified(store, "--archive", out, "--json")
    assert with_it.code == 5
    assert part in {f["part"] for f in with_it.json["findings"]}
    assert verified(store).code == (5 if alone else 0)


def test_proofs_of_kept_entries_need_no_archive(store: Path) -> None:
    """The proof is the very one that was given before; of an archived entry it is said where it lies."""
    length = len(entries(store))
    before = {seq: genesis("audit", "prove", store, seq).out for seq in (length, length - 7)}
    out, n = archived(store), moved(store)
    for seq, proof in before.items():
        again = genesis("audit", "prove", store, seq)
        assert again.code == 0
        found = parse_proof(again.out)
        assert (found.index, found.path) == (seq - 1, parse_proof(proof).path)
        assert is_proven(found, parse_checkpoint(parse_note(found.checkpoint).text))
    first = genesis("audit", "prove", store, n + 1)
    assert first.code == 0
    for command in ("prove", "show"):
        answer = genesis("audit", command, store, n)
        assert (answer.code, f"the archive {out.name}" in answer.error) == (2, True)


def test_checkpoints_go_on_over_an_archived_beginning(store: Path) -> None:
    """A key that signs later signs the same root that the whole chain has: with the archive it is compared."""
    out = archived(store)
    assert genesis("audit", "rotate-key", store, "--json").code == 0
    assert genesis("audit", "checkpoint", store, "--json").json["new"]
    with StoreReader(store) as reader:
        last, before = (parse_checkpoint(parse_note(c.note).text) for c in reader.checkpoints()[:-3:-1])
    assert (last.size, last.root) == (before.size, before.root)
    assert verified(store).code == verified(store, "--archive", out).code == 0


@pytest.mark.parametrize("from_start", [True, False])
def test_a_run_is_recovered_over_archived_entries_and_goes_on_to_the_same_head(
    signed: Path, tmp_path: Path, from_start: bool
) -> None:
    """Made again from the tape's start, each archived entry is compared by its hash; or from a snapshot; the end is that of a run that archived nothing."""
    config = project(tmp_path)
    config.write_text(config.read_text() + "audit: {checkpoint_every: 20, publish: published.txt}\n")
    store = tmp_path / "genesis.db"
    for until in (HALF, "2022-12-01T18:00:00Z"):
        assert genesis("run", config, "--until", until).code == 0
    out = archived(store)
    if from_start:
        assert genesis("run", config, "--from-start").code == 0
    else:
        assert genesis("run", config).code == 0
    with StoreReader(signed / "genesis.db") as one, StoreReader(store) as other:
        assert one.head() == other.head()
    assert verified(store, "--archive", out).code == 0
    assert tables(store) == tables(signed / "genesis.db")


def test_a_run_that_comes_out_otherwise_is_told_at_the_archived_entry(store: Path) -> None:
    """The hash that the chain has there is not the one that the entry made again has."""
    archived(store)
    n = next(seq for seq, entry, _ in entries(store.parent / "genesis.db") if not entry)
    db = sqlite3.connect(store)
    with db:
        db.execute("UPDATE entries SET hash = zeroblob(32) WHERE seq = ?", (n + 4,))
    db.close()
    answer = genesis("run", store.parent / "config.yaml", "--from-start")
    assert answer.code == 5
    assert f"entry {n + 4}: expected what was archived, with the chained hash 0000000000000000" in answer.error


def test_a_second_archive_carries_the_first_over(store: Path) -> None:
    """The earlier one has to be given, and is then no longer needed."""
    first = archived(store, "first.zip", HALF)
    n = moved(store)
    refused = genesis(
        "audit", "archive", store, "--before", "2022-12-01T18:00:00Z", "--to", store.parent / "second.zip"
    )
    assert (refused.code, "the archive first.zip" in refused.error) == (2, True)
    assert not (store.parent / "second.zip").exists()
    second = archived(store, "second.zip", "2022-12-01T18:00:00Z", "--previous", first)
    assert moved(store) > n
    first.unlink()
    assert verified(store, "--archive", second).code == 0


def test_put_back_leaves_the_store_as_it_was(store: Path) -> None:
    """Every byte of every entry; a damaged or another archive changes nothing; afterwards tables can be made again."""
    before = entries(store)
    out = archived(store)
    refused = genesis("audit", "rebuild", store)
    assert (refused.code, "genesis audit put-back bring them back" in refused.error) == (2, True)
    data = out.read_bytes()
    out.write_bytes(data[:-100])
    assert genesis("audit", "put-back", store, "--archive", out).code == 5
    out.write_bytes(data)
    assert genesis("audit", "put-back", store, "--archive", out).code == 0
    assert entries(store) == before
    assert genesis("audit", "rebuild", store).code == 0
    assert verified(store).code == 0
    assert genesis("audit", "put-back", store, "--archive", out).code == 2


def test_export_and_rebuild_read_the_archive_that_is_given(store: Path, tmp_path: Path) -> None:
    """The export is that of the store as it was, byte for byte but for what happened since; the tables are those of before; another archive is refused."""
    assert genesis("audit", "export", store, "--out", tmp_path / "before.zip").code == 0
    out = archived(store)
    with StoreReader(store) as reader:
        fills = reader.fills()
    assert genesis("audit", "export", store, "--out", tmp_path / "after.zip", "--archive", out).code == 0
    with zipfile.ZipFile(tmp_path / "before.zip") as one, zipfile.ZipFile(tmp_path / "after.zip") as other:
        for name in ("entries.jsonl", "entries.hashes", "checkpoints.txt", "keys.txt"):
            assert one.read(name) == other.read(name)
    assert bare_verify(tmp_path / "after.zip") == 0
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("DELETE FROM fills")
    assert verified(store, "--archive", out).code == 5
    assert genesis("audit", "rebuild", store, "--archive", out).code == 0
    assert verified(store, "--archive", out).code == 0
    with StoreReader(store) as reader:
        assert reader.fills() == fills
    for command in (("export", store, "--out", tmp_path / "no.zip"), ("rebuild", store)):
        refused = genesis("audit", *command, "--archive", tmp_path / "before.zip")
        assert (refused.code, "expected the archive old.zip" in refused.error) == (5, True)
    assert not (tmp_path / "no.zip").exists()


def test_a_store_with_archived_entries_moves_and_its_run_goes_on(signed: Path, tmp_path: Path) -> None:
    """With the archive beside it; refused without, and nothing is left. Where it went the run ends with the head of one that neither archived nor moved."""
    config = project(tmp_path)
    config.write_text(config.read_text() + "audit: {checkpoint_every: 20, publish: published.txt}\n")
    store, there = tmp_path / "genesis.db", tmp_path / "there.db"
    for until in (HALF, "2022-12-01T18:00:00Z"):
        assert genesis("run", config, "--until", until).code == 0
    out = archived(store)
    refused = genesis("db", "migrate", store, "--to", there)
    assert (refused.code, "expected the archive old.zip" in refused.error, there.exists()) == (2, True, False)
    moved_there = genesis("db", "migrate", store, "--to", there, "--archive", out, "--json")
    assert (moved_there.code, moved_there.json["entries"]) == (0, len(entries(store)))
    assert genesis("db", "upgrade", there, "--archive", out).code == 0
    unfit = [c["found"] for c in genesis("doctor", config, "--json").json if c["health"] == "error"]
    assert len(unfit) == 1
    assert f"found it moved to {there}" in unfit[0]
    config.write_text(config.read_text().replace("name: small", "name: small, store: there.db"))
    assert genesis("run", config).code == 0
    with StoreReader(signed / "genesis.db") as one, StoreReader(there) as other:
        assert one.head() == other.head()
    assert verified(there, "--archive", out).code == 0


def bare_verify(export: Path) -> int:
    """What the verifier inside says, run by a Python without this project."""
    with zipfile.ZipFile(export) as packed:
        script = export.with_suffix(".py")
        script.write_bytes(packed.read("verify.py"))
    return subprocess.run([sys.executable, "-I", "-S", "-E", script, export], capture_output=True).returncode


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("2022-01-01T00:00:00Z", "expected a signed checkpoint of before 2022-01-01"),
        ("yesterday", "--before: expected an ISO 8601"),
    ],
)
def test_what_cannot_be_archived_is_told(store: Path, before: str, words: str) -> None:
    """Nothing that old, or no time at all: nothing is written and nothing changed."""
    kept = entries(store)
    answer = genesis("audit", "archive", store, "--before", before, "--to", store.parent / "old.zip")
    assert (answer.code, words in answer.error) == (2, True)
    assert not (store.parent / "old.zip").exists()
    assert entries(store) == kept


def test_a_store_that_is_not_sound_is_not_archived(store: Path) -> None:
    """Nothing is thrown away of a record that somebody edited."""
    db = sqlite3.connect(store)
    with db:
        db.execute("UPDATE trades SET pnl = '1000000'")
    db.close()
    answer = genesis("audit", "archive", store, "--before", HALF, "--to", store.parent / "old.zip")
    assert (answer.code, "nothing was moved" in answer.error) == (5, True)
    assert not (store.parent / "old.zip").exists()


def test_reports_and_tables_of_an_archived_store_are_there(store: Path, tmp_path: Path) -> None:
    """What people query stays; samples, whose numbers are in the entries alone, begin after the archive; an export says where the rest is."""
    archived(store)
    for call in (
        ("status", store),
        ("report", store, "--out", tmp_path / "r.html"),
        ("trades", store),
        ("doctor", store.parent / "config.yaml"),
    ):
        assert genesis(*call).code == 0, call
    for command, out in ((("audit", "export"), "--out"), (("db", "migrate"), "--to")):
        answer = genesis(*command, store, out, tmp_path / f"{command[1]}.out")
        assert (answer.code, "the archive old.zip" in answer.error) == (2, True), command
    assert genesis("backup", store, "--out", tmp_path / "backup.db").code == 0


def test_retention_archives_when_a_run_ends(tmp_path: Path) -> None:
    """What is older than so many days of engine time goes, and again with what was carried over; the last archive proves the whole."""
    config, store = project(tmp_path), tmp_path / "genesis.db"
    retention = "audit: {checkpoint_every: 20, retention: {days: 1, folder: old}}\n"
    config.write_text(config.read_text() + retention)
    told = []
    for until in ("2022-12-01T08:00:00Z", "2022-12-02T06:00:00Z", "2022-12-02T09:00:00Z", "2022-12-03T23:00:00Z"):
        answer = genesis("run", config, "--until", until)
        assert answer.code == 0
        with StoreReader(store) as reader:
            told.append((reader.archived(), "old entries archived" in answer.err))
    sizes = [0 if gone is None else gone.entries for gone, _ in told]
    assert sizes == sorted(sizes)
    assert sizes[0] == sizes[1] == 0 < sizes[2]
    last = told[-1][0]
    assert last is not None
    assert verified(store, "--archive", tmp_path / "old" / last.file).code == 0
