"""Every metric of one track over one evaluation, measured from its streaming statistics; see docs/METRICS.md."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from genesis.metrics.amounts import Amount, ratio
from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.exposure import Exposure, TimeWeighted
from genesis.metrics.ratios import Estimate, Moments, calmar, sharpe, sortino, volatility
from genesis.metrics.returns import annualised_return
from genesis.metrics.risk import RecentReturns
from genesis.metrics.trades import TradeStats, TradeTally


class TailRisk(msgspec.Struct, frozen=True):
    """Loss of one evidence bar at ``level`` from the latest ``n`` bars, positive fractions of equity; historical, and Cornish-Fisher (cf)."""

    level: float
    n: int
    value_at_risk: float | None
    expected_shortfall: float | None
    cf_value_at_risk: float | None
    cf_expected_shortfall: float | None


class MetricSet(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of one evaluation, net of fees, slippage and funding, in ``currency``. Undefined is ``None``.

    Samples: ``bars`` evidence bars are behind the returns, volatility and ratios (the Sharpe estimate repeats them); ``trades.n`` trades behind
    the trade statistics; `TailRisk.n` bars behind the tails; ``elapsed_ns`` of engine time behind everything weighted by time.
    Returns, volatility, drawdowns, exposures, time in market and benchmarks are fractions; Sharpe, Sortino and Calmar are annual numbers;
    ``fees`` and ``turnover`` are money, ``turnover_ratio`` is in times of average equity.
    """

    currency: str
    elapsed_ns: int
    bars: int
    total_return: float
    annualised_return: float | None
    volatility: float | None
    sharpe: Estimate | None
    sortino: float | None
    calmar: float | None
    drawdown: float
    drawdown_max: float
    drawdown_from_ns: int | None
    drawdown_trough_ns: int | None
    drawdown_recovery_ns: int | None
    tail_95: TailRisk
    tail_99: TailRisk
    trades: TradeStats
    exposure: Exposure | None
    exposure_mean: float | None
    time_in_market: float | None
    fees: Decimal
    turnover: Decimal
    turnover_ratio: float | None
    buy_and_hold_return: float | None
    cash_return: float


def tail_risk(recent: RecentReturns, level: float) -> TailRisk:
    """Tail risk at 0.95 or 0.99.

    Raises:
        ValueError: another level.
    """
    return TailRisk(
        level=level,
        n=len(recent),
        value_at_risk=recent.value_at_risk(level),
        expected_shortfall=recent.expected_shortfall(level),
        cf_value_at_risk=recent.cornish_fisher_var(level),
        cf_expected_shortfall=recent.cornish_fisher_shortfall(level),
    )


def measure(
    *,
    currency: str,
    start_ns: int,
    now_ns: int,
    index: float,
    returns: Moments,
    recent: RecentReturns,
    drawdown: DrawdownTracker,
    trades: TradeTally,
    exposure: Exposure | None,
    gross_exposure: TimeWeighted,
    in_market: TimeWeighted,
    fees: Amount,
    turnover: Amount,
    average_equity: Amount,
    buy_and_hold_return: float | None,
) -> MetricSet:
    """All metrics from ``start_ns`` to ``now_ns``, engine time.

    ``index`` is the cash-flow-adjusted equity index now (1 at the start), ``gross_exposure`` carries fractions of equity, ``in_market`` 1 with a
    position and 0 without; ``fees``, ``turnover`` (notional bought plus sold) and ``average_equity`` are money in ``currency``.
    """
    elapsed_ns = now_ns - start_ns
    annual = annualised_return(index - 1, elapsed_ns)
    return MetricSet(
        currency=currency,
        elapsed_ns=elapsed_ns,
        bars=returns.n,
        total_return=index - 1,
        annualised_return=annual,
        volatility=volatility(returns),
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=calmar(annual, drawdown.maximum),
        drawdown=drawdown.at(index),
        drawdown_max=drawdown.maximum,
        drawdown_from_ns=drawdown.fell_from_ns,
        drawdown_trough_ns=drawdown.trough_ns,
        drawdown_recovery_ns=drawdown.recovery_ns,
        tail_95=tail_risk(recent, 0.95),
        tail_99=tail_risk(recent, 0.99),
        trades=trades.stats(),
        exposure=exposure,
        exposure_mean=gross_exposure.mean(now_ns),
        time_in_market=in_market.mean(now_ns),
        fees=Decimal(fees),
        turnover=Decimal(turnover),
        turnover_ratio=ratio(turnover, average_equity),
        buy_and_hold_return=buy_and_hold_return,
        cash_return=0.0,
    )
