"""The end of the rows before a moment, found from near the cursor or by bisection."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genesis.tape.stream import before, plain_integers, soon_before


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.data())
def test_both_ways_find_the_same_end(steps: list[int], data: st.DataObject) -> None:
    """Trying the first rows one by one and bisecting give the row that counting gives."""
    ts = sorted(steps)
    times = plain_integers(np.array(ts, np.int64))
    start = data.draw(st.integers(0, len(ts)))
    stop = data.draw(st.integers(start, len(ts)))
    time_ns, included = data.draw(st.integers(-1, 13)), data.draw(st.booleans())
    counted = start + sum(t < time_ns or (included and t == time_ns) for t in ts[start:stop])
    assert before(times, start, stop, time_ns, included) == counted
    assert soon_before(times, start, stop, time_ns, included) == counted
