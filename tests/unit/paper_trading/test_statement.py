"""What evidence says in words: nothing that the number does not say, and nothing left out."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.evidence.looks import Look
from genesis.evidence.rules import BettingRules
from genesis.paper_trading.promotion_rules import Profile, PromotionRules
from genesis.paper_trading.statement import Statement

DAY = 86_400_000_000_000
PLAIN: dict[str, Any] = {
    "bars": 612,
    "warmup_bars": 12,
    "moved": 500,
    "e_value": 8.0,
    "adjusted": 2.0,
    "family": 3,
    "loss_bound": 0.012,
    "bound_broken": False,
    "deviation": 0.001,
    "sharpe": 2.5,
    "sharpe_stderr": 1.9,
    "sharpe_low": -3.25,
    "sharpe_high": 8.25,
    "source": "replay",
    "rules": BettingRules(),
}


def statement(**changed: Any) -> Statement:
    return Statement(**{**PLAIN, **changed})


def words(**changed: Any) -> str:
    return " ".join(statement(**changed).sentences())


def test_e_is_told_as_the_chance_of_a_strategy_without_edge() -> None:
    """E = 8 is a chance of at most 13 %, rounded up; adjusted 2, at most 50 %; both are said with the sample."""
    told = words()
    assert (
        "E = 8 after 612 evidence bars (102 days): a strategy without any edge reaches this with probability at most 13 %"
        in told
    )
    assert "Adjusted for the 3 versions tried in this run: E = 2; that any of them without edge gets there" in told
    assert "at most 50 %" in told
    assert statement().chance == 0.125
    assert "probability at most 0.51 %" in words(e_value=199.0)
    assert "probability at most 100 %" in words(e_value=1.004)


def test_no_evidence_is_said_to_be_none() -> None:
    """E of 1 or less never sounds like a probability."""
    told = words(e_value=0.7, adjusted=0.7)
    assert "no evidence of an edge" in told
    assert "probability at most" not in told
    assert statement(e_value=0.7).chance == 1.0
    assert "at this pace never" in told


def test_a_version_alone_has_no_family() -> None:
    """Nothing is said of an adjustment that changes nothing."""
    assert "Adjusted" not in words(family=1, adjusted=8.0)


def test_what_is_missing_and_how_long_at_this_pace() -> None:
    """From 1 to 2 in 600 bars; to 4 it takes 600 more, 100 days; reached is said to be reached."""
    assert statement().second_step_ns == pytest.approx(100 * DAY, rel=1e-9)
    told = words()
    assert "a factor of 2 is missing for 20 %, about 100 days at this pace" in told
    assert (
        "the criteria alone open the first 10 %; above it capital needs evidence: 20 % an adjusted E of 4, 50 %" in told
    )
    assert "Reached: 4.5." in words(adjusted=4.5)


def test_what_capital_needs_is_told_by_the_rules_of_the_run() -> None:
    """Under `balanced` an adjusted E of 10 to go live at all; in a second attempt twice as much of everything."""
    told = words(promotion=PromotionRules(profile=Profile.BALANCED))
    assert "going live with 10 % needs an adjusted E of 10 beside the criteria" in told
    assert "a factor of 5 is missing for 10 %" in told
    assert "a factor of 4 is missing for 20 %" in words(attempt=2)
    assert "20 % an adjusted E of 8" in words(attempt=2)


def test_the_planned_time_and_the_warning_follow_the_bound() -> None:
    """12 deviations: about 72 days for a true ratio of 5; above 20 deviations a warning."""
    found = statement()
    assert found.bound_deviations == pytest.approx(12)
    assert found.planned_days == pytest.approx(72, abs=1)
    assert "WARNING" not in words()
    assert "WARNING: above 20 deviations" in words(deviation=0.0005)


def test_a_broken_bound_leaves_nothing_to_say() -> None:
    """No interval, no pace: only that nothing is proven, and the source."""
    found = statement(e_value=0.0, adjusted=0.0, bound_broken=True).sentences()
    assert len(found) == 2
    assert "a bar lost more than the loss bound of 1.2 % of equity" in found[0]


def test_the_warm_up_says_how_far_it_is() -> None:
    """How many bars have moved, and how many must."""
    told = words(loss_bound=None, e_value=1.0, adjusted=1.0, moved=7, bars=30, warmup_bars=30)
    assert "no bet yet. The warm-up takes 12 evidence bars with a return other than zero, found 7 in 30" in told


@pytest.mark.parametrize(
    ("source", "expected"), [("replay", "opens no real one"), ("live_feed", "while the process ran")]
)
def test_the_source_is_always_the_last_word(source: str, expected: str) -> None:
    """Replay opens simulated venues only, and it says so."""
    assert expected in statement(source=source).sentences()[-1]


def test_a_single_look_is_named_as_one() -> None:
    """PSR, DSR and MinTRL never stand without 'were this the only look'."""
    told = words(look=Look(0.7, 0.25, 2.9, 600.0))
    assert (
        "Were this the only look: PSR 70 % that the ratio is above 0, DSR 25 % that it is above the luck of 2.9 trials; MinTRL 100 days."
        in told
    )
    assert "no length of record helps" in words(look=Look(0.3, 0.1, 2.9, None))
