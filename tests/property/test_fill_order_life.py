"""Lives of orders at the simulated venue: along the one table of an order's life, each ended once, each kind as its name says.

Numbers in brackets are the invariants of the execution design.
"""

from __future__ import annotations

from genesis.execution.tier import Phase
from genesis.model.orders import (
    ORDER_LIFE,
    Liquidity,
    OrderStatus,
    OrderStep,
    OrderType,
    RejectReason,
    TimeInForce,
)
from tests.kit.sessions import Cancel, Send, Session, Step, sessions
from tests.kit.thorough import holds_for
from tests.kit.venue import Heard, Venue

_STEP = {
    "accepted": OrderStep.ACCEPT,
    "rejected": OrderStep.REJECT,
    "triggered": OrderStep.TRIGGER,
    "canceled": OrderStep.CANCEL,
    "expired": OrderStep.EXPIRE,
}


def status_of(heard: list[Heard], lots: int) -> OrderStatus:
    """Where the table of an order's life stands after these reports; a step that is not in it fails, and so does one after the last."""
    status, filled = OrderStatus.SUBMITTED, 0
    for report in heard:
        assert not status.is_final
        if report.kind == "prevented":
            lots -= report.lots
            continue
        if report.kind == "filled":
            filled += report.lots
        step = _STEP.get(report.kind) or (OrderStep.FILL_ALL if filled == lots else OrderStep.FILL_PART)
        status = ORDER_LIFE[status, step]
    return status


@holds_for(sessions(), examples=150)
def test_an_order_lives_by_the_table_and_ends_once(session: Session) -> None:
    """(15) Every report is a legal step, nothing follows the last, and an order is at the venue exactly while it has not ended."""
    venue = session.open()

    def check(step: Step) -> None:
        at_venue = [w.order.client_order_id for w in venue.matcher.working]
        assert len(at_venue) == len(set(at_venue))
        for name, working in venue.orders.items():
            heard = [h for h in venue.ears[working.party.account].heard if h.order == name]
            status = status_of(heard, working.order.intent.lots)
            assert status.is_open == (name in at_venue)
            assert [h.time_ns for h in heard] == sorted(h.time_ns for h in heard)

    session.play(venue, check)


@holds_for(sessions(), examples=150)
def test_no_fill_before_arrival_and_none_after_a_cancel(session: Session) -> None:
    """(8) Reports of an order begin when it arrives and end when its cancel does."""
    venue = session.open()

    def check(step: Step) -> None:
        if isinstance(step, Cancel) and str(step.number) in venue.orders:
            assert venue.orders[str(step.number)] not in venue.matcher.working
        if isinstance(step, Send):
            name = str(len(venue.orders) - 1)
            ear = venue.ears[venue.orders[name].party.account]
            assert {h.time_ns for h in ear.heard if h.order == name} == {venue.now}

    session.play(venue, check)


def filled(venue: Venue, name: str) -> int:
    return venue.orders[name].filled


@holds_for(sessions(), examples=150)
def test_each_kind_does_what_its_name_says(session: Session) -> None:
    """(13) Fill-or-kill all or nothing; immediate ones never rest; post-only never takes; the rest of a GTC limit rests."""
    venue = session.open()

    def check(step: Step) -> None:
        for name, working in venue.orders.items():
            intent, ear = working.order.intent, venue.ears[working.party.account]
            if intent.time_in_force is TimeInForce.FOK:
                assert working.filled in (0, intent.lots)
                assert len({h.time_ns for h in ear.of("filled", name)}) <= 1
            if intent.time_in_force is not TimeInForce.GTC:
                assert working.phase is not Phase.RESTING
                assert all(h.liquidity is Liquidity.TAKER for h in ear.of("filled", name))
            if intent.post_only:
                assert all(h.liquidity is Liquidity.MAKER for h in ear.of("filled", name))
            if intent.type is OrderType.LIMIT and intent.time_in_force is TimeInForce.GTC:
                why = {h.reason for h in ear.of("expired", name)}
                assert why <= {RejectReason.SELF_TRADE, RejectReason.REDUCE_ONLY}

    session.play(venue, check)


@holds_for(sessions(), examples=150)
def test_an_immediate_order_ends_where_it_meets_the_market(session: Session) -> None:
    """(13) With a price displayed on its side nothing immediate stays open, and no limit goes on taking."""
    venue = session.open()

    def check(step: Step) -> None:
        shown = venue.matcher.shown
        if shown.tier(venue.now).has_book and shown.bid and shown.ask:
            for working in venue.matcher.working:
                assert working.phase is not Phase.TAKING or (working.limit is None and not working.is_immediate)

    session.play(venue, check)
