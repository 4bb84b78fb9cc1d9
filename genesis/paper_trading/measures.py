"""What a track's metrics at one moment are made of, and how they are worked out when somebody reads them (docs/METRICS.md).

A sample is taken every hour of every track; most runs read few of them. What changes only with a fill, when an evidence bar ends or when
a trade closes is a part of its own, shared by all samples until then, and worked out once. The sample itself is `measured.Measures`.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from genesis.metrics.ratios import Moments, calmar, sharpe, sortino, volatility
from genesis.metrics.returns import annualised_return, check_return
from genesis.metrics.risk import RecentReturns, tail_risk
from genesis.model.grid import Grid, quotient

if TYPE_CHECKING:
    from genesis.paper_trading.measured import Measures

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
    made_anew: ClassVar[Mapping[str, object]] = {"_made": None}

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


class BarReturns:
    """Returns of the valid evidence bars, as they came. What they say is worked out when it is read, as of any number of them.

    A run that nobody watches keeps 8 bytes a bar and does nothing else. Who asks of now, and who reads sample after sample some time later, each
    go on from where they were.
    """

    __slots__ = ("_made", "_made_of", "_moments", "_recent", "_told", "_values")
    made_anew: ClassVar[Mapping[str, object]] = {"_made": {}, "_made_of": -1, "_told": None}

    def __init__(self) -> None:
        self._values: array[float] = array("d")
        self._moments, self._recent = Moments(), RecentReturns()
        # Up to the last sample that was read.
        self._told: tuple[Moments, RecentReturns] | None = None
        self._made: dict[str, Metric] = {}
        self._made_of = -1

    def __len__(self) -> int:
        """How many there are."""
        return len(self._values)

    def add(self, x: float) -> None:
        """Take a return.

        Raises:
            ValueError: it is not finite.
        """
        check_return(x)
        self._values.append(x)

    def before_kept(self) -> None:
        """Take in all of them, whether or not somebody has read any."""
        self._take_all()

    def moments(self) -> Moments:
        """Moments of all of them, until the next one is added."""
        self._take_all()
        return self._moments

    def recent(self) -> RecentReturns:
        """The latest 500, until the next one is added."""
        self._take_all()
        return self._recent

    def _take_all(self) -> None:
        self._take(self._moments, self._recent, len(self._values))

    def _take(self, moments: Moments, recent: RecentReturns, n: int) -> None:
        for x in self._values[moments.n : n]:
            moments.add(x)
            recent.add(x)

    def metrics(self, n: int) -> dict[str, Metric]:
        """Statistics of the first ``n``; undefined is ``None``."""
        if n != self._made_of:
            self._made, self._made_of = self._worked_out(n), n
        return self._made

    def _worked_out(self, n: int) -> dict[str, Metric]:
        if self._told is None or n < self._told[0].n:
            # What was taken in already need not be gone through again, as after a start from a snapshot.
            taken = n >= self._moments.n
            self._told = (self._moments.copy(), self._recent.copy()) if taken else (Moments(), RecentReturns())
        moments, recent = self._told
        self._take(moments, recent, n)
        return _of_bars(moments, recent)


def _of_bars(returns: Moments, recent: RecentReturns) -> dict[str, Metric]:
    estimate, window = sharpe(returns), recent.window()
    found: dict[str, Metric] = {
        "evidence_bars": returns.n,
        "volatility": volatility(returns),
        "sharpe": None if estimate is None else estimate.value,
        "sharpe_stderr": None if estimate is None else estimate.stderr,
        "sortino": sortino(returns),
    }
    for level in (0.95, 0.99):
        tail, percent = tail_risk(window, level), round(level * 100)
        found[f"var_{percent}"] = tail.value_at_risk
        found[f"es_{percent}"] = tail.expected_shortfall
        found[f"cf_var_{percent}"] = tail.cf_value_at_risk
        found[f"cf_es_{percent}"] = tail.cf_expected_shortfall
    return found


class OfTrades:
    """What changes only when a trade closes; ``won`` and ``lost`` are the gross profit and loss in ledger units."""

    __slots__ = ("_duration_ns", "_forced", "_grid", "_losses", "_lost", "_made", "_n", "_wins", "_won")
    made_anew: ClassVar[Mapping[str, object]] = {"_made": None}

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


def worked_out(now: Measures) -> dict[str, Metric]:
    """All metrics of a moment: money as exact text, fractions as floats, undefined as ``None``; all net of fees."""
    text, equity = now.grid.to_text, now.equity
    total = quotient(equity, now.budget) - 1
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
        "turnover_ratio": now.turnover / mean if mean is not None and mean > 0 else None,
        "gross_exposure": quotient(now.gross, equity) if equity > 0 else None,
        "net_exposure": quotient(now.net, equity) if equity > 0 else None,
        "exposure_mean": now.exposure_mean,
        "time_in_market": now.time_in_market,
        "buy_and_hold_return": now.buy_and_hold,
        "cash_return": 0.0,
    }
    found.update(now.fills.metrics())
    found.update(now.bars.metrics(now.bar_count))
    found.update(now.trades.metrics())
    if now.mark_grid is not None:
        found["mark_px"] = None if now.mark_ticks is None else now.mark_grid.to_text(now.mark_ticks)
    if now.moneys is not None:
        found.update(now.moneys)
    return found
