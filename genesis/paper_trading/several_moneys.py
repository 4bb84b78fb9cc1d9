"""`SeveralMoneysPortfolio`: virtual capital in several currencies, told in the first budget's by the tape's rates.

The ledger beneath posts nothing converted. What is told in one currency is a valuation on top:

=================  ==========================================================================================
equity             every money's cash and positions at their marks, each sum converted now
budget             what it started with, at the first moment at which all of it had a rate: the index is 1 there
realised, fees,    converted once, at the moment of the fill or settlement (the venue's time), and never again
funding, trades
unrealised         each position's value less its cost, converted now
conversion         what is left: what the rates did to money that was held
=================  ==========================================================================================

So equity = budget + realised + unrealised - fees + funding + conversion, exactly, at every moment that can be valued. An amount that has no rate at
its moment waits for the first one after it that has (``unconverted`` counts them); until then it stands in ``conversion``.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.evidence.gathering import Evidence
from genesis.metrics.exposure import TimeWeighted
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.paper_trading.measures import Metric
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import ClosedTrade, TradeBasis
from genesis.portfolio.valuation import Valuation
from genesis.tape.stream import Stream


class Flow:
    """What a fill or a settlement changed, in ledger units of its quote.

    ``costs`` are drift, the spread doubled, depth walked, slippage and impact.
    """

    __slots__ = ("costs", "currency", "fee", "funding", "profit", "trades", "turnover")

    def __init__(
        self,
        currency: str,
        profit: int = 0,
        fee: int = 0,
        turnover: int = 0,
        costs: tuple[int, ...] = (0, 0, 0, 0, 0),
        trades: tuple[ClosedTrade, ...] = (),
        funding: int = 0,
    ) -> None:
        self.currency, self.profit, self.fee, self.turnover = currency, profit, fee, turnover
        self.costs, self.trades, self.funding = costs, trades, funding


class SeveralMoneysPortfolio(VirtualPortfolio):
    """Virtual capital in several moneys; what names no currency is told in the first budget's.

    Args:
        streams: those whose prices are rates between the moneys, in the order in which they are preferred.

    Raises:
        ConfigError: also for a money that no rate leads from to the first budget's.
    """

    def __init__(
        self,
        budgets: Sequence[Money],
        instruments: Sequence[Instrument],
        streams: Sequence[Stream],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
        start_ns: int = 0,
        evidence: Evidence | None = None,
    ) -> None:
        super().__init__(budgets, instruments, method, basis, start_ns, evidence)
        self.worth_of = Valuation(self, streams)
        self.valuation = self.worth_of
        self._realized = self._fees = self._funding = self._turnover = 0
        self._unrealized = self.net_worth = 0
        self._start_missing = False
        self._waiting: list[Flow] = []

    def _check_quotes(self, instruments: Sequence[Instrument]) -> None:
        """Whatever an instrument is quoted in, or settles in, is a money of its own."""

    def begin_with(self, now: int, units: int) -> None:
        """What it started with is worth ``units``."""
        super().begin_with(now, units)
        self._bar_start = units
        self._equity = TimeWeighted(now, float(units))

    def add_capital(self, units: int, equity: int) -> None:
        """Post a cash flow in the first budget's currency; what the other moneys were worth at the start stays in the budget."""
        budget = self.budget_units
        super().add_capital(units, equity)
        self.budget_units = budget + units

    # ---- what it is, told in one currency

    @property
    def fees_units(self) -> int:
        """Fees that fills bore, each converted at its moment."""
        return self._fees

    @property
    def realized_units(self) -> int:
        """Realised profit before fees and funding, each part converted at its moment."""
        return self._realized

    @property
    def funding_units(self) -> int:
        """Funding received less paid, each settlement converted at its moment."""
        return self._funding

    @property
    def turnover_units(self) -> int:
        """Value of all fills, each converted at its moment."""
        return self._turnover

    def take_positions(self, net: int, unrealized: int) -> None:
        """The signed value of the open positions at the moment that is measured next, and what they have made."""
        self.net_worth, self._unrealized = net, unrealized

    def _unrealized_at(self, equity_units: int) -> int:
        return self._unrealized

    def moneys_told(self, equity_units: int | None) -> dict[str, Metric]:
        """What only several moneys have: each one's cash, fees and realised profit in its own currency, and what rates did. Exact text."""
        rates_did = None
        if equity_units is not None:
            kept = self.budget_units + self._realized + self._unrealized - self._fees + self._funding
            rates_did = self.to_text(equity_units - kept)
        found: dict[str, Metric] = {
            "budget_worth": self.to_text(self.budget_units),
            "conversion_pnl": rates_did,
            "unconverted": len(self._waiting),
        }
        for money in self.moneys:
            text = currency_grid(self.scales[money]).to_text
            found[f"cash.{money}"] = text(self.cash_of(money))
            found[f"fees.{money}"] = text(self.fees_of(money))
            found[f"realized_pnl.{money}"] = text(self.realized_of(money))
        settle_in = dict.fromkeys(h.purse.currency for h in self.holdings() if h.perpetual)
        if any(money != self.currency for money in settle_in):
            for money in settle_in:
                text = currency_grid(self.scales[money]).to_text
                found[f"wallet_balance.{money}"] = text(self.owned_of(money))
                found[f"funding.{money}"] = text(self.funding_of(money))
        return found

    # ---- what happens to it

    def apply_fill(self, fill: OrderFilled, forced: bool = False, fee_value: int = 0) -> tuple[ClosedTrade, ...]:
        """Post a fill; what it changed is converted at the rates of the moment at which it happened at the venue."""
        holding, at = self._holding(fill), fill.time_event
        quote, rates = holding.purse.currency, self.worth_of.rates
        rates.look(at)
        if fill.fee and fill.fee_currency not in (quote, holding.base):
            # A fee is charged in a third asset only where its rate is known.
            owed = rates.convert(-self._fee_in_ledger(fill), fill.fee_currency, quote, at)
            fee_value = 0 if isinstance(owed, NoRate) else -owed
        profit, fee = self.realized_of(quote), self.fees_of(quote) + self.fees_elsewhere_of(quote)
        closed = self._post(fill, holding, forced, fee_value)
        worth = fill.last_lots * holding.lot_units * holding.unit
        flow = Flow(
            quote,
            self.realized_of(quote) - profit,
            self.fees_of(quote) + self.fees_elsewhere_of(quote) - fee,
            worth * fill.last_ticks,
            tuple(part * worth for part in (fill.drift, fill.spread_x2, fill.walk, fill.slippage, fill.impact)),
            closed,
        )
        self._waiting.append(flow)
        self._convert_waiting(at)
        self._of_fills = None
        held = abs(holding.position.units) * fill.last_ticks * holding.unit
        value = rates.convert(held, quote, self.currency, at)
        if not isinstance(value, NoRate):
            self.take_worth(holding, value)
        self._changed(fill.time)
        return closed

    def apply_funding(self, instrument_id: str, change: int, time_ns: int) -> None:
        """Post a settlement; it is converted at the rates of its moment."""
        super().apply_funding(instrument_id, change, time_ns)
        self.worth_of.rates.look(time_ns)
        self._waiting.append(Flow(self._holdings[instrument_id].purse.currency, funding=change))
        self._convert_waiting(time_ns)

    def _fee_in_ledger(self, fill: OrderFilled) -> int:
        scale = self.scales.get(fill.fee_currency, fill.fee_decimals) - fill.fee_decimals
        return fill.fee * int(10**scale) if scale >= 0 else fill.fee // int(10**-scale)

    def settle_waiting(self, now: int) -> None:
        """Convert what waits for a rate, at those last looked at (of ``now``)."""
        if self._waiting:
            self._convert_waiting(now)

    def _convert_waiting(self, now: int) -> None:
        self._waiting = [flow for flow in self._waiting if not self._converted(flow, now)]

    def _converted(self, flow: Flow, now: int) -> bool:
        told = []
        amounts = (flow.profit, flow.fee, flow.turnover, *flow.costs, flow.funding, *(t.pnl for t in flow.trades))
        for amount in amounts:
            worth = self.worth_of.rates.convert(amount, flow.currency, self.currency, now)
            if isinstance(worth, NoRate):
                return False
            told.append(worth)
        self._realized += told[0]
        self._fees += told[1]
        self._turnover += told[2]
        self.drift_units += told[3]
        self.spread_x2_units += told[4]
        self.walk_units += told[5]
        self.slippage_units += told[6]
        self.impact_units += told[7]
        self._funding += told[8]
        for trade, pnl in zip(flow.trades, told[9:], strict=True):
            self.trades.add(pnl, trade.time_close - trade.time_open, trade.forced)
        self._of_fills = self._of_trades = None
        return True

    # ---- evidence bars

    def close_hour(self, hour_ns: int, equity_units: int, is_valid: bool = True) -> None:
        """As of one money; a bar whose start could not be valued is no observation."""
        if hour_ns % EVIDENCE_BAR_NS == 0 and self._start_missing:
            self._start_missing, is_valid = False, False
        super().close_hour(hour_ns, equity_units, is_valid)

    def miss_hour(self, hour_ns: int) -> None:
        """The hour has no valuation: an evidence bar that ends with it is no observation, and neither is the next."""
        if hour_ns % EVIDENCE_BAR_NS == 0:
            self._start_missing, self.bar_return = True, None
