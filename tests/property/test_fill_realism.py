"""The profile ``realistic`` is never more favourable than ``spec``: per order, on the same tape and draws, at every instant.

Favourable means: more lots filled so far, or a better price for the k-th of them. A trailing stop is not compared: its trigger is a
function of where it started, a late one starts elsewhere, and neither start is the better one. An account has the means for its order here,
and no other order: what it can pay when a late one comes, and what its own orders took meanwhile, is its own doing and not the profile's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from genesis.model.orders import OrderType
from tests.kit.sessions import KINDS, SOURCES, Row, Send, Session, Steady, Step, intents, opening, rows, slippages
from tests.kit.thorough import holds_for
from tests.kit.venue import MARGIN, MS, SPOT, Venue

SPEC: dict[str, Any] = {"queue": "power3", "only_through": False, "estimate_spread": False, "impact_y": 0.0}
REALISTIC: dict[str, Any] = {"queue": "risk_averse", "only_through": True, "estimate_spread": True, "impact_y": 0.8}
COMPARED = tuple(kind for kind in KINDS if kind is not OrderType.TRAILING_STOP)


class Pair(NamedTuple):
    """A market, one order in it, and the rows during which it is late under ``realistic``."""

    session: Session
    late: list[Row]
    after: list[Row]

    def histories(self) -> tuple[list[list[int]], list[list[int]]]:
        """What each filled lot cost (positive is worse) under ``spec`` and ``realistic``, after each row from the order on."""
        spec, realistic = self.session.open(**SPEC), self.session.open(**REALISTIC)
        *before, send = self.session.steps
        assert isinstance(send, Send)
        for venue in (spec, realistic):
            for step in before:
                step.happen(venue)
        send.happen(spec)
        send.happen(realistic, late=bool(self.late))
        told = [(costs(spec), costs(realistic))]

        def both(steps: list[Row]) -> None:
            for row in steps:
                row.happen(spec)
                row.happen(realistic)
                told.append((costs(spec), costs(realistic)))

        both(self.late)
        if self.late:
            realistic.arrive_late("0")
            spec.now = realistic.now
            told.append((costs(spec), costs(realistic)))
        both(self.after)
        return [t[0] for t in told], [t[1] for t in told]


def costs(venue: Venue) -> list[int]:
    """What each lot of the order cost, in the order of filling; positive is worse."""
    sign = venue.orders["0"].sign
    return [sign * ticks for ticks, lots in venue.ears["a"].fills() for _ in range(lots)]


@st.composite
def pairs(draw: st.DrawFn, late: bool) -> Pair:
    """One order of any kind but trailing in any market, and maybe late in one of them."""
    sources = draw(st.sampled_from(SOURCES))
    instrument = draw(st.sampled_from([MARGIN, SPOT]))
    market = st.lists(rows(sources), max_size=10)
    send = Send(draw(intents(instrument, COMPARED, st.just(False))), "a", draw(slippages))
    how = {
        "prints_share": draw(st.sampled_from([(1, 1), (1, 5)])),
        "bar_share": draw(st.sampled_from([None, (1, 10)])),
        "half_life_ns": draw(st.sampled_from([0, 30 * MS])),
        "conditions": Steady(),
    }
    account = {"name": "a", "cash": "100000", "coins": "100"}
    before: list[Step] = [*opening(sources), *draw(market), send]
    while_late = draw(st.lists(rows(sources), min_size=1, max_size=5)) if late else []
    return Pair(Session(sources, instrument, how, (account,), before), while_late, draw(market))


def check(pair: Pair) -> None:
    for spec, realistic in zip(*pair.histories(), strict=True):
        assert len(realistic) <= len(spec)
        assert all(paid >= least for paid, least in zip(realistic, spec, strict=False))


@holds_for(pairs(late=False), examples=250)
def test_impact_queue_and_spread_are_never_in_our_favour(pair: Pair) -> None:
    """In time: realistic has filled no more lots at any instant, and the k-th at no better price."""
    check(pair)


@holds_for(pairs(late=True), examples=250)
def test_being_late_is_never_in_our_favour(pair: Pair) -> None:
    """The same for an order in the tail of the latency, whatever the market does while it is late."""
    check(pair)
