"""Random sessions at a venue: market rows and commands in one list, for properties. Prices lie close together, so that everything meets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.execution.tier import Tier
from genesis.model.instruments import Instrument
from genesis.model.orders import Order, OrderIntent, OrderType, Side, TimeInForce
from genesis.model.rules import StpMode
from tests.kit.venue import BARS, BOOK, MARGIN, MS, PRINTS, SPOT, TOUCH, Venue

MIDDLE, REACH = 1_000, 4
TICK = 100_000  # a tick at 1,000 ticks, as a fraction in 1e-8
SOURCES = (BOOK, TOUCH, PRINTS, BARS, BARS | PRINTS, BARS | BOOK)


class Quote(NamedTuple):
    """The best bid and ask."""

    bid: int
    bid_lots: int
    ask: int
    ask_lots: int

    def happen(self, venue: Venue) -> None:
        venue.quote(*self)


class Level(NamedTuple):
    """A level's new absolute size."""

    side: int
    ticks: int
    lots: int

    def happen(self, venue: Venue) -> None:
        venue.depth(*self)


class Print(NamedTuple):
    """A public trade."""

    ticks: int
    lots: int
    aggressor: int

    def happen(self, venue: Venue) -> None:
        venue.trade(*self)


class Candle(NamedTuple):
    """A bar that closes 10 ms from now and opened ``length`` ms before."""

    opened: int
    high: int
    low: int
    close: int
    lots: int
    length: int

    def happen(self, venue: Venue) -> None:
        venue.bar(*self[:5], length_ns=self.length * MS)


class Pause(NamedTuple):
    """Nothing happens for a while."""

    ms: int

    def happen(self, venue: Venue) -> None:
        venue.now += self.ms * MS


class Send(NamedTuple):
    """An order arrives; its name is its place among the orders sent."""

    intent: OrderIntent
    account: str = "a"
    slippage: int = 0

    def happen(self, venue: Venue, late: bool = False) -> None:
        venue.now += MS
        name = str(len(venue.orders))
        order = Order(name, self.account, self.intent, venue.now, 1)
        venue.send(order, self.account, self.slippage, late=late)


class Cancel(NamedTuple):
    """A cancel of the ``number``-th order arrives, whether there is one or not."""

    number: int

    def happen(self, venue: Venue) -> None:
        venue.cancel(str(self.number))


Row = Quote | Level | Print | Candle | Pause
Step = Row | Send | Cancel


class Session(NamedTuple):
    """A venue's assumptions, its accounts, and what happens."""

    sources: frozenset[Tier]
    instrument: Instrument
    how: dict[str, Any]
    accounts: tuple[dict[str, Any], ...]
    steps: list[Step]

    def open(self, **how: Any) -> Venue:
        """The venue before anything has happened; ``how`` overrules assumptions."""
        venue = Venue(self.sources, self.instrument, **{**self.how, **how})
        for account in self.accounts:
            venue.account(**account)
        return venue

    def play(self, venue: Venue, after: Callable[[Step], None] = lambda step: None) -> Venue:
        """Let everything happen, and ``after`` each step look at it."""
        for step in self.steps:
            step.happen(venue)
            after(step)
        return venue


