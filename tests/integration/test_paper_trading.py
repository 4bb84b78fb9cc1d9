"""The story end to end: a configuration, recorded data, a run, a kill, a restart, a report."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.clock import NS_PER_HOUR, parse_utc
from genesis.config import inactive_keys, load_config
from genesis.errors import ConfigError, StrategyError
from genesis.storage.sqlite import StoreReader
from genesis.system.reporting import write_report
from genesis.system.run import prepare, run_config
from tests.unit.cli.calling import genesis

MISSION_BLOCK = """
paper_trading:
  enabled: true
  validation_criteria:
    min_trades: 100
    min_days: 7
    min_sharpe: 1.5
    max_drawdown: 0.10
    min_win_rate: 0.55
  promotion:
    auto_promote: true
    initial_allocation: 0.10
    allocation_increment: 0.10
    max_allocation: 1.00
  ab_testing:
    enabled: true
    max_variants: 3
"""


def configuration(folder: Path, data: Path) -> Path:
    """Two built-in strategies and one of the user's own over trades."""
    (folder / "own.py").write_text(
        "from genesis.strategies.base import Strategy\n"
        "class Own(Strategy):\n"
        "    def on_start(self):\n"
        "        self.subscribe_bars('15m')\n"
        "    def on_bar(self, bar):\n"
        "        self.target_position('200' if bar.close > bar.open else '0')\n"
        "    def on_save(self):\n"
        "        return {}\n"
    )
    path = folder / "config.yaml"
    path.write_text(
        f"""
run: {{name: story, seed: 3}}
storage: {{snapshots: {{every_entries: 5000}}}}
instruments:
  - {{symbol: XRPETH, venue: BINANCE, base: XRP, quote: ETH, tick: 0.00000001, lot: 1, kind: fx}}
data:
  - {{instrument: XRPETH.BINANCE, path: {data}}}
strategies:
  - name: cross
    strategy: ma_crossover
    instruments: [XRPETH.BINANCE]
    budget: 10000
    params: {{bars: 5m, short: true}}
    variants: [{{name: fast, params: {{fast: 3, slow: 8}}}}, {{name: slow, params: {{fast: 8, slow: 20}}}}]
  - {{name: own, strategy: "own.py:Own", instruments: [XRPETH.BINANCE], budget: 10000}}
{MISSION_BLOCK}"""
    )
    return path


CANDLES = "candles/binance-spot/1h/BTCUSDT_20170817-20230630.parquet"
CANDLES_FROM = parse_utc("2017-08-17T04:00:00Z")
TRADES = "trades/binance-spot_XRPETH_20191011-20191013.aggtrades.parquet"


def test_sixty_hours_of_trades_become_a_run_and_a_report(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Own and built-in strategies run over real trades; money, samples, chain and report are there."""
    path = configuration(tmp_path, market_data(TRADES))
    summary = run_config(load_config(path), tmp_path)
    assert summary.complete
    names = ("cross.fast", "cross.slow", "own")
    assert summary.tracks == (*names, *(f"{n}@realistic" for n in names))
    reader = StoreReader(tmp_path / "genesis.db")
    assert reader.verify() == []
    assert len(reader.rows("samples", "own")) == 60
    for track in summary.tracks:
        found = reader.latest_sample(track)
        assert found is not None
        assert found.metrics["trades"] == len([t for t in reader.trades(track) if t.time_close <= found.time])
    page = write_report(tmp_path / "genesis.db", tmp_path / "report.html").read_text()
    assert "cross.fast" in page
    assert "<svg" in page
    assert "http" not in page


def test_seven_days_are_forty_two_valid_bars_after_the_warm_up(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """A real market by the hour under the mission's block: when the 41st has closed the seven days are not over, when the 42nd has they are."""
    path, store = tmp_path / "config.yaml", tmp_path / "genesis.db"
    path.write_text(
        f"""
run: {{realistic: false}}
instruments: [{{symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT, tick: 0.01, lot: 0.000001, kind: fx}}]
data: [{{instrument: BTCUSDT.BINANCE, path: {market_data(CANDLES)}}}]
strategies:
  - name: cross
    strategy: ma_crossover
    instruments: [BTCUSDT.BINANCE]
    budget: 10000
    params: {{bars: 1h, short: true, fast: 3, slow: 8}}
{MISSION_BLOCK}"""
    )
    found = []
    # The bar closes at hour 224; what happens at the very moment of ``--until`` is left out.
    for hours in (224, 225):
        run_config(load_config(path), tmp_path, until_ns=CANDLES_FROM + hours * NS_PER_HOUR)
        with StoreReader(store) as reader:
            shown = reader.rows("evidence", "cross")
        assert all(r["bar_return"] is not None for r in shown)
        verdict = genesis("criteria", store, "--json").json["tracks"]["cross"]["verdicts"][1]
        assert verdict["sample"]["n"] == len(shown) - int(str(shown[-1]["warmup_bars"]))
        found.append((verdict["criterion"]["name"], verdict["sample"]["n"], verdict["status"]))
    assert found == [("min_days", 41, "INCONCLUSIVE"), ("min_days", 42, "PASSED")]


def test_stopping_at_a_time_and_going_on_is_the_same_run(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """``--until`` leaves a prefix of the chain; a later start completes it to the same head."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    heads = []
    for folder in (whole, parts):
        folder.mkdir()
        config = load_config(configuration(folder, market_data(TRADES)))
        if folder is parts:
            assert not run_config(config, folder, until_ns=1_570_838_400_000_000_000).complete
        heads.append(run_config(config, folder).head)
    assert heads[0] == heads[1]


def kill_and_compare(folder: Path, data: Path, kills: int, seed: int) -> None:
    """SIGKILL the process at random moments until it has finished; the chain is that of the run nobody disturbed."""
    quiet, beaten = folder / "quiet", folder / "beaten"
    heads = []
    chance = random.Random(seed)
    for place in (quiet, beaten):
        place.mkdir()
        path = configuration(place, data)
        command = [sys.executable, "-m", "tests.kit.slow_run", str(path)]
        left = kills if place is beaten else 0
        while left:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "GENESIS_CUT": "60"})
            store = place / "genesis.db"
            while not store.exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.7))
            process.send_signal(signal.SIGKILL)
            process.wait()
            left -= 1
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        reader = StoreReader(place / "genesis.db")
        assert reader.verify() == []
        heads.append((reader.head(), reader.rows("fills"), reader.rows("orders"), reader.rows("samples")))
    assert heads[0] == heads[1]


def test_sigkill_at_twelve_moments_leaves_the_same_chain(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Kill it anywhere, start again: the run chain and the tables are byte for byte the same."""
    kill_and_compare(tmp_path, market_data(TRADES), 12, 11)


@pytest.mark.slow
def test_sigkill_at_three_hundred_moments_leaves_the_same_chain(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """The same, three hundred times."""
    kill_and_compare(tmp_path, market_data(TRADES), 300, 12)


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
    path = configuration(tmp_path, market_data(TRADES))
    path.write_text(path.read_text().replace("fast: 3", "fast: 30"))
    with pytest.raises(StrategyError, match="expected less than slow"):
        prepare(load_config(path), tmp_path)


def test_the_command_line_answers_with_stable_codes(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Errors are one line and a code of their own; ``--json`` is JSON."""

    def genesis(*args: str) -> subprocess.CompletedProcess[str]:
        code = "from genesis.cli.main import main; main()"
        return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)

    path = configuration(tmp_path, market_data(TRADES))
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
