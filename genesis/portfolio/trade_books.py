"""How fills become trades: a book of open trades for each basis.

A fill is told to a trade book as ``closing`` and ``opening``: the signed base units that shrank the position and those that grew it,
at ``price``: quote ledger units of one base ledger unit. ``fee`` is its value in quote ledger units.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from genesis.model.events import OrderFilled
from genesis.model.orders import Side
from genesis.portfolio.positions import cost_share
from genesis.portfolio.trades import ClosedTrade

_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


class OpenTrade:
    """A trade that is not flat yet. ``pnl`` is what it has realised and its ``funding``, before ``fees``."""

    __slots__ = ("entry", "exit", "fees", "fills", "forced", "funding", "pnl", "qty", "side", "time_open")

    def __init__(self, side: Side, time_open: int) -> None:
        self.side, self.time_open = side, time_open
        self.qty = self.entry = self.exit = self.fees = self.funding = self.pnl = self.fills = 0
        self.forced = False

    def close(self, instrument: str, time_close: int) -> ClosedTrade:
        """The finished trade."""
        return ClosedTrade(
            instrument,
            self.side,
            self.time_open,
            time_close,
            self.qty,
            self.entry,
            self.exit,
            self.fees,
            self.pnl - self.fees,
            self.fills,
            self.forced,
            self.funding,
        )

    def fund(self, change: int) -> None:
        """Bear a settlement; negative is paid."""
        self.funding += change
        self.pnl += change


def split_funding(change: int, units: Sequence[int]) -> list[int]:
    """``change`` split by quantity over lots of ``units``, none of the sign of another; the last one takes what rounding leaves."""
    parts: list[int] = []
    left, rest = change, sum(units)
    for lot in units[:-1]:
        part = left * lot // rest if rest else 0
        parts.append(part)
        left -= part
        rest -= lot
    parts.append(left)
    return parts


def _side(units: int) -> Side:
    return _BUY if units > 0 else _SELL


class TradeBook:
    """The open trades of one instrument."""

    __slots__ = ("_instrument", "_lot_units")

    def __init__(self, instrument: str, lot_units: int) -> None:
        self._instrument, self._lot_units = instrument, lot_units

    def record(
        self, fill: OrderFilled, price: int, held: int, closing: int, opening: int, profit: int, fee: int, forced: bool
    ) -> tuple[ClosedTrade, ...]:
        """Take a fill in; the trades it ended. ``held`` is the position before it, ``profit`` what ``closing`` realised."""
        raise NotImplementedError

    def fund(self, change: int) -> None:
        """Bear a settlement of ``change`` (negative is paid): the trade that held the position does.

        A venue settles on its own position: where all of it is closed by the time the settlement is heard, the next trade bears it.
        """
        raise NotImplementedError

    def open_pnl(self, value: int, cost: int) -> int:
        """What is not in a closed trade yet, net of fees, with the position of ``cost`` marked at ``value``."""
        raise NotImplementedError


class FlatTrades(TradeBook):
    """Trades of one instrument from flat to flat.

    A fill that leaves a flat position flat (a purchase that its fee took under one lot) belongs to the trade that comes next, so that
    no fee is lost between trades.
    """

    __slots__ = ("_trade",)

    def __init__(self, instrument: str, lot_units: int) -> None:
        super().__init__(instrument, lot_units)
        self._trade: OpenTrade | None = None

    def record(
        self, fill: OrderFilled, price: int, held: int, closing: int, opening: int, profit: int, fee: int, forced: bool
    ) -> tuple[ClosedTrade, ...]:
        """Take a fill in; the trade it ended, if any. ``held`` is the position before it, ``profit`` what ``closing`` realised."""
        after, lot, trade = held + closing + opening, self._lot_units, self._trade
        was_flat, is_flat = -lot < held < lot, -lot < after < lot
        if trade is None:
            trade = self._trade = OpenTrade(_side(after), fill.time)
        trade.fills += 1
        trade.pnl += profit
        if closing:
            trade.exit += abs(closing) * price
            trade.forced |= forced
            if opening and not was_flat and not is_flat:
                return (self._flip(trade, fill, price, closing, opening, fee),)
        trade.fees += fee
        trade.entry += abs(opening) * price
        if is_flat:
            return () if was_flat else (self._end(trade, fill),)
        if was_flat:
            trade.side, trade.time_open = _side(after), fill.time
        trade.qty = max(trade.qty, abs(after))
        return ()

    def fund(self, change: int) -> None:
        """Bear a settlement."""
        if self._trade is None:
            self._trade = OpenTrade(_BUY, 0)
        self._trade.fund(change)

    def open_pnl(self, value: int, cost: int) -> int:
        """What is not in a closed trade yet, net of fees, with the position of ``cost`` marked at ``value``."""
        trade = self._trade
        return value - cost + (trade.pnl - trade.fees if trade is not None else 0)

    def _end(self, trade: OpenTrade, fill: OrderFilled) -> ClosedTrade:
        self._trade = None
        return trade.close(self._instrument, fill.time)

    def _flip(
        self, trade: OpenTrade, fill: OrderFilled, price: int, closing: int, opening: int, fee: int
    ) -> ClosedTrade:
        part = fee * abs(closing) // abs(closing + opening)
        trade.fees += part
        closed = self._end(trade, fill)
        trade = self._trade = OpenTrade(_side(opening), fill.time)
        trade.fills, trade.fees, trade.qty = 1, fee - part, abs(opening)
        trade.entry = trade.qty * price
        return closed


class _Lot(OpenTrade):
    """What one order opened, and the trade it is once it holds a lot."""

    __slots__ = ("cost", "order", "units")

    def __init__(self, side: Side, time_open: int, order: str) -> None:
        super().__init__(side, time_open)
        self.order = order
        self.units = self.cost = 0

    def grow(self, units: int, cost: int) -> None:
        self.units += units
        self.cost += cost
        self.qty = max(self.qty, abs(self.units))

    def shrink(self, units: int, price: int, fee: int, forced: bool) -> None:
        cost = cost_share(self.cost, units, self.units)
        self.units -= units
        self.cost -= cost
        self.pnl += units * price - cost
        self.exit += abs(units) * price
        self.fees += fee
        self.fills += 1
        self.forced |= forced


class LotTrades(TradeBook):
    """Trades of one instrument, one for each lot: what an order opened, closed first in, first out, whatever the cost method.

    Dust under one lot is no trade: what is left of a closed lot joins the next one, and so does an opening that is too small. A lone
    small lot waits at the front with the amounts it carries, so that nothing is lost.
    """

    __slots__ = ("_lots",)

    def __init__(self, instrument: str, lot_units: int) -> None:
        super().__init__(instrument, lot_units)
        self._lots: deque[_Lot] = deque()

    def record(
        self, fill: OrderFilled, price: int, held: int, closing: int, opening: int, profit: int, fee: int, forced: bool
    ) -> tuple[ClosedTrade, ...]:
        """Take a fill in; the trades it ended. The position's own ``held`` and ``profit`` are not asked: lots know theirs."""
        closed: list[ClosedTrade] = []
        if closing:
            part = fee * abs(closing) // abs(closing + opening)
            fee -= part
            self._close(fill, price, -closing, part, forced, closed)
        if opening:
            lot = self._lot_for(fill, opening)
            lot.fills += 1
            lot.entry += abs(opening) * price
            lot.grow(opening, opening * price)
            lot.fees += fee
        elif fee:
            # The fee ate the whole fill: nothing opened and nothing closed.
            (self._lots[-1] if self._lots else self._new(fill, 1)).fees += fee
        return tuple(closed)

    def fund(self, change: int) -> None:
        """Bear a settlement, each lot by its quantity."""
        if not self._lots:
            self._lots.append(_Lot(_BUY, 0, ""))
        for lot, part in zip(self._lots, split_funding(change, [lot.units for lot in self._lots]), strict=True):
            lot.fund(part)

    def open_pnl(self, value: int, cost: int) -> int:
        """What is not in a closed trade yet, net of fees, with the position marked at ``value``; lots have costs of their own."""
        return value + sum(lot.pnl - lot.fees - lot.cost for lot in self._lots)

    def _close(
        self, fill: OrderFilled, price: int, units: int, fee: int, forced: bool, closed: list[ClosedTrade]
    ) -> None:
        """Take ``units`` (of the position's sign) out of the lots, oldest first; the last one pays what is left of the fee."""
        while units:
            lot = self._lots[0]
            taken = lot.units if abs(lot.units) < abs(units) else units
            part = fee * abs(taken) // abs(units)
            lot.shrink(taken, price, part, forced)
            units -= taken
            fee -= part
            # A lone lot that never held a tradable quantity is no trade: it waits for what joins it.
            if abs(lot.units) < self._lot_units <= lot.qty:
                closed.append(self._end(lot, fill.time))

    def _end(self, lot: _Lot, time_ns: int) -> ClosedTrade:
        """Close the front lot, and hand its dust on to the next lot or let it wait for one."""
        lots = self._lots
        lots.popleft()
        if lots:
            lots[0].grow(lot.units, lot.cost)
        elif lot.units:
            dust = _Lot(lot.side, time_ns, lot.order)
            dust.grow(lot.units, lot.cost)
            lots.append(dust)
        return lot.close(self._instrument, time_ns)

    def _lot_for(self, fill: OrderFilled, units: int) -> _Lot:
        """The lot that an opening belongs to: its order's last one, or one that is too small alone, or a new one."""
        lots, order = self._lots, fill.order.client_order_id
        if not lots or (lots[-1].order != order and abs(lots[-1].units) >= self._lot_units):
            return self._new(fill, units)
        lot = lots[-1]
        if lot.qty < self._lot_units:
            lot.side, lot.time_open, lot.order = _side(units), fill.time, order
        return lot

    def _new(self, fill: OrderFilled, units: int) -> _Lot:
        lot = _Lot(_side(units), fill.time, fill.order.client_order_id)
        self._lots.append(lot)
        return lot
