"""What a reference track has shown, gathered beside a run: costs under stress are shares of the equity with which their bar began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from math import sqrt
from statistics import fmean, stdev

import msgspec
import pytest

from genesis.clock import NS_PER_HOUR
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.evidence.futility import Futility
from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import HedgedEvidence
from genesis.evidence.rules import BettingRules, FutilityRules, HedgeRules, Source
from genesis.evidence.stress import FACTOR, StressedEvidence
from genesis.execution.profile import ExecutionProfile
from genesis.feeds.replay import Replay
from genesis.metrics.ratios import BARS_PER_YEAR, EVIDENCE_BAR_NS
from genesis.model.events import Event, OrderSubmitted
from genesis.model.instruments import Instrument
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.model.promotion_events import EvidenceSample
from genesis.model.run_events import RunStarted
from genesis.model.track_events import MetricSample, TradeClosed
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams, Strategy
from tests.kit.fills import fill_of
from tests.kit.overseers import EveryBar
from tests.kit.runs import FX, START, Memory, bars_stream

DEAR = ExecutionProfile(name="dear", latency_ms=ClippedNormal(0, 0, 0, 0), slippage_bp=ClippedNormal(20, 0, 20, 20))
COSTS = ("fees", "spread_cost", "walk_cost", "slippage_cost", "impact_cost")


class Turns(Strategy):
    """A tenth of its equity, for three hours of every five."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n % 5 == 1:
            self.target_weight("0.09")
        elif self._n % 5 == 4:
            self.close()


class Builds(Turns):
    """In two steps to a tenth of its equity, and out at once."""

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n % 5 in (1, 3):
            self.target_weight("0.03" if self._n % 5 == 1 else "0.09")
        elif self._n % 5 == 4:
            self.close()


class Gathers(EveryBar):
    """Closes the candidate's bars as the ladder does, and decides nothing; ``anew_ns`` is when a further attempt begins."""

    def __init__(self, candidate: Candidate, anew_ns: int | None) -> None:
        super().__init__(START)
        self.candidate, self._anew_ns = candidate, anew_ns

    def hear(self, entries: Sequence[Event]) -> None:
        for event in entries:
            if isinstance(event, OrderSubmitted):
                self.candidate.sent(event)
            elif isinstance(event, TradeClosed):
                self.candidate.traded(event)

    def close_bar(self, time_ns: int) -> list[Event]:
        self.candidate.close_bar()
        if time_ns == self._anew_ns:
            self.candidate.begin(time_ns)
        return []


def gathered(
    prices: Sequence[int],
    instrument: Instrument = FX,
    window_bars: int | None = None,
    strategy: type[Turns] = Turns,
    anew_ns: int | None = None,
) -> tuple[Candidate, Memory]:
    """A candidate that has traded a tape of hourly prices in ticks, and the journal."""
    streams = [bars_stream([(p, p, p, p, 10**6) for p in prices], "1h", instrument=instrument)]
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, DEAR)
    betting = BettingRules()
    track = simulator.add(
        "s", strategy((instrument,), NoParams()), Money("10000", "USD"), evidence=Evidence(betting, Source.REPLAY)
    )
    gathers = Gathers(Candidate(track, "i", START - 1, betting, Source.REPLAY, False, window_bars), anew_ns)
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}), overseer=gathers).run(
        Replay(streams).cut(None)
    )
    return gathers.candidate, journal


SWING = [10_000 + 90 * (i % 7) for i in range(24 * 30)]


