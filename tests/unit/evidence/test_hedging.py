"""Evidence beyond the benchmark: holding what rises is no skill, and skill in a falling market is one."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import Beta, HedgedEvidence
from genesis.evidence.rules import BettingRules, HedgeRules, Source

RULES, BETS = HedgeRules(), BettingRules()
PAIRS = st.lists(st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)), max_size=60)


def market(seed: int, bars: int, annual_sharpe: float) -> list[float]:
    """Normal returns of 60 % a year."""
    unit = 0.6 / sqrt(2190)
    noise = np.random.default_rng(seed).standard_normal(bars)
    return (unit * (noise + annual_sharpe / sqrt(2190))).tolist()


def both(returns: list[float], benchmark: list[float]) -> tuple[float, float]:
    """Raw and residual E."""
    raw, hedged = Evidence(BETS, Source.REPLAY), HedgedEvidence(RULES, BETS)
    for r, b in zip(returns, benchmark, strict=True):
        raw.add(r)
        hedged.add(r, b)
    return raw.e_value, hedged.e_value


def test_holding_in_a_bull_market_proves_nothing() -> None:
    """Raw evidence is convinced by a year at a ratio of 6; the residual of holding is 0 in every bar, so its E stays 1."""
    bull = market(1, 2190, 6.0)
    raw, residual = both(bull, bull)
    assert raw > 20
    assert residual == 1.0


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_being_in_the_market_by_chance_proves_nothing(seed: int) -> None:
    """Invested in half of all bars, at random, less a fee: long in a bull market, and no more than that."""
    bull = market(seed, 2190, 10.0)
    tossed = np.random.default_rng(100 + seed).random(2190) < 0.5
    raw, residual = both([b * int(t) - 1e-5 for b, t in zip(bull, tossed.tolist(), strict=True)], bull)
    assert raw > 10
    assert residual < 4


def test_skill_in_a_falling_market_shows() -> None:
    """Long all year of what falls at a ratio of -4, with an edge of 8 of its own: raw evidence has little, the residual all of it."""
    bear, own = market(5, 2190, -4.0), market(6, 2190, 8.0)
    raw, residual = both([b + e / 2 for b, e in zip(bear, own, strict=True)], bear)
    assert residual > 20
    assert raw < residual


def test_beta_is_the_weighted_slope() -> None:
    """Equal to a weighted least squares on the benchmark and on a quantity held, with intercept; of a constant benchmark it is 0."""
    chance = np.random.default_rng(7)
    b = chance.standard_normal(50) * 0.01
    r = 0.3 + 1.7 * b + 0.002 * chance.standard_normal(50)
    beta, weights = Beta(0.9), 0.9 ** np.arange(49, -1, -1.0)
    for change, benchmark in zip(r.tolist(), b.tolist(), strict=True):
        beta.add(change, benchmark)
    drift = np.concatenate([[1.0], np.cumprod((1 + b) / (1 + r))])
    columns = np.stack([np.ones(50), b, b * drift[:-1]], axis=1) * np.sqrt(weights)[:, None]
    _, constant, quantity = np.linalg.lstsq(columns, r * np.sqrt(weights), rcond=None)[0]
    assert beta.value == pytest.approx(float(constant + quantity * drift[-1]), rel=1e-6)
    flat = Beta(0.9)
    for x in (0.1, 0.2, 0.3):
        flat.add(x, 0.0)
    assert flat.value == 0


@given(PAIRS, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_a_bar_does_not_choose_its_own_beta(before: list[tuple[float, float]], one: float, other: float) -> None:
    """Two futures of one past are hedged with the same beta, known before them; the residual is made with it."""
    for last in (one, other):
        hedged = HedgedEvidence(RULES, BETS)
        for r, b in before:
            hedged.add(r, b)
        beta = hedged.beta
        hedged.add(last, 0.01)
        assert (beta is None) == (len(before) < RULES.beta_bars)
        assert hedged.residual == (None if beta is None else last - beta * 0.01)


@given(PAIRS, PAIRS)
def test_saved_and_loaded_it_goes_on_bit_by_bit(
    before: list[tuple[float, float]], after: list[tuple[float, float]]
) -> None:
    """Interrupted anywhere, in either warm-up or after."""
    kept, restored = HedgedEvidence(RULES, BETS), HedgedEvidence(RULES, BETS)
    for r, b in before:
        kept.add(r, b)
    restored.load(kept.save())
    assert restored.residual == kept.residual
    for r, b in after:
        kept.add(r, b)
        restored.add(r, b)
    assert (restored.save(), restored.e_value, restored.beta) == (kept.save(), kept.e_value, kept.beta)


def test_what_cannot_be_is_refused() -> None:
    """A missing bar of either, and rules without a past."""
    for r, b in ((float("nan"), 0.0), (0.0, float("inf"))):
        with pytest.raises(ValueError, match="return"):
            HedgedEvidence(RULES, BETS).add(r, b)
    with pytest.raises(ValueError, match="beta_bars"):
        HedgeRules(beta_bars=1)
    with pytest.raises(ValueError, match="bets"):
        HedgedEvidence(RULES, BettingRules(bets_sharpe=(3.0,))).load(
            HedgedEvidence(RULES, BETS).save()[: 3 + 10 + 2 * 6]
        )


def bought_once(bull: list[float], weight: float) -> list[float]:
    """Returns of who buys that share of equity at the start and holds the quantity: exposure grows with the price."""
    held, cash, found = weight, 1 - weight, []
    for change in bull:
        found.append(held * change / (held + cash))
        held *= 1 + change
    return found


@pytest.mark.parametrize("weight", [0.3, 0.5, 0.95])
def test_a_position_whose_exposure_drifts_in_a_bull_market_proves_nothing(weight: float) -> None:
    """Its share of equity grows with the price and beta knows how: nothing is left, however much the raw evidence claims."""
    bull = market(1, 2190, 4.0)
    raw, residual = both(bought_once(bull, weight), bull)
    assert raw >= 20
    assert residual == pytest.approx(1, abs=0.01)
