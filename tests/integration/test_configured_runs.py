"""What a configuration says: the mission's block, what is wrong with a bad one, the environment, the codes of the commands."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.config import inactive_keys, load_config
from genesis.errors import ConfigError, StrategyError
from genesis.system.run import prepare
from tests.kit.recorded_run import MISSION_BLOCK, TRADES, recorded_project


def test_the_mission_block_loads_as_it_stands(tmp_path: Path) -> None:
    """Its values arrive exactly, and all of it has an effect, and so have our keys beside it."""
    path = tmp_path / "c.yaml"
    path.write_text(MISSION_BLOCK)
    config = load_config(path)
    assert config.paper_trading.validation_criteria.min_sharpe == Decimal("1.5")
    assert config.paper_trading.promotion.allocation_increment == Decimal("0.10")
    assert config.paper_trading.ab_testing.max_variants == 3
    idle = [key for key in inactive_keys() if key.startswith("paper_trading")]
    assert idle == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run: {sed: 1}", "run.sed: expected a known key, found 'sed'; did you mean 'seed'"),
        ("run: {seed: many}", "run.seed: expected `int`, got `str`, found 'many'"),
        ("run: {seed: 1, seed: 2}", "expected each key once, found 'seed' again"),
        ("paper_trading: {promotion: {max_allocation: 2}}", "expected 0 to 1, found 2"),
        ("- a\n- b", "expected a mapping of keys, found list"),
        ("run: {seed: [", "expected YAML"),
    ],
)
def test_bad_configuration_names_path_expected_and_found(tmp_path: Path, text: str, expected: str) -> None:
    """Unknown keys and bad values say where they are."""
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert expected in str(error.value)


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """``GENESIS__RUN__SEED`` wins over the file."""
    path = tmp_path / "c.yaml"
    path.write_text("run: {seed: 1}")
    assert load_config(path, {"GENESIS__RUN__SEED": "7"}).run.seed == 7


def test_a_bad_parameter_is_named(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """A strategy's parameters are validated before anything runs."""
    path = recorded_project(tmp_path, market_data(TRADES))
    path.write_text(path.read_text().replace("fast: 3", "fast: 30"))
    with pytest.raises(StrategyError, match="expected less than slow"):
        prepare(load_config(path), tmp_path)


def test_the_command_line_answers_with_stable_codes(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Errors are one line and a code of their own; ``--json`` is JSON."""

    def genesis(*args: str) -> subprocess.CompletedProcess[str]:
        code = "from genesis.cli.main import main; main()"
        return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)

    path = recorded_project(tmp_path, market_data(TRADES))
    done = genesis("run", str(path), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["complete"]
    store = str(tmp_path / "genesis.db")
    assert json.loads(genesis("verify", store, "--json").stdout)["findings"] == []
    assert set(json.loads(genesis("status", store, "--json").stdout)["tracks"]) >= {"cross.fast", "own@realistic"}
    missing = genesis("status", str(tmp_path / "none.db"))
    assert (missing.returncode, missing.stderr.count("\n")) == (4, 1)
    path.write_text("run: {sed: 1}")
    assert genesis("run", str(path)).returncode == 2
