"""When an order fills, at what price, and why: each rule of docs/PAPER_FILLS.md as a small ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from genesis.execution.fault_windows import FaultWindows
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.execution.tier import Confidence, Phase, Tier
from genesis.model.orders import Liquidity, OrderType, RejectReason, Side, TimeInForce
from genesis.model.rules import StpMode
from genesis.rng import ClippedNormal, KeyedDraws
from tests.kit.venue import BARS, BOOK, MARGIN, MS, PRINTS, SPOT, TOUCH, Venue

BUY, SELL = Side.BUY, Side.SELL
HUNDREDTH = 10_000  # one basis point as a fraction in 1e-8
BARS_AND_PRINTS = BARS | PRINTS


def book(**how: object) -> Venue:
    """Bids 5 at 99.99, 10 at 99.98; asks 5 at 100.01, 10 at 100.02, 20 at 100.05."""
    venue = Venue(BOOK, **how)  # type: ignore[arg-type]
    venue.account()
    for side, ticks, lots in ((1, 9_999, 5), (1, 9_998, 10), (-1, 10_001, 5), (-1, 10_002, 10), (-1, 10_005, 20)):
        venue.depth(side, ticks, lots)
    venue.quote(9_999, 5, 10_001, 5)
    return venue


# ---- takers in a book


def test_a_taker_walks_the_book_level_by_level() -> None:
    """Each level up to what it shows, the worse ones later; no draw and no impact: the levels' own prices."""
    venue = book()
    venue.order("o", BUY, 12)
    assert venue.ears["a"].fills() == [(10_001, 5), (10_002, 7)]


def test_what_was_taken_is_not_there_for_the_next_order() -> None:
    """Nor for another account of the same scope; a level shown anew with more has more."""
    venue = book()
    other = venue.account("b")
    venue.order("first", BUY, 4)
    venue.order("second", BUY, 3, account="b")
    assert other.fills() == [(10_001, 1), (10_002, 2)]
    venue.quote(9_999, 5, 10_001, 8)
    venue.order("third", BUY, 4)
    assert venue.ears["a"].fills("third") == [(10_001, 3), (10_002, 1)]


def test_depth_that_comes_late_brings_nothing_back_at_the_touch() -> None:
    """The quote still shows 5 at 100.01, all taken; a depth row that tells the level gone, or small, is older news, and gives none of them again."""
    venue = book()
    venue.order("first", BUY, 5)
    venue.depth(-1, 10_001, 2)
    venue.depth(-1, 10_001, 0)
    venue.order("second", BUY, 5)
    assert venue.ears["a"].fills("second") == [(10_002, 5)]


def test_a_level_that_went_away_comes_back_whole() -> None:
    """The market left it and what we took of it with it."""
    venue = book()
    venue.order("first", BUY, 5)
    venue.quote(10_001, 5, 10_002, 10)
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("second", BUY, 5)
    assert venue.ears["a"].fills("second") == [(10_001, 5)]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_side_that_is_empty_comes_back_whole(side: Side) -> None:
    """Its 5 lots were taken, then nobody is there at all: what is shown there again is new."""
    venue = Venue(TOUCH)
    ear = venue.account()
    shown = (9_999, 5, 10_001, 5)
    venue.quote(*shown)
    venue.order("first", side, 5)
    venue.quote(*((9_999, 5, 0, 0) if side is BUY else (0, 0, 10_001, 5)))
    venue.quote(*shown)
    venue.order("second", side, 5)
    assert [lots for _, lots in ear.fills()] == [5, 5]


def test_what_was_taken_fades_only_when_the_level_is_shown_anew() -> None:
    """Waiting brings nothing back; after a half-life a refresh gives half, rounded against us."""
    venue = book(half_life_ns=1_000 * MS)
    venue.order("first", BUY, 5)
    venue.now += 1_500 * MS
    venue.order("waits", BUY, 1, limit=10_001)
    assert venue.ears["a"].fills("waits") == []
    venue.cancel("waits")
    venue.quote(9_999, 4, 10_001, 6)
    venue.order("second", BUY, 9, limit=10_001, time_in_force=TimeInForce.IOC)
    assert venue.ears["a"].fills("second") == [(10_001, 3)]


def test_a_draw_and_a_walk_are_never_added() -> None:
    """3 bp of 100.01 is 100.05 (rounded against us): levels below pay that, one beyond pays its own price."""
    venue = book()
    venue.order("o", BUY, 30, slippage=3 * HUNDREDTH)
    assert venue.ears["a"].fills() == [(10_005, 5), (10_005, 10), (10_005, 15)]
    venue = book()
    venue.order("o", BUY, 30, slippage=2 * HUNDREDTH)
    assert venue.ears["a"].fills() == [(10_004, 5), (10_004, 10), (10_005, 15)]


def test_a_fill_says_where_its_price_comes_from() -> None:
    """Decision at the touch; 1 tick of half spread beside it; walk, then the draw's rest: the parts are the whole."""
    venue = book()
    venue.order("o", BUY, 20, slippage=2 * HUNDREDTH)
    costs = [h.cost for h in venue.ears["a"].of("filled")]
    parts = [(c.drift, c.spread_x2, c.walk, c.slippage, c.impact) for c in costs if c is not None]
    assert parts == [(0, 2, 0, 3, 0), (0, 2, 1, 2, 0), (0, 2, 4, 0, 0)]
    for (ticks, _), (drift, _, *rest) in zip(venue.ears["a"].fills(), parts, strict=True):
        assert 10_001 + drift + sum(rest) == ticks
    assert {(c.tier, c.confidence) for c in costs if c} == {(Tier.DEPTH, Confidence.HIGH)}


def test_a_market_order_that_empties_the_visible_book_expires() -> None:
    """As the exchange does: partly filled, then expired."""
    venue = book()
    venue.order("o", BUY, 50)
    assert sum(lots for _, lots in venue.ears["a"].fills()) == 35
    assert [h.reason for h in venue.ears["a"].of("expired")] == [RejectReason.NO_LIQUIDITY]


def test_a_limit_takes_what_it_accepts_and_rests_with_the_remainder() -> None:
    """It pays no more than its limit, also by the draw, and joins the queue at its price."""
    venue = book()
    order = venue.order("o", BUY, 20, limit=10_002)
    assert venue.ears["a"].fills() == [(10_001, 5), (10_002, 10)]
    assert (order.phase, order.leaves, order.ahead) == (Phase.RESTING, 5, 0)
    venue = book()
    order = venue.order("o", BUY, 20, limit=10_002, slippage=2 * HUNDREDTH)
    assert (venue.ears["a"].fills(), order.phase) == ([], Phase.RESTING)


