"""The compiled core says the same, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compile_core import MODULES, ROOT, NotCompiled, compile_core, refuse_values
from genesis.demo.data import missing_packages

_DEMO = "from genesis.cli.main import main; main()"


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


@pytest.mark.slow
def test_the_compiled_core_yields_the_same_chains(tmp_path: Path) -> None:
    """Both runs of the demo, on the book and on bars: every entry of both is the same."""
    if missing_packages():
        pytest.skip(f"not installed: {missing_packages()}")
    try:
        copy = compile_core(tmp_path / "copy")
    except NotCompiled as reason:
        pytest.skip(f"no compiled core: {reason}")
    assert len(list((copy / "genesis").rglob("*.so"))) == len(MODULES)
    assert heads(tmp_path / "compiled", copy) == heads(tmp_path / "plain", Path(__file__).parents[2])


def test_every_module_that_is_compiled_exists_and_holds_no_struct() -> None:
    """A struct would lose its options; what is listed is there."""
    assert [m for m in MODULES if not (ROOT / "genesis" / m).is_file()] == []
    refuse_values()
