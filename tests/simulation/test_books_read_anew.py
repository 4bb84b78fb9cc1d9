"""What a snapshot after a gap says to orders that rest: also of the levels that it no longer shows."""

from __future__ import annotations

import msgspec
import pytest

from genesis.model.market import Quote
from genesis.strategies.base import Strategy
from tests.kit.runs import FX, depth_stream, quotes_stream, run, trades_stream

SECOND = 1_000_000_000
# Bids of 4 at 100.00, of 9 at 99.98 and of 6 at 99.95; asks alike.
BOOK = ((1, 10_000, 4), (1, 9_998, 9), (1, 9_995, 6), (-1, 10_002, 4), (-1, 10_004, 9), (-1, 10_007, 6))


class Rester(Strategy):
    """Buys a lot at the price of its parameters when it sees the first quote."""

    class Params(msgspec.Struct, frozen=True):
        limit: int

    def on_start(self) -> None:
        self._is_done = False
        self.subscribe_quotes()

    def on_quote(self, quote: Quote) -> None:
        if not self._is_done:
            self._is_done = True
            self.buy(self.instrument.quantity(1), limit=self.instrument.price(self.params.limit))


def ahead_after(snapshot: tuple[tuple[int, int, int], ...], limit: int, rows: int | None) -> int | None:
    """What stands before the order when the book has been read anew at 5 s."""
    depth = [(1, *level) for level in BOOK] + [(5 * SECOND, *level) for level in snapshot]
    streams = [
        trades_stream([(1, 10_001, 1, 1), (6 * SECOND, 10_001, 1, 1)]),
        quotes_stream([(2, 10_000, 4, 10_002, 4), (6 * SECOND, 10_000, 4, 10_002, 4)]),
        depth_stream(depth, snapshots=[1, 5 * SECOND]),
    ]
    _, simulator = run(streams, [("a", Rester((FX,), Rester.Params(limit)))], rows)
    (working,) = simulator.tracks[0].executor.matchers[FX.id].working
    return working.ahead


@pytest.mark.parametrize("rows", [None, 1, 3])
@pytest.mark.parametrize(
    ("snapshot", "ahead"),
    [
        (((1, 10_000, 4), (1, 9_998, 5), (1, 9_995, 6), (-1, 10_002, 4)), 5),
        (((1, 10_000, 4), (1, 9_998, 30), (1, 9_995, 6), (-1, 10_002, 4)), 9),
        (((1, 10_000, 4), (1, 9_995, 6), (-1, 10_002, 4)), 0),
        (((1, 10_000, 4), (-1, 10_002, 4)), 9),
        (((-1, 10_002, 4),), 9),
    ],
)
def test_a_snapshot_bounds_what_is_ahead(
    snapshot: tuple[tuple[int, int, int], ...], ahead: int, rows: int | None
) -> None:
    """9 stood at 99.98: fewer now, more now, nobody between two levels that are shown; where it ends above 99.98 it says nothing."""
    assert ahead_after(snapshot, 9_998, rows) == ahead


def test_the_quote_tells_of_the_touch_sooner_than_a_snapshot() -> None:
    """The best bid of 4 is missing in a snapshot that is older than the quote: it is there all the same."""
    assert ahead_after(((1, 9_998, 9), (1, 9_995, 6), (-1, 10_002, 4)), 10_000, None) == 4
