"""One instrument as a track reads it: its lanes, its venue's matcher, its mark, and the price it shows at any moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from genesis.engine.agenda import Rank
from genesis.engine.lane import Lane
from genesis.engine.marks import Mark
from genesis.execution.fees import FeeCalculator
from genesis.execution.matching import Matcher
from genesis.execution.tier import Tier
from genesis.model.instruments import Instrument
from genesis.portfolio.portfolio import Holding
from genesis.tape.stream import Stream, StreamKind

if TYPE_CHECKING:
    from genesis.engine.margin import Leg


def tier_of(streams: Sequence[Stream]) -> Tier:
    """The best data an instrument has: depth and trades need no explanation, bars alone are the last resort."""
    kinds = {s.kind for s in streams}
    if StreamKind.QUOTES in kinds:
        return Tier.DEPTH if StreamKind.DEPTH in kinds else Tier.QUOTES
    return Tier.TRADES if StreamKind.TRADES in kinds else Tier.BARS


# Rows of one moment in this order. Where better data fail for a while, the poorer ones beside them fill orders.
_LANES = (StreamKind.TRADES, StreamKind.ORDERS, StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.BARS)
_MARKED_BY = {
    Tier.DEPTH: StreamKind.QUOTES,
    Tier.QUOTES: StreamKind.QUOTES,
    Tier.TRADES: StreamKind.TRADES,
    Tier.BARS: StreamKind.BARS,
}


def price_stream(streams: Sequence[Stream]) -> Stream:
    """The stream that shows an instrument's own price: quotes, else trades, else bars."""
    wanted = _MARKED_BY[tier_of(streams)]
    return next(s for s in streams if s.kind is wanted)


