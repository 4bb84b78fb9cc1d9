"""What a track holds and has ordered, valued by the tape at a moment: longs at the bid and shorts at the ask, whatever the track itself saw last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from genesis.engine.account import OpenState
from genesis.engine.agenda import Rank
from genesis.engine.feed import InstrumentFeed, passed
from genesis.engine.track import Track
from genesis.model.orders import OrderIntent, OrderStatus, OrderType
from genesis.portfolio.tape_rates import price_columns
from genesis.risk.account_limits import Exposure, InBook

_IN_FLIGHT = frozenset({OrderStatus.SUBMITTED, OrderStatus.ACCEPTED})


class Moment(NamedTuple):
    """When tracks are looked at, engine ns, and the rank on their agenda that has come by then."""

    now: int
    rank: int

    @property
    def after_rows(self) -> bool:
        """Whether the rows of that very time have been."""
        return self.rank > Rank.ROW


def ticks_of(feed: InstrumentFeed, sign: int, at: Moment) -> int | None:
    """What a taker of this side faces by the instrument's own price; ``None`` before there is one."""
    stream = feed.price.stream
    row = passed(stream, 0, at.now, at.rank) - 1
    bid, ask = price_columns(stream)
    return None if row < 0 else int(stream.columns[ask if sign > 0 else bid].item(row))


def _position_value(feed: InstrumentFeed, at: Moment) -> int:
    """Signed, in ledger units of the quote, at the price that closes it; a perpetual's at its mark where it is valued by that."""
    units, leg = feed.holding.position.units, feed.leg
    if not units:
        return 0
    if leg is not None and leg.by_mark:
        return units * feed.holding.mark_unit * (leg.latest(at.now, at.rank) or 0)
    return units * feed.notional_unit * (ticks_of(feed, -1 if units > 0 else 1, at) or 0)


def equity_of(track: Track, at: Moment) -> int:
    """Cash and positions, in ledger units of its money."""
    return track.portfolio.cash_units + sum(_position_value(f, at) for f in track.feeds)


def exposures_of(track: Track, to_usd: int, at: Moment) -> Iterator[Exposure]:
    """Its part in every instrument in which it holds or has ordered anything, each of its ledger units worth ``to_usd`` of the account's."""
    for feed in track.feeds:
        position = _position_value(feed, at) * to_usd
        (buys, adds_long), (sells, adds_short) = (_working(track, feed, sign, at) for sign in (1, -1))
        if position or buys or sells:
            yield Exposure(
                feed.instrument, position, adds_long * to_usd, adds_short * to_usd, buys * to_usd, sells * to_usd
            )


def _working(track: Track, feed: InstrumentFeed, sign: int, at: Moment) -> tuple[int, int]:
    """What the open orders of a side may still trade, and what of it opens or enlarges a position, in ledger units at their own price or the market's."""
    closes = max(0, -sign * track.desk.position_lots(feed.instrument))
    total = adds = 0
    for state in adding(track, feed, sign):
        intent = state.order.intent
        ticks = intent.limit_ticks or intent.trigger_ticks or ticks_of(feed, sign, at) or 0
        total += feed.value(ticks, state.leaves)
        closed = min(closes, state.leaves)
        closes -= closed
        adds += feed.value(ticks, state.leaves - closed)
    return total, adds


def adding(track: Track, feed: InstrumentFeed, sign: int) -> Sequence[OpenState]:
    """Open orders of a side that are not reduce-only, oldest first."""
    return [
        s
        for s in track.orders.by_id.values()
        if (i := s.order.intent).instrument is feed.instrument and int(i.side) == sign and not i.reduce_only
    ]


def in_book(track: Track, asked: OrderIntent) -> Iterator[InBook]:
    """Its open orders on the instrument that is asked about; one that waits for its trigger is in no book."""
    for state in track.orders.by_id.values():
        intent = state.order.intent
        triggers = intent.type.has_trigger or intent.type is OrderType.TRAILING_STOP
        if intent.instrument is asked.instrument and not (triggers and state.status in _IN_FLIGHT):
            yield InBook(track.name, int(intent.side), intent.limit_ticks)
