"""Thirty days of a perpetual on recorded prices, mark prices and funding rates, from a configuration to its store."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from genesis.clock import parse_utc
from genesis.config import load_config
from genesis.errors import ConfigError, GenesisError
from genesis.storage.sqlite import StoreReader
from genesis.system.export import ExportFormat, export
from genesis.system.reporting import read_report
from genesis.system.run import run_config
from tests.kit.market_data import DATA

PRICES = "candles/binance-usdm/1m/BTCUSDT_20250504-20250603.parquet"
MARKS = "candles/binance-usdm/8h-mark/BTCUSDT_20231201-20251116.parquet"
RATES = "funding/binance-usdm_BTCUSDT_20231201-20251116.funding.parquet"
Market = Callable[[str], Path]
HOLD = """
import msgspec
from genesis.model.orders import Side
from genesis.strategies.base import Strategy


class Hold(Strategy):
    class Params(msgspec.Struct, frozen=True):
        lots: int

    def on_start(self):
        self.held = False
        self.subscribe_bars("1m")

    def on_bar(self, bar):
        if not self.held:
            self.held = True
            side = Side.BUY if self.params.lots > 0 else Side.SELL
            self.order(side, self.instrument.quantity(abs(self.params.lots)))
"""
CONFIG = """
run: {name: perpetual, seed: 7, store: run.db}
instruments:
  - symbol: BTCUSDT
    venue: USDM
    base: BTC
    quote: USDT
    kind: perpetual
    tick: 0.1
    lot: 0.001
    fees: {maker_bp: 2, taker_bp: 5, currency: quote}
    perpetual:
      leverage: LEVERAGE
      marked_by: MARKED_BY
      margin_tiers:
        - {floor: 0, cap: 50000, maintenance_rate: 0.004, max_leverage: 125}
        - {floor: 50000, cap: 250000, maintenance_rate: 0.005, max_leverage: 100}
data:
  - {instrument: BTCUSDT.USDM, path: "PRICES"}
  - {instrument: BTCUSDT.USDM, path: "MARKS", format: mark-candles/1}
  - {instrument: BTCUSDT.USDM, path: "RATES"}
strategies:
  - {name: long, strategy: "hold.py:Hold", instruments: [BTCUSDT.USDM], budget: 20000, params: {lots: 10}}
  - {name: short, strategy: "hold.py:Hold", instruments: [BTCUSDT.USDM], budget: 20000, params: {lots: -10}}
"""


def project(folder: Path, market: Market, leverage: int = 2, marked_by: str = "last_price") -> Path:
    """The configuration and its strategy, in ``folder``."""
    text = CONFIG.replace("LEVERAGE", str(leverage)).replace("MARKED_BY", marked_by)
    for name, source in (("PRICES", PRICES), ("MARKS", MARKS), ("RATES", RATES)):
        text = text.replace(name, str(market(source)))
    (folder / "hold.py").write_text(HOLD)
    path = folder / "config.yaml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run's folder."""
    if not all((DATA / p).is_file() for p in (PRICES, MARKS, RATES)):
        pytest.skip("no market data of perpetuals")
    folder = tmp_path_factory.mktemp("perpetual")
    run_config(load_config(project(folder, DATA.joinpath)), folder)
    return folder


