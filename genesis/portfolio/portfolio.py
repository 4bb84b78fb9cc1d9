"""A portfolio of one quote currency: cash, positions, realised profit and fees, each in an account of its own.

A fill is one posting. With n = the base units that reach (or leave) the position and p = quote units of one base unit:

======================  =======================  ==========================================================
account                 debit                    what it is
======================  =======================  ==========================================================
cash                    -(side x filled x p)     less a fee charged in quote
inventory (instrument)  cost in less cost out    positions at cost
realized_pnl            -(profit)                proceeds less cost of what was closed
fees                    fee                      at the fill's price when charged in base
holdings (base asset)   n                        against the venue
======================  =======================  ==========================================================

A fee charged in the base asset never reaches the position: n = side x filled - fee. A spot buyer of 1 at 0.1 % holds 0.999, which cost
0.999 p; the other 0.001 p is the fee. So a fee never makes or hides a profit, and this holds exactly after every fill, at any marks::

    equity = budget + realised + unrealised - fees
    equity - budget = results of the closed trades + results of the open ones
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from genesis.errors import ConfigError, IntegrityError
from genesis.model.events import OrderFilled
from genesis.model.grid import Grid, currency_grid
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.ledger import Ledger, Purpose
from genesis.portfolio.positions import CostMethod, Position
from genesis.portfolio.trade_books import FlatTrades, LotTrades, TradeBook
from genesis.portfolio.trades import ClosedTrade, TradeBasis

_BUY: Final = Side.BUY


class Holding:
    """One instrument of the portfolio.

    ``unit`` is quote ledger units of one tick times one base ledger unit; ``worth`` the size of its value at the last fill or mark.
    """

    __slots__ = (
        "assets",
        "base",
        "base_decimals",
        "base_factor",
        "id",
        "inventory",
        "lot_units",
        "position",
        "trades",
        "unit",
        "venue",
        "worth",
    )

    def __init__(
        self,
        instrument: Instrument,
        decimals: int,
        base_scale: int,
        ledger: Ledger,
        method: CostMethod,
        basis: TradeBasis,
    ) -> None:
        self.id, self.base, self.base_decimals = instrument.id, instrument.base, instrument.base_decimals
        self.lot_units = instrument.lot_units
        self.unit = instrument.notional_unit(decimals)
        # Two venues may count one asset in lots of different scale; the ledger has one scale for it.
        self.base_factor = int(10 ** (base_scale - instrument.base_decimals))
        self.inventory = ledger.open(Purpose.INVENTORY, instrument.quote, self.id)
        self.assets = ledger.open(Purpose.HOLDINGS, self.base)
        self.venue = ledger.open(Purpose.VENUE, self.base)
        self.position = Position(method)
        flat = basis is TradeBasis.FLAT_TO_FLAT
        book: type[TradeBook] = FlatTrades if flat else LotTrades
        self.trades = book(self.id, self.lot_units)
        self.worth = 0


class Portfolio:
    """Cash and positions that start with ``budget``.

    Amounts named ``units`` are integers in 10**-``decimals`` of ``currency``; quantities are in base ledger units of their instrument.

    Args:
        budget: more than 0, in the quote currency of every instrument.
        method: which cost leaves when a position shrinks.
        basis: what counts as one trade.

    Raises:
        ConfigError: no instrument, one named twice, one of another quote currency, or a budget finer than the ledger.
    """

    def __init__(
        self,
        budget: Money,
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
    ) -> None:
        _check_instruments(budget.currency, instruments)
        self.currency = budget.currency
        self.decimals = max(i.quote_decimals for i in instruments)
        self._grid = currency_grid(self.decimals)
        self.budget_units = _budget_units(budget, self._grid)
        scales = {self.currency: self.decimals}
        for instrument in instruments:
            scales[instrument.base] = max(scales.get(instrument.base, 0), instrument.base_decimals)
        ledger = self.ledger = Ledger(scales)
        self._cash = ledger.open(Purpose.CASH, self.currency)
        self._realized = ledger.open(Purpose.REALIZED, self.currency)
        self._fees = ledger.open(Purpose.FEES, self.currency)
        capital = ledger.open(Purpose.CAPITAL, self.currency)
        ledger.post(((self._cash, self.budget_units), (capital, -self.budget_units)))
        self._holdings: dict[str, Holding] = {
            i.id: Holding(i, self.decimals, scales[i.base], ledger, method, basis) for i in instruments
        }
        self.turnover_units = 0

    # ---- what it is

    @property
    def cash_units(self) -> int:
        """Cash, in ledger units."""
        return self.ledger.balance(self._cash)

    @property
    def fees_units(self) -> int:
        """Fees paid so far, those in the base asset at their fill's price; rebates count against them."""
        return self.ledger.balance(self._fees)

    @property
    def realized_units(self) -> int:
        """Realised profit before fees."""
        return -self.ledger.balance(self._realized)

    def holding(self, instrument: Instrument) -> Holding:
        """What is held of one of its instruments."""
        return self._holdings[instrument.id]

    def position_units(self, instrument_id: str) -> int:
        """Signed position in base ledger units."""
        return self._holdings[instrument_id].position.units

    def cost_units(self, instrument_id: str) -> int:
        """Signed cost of the position."""
        return self._holdings[instrument_id].position.cost

    def equity(self, marks: Mapping[str, int]) -> int:
        """Cash plus positions at ``marks`` (ticks by instrument id; only what is held is asked for)."""
        return self.cash_units + self.net_units(marks)

    def unrealized(self, marks: Mapping[str, int]) -> int:
        """Value of the positions at ``marks`` less their cost."""
        return self.net_units(marks) - sum(h.position.cost for h in self._holdings.values())

    def open_pnl(self, marks: Mapping[str, int]) -> int:
        """What the trades not yet closed have made at ``marks``, realised or not, net of their fees."""
        return sum(h.trades.open_pnl(_value(h, marks), h.position.cost) for h in self._holdings.values())

    def gross_units(self, marks: Mapping[str, int]) -> int:
        """Gross exposure: sum of the positions' absolute values at ``marks``."""
        return sum(abs(_value(h, marks)) for h in self._holdings.values())

    def net_units(self, marks: Mapping[str, int]) -> int:
        """Net exposure: sum of the positions' signed values at ``marks``."""
        return sum(_value(h, marks) for h in self._holdings.values())

    def to_money(self, units: int) -> Money:
        """Ledger units as money."""
        return Money(self._grid.to_decimal(units), self.currency)

    def to_text(self, units: int) -> str:
        """Ledger units as exact text."""
        return self._grid.to_text(units)

    # ---- what happens to it

    def apply_fill(self, fill: OrderFilled, forced: bool = False) -> tuple[ClosedTrade, ...]:
        """Post a fill; the trades it closed (none, one, or with FIFO lots one for each lot).

        ``forced`` says that risk ordered it: what it closes is flagged.

        Raises:
            ConfigError: the fee is in a third asset (not supported yet).
            IntegrityError: an instrument that is not ours, or a fee finer than the ledger.
        """
        return self._post(fill, self._holding(fill), forced)

    def _post(self, fill: OrderFilled, holding: Holding, forced: bool) -> tuple[ClosedTrade, ...]:
        price = fill.last_ticks * holding.unit
        traded = fill.last_lots * holding.lot_units
        value = turnover = traded * price
        if fill.order.intent.side is not _BUY:
            traded, value = -traded, -value
        in_quote, in_base = self._fee(fill, holding)
        fee, moved = in_quote, traded
        if in_base:
            fee, moved = in_quote + in_base * price, traded - in_base
        position, ledger = holding.position, self.ledger
        held = position.units
        if held == 0 or (held > 0) == (moved > 0):
            closing, opening, cost = 0, moved, 0
        else:
            closing = moved if abs(moved) <= abs(held) else -held
            opening = moved - closing
            cost = position.reduce(-closing) if closing else 0
        # Mostly nothing is kept back as a fee in base and all that moved opened: its cost is what was traded.
        bought = value if opening == traded else opening * price
        if opening:
            position.add(opening, bought)
        sold = value if closing == traded else closing * price
        profit = -sold - cost
        ledger.post_four(
            self._cash,
            -value - in_quote,
            holding.inventory,
            bought - cost,
            self._realized,
            -profit,
            self._fees,
            fee,
        )
        ledger.move(holding.assets, holding.venue, moved * holding.base_factor)
        self.turnover_units += turnover
        return holding.trades.record(fill, price, held, closing, opening, profit, fee, forced)

    def _holding(self, fill: OrderFilled) -> Holding:
        try:
            return self._holdings[fill.order.intent.instrument.id]
        except KeyError as error:
            ours = ", ".join(self._holdings)
            raise IntegrityError(f"fill {fill.fill_id}: expected an instrument of {ours}, found {error}") from None

    def _fee(self, fill: OrderFilled, holding: Holding) -> tuple[int, int]:
        """The fee as (quote ledger units, base ledger units); one of them is 0."""
        if fill.fee_currency == self.currency:
            if fill.fee_decimals == self.decimals:
                return fill.fee, 0
            return _rescaled(fill, self.decimals), 0
        if fill.fee_currency == holding.base:
            return 0, _rescaled(fill, holding.base_decimals)
        raise ConfigError(
            f"fill {fill.fill_id}: fee currency: expected {self.currency} or {holding.base}, found {fill.fee_currency} "
            "(fees in a third asset are not supported yet)"
        )


