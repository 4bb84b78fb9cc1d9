"""Every metric on the page: its name, group, unit, basis and definition in a line, and why it may be undefined (docs/METRICS.md)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import msgspec

from genesis.metrics.ratios import SHARPE_BARS_MIN
from genesis.monitoring.report.values import Metrics
from genesis.monitoring.report.wording import count, exact, moment, number, percent, plain, span

_VAR_BARS = {"95": 100, "99": 500}


class Kind(Enum):
    """How a value is shown, and `unit` where the number does not carry it."""

    MONEY = "money"
    PRICE = "price"
    OF_EQUITY = "of equity"
    SHARE = "share"
    A_YEAR = "a year"
    RATIO = "ratio"
    COUNT = "count"
    TIMES = "times"
    DURATION = "duration"
    MOMENT = "moment"

    @property
    def unit(self) -> str:
        """The unit's name; money's is its currency, and a share's what it is of."""
        return _UNITS.get(self, "")


_UNITS = {
    Kind.PRICE: "quote currency",
    Kind.OF_EQUITY: "of equity",
    Kind.A_YEAR: "a year",
    Kind.TIMES: "times",
    Kind.MOMENT: "UTC",
}


class Basis(Enum):
    """Whether costs are in it."""

    NET = "net"
    GROSS = "gross"
    NEITHER = "–"


class Of(Enum):
    """What the sample is made of."""

    BARS = "evidence_bars"
    TAIL = "tail"
    TRADES = "trades"
    TIME = "time"
    NOW = "now"


class Definition(msgspec.Struct, frozen=True):
    """A metric: ``why`` says in words why it is undefined in a given sample."""

    key: str
    label: str
    kind: Kind
    basis: Basis
    of: Of
    text: str
    why: Callable[[Metrics], str]

    def shown(self, metrics: Metrics) -> str:
        """The value with as many digits as say something, or a dash."""
        return _SHOW[self.kind](metrics, self.key)

    def undefined(self, metrics: Metrics) -> str:
        """Why there is no value; empty where there is one."""
        if metrics.values.get(self.key) is not None:
            return ""
        return self.why(metrics) if self.key in metrics.values else "not recorded in this run's samples"


_SHOW: dict[Kind, Callable[[Metrics, str], str]] = {
    Kind.MONEY: lambda m, k: exact(m.money(k)),
    Kind.PRICE: lambda m, k: plain(m.money(k)),
    Kind.OF_EQUITY: lambda m, k: percent(m.fraction(k)),
    Kind.SHARE: lambda m, k: percent(m.fraction(k)),
    Kind.A_YEAR: lambda m, k: percent(m.fraction(k)),
    Kind.RATIO: lambda m, k: number(m.fraction(k)),
    Kind.COUNT: lambda m, k: count(m.whole(k)),
    Kind.TIMES: lambda m, k: number(m.fraction(k)),
    Kind.DURATION: lambda m, k: span(m.whole(k)),
    Kind.MOMENT: lambda m, k: moment(m.whole(k)),
}


def _bars(metrics: Metrics) -> int:
    return metrics.whole("evidence_bars") or 0


def _under(needed: int, otherwise: str) -> Callable[[Metrics], str]:
    def why(metrics: Metrics) -> str:
        n = _bars(metrics)
        return f"under {needed} bars: {n}" if n < needed else otherwise

    return why


def _no_trade(otherwise: str) -> Callable[[Metrics], str]:
    return lambda metrics: otherwise if metrics.whole("trades") else "no closed trade"


def _said(words: str) -> Callable[[Metrics], str]:
    return lambda _: words


def _calmar(metrics: Metrics) -> str:
    return "no drawdown" if not metrics.fraction("drawdown_max") else "no annualised return"


_RATIO = _under(SHARPE_BARS_MIN, "no deviation")
_FELL = _said("no drawdown yet")