@pytest.mark.parametrize(
    ("ask_between", "liquidity", "fee"), [(10_001, Liquidity.TAKER, 10), (10_003, Liquidity.MAKER, 0)]
)
def test_who_could_have_taken_but_for_the_draw_is_no_maker_at_the_next_quote(
    ask_between: int, liquidity: Liquidity, fee: int
) -> None:
    """A limit at the ask, kept off by its draw, fills at its price when the ask is told again: as a taker, unless the ask has left in between."""
    venue = Venue(BOOK)
    ear = venue.account(fees=FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(10), currency=FeeCurrency.QUOTE))
    venue.quote(10_000, 5, 10_001, 5)
    order = venue.order("o", BUY, 3, limit=10_001, slippage=2 * HUNDREDTH)
    assert (ear.fills(), order.phase) == ([], Phase.RESTING)

    venue.quote(10_000, 6, ask_between, 6)
    venue.quote(10_000, 7, 10_001, 7)

    (fill,) = ear.of("filled")
    cost = fill.cost
    assert cost is not None
    assert fill.fee is not None
    assert (fill.ticks, fill.lots, fill.liquidity) == (10_001, 3, liquidity)
    notional = 3 * MARGIN.lot_units * 10_001 * MARGIN.notional_unit(MARGIN.quote_decimals)
    assert fill.fee[0] == notional * fee // 10_000
    if liquidity is Liquidity.TAKER:
        assert (cost.drift, cost.spread_x2, cost.walk, cost.slippage, cost.impact) == (0, 1, 0, 0, 0)


def test_what_a_taker_leaves_at_its_limit_is_a_maker() -> None:
    """It has taken all there was within its limit: what is shown anew there comes to it."""
    venue = Venue(BOOK)
    ear = venue.account()
    venue.quote(10_000, 5, 10_001, 5)
    venue.order("o", BUY, 8, limit=10_001)
    venue.quote(10_000, 5, 10_001, 9)
    assert [(f.lots, f.liquidity) for f in ear.of("filled")] == [(5, Liquidity.TAKER), (3, Liquidity.MAKER)]


@pytest.mark.parametrize(("lots", "filled"), [(15, [(10_001, 5), (10_002, 10)]), (16, [])], ids=["all", "none"])
def test_fill_or_kill_fills_whole_or_not_at_all(lots: int, filled: list[tuple[int, int]]) -> None:
    """It counts only what its limit accepts."""
    venue = book()
    venue.order("o", BUY, lots, limit=10_002, time_in_force=TimeInForce.FOK)
    assert venue.ears["a"].fills() == filled
    assert len(venue.ears["a"].of("expired")) == (not filled)


@pytest.mark.parametrize("mode", [StpMode.EXPIRE_TAKER, StpMode.DECREMENT])
def test_fill_or_kill_is_killed_whole_by_an_own_order_in_its_way(mode: StpMode) -> None:
    """5 are there at 100.01 and 10 at 100.02, where its account sells 2: it could not fill to the last lot, so it fills none."""
    venue = book()
    ear = venue.account("b", mode=mode)
    venue.order("maker", SELL, 2, limit=10_002, account="b")
    venue.order("taker", BUY, 15, limit=10_002, account="b", time_in_force=TimeInForce.FOK)
    assert ear.fills("taker") == []
    assert [(h.order, h.reason) for h in ear.of("expired")] == [("taker", RejectReason.FOK_UNFILLED)]


def test_fill_or_kill_that_may_only_reduce_is_killed_whole_by_a_smaller_position() -> None:
    """Long 3, a reduce-only fill-or-kill of 5: filling 3 of it would be neither."""
    venue = book()
    venue.order("in", BUY, 3)
    venue.order("out", SELL, 5, limit=9_999, reduce_only=True, time_in_force=TimeInForce.FOK)
    assert venue.ears["a"].fills("out") == []
    assert [h.reason for h in venue.ears["a"].of("expired", "out")] == [RejectReason.FOK_UNFILLED]


def test_immediate_or_cancel_leaves_nothing_open() -> None:
    """What cannot fill at once expires."""
    venue = book()
    venue.order("o", BUY, 20, limit=10_002, time_in_force=TimeInForce.IOC)
    assert [(h.reason, h.lots) for h in venue.ears["a"].of("expired")] == [(RejectReason.IOC_REST, 5)]
    assert venue.matcher.working == []


def test_without_depth_the_touch_is_all_that_is_displayed() -> None:
    """The rest waits for new size at the touch, and pays what that costs."""
    venue = Venue(TOUCH)
    ear = venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("o", BUY, 9)
    assert ear.fills() == [(10_001, 5)]
    venue.quote(9_999, 5, 10_003, 3)
    venue.quote(9_999, 5, 10_003, 6)
    assert ear.fills() == [(10_001, 5), (10_003, 3), (10_003, 1)]
    last = ear.of("filled")[-1].cost
    assert last is not None
    assert (last.tier, last.confidence, last.drift) == (Tier.QUOTES, Confidence.MEDIUM, 2)


# ---- the ladder


def test_a_stale_book_fills_nothing_while_prints_can() -> None:
    """A quote of a minute ago is no price; the next print on the order's side is, and the fill says so."""
    venue = Venue(TOUCH, fresh_ns=1_000 * MS)
    ear = venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.now += 2_000 * MS
    venue.order("o", BUY, 2)
    assert ear.fills() == []
    assert "next print" in venue.matcher.explain(venue.orders["o"], venue.now)
    venue.trade(10_020, 9, aggressor=-1)
    assert ear.fills() == []
    venue.trade(10_030, 9, aggressor=1)
    assert ear.fills() == [(10_030, 2)]
    cost = ear.of("filled")[0].cost
    assert cost is not None
    assert (cost.tier, cost.confidence) == (Tier.TRADES, Confidence.LOW)


def test_a_bar_fills_nothing_where_prints_of_its_time_were_heard() -> None:
    """The prints told already; a bar of a time without any fills."""
    venue = Venue(BARS_AND_PRINTS)
    ear = venue.account()
    venue.order("o", BUY, 1)
    venue.trade(10_000, 5, aggressor=-1)
    venue.bar(10_000, 10_010, 9_990, 10_000, 50, length_ns=15 * MS)
    assert ear.fills() == []
    venue.bar(10_001, 10_010, 9_990, 10_000, 50)
    assert ear.fills() == [(10_001, 1)]


def test_a_bar_fills_nothing_while_the_book_is_fresh() -> None:
    """No quote changed during the bar, but the book stands: what it shows is better known than the bar's range."""
    venue = Venue(BARS | TOUCH, fresh_ns=1_000 * MS)
    ear = venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("o", BUY, 2, limit=9_990, decided_ns=0)
    venue.bar(10_000, 10_010, 9_980, 10_000, 50)
    assert ear.fills() == []
    venue.now += 1_000 * MS
    venue.bar(10_000, 10_010, 9_980, 10_000, 50)
    assert ear.fills() == [(9_990, 2)]


# ---- prints


