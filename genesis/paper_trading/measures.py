"""A track's metrics at one moment, held as the raw numbers and worked out only when somebody reads them (docs/METRICS.md).

A sample is taken every hour of every track; most runs read few of them. What changes only with a fill, when an evidence bar ends or when
a trade closes is a part of its own, shared by all samples until then, and worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable

from genesis.metrics.ratios import Moments, calmar, sharpe, sortino, volatility
from genesis.metrics.returns import annualised_return
from genesis.metrics.risk import TailWindow, tail_risk
from genesis.model.grid import Grid, quotient

Metric = str | int | float | None


class OfCosts:
    """What fills cost beyond the price faced at the decision, by cause, in ledger units; positive is against us."""

    __slots__ = ("drift", "impact", "slippage", "spread", "walk")

    def __init__(self, spread: int, walk: int, slippage: int, impact: int, drift: int) -> None:
        self.spread, self.walk, self.slippage, self.impact, self.drift = spread, walk, slippage, impact, drift


class OfPerpetuals:
    """What only an account with perpetuals has, in ledger units: funding received less paid, and the wallet balance."""

    __slots__ = ("funding", "wallet")

    def __init__(self, funding: int, wallet: int) -> None:
        self.funding, self.wallet = funding, wallet


class OfFills:
    """What changes only with a fill or a settlement, in ledger units."""

    __slots__ = ("_cash", "_costs", "_fees", "_grid", "_made", "_perpetuals", "_realized", "_turnover")

    def __init__(
        self,
        grid: Grid,
        cash: int,
        realized: int,
        fees: int,
        costs: OfCosts,
        turnover: int,
        perpetuals: OfPerpetuals | None = None,
    ) -> None:
        self._grid, self._perpetuals = grid, perpetuals
        self._cash, self._realized, self._fees = cash, realized, fees
        self._costs, self._turnover = costs, turnover
        self._made: dict[str, Metric] | None = None

    def metrics(self) -> dict[str, Metric]:
        """Money as exact text."""
        if self._made is None:
            text, costs = self._grid.to_text, self._costs
            self._made = {
                "cash": text(self._cash),
                "realized_pnl": text(self._realized),
                "fees": text(self._fees),
                "spread_cost": text(costs.spread),
                "walk_cost": text(costs.walk),
                "slippage_cost": text(costs.slippage),
                "impact_cost": text(costs.impact),
                "latency_cost": text(costs.drift),
                "turnover": text(self._turnover),
            }
            if self._perpetuals is not None:
                self._made["funding"] = text(self._perpetuals.funding)
                self._made["wallet_balance"] = text(self._perpetuals.wallet)
        return self._made


class OfBars:
    """What changes only when an evidence bar ends: statistics of the bars' returns."""

    __slots__ = ("_made", "_recent", "_returns")

    def __init__(self, returns: Moments, recent: TailWindow) -> None:
        self._returns, self._recent = returns, recent
        self._made: dict[str, Metric] | None = None

    def metrics(self) -> dict[str, Metric]:
        """Undefined is ``None``."""
        if self._made is None:
            self._made = self._worked_out()
        return self._made

    def _worked_out(self) -> dict[str, Metric]:
        estimate = sharpe(self._returns)
        found: dict[str, Metric] = {
            "evidence_bars": self._returns.n,
            "volatility": volatility(self._returns),
            "sharpe": None if estimate is None else estimate.value,
            "sharpe_stderr": None if estimate is None else estimate.stderr,
            "sortino": sortino(self._returns),
        }
        for level in (0.95, 0.99):
            tail, percent = tail_risk(self._recent, level), round(level * 100)
            found[f"var_{percent}"] = tail.value_at_risk
            found[f"es_{percent}"] = tail.expected_shortfall
            found[f"cf_var_{percent}"] = tail.cf_value_at_risk
            found[f"cf_es_{percent}"] = tail.cf_expected_shortfall
        return found


class OfTrades:
    """What changes only when a trade closes; ``won`` and ``lost`` are the gross profit and loss in ledger units."""

    __slots__ = ("_duration_ns", "_forced", "_grid", "_losses", "_lost", "_made", "_n", "_wins", "_won")

    def __init__(
        self, grid: Grid, n: int, forced: int, wins: int, losses: int, won: int, lost: int, duration_ns: int
    ) -> None:
        self._grid = grid
        self._n, self._forced, self._wins, self._losses = n, forced, wins, losses
        self._won, self._lost, self._duration_ns = won, lost, duration_ns
        self._made: dict[str, Metric] | None = None

    def metrics(self) -> dict[str, Metric]:
        """Money as exact text, undefined as ``None``."""
        if self._made is None:
            n, won, lost = self._n, self._won, self._lost
            self._made = {
                "trades": n,
                "forced_exits": self._forced,
                "win_rate": self._wins / n if n else None,
                "profit_factor": quotient(won, -lost) if lost else None,
                "expectancy": self._mean_text(won + lost, n),
                "average_win": self._mean_text(won, self._wins),
                "average_loss": self._mean_text(lost, self._losses),
                "average_duration_ns": self._duration_ns // n if n else None,
            }
        return self._made

    def _mean_text(self, units: int, n: int) -> str | None:
        """An average of ledger units as money, rounded half to even at the ledger's scale."""
        if not n:
            return None
        mean, rest = divmod(units, n)
        return self._grid.to_text(mean + (2 * rest > n or (2 * rest == n and mean % 2 == 1)))


