"""Small whole runs: a tape from rows, tracks of real strategies, and the chain head they end with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import encode
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.execution.faults import VenueFaults
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import Event, OrderDenied
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import BarSpec
from genesis.model.money import Money
from genesis.model.orders import DenyReason
from genesis.model.run_events import RunStarted
from genesis.model.track_events import MetricSample
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS, Tier
from genesis.rng import ClippedNormal
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream, StreamKind

FX = Instrument("EURUSD", "FX", "EUR", "USD", Decimal("0.01"), Decimal("0.001"), InstrumentKind.FX)
SPOT = Instrument("BTCUSDT", "BINANCE", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
START = 1_735_689_600_000_000_000
# Nothing but the venue's own margin stands in the way.
UNBOUNDED = Tier(
    name="free",
    from_usd=Decimal(0),
    strategies=1,
    budget_max=Decimal(1),
    order_max=Decimal(10),
    gross_exposure_max=Decimal(10),
    leverage=Decimal(20),
    open_orders_max=10,
    daily_loss_max=Decimal(10),
    drawdown_halt=Decimal(10),
)
# Ten milliseconds from the venue, nothing slips, and a print fills whatever it goes through.
EXACT = ExecutionProfile(
    latency_ms=ClippedNormal(10, 0, 10, 10), slippage_bp=ClippedNormal(0, 0, 0, 0), prints_share=Decimal(1)
)
Build = Callable[[PaperTradingSimulator], None]


class Memory:
    """A journal that keeps the entries' bytes."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.events: list[Event] = []
        self.head = GENESIS_HASH
        self.replaying = False

    @property
    def length(self) -> int:
        return len(self.entries)

    def append(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events.append(event)
            self.entries.append(encode(event))
            self.head = link(self.head, self.entries[-1])

    def commit(self) -> None:
        pass


def only(journal: Memory, kind: type[Event]) -> list[Event]:
    """The events of a kind, in their order."""
    return [e for e in journal.events if isinstance(e, kind)]


def denials(journal: Memory) -> list[tuple[DenyReason, str]]:
    """What risk refused, and in what words."""
    return [(e.reason, e.detail) for e in journal.events if isinstance(e, OrderDenied)]


def last_metrics(journal: Memory) -> dict[str, object]:
    """The metrics of the last sample."""
    return {**[e for e in journal.events if isinstance(e, MetricSample)][-1].told()}


def trades_stream(rows: Sequence[tuple[int, int, int, int]], instrument: Instrument = FX) -> Stream:
    """Trades of (ns after START, ticks, lots, taker sign)."""
    stream = Stream(instrument, StreamKind.TRADES)
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    ts = table[:, 0] + START
    ids = np.arange(1, len(rows) + 1, dtype=np.int64)
    stream.record(
        {
            "ts": ts,
            "time_event": ts,
            "seq": np.zeros(len(rows), np.int64),
            "trade_id": ids,
            "ticks": table[:, 1].copy(),
            "lots": table[:, 2].copy(),
            "side": table[:, 3].copy(),
        }
    )
    return stream


def quotes_stream(rows: Sequence[tuple[int, int, int, int, int]], instrument: Instrument = FX) -> Stream:
    """Quotes of (ns after START, bid, bid lots, ask, ask lots)."""
    stream = Stream(instrument, StreamKind.QUOTES)
    table = np.array(rows, np.int64).reshape(len(rows), 5)
    ts = table[:, 0] + START
    names = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
    columns = {n: table[:, i + 1].copy() for i, n in enumerate(names)}
    stream.record({"ts": ts, "time_event": ts, "seq": np.zeros(len(rows), np.int64), **columns})
    return stream


def marks_stream(rows: Sequence[tuple[int, int, int, int]], instrument: Instrument) -> Stream:
    """Mark prices of (ns after START, mark, low, high) in mark units."""
    stream = Stream(instrument, StreamKind.MARK)
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    columns = {n: table[:, i + 1].copy() for i, n in enumerate(("mark", "low", "high"))}
    ts = table[:, 0] + START
    stream.record({"ts": ts, "time_event": ts, "seq": np.zeros(len(rows), np.int64), **columns})
    return stream


def funding_stream(rows: Sequence[tuple[int, int]], instrument: Instrument) -> Stream:
    """Settlements of (ns after START, rate in 10**-8)."""
    stream = Stream(instrument, StreamKind.FUNDING)
    table = np.array(rows, np.int64).reshape(len(rows), 2)
    ts = table[:, 0] + START
    zeros = np.zeros(len(rows), np.int64)
    stream.record({"ts": ts, "time_event": ts, "seq": zeros, "rate_e8": table[:, 1].copy()})
    return stream


def run(
    streams: Sequence[Stream],
    strategies: Sequence[tuple[str, Strategy]],
    rows: int | Callable[[], int] | None = None,
    profile: ExecutionProfile | None = None,
    budget: str = "10000",
    limits: Limits | None = None,
    scopes: Mapping[str, str] | None = None,
    tiers: Sequence[Tier] = DEFAULT_TIERS,
    fees: Mapping[str, FeeSchedule] | None = None,
    terms: Mapping[str, PerpetualTerms] | None = None,
    faults: VenueFaults | None = None,
) -> tuple[Memory, PaperTradingSimulator]:
    """Run strategies over freshly recorded streams, the tape cut into ``rows`` rows; ``scopes`` names liquidity scopes by track.

    ``faults`` are of every track's venue.
    """
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, profile, limits, tiers, fees, terms=terms)
    for name, strategy in strategies:
        scope = (scopes or {}).get(name)
        simulator.add(name, strategy, Money(budget, strategy.instruments[0].quote), scope=scope, faults=faults)
    journal = Memory()
    engine = TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}))
    engine.run(Replay(streams).cut(rows))
    return journal, simulator


def depth_stream(
    rows: Sequence[tuple[int, int, int, int]], instrument: Instrument = FX, snapshots: Sequence[int] = ()
) -> Stream:
    """Depth rows of (ns after START, side, ticks, lots); rows of one moment are one message, a snapshot at the moments named."""
    stream = Stream(instrument, StreamKind.DEPTH)
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    ts = table[:, 0] + START
    zeros = np.zeros(len(rows), np.int64)
    columns = {n: table[:, i + 1].copy() for i, n in enumerate(("side", "ticks", "lots"))}
    whole = np.isin(table[:, 0], np.array(snapshots, np.int64)).astype(np.int64)
    stream.record({"ts": ts, "time_event": ts, "seq": zeros, "snapshot": whole, **columns})
    return stream


def bars_stream(
    rows: Sequence[tuple[int, int, int, int, int]], spec: str = "1s", instrument: Instrument = FX
) -> Stream:
    """Bars of (open, high, low, close, lots), one after another from START."""
    stream = Stream(instrument, StreamKind.BARS, BarSpec.parse(spec))
    table = np.array(rows, np.int64).reshape(len(rows), 5)
    assert stream.spec is not None
    opened = START + np.arange(len(rows), dtype=np.int64) * stream.spec.step
    columns = {n: table[:, i].copy() for i, n in enumerate(("open", "high", "low", "close", "lots"))}
    stream.record(
        {"ts": opened + stream.spec.step, "time_open": opened, "seq": np.zeros(len(rows), np.int64), **columns}
    )
    return stream
