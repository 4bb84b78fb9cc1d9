"""How a run's evidence is weighed: what is kept of winnings grows with the family, so that nobody's way to the whole budget is closed by numbers."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from genesis.audit.entry import encode
from genesis.evidence.families import closed_adjustment
from genesis.paper_trading.promotion_rules import Profile, PromotionRules
from genesis.system.run import prepare
from genesis.system.weighing import betting_rules
from tests.kit.swings import prepared


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("versions", [1, 4, 5, 20, 21, 200])
def test_one_that_is_good_among_many_that_are_not_can_hold_its_whole_budget(profile: Profile, versions: int) -> None:
    """At its cap beside others that have lost everything, and in its third attempt too, whose thresholds are four times as high."""
    rules = PromotionRules(profile=profile)
    best = closed_adjustment([betting_rules(rules, versions).cap, *[0.0] * (versions - 1)])[0]
    assert best >= 2 * rules.needed(rules.max_allocation, attempt=3)


def test_small_families_are_weighed_as_they_always_were() -> None:
    """4,000 up to twenty versions at the levels of `given`."""
    assert [betting_rules(PromotionRules(), n).cap for n in (1, 20, 21)] == [4_000.0, 4_000.0, 4_200.0]
    assert betting_rules(PromotionRules(profile=Profile.STRICT), 5).cap == 5_000.0


def test_a_run_counts_what_it_tries_and_says_how_it_weighs(tmp_path: Path) -> None:
    """Twenty-five strategies: 5,000, in the first entry as well."""
    config = prepared(tmp_path, 0).config
    (one,) = config.strategies
    many = [msgspec.structs.replace(one, name=f"s{n}") for n in range(25)]
    made = prepare(msgspec.structs.replace(config, strategies=many), tmp_path)
    assert made.betting.cap == 5_000.0
    assert b'"cap":"5000' in encode(made.started)
