"""What risk does to a track that is already in the market: loss limits, halts, and closing what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from genesis.clock import NS_PER_DAY, NS_PER_SECOND
from genesis.engine.account import OpenState
from genesis.engine.agenda import FlattenAgain, Rank
from genesis.engine.feed import InstrumentFeed
from genesis.engine.share import REDUCES_SHARE
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.instruments import Instrument
from genesis.model.orders import OrderIntent, Side
from genesis.model.track_events import TrackHalted

if TYPE_CHECKING:
    from genesis.engine.track import Track

# Where in the loss bound of an evidence bar risk flattens (definitions.md, "Loss bound"): what is left is for the way out.
_BOUND_SHARE: Final = 0.8
# Risk tries so often to close what the venue would not let it close, twice as long after each try: for a little over an hour.
_FLATTEN_TRIES: Final = 12
_FLATTEN_FIRST_NS: Final = NS_PER_SECOND


class Stops:
    """Watches what a track loses, forbids entries, and flattens. ``forbidden`` says why no entry may be made; ``None`` where one may."""

    def __init__(self, track: Track) -> None:
        self._track, self._marks, self._gate = track, track.marks, track.gate
        self.forbidden: str | None = None
        # The index when the UTC day and the evidence bar began, and when a halt for one of them ends.
        self._day_index = self._bar_index = 1.0
        self._bar_floor = float("-inf")
        self._lifts_ns: int | None = None
        # Nothing is to be held: what an order that was on its way brings is closed as well.
        self._flattens = False
        # How often risk has tried again to close what it wanted closed, and when it tries next.
        self._tries = 0
        self._next: FlattenAgain | None = None

    # ---- losses

    def begin(self) -> None:
        """Losses count from here."""
        self._day_index = self._bar_index = self._marks.index()
        self._set_floor()

    def new_bar(self, now: int) -> None:
        """An evidence bar begins, and maybe a UTC day: losses count from here, and a halt for the one before ends."""
        self._bar_index = self._marks.index()
        if now % NS_PER_DAY == 0:
            self._day_index = self._bar_index
        if self._lifts_ns is not None and now >= self._lifts_ns:
            self._lifts_ns, self.forbidden, self._flattens = None, None, False
        self._set_floor()

    def _set_floor(self) -> None:
        """The index under which the day's loss, or the bar's, is too large; none for a track that is halted already."""
        bound = self._track.monitor.loss_bound(self._track)
        self._bar_floor = float("-inf") if bound is None else self._bar_index * (1 - _BOUND_SHARE * bound)
        if not self.forbidden:
            self._marks.limit(self._marks.drawdown_halt, max(self._day_floor(), self._bar_floor))

    def _day_floor(self) -> float:
        return self._day_index * (1 - float(self._gate.tier.daily_loss_max))

    def halt(self, now: int) -> None:
        """A loss limit broke: entries are cancelled and the position is flattened now."""
        track = self._track
        halt, drawdown, index = self._marks.drawdown_halt, self._marks.current_drawdown(), self._marks.index()
        if halt is not None and drawdown >= halt:
            reason, detail = "DRAWDOWN", f"expected a drawdown under {halt:.2%}, found {drawdown:.4%}"
            self._lifts_ns, self.forbidden, halt = None, detail, None
        else:
            reason, detail, lifts_ns = self._broken_floor(now, index)
            if self.forbidden is None:
                self._lifts_ns, self.forbidden = lifts_ns, detail
        self._marks.limit(halt, float("-inf"))
        track.entries.append(TrackHalted(now, track.name, reason, detail, "entries cancelled, flattened at market"))
        self.close_all()

    def _broken_floor(self, now: int, index: float) -> tuple[str, str, int]:
        """Which loss limit an index broke, in words, and when entries are allowed again."""
        if index <= self._day_floor():
            most = self._gate.tier.daily_loss_max
            found = f"found {1 - index / self._day_index:.4%}"
            detail = f"expected a loss under {most:.2%} of the day's start, {found}"
            return "DAILY_LOSS", detail, (now // NS_PER_DAY + 1) * NS_PER_DAY
        of = f"the evidence bar's start ({_BOUND_SHARE:.0%} of the loss bound)"
        found = f"found {1 - index / self._bar_index:.4%}"
        detail = f"expected a loss under {1 - self._bar_floor / self._bar_index:.4%} of {of}, {found}"
        return "LOSS_BOUND", detail, (now // EVIDENCE_BAR_NS + 1) * EVIDENCE_BAR_NS

    def halt_for_account(self, now: int, reason: str, detail: str, lifts_ns: int, fresh: bool) -> None:
        """What all tracks of the account may lose together is lost: no entries until ``lifts_ns``, and the position is closed now, or by `close_all` once its prices are fresh."""
        track = self._track
        if self.forbidden is None or (self._lifts_ns is not None and self._lifts_ns < lifts_ns):
            self._lifts_ns, self.forbidden = lifts_ns, detail
        self._marks.limit(self._marks.drawdown_halt, float("-inf"))
        action = "entries cancelled, flattened " + ("at market" if fresh else "as soon as its prices are fresh")
        track.entries.append(TrackHalted(now, track.name, reason, detail, action))
        if fresh:
            self.close_all()
        else:
            self.cancel_entries()

    def hold(self, detail: str) -> None:
        """No new entries: what has happened to the account cannot be told any more."""
        track = self._track
        action = "no new entries; the position is kept"
        self._lifts_ns, self.forbidden = None, detail
        track.entries.append(TrackHalted(track.agenda.now, track.name, "MARK_PRICE", detail, action))

    def end(self, why: str) -> None:
        """No entry any more, and no limit: nothing that may be lost is left to risk."""
        self._lifts_ns, self.forbidden, self._flattens = None, why, True
        self._marks.limit(None, float("-inf"))

    # ---- entries

    def cancel_entries(self) -> None:
        """Cancel every order that would add to a position; what protects one stays."""
        track = self._track
        for client_order_id, state in list(track.orders.by_id.items()):
            intent = state.order.intent
            closes = track.desk.position_lots(intent.instrument) * int(intent.side) < 0
            if not state.forced and not intent.reduce_only and not closes:
                track.desk.cancel(client_order_id)

    def forbid_entries(self, why: str) -> None:
        """From now on only what reduces a position is sent; it stays so."""
        self._lifts_ns = None
        self.forbidden = why
        self.cancel_entries()

    def allow_entries(self) -> None:
        """Entries are sent again; losses count from here."""
        self._lifts_ns = self.forbidden = None
        self._flattens = False
        self.begin()

    # ---- closing

    def flatten(self, why: str) -> None:
        """Cancel everything and close what is held, now; a sale of risk that is under way goes on, for to send it anew would only make it later."""
        self.forbid_entries(why)
        if self._flattens and any(s.forced for s in self._track.orders.by_id.values()):
            self._close_rest()
        else:
            self.close_all()

    def reduce(self, feed: InstrumentFeed, lots: int) -> None:
        """Close ``lots`` of what is held, at market."""
        track = self._track
        held = track.desk.position_lots(feed.instrument)
        lots = min(lots, abs(held))
        if lots:
            self._close_position(feed, lots if held > 0 else -lots, REDUCES_SHARE)

    def close_all(self) -> None:
        """Cancel everything and close what is held, now; it is tried again while the venue refuses."""
        track = self._track
        self._tries, self._next, self._flattens = 0, None, True
        for client_order_id in list(track.orders.by_id):
            track.desk.cancel(client_order_id)
        for feed in track.feeds:
            self._close_position(feed, track.desk.closable_lots(feed.instrument), "flatten")

    def close(self, instrument: Instrument, tag: str, by_venue: bool = False) -> OpenState | None:
        """Close a position at market; the order, where there is a position."""
        track = self._track
        feed, lots = track.feed_of(instrument.id), track.desk.closable_lots(instrument)
        return self._close_position(feed, lots, tag, by_venue)

    def _close_position(self, feed: InstrumentFeed, lots: int, tag: str, by_venue: bool = False) -> OpenState | None:
        if not lots:
            return None
        side = Side.SELL if lots > 0 else Side.BUY
        intent = OrderIntent(feed.instrument, side, abs(lots), reduce_only=True, tag=tag)
        return self._track.desk.submit_forced(intent, by_venue)

    def heard_fill(self, instrument: Instrument) -> None:
        """An order of the strategy has filled. Where everything is to be closed it was on its way when risk acted: what it brought is closed too."""
        track = self._track
        if self._flattens:
            feed = track.feed_of(instrument.id)
            self._close_position(feed, self._still_to_close(feed), "flatten")
        if track.executor.faults is not None:
            # What was executed before a halt may be heard of long after it.
            self.close_later()

    def close_later(self) -> None:
        """Something that risk wanted closed is not: after a while it tries again, a bounded number of times."""
        track, tries = self._track, self._tries
        if self.forbidden is None or self._next is not None or tries > _FLATTEN_TRIES:
            return
        self._tries += 1
        if tries == _FLATTEN_TRIES:
            self._give_up()
            return
        self._next = FlattenAgain()
        track.agenda.add(track.agenda.now + (_FLATTEN_FIRST_NS << tries), Rank.TIMER, self._next)

    def be_there(self, time_ns: int) -> None:
        """Stand at ``time_ns`` after all its rows, though nothing happens then: what is sent is sent at that moment."""
        self._track.agenda.add(time_ns, Rank.HOUR, FlattenAgain())

    def close_again(self, due: FlattenAgain) -> None:
        """Cancel what still works and close what is still held, but for what is on its way already; an outdated ``due`` does nothing."""
        if due is not self._next:
            return
        track, self._next = self._track, None
        if self.forbidden is None:
            return
        if not track.orders.by_id and not any(track.desk.closable_lots(f.instrument) for f in track.feeds):
            self._tries = 0
            return
        self._close_rest()

    def _close_rest(self) -> None:
        """Cancel what is no order of risk, and close what none of those is closing."""
        track = self._track
        for client_order_id, state in list(track.orders.by_id.items()):
            if not state.forced:
                track.desk.cancel(client_order_id)
        for feed in track.feeds:
            self._close_position(feed, self._still_to_close(feed), "flatten")

    def _still_to_close(self, feed: InstrumentFeed) -> int:
        """Signed lots of a position that no order of risk is closing."""
        track = self._track
        held = track.desk.closable_lots(feed.instrument)
        closing = sum(
            s.leaves for s in track.orders.by_id.values() if s.forced and s.order.intent.instrument is feed.instrument
        )
        return max(0, held - closing) if held > 0 else min(0, held + closing)

    def _give_up(self) -> None:
        track = self._track
        held = [f"{track.desk.position_lots(f.instrument)} lots of {f.instrument.id}" for f in track.feeds]
        detail = f"expected to be flat after {_FLATTEN_TRIES} more tries, found {', '.join(held)}"
        track.entries.append(TrackHalted(track.agenda.now, track.name, "NOT_FLAT", detail, "none: risk tries no more"))
