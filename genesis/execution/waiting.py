"""Why an order that works at a venue waits, in words."""

from __future__ import annotations

from genesis.execution.shown import Shown
from genesis.execution.tier import Phase, Tier
from genesis.execution.working import Working
from genesis.model.grid import plain

_COMES_NEXT = {Tier.TRADES: "the next print on its side", Tier.BARS: "the next bar's open"}


def why_it_waits(working: Working, shown: Shown, now_ns: int) -> str:
    """What has to happen before ``working`` fills, with the market as it is ``shown``, and how much of it is left."""
    instrument = working.order.intent.instrument
    left = f"{plain(instrument.qty_grid.to_decimal(working.leaves))} {instrument.base} left"
    if working.phase is Phase.DELAYED:
        return f"is late on its way to the venue; {left}"
    if working.phase is Phase.TRIGGER:
        return f"waits for {_awaited(working)}; {_triggering(working, shown)}; {left}"
    if working.phase is Phase.TAKING:
        what = _COMES_NEXT.get(shown.tier(now_ns), "new size at the touch")
        return f"takes what comes: waits for {what}; {left}"
    return f"{_standing(working, shown, now_ns)}; {left}"


def _standing(working: Working, shown: Shown, now_ns: int) -> str:
    """Where an order rests, and what is before it."""
    instrument, tier, touch = working.order.intent.instrument, shown.tier(now_ns), shown.touch(working.sign)
    text = instrument.price_grid.to_text
    where = f"rests at {text(working.limit or 0)}; the market is at {text(touch) if touch else 'no price yet'}"
    if tier is Tier.BARS or (working.ahead is None and not tier.has_book):
        return f"{where}; fills only when a price goes through it"
    if working.ahead is None:
        return f"{where}; behind the touch, its queue is not visible yet"
    queue = plain(instrument.qty_grid.to_decimal(working.ahead))
    guess = "" if tier.has_book else " (guessed from the prints)"
    return f"{where}; {queue} {instrument.base} ahead in the queue{guess}"


def _awaited(working: Working) -> str:
    """What has to come before an order that waits for a trigger goes off, or has one."""
    trailing, text = working.trailing, working.order.intent.instrument.price_grid.to_text
    if working.trigger is not None:
        return f"its trigger at {text(working.trigger)}"
    if trailing is None or trailing.activation is None:
        return "the first price that its trigger follows"
    side = "above" if trailing.activates_above else "below"
    return f"a price at or {side} {text(trailing.activation)}, from which on its trigger follows"


def _triggering(working: Working, shown: Shown) -> str:
    """The price that sets the order off, as it stands: the last trade or close, where there are quotes alone the touch."""
    text = working.order.intent.instrument.price_grid.to_text
    if shown.has_trades or not shown.has_quotes:
        return f"last price {text(shown.last)}" if shown.last else "no trade yet"
    touch = shown.touch(working.sign)
    return f"the market is at {text(touch)}" if touch else "the market shows no price"
