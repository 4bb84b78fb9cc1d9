"""The fill path knows no scale, no direction and no bystander; and where nothing is in the way of an order it is arithmetic.

Numbers in brackets are the invariants of the execution design.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import assume
from hypothesis import strategies as st

from genesis.execution.profile import FeeSchedule
from genesis.model.orders import Side
from tests.kit.sessions import (
    MIDDLE,
    Candle,
    Level,
    Print,
    Quote,
    Send,
    Session,
    Step,
    sessions,
)
from tests.kit.thorough import holds_for
from tests.kit.venue import MARGIN, PRINTS, SPOT, TOUCH, Heard, Venue


def told(venue: Venue, name: str) -> list[Heard]:
    """What an account heard, but for where a price comes from."""
    return [h._replace(cost=None) for h in venue.ears[name].heard]


@holds_for(sessions((SPOT,)), examples=80)
def test_an_idle_account_changes_nothing(session: Session) -> None:
    """(20) An account that stands by leaves every word to the others as it was."""
    alone, watched = session.open(), session.open()
    watched.account("idle", "500", "3")
    for venue in (alone, watched):
        session.play(venue)
    for account in session.accounts:
        assert told(alone, account["name"]) == told(watched, account["name"])
    assert watched.ears["idle"].heard == []


@holds_for(sessions((SPOT,)), examples=80)
def test_tenfold_prices_in_tenfold_ticks_are_tenfold_cash(session: Session) -> None:
    """(20) With ten times the tick and ten times the cash the same happens, lot for lot, and every quote amount is tenfold."""
    dear = replace(SPOT, tick=SPOT.tick * 10)
    accounts = tuple({**a, "cash": str(Decimal(a["cash"]) * 10)} for a in session.accounts)
    steps = [
        s._replace(intent=msgspec.structs.replace(s.intent, instrument=dear)) if isinstance(s, Send) else s
        for s in session.steps
    ]
    scaled = session._replace(instrument=dear, accounts=accounts, steps=steps)
    first, second = session.play(session.open()), scaled.play(scaled.open())
    for account in session.accounts:
        name = account["name"]
        assert [h._replace(fee=None) for h in told(first, name)] == [h._replace(fee=None) for h in told(second, name)]
        one, other = first.wallets[name], second.wallets[name]
        assert one.free["BTC"] == other.free["BTC"]
        fees = sum(h.fee is not None and h.fee[1] == "USDT" for h in told(first, name))
        unit = 10 ** (SPOT.quote_decimals - 8)
        # Fees in quote are truncated at eight decimals: each may differ by less than ten times the last of them.
        assert abs(10 * one.free["USDT"] - _in_first_units(other.free["USDT"], dear)) <= 10 * unit * fees


def _in_first_units(units: int, dear: object) -> int:
    return units * 10 ** (SPOT.quote_decimals - dear.quote_decimals)  # type: ignore[attr-defined]


def mirrored(step: Step) -> Step:
    """The step in a market turned upside down: buyers are sellers, a price p is 2 x MIDDLE - p."""
    if isinstance(step, Quote):
        return Quote(2 * MIDDLE - step.ask, step.ask_lots, 2 * MIDDLE - step.bid, step.bid_lots)
    if isinstance(step, Level):
        return Level(-step.side, 2 * MIDDLE - step.ticks, step.lots)
    if isinstance(step, Print):
        return Print(2 * MIDDLE - step.ticks, step.lots, -step.aggressor)
    if isinstance(step, Candle):
        opened, high, low, close = (2 * MIDDLE - p for p in (step.opened, step.low, step.high, step.close))
        return Candle(opened, high, low, close, step.lots, step.length)
    if isinstance(step, Send):
        intent = step.intent
        turned = {
            name: None if value is None else 2 * MIDDLE - value
            for name, value in (("limit_ticks", intent.limit_ticks), ("trigger_ticks", intent.trigger_ticks))
        }
        return step._replace(intent=msgspec.structs.replace(intent, side=Side(-intent.side), **turned))
    return step


@holds_for(sessions((MARGIN,)), examples=150)
def test_the_mirrored_market_fills_the_mirrored_orders(session: Session) -> None:
    """(20) Buyers for sellers and prices about a middle: the same fills at the mirrored prices, the same words, opposite positions.

    Without draws, spreads, impact and trailing stops, which are fractions of a price and so differ about its middle.
    """
    steps = [
        s._replace(slippage=0) if isinstance(s, Send) else s
        for s in session.steps
        if not (isinstance(s, Send) and s.intent.trailing_bp)
    ]
    how: dict[str, Any] = {"impact_y": 0.0, "estimate_spread": False}
    plain = session._replace(steps=steps)
    turned = session._replace(steps=[mirrored(s) for s in steps])
    first, second = plain.open(**how), turned.open(**how)

    def apart(step: Step) -> None:
        """A scope's buyers are served before its sellers, whichever way round: so none may want the same print."""
        limits = {s: [w.limit or 0 for w in first.matcher.working if w.sign == s and w.limit] for s in (1, -1)}
        assume(not limits[1] or not limits[-1] or max(limits[1]) < min(limits[-1]))

    plain.play(first, apart)
    turned.play(second)
    for name, working in first.orders.items():
        stories = []
        for venue, turn in ((first, False), (second, True)):
            ear = venue.ears[working.party.account]
            stories.append(
                [
                    h._replace(ticks=2 * MIDDLE - h.ticks if turn and h.ticks else h.ticks, fee=None, cost=None)
                    for h in ear.heard
                    if h.order == name
                ]
            )
        assert stories[0] == stories[1]


@st.composite
def frictionless(draw: st.DrawFn) -> tuple[list[tuple[int, Side, int]], bool]:
    """Prices, and at each a side and a size; with quotes or with prints."""
    one = st.tuples(st.integers(1, 2_000), st.sampled_from(Side), st.integers(1, 50))
    return draw(st.lists(one, min_size=1, max_size=20)), draw(st.booleans())


@holds_for(frictionless(), examples=80)
def test_without_friction_profit_is_what_the_textbook_says(market: tuple[list[tuple[int, Side, int]], bool]) -> None:
    """(20) No latency, no draw, no fee, any size at one price: the cash is the sum of signed quantities times prices, exactly."""
    trades, by_quote = market
    venue = Venue(TOUCH if by_quote else PRINTS)
    ear = venue.account("a", fees=FeeSchedule(Decimal(0), Decimal(0)))
    cash = Fraction(0)
    for i, (ticks, side, lots) in enumerate(trades):
        if by_quote:
            venue.quote(ticks, 10**9, ticks, 10**9)
            venue.order(str(i), side, lots)
        else:
            venue.order(str(i), side, lots)
            venue.trade(ticks, 10**9, int(side))
        cash -= side * lots * ticks * Fraction(MARGIN.tick) * Fraction(MARGIN.lot)
    booked = -sum(
        venue.orders[h.order].sign * h.lots * h.ticks * Fraction(MARGIN.tick) * Fraction(MARGIN.lot)
        for h in ear.of("filled")
    )
    assert booked == cash
    assert all(h.fee is not None and h.fee[0] == 0 for h in ear.of("filled"))
    assert venue.parties["a"].position == sum(side * lots for _, side, lots in trades)
