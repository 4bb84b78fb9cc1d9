"""What the tape itself has to tell: gaps and late rows are entries, at the moment at which they can be known."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.feeds.replay import Replay
from genesis.model.events import Event
from genesis.model.money import Money
from genesis.model.run_events import GapFound, RowsLate, RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import NoParams
from genesis.tape.stream import Stream, StreamKind
from tests.kit.runs import FX, START, Memory
from tests.kit.traders import Sleeper

SECOND = 1_000_000_000


def trades(*rows: tuple[float, float | None]) -> Stream:
    """Trades at (engine time, own time) in seconds after START; the second may be missing."""
    stream, n = Stream(FX, StreamKind.TRADES), len(rows)
    absent = -(2**63)
    own = [absent if event is None else START + int(event * SECOND) for _, event in rows]
    stream.record(
        {
            "ts": np.array([START + int(t * SECOND) for t, _ in rows], np.int64),
            "time_event": np.array(own, np.int64),
            "seq": np.zeros(n, np.int64),
            "trade_id": np.arange(1, n + 1, dtype=np.int64),
            "ticks": np.full(n, 10_000, np.int64),
            "lots": np.full(n, 5, np.int64),
            "side": np.ones(n, np.int64),
        }
    )
    return stream


def told(stream: Stream, gaps: list[GapFound], rows: int | None) -> list[Event]:
    """Gap and late-row entries of a run with a strategy on bars of 2 s."""
    tape, journal = Tape([stream], gaps), Memory()
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 1, START - 1)
    simulator.add("a", Sleeper((FX,), NoParams()), Money(10_000, FX.quote))
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {})).run(Replay([stream]).cut(rows))
    return [e for e in journal.events if isinstance(e, (GapFound, RowsLate))]


LATE = [(0.5, 0.4), (1.9, 1.8), (2.1, 1.95), (2.2, 1.99), (2.3, 2.2), (4.5, None), (6.5, 6.0), (9.0, 5.9), (11.0, 11.0)]


@pytest.mark.parametrize("rows", [1, 3, None])
def test_rows_later_than_their_bar_are_counted_and_do_not_reopen_it(rows: int | None) -> None:
    """Two trades of the first bar came in the second; one of the third came two bars later; a time that is absent is not late."""
    late = [(e.bar_close - START, e.rows) for e in told(trades(*LATE), [], rows) if isinstance(e, RowsLate)]
    assert late == [(4 * SECOND, 2), (10 * SECOND, 1)]


@pytest.mark.parametrize("rows", [1, 3, None])
def test_a_gap_is_told_when_its_end_has_been_seen(rows: int | None) -> None:
    """Once, in order of time, however the tape is cut; a gap that ends after the tape is not told."""
    stream = trades(*((float(i), float(i)) for i in range(10)))
    gaps = [GapFound(START + at * SECOND, None, stream.name, START, START + at * SECOND, 1, "") for at in (7, 3, 99)]
    found = told(stream, gaps, rows)
    assert [(e.time - START) // SECOND for e in found] == [3, 7]


def many(n: int) -> Stream:
    """A second of ``n`` trades for each of six seconds, every tenth with the time of the bar before."""
    rows = [(s + i / n, s - 0.5 if i % 10 == 0 else s + i / n) for s in range(6) for i in range(n)]
    return trades(*rows)


@pytest.mark.parametrize("n", [3, 40])
def test_late_rows_are_found_alike_in_sparse_and_dense_bars(n: int) -> None:
    """Bars of a few rows and bars of many are built in two ways that agree; only the first second of a bar can hold late ones."""
    late = [e.rows for e in told(many(n), [], None) if isinstance(e, RowsLate)]
    assert late == [(n + 9) // 10] * len(late)
    assert len(late) >= 1
