"""What is journalled, and what strategies are told about their orders.

Each event knows its wire form: a dict of text, integers, floats, booleans and ``None`` whose canonical JSON is final from day
one. Prices, quantities and money are written as exact decimal text; times are engine time, UTC ns. Nothing here depends
on wall clock, host, path or process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import msgspec

from genesis.ids import fill_id
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.mark_prices import mark_grid
from genesis.model.orders import DenyReason, Liquidity, Order, OrderIntent, RejectReason, Side

Wire = dict[str, object]


class TapePosition(msgspec.Struct, frozen=True, gc=False):
    """The market data an entry saw: ``rows`` rows of ``stream``, and the chained digest of its last full block of 4,096."""

    stream: str
    rows: int
    block: str

    def wire(self) -> Wire:
        """Wire form."""
        return {"block": self.block, "rows": self.rows, "stream": self.stream}


class Event(msgspec.Struct, frozen=True, gc=False):
    """An entry of the run chain. ``time`` is engine time; ``track`` is ``None`` for what concerns the whole run."""

    VERSION: ClassVar[int] = 1
    time: int
    track: str | None

    def wire(self) -> Wire:
        """Wire form of what the subclass adds."""
        raise TypeError(f"{type(self).__name__} has no wire form")


def intent_wire(intent: OrderIntent) -> Wire:
    """Wire form of an intent: only exact text, and only what applies."""
    instrument = intent.instrument
    return {
        "instrument": instrument.id,
        "limit_px": None if intent.limit_ticks is None else instrument.price_grid.to_text(intent.limit_ticks),
        "post_only": intent.post_only,
        "qty": instrument.qty_grid.to_text(intent.lots),
        "reduce_only": intent.reduce_only,
        "side": intent.side.name,
        "tag": intent.tag,
        "tif": intent.time_in_force.value,
        "trailing_bp": intent.trailing_bp,
        "trigger_px": None if intent.trigger_ticks is None else instrument.price_grid.to_text(intent.trigger_ticks),
        "type": intent.type.value,
    }


class OrderEvent(Event, frozen=True, gc=False):
    """Something that happened to an order. ``time_event`` is when it happened at the venue."""

    order: Order
    time_event: int

    @property
    def client_order_id(self) -> str:
        """The order's id."""
        return self.order.client_order_id


class OrderDenied(Event, frozen=True, gc=False):
    """Risk refused an intent: it was never sent."""

    intent: OrderIntent
    reason: DenyReason
    detail: str
    position: TapePosition | None = None

    def wire(self) -> Wire:
        return {
            "detail": self.detail,
            "intent": intent_wire(self.intent),
            "position": None if self.position is None else self.position.wire(),
            "reason": self.reason.value,
        }


class OrderSubmitted(OrderEvent, frozen=True, gc=False):
    """Risk approved and the order was sent."""

    position: TapePosition | None = None

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "intent": intent_wire(self.order.intent),
            "position": None if self.position is None else self.position.wire(),
        }


class OrderAccepted(OrderEvent, frozen=True, gc=False):
    """The venue has it and it works."""

    def wire(self) -> Wire:
        return {"client_order_id": self.order.client_order_id, "time_event": self.time_event}


class OrderRejected(OrderEvent, frozen=True, gc=False):
    """The venue refused it at arrival."""

    reason: RejectReason
    detail: str

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "detail": self.detail,
            "reason": self.reason.value,
            "time_event": self.time_event,
        }


class OrderTriggered(OrderEvent, frozen=True, gc=False):
    """A stop, take-profit or trailing order met its trigger."""

    trigger_ticks: int

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "time_event": self.time_event,
            "trigger_px": self.order.intent.instrument.price_grid.to_text(self.trigger_ticks),
        }


class OrderCancelRequested(OrderEvent, frozen=True, gc=False):
    """We asked the venue to cancel it; it may still fill."""

    def wire(self) -> Wire:
        return {"client_order_id": self.order.client_order_id}


class OrderCancelRejected(OrderEvent, frozen=True, gc=False):
    """A cancel was not taken: by the venue, in its words, or (``code`` is ``None``) because it could not be sent. The order stands as it did."""

    code: int | None
    detail: str

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "code": self.code,
            "detail": self.detail,
            "time_event": self.time_event,
        }


