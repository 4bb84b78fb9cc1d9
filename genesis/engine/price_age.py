"""How old the price was that marked a position, while the position was held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genesis.engine.feed import InstrumentFeed
from genesis.tape.stream import Stream


class PriceAge:
    """The largest age of a price while a lot or more of its instrument was held; the price is the row that marks the position.

    Args:
        feeds: of one track.
    """

    def __init__(self, feeds: Sequence[InstrumentFeed]) -> None:
        self._feeds = tuple(feeds)
        self._since: dict[str, int] = {}
        self._oldest: int | None = None

    def changed(self, now: int) -> None:
        """A position changed at ``now`` (engine ns)."""
        for feed in self._feeds:
            name = feed.instrument.id
            since = self._since.pop(name, None)
            if since is not None:
                self._take(oldest_price_ns(feed.mark.stream, since, now))
            if abs(feed.holding.position.units) >= feed.lot_units:
                self._since[name] = now

    def until(self, now: int) -> int | None:
        """The largest age up to ``now``, in ns; ``None`` where nothing was held."""
        self.changed(now)
        return self._oldest

    def _take(self, age: int | None) -> None:
        if age is not None:
            self._oldest = age if self._oldest is None else max(self._oldest, age)


def oldest_price_ns(stream: Stream, start: int, stop: int) -> int | None:
    """The largest age, at any moment of [``start``, ``stop``], of the stream's last row by then; ``None`` where there was none."""
    first, last = max(0, stream.first_after(start) - 1), stream.first_after(stop)
    if last <= first:
        return None
    times = np.append(stream.columns["ts"][first:last], np.int64(stop))
    return int(np.diff(times).max())
