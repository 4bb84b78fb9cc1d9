"""`SimulatedExecutor`: a thin adapter between a track and the pure fill logic of ``genesis.execution``.

It adds what lies between decision and venue: latency both ways, the slippage draw, fees, ids. Every draw is keyed by the moment of
the decision, so equal decisions of two variants meet the same luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from genesis.engine.agenda import TrackAgenda
from genesis.engine.executor.base import VenueAction
from genesis.execution.fees import FeeCalculator
from genesis.execution.luck import Luck
from genesis.execution.matching import Matcher, Tier, Working
from genesis.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
)
from genesis.model.instruments import Instrument
from genesis.model.orders import Liquidity, Order, RejectReason

# An enumeration's ``value`` is a slow property.
_WORDS: Final = {tier: tier.value for tier in Tier}


class _Answers:
    """Turns what the venue says into events that travel back."""

    def __init__(
        self, agenda: TrackAgenda, luck: Luck, fees: FeeCalculator, instrument: Instrument, decimals: int
    ) -> None:
        self._agenda, self._luck, self._fees = agenda, luck, fees
        self._id = instrument.id
        self._lot_units = instrument.lot_units
        self._notional_unit = instrument.notional_unit(decimals)
        self._state: dict[str, tuple[int, int]] = {}

    def _deliver_at(self, order: Order, time_ns: int) -> int:
        """When the next answer about ``order`` is heard: one order's answers never overtake each other."""
        still = self._luck.still_response_ns
        if still is not None:
            return time_ns + still
        heard, count = self._state.get(order.client_order_id, (0, 0))
        delay = self._luck.response_ns(self._id, order.decided_ns, order.ordinal, count)
        at = max(time_ns + delay, heard)
        self._state[order.client_order_id] = (at, count + 1)
        return at

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

    def filled(self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, tier: Tier) -> None:
        order = working.order
        intent = order.intent
        base_units = lots * self._lot_units
        value = ticks * base_units * self._notional_unit
        fee, currency, decimals = self._fees.fee(intent.side, liquidity, base_units, value)
        leaves = working.leaves
        at = self._deliver_at(order, time_ns)
        event = OrderFilled(
            at,
            order.track,
            order,
            time_ns,
            working.fills,
            ticks,
            lots,
            intent.lots - leaves,
            leaves,
            liquidity,
            fee,
            currency,
            decimals,
            _WORDS[tier],
            working.decision_ticks,
            working.arrival_ticks,
        )
        if leaves:
            self._agenda.notify(at, event)
        else:
            self._last(order, at, event)

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


class _Cancel(VenueAction):
    """A cancel on its way; an order that has ended meanwhile has told its own story."""

    __slots__ = ("_id", "_matcher")

    def __init__(self, instrument_id: str, matcher: Matcher, client_order_id: str) -> None:
        super().__init__(instrument_id, True)
        self._matcher, self._id = matcher, client_order_id

    def happen(self, time_ns: int) -> None:
        self._matcher.cancel(self._id, time_ns)


class SimulatedExecutor:
    """The paper venue of one track: one matcher an instrument, one connection for all of them.

    Args:
        agenda: the track's list of things to come.
        luck: keyed draws of latency and slippage.
        matchers: by instrument id; `connect` makes them.
    """

    def __init__(self, agenda: TrackAgenda, luck: Luck) -> None:
        self._agenda, self._luck = agenda, luck
        self._matchers: dict[str, Matcher] = {}
        self._half_spreads: dict[str, int] = {}
        self._last_arrival = 0
        self._travelling: dict[str, int] = {}

    def connect(
        self,
        instrument: Instrument,
        tier: Tier,
        fees: FeeCalculator,
        decimals: int,
        shares: tuple[tuple[int, int], tuple[int, int] | None],
        triggers_on_trades: bool,
    ) -> Matcher:
        """The matcher of one instrument; ``shares`` caps what one order takes of a print and of a bar."""
        answers = _Answers(self._agenda, self._luck, fees, instrument, decimals)
        matcher = Matcher(answers, tier, *shares, triggers_on_trades, instrument.price_grid.to_text)
        self._matchers[instrument.id] = matcher
        self._half_spreads[instrument.id] = 0 if tier.has_book else self._luck.half_spread
        return matcher

    @property
    def matchers(self) -> Mapping[str, Matcher]:
        """By instrument id."""
        return self._matchers

    def submit(self, order: Order, decision_ticks: int | None) -> None:
        """Send an order: it arrives after its latency draw, and never before one that was sent earlier."""
        instrument = order.intent.instrument.id
        luck, decided, ordinal = self._luck, order.decided_ns, order.ordinal
        arrival = self._in_order(self._agenda.now + luck.entry_ns(instrument, decided, ordinal))
        matcher = self._matchers[instrument]
        slippage = luck.slippage(instrument, decided, ordinal) + self._half_spreads[instrument]
        working = Working(order, decision_ticks, slippage)
        self._travelling[order.client_order_id] = arrival
        self._agenda.arrive(arrival, _NewOrder(instrument, matcher, working))

    def cancel(self, order: Order, ordinal: int) -> None:
        """Send a cancel: it travels like an entry, on the same connection."""
        instrument = order.intent.instrument.id
        delay = self._luck.cancel_ns(instrument, self._agenda.now, ordinal)
        action = _Cancel(instrument, self._matchers[instrument], order.client_order_id)
        self._agenda.arrive(self._in_order(self._agenda.now + delay), action)

    def explain(self, client_order_id: str) -> str:
        """Why an order waits, in words."""
        for matcher in self._matchers.values():
            for working in matcher.working:
                if working.order.client_order_id == client_order_id:
                    return matcher.explain(working)
        arrival = self._travelling.get(client_order_id)
        if arrival is not None and arrival > self._agenda.now:
            return f"is on its way to the venue: arrives in {(arrival - self._agenda.now) / 1e6:.3f} ms"
        return "has ended at the venue; its answer is on its way back"

    def forget(self, client_order_id: str) -> None:
        """The order has ended and its last answer was heard."""
        self._travelling.pop(client_order_id, None)

    def _in_order(self, arrival: int) -> int:
        if arrival <= self._last_arrival:
            arrival = self._last_arrival + 1
        self._last_arrival = arrival
        return arrival
