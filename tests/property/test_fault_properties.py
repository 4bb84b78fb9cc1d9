"""Random plans over random recordings: what holds of a faulted tape, whatever was done to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from genesis.clock import iso_utc
from genesis.execution.book import DepthBook
from genesis.execution.fault_plan import Deliveries, FaultPlan, Gap, Span, StaleQuotes
from genesis.feeds.faults import Faulted, fault_reading
from genesis.feeds.files.reading import Reading
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams
from genesis.tape.stream import COLUMNS, StreamKind
from tests.kit.recordings import reading, rows_of
from tests.kit.runs import FX, START, run
from tests.kit.traders import QuoteFollower, Sleeper
from tests.kit.walks import MS, Prints, walks

TRADES, QUOTES, DEPTH = StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH
WALKS = walks(5, 60, [0, 1, 40 * MS, 700 * MS, 2_500 * MS], (-1, 1))


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    starts = draw(st.lists(st.integers(0, 60_000), max_size=3))
    spans = [Span(iso_utc(START + a * MS), iso_utc(START + (a + draw(st.integers(1, 9_000))) * MS)) for a in starts]
    drawn = draw(st.sampled_from([Decimal(0), Decimal(1_440)]))
    return {"windows": spans, "per_day": drawn, "length_s": ClippedNormal(5, 5, 1, 20)}


shares = st.builds(
    Deliveries,
    share=st.sampled_from([Decimal(0), Decimal("0.2"), Decimal(1)]),
    delay_ms=st.sampled_from([ClippedNormal(300, 300, 1, 2_000), ClippedNormal(40, 0, 40, 40)]),
)
plans = st.builds(
    lambda gap, stale, reorder, twice: FaultPlan(
        gap=Gap(**gap), stale_quotes=StaleQuotes(**stale), reorder=reorder, duplicates=twice
    ),
    windows(),
    windows(),
    shares,
    shares,
)


def trades_of(of: Prints, numbered: bool = True) -> Reading:
    return reading(
        TRADES,
        [(t, 10 + i, p, n, s) for i, (t, p, n, s) in enumerate(of)],
        ("ts", "trade_id", "ticks", "lots", "side"),
        numbered=numbered,
    )


def quotes_of(of: Prints, numbered: bool = True) -> Reading:
    table = [(t + 1, p - 1 - s % 2, n, p + 1, n + 3, 10 + i) for i, (t, p, n, s) in enumerate(of)]
    return reading(
        QUOTES, table, ("ts", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots", "update_id"), numbered=numbered
    )


def depth_of(of: Prints, numbered: bool = True) -> Reading:
    """One or two rows a message; a level of few lots is taken away."""
    table = []
    for i, (t, p, n, s) in enumerate(of):
        table.append((t, i, int(i == 0), s, p - 2 * s, n if n > 8 else 0, 10 + i))
        if n % 2:
            table.append((t, i, int(i == 0), s, p - 3 * s, n, 10 + i))
    return reading(DEPTH, table, ("ts", "seq", "snapshot", "side", "ticks", "lots", "update_id"), numbered=numbered)


def what(of: Faulted, fault: str) -> int:
    return sum(d.messages for d in of.done if d.fault == fault)


@given(WALKS, plans, st.integers(0, 3))
def test_every_trade_is_there_once_or_missing_in_a_gap_that_is_told(of: Prints, plan: FaultPlan, seed: int) -> None:
    """With ids nothing is doubled, nothing is altered but the time of arrival, and what is missing lies in a told gap."""
    recorded = trades_of(of)
    out = fault_reading(recorded, plan, seed)
    names = [n for n in COLUMNS[TRADES] if n != "ts"]
    before, after = set(rows_of(recorded, *names)), rows_of(out.reading, *names)
    assert len(set(after)) == len(after)
    assert set(after) <= before
    # A trade whose copy came in time is not missing, so there may be fewer missing than the gaps took.
    assert len(before) - len(after) <= what(out, "gap") == sum(g.missing or 0 for g in out.reading.report.gaps)


@given(WALKS, plans, st.integers(0, 3), st.booleans())
def test_engine_time_never_decreases_and_nothing_arrives_early_or_in_a_gap(
    of: Prints, plan: FaultPlan, seed: int, numbered: bool
) -> None:
    """Of every stream, with ids and without; what is held back arrives when nothing is held back."""
    for make in (trades_of, quotes_of, depth_of):
        recorded = make(of, numbered)
        out = fault_reading(recorded, plan, seed).reading
        ts, seq = out.columns["ts"], out.columns["seq"]
        assert (np.diff(ts) >= 0).all()
        assert ((np.diff(ts) > 0) | (np.diff(seq) >= 0)).all()
        own = out.columns["time_event"]
        assert (ts[own > 0] >= own[own > 0]).all()
        for gap in out.report.gaps:
            assert not ((ts >= gap.time_from) & (ts < gap.time_to)).any()


@given(WALKS, plans, st.integers(0, 3))
def test_a_book_with_ids_ends_as_recorded(of: Prints, plan: FaultPlan, seed: int) -> None:
    """Whatever was late, doubled, held back or missed: when all has arrived the book is the recorded one."""
    recorded = depth_of(of)
    books = []
    for each in (recorded, fault_reading(recorded, plan, seed).reading):
        book = DepthBook()
        book.apply(dict(each.columns), each.rows)
        books.append((book.levels(1), book.levels(-1)))
    assert books[0] == books[1]


@given(WALKS, plans, st.integers(0, 3), st.integers(0, 58))
def test_what_arrives_later_changes_nothing_of_before(of: Prints, plan: FaultPlan, seed: int, place: int) -> None:
    """A recording that goes on has, up to the end of a shorter one, the same faulted rows."""
    ends = [i for i in range(1, len(of)) if of[i][0] > of[i - 1][0]]
    assume(ends)
    keep = ends[place % len(ends)]
    short, whole = (fault_reading(trades_of(some), plan, seed).reading for some in (of[:keep], of))
    known = of[:keep][-1][0] + START
    both = [
        {n: each.columns[n][: np.searchsorted(each.columns["ts"], known, "right")] for n in COLUMNS[TRADES]}
        for each in (short, whole)
    ]
    assert all(np.array_equal(both[0][n], both[1][n]) for n in COLUMNS[TRADES])


@given(WALKS, plans, st.integers(0, 3), st.booleans())
@settings(max_examples=40)
def test_cuts_of_a_faulted_tape_give_the_same_chain(of: Prints, plan: FaultPlan, seed: int, numbered: bool) -> None:
    """One row at a time, seven rows and everything at once: the faulted tape is a tape like any other."""
    heads = set()
    for cut in (1, 7, None):
        readings = [fault_reading(make(of, numbered), plan, seed).reading for make in (trades_of, quotes_of, depth_of)]
        assert all(r.rows for r in readings)
        tracks = [("a", Sleeper((FX,), NoParams())), ("b", QuoteFollower((FX,), NoParams()))]
        journal, _ = run([r.stream() for r in readings], tracks, cut)
        heads.add((journal.head, journal.length))
    assert len(heads) == 1
