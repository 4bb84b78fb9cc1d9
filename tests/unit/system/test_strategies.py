"""What is said of a strategy that is not there, or of a parameter that does not fit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.errors import StrategyError
from genesis.system.strategies import BUILT_IN, build_strategy, find_strategy, installed
from tests.kit.runs import FX

ON_BARS = ("ma_crossover", "mean_reversion", "breakout")


@pytest.mark.parametrize("name", ON_BARS)
@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"bars": "1ns"},
            "strategies.x.params.bars: expected bars such as 1m, 4h, 1d, 500t, 12.5v or 250000$, found '1ns'",
        ),
        ({"weight": "5"}, "strategies.x.params.weight: expected above 0 and at most 1, found 5"),
        ({"weight": "NaN"}, "strategies.x.params.weight: expected a finite number, found NaN"),
        ({"short": Decimal("1.5")}, "strategies.x.params.short: expected `bool`, got `decimal`, found 1.5"),
        ({"short": "yes"}, "strategies.x.params.short: expected `bool`, got `str`, found 'yes'"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named_with_what_was_expected_and_found(
    name: str, params: dict[str, object], said: str
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


def test_a_package_offers_strategies_and_takes_no_built_in_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own are found by their names; one that is called like a built-in one is not listed, and the built-in one is meant."""
    (tmp_path / "offered.py").write_text(OWN)
    info = tmp_path / "offered-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genesis.strategies]\nmine = offered:Own\nbreakout = offered:Own\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert installed() == {"mine": "offered:Own"}
    assert find_strategy("mine", tmp_path).__module__ == "offered"
    assert find_strategy("breakout", tmp_path) is BUILT_IN["breakout"]


OWN = """
from genesis.strategies.base import Strategy


class Base(Strategy):
    seen = []
    told = {"by": seen}


class Own(Base):
    limits = (1, 2)
    told = {"by": Base.seen, "limits": limits}

    @property
    def last(self):
        return self.seen[-1]


class Locked(Strategy):
    from threading import Lock

    lock = Lock()
"""


def test_what_a_class_holds_is_each_strategys_own(tmp_path: Path) -> None:
    """A list that one of them appends to is empty for the other and in the class; what two attributes share they share still; constants are the class's."""
    (tmp_path / "own.py").write_text(OWN)
    cls = find_strategy("own.py:Own", tmp_path)
    one, other = (build_strategy(cls, [FX], {}, "strategies.x") for _ in range(2))
    vars(one)["seen"].append(1)
    assert (one.last, one.told["by"]) == (1, [1])  # type: ignore[attr-defined]
    assert (other.seen, other.told["by"], cls.seen) == ([], [], [])  # type: ignore[attr-defined]
    assert sorted(vars(one)) == ["_desk", "instruments", "params", "seen", "told"]


def test_what_cannot_be_each_strategys_own_is_refused_by_name(tmp_path: Path) -> None:
    """A lock in the class would be one for all of them."""
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(StrategyError) as refused:
        build_strategy(find_strategy("own.py:Locked", tmp_path), [FX], {}, "strategies.x")
    expected = "expected an attribute of the class of which each strategy can have a copy, found lock"
    assert f"strategies.x: cannot be built: TypeError: Locked.lock: {expected}" in str(refused.value)
    assert str(refused.value).endswith("set it in on_start")