class OrderUnanswered(OrderEvent, frozen=True, gc=False):
    """The venue cannot say what became of an order; it may have been executed. ``time_event`` is when that happened of which it does not tell."""

    code: int
    detail: str

    def wire(self) -> Wire:
        # When it happened is known only to who looks from outside; the track learns it with the answer.
        return {"client_order_id": self.order.client_order_id, "code": self.code, "detail": self.detail}


class OrderCanceled(OrderEvent, frozen=True, gc=False):
    """The venue confirmed the cancel."""

    leaves_lots: int

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "leaves_qty": self.order.intent.instrument.qty_grid.to_text(self.leaves_lots),
            "time_event": self.time_event,
        }


class OrderExpired(OrderEvent, frozen=True, gc=False):
    """The venue ended it: time in force, or no liquidity."""

    reason: RejectReason
    leaves_lots: int

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "leaves_qty": self.order.intent.instrument.qty_grid.to_text(self.leaves_lots),
            "reason": self.reason.value,
            "time_event": self.time_event,
        }


class OrderFilled(OrderEvent, frozen=True, gc=False):
    """A fill.

    ``filled_lots`` is cumulative, ``leaves_lots`` what still works. ``fee`` is in 10**-fee_decimals of ``fee_currency``, positive
    is paid. ``decision_ticks`` and ``arrival_ticks`` are the touch (or the last price) an order of this side faced when it was
    decided and when it arrived. ``tier`` names the data that made the fill (``bars``, ``trades``, ``quotes``, ``depth`` or ``orders``),
    ``confidence`` how far it is to be believed. ``drift`` to ``impact`` say where the price comes from, in ticks a lot, positive against us
    (see `genesis.execution.pricing.FillCost`).
    """

    number: int
    last_ticks: int
    last_lots: int
    filled_lots: int
    leaves_lots: int
    liquidity: Liquidity
    fee: int
    fee_currency: str
    fee_decimals: int
    tier: str
    confidence: str
    decision_ticks: int | None
    arrival_ticks: int | None
    drift: int = 0
    spread_x2: int = 0
    walk: int = 0
    slippage: int = 0
    impact: int = 0
    position: TapePosition | None = None

    @property
    def fill_id(self) -> str:
        """Derived from the order and the fill's number."""
        return fill_id(self.order.client_order_id, self.number)

    def cost_wire(self) -> Wire:
        """Where the price comes from, in quote currency a unit; the half spread is written doubled, since it may be half a tick."""
        price = self.order.intent.instrument.price_grid.to_text
        return {
            "drift": price(self.drift),
            "impact": price(self.impact),
            "slippage": price(self.slippage),
            "spread_x2": price(self.spread_x2),
            "walk": price(self.walk),
        }

    def wire(self) -> Wire:
        instrument = self.order.intent.instrument
        price, qty = instrument.price_grid.to_text, instrument.qty_grid.to_text
        return {
            "arrival_px": None if self.arrival_ticks is None else price(self.arrival_ticks),
            "client_order_id": self.order.client_order_id,
            "confidence": self.confidence,
            "cost": self.cost_wire(),
            "decision_px": None if self.decision_ticks is None else price(self.decision_ticks),
            "fee": currency_grid(self.fee_decimals).to_text(self.fee),
            "fee_currency": self.fee_currency,
            "fill_id": self.fill_id,
            "filled_qty": qty(self.filled_lots),
            "last_px": price(self.last_ticks),
            "last_qty": qty(self.last_lots),
            "leaves_qty": qty(self.leaves_lots),
            "liquidity": self.liquidity.value,
            "position": None if self.position is None else self.position.wire(),
            "side": self.order.intent.side.name,
            "tier": self.tier,
            "time_event": self.time_event,
        }


class OrderPrevented(OrderEvent, frozen=True, gc=False):
    """The venue took away what would have met an order of the same account."""

    prevented_lots: int
    leaves_lots: int

    def wire(self) -> Wire:
        qty = self.order.intent.instrument.qty_grid.to_text
        return {
            "client_order_id": self.order.client_order_id,
            "leaves_qty": qty(self.leaves_lots),
            "prevented_qty": qty(self.prevented_lots),
            "time_event": self.time_event,
        }


Told = str | int | float | None


class Metrics(Protocol):
    """Metrics that are worked out when they are read."""

    def metrics(self) -> dict[str, Told]: ...

    def __getitem__(self, name: str, /) -> Told: ...


