"""Fills of two engines side by side: what is equal, and what a difference is called."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from benchmarks.assumptions import HFTBACKTEST, NAUTILUS, Assumption
from benchmarks.captures import SPOT, Joined, Joiner
from benchmarks.differences import Books, explain, rows_between, walk
from benchmarks.fills_beside import Judged, page
from benchmarks.order_list import EACH, make_orders
from benchmarks.orders import KINDS, LIFE_NS, Done, Sent, apart, read_answers, write_answers
from benchmarks.resting import Resting
from genesis.tape.stream import Column

SENT, CANCELLED = 1_000, 9_000
INTS = partial(np.array, dtype=np.int64)
BUY, SELL = 1, -1


def order(lots: int, limit: int | None, side: int = BUY, immediate: bool = False) -> Sent:
    """An order at the standing book of `market`."""
    return Sent(0, "join", side, lots, limit, immediate, SENT, CANCELLED)


def market(joiner: Joiner | None = None) -> tuple[Joined, Books]:
    """Bids 99 x 5 and 98 x 6, asks 101 x 7, 102 x 8 and 300 x 9, all known to the depth feed, and what a test adds after them."""
    made = joiner or Joiner()
    levels = [(BUY, 99, 5), (BUY, 98, 6), (SELL, 101, 7), (SELL, 102, 8), (SELL, 300, 9)]
    if joiner is None:
        opened(made)
    tape = made.joined()
    depth: dict[str, Column] = {
        "ts": np.full(len(levels), 1, np.int64),
        **{
            name: np.array(column, np.int64)
            for name, column in zip(("side", "ticks", "lots"), zip(*levels, strict=True), strict=True)
        },
    }
    books = Books(tape, depth)
    books.advance(SENT)
    return tape, books


def opened(joiner: Joiner) -> Joiner:
    """The book of `market`, before anything else."""
    joiner.message(1, True, [(BUY, 99, 5), (BUY, 98, 6), (SELL, 101, 7), (SELL, 102, 8), (SELL, 300, 9)])
    joiner.quote(2, 99, 5, 101, 7)
    return joiner


def did(*fills: tuple[int, int, int]) -> Done:
    """An engine's answer to order 0."""
    return Done(0, fills)


def test_equal_is_quantity_average_price_and_the_times_of_the_first_and_last_fill() -> None:
    """In how many parts it came does not count."""
    whole = did((5, 100, 4))
    assert whole.equals(did((5, 100, 1), (5, 100, 3)))
    assert not whole.equals(did((5, 100, 3)))
    assert not whole.equals(did((5, 101, 4)))
    assert not whole.equals(did((4, 100, 4)))
    assert not whole.equals(did((5, 100, 1), (6, 100, 3)))


@pytest.mark.parametrize(
    ("wanted", "limit", "side", "fills"),
    [
        (5, None, BUY, ((SENT, 101, 5),)),
        (20, None, BUY, ((SENT, 101, 7), (SENT, 102, 8), (SENT, 300, 5))),
        (20, 102, BUY, ((SENT, 101, 7), (SENT, 102, 8))),
        (20, 98, SELL, ((SENT, 99, 5), (SENT, 98, 6))),
        (20, 100, BUY, ()),
    ],
)
def test_a_taker_walks_the_other_side_from_its_best_level(
    wanted: int, limit: int | None, side: int, fills: tuple[tuple[int, int, int], ...]
) -> None:
    """Up to its size and to its limit."""
    _, books = market()
    assert walk(books.joined.levels[-side], order(wanted, limit, side)) == fills


