"""What persons want while the last rows of a tape are handled is answered before the run is over: a stop is done, and what waits for an evidence bar is refused."""

from __future__ import annotations

import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from genesis.clock import NS_PER_DAY, NS_PER_MINUTE
from genesis.paper_trading.promotion_facts import Pause
from genesis.paper_trading.stages import Action, Move, Stage
from genesis.storage.sqlite import StoreReader
from genesis.system.prepared import Prepared
from genesis.system.run import run_prepared
from tests.kit.swings import BAR_NS, DAYS, RESTS, START_NS, decisions, entries, prepared, sent, sound, taken

# The last ten minutes are missing: the tape ends in the middle of a bar.
END_NS = START_NS + DAYS * NS_PER_DAY - 10 * NS_PER_MINUTE
# It buys at the 93rd hour and holds at the 95th, the last that it hears of. Whoever sits beside it then leaves the commands that a file names.
ASKS = RESTS.replace(
    "    def on_save(self):",
    """        if self._n == 95:
            self.ask()

    def ask(self):
        from pathlib import Path

        from genesis.clock import ManualClock
        from genesis.storage.inbox import leave_command

        folder = Path(__file__).parent
        wanted = folder / "wanted"
        if wanted.exists():
            for order in wanted.read_text().split():
                leave_command(folder / "frozen.db", order, "swings", "ann", "it looks wrong", ManualClock(1))
            wanted.unlink()

    def on_save(self):""",
)


def ready(folder: Path) -> Prepared:
    folder.mkdir(exist_ok=True)
    return prepared(folder, END_NS, 23, ASKS)


def asked(folder: Path, *orders: str, rows: int | None = 1024) -> Path:
    """A run in whose last batch these were left."""
    run = ready(folder)
    (folder / "wanted").write_text(" ".join(orders))
    run_prepared(run, folder / "frozen.db", rows=rows)
    return folder / "frozen.db"


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asked(tmp_path_factory.mktemp("halted"), "halt")


def test_a_halt_left_while_the_last_rows_are_handled_is_done_at_the_end(halted: Path) -> None:
    """At the tape's last moment, in the middle of a bar: the version is halted, its orders are cancelled, and what it holds is sent to be sold."""
    with StoreReader(halted) as reader:
        end_ns = reader.status().time or 0
        assert reader.status().complete
        assert reader.commands()[0].taken_at_seq is not None
    assert end_ns % BAR_NS
    assert taken(halted) == [(end_ns, 1, "halt", True)]
    made = decisions(halted)[-1]
    assert (made.time_ns, made.move, made.action, made.after.stage) == (end_ns, Move.HALT, Action.FLATTEN, Stage.HALTED)
    assert not made.facts.live_flat
    for track in ("swings@live", "swings@twin"):
        assert sent(halted, track, end_ns) == [(end_ns, "SELL")]
    sound(halted)


@pytest.mark.parametrize("rows", [1, 7, 1024, None])
def test_it_is_done_there_again_however_the_tape_is_cut(rows: int | None, halted: Path) -> None:
    """Run again from the tape's start, entries and the states of the snapshots are the same, and started once more it does nothing."""
    before = entries(halted)
    run_prepared(ready(halted.parent), halted, rows=rows, from_start=True)
    run_prepared(ready(halted.parent), halted)
    assert entries(halted) == before


def test_what_waits_for_a_bar_is_refused_at_the_end(tmp_path: Path) -> None:
    """Of a promotion, a pause, a word that is no order and a resumption the pause is taken; the others are refused in words, and made again the run says the same."""
    store = asked(tmp_path, "promote", "pause", "hurry", "resume")
    with StoreReader(store) as reader:
        answers = {a.number: a for a in reader.commands_taken()}
        end_ns = reader.status().time or 0
        assert [c.taken_at_seq is not None for c in reader.commands()] == [True] * 4
    assert {n: (a.time, a.taken) for n, a in answers.items()} == {
        1: (end_ns, False),
        2: (end_ns, True),
        3: (end_ns, False),
        4: (end_ns, False),
    }
    for number, order in ((1, "promote"), (4, "resume")):
        assert answers[number].words == (
            f"{order} refused: the tape has ended, and no evidence bar follows at which it could be weighed"
        )
    assert [e.after.pause for e in decisions(store) if e.time_ns == end_ns] == [Pause.UNTIL_RESUMED]
    sound(store)
    before = entries(store)
    run_prepared(ready(tmp_path), store, rows=1, from_start=True)
    assert entries(store) == before


def die_at_the_end(folder: Path) -> None:
    """Be killed as the tape ends, with nothing of its last batch durable."""
    run = ready(folder)
    (folder / "wanted").write_text("halt")
    for track in run.tracks:
        track.strategy.on_stop = partial(os.kill, os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
    run_prepared(run, folder / "frozen.db", rows=1024)


def test_killed_before_its_answer_is_durable_the_run_takes_it_when_it_goes_on(tmp_path: Path) -> None:
    """The command is in the inbox and its answer is lost with the last batch: the next start takes it once, before its next rows, and the run ends halted."""
    process = multiprocessing.get_context("fork").Process(target=die_at_the_end, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    store = tmp_path / "frozen.db"
    assert taken(store) == []
    with StoreReader(store) as reader:
        assert [c.taken_at_seq for c in reader.commands()] == [None]
        reached_ns = reader.status().time or 0
    run_prepared(ready(tmp_path), store)
    ((at, number, order, took),) = taken(store)
    assert (number, order, took) == (1, "halt", True)
    assert reached_ns <= at < END_NS
    assert decisions(store)[-1].after.stage is Stage.HALTED
    sound(store)