class MetricSample(Event, frozen=True, gc=False):
    """A track's metrics at an hour of engine time. Money is exact text in ``currency``; undefined is ``None``."""

    currency: str
    metrics: dict[str, Told] | Metrics

    def told(self) -> dict[str, Told]:
        """The metrics by name."""
        metrics = self.metrics
        return metrics if isinstance(metrics, dict) else metrics.metrics()

    def wire(self) -> Wire:
        return {"currency": self.currency, "metrics": dict(self.told())}


class TrackHalted(Event, frozen=True, gc=False):
    """A limit was broken: entries stop, and what ``action`` says is done."""

    reason: str
    detail: str
    action: str

    def wire(self) -> Wire:
        return {"action": self.action, "detail": self.detail, "reason": self.reason}


class TrackStopped(Event, frozen=True, gc=False):
    """A strategy raised: its own track stops and no other. ``error`` is type and message, never a traceback."""

    hook: str
    error: str

    def wire(self) -> Wire:
        return {"error": self.error, "hook": self.hook}


class StrategyNote(Event, frozen=True, gc=False):
    """A remark of the strategy itself (``self.note``), kept with the run."""

    text: str

    def wire(self) -> Wire:
        return {"text": self.text}


class RunStarted(Event, frozen=True, gc=False):
    """The first entry: everything the run is a function of. ``facts`` holds configuration, instruments, tape and tracks."""

    facts: Wire

    def wire(self) -> Wire:
        return dict(self.facts)


class TrackOpened(Event, frozen=True, gc=False):
    """A track began while others ran; ``facts`` are what the first entry says of those that were there from the start."""

    facts: Wire

    def wire(self) -> Wire:
        return dict(self.facts)


class CapitalMoved(Event, frozen=True, gc=False):
    """Capital came to a track, or left it where ``amount`` is below 0: a cash flow, no return.

    ``amount`` and ``equity``, what the account was worth before it, are in 10**-decimals of ``currency``; ``share`` is the share of its
    budget that the track trades from now on, exact text.
    """

    amount: int
    equity: int
    currency: str
    decimals: int
    share: str
    reason: str

    def wire(self) -> Wire:
        text = currency_grid(self.decimals).to_text
        return {
            "amount": text(self.amount),
            "currency": self.currency,
            "equity": text(self.equity),
            "reason": self.reason,
            "share": self.share,
        }


class TrackClosed(Event, frozen=True, gc=False):
    """A track is over: it is flat, nothing works, and its capital has gone back to the account."""

    reason: str

    def wire(self) -> Wire:
        return {"reason": self.reason}


class GapFound(Event, frozen=True, gc=False):
    """Market data are missing in [``time_from``, ``time_to``); ``missing`` counts bars or ids where that is known."""

    stream: str
    time_from: int
    time_to: int
    missing: int | None
    detail: str

    def wire(self) -> Wire:
        return {
            "detail": self.detail,
            "missing": self.missing,
            "stream": self.stream,
            "time_from": self.time_from,
            "time_to": self.time_to,
        }


class RowsLate(Event, frozen=True, gc=False):
    """Rows arrived after the bar they belong to had closed; the bar was not reopened."""

    stream: str
    bar_close: int
    rows: int

    def wire(self) -> Wire:
        return {"bar_close": self.bar_close, "rows": self.rows, "stream": self.stream}


class FaultWindow(msgspec.Struct, frozen=True, gc=False):
    """A window [``time_from``, ``time_to``) of a fault, into which ``hits`` orders, cancels or answers fell.

    ``instrument`` is empty where it is one of the connection to the venue.
    """

    fault: str
    instrument: str
    time_from: int
    time_to: int
    hits: int

    def wire(self) -> Wire:
        """Wire form."""
        return {
            "fault": self.fault,
            "hits": self.hits,
            "instrument": self.instrument,
            "time_from": self.time_from,
            "time_to": self.time_to,
        }


class FaultTime(msgspec.Struct, frozen=True, gc=False):
    """How many windows of a fault met a run, and for how long in all; ``instrument`` as in `FaultWindow`."""

    fault: str
    instrument: str
    windows: int
    length_ns: int

    def wire(self) -> Wire:
        """Wire form."""
        return {
            "fault": self.fault,
            "instrument": self.instrument,
            "length_ns": self.length_ns,
            "windows": self.windows,
        }


