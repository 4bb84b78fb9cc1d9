"""Put down at any moment and made again, a run is the run that nobody stopped."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import RunSection
from genesis.execution.fault_plan import BUILT_IN
from genesis.feeds.files.reading import Reading
from genesis.model.instruments import InstrumentKind
from genesis.system.prepared import Prepared
from tests.kit.disturbed import ROOT, TRADERS, prepared, quotes, trades
from tests.kit.resumed import assert_resumes
from tests.kit.runs import FX
from tests.kit.walks import USUAL, quotes_of

Rows = list[tuple[int, int, int, int]]


def three_traders(readings: Sequence[Reading], scope: str | None) -> Prepared:
    """One that waits for trades, one for quotes, one for bars, each alone or all for the same liquidity; beside each its realistic twin."""
    instrument = InstrumentConfig(symbol="EURUSD", venue="FX", base="EUR", quote="USD", kind=InstrumentKind.FX)
    strategies = [
        StrategyConfig(
            name=name.lower(),
            strategy=f"{TRADERS}:{name}",
            instruments=[FX.id],
            budget=Decimal(10_000),
            liquidity_scope=scope,
        )
        for name in ("Restless", "QuoteFollower", "Sleeper")
    ]
    return Prepared(Config(run=RunSection(seed=7), instruments=[instrument], strategies=strategies), ROOT, readings)


@given(USUAL, st.integers(1, 9), st.sampled_from([1, 5, None]), st.data(), st.sampled_from([None, "one"]))
@settings(max_examples=6)
def test_a_run_goes_on_from_any_moment(
    rows: Rows, cut: int, other_cut: int | None, data: st.DataObject, scope: str | None
) -> None:
    """Orders rest, are on their way, wait for a trigger: every entry that follows is the same, and so is every state."""
    batches = 2 * len(rows) // cut + 1
    stops = data.draw(st.lists(st.integers(1, batches), min_size=1, max_size=3, unique=True))
    assert_resumes(lambda: three_traders([trades(rows), quotes(quotes_of(rows))], scope), cut, other_cut, stops)


@pytest.mark.parametrize("plan", sorted(BUILT_IN))
@given(USUAL, st.integers(2, 9), st.data())
@settings(max_examples=2)
def test_a_run_under_faults_goes_on_from_any_moment(plan: str, rows: Rows, cut: int, data: st.DataObject) -> None:
    """What the plan still has in hand for the run, answers lost and not yet found among it, is part of the state."""
    stops = data.draw(st.lists(st.integers(1, 2 * len(rows) // cut), min_size=1, max_size=2, unique=True))
    readings = [trades(rows), quotes(quotes_of(rows))]
    assert_resumes(lambda: prepared(readings, BUILT_IN[plan]), cut, None, stops)