def test_a_taker_takes_its_share_of_each_print_on_its_side() -> None:
    """A fifth of each purchase, at its price made worse by spread and draw together; sales give a buyer nothing."""
    venue = Venue(PRINTS, prints_share=(1, 5))
    ear = venue.account()
    venue.trade(10_000, 5)
    venue.order("o", BUY, 3, slippage=2 * HUNDREDTH, half_spread=HUNDREDTH)
    venue.trade(10_000, 50, aggressor=-1)
    venue.trade(10_000, 10, aggressor=1)
    venue.trade(10_010, 10, aggressor=1)
    assert ear.fills() == [(10_003, 2), (10_014, 1)]
    parts = [(h.cost.drift, h.cost.spread_x2, h.cost.slippage) for h in ear.of("filled") if h.cost]
    assert parts == [(0, 2, 2), (10, 4, 2)]


def test_a_print_is_shared_once_among_all_accounts() -> None:
    """Resting orders by price, then by age; nobody gets what another got."""
    venue = Venue(PRINTS, queue="touch")
    first, second = venue.account("a"), venue.account("b")
    venue.trade(10_000, 1)
    venue.order("low", BUY, 5, limit=9_990)
    venue.order("high", BUY, 5, limit=9_991, account="b")
    venue.order("young", BUY, 5, limit=9_991)
    venue.trade(9_990, 12)
    assert (second.fills("high"), first.fills("young"), first.fills("low")) == (
        [(9_991, 5)],
        [(9_991, 5)],
        [(9_990, 2)],
    )


# ---- makers


def test_a_resting_order_fills_behind_its_queue() -> None:
    """5 displayed before it: a print of 4 fills nothing, the next of 4 fills 3."""
    venue = book()
    order = venue.order("o", BUY, 10, limit=9_999)
    assert order.ahead == 5
    venue.trade(9_999, 4)
    assert (venue.ears["a"].fills(), order.ahead) == ([], 1)
    venue.trade(9_999, 4)
    assert venue.ears["a"].fills() == [(9_999, 3)]


def test_with_depth_a_queue_at_the_touch_follows_the_depth() -> None:
    """5 are before it at 99.99. The quote alone moves nothing, since depth tells of sizes; the depth's 2 does.

    A print of 3 is what the depth showed already; of the next 3 two are ahead and one is its own.
    """
    venue = book()
    working = venue.order("o", BUY, 5, limit=9_999)
    venue.quote(9_999, 2, 10_001, 5)
    assert working.ahead == 5
    venue.depth(1, 9_999, 2)
    assert working.ahead == 2
    venue.trade(9_999, 3, -1)
    assert venue.ears["a"].fills() == []
    venue.trade(9_999, 3, -1)
    assert venue.ears["a"].fills() == [(9_999, 1)]


def test_a_print_at_the_price_by_the_other_side_is_not_ours() -> None:
    """A purchase at the bid's price took no bid."""
    venue = book()
    venue.order("o", BUY, 10, limit=9_999)
    venue.trade(9_999, 100, aggressor=1)
    assert venue.ears["a"].fills() == []


def test_a_purchase_below_a_bid_is_late_news_and_fills_nothing() -> None:
    """On recorded books a third of all prints come after the quote that supersedes them: a buyer took no bid, at whatever price."""
    venue = book()
    order = venue.order("o", BUY, 10, limit=9_999)
    venue.trade(9_990, 4, aggressor=1)
    assert (venue.ears["a"].fills(), order.ahead) == ([], 5)


def test_a_print_that_happened_before_the_order_came_fills_nothing() -> None:
    """The news of it arrives after the order; the trade itself did not meet it."""
    venue = book()
    venue.order("o", BUY, 10, limit=9_999)
    venue.trade(9_998, 4, late_by_ns=2 * MS)
    assert venue.ears["a"].fills() == []
    venue.trade(9_998, 4)
    assert venue.ears["a"].fills() == [(9_999, 4)]


def test_a_print_through_the_price_fills_up_to_its_size() -> None:
    """Whoever was ahead is gone; nobody guarantees more than what printed; and it earned the spread it was placed at."""
    venue = book()
    venue.order("o", BUY, 10, limit=9_999)
    venue.trade(9_998, 4)
    assert venue.ears["a"].fills() == [(9_999, 4)]
    cost = venue.ears["a"].of("filled")[0].cost
    assert cost is not None
    assert (cost.spread_x2, cost.slippage, cost.walk) == (-2, 0, 0)


def test_the_other_side_crossing_a_resting_order_fills_what_it_shows() -> None:
    """At the order's own price; the crossing size is used up by it."""
    venue = book()
    venue.order("o", BUY, 10, limit=9_999)
    venue.quote(9_997, 5, 9_998, 3)
    assert venue.ears["a"].fills() == [(9_999, 3)]
    venue.order("taker", BUY, 3, limit=9_998, time_in_force=TimeInForce.IOC)
    assert venue.ears["a"].fills("taker") == []


def test_nobody_is_ahead_once_the_other_side_stood_at_the_price() -> None:
    """10 were before it at 99.98; an ask of 2 comes to 99.98 and fills 2. Prints of 10 that come after are what took those; the next 3 are its own."""
    venue = book()
    working = venue.order("o", BUY, 10, limit=9_998)
    venue.quote(9_997, 5, 9_998, 2)
    assert working.ahead == 0
    venue.trade(9_998, 6)
    venue.trade(9_998, 4)
    assert venue.ears["a"].fills() == [(9_998, 2)]
    venue.trade(9_998, 3)
    assert venue.ears["a"].fills() == [(9_998, 2), (9_998, 3)]


@pytest.mark.parametrize("queue", ["risk_averse", "power3"])
@pytest.mark.parametrize("quote_first", [True, False])
def test_whichever_comes_first_of_a_print_and_the_quote_that_it_left(queue: str, quote_first: bool) -> None:
    """3 stand before it; a seller of 8 takes them and leaves an ask of 5 at its price: 5 are its own, told by the print first or by the quote."""
    venue = Venue(TOUCH, queue=queue)
    ear = venue.account()
    venue.quote(9_999, 3, 10_001, 5)
    venue.order("o", BUY, 10, limit=9_999)
    if quote_first:
        venue.quote(9_998, 4, 9_999, 5)
        venue.trade(9_999, 3)
    else:
        venue.trade(9_999, 3)
        venue.quote(9_998, 4, 9_999, 5)
    assert ear.fills() == [(9_999, 5)]


def test_post_only_never_takes() -> None:
    """At or through the other side it is rejected with its reason; inside the spread it rests first in the queue."""
    venue = book()
    venue.order("o", BUY, 1, limit=10_001, post_only=True)
    assert [h.reason for h in venue.ears["a"].of("rejected")] == [RejectReason.WOULD_TAKE]
    assert venue.order("p", BUY, 1, limit=10_000, post_only=True).ahead == 0