def test_funding_is_what_decimal_arithmetic_says(finished: Path, market_data: Market) -> None:
    """Every settlement of the month, long and short: -(quantity x mark x rate), rounded down at eight decimals."""
    rates, marks = pq.read_table(market_data(RATES)), pq.read_table(market_data(MARKS))
    rate_at = {t // 10**9: r for t, r in zip(rates["ts_ns"].to_pylist(), rates["rate_e8"].to_pylist(), strict=True)}
    mark_at = {t // 10**9: m for t, m in zip(marks["ts_ns"].to_pylist(), marks["open_e8"].to_pylist(), strict=True)}
    first, last = (parse_utc(t) // 10**9 for t in ("2025-05-04T16:00:00Z", "2025-06-03T08:00:00Z"))
    due = [t for t in sorted(rate_at) if first <= t <= last]
    assert len(due) == 90
    with StoreReader(finished / "run.db") as store:
        for track, qty in (("long", Decimal("0.01")), ("short", Decimal("-0.01"))):
            rows = store.funding(track)
            expected = [
                (-qty * Decimal(mark_at[t]).scaleb(-8) * Decimal(rate_at[t]).scaleb(-8)).quantize(
                    Decimal("1E-8"), ROUND_FLOOR
                )
                for t in due
            ]
            assert [r.time_event // 10**9 for r in rows] == due
            assert [Decimal(r.amount) for r in rows] == expected
            sample = store.latest_sample(track)
            assert sample is not None
            assert Decimal(sample.metrics["funding"]) == sum(expected)


def test_equity_is_explained_by_what_was_recorded(finished: Path) -> None:
    """Budget, realised and unrealised profit, fees and funding add up to the equity; wallet and unrealised are the margin balance."""
    with StoreReader(finished / "run.db") as store:
        assert store.verify() == []
        for track in ("long", "short"):
            sample = store.latest_sample(track)
            assert sample is not None
            m = {k: Decimal(v) for k, v in sample.metrics.items() if isinstance(v, str)}
            assert m["equity"] == 20_000 + m["realized_pnl"] + m["unrealized_pnl"] - m["fees"] + m["funding"]
            assert m["equity"] == m["wallet_balance"] + m["unrealized_pnl"]
            (fill,) = store.fills(track)
            assert fill.fee_currency == "USDT"


def test_the_run_lasts_as_long_as_its_prices(finished: Path) -> None:
    """Mark prices and rates of two years do not stretch a month."""
    with StoreReader(finished / "run.db") as store:
        status = store.status()
    assert (status.start, status.time) == (parse_utc("2025-05-04T15:34:00Z") - 1, parse_utc("2025-06-03T15:32:00Z"))


def test_funding_stands_in_the_report_and_in_the_exports(finished: Path, tmp_path: Path) -> None:
    """As a cost of the track, paid less received, and as a table of its own."""
    with StoreReader(finished / "run.db") as store:
        report = read_report(store)
    long, short = report.tracks
    (terms,) = [f for f in report.execution if f.name == "perpetual, BTCUSDT.USDM"]
    assert terms.value.startswith(
        "leverage 2x, valued by last price, 2 margin brackets, liquidation fee 0.0125 of notional"
    )
    paid, received = (next(c.money for c in t.costs if c.name == "funding") for t in (long, short))
    assert paid is not None
    assert received is not None
    assert paid > 0 > received
    written = export(finished / "run.db", "funding", ExportFormat.CSV, tmp_path / "funding.csv")
    assert written.rows == 4 * 90


def test_a_stopped_run_goes_on_to_the_same_head(finished: Path, tmp_path: Path, market_data: Market) -> None:
    """Stopped within a settlement's hour and started again, the chain is that of a run that was never stopped."""
    config = load_config(project(tmp_path, market_data))
    stopped = run_config(config, tmp_path, parse_utc("2025-05-13T00:00:30Z"))
    assert not stopped.complete
    whole = run_config(config, tmp_path)
    with StoreReader(finished / "run.db") as store:
        assert (whole.entries, whole.head) == store.head()


def test_a_killed_run_goes_on_to_the_same_head(finished: Path, tmp_path: Path, market_data: Market) -> None:
    """SIGKILL once a part is durable; the next start writes the same chain, settlements included."""
    path = project(tmp_path, market_data)
    command = [sys.executable, "-c", "from genesis.cli.main import main; main()", "run", path.name]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while running.poll() is None and durable(tmp_path / "run.db") < 100:
            with suppress(subprocess.TimeoutExpired):
                running.wait(0.01)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == -signal.SIGKILL
    whole = run_config(load_config(path), tmp_path)
    with StoreReader(finished / "run.db") as store:
        assert (whole.entries, whole.head) == store.head()


def durable(path: Path) -> int:
    """Entries that a kill cannot take away; 0 before there is a store."""
    try:
        with StoreReader(path) as store:
            return store.head()[0]
    except GenesisError:
        return 0


@pytest.mark.parametrize(
    ("leverage", "marked_by", "says"),
    [
        (4, "last_price", "BTCUSDT.USDM: leverage: expected at most 2x in tier strategist, found 4x"),
        (
            2,
            "mark_price",
            r"BTCUSDT.USDM: mark prices: expected one at least every 120 s, found 28800 s between most of them",
        ),
        (2, "index", "instruments\\[0\\].perpetual.marked_by: "),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_it_runs(
    tmp_path: Path, market_data: Market, leverage: int, marked_by: str, says: str
) -> None:
    """The operator is told what was expected and what was found."""
    with pytest.raises(ConfigError, match=says):
        run_config(load_config(project(tmp_path, market_data, leverage, marked_by)), tmp_path)


def test_a_kind_and_its_terms_belong_together(tmp_path: Path, market_data: Market) -> None:
    """A perpetual has terms, spot has none."""
    path = project(tmp_path, market_data)
    text = path.read_text()
    path.write_text(text.replace("kind: perpetual", "kind: spot"))
    with pytest.raises(
        ConfigError, match=r"instruments.BTCUSDT.USDM.perpetual: expected none for kind spot, found some"
    ):
        load_config(path)
    head, _, rest = text.partition("    perpetual:")
    path.write_text(head + rest[rest.index("data:") :])
    with pytest.raises(
        ConfigError, match=r"perpetual: expected margin_tiers and leverage for kind perpetual, found none"
    ):
        load_config(path)
