"""Both evaluators of drawdown agree to the bit, states restore anywhere, windows know nothing but their values, nothing is ever nan."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.exposure import TimeWeighted
from genesis.metrics.ratios import Moments, sharpe
from genesis.metrics.risk import RecentReturns
from genesis.metrics.trades import trade_stats
from genesis.model.money import Money
from genesis.paper_trading.measures import BarReturns
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from tests.kit.factories import BTC

RETURNS = st.lists(st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 0.01, -0.01, 1e-300])), max_size=60)
# Few distinct values, so that peaks are met again exactly.
INDICES = st.lists(st.one_of(st.sampled_from([0.8, 0.9, 1.0, 1.1, 1.2]), st.floats(-0.5, 3)), max_size=150)


@given(INDICES, st.lists(st.integers(0, 60), max_size=8), st.one_of(st.none(), st.floats(0, 1.2)))
def test_drawdown_by_column_is_drawdown_value_by_value(
    values: list[float], cuts: list[int], limit: float | None
) -> None:
    """However a column is cut: the same first break, peak, maximum and dates, to the bit."""
    one_by_one, by_column = DrawdownTracker(), DrawdownTracker()
    broke = None
    for i, value in enumerate(values):
        if one_by_one.update(value, 1000 + i) >= (math.inf if limit is None else limit):
            broke = i
            break
    start, found = 0, None
    for stop in [*(sum(cuts[: k + 1]) for k in range(len(cuts))), len(values)]:
        stop = min(stop, len(values))
        place = by_column.scan(np.array(values[start:stop]), np.arange(1000 + start, 1000 + stop), limit)
        if place is not None:
            found = start + place
            break
        start = stop
    assert found == broke
    assert by_column.save() == one_by_one.save()


@given(INDICES, st.integers(0, 150), INDICES)
def test_drawdown_restored_anywhere_goes_on(values: list[float], cut: int, other: list[float]) -> None:
    """Through JSON into a used tracker."""
    straight, restored = DrawdownTracker(), DrawdownTracker()
    for t, x in enumerate(values[:cut]):
        straight.update(x, t)
    for t, x in enumerate(other):
        restored.update(x, t)
    restored.load(json.loads(json.dumps(straight.save())))
    for t, x in enumerate(values[cut:], cut):
        assert restored.update(x, t) == straight.update(x, t)
    assert restored.save() == straight.save()


@given(RETURNS, st.integers(0, 60))
def test_moments_and_windows_restored_anywhere_go_on(values: list[float], cut: int) -> None:
    """Through JSON: the same states to the bit."""
    for make in (Moments, RecentReturns):
        straight, restored = make(values[:cut]), make([0.5, -0.5])
        restored.load(json.loads(json.dumps(straight.save())))
        for x in values[cut:]:
            straight.add(x)
            restored.add(x)
        assert restored.save() == straight.save()
    assert restored.shape() == straight.shape()  # type: ignore[union-attr]


@given(st.integers(0, 2**32 - 1), st.integers(100, 700), st.sampled_from([2, 9, 1000]))
def test_a_window_is_a_function_of_its_last_500_returns(seed: int, n: int, steps: int) -> None:
    """Whatever came before: VaR is numpy's lower and inverted-cdf quantile, and every figure is that of a fresh window."""
    values = np.round(np.random.default_rng(seed).standard_t(3, n) * steps) / steps / 50
    recent, window = RecentReturns(values.tolist()), values[-500:]
    fresh = RecentReturns(window.tolist())
    for level, tail in ((0.95, 0.05), (0.99, 0.01)):
        names = ("value_at_risk", "expected_shortfall", "cornish_fisher_var", "cornish_fisher_shortfall")
        found = [getattr(recent, name)(level) for name in names]
        assert found == [getattr(fresh, name)(level) for name in names]
        if len(window) < (100 if level == 0.95 else 500):
            assert found == [None] * 4
            continue
        for method in ("inverted_cdf", "lower"):
            assert found[0] == max(0.0, -float(np.quantile(window, tail, method=method)))
        worst = np.sort(window)[: math.ceil(len(window) * round(tail * 100) / 100 - 1e-9)]
        assert math.isclose(found[1], max(0.0, -worst.mean()), rel_tol=1e-12, abs_tol=1e-15)