def test_post_only_never_takes_from_the_first_price_either() -> None:
    """It came before any price was known, or at the last print: what comes then fills it at its own price, as a maker."""
    venue = Venue(TOUCH)
    ear = venue.account()
    venue.order("o", BUY, 2, limit=9_990, post_only=True)
    venue.quote(9_980, 5, 9_985, 5)
    assert [(h.ticks, h.lots, h.liquidity) for h in ear.of("filled")] == [(9_990, 2, Liquidity.MAKER)]
    venue = Venue(PRINTS)
    ear = venue.account()
    venue.trade(10_000, 1)
    venue.order("o", BUY, 2, limit=10_000, post_only=True)
    venue.trade(10_000, 5, aggressor=1)
    assert ear.fills() == []


def test_reduce_only_never_goes_through_flat() -> None:
    """Long 3, two reduce-only sells of 2: the second fills 1 and expires; with nothing held it is rejected."""
    venue = book()
    venue.order("in", BUY, 3)
    for name in ("first", "second", "third"):
        venue.order(name, SELL, 2, reduce_only=True)
    ear = venue.ears["a"]
    assert (ear.fills("first"), ear.fills("second")) == ([(9_999, 2)], [(9_999, 1)])
    assert ear.of("expired", "second")[0].reason is RejectReason.REDUCE_ONLY
    assert ear.of("rejected", "third")[0].reason is RejectReason.REDUCE_ONLY
    assert venue.parties["a"].position == 0


def test_a_reduce_only_order_ends_once() -> None:
    """Long 3: a sell of 5 walks the book to flat and expires there, once; one that rests expires at that moment, once too."""
    venue = book()
    ear = venue.ears["a"]
    venue.order("in", BUY, 3)
    venue.order("rests", SELL, 2, limit=10_005, reduce_only=True)
    venue.order("walks", SELL, 5, reduce_only=True)
    assert sum(lots for _, lots in ear.fills("walks")) == 3
    assert [(h.order, h.reason, h.lots) for h in ear.of("expired")] == [
        ("rests", RejectReason.REDUCE_ONLY, 2),
        ("walks", RejectReason.REDUCE_ONLY, 2),
    ]
    assert venue.matcher.working == []


def test_a_reduce_only_order_does_not_wait_for_another_position() -> None:
    """Long 3 with 3 for sale above and a stop below; the position is sold. The sale goes with it; the stop waits on, and with nothing held reduces nothing."""
    venue = book()
    ear = venue.ears["a"]
    venue.order("in", BUY, 3)
    venue.order("gain", SELL, 3, limit=10_050, reduce_only=True)
    venue.order("stop", SELL, 3, type=OrderType.STOP, trigger_ticks=9_000, reduce_only=True)
    venue.order("out", SELL, 3)
    assert [(h.order, h.reason) for h in ear.of("expired")] == [("gain", RejectReason.REDUCE_ONLY)]
    venue.order("again", BUY, 2)
    venue.trade(10_060, 50, 1)
    assert [ear.fills("gain"), venue.parties["a"].position] == [[], 2]
    venue.order("out again", SELL, 2)
    venue.trade(9_000, 50, -1)
    assert [(h.order, h.reason) for h in ear.of("expired")][1:] == [("stop", RejectReason.REDUCE_ONLY)]


# ---- triggers


def test_a_stop_whose_market_gapped_beyond_it_pays_the_market() -> None:
    """Stopped at 100.10, the print that triggers is at 100.50: the next purchase is what it gets."""
    venue = Venue(PRINTS)
    ear = venue.account()
    venue.trade(10_000, 1)
    venue.order("o", BUY, 2, type=OrderType.STOP, trigger_ticks=10_010)
    venue.trade(10_050, 5, aggressor=1)
    assert [h.ticks for h in ear.of("triggered")] == [10_010]
    venue.trade(10_060, 5, aggressor=1)
    assert ear.fills() == [(10_060, 2)]


def test_a_trigger_already_beyond_the_market_is_rejected() -> None:
    """It would trigger at once."""
    venue = book()
    venue.trade(10_000, 1)
    venue.order("o", BUY, 1, type=OrderType.STOP, trigger_ticks=9_990)
    assert [h.reason for h in venue.ears["a"].of("rejected")] == [RejectReason.WOULD_TRIGGER_IMMEDIATELY]


def test_a_bars_close_beside_quotes_is_no_last_price() -> None:
    """An hour ago a bar closed at 94.00; with the bid at 99.99 a stop at 95.00 waits for it."""
    venue = Venue(BARS | frozenset({Tier.QUOTES}))
    ear = venue.account()
    venue.bar(9_400, 9_400, 9_400, 9_400, 5)
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("stop", SELL, 2, type=OrderType.STOP, trigger_ticks=9_500)
    venue.quote(9_490, 5, 9_492, 5)
    assert [h.kind for h in ear.heard] == ["accepted", "triggered", "filled"]
    assert ear.fills() == [(9_490, 2)]


def test_a_trailing_stop_follows_the_best_price_and_never_back() -> None:
    """Sell 1 % behind: from 100 to 110 the trigger rises to 108.90, and a print at it sets the order off."""
    venue = Venue(PRINTS)
    ear = venue.account()
    venue.trade(10_000, 1)
    order = venue.order("o", SELL, 1, type=OrderType.TRAILING_STOP, trailing_bp=100)
    triggers = []
    for ticks in (10_500, 11_000, 10_950):
        venue.trade(ticks, 1)
        triggers.append(order.trigger)
    assert triggers == [10_395, 10_890, 10_890]
    venue.trade(10_890, 1)
    venue.trade(10_880, 1)
    assert ear.fills() == [(10_880, 1)]


# ---- bars


def test_a_taker_fills_at_the_next_bars_open_within_its_share_of_the_volume() -> None:
    """Decided at a close: the bar that opens then; what is left goes on with the bar after."""
    venue = Venue(BARS, bar_share=(1, 10))
    ear = venue.account()
    venue.bar(10_000, 10_010, 9_990, 10_000, 100)
    venue.order("o", BUY, 12, decided_ns=venue.now)
    venue.now -= MS
    venue.bar(10_005, 10_020, 10_000, 10_010, 100)
    venue.bar(10_011, 10_020, 10_000, 10_010, 100)
    assert ear.fills() == [(10_005, 10), (10_011, 2)]
    assert {h.cost.confidence for h in ear.of("filled") if h.cost} == {Confidence.ROUGH}


def test_an_order_decided_inside_a_bar_takes_no_part_in_it() -> None:
    """The bar's prices may lie before the order; the next bar's do not."""
    venue = Venue(BARS)
    ear = venue.account()
    venue.bar(10_000, 10_010, 9_990, 10_000, 100)
    venue.order("market", BUY, 1)
    venue.order("limit", BUY, 1, limit=9_980)
    venue.bar(9_970, 10_020, 9_950, 10_010, 100, length_ns=20 * MS)
    assert ear.fills() == []
    venue.bar(10_015, 10_020, 9_960, 10_010, 100)
    assert sorted(ear.fills()) == [(9_980, 1), (10_015, 1)]


