"""A late order, and what would have become of it in time: what it would have taken, at what price at worst, and what it would be waiting for.

An order in the tail of the latency may not gain by it, whatever the market does meanwhile (definitions, 'Simulation profiles'). So while it travels
it is followed as if it had arrived, without filling anything. When it does arrive it takes no more than it would have taken by then, at no better
a price than the worst it would have met, and then waits for what it would be waiting for. Impact, queue and own orders do not enter here: they
can only make less of it.
"""

from __future__ import annotations

from genesis.execution.models import VenueModels
from genesis.execution.pricing import TakerPrice
from genesis.execution.shown import Shown
from genesis.execution.tier import Phase, Tier
from genesis.execution.working import Working
from genesis.model.orders import RejectReason

_BY_DEPTH = (Tier.DEPTH, Tier.ORDERS)


class InTime:
    """What a late order would be doing.

    ``phase`` is what it would be waiting for; ENDED once it would have expired or filled. ``most`` is how many lots it would have taken before
    it came to rest or expired; ``None`` while it would still be taking or waiting for its trigger. ``refusal`` is why it would have been refused,
    ``is_met`` whether the market was quoted while it would have rested: then the other side, where it crosses it, would have filled it;
    ``ahead`` the most that was displayed at its price meanwhile: no fewer lots are before it when it joins.
    """

    __slots__ = ("_models", "_shown", "_working", "ahead", "is_met", "most", "phase", "refusal")

    def __init__(
        self, working: Working, shown: Shown, models: VenueModels, refusal: tuple[RejectReason, str] | None
    ) -> None:
        self._working, self._shown, self._models = working, shown, models
        self.refusal = refusal
        self.phase = working.first_phase()
        self.most: int | None = None
        self.is_met = False
        self.ahead = 0

    @property
    def is_triggered(self) -> bool:
        """Whether its trigger would have been reached."""
        return self._working.first_phase() is Phase.TRIGGER and self.phase is not Phase.TRIGGER

    def arrive(self, time_ns: int) -> None:
        """It would arrive now."""
        working, shown = self._working, self._shown
        if self.phase is not Phase.TAKING:
            return
        if working.order.intent.post_only:
            self._took(0)
        elif shown.tier(time_ns).has_book:
            self._take_book(time_ns)
        elif working.limit is not None and shown.last and not working.accepts(shown.last):
            self._took(0)

    def on_quote(self, time_ns: int, touch: int) -> None:
        """The touch that it faces changed; 0 where nobody stands there, which is no price."""
        working = self._working
        if touch:
            working.suffer(touch, working.slippage)
        if self.phase is Phase.TAKING:
            self._take_book(time_ns)
        elif self.phase is Phase.RESTING:
            self.is_met = True
            self._see_queue()
        elif self.phase is Phase.TRIGGER and touch and not self._shown.has_trades:
            self._trigger(touch, time_ns)

    def on_trade(self, time_ns: int, ticks: int, left: int, aggressor: int) -> None:
        """A print, of which ``left`` lots are left."""
        working = self._working
        is_its_side = aggressor != -working.sign
        if is_its_side:
            working.suffer(ticks, working.slippage + working.half_spread)
        if self.phase is Phase.TRIGGER:
            self._trigger(ticks, time_ns)
        elif self.phase is Phase.TAKING and is_its_side and not self._shown.tier(time_ns).has_book:
            self._take_shown(ticks, self._models.of_print(left))

    def on_bar(self, opened: int, high: int, low: int, budget: int) -> None:
        """A bar in which it would have taken part."""
        working, entry = self._working, opened
        if self.phase is Phase.TRIGGER and working.is_beyond_trigger(high if working.stops_up else low):
            self.phase = Phase.TAKING
            trigger = working.trigger or opened
            entry = max(opened, trigger) if working.stops_up else min(opened, trigger)
        if self.phase is Phase.TAKING:
            working.suffer(entry, working.slippage + working.half_spread)
            self._take_shown(entry, max(0, budget))

    def _trigger(self, ticks: int, time_ns: int) -> None:
        if self._working.is_beyond_trigger(ticks):
            self.phase = Phase.TAKING
            if self._shown.tier(time_ns).has_book:
                self._take_book(time_ns)

    def _take_book(self, time_ns: int) -> None:
        working, shown = self._working, self._shown
        tier = shown.tier(time_ns)
        levels = shown.levels(working.sign, tier, working.leaves)
        if not levels:
            return
        price = TakerPrice(working.sign, levels[0][0], 0, working.slippage, 0)
        taken = 0
        for level, available in levels:
            if available > 0 and working.accepts(price.at(level)):
                taken += min(available, working.leaves - taken)
                working.suffer(price.at(level), 0)
        if working.limit is not None or working.is_immediate or tier in _BY_DEPTH:
            self._took(taken)

    def _take_shown(self, ticks: int, available: int) -> None:
        working = self._working
        if working.limit is None and not working.is_immediate:
            return
        price = TakerPrice(working.sign, ticks, working.half_spread, working.slippage, 0)
        self._took(min(available, working.leaves) if working.accepts(price.at(ticks)) else 0)

    def _took(self, lots: int) -> None:
        working = self._working
        self.most = 0 if working.is_fok and lots < working.leaves else lots
        is_left = lots < working.leaves
        self.phase = Phase.RESTING if is_left and working.limit and not working.is_immediate else Phase.ENDED
        if self.phase is Phase.RESTING:
            self._see_queue()

    def _see_queue(self) -> None:
        self.ahead = max(self.ahead, self._shown.queue_at(self._working.sign, self._working.limit or 0) or 0)
