"""A portfolio of one quote currency: cash, positions, realised profit and fees, each in an account of its own.

Identity that always holds, exactly: equity = budget + realised + unrealised - fees. A fee charged in the base asset shrinks the holdings and
is valued at its fill's price; the difference between that value and what those units cost is realised like any other sale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genesis.errors import ConfigError
from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.ledger import Ledger, Purpose
from genesis.portfolio.positions import CostMethod, Position
from genesis.portfolio.trades import ClosedTrade, OpenTrade, TradeBasis


class Holding:
    """One instrument of the portfolio."""

    __slots__ = ("base", "entries", "id", "lot_units", "position", "trade", "unit")

    def __init__(self, instrument: Instrument, decimals: int, method: CostMethod) -> None:
        self.id, self.base = instrument.id, instrument.base
        self.lot_units = instrument.lot_units
        self.unit = instrument.notional_unit(decimals)
        self.position = Position(method)
        self.trade: OpenTrade | None = None


class Portfolio:
    """Cash and positions that start with ``budget``.

    Raises:
        ConfigError: instruments of another quote currency than the budget's.
    """

    def __init__(
        self,
        budget: Money,
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
    ) -> None:
        for instrument in instruments:
            if instrument.quote != budget.currency:
                raise ConfigError(
                    f"{instrument.id}: expected quote currency {budget.currency}, found {instrument.quote}"
                )
        self.currency = budget.currency
        self.decimals = max(i.quote_decimals for i in instruments)
        self._grid = currency_grid(self.decimals)
        self._fifo_trades = basis is TradeBasis.FIFO_LOT
        self.ledger = Ledger()
        self.budget_units = self._grid.from_decimal(budget.amount)
        self.ledger.transfer(self.currency, Purpose.CASH, Purpose.CAPITAL, self.budget_units)
        self._holdings = {i.id: Holding(i, self.decimals, method) for i in instruments}
        self.turnover_units = 0

    # ---- what it is

    @property
    def cash_units(self) -> int:
        """Cash, in ledger units."""
        return self.ledger.balance(Purpose.CASH, self.currency)

    @property
    def fees_units(self) -> int:
        """Fees paid so far, those in the base asset at their fill's price."""
        return self.ledger.balance(Purpose.FEES, self.currency)

    @property
    def realized_units(self) -> int:
        """Realised profit before fees."""
        return -self.ledger.balance(Purpose.REALIZED, self.currency)

    def position_units(self, instrument_id: str) -> int:
        """Signed position in base ledger units."""
        return self._holdings[instrument_id].position.units

    def cost_units(self, instrument_id: str) -> int:
        """Signed cost of the position."""
        return self._holdings[instrument_id].position.cost

    def equity(self, marks: Mapping[str, int]) -> int:
        """Cash plus positions at ``marks`` (ticks by instrument id; only what is held is asked for)."""
        total = self.cash_units
        for holding in self._holdings.values():
            units = holding.position.units
            if units:
                total += units * holding.unit * marks[holding.id]
        return total

    def unrealized(self, marks: Mapping[str, int]) -> int:
        """Value of the positions at ``marks`` less their cost."""
        return sum(
            h.position.units * h.unit * marks[h.id] - h.position.cost
            for h in self._holdings.values()
            if h.position.units
        )

    def gross_units(self, marks: Mapping[str, int]) -> int:
        """Sum of the positions' absolute values."""
        return sum(abs(h.position.units) * h.unit * marks[h.id] for h in self._holdings.values() if h.position.units)

    def net_units(self, marks: Mapping[str, int]) -> int:
        """Sum of the positions' signed values."""
        return sum(h.position.units * h.unit * marks[h.id] for h in self._holdings.values() if h.position.units)

    def to_money(self, units: int) -> Money:
        """Ledger units as money."""
        return Money(self._grid.to_decimal(units), self.currency)

    def to_text(self, units: int) -> str:
        """Ledger units as exact text."""
        return self._grid.to_text(units)

    # ---- what happens to it

    def apply_fill(self, fill: OrderFilled, forced: bool = False) -> tuple[ClosedTrade, ...]:
        """Post a fill; the trades it closed (none, one, or with FIFO lots one for each reduction)."""
        holding = self._holdings[fill.order.intent.instrument.id]
        sign = int(fill.order.intent.side)
        base = fill.last_lots * holding.lot_units
        price = fill.last_ticks * holding.unit
        self.turnover_units += base * price
        fee, fee_base = self._fee(fill, holding, price)
        closed: list[ClosedTrade] = []
        held = holding.position.units
        reducing = min(base, abs(held)) if held * sign < 0 else 0
        # A flip is two fills at one price: what closes, then what opens; the fee is split by quantity.
        parts = [(reducing, fee * reducing // base)] if reducing else []
        if base > reducing:
            parts.append((base - reducing, fee - sum(f for _, f in parts)))
        for units, part_fee in parts:
            trade = self._part(holding, sign * units, price, part_fee, fill, forced)
            if trade is not None:
                closed.append(trade)
        if fee_base:
            self._pay_in_base(holding, fee_base, price)
            trade = self._flat(holding, fill.time)
            if trade is not None:
                closed.append(trade)
        elif fee:
            self.ledger.transfer(self.currency, Purpose.FEES, Purpose.CASH, fee)
        return tuple(closed)

    def _fee(self, fill: OrderFilled, holding: Holding, price: int) -> tuple[int, int]:
        """(value in quote units, base units) of the fee."""
        if fill.fee_currency == self.currency:
            return fill.fee * 10 ** (self.decimals - fill.fee_decimals), 0
        if fill.fee_currency == holding.base:
            return fill.fee * price, fill.fee
        raise ConfigError(
            f"fill {fill.fill_id}: expected a fee in {self.currency} or {holding.base}, found {fill.fee_currency}"
        )

    def _part(
        self, holding: Holding, units: int, price: int, fee: int, fill: OrderFilled, forced: bool
    ) -> ClosedTrade | None:
        """Post one part of a fill that only opens or only closes; ``units`` is signed."""
        ledger, position, value = self.ledger, holding.position, units * price
        ledger.transfer(holding.base, Purpose.HOLDINGS, Purpose.VENUE, units)
        opens = position.units * units >= 0
        trade = holding.trade
        if trade is None:
            trade = holding.trade = OpenTrade(Side.BUY if units > 0 else Side.SELL, fill.time)
        trade.fees += fee
        trade.fills += 1
        trade.forced |= forced
        if opens:
            position.add(units, value)
            ledger.transfer(self.currency, Purpose.INVENTORY, Purpose.CASH, value)
            trade.entry += abs(value)
            trade.peak = max(trade.peak, abs(position.units))
            return None
        cost = position.reduce(-units)
        profit = -value - cost
        # Cash takes the proceeds; the inventory gives up what it cost; the difference is realised.
        ledger.transfer(self.currency, Purpose.CASH, Purpose.INVENTORY, cost)
        ledger.transfer(self.currency, Purpose.CASH, Purpose.REALIZED, profit)
        trade.exit += abs(value)
        trade.pnl += profit
        if self._fifo_trades and abs(position.units) >= holding.lot_units:
            closed = trade.close(holding.id, fill.time)
            holding.trade = OpenTrade(trade.side, fill.time)
            holding.trade.peak = abs(position.units)
            return closed
        return self._flat(holding, fill.time)

    def _pay_in_base(self, holding: Holding, fee_base: int, price: int) -> None:
        """The venue keeps part of what was bought: those units leave at the fill's price and their value is the fee."""
        ledger, position = self.ledger, holding.position
        ledger.transfer(holding.base, Purpose.VENUE, Purpose.HOLDINGS, fee_base)
        cost = position.reduce(fee_base)
        value = fee_base * price
        ledger.transfer(self.currency, Purpose.FEES, Purpose.INVENTORY, cost)
        ledger.transfer(self.currency, Purpose.FEES, Purpose.REALIZED, value - cost)
        if holding.trade is not None:
            holding.trade.pnl += value - cost

    def _flat(self, holding: Holding, time_ns: int) -> ClosedTrade | None:
        """The trade that ended, when less than a lot is left; dust stays in the position and opens no trade."""
        if abs(holding.position.units) >= holding.lot_units or holding.trade is None:
            return None
        trade, holding.trade = holding.trade, None
        return trade.close(holding.id, time_ns)
