"""`VirtualPortfolio`: the ledger with virtual capital, and the metrics that follow it (docs/METRICS.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.exposure import TimeWeighted
from genesis.metrics.ratios import EVIDENCE_BAR_NS, Moments, calmar, sharpe, sortino, volatility
from genesis.metrics.returns import annualised_return
from genesis.metrics.risk import RecentReturns, tail_risk
from genesis.metrics.trades import TradeTally
from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import ClosedTrade, TradeBasis

Metric = str | int | float | None


class VirtualPortfolio(Portfolio):
    """A portfolio that starts with exactly the budget and keeps streaming statistics of its trades, costs and evidence-bar returns.

    Args:
        start_ns: engine time at which the evaluation begins.
    """

    def __init__(
        self,
        budget: Money,
        instruments: Sequence[Instrument],
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
        start_ns: int = 0,
    ) -> None:
        super().__init__(budget, instruments, method, basis)
        self.start_ns = start_ns
        self.trades = TradeTally()
        # What fills cost beyond the price faced at the decision, by cause; the spread doubled, since half of it may be half a unit.
        self.drift_units = self.spread_x2_units = self.walk_units = self.slippage_units = self.impact_units = 0
        self.returns = Moments()
        self.recent = RecentReturns()
        self._bar_start = self.budget_units
        self._worths: dict[str, int] = {}
        self._gross = TimeWeighted(start_ns)
        self._in_market = TimeWeighted(start_ns)
        self._equity = TimeWeighted(start_ns, float(self.budget_units))
        # What changes only with a fill, when a bar ends or when a trade closes is worked out then, not at every sample.
        self._of_fills: dict[str, Metric] | None = None
        self._of_bars: dict[str, Metric] | None = None
        self._of_trades: dict[str, Metric] | None = None

    def apply_fill(self, fill: OrderFilled, forced: bool = False) -> tuple[ClosedTrade, ...]:
        """Post a fill and take it, and the trades it closed, into the statistics."""
        closed = super().apply_fill(fill, forced)
        self._of_fills = None
        holding = self._holdings[fill.order.intent.instrument.id]
        units, price = holding.position.units, fill.last_ticks * holding.unit
        self._worths[holding.id] = abs(units) * price
        self._changed(fill.time)
        worth = fill.last_lots * holding.lot_units * holding.unit
        self.drift_units += fill.drift * worth
        self.spread_x2_units += fill.spread_x2 * worth
        self.walk_units += fill.walk * worth
        self.slippage_units += fill.slippage * worth
        self.impact_units += fill.impact * worth
        for trade in closed:
            self.trades.add(trade.pnl, trade.time_close - trade.time_open, trade.forced)
            self._of_trades = None
        return closed

    def mark(self, time_ns: int, equity_units: int, worths: Mapping[str, int]) -> None:
        """Take a mark of everything: equity, and the position value by instrument id (its size counts, not its sign)."""
        for name, value in worths.items():
            self._worths[name] = abs(value)
        self._changed(time_ns)
        self._equity.change(time_ns, float(equity_units))

    def _changed(self, time_ns: int) -> None:
        gross = sum(self._worths.values())
        self._gross.change(time_ns, gross / self.budget_units)
        self._in_market.change(time_ns, 1.0 if gross and self._in_a_trade() else 0.0)

    def _in_a_trade(self) -> bool:
        """Whether a lot or more is held of anything: dust is flat."""
        return any(abs(holding.position.units) >= holding.lot_units for holding in self._holdings.values())

    def close_hour(self, hour_ns: int, equity_units: int) -> None:
        """The hour's mark; every fourth one ends an evidence bar (UTC, closed on the left)."""
        if hour_ns % EVIDENCE_BAR_NS == 0:
            change = equity_units / self._bar_start - 1 if self._bar_start > 0 else 0.0
            self.returns.add(change)
            self.recent.add(change)
            self._bar_start = equity_units
            self._of_bars = None

    def metrics(
        self,
        time_ns: int,
        equity_units: int,
        net_units: int,
        drawdown: DrawdownTracker,
        drawdown_now: float,
        buy_and_hold: float | None,
    ) -> dict[str, Metric]:
        """Every metric at this moment: money as exact text, fractions as floats, undefined as ``None``; all net of fees.

        ``net_units`` is the signed value of the positions; ``buy_and_hold`` the return of the instruments themselves.
        """
        text = self.to_text
        gross_units = sum(self._worths.values())
        total = equity_units / self.budget_units - 1
        annual = annualised_return(total, time_ns - self.start_ns)
        unrealized = equity_units - self.budget_units - self.realized_units + self.fees_units
        found: dict[str, Metric] = {
            "equity": text(equity_units),
            "total_return": total,
            "annualised_return": annual,
            "drawdown": drawdown_now,
            "drawdown_max": drawdown.maximum,
            "drawdown_from_ns": drawdown.fell_from_ns,
            "drawdown_trough_ns": drawdown.trough_ns,
            "drawdown_recovery_ns": drawdown.recovery_ns,
            "calmar": calmar(annual, drawdown.maximum),
            "unrealized_pnl": text(unrealized),
            "turnover_ratio": self._turnover_ratio(time_ns),
            "gross_exposure": gross_units / equity_units if equity_units > 0 else None,
            "net_exposure": net_units / equity_units if equity_units > 0 else None,
            "exposure_mean": self._gross.mean(time_ns),
            "time_in_market": self._in_market.mean(time_ns),
            "buy_and_hold_return": buy_and_hold,
            "cash_return": 0.0,
        }
        if self._of_bars is None:
            self._of_bars = self._bar_metrics()
        if self._of_trades is None:
            self._of_trades = self._trade_metrics()
        if self._of_fills is None:
            self._of_fills = self._fill_metrics()
        found.update(self._of_fills)
        found.update(self._of_bars)
        found.update(self._of_trades)
        return found

    def _turnover_ratio(self, time_ns: int) -> float | None:
        average = self._equity.mean(time_ns)
        return self.turnover_units / average if average is not None and average > 0 else None

    def _fill_metrics(self) -> dict[str, Metric]:
        text = self.to_text
        return {
            "cash": text(self.cash_units),
            "realized_pnl": text(self.realized_units),
            "fees": text(self.fees_units),
            "spread_cost": text(self.spread_x2_units // 2),
            "walk_cost": text(self.walk_units),
            "slippage_cost": text(self.slippage_units),
            "impact_cost": text(self.impact_units),
            "latency_cost": text(self.drift_units),
            "turnover": text(self.turnover_units),
        }

    def _bar_metrics(self) -> dict[str, Metric]:
        estimate = sharpe(self.returns)
        found: dict[str, Metric] = {
            "evidence_bars": self.returns.n,
            "volatility": volatility(self.returns),
            "sharpe": None if estimate is None else estimate.value,
            "sharpe_stderr": None if estimate is None else estimate.stderr,
            "sortino": sortino(self.returns),
        }
        for level in (0.95, 0.99):
            tail, percent = tail_risk(self.recent, level), round(level * 100)
            found[f"var_{percent}"] = tail.value_at_risk
            found[f"es_{percent}"] = tail.expected_shortfall
            found[f"cf_var_{percent}"] = tail.cf_value_at_risk
            found[f"cf_es_{percent}"] = tail.cf_expected_shortfall
        return found

    def _trade_metrics(self) -> dict[str, Metric]:
        tally = self.trades
        wins, losses, n = tally.wins, tally.losses, tally.n
        won, lost = int(tally.gross_profit), int(tally.gross_loss)
        return {
            "trades": n,
            "forced_exits": tally.forced,
            "win_rate": wins / n if n else None,
            "profit_factor": won / -lost if lost else None,
            "expectancy": self._mean_text(won + lost, n),
            "average_win": self._mean_text(won, wins),
            "average_loss": self._mean_text(lost, losses),
            "average_duration_ns": tally.duration_ns // n if n else None,
        }

    def _mean_text(self, units: int, n: int) -> str | None:
        """An average of ledger units as money, rounded half to even at the ledger's scale."""
        if not n:
            return None
        mean, rest = divmod(units, n)
        return self.to_text(mean + (2 * rest > n or (2 * rest == n and mean % 2 == 1)))
