"""What is said of a strategy that is not there, or of a parameter that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.errors import StrategyError
from genesis.system.strategies import BUILT_IN, build_strategy, find_strategy
from tests.kit.runs import FX

ON_BARS = ("ma_crossover", "mean_reversion", "breakout")


@pytest.mark.parametrize("name", ON_BARS)
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"bars": "1ns"}, "strategies.x.params.bars: expected bars such as 1m, 4h, 1d or 500t, found '1ns'"),
        ({"weight": "5"}, "strategies.x.params.weight: expected above 0 and at most 1, found 5"),
        ({"short": "yes"}, "strategies.x.params.short: expected `bool`, got `str`, found 'yes'"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named_with_what_was_expected_and_found(
    name: str, params: dict[str, str], said: str
) -> None:
    """Once each, before anything runs, whether msgspec refuses it or the class does."""
    with pytest.raises(StrategyError) as refused:
        build_strategy(BUILT_IN[name], [FX], params, "strategies.x")
    assert str(refused.value) == said


def test_a_class_that_is_not_in_its_file_is_named(tmp_path: Path) -> None:
    """No talk of ``None``."""
    (tmp_path / "own.py").write_text("")
    with pytest.raises(StrategyError, match=r"own\.py:Own: expected a subclass of .*Strategy, found no Own"):
        find_strategy("own.py:Own", tmp_path)
