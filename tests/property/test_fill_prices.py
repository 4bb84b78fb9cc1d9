"""Prices of fills: on the limit's side, never better than the market and the draw, monotone in size, and the sum of their named parts.

Numbers in brackets are the invariants of the execution design.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from genesis.execution.impact import SquareRootImpact
from genesis.execution.luck import slipped
from genesis.execution.tier import Confidence, Tier
from genesis.execution.working import Working
from genesis.model.orders import Liquidity, OrderIntent, Side
from tests.kit.sessions import (
    SOURCES,
    Candle,
    Print,
    Row,
    Send,
    Session,
    Steady,
    Step,
    rows,
    sessions,
    slippages,
)
from tests.kit.thorough import holds_for
from tests.kit.venue import MARGIN, Heard, Venue


class Fresh:
    """Hands out the fills of a venue that were not seen yet, with the order of each."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._seen = venue, dict.fromkeys(venue.ears, 0)

    def fills(self) -> list[tuple[Heard, Working]]:
        found = []
        for name, ear in self._venue.ears.items():
            found += [h for h in ear.heard[self._seen[name] :] if h.kind == "filled"]
            self._seen[name] = len(ear.heard)
        return [(h, self._venue.orders[h.order]) for h in found]


def base_of(fill: Heard, working: Working, venue: Venue, step: Step) -> int:
    """The price that a taker's fill starts from: the touch, the print, or the open of a bar and the trigger it fired.

    A trailing stop that a bar's better extreme moved may have been fired by its close: then that is the better of the two.
    """
    assert fill.cost is not None
    if fill.cost.tier.has_book:
        return venue.matcher.shown.ask if working.sign > 0 else venue.matcher.shown.bid
    if isinstance(step, Print):
        return step.ticks
    assert isinstance(step, Candle)
    triggered = [h for h in venue.ears[working.party.account].of("triggered", fill.order) if h.time_ns == fill.time_ns]
    if not triggered:
        return step.opened
    entry = max(step.opened, triggered[0].ticks) if working.stops_up else min(step.opened, triggered[0].ticks)
    return working.sign * min(working.sign * entry, working.sign * step.close) if working.is_trailing else entry


@holds_for(sessions(), examples=120)
def test_no_fill_breaks_its_limit_and_a_maker_fills_at_it(session: Session) -> None:
    """(5) A buyer pays its limit at most, a seller gets it at least; whoever rested fills at exactly its price; no price is below a tick."""
    venue = session.play(session.open())
    for ear in venue.ears.values():
        for fill in ear.of("filled"):
            working = venue.orders[fill.order]
            assert fill.ticks >= 1
            if working.limit is not None:
                assert (working.limit - fill.ticks) * working.sign >= 0
            if fill.liquidity is Liquidity.MAKER:
                assert fill.ticks == working.limit


@holds_for(sessions(), examples=100)
def test_a_taker_never_does_better_than_the_market_and_its_draw(session: Session) -> None:
    """(6) From the touch, the print or the bar's open its draw (and the assumed spread) only makes the price worse.

    One that its draw kept from taking, and that rested meanwhile, pays its own limit: the draw has cost it the time.
    """
    venue = session.open()
    fresh = Fresh(venue)

    def check(step: Step) -> None:
        for fill, working in fresh.fills():
            if fill.liquidity is Liquidity.TAKER:
                assert fill.cost is not None
                if working.could_take:
                    assert fill.ticks == working.limit
                    continue
                base = base_of(fill, working, venue, step)
                spread = 0 if fill.cost.tier.has_book else working.half_spread
                best = slipped(base, working.sign, working.slippage + spread)
                assert (fill.ticks - best) * working.sign >= 0

    session.play(venue, check)


@holds_for(sessions(), examples=100)
def test_the_parts_of_a_price_are_its_distance_from_the_decision(session: Session) -> None:
    """Drift, assumed spread, walk, draw and impact add up to what a taker pays beyond the price at its decision; each but drift only costs.

    A maker pays nothing but its own limit.
    """
    venue = session.play(session.open())
    for ear in venue.ears.values():
        for fill in ear.of("filled"):
            working, cost = venue.orders[fill.order], fill.cost
            assert cost is not None
            if fill.liquidity is Liquidity.MAKER:
                assert (cost.drift, cost.walk, cost.slippage, cost.impact) == (0, 0, 0, 0)
                continue
            assert min(cost.walk, cost.slippage, cost.impact, cost.spread_x2) >= 0
            spread = 0 if cost.tier.has_book else cost.spread_x2 // 2
            parts = cost.drift + spread + cost.walk + cost.slippage + cost.impact
            if working.decision_ticks is not None:
                assert parts == (fill.ticks - working.decision_ticks) * working.sign