@pytest.mark.parametrize("profit", [OrderType.LIMIT, OrderType.TAKE_PROFIT])
@pytest.mark.parametrize("stop_first", [True, False])
def test_of_a_stop_and_a_profit_in_one_bar_it_is_the_stop(profit: OrderType, stop_first: bool) -> None:
    """Long 5 from 100.00; the bar goes to 110.00 and to 90.00. Whichever was sent first, 95.00 is paid and nothing is left for 105.00."""
    venue = Venue(BARS)
    ear = venue.account()
    venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    venue.order("in", BUY, 5)
    venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    at: dict[str, Any] = {"limit": 10_500} if profit is OrderType.LIMIT else {"trigger_ticks": 10_500}
    for name in ("stop", "gain") if stop_first else ("gain", "stop"):
        if name == "stop":
            venue.order("stop", SELL, 5, type=OrderType.STOP, trigger_ticks=9_500, reduce_only=True)
        else:
            venue.order("gain", SELL, 5, type=profit, reduce_only=True, **at)
    venue.bar(10_000, 11_000, 9_000, 10_000, 100)
    assert ear.fills() == [(10_000, 5), (9_500, 5)]
    assert [(h.order, h.reason) for h in ear.of("expired")] == [("gain", RejectReason.REDUCE_ONLY)]


@pytest.mark.parametrize(("begins", "fills"), [(20, []), (30, []), (31, [(10_000, 5)])])
def test_a_bar_that_closes_as_a_halt_begins_fills_nothing(begins: int, fills: list[tuple[int, int]]) -> None:
    """Its fills would be of the moment of its close, 31 ms, or of one before: in the halt nothing fills, a millisecond earlier it would."""
    windows = [((begins + 1) * MS, 10_000 * MS)]
    halts = FaultWindows(windows, 0, ClippedNormal(1, 0, 1, 1), KeyedDraws(1), "halt", "BTCUSD")
    venue = Venue(BARS, halts=halts)
    ear = venue.account()
    venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    venue.order("o", BUY, 5)
    venue.now += 10 * MS
    venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    assert venue.now == 31 * MS
    assert ear.fills() == fills


def test_an_order_at_market_takes_its_part_of_a_bar_before_older_ones_that_wait() -> None:
    """Ten lots of a bar of 10 are all there is: at its open the sale at market takes them, not the older limit that the bar reaches later."""
    venue = Venue(BARS, bar_share=(1, 1))
    ear = venue.account()
    venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    venue.order("limit", SELL, 10, limit=10_500)
    venue.order("market", SELL, 10)
    venue.bar(10_000, 11_000, 10_000, 11_000, 10)
    assert ear.fills("market") == [(10_000, 10)]
    assert ear.fills("limit") == []


@pytest.mark.parametrize(("close", "fills"), [(10_890, [(10_890, 2)]), (10_700, [(10_700, 2)]), (10_891, [])])
def test_a_bars_close_comes_after_its_better_extreme(close: int, fills: list[tuple[int, int]]) -> None:
    """A sale 1 % behind the best price; the bar goes from 100 to 110, and closes at 108.90 or below: it was set off on the way, and pays the close."""
    venue = Venue(BARS)
    ear = venue.account()
    venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    venue.order("trail", SELL, 2, type=OrderType.TRAILING_STOP, trailing_bp=100)
    venue.bar(10_000, 11_000, 10_000, close, 100)
    assert ear.fills() == fills


def test_a_resting_order_fills_only_when_a_bar_trades_through_it() -> None:
    """Touched at 99.80 it does not; a tick lower it does, at its own price."""
    venue = Venue(BARS)
    ear = venue.account()
    venue.bar(10_000, 10_010, 9_990, 10_000, 100)
    venue.order("o", BUY, 1, limit=9_980, decided_ns=0)
    venue.bar(10_000, 10_010, 9_980, 10_000, 100)
    assert ear.fills() == []
    venue.bar(10_000, 10_010, 9_979, 10_000, 100)
    assert ear.fills() == [(9_980, 1)]


# ---- an account meets itself


@pytest.mark.parametrize(
    ("mode", "fills", "prevented"),
    [
        (StpMode.EXPIRE_MAKER, [(10_001, 5), (10_002, 3)], [("maker", 4)]),
        (StpMode.EXPIRE_TAKER, [], [("taker", 8)]),
        (StpMode.EXPIRE_BOTH, [], [("taker", 8), ("maker", 4)]),
        (StpMode.DECREMENT, [(10_001, 4)], [("taker", 4), ("maker", 4)]),
        (StpMode.NONE, [(10_001, 5), (10_002, 3)], []),
    ],
    ids=lambda value: value.value if isinstance(value, StpMode) else "",
)
def test_self_trade_prevention(mode: StpMode, fills: list[tuple[int, int]], prevented: list[tuple[str, int]]) -> None:
    """A taker of 8 reaches a resting sell of 4 of its own at the touch: the mode says what is prevented; who has nothing left expires."""
    venue = book()
    ear = venue.account("b", mode=mode)
    venue.order("maker", SELL, 4, limit=10_001, account="b")
    venue.order("taker", BUY, 8, account="b")
    assert ear.fills("taker") == fills
    assert [(h.order, h.lots) for h in ear.of("prevented")] == prevented
    whole = {"maker": 4, "taker": 8}
    assert {h.order for h in ear.of("expired")} == {name for name, lots in prevented if lots == whole[name]}


@pytest.mark.parametrize("force", [TimeInForce.GTC, TimeInForce.IOC])
def test_an_own_order_inside_the_spread_is_met_too(force: TimeInForce) -> None:
    """Nothing is displayed at 100.00, where its account sells 4; a buy of 5 to there would trade with it, so the sale expires."""
    venue = book()
    ear = venue.ears["a"]
    venue.order("own", SELL, 4, limit=10_000)
    taker = venue.order("o", BUY, 5, limit=10_000, time_in_force=force)
    assert [(h.order, h.lots) for h in ear.of("prevented")] == [("own", 4)]
    assert [h.order for h in ear.of("expired")] == (["own"] if force is TimeInForce.GTC else ["own", "o"])
    assert (taker.leaves, ear.fills()) == (5, [])


def test_fill_or_kill_that_is_killed_leaves_own_orders_alone() -> None:
    """It never was in the book: the sale at 100.00 stays."""
    venue = book()
    own = venue.order("own", SELL, 4, limit=10_000)
    venue.order("o", BUY, 5, limit=10_000, time_in_force=TimeInForce.FOK)
    assert own.phase is Phase.RESTING


