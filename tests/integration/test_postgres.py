"""A run kept on a server: by the commands that its users type, killed at random moments, moved there and back."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genesis.storage.address import PostgresAddress, StoreAddress
from genesis.storage.reader import StoreReader
from genesis.storage.schema import SCHEMA_VERSION
from genesis.system.keys import check_signature
from tests.unit.cli.calling import CONFIG, ROOT, genesis, project

PLANTED = "planted-password-7f3a"


def kept_at(folder: Path, store: str, rows: int = 400) -> Path:
    """A project whose run is kept at ``store``."""
    path = project(folder, rows)
    path.write_text(CONFIG.replace("{name: small}", f"{{name: small, store: '{store}'}}"))
    return path


def told(address: StoreAddress) -> dict[str, object]:
    with StoreReader(address) as store:
        assert store.audit(check_signature).findings == ()
        return {"head": store.head()} | {t: store.rows(t) for t in ("tracks", "orders", "fills", "trades", "samples")}


def test_a_run_on_a_server_is_the_run_in_a_file(postgres: PostgresAddress, tmp_path: Path) -> None:
    """The same chain and tables, and every command that asks a store answers alike."""
    file, server = kept_at(tmp_path / "file", "genesis.db"), kept_at(tmp_path / "server", str(postgres))
    assert genesis("run", file).code == genesis("run", server).code == 0
    assert told(file.with_name("genesis.db")) == told(postgres)
    for words in (["status"], ["orders"], ["fills"], ["trades"], ["positions"], ["criteria"], ["audit", "show"]):
        rest = ["2"] if words == ["audit", "show"] else []
        answers = [genesis(*words, s, *rest, "--json") for s in (file.with_name("genesis.db"), postgres)]
        assert [a.code for a in answers] == [0, 0], answers
        assert answers[0].json == answers[1].json
    assert genesis("audit", "verify", postgres).code == 0
    assert genesis("export", postgres, "fills", "--out", tmp_path / "fills.csv").code == 0
    assert genesis("report", postgres, "--out", tmp_path / "report.html").code == 0
    assert "both chains verified" in genesis("doctor", server).out
    assert genesis("backup", postgres, "--out", tmp_path / "copy.db").error.count("genesis db migrate --to FILE") == 1


def test_checkpoints_of_a_run_on_a_server_are_signed_proven_and_exported(
    postgres: PostgresAddress, tmp_path: Path
) -> None:
    """The key's folder must be named, for nothing lies beside a server; the rest is as on a file."""
    assert genesis("run", kept_at(tmp_path / "run", str(postgres))).code == 0
    assert "--keys: expected the folder of the signing key" in genesis("audit", "checkpoint", postgres).error
    keys = ("--keys", tmp_path / "keys")
    assert genesis("audit", "checkpoint", postgres, *keys).code == 0
    assert genesis("audit", "rotate-key", postgres, *keys).code == 0
    assert genesis("audit", "checkpoint", postgres, *keys).code == 0
    assert genesis("audit", "prove", postgres, 3, "--out", tmp_path / "proof").code == 0
    assert genesis("audit", "export", postgres, "--out", tmp_path / "audit.zip").code == 0
    assert genesis("audit", "rebuild", postgres).code == 0
    assert genesis("audit", "verify", postgres, "--json").json["findings"] == []


def kill_and_compare(folder: Path, postgres: PostgresAddress, kills: int) -> None:
    chance = random.Random(kills)
    quiet, beaten = kept_at(folder / "quiet", "genesis.db", 3_000), kept_at(folder / "beaten", str(postgres), 3_000)
    assert genesis("run", quiet).code == 0
    command = [sys.executable, "-m", "tests.kit.slow_run", str(beaten)]
    for _ in range(kills):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.8, 2.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert told(postgres) == told(quiet.with_name("genesis.db"))


def test_a_run_on_a_server_killed_at_twelve_moments_leaves_the_same_chain(
    postgres: PostgresAddress, tmp_path: Path
) -> None:
    """SIGKILL anywhere, start again: chain and tables are those of the run nobody disturbed."""
    kill_and_compare(tmp_path, postgres, 12)


@pytest.mark.slow
def test_a_run_on_a_server_killed_at_three_hundred_moments_leaves_the_same_chain(
    postgres: PostgresAddress, tmp_path: Path
) -> None:
    """The same, three hundred times."""
    kill_and_compare(tmp_path, postgres, 300)


def test_a_run_is_moved_to_a_server_in_the_middle_and_goes_on_there(postgres: PostgresAddress, tmp_path: Path) -> None:
    """`genesis db migrate` says what to put into the configuration; the old place refuses, the new one ends with the same head."""
    whole, moved = kept_at(tmp_path / "whole", "genesis.db"), kept_at(tmp_path / "moved", "genesis.db")
    assert genesis("run", whole).code == 0
    assert genesis("run", moved, "--until", "2022-12-01T12:00:00Z").code == 0
    store = moved.with_name("genesis.db")
    answer = genesis("db", "migrate", store, "--to", postgres)
    assert answer.code == 0
    assert f"run:\n  store: {postgres}" in answer.out
    assert "expected a store whose history goes on here, found it moved to postgresql://" in genesis("run", moved).error
    moved = kept_at(tmp_path / "moved", str(postgres))
    assert genesis("run", moved).code == 0
    assert told(postgres) == told(whole.with_name("genesis.db"))
    status = genesis("db", "status", postgres, "--json").json
    assert status["database"].startswith("PostgreSQL ")
    assert (status["schema_version"], status["held_by"]) == (SCHEMA_VERSION, None)


def test_no_password_is_taken_from_an_address_or_told(tmp_path: Path) -> None:
    """An address with a password is refused, in a file, in the environment and as an argument; one in PGPASSWORD is never said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with_password = f"postgresql://ann:{PLANTED}@127.0.0.1:{port}/trading"
    plain = f"postgresql://ann@127.0.0.1:{port}/trading"
    answers = [
        genesis("run", kept_at(tmp_path / "a", with_password)),
        genesis("run", kept_at(tmp_path / "b", "genesis.db"), env={"GENESIS__RUN__STORE": with_password}),
        genesis("show-config", kept_at(tmp_path / "c", with_password)),
        genesis("status", with_password),
        genesis("db", "migrate", tmp_path / "none.db", "--to", with_password),
    ]
    for answer in answers:
        assert answer.code == 2, answer
        assert "store: expected an address without a password" in answer.error
    pytest.importorskip("psycopg")
    env = {"PGPASSWORD": PLANTED, "PGCONNECT_TIMEOUT": "2"}
    answers += [
        genesis("run", kept_at(tmp_path / "d", plain), env=env),
        genesis("doctor", kept_at(tmp_path / "e", plain), env=env),
        genesis("db", "status", plain, env=env),
    ]
    assert "expected a server that lets us in" in answers[-1].error
    for answer in answers:
        assert PLANTED not in answer.out + answer.err
    for path in tmp_path.rglob("*"):
        assert path.suffix == ".yaml" or not path.is_file() or PLANTED.encode() not in path.read_bytes()
    assert PLANTED not in repr(os.environ)
