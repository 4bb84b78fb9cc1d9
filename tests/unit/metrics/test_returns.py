"""Returns, the equity index and the year, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.clock import NS_PER_DAY
from genesis.metrics.ratios import BARS_PER_YEAR, EVIDENCE_BAR_NS
from genesis.metrics.returns import (
    NO_DEVIATION,
    YEAR_DAYS,
    YEAR_NS,
    annualised_return,
    check_return,
    equity_index,
    simple_returns,
    total_return,
)


def test_a_year_of_evidence_bars_is_365_days_of_six() -> None:
    """4 h bars, six a day, 2,190 a year."""
    assert EVIDENCE_BAR_NS * 6 == NS_PER_DAY
    assert EVIDENCE_BAR_NS * BARS_PER_YEAR == YEAR_NS == YEAR_DAYS * NS_PER_DAY
    assert YEAR_DAYS == 365


def test_a_return_is_net_pnl_over_equity_at_the_start() -> None:
    """100 to 110 is 10 %, 110 to 99 is -10 %, a flat bar is 0."""
    assert simple_returns(np.array([100.0, 110.0, 99.0, 99.0])).tolist() == pytest.approx([0.1, -0.1, 0.0])
    assert simple_returns(np.array([100.0])).tolist() == []


def test_deposits_and_withdrawals_are_no_return() -> None:
    """100 earns 10, then 50 is paid in, which earns nothing; 40 is taken out after a loss of 20."""
    equity, flows = np.array([100.0, 160.0, 160.0, 100.0]), np.array([50.0, 0.0, -40.0])
    assert simple_returns(equity, flows).tolist() == pytest.approx([0.1, 0.0, -20 / 160])


def test_the_index_compounds_from_one_and_its_end_is_the_total_return() -> None:
    """1.1 x 0.9 = 0.99: up and down 10 % loses 1 %."""
    returns = np.array([0.1, -0.1])
    assert equity_index(returns).tolist() == pytest.approx([1.0, 1.1, 0.99])
    assert total_return(returns) == pytest.approx(-0.01)
    assert total_return(np.array([])) is None


@pytest.mark.parametrize(
    ("total", "elapsed_ns", "expected"),
    [
        (1.0, YEAR_NS, 1.0),
        (0.21, 2 * YEAR_NS, 0.1),
        (0.1, YEAR_NS // 2, 0.21),
        (-0.19, 2 * YEAR_NS, -0.1),
        (0.0, 1, 0.0),
        (-1.0, NS_PER_DAY, -1.0),
    ],
)
def test_annualised_return_is_the_growth_rate_of_a_365_day_year(total: float, elapsed_ns: int, expected: float) -> None:
    """(1 + total) to the power of years upside down, less 1."""
    assert annualised_return(total, elapsed_ns) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("total", "elapsed_ns"),
    # The last doubles in a 1,024th of a year: e to the power of 709.8 is the first that no float holds.
    [(None, YEAR_NS), (0.1, 0), (0.1, -1), (-1.5, YEAR_NS), (0.5, NS_PER_DAY // 24), (1.0, YEAR_NS // 1024)],
)
def test_annualised_return_is_none_where_it_is_undefined(total: float | None, elapsed_ns: int) -> None:
    """No return, no time, more lost than there was, or a power beyond a float."""
    assert annualised_return(total, elapsed_ns) is None


@pytest.mark.parametrize(
    ("equity", "flows", "message"),
    [
        ([], None, "equity: expected at least one value, found none"),
        ([1.0, float("nan"), 1.0], None, r"equity\[1\]: expected a finite number, found nan"),
        ([1.0, 0.0, 1.0], None, r"equity\[1\]: expected above 0 at the start of a bar, found 0.0"),
        ([1.0, 1.0], [0.0, 0.0], "flows: expected one a bar, 1, found 2"),
        ([1.0, 1.0], [float("inf")], r"flows\[0\]: expected a finite number, found inf"),
    ],
)
def test_columns_that_are_no_equity_are_refused(equity: list[float], flows: list[float] | None, message: str) -> None:
    """A missing bar is an error of that bar, and nothing is earned on nothing."""
    with pytest.raises(ValueError, match=message):
        simple_returns(np.array(equity), None if flows is None else np.array(flows))


def test_everything_may_be_lost_in_the_last_bar() -> None:
    """Equity of 0 at the end is a return of -1; only a bar cannot start with it."""
    assert simple_returns(np.array([10.0, 0.0])).tolist() == [-1.0]


@pytest.mark.parametrize("x", [float("nan"), float("inf"), float("-inf"), 1e70, 1e60, -1e60])
def test_what_is_no_return_is_refused(x: float) -> None:
    """nan, infinity, and numbers whose powers would be."""
    with pytest.raises(ValueError, match="return: expected a finite number, found"):
        check_return(x)


def test_a_deviation_is_more_than_a_step_of_a_float_at_one() -> None:
    """Index values near 1 that differ by less are the same value, so what varies by less does not vary."""
    assert np.spacing(1.0) == NO_DEVIATION
