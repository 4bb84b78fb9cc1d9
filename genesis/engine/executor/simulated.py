"""`SimulatedExecutor`: a thin adapter between a track and the pure fill logic of ``genesis.execution``.

It adds what lies between decision and venue: latency both ways, the slippage draw, fees, ids. Every draw is keyed by the moment of
the decision, so equal decisions of two variants meet the same luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from genesis.engine.agenda import TrackAgenda
from genesis.engine.executor.base import VenueAction
from genesis.execution.fault_plan import UNANSWERED, UNANSWERED_CODE, Refusal
from genesis.execution.faults import UNSENT_NS, VenueFaults
from genesis.execution.luck import Luck
from genesis.execution.matching import Matcher
from genesis.execution.party import Fee, Party
from genesis.execution.pricing import FillCost
from genesis.execution.tier import Confidence, Tier
from genesis.execution.waiting import why_it_waits
from genesis.execution.wallet import Wallet
from genesis.execution.working import Working
from genesis.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderPrevented,
    OrderRejected,
    OrderTriggered,
    OrderUnanswered,
)
from genesis.model.orders import Liquidity, Order, RejectReason

# An enumeration's ``value`` is a slow property.
_TIERS: Final = {tier: tier.value for tier in Tier}
_CONFIDENCES: Final = {confidence: confidence.value for confidence in Confidence}


class TravellingAnswers:
    """Turns what the venue says about one instrument into events that travel back to one track, where ``faults`` let them."""

    def __init__(self, agenda: TrackAgenda, luck: Luck, instrument_id: str, faults: VenueFaults | None) -> None:
        self._agenda, self._luck, self._id, self._faults = agenda, luck, instrument_id, faults
        self._state: dict[str, tuple[int, int]] = {}

    def _deliver_at(self, order: Order, time_ns: int) -> int:
        """When the next answer about ``order`` is heard: one order's answers never overtake each other."""
        still = self._luck.still_response_ns
        if still is not None and self._faults is None:
            return time_ns + still
        heard, count = self._state.get(order.client_order_id, (0, 0))
        at = time_ns + self._luck.response_ns(self._id, order.decided_ns, order.ordinal, count)
        if self._faults is not None:
            at = self._disturbed(self._faults, order, time_ns, at, count)
        at = max(at, heard)
        self._state[order.client_order_id] = (at, count + 1)
        return at

    def _disturbed(self, faults: VenueFaults, order: Order, happened_ns: int, at: int, count: int) -> int:
        """When an answer that would be heard at ``at`` is heard; instead of one that times out, the venue's own word for that comes first."""
        key = (order.decided_ns, order.ordinal)
        heard = faults.heard(self._id, happened_ns, at, *key, count)
        told = faults.connected_from(at)
        if count == 0 and told < heard and faults.times_out(self._id, *key):
            event = OrderUnanswered(told, order.track, order, happened_ns, UNANSWERED_CODE, UNANSWERED)
            self._agenda.notify(told, event)
        return heard

    def _last(self, order: Order, at: int, event: OrderEvent) -> None:
        if self._state:
            self._state.pop(order.client_order_id, None)
        self._agenda.notify(at, event)

    def accepted(self, working: Working, time_ns: int) -> None:
        order = working.order
        at = self._deliver_at(order, time_ns)
        self._agenda.notify(at, OrderAccepted(at, order.track, order, time_ns))

    def rejected(self, order: Order, time_ns: int, reason: RejectReason, detail: str) -> None:
        at = self._deliver_at(order, time_ns)
        self._last(order, at, OrderRejected(at, order.track, order, time_ns, reason, detail))

    def triggered(self, working: Working, time_ns: int, trigger_ticks: int) -> None:
        order = working.order
        at = self._deliver_at(order, time_ns)
        self._agenda.notify(at, OrderTriggered(at, order.track, order, time_ns, trigger_ticks))

    def filled(
        self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, fee: Fee, cost: FillCost
    ) -> None:
        order = working.order
        leaves = working.leaves
        at = self._deliver_at(order, time_ns)
        units, currency, decimals = fee
        event = OrderFilled(
            at,
            order.track,
            order,
            time_ns,
            working.fills,
            ticks,
            lots,
            working.filled,
            leaves,
            liquidity,
            units,
            currency,
            decimals,
            _TIERS[cost.tier],
            _CONFIDENCES[cost.confidence],
            working.decision_ticks,
            working.arrival_ticks,
            cost.drift,
            cost.spread_x2,
            cost.walk,
            cost.slippage,
            cost.impact,
        )
        if leaves:
            self._agenda.notify(at, event)
        else:
            self._last(order, at, event)

    def prevented(self, working: Working, time_ns: int, lots: int) -> None:
        order = working.order
        at = self._deliver_at(order, time_ns)
        self._agenda.notify(at, OrderPrevented(at, order.track, order, time_ns, lots, working.leaves))

    def cancel_refused(self, order: Order, time_ns: int, sent_ns: int, ordinal: int, refusal: Refusal) -> None:
        """The venue took no cancel; what it says of the order itself is not held up by that."""
        at = time_ns + self._luck.response_ns(self._id, sent_ns, ordinal, 0)
        if self._faults is not None:
            at = self._faults.connected_from(at)
        event = OrderCancelRejected(at, order.track, order, time_ns, refusal.code, refusal.message)
        self._agenda.notify(at, event)

    def canceled(self, working: Working, time_ns: int) -> None:
        order = working.order
        at = self._deliver_at(order, time_ns)
        self._last(order, at, OrderCanceled(at, order.track, order, time_ns, working.leaves))

    def expired(self, working: Working, time_ns: int, reason: RejectReason) -> None:
        order = working.order
        at = self._deliver_at(order, time_ns)
        self._last(order, at, OrderExpired(at, order.track, order, time_ns, reason, working.leaves))