class OfMoment:
    """What is new at every moment: times in ns, amounts in ledger units, drawdowns as fractions, dates as the drawdown tracker has them."""

    __slots__ = (
        "buy_and_hold",
        "drawdown",
        "drawdown_max",
        "elapsed_ns",
        "equity",
        "equity_mean",
        "exposure_mean",
        "fell_from_ns",
        "gross",
        "net",
        "recovery_ns",
        "time_in_market",
        "trough_ns",
        "unrealized",
    )

    def __init__(self, elapsed_ns: int, equity: int, net: int, gross: int, unrealized: int) -> None:
        self.elapsed_ns, self.equity, self.net, self.gross, self.unrealized = elapsed_ns, equity, net, gross, unrealized
        self.drawdown = self.drawdown_max = 0.0
        self.fell_from_ns: int | None = None
        self.trough_ns: int | None = None
        self.recovery_ns: int | None = None
        self.equity_mean: float | None = None
        self.exposure_mean: float | None = None
        self.time_in_market: float | None = None
        self.buy_and_hold: float | None = None


class Measures:
    """All metrics of a moment: read it as a mapping of names, or take them with `metrics`. Nothing that happens later changes it."""

    __slots__ = (
        "_bars",
        "_budget",
        "_fills",
        "_grid",
        "_made",
        "_mark_px",
        "_moment",
        "_moneys",
        "_trades",
        "_turnover",
    )

    def __init__(
        self,
        grid: Grid,
        budget: int,
        turnover: int,
        moment: OfMoment,
        fills: OfFills,
        bars: OfBars,
        trades: OfTrades,
    ) -> None:
        self._grid, self._budget, self._turnover = grid, budget, turnover
        self._moment, self._fills, self._bars, self._trades = moment, fills, bars, trades
        self._mark_px: tuple[Grid, int | None] | None = None
        self._moneys: dict[str, Metric] | None = None
        self._made: dict[str, Metric] | None = None

    def name_moneys(self, told: dict[str, Metric]) -> None:
        """Also say what only an account of several moneys has."""
        self._moneys = told

    def name_mark(self, grid: Grid, ticks: int | None) -> None:
        """Also say at which price (of ``grid``) the first instrument is marked; ``None`` before there is one."""
        self._mark_px = (grid, ticks)

    def keys(self) -> Iterable[str]:
        """The names of the metrics."""
        return self.metrics().keys()

    def __getitem__(self, name: str) -> Metric:
        return self.metrics()[name]

    def metrics(self) -> dict[str, Metric]:
        """Money as exact text, fractions as floats, undefined as ``None``; all net of fees."""
        if self._made is None:
            self._made = self._worked_out()
        return self._made

    def _worked_out(self) -> dict[str, Metric]:
        now, text = self._moment, self._grid.to_text
        equity = now.equity
        total = quotient(equity, self._budget) - 1
        annual = annualised_return(total, now.elapsed_ns)
        mean = now.equity_mean
        found: dict[str, Metric] = {
            "equity": text(equity),
            "total_return": total,
            "annualised_return": annual,
            "drawdown": now.drawdown,
            "drawdown_max": now.drawdown_max,
            "drawdown_from_ns": now.fell_from_ns,
            "drawdown_trough_ns": now.trough_ns,
            "drawdown_recovery_ns": now.recovery_ns,
            "calmar": calmar(annual, now.drawdown_max),
            "unrealized_pnl": text(now.unrealized),
            "turnover_ratio": self._turnover / mean if mean is not None and mean > 0 else None,
            "gross_exposure": quotient(now.gross, equity) if equity > 0 else None,
            "net_exposure": quotient(now.net, equity) if equity > 0 else None,
            "exposure_mean": now.exposure_mean,
            "time_in_market": now.time_in_market,
            "buy_and_hold_return": now.buy_and_hold,
            "cash_return": 0.0,
        }
        found.update(self._fills.metrics())
        found.update(self._bars.metrics())
        found.update(self._trades.metrics())
        if self._mark_px is not None:
            grid, ticks = self._mark_px
            found["mark_px"] = None if ticks is None else grid.to_text(ticks)
        if self._moneys is not None:
            found.update(self._moneys)
        return found
