"""Cash, positions, fees and funding in several currencies, in one double-entry ledger.

A currency is either money (budgets, quotes) or an asset that is traded (bases), never both: a track that pays fees in BNB is given BNB
as a budget, and a track that trades ETH against USDT cannot also pay with ETH. Each money has its own accounts, and each fill posts in
the currency of its instrument. In every money, after every posting and at any marks::

    equity = budget + realised + unrealised - fees + funding                                                        (1)
    equity - budget = results of the closed trades + results of the open ones + fees of them paid in another money  (2)

The result of a trade is in its instrument's quote, net of its fees (one in a third asset at the rate of its moment) and its funding.

===================  ==============================  ==================================================================
event                posting                         trade
===================  ==============================  ==================================================================
fill                 as `genesis.portfolio.portfolio`, in the instrument's quote
fee in third asset   cash (that asset) -fee          bears the fee's value in its quote, told with the fill
                     fees (that asset) +fee
funding              cash (quote) +change            bears the change
                     funding (quote) -change
===================  ==============================  ==================================================================

A perpetual is bought like everything else, against cash: its ``cash + cost`` is what an exchange calls the wallet balance
(`Accounts.wallet_units`), and equity is the same. Reporting adds the equities of all moneys at the rates of the tape, or says which rate
is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genesis.errors import ConfigError, IntegrityError
from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import LEDGER_DECIMALS_MIN, Instrument, InstrumentKind
from genesis.model.mark_prices import mark_decimals, mark_value_unit
from genesis.model.money import Money
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.currencies import Rates
from genesis.portfolio.funding import FundedFlatTrades, FundedLotTrades
from genesis.portfolio.ledger import Ledger, Purpose
from genesis.portfolio.positions import CostMethod, Position
from genesis.portfolio.trades import ClosedTrade, TradeBasis

FUNDING = "funding"


class Purse:
    """The accounts of one money. ``elsewhere`` is the value of fees that its trades bear and another money paid."""

    __slots__ = ("budget", "cash", "currency", "decimals", "elsewhere", "fees", "funding", "realized")

    def __init__(self, currency: str, decimals: int, budget: int, ledger: Ledger) -> None:
        self.currency, self.decimals, self.budget = currency, decimals, budget
        self.cash = ledger.open(Purpose.CASH, currency)
        self.realized = ledger.open(Purpose.REALIZED, currency)
        self.fees = ledger.open(Purpose.FEES, currency)
        self.funding = ledger.open(Purpose.REALIZED, currency, FUNDING)
        self.elsewhere = 0
        ledger.post(((self.cash, budget), (ledger.open(Purpose.CAPITAL, currency), -budget)))


class Stock:
    """One instrument: its position, its trades, and what a unit of its prices is worth in quote ledger units."""

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
        "tick_unit",
        "trades",
        "venue",
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
        self.tick_unit = instrument.notional_unit(purse.decimals)
        self.mark_unit = mark_value_unit(instrument, purse.decimals) if self.perpetual else self.tick_unit
        self.base_factor = int(10 ** (base_scale - instrument.base_decimals))
        self.inventory = ledger.open(Purpose.INVENTORY, instrument.quote, self.id)
        self.assets = ledger.open(Purpose.HOLDINGS, self.base)
        self.venue = ledger.open(Purpose.VENUE, self.base)
        self.position = Position(method)
        book = FundedFlatTrades if basis is TradeBasis.FLAT_TO_FLAT else FundedLotTrades
        self.trades: FundedFlatTrades | FundedLotTrades = book(self.id, self.lot_units)

    def value(self, marks: Mapping[str, int]) -> int:
        """Signed value at its mark: ticks, or mark units of a perpetual. Only what is held is asked for."""
        units = self.position.units
        return units * self.mark_unit * marks[self.id] if units else 0


class Accounts:
    """Moneys and positions that start with ``budgets``.

    Amounts named ``units`` are integers at the ledger's scale of their currency (`decimals`); positions are base ledger units of their
    instrument; ``marks`` are ticks by instrument id, and mark units for perpetuals.

    Args:
        budgets: one a currency, 0 or more, one of them above 0. A quote currency without budget starts with none.
        method: which cost leaves when a position shrinks.
        basis: what counts as one trade.

    Raises:
        ConfigError: no instrument, one named twice, a currency that would be both money and asset, a budget given twice, below 0 or
            finer than the ledger, or none above 0.
    """

    def __init__(
        self,
        budgets: Sequence[Money],
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
    ) -> None:
        _check(budgets, instruments)
        self.decimals = _scales(budgets, instruments)
        self.ledger = Ledger(self.decimals)
        given = {b.currency: b for b in budgets}
        moneys = dict.fromkeys([*given, *(i.quote for i in instruments)])
        self._purses = {
            c: Purse(c, self.decimals[c], _budget(given.get(c), self.decimals[c]), self.ledger) for c in moneys
        }
        self._stocks = {
            i.id: Stock(i, self._purses[i.quote], self.decimals[i.base], self.ledger, method, basis)
            for i in instruments
        }

    # ---- what it is

    @property
    def moneys(self) -> tuple[str, ...]:
        """Every currency that has cash, budgets first."""
        return tuple(self._purses)

    def budget_units(self, currency: str) -> int:
        """What it started with."""
        return self._purses[currency].budget

    def cash_units(self, currency: str) -> int:
        """Cash of one money."""
        return self.ledger.balance(self._purses[currency].cash)

    def fees_units(self, currency: str) -> int:
        """Fees charged in it so far, those in a traded asset at their fill's price; rebates count against them."""
        return self.ledger.balance(self._purses[currency].fees)

    def realized_units(self, currency: str) -> int:
        """Realised profit before fees and funding."""
        return -self.ledger.balance(self._purses[currency].realized)

    def funding_units(self, currency: str) -> int:
        """Funding received less paid."""
        return -self.ledger.balance(self._purses[currency].funding)

    def fees_elsewhere_units(self, currency: str) -> int:
        """Value, when charged, of the fees that trades in this money bear and another money paid."""
        return self._purses[currency].elsewhere

    def wallet_units(self, currency: str) -> int:
        """Wallet balance of its perpetuals: cash as if no contract had been paid for."""
        perpetuals = (s.position.cost for s in self._of(currency) if s.perpetual)
        return self.cash_units(currency) + sum(perpetuals)

    def position_units(self, instrument_id: str) -> int:
        """Signed position."""
        return self._stocks[instrument_id].position.units

    def cost_units(self, instrument_id: str) -> int:
        """Signed cost of the position, in its quote."""
        return self._stocks[instrument_id].position.cost

    def equity_units(self, currency: str, marks: Mapping[str, int]) -> int:
        """Cash of one money and the positions quoted in it."""
        return self.cash_units(currency) + sum(s.value(marks) for s in self._of(currency))

    def unrealized_units(self, currency: str, marks: Mapping[str, int]) -> int:
        """Value of the positions quoted in it less their cost."""
        return sum(s.value(marks) - s.position.cost for s in self._of(currency))

    def open_pnl_units(self, currency: str, marks: Mapping[str, int]) -> int:
        """What its trades that are not closed have made, net of fees and funding."""
        return sum(s.trades.open_pnl(s.value(marks), s.position.cost) for s in self._of(currency))

    def equity(self, reporting: str, marks: Mapping[str, int], rates: Rates, now: int) -> int | NoRate:
        """Equity of all moneys in ``reporting``, at its scale in ``rates``; each money is converted once, as a sum."""
        total = 0
        for currency in self._purses:
            value = rates.convert(self.equity_units(currency, marks), currency, reporting, now)
            if isinstance(value, NoRate):
                return value
            total += value
        return total

    def _of(self, currency: str) -> list[Stock]:
        return [s for s in self._stocks.values() if s.purse.currency == currency]

    # ---- what happens to it

    def apply_fill(self, fill: OrderFilled, forced: bool = False, fee_value: int = 0) -> tuple[ClosedTrade, ...]:
        """Post a fill; the trades it closed.

        ``forced`` says that risk or the venue ordered it. ``fee_value`` is what a fee in a third asset is worth in quote ledger units at
        the rate of this moment; it is asked for only then.

        Raises:
            ConfigError: the fee is in a currency that has no cash here.
            IntegrityError: an instrument that is not ours, or a fee finer than the ledger.
        """
        stock = self._stock(fill.order.intent.instrument.id, fill.fill_id)
        price = fill.last_ticks * stock.tick_unit
        traded = fill.last_lots * stock.lot_units * int(fill.order.intent.side)
        in_quote, in_base, in_third = self._fee(fill, stock)
        purse, position = stock.purse, stock.position
        held, moved = position.units, traded - in_base
        closing = 0 if held * moved >= 0 else moved if abs(moved) <= abs(held) else -held
        opening = moved - closing
        cost = position.reduce(-closing) if closing else 0
        if opening:
            position.add(opening, opening * price)
        profit = -closing * price - cost
        fee = in_quote + in_base * price
        entries = [
            (purse.cash, -traded * price - in_quote),
            (stock.inventory, opening * price - cost),
            (purse.realized, -profit),
            (purse.fees, fee),
            (stock.assets, moved * stock.base_factor),
            (stock.venue, -moved * stock.base_factor),
        ]
        if in_third:
            third = self._purses[fill.fee_currency]
            entries += [(third.cash, -in_third), (third.fees, in_third)]
            purse.elsewhere += fee_value
            fee += fee_value
        self.ledger.post(entries)
        return stock.trades.record(fill, price, held, closing, opening, profit, fee, forced)

    def apply_funding(self, instrument_id: str, change: int) -> None:
        """Post a settlement of ``change`` quote ledger units (negative is paid) on the position that is held.

        Raises:
            IntegrityError: nothing is held, or the instrument is no perpetual of ours.
        """
        stock = self._stock(instrument_id, FUNDING)
        if not stock.perpetual or not stock.position.units:
            raise IntegrityError(f"{instrument_id}: funding: expected a position in a perpetual, found none")
        self.ledger.post(((stock.purse.cash, change), (stock.purse.funding, -change)))
        stock.trades.fund(change)

    def _stock(self, instrument_id: str, what: str) -> Stock:
        stock = self._stocks.get(instrument_id)
        if stock is None:
            ours = ", ".join(self._stocks)
            raise IntegrityError(f"{what}: expected an instrument of {ours}, found {instrument_id}")
        return stock

    def _fee(self, fill: OrderFilled, stock: Stock) -> tuple[int, int, int]:
        """The fee in ledger units as (quote, base, third asset); two of them are 0."""
        currency = fill.fee_currency
        if currency == stock.purse.currency:
            return _rescaled(fill, stock.purse.decimals), 0, 0
        if currency == stock.base and not stock.perpetual:
            return 0, _rescaled(fill, stock.base_decimals), 0
        if currency in self._purses:
            return 0, 0, _rescaled(fill, self.decimals[currency])
        ours = ", ".join(dict.fromkeys((*self._purses, stock.base)))
        raise ConfigError(f"fill {fill.fill_id}: fee currency: expected one of {ours}, found {currency}")


