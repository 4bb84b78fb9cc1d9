"""What the page shows, as frozen values: money is exact text, times are UTC ns, ratios are fractions, undefined is ``None``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from genesis.metrics.trades import breakeven_rate
from genesis.paper_trading.statement import Statement
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Verdict, Window

Metric = str | int | float | None


class Fact(msgspec.Struct, frozen=True):
    """An assumption or a property: its name, its value with the unit, and what it means."""

    name: str
    value: str
    note: str = ""


class Line(msgspec.Struct, frozen=True):
    """Values over UTC ns, to be drawn: floats place pixels, nothing else. ``None`` breaks the line."""

    times: tuple[int, ...] = ()
    values: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        if len(self.times) != len(self.values):
            raise ValueError(f"line: expected a value for each of {len(self.times)} times, found {len(self.values)}")


class Metrics(msgspec.Struct, frozen=True):
    """A sample's metrics by name. Any may be absent, which reads as undefined; large integers may be text."""

    values: Mapping[str, Metric]

    def fraction(self, name: str) -> float | None:
        """A ratio or fraction."""
        found = self.values.get(name)
        return None if found is None else float(found)

    def whole(self, name: str) -> int | None:
        """A count or a time."""
        found = self.values.get(name)
        return None if found is None else int(found)

    def money(self, name: str) -> Decimal | None:
        """An amount, exact."""
        found = self.values.get(name)
        if found is None:
            return None
        try:
            return Decimal(str(found))
        except InvalidOperation:
            return None


class BarReturns(msgspec.Struct, frozen=True):
    """Returns of the evidence bars that samples bound; ``lacking`` says why there are fewer than the track counted."""

    values: tuple[float, ...] = ()
    lacking: str = ""


class PriceChart(msgspec.Struct, frozen=True):
    """An instrument's price, where ``line`` comes from, and the fills in it at their own time and price."""

    instrument: str
    line: Line
    origin: str
    buys: Line
    sells: Line


class Cost(msgspec.Struct, frozen=True):
    """A kind of cost as exact money and in basis points of turnover; positive is paid."""

    name: str
    money: Decimal | None
    basis_points: Decimal | None
    note: str


class FeeRate(msgspec.Struct, frozen=True):
    """Fees as charged on ``fills`` fills of one liquidity, in basis points of their notional."""

    liquidity: str
    fills: int
    basis_points: Decimal | None


class Refusal(msgspec.Struct, frozen=True):
    """Orders that risk refused for one reason, with the first one's detail."""

    reason: str
    count: int
    time: int
    example: str


class Stop(msgspec.Struct, frozen=True):
    """A halt by a limit or a stop by an exception."""

    time: int
    kind: str
    reason: str
    detail: str
    action: str


class Note(msgspec.Struct, frozen=True):
    """A strategy's remark."""

    time: int
    text: str


class Trade(msgspec.Struct, frozen=True):
    """A closed trade; ``pnl`` is net of fees and slippage."""

    time_open: int
    time_close: int
    instrument: str
    side: str
    qty: str
    entry_notional: str
    exit_notional: str
    fees: str
    pnl: str
    currency: str
    fills: int
    forced: bool


class MoneyHeld(msgspec.Struct, frozen=True):
    """One money of an account that has several: what it began with, and at the last sample cash, fees charged and realised profit. Exact text.

    ``wallet`` and ``funding`` are told where perpetuals settle in several currencies, or in another than the budget's: what the money's margin account has,
    and what was received in it less what was paid.
    """

    currency: str
    budget: str
    cash: str
    fees: str
    realized: str
    wallet: str | None = None
    funding: str | None = None


class TrackReport(msgspec.Struct, frozen=True, kw_only=True):
    """A paper track. Lists of trades and notes are cut; ``trade_count``, ``note_count`` and ``fill_count`` are of all.

    ``moneys`` are told of an account of several; its ``budget`` is what they were worth together at the first rates. ``unvalued`` says why the last sample
    has no valuation.
    """

    name: str
    strategy: str
    version: str
    params: tuple[Fact, ...]
    synthetic: bool
    currency: str
    budget: str
    tier: str
    window: Window
    sampled: bool
    metrics: Metrics
    equity: Line
    drawdown: Line
    gross: Line
    net: Line
    hold: Line
    bars: BarReturns
    prices: tuple[PriceChart, ...]
    costs: tuple[Cost, ...]
    fees: tuple[FeeRate, ...]
    data: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    stops: tuple[Stop, ...]
    notes: tuple[Note, ...]
    note_count: int
    trades: tuple[Trade, ...]
    trade_count: int
    fill_count: int
    evidence: Statement | None = None
    moneys: tuple[MoneyHeld, ...] = ()
    unvalued: str | None = None
    decided: tuple[Verdict, ...] = ()

    def measurements(self) -> Measurements:
        """What the criteria judge."""
        return measurements_of(self.metrics, self.window, 0 if self.evidence is None else self.evidence.warmup_bars)