def one_from(kinds: Sequence[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """A value of one of these; a kind named twice comes twice as often (``one_of`` passes over what it has seen)."""
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


near = st.integers(MIDDLE - REACH, MIDDLE + REACH)
few_lots = st.integers(1, 12)
_pauses = st.builds(Pause, st.sampled_from([1, 5, 40, 400]))
_quotes = st.builds(
    lambda bid, bid_lots, width, ask_lots: Quote(bid, bid_lots, bid + width, ask_lots),
    near,
    few_lots,
    st.integers(1, 4),
    few_lots,
)
_levels = st.builds(
    lambda side, away, lots: Level(side, MIDDLE - side * away, lots),
    st.sampled_from([1, -1]),
    st.integers(-3, REACH),
    st.integers(0, 12),
)
_prints = st.builds(Print, near, few_lots, st.sampled_from([1, -1, 0]))
_candles = st.builds(
    lambda opened, close, up, down, lots, length: Candle(
        opened, max(opened, close) + up, min(opened, close) - down, close, lots, length
    ),
    near,
    near,
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 60),
    st.sampled_from([10, 12, 30]),
)


def rows(sources: frozenset[Tier]) -> st.SearchStrategy[Row]:
    """Market rows of these sources, and pauses."""
    kinds: list[st.SearchStrategy[Any]] = [_pauses]
    if Tier.QUOTES in sources:
        kinds += [_quotes, _quotes]
    if Tier.DEPTH in sources:
        kinds += [_levels, _levels]
    if Tier.TRADES in sources:
        kinds += [_prints, _prints]
    if Tier.BARS in sources:
        kinds += [_candles, _candles]
    return one_from(kinds)


def opening(sources: frozenset[Tier]) -> list[Row]:
    """A market that stands: bids and asks two ticks apart with depth behind them, a print, a bar."""
    wide: dict[Tier, list[Row]] = {
        Tier.DEPTH: [Level(s, MIDDLE - s * away, 3 * away) for s in (1, -1) for away in (1, 2, 4)],
        Tier.QUOTES: [Quote(MIDDLE - 1, 4, MIDDLE + 1, 4)],
        Tier.TRADES: [Print(MIDDLE, 2, 1)],
        Tier.BARS: [Candle(MIDDLE, MIDDLE + 2, MIDDLE - 2, MIDDLE, 40, 10)],
    }
    return [row for tier, those in wide.items() if tier in sources for row in those]


KINDS = (
    OrderType.MARKET,
    OrderType.LIMIT,
    OrderType.LIMIT,
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
)


@st.composite
def intents(
    draw: st.DrawFn,
    instrument: Instrument,
    kinds: Sequence[OrderType] = KINDS,
    reduce_only: st.SearchStrategy[bool] = st.sampled_from([False, False, False, False, True]),
    lots: st.SearchStrategy[int] = st.integers(1, 24),
) -> OrderIntent:
    """Well-formed intents of every kind."""
    kind = draw(st.sampled_from(kinds))
    post_only = kind is OrderType.LIMIT and draw(st.booleans())
    force = TimeInForce.GTC
    if not post_only and kind is not OrderType.TRAILING_STOP:
        force = draw(st.sampled_from(TimeInForce if kind is not OrderType.MARKET else [TimeInForce.GTC]))
    return OrderIntent(
        instrument,
        draw(st.sampled_from(Side)),
        draw(lots),
        kind,
        draw(near) if kind.has_limit else None,
        draw(near) if kind.has_trigger else None,
        draw(st.sampled_from([10, 30, 100])) if kind is OrderType.TRAILING_STOP else None,
        force,
        post_only,
        draw(reduce_only),
    )


slippages = st.sampled_from([0, 0, TICK, 5 * TICK // 2])


class Steady:
    """A market of 3 % a day and 4,000 lots, a half spread of 0.7 ticks and prints of 2 lots."""

    def daily(self, now_ns: int) -> tuple[float, float]:
        return 0.03, 4_000.0

    def half_spread(self, now_ns: int) -> int:
        return 7 * TICK // 10

    def typical_print(self, now_ns: int) -> int | None:
        return 2


def assumptions() -> st.SearchStrategy[dict[str, Any]]:
    """Of a venue, of every kind."""
    return st.fixed_dictionaries(
        {
            "queue": st.sampled_from(["power3", "risk_averse", "touch"]),
            "only_through": st.booleans(),
            "prints_share": st.sampled_from([(1, 1), (1, 5)]),
            "bar_share": st.sampled_from([None, (1, 10)]),
            "impact_y": st.sampled_from([0.0, 0.8]),
            "half_life_ns": st.sampled_from([0, 30 * MS]),
            "fresh_ns": st.sampled_from([60_000 * MS, 30 * MS]),
            "estimate_spread": st.booleans(),
            "conditions": st.just(Steady()),
        }
    )


fee_schedules = st.builds(
    lambda maker, taker, currency: FeeSchedule(maker, taker, currency),
    st.sampled_from([Decimal(0), Decimal(10), Decimal(33)]),
    st.sampled_from([Decimal(0), Decimal(10), Decimal(450)]),
    st.sampled_from(FeeCurrency),
)


@st.composite
def sessions(
    draw: st.DrawFn,
    instruments: Sequence[Instrument] = (SPOT, MARGIN),
    sources: Sequence[frozenset[Tier]] = SOURCES,
    kinds: Sequence[OrderType] = KINDS,
    most: int = 30,
) -> Session:
    """Everything at random: a liquidity scope of one or two accounts, rich or poor, orders of every kind, cancels, any data."""
    instrument, source = draw(st.sampled_from(instruments)), draw(st.sampled_from(sources))
    opened = [
        {
            "name": name,
            "cash": draw(st.sampled_from(["0.15", "1000", "1000"])),
            "coins": draw(st.sampled_from(["0.004", "5", "5"])),
            "mode": draw(st.sampled_from(StpMode)),
            "fees": draw(fee_schedules),
        }
        for name in ("a", "b")[: draw(st.integers(1, 2))]
    ]
    names = [str(a["name"]) for a in opened]
    sends = st.builds(Send, intents(instrument, kinds), st.sampled_from(names), slippages)
    cancels = st.builds(Cancel, st.integers(0, 6))
    market = rows(source)
    # Mostly long and as many orders as rows, so that things meet; a short one is what a failure shrinks to.
    least = draw(st.sampled_from([1, *[2 * most // 3] * 4]))
    steps = st.lists(one_from([market, market, market, sends, sends, cancels]), min_size=least, max_size=most)
    before = [] if draw(st.sampled_from([False, False, False, True])) else opening(source)
    return Session(source, instrument, draw(assumptions()), tuple(opened), [*before, *draw(steps)])