class _NewOrder(VenueAction):
    """An order on its way to the venue."""

    __slots__ = ("_matcher", "_working")

    def __init__(self, instrument_id: str, matcher: Matcher, working: Working) -> None:
        super().__init__(instrument_id, False)
        self._matcher, self._working = matcher, working

    def happen(self, time_ns: int) -> None:
        self._matcher.arrive(self._working, time_ns)


class _DisturbedOrder(VenueAction):
    """An order on its way to a venue that may refuse it: because of when it was sent (``refusal``), or of when it arrives."""

    __slots__ = ("_faults", "_matcher", "_refusal", "_working")

    def __init__(
        self, instrument_id: str, matcher: Matcher, working: Working, faults: VenueFaults, refusal: Refusal | None
    ) -> None:
        super().__init__(instrument_id, False)
        self._matcher, self._working, self._faults, self._refusal = matcher, working, faults, refusal

    def happen(self, time_ns: int) -> None:
        refusal = self._refusal or self._faults.on_arrival(self.instrument_id, time_ns)
        if refusal is None:
            self._matcher.arrive(self._working, time_ns)
        else:
            self._matcher.refuse(self._working, time_ns, refusal.reason, refusal.detail)


class _Expected(VenueAction):
    """The moment at which a late order would have arrived in time."""

    __slots__ = ("_matcher", "_working")

    def __init__(self, instrument_id: str, matcher: Matcher, working: Working) -> None:
        super().__init__(instrument_id, False)
        self._matcher, self._working = matcher, working

    def happen(self, time_ns: int) -> None:
        self._matcher.expect(self._working)


class _Cancel(VenueAction):
    """A cancel on its way; an order that has ended meanwhile has told its own story."""

    __slots__ = ("_id", "_matcher")

    def __init__(self, instrument_id: str, matcher: Matcher, client_order_id: str) -> None:
        super().__init__(instrument_id, True)
        self._matcher, self._id = matcher, client_order_id

    def happen(self, time_ns: int) -> None:
        self._matcher.cancel(self._id, time_ns)


class _RefusedCancel(VenueAction):
    """A cancel on its way to a venue that takes none."""

    __slots__ = ("_answers", "_order", "_ordinal", "_refusal", "_sent_ns")

    def __init__(
        self,
        instrument_id: str,
        answers: TravellingAnswers,
        order: Order,
        sent_ns: int,
        ordinal: int,
        refusal: Refusal,
    ) -> None:
        super().__init__(instrument_id, True)
        self._answers, self._order = answers, order
        self._sent_ns, self._ordinal, self._refusal = sent_ns, ordinal, refusal

    def happen(self, time_ns: int) -> None:
        self._answers.cancel_refused(self._order, time_ns, self._sent_ns, self._ordinal, self._refusal)


class _Desk:
    """One instrument of the venue, as this track deals with it."""

    __slots__ = ("matcher", "party")

    def __init__(self, matcher: Matcher, party: Party) -> None:
        self.matcher, self.party = matcher, party


