"""Rates between currencies as the tape shows them at a moment: the columns are asked, nothing has to be pushed.

A price may be as old as `RATE_AGE_LIMIT_NS` allows, 60 s (definitions.md, "Tiers"). A bar is known when it closes and says nothing until the
next one does, so a price that comes from time bars may be one interval older: with 5 min bars 360 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from genesis.model.instruments import Instrument
from genesis.model.market import BarKind
from genesis.portfolio.currencies import RATE_AGE_LIMIT_NS, Rates
from genesis.tape.stream import Stream, StreamKind

_COLUMNS: Final = {
    StreamKind.QUOTES: ("bid_ticks", "ask_ticks"),
    StreamKind.TRADES: ("ticks", "ticks"),
    StreamKind.BARS: ("close", "close"),
}


def age_limit(stream: Stream) -> int:
    """The oldest that a price of this stream may be, in ns."""
    spec = stream.spec
    return RATE_AGE_LIMIT_NS + (spec.step if spec is not None and spec.kind is BarKind.TIME else 0)


def price_columns(stream: Stream) -> tuple[str, str]:
    """The columns of a rate's bid and ask."""
    return _COLUMNS[stream.kind]


class TapeRates(Rates):
    """Rates of the streams that show instruments' own prices: quotes, trades or bars.

    Args:
        streams: one an instrument, in the order in which they are preferred; perpetuals are passed over.
        decimals: ledger scale of each currency that is converted.
    """

    def __init__(self, streams: Sequence[Stream], decimals: Mapping[str, int]) -> None:
        super().__init__([s.instrument for s in streams], decimals)
        self.streams = {s.instrument.id: s for s in streams if s.instrument.id in self._pairs}
        for name, stream in self.streams.items():
            self._pairs[name].limit_ns = age_limit(stream)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Those whose prices are rates."""
        return tuple(s.instrument for s in self.streams.values())

    def look(self, now: int, included: bool = False) -> None:
        """Stand at ``now``: after the rows before it, or (``included``) after those at it too."""
        for name, stream in self.streams.items():
            row = (stream.first_after(now) if included else stream.first_at(now)) - 1
            pair = self._pairs[name]
            if row < 0:
                pair.bid = pair.ask = pair.time = 0
                continue
            bid, ask = _COLUMNS[stream.kind]
            self.show(name, stream.times[row], stream.columns[bid].item(row), stream.columns[ask].item(row))
