"""What the venue of a perpetual does to an account by itself: it settles funding and closes a position by force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from genesis.engine.account import OpenState
from genesis.engine.agenda import Rank
from genesis.engine.margin import Leg, MarginAccounts, Settlement
from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument
from genesis.model.track_events import FundingPaid, Liquidated
from genesis.portfolio.trades import ClosedTrade

if TYPE_CHECKING:
    from genesis.engine.track import Track


class Clearing:
    """Funding and liquidation of a track's margin accounts."""

    def __init__(self, track: Track, margin: MarginAccounts) -> None:
        self._track, self._margin = track, margin

    def settle(self, due: Settlement) -> None:
        """Funding is settled on the venue's position, and posted once the fills before it have been heard."""
        track, leg = self._track, due.leg
        now = track.agenda.now
        name, contract = leg.instrument.id, leg.contract
        if now == due.time_ns:
            due.units = track.executor.position_units(name)
            problem = leg.mark_problem(now) if due.units else None
            if problem is not None:
                track.stops.hold(f"funding could not be worked out: {problem}")
                due.units = 0
            due.mark = (leg.mark_price(now) or (0, 0))[0]
        heard = track.agenda.fills_heard_at(name, due.time_ns)
        if heard:
            track.agenda.add(heard, Rank.FUNDING, due)
            return
        if not due.units:
            return
        change = contract.funding(due.units, due.mark, due.rate_e8)
        track.portfolio.apply_funding(name, change, due.time_ns)
        currency, decimals = leg.holding.purse.currency, leg.holding.purse.decimals
        track.executor.deposit(currency, change, decimals)
        seen = track.desk.seen(leg.funding, due.row + 1)
        track.entries.append(
            FundingPaid(
                now,
                track.name,
                leg.instrument,
                due.time_ns,
                due.units,
                due.mark,
                due.rate_e8,
                change,
                currency,
                decimals,
                seen,
            )
        )
        track.marking.position_changed()
        if track.marks.touch(now):
            track.stops.halt(now)

    def liquidate(self, now: int) -> None:
        """The venue closes a position by force, and the track is halted: its orders are cancelled, what else it holds is flattened.

        Orders and positions of another settlement currency are none of the venue's business then: risk ends them.
        """
        track, margin = self._track, self._margin
        track.agenda.now, track.agenda.rank, track.agenda.stirred = now, Rank.LIQUIDATION, False
        account = margin.liquidated(now)
        place = None if account is None else account.judge(now)
        if account is None or place is None:
            return
        leg, found = account.legs[place], account.statement(now)
        held, purse, watched = leg.held_at(now), leg.holding.purse, leg.watched[-1]
        event = Liquidated(
            now,
            track.name,
            leg.instrument,
            held.units,
            held.mark,
            found.wallet,
            found.unrealized,
            found.maintenance,
            purse.currency,
            purse.decimals,
            track.desk.seen(watched.stream, watched.stream.first_after(now)),
        )
        track.entries.append(event)
        track.stops.end(f"liquidated: {event.detail()}")
        for client_order_id, state in list(track.orders.by_id.items()):
            if not state.forced:
                other = margin.leg(state.order.intent.instrument)
                by_venue = other is None or other in account.legs
                track.desk.cancel(client_order_id, by_venue)
        leg.closing = True
        self._close_by_force(leg)
        for feed in track.feeds:
            if feed.leg is not leg and not self._is_being_closed(feed.instrument):
                track.stops.close(feed.instrument, "flatten")

    def _close_by_force(self, leg: Leg) -> None:
        """Send the order that closes a position; one of risk that is on its way already becomes the venue's."""
        track = self._track
        state = next((s for s in track.orders.by_id.values() if s.forced and _of(s, leg.instrument)), None)
        if state is None:
            state = track.stops.close(leg.instrument, "liquidation", by_venue=True)
        if state is not None:
            state.liquidates = True

    def _is_being_closed(self, instrument: Instrument) -> bool:
        return any(s.forced and _of(s, instrument) for s in self._track.orders.by_id.values())

    def charged(self, fill: OrderFilled) -> OrderFilled:
        """The fill with the liquidation fee in its fee."""
        leg = self._margin.leg(fill.order.intent.instrument)
        return fill if leg is None else msgspec.structs.replace(fill, fee=leg.charged(fill))

    def post(self, fill: OrderFilled, forced: bool) -> tuple[ClosedTrade, ...]:
        """Post a fill; what one of a perpetual realises, less its fee, is the account's to spend or to miss on spot as well."""
        portfolio, leg = self._track.portfolio, self._margin.leg(fill.order.intent.instrument)
        if leg is None:
            return portfolio.apply_fill(fill, forced)
        purse = leg.holding.purse
        before = portfolio.owned_of(purse.currency)
        closed = portfolio.apply_fill(fill, forced)
        made = portfolio.owned_of(purse.currency) - before
        self._track.executor.deposit(purse.currency, made, purse.decimals)
        return closed

    def stays_open(self, state: OpenState) -> None:
        """The venue's order has ended. What it left open is judged by the rows to come."""
        leg = self._margin.leg(state.order.intent.instrument)
        if leg is not None:
            leg.closing = False
            self._margin.changed(self._track.agenda.now)


def _of(state: OpenState, instrument: Instrument) -> bool:
    return state.order.intent.instrument is instrument
