"""Risk flattens a track at 80 % of its loss bound: the evidence rests on no bar losing more than the bound."""

from __future__ import annotations

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.feeds.replay import Replay
from genesis.model.events import OrderDenied, OrderFilled
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.model.promotion_events import EvidenceSample
from genesis.model.run_events import RunStarted
from genesis.model.track_events import TrackHalted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import NoParams, Strategy
from genesis.tape.stream import Stream
from tests.kit.runs import FX, START, Memory, bars_stream
from tests.simulation.test_live_pair import EXACT

HOUR = 3_600_000_000_000
# Of 10,000, 9 units at about 100 are 9 %: a price move of 1 % is 0.09 % of equity.
LOTS = 9_000
CRASH = 24 * 4 + 1


class AlwaysLong(Strategy):
    """Buys whenever it is flat."""

    def on_start(self) -> None:
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        if self.is_flat() and not self.open_orders():
            self.buy(self.instrument.quantity(LOTS))


def prices(crash: int) -> list[int]:
    """Hourly closes of seven days, 10 ticks up and down every four hours, and ``crash`` ticks less at hour 97, for good."""
    return [10_000 + (10 if (i // 4) % 2 else 0) - (crash if i >= CRASH else 0) for i in range(24 * 7)]


def play(crash: int, rows: int | None = None) -> tuple[Memory, Evidence]:
    """A run of one reference track."""
    streams: list[Stream] = [bars_stream([(p, p, p, p, 10_000_000) for p in prices(crash)], "1h")]
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, EXACT)
    evidence = Evidence(BettingRules(), Source.REPLAY)
    simulator.add("s", AlwaysLong((FX,), NoParams()), Money("10000", "USD"), evidence=evidence)
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {})).run(Replay(streams).cut(rows))
    return journal, evidence


def halts(journal: Memory) -> list[tuple[float, str]]:
    """(hours after START, reason)."""
    return [((e.time - START) / HOUR, e.reason) for e in journal.events if isinstance(e, TrackHalted)]


def test_a_loss_within_four_fifths_of_the_bound_is_left_alone() -> None:
    """The bound is 12 deviations of about 0.0094 %: 0.11 % of equity; a fall of 0.9 % of the price costs 0.081 %."""
    journal, evidence = play(80)
    assert evidence.loss_bound is not None
    assert 0.0010 < evidence.loss_bound < 0.0012
    assert halts(journal) == []


def test_a_loss_of_four_fifths_of_the_bound_flattens_until_the_bar_ends() -> None:
    """A fall of 1.05 %, 0.095 % of equity: flattened, refused at hour 100, when its bar is handed over before the halt ends, and back at 101."""
    journal, evidence = play(95)
    assert halts(journal) == [(98.0, "LOSS_BOUND")]
    after = [e for e in journal.events if e.time >= START + 98 * HOUR]
    sold = next(e for e in after if isinstance(e, OrderFilled))
    assert int(sold.order.intent.side) == -1
    denied = [(e.time - START) / HOUR for e in after if isinstance(e, OrderDenied)]
    assert denied == [100.0]
    bought = next(e for e in after if isinstance(e, OrderFilled) and int(e.order.intent.side) == 1)
    assert (bought.time - START) / HOUR > 100
    assert not evidence.bound_broken


def test_what_jumps_over_the_bound_still_breaks_it() -> None:
    """No limit helps against a gap of 5 %: the evidence is void, and says so in the bar's entry."""
    journal, evidence = play(500)
    assert halts(journal) == [(98.0, "LOSS_BOUND")]
    assert evidence.bound_broken
    assert [e.bound_broken for e in journal.events if isinstance(e, EvidenceSample)].count(True) > 1


def test_how_the_tape_is_cut_changes_no_entry() -> None:
    """One row at a time, seven, or all at once."""
    assert len({play(95, rows)[0].head for rows in (1, 7, None)}) == 1