class SimulatedExecutor:
    """The paper venue of one track: an account on each instrument, and one connection for all of them.

    Args:
        agenda: the track's list of things to come.
        luck: keyed draws of latency and slippage.
        faults: what goes wrong on purpose; ``None``: nothing.
    """

    def __init__(self, agenda: TrackAgenda, luck: Luck, faults: VenueFaults | None = None) -> None:
        self._agenda, self.luck, self.faults = agenda, luck, faults
        self._desks: dict[str, _Desk] = {}
        self._answers: dict[str, TravellingAnswers] = {}
        # The account's assets, what its perpetuals made among them; none where everything it trades is margined.
        self.wallet: Wallet | None = None
        self._last_arrival = self._last_in_time = 0
        self._travelling: dict[str, int] = {}

    def answers(self, instrument_id: str) -> TravellingAnswers:
        """Who carries the venue's answers about an instrument back to this track."""
        answers = TravellingAnswers(self._agenda, self.luck, instrument_id, self.faults)
        self._answers[instrument_id] = answers
        return answers

    def deposit(self, currency: str, units: int, decimals: int) -> None:
        """Money reaches the account at the venue, or leaves it where ``units`` is below 0: capital, or what perpetuals made."""
        if self.wallet is not None:
            self.wallet.deposit(currency, units * self.wallet.factor(currency, decimals))

    def connect(self, instrument_id: str, matcher: Matcher, party: Party) -> None:
        """Deal in an instrument with an account at its venue."""
        self._desks[instrument_id] = _Desk(matcher, party)

    @property
    def matchers(self) -> Mapping[str, Matcher]:
        """By instrument id."""
        return {name: desk.matcher for name, desk in self._desks.items()}

    def position_units(self, instrument_id: str) -> int:
        """The position as the venue has it, in signed base ledger units; of an account that may be short."""
        return self._desks[instrument_id].party.base_units()

    def submit(self, order: Order, decision_ticks: int | None, by_venue: bool = False) -> None:
        """Send an order: it arrives after its latency draw, and never before one that was sent earlier.

        What the venue itself sends (``by_venue``) needs no connection, and no limit of ours holds it up; a halt does.
        """
        instrument, now = order.intent.instrument.id, self._agenda.now
        luck, desk = self.luck, self._desks[instrument]
        decided_ns, ordinal, faults = order.decided_ns, order.ordinal, self.faults
        refusal = None if faults is None or by_venue else faults.on_send(instrument, decided_ns, ordinal)
        if refusal is not None and refusal.code is None:
            at = now + UNSENT_NS
            self._agenda.notify(at, OrderRejected(at, order.track, order, now, refusal.reason, refusal.detail))
            return
        entry = luck.entry_ns(instrument, decided_ns, ordinal)
        # When it would have arrived had no order before it and not itself been late.
        in_time = self._last_in_time = max(now + entry, self._last_in_time + 1)
        arrival = self._in_order(now + luck.stretched(entry, "latency.entry", instrument, decided_ns, ordinal))
        slippage = luck.slippage(instrument, decided_ns, ordinal)
        working = Working(order, desk.party, decision_ticks, slippage, luck.half_spread)
        self._travelling[order.client_order_id] = arrival
        if arrival > in_time and refusal is None:
            self._agenda.arrive(in_time, _Expected(instrument, desk.matcher, working))
        if faults is None:
            self._agenda.arrive(arrival, _NewOrder(instrument, desk.matcher, working))
        else:
            self._agenda.arrive(arrival, _DisturbedOrder(instrument, desk.matcher, working, faults, refusal))

    def cancel(self, order: Order, ordinal: int, by_venue: bool = False) -> None:
        """Send a cancel: it travels like an entry, on the same connection.

        The venue's own (``by_venue``) needs no connection and is not rate limited; it comes no sooner, behind what is on its way already.
        """
        instrument, now = order.intent.instrument.id, self._agenda.now
        refusal = None if self.faults is None or by_venue else self.faults.on_cancel(now)
        if refusal is not None and refusal.code is None:
            at = now + UNSENT_NS
            self._agenda.notify(at, OrderCancelRejected(at, order.track, order, now, None, refusal.message))
            return
        delay = self.luck.cancel_ns(instrument, now, ordinal)
        # A late cancel holds up what is sent after it; what that would have met in time is followed from here.
        self._last_in_time = max(now + delay, self._last_in_time + 1)
        late = self.luck.stretched(delay, "latency.cancel", instrument, now, ordinal)
        action: VenueAction
        if refusal is None:
            action = _Cancel(instrument, self._desks[instrument].matcher, order.client_order_id)
        else:
            action = _RefusedCancel(instrument, self._answers[instrument], order, now, ordinal, refusal)
        self._agenda.arrive(self._in_order(now + late), action)

    def explain(self, client_order_id: str) -> str:
        """Why an order waits, in words."""
        now = self._agenda.now
        arrival = self._travelling.get(client_order_id)
        if arrival is not None and arrival > now:
            return f"is on its way to the venue: arrives in {(arrival - now) / 1e6:.3f} ms"
        for desk in self._desks.values():
            for working in desk.matcher.working:
                if working.order.client_order_id == client_order_id:
                    return why_it_waits(working, desk.matcher.shown, now)
        return "has ended at the venue; its answer is on its way back"

    def forget(self, client_order_id: str) -> None:
        """The order has ended and its last answer was heard."""
        self._travelling.pop(client_order_id, None)

    def _in_order(self, arrival: int) -> int:
        if arrival <= self._last_arrival:
            arrival = self._last_arrival + 1
        self._last_arrival = arrival
        return arrival