def test_a_market_order_of_hftbacktest_stops_after_a_hundred_ticks_and_tells_its_last_price() -> None:
    """Both names, and only where both answers are as foretold."""
    _, books = market()
    asked = order(20, None)
    ours = did((SENT, 101, 7), (SENT, 102, 8), (SENT, 300, 5))
    assert explain(asked, ours, HFTBACKTEST, did((SENT, 102, 15)), books) == (
        Assumption.HUNDRED_TICKS,
        Assumption.LAST_PRICE,
    )
    assert explain(asked, ours, HFTBACKTEST, did((SENT, 102, 14)), books) == ()
    assert explain(asked, did((SENT, 101, 20)), HFTBACKTEST, did((SENT, 102, 15)), books) == ()


def test_a_level_that_only_quotes_have_shown_is_the_book_behind_the_touch() -> None:
    """The joined book keeps 100 when the touch goes on to 95; the depth feed has never spoken of it."""
    joiner = opened(Joiner())
    joiner.quote(3, 99, 5, 100, 4)
    joiner.quote(4, 94, 1, 95, 2)
    _, books = market(joiner)
    asked = order(8, None)
    ours, theirs = did((SENT, 95, 2), (SENT, 101, 6)), did((SENT, 95, 2), (SENT, 100, 4), (SENT, 101, 2))
    assert explain(asked, ours, NAUTILUS, theirs, books) == (Assumption.BEHIND_THE_TOUCH,)


def limit_order(joiner: Joiner, peer: str, asked: Sent, ours: Done, theirs: Done) -> tuple[Assumption, ...]:
    """What explains the two answers over what the test has put on the tape."""
    _, books = market(joiner)
    return explain(asked, ours, peer, theirs, books)


def test_size_taken_twice_is_named_and_only_where_both_answers_are_foretold() -> None:
    """A limit for twice the touch: ours rests with the other half, NautilusTrader takes the same seven again."""
    asked, ours = order(14, 101), did((SENT, 101, 7))
    twice, late = did((SENT, 101, 7), (SENT, 101, 7)), did((SENT, 101, 7), (SENT + 1, 101, 7))
    assert limit_order(opened(Joiner()), NAUTILUS, asked, ours, twice) == (Assumption.NO_MEMORY,)
    assert limit_order(opened(Joiner()), NAUTILUS, asked, ours, late) == ()
    assert limit_order(opened(Joiner()), NAUTILUS, asked, did((SENT, 101, 6)), twice) == ()
    assert limit_order(opened(Joiner()), HFTBACKTEST, asked, ours, did((SENT, 101, 14))) == (Assumption.REST_AT_ONCE,)


def test_a_print_that_happened_before_the_order_came_fills_nothing_here() -> None:
    """A seller took at 97 before a bid of 100 came, and the news of it came after: ours waits, NautilusTrader fills."""
    joiner = opened(Joiner())
    joiner.trade(2_000, SELL, 97, 3)
    tape, _ = market(joiner)
    asked, theirs = order(5, 100), did((2_000, 100, 3))
    late, timely = (Books(tape, NO_DEPTH, INTS([at])) for at in (SENT - 1, SENT + 1))
    for books in (late, timely):
        books.advance(SENT)
    assert explain(asked, did(), NAUTILUS, theirs, late) == (Assumption.LATE_PRINTS,)
    assert explain(asked, did(), NAUTILUS, theirs, timely) == ()


def test_a_print_that_the_depth_feed_has_shown_takes_no_queue_here() -> None:
    """Six stand before a bid at 98. The feed says that two are left, then the four that went print, and three more: at the peers one is filled."""
    joiner = opened(Joiner())
    joiner.message(2_000, False, [(BUY, 98, 2)])
    joiner.trade(2_001, SELL, 98, 4)
    joiner.trade(2_002, SELL, 98, 3)
    tape, _ = market(joiner)
    spoken = {"ts": [1, 1, 2_000], "side": [BUY, SELL, BUY], "ticks": [98, 101, 98], "lots": [6, 7, 2]}
    books = Books(tape, {name: INTS(column) for name, column in spoken.items()})
    books.advance(SENT)
    asked, theirs = order(5, 98), did((2_001, 98, 2), (2_002, 98, 3))
    ours = did((2_002, 98, 1))
    assert explain(asked, ours, NAUTILUS, theirs, books) == (Assumption.PRINT_ONCE,)


