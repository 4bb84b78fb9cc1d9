"""The compiled core says the same, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from compile_core import MODULES, ROOT, NotCompiled, compile_core, compiler, refuse_values
from genesis.demo.data import missing_packages

_DEMO = "from genesis.cli.main import main; main()"
_PRODUCTS = """
from decimal import Decimal
from genesis.model import grid
assert grid.__file__.endswith(".so"), grid.__file__
words = [2**bits + near for bits in (0, 29, 30, 31, 32, 60, 61, 62, 63, 64) for near in (-1, 0, 1)]
factors = [f for f in words if f > 0]
found = 0
for step in factors:
    edges = [(2**bits + near) // step for bits in (61, 62, 63) for near in (-step, 0, step)]
    for units in (u * sign for u in words + edges for sign in (1, -1)):
        assert grid.Grid(Decimal(step)).to_text(units) == str(units * step), (units, step)
        found += 1
print(found)
"""


def heads(folder: Path, package: Path) -> list[str]:
    """Heads of the demo's run chains, run with the package found in ``package``."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _DEMO, "demo", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [part["head"] for part in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return compile_core(tmp_path_factory.mktemp("compiled") / "copy")
    except NotCompiled as reason:
        pytest.skip(f"no compiled core: {reason}")


@pytest.mark.slow
def test_the_compiled_core_yields_the_same_chains(copy: Path, tmp_path: Path) -> None:
    """Both runs of the demo, on the book and on bars: every entry of both is the same."""
    if missing_packages():
        pytest.skip(f"not installed: {missing_packages()}")
    assert len(list((copy / "genesis").rglob("*.so"))) == len(MODULES)
    assert heads(tmp_path / "compiled", copy) == heads(tmp_path / "plain", Path(__file__).parents[2])


@pytest.mark.slow
def test_compiled_products_are_exact_around_the_size_of_a_word(copy: Path) -> None:
    """Factors of either sign whose product just fits a machine word, or just does not, have the product that Python says."""
    done = subprocess.run(
        [sys.executable, "-c", _PRODUCTS],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 2_000


@pytest.mark.slow
def test_the_compiled_core_goes_on_from_snapshots(copy: Path) -> None:
    """What is true of snapshots is true of those that it takes: its objects are made again without their constructors."""
    for folder in ("tests", "benchmarks"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    which = [
        "tests/integration/test_snapshots.py",
        "tests/property/test_resuming.py",
        "tests/unit/storage/test_state.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *which],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4_000:]


def test_every_module_that_is_compiled_exists_and_holds_no_struct() -> None:
    """A struct would lose its options; what is listed is there."""
    assert [m for m in MODULES if not (ROOT / "genesis" / m).is_file()] == []
    refuse_values()


def test_without_a_c_compiler_a_package_brings_one_or_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the compiler that is asked for is not there, the one of the package is taken, and without it the extra that brings it is named."""
    monkeypatch.setenv("CC", "no-such-compiler")
    if find_spec("ziglang") is None:
        with pytest.raises(NotCompiled, match=r"found no no-such-compiler; pip install 'genesis-trading\[fast\]'"):
            compiler()
    else:
        assert compiler()["CC"].endswith(" -m ziglang cc")
