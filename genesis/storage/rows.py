"""The rows that queries give: prices, quantities and money as exact text, times in UTC ns, undefined as ``None``."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from genesis.storage.database import Database


class TrackRow(msgspec.Struct, frozen=True):
    """A track of the run; ``facts`` is what the run's first entry says of it."""

    position: int
    track: str
    facts: dict[str, Any]


class OrderRow(msgspec.Struct, frozen=True):
    """An order and how it stands. ``filled_notional`` is the exact sum of its fills' price times quantity, in quote."""

    seq: int
    track: str
    client_order_id: str
    instrument: str
    side: str
    type: str
    tif: str
    qty: str
    limit_px: str | None
    trigger_px: str | None
    trailing_bp: int | None
    post_only: bool
    reduce_only: bool
    tag: str
    time_submitted: int
    time_updated: int
    status: str
    filled_qty: str
    filled_notional: str
    reason: str | None
    avg_fill_px: str | None = None


class FillRow(msgspec.Struct, frozen=True):
    """A fill; a positive fee is paid. ``drift`` to ``impact`` say where the price comes from, in quote a unit, positive against us.

    They and ``confidence`` are ``None`` in a store of schema version 1.
    """

    seq: int
    track: str
    client_order_id: str
    fill_id: str
    instrument: str
    side: str
    time: int
    time_event: int
    last_px: str
    last_qty: str
    liquidity: str
    fee: str
    fee_currency: str
    tier: str
    confidence: str | None
    decision_px: str | None
    arrival_px: str | None
    drift: str | None
    spread_x2: str | None
    walk: str | None
    slippage: str | None
    impact: str | None


class DenialRow(msgspec.Struct, frozen=True):
    """An order that risk refused."""

    seq: int
    track: str
    time: int
    instrument: str
    side: str
    type: str
    qty: str
    reason: str
    detail: str


class RefusedRow(msgspec.Struct, frozen=True):
    """How many orders of a track risk refused for one reason; ``first`` are the words of the first of them."""

    track: str
    reason: str
    count: int
    first: str


class TradeRow(msgspec.Struct, frozen=True):
    """A closed trade; ``pnl`` is net of fees, slippage and ``funding`` (``None`` where there is no such thing)."""

    seq: int
    track: str
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
    funding: str | None


class FundingRow(msgspec.Struct, frozen=True):
    """A settlement of a perpetual: the position that the venue settled, at which mark price and rate; a negative amount was paid."""

    seq: int
    track: str
    time: int
    time_event: int
    instrument: str
    qty: str
    mark_px: str
    rate: str
    amount: str
    currency: str


class SampleRow(msgspec.Struct, frozen=True):
    """A track's metrics at a moment of engine time; money among them is exact text of ``currency``."""

    seq: int
    track: str
    time: int
    currency: str
    metrics: dict[str, Any]


class EvidenceRow(msgspec.Struct, frozen=True):
    """What a version's evidence bars had shown when one more had closed; ratios are annual, the bound a fraction of equity."""

    seq: int
    track: str
    time: int
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


class FamilyRow(msgspec.Struct, frozen=True):
    """The e-values of one moment by track, adjusted for how many versions are tried."""

    seq: int
    time: int
    adjusted: dict[str, float]
    source: str


class PromotionRow(msgspec.Struct, frozen=True):
    """A promotion decision in short; its entry holds it whole. ``stage`` and ``fraction`` (of the budget) are those after it.

    ``e_adjusted`` is E for the family, ``e_residual`` the same hedged by the benchmark, ``e_live`` that of the live track.
    """

    seq: int
    track: str
    time: int
    stage: str
    fraction: str
    move: str | None
    action: str
    attempt: int
    epoch: int
    forced: bool
    pause: str
    e_value: float
    e_adjusted: float
    e_residual: float | None
    e_live: float | None
    reasons: list[str]
    call: str
    digest: str

    @property
    def e_counted(self) -> float:
        """The E that decides: the smaller of the adjusted and the hedged one."""
        return self.e_adjusted if self.e_residual is None else min(self.e_adjusted, self.e_residual)


class StageRow(msgspec.Struct, frozen=True):
    """A move of a version; ``evaluation`` is the digest of the decision."""

    seq: int
    track: str
    time: int
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
    reasons: list[str]
    evaluation: str


