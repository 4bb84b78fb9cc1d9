"""`VirtualPortfolio`: the ledger with virtual capital, and the metrics that follow it."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.metrics.ratios import EVIDENCE_BAR_NS, Moments, RecentReturns, sharpe
from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import ClosedTrade, TradeBasis

Metric = str | int | float | None


class VirtualPortfolio(Portfolio):
    """A portfolio that starts with exactly the budget and keeps streaming statistics of its trades and evidence-bar returns."""

    def __init__(
        self,
        budget: Money,
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
    ) -> None:
        super().__init__(budget, instruments, method, basis)
        self.trades = self.wins = 0
        self.won_units = self.lost_units = self.net_trade_units = 0
        self.slippage_units = self.latency_units = 0
        self.returns = Moments()
        self._recent = RecentReturns()
        self._bar_start = self.budget_units

    def apply_fill(self, fill: OrderFilled, forced: bool = False) -> tuple[ClosedTrade, ...]:
        """Post a fill and take the trades it closed into the statistics."""
        self._costs(fill)
        closed = super().apply_fill(fill, forced)
        for trade in closed:
            self.trades += 1
            self.net_trade_units += trade.pnl
            if trade.pnl > 0:
                self.wins += 1
                self.won_units += trade.pnl
            else:
                self.lost_units -= trade.pnl
        return closed

    def _costs(self, fill: OrderFilled) -> None:
        if fill.arrival_ticks is None:
            return
        holding = self._holdings[fill.order.intent.instrument.id]
        worth = int(fill.order.intent.side) * fill.last_lots * holding.lot_units * holding.unit
        self.slippage_units += (fill.last_ticks - fill.arrival_ticks) * worth
        if fill.decision_ticks is not None:
            self.latency_units += (fill.arrival_ticks - fill.decision_ticks) * worth

    def close_hour(self, hour_ns: int, equity_units: int) -> None:
        """The hour's mark; every fourth one ends an evidence bar (UTC, closed on the left)."""
        if hour_ns % EVIDENCE_BAR_NS == 0:
            change = equity_units / self._bar_start - 1 if self._bar_start > 0 else 0.0
            self.returns.add(change)
            self._recent.add(change)
            self._bar_start = equity_units

    def metrics(
        self, equity_units: int, drawdown: float, drawdown_max: float, exposure_units: int
    ) -> dict[str, Metric]:
        """Every metric at this moment: money as exact text, fractions as floats, undefined as ``None``; all net of fees."""
        estimate = sharpe(self.returns)
        recent = self._recent
        text = currency_grid(self.decimals).to_text
        return {
            "equity": text(equity_units),
            "cash": text(self.cash_units),
            "total_return": equity_units / self.budget_units - 1,
            "drawdown": drawdown,
            "drawdown_max": drawdown_max,
            "sharpe": None if estimate is None else estimate.value,
            "sharpe_stderr": None if estimate is None else estimate.stderr,
            "evidence_bars": self.returns.n,
            "var_95": recent.value_at_risk(0.95),
            "var_99": recent.value_at_risk(0.99),
            "es_95": recent.expected_shortfall(0.95),
            "trades": self.trades,
            "win_rate": self.wins / self.trades if self.trades else None,
            "profit_factor": self.won_units / self.lost_units if self.lost_units else None,
            "expectancy": text(self.net_trade_units // self.trades) if self.trades else None,
            "realized_pnl": text(self.realized_units),
            "fees": text(self.fees_units),
            "slippage_cost": text(self.slippage_units),
            "latency_cost": text(self.latency_units),
            "turnover": text(self.turnover_units),
            "gross_exposure": exposure_units / equity_units if equity_units > 0 else None,
        }
