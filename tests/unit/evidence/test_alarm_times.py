"""Mean times to alarms, against published run lengths."""

from __future__ import annotations

import pytest

from genesis.evidence import alarm_times as at

SHIFTS = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4)
RUN_LENGTHS = {
    4: (168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71),
    5: (465, 139, 38.0, 17.0, 10.4, 5.75, 4.01, 3.11, 2.57, 2.01),
}


@pytest.mark.parametrize("limit", [4, 5])
def test_run_lengths_of_montgomery(limit: int) -> None:
    """Montgomery, Introduction to Statistical Quality Control, table of ARLs of a two-sided CUSUM with k = 0.5."""
    for shift, expected in zip(SHIFTS, RUN_LENGTHS[limit], strict=True):
        one, other = at.exact_cusum_arl(shift, 0.5, limit), at.exact_cusum_arl(-shift, 0.5, limit)
        assert at.two_sided(one, other) == pytest.approx(expected, rel=5e-3)


def test_a_limit_of_477_gives_370() -> None:
    """The usual design that equals a three-sigma chart: about 370, exactly there at 4.774."""
    one = at.exact_cusum_arl(0, 0.5, 4.77)
    assert at.two_sided(one, one) == pytest.approx(370, abs=2)
    one = at.exact_cusum_arl(0, 0.5, 4.774)
    assert at.two_sided(one, one) == pytest.approx(370, abs=0.3)


def test_siegmund_of_montgomery() -> None:
    """Montgomery's worked example of Siegmund 1985: 938.2 and, two-sided, 469.1 in control; 10.34 at a shift of 1."""
    calm = at.siegmund_arl(0, 0.5, 5)
    assert calm == pytest.approx(938.2, abs=0.05)
    assert at.two_sided(calm, calm) == pytest.approx(469.1, abs=0.05)
    assert at.siegmund_arl(1, 0.5, 5) == pytest.approx(10.34, abs=5e-3)
    assert at.siegmund_arl(0.5, 0.5, 5) == pytest.approx(6.166**2)


def test_one_sided_run_lengths() -> None:
    """Our own, of which Montgomery's two-sided ones are made: 930.9 and 335.4."""
    assert at.exact_cusum_arl(0, 0.5, 5) == pytest.approx(930.9, abs=0.1)
    assert at.exact_cusum_arl(0, 0.5, 4) == pytest.approx(335.4, abs=0.1)


def test_shiryaev_roberts_of_one_deviation() -> None:
    """A of 1,000 zeta(1) = 560.37 gives a mean of 1,000.8 bars, as theory has it (A / zeta, arXiv 0908.4119), and 11.14 after the change."""
    calm, delay = at.exact_shiryaev_roberts(1, 560.37)
    assert calm == pytest.approx(1000.8, rel=1e-3)
    assert delay == pytest.approx(11.14, rel=5e-3)


PLAN = {
    1: ((0.63, 120), (0.86, 206), (1.15, 339), (1.64, 607)),
    2: ((1.15, 85), (1.51, 133), (1.94, 197), (2.61, 307)),
    3: ((1.57, 63), (2.02, 93), (2.53, 130), (3.29, 189)),
    5: ((2.25, 40), (2.79, 54), (3.38, 71), (4.22, 94)),
    8: ((3.00, 23), (3.60, 30), (4.24, 37), (5.11, 47)),
    10: ((3.38, 18), (4.01, 22), (4.66, 27), (5.55, 33)),
    20: ((4.66, 6.7), (5.33, 7.9), (6.01, 9.1), (6.92, 11)),
    38: ((5.91, 2.5), (6.59, 2.8), (7.28, 3.2), (8.19, 3.6)),
}


@pytest.mark.parametrize("drop", sorted(PLAN))
def test_planning_table(drop: int) -> None:
    """Our own table of thresholds and mean delays in days for 0.5, 1, 2 and 5 years between false alarms, both ways."""
    for years, (threshold, days) in zip((0.5, 1, 2, 5), PLAN[drop], strict=True):
        found = at.threshold_for(drop, years)
        assert found == pytest.approx(threshold, abs=6e-3)
        assert at.brownian_arl_years(drop, found) == pytest.approx(years, rel=1e-5)
        assert at.brownian_delay_years(drop, found) * 365 == pytest.approx(days, abs=0.6 if days >= 11 else 0.06)


def test_three_units_in_a_year() -> None:
    """A fall of 3 a year with a year between false alarms: h 2.02, 93.3 days."""
    assert at.threshold_for(3, 1) == pytest.approx(2.02, rel=5e-3)
    assert at.brownian_delay_years(3, at.threshold_for(3, 1)) * 365 == pytest.approx(93.3, rel=5e-3)


def test_the_brownian_limit_is_that_of_bars() -> None:
    """A fall of 3 a year spread over 2,190 bars: the overshoot of bars makes the year longer, by 11 %, never shorter; Siegmund has it."""
    shift = 3 / 2190**0.5
    h = at.threshold_for(3, 1)
    bars = at.exact_cusum_arl(0, shift / 2, h / shift)
    assert bars / 2190 == pytest.approx(1.113, abs=2e-3)
    assert bars == pytest.approx(at.siegmund_arl(0, shift / 2, h / shift), rel=1e-3)


def test_what_cannot_be_planned_is_refused() -> None:
    """Without a drop there is nothing to see."""
    with pytest.raises(ValueError, match="drop"):
        at.threshold_for(0, 1)
    with pytest.raises(ValueError, match="arl_years"):
        at.threshold_for(1, 0)
