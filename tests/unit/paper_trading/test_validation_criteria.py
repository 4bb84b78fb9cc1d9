"""Measured against thresholds: what passes, what fails, and what nobody can say yet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.paper_trading.validation_criteria import DrawdownLimit, SharpeUse, ValidationCriteria
from genesis.paper_trading.verdicts import (
    Criterion,
    Measurements,
    Mode,
    SampleSize,
    Status,
    Unit,
    Verdict,
    Window,
    in_time,
    overall,
)

DAY = 86_400_000_000_000
WINDOW = Window(0, 10 * DAY)
PASSED, FAILED, OPEN = Status.PASSED, Status.FAILED, Status.INCONCLUSIVE
GOOD: dict[str, Any] = {
    "trades": 100,
    "bars": 42,
    "sharpe": 1.5,
    "sharpe_stderr": 0.5,
    "drawdown_max": 0.1,
    "win_rate": 0.55,
}


def judged(limits: ValidationCriteria | None = None, **changed: Any) -> dict[str, Verdict]:
    """The verdicts by name, of measurements that lie exactly on the thresholds but for what is changed."""
    found = (limits or ValidationCriteria()).judge(Measurements(window=WINDOW, **{**GOOD, **changed}))
    return {v.criterion.name: v for v in found}


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
    assert [(v.criterion.name, v.criterion.threshold) for v in judged().values()] == [
        ("min_trades", 100),
        ("min_days", 7),
        ("min_sharpe", 1.5),
        ("max_drawdown", 0.10),
        ("min_win_rate", 0.55),
    ]


@pytest.mark.parametrize(
    ("win_rate", "breakeven", "status", "threshold"),
    [
        (0.38, 0.37, PASSED, 0.375),
        (0.375, 0.37, PASSED, 0.375),
        (0.374, 0.37, FAILED, 0.375),
        (0.65, 0.655, FAILED, 0.66),
        (1.0, 0.0, PASSED, 0.005),
        (0.0, 1.0, FAILED, 1.005),
        (0.0, None, FAILED, 0.005),
    ],
)
def test_with_a_margin_the_win_rate_is_held_against_what_its_wins_and_losses_need(
    win_rate: float, breakeven: float | None, status: Status, threshold: float
) -> None:
    """A few large wins pass with 38 %, many small ones fail with 65: by what they earn, and not by how often."""
    limits = ValidationCriteria(win_rate_margin=Decimal("0.005"))
    found = judged(limits, win_rate=win_rate, breakeven=breakeven)["min_win_rate"]
    assert (found.status, found.criterion.threshold) == (status, pytest.approx(threshold))
    assert judged(win_rate=win_rate, breakeven=breakeven)["min_win_rate"].criterion.threshold == 0.55


@pytest.mark.parametrize("margin", ["-0.001", "1"])
def test_a_margin_that_nothing_or_everything_would_meet_is_refused(margin: str) -> None:
    """0 to under 1; just inside is taken."""
    with pytest.raises(ValueError, match="win_rate_margin: expected 0 to under 1"):
        ValidationCriteria(win_rate_margin=Decimal(margin))
    assert ValidationCriteria(win_rate_margin=Decimal(0)).least_wins(0.25) == 0.25
    assert ValidationCriteria(win_rate_margin=Decimal("0.999")).least_wins(None) == 0.999


@pytest.mark.parametrize(
    ("sharpe", "stderr", "status", "value"),
    [
        (2.4, 0.5, FAILED, 1.5776),
        (2.5, 0.5, PASSED, 1.6776),
        (2.5, 0.0, PASSED, 2.5),
        (1.6, 0.5, FAILED, 0.7776),
        (-1.0, 1.0, FAILED, -2.6449),
        (2.5, None, OPEN, None),
        (None, None, OPEN, None),
    ],
)
def test_by_the_lower_bound_the_ratio_less_its_error_is_judged(
    sharpe: float | None, stderr: float | None, status: Status, value: float | None
) -> None:
    """1.645 standard errors lower; without an error there is no bound; the point itself is judged where nothing else is asked."""
    limits = ValidationCriteria(sharpe_use=SharpeUse.LOWER_BOUND, min_sharpe=Decimal("1.6"))
    found = judged(limits, sharpe=sharpe, sharpe_stderr=stderr)["min_sharpe"]
    assert (found.status, found.criterion.threshold) == (status, 1.6)
    assert found.value == (None if value is None else pytest.approx(value, abs=1e-4))
    assert judged(sharpe=sharpe, sharpe_stderr=stderr)["min_sharpe"].value == sharpe


def test_a_lower_bound_is_said_to_be_one() -> None:
    """With the ratio and the error that it was made of."""
    found = judged(ValidationCriteria(sharpe_use=SharpeUse.LOWER_BOUND), sharpe=2.5)["min_sharpe"]
    assert found.words == "the lower end of a one-sided 95 % interval: a ratio of 2.50 with a standard error of 0.50"
    with pytest.raises(msgspec.ValidationError, match="sharpe_use"):
        msgspec.convert({"sharpe_use": "upper"}, ValidationCriteria)


@pytest.mark.parametrize(
    ("volatility", "sharpe", "limit"),
    [
        # 4 / (4 + 365 / 7) of the ratio counts after 42 bars: 0.07124679; sigma ln(100) / (2 SR).
        (0.05, 20.0, 0.080796),
        (0.10, 20.0, 0.161592),
        (0.20, 20.0, 0.20),
        (0.10, 0.0, 0.20),
        (0.10, -3.0, 0.20),
        (0.10, None, 0.20),
        (0.001, None, 0.20),
        (None, 20.0, 0.20),
    ],
)
def test_a_scaled_drawdown_limit_is_what_a_healthy_strategy_of_that_volatility_may_show(
    volatility: float | None, sharpe: float | None, limit: float
) -> None:
    """The ratio shrunk for having been chosen; without one above 0, and beyond a fifth, the hard limit."""
    limits = ValidationCriteria(drawdown_limit=DrawdownLimit.VOL_SCALED)
    found = judged(limits, volatility=volatility, sharpe=sharpe, drawdown_max=limit)["max_drawdown"]
    assert (found.status, found.criterion.threshold) == (PASSED, pytest.approx(limit, abs=1e-6))
    hard = "the limit is the hard one" if limit == 0.20 else "a healthy strategy lies deeper 1.0% of the time"
    assert found.words == hard
    deeper = judged(limits, volatility=volatility, sharpe=sharpe, drawdown_max=limit + 1e-5)["max_drawdown"]
    assert deeper.status is FAILED


def test_a_drawdown_of_late_says_of_which_days_it_is() -> None:
    """Its window is the last three days of ten, or what there is of them; a sample does not hold it, the last decision does."""
    limits = ValidationCriteria(drawdown_window_days=3)
    found = judged(limits)["max_drawdown"]
    assert (found.window, found.words) == (Window(7 * DAY, 10 * DAY), "over the last 3 days")
    assert judged(ValidationCriteria(drawdown_window_days=11))["max_drawdown"].window == WINDOW
    shortest = msgspec.convert({"drawdown_window_days": 1}, ValidationCriteria)
    assert judged(shortest)["max_drawdown"].words == "over the last 1 day"
    assert (limits.window_bars, ValidationCriteria().window_bars) == (18, None)
    sampled = Measurements(window=WINDOW, **{**GOOD, "drawdown_max": 0.5})
    names = [v.criterion.name for v in limits.judge_sample(sampled, ())]
    assert names == ["min_trades", "min_days", "min_sharpe", "min_win_rate"]
    assert [v for v in limits.judge_sample(sampled, [found]) if v.criterion.at_most] == [found]
    assert ValidationCriteria().judge_sample(sampled, [found]) == ValidationCriteria().judge(sampled)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"drawdown_window_days": 0}, "drawdown_window_days"),
        ({"drawdown_limit": "relative"}, "drawdown_limit"),
        ({"drawdown_q": Decimal(0)}, "drawdown_q: expected above 0 to under 1, found 0"),
        ({"drawdown_q": Decimal(1)}, "drawdown_q: expected above 0 to under 1, found 1"),
    ],
)
def test_drawdown_options_that_cannot_be_are_refused(wrong: dict[str, Any], words: str) -> None:
    """Named, with what was expected and found."""
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(wrong, ValidationCriteria)


INTEGRITY = ValidationCriteria(
    concentration_mode=Mode.ENFORCE,
    cost_stress_mode=Mode.ENFORCE,
    data_quality_mode=Mode.ENFORCE,
    loss_bound_mode=Mode.ENFORCE,
    fidelity_mode=Mode.ENFORCE,
)
WHOLE: dict[str, Any] = {"without_best": 0.0, "e_stress": 1.0, "coverage": 0.99, "bound_breaks": 0}


@pytest.mark.parametrize(
    ("changed", "name", "status"),
    [
        ({}, "concentration", PASSED),
        ({"without_best": -0.0001}, "concentration", FAILED),
        ({"without_best": 0.3, "trades": 99}, "concentration", OPEN),
        ({"without_best": None}, "concentration", OPEN),
        ({}, "cost_stress", PASSED),
        ({"e_stress": 0.999}, "cost_stress", FAILED),
        ({"e_stress": 7.0, "bars": 41}, "cost_stress", OPEN),
        ({"e_stress": None}, "cost_stress", OPEN),
        ({}, "data_quality", PASSED),
        ({"coverage": 0.9899}, "data_quality", FAILED),
        ({"coverage": 0.5, "bars": 41}, "data_quality", OPEN),
        ({"coverage": None}, "data_quality", OPEN),
        ({"coverage": 1.01}, "data_quality", Status.ERROR),
        ({}, "loss_bound", PASSED),
        ({"bound_breaks": 1}, "loss_bound", FAILED),
        ({"bound_breaks": 1, "bars": 41}, "loss_bound", FAILED),
        ({"bound_breaks": None}, "loss_bound", OPEN),
        ({}, "fidelity", OPEN),
        ({"gap_alarm": False}, "fidelity", PASSED),
        ({"gap_alarm": True}, "fidelity", FAILED),
    ],
)
def test_each_criterion_beyond_the_five_on_its_threshold_and_beside_it(
    changed: dict[str, Any], name: str, status: Status
) -> None:
    """The threshold itself passes; coverage may still rise while the sample is short, a broken bound stays broken."""
    assert judged(INTEGRITY, **{**WHOLE, **changed})[name].status is status


def test_the_five_beyond_the_five_are_off_unless_asked_for() -> None:
    """By default none is judged; each that is asked for stands behind the five, in one order."""
    assert ValidationCriteria().integrity == ()
    names = ("concentration", "cost_stress", "data_quality", "loss_bound", "fidelity")
    assert INTEGRITY.integrity == names
    assert tuple(judged(INTEGRITY, **WHOLE))[5:] == names
    assert INTEGRITY.simulated() == ValidationCriteria()


def test_where_nothing_is_live_fidelity_keeps_nobody_on_paper() -> None:
    """It is open and does not count; with a live track it counts as it was asked to."""
    on_paper = judged(INTEGRITY, **WHOLE)
    assert (on_paper["fidelity"].criterion.mode, overall(list(on_paper.values()))) == (Mode.ADVISORY, PASSED)
    assert on_paper["fidelity"].words == "a live track: until then it counts for nothing"
    live = judged(INTEGRITY, **WHOLE, gap_alarm=True, gap_bars=9)
    assert (live["fidelity"].criterion.mode, overall(list(live.values()))) == (Mode.ENFORCE, FAILED)
    assert live["fidelity"].sample.n == 9


def test_three_trades_are_not_enough_to_be_without_the_best_three() -> None:
    """Four at least, where fewer trades are asked for."""
    few = ValidationCriteria(min_trades=1, concentration_mode=Mode.ADVISORY)
    assert judged(few, trades=3, without_best=0.0)["concentration"].missing == "1 more trades of 4"
    assert judged(few, trades=4, without_best=0.0)["concentration"].status is PASSED
    assert judged(few, trades=0)["concentration"].missing == "4 more trades of 4"


def test_warm_up_counts_for_none_of_the_five_beyond() -> None:
    """41 of 45 bars are no warm-up: one is lacking; of two bars that both are, none counts. No bar beside a twin is there unless it is told."""
    assert (
        judged(INTEGRITY, **{**WHOLE, "bars": 45}, warmup_bars=4)["data_quality"].missing
        == "1 more evidence bars of 42"
    )
    assert (
        judged(INTEGRITY, **{**WHOLE, "bars": 2}, warmup_bars=4)["data_quality"].missing
        == "42 more evidence bars of 42"
    )
    assert Measurements(window=WINDOW, trades=0, bars=0).gap_bars == 0


def test_an_absolute_share_of_wins_is_asked_by_default_and_where_it_is_enforced() -> None:
    """Not with a margin, which all payoffs can reach, nor where it only stands beside."""
    assert ValidationCriteria().asks_a_share_of_wins
    assert not ValidationCriteria(win_rate_margin=Decimal("0.05")).asks_a_share_of_wins
    assert not ValidationCriteria(win_rate_mode=Mode.ADVISORY).asks_a_share_of_wins


def test_a_share_of_whole_bars_is_a_share() -> None:
    """0 to 1; nothing beyond."""
    with pytest.raises(ValueError, match="min_coverage: expected 0 to 1, found 1.01"):
        ValidationCriteria(min_coverage=Decimal("1.01"))


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
    found = judged(ValidationCriteria(min_days=2, min_trades=10), bars=12, trades=10, sharpe=3.0)
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
def test_no_verdict_without_what_it_rests_on(
    value: float | None, sample: SampleSize, status: Status, missing: str
) -> None:
    """A status that value, threshold and sample do not bear out cannot be made."""
    with pytest.raises(ValueError, match="min_sharpe"):
        Verdict(SHARPE, value, sample, WINDOW, status, missing)


@pytest.mark.parametrize("field", ["criterion", "value", "sample", "window", "status"])
def test_value_threshold_sample_and_window_are_not_optional(field: str) -> None:
    """None of them has a default."""
    assert field in {f.name for f in msgspec.structs.fields(Verdict) if f.required}


def test_windows_and_samples_that_cannot_be_are_refused() -> None:
    """An end before its start; a negative count; a count of nothing."""
    with pytest.raises(ValueError, match="window"):
        Window(1, 0)
    with pytest.raises(ValueError, match="sample"):
        SampleSize(-1, 0, "trades")
    with pytest.raises(ValueError, match="sample"):
        SampleSize(1, 0, "")


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"sharpe": float("nan")}, "min_sharpe"),
        ({"sharpe": float("inf")}, "min_sharpe"),
        ({"drawdown_max": -0.1}, "max_drawdown"),
        ({"win_rate": 1.5}, "min_win_rate"),
        ({"trades": -1}, "min_trades"),
    ],
)
def test_a_number_that_cannot_be_is_an_error_and_passes_nothing(changed: dict[str, Any], name: str) -> None:
    """ERROR, with what was expected and found; it is the worst of all statuses."""
    found = judged(**changed)
    assert found[name].status is Status.ERROR
    assert "expected" in found[name].words
    assert overall(list(found.values())) is Status.ERROR


def test_warm_up_is_no_validation_time() -> None:
    """Forty-two bars of which six are warm-up are six days, not seven; a Sharpe ratio still rests on all of them."""
    found = judged(warmup_bars=6)
    assert (found["min_days"].value, found["min_days"].status) == (6.0, OPEN)
    assert found["min_days"].missing == "6 more evidence bars of 42"
    assert found["min_sharpe"].status is PASSED


def test_what_is_missing_says_how_long_it_takes() -> None:
    """Bars come by the clock, 4 h each; trades as they came: 20 in 10 days leave 40 days for 80 more; none came, so none will."""
    assert judged(bars=36)["min_days"].words == "6 more evidence bars of 42; about 24 hours at this pace"
    assert judged(bars=0)["min_days"].wait_ns == 7 * DAY
    slow = judged(trades=20)["min_trades"]
    assert (slow.words, slow.wait_ns) == ("80 more trades of 100; about 40 days at this pace", 40 * DAY)
    assert judged(trades=0)["min_trades"].words == "100 more trades of 100; at this pace never"
    assert judged(sharpe=None)["min_sharpe"].words == "a value: it is undefined over this sample"


def test_only_what_is_enforced_counts() -> None:
    """An advisory criterion is judged and counts for nothing; one that is off is not judged; none enforced is no verdict at all."""
    advisory = ValidationCriteria(win_rate_mode=Mode.ADVISORY)
    assert judged(advisory, win_rate=0.3)["min_win_rate"].status is FAILED
    assert overall(list(judged(advisory, win_rate=0.3).values())) is PASSED
    off = judged(ValidationCriteria(win_rate_mode=Mode.OFF, trades_mode=Mode.OFF), win_rate=0.3)
    assert list(off) == ["min_days", "min_sharpe", "max_drawdown"]
    names = ("trades", "days", "sharpe", "drawdown", "win_rate")
    modes: dict[str, Any] = {f"{name}_mode": Mode.ADVISORY for name in names}
    none = ValidationCriteria(**modes)
    assert overall(list(judged(none).values())) is None


def test_the_worst_enforced_status_stands_for_all() -> None:
    """FAILED before INCONCLUSIVE before PASSED."""
    assert overall(list(judged(sharpe=0.0, trades=3).values())) is FAILED
    assert overall(list(judged(trades=3).values())) is OPEN
    assert overall(list(judged().values())) is PASSED


@pytest.mark.parametrize(
    "value",
    [
        WINDOW,
        ENOUGH,
        SHARPE,
        Verdict(SHARPE, 2.0, ENOUGH, WINDOW, PASSED),
        Measurements(window=WINDOW, trades=1, bars=1),
        ValidationCriteria(),
    ],
    ids=lambda v: type(v).__name__,
)
def test_nothing_that_was_measured_or_asked_changes_afterwards(value: msgspec.Struct) -> None:
    """All of it is frozen."""
    name = value.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(value, name, getattr(value, name))


def test_numbers_and_limits_are_given_by_name() -> None:
    """By their place two of them are soon confused; a limit that nobody knows is refused."""
    with pytest.raises(TypeError):
        Measurements(WINDOW, 1, 1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        ValidationCriteria(100)  # type: ignore[call-arg]
    with pytest.raises(msgspec.ValidationError, match="min_sharp"):
        msgspec.convert({"min_sharp": 1}, ValidationCriteria)


def test_limits_at_the_edge_of_what_can_be() -> None:
    """One trade, one day, a drawdown of 0 to 1, a win rate of 0 to 1; nothing beyond."""
    found = msgspec.convert({"min_trades": 1, "min_days": 1}, ValidationCriteria)
    assert (found.min_trades, found.min_days) == (1, 1)
    for edge in (Decimal(0), Decimal(1)):
        assert ValidationCriteria(max_drawdown=edge, min_win_rate=edge).max_drawdown == edge
    for beyond in ("-0.1", "1.5"):
        with pytest.raises(ValueError, match="max_drawdown: expected 0 to 1"):
            ValidationCriteria(max_drawdown=Decimal(beyond))


@pytest.mark.parametrize(
    ("hours", "words"),
    [(1, "about 1 hour"), (2, "about 2 hours"), (47, "about 47 hours"), (48, "about 2 days"), (60, "about 3 days")],
)
def test_hours_are_told_under_two_days(hours: int, words: str) -> None:
    """Rounded up, in the plural where there are more."""
    assert in_time(hours * DAY // 24) == f"{words} at this pace"


def test_samples_and_windows_of_nothing() -> None:
    """A moment is a window of no length, nothing a sample of nothing; what is enough lacks nothing."""
    assert Window(DAY, DAY).length_ns == 0
    assert Window(DAY, 3 * DAY).length_ns == 2 * DAY
    assert SampleSize(0, 0, "trades").enough
    assert (SampleSize(0, 3, "trades").lacking, SampleSize(4, 3, "trades").lacking) == (3, 0)
    assert judged(bars=0, sharpe=None)["min_sharpe"].sample.n == 0


@pytest.mark.parametrize(
    ("sharpe", "words"),
    [
        (1.5, "0.0 standard errors above the threshold: chance alone could turn it"),
        (1.75, "0.5 standard errors above the threshold: chance alone could turn it"),
        (1.25, "0.5 standard errors below the threshold: chance alone could turn it"),
        (2.5, "2.0 standard errors above the threshold"),
    ],
)
def test_on_the_threshold_is_above_it_and_two_errors_are_clear(sharpe: float, words: str) -> None:
    """With a standard error of a half."""
    assert judged(sharpe=sharpe)["min_sharpe"].remark == words


def test_a_single_trade_has_an_error_too() -> None:
    """Half a win of one trade: an error of a half."""
    limits = ValidationCriteria(min_trades=1)
    assert judged(limits, trades=1, win_rate=0.5)["min_win_rate"].remark.startswith("0.1 standard errors below")
