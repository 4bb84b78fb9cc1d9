"""Whom a version is counted among: everybody's present attempt, or, once it is live, those that were there then."""

from __future__ import annotations

import pytest

from genesis.evidence.families import closed_adjustment
from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import HedgedEvidence
from genesis.evidence.rules import BettingRules, HedgeRules, Source
from genesis.paper_trading.family import Family

BETS = BettingRules()
WARM_UP = [0.01, -0.01] * 6


def evidence(gains: int) -> Evidence:
    """After the warm-up so many bars of one per cent, up, or down where negative."""
    found = Evidence(BETS, Source.REPLAY)
    for change in (*WARM_UP, *[0.01 if gains > 0 else -0.01] * abs(gains)):
        found.add(change)
    return found


def hedged(gains: int = 0) -> HedgedEvidence:
    """The same beside a benchmark that goes its own way."""
    found = HedgedEvidence(HedgeRules(), BETS)
    for i, change in enumerate((*WARM_UP, *WARM_UP, *WARM_UP, *[0.01 if gains > 0 else -0.01] * abs(gains))):
        found.add(change, 0.001 * (i % 3 - 1))
    return found


def family(**gains: int) -> Family:
    found = Family()
    for name, n in gains.items():
        found.begin(name, evidence(n), hedged(n))
    return found


def raw(of: Family, name: str) -> float:
    return of.adjusted([name])[name][0]


def test_without_capital_everybody_counts() -> None:
    """Raw and hedged values are adjusted each among their own."""
    tried = family(a=60, b=30, c=-20)
    found = tried.adjusted(["a", "b", "c"])
    parts = (evidence(n).e_value for n in (60, 30, -20)), (hedged(n).e_value for n in (60, 30, -20))
    assert [(r, h) for r, h in found.values()] == list(zip(*(closed_adjustment(list(p)) for p in parts), strict=True))
    assert found["a"][0] < evidence(60).e_value


@pytest.mark.parametrize("later", ["a version", "an attempt"])
def test_what_begins_later_lowers_nobody_who_is_live(later: str) -> None:
    """The live one keeps its E to the last bit, though the newcomer shows 1 or less; one that only waits is lowered."""
    tried = family(live=60, waits=60, other=50)
    tried.hold(["live"])
    before = raw(tried, "live")
    assert before == raw(tried, "waits")
    assert before > 10
    tried.begin("new" if later == "a version" else "other", evidence(-20), hedged())
    assert raw(tried, "live") == before
    assert raw(tried, "waits") < before


def test_an_attempt_that_has_ended_keeps_its_last_evidence() -> None:
    """What a loser has shown goes on to count against the live one: by beginning anew it takes nothing back."""
    tried = family(live=60, loser=-20)
    lowered = raw(tried, "live")
    tried.hold(["live"])
    tried.begin("loser", evidence(40), hedged())
    assert raw(tried, "live") == lowered < evidence(60).e_value


def test_who_was_there_goes_on_to_count_as_its_evidence_goes_on() -> None:
    """A loss of another one's present attempt lowers the live one as well: they were tried together."""
    other = evidence(50)
    tried = family(live=60)
    tried.begin("other", other, hedged())
    tried.hold(["live"])
    before = raw(tried, "live")
    for _ in range(60):
        other.add(-0.01)
    assert raw(tried, "live") < before


def test_capital_that_is_gone_ends_the_privilege() -> None:
    """Back on paper it is one of all; live once more, it is kept beside those of then."""
    tried = family(a=60)
    tried.hold(["a"])
    tried.begin("b", evidence(-20), hedged())
    alone = raw(tried, "a")
    tried.hold([])
    assert raw(tried, "a") < alone
    tried.hold(["a"])
    tried.begin("c", evidence(-40), hedged())
    assert raw(tried, "a") == closed_adjustment([evidence(60).e_value, evidence(-20).e_value])[0]


def test_what_was_tried_in_other_runs_of_the_account_is_of_everybodys_family() -> None:
    """Raw and hedged E of two of them count beside the one of this run, before it is live and after."""
    tried = Family([(3.0, 0.5), (0.25, 2.0)])
    tried.begin("a", evidence(60), hedged(60))
    expected = (
        closed_adjustment([evidence(60).e_value, 3.0, 0.25])[0],
        closed_adjustment([hedged(60).e_value, 0.5, 2.0])[0],
    )
    assert tried.adjusted(["a"]) == {"a": expected}
    tried.hold(["a"])
    assert tried.adjusted(["a"]) == {"a": expected}
