"""Measured against thresholds: what passes, what fails, and what nobody can say yet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from genesis.monitoring.report.criteria import (
    Criterion,
    Judgement,
    Measurements,
    SampleSize,
    Status,
    Thresholds,
    Unit,
    Window,
    judge,
)

WINDOW = Window(0, 10)
PASSED, FAILED, OPEN = Status.PASSED, Status.FAILED, Status.INCONCLUSIVE
GOOD: dict[str, Any] = {
    "trades": 100,
    "bars": 42,
    "sharpe": 1.5,
    "sharpe_stderr": 0.5,
    "drawdown_max": 0.1,
    "win_rate": 0.55,
}


def judged(limits: Thresholds | None = None, **changed: Any) -> dict[str, Judgement]:
    """The five judgements by name, of measurements that lie exactly on the thresholds but for what is changed."""
    found = judge(Measurements(window=WINDOW, **{**GOOD, **changed}), limits)
    return {j.criterion.name: j for j in found}


@pytest.mark.parametrize(
    ("changed", "name", "status"),
    [
        ({}, "min_trades", PASSED),
        ({"trades": 99}, "min_trades", OPEN),
        ({"trades": 0, "win_rate": None}, "min_trades", OPEN),
        ({}, "min_days", PASSED),
        ({"bars": 41}, "min_days", OPEN),
        ({}, "min_sharpe", PASSED),
        ({"sharpe": 1.4999}, "min_sharpe", FAILED),
        ({"sharpe": -3.0}, "min_sharpe", FAILED),
        ({"sharpe": 9.0, "bars": 41}, "min_sharpe", OPEN),
        ({"sharpe": None}, "min_sharpe", OPEN),
        ({}, "max_drawdown", PASSED),
        ({"drawdown_max": 0.1001}, "max_drawdown", FAILED),
        ({"drawdown_max": 0.1001, "bars": 0}, "max_drawdown", FAILED),
        ({"drawdown_max": 0.01, "bars": 41}, "max_drawdown", OPEN),
        ({"drawdown_max": None}, "max_drawdown", OPEN),
        ({}, "min_win_rate", PASSED),
        ({"win_rate": 0.5499}, "min_win_rate", FAILED),
        ({"win_rate": 1.0, "trades": 99}, "min_win_rate", OPEN),
        ({"win_rate": None}, "min_win_rate", OPEN),
    ],
)
def test_each_criterion_on_its_threshold_beside_it_and_without_a_sample(
    changed: dict[str, Any], name: str, status: Status
) -> None:
    """The threshold itself passes; what is too short or undefined is INCONCLUSIVE; a broken drawdown limit is final."""
    assert judged(**changed)[name].status is status


def test_there_are_the_five_of_the_configuration_in_its_order() -> None:
    """With the mission's numbers as defaults."""
    assert [(j.criterion.name, j.criterion.threshold) for j in judged().values()] == [
        ("min_trades", 100),
        ("min_days", 7),
        ("min_sharpe", 1.5),
        ("max_drawdown", 0.10),
        ("min_win_rate", 0.55),
    ]


def test_inconclusive_says_how_many_more_are_needed() -> None:
    """In words, with the number that is missing."""
    assert judged(trades=37)["min_trades"].missing == "63 more trades of 100"
    assert judged(bars=40)["min_days"].missing == "2 more evidence bars of 42"
    assert "undefined" in judged(sharpe=None)["min_sharpe"].missing


def test_a_value_near_its_threshold_is_said_to_be_near() -> None:
    """Under two standard errors chance could turn it, and over two that is not said."""
    assert "chance alone" in judged(sharpe=2.4)["min_sharpe"].remark
    far = judged(sharpe=2.6)["min_sharpe"].remark
    assert far.startswith("2.2 standard errors above")
    assert "chance" not in far
    assert "0.2 standard errors below" in judged(win_rate=0.54)["min_win_rate"].remark


def test_other_thresholds_ask_for_other_samples() -> None:
    """A Sharpe ratio still needs its 42 bars when fewer days are asked for."""
    found = judged(Thresholds(min_days=2, min_trades=10), bars=12, trades=10, sharpe=3.0)
    assert (found["min_days"].status, found["min_trades"].status) == (PASSED, PASSED)
    assert (found["min_sharpe"].status, found["min_sharpe"].sample.needed) == (OPEN, 42)


SHARPE = Criterion("min_sharpe", 1.5, Unit.A_YEAR)
ENOUGH, SHORT = SampleSize(42, 42, "evidence bars"), SampleSize(41, 42, "evidence bars")


@pytest.mark.parametrize(
    ("value", "sample", "status", "missing"),
    [
        (None, ENOUGH, PASSED, ""),
        (None, ENOUGH, FAILED, ""),
        (float("nan"), ENOUGH, FAILED, ""),
        (1.4, ENOUGH, PASSED, ""),
        (1.6, ENOUGH, FAILED, ""),
        (1.6, SHORT, PASSED, ""),
        (1.4, SHORT, FAILED, ""),
        (1.6, ENOUGH, PASSED, "something"),
        (1.6, SHORT, OPEN, ""),
    ],
)
def test_no_judgement_without_what_it_rests_on(
    value: float | None, sample: SampleSize, status: Status, missing: str
) -> None:
    """A status that value, threshold and sample do not bear out cannot be made."""
    with pytest.raises(ValueError, match="min_sharpe"):
        Judgement(SHARPE, value, sample, WINDOW, status, missing)


@pytest.mark.parametrize("field", ["criterion", "value", "sample", "window", "status"])
def test_value_threshold_sample_and_window_are_not_optional(field: str) -> None:
    """None of them has a default."""
    assert field in {f.name for f in msgspec.structs.fields(Judgement) if f.required}


def test_windows_and_samples_that_cannot_be_are_refused() -> None:
    """An end before its start; a negative count; a count of nothing."""
    with pytest.raises(ValueError, match="window"):
        Window(1, 0)
    with pytest.raises(ValueError, match="sample"):
        SampleSize(-1, 0, "trades")
    with pytest.raises(ValueError, match="sample"):
        SampleSize(1, 0, "")