def test_two_assumptions_that_only_together_make_the_difference_are_named_together() -> None:
    """A quote shows that three of the five at 99 are gone, and the print that took them comes after it: either alone would leave ours unfilled."""
    joiner = opened(Joiner())
    joiner.quote(2_000, 99, 2, 101, 7)
    joiner.trade(2_001, SELL, 99, 3)
    tape, _ = market(joiner)
    books = Books(tape, {name: INTS([value]) for name, value in zip(NO_DEPTH, (1, BUY, 99, 5), strict=True)})
    books.advance(SENT)
    named = explain(order(5, 99), did(), NAUTILUS, did((2_001, 99, 1)), books)
    assert named == (Assumption.QUEUE_BY_DEPTH, Assumption.PRINT_ONCE)


def test_of_two_sources_the_larger_is_the_queue_here() -> None:
    """The quote shows five at 99 and the feed said eight: a print of seven fills two at the peers and nothing of ours."""
    joiner = opened(Joiner())
    joiner.trade(2_000, SELL, 99, 7)
    tape, _ = market(joiner)
    books = Books(tape, {name: INTS([value]) for name, value in zip(NO_DEPTH, (1, BUY, 99, 8), strict=True)})
    books.advance(SENT)
    assert explain(order(5, 99), did(), NAUTILUS, did((2_000, 99, 2)), books) == (Assumption.DEEPER_QUEUE,)