class FaultsInjected(Event, frozen=True, gc=False):
    """What a fault plan did to a track's orders and answers, told when the tape ends.

    ``injected`` counts by fault; ``times`` are of all windows that met the run, ``hit`` those into which something fell. The largest age of the price that marked a position while it was
    held, in ns (``None``: nothing was held), is that of this track and of the same strategy undisturbed.
    """

    injected: Mapping[str, int]
    times: tuple[FaultTime, ...]
    hit: tuple[FaultWindow, ...]
    oldest_price_ns: int | None
    oldest_price_undisturbed_ns: int | None

    def wire(self) -> Wire:
        return {
            "hit": [w.wire() for w in self.hit],
            "injected": dict(self.injected),
            "oldest_price_ns": self.oldest_price_ns,
            "oldest_price_undisturbed_ns": self.oldest_price_undisturbed_ns,
            "times": [t.wire() for t in self.times],
        }


class TradeClosed(Event, frozen=True, gc=False):
    """A trade has ended. Amounts are in 10**-``decimals`` of ``currency``, ``qty`` in base ledger units; ``pnl`` is net of fees and slippage.

    ``funding`` (negative is paid) is told of perpetuals alone; their ``pnl`` is net of it too.
    """

    instrument: Instrument
    side: Side
    time_open: int
    time_close: int
    qty: int
    entry_notional: int
    exit_notional: int
    fees: int
    pnl: int
    currency: str
    decimals: int
    fills: int
    forced: bool
    funding: int | None = None

    def wire(self) -> Wire:
        money = currency_grid(self.decimals).to_text
        funding = {} if self.funding is None else {"funding": money(self.funding)}
        return funding | {
            "currency": self.currency,
            "entry_notional": money(self.entry_notional),
            "exit_notional": money(self.exit_notional),
            "fees": money(self.fees),
            "fills": self.fills,
            "forced": self.forced,
            "instrument": self.instrument.id,
            "pnl": money(self.pnl),
            "qty": currency_grid(self.instrument.base_decimals).to_text(self.qty),
            "side": self.side.name,
            "time_close": self.time_close,
            "time_open": self.time_open,
        }


class FundingPaid(Event, frozen=True, gc=False):
    """Funding of a perpetual was settled and heard. ``change`` of cash (negative is paid) is in 10**-``decimals`` of ``currency``.

    ``time_event`` is the settlement; ``units`` is the position that the venue settled, in signed base ledger units; ``mark`` the mark
    price (`genesis.model.mark_prices`), ``rate_e8`` the rate. ``position`` counts the settlements.
    """

    instrument: Instrument
    time_event: int
    units: int
    mark: int
    rate_e8: int
    change: int
    currency: str
    decimals: int
    position: TapePosition | None = None

    def wire(self) -> Wire:
        return {
            "amount": currency_grid(self.decimals).to_text(self.change),
            "currency": self.currency,
            "instrument": self.instrument.id,
            "mark_px": mark_grid(self.instrument).to_text(self.mark),
            "position": None if self.position is None else self.position.wire(),
            "qty": currency_grid(self.instrument.base_decimals).to_text(self.units),
            "rate": currency_grid(8).to_text(self.rate_e8),
            "time_event": self.time_event,
        }


class Liquidated(Event, frozen=True, gc=False):
    """The margin balance was at or under the maintenance margin: the venue cancels the track's orders and closes a position.

    ``units`` is what is closed, in signed base ledger units, ``mark`` the mark price at which the account was judged; the account's sums
    are in 10**-``decimals`` of ``currency``. ``position`` is of the stream whose row showed that price.
    """

    instrument: Instrument
    units: int
    mark: int
    wallet: int
    unrealized: int
    maintenance: int
    currency: str
    decimals: int
    position: TapePosition | None = None

    def detail(self) -> str:
        """What was found, in words."""
        money = currency_grid(self.decimals).to_text
        found = money(self.wallet + self.unrealized)
        return f"expected a margin balance above the maintenance margin of {money(self.maintenance)}, found {found}"

    def wire(self) -> Wire:
        money = currency_grid(self.decimals).to_text
        return {
            "action": "orders cancelled, position closed by the venue, track halted",
            "currency": self.currency,
            "detail": self.detail(),
            "instrument": self.instrument.id,
            "maintenance_margin": money(self.maintenance),
            "margin_balance": money(self.wallet + self.unrealized),
            "mark_px": mark_grid(self.instrument).to_text(self.mark),
            "position": None if self.position is None else self.position.wire(),
            "qty": currency_grid(self.instrument.base_decimals).to_text(self.units),
            "reason": "LIQUIDATED",
            "unrealized_pnl": money(self.unrealized),
            "wallet_balance": money(self.wallet),
        }


