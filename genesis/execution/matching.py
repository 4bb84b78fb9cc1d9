"""The one fill path: working orders of one instrument, of one account or several, against market rows. Integers only, no clock.

What is fresh decides how an order fills: a **book** (quotes, with depth behind them where the tape has it), **trades** alone, or **bars**
alone. When an order fills and where that lies is written down in docs/PAPER_FILLS.md, rule by rule; the names there are the names here.

All accounts of one matcher compete for the same displayed size and the same prints: one liquidity scope. They never trade with each other.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from genesis.execution.fault_windows import FaultWindows
from genesis.execution.late import InTime
from genesis.execution.luck import slipped
from genesis.execution.models import VenueModels
from genesis.execution.order_queue import Fifo
from genesis.execution.pricing import FillCost, TakerPrice
from genesis.execution.queueing import queue_estimate
from genesis.execution.shown import Shown
from genesis.execution.stp import prevented_lots
from genesis.execution.tier import Confidence, Phase, Tier
from genesis.execution.working import Working
from genesis.model.grid import plain
from genesis.model.orders import Liquidity, OrderType, RejectReason
from genesis.model.rules import StpMode

# No price and no size comes near it, and a compiled integer holds it in a word: 2**62 would be compared slowly.
NEVER: Final = 2**62 - 1
_UNBOUND: Final = NEVER
_SIDES: Final = (1, -1)
# Members of an enumeration are looked up slowly.
_DELAYED: Final = Phase.DELAYED
_ENDED: Final = Phase.ENDED
_RESTING: Final = Phase.RESTING
_TAKING: Final = Phase.TAKING
_TRIGGER: Final = Phase.TRIGGER
_BARS: Final = Tier.BARS
_ORDERS: Final = Tier.ORDERS
_TRADES: Final = Tier.TRADES
_HIGH: Final = Confidence.HIGH
_LOW: Final = Confidence.LOW
_MEDIUM: Final = Confidence.MEDIUM
_ROUGH: Final = Confidence.ROUGH
_MAKER: Final = Liquidity.MAKER
_TAKER: Final = Liquidity.TAKER
_NO_PREVENTION: Final = StpMode.NONE
_REDUCE_ONLY: Final = RejectReason.REDUCE_ONLY
_IN_BOOK: Final = (Phase.RESTING, Phase.TAKING)
_BY_DEPTH: Final = (Tier.DEPTH, Tier.ORDERS)
_TAKE_PROFITS: Final = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
_MAKERS_GIVE_WAY: Final = (StpMode.NONE, StpMode.EXPIRE_MAKER)


class Matcher:
    """Matches orders on one instrument.

    Args:
        shown: the market as it is displayed.
        models: the venue's assumptions.
        text: how a price in ticks is written.
        halts: when the market is only shown and nothing matches; ``None``: never.
    """

    made_anew: ClassVar[Mapping[str, object]] = {"_bounds": None}

    def __init__(
        self, shown: Shown, models: VenueModels, text: Callable[[int], str], halts: FaultWindows | None = None
    ) -> None:
        self.shown, self.models, self._text, self._halts = shown, models, text, halts
        self.working: list[Working] = []
        # Resting orders by side, best price first, oldest first at one price: (price rank, arrival number, order).
        self._resting: dict[int, list[tuple[int, int, Working]]] = {1: [], -1: []}
        self._rests = 0  # how many those are
        self._could_take = False  # whether one of them may still have to pay as a taker
        self._arrivals = 0
        self._bounds: tuple[bool, int, int] | None = (False, 0, NEVER)

    # ---- commands

    def expect(self, working: Working) -> None:
        """An order is late: it would have arrived now. Until it does it is followed as if it had (`genesis.execution.late`)."""
        shown = self.shown
        touch = shown.touch(working.sign)
        now_ns = max(working.order.decided_ns, shown.quote_ns, shown.depth_ns, shown.trade_ns)
        working.worst = 0 if working.sign > 0 else NEVER
        if touch is not None:
            working.suffer(touch, working.slippage + (0 if shown.tier(now_ns).has_book else working.half_spread))
        working.in_time = InTime(working, shown, self.models, self._unwelcome(working, touch))
        working.phase = _DELAYED
        working.in_time.arrive(now_ns)
        self.working.append(working)
        self._bounds = None

    def arrive(self, working: Working, time_ns: int) -> None:
        """A new order reaches the venue."""
        self._no_longer_late(working)
        shown = self.shown
        touch = shown.touch(working.sign)
        working.arrival_ns, working.arrival_ticks = time_ns, touch
        refusal = self._refusal(working, touch, time_ns)
        if refusal is not None:
            working.party.answers.rejected(working.order, time_ns, *refusal)
            return
        if working.party.rules is not None:
            working.party.rules.placed(time_ns)
        working.party.answers.accepted(working, time_ns)
        self.working.append(working)
        self._bounds = None
        if working.in_time is not None and working.in_time.is_triggered:
            self._fire(working, time_ns)
        if working.phase is _TAKING:
            self._start_taking(working, time_ns)

    def refuse(self, working: Working, time_ns: int, reason: RejectReason, detail: str) -> None:
        """A new order reaches the venue, which takes none like it now."""
        self._no_longer_late(working)
        working.party.answers.rejected(working.order, time_ns, reason, detail)

    def cancel(self, client_order_id: str, time_ns: int) -> bool:
        """A cancel reaches the venue; ``False`` when there is nothing left to cancel."""
        for working in self.working:
            if working.order.client_order_id == client_order_id and working.phase is not _DELAYED:
                self._remove(working)
                working.party.answers.canceled(working, time_ns)
                return True
        return False

    # ---- market rows

    def on_quote(self, time_ns: int, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """The best bid or ask changed."""
        shown = self.shown
        if shown.taken:
            self._bounds = None
        shown.show_quote(bid, bid_lots, ask, ask_lots, time_ns)
        if self._halts is not None and self._halts.end_of(time_ns) is not None:
            return
        if self._rests:
            self._rest_on_quote(1, time_ns)
            self._rest_on_quote(-1, time_ns)
        if not self._others():
            return
        for working in list(self.working):
            phase = working.phase
            # 0 where nobody stands: that is no price.
            touch = ask if working.sign > 0 else bid
            if phase is _TAKING:
                if touch:
                    working.suffer(touch, working.slippage)
                    self._take_book(working, time_ns)
            elif phase is _TRIGGER:
                if touch and not shown.has_trades:
                    self._try_trigger(working, time_ns, touch)
            elif working.in_time is not None and phase is _DELAYED:
                working.in_time.on_quote(time_ns, touch)

    def on_depth(self, side: int, ticks: int, lots: int, time_ns: int, in_snapshot: bool = False) -> None:
        """A level of the bids (+1) or asks (-1) has a new absolute size (the book itself is already advanced).

        A snapshot after the first follows a gap: nobody saw who left meanwhile.
        """
        shown = self.shown
        shown.depth_ns = time_ns
        if shown.taken and ticks != (shown.bid if side > 0 else shown.ask):
            # What was taken of the touch comes back with the quotes, which tell it sooner: the depth's news of it may be older.
            shown.taken.refresh(side, ticks, lots, time_ns)
            self._bounds = None
        for _, _, working in self._resting[side]:
            if working.limit == ticks and working.queue is not None:
                if in_snapshot:
                    working.queue.on_resync(lots)
                else:
                    working.queue.on_level(lots)

    def on_trade(self, time_ns: int, ticks: int, lots: int, aggressor: int, happened_ns: int) -> None:
        """A public trade: it is shared once among all orders, resting ones by price and then by age, takers as they came.

        ``happened_ns`` is the exchange's own time of it, on the clock of engine time: news of it may come after an order that it cannot
        have met.
        """
        shown = self.shown
        shown.last, shown.trade_ns = ticks, time_ns
        if self._halts is not None and self._halts.end_of(time_ns) is not None:
            return
        used = 0
        if self._rests:
            for sign in _SIDES:
                if self._resting[sign]:
                    used = self._rest_on_trade(sign, time_ns, ticks, lots, aggressor, used, happened_ns)
        if not self._others():
            return
        on_prints = not shown.tier(time_ns).has_book
        for working in list(self.working):
            phase = working.phase
            if working.arrival_ns > happened_ns:
                continue
            if phase is _TRIGGER:
                self._try_trigger(working, time_ns, ticks)
            elif phase is _TAKING:
                if on_prints and aggressor != -working.sign:
                    working.suffer(ticks, working.slippage + working.half_spread)
                    available = self.models.of_print(lots - used)
                    if available:
                        used += self._take_shown(working, time_ns, ticks, available, _TRADES)
            elif working.in_time is not None and phase is _DELAYED:
                working.in_time.on_trade(time_ns, ticks, lots - used, aggressor)

    def on_bar(self, time_ns: int, open_ns: int, opened: int, high: int, low: int, close: int, lots: int) -> None:
        """A bar, known at its close: the open fills takers, the range fills makers and triggers, the worse extreme first.

        Those at market meet its open, then stops its worse extreme, before anything meets the better one: of a stop and a profit to be taken that
        both lie in the bar it is the stop. It says nothing of when in it a price was; so no order decided after it opened takes part, and none
        where prints or quotes of its time were heard or a book is still fresh. Nor does any where trading was halted in a part of it: what it
        says of the rest cannot be told apart.
        """
        shown = self.shown
        # Its fills are of the moment at which it closes, which may be the first of a halt.
        halted = self._halts is not None and bool(self._halts.between(open_ns, time_ns + 1))
        told = shown.trade_ns >= open_ns or shown.quote_ns >= open_ns or shown.tier(time_ns).has_book
        if not halted and not told:
            share = self.models.bar_share
            budget = _UNBOUND if share is None else lots * share[0] // share[1]
            for working in self._in_turn():
                if working.order.decided_ns > open_ns:
                    continue
                if working.in_time is not None and working.phase is _DELAYED:
                    working.in_time.on_bar(opened, high, low, budget)
                else:
                    budget -= self._meet_bar(working, time_ns, (opened, high, low, close), budget)
        shown.last = close

    # ---- what the search for the next moment needs

    def bounds(self) -> tuple[bool, int, int]:
        """(every row, low, high): a price at or below ``low`` or at or above ``high`` may move an order; nothing between does."""
        if self._bounds is None:
            self._bounds = self._compute_bounds()
        return self._bounds

    def watched_prices(self) -> set[int]:
        """The levels whose size concerns an order, or that one took from: ticks, bids above and asks below zero."""
        found = {w.sign * (w.limit or 0) for side in _SIDES for _, _, w in self._resting[side]}
        return found.union(self.shown.taken.prices())

    def touch(self, sign: int) -> int | None:
        """The price a taker of this side faces: the ask or bid, else the last price; ``None`` before any was seen."""
        return self.shown.touch(sign)

    def explain(self, working: Working, now_ns: int) -> str:
        """Why a working order waits, in words."""
        text, intent, shown = self._text, working.order.intent, self.shown
        left = f"{plain(intent.instrument.qty_grid.to_decimal(working.leaves))} {intent.instrument.base} left"
        if working.phase is _DELAYED:
            return f"is late on its way to the venue; {left}"
        if working.phase is _TRIGGER:
            return f"waits for {self._awaited(working)}; {self._triggering(working.sign)}; {left}"
        tier = shown.tier(now_ns)
        if working.phase is _TAKING:
            what = {_TRADES: "the next print on its side", _BARS: "the next bar's open"}
            return f"takes what comes: waits for {what.get(tier, 'new size at the touch')}; {left}"
        touch = shown.touch(working.sign)
        where = f"rests at {text(working.limit or 0)}; the market is at {text(touch) if touch else 'no price yet'}"
        if tier is _BARS or (working.ahead is None and not tier.has_book):
            return f"{where}; fills only when a price goes through it; {left}"
        if working.ahead is None:
            return f"{where}; behind the touch, its queue is not visible yet; {left}"
        queue = plain(intent.instrument.qty_grid.to_decimal(working.ahead))
        guess = "" if tier.has_book else " (guessed from the prints)"
        return f"{where}; {queue} {intent.instrument.base} ahead in the queue{guess}; {left}"

    def _awaited(self, working: Working) -> str:
        """What has to come before an order that waits for a trigger goes off, or has one."""
        trailing = working.trailing
        if working.trigger is not None:
            return f"its trigger at {self._text(working.trigger)}"
        if trailing is None or trailing.activation is None:
            return "the first price that its trigger follows"
        side = "above" if trailing.activates_above else "below"
        return f"a price at or {side} {self._text(trailing.activation)}, from which on its trigger follows"

    def _triggering(self, sign: int) -> str:
        """The price that sets orders of a side off, as it stands: the last trade or close, where there are quotes alone the touch."""
        shown = self.shown
        if shown.has_trades or not shown.has_quotes:
            return f"last price {self._text(shown.last)}" if shown.last else "no trade yet"
        touch = shown.touch(sign)
        return f"the market is at {self._text(touch)}" if touch else "the market shows no price"

    # ---- arrival

    def _no_longer_late(self, working: Working) -> None:
        late = working.in_time
        if late is not None:
            self.working.remove(working)
            self._bounds = None
            working.phase, working.most = working.first_phase(), late.most

    def _refusal(self, working: Working, touch: int | None, time_ns: int) -> tuple[RejectReason, str] | None:
        party, rules = working.party, working.party.rules
        if rules is None:
            return self._engine_refusal(working, touch)
        own = [w for w in self.working if w.party is party and w.phase is not _DELAYED]
        refusal = rules.refusal(working, own, party.base_units(), time_ns)
        if refusal is not None:
            return refusal
        refusal = self._engine_refusal(working, touch)
        return None if refusal is None else (refusal[0], rules.told(*refusal))

    def _engine_refusal(self, working: Working, touch: int | None) -> tuple[RejectReason, str] | None:
        """What a venue refuses without any filter: nothing to reduce, post-only, a trigger that is met, the means."""
        if working.order.intent.reduce_only and working.sign * working.party.position >= 0:
            return RejectReason.REDUCE_ONLY, "expected a position to reduce, found none"
        late = working.in_time
        unwelcome = None if late is None else late.refusal
        if unwelcome is None and (late is None or not late.is_triggered):
            unwelcome = self._unwelcome(working, touch)
        return unwelcome or self._unfunded(working, touch)

    def _unwelcome(self, working: Working, touch: int | None) -> tuple[RejectReason, str] | None:
        """Why the market as it stands forbids the order; an order of the account's own that it would meet is part of it."""
        post_only = working.order.intent.post_only
        if post_only and working.limit is not None and self._meets_own(working, working.limit):
            return RejectReason.WOULD_TAKE, "expected to rest, found an order of its own account in its way"
        if touch is None:
            return None
        if post_only and working.limit is not None:
            through = (working.limit - touch) * working.sign
            if through > 0 or (through == 0 and self.shown.has_quotes):
                return RejectReason.WOULD_TAKE, f"expected to rest, found the market at {self._text(touch)}"
        # Bars leave a price too: beside quotes without trades it is an older one than the touch.
        last = self.shown.last if self.shown.has_trades and self.shown.last else touch
        if working.phase is not _TAKING and working.is_met_at_once(last):
            detail = f"expected a trigger beyond the market, found it at {self._text(last)}"
            return RejectReason.WOULD_TRIGGER_IMMEDIATELY, detail
        return None

    def _unfunded(self, working: Working, touch: int | None) -> tuple[RejectReason, str] | None:
        """Set aside what the order may need: at its limit, else at its trigger or the touch with the slippage drawn for it."""
        spot = working.party.spot
        if spot is None:
            return None
        sign = working.sign
        ticks = working.limit or slipped(working.trigger or touch or 0, sign, working.slippage + working.half_spread)
        need = working.party.needs(sign, ticks, working.leaves)
        asset = spot.gives(sign)
        if spot.wallet.lock(asset, need):
            working.locked, working.lock_ticks = need, ticks
            return None
        return (
            RejectReason.INSUFFICIENT_BALANCE,
            f"expected {spot.wallet.text(asset, need)} {asset} free, found {spot.wallet.text(asset, spot.wallet.free[asset])}",
        )

    def _start_taking(self, working: Working, time_ns: int) -> None:
        """An order that may take now: at once from a book, else from the next print or bar; or it rests."""
        shown = self.shown
        has_book = shown.tier(time_ns).has_book
        if has_book:
            working.arrival_mid_x2 = shown.mid_x2()
        if working.order.intent.post_only and working.limit is not None:
            # It was not refused; and where no price is known yet, or prints alone, nothing that comes may make a taker of it.
            self._rest(working, working.limit, time_ns)
            return
        if has_book:
            if working.arrival_ticks is not None:
                self._take_book(working, time_ns)
            return
        models = self.models
        if models.estimate_spread:
            working.half_spread = max(working.half_spread, models.conditions.half_spread(time_ns))
        would_rest = working.limit is not None and shown.last and not working.accepts(shown.last)
        if would_rest if working.in_time is None else working.most == 0:
            self._end_taking(working, time_ns)

    def _end_taking(self, working: Working, time_ns: int) -> None:
        """Immediate orders expire here, limits begin to rest, market orders go on taking."""
        if not working.leaves:
            return
        if working.limit is not None and not working.is_fok:
            # Own orders up to its limit would have been next, also where nothing is displayed.
            self._prevent_self_trade(working, working.limit, time_ns)
            if working.phase is not _TAKING:
                return
        if working.is_immediate:
            self._expire(working, time_ns, RejectReason.FOK_UNFILLED if working.is_fok else RejectReason.IOC_REST)
        elif working.limit is not None:
            self._rest(working, working.limit, time_ns)
            if working.in_time is not None and working.in_time.is_met:
                # In time it would have stood there when the other side came.
                self._cross(working, time_ns)
        elif working.most is not None:
            self._expire(working, time_ns, RejectReason.NO_LIQUIDITY)

    def _rest(self, working: Working, limit: int, time_ns: int) -> None:
        shown, models = self.shown, self.models
        working.phase = _RESTING
        tier, orders = shown.tier(time_ns), shown.orders
        if orders is not None:
            working.queue = Fifo(orders, working.sign, limit)
        else:
            working.queue = queue_estimate(models.queue, models.queue_n)
        if tier.has_book:
            displayed = shown.queue_at(working.sign, limit)
            if working.in_time is not None and displayed is not None:
                displayed = max(displayed, working.in_time.ahead)
            working.queue.join(displayed)
        elif tier is _TRADES and not models.only_through:
            typical = models.conditions.typical_print(time_ns)
            working.queue.join(None if typical is None else models.prints_ahead * typical)
        else:
            working.queue.join(None)
        working.could_take = tier.has_book and self._finds_something(working, tier)
        self._could_take |= working.could_take
        self._arrivals += 1
        insort(self._resting[working.sign], (-working.sign * limit, self._arrivals, working))
        self._rests += 1
        self._bounds = None

    # ---- triggers

    def _try_trigger(self, working: Working, time_ns: int, ticks: int) -> None:
        if working.meets_trigger(ticks):
            self._fire(working, time_ns)
            if self.shown.tier(time_ns).has_book:
                self._take_book(working, time_ns)

    def _fire(self, working: Working, time_ns: int) -> None:
        working.party.answers.triggered(working, time_ns, working.trigger or 0)
        working.phase = _TAKING
        working.arrival_ticks = self.shown.touch(working.sign)
        working.arrival_mid_x2 = self.shown.mid_x2()
        self._bounds = None

    # ---- takers

    def _take_book(self, working: Working, time_ns: int) -> None:
        """Walk what is displayed and not yet taken; a market order ends where the visible book does."""
        sign, shown = working.sign, self.shown
        tier = shown.tier(time_ns)
        levels = shown.levels(sign, tier, working.leaves)
        if not levels:
            return
        price = self._taker_price(working, levels[0][0], 0, time_ns)
        if working.is_fok:
            takeable = [(p, q) for p, q in levels if working.accepts(price.at(p))]
            if not self._fills_whole(working, takeable, price):
                self._expire(working, time_ns, RejectReason.FOK_UNFILLED)
                return
        confidence = shown.confidence(tier, time_ns)
        most = working.leaves if working.most is None else working.most
        for level, available in levels:
            ticks = price.at(level)
            if working.phase is not _TAKING or not working.accepts(ticks) or most <= 0:
                break
            self._prevent_self_trade(working, level, time_ns)
            if available <= 0 or working.phase is not _TAKING:
                continue
            cost = price.cost(level, working.decision_ticks, shown.mid_x2(), tier, confidence)
            lots = self._fill(working, time_ns, ticks, min(available, most), _TAKER, cost)
            most -= lots
            if lots:
                shown.taken.take(-sign, level, lots, time_ns)
                self._bounds = None
        if working.phase is not _TAKING:
            return
        if working.limit is not None or working.is_immediate or working.most is not None:
            self._end_taking(working, time_ns)
        elif tier in _BY_DEPTH:
            # The whole visible book is gone: the venue expires what is left of a market order.
            self._expire(working, time_ns, RejectReason.NO_LIQUIDITY)

    def _take_shown(self, working: Working, time_ns: int, ticks: int, available: int, tier: Tier) -> int:
        """Take up to ``available`` lots of what was not displayed but happened: a print, or a bar's open; the lots taken."""
        if not working.fills:
            working.arrival_ticks = ticks
        if working.most is not None:
            available = min(available, working.most)
        price = self._taker_price(working, ticks, working.half_spread, time_ns)
        paid, filled = price.at(ticks), 0
        takes = available > 0 and working.accepts(paid)
        if takes and working.is_fok:
            takes = self._fills_whole(working, [(ticks, available)], price)
        if takes:
            self._prevent_self_trade(working, ticks, time_ns)
            if working.phase is _TAKING:
                confidence = self.shown.confidence(tier, time_ns)
                cost = price.cost(ticks, working.decision_ticks, None, tier, confidence)
                filled = self._fill(working, time_ns, paid, available, _TAKER, cost)
        if working.phase is _TAKING and (working.limit is not None or working.is_immediate or working.most is not None):
            self._end_taking(working, time_ns)
        return filled

    def _fills_whole(self, working: Working, levels: list[tuple[int, int]], price: TakerPrice) -> bool:
        """Whether a fill-or-kill order fills from these levels to its last lot: their size, its position, its means, and no own order in the way."""
        party, sign, left = working.party, working.sign, working.leaves
        found = deepest = 0
        for level, lots in levels:
            found, deepest = found + lots, level
            if found >= left:
                break
        if found < left or (working.reduce_only and -sign * party.position < left):
            return False
        if party.payable(working.locked, sign, price.at(deepest)) < left:
            return False
        return party.self_trade in _MAKERS_GIVE_WAY or not self._meets_own(working, deepest)

    def _taker_price(self, working: Working, base: int, half_spread: int, time_ns: int) -> TakerPrice:
        sign, models, moved = working.sign, self.models, 0
        if models.impact is not None:
            footprint = working.party.buys if sign > 0 else working.party.sells
            sigma, volume = models.conditions.daily(time_ns)
            moved = models.impact.cost(working.leaves, footprint.remembered(time_ns), sigma, volume)
        worst = working.worst
        if worst is not None and not working.accepts(worst):
            # Lateness may cost an order its whole limit, not the fill itself: in time it would have rested there.
            worst = working.limit
        return TakerPrice(sign, base, half_spread, working.slippage, moved, worst)

    # ---- bars

    def _in_turn(self) -> list[Working]:
        working = list(self.working)
        if len(working) > 1:
            working.sort(key=_turn_in_bar)
        return working

    def _meet_bar(self, working: Working, time_ns: int, bar: tuple[int, int, int, int], budget: int) -> int:
        opened, high, low, close = bar
        entry = opened
        if working.phase is _TRIGGER:
            if self._trigger_on_bar(working, time_ns, high, low):
                trigger = working.trigger or opened
                entry = max(opened, trigger) if working.stops_up else min(opened, trigger)
            elif working.is_trailing and working.meets_trigger(close):
                # However the bar went, its close came after the better extreme.
                self._fire(working, time_ns)
                entry = close
        if working.phase is _TAKING:
            working.suffer(entry, working.slippage + working.half_spread)
            return self._take_shown(working, time_ns, entry, budget, _BARS)
        if working.phase is _RESTING and budget > 0:
            limit = working.limit or 0
            through = limit - low if working.sign > 0 else high - limit
            if through >= 1:
                return self._fill_maker(working, time_ns, limit, budget, _BARS, _ROUGH)
        return 0

    def _trigger_on_bar(self, working: Working, time_ns: int, high: int, low: int) -> bool:
        """The worse extreme first: a trailing stop is tested against the old trigger before the new extreme moves it."""
        if working.meets_trigger(high if working.stops_up else low):
            self._fire(working, time_ns)
            return True
        if working.is_trailing:
            # The better extreme only moves the trigger: whether it came before or after the worse one, nobody knows.
            working.meets_trigger(low if working.sign > 0 else high)
        return False

    # ---- makers

    def _rest_on_quote(self, sign: int, time_ns: int) -> None:
        """The touch moved: where it crosses an order, that is evidence that the level traded, up to what the other side shows."""
        shown, resting = self.shown, self._resting[sign]
        if not resting:
            return
        if self._could_take:
            self._note_who_could_take()
        # One source tells of sizes: a depth row may be older than the quote before it.
        by_depth = shown.tier(time_ns) in _BY_DEPTH
        if by_depth and not self._is_crossed(resting[0][2]):
            # The best priced comes first: where that is not crossed none is.
            return
        best, best_lots = (shown.bid, shown.bid_lots) if sign > 0 else (shown.ask, shown.ask_lots)
        for _, _, working in list(resting):
            limit, queue = working.limit or 0, working.queue
            if working.phase is not _RESTING or self._cross(working, time_ns) or queue is None or by_depth:
                continue
            if best == limit:
                queue.on_level(best_lots)
            elif (limit - best) * sign > 0:
                queue.on_level(0)

    def _cross(self, working: Working, time_ns: int) -> bool:
        """Whether the other side stands at or through a resting order; then it fills up to what is displayed there and not yet taken."""
        if not self._is_crossed(working):
            return False
        shown, sign, limit = self.shown, working.sign, working.limit or 0
        opposite, displayed = (shown.ask, shown.ask_lots) if sign > 0 else (shown.bid, shown.bid_lots)
        if working.queue is not None:
            working.queue.on_crossed()
        available = shown.taken.available(-sign, opposite, displayed)
        if available > 0:
            lots = self._fill_maker(working, time_ns, limit, available, shown.tier(time_ns), _MEDIUM)
            if lots:
                shown.taken.take(-sign, opposite, lots, time_ns)
                self._bounds = None
        return True

    def _note_who_could_take(self) -> None:
        """A resting order that the other side does not reach any more is a maker from now on."""
        self._could_take = False
        for sign in _SIDES:
            for _, _, working in self._resting[sign]:
                working.could_take = working.could_take and self._is_crossed(working)
                self._could_take |= working.could_take

    def _finds_something(self, working: Working, tier: Tier) -> bool:
        """Whether something is displayed within an order's limit that own orders have not taken."""
        if not self._is_crossed(working):
            return False
        levels = self.shown.levels(working.sign, tier, 1)
        return any(available > 0 and working.accepts(level) for level, available in levels)

    def _is_crossed(self, working: Working) -> bool:
        sign, limit = working.sign, working.limit or 0
        opposite = self.shown.ask if sign > 0 else self.shown.bid
        return opposite != 0 and (limit - opposite) * sign >= 0

    def _rest_on_trade(
        self, sign: int, time_ns: int, ticks: int, lots: int, aggressor: int, used: int, happened_ns: int
    ) -> int:
        """Fill from a print through the price, or from one at the price once the queue ahead has traded; how much is used so far.

        A print that a taker of the order's own side made took no order of that side, wherever it was: below a bid it is news that comes late.
        """
        resting = self._resting[sign]
        if aggressor == sign or (ticks - (resting[0][2].limit or 0)) * sign > 0:
            return used
        for _, _, working in list(resting):
            limit, queue = working.limit or 0, working.queue
            through = (limit - ticks) * sign
            if through < 0:
                break
            if queue is None or working.arrival_ns > happened_ns or working.phase is not _RESTING:
                continue
            if through > 0:
                queue.on_through()
                left = lots
            else:
                left = queue.on_print(lots)
            if left > used:
                tier = self.shown.tier(time_ns)
                sure = tier is _ORDERS or (tier is not _TRADES and through > 0)
                confidence = _HIGH if sure else _MEDIUM if tier.has_book else _LOW
                used += self._fill_maker(working, time_ns, limit, left - used, tier, confidence)
        return used

    def _fill_maker(
        self, working: Working, time_ns: int, limit: int, lots: int, tier: Tier, confidence: Confidence
    ) -> int:
        """A maker's fill is at its own price, and earns the spread it was placed at.

        Who could have taken when it came, but for what it drew, is no maker, however long it waits for the next quote: a venue lets no order rest that
        meets the other side. It pays its own price, with a taker's fee and footprint.
        """
        if working.could_take:
            return self._fill_late_taker(working, time_ns, limit, lots, tier)
        mid_x2 = working.arrival_mid_x2
        earned = 0 if mid_x2 is None else (2 * limit - mid_x2) * working.sign
        cost = FillCost(tier, confidence, 0, earned, 0, 0, 0)
        return self._fill(working, time_ns, limit, min(working.leaves, lots), _MAKER, cost)

    def _fill_late_taker(self, working: Working, time_ns: int, limit: int, lots: int, tier: Tier) -> int:
        sign, shown, decision = working.sign, self.shown, working.decision_ticks
        confidence = shown.confidence(tier, time_ns)
        base = shown.ask if sign > 0 else shown.bid
        mid_x2 = working.arrival_mid_x2
        drift = 0 if decision is None else (base - decision) * sign
        spread_x2 = 0 if mid_x2 is None else (2 * base - mid_x2) * sign
        cost = FillCost(tier, confidence, drift, spread_x2, 0, (limit - base) * sign, 0)
        return self._fill(working, time_ns, limit, min(working.leaves, lots), _TAKER, cost)

    # ---- self-trade prevention

    def _prevent_self_trade(self, taker: Working, ticks: int, time_ns: int) -> None:
        """A taker that reaches ``ticks`` meets resting orders of its own account: its mode says which of them ends (execution.md 3.3).

        Orders of other accounts are not in the recorded market, and are passed by.
        """
        mode = taker.party.self_trade
        if not self._rests or mode is _NO_PREVENTION:
            return
        for _, _, maker in list(self._resting[-taker.sign]):
            if (ticks - (maker.limit or 0)) * taker.sign < 0 or taker.phase is not _TAKING:
                return
            if maker.party is taker.party:
                for working, lots in zip((taker, maker), prevented_lots(mode, taker.leaves, maker.leaves), strict=True):
                    self._prevent(working, lots, time_ns)

    def _meets_own(self, working: Working, ticks: int) -> bool:
        """Whether its account has a resting order on the other side at ``ticks`` or better."""
        sign = working.sign
        return any(
            w.party is working.party and (ticks - (w.limit or 0)) * sign >= 0 for _, _, w in self._resting[-sign]
        )

    def _prevent(self, working: Working, lots: int, time_ns: int) -> None:
        """What would have traded with the account itself leaves the order unexecuted; an order with nothing left expires."""
        if lots:
            working.leaves -= lots
            working.prevented += lots
            working.party.keep(working)
            working.party.answers.prevented(working, time_ns, lots)
            if not working.leaves:
                self._expire(working, time_ns, RejectReason.SELF_TRADE)

    # ---- bookkeeping

    def _fill(self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, cost: FillCost) -> int:
        """Book a fill of at most ``lots``; the lots filled. Reduce-only never goes through flat, spot never over what its account has."""
        party, sign = working.party, working.sign
        wanted = lots = min(lots, working.leaves)
        short_of = _REDUCE_ONLY
        if working.reduce_only:
            lots = min(lots, -sign * party.position)
        if party.spot is not None:
            payable = party.payable(working.locked, sign, ticks)
            if payable < lots:
                lots, short_of = payable, RejectReason.INSUFFICIENT_BALANCE
        if lots > 0:
            before = party.position
            self._book(working, time_ns, ticks, lots, liquidity, cost)
            if before * sign < 0 <= party.position * sign:
                self._end_reducing(working, time_ns)
        if lots < wanted:
            self._expire(working, time_ns, short_of)
        elif working.reduce_only and working.leaves and party.position * sign >= 0:
            self._expire(working, time_ns, _REDUCE_ONLY)
        return max(0, lots)

    def _end_reducing(self, closing: Working, time_ns: int) -> None:
        """``closing`` left its account no position to reduce: reduce-only orders of its side go from the book; what waits for a trigger stays.

        Else they would reduce a later position that they were never meant for (Binance USD-M, order update, expiry reason 4).
        """
        for working in list(self.working):
            is_another = working is not closing and working.party is closing.party
            if is_another and working.sign == closing.sign and working.reduce_only and working.phase in _IN_BOOK:
                self._expire(working, time_ns, _REDUCE_ONLY)

    def _book(
        self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, cost: FillCost
    ) -> None:
        party, sign = working.party, working.sign
        working.leaves -= lots
        working.fills += 1
        party.position += sign * lots
        if party.rules is not None and working.fills == 1:
            party.rules.first_filled(time_ns, liquidity is _MAKER)
        if party.asset_fee is None:
            fee = party.fee(sign, ticks, lots, liquidity)
        else:
            fee = party.fee_in_asset(party.asset_fee, working.locked, sign, ticks, lots, liquidity, time_ns)
        if party.spot is not None:
            working.locked = party.pay(working.locked, sign, ticks, lots, fee, working.lock_ticks, working.leaves)
        if self.models.impact is not None and liquidity is _TAKER:
            (party.buys if sign > 0 else party.sells).add(lots, time_ns)
        if not working.leaves:
            self._remove(working)
        party.answers.filled(working, time_ns, ticks, lots, liquidity, fee, cost)

    def _expire(self, working: Working, time_ns: int, reason: RejectReason) -> None:
        self._remove(working)
        working.party.answers.expired(working, time_ns, reason)

    def _remove(self, working: Working) -> None:
        """The order leaves the venue: its place, and what was set aside for it."""
        self.working.remove(working)
        if working.phase is _RESTING:
            if working.queue is not None:
                working.queue.leave()
            resting, place = self._resting[working.sign], 0
            while resting[place][2] is not working:
                place += 1
            del resting[place]
            self._rests -= 1
        working.phase = _ENDED
        if working.locked and working.party.spot is not None:
            working.party.release(working.sign, working.locked)
            working.locked = 0
        self._bounds = None

    def _others(self) -> bool:
        """Whether an order works that does not rest."""
        return len(self.working) > self._rests

    def _compute_bounds(self) -> tuple[bool, int, int]:
        low, high = 0, NEVER
        shown = self.shown
        for working in self.working:
            phase = working.phase
            if phase is _TAKING or phase is _DELAYED or shown.has_quotes or working.is_trailing:
                return True, 0, 0
            if phase is _TRIGGER:
                if working.trigger is None:
                    return True, 0, 0
                if working.stops_up:
                    high = min(high, working.trigger)
                else:
                    low = max(low, working.trigger)
            elif working.sign > 0:
                low = max(low, working.limit or 0)
            else:
                high = min(high, working.limit or 0)
        # What was taken of a displayed size is forgotten when the size changes, so every change must be seen.
        return (True, 0, 0) if shown.taken else (False, low, high)


def _turn_in_bar(working: Working) -> int:
    """Whose turn it is in a bar: takers at its open, then stops, then the rest; among equals the older."""
    if working.phase is _TAKING:
        return 0
    return 1 if working.phase is _TRIGGER and working.order.intent.type not in _TAKE_PROFITS else 2
