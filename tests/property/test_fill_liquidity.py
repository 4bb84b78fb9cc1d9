"""Liquidity is there once: for all orders and accounts of a scope together. And who waits in a queue waits for it.

Numbers in brackets are the invariants of the execution design.
"""

from __future__ import annotations

from hypothesis import strategies as st

from genesis.execution.tier import Phase, Tier
from genesis.model.orders import Liquidity, OrderIntent, OrderType, Side
from tests.kit.sessions import (
    SOURCES,
    Candle,
    Level,
    Print,
    Quote,
    Send,
    Session,
    Steady,
    Step,
    near,
    rows,
    sessions,
)
from tests.kit.thorough import holds_for
from tests.kit.venue import BARS, BOOK, MARGIN, TOUCH, Venue
from tests.property.test_fill_prices import Fresh, base_of


class Displayed:
    """What each level shows, and what own orders took of it since it was last shown anew; kept apart from the venue's own ledger.

    The touch is shown by quotes and by nothing else (depth tells it later), the levels behind it by depth.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._touch: dict[int, tuple[int, int]] = {1: (0, 0), -1: (0, 0)}
        self._taken: dict[tuple[int, int], int] = {}

    def see(self, step: Step) -> None:
        """A row may show levels anew."""
        if isinstance(step, Quote):
            for side, touch in ((1, (step.bid, step.bid_lots)), (-1, (step.ask, step.ask_lots))):
                if touch != self._touch[side]:
                    self._taken.pop((side, touch[0]), None)
                    self._touch[side] = touch
                for level in [k for k in self._taken if k[0] == side and (k[1] - touch[0]) * side > 0]:
                    del self._taken[level]
        elif isinstance(step, Level) and step.ticks != self._touch[step.side][0]:
            self._taken.pop((step.side, step.ticks), None)

    def take(self, side: int, ticks: int, lots: int) -> None:
        """Own orders took ``lots`` of a level: never more than it shows."""
        level = (side, ticks)
        self._taken[level] = self._taken.get(level, 0) + lots
        book = self._venue.matcher.shown.book
        touch, touch_lots = self._touch[side]
        assert self._taken[level] <= (touch_lots if ticks == touch else book.size(side, ticks) if book else 0)


@holds_for(sessions(sources=(BOOK, TOUCH, BARS | BOOK), kinds=(OrderType.MARKET, OrderType.LIMIT)), examples=150)
def test_own_fills_from_a_level_are_at_most_what_it_shows(session: Session) -> None:
    """(11) Between two times that a level is shown, all accounts together take no more than it showed."""
    venue = session.open()
    fresh, displayed = Fresh(venue), Displayed(venue)

    def check(step: Step) -> None:
        displayed.see(step)
        for fill, working in fresh.fills():
            assert fill.cost is not None
            if isinstance(step, Print) and working.could_take:
                # It had only waited for its draw: what it takes now is the print's.
                continue
            if fill.liquidity is Liquidity.TAKER and fill.cost.tier.has_book:
                base = base_of(fill, working, venue, step)
                displayed.take(-working.sign, base + working.sign * fill.cost.walk, fill.lots)
            elif fill.liquidity is Liquidity.MAKER and isinstance(step, Quote):
                displayed.take(-working.sign, step.ask if working.sign > 0 else step.bid, fill.lots)

    session.play(venue, check)


@holds_for(sessions(), examples=100)
def test_own_fills_from_a_print_or_a_bar_are_at_most_its_size(session: Session) -> None:
    """(11) All accounts together, makers and takers; of a bar its share, where there is one."""
    venue = session.open()
    fresh = Fresh(venue)

    def check(step: Step) -> None:
        fills = fresh.fills()
        if isinstance(step, Print):
            used = [
                h.lots
                for h, working in fills
                if h.liquidity is Liquidity.MAKER or working.could_take or (h.cost and not h.cost.tier.has_book)
            ]
            assert sum(used) <= step.lots
        share = venue.matcher.models.bar_share
        if isinstance(step, Candle) and share is not None:
            assert sum(h.lots for h, _ in fills) <= step.lots * share[0] // share[1]

    session.play(venue, check)


@holds_for(sessions(), examples=100)
def test_the_queue_only_shortens_and_fills_come_after_it(session: Session) -> None:
    """(12) What is ahead never grows and is never below zero; a print at an order's own price fills it once nothing is ahead."""
    venue = session.open()
    fresh = Fresh(venue)
    ahead: dict[str, int | None] = {}

    def check(step: Step) -> None:
        for name, working in venue.orders.items():
            was, now = ahead.get(name), working.ahead
            assert now is None or now >= 0
            assert was is None or (now is not None and now <= was)
            ahead[name] = now
        if isinstance(step, Print):
            for fill, working in fresh.fills():
                if fill.liquidity is Liquidity.MAKER and fill.ticks == step.ticks:
                    assert working.ahead == 0
        fresh.fills()

    session.play(venue, check)


@st.composite
def one_resting(draw: st.DrawFn) -> Session:
    """A market and one order that rests in it, under assumptions that all queue models share."""
    sources = draw(st.sampled_from([s for s in SOURCES if s != BARS]))
    market = st.lists(rows(sources), max_size=20)
    intent = OrderIntent(
        MARGIN, draw(st.sampled_from(Side)), draw(st.integers(1, 30)), OrderType.LIMIT, draw(near), post_only=True
    )
    how = {"conditions": Steady(), "only_through": draw(st.booleans()), "queue_n": draw(st.integers(1, 4))}
    steps: list[Step] = [*draw(market), Send(intent), *draw(market)]
    return Session(sources, MARGIN, how, ({"name": "a"},), steps)


@holds_for(one_resting(), examples=200)
def test_queue_models_are_ordered(session: Session) -> None:
    """(14) For one resting order, at every instant: filled under risk_averse <= filled under power3 <= filled under touch."""
    filled: list[list[int]] = []
    for queue in ("risk_averse", "power3", "touch"):
        history: list[int] = []
        venue = session.open(queue=queue)
        session.play(venue, lambda step, v=venue, h=history: h.append(sum(n for _, n in v.ears["a"].fills())))  # type: ignore[misc]
        filled.append(history)
    for careful, middle, touch in zip(*filled, strict=True):
        assert careful <= middle <= touch


@holds_for(sessions(), examples=100)
def test_the_depth_of_a_book_ends_a_market_order(session: Session) -> None:
    """(13) With a whole book in sight a market order is filled or expired at once, and where depth comes later, at the next quote."""
    venue = session.open()

    def check(step: Step) -> None:
        shown = venue.matcher.shown
        if isinstance(step, Quote | Send) and shown.tier(venue.now) is Tier.DEPTH and shown.bid:
            asked = venue.orders.values() if isinstance(step, Quote) else [venue.orders[str(len(venue.orders) - 1)]]
            at_venue = [w for w in asked if w in venue.matcher.working]
            assert not any(w.phase is Phase.TAKING and w.limit is None for w in at_venue)

    session.play(venue, check)