@given(st.lists(st.tuples(st.integers(-(10**20), 10**20), st.integers(0, 10**15)), max_size=30), st.randoms())
def test_trade_statistics_do_not_depend_on_the_order(trades: list[tuple[int, int]], random: Any) -> None:
    """Sums of money are exact, so any order gives the same; wins, losses and zeros make up all trades."""
    stats, shuffled = trade_stats(trades), list(trades)
    random.shuffle(shuffled)
    assert trade_stats(shuffled) == stats
    assert stats.net_pnl == sum(p for p, _ in trades)
    assert stats.wins + stats.losses + sum(p == 0 for p, _ in trades) == stats.n
    if stats.win_rate is not None:
        assert 0 <= stats.win_rate <= 1


@given(st.lists(st.tuples(st.integers(0, 10**15), st.floats(0, 3)), max_size=20), st.integers(1, 10**15))
def test_a_time_weighted_mean_lies_between_its_extremes(steps: list[tuple[int, float]], tail: int) -> None:
    """And does not depend on saving and restoring in between."""
    weighted, restored, now = TimeWeighted(0, 1.0), TimeWeighted(0), 0
    for gap, value in steps:
        now += gap
        weighted.change(now, value)
        restored.load(json.loads(json.dumps(weighted.save())))
    restored.load(weighted.save())
    mean, values = weighted.mean(now + tail), [1.0, *(v for _, v in steps)]
    assert mean is not None
    assert restored.mean(now + tail) == mean
    assert min(values) - 1e-9 <= mean <= max(values) + 1e-9


@given(RETURNS, st.integers(1, 12), st.lists(st.integers(-(10**6), 10**6), max_size=9), st.integers(0, 10**18))
def test_no_metric_is_ever_nan_or_infinite(returns: list[float], times: int, pnls: list[int], elapsed_ns: int) -> None:
    """Any returns (repeated up to the sample minima), trades and time: numbers are finite, undefined is None."""
    portfolio, drawdown, index = VirtualPortfolio(Money(1000, "USDT"), [BTC]), DrawdownTracker(), 1.0
    for i, x in enumerate(returns * times):
        portfolio.bars.add(x)
        index = index * (1 + x)
        drawdown.update(index, i)
    for pnl in pnls:
        portfolio.trades.add(pnl, 1)
    portfolio.take_worth(portfolio.holding(BTC), abs(sum(pnls)))
    portfolio.mark(elapsed_ns, sum(pnls))
    found = portfolio.metrics(elapsed_ns, sum(pnls), sum(pnls), drawdown, 0.0, None)
    for name, value in found.items():
        assert value is None or isinstance(value, (int, str)) or math.isfinite(value), name
    assert (found["sharpe"] is None) == (sharpe(portfolio.bars.moments()) is None)
    assert found["evidence_bars"] == len(returns) * times
    assert found["trades"] == len(pnls)


@given(RETURNS, st.integers(1, 60), st.data())
def test_what_bars_say_does_not_depend_on_when_or_in_what_order_it_is_read(
    returns: list[float], times: int, data: st.DataObject
) -> None:
    """As of any number of bars, read early, late, again or backwards: bit for bit what those returns alone say."""
    values = returns * times
    bars, alone = BarReturns(), BarReturns()
    for x in values:
        bars.add(x)
        if data.draw(st.booleans()):
            bars.metrics(data.draw(st.integers(0, len(bars))))
    n = data.draw(st.integers(0, len(values)))
    for x in values[:n]:
        alone.add(x)
    assert bars.metrics(n) == alone.metrics(n)
    assert bars.moments().save() == Moments(values).save()
    assert bars.recent().save() == RecentReturns(values).save()
