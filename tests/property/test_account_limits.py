"""Whatever orders come in whatever order, what was let through together keeps the account's limits at the prices at which it was judged; and two live strategies' runs do not depend on how the tape is cut."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.model.events import OrderDenied, OrderSubmitted
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import OrderIntent, Side
from genesis.model.track_events import TrackHalted, TrackOpened
from genesis.risk.account_limits import SCALE, AccountLimits, Exposure, Together, beyond_closing
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS
from tests.kit.runs import Memory
from tests.kit.shared_account import CLOSE, INSTRUMENTS, Step, prepared

TIER = DEFAULT_TIERS[1]
EQUITY = 10_000 * 10**SCALE
LIMITS = Limits(net_exposure_max=Decimal("0.4"), stacked_max=Decimal("0.5"))
MARKETS = tuple(
    Instrument(s, "X", b, "USD", Decimal("0.1"), Decimal("0.01"), InstrumentKind.FX) for s, b in INSTRUMENTS.items()
)
# A lot is worth ten dollars and more.
LOT = 10 * 10**SCALE


def alike(one: str, other: str) -> float:
    """Bitcoin moves as ether does, solana against ether, and bitcoin and solana apart."""
    pair = {one[:3], other[:3]}
    return 0.8 if pair == {"BTC", "ETH"} else -0.8 if pair == {"ETH", "SOL"} else 0.1


class Book:
    """Positions and open entries of three tracks, in lots, as somebody would keep them on paper."""

    def __init__(self) -> None:
        self.held: defaultdict[tuple[str, Instrument], int] = defaultdict(int)
        self.open: list[tuple[str, Instrument, int]] = []

    def working(self, track: str, instrument: Instrument, sign: int) -> int:
        return sum(abs(n) for t, i, n in self.open if (t, i) == (track, instrument) and n * sign > 0)

    def adds(self, track: str, instrument: Instrument, sign: int) -> int:
        """Lots that open orders of a side may open beyond flat."""
        return max(0, self.working(track, instrument, sign) - max(0, -sign * self.held[track, instrument]))

    def parts(self) -> Iterator[tuple[str, Instrument]]:
        yield from {(t, i) for t, i, _ in self.open} | set(self.held)

    def exposures(self, prices: dict[Instrument, int]) -> list[Exposure]:
        return [
            Exposure(
                i,
                self.held[t, i] * prices[i],
                *(self.adds(t, i, s) * prices[i] for s in (1, -1)),
                *(self.working(t, i, s) * prices[i] for s in (1, -1)),
            )
            for t, i in list(self.parts())
        ]


INTENTS = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(MARKETS),
    st.sampled_from(Side),
    st.integers(1, 200),
    st.sampled_from(["rests", "fills", "fills all"]),
    st.integers(-3, 3),
)


@given(st.lists(INTENTS, min_size=1, max_size=40))
@settings(max_examples=150)
def test_what_was_let_through_keeps_every_limit(intents: list[tuple[str, Instrument, Side, int, str, int]]) -> None:
    """After each entry: gross of all, net of its asset in its direction, and everything that moves with any instrument held, counted anew from lots and prices."""
    book, prices = Book(), dict.fromkeys(MARKETS, LOT)
    limits = AccountLimits(LIMITS, alike)
    for track, instrument, side, lots, then, drift in intents:
        prices[instrument] += drift * LOT // 100
        price, sign = prices[instrument], int(side)
        intent = OrderIntent(instrument, side, lots)
        working = book.working(track, instrument, sign)
        adds = beyond_closing(intent, book.held[track, instrument], working)
        if adds:
            entry = Exposure(instrument).with_entry(sign, lots * price, adds * price)
            at = Together(TIER, EQUITY, EQUITY, 0, [*book.exposures(prices), entry], len(book.open), ())
            if limits.check(intent, at) is not None:
                continue
        book.open.append((track, instrument, sign * lots))
        if adds:
            keeps(book, prices, instrument, sign)
        if then == "fills":
            book.held[track, instrument] += book.open.pop()[2]
        elif then == "fills all":
            for t, i, n in book.open:
                book.held[t, i] += n
            book.open.clear()


def keeps(book: Book, prices: dict[Instrument, int], instrument: Instrument, sign: int) -> None:
    """The account's limits, counted in another way than they are judged."""
    gross = sum(
        (abs(book.held[t, i]) + book.adds(t, i, 1) + book.adds(t, i, -1)) * prices[i] for t, i in list(book.parts())
    )
    assert gross <= TIER.gross_exposure_max * EQUITY
    same = [i for i in MARKETS if i.base == instrument.base]
    net = sum(sign * n * prices[i] for (_, i), n in book.held.items() if i in same)
    net += sum(abs(n) * prices[i] for _, i, n in book.open if i in same and n * sign > 0)
    assert net <= Decimal("0.4") * EQUITY
    stacks = {s: sum(towards(book, prices, i, s) for i in same) for s in (1, -1)}
    assert stacks[sign] <= Decimal("0.5") * EQUITY
    if instrument.base == "BTC":
        ether = [i for i in MARKETS if i.base == "ETH"]
        if any(book.held[t, i] or book.adds(t, i, 1) or book.adds(t, i, -1) for t in "abc" for i in ether):
            assert stacks[sign] + sum(towards(book, prices, i, sign) for i in ether) <= Decimal("0.5") * EQUITY