def measurements_of(metrics: Metrics, window: Window, warmup_bars: int) -> Measurements:
    """What the criteria judge of a sample's metrics; ``warmup_bars`` of its evidence bars are warm-up."""
    win, loss = metrics.money("average_win"), metrics.money("average_loss")
    return Measurements(
        window=window,
        trades=metrics.whole("trades") or 0,
        bars=metrics.whole("evidence_bars") or 0,
        warmup_bars=warmup_bars,
        sharpe=metrics.fraction("sharpe"),
        sharpe_stderr=metrics.fraction("sharpe_stderr"),
        volatility=metrics.fraction("volatility"),
        drawdown_max=metrics.fraction("drawdown_max"),
        win_rate=metrics.fraction("win_rate"),
        breakeven=breakeven_rate(1, win or 0, 1, loss or 0),
    )


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What doing nothing would have come to, before costs. ``bars`` are the evidence bars behind the ratios."""

    name: str
    tracks: tuple[str, ...]
    line: Line
    total_return: float | None
    annualised_return: float | None
    sharpe: float | None
    sharpe_stderr: float | None
    sortino: float | None
    calmar: float | None
    drawdown_max: float | None
    bars: int


class StreamFact(msgspec.Struct, frozen=True):
    """A stream of the tape: how many rows, and the SHA-256 of the file they were read from.

    ``volume`` is false for bars without any. ``repaired`` says of what was repaired: the problem, the policy, how many rows.
    """

    name: str
    rows: int
    digest: str
    volume: bool = True
    repaired: tuple[tuple[str, str, int], ...] = ()


class Gap(msgspec.Struct, frozen=True):
    """Market data missing in [``time_from``, ``time_to``)."""

    stream: str
    time_from: int
    time_to: int
    detail: str


class FeedFaultFact(msgspec.Struct, frozen=True):
    """What a fault did to a stream as it arrived: ``windows`` it fell into, ``messages`` it touched, ``recognised`` of them at the feed's door."""

    stream: str
    fault: str
    windows: int
    messages: int
    recognised: int


class FaultSpan(msgspec.Struct, frozen=True):
    """A window of a fault into which ``hits`` orders, cancels or answers fell; ``where`` is an instrument, or empty for the connection."""

    fault: str
    where: str
    time_from: int
    time_to: int
    hits: int


class FaultLength(msgspec.Struct, frozen=True):
    """How many windows of a fault met the run, and for how long in all, in ns; ``where`` as in `FaultSpan`."""

    fault: str
    where: str
    windows: int
    length: int


class Orders(msgspec.Struct, frozen=True):
    """A track's orders: how many were sent, refused by the venue (by reason), refused by risk, and open at the end."""

    sent: int
    rejected: Mapping[str, int]
    denied: int
    open: int


class UnderFaults(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's run under a fault plan, beside the same strategy undisturbed.

    ``injected`` counts by fault what was done to orders, cancels and answers, ``None`` while the tape has not ended; ``oldest_price`` is the
    largest age in ns of a price while a position was held, under the plan and undisturbed. ``slowest_fill`` is the longest time in ns
    from a fill at the venue to its being heard.
    """

    plan: str
    about: str
    track: TrackReport
    undisturbed: TrackReport
    feed: tuple[FeedFaultFact, ...]
    injected: Mapping[str, int] | None
    lengths: tuple[FaultLength, ...]
    hit: tuple[FaultSpan, ...]
    gaps: tuple[Gap, ...]
    orders: Orders
    orders_undisturbed: Orders
    cancels_refused: int
    unanswered: int
    slowest_fill: int | None
    oldest_price: tuple[int | None, int | None]


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """A run: what it was a function of, how far it came, and its tracks; the ``criteria`` are those it ran under, or the defaults where none
    are recorded; ``beside`` is a track's strategy under the profile ``realistic``, ``under_faults`` those that also ran under a fault plan.
    """

    name: str
    store: str
    source: str
    entries: int
    head: str
    about: str
    seed: str
    sample_every: str
    complete: bool
    window: Window
    execution: tuple[Fact, ...]
    limits: tuple[Fact, ...]
    instruments: tuple[str, ...]
    streams: tuple[StreamFact, ...]
    gaps: tuple[Gap, ...]
    tracks: tuple[TrackReport, ...]
    beside: Mapping[str, TrackReport] = {}
    benchmarks: tuple[Benchmark, ...]
    under_faults: tuple[UnderFaults, ...] = ()
    criteria: ValidationCriteria = ValidationCriteria()
    criteria_recorded: bool = True
