"""The tables that people query, made from entries and nothing else.

`Projector.apply` reads an entry's bytes. Of the events that come by the thousand, `Projector.take` makes the same rows without reading
again what has just been written; a property test says that they are the same. Rows wait in memory until `write` puts them into the
transaction that keeps their entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from genesis.audit.entry import form, form_of
from genesis.errors import IntegrityError
from genesis.ids import fill_id
from genesis.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnanswered,
)
from genesis.model.grid import currency_grid
from genesis.model.orders import (
    ORDER_LIFE_BY_STEP,
    Liquidity,
    OrderStatus,
    OrderStep,
    OrderType,
    Side,
    TimeInForce,
)
from genesis.model.promotion_events import (
    CommandTaken,
    EvidenceSample,
    FamilyEvidence,
    PromotionEvaluated,
    StageChanged,
    VariantsCompared,
)
from genesis.model.run_events import FaultsInjected, GapFound, RunStarted
from genesis.model.texts import texts_of
from genesis.model.track_events import (
    CapitalMoved,
    FundingPaid,
    Liquidated,
    MetricSample,
    StrategyNote,
    TrackClosed,
    TrackHalted,
    TrackOpened,
    TrackStopped,
    TradeClosed,
)
from genesis.storage import shapes
from genesis.storage.archived import Lines, every_entry
from genesis.storage.bulk import Rows
from genesis.storage.database import Database
from genesis.storage.faults import transaction
from genesis.storage.schema import create_projections


class _OpenOrder:
    """An order that may still change: how it stands, and whether its row is in the table yet."""

    __slots__ = ("filled_qty", "fixed", "instrument", "notional", "reason", "scale", "seq", "status", "time")

    def __init__(self, seq: int, instrument: str, fixed: tuple[object, ...] | None, time: int) -> None:
        self.seq, self.instrument, self.fixed, self.time = seq, instrument, fixed, time
        self.status = OrderStatus.SUBMITTED
        self.filled_qty = "0"
        # What was filled is worth ``notional`` x 10**-``scale``.
        self.notional = self.scale = 0
        self.reason: str | None = None

    def step(self, step: OrderStep, time: int, seq: int) -> None:
        after = ORDER_LIFE_BY_STEP[step].get(self.status)
        if after is None:
            raise IntegrityError(
                f"entry {seq}: expected what can follow {self.status.value} in an order's life, found {step.value}"
            )
        self.status, self.time = after, time

    def fill(self, filled_qty: str, notional: int, scale: int) -> None:
        """``filled_qty`` is filled by now; the last of it was worth ``notional`` x 10**-``scale``."""
        if scale > self.scale:
            self.notional, self.scale = self.notional * int(10 ** (scale - self.scale)), scale
        self.filled_qty = filled_qty
        self.notional += notional * int(10 ** (self.scale - scale))

    def state(self) -> tuple[object, ...]:
        """The columns that change."""
        worth = str(self.notional) if not self.scale else currency_grid(self.scale).to_text(self.notional)
        return self.time, _STATUS[self.status], self.filled_qty, worth, self.reason


class _Waiting(dict[str, Rows]):
    """Rows that wait, by table; of tables for which none waits it holds nothing, for most entries that are committed alone need one table."""

    def __missing__(self, table: str) -> Rows:
        self[table] = rows = Rows(table)
        return rows


# Members of an enumeration are looked up slowly.
_FILL_PART: Final = OrderStep.FILL_PART
_FILL_ALL: Final = OrderStep.FILL_ALL
_ACCEPT: Final = OrderStep.ACCEPT
_STATUS = {s: s.value for s in OrderStatus}
_SIDE = {s: s.name for s in Side}
_TYPE = {t: t.value for t in OrderType}
_TIF = {t: t.value for t in TimeInForce}
_LIQUIDITY = {x: x.value for x in Liquidity}
_REBUILD_GROUP = 10_000
_NO_COST = (None,) * 5
_STATE = "time_updated, status, filled_qty, filled_notional, reason"
_OPEN_STATUSES = frozenset(s for s in OrderStatus if s.is_open)
_OPEN = ", ".join(sorted(f"'{s.value}'" for s in _OPEN_STATUSES))
_READ = f"SELECT client_order_id, seq, instrument, {_STATE} FROM orders"  # nosec B608 # names are ours, values are bound
_UPDATE_ORDER = (
    "UPDATE orders SET (time_updated, status, filled_qty, filled_notional, reason) = (?,?,?,?,?) WHERE seq = ?"
)


class Projector:
    """Holds the rows of entries that are not written yet, and the open orders."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows = _Waiting()
        self._changed: dict[str, _OpenOrder] = {}
        self._open: dict[str, _OpenOrder] = {}
        self._next_track: int = db.execute("SELECT coalesce(max(position) + 1, 1) FROM tracks").fetchone()[0]
        for row in db.execute(f"{_READ} WHERE status IN ({_OPEN})"):
            self._open[row[0]] = _restored(row)

    def apply(self, seq: int, entry: bytes) -> None:
        """Take the entry's rows; entries that nobody queries have none.

        Raises:
            IntegrityError: it lacks a field of its type, or tells of an order what cannot have happened to it.
        """
        project = _PROJECT.get(form(entry))
        if project is None:
            return
        try:
            project(self, seq, entry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise IntegrityError(f"entry {seq}: expected the fields of its type, found: {error}") from error

    def take(self, seq: int, event: Event, entry: bytes) -> None:
        """As `apply`; ``entry`` is what ``event`` was written as."""
        take = _TAKE.get(type(event))
        if take is None:
            self.apply(seq, entry)
        else:
            take(self, seq, event)

    def write(self) -> None:
        """Put what waits into the caller's transaction. It goes on waiting, for another try, until `written` says it is kept."""
        orders = Rows("orders")
        changed = []
        for order in self._changed.values():
            if order.fixed is not None:
                orders.append((order.seq, *order.fixed, *order.state()))
            else:
                changed.append((*order.state(), order.seq))
        if self._changed:
            self._db.repeat(_UPDATE_ORDER, changed)
            orders.insert(self._db)
        for rows in self._rows.values():
            rows.insert(self._db)

    def written(self) -> None:
        """What waited is in the tables for good: forget it."""
        for client_order_id, order in self._changed.items():
            if order.status in _OPEN_STATUSES:
                order.fixed = None
                self._open[client_order_id] = order
            elif order.fixed is None:
                self._open.pop(client_order_id, None)
        self._changed.clear()
        self._rows.clear()

    # ---- orders

    def _submitted(self, seq: int, entry: bytes) -> None:
        read = shapes.SUBMITTED.decode(entry)
        order_id, i = read.body.client_order_id, read.body.intent
        fixed = (
            read.track, order_id, i.instrument, i.side, i.type, i.tif, i.qty, i.limit_px, i.trigger_px, i.trailing_bp,
            int(i.post_only), int(i.reduce_only), i.tag, read.time,
        )  # fmt: skip
        self._changed[order_id] = _OpenOrder(seq, i.instrument, fixed, read.time)

    def _order(self, client_order_id: str, seq: int) -> _OpenOrder:
        known = self._changed.get(client_order_id) or self._open.get(client_order_id)
        order = known or self._ended(client_order_id)
        if order is None:
            raise IntegrityError(f"entry {seq}: expected an order that was submitted, found {client_order_id}")
        self._changed[client_order_id] = order
        return order

    def _ended(self, client_order_id: str) -> _OpenOrder | None:
        """An order that had ended and yet is spoken of: a fill that came after the cancel."""
        row = self._db.execute(
            f"{_READ} WHERE client_order_id = ? ORDER BY seq DESC LIMIT 1", (client_order_id,)
        ).fetchone()
        return None if row is None else _restored(row)

    def _step(self, seq: int, entry: bytes, step: OrderStep) -> None:
        read = shapes.STEPPED.decode(entry)
        order = self._order(read.body.client_order_id, seq)
        order.step(step, read.time, seq)
        order.reason = read.body.reason

    def _filled(self, seq: int, entry: bytes) -> None:
        read = shapes.FILLED.decode(entry)
        (
            arrival_px, order_id, confidence, cost, decision_px, fee, fee_currency, fill_id, filled_qty, last_px,
            last_qty, leaves_qty, liquidity, side, tier, time_event,
        ) = astuple(read.body)  # fmt: skip
        drift, impact, slippage, spread_x2, walk = _NO_COST if cost is None else astuple(cost)
        order, time = self._order(order_id, seq), read.time
        order.step(_FILL_PART if leaves_qty.strip("0.") else _FILL_ALL, time, seq)
        (price, price_scale), (qty, qty_scale) = _whole(last_px), _whole(last_qty)
        order.fill(filled_qty, price * qty, price_scale + qty_scale)
        self._rows["fills"].append((
            seq, read.track, order_id, fill_id, order.instrument, side, time, time_event, last_px, last_qty, liquidity,
            fee, fee_currency, tier, confidence, decision_px, arrival_px, drift, spread_x2, walk, slippage, impact,
        ))  # fmt: skip

    # ---- orders, straight from the event

    def _take_submitted(self, seq: int, e: OrderSubmitted) -> None:
        order_id, i = e.order.client_order_id, e.order.intent
        instrument, price, qty = texts_of(i.instrument)
        limit, trigger = i.limit_ticks, i.trigger_ticks
        fixed = (
            e.track, order_id, instrument.id, _SIDE[i.side], _TYPE[i.type], _TIF[i.time_in_force], qty[i.lots],
            None if limit is None else price[limit], None if trigger is None else price[trigger], i.trailing_bp,
            int(i.post_only), int(i.reduce_only), i.tag, e.time,
        )  # fmt: skip
        self._changed[order_id] = _OpenOrder(seq, instrument.id, fixed, e.time)

    def _take_accepted(self, seq: int, e: OrderAccepted) -> None:
        order = self._order(e.order.client_order_id, seq)
        order.step(_ACCEPT, e.time, seq)
        order.reason = None

    def _take_filled(self, seq: int, e: OrderFilled) -> None:
        (
            time, track, of, time_event, number, last, lots, filled, leaves, liquidity, fee, fee_currency, fee_decimals, tier,
            confidence, decision, arrival, drift, spread_x2, walk, slippage, impact, _,
        ) = astuple(e)  # fmt: skip
        order_id, intent = of.client_order_id, of.intent
        instrument, price, qty = texts_of(intent.instrument)
        order = self._order(order_id, seq)
        order.step(_FILL_PART if leaves else _FILL_ALL, time, seq)
        by_price, by_qty = instrument.price_grid, instrument.qty_grid
        notional = last * by_price.mantissa * lots * by_qty.mantissa
        order.fill(qty[filled], notional, by_price.decimals + by_qty.decimals)
        self._rows["fills"].append((
            seq, track, order_id, fill_id(order_id, number), order.instrument, _SIDE[intent.side], time, time_event, price[last], qty[lots],
            _LIQUIDITY[liquidity], currency_grid(fee_decimals).to_text(fee), fee_currency, tier, confidence,
            None if decision is None else price[decision], None if arrival is None else price[arrival],
            price[drift], price[spread_x2], price[walk], price[slippage], price[impact],
        ))  # fmt: skip

    def _take_sampled(self, seq: int, e: MetricSample) -> None:
        self._rows["samples"].append((seq, e.track, e.time, e.currency))

    # ---- the rest

    def _denied(self, seq: int, entry: bytes) -> None:
        read = shapes.DENIED.decode(entry)
        d, i = read.body, read.body.intent
        row = (seq, read.track, read.time, i.instrument, i.side, i.type, i.qty, d.reason, d.detail)
        self._rows["denials"].append(row)

    def _traded(self, seq: int, entry: bytes) -> None:
        read = shapes.TRADED.decode(entry)
        self._rows["trades"].append((seq, read.track, *astuple(read.body)))

    def _funded(self, seq: int, entry: bytes) -> None:
        read = shapes.FUNDED.decode(entry)
        self._rows["funding"].append((seq, read.track, read.time, *astuple(read.body)))

    def _sampled(self, seq: int, entry: bytes) -> None:
        read = shapes.SAMPLED.decode(entry)
        self._rows["samples"].append((seq, read.track, read.time, read.body.currency))

    def _evidence(self, seq: int, entry: bytes) -> None:
        read = shapes.EVIDENCE.decode(entry)
        self._rows["evidence"].append((seq, read.track, read.time, *astuple(read.body)))

    def _family(self, seq: int, entry: bytes) -> None:
        read = shapes.FAMILY.decode(entry)
        row = (seq, read.time, bytes(read.body.adjusted).decode(), read.body.source)
        self._rows["families"].append(row)

    def _promoted(self, seq: int, entry: bytes) -> None:
        read = shapes.PROMOTION.decode(entry)
        p, after, weighed = read.body.record, read.body.record.after, read.body.record.facts
        self._rows["promotions"].append((
            seq, read.track, read.time, after.stage, after.fraction, p.move, p.action, after.attempt, after.epoch, after.forced, after.pause,
            weighed.e_value, weighed.adjusted, weighed.residual, weighed.e_live, bytes(p.reasons).decode(), p.call, read.body.digest,
        ))  # fmt: skip

    def _staged(self, seq: int, entry: bytes) -> None:
        read = shapes.STAGE.decode(entry)
        s = read.body
        self._rows["stages"].append((
            seq, read.track, read.time, s.move, s.action, s.stage_before, s.stage_after, s.fraction_before, s.fraction_after, s.attempt, s.epoch,
            s.identity, s.forced, bytes(s.reasons).decode(), s.evaluation,
        ))  # fmt: skip

    def _commanded(self, seq: int, entry: bytes) -> None:
        read = shapes.COMMAND.decode(entry)
        self._rows["commands"].append((seq, read.track, read.time, *astuple(read.body)))

    def _halted(self, seq: int, entry: bytes) -> None:
        read = shapes.HALTED.decode(entry)
        h = read.body
        self._rows["stops"].append((seq, read.track, read.time, "HALTED", h.reason, h.detail, h.action))

    def _liquidated(self, seq: int, entry: bytes) -> None:
        read = shapes.HALTED.decode(entry)
        h = read.body
        self._rows["stops"].append((seq, read.track, read.time, "LIQUIDATED", h.reason, h.detail, h.action))

    def _stopped(self, seq: int, entry: bytes) -> None:
        read = shapes.STOPPED.decode(entry)
        self._rows["stops"].append((seq, read.track, read.time, "STOPPED", read.body.hook, read.body.error, None))

    def _gap(self, seq: int, entry: bytes) -> None:
        read = shapes.GAP.decode(entry)
        self._rows["gaps"].append((seq, read.time, *astuple(read.body)))

    def _incident(self, seq: int, entry: bytes, kind: str) -> None:
        read = shapes.INCIDENT.decode(entry)
        i = read.body
        self._rows["incidents"].append((seq, read.track, read.time, kind, i.client_order_id, i.code, i.detail))

    def _faults_told(self, seq: int, entry: bytes) -> None:
        read = shapes.FAULTS.decode(entry)
        self._rows["faults"].append((seq, read.track, read.time, bytes(read.body).decode()))

    def _noted(self, seq: int, entry: bytes) -> None:
        read = shapes.NOTED.decode(entry)
        self._rows["notes"].append((seq, read.track, read.time, read.body.text))

    def _started(self, seq: int, entry: bytes) -> None:
        for position, raw in enumerate(shapes.STARTED.decode(entry).body.tracks):
            facts = bytes(raw)
            self._rows["tracks"].append((position, shapes.TRACK.decode(facts).name, facts.decode()))
            self._next_track = max(self._next_track, position + 1)

    def _opened(self, seq: int, entry: bytes) -> None:
        read = shapes.OPENED.decode(entry)
        # It comes after all that are there.
        self._rows["tracks"].append((self._next_track, read.track, bytes(read.body).decode()))
        self._next_track += 1

    def _capital(self, seq: int, entry: bytes) -> None:
        read = shapes.CAPITAL.decode(entry)
        self._rows["capital"].append((seq, read.track, read.time, *astuple(read.body)))

    def _compared(self, seq: int, entry: bytes) -> None:
        read = shapes.COMPARED.decode(entry)
        self._rows["comparisons"].append((seq, read.time, read.body.experiment, bytes(read.body.results).decode()))

    def _closed(self, seq: int, entry: bytes) -> None:
        read = shapes.CLOSED.decode(entry)
        self._rows["stops"].append((seq, read.track, read.time, "CLOSED", read.body.reason, "", "capital returned"))


def rebuild(db: Database, lines: Lines | None = None) -> None:
    """Make every projection again from the entries, all or nothing; ``lines`` gives those that lie in an archive.

    Raises:
        ConfigError: some of them lie in an archive, and it is not given. IntegrityError: the archive holds others than were chained.
    """
    with transaction(db):
        make_anew(db, lines)


def make_anew(db: Database, lines: Lines | None) -> None:
    """As `rebuild`, in the caller's transaction."""
    entries = every_entry(db, lines, "projections")
    create_projections(db)
    project(db, entries)


def project(db: Database, entries: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Put the projections of ``entries``, rows of (seq, bytes, hash), into the empty tables of ``db``, in the caller's transaction."""
    projector = Projector(db)
    for seq, entry, _ in entries:
        projector.apply(seq, entry)
        if seq % _REBUILD_GROUP == 0:
            projector.write()
            projector.written()
    projector.write()


def _restored(row: tuple[object, ...]) -> _OpenOrder:
    _, seq, instrument, time, status, filled_qty, filled_notional, reason = row
    order = _OpenOrder(int(str(seq)), str(instrument), None, int(str(time)))
    order.status = OrderStatus(str(status))
    order.filled_qty = str(filled_qty)
    order.notional, order.scale = _whole(str(filled_notional))
    order.reason = None if reason is None else str(reason)
    return order


def _whole(text: str) -> tuple[int, int]:
    """A number in plain notation as an integer, and how many of its digits are decimals."""
    whole, _, decimals = text.partition(".")
    return int(whole + decimals), len(decimals)


_Project = Callable[[Projector, int, bytes], None]


def _stepping(step: OrderStep) -> _Project:
    return lambda projector, seq, entry: projector._step(seq, entry, step)


def _incident(kind: str) -> _Project:
    return lambda projector, seq, entry: projector._incident(seq, entry, kind)


_BY_KIND: dict[type[Event], _Project] = {
    RunStarted: Projector._started,
    TrackOpened: Projector._opened,
    CapitalMoved: Projector._capital,
    TrackClosed: Projector._closed,
    VariantsCompared: Projector._compared,
    OrderSubmitted: Projector._submitted,
    OrderAccepted: _stepping(OrderStep.ACCEPT),
    OrderRejected: _stepping(OrderStep.REJECT),
    OrderTriggered: _stepping(OrderStep.TRIGGER),
    OrderCanceled: _stepping(OrderStep.CANCEL),
    OrderCancelRejected: _incident("CANCEL_REJECTED"),
    OrderUnanswered: _incident("UNANSWERED"),
    FaultsInjected: Projector._faults_told,
    OrderExpired: _stepping(OrderStep.EXPIRE),
    OrderFilled: Projector._filled,
    OrderDenied: Projector._denied,
    TradeClosed: Projector._traded,
    FundingPaid: Projector._funded,
    Liquidated: Projector._liquidated,
    MetricSample: Projector._sampled,
    EvidenceSample: Projector._evidence,
    FamilyEvidence: Projector._family,
    PromotionEvaluated: Projector._promoted,
    StageChanged: Projector._staged,
    CommandTaken: Projector._commanded,
    TrackHalted: Projector._halted,
    TrackStopped: Projector._stopped,
    GapFound: Projector._gap,
    StrategyNote: Projector._noted,
}
_TAKE: dict[type[Event], Callable[[Projector, int, Any], None]] = {
    OrderSubmitted: Projector._take_submitted,
    OrderAccepted: Projector._take_accepted,
    OrderFilled: Projector._take_filled,
    MetricSample: Projector._take_sampled,
}
_PROJECT: dict[bytes, _Project] = {form_of(kind): project for kind, project in _BY_KIND.items()}
