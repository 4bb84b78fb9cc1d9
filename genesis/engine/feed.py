"""One instrument as a track reads it: its lanes, its venue's matcher, its mark, and the price it shows at any moment."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.engine.agenda import Rank
from genesis.engine.lane import Lane
from genesis.engine.marks import Mark
from genesis.execution.fees import FeeCalculator
from genesis.execution.matching import Matcher, Tier
from genesis.model.instruments import Instrument
from genesis.portfolio.portfolio import Holding
from genesis.tape.stream import Stream, StreamKind


def tier_of(streams: Sequence[Stream]) -> Tier:
    """The best data an instrument has: depth and trades need no explanation, bars alone are the last resort."""
    kinds = {s.kind for s in streams}
    if StreamKind.QUOTES in kinds:
        return Tier.DEPTH if StreamKind.DEPTH in kinds else Tier.QUOTES
    return Tier.TRADES if StreamKind.TRADES in kinds else Tier.BARS


_LANES = {
    Tier.DEPTH: (StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH),
    Tier.QUOTES: (StreamKind.TRADES, StreamKind.QUOTES),
    Tier.TRADES: (StreamKind.TRADES,),
    Tier.BARS: (StreamKind.BARS,),
}
_MARKED_BY = {
    Tier.DEPTH: StreamKind.QUOTES,
    Tier.QUOTES: StreamKind.QUOTES,
    Tier.TRADES: StreamKind.TRADES,
    Tier.BARS: StreamKind.BARS,
}


class InstrumentFeed:
    """Lanes in the order in which rows of one moment count. ``depth_levels`` is what the strategy asked to see of the book."""

    __slots__ = (
        "depth_levels",
        "fees",
        "holding",
        "instrument",
        "lanes",
        "lot_units",
        "mark",
        "matcher",
        "notional_unit",
        "price_unit",
        "tier",
        "unit",
    )

    def __init__(
        self,
        instrument: Instrument,
        streams: Sequence[Stream],
        matcher: Matcher,
        fees: FeeCalculator,
        decimals: int,
        order: int,
        holding: Holding,
    ) -> None:
        self.instrument, self.matcher, self.fees, self.holding = instrument, matcher, fees, holding
        self.tier = matcher.tier
        self.notional_unit = instrument.notional_unit(decimals)
        # Ledger units of one unit of price times one base unit: an integer, since a currency's scale holds both.
        self.price_unit = 10 ** (decimals - instrument.base_decimals)
        self.lot_units = instrument.lot_units
        self.unit = self.lot_units * self.notional_unit
        self.depth_levels = 0
        chosen = [next((s for s in streams if s.kind is kind), None) for kind in _LANES[self.tier]]
        self.lanes = tuple(Lane(s, matcher, 10 * order + i) for i, s in enumerate(chosen) if s is not None)
        self.mark = Mark(next(s for s in streams if s.kind is _MARKED_BY[self.tier]))

    def lane(self, kind: StreamKind) -> Lane | None:
        """The lane of one kind of row."""
        return next((lane for lane in self.lanes if lane.kind is kind), None)

    def settle(self, now: int, rank: int) -> None:
        """Bring the matcher's market to the present: rows passed over without effect are made visible."""
        for lane in self.lanes:
            stream = lane.stream
            stop = passed(stream, lane.cursor, now, rank)
            if stop > lane.cursor:
                self._show(lane, stop)
                lane.cursor = stop

    def _show(self, lane: Lane, stop: int) -> None:
        columns, matcher, row = lane.stream.columns, self.matcher, stop - 1
        if lane.kind is StreamKind.QUOTES:
            matcher.show_quote(*(columns[n].item(row) for n in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")))
        elif lane.kind is StreamKind.DEPTH:
            if matcher.book is not None:
                matcher.book.apply(columns, stop)
        else:
            matcher.last = columns["close" if lane.kind is StreamKind.BARS else "ticks"].item(row)

    def price_age_ns(self, now: int) -> int:
        """How old the row is that shows the price."""
        stream = self.mark.stream
        row = stream.first_after(now) - 1
        return now - int(stream.columns["ts"][row]) if row >= 0 else now

    def value(self, ticks: int, lots: int) -> int:
        """Ledger units of ``lots`` lots at ``ticks``."""
        return ticks * lots * self.unit


def passed(stream: Stream, cursor: int, now: int, rank: int) -> int:
    """How many rows lie behind the present: those before ``now``, and those at it once the moment's rows have had their turn."""
    if cursor >= stream.rows or stream.times[cursor] > now:
        return cursor
    return stream.first_after(now, cursor) if rank > Rank.ROW else stream.first_at(now, cursor)
