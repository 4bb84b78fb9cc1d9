"""The parts of entries that projections read, by type and version 1: a decoder each.

What an entry has beside them is skipped. Amounts stay the exact text they are.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

Body = TypeVar("Body")


class Entry(msgspec.Struct, Generic[Body], gc=False):
    body: Body
    time: int
    track: str | None


class Intent(msgspec.Struct, gc=False):
    instrument: str
    limit_px: str | None
    post_only: bool
    qty: str
    reduce_only: bool
    side: str
    tag: str
    tif: str
    trailing_bp: int | None
    trigger_px: str | None
    type: str


class SubmittedBody(msgspec.Struct, gc=False):
    client_order_id: str
    intent: Intent


class SteppedBody(msgspec.Struct, gc=False):
    client_order_id: str
    reason: str | None = None


class Cost(msgspec.Struct, gc=False):
    drift: str
    impact: str
    slippage: str
    spread_x2: str
    walk: str


# In the order of an entry's keys, in which a decoder finds them soonest.
class FilledBody(msgspec.Struct, gc=False, kw_only=True):
    """A fill; entries of schema version 1 say nothing of ``confidence`` and ``cost``."""

    arrival_px: str | None
    client_order_id: str
    confidence: str | None = None
    cost: Cost | None = None
    decision_px: str | None
    fee: str
    fee_currency: str
    fill_id: str
    filled_qty: str
    last_px: str
    last_qty: str
    leaves_qty: str
    liquidity: str
    side: str
    tier: str
    time_event: int


class DeniedBody(msgspec.Struct, gc=False):
    intent: Intent
    reason: str
    detail: str


class TradedBody(msgspec.Struct, gc=False):
    instrument: str
    side: str
    time_open: int
    time_close: int
    qty: str
    entry_notional: str
    exit_notional: str
    fees: str
    pnl: str
    currency: str
    fills: int
    forced: bool
    funding: str | None = None


class FundingBody(msgspec.Struct, gc=False):
    time_event: int
    instrument: str
    qty: str
    mark_px: str
    rate: str
    amount: str
    currency: str


class SampledBody(msgspec.Struct, gc=False):
    currency: str


class MeasuredBody(msgspec.Struct, gc=False):
    metrics: msgspec.Raw


class EvidenceBody(msgspec.Struct, gc=False):
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


class FamilyBody(msgspec.Struct, gc=False):
    adjusted: msgspec.Raw
    source: str


class StandingShape(msgspec.Struct, gc=False):
    stage: str
    fraction: str
    attempt: int
    epoch: int
    forced: bool
    pause: str


class WeighedShape(msgspec.Struct, gc=False):
    e_value: float
    adjusted: float
    residual: float | None
    e_live: float | None


class PromotionShape(msgspec.Struct, gc=False):
    after: StandingShape
    facts: WeighedShape
    move: str | None
    action: str
    reasons: msgspec.Raw
    call: str


class PromotionBody(msgspec.Struct, gc=False):
    record: PromotionShape
    digest: str


class StageBody(msgspec.Struct, gc=False):
    move: str
    action: str
    stage_before: str
    stage_after: str
    fraction_before: str
    fraction_after: str
    attempt: int
    epoch: int
    identity: str
    forced: bool
    reasons: msgspec.Raw
    evaluation: str


class CommandBody(msgspec.Struct, gc=False):
    number: int
    command: str
    target: str | None
    author: str
    reason: str
    taken: bool
    words: str


class HaltedBody(msgspec.Struct, gc=False):
    reason: str
    detail: str
    action: str


class StoppedBody(msgspec.Struct, gc=False):
    hook: str
    error: str


class GapBody(msgspec.Struct, gc=False):
    stream: str
    time_from: int
    time_to: int
    missing: int | None
    detail: str


class IncidentBody(msgspec.Struct, gc=False):
    client_order_id: str
    code: int | None
    detail: str


class NotedBody(msgspec.Struct, gc=False):
    text: str


class CapitalBody(msgspec.Struct, gc=False):
    amount: str
    equity: str
    currency: str
    share: str
    reason: str


class ComparedBody(msgspec.Struct, gc=False):
    experiment: str
    results: msgspec.Raw


class ClosedBody(msgspec.Struct, gc=False):
    reason: str


class StartedBody(msgspec.Struct, gc=False):
    tracks: list[msgspec.Raw] = []


class TrackName(msgspec.Struct, gc=False):
    name: str


# Not strict: integers beyond 2**53 stand in an entry as strings.
SUBMITTED = msgspec.json.Decoder(Entry[SubmittedBody], strict=False)
STEPPED = msgspec.json.Decoder(Entry[SteppedBody], strict=False)
FILLED = msgspec.json.Decoder(Entry[FilledBody], strict=False)
DENIED = msgspec.json.Decoder(Entry[DeniedBody], strict=False)
FUNDED = msgspec.json.Decoder(Entry[FundingBody], strict=False)
TRADED = msgspec.json.Decoder(Entry[TradedBody], strict=False)
MEASURED = msgspec.json.Decoder(Entry[MeasuredBody], strict=False)
SAMPLED = msgspec.json.Decoder(Entry[SampledBody], strict=False)
EVIDENCE = msgspec.json.Decoder(Entry[EvidenceBody], strict=False)
FAMILY = msgspec.json.Decoder(Entry[FamilyBody], strict=False)
PROMOTION = msgspec.json.Decoder(Entry[PromotionBody], strict=False)
STAGE = msgspec.json.Decoder(Entry[StageBody], strict=False)
COMMAND = msgspec.json.Decoder(Entry[CommandBody], strict=False)
HALTED = msgspec.json.Decoder(Entry[HaltedBody], strict=False)
STOPPED = msgspec.json.Decoder(Entry[StoppedBody], strict=False)
GAP = msgspec.json.Decoder(Entry[GapBody], strict=False)
INCIDENT = msgspec.json.Decoder(Entry[IncidentBody], strict=False)
FAULTS = msgspec.json.Decoder(Entry[msgspec.Raw], strict=False)
NOTED = msgspec.json.Decoder(Entry[NotedBody], strict=False)
STARTED = msgspec.json.Decoder(Entry[StartedBody], strict=False)
OPENED = msgspec.json.Decoder(Entry[msgspec.Raw], strict=False)
CAPITAL = msgspec.json.Decoder(Entry[CapitalBody], strict=False)
COMPARED = msgspec.json.Decoder(Entry[ComparedBody], strict=False)
CLOSED = msgspec.json.Decoder(Entry[ClosedBody], strict=False)
TRACK = msgspec.json.Decoder(TrackName)