class TakenRow(msgspec.Struct, frozen=True):
    """A command as the run heard it; ``number`` is its place in the inbox, ``track`` the version that answered."""

    seq: int
    track: str | None
    time: int
    number: int
    command: str
    target: str | None
    author: str
    reason: str
    taken: bool
    words: str


class StopRow(msgspec.Struct, frozen=True):
    """A track was ``HALTED`` by a limit, ``LIQUIDATED`` by its venue, or ``STOPPED`` because its strategy raised (``reason`` names the hook)."""

    seq: int
    track: str
    time: int
    kind: str
    reason: str
    detail: str
    action: str | None


class GapRow(msgspec.Struct, frozen=True):
    """Market data missing in [``time_from``, ``time_to``)."""

    seq: int
    time: int
    stream: str
    time_from: int
    time_to: int
    missing: int | None
    detail: str


class IncidentRow(msgspec.Struct, frozen=True):
    """What changed no order: ``CANCEL_REJECTED``, or ``UNANSWERED`` where the venue could not say what became of it; in the venue's words."""

    seq: int
    track: str
    time: int
    kind: str
    client_order_id: str
    code: int | None
    detail: str


class FaultsRow(msgspec.Struct, frozen=True):
    """What a fault plan did to a track, told when its tape ended."""

    seq: int
    track: str
    time: int
    facts: dict[str, Any]


class CapitalRow(msgspec.Struct, frozen=True):
    """Capital that came to a track or left it, and the share of its budget that it trades from then on."""

    seq: int
    track: str
    time: int
    amount: str
    equity: str
    currency: str
    share: str
    reason: str


class ComparisonRow(msgspec.Struct, frozen=True):
    """An A/B test at one moment; ``results`` as the entry holds them, one a challenger."""

    seq: int
    time: int
    experiment: str
    results: list[dict[str, Any]]


class NoteRow(msgspec.Struct, frozen=True):
    """A strategy's own remark."""

    seq: int
    track: str
    time: int
    text: str


class PositionRow(msgspec.Struct, frozen=True):
    """What a track's fills in one instrument come to. ``qty`` is bought minus sold, ``held_qty`` that less the fees taken from what was bought.

    ``held_qty`` is ``None`` where an account has several moneys: what is owned of an asset then belongs to no single instrument.
    """

    track: str
    instrument: str
    qty: str
    held_qty: str | None
    bought_qty: str
    bought_notional: str
    sold_qty: str
    sold_notional: str
    fees: dict[str, str]
    fills: int
    time_last: int


class EntryRow(msgspec.Struct, frozen=True):
    """An entry of the run chain as stored."""

    seq: int
    entry: bytes
    hash: bytes


class OperationRow(msgspec.Struct, frozen=True):
    """An entry of the operations chain; ``run_length`` and ``run_head`` (hex) are the run chain's at that wall time."""

    seq: int
    kind: str
    wall_time: int
    host: str
    run_length: int
    run_head: str
    facts: dict[str, Any]


class CommandRow(msgspec.Struct, frozen=True):
    """A command in the inbox; ``taken_at_seq`` is the entry that records it, ``None`` while it waits."""

    number: int
    command: str
    target: str | None
    author: str
    reason: str
    wall_time: int
    taken_at_seq: int | None


class StoreStatus(msgspec.Struct, frozen=True):
    """How a run stands: its chain's length and head (hex), engine time of the first and last entry, whether its tape has ended."""

    entries: int
    head: str
    start: int | None
    time: int | None
    complete: bool
    waiting_commands: int
    last_operation: OperationRow | None


_Row = TypeVar("_Row", bound=msgspec.Struct)
_JSON = frozenset({"adjusted", "results", "facts", "metrics", "reasons"})


def select(db: Database, kind: type[_Row], table: str, rest: str = "", values: tuple[object, ...] = ()) -> list[_Row]:
    """Rows of ``table`` as ``kind``, whose required fields are its columns; ``rest`` is what follows FROM."""
    names = [f.name for f in msgspec.structs.fields(kind) if f.required]
    rows = db.execute(f"SELECT {', '.join(names)} FROM {table} {rest}", values)  # nosec B608 # names are ours, values are bound
    # Not strict: a store keeps true and false as 1 and 0.
    return [msgspec.convert(_fields(names, row), kind, strict=False) for row in rows]


def _fields(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    pairs = zip(names, row, strict=True)
    return {n: msgspec.json.decode(v) if n in _JSON else v for n, v in pairs}