class EvidenceSample(Event, frozen=True, gc=False):
    """What a strategy version's evidence bars have shown when one more has closed (docs/EVIDENCE.md).

    The record holds every ``bar_return``, and the run's first entry the rules, so all else can be computed from it again. ``loss_bound`` is a
    fraction of the equity at a bar's start; ratios are annual, ``sharpe_low`` and ``sharpe_high`` their 95 % confidence sequence.
    """

    bar_return: float | None
    bars: int
    warmup_bars: int
    e_value: float
    loss_bound: float | None
    bound_broken: bool
    deviation: float | None
    sharpe: float | None
    sharpe_stderr: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    source: str

    def wire(self) -> Wire:
        return {
            "bar_return": self.bar_return,
            "bars": self.bars,
            "bound_broken": self.bound_broken,
            "deviation": self.deviation,
            "e_value": self.e_value,
            "loss_bound": self.loss_bound,
            "sharpe": self.sharpe,
            "sharpe_high": self.sharpe_high,
            "sharpe_low": self.sharpe_low,
            "sharpe_stderr": self.sharpe_stderr,
            "source": self.source,
            "warmup_bars": self.warmup_bars,
        }


class FamilyEvidence(Event, frozen=True, gc=False):
    """The e-values of one moment's `EvidenceSample` entries, adjusted for how many versions are tried: by track."""

    adjusted: dict[str, float]
    source: str

    def wire(self) -> Wire:
        return {"adjusted": self.adjusted, "source": self.source}


class CommandTaken(Event, frozen=True, gc=False):
    """A command of the inbox was heard. ``taken`` says whether it was done or refused, ``words`` what came of it.

    One for each version that it concerned; ``track`` is ``None`` where it concerned none. ``target`` is what the author wrote, ``None`` for all versions.
    """

    number: int
    command: str
    target: str | None
    author: str
    reason: str
    taken: bool
    words: str

    def wire(self) -> Wire:
        return {
            "author": self.author,
            "command": self.command,
            "number": self.number,
            "reason": self.reason,
            "taken": self.taken,
            "target": self.target,
            "words": self.words,
        }


class PromotionEvaluated(Event, frozen=True, gc=False):
    """A promotion decision whole (docs/PROMOTION.md): rules, facts, room and commands that went in, standings before and after, move, reasons.

    ``record`` is the decision's JSON document, in wire form; ``digest`` is the SHA-256 (hex) of its canonical bytes. The decision can be made again from it alone.
    """

    digest: str
    record: Wire

    def wire(self) -> Wire:
        return {"digest": self.digest, "record": self.record}


class StageChanged(Event, frozen=True, gc=False):
    """A version has moved: the stage, or the capital fraction of its budget, is another one. ``evaluation`` is the digest of the decision.

    ``forced``: the fraction is held by a person's word, not backed by evidence.
    """

    identity: str
    move: str
    action: str
    stage_before: str
    stage_after: str
    fraction_before: str
    fraction_after: str
    attempt: int
    epoch: int
    forced: bool
    reasons: tuple[str, ...]
    evaluation: str

    def wire(self) -> Wire:
        return {
            "action": self.action,
            "attempt": self.attempt,
            "epoch": self.epoch,
            "evaluation": self.evaluation,
            "forced": self.forced,
            "fraction_after": self.fraction_after,
            "fraction_before": self.fraction_before,
            "identity": self.identity,
            "move": self.move,
            "reasons": list(self.reasons),
            "stage_after": self.stage_after,
            "stage_before": self.stage_before,
        }


class VariantsCompared(Event, frozen=True, gc=False):
    """The variants of one strategy, each challenger beside the champion (`genesis.evidence.pair_rules.PairResult`)."""

    experiment: str
    results: tuple[Wire, ...]

    def wire(self) -> Wire:
        return {"experiment": self.experiment, "results": list(self.results)}


class TapeEnded(Event, frozen=True, gc=False):
    """The recorded tape has no more rows: the run is complete."""

    rows: int

    def wire(self) -> Wire:
        return {"rows": self.rows}
