"""The one fill path: working orders of one account and one instrument against market rows. Integers only, no clock.

Three kinds of market: a **book** (quotes, with depth behind them where the tape has it), **trades** alone, and **bars** alone.
When an order fills and where that lies is written down in docs/PAPER_FILLS.md, rule by rule; the names there are the names here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from genesis.execution.book import DepthBook
from genesis.execution.luck import slipped
from genesis.model.grid import plain
from genesis.model.orders import (
    Liquidity,
    Order,
    OrderType,
    RejectReason,
    TimeInForce,
    Word,
)


class Tier(Word):
    """Which data made a fill."""

    DEPTH = "depth"
    QUOTES = "quotes"
    TRADES = "trades"
    BARS = "bars"

    @property
    def has_book(self) -> bool:
        """Whether a best bid and ask are displayed."""
        return self in (Tier.DEPTH, Tier.QUOTES)


class Phase(Word):
    """What a working order waits for."""

    TRIGGER = "trigger"
    TAKING = "taking"
    RESTING = "resting"


class Working:
    """An order at the venue. ``ahead`` is the queue before it at its price, ``None`` while it cannot be known."""

    __slots__ = (
        "ahead",
        "arrival_ticks",
        "decision_ticks",
        "extreme",
        "fills",
        "leaves",
        "limit",
        "order",
        "phase",
        "sign",
        "slippage",
        "trigger",
    )

    def __init__(self, order: Order, decision_ticks: int | None, slippage: int) -> None:
        intent = order.intent
        self.order = order
        self.sign = int(intent.side)
        self.leaves = intent.lots
        self.fills = 0
        self.limit = intent.limit_ticks
        self.trigger = intent.trigger_ticks
        self.extreme: int | None = None
        self.ahead: int | None = None
        self.slippage = slippage
        self.decision_ticks = decision_ticks
        self.arrival_ticks: int | None = None
        waits = intent.type.has_trigger or intent.type is OrderType.TRAILING_STOP
        self.phase = Phase.TRIGGER if waits else Phase.TAKING

    def accepts(self, ticks: int) -> bool:
        """Whether the limit, if any, allows a fill at ``ticks``."""
        return self.limit is None or (self.limit - ticks) * self.sign >= 0


class Answers(Protocol):
    """What the venue says. ``time_ns`` is when it happened there."""

    def accepted(self, working: Working, time_ns: int) -> None: ...

    def rejected(self, order: Order, time_ns: int, reason: RejectReason, detail: str) -> None: ...

    def triggered(self, working: Working, time_ns: int, trigger_ticks: int) -> None: ...

    def filled(
        self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, tier: Tier
    ) -> None: ...

    def canceled(self, working: Working, time_ns: int) -> None: ...

    def expired(self, working: Working, time_ns: int, reason: RejectReason) -> None: ...


class Matcher:
    """Matches one account's orders on one instrument.

    ``prints_share`` and ``bar_share`` are (numerator, denominator) caps on what one order may take of a print or a bar.
    """

    def __init__(
        self,
        answers: Answers,
        tier: Tier,
        prints_share: tuple[int, int],
        bar_share: tuple[int, int] | None,
        triggers_on_trades: bool,
        text: Callable[[int], str],
    ) -> None:
        self._answers = answers
        self.tier, self._has_book = tier, tier.has_book
        self._prints_share, self._bar_share = prints_share, bar_share
        self._triggers_on_trades = triggers_on_trades
        self._text = text
        self.working: list[Working] = []
        self.book = DepthBook() if tier is Tier.DEPTH else None
        self.position = 0
        self.bid = self.ask = self.last = 0
        self.bid_lots = self.ask_lots = 0
        self._taken: dict[tuple[int, int], int] = {}
        self._bounds: tuple[bool, int, int] | None = (False, 0, _NEVER)

    # ---- commands

    def arrive(self, working: Working, time_ns: int) -> None:
        """A new order reaches the venue."""
        touch = self.touch(working.sign)
        working.arrival_ticks = touch
        refusal = self._refusal(working, touch)
        if refusal is not None:
            self._answers.rejected(working.order, time_ns, *refusal)
            return
        self._answers.accepted(working, time_ns)
        self.working.append(working)
        self._bounds = None
        if working.order.intent.type is OrderType.TRAILING_STOP:
            self._start_trailing(working)
        if working.phase is Phase.TAKING:
            self._start_taking(working, time_ns)

    def cancel(self, client_order_id: str, time_ns: int) -> bool:
        """A cancel reaches the venue; ``False`` when there is nothing left to cancel."""
        for working in self.working:
            if working.order.client_order_id == client_order_id:
                self._remove(working)
                self._answers.canceled(working, time_ns)
                return True
        return False

    # ---- market rows

    def on_quote(self, time_ns: int, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """The best bid or ask changed."""
        if self._taken:
            self._forget_taken(bid, bid_lots, ask, ask_lots)
        self.bid, self.bid_lots, self.ask, self.ask_lots = bid, bid_lots, ask, ask_lots
        for working in list(self.working):
            if working.phase is Phase.RESTING:
                self._rest_on_quote(working, time_ns)
            elif working.phase is Phase.TAKING:
                self._take_book(working, time_ns)
            elif not self._triggers_on_trades:
                self._try_trigger(working, time_ns, ask if working.sign > 0 else bid)

    def show_quote(self, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """Make a quote visible while no order of ours works: nothing can happen but that the market is elsewhere."""
        self.bid, self.bid_lots, self.ask, self.ask_lots = bid, bid_lots, ask, ask_lots

    def on_depth(self, side: int, ticks: int, lots: int) -> None:
        """A level of the bids (+1) or asks (-1) has a new absolute size (the book itself is already advanced)."""
        if self._taken.pop((side, ticks), None) is not None:
            self._bounds = None
        for working in self.working:
            if working.phase is Phase.RESTING and working.sign == side and working.limit == ticks:
                working.ahead = lots if working.ahead is None else min(working.ahead, lots)

    def on_trade(self, time_ns: int, ticks: int, lots: int, aggressor: int) -> None:
        """A public trade: it is shared once among our orders, in the order in which they arrived."""
        self.last = ticks
        budget = lots
        for working in list(self.working):
            if working.phase is Phase.TRIGGER:
                if self._triggers_on_trades:
                    self._try_trigger(working, time_ns, ticks)
            elif working.phase is Phase.RESTING:
                budget -= self._rest_on_trade(working, time_ns, ticks, budget, aggressor)
            elif self.tier is Tier.TRADES and aggressor != -working.sign:
                budget -= self._take_print(working, time_ns, ticks, budget)
            if budget <= 0:
                return

    def on_bar(self, time_ns: int, open_: int, high: int, low: int, close: int, lots: int) -> None:
        """A bar, known at its close: the open fills takers, the range fills makers and triggers, the worse extreme first."""
        budget = _UNBOUND if self._bar_share is None else lots * self._bar_share[0] // self._bar_share[1]
        for working in list(self.working):
            entry = open_
            if working.phase is Phase.TRIGGER and self._trigger_on_bar(working, time_ns, high, low):
                trigger = working.trigger or open_
                entry = max(open_, trigger) if self._is_stop_up(working) else min(open_, trigger)
            if working.phase is Phase.TAKING:
                budget -= self._take_bar(working, time_ns, entry, budget)
            elif working.phase is Phase.RESTING:
                budget -= self._rest_on_bar(working, time_ns, high, low, budget)
        self.last = close

    # ---- what the search for the next moment needs

    def bounds(self) -> tuple[bool, int, int]:
        """(every row, low, high): a price at or below ``low`` or at or above ``high`` may move an order; nothing between does."""
        if self._bounds is None or self._taken:
            self._bounds = self._compute_bounds()
        return self._bounds

    def touch(self, sign: int) -> int | None:
        """The price a taker of this side faces: the ask or bid, else the last price; ``None`` before any was seen."""
        if self._has_book:
            return (self.ask if sign > 0 else self.bid) or None
        return self.last or None

    def explain(self, working: Working) -> str:
        """Why a working order waits, in words."""
        text, intent = self._text, working.order.intent
        left = f"{plain(intent.instrument.qty_grid.to_decimal(working.leaves))} {intent.instrument.base} left"
        if working.phase is Phase.TRIGGER:
            at = "its first trade" if working.trigger is None else text(working.trigger)
            return f"waits for its trigger at {at}; last price {text(self.last)}; {left}"
        if working.phase is Phase.TAKING:
            what = {Tier.TRADES: "the next print on its side", Tier.BARS: "the next bar's open"}
            return f"takes what comes: waits for {what.get(self.tier, 'new size at the touch')}; {left}"
        touch = self.touch(working.sign)
        where = f"rests at {text(working.limit or 0)}; the market is at {text(touch) if touch else 'no price yet'}"
        if not self._has_book:
            return f"{where}; fills only when a price goes through it; {left}"
        if working.ahead is None:
            return f"{where}; behind the touch, its queue is not visible yet; {left}"
        queue = plain(intent.instrument.qty_grid.to_decimal(working.ahead))
        return f"{where}; {queue} {intent.instrument.base} ahead in the queue; {left}"

    # ---- arrival

    def _refusal(self, working: Working, touch: int | None) -> tuple[RejectReason, str] | None:
        intent = working.order.intent
        if intent.reduce_only and working.sign * self.position >= 0:
            return RejectReason.REDUCE_ONLY, "expected a position to reduce, found none"
        if touch is None:
            return None
        if intent.post_only and working.limit is not None:
            through = (working.limit - touch) * working.sign
            if through > 0 or (through == 0 and self._has_book):
                return RejectReason.WOULD_TAKE, f"expected to rest, found the market at {self._text(touch)}"
        last = self.last or touch
        if working.trigger is not None and self._beyond_trigger(working, last):
            detail = f"expected a trigger beyond the market, found it at {self._text(last)}"
            return RejectReason.WOULD_TRIGGER_IMMEDIATELY, detail
        return None

    def _start_taking(self, working: Working, time_ns: int) -> None:
        """An order that may take now: at once from a book, else from the next print or bar; or it rests."""
        if self._has_book:
            if working.arrival_ticks is not None:
                self._take_book(working, time_ns)
        elif working.limit is not None and self.last and not working.accepts(self.last):
            self._end_taking(working, time_ns)

    def _end_taking(self, working: Working, time_ns: int) -> None:
        """Immediate orders expire here, limits begin to rest, market orders go on taking."""
        if not working.leaves:
            return
        force = working.order.intent.time_in_force
        if force is not TimeInForce.GTC:
            self._expire(
                working, time_ns, RejectReason.IOC_REST if force is TimeInForce.IOC else RejectReason.FOK_UNFILLED
            )
        elif working.limit is not None:
            working.phase = Phase.RESTING
            working.ahead = self._queue_at(working)
            self._bounds = None

    def _queue_at(self, working: Working) -> int | None:
        """Displayed size at the order's price on its own side: what was there first."""
        if not self._has_book or working.limit is None:
            return None
        best, lots = (self.bid, self.bid_lots) if working.sign > 0 else (self.ask, self.ask_lots)
        if working.limit == best:
            return lots
        if (working.limit - best) * working.sign > 0 or not best:
            return 0
        return self.book.size(working.sign, working.limit) if self.book is not None else None

    # ---- triggers

    def _is_stop_up(self, working: Working) -> bool:
        """Whether it triggers at or above its price (a buy stop, a sell take-profit) rather than at or below."""
        takes_profit = working.order.intent.type in (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
        return (working.sign > 0) is not takes_profit

    def _beyond_trigger(self, working: Working, ticks: int) -> bool:
        if working.trigger is None:
            return False
        return ticks >= working.trigger if self._is_stop_up(working) else ticks <= working.trigger

    def _start_trailing(self, working: Working) -> None:
        start = self.last or self.touch(working.sign)
        if start:
            self._trail(working, start)

    def _trail(self, working: Working, ticks: int) -> None:
        """Follow the best price since activation; the trigger stays ``trailing_bp`` behind it, rounded away from the market."""
        better = working.extreme is None or (working.extreme - ticks) * working.sign > 0
        if better:
            working.extreme = ticks
            bp = working.order.intent.trailing_bp or 0
            if working.sign > 0:
                working.trigger = -(-ticks * (10_000 + bp) // 10_000)
            else:
                working.trigger = max(1, ticks * (10_000 - bp) // 10_000)
            self._bounds = None

    def _try_trigger(self, working: Working, time_ns: int, ticks: int) -> None:
        if self._beyond_trigger(working, ticks):
            self._fire(working, time_ns)
            if working.phase is Phase.TAKING and self._has_book:
                self._take_book(working, time_ns)
        elif working.order.intent.type is OrderType.TRAILING_STOP:
            self._trail(working, ticks)

    def _fire(self, working: Working, time_ns: int) -> None:
        self._answers.triggered(working, time_ns, working.trigger or 0)
        working.phase = Phase.TAKING
        working.arrival_ticks = self.touch(working.sign)
        self._bounds = None

    def _trigger_on_bar(self, working: Working, time_ns: int, high: int, low: int) -> bool:
        """The worse extreme first: a trailing stop is tested against the old trigger before the new extreme moves it."""
        if self._beyond_trigger(working, high if self._is_stop_up(working) else low):
            self._fire(working, time_ns)
            return True
        if working.order.intent.type is OrderType.TRAILING_STOP:
            self._trail(working, low if working.sign > 0 else high)
        return False

    # ---- takers

    def _take_book(self, working: Working, time_ns: int) -> None:
        """Walk what is displayed and not yet taken by us, at the worse of the level and the slipped touch."""
        sign = working.sign
        touch, lots = (self.ask, self.ask_lots) if sign > 0 else (self.bid, self.bid_lots)
        if not touch:
            return
        floor = slipped(touch, sign, working.slippage)
        levels = self._levels(sign, touch, lots)
        if working.order.intent.time_in_force is TimeInForce.FOK:
            within = [(p, q) for p, q in levels if working.accepts(floor if (floor - p) * sign > 0 else p)]
            if sum(q for _, q in within) < working.leaves:
                self._expire(working, time_ns, RejectReason.FOK_UNFILLED)
                return
        for level, available in levels:
            price = floor if (floor - level) * sign > 0 else level
            if not working.leaves or not working.accepts(price):
                break
            if available <= 0:
                continue
            filled = self._fill(working, time_ns, price, min(working.leaves, available), Liquidity.TAKER)
            self._taken[(-sign, level)] = self._taken.get((-sign, level), 0) + filled
        if working not in self.working:
            return
        if working.order.intent.time_in_force is TimeInForce.GTC and working.limit is None:
            if self.book is not None:
                # The whole visible book is gone: the venue expires what is left of a market order.
                self._expire(working, time_ns, RejectReason.NO_LIQUIDITY)
            return
        self._end_taking(working, time_ns)

    def _levels(self, sign: int, touch: int, lots: int) -> list[tuple[int, int]]:
        """What a taker may take, best first, less what we already took of it."""
        levels = [(touch, lots)]
        if self.book is not None:
            need = sum(w.leaves for w in self.working)
            for level in self.book.beyond(-sign, touch):
                levels.append(level)
                need -= level[1]
                if need <= 0:
                    break
        return [(p, q - self._taken.get((-sign, p), 0)) for p, q in levels]

    def _take_print(self, working: Working, time_ns: int, ticks: int, budget: int) -> int:
        """Take our share of a print on our side, after it happened, at its price made worse by slippage."""
        working.arrival_ticks = ticks if not working.fills else working.arrival_ticks
        price = slipped(ticks, working.sign, working.slippage)
        share = max(1, budget * self._prints_share[0] // self._prints_share[1])
        filled = 0
        if working.accepts(price) and self._fok_ok(working, share):
            filled = self._fill(working, time_ns, price, min(working.leaves, share, budget), Liquidity.TAKER)
        if working in self.working and (working.limit is not None or self._is_immediate(working)):
            self._end_taking(working, time_ns)
        return filled

    def _take_bar(self, working: Working, time_ns: int, entry: int, budget: int) -> int:
        """Take at the bar's open (a triggered stop at its trigger, or at the open when that gapped beyond it)."""
        if not working.fills:
            working.arrival_ticks = entry
        price = slipped(entry, working.sign, working.slippage)
        filled = 0
        if budget > 0 and working.accepts(price) and self._fok_ok(working, budget):
            filled = self._fill(working, time_ns, price, min(working.leaves, budget), Liquidity.TAKER)
        if working in self.working and (working.limit is not None or self._is_immediate(working)):
            self._end_taking(working, time_ns)
        return filled

    def _is_immediate(self, working: Working) -> bool:
        return working.order.intent.time_in_force is not TimeInForce.GTC

    def _fok_ok(self, working: Working, available: int) -> bool:
        return working.order.intent.time_in_force is not TimeInForce.FOK or available >= working.leaves

    # ---- makers

    def _rest_on_quote(self, working: Working, time_ns: int) -> None:
        limit, sign = working.limit or 0, working.sign
        opposite, lots = (self.ask, self.ask_lots) if sign > 0 else (self.bid, self.bid_lots)
        if opposite and (limit - opposite) * sign >= 0:
            # The other side crossed our price: evidence that the level traded, up to what it shows.
            available = lots - self._taken.get((-sign, opposite), 0)
            if available > 0:
                filled = self._fill(working, time_ns, limit, min(working.leaves, available), Liquidity.MAKER)
                self._taken[(-sign, opposite)] = self._taken.get((-sign, opposite), 0) + filled
            return
        best, best_lots = (self.bid, self.bid_lots) if sign > 0 else (self.ask, self.ask_lots)
        if best == limit:
            working.ahead = best_lots if working.ahead is None else min(working.ahead, best_lots)
        elif (limit - best) * sign > 0:
            working.ahead = 0

    def _rest_on_trade(self, working: Working, time_ns: int, ticks: int, budget: int, aggressor: int) -> int:
        """Fill from a print through our price, or from one at our price once the queue ahead has traded."""
        limit, sign = working.limit or 0, working.sign
        through = (limit - ticks) * sign
        if through < 0 or budget <= 0:
            return 0
        if through == 0:
            if working.ahead is None or aggressor == sign:
                return 0
            gone = min(working.ahead, budget)
            working.ahead -= gone
            budget -= gone
        elif working.ahead is not None:
            working.ahead = 0
        return self._fill(working, time_ns, limit, min(working.leaves, budget), Liquidity.MAKER) if budget else 0

    def _rest_on_bar(self, working: Working, time_ns: int, high: int, low: int, budget: int) -> int:
        limit = working.limit or 0
        through = limit - low if working.sign > 0 else high - limit
        if through < 1 or budget <= 0:
            return 0
        return self._fill(working, time_ns, limit, min(working.leaves, budget), Liquidity.MAKER)

    # ---- bookkeeping

    def _forget_taken(self, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """A level that changed, or that the market left behind, shows new size: what we took of it is history."""
        changed = {(1, bid): (bid, bid_lots) != (self.bid, self.bid_lots)}
        changed[-1, ask] = (ask, ask_lots) != (self.ask, self.ask_lots)
        for side, ticks in list(self._taken):
            inside = ticks > bid if side > 0 else ticks < ask
            if inside or changed.get((side, ticks), False):
                del self._taken[side, ticks]
        self._bounds = None

    def _fill(self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity) -> int:
        """Book a fill; returns the lots filled (a reduce-only order never goes through flat)."""
        if working.order.intent.reduce_only:
            lots = min(lots, -working.sign * self.position)
            if lots <= 0:
                self._expire(working, time_ns, RejectReason.REDUCE_ONLY)
                return 0
        working.leaves -= lots
        working.fills += 1
        self.position += working.sign * lots
        if not working.leaves:
            self._remove(working)
        self._answers.filled(working, time_ns, ticks, lots, liquidity, self.tier)
        return lots

    def _expire(self, working: Working, time_ns: int, reason: RejectReason) -> None:
        self._remove(working)
        self._answers.expired(working, time_ns, reason)

    def _remove(self, working: Working) -> None:
        self.working.remove(working)
        self._bounds = None

    def _compute_bounds(self) -> tuple[bool, int, int]:
        low, high = 0, _NEVER
        if self._taken:
            return True, 0, 0
        for working in self.working:
            if working.phase is Phase.TAKING or self._has_book or working.trigger is None is working.limit:
                return True, 0, 0
            if working.phase is Phase.TRIGGER:
                if working.order.intent.type is OrderType.TRAILING_STOP:
                    return True, 0, 0
                if self._is_stop_up(working):
                    high = min(high, working.trigger or 0)
                else:
                    low = max(low, working.trigger or 0)
            elif working.sign > 0:
                low = max(low, working.limit or 0)
            else:
                high = min(high, working.limit or 0)
        return False, low, high


_NEVER = 2**62
_UNBOUND = 2**62
