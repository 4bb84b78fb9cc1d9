"""What makes a strategy version what it is: a change of any of it is another candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis.strategies.trend import MovingAverageCrossover
from genesis.system.identity import code_digests, version_of
from genesis.system.strategies import find_strategy

MINE = """
from helper_of_mine import twice
from tools.deep import thrice
from genesis.strategies.base import Strategy


class Mine(Strategy):
    N = twice(thrice(1))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A strategy with a module beside it and one in a package beside it, which imports a third."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "helper_of_mine.py").write_text("def twice(x):\n    return 2 * x\n")
    (tmp_path / "tools" / "__init__.py").write_text("")
    (tmp_path / "tools" / "deep.py").write_text("from .deeper import ONE\n\n\ndef thrice(x):\n    return 3 * x * ONE\n")
    (tmp_path / "tools" / "deeper.py").write_text("ONE = 1\n")
    (tmp_path / "unrelated.py").write_text("X = 1\n")
    return tmp_path


def version(folder: Path, **changed: Any) -> str:
    """The identity of the strategy there."""
    values: dict[str, Any] = {
        "params": {"fast": 20},
        "instruments": ["BTCUSDT.BINANCE"],
        "data": ["ab"],
        "profile": "spec",
    }
    return version_of(find_strategy("mine.py:Mine", folder), **(values | changed))


def test_local_modules_at_any_depth_belong_to_it(folder: Path) -> None:
    """Named relative to the folder; what it does not import is not among them."""
    assert set(code_digests(folder / "mine.py")) == {
        "mine.py",
        "helper_of_mine.py",
        "tools/__init__.py",
        "tools/deep.py",
        "tools/deeper.py",
    }


@pytest.mark.parametrize("name", ["mine.py", "helper_of_mine.py", "tools/deep.py", "tools/deeper.py"])
def test_a_change_of_an_imported_helper_is_another_version(folder: Path, name: str) -> None:
    """A comment suffices."""
    before = version(folder)
    with (folder / name).open("a") as file:
        file.write("# changed\n")
    assert version(folder) != before


def test_a_change_elsewhere_or_another_place_is_the_same_version(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither an unrelated file nor where the folder lies counts."""
    before = version(folder)
    (folder / "unrelated.py").write_text("X = 2\n")
    assert version(folder) == before
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    folder.rename(elsewhere)
    assert version(elsewhere) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"params": {"fast": 21}},
        {"instruments": ["ETHUSDT.BINANCE"]},
        {"data": ["cd"]},
        {"profile": "realistic"},
    ],
)
def test_parameters_instruments_data_and_profile_belong_to_it(folder: Path, changed: dict[str, Any]) -> None:
    """Any other value is another version."""
    assert version(folder, **changed) != version(folder)


def test_of_a_built_in_only_its_own_folder_counts() -> None:
    """Genesis is recorded with a run and is no identity, but for the strategy's own module and those beside it."""
    import inspect

    source = inspect.getsourcefile(MovingAverageCrossover)
    assert source is not None
    names = set(code_digests(Path(source)))
    assert "trend.py" in names
    assert all("/" not in n for n in names)