def towards(book: Book, prices: dict[Instrument, int], instrument: Instrument, sign: int) -> int:
    """What stands in a direction of one instrument, and may be added to it."""
    return sum(
        (max(0, sign * book.held[t, instrument]) + book.adds(t, instrument, sign)) * prices[instrument] for t in "abc"
    )


@given(st.integers(-6, 6), st.lists(st.integers(1, 5), max_size=4), st.integers(1, 6), st.sampled_from(Side))
def test_an_order_adds_the_most_that_it_can_open(held: int, working: list[int], lots: int, side: Side) -> None:
    """Whichever of the orders that work have filled before it."""
    sign = int(side)
    before = [sign * held + sum(some) for n in range(len(working) + 1) for some in combinations(working, n)]
    opens = max(max(0, at + lots) - max(0, at) for at in before)
    assert beyond_closing(OrderIntent(MARKETS[0], side, lots), held, sum(working)) == opens


STEPS = st.tuples(
    st.sampled_from(sorted(INSTRUMENTS)),
    st.integers(-6_000, 6_000).filter(lambda n: abs(n) > 10),
    st.sampled_from([None, 990, 1_000, 1_010]),
)
LIVE_HOUR = 12
# From the hour after they go live: who enters at that very moment is not flat, and its pair waits for it to be.
SCRIPTS = st.dictionaries(
    st.integers(LIVE_HOUR + 1, 70), st.lists(STEPS, min_size=1, max_size=2) | st.just([CLOSE]), max_size=14
)


@given(
    SCRIPTS,
    SCRIPTS,
    st.lists(st.integers(-60, 60), min_size=80, max_size=80),
    st.sampled_from([1, 3, 11]),
)
@settings(max_examples=12, deadline=None)
def test_two_live_strategies_do_the_same_however_the_tape_is_cut(
    a: dict[int, list[Step]], b: dict[int, list[Step]], moves: list[int], rows: int
) -> None:
    """Whatever both do, and however the prices move: the same entries, of which some are halts and refusals of the account."""
    prices = [1_000]
    for move in moves:
        prices.append(max(500, prices[-1] + move))

    def price(symbol: str, hour: int) -> int:
        return prices[hour] if symbol != "SOLA" else 2_000 - min(1_500, prices[hour])

    def played(cut: int | None) -> Memory:
        journal = Memory()
        with tempfile.TemporaryDirectory() as folder:
            prepared(Path(folder), {"a": a, "b": b}, 3, price, live_hour=LIVE_HOUR).execute(journal, None, None, cut)
        return journal

    whole, cut = played(None), played(rows)
    assert cut.entries == whole.entries
    assert len([e for e in whole.events if isinstance(e, TrackOpened)]) == 4
    # What is refused to live is never an order that only reduces; what a halt sells always is one.
    for event in whole.events:
        if isinstance(event, OrderDenied) and event.reason.value.startswith(("ACCOUNT", "STACKED", "OPPOSING")):
            assert not event.intent.reduce_only
            assert "@" in (event.track or "")
    halted = {(e.time, e.track) for e in whole.events if isinstance(e, TrackHalted)}
    sold = [e for e in whole.events if isinstance(e, OrderSubmitted) and (e.time, e.track) in halted]
    assert all(e.order.intent.reduce_only for e in sold if e.order.intent.tag == "flatten")