@holds_for(sessions(), examples=120)
def test_a_fill_says_which_data_made_it_and_how_far_to_believe_it(session: Session) -> None:
    """A bar's fills are rough; a print's are of the best data fresh at that moment; prints alone and a stale book are low."""
    venue = session.open()
    fresh = Fresh(venue)

    def check(step: Step) -> None:
        shown = venue.matcher.shown
        for fill, _ in fresh.fills():
            assert fill.cost is not None
            tier, confidence = fill.cost.tier, fill.cost.confidence
            assert tier is (Tier.BARS if isinstance(step, Candle) else shown.tier(venue.now))
            assert (confidence is Confidence.ROUGH) == (tier is Tier.BARS)
            if tier is Tier.TRADES:
                assert confidence is Confidence.LOW
            if tier.has_book:
                is_stale = venue.now - shown.quote_ns > shown.book_fresh_ns
                assert (confidence is Confidence.LOW) == is_stale
            if tier is Tier.DEPTH and fill.liquidity is Liquidity.TAKER:
                assert confidence is Confidence.HIGH

    session.play(venue, check)


@st.composite
def alone(draw: st.DrawFn) -> tuple[Session, Session]:
    """The same market twice: in the first one order, in the second the same order but larger."""
    sources = draw(st.sampled_from(SOURCES))
    before: list[Row] = draw(st.lists(rows(sources), min_size=1, max_size=12))
    after: list[Row] = draw(st.lists(rows(sources), max_size=12))
    small, more = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    slippage = draw(slippages)
    side = draw(st.sampled_from(Side))
    how = {"impact_y": 0.8, "half_life_ns": 0, "conditions": Steady(), "prints_share": (1, 5)}
    pair = []
    for lots in (small, small + more):
        send = Send(OrderIntent(MARGIN, side, lots), "a", slippage)
        pair.append(Session(sources, MARGIN, how, ({"name": "a"},), [*before, send, *after]))
    return pair[0], pair[1]


def lots_one_by_one(venue: Venue, part: str | None = None) -> list[int]:
    """What each filled lot cost, in the order of filling: the price made positive for worse, or one part of it."""
    sign = venue.orders["0"].sign
    costs = []
    for fill in venue.ears["a"].of("filled"):
        costs += [sign * fill.ticks if part is None else getattr(fill.cost, part)] * fill.lots
    return costs


@holds_for(alone(), examples=120)
def test_a_larger_order_never_pays_less(pair: tuple[Session, Session]) -> None:
    """(7) Lot by lot the larger of two equal orders pays at least as much, so its average is never better; nor is its impact."""
    small, large = (session.play(session.open()) for session in pair)
    for part in (None, "impact"):
        less, more = lots_one_by_one(small, part), lots_one_by_one(large, part)
        assert len(less) <= len(more)
        assert all(a <= b for a, b in zip(less, more, strict=False))


@holds_for(
    st.floats(0.01, 10),
    st.floats(0.001, 1),
    st.floats(1, 1e15),
    st.floats(0, 1e12),
    st.integers(1, 10**10),
    examples=200,
)
def test_impact_grows_with_size_and_with_what_is_remembered(
    y: float, sigma: float, volume: float, remembered: float, lots: int
) -> None:
    """(7) The average cost of more lots, or after more lots, is never lower; a first lot costs something."""
    law = SquareRootImpact(y)
    by_size = [law.cost(n, remembered, sigma, volume) for n in (lots, lots + 1, 2 * lots)]
    by_memory = [law.cost(lots, m, sigma, volume) for m in (0.0, remembered, 1.5 * remembered + 1)]
    assert all(a <= b for a, b in pairwise(by_size))
    assert all(a <= b for a, b in pairwise(by_memory))
    assert by_memory[0] > 0
