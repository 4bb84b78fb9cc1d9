"""Cash, positions, fees and funding in one double-entry ledger: one portfolio, one currency or several.

Each money (a budget's currency, or a quote) has its own accounts (`Purse`), and a fill posts in the quote of its instrument. A currency may
be money and asset at once: who buys BTC for USDT and pays for ETH with it has a position of BTCUSDT, and a purse of BTC below zero. What is owned
of BTC is their sum (`owned_of`); the venue's wallet sees to it that no sum of that kind falls below zero on spot. With n = the base units that
reach (or leave) the position and p = quote units of one base unit:

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
0.999 p; the other 0.001 p is the fee. So a fee never makes or hides a profit. A fee in a third asset leaves that asset's cash; the trade
bears its value in quote, told with the fill. A settlement of funding moves cash against ``funding``, and the trade bears it.

So this holds exactly in every money, after every posting and at any marks::

    equity = budget + realised + unrealised - fees + funding
    equity - budget = results of the closed trades + results of the open ones + fees of them paid in another money

A perpetual is bought like everything else, against cash of the money it settles in: ``cash + cost`` is what its owner still has of that money
(`owned_of`, what an exchange calls the wallet balance), and equity is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from genesis.errors import ConfigError, IntegrityError
from genesis.model.events import OrderFilled
from genesis.model.grid import Grid, currency_grid
from genesis.model.instruments import LEDGER_DECIMALS_MIN, Instrument, InstrumentKind
from genesis.model.mark_prices import mark_decimals, mark_value_unit
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.currencies import Rates
from genesis.portfolio.ledger import Ledger, Purpose
from genesis.portfolio.positions import CostMethod, Position
from genesis.portfolio.trade_books import FlatTrades, LotTrades, TradeBook
from genesis.portfolio.trades import ClosedTrade, TradeBasis

if TYPE_CHECKING:
    from genesis.portfolio.valuation import Valuation

_BUY: Final = Side.BUY


class Purse:
    """The accounts of one money. ``elsewhere`` is the value of fees that its trades bear and another money paid."""

    __slots__ = (
        "budget",
        "capital",
        "cash",
        "currency",
        "decimals",
        "elsewhere",
        "fees",
        "funding",
        "realized",
        "turnover",
    )

    def __init__(self, currency: str, decimals: int, budget: int, ledger: Ledger) -> None:
        self.currency, self.decimals, self.budget = currency, decimals, budget
        self.cash = ledger.open(Purpose.CASH, currency)
        self.realized = ledger.open(Purpose.REALIZED, currency)
        self.fees = ledger.open(Purpose.FEES, currency)
        self.funding = ledger.open(Purpose.FUNDING, currency)
        self.elsewhere = self.turnover = 0
        self.capital = ledger.open(Purpose.CAPITAL, currency)
        ledger.move(self.cash, self.capital, budget)


class Holding:
    """One instrument of the portfolio.

    ``unit`` is quote ledger units of one tick times one base ledger unit, ``mark_unit`` the same of what it is marked in: ticks, or the
    mark units of a perpetual. ``worth`` is the size of its value at the last fill or mark.
    """

    __slots__ = (
        "assets",
        "base",
        "base_decimals",
        "base_factor",
        "id",
        "inventory",
        "lot_units",
        "mark_unit",
        "perpetual",
        "position",
        "purse",
        "trades",
        "unit",
        "venue",
        "worth",
    )

    def __init__(
        self,
        instrument: Instrument,
        purse: Purse,
        base_scale: int,
        ledger: Ledger,
        method: CostMethod,
        basis: TradeBasis,
    ) -> None:
        self.id, self.base, self.base_decimals = instrument.id, instrument.base, instrument.base_decimals
        self.purse, self.lot_units = purse, instrument.lot_units
        self.perpetual = instrument.kind is InstrumentKind.PERPETUAL
        self.unit = instrument.notional_unit(purse.decimals)
        self.mark_unit = mark_value_unit(instrument, purse.decimals) if self.perpetual else self.unit
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

    def value(self, marks: Mapping[str, int]) -> int:
        """Signed value at its mark; only what is held is asked for."""
        units = self.position.units
        return units * self.mark_unit * marks[self.id] if units else 0


class Portfolio:
    """Moneys and positions that start with a budget, or with one in each of several currencies.

    Amounts named ``units`` are integers at the ledger's scale of their currency (`scales`); quantities are base ledger units of their
    instrument; ``marks`` are ticks by instrument id, and mark units for perpetuals. What names no currency is told of the first
    budget's: ``currency``, at ``decimals``.

    Args:
        budgets: one a currency, the first above 0, the others 0 or more. A quote currency without one starts with none.
        method: which cost leaves when a position shrinks.
        basis: what counts as one trade.

    Raises:
        ConfigError: no instrument, one named twice or quoted in its own base, or a budget given twice, finer than the ledger or too small.
    """

    # What a portfolio of several moneys is worth in the first of them; ``None`` where it has one.
    valuation: Valuation | None

    def __init__(
        self,
        budgets: Money | Sequence[Money],
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
    ) -> None:
        given = [budgets] if isinstance(budgets, Money) else list(budgets)
        _check(given, instruments)
        self.valuation = None
        self.scales = _scales(given, instruments)
        ledger = self.ledger = Ledger(self.scales)
        amounts = {b.currency: b for b in given}
        self._purses = {
            c: Purse(c, self.scales[c], _budget(amounts.get(c), self.scales[c]), ledger)
            for c in dict.fromkeys([*amounts, *(i.quote for i in instruments)])
        }
        self._purse = self._purses[given[0].currency]
        self.currency, self.decimals = self._purse.currency, self._purse.decimals
        self.budget_units = self._purse.budget
        # What an index of 1 is worth: the budget, until capital comes in or leaves.
        self.index_units = self.budget_units
        self._grid: Grid = currency_grid(self.decimals)
        self._holdings: dict[str, Holding] = {
            i.id: Holding(i, self._purses[i.quote], self.scales[i.base], ledger, method, basis) for i in instruments
        }

    # ---- what it is, in its first currency

    @property
    def cash_units(self) -> int:
        """Cash, in ledger units."""
        return self.ledger.balance(self._purse.cash)

    @property
    def fees_units(self) -> int:
        """Fees paid so far, those in the base asset at their fill's price; rebates count against them."""
        return self.ledger.balance(self._purse.fees)

    @property
    def realized_units(self) -> int:
        """Realised profit before fees and funding."""
        return -self.ledger.balance(self._purse.realized)

    @property
    def funding_units(self) -> int:
        """Funding received less paid."""
        return -self.ledger.balance(self._purse.funding)

    @property
    def turnover_units(self) -> int:
        """Value of all fills."""
        return self._purse.turnover

    def equity(self, marks: Mapping[str, int]) -> int:
        """Cash plus positions at ``marks``."""
        return self.equity_of(self.currency, marks)

    def unrealized(self, marks: Mapping[str, int]) -> int:
        """Value of the positions at ``marks`` less their cost."""
        return self.unrealized_of(self.currency, marks)

    def open_pnl(self, marks: Mapping[str, int]) -> int:
        """What the trades not yet closed have made at ``marks``, realised or not, net of their fees and funding."""
        return self.open_pnl_of(self.currency, marks)

    def gross_units(self, marks: Mapping[str, int]) -> int:
        """Gross exposure: sum of the positions' absolute values at ``marks``."""
        return sum(abs(h.value(marks)) for h in self._of(self.currency))

    def net_units(self, marks: Mapping[str, int]) -> int:
        """Net exposure: sum of the positions' signed values at ``marks``."""
        return sum(h.value(marks) for h in self._of(self.currency))

    def to_money(self, units: int) -> Money:
        """Ledger units as money."""
        return Money(self._grid.to_decimal(units), self.currency)

    def to_text(self, units: int) -> str:
        """Ledger units as exact text."""
        return self._grid.to_text(units)

    # ---- what it is, in any of its currencies

    @property
    def moneys(self) -> tuple[str, ...]:
        """Every currency that has cash, budgets first."""
        return tuple(self._purses)

    def budget_of(self, currency: str) -> int:
        """What a money started with."""
        return self._purses[currency].budget

    def cash_of(self, currency: str) -> int:
        """Cash of one money."""
        return self.ledger.balance(self._purses[currency].cash)

    def fees_of(self, currency: str) -> int:
        """Fees charged in it so far, those in a traded asset at their fill's price; rebates count against them."""
        return self.ledger.balance(self._purses[currency].fees)

    def realized_of(self, currency: str) -> int:
        """Realised profit before fees and funding."""
        return -self.ledger.balance(self._purses[currency].realized)

    def funding_of(self, currency: str) -> int:
        """Funding received less paid."""
        return -self.ledger.balance(self._purses[currency].funding)

    def fees_elsewhere_of(self, currency: str) -> int:
        """Value, when charged, of the fees that trades in this money bear and another money paid."""
        return self._purses[currency].elsewhere

    def contracts_cost_of(self, currency: str) -> int:
        """Signed cost of the perpetuals that settle in it: what they took of its cash, though nobody was paid."""
        return sum(h.position.cost for h in self._of(currency) if h.perpetual)

    def equity_of(self, currency: str, marks: Mapping[str, int]) -> int:
        """Cash of one money and the positions quoted in it."""
        return self.cash_of(currency) + sum(h.value(marks) for h in self._of(currency))

    def unrealized_of(self, currency: str, marks: Mapping[str, int]) -> int:
        """Value of the positions quoted in it less their cost."""
        return sum(h.value(marks) - h.position.cost for h in self._of(currency))

    def open_pnl_of(self, currency: str, marks: Mapping[str, int]) -> int:
        """What its trades that are not closed have made, net of fees and funding."""
        return sum(h.trades.open_pnl(h.value(marks), h.position.cost) for h in self._of(currency))

    def equity_in(self, reporting: str, marks: Mapping[str, int], rates: Rates, now: int) -> int | NoRate:
        """Equity of all moneys in ``reporting``, at its scale in ``rates``; each money is converted once, as a sum."""
        total = 0
        for currency in self._purses:
            value = rates.convert(self.equity_of(currency, marks), currency, reporting, now)
            if isinstance(value, NoRate):
                return value
            total += value
        return total

    def owned_of(self, asset: str) -> int:
        """What is owned of an asset, at its ledger scale: cash where it is money, as if no contract had been paid for, and what is held of it on spot."""
        purse = self._purses.get(asset)
        units = 0 if purse is None else self.ledger.balance(purse.cash) + self.contracts_cost_of(asset)
        return units + sum(
            h.position.units * h.base_factor for h in self._holdings.values() if h.base == asset and not h.perpetual
        )

    def netted(self) -> tuple[dict[str, int], dict[str, int]]:
        """Cash by money and spot positions by instrument id, at their asset's ledger scale, with nothing owned and owed at once.

        What was bought on one instrument and sold on another, or paid with as money, is gone: what is left of an asset is told of its cash, then of
        its instruments in their order, as far as they have it. Cash is less what contracts cost, as their value at a mark is beside it.
        """
        cash = {money: self.ledger.balance(purse.cash) for money, purse in self._purses.items()}
        held = {h.id: h.position.units * h.base_factor for h in self._holdings.values() if not h.perpetual}
        for asset in dict.fromkeys(h.base for h in self._holdings.values() if not h.perpetual):
            left = self.owned_of(asset)
            if asset in cash:
                cost = self.contracts_cost_of(asset)
                part = _part(cash[asset] + cost, left)
                cash[asset] = part - cost
                left -= part
            for holding in self._holdings.values():
                if holding.base == asset and not holding.perpetual:
                    held[holding.id] = part = _part(held[holding.id], left)
                    left -= part
        return cash, held

    def holdings(self) -> tuple[Holding, ...]:
        """What is held of each instrument, in their order."""
        return tuple(self._holdings.values())

    def holding(self, instrument: Instrument) -> Holding:
        """What is held of one of its instruments."""
        return self._holdings[instrument.id]

    def position_units(self, instrument_id: str) -> int:
        """Signed position in base ledger units."""
        return self._holdings[instrument_id].position.units

    def cost_units(self, instrument_id: str) -> int:
        """Signed cost of the position, in its quote."""
        return self._holdings[instrument_id].position.cost

    def _of(self, currency: str) -> list[Holding]:
        return [h for h in self._holdings.values() if h.purse.currency == currency]

    # ---- what happens to it

    def begin_with(self, now: int, units: int) -> None:
        """All that it started with was worth ``units`` of its first money at ``now``: that is the budget, and an index of 1."""
        self.budget_units = self.index_units = units

    def apply_fill(self, fill: OrderFilled, forced: bool = False, fee_value: int = 0) -> tuple[ClosedTrade, ...]:
        """Post a fill; the trades it closed (none, one, or with FIFO lots one for each lot).

        ``forced`` says that risk or the venue ordered it: what it closes is flagged. ``fee_value`` is what a fee in a third asset is
        worth in quote ledger units at the rate of this moment; it is asked for only then.

        Raises:
            ConfigError: the fee is in a currency that has no cash here.
            IntegrityError: an instrument that is not ours, or a fee finer than the ledger.
        """
        return self._post(fill, self._holding(fill), forced, fee_value)

    def add_capital(self, units: int, equity: int) -> None:
        """Post capital that comes in, or leaves where ``units`` is below 0, at an equity of ``equity`` before it.

        The equity index goes on where it is: what it divides by changes with the equity (a cash flow is never a return).
        """
        purse = self._purse
        self.ledger.move(purse.cash, purse.capital, units)
        purse.budget += units
        self.budget_units = purse.budget
        self.index_units = self.index_units * (equity + units) // equity

    def apply_funding(self, instrument_id: str, change: int, time_ns: int) -> None:
        """Post a settlement of ``change`` quote ledger units (negative is paid) on a perpetual; it was at ``time_ns``.

        Raises:
            IntegrityError: the instrument is no perpetual of ours.
        """
        holding = self._holdings.get(instrument_id)
        if holding is None or not holding.perpetual:
            raise IntegrityError(f"{instrument_id}: funding: expected a perpetual of ours, found none")
        self.ledger.move(holding.purse.cash, holding.purse.funding, change)
        holding.trades.fund(change)

    def _post(self, fill: OrderFilled, holding: Holding, forced: bool, fee_value: int) -> tuple[ClosedTrade, ...]:
        purse, currency = holding.purse, fill.fee_currency
        price = fill.last_ticks * holding.unit
        traded = fill.last_lots * holding.lot_units
        value = turnover = traded * price
        if fill.order.intent.side is not _BUY:
            traded, value = -traded, -value
        in_quote, third, in_third = 0, purse, 0
        fee, moved = 0, traded
        if currency == purse.currency:
            fee = in_quote = fill.fee if fill.fee_decimals == purse.decimals else _rescaled(fill, purse.decimals)
        elif currency == holding.base and not holding.perpetual:
            in_base = _rescaled(fill, holding.base_decimals)
            fee, moved = in_base * price, traded - in_base
        else:
            third = self._payer(fill, holding)
            in_third = _rescaled(fill, third.decimals)
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
            purse.cash,
            -value - in_quote,
            holding.inventory,
            bought - cost,
            purse.realized,
            -profit,
            purse.fees,
            fee,
        )
        ledger.move(holding.assets, holding.venue, moved * holding.base_factor)
        if in_third:
            ledger.move(third.fees, third.cash, in_third)
            purse.elsewhere += fee_value
            fee += fee_value
        purse.turnover += turnover
        return holding.trades.record(fill, price, held, closing, opening, profit, fee, forced)

    def _holding(self, fill: OrderFilled) -> Holding:
        try:
            return self._holdings[fill.order.intent.instrument.id]
        except KeyError as error:
            ours = ", ".join(self._holdings)
            raise IntegrityError(f"fill {fill.fill_id}: expected an instrument of {ours}, found {error}") from None

    def _payer(self, fill: OrderFilled, holding: Holding) -> Purse:
        """The money that pays a fee that is neither in quote nor in base."""
        purse = self._purses.get(fill.fee_currency)
        if purse is None:
            ours = ", ".join(dict.fromkeys((*self._purses, holding.base)))
            raise ConfigError(f"fill {fill.fill_id}: fee currency: expected one of {ours}, found {fill.fee_currency}")
        return purse