def _rescaled(fill: OrderFilled, decimals: int) -> int:
    """The fee at the ledger's scale, exactly."""
    scale = decimals - fill.fee_decimals
    if scale >= 0:
        return fill.fee * int(10**scale)
    units, rest = divmod(fill.fee, int(10**-scale))
    if rest:
        found = currency_grid(fill.fee_decimals).to_text(fill.fee)
        raise IntegrityError(
            f"fill {fill.fill_id}: fee: expected at most {decimals} decimals of {fill.fee_currency}, found {found}"
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
        raise ConfigError("accounts: expected at least one instrument, found none")
    for what, names in (("instrument", [i.id for i in instruments]), ("budget", [b.currency for b in budgets])):
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise ConfigError(f"{twice}: expected each {what} once, found it again")
    if not any(b.amount > 0 for b in budgets):
        raise ConfigError("budget: expected at least one above 0, found none")
    moneys = {b.currency for b in budgets} | {i.quote for i in instruments}
    for instrument in instruments:
        if instrument.base in moneys:
            raise ConfigError(
                f"{instrument.id}: expected {instrument.base} as an asset, found it among the currencies that pay "
                f"({', '.join(sorted(moneys))})"
            )


def _budget(budget: Money | None, decimals: int) -> int:
    if budget is None:
        return 0
    if budget.amount < 0:
        raise ConfigError(f"budget: expected 0 or more, found {budget}")
    try:
        return currency_grid(decimals).from_decimal(budget.amount)
    except ValueError as error:
        raise ConfigError(f"budget: {error} {budget.currency}") from None
