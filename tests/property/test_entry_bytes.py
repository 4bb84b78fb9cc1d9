"""The fast writers write what RFC 8785 says, whatever an event holds."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.audit.entry import EXACT_BELOW, _by_package, canonical, encode, encode_any
from genesis.audit.hot import HOT
from genesis.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRequested,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    TapePosition,
)
from genesis.model.instruments import Instrument
from genesis.model.orders import (
    DenyReason,
    Liquidity,
    Order,
    OrderIntent,
    RejectReason,
    Side,
)
from genesis.model.promotion_events import EvidenceSample, FamilyEvidence
from genesis.model.track_events import MetricSample, TradeClosed
from tests.kit.entry_values import FLOAT, INSTRUMENTS, METRICS, TEXT, TRACK, UNITS, WHOLE, intents

MAYBE = st.none() | FLOAT
POSITIONS = st.none() | st.builds(TapePosition, TEXT, WHOLE, TEXT)
INTENTS = intents(WHOLE)
ORDERS = st.builds(Order, TEXT, TEXT, INTENTS, WHOLE, st.integers(0, 99))
HEAD = (WHOLE, TRACK)
ABOUT = (*HEAD, ORDERS, WHOLE)
EVENTS = {
    OrderDenied: st.builds(OrderDenied, *HEAD, INTENTS, st.sampled_from(DenyReason), TEXT, POSITIONS),
    OrderSubmitted: st.builds(OrderSubmitted, *ABOUT, POSITIONS),
    OrderAccepted: st.builds(OrderAccepted, *ABOUT),
    OrderRejected: st.builds(OrderRejected, *ABOUT, st.sampled_from(RejectReason), TEXT),
    OrderTriggered: st.builds(OrderTriggered, *ABOUT, UNITS),
    OrderCancelRequested: st.builds(OrderCancelRequested, *ABOUT),
    OrderCanceled: st.builds(OrderCanceled, *ABOUT, UNITS),
    OrderExpired: st.builds(OrderExpired, *ABOUT, st.sampled_from(RejectReason), UNITS),
    OrderFilled: st.builds(
        OrderFilled,
        *ABOUT,
        st.integers(1, 99),
        *[UNITS] * 4,
        st.sampled_from(Liquidity),
        UNITS,
        TEXT,
        st.integers(0, 20),
        TEXT,
        TEXT,
        st.none() | UNITS,
        st.none() | UNITS,
        *[UNITS] * 5,
        POSITIONS,
    ),
    TradeClosed: st.builds(
        TradeClosed,
        *HEAD,
        INSTRUMENTS,
        st.sampled_from(Side),
        WHOLE,
        WHOLE,
        *[UNITS] * 5,
        TEXT,
        st.integers(0, 20),
        st.integers(0, 9),
        st.booleans(),
    ),
    MetricSample: st.builds(MetricSample, *HEAD, TEXT, METRICS),
    EvidenceSample: st.builds(
        EvidenceSample,
        *HEAD,
        FLOAT,
        WHOLE,
        WHOLE,
        FLOAT,
        MAYBE,
        st.booleans(),
        MAYBE,
        MAYBE,
        MAYBE,
        MAYBE,
        MAYBE,
        TEXT,
    ),
    FamilyEvidence: st.builds(FamilyEvidence, *HEAD, st.dictionaries(TEXT, FLOAT, max_size=6), TEXT),
}


@pytest.mark.parametrize("kind", HOT, ids=lambda k: k.__name__)
@given(data=st.data())
def test_the_fast_writer_of_each_kind_writes_the_same_bytes(kind: type[Event], data: st.DataObject) -> None:
    """Straight from the fields or by way of the wire form and the reference package: byte for byte the same."""
    event = data.draw(EVENTS[kind])
    assert encode(event) == encode_any(event)


@given(st.one_of(*EVENTS.values()))
def test_an_entry_reads_back_as_what_was_written(event: Event) -> None:
    """A plain JSON reader finds the wire form again, large integers as text, and the keys in order."""
    # ECMAScript pads the shortest digits of a large float with zeros, so every number is read as the double it is.
    document = json.loads(encode(event), parse_int=float)
    assert list(document) == ["body", "time", "track", "type", "version"]
    assert document["time"] == str(event.time)
    assert (document["track"], document["type"]) == (event.track, type(event).__name__)
    assert document["body"] == as_read(event.wire())


def as_read(value: object) -> object:
    if isinstance(value, dict):
        return {k: as_read(v) for k, v in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT_BELOW:
        return str(value)
    return value


@given(FLOAT)
def test_a_float_reads_back_as_itself(number: float) -> None:
    """No digit is lost and none is added: reading the entry gives the very same float."""
    entry = encode(MetricSample(0, None, "USDT", {"x": number}))
    assert float(json.loads(entry)["body"]["metrics"]["x"]) == number


@given(st.lists(EVENTS[OrderFilled], min_size=1, max_size=5), st.integers(0, 400))
def test_what_was_written_before_changes_nothing(fills: list[OrderFilled], others: int) -> None:
    """The memories of the fast writers are only memories: full, emptied or fresh, the bytes are the same."""
    fill = fills[0]
    want = encode(fill)
    for i in range(others):
        intent = OrderIntent(Instrument(f"X{i}", "V", "X", "Y", Decimal("0.5"), Decimal(1)), Side.BUY, i + 1)
        encode(OrderSubmitted(0, None, Order(str(i), "t", intent, 0, 0), 0))
    for other in fills:
        encode(other)
    assert encode(fill) == want


# Where the ways of writing a number meet: each power of ten, and the floats next to it on both sides.
BOUNDS = [math.nextafter(10.0**p, to) for p in (*range(-8, 24), 308) for to in (0.0, 10.0**p, math.inf)]


@given(st.integers(-320, 308), st.integers(1, 10**17), st.sampled_from(BOUNDS), st.sampled_from([1, -1]))
def test_numbers_of_every_size_are_written_alike(power: int, digits: int, bound: float, sign: int) -> None:
    """A float of any magnitude, in a sample or elsewhere, comes out as the reference package writes it."""
    for size in (float(f"{digits}e{power - len(str(digits))}"), bound):
        value = sign * size
        if math.isfinite(value):
            event = MetricSample(0, "t", "USDT", {"x": value})
            assert HOT[MetricSample](event) == encode_any(event)
            assert canonical({"x": value}) == _by_package({"x": value})


LEAF = st.none() | st.booleans() | WHOLE | FLOAT | TEXT
DOCUMENTS = st.dictionaries(
    TEXT,
    st.recursive(
        LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
    ),
    max_size=6,
)


@given(DOCUMENTS)
def test_a_document_is_written_as_the_package_writes_it(document: dict[str, object]) -> None:
    """Byte for byte, whatever its keys, numbers and texts."""
    assert canonical(document) == _by_package(document)