def _tail(level: str) -> tuple[Definition, ...]:
    needed = _VAR_BARS[level]
    why, cf_why = _under(needed, "no value"), _under(needed, "no deviation")
    share = f"{100 - int(level)} %"
    return (
        Definition(
            f"var_{level}",
            f"VaR {level} %",
            Kind.OF_EQUITY,
            Basis.NET,
            Of.TAIL,
            f"loss that {share} of the latest 500 bars reached or passed; one bar ahead",
            why,
        ),
        Definition(
            f"es_{level}",
            f"expected shortfall {level} %",
            Kind.OF_EQUITY,
            Basis.NET,
            Of.TAIL,
            f"mean loss of those worst {share}",
            why,
        ),
        Definition(
            f"cf_var_{level}",
            f"VaR {level} %, Cornish-Fisher",
            Kind.OF_EQUITY,
            Basis.NET,
            Of.TAIL,
            "from mean, deviation, skewness and kurtosis of the same bars",
            cf_why,
        ),
        Definition(
            f"cf_es_{level}",
            f"expected shortfall {level} %, Cornish-Fisher",
            Kind.OF_EQUITY,
            Basis.NET,
            Of.TAIL,
            "mean loss under the same expansion; at least its VaR",
            cf_why,
        ),
    )


# fmt: off
GROUPS: tuple[tuple[str, tuple[Definition, ...]], ...] = (
    ("Return", (
        Definition("equity", "equity", Kind.MONEY, Basis.NET, Of.NOW, "cash and positions at their marks", _said("no value")),
        Definition("cash", "cash", Kind.MONEY, Basis.NET, Of.NOW, "what is not in positions; a short's proceeds are in it", _said("no value")),
        Definition("total_return", "total return", Kind.SHARE, Basis.NET, Of.TIME, "equity over budget, less 1", _said("no value")),
        Definition("annualised_return", "annualised return", Kind.A_YEAR, Basis.NET, Of.TIME,
                   "(1 + total return) to the power of 365 days over the length of the run, less 1: an extrapolation under a year",
                   _said("no time has passed")),
        Definition("realized_pnl", "realised P&L", Kind.MONEY, Basis.GROSS, Of.TIME, "of what was closed, before fees, slippage in it", _said("no value")),
        Definition("unrealized_pnl", "unrealised P&L", Kind.MONEY, Basis.GROSS, Of.NOW, "of open positions at their marks, before fees", _said("no value")),
    )),
    ("Risk", (
        Definition("drawdown_max", "maximum drawdown", Kind.SHARE, Basis.NET, Of.TIME, "deepest fall below the highest equity so far, as a share of that peak", _said("no value")),
        Definition("drawdown", "drawdown now", Kind.SHARE, Basis.NET, Of.NOW, "fall below the highest equity so far", _said("no value")),
        Definition("drawdown_from_ns", "fell from", Kind.MOMENT, Basis.NEITHER, Of.TIME, "peak of the maximum drawdown", _FELL),
        Definition("drawdown_trough_ns", "lowest at", Kind.MOMENT, Basis.NEITHER, Of.TIME, "trough of the maximum drawdown", _FELL),
        Definition("drawdown_recovery_ns", "recovered at", Kind.MOMENT, Basis.NEITHER, Of.TIME, "first equity above that peak again",
                   lambda m: "not recovered" if m.whole("drawdown_trough_ns") else "no drawdown yet"),
        Definition("volatility", "volatility", Kind.A_YEAR, Basis.NET, Of.BARS, "standard deviation of bar returns (ddof 1) times the root of 2,190", _under(2, "no value")),
        *_tail("95"),
        *_tail("99"),
    )),
    ("Ratios", (
        Definition("sharpe", "Sharpe ratio", Kind.RATIO, Basis.NET, Of.BARS, "mean over standard deviation of bar returns, times the root of 2,190; risk-free 0", _RATIO),
        Definition("sharpe_stderr", "its standard error", Kind.RATIO, Basis.NET, Of.BARS, "Mertens 2002; bars taken as independent, so rather too small", _RATIO),
        Definition("sortino", "Sortino ratio", Kind.RATIO, Basis.NET, Of.BARS, "mean over downside deviation, times the root of 2,190", _under(SHARPE_BARS_MIN, "no losing bar")),
        Definition("calmar", "Calmar ratio", Kind.RATIO, Basis.NET, Of.TIME, "annualised return over maximum drawdown", _calmar),
    )),
    ("Trades", (
        Definition("trades", "closed trades", Kind.COUNT, Basis.NEITHER, Of.TIME, "from flat to flat; open ones are not counted", _said("no value")),
        Definition("forced_exits", "forced exits", Kind.COUNT, Basis.NEITHER, Of.TRADES, "closed by a risk limit; they count as trades", _said("no value")),
        Definition("win_rate", "win rate", Kind.SHARE, Basis.NET, Of.TRADES, "trades with P&L above 0; zero is no win", _no_trade("no value")),
        Definition("profit_factor", "profit factor", Kind.RATIO, Basis.NET, Of.TRADES, "won over lost", _no_trade("no losing trade")),
        Definition("expectancy", "expectancy", Kind.MONEY, Basis.NET, Of.TRADES, "mean P&L of a trade", _no_trade("no value")),
        Definition("average_win", "average win", Kind.MONEY, Basis.NET, Of.TRADES, "mean P&L of winning trades", _no_trade("no winning trade")),
        Definition("average_loss", "average loss", Kind.MONEY, Basis.NET, Of.TRADES, "mean P&L of losing trades", _no_trade("no losing trade")),
        Definition("average_duration_ns", "average duration", Kind.DURATION, Basis.NEITHER, Of.TRADES, "open to close", _no_trade("no value")),
    )),
    ("Exposure and costs", (
        Definition("gross_exposure", "gross exposure now", Kind.OF_EQUITY, Basis.NEITHER, Of.NOW, "sizes of positions over equity", _said("equity not above 0")),
        Definition("net_exposure", "net exposure now", Kind.OF_EQUITY, Basis.NEITHER, Of.NOW, "signed positions over equity", _said("equity not above 0")),
        Definition("exposure_mean", "mean gross exposure", Kind.SHARE, Basis.NEITHER, Of.TIME, "over budget, weighted by the time it lasted", _said("no time has passed")),
        Definition("time_in_market", "time in market", Kind.SHARE, Basis.NEITHER, Of.TIME, "share of time with a position", _said("no time has passed")),
        Definition("turnover", "turnover", Kind.MONEY, Basis.GROSS, Of.TIME, "notional bought plus sold", _said("no value")),
        Definition("turnover_ratio", "turnover ratio", Kind.TIMES, Basis.GROSS, Of.TIME, "turnover over average equity", _said("equity not above 0")),
        Definition("fees", "fees", Kind.MONEY, Basis.NEITHER, Of.TIME, "paid to the venue", _said("no value")),
        Definition("spread_cost", "spread", Kind.MONEY, Basis.NEITHER, Of.TIME, "touch against the mid, or the spread assumed where none is shown; negative is earned by resting", _said("no value")),
        Definition("walk_cost", "depth walked", Kind.MONEY, Basis.NEITHER, Of.TIME, "levels behind the touch against the touch", _said("no value")),
        Definition("slippage_cost", "slippage", Kind.MONEY, Basis.NEITHER, Of.TIME, "what the draw added to the walk", _said("no value")),
        Definition("impact_cost", "impact", Kind.MONEY, Basis.NEITHER, Of.TIME, "what the impact of own orders added to walk and draw", _said("no value")),
        Definition("latency_cost", "latency", Kind.MONEY, Basis.NEITHER, Of.TIME, "what the market moved between decision and fill, and what being late cost; positive is worse", _said("no value")),
    )),
    ("Beside it", (
        Definition("buy_and_hold_return", "buy and hold", Kind.SHARE, Basis.GROSS, Of.TIME, "equal parts in each instrument from the first price on", _said("no price yet")),
        Definition("cash_return", "cash", Kind.SHARE, Basis.GROSS, Of.TIME, "risk-free 0", _said("no value")),
        Definition("mark_px", "last price", Kind.PRICE, Basis.NEITHER, Of.NOW, "of the strategy's first instrument, in its quote currency", _said("no price yet")),
    )),
)
# fmt: on

DEFINITIONS = {d.key: d for _, group in GROUPS for d in group}


# Means over the winning or the losing ones of the trades.
_PARTS = frozenset({"average_win", "average_loss"})


def sample_words(definition: Definition, metrics: Metrics, length_ns: int) -> str:
    """What a value is measured over, in words."""
    if definition.of is Of.BARS:
        return f"{_bars(metrics):,} bars"
    if definition.of is Of.TAIL:
        return f"{min(_bars(metrics), 500):,} bars"
    if definition.of is Of.TRADES:
        n = f"{metrics.whole('trades') or 0:,} trades"
        return f"of {n}" if definition.key in _PARTS else n
    return "last sample" if definition.of is Of.NOW else span(length_ns)
