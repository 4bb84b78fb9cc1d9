"""The page of results says what it was measured on, section by section."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks import realism
from benchmarks.harness import Machine, Measurement
from benchmarks.measure import Sample
from benchmarks.realism import PLAIN, REAL, Realism
from benchmarks.report import page


def machine(commit: str) -> Machine:
    return Machine("processor", 2, 24, "Linux", "3.11.7", commit)


def sample(seconds: float) -> Sample:
    return Sample("0.1.0", "3.11.7", "w1", 1_000, seconds, seconds, 0.0, 0.0, 1.0, 1.0, 1.0, 0.1, 5, 5, 0.0, -1.0)


def cost(commit: str) -> Realism:
    """Three rounds of W1: 1.5, 2 and 1.25 times as long."""
    took = {PLAIN: [sample(1.0), sample(1.0), sample(2.0)], REAL: [sample(1.5), sample(2.0), sample(2.5)]}
    return Realism(machine(commit), {"w1": took})


def speed(commit: str) -> Measurement:
    return Measurement("w1", None, 3, machine(commit))


def test_the_cost_of_realism_is_the_median_over_the_rounds() -> None:
    """1.5, of 1.25 to 2; with its commit and how many rounds there were."""
    text = page([], None, cost("abc"))
    assert "| w1 | 1,000 trades | 500 | 1.50x (1.25 to 2.00) | 0.1 |" in text
    assert "3 rounds, commit abc." in text


def test_several_commits_are_said_and_one_is_not() -> None:
    """Whoever compares two sections must know that they were not measured on the same code."""
    said = "Sections were measured at different commits"
    assert said in page([speed("abc")], None, cost("def"))
    assert said not in page([speed("abc")], None, cost("abc"))


def test_what_is_kept_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the one before it."""
    monkeypatch.setattr(realism, "RESULTS", tmp_path)
    assert realism.kept_realism() is None
    for commit in ("abc", "def"):
        realism.keep_realism(cost(commit))
    assert msgspec.to_builtins(realism.kept_realism()) == msgspec.to_builtins(cost("def"))
