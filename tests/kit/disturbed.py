"""Runs of one strategy with and without a fault plan, over readings made by hand, and strategies to disturb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from genesis.clock import NS_PER_SECOND, iso_utc
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import RunSection
from genesis.execution.fault_plan import FaultPlan, Span
from genesis.feeds.files.reading import Reading
from genesis.model.events import Event, OrderCancelRejected, OrderDenied, OrderEvent, OrderRejected
from genesis.model.instruments import InstrumentKind
from genesis.model.market import Bar, Trade
from genesis.model.orders import Side
from genesis.model.promotion_events import EvidenceSample, PromotionEvaluated, StageChanged
from genesis.system.prepared import Prepared
from genesis.tape.stream import StreamKind
from tests.kit.recordings import reading
from tests.kit.runs import FX, START, Memory
from tests.kit.traders import Saved

ROOT = Path(__file__).parents[2]
S = NS_PER_SECOND
TRADERS = "tests/kit/traders.py"
HERE = "tests/kit/disturbed.py"
PLAN = "disturbed"


class Timed(Saved):
    """Does what its parameters say at whole seconds after START: orders a side (``rests`` ticks behind the last trade, or at market), or
    ``cancel`` for all that is open, or ``raise``. With ``retries`` it tries again at once whatever is refused.
    """

    class Params(msgspec.Struct, frozen=True):
        at: dict[str, str]
        lots: int = 2
        rests: int = 0
        retries: bool = False

    def on_start(self) -> None:
        self._ticks = 0
        self.subscribe_trades()
        for second in self.params.at:
            self.set_timer(second, START + int(second) * S)

    def on_trade(self, trade: Trade) -> None:
        self._ticks = trade.ticks

    def on_timer(self, name: str) -> None:
        what = self.params.at[name]
        if what == "cancel":
            self.cancel_all()
        elif what == "raise":
            raise RuntimeError("on purpose")
        else:
            self._send(Side[what])

    def _send(self, side: Side) -> None:
        i = self.instrument
        limit = i.price(self._ticks - self.params.rests * side) if self.params.rests else None
        self.order(side, i.quantity(self.params.lots), limit=limit)

    def on_order(self, event: OrderEvent | OrderDenied) -> None:
        if not self.params.retries:
            return
        if isinstance(event, OrderRejected):
            self._send(event.order.intent.side)
        if isinstance(event, OrderCancelRejected):
            self.cancel(event.order.client_order_id)


class BuysOnABar(Saved):
    """Buys at market at the close of the first minute."""

    def on_start(self) -> None:
        self._done = False
        self.subscribe_bars("1m")

    def on_bar(self, bar: Bar) -> None:
        if not self._done:
            self._done = True
            self.order(Side.BUY, self.instrument.quantity(2))


def trades(rows: Sequence[tuple[int, int, int, int]]) -> Reading:
    """Trades with ids, of (ns after START, ticks, lots, taker sign)."""
    table = [(t, 1 + n, ticks, lots, side) for n, (t, ticks, lots, side) in enumerate(rows)]
    return reading(StreamKind.TRADES, table, ("ts", "trade_id", "ticks", "lots", "side"), numbered=True)


def quotes(rows: Sequence[tuple[int, int, int, int, int]]) -> Reading:
    """Quotes with update ids, of (ns after START, bid, bid lots, ask, ask lots)."""
    table = [(*row, 1 + n) for n, row in enumerate(rows)]
    names = ("ts", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots", "update_id")
    return reading(StreamKind.QUOTES, table, names, numbered=True)


def steady(seconds: int, ticks: int = 10_000) -> list[Reading]:
    """A trade and a quote ten times a second, at one price."""
    tenth = S // 10
    return [
        trades([(i * tenth, ticks, 40, 1 - 2 * (i % 2)) for i in range(10 * seconds)]),
        quotes([(i * tenth + 1, ticks - 1, 50, ticks + 1, 50) for i in range(10 * seconds)]),
    ]


def span(start_s: float, stop_s: float) -> Span:
    """A window given in seconds after START."""
    return Span(iso_utc(START + int(start_s * S)), iso_utc(START + int(stop_s * S)))


def prepared(
    readings: Sequence[Reading],
    plan: FaultPlan | None,
    strategy: str = f"{TRADERS}:Restless",
    seed: int = 7,
    params: Mapping[str, Any] | None = None,
    scope: str | None = None,
) -> Prepared:
    """A run of the strategy and, where there is a plan, of the same under it; in a ``scope`` a second one competes with it."""
    instrument = InstrumentConfig(symbol="EURUSD", venue="FX", base="EUR", quote="USD", kind=InstrumentKind.FX)
    names = ["own"] if scope is None else ["own", "other"]
    strategies = [
        StrategyConfig(
            name=name,
            strategy=strategy,
            instruments=[FX.id],
            budget=Decimal(10_000),
            params=dict(params or {}),
            liquidity_scope=scope,
        )
        for name in names
    ]
    config = Config(
        run=RunSection(seed=seed, faults=None if plan is None else PLAN),
        instruments=[instrument],
        strategies=strategies,
        fault_plans={} if plan is None else {PLAN: plan},
    )
    return Prepared(config, ROOT, readings)


def ran(of: Prepared, rows: int | None = None) -> Memory:
    """The entries of the whole run, the tape cut into ``rows`` rows."""
    journal = Memory()
    assert of.execute(journal, rows=rows)
    return journal


def entries_of(journal: Memory, track: str) -> list[bytes]:
    """A track's entries, its own name left out of them; and its evidence and what is decided of it, which a disturbed track has none of."""
    reference_only = (EvidenceSample, PromotionEvaluated, StageChanged)
    found = [
        e
        for e, event in zip(journal.entries, journal.events, strict=True)
        if event.track == track and not isinstance(event, reference_only)
    ]
    return [e.replace(f'"{track}'.encode(), b'"') for e in found]


def events_of(journal: Memory, kind: type[Event], track: str = f"own!{PLAN}") -> list[Any]:
    """A track's events of one kind; of the disturbed track where none is named."""
    return [e for e in journal.events if isinstance(e, kind) and e.track == track]
