"""Commands left in the inbox of a run that is killed before, while and after it takes them: each is taken once, and the chain is that of the run nobody disturbed."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from genesis.clock import NS_PER_DAY, ManualClock
from genesis.config import load_config
from genesis.storage.inbox import leave_command
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared
from tests.kit.held_project import project

CRITERIA = "min_trades: 1, days_mode: off, sharpe_mode: off, drawdown_mode: off, win_rate_mode: off"
FIRST_NS = 1_735_689_600_000_000_000
UNTIL_NS = FIRST_NS + 20 * NS_PER_DAY
COMMANDS = [
    ("halt", "held.short", "ann"),
    ("hurry", "held.long", "bob"),
    ("pause", "held.long", "ann"),
    ("promote", "held.never", "eve"),
]


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.kit.slow_run", str(folder / "config.yaml")]


def tail(folder: Path) -> list[bytes]:
    """Bytes of all entries."""
    db = sqlite3.connect(folder / "genesis.db")
    try:
        return [row[0] for row in db.execute("SELECT bytes FROM entries ORDER BY seq")]
    finally:
        db.close()


def killed(folder: Path, chance: random.Random, longest_s: float) -> bool:
    """Start it, and kill it some time after its store says that it runs; whether it was still at work."""
    with StoreReader(folder / "genesis.db") as reader:
        starts = len(reader.operations())
    process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        with StoreReader(folder / "genesis.db") as reader:
            if len(reader.operations()) > starts:
                break
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, longest_s))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_a_command_is_taken_once_however_often_the_run_is_killed(tmp_path: Path) -> None:
    """Left on day 20, four of them; one run takes them in peace, one is killed up to five times on its way to the end: the same entries, and no command waits."""
    quiet = project(tmp_path / "quiet", CRITERIA)
    config = load_config(quiet / "config.yaml")
    run_prepared(prepare(config, quiet), quiet / "genesis.db", UNTIL_NS)
    for order, target, author in COMMANDS:
        leave_command(quiet / "genesis.db", order, target, author, "so I want it", ManualClock(1))
    beaten = tmp_path / "beaten"
    shutil.copytree(quiet, beaten)
    chance = random.Random(5)
    assert sum(killed(beaten, chance, 0.3) for _ in range(5)) >= 3
    for folder in (quiet, beaten):
        subprocess.run(command(folder), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert tail(beaten) == tail(quiet)
    with StoreReader(beaten / "genesis.db") as reader:
        taken: list[dict[str, Any]] = [d["body"] for d in reader.events("CommandTaken")]
        when = {d["body"]["number"]: int(d["time"]) for d in reader.events("CommandTaken")}
        inbox = reader.commands()
        assert reader.verify() == []
    assert sorted((b["number"], b["command"], b["taken"]) for b in taken)[1] == (2, "hurry", False)
    assert [sum(b["number"] == n for b in taken) for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    # What stops where the run stood when they came, the rest at the first evidence bar after that.
    assert when == {1: UNTIL_NS - 1, 3: UNTIL_NS - 1, 2: UNTIL_NS, 4: UNTIL_NS}
    assert all(row.taken_at_seq is not None for row in inbox)