class InstrumentFeed:
    """Lanes in the order in which rows of one moment count. ``depth_levels`` is what the strategy asked to see of the book.

    ``price`` shows the instrument's own price; ``mark`` is what values a position: the same, but where mark prices do. ``leg`` is its
    part in the track's margin account, of a perpetual alone. ``leader`` is the feed of another track whose lanes bring the rows to a
    matcher that both share.
    """

    __slots__ = (
        "depth_levels",
        "fees",
        "holding",
        "instrument",
        "lanes",
        "leader",
        "leg",
        "lot_units",
        "mark",
        "matcher",
        "notional_unit",
        "price",
        "price_lane",
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
        leader: InstrumentFeed | None = None,
        leg: Leg | None = None,
    ) -> None:
        self.instrument, self.matcher, self.fees, self.holding = instrument, matcher, fees, holding
        self.tier = tier_of(streams)
        self.notional_unit = instrument.notional_unit(decimals)
        # Ledger units of one unit of price times one base unit: an integer, since a currency's scale holds both.
        self.price_unit = 10 ** (decimals - instrument.base_decimals)
        self.lot_units = instrument.lot_units
        self.unit = self.lot_units * self.notional_unit
        self.depth_levels = 0
        chosen = [next((s for s in streams if s.kind is kind), None) for kind in _LANES]
        self.leader, leads = leader, leader is None
        self.lanes = tuple(Lane(s, matcher, 10 * order + i, leads) for i, s in enumerate(chosen) if s is not None)
        self.leg = leg
        self.price = Mark(price_stream(streams))
        self.price_lane = next(lane for lane in self.lanes if lane.stream is self.price.stream)
        self.mark = Mark(leg.marks) if leg is not None and leg.by_mark else self.price

    def lane(self, kind: StreamKind) -> Lane | None:
        """The lane of one kind of row."""
        return next((lane for lane in self.lanes if lane.kind is kind), None)

    def settle(self, now: int, rank: int) -> None:
        """Bring the matcher's market to the present: rows passed over without effect are made visible."""
        if self.leader is not None:
            self.leader.settle(now, rank)
        for lane in self.lanes:
            stream = lane.stream
            stop = passed(stream, lane.cursor, now, rank)
            if stop > lane.cursor:
                self.show(lane, stop)

    def begin(self, now: int, other: InstrumentFeed) -> None:
        """Start reading in the middle of the tape, as another track's feed of the instrument does: all that lies behind ``now`` is shown."""
        self.depth_levels = other.depth_levels
        self.settle(now, Rank.HOUR)
        self.price.begin(self.matcher.touch(-1))
        if self.leg is not None:
            self.leg.scheduled = self.leg.funding.first_after(now)

    def show(self, lane: Lane, stop: int) -> None:
        """Pass the rows of a lane up to ``stop``, none of which fills an order: what they show is visible now."""
        if lane.leads:
            self._show(lane, stop)
        lane.cursor = stop

    def note_prints(self, now: int, rank: int) -> None:
        """Let the venue know how old its last print is: a bar of a time that prints tell of fills nothing."""
        for lane in self.lanes:
            if lane.kind is StreamKind.TRADES:
                stop = passed(lane.stream, lane.cursor, now, rank)
                if stop:
                    self.matcher.shown.trade_ns = lane.stream.times[stop - 1]

    def _show(self, lane: Lane, stop: int) -> None:
        stream, shown, row = lane.stream, self.matcher.shown, stop - 1
        columns, time_ns = stream.columns, stream.times[row]
        if lane.kind is StreamKind.QUOTES:
            names = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
            bid, bid_lots, ask, ask_lots = (columns[n].item(row) for n in names)
            shown.show_quote(bid, bid_lots, ask, ask_lots, time_ns)
        elif lane.kind is StreamKind.DEPTH:
            self._show_depth(stream, lane.cursor, stop)
        elif lane.kind is StreamKind.ORDERS:
            shown.show_orders(columns, stop)
        elif lane.kind is StreamKind.TRADES:
            shown.show_print(columns["ticks"].item(row), time_ns)
        elif shown.trade_ns < columns["time_open"].item(row):
            shown.last = columns["close"].item(row)

    def _show_depth(self, stream: Stream, start: int, stop: int) -> None:
        """Only levels at which an order of ours rests, or of which one took, concern anybody: the rest of the rows is written into the book."""
        watched = self.matcher.watched_prices()
        if watched:
            row = start
            for begin in _snapshots(stream, start, stop):
                self._tell_levels(watched, stream, row, begin)
                self._tell_gone(watched, stream, begin, stop)
                row = begin
            self._tell_levels(watched, stream, row, stop)
        self.matcher.shown.show_depth(stream, stop)

    def _tell_levels(self, watched: set[int], stream: Stream, start: int, stop: int) -> None:
        columns = stream.columns
        for row in _rows_at(watched, stream, start, stop):
            side, ticks, lots = (columns[name].item(row) for name in ("side", "ticks", "lots"))
            self.matcher.on_depth(side, ticks, lots, stream.times[row], bool(columns["snapshot"][row]))

    def _tell_gone(self, watched: set[int], stream: Stream, begin: int, stop: int) -> None:
        """A snapshot shows nothing at a price that lies among its levels and is none of them; beyond its worst level it says nothing."""
        matcher, times, seqs = self.matcher, stream.times, stream.seqs
        end = begin + 1
        while end < stop and times[end] == times[begin] and seqs[end] == seqs[begin]:
            end += 1
        columns, shown = stream.columns, matcher.shown
        there = (columns["side"][begin:end] * columns["ticks"][begin:end]).tolist()
        for side, touch in ((1, shown.bid), (-1, shown.ask)):
            levels = {price for price in there if price * side > 0}
            for price in sorted(watched - levels):
                # The touch is shown sooner by the quotes.
                if price * side > 0 and price != side * touch and levels and price > min(levels):
                    matcher.on_depth(side, abs(price), 0, times[begin], True)

    def price_age_ns(self, now: int) -> int:
        """How old the row is that shows the price."""
        stream = self.price.stream
        row = stream.first_after(now) - 1
        return now - int(stream.columns["ts"][row]) if row >= 0 else now

    def value(self, ticks: int, lots: int) -> int:
        """Ledger units of ``lots`` lots at ``ticks``."""
        return ticks * lots * self.unit


def _snapshots(stream: Stream, start: int, stop: int) -> Iterator[int]:
    """The depth rows of [start, stop) with which a snapshot begins."""
    while start < stop:
        block, offset = stream.depth.at(start, stream.rows)
        end = min(block.rows, offset + stop - start)
        for begin in block.begins:
            if offset <= begin < end:
                yield start + begin - offset
        start += end - offset


def _rows_at(prices: set[int], stream: Stream, start: int, stop: int) -> Iterator[int]:
    """The depth rows of [start, stop) at one of the signed ``prices``, in their order."""
    while start < stop:
        block, offset = stream.depth.at(start, stream.rows)
        end = min(block.rows, offset + stop - start)
        stretch = block.prices[offset:end]
        if not prices.isdisjoint(stretch):
            for place, price in enumerate(stretch):
                if price in prices:
                    yield start + place
        start += end - offset


def passed(stream: Stream, cursor: int, now: int, rank: int) -> int:
    """How many rows lie behind the present: those before ``now``, and those at it once the moment's rows have had their turn."""
    if cursor >= stream.rows or stream.times[cursor] > now:
        return cursor
    return stream.first_after(now, cursor) if rank > Rank.ROW else stream.first_at(now, cursor)