def test_post_only_does_not_meet_an_own_order_either() -> None:
    """Its account sells at 100.00, inside the spread: a post-only buy there would match and take, one below rests."""
    venue = book()
    venue.order("own", SELL, 4, limit=10_000)
    venue.order("o", BUY, 5, limit=10_000, post_only=True)
    venue.order("below", BUY, 5, limit=9_999, post_only=True)
    assert [(h.order, h.reason) for h in venue.ears["a"].of("rejected")] == [("o", RejectReason.WOULD_TAKE)]
    assert [h.order for h in venue.ears["a"].of("accepted")] == ["own", "below"]


def test_another_accounts_order_is_passed_by() -> None:
    """Accounts of one scope compete for the market; they never trade with each other, nor prevent it."""
    venue = book()
    venue.account("b")
    venue.order("maker", SELL, 4, limit=10_001, account="b")
    venue.order("taker", BUY, 5)
    assert venue.ears["a"].fills() == [(10_001, 5)]
    assert venue.ears["b"].of("expired") == []


# ---- the wallet


def spot_book(cash: str, coins: str = "0") -> Venue:
    """`book` on spot, with an account that holds this."""
    venue = book(instrument=SPOT)
    venue.account("s", cash, coins)
    return venue


def test_a_spot_order_is_refused_at_arrival_without_the_means() -> None:
    """5 lots of 0.001 at 100.01 need 0.50005 USDT, and the quote is all that counts."""
    venue = spot_book("0.50004")
    venue.order("o", BUY, 5, account="s")
    assert [h.reason for h in venue.ears["s"].of("rejected")] == [RejectReason.INSUFFICIENT_BALANCE]
    venue.order("p", SELL, 1, account="s")
    assert len(venue.ears["s"].of("rejected")) == 2


