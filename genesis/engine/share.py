"""A desk through which a strategy trades a share of its budget and cannot tell.

A strategy is written for its full budget. On a track that holds a tenth of it, every order is sent for a tenth (never rounded up), and
position, equity, open orders and fills are told as if all of it had been traded. What is told is kept by fills, not by multiplying: an
order of 15 lots at a tenth is sent for one lot, and once that is filled the strategy holds its 15.

A rise of the share counts for what is entered from then on; what is held keeps the share at which it was entered (definitions.md,
"Capital"). A fall is followed by a reduction of what is held, of which the strategy notices nothing either.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from genesis.engine.account import OpenState
from genesis.model.events import OrderEvent, OrderFilled
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.model.money import Money
from genesis.model.orders import Approved, DenyReason, Order, OrderIntent, Refused
from genesis.strategies.base import OpenOrder

if TYPE_CHECKING:
    from genesis.engine.track import Track

# The tag of an order that brings a position down to a lower share.
REDUCES_SHARE = "share"


class _Asked:
    """An order as the strategy asked for it; ``counted`` of its lots are filled as it is told, ``stands_for`` are told once all that was sent is filled."""

    __slots__ = ("counted", "intent", "stands_for")

    def __init__(self, intent: OrderIntent, stands_for: int) -> None:
        self.intent, self.stands_for = intent, stands_for
        self.counted = 0


class _Held:
    """Signed lots since the position was last flat: as ``told`` to the strategy, and as ``traded``."""

    __slots__ = ("told", "traded")

    def __init__(self) -> None:
        self.told = self.traded = 0


class ShareDesk:
    """The desk of a track that trades ``share`` of a budget; implements the strategy's ``Desk``.

    Args:
        track: whose own desk sends the orders.
        share: above 0 and at most 1.
    """

    def __init__(self, track: Track, share: Fraction) -> None:
        self._track, self._desk = track, track.desk
        self.share = share
        self._asked: dict[str, _Asked] = {}
        self._held = {f.instrument.id: _Held() for f in track.feeds}

    # ---- what a strategy asks

    @property
    def now(self) -> int:
        """Engine time."""
        return self._desk.now

    def submit(self, intent: OrderIntent) -> Approved | Refused:
        """Send the share of an intent through risk."""
        lots, stands_for = self._to_send(intent)
        if not lots and intent.lots > 0:
            text = intent.instrument.qty_grid.to_text
            found = f"found {text(intent.lots)} at a share of {float(self.share):.0%}"
            detail = f"quantity: expected a lot ({text(1)}) or more of the position's share, {found}"
            return self._desk.refuse(intent, DenyReason.QTY_BELOW_MIN, detail)
        answer = self._desk.submit(msgspec.structs.replace(intent, lots=lots), intent)
        if isinstance(answer, Refused):
            return answer
        self._asked[answer.order.client_order_id] = _Asked(intent, stands_for)
        return Approved(self._as_asked(answer.order))

    def cancel(self, client_order_id: str) -> bool:
        """Ask the venue to cancel."""
        return self._desk.cancel(client_order_id)

    def open_orders(self, instrument: Instrument | None) -> tuple[OpenOrder, ...]:
        """Open orders as they were asked for, oldest first; those of risk as they are."""
        return tuple(self._told(o) for o in self._desk.open_orders(instrument))

    def working_lots(self, instrument: Instrument) -> int:
        """Signed lots that open market orders still bring, as they were asked for."""
        return self._to_come(instrument, lambda asked: asked.intent.lots)

    def _to_come(self, instrument: Instrument, of: Callable[[_Asked], int]) -> int:
        total = 0
        for name, state in self._track.orders.by_id.items():
            intent, asked = state.order.intent, self._asked.get(name)
            if intent.instrument is instrument and not (intent.type.has_limit or intent.type.has_trigger):
                lots = state.leaves if asked is None else of(asked) - asked.counted
                total += int(intent.side) * lots
        return total

    def position_lots(self, instrument: Instrument) -> int:
        """Signed whole lots held, towards zero, as if all of the budget were traded."""
        held = self._held[instrument.id]
        units, lot = self._units(instrument), instrument.lot_units
        if not held.told or not held.traded:
            return _whole(units, lot)
        return _whole(units * held.told, lot * held.traded)

    def last_ticks(self, instrument: Instrument) -> int | None:
        """The price that marks the instrument now."""
        return self._desk.last_ticks(instrument)

    def equity(self) -> Money:
        """What the whole budget would be worth; rounded down to the ledger's unit."""
        return self._track.portfolio.to_money(
            self._desk.equity_units() * self.share.denominator // self.share.numerator
        )

    def subscribe(self, instrument: Instrument, what: str, spec: BarSpec | None, levels: int) -> None:
        """Ask for bars, trades, quotes or depth."""
        self._desk.subscribe(instrument, what, spec, levels)

    def set_timer(self, name: str, at_ns: int, every_ns: int | None) -> None:
        """Set a timer."""
        self._desk.set_timer(name, at_ns, every_ns)

    def note(self, text: str) -> None:
        """Journal a remark."""
        self._desk.note(text)

    # ---- what the track tells

    def told_of_fill(self, state: OpenState, fill: OrderFilled) -> OrderFilled:
        """Keep a fill that has been posted; the fill as the strategy hears of it."""
        held, sign = self._held[fill.order.intent.instrument.id], int(fill.order.intent.side)
        asked = self._asked.get(fill.client_order_id)
        told, traded = fill.last_lots, held.traded
        heard = fill
        if asked is not None:
            counted = asked.stands_for * state.filled // state.order.intent.lots
            told, asked.counted = counted - asked.counted, counted
            heard = msgspec.structs.replace(
                fill,
                order=self._as_asked(fill.order),
                last_lots=told,
                filled_lots=counted,
                leaves_lots=asked.intent.lots - counted,
            )
            held.told += sign * told
        elif state.order.intent.tag != REDUCES_SHARE and traded:
            # Risk or the venue closes: the strategy's position falls as the track's does.
            held.told = held.told * (traded + sign * fill.last_lots) // traded
        held.traded += sign * fill.last_lots
        instrument = fill.order.intent.instrument
        if abs(self._units(instrument)) < instrument.lot_units:
            held.told = held.traded = 0
        elif held.told * held.traded <= 0:
            # Orders of different shares, rounded down, met: what it is told has the sign of what is held, whatever it asked for.
            held.told = _whole(held.traded * self.share.denominator, self.share.numerator)
        return heard

    def told_of(self, event: OrderEvent) -> OrderEvent:
        """What else happened to an order, as the strategy hears of it."""
        return msgspec.structs.replace(event, order=self._as_asked(event.order))

    def ended(self, client_order_id: str) -> None:
        """An order has ended and was told of."""
        self._asked.pop(client_order_id, None)

    # ---- inside

    def _to_send(self, intent: OrderIntent) -> tuple[int, int]:
        """Lots to send, and how many of the intent's they stand for.

        All that is held where the strategy closes all it holds, in proportion where a part, and its share of the rest; where nothing but a reduction is
        wanted there is no rest, and it is told of no more than it holds.
        """
        instrument = intent.instrument
        # A reduction that was asked for more than is held brings no more than that.
        told = self.position_lots(instrument) + self._to_come(instrument, lambda asked: asked.stands_for)
        traded = _whole(self._units(instrument), instrument.lot_units) + self._desk.working_lots(instrument)
        sign = int(intent.side)
        closes = max(0, -sign * told)
        if not closes:
            return self._share_of(intent.lots), intent.lots
        held = max(0, -sign * traded)
        if intent.lots < closes:
            return held * intent.lots // closes, intent.lots
        if intent.reduce_only:
            return held, closes
        return held + self._share_of(intent.lots - closes), intent.lots

    def _share_of(self, lots: int) -> int:
        return lots * self.share.numerator // self.share.denominator

    def _units(self, instrument: Instrument) -> int:
        return self._track.feed_of(instrument.id).holding.position.units

    def _as_asked(self, order: Order) -> Order:
        asked = self._asked.get(order.client_order_id)
        return order if asked is None else msgspec.structs.replace(order, intent=asked.intent)

    def _told(self, order: OpenOrder) -> OpenOrder:
        asked = self._asked.get(order.order.client_order_id)
        if asked is None:
            return order
        return OpenOrder(self._as_asked(order.order), order.status, asked.counted, order.waits)


def _whole(units: int, lot: int) -> int:
    """``units`` in lots, towards zero; the lot may be negative where what it is told of is."""
    whole = abs(units) // abs(lot)
    return whole if (units >= 0) is (lot > 0) else -whole