def _part(has: int, left: int) -> int:
    """How much of ``left`` a place that has ``has`` can tell of."""
    return 0 if (has > 0) != (left > 0) else min(has, left) if left > 0 else max(has, left)


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


def _scales(budgets: Sequence[Money], instruments: Sequence[Instrument]) -> dict[str, int]:
    """Ledger decimals of every currency: they hold every amount that is posted, exactly."""
    scales = {b.currency: LEDGER_DECIMALS_MIN for b in budgets}
    for instrument in instruments:
        quote = instrument.quote_decimals
        if instrument.kind is InstrumentKind.PERPETUAL:
            quote = max(quote, mark_decimals(instrument) + instrument.base_decimals)
        scales[instrument.quote] = max(scales.get(instrument.quote, 0), quote)
        scales[instrument.base] = max(scales.get(instrument.base, 0), instrument.base_decimals)
    return scales


def _check(budgets: Sequence[Money], instruments: Sequence[Instrument]) -> None:
    if not instruments:
        raise ConfigError("portfolio: expected at least one instrument, found none")
    for what, names in (("instrument", [i.id for i in instruments]), ("budget", [b.currency for b in budgets])):
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise ConfigError(f"{twice}: expected each {what} once, found it again")
    own = next((i for i in instruments if i.base == i.quote), None)
    if own is not None:
        raise ConfigError(f"{own.id}: expected an asset other than its quote, found {own.base} for both")
    if not budgets or budgets[0].amount <= 0:
        raise ConfigError(f"budget: expected more than 0, found {budgets[0] if budgets else 'none'}")


def _budget(budget: Money | None, decimals: int) -> int:
    if budget is None:
        return 0
    if budget.amount < 0:
        raise ConfigError(f"budget: expected 0 or more, found {budget}")
    try:
        return currency_grid(decimals).from_decimal(budget.amount)
    except ValueError as error:
        raise ConfigError(f"budget: {error} {budget.currency}") from None