def test_what_an_order_needs_is_locked_and_comes_back() -> None:
    """A resting buy locks its price times its size, a cancel frees it, a better fill frees the difference."""
    venue = spot_book("10")
    wallet, unit = venue.wallets["s"], 10**SPOT.quote_decimals
    venue.order("o", BUY, 10, limit=9_990, account="s")
    assert (wallet.locked["USDT"], wallet.free["USDT"]) == (999 * unit // 1000, 10 * unit - 999 * unit // 1000)
    venue.cancel("o")
    assert (wallet.locked["USDT"], wallet.free["USDT"]) == (0, 10 * unit)
    venue.order("p", BUY, 5, limit=10_005, account="s")
    assert wallet.locked["USDT"] == 0
    assert wallet.free["USDT"] == 10 * unit - 5 * 10_001 * unit // 100_000


def test_what_self_trade_prevention_takes_off_an_order_is_no_longer_locked() -> None:
    """A resting sell of 9 loses 4 to an own buy of 4: 5 lots stay set aside, and nothing of the buyer's cash."""
    venue = book(instrument=SPOT)
    venue.account("s", "10", "0.009", mode=StpMode.DECREMENT)
    venue.order("maker", SELL, 9, limit=10_001, account="s")
    venue.order("taker", BUY, 4, account="s")
    wallet = venue.wallets["s"]
    assert (wallet.locked["BTC"], wallet.free["BTC"]) == (500_000, 400_000)
    assert wallet.locked["USDT"] == 0


def test_a_market_that_ran_away_fills_only_what_can_be_paid() -> None:
    """The touch rose after the order was accepted: the wallet never goes below zero, and the rest expires."""
    venue = Venue(PRINTS, SPOT)
    ear = venue.account("s", "1.00")
    venue.trade(10_000, 1)
    venue.order("o", BUY, 10, account="s")
    venue.trade(20_000, 100, aggressor=1)
    assert ear.fills() == [(20_000, 5)]
    assert ear.of("expired")[0].reason is RejectReason.INSUFFICIENT_BALANCE
    assert venue.wallets["s"].free["USDT"] == 0


def test_a_buyer_on_spot_receives_less_base_and_can_sell_only_that() -> None:
    """0.01 bought at 0.1 % are 0.00999; selling 0.01 is refused, selling 0.009 is not."""
    venue = spot_book("10")
    venue.order("o", BUY, 10, account="s")
    assert venue.wallets["s"].free["BTC"] == 999_000
    venue.order("all", SELL, 10, account="s")
    venue.order("some", SELL, 9, account="s")
    ear = venue.ears["s"]
    assert (len(ear.of("rejected", "all")), ear.fills("some")) == (1, [(9_999, 5), (9_998, 4)])


# ---- late orders


def test_a_late_order_pays_the_worst_it_would_have_met() -> None:
    """In time it would have paid 100.01; while it was late the ask rose to 100.30 and came back: it pays 100.30."""
    venue = book()
    venue.order("o", BUY, 2, late_by=1)
    assert "late" in venue.matcher.explain(venue.orders["o"], venue.now)
    venue.quote(9_999, 5, 10_030, 5)
    venue.quote(9_999, 5, 10_001, 5)
    venue.arrive_late("o")
    assert venue.ears["a"].fills() == [(10_030, 2)]
    cost = venue.ears["a"].of("filled")[0].cost
    assert cost is not None
    assert (cost.drift, cost.impact) == (29, 0)


def test_a_late_limit_pays_at_most_its_limit() -> None:
    """The market crossed it meanwhile: in time it would have rested and filled at its own price, so that is what it pays."""
    venue = book()
    venue.order("o", BUY, 2, limit=9_999, late_by=1)
    venue.quote(9_990, 5, 9_992, 5)
    venue.arrive_late("o")
    assert venue.ears["a"].fills() == [(9_999, 2)]


def test_a_late_market_order_takes_no_more_than_it_would_have_in_time() -> None:
    """In time it would have emptied the book of 35 and paid up to 100.05; the book is thick when it comes, and that is not its luck."""
    venue = book()
    venue.order("o", BUY, 50, late_by=1)
    venue.depth(-1, 10_002, 100)
    venue.arrive_late("o")
    assert venue.ears["a"].fills() == [(10_005, 5), (10_005, 30)]
    assert [(h.reason, h.lots) for h in venue.ears["a"].of("expired")] == [(RejectReason.NO_LIQUIDITY, 15)]


def test_a_late_immediate_order_that_would_have_met_nothing_expires() -> None:
    """Its limit was under the ask when it should have arrived; that the ask came down meanwhile does not help it."""
    venue = book()
    venue.order("o", BUY, 2, limit=9_999, time_in_force=TimeInForce.IOC, late_by=1)
    venue.quote(9_990, 5, 9_992, 5)
    venue.arrive_late("o")
    assert (venue.ears["a"].fills(), len(venue.ears["a"].of("expired"))) == ([], 1)


def test_a_late_order_is_refused_as_it_would_have_been() -> None:
    """A stop beyond the market, a post-only order through it: the market's return is too late for them."""
    venue = book()
    venue.trade(10_000, 1)
    venue.order("stop", BUY, 1, type=OrderType.STOP, trigger_ticks=9_990, late_by=1)
    venue.order("maker", BUY, 1, limit=10_001, post_only=True, late_by=1)
    venue.trade(9_980, 1)
    venue.quote(10_002, 5, 10_003, 5)
    for name in ("stop", "maker"):
        venue.arrive_late(name)
    reasons = [h.reason for h in venue.ears["a"].of("rejected")]
    assert reasons == [RejectReason.WOULD_TRIGGER_IMMEDIATELY, RejectReason.WOULD_TAKE]


def test_a_late_stop_whose_trigger_was_met_meanwhile_is_set_off_when_it_comes() -> None:
    """In time the print at 100.10 would have set it off at an ask of 100.12: it pays that, though the market has come back."""
    venue = book()
    venue.trade(10_000, 1)
    venue.order("o", BUY, 2, type=OrderType.STOP, trigger_ticks=10_010, late_by=1)
    venue.quote(10_009, 5, 10_012, 5)
    venue.trade(10_010, 1, aggressor=1)
    venue.quote(9_999, 5, 10_001, 5)
    venue.arrive_late("o")
    assert venue.ears["a"].fills() == [(10_012, 2)]


def test_a_late_order_takes_part_in_no_bar_but_pays_its_open() -> None:
    """A bar opened at 100.30 and closed while it was late; the next opens at 100.01."""
    venue = Venue(BARS)
    ear = venue.account()
    venue.bar(10_000, 10_010, 9_990, 10_000, 100)
    venue.order("o", BUY, 2, decided_ns=venue.now - MS, late_by=1)
    venue.now -= MS
    venue.bar(10_030, 10_040, 10_000, 10_000, 100)
    venue.arrive_late("o")
    venue.now -= MS
    venue.bar(10_001, 10_010, 10_000, 10_000, 100)
    assert ear.fills() == [(10_030, 2)]


def test_a_late_order_that_fills_in_parts_pays_the_worst_for_each() -> None:
    """In time one lot would have been filled at 99.50 and one at 100.10; late, the second comes at 99.50 again and still costs 100.10."""
    venue = Venue(BARS, bar_share=(1, 10))
    ear = venue.account()
    venue.bar(10_000, 10_010, 9_990, 10_000, 10)
    venue.order("o", BUY, 2, decided_ns=venue.now, late_by=1)
    venue.now -= MS
    venue.bar(9_950, 9_950, 9_950, 9_950, 10)
    venue.arrive_late("o")
    venue.now -= MS
    venue.bar(10_010, 10_010, 9_950, 9_950, 10)
    venue.bar(9_950, 9_950, 9_950, 9_950, 10)
    assert ear.fills() == [(10_010, 1), (10_010, 1)]


# ---- impact


class Calm:
    """A market of 2 % a day and 10,000 lots."""

    def daily(self, now_ns: int) -> tuple[float, float]:
        return 0.02, 10_000.0

    def half_spread(self, now_ns: int) -> int:
        return 0

    def typical_print(self, now_ns: int) -> int | None:
        return 7


def test_impact_is_paid_where_it_is_worse_and_slicing_saves_nothing() -> None:
    """100 lots at once and as ten of ten a millisecond apart cost the same, but for rounding to the tick; both more than one of ten."""
    costs = []
    for parts in (1, 10):
        venue = Venue(PRINTS, impact_y=1.0, conditions=Calm())
        ear = venue.account()
        venue.trade(100_000, 1)
        for i in range(parts):
            venue.order(f"o{i}", BUY, 100 // parts)
            venue.trade(100_000, 1_000, aggressor=1)
        costs.append(sum((ticks - 100_000) * lots for ticks, lots in ear.fills()))
        assert all(h.cost is not None and h.cost.impact > 0 for h in ear.of("filled"))
    # 2/3 x 0.02 x sqrt(100 / 10,000) of 100,000 ticks is 133.3 a lot.
    assert costs[0] == 134 * 100
    assert costs[0] <= costs[1] <= costs[0] + 100


def test_a_footprint_fades_and_is_of_one_side() -> None:
    """After many half-lives a second order pays as the first did; a sale never gains from our buying."""
    venue = Venue(PRINTS, impact_y=1.0, conditions=Calm())
    ear = venue.account()
    venue.trade(100_000, 1)
    for name, side, wait in (("first", BUY, 0), ("sale", SELL, 0), ("soon", BUY, 0), ("late", BUY, 3_600_000 * MS)):
        venue.now += wait
        venue.order(name, side, 100)
        venue.trade(100_000, 1_000, aggressor=int(side))
    paid = {h.order: abs(h.ticks - 100_000) for h in ear.of("filled")}
    assert paid["first"] == paid["sale"] == paid["late"] == 134
    assert paid["soon"] > 150


def test_where_no_queue_is_shown_it_is_guessed_or_nothing_fills() -> None:
    """20 typical prints of 7 stand before a resting order; with ``only_through`` a print at its price never fills it."""
    for only_through, ahead in ((False, 140), (True, None)):
        venue = Venue(PRINTS, conditions=Calm(), only_through=only_through)
        ear = venue.account()
        venue.trade(10_000, 1)
        order = venue.order("o", BUY, 5, limit=9_990)
        assert order.ahead == ahead
        venue.trade(9_990, 143)
        assert ear.fills() == ([] if only_through else [(9_990, 3)])


# ---- what a working order says of itself


def why(venue: Venue, name: str) -> str:
    """Why an order waits, now."""
    return venue.matcher.explain(venue.orders[name], venue.now)


def test_a_resting_order_says_where_it_rests_and_who_is_before_it() -> None:
    """Its price, the market it waits for, the queue and what is left; the queue moves with the prints."""
    venue = book()
    venue.order("o", BUY, 10, limit=9_999)
    assert why(venue, "o") == "rests at 99.99; the market is at 100.01; 0.005 BTC ahead in the queue; 0.010 BTC left"
    venue.trade(9_999, 8)
    assert why(venue, "o") == "rests at 99.99; the market is at 100.01; 0.000 BTC ahead in the queue; 0.007 BTC left"


def test_an_order_behind_what_is_shown_says_that_its_queue_is_not_visible() -> None:
    """The touch is all that quotes show."""
    venue = Venue(TOUCH)
    venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("o", BUY, 1, limit=9_990)
    assert why(venue, "o").startswith(
        "rests at 99.90; the market is at 100.01; behind the touch, its queue is not visible"
    )


def test_where_no_queue_is_shown_an_order_says_that_it_is_guessed_or_that_only_going_through_fills() -> None:
    """As the profile has it; and before any price there is no market."""
    said = []
    for only_through in (False, True):
        venue = Venue(PRINTS, conditions=Calm(), only_through=only_through)
        venue.account()
        venue.trade(10_000, 1)
        venue.order("o", BUY, 5, limit=9_990)
        said.append(why(venue, "o"))
    assert said == [
        "rests at 99.90; the market is at 100.00; 0.140 BTC ahead in the queue (guessed from the prints); 0.005 BTC left",
        "rests at 99.90; the market is at 100.00; fills only when a price goes through it; 0.005 BTC left",
    ]
    nothing = Venue(PRINTS, only_through=True)
    nothing.account()
    nothing.order("o", BUY, 5, limit=9_990, post_only=True)
    assert "the market is at no price yet" in why(nothing, "o")


@pytest.mark.parametrize(
    ("sources", "waits"),
    [(PRINTS, "the next print on its side"), (BARS, "the next bar's open"), (TOUCH, "new size at the touch")],
)
def test_an_order_at_market_says_what_it_waits_for(sources: frozenset[Tier], waits: str) -> None:
    """The next of the data that fill it."""
    venue = Venue(sources)
    venue.account()
    if sources is TOUCH:
        venue.quote(9_999, 5, 10_001, 5)
    elif sources is BARS:
        venue.bar(10_000, 10_000, 10_000, 10_000, 100)
    else:
        venue.trade(10_000, 5)
    venue.order("o", BUY, 12)
    assert why(venue, "o") == f"takes what comes: waits for {waits}; 0.0{'07' if sources is TOUCH else '12'} BTC left"


def test_a_stop_says_its_trigger_and_a_late_order_that_it_is_on_its_way() -> None:
    """A trailing stop has no trigger before its first trade."""
    venue = Venue(PRINTS)
    venue.account()
    venue.trade(10_000, 5)
    venue.order("stop", SELL, 2, type=OrderType.STOP, trigger_ticks=9_900)
    venue.order("late", BUY, 2, late_by=1)
    assert why(venue, "stop") == "waits for its trigger at 99.00; last price 100.00; 0.002 BTC left"
    assert why(venue, "late") == "is late on its way to the venue; 0.002 BTC left"


def test_what_sets_a_stop_off_is_named_as_the_market_shows_it() -> None:
    """The last trade; where no trade was seen yet, that; with quotes alone the touch that it watches, a buy the ask and a sell the bid."""
    venue = Venue(TOUCH)
    venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("stop", BUY, 2, type=OrderType.STOP, trigger_ticks=10_100)
    assert why(venue, "stop") == "waits for its trigger at 101.00; no trade yet; 0.002 BTC left"
    venue.trade(10_050, 1)
    assert why(venue, "stop") == "waits for its trigger at 101.00; last price 100.50; 0.002 BTC left"
    venue = Venue(frozenset({Tier.QUOTES}))
    venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("buy", BUY, 2, type=OrderType.STOP, trigger_ticks=10_100)
    venue.order("sell", SELL, 2, type=OrderType.STOP, trigger_ticks=9_900)
    assert why(venue, "buy") == "waits for its trigger at 101.00; the market is at 100.01; 0.002 BTC left"
    assert why(venue, "sell") == "waits for its trigger at 99.00; the market is at 99.99; 0.002 BTC left"
    venue.quote(0, 0, 0, 0)
    assert why(venue, "sell") == "waits for its trigger at 99.00; the market shows no price; 0.002 BTC left"


@pytest.mark.parametrize("kind", [OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP])
def test_a_side_where_nobody_stands_is_no_price_and_sets_nothing_off(kind: OrderType) -> None:
    """With quotes alone: bid and ask vanish for a moment and come back where they were; whatever waits for its trigger waits on, at the trigger that it had."""
    venue = Venue(frozenset({Tier.QUOTES}))
    ear = venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    for name, side, beyond in (("buy", BUY, 1), ("sell", SELL, -1)):
        if kind is OrderType.TRAILING_STOP:
            venue.order(name, side, 2, type=kind, trailing_bp=100)
        else:
            way = beyond if kind is OrderType.STOP else -beyond
            venue.order(name, side, 2, type=kind, trigger_ticks=10_000 + way * 100)
    venue.quote(9_999, 5, 10_001, 6)
    before = [why(venue, name) for name in ("buy", "sell")]
    venue.quote(0, 0, 0, 0)
    venue.quote(9_999, 5, 10_001, 5)
    assert ear.of("triggered") == ear.of("filled") == []
    assert [why(venue, name) for name in ("buy", "sell")] == before


@pytest.mark.parametrize(("side", "price"), [(BUY, 10_001), (SELL, 9_999)])
def test_a_late_order_does_not_pay_for_a_side_where_nobody_stood(side: Side, price: int) -> None:
    """On its way, bid and ask vanish for a moment: it meets no price there, and in the end pays the touch."""
    venue = Venue(TOUCH)
    ear = venue.account()
    venue.quote(9_999, 5, 10_001, 5)
    venue.order("o", side, 5, late_by=1)
    venue.quote(0, 0, 0, 0)
    venue.quote(9_999, 5, 10_001, 5)
    venue.arrive_late("o")
    assert ear.fills() == [(price, 5)]


def test_a_trailing_stop_says_what_it_waits_for_before_it_has_a_trigger() -> None:
    """Its activation price, if it has one; else the first price. From then on the trigger itself: 1 % under 101.00."""
    venue = Venue(PRINTS)
    venue.account()
    venue.trade(10_000, 5)
    trailing: dict[str, Any] = {"type": OrderType.TRAILING_STOP, "trailing_bp": 100}
    venue.order("at once", SELL, 2, **trailing)
    assert (
        why(venue, "at once") == "waits for the first price that its trigger follows; last price 100.00; 0.002 BTC left"
    )
    below = "waits for a price at or below 95.00, from which on its trigger follows; last price 100.00; 0.002 BTC left"
    venue.order("later", SELL, 2, trigger_ticks=9_500, **trailing)
    assert why(venue, "later") == below
    venue.trade(10_100, 5)
    assert why(venue, "at once") == "waits for its trigger at 99.99; last price 101.00; 0.002 BTC left"
    assert why(venue, "later") == below.replace("100.00", "101.00")


def test_a_cancel_says_whether_there_was_something_to_cancel() -> None:
    """Once; not an order that is still on its way, and nothing that has ended."""
    venue = book()
    venue.order("o", BUY, 5, limit=9_990)
    venue.order("late", BUY, 5, limit=9_990, late_by=1)
    assert [venue.cancel(name) for name in ("o", "o", "late", "unknown")] == [True, False, False, False]
    assert [h.order for h in venue.ears["a"].of("canceled")] == ["o"]


def test_the_levels_that_are_watched_are_those_where_an_order_rests_or_took() -> None:
    """Bids above and asks below zero: what happens elsewhere in the book concerns nobody."""
    venue = book()
    assert venue.matcher.watched_prices() == set()
    venue.order("bid", BUY, 1, limit=9_990)
    venue.order("ask", SELL, 1, limit=10_020)
    assert venue.matcher.watched_prices() == {9_990, -10_020}
    venue.order("taker", BUY, 1)
    assert venue.matcher.watched_prices() == {9_990, -10_020, -10_001}
