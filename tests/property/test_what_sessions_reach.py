"""The properties of fills look at what a drawn session made: so sessions must make it, and not once in a hundred."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings

from genesis.model.orders import Liquidity, OrderType, TimeInForce
from tests.kit.sessions import SOURCES, Session, sessions
from tests.kit.venue import Heard, Venue

DRAWN = 300
STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
# Of a hundred sessions in how many at least one fill, report or end is of this kind.
LEAST = {
    "filled": 40,
    "maker": 6,
    "taker": 35,
    "several accounts": 4,
    "limit": 8,
    "market": 20,
    "stop": 6,
    "immediate": 4,
    "reduce-only": 1,
    "rejected": 40,
    "triggered": 15,
    "canceled": 15,
    "expired": 15,
    "prevented": 1,
    **{tier.name: 3 for source in SOURCES for tier in source},
}


def kinds(fill: Heard, venue: Venue) -> set[str]:
    """What a fill is of."""
    assert fill.cost is not None
    intent = venue.orders[fill.order].order.intent
    said = {
        "maker": fill.liquidity is Liquidity.MAKER,
        "taker": fill.liquidity is Liquidity.TAKER,
        "limit": intent.limit_ticks is not None,
        "market": intent.type is OrderType.MARKET,
        "stop": intent.type in STOPS,
        "immediate": intent.time_in_force is not TimeInForce.GTC,
        "reduce-only": intent.reduce_only,
        fill.cost.tier.name: True,
    }
    return {kind for kind, holds in said.items() if holds}


def reached(session: Session) -> set[str]:
    """What a session made that a property looks at."""
    venue = session.play(session.open())
    heard = [h for ear in venue.ears.values() for h in ear.heard]
    found = {h.kind for h in heard}
    for fill in heard:
        if fill.kind == "filled":
            found |= kinds(fill, venue)
    if sum(bool(ear.of("filled")) for ear in venue.ears.values()) > 1:
        found.add("several accounts")
    return found


def test_sessions_make_what_the_properties_look_at() -> None:
    """Of 300 sessions enough have fills of makers and takers, of every kind of data and order, and every end of an order."""
    met: Counter[str] = Counter()

    @settings(
        max_examples=DRAWN, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(sessions())
    def look(session: Session) -> None:
        met.update(reached(session))

    look()
    rare = {kind: met[kind] for kind, least in LEAST.items() if 100 * met[kind] < least * DRAWN}
    assert rare == {}
