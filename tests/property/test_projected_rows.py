"""Rows made straight from an event are those that its entry gives."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from genesis.audit.entry import encode
from genesis.model.events import Event, OrderAccepted, OrderFilled, OrderSubmitted
from genesis.model.orders import Liquidity, Order
from genesis.model.track_events import MetricSample
from genesis.storage.database import SqliteDatabase
from genesis.storage.projections import Projector
from genesis.storage.schema import PROJECTIONS, create
from tests.kit.entry_values import METRICS, TEXT, TRACK, UNITS, intents

TIMES = st.integers(0, 2**62)
INTENTS = intents(st.integers(0, 2**60))
FILLS = st.builds(
    OrderFilled,
    TIMES,
    TRACK,
    st.builds(Order, TEXT, TEXT, INTENTS, TIMES, st.just(1)),
    TIMES,
    st.integers(1, 99),
    *[UNITS] * 3,
    st.just(1),
    st.sampled_from(Liquidity),
    UNITS,
    TEXT,
    st.integers(0, 20),
    TEXT,
    TEXT,
    st.none() | UNITS,
    st.none() | UNITS,
    *[UNITS] * 5,
)


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """Orders from their submission through fills, some to their end, and samples between them."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 3))):
        order, track = Order(f"o-{number}", "t", draw(INTENTS), draw(TIMES), 1), draw(TRACK)
        events.append(OrderSubmitted(draw(TIMES), track, order, draw(TIMES)))
        events.append(OrderAccepted(draw(TIMES), track, order, draw(TIMES)))
        fills = draw(st.lists(FILLS, max_size=3))
        for left, fill in zip(reversed(range(len(fills))), fills, strict=True):
            leaves = left or draw(st.sampled_from([0, 1]))
            events.append(msgspec.structs.replace(fill, order=order, leaves_lots=leaves))
        events.append(MetricSample(draw(TIMES), track, draw(TEXT), draw(METRICS)))
    return events


def tables(events: Sequence[Event], cut: int, straight: bool) -> dict[str, list[tuple[object, ...]]]:
    """The projections of two groups of events, made from the events or from their bytes alone."""
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=SqliteDatabase)) as db:
        create(db)
        projector = Projector(db)
        for first, group in ((1, events[:cut]), (cut + 1, events[cut:])):
            for seq, event in enumerate(group, first):
                entry = encode(event)
                if straight:
                    projector.take(seq, event, entry)
                else:
                    projector.apply(seq, entry)
            projector.write()
            projector.written()
        return {t: db.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in PROJECTIONS}


@given(lives(), st.data())
def test_rows_of_an_event_are_rows_of_its_entry(events: list[Event], data: st.DataObject) -> None:
    """Whatever the numbers and wherever the groups end: the same rows, cell by cell."""
    cut = data.draw(st.integers(0, len(events)))
    assert tables(events, cut, straight=True) == tables(events, cut, straight=False)


@given(lives())
def test_an_order_is_worth_what_its_fills_are(events: list[Event]) -> None:
    """The notional of an order is the exact sum of price times quantity over the rows of its fills."""
    made = tables(events, 0, straight=True)
    for order in made["orders"]:
        fills = [f for f in made["fills"] if f[2] == order[2]]
        assert Fraction(str(order[18])) == sum(Fraction(str(f[8])) * Fraction(str(f[9])) for f in fills)