def _value(holding: Holding, marks: Mapping[str, int]) -> int:
    units = holding.position.units
    return units * holding.unit * marks[holding.id] if units else 0


def _rescaled(fill: OrderFilled, decimals: int) -> int:
    """The fee at the ledger's scale, exactly."""
    scale = decimals - fill.fee_decimals
    if scale >= 0:
        return fill.fee * int(10**scale)
    units, rest = divmod(fill.fee, int(10**-scale))
    if rest:
        raise IntegrityError(
            f"fill {fill.fill_id}: fee: expected at most {decimals} decimals of {fill.fee_currency}, "
            f"found {currency_grid(fill.fee_decimals).to_text(fill.fee)}"
        )
    return units


def _check_instruments(currency: str, instruments: Sequence[Instrument]) -> None:
    if not instruments:
        raise ConfigError("portfolio: expected at least one instrument, found none")
    seen: set[str] = set()
    for instrument in instruments:
        if instrument.id in seen:
            raise ConfigError(f"{instrument.id}: expected each instrument once, found it again")
        seen.add(instrument.id)
        if instrument.quote != currency or instrument.base == currency:
            found = f"{instrument.base}/{instrument.quote}"
            raise ConfigError(f"{instrument.id}: expected an asset quoted in {currency}, found {found}")


def _budget_units(budget: Money, grid: Grid) -> int:
    if budget.amount <= 0:
        raise ConfigError(f"budget: expected more than 0, found {budget}")
    try:
        return grid.from_decimal(budget.amount)
    except ValueError as error:
        raise ConfigError(f"budget: {error} {budget.currency}") from None
