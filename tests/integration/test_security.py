"""Secrets stay where they were put: what was planted is in nothing that Genesis writes or says."""

from __future__ import annotations

import json
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.storage.sqlite import StoreReader
from tests.unit.cli.calling import genesis, project

SECRETS = {
    "GENESIS__VENUES__BINANCE__API_KEY": "open-sesame-key-7f3",
    "GENESIS__VENUES__BINANCE__API_SECRET": 'open-sesame-"quoted"\\secret',
    "GENESIS__VENUES__KRAKEN__PASSPHRASE": "open-sesame-pässphrase",
}
FILED = "open-sesame-in-the-file"
# Those to which the configuration only refers.
OF_ENVIRONMENT, OF_FILE, OF_KEYRING = "open-sesame-env-22", "open-sesame-own-file-31", "open-sesame-ring-47"
REFERRED = {"DESK_KEY": OF_ENVIRONMENT}
# A keyring of this test's own in the place of the system's, which is another's.
KEYRING = """
def get_password(service, user):
    return {("genesis", "desk"): "SECRET"}.get((service, user))
"""
# A strategy that puts everything it can reach into everything it can say.
TELLTALE = """
import os

from genesis.strategies.base import Strategy

PLANTED = [v for k, v in sorted(os.environ.items()) if k.startswith("GENESIS__VENUES__")] + ["FILED", "REFERRED"]


class Own(Strategy):
    def on_start(self):
        self.subscribe_bars("1h")
        self.note("I know " + " and ".join(PLANTED))
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        self.target_weight("0.05" if bar.close > bar.open else 0)
        if self.bars == 20:
            raise RuntimeError(PLANTED)
        if self.bars == 10:
            self.note(repr(PLANTED[0]))
"""


def telltale(folder: Path) -> Path:
    config = project(folder)
    known = f"{OF_ENVIRONMENT} {OF_FILE} {OF_KEYRING}"
    (folder / "own.py").write_text(TELLTALE.replace("FILED", FILED).replace("REFERRED", known))
    (folder / "desk.key").write_text(f"{OF_FILE}\n")
    (folder / "desk.key").chmod(0o600)
    config.write_text(
        config.read_text()
        + f"venues:\n  other: {{api_secret: {FILED}}}\n"
        + '  desk: {api_key: "${env:DESK_KEY}", api_secret: "${file:desk.key}", passphrase: "${keyring:genesis/desk}"}\n'
        + "audit: {checkpoint_every: 50, publish: published.txt}\n"
    )
    return config


def spellings() -> list[bytes]:
    """Each secret as it is, and as JSON and Python would quote it."""
    texts = [*SECRETS.values(), FILED, OF_ENVIRONMENT, OF_FILE, OF_KEYRING]
    quoted = [json.dumps(t)[1:-1] for t in texts] + [json.dumps(t, ensure_ascii=False)[1:-1] for t in texts]
    return [t.encode() for t in {*texts, *quoted, *(repr(t)[1:-1] for t in texts)}]


def found_in(data: bytes) -> list[bytes]:
    return [s for s in spellings() if s in data]


@pytest.fixture(scope="module", autouse=True)
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A keyring that holds one secret."""
    folder = tmp_path_factory.mktemp("keyring")
    (folder / "keyring").mkdir()
    (folder / "keyring" / "__init__.py").write_text(KEYRING.replace("SECRET", OF_KEYRING))
    (folder / "keyring" / "errors.py").write_text("class KeyringError(Exception): ...\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for name in ("keyring", "keyring.errors"):
            patch.delitem(sys.modules, name, raising=False)
        yield
        for name in ("keyring", "keyring.errors"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A project with planted secrets after every command that reads or writes it, and all that they said."""
    folder = tmp_path_factory.mktemp("planted")
    config, store = telltale(folder), folder / "genesis.db"
    calls: list[tuple[object, ...]] = [
        ("check-config", config),
        ("show-config", config),
        ("run", config, "--log-level", "debug"),
        ("run", config, "--log-format", "json"),
        ("doctor", config),
        ("status", store),
        ("report", store, "--out", folder / "report.html"),
        *(
            ("export", store, t, "--format", "json", "--out", folder / f"{t}.json")
            for t in ("notes", "stops", "entries")
        ),
        ("audit", "checkpoint", store, "--publish", folder / "published.txt"),
        ("audit", "verify", store),
        ("audit", "search", store, "--limit", "0"),
        ("audit", "prove", store, "2", "--out", folder / "two.tlog-proof"),
        ("audit", "export", store, "--out", folder / "audit.zip"),
        ("audit", "rotate-key", store),
        ("backup", store, "--out", folder / "backup.db"),
        ("restore", folder / "backup.db", folder / "restored.db"),
        ("run", folder / "none.yaml"),
    ]
    said = []
    for call in calls:
        for more in ((), ("--json",)):
            if (
                more
                and call[0] in ("backup", "restore", "report", "export", "run")
                or (more and call[1] in ("prove", "export"))
            ):
                continue
            answer = genesis(*call, *more, env=SECRETS | REFERRED)
            assert answer.code in (0, 2), (call, answer.err)
            said += [answer.out, answer.err]
    return folder, said