def test_a_bar_that_loses_more_than_the_bound_is_counted_once() -> None:
    """The price halves from one hour to the next while a tenth is held: one break of the bound, and the evidence is void; before it there was none."""
    calm, _ = gathered(SWING)
    fallen, journal = gathered([p if i < 602 else p // 2 for i, p in enumerate(SWING)])
    bound = fallen.evidence.loss_bound
    assert bound is not None
    returns = [e.bar_return for e in journal.events if isinstance(e, EvidenceSample)]
    assert [x for x in returns if x is not None and x < -bound] == [min(x for x in returns if x is not None)]
    assert (calm.measurements(START).bound_breaks, calm.evidence.bound_broken) == (0, False)
    assert (fallen.measurements(START).bound_breaks, fallen.evidence.bound_broken) == (1, True)


MIDDLE = START + 15 * 24 * NS_PER_HOUR
# By chance up and down, so that trades are won and lost.
WANDERS = [10_000 + (i * i * 37) % 613 for i in range(24 * 30)]


@pytest.mark.parametrize("anew_ns", [None, MIDDLE])
def test_what_is_judged_is_what_the_attempt_has_shown(anew_ns: int | None) -> None:
    """Trades, wins, what they earned, bars and their ratio, counted by hand from the entries since the attempt began; the attempt before counts for nothing."""
    candidate, journal = gathered(WANDERS, anew_ns=anew_ns)
    from_ns = START - 1 if anew_ns is None else anew_ns
    found = candidate.measurements(START + 30 * 24 * NS_PER_HOUR)
    trades = [e.pnl for e in journal.events if isinstance(e, TradeClosed) and e.time > from_ns]
    returns = [e.bar_return for e in journal.events if isinstance(e, EvidenceSample) and e.time > from_ns]
    changes = [x for x in returns if x is not None]
    won, lost = [x for x in trades if x > 0], [-x for x in trades if x < 0]
    assert (len(won) > 10, len(lost) > 10, len(changes) == len(returns)) == (True, True, True)
    assert (found.window.start_ns, found.trades, found.bars) == (from_ns, len(trades), len(changes))
    assert found.win_rate == len(won) / len(trades)
    loss, win = Fraction(sum(lost), len(lost)), Fraction(sum(won), len(won))
    assert found.breakeven == float(loss / (win + loss))
    assert found.without_best == sum(sorted(trades)[:-3]) / candidate.portfolio.budget_units
    year = sqrt(BARS_PER_YEAR)
    assert found.sharpe == pytest.approx(fmean(changes) / stdev(changes) * year)
    assert found.volatility == pytest.approx(stdev(changes) * year)
    assert (found.coverage, found.bound_breaks, found.warmup_bars) == (1.0, 0, candidate.evidence.warmup_bars)
    assert found.e_stress == candidate.stressed.e_value != 1


def test_before_anything_has_happened_nothing_is_defined() -> None:
    """No trade, no bar, no bet."""
    found = gathered([])[0].measurements(START)
    told = (found.win_rate, found.breakeven, found.without_best, found.e_stress, found.bound_breaks, found.sharpe)
    assert (found.trades, told) == (0, (None,) * 6)


def test_where_nothing_is_live_there_is_no_gap() -> None:
    """And where something is, it is what the monitors say."""
    candidate, _ = gathered(SWING)
    bare, live = candidate.measurements(START), candidate.measurements(START, (5, True))
    assert (bare.gap_bars, bare.gap_alarm) == (0, None)
    assert (live.gap_bars, live.gap_alarm) == (5, True)


def closes(candidate: Candidate, bar: int, equity: int, is_valid: bool = True) -> float | None:
    """One more evidence bar after the tape's thirty days, with that equity at its end; its return."""
    candidate.portfolio.close_hour(START + (180 + bar) * EVIDENCE_BAR_NS, equity, is_valid)
    return candidate.close_bar()


def test_bars_without_whole_data_lower_the_coverage_and_are_no_returns() -> None:
    """Three of 184 are missing; none of the present attempt before there is a bar at all."""
    candidate, _ = gathered(SWING)
    equity, before = candidate.portfolio.cash_units, candidate.measurements(START)
    assert [closes(candidate, i, equity, False) for i in (1, 2, 3)] == [None, None, None]
    found = candidate.measurements(START)
    assert (found.bars, found.coverage) == (before.bars, before.bars / (before.bars + 3))
    assert found.sharpe == before.sharpe
    candidate.begin(START + 184 * EVIDENCE_BAR_NS)
    assert candidate.measurements(START + 184 * EVIDENCE_BAR_NS).coverage is None
    closes(candidate, 4, equity, False)
    assert candidate.measurements(START + 184 * EVIDENCE_BAR_NS).coverage == 0
    closes(candidate, 5, equity)
    assert candidate.measurements(START + 185 * EVIDENCE_BAR_NS).coverage == 0.5


def test_evidence_beyond_the_instrument_is_against_its_price_from_bar_to_bar() -> None:
    """By hand: the close of the last hour of each bar over that of the bar before; the first bar has none before it."""
    candidate, journal = gathered(WANDERS)
    by_hand = HedgedEvidence(HedgeRules(), BettingRules())
    returns = [e.bar_return for e in journal.events if isinstance(e, EvidenceSample)]
    held: list[float | None] = [None, *(WANDERS[4 * i - 1] / WANDERS[0] - 1 for i in range(1, len(returns)))]
    for change, before, now in zip(returns[1:], held, held[1:], strict=False):
        assert change is not None
        if before is not None and now is not None:
            by_hand.add(change, (1 + now) / (1 + before) - 1)
    assert candidate.hedged.e_value == pytest.approx(by_hand.e_value, rel=1e-9)
    assert by_hand.e_value != 1


def test_a_bet_against_it_begins_with_its_own() -> None:
    """By hand: the deviation is that of the bar with which the loss bound was known, and the bars after it are bet on."""
    candidate, journal = gathered(WANDERS)
    evidence, by_hand = Evidence(BettingRules(), Source.REPLAY), None
    for change in [e.bar_return for e in journal.events if isinstance(e, EvidenceSample)]:
        assert change is not None
        evidence.add(change)
        if by_hand is not None:
            by_hand.add(change)
        elif evidence.loss_bound is not None:
            assert evidence.deviation is not None
            by_hand = Futility(FutilityRules(), evidence.deviation)
    assert (by_hand is not None, candidate.futility is not None) == (True, True)
    assert by_hand is not None
    assert candidate.futility is not None
    assert candidate.futility.save() == by_hand.save()


def test_every_cost_beyond_the_price_faced_is_stressed() -> None:
    """Ten lots with a fee of 7 units, and 4 ticks of half a spread, 3 of walk, 5 of slippage, 2 of impact: a share of what the bar began with. The 9 of drift were the market's."""
    candidate, _ = gathered(SWING)
    portfolio = candidate.portfolio
    closes(candidate, 1, portfolio.cash_units)
    by_hand = StressedEvidence(BettingRules(), Source.REPLAY)
    by_hand.load(candidate.stressed.save())
    fill = fill_of(FX, Side.BUY, 10, 10_000, fee=7)
    later = START + 181 * EVIDENCE_BAR_NS + 1
    portfolio.apply_fill(msgspec.structs.replace(fill, time=later, drift=9, spread_x2=8, walk=3, slippage=5, impact=2))
    change = closes(candidate, 2, portfolio.cash_units)
    assert change is not None
    # A hundredth of a dollar for each of 0.01 euros, of a budget of 10,000 dollars.
    tick = portfolio.budget_units // 10**8
    by_hand.add(change, (7 + (4 + 3 + 5 + 2) * tick) / portfolio.bar_began)
    assert candidate.stressed.save() == by_hand.save()


def fee_paid(candidate: Candidate, bar: int, units: int) -> None:
    """A lot is bought in that bar, for a fee of so many ledger units and no other cost."""
    later = START + (179 + bar) * EVIDENCE_BAR_NS + 1
    candidate.portfolio.apply_fill(msgspec.structs.replace(fill_of(FX, Side.BUY, 1, 10_000, fee=units), time=later))


def test_what_the_first_bar_costs_is_stressed_to_the_unit() -> None:
    """A fee of one ledger unit before anything else happened."""
    candidate, _ = gathered([])
    fee_paid(candidate, 1, 1)
    assert closes(candidate, 1, candidate.portfolio.budget_units) == 0
    by_hand = StressedEvidence(BettingRules(), Source.REPLAY)
    by_hand.add(0.0, 1 / candidate.portfolio.bar_began)
    assert candidate.stressed.save() == by_hand.save()


@pytest.mark.parametrize(("left", "share"), [(0, 0.0), (1, 3.0)])
def test_who_is_ruined_pays_no_share_of_nothing(left: int, share: float) -> None:
    """A bar that began without equity has no costs; one that began with a single ledger unit and paid three has three times all of it."""
    candidate, _ = gathered(SWING)
    closes(candidate, 1, left)
    by_hand = StressedEvidence(BettingRules(), Source.REPLAY)
    by_hand.load(candidate.stressed.save())
    fee_paid(candidate, 2, 3)
    assert closes(candidate, 2, left) == 0
    by_hand.add(0.0, share)
    assert candidate.stressed.save() == by_hand.save()


def fixed_by(drop: float) -> Candidate:
    """200 bars that earned the same, in which nothing is known of how much may be lost, and then one that lost so much."""
    candidate, _ = gathered([])
    budget = candidate.portfolio.budget_units
    # To the last bit, which what was earned before would change: so it is taken out.
    gain = budget // 2**14
    for bar in range(1, 201):
        closes(candidate, bar, budget + gain)
        candidate.portfolio.add_capital(-gain, budget + gain)
    closes(candidate, 201, round(budget * (1 - drop)))
    return candidate


def test_the_bar_that_fixed_the_bound_breaks_it_not() -> None:
    """It lost fourteen deviations of a warm-up that it ended itself, and the bound is twelve."""
    candidate = fixed_by(0.10)
    bound = candidate.evidence.loss_bound
    assert bound is not None
    assert bound < 0.10
    assert (candidate.evidence.bars, candidate.measurements(START).bound_breaks) == (201, 0)


def test_a_bar_that_loses_exactly_the_bound_keeps_it() -> None:
    """To the last bit, at the first bound that an equity of 2^60 can meet so; a bit more breaks it."""
    bits = 2**60
    fixed = ((c, c.evidence.loss_bound or 0.0) for c in (fixed_by(drop / 1000) for drop in range(100, 200)))
    candidate, bound = next((c, b) for c, b in fixed if b and 1 - (1 - b) == b)
    kept = int((1 - bound) * bits)
    for bar, (equity, breaks) in enumerate(((bits, 0), (kept, 0), (bits, 0), (kept - bits // 2**53, 1)), 202):
        change = closes(candidate, bar, equity)
        assert candidate.measurements(START).bound_breaks == breaks
    assert change == -bound - 2**-53


def test_a_track_that_gathers_no_evidence_is_no_candidate() -> None:
    """It is named."""
    tape = Tape([bars_stream([(100, 100, 100, 100, 10)], "1h")])
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, DEAR)
    track = simulator.add("bare", Turns((FX,), NoParams()), Money("10000", "USD"))
    assert isinstance(track.portfolio, VirtualPortfolio)
    with pytest.raises(ValueError, match="track bare: expected one that gathers evidence, found another"):
        Candidate(track, "i", START - 1, BettingRules(), Source.REPLAY, False)


def test_a_typical_order_is_the_mean_of_those_that_build_a_position() -> None:
    """Twice the least quantity over it, rounded up to a hundredth of a per cent; the least order is a lot where a venue asks no more. What closes is of whatever size is held."""
    coarse = replace(FX, min_qty=Decimal("0.25"))
    for instrument, least in ((coarse, 250), (FX, 1)):
        candidate, journal = gathered(SWING, instrument, strategy=Builds)
        sent = [e.order.intent for e in journal.events if isinstance(e, OrderSubmitted)]
        lots = [i.lots for i in sent if not i.reduce_only]
        assert fmean(lots) != fmean(i.lots for i in sent)
        exact = Decimal(2 * least * len(lots)) / sum(lots)
        assert candidate.least_fraction() == exact.quantize(Decimal("0.0001"), rounding=ROUND_CEILING)


def test_before_there_is_a_price_an_order_is_held_against_the_least_quantity_alone() -> None:
    """One of four lots was sent by the clock: half of it is twice a lot. What it is worth nobody knows yet."""
    candidate, _ = gathered([], replace(FX, min_notional=Decimal(100)))
    order = fill_of(candidate.track.feeds[0].instrument, Side.BUY, 4, 10_000).order
    candidate.sent(OrderSubmitted(START, "s", order, START))
    assert candidate.least_fraction() == Decimal("0.5")


def test_without_an_order_no_fraction_is_too_small() -> None:
    """Nothing is known of what it sends."""
    assert gathered([])[0].least_fraction() == 0


def test_the_least_fraction_is_that_of_twice_the_least_value_too() -> None:
    """Orders of about 900 USD where an order has to be worth 100: 200 over the mean order at the last price, rounded up to a hundredth of a per cent."""
    dear = replace(FX, min_notional=Decimal(100))
    candidate, journal = gathered(SWING, dear)
    sent = [e.order.intent for e in journal.events if isinstance(e, OrderSubmitted)]
    lots = [i.lots for i in sent if not i.reduce_only]
    worth = Fraction(sum(lots), len(lots)) * Fraction(dear.lot) * Fraction(dear.price(SWING[-1]).value)
    least = candidate.least_fraction()
    assert 0 <= least - Decimal(float(200 / worth)) <= Decimal("0.0001")
    assert least > gathered(SWING)[0].least_fraction()


def test_a_window_of_drawdown_begins_anew_with_an_attempt() -> None:
    """What fell before it is not held against the next attempt; and of the present one only what fell of late."""
    candidate, _ = gathered(SWING, window_bars=6)
    before = candidate.measurements(START).drawdown_max
    assert before
    ends_ns = START + 24 * 30 * NS_PER_HOUR
    candidate.begin(ends_ns)
    assert candidate.measurements(ends_ns).drawdown_max == 0
    crash = [p if i < 302 else p // 2 for i, p in enumerate(SWING)]
    late, whole = (gathered(crash, window_bars=n)[0].measurements(START).drawdown_max for n in (6, None))
    assert late is not None
    assert whole is not None
    assert late < 0.02 < whole


def test_stressed_returns_have_paid_half_as_much_again_of_what_they_paid() -> None:
    """By hand: (equity at the end - half of the bar's costs) over equity at the start, less 1, in every bar of thirty days."""
    candidate, journal = gathered(SWING)

    by_hand = StressedEvidence(BettingRules(), Source.REPLAY)
    returns = {e.time: e.bar_return for e in journal.events if isinstance(e, EvidenceSample)}
    samples = {e.time: e.metrics for e in journal.events if isinstance(e, MetricSample)}
    equity, paid = Decimal(10_000), Decimal(0)
    spent = []
    for time, change in returns.items():
        total = sum((Decimal(str(samples[time][c])) for c in COSTS), Decimal(0))
        spent.append(float((total - paid) / equity))
        assert change is not None
        by_hand.add(change, spent[-1])
        equity, paid = Decimal(str(samples[time]["equity"])), total
    assert len(returns) == 181
    assert max(spent) > 1e-4
    assert candidate.stressed.save() == by_hand.save()
    assert FACTOR == 1.5
