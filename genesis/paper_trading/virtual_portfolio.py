"""`VirtualPortfolio`: the ledger with virtual capital, and the metrics that follow it (docs/METRICS.md)."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.errors import ConfigError
from genesis.evidence.gathering import Evidence
from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.exposure import TimeWeighted
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.metrics.trades import TradeTally
from genesis.model.events import OrderFilled
from genesis.model.grid import Grid, quotient
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.paper_trading.measured import Measures
from genesis.paper_trading.measures import BarReturns, Metric, OfCosts, OfFills, OfPerpetuals, OfTrades
from genesis.portfolio.portfolio import Holding, Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import ClosedTrade, TradeBasis


class VirtualPortfolio(Portfolio):
    """A portfolio that starts with exactly the budget and keeps streaming statistics of its trades, costs and evidence-bar returns.

    Args:
        start_ns: engine time at which the evaluation begins.
        evidence: takes the evidence-bar returns; ``None`` for a track that gathers none.

    Raises:
        ConfigError: also for an instrument that is not quoted in the budget's currency: `SeveralMoneysPortfolio` keeps those.
    """

    def __init__(
        self,
        budget: Money | Sequence[Money],
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
        start_ns: int = 0,
        evidence: Evidence | None = None,
    ) -> None:
        super().__init__(budget, instruments, method, basis)
        self._check_quotes(instruments)
        self._has_perpetuals = any(h.perpetual for h in self._holdings.values())
        self.start_ns, self.evidence = start_ns, evidence
        self.method, self.basis = method, basis
        self.trades = TradeTally()
        # What fills cost beyond the price faced at the decision, by cause; the spread doubled, since half of it may be half a unit.
        self.drift_units = self.spread_x2_units = self.walk_units = self.slippage_units = self.impact_units = 0
        self.bars = BarReturns()
        self._bar_start = self.budget_units
        # Of the evidence bar that ended last: equity at its start, and its return, ``None`` where it was not valid.
        self.bar_began = self.budget_units
        self.bar_return: float | None = None
        self._worth = 0
        self._gross = TimeWeighted(start_ns)
        self._in_market = TimeWeighted(start_ns)
        self._equity = TimeWeighted(start_ns, float(self.budget_units))
        # Samples share what changes only with a fill or when a trade closes.
        self._of_fills: OfFills | None = None
        # What equity would be were nothing gained or lost on what is held; known while ``_of_fills`` is.
        self._settled = 0
        self._of_trades: OfTrades | None = None

    def _check_quotes(self, instruments: Sequence[Instrument]) -> None:
        for instrument in instruments:
            if instrument.quote != self.currency:
                found = f"{instrument.base}/{instrument.quote}"
                raise ConfigError(f"{instrument.id}: expected an asset quoted in {self.currency}, found {found}")

    def apply_fill(self, fill: OrderFilled, forced: bool = False, fee_value: int = 0) -> tuple[ClosedTrade, ...]:
        """Post a fill and take it, and the trades it closed, into the statistics."""
        holding = self._holding(fill)
        closed = self._post(fill, holding, forced, fee_value)
        self._of_fills = None
        ticks, unit = fill.last_ticks, holding.unit
        self.take_worth(holding, abs(holding.position.units) * ticks * unit)
        self._changed(fill.time)
        worth = fill.last_lots * holding.lot_units * unit
        self.drift_units += fill.drift * worth
        self.spread_x2_units += fill.spread_x2 * worth
        self.walk_units += fill.walk * worth
        self.slippage_units += fill.slippage * worth
        self.impact_units += fill.impact * worth
        for trade in closed:
            self.trades.add(trade.pnl, trade.time_close - trade.time_open, trade.forced)
            self._of_trades = None
        return closed

    def add_capital(self, units: int, equity: int) -> None:
        """Post a cash flow; it adds to the equity at which the running evidence bar began, and is no part of its return."""
        super().add_capital(units, equity)
        self._bar_start += units
        self._of_fills = None

    def apply_funding(self, instrument_id: str, change: int, time_ns: int) -> None:
        """Post a settlement."""
        super().apply_funding(instrument_id, change, time_ns)
        self._of_fills = None

    def mark(self, time_ns: int, equity_units: int) -> None:
        """Take a mark of everything: equity, and the positions as `take_worth` was told of them."""
        self._changed(time_ns)
        self._equity.change(time_ns, float(equity_units))

    def take_worth(self, holding: Holding, worth: int) -> None:
        """The size of a position's value; it counts from the next mark on."""
        self._worth += worth - holding.worth
        holding.worth = worth

    def _changed(self, time_ns: int) -> None:
        gross = self._worth
        self._gross.change(time_ns, quotient(gross, self.budget_units) if gross else 0.0)
        self._in_market.change(time_ns, 1.0 if gross and self._in_a_trade() else 0.0)

    def _in_a_trade(self) -> bool:
        """Whether a lot or more is held of anything: dust is flat."""
        for holding in self._holdings.values():  # noqa: SIM110 - a generator would cost more than the rest of a fill's statistics
            if abs(holding.position.units) >= holding.lot_units:
                return True
        return False

    def close_hour(self, hour_ns: int, equity_units: int, is_valid: bool = True) -> None:
        """The hour's mark; every fourth one ends an evidence bar (UTC, closed on the left).

        A bar that is not valid (its data are missing) is no observation: neither 0 nor what the prices before and after it make of it.
        """
        if hour_ns % EVIDENCE_BAR_NS == 0:
            start, self._bar_start = self._bar_start, equity_units
            self.bar_began = start
            self.bar_return = None
            if not is_valid:
                return
            self.bar_return = change = quotient(equity_units, start) - 1 if start > 0 else 0.0
            self.bars.add(change)
            if self.evidence is not None:
                self.evidence.add(change)

    def metrics(
        self,
        time_ns: int,
        equity_units: int,
        net_units: int,
        drawdown: DrawdownTracker,
        drawdown_now: float,
        buy_and_hold: float | None,
    ) -> dict[str, Metric]:
        """Every metric at this moment, worked out; see `measure`."""
        return self.measure(time_ns, equity_units, net_units, drawdown, drawdown_now, buy_and_hold).metrics()

    def measure(
        self,
        time_ns: int,
        equity_units: int,
        net_units: int,
        drawdown: DrawdownTracker,
        drawdown_now: float,
        buy_and_hold: float | None,
        mark_grid: Grid | None = None,
        mark_ticks: int | None = None,
        moneys: dict[str, Metric] | None = None,
    ) -> Measures:
        """Take down what every metric of this moment is made of.

        ``net_units`` is the signed value of the positions; ``buy_and_hold`` the return of the instruments themselves; ``mark_ticks``, of
        ``mark_grid``, the price at which the first one is marked, ``None`` before there is one; ``moneys`` what only several of them have.
        """
        fills = self._of_fills
        if fills is None:
            fills = self._of_fills = self._fills_now()
        trades = self._of_trades
        if trades is None:
            trades = self._of_trades = self._trades_now()
        return Measures(
            self._grid,
            self.index_units,
            time_ns - self.start_ns,
            equity_units,
            net_units,
            self._worth,
            self._unrealized_at(equity_units),
            self.turnover_units,
            drawdown_now,
            drawdown.maximum,
            drawdown.fell_from_ns,
            drawdown.trough_ns,
            drawdown.recovery_ns,
            self._equity.mean(time_ns),
            self._gross.mean(time_ns),
            self._in_market.mean(time_ns),
            buy_and_hold,
            fills,
            self.bars,
            len(self.bars),
            trades,
            mark_grid,
            mark_ticks,
            moneys,
        )

    def _unrealized_at(self, equity_units: int) -> int:
        return equity_units - self._settled

    def _fills_now(self) -> OfFills:
        fees, realized = self.fees_units, self.realized_units
        self._settled = self.budget_units + realized - fees + self.funding_units
        costs = OfCosts(
            self.spread_x2_units // 2, self.walk_units, self.slippage_units, self.impact_units, self.drift_units
        )
        perpetuals = self._of_perpetuals()
        return OfFills(self._grid, self.cash_units, realized, fees, costs, self.turnover_units, perpetuals)

    def _of_perpetuals(self) -> OfPerpetuals | None:
        if not self._has_perpetuals:
            return None
        return OfPerpetuals(self.funding_units, self.owned_of(self.currency))

    def _trades_now(self) -> OfTrades:
        tally = self.trades
        won, lost = int(tally.gross_profit), int(tally.gross_loss)
        return OfTrades(self._grid, tally.n, tally.forced, tally.wins, tally.losses, won, lost, tally.duration_ns)