def test_the_strategy_said_what_it_could(ran: tuple[Path, list[str]]) -> None:
    """The notes and the error are there, with three stars where a secret was: the test below looks at something."""
    folder, said = ran
    with StoreReader(folder / "genesis.db") as reader:
        notes, stops = reader.notes("own"), reader.stops("own")
        assert reader.verify() == []
    assert notes[0].text == "I know *** and *** and *** and *** and *** *** ***"
    assert "***" in notes[1].text
    assert "***" in stops[0].detail
    assert any("track stopped" in text for text in said)


def test_no_planted_secret_is_in_anything_said(ran: tuple[Path, list[str]]) -> None:
    """Output, errors and log lines of every command."""
    for text in ran[1]:
        assert found_in(text.encode()) == []
        assert "sesame" not in text


def test_no_planted_secret_is_in_any_file_written(ran: tuple[Path, list[str]]) -> None:
    """Store, log of the database, report, exports, checkpoints, proofs, archive, backup: only the configuration, a file of its own and the strategy hold it."""
    folder, _ = ran
    written = [
        p
        for p in folder.rglob("*")
        if p.is_file() and p.name not in ("config.yaml", "own.py", "desk.key") and "__pycache__" not in p.parts
    ]
    assert {p.name for p in written} >= {
        "genesis.db",
        "report.html",
        "audit.zip",
        "backup.db",
        "restored.db",
        "published.txt",
    }
    for path in written:
        data = path.read_bytes()
        assert found_in(data) == [], path
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                assert [n for n in packed.namelist() if found_in(packed.read(n))] == []


def test_the_private_key_is_in_its_file_alone(ran: tuple[Path, list[str]]) -> None:
    """Neither of the keys that signed is in the store, in an export or in anything said."""
    folder, said = ran
    secret = (folder / "keys" / "signing.pem").read_text().splitlines()[1]
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name != "keys":
            assert secret.encode() not in path.read_bytes(), path
    assert not any(secret in text for text in said)


def test_another_secret_changes_no_entry(tmp_path: Path) -> None:
    """What a strategy says of a secret is the same whatever the secret is: a changed key does not break recovery."""
    config = telltale(tmp_path)
    assert genesis("run", config, "--until", "2022-12-01T15:00:00Z", env=SECRETS | REFERRED).code == 0
    other = {name: f"another-{number}" for number, name in enumerate(SECRETS)}
    assert genesis("run", config, env=other | REFERRED).code == 0


def test_a_process_that_noted_no_stop_is_told_by_the_next_start(tmp_path: Path) -> None:
    """Killed or cut off: what the last process was, how far it had come, and that what it committed was checked."""
    config = project(tmp_path)
    assert genesis("run", config, "--until", "2022-12-01T12:00:00Z").code == 0
    db = sqlite3.connect(tmp_path / "genesis.db")
    with db:
        db.execute("DELETE FROM operations WHERE seq = (SELECT max(seq) FROM operations)")
    db.close()
    answer = genesis("run", config, "--log-format", "json")
    assert answer.code == 0
    lines = [json.loads(line) for line in answer.err.splitlines()]
    told = next(line for line in lines if line["event"] == "no stop was noted")
    assert (told["level"], told["last"]) == ("warning", "start")
    assert told["entries"] > 0
    again = genesis("run", config, "--log-format", "json")
    assert "no stop was noted" not in again.err
    with StoreReader(tmp_path / "genesis.db") as reader:
        assert [o.facts.get("after") for o in reader.operations() if o.kind == "recovery"] == ["start", "stop"]
