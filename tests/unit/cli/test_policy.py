"""``genesis simulate-policy``: a table, a document and a page of one small study."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.calling import genesis

SMALL = ("--families", "4", "--days", "25", "--payoff", "small_wins", "--sharpe", "0", "--sharpe", "8")


def test_a_study_is_printed_with_what_the_profile_guarantees() -> None:
    """Sentences of the profile, the setting, a row a strategy, and what is left out."""
    answer = genesis("simulate-policy", *SMALL)
    assert answer.code == 0
    assert "Profile given" in answer.out
    assert "4 families of one version alone, 24 trades a day, 25 days" in answer.out
    assert answer.out.count("small_wins") == 2
    assert "Monitors, tiers" in answer.out


def test_the_document_holds_rates_with_their_errors_and_other_levels(tmp_path: Path) -> None:
    """The same seed gives the same document; a stricter level is told beside; the page names both strategies and fetches nothing."""
    page = tmp_path / "policy.html"
    asked = ("simulate-policy", *SMALL, "--alpha", "0.01", "--out", page, "--json")
    found = json.loads(genesis(*asked).out)
    again = json.loads(genesis(*asked, "--force").out)
    assert found == again
    first = found["outcomes"][0]
    assert first["strategy"] == {"payoff": "small_wins", "sharpe": 0.0}
    assert first["live"]["n"] == 4
    assert first["live"]["stderr"] > 0
    assert len(first["live_by_day"]) == 25
    assert list(found["by_alpha"]) == ["0.01"]
    text = page.read_text(encoding="utf-8")
    assert "small wins, Sharpe 8" in text
    assert text.count("<svg") == 3
    assert "http" not in text.replace("http-equiv", "")


def test_what_cannot_be_studied_is_refused() -> None:
    """Numbers out of their range name the option's field."""
    for option, value, field in (
        ("--families", "0", "families"),
        ("--alpha", "2", "alpha"),
        ("--correlation", "1", "correlation"),
    ):
        answer = genesis("simulate-policy", *SMALL[4:], "--days", "3", option, value)
        assert answer.code == 2
        assert field in answer.error


def test_criteria_of_what_is_not_simulated_are_left_out_and_named(tmp_path: Path) -> None:
    """Costs, gaps and a live side are not simulated: their criteria are named and stand in nobody's way."""
    modes = "{cost_stress_mode: enforce, fidelity_mode: advisory}"
    (tmp_path / "policy.yaml").write_text(f"paper_trading: {{validation_criteria: {modes}}}\n")
    answer = genesis("simulate-policy", tmp_path / "policy.yaml", *SMALL)
    assert answer.code == 0
    assert "Not simulated, and never in the way here: cost_stress, fidelity." in answer.out