NO_DEPTH: dict[str, Column] = {name: INTS([]) for name in ("ts", "side", "ticks", "lots")}
NONE: frozenset[Assumption] = frozenset()
# A print at the price, one beyond it by each side's taker, the other side reaching the price twice, and the own level vanishing before.
LIVES: dict[str, tuple[list[tuple[Any, ...]], dict[frozenset[Assumption], tuple[tuple[int, int, int], ...]]]] = {
    "a print at the price takes the queue of five first": (
        [(2_000, "trade", SELL, 99, 7)],
        {NONE: ((2_000, 99, 2),), frozenset({Assumption.THROUGH_WHOLE}): ((2_000, 99, 2),)},
    ),
    "a print beyond the price": (
        [(2_000, "trade", SELL, 98, 3)],
        {
            NONE: ((2_000, 99, 3),),
            frozenset({Assumption.THROUGH_WHOLE}): ((2_000, 99, 9),),
            frozenset({Assumption.QUEUE_HOLDS}): (),
            frozenset({Assumption.WHO_TOOK}): ((2_000, 99, 3),),
        },
    ),
    "a print beyond the price by a buyer": (
        [(2_000, "trade", BUY, 98, 3)],
        {NONE: ((2_000, 99, 3),), frozenset({Assumption.WHO_TOOK}): ()},
    ),
    "the ask comes down to the price and says so twice": (
        [(2_000, "quote", 98, 6, 99, 2), (2_001, "quote", 97, 6, 99, 2), (2_002, "quote", 97, 6, 99, 3)],
        {
            NONE: ((2_000, 99, 2), (2_002, 99, 3)),
            frozenset({Assumption.NO_MEMORY}): ((2_000, 99, 2), (2_001, 99, 2), (2_002, 99, 3)),
            frozenset({Assumption.CROSSED_WHOLE}): ((2_000, 99, 9),),
            frozenset({Assumption.TAKEN_FADES}): ((2_000, 99, 2), (2_002, 99, 1)),
        },
    ),
    "a quote shows that three of the queue are gone, and the print that took them comes after it": (
        [(2_000, "quote", 99, 2, 101, 7), (2_001, "trade", SELL, 99, 3)],
        {NONE: ((2_001, 99, 1),), frozenset({Assumption.QUEUE_BY_DEPTH}): ()},
    ),
    "the ask comes to the price and leaves it, then a seller at it": (
        [(2_000, "quote", 98, 6, 99, 1), (2_001, "quote", 99, 4, 101, 2), (2_002, "trade", SELL, 99, 2)],
        {
            NONE: ((2_000, 99, 1),),
            frozenset({Assumption.CROSSED_QUEUE}): ((2_000, 99, 1), (2_002, 99, 2)),
        },
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_resting_buy_of_nine_lives_as_each_assumption_has_it(name: str) -> None:
    """Behind the five that stand at 99, in the words of the case."""
    happened, expected = LIVES[name]
    joiner = opened(Joiner())
    for ts, what, *numbers in happened:
        (joiner.trade if what == "trade" else joiner.quote)(ts, *numbers)
    tape, books = market(joiner)
    asked = order(9, 99)
    rows = rows_between(tape, asked.sent, asked.cancelled)
    assert {rules: Resting(asked, books.joined.levels, rules).run(rows) for rules in expected} == expected


def test_orders_put_apart_never_work_at_the_same_time() -> None:
    """And none is lost."""
    orders = [Sent(i, "join", BUY, 1, 1, False, at, at + 10) for i, at in enumerate((0, 5, 10, 11, 30, 16))]
    lists = apart(orders)
    assert sorted(one.number for group in lists for one in group) == list(range(6))
    assert all(a.cancelled < b.sent for group in lists for a, b in zip(group, group[1:], strict=False))
    assert [[one.number for one in group] for group in lists] == [[0, 3, 4], [1, 5], [2]]


def long_tape() -> Joined:
    """Two minutes of a quote every 50 ms, which goes up by a tick and down by one."""
    joiner = opened(Joiner())
    for i in range(2_400):
        joiner.quote(3 + i * 50_000_000, 99 + i % 2, 5 + i % 7, 101 + i % 2, 7)
    return joiner.joined()


def test_the_orders_are_the_same_every_time_and_sent_between_two_messages() -> None:
    """Every kind and side, each with its cancel five seconds later; an order to chase follows a retreat of the other side."""
    tape = long_tape()
    made = make_orders(SPOT, tape)
    assert made == make_orders(SPOT, tape)
    assert len(made) == len(KINDS) * 2 * EACH
    taken = set(tape.ts.tolist())
    for one in made:
        assert one.sent not in taken
        assert LIFE_NS <= one.cancelled - one.sent < LIFE_NS + 100_000_000
        assert one.lots > 0
        assert one.lots % SPOT.size_lots == 0
        assert (one.limit is None) == (one.kind in ("market", "sweep"))
    chased = [one for one in made if one.kind == "chase" and one.side == BUY]
    assert all((one.sent - 3) // 50_000_000 % 2 == 1 for one in chased)


def test_answers_come_back_as_they_were_written(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """By order number."""
    monkeypatch.setenv("GENESIS_BENCH_DATA", str(tmp_path))
    done = Done(3, ((5, 100, 4), (6, 101, 2)), "filled")
    write_answers(SPOT, "genesis", [done])
    assert read_answers(SPOT, "genesis") == {3: done}


def test_the_page_counts_what_is_equal_and_lists_what_nothing_explains() -> None:
    """Share by kind, classes with their counts, and the residue order by order."""
    asked = order(5, 99)
    judged = [
        Judged("spot-btc", NAUTILUS, asked, did(), did(), True),
        Judged("spot-btc", NAUTILUS, asked, did((2_000, 99, 3)), did(), False, (Assumption.WHO_TOOK,)),
        Judged("spot-btc", NAUTILUS, asked, did((1_001_000, 99, 3)), did(), False),
    ]
    text = page(judged)
    assert "| join | 3 | 1 | 33.3% |" in text
    assert f"| {Assumption.WHO_TOOK.value} | 1 |" in text
    assert "| **residue: explained by none** | **1** |" in text
    assert "ours 3 at 99 after 1.000 ms ()" in text
