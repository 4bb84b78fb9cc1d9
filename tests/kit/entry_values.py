"""Any value that an entry may hold, as Hypothesis draws it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from genesis.model.instruments import Instrument
from genesis.model.orders import OrderIntent, OrderType, Side, TimeInForce

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WHOLE = st.integers(-(2**70), 2**70) | st.sampled_from([s * (2**53 + d) for s in (1, -1) for d in (-1, 0, 1)])
UNITS = st.integers(-(10**25), 10**25)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
TRACK = st.none() | TEXT
STEPS = [Decimal(s) for s in ("0.00000001", "0.01", "0.25", "1", "50")]
INSTRUMENTS = st.builds(
    Instrument, TEXT, TEXT, st.just("BTC"), st.just("USDT"), st.sampled_from(STEPS), st.sampled_from(STEPS)
)
METRICS = st.dictionaries(TEXT, st.none() | TEXT | FLOAT | WHOLE | st.booleans(), max_size=8)


def intents(trailing: st.SearchStrategy[int]) -> st.SearchStrategy[OrderIntent]:
    """Intents of every kind; ``trailing`` draws the distance of those that trail."""
    return st.builds(
        OrderIntent,
        INSTRUMENTS,
        st.sampled_from(Side),
        UNITS,
        st.sampled_from(OrderType),
        st.none() | UNITS,
        st.none() | UNITS,
        st.none() | trailing,
        st.sampled_from(TimeInForce),
        st.booleans(),
        st.booleans(),
        TEXT,
    )
