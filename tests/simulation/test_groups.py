"""Batches become durable together: nobody hears of one before it is, and a run that stops leaves none behind."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from genesis.engine.engine import Batch, Progress, TradingEngine
from genesis.engine.step import Tape
from genesis.errors import StorageError
from genesis.feeds.replay import Replay
from genesis.model.market import Trade
from genesis.model.money import Money
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.storage.memory import MemoryJournal
from genesis.strategies.base import Strategy
from tests.kit.runs import FX, START, trades_stream

TRADES = 20


class Remarks(Strategy):
    """One entry a trade."""

    def on_start(self) -> None:
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self.note(str(trade.price))


class Disk(MemoryJournal):
    """How many entries were there at each commit; the one after ``commits_left`` fails."""

    def __init__(self, commits_left: int = 1_000) -> None:
        super().__init__()
        self.durable: list[int] = []
        self._left = commits_left

    def commit(self) -> None:
        if not self._left:
            raise StorageError("the disk is full")
        self._left -= 1
        self.durable.append(self.length)


def engine(disk: Disk, told: list[Progress], is_due: Callable[[Batch], bool] | None) -> tuple[TradingEngine, Replay]:
    stream = trades_stream([(i * 1_000, 10_000 + i, 1, 1) for i in range(TRADES)])
    tape = Tape([stream])
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1)
    simulator.add("remarks", Remarks((FX,), None), Money("10000", FX.quote))

    def heard(progress: Progress) -> None:
        assert disk.durable[-1] == progress.entries
        told.append(progress)

    started = RunStarted(START - 1, None, {})
    return TradingEngine(tape, simulator.tracks, disk, started, heard, is_due=is_due), Replay([stream])


def every(batches: int) -> Callable[[Batch], bool]:
    seen = 0

    def is_due(_: Batch) -> bool:
        nonlocal seen
        seen += 1
        return seen % batches == 0

    return is_due


def heads(is_due: Callable[[Batch], bool] | None) -> tuple[bytes, list[int]]:
    disk = Disk()
    runs, replay = engine(disk, [], is_due)
    assert runs.run(replay.cut(1))
    return disk.head, disk.durable


def test_groups_change_when_entries_are_durable_and_none_of_them() -> None:
    """One commit a batch, one for five, one for all: the same chain."""
    (alone, each), (fives, some), (whole, once) = heads(None), heads(every(5)), heads(lambda _: False)
    assert alone == fives == whole
    assert (len(each), len(some), len(once)) == (TRADES + 1, 5, 1)
    assert each[-1] == some[-1] == once[-1]
    assert set(some) < set(each)


def test_what_is_told_is_durable_and_every_group_is_told_once() -> None:
    """The last progress is that of the tape's end."""
    disk, told = Disk(), list[Progress]()
    runs, replay = engine(disk, told, every(4))
    runs.run(replay.cut(1))
    assert [p.entries for p in told] == disk.durable
    assert [p.complete for p in told] == [False] * (len(told) - 1) + [True]


def test_a_run_that_is_stopped_between_commits_makes_durable_what_it_wrote() -> None:
    """Seven batches are taken and none was due: the end of the feed commits them, and goes on from there."""
    disk, told = Disk(), list[Progress]()
    runs, replay = engine(disk, told, lambda _: False)
    feed = replay.cut(1)
    assert not runs.run(islice(feed, 7))
    assert disk.durable == [disk.length]
    assert [p.entries for p in told] == disk.durable
    assert runs.run(feed)
    assert disk.head == heads(None)[0]


def test_a_group_that_cannot_be_kept_is_not_told_and_can_be_tried_again() -> None:
    """The second commit fails: nothing is heard of its batches; once the cause is gone they are kept."""
    disk, told = Disk(commits_left=1), list[Progress]()
    runs, replay = engine(disk, told, every(5))
    with pytest.raises(StorageError, match="full"):
        runs.run(replay.cut(1))
    assert len(told) == 1
    disk._left = 1
    runs.settle()
    assert [p.entries for p in told] == disk.durable
    assert told[1].entries > told[0].entries
