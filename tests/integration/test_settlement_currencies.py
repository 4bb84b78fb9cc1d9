"""Two perpetuals that settle in two currencies, from a configuration to store, report and status.

The prices, marks and rates are those of one recorded contract; the second one stands for a contract in USDC, whose price in USDT is made.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from genesis.clock import NS_PER_HOUR, parse_utc
from genesis.config import load_config
from genesis.storage.sqlite import StoreReader
from genesis.system.reporting import read_report, write_report
from genesis.system.run import run_config
from tests.integration.test_perpetuals import MARKS, PRICES, RATES
from tests.kit.market_data import DATA

FIRST, LAST = parse_utc("2025-05-05T00:00:00Z"), parse_utc("2025-05-08T00:00:00Z")
HEDGE = """
import msgspec
from genesis.model.orders import Side
from genesis.strategies.base import Strategy


class Hedge(Strategy):
    def on_start(self):
        self.sent = set()
        for instrument in self.instruments:
            self.subscribe_bars("1m", instrument)

    def on_bar(self, bar):
        i = bar.instrument
        if i.id in self.sent:
            return
        self.sent.add(i.id)
        self.order(Side.BUY if i.quote == "USDC" else Side.SELL, i.quantity(10), instrument=i)
"""
TERMS = """
    kind: perpetual
    tick: 0.1
    lot: 0.001
    fees: {maker_bp: 2, taker_bp: 5, currency: quote}
    perpetual:
      leverage: 2
      marked_by: last_price
      margin_tiers:
        - {floor: 0, cap: 50000, maintenance_rate: 0.004, max_leverage: 125}
"""
CONFIG = f"""
run: {{name: two wallets, seed: 7, store: run.db}}
instruments:
  - symbol: BTCUSDT
    venue: USDM
    base: BTC
    quote: USDT{TERMS}
  - symbol: BTCUSDC
    venue: USDM
    base: BTC
    quote: USDC{TERMS}
  - {{symbol: USDCUSDT, venue: SPOT, base: USDC, quote: USDT, tick: 0.0001, lot: 0.1}}
data:
  - {{instrument: BTCUSDT.USDM, path: prices.BTCUSDT.parquet}}
  - {{instrument: BTCUSDT.USDM, path: marks.BTCUSDT.parquet, format: mark-candles/1}}
  - {{instrument: BTCUSDT.USDM, path: rates.BTCUSDT.funding.parquet}}
  - {{instrument: BTCUSDC.USDM, path: prices.BTCUSDC.parquet}}
  - {{instrument: BTCUSDC.USDM, path: marks.BTCUSDC.parquet, format: mark-candles/1}}
  - {{instrument: BTCUSDC.USDM, path: rates.BTCUSDC.funding.parquet}}
  - {{instrument: USDCUSDT.SPOT, path: usdc.parquet}}
strategies:
  - name: hedge
    strategy: "hedge.py:Hedge"
    instruments: [BTCUSDT.USDM, BTCUSDC.USDM]
    rates: [USDCUSDT.SPOT]
    budget: 20000
    budget_currency: USDT
    balances: {{USDC: 1000}}
"""
Market = Callable[[str], Path]


def of_days(table: pa.Table, symbol: str, before_ns: int = 0) -> pa.Table:
    """The rows of three days under another symbol."""
    times = table["ts_ns"]
    wanted = pc.and_(pc.greater_equal(times, FIRST - before_ns), pc.less(times, LAST))
    metadata = {**(table.schema.metadata or {}), b"symbol": symbol.encode()}
    return table.filter(wanted).replace_schema_metadata(metadata)


def usdc(prices: pa.Table) -> pa.Table:
    """A minute's bar beside each of the recorded ones: 1 USDT less an hour's ten thousandth, by turns."""
    prices = of_days(prices, "USDCUSDT")
    at = [10**8 - 10**4 * (t // NS_PER_HOUR % 3) for t in prices["ts_ns"].to_pylist()]
    columns = {n: at for n in ("open_e8", "high_e8", "low_e8", "close_e8")} | {"volume_e8": [10**15] * len(at)}
    made = pa.table({"ts_ns": prices["ts_ns"], **columns}).cast(prices.schema.remove_metadata())
    return made.replace_schema_metadata({**prices.schema.metadata, b"venue": b"spot"})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run's folder."""
    if not all((DATA / p).is_file() for p in (PRICES, MARKS, RATES)):
        pytest.skip("no market data of perpetuals")
    folder = tmp_path_factory.mktemp("two-wallets")
    prices, marks, rates = (pq.read_table(DATA / p) for p in (PRICES, MARKS, RATES))
    for symbol in ("BTCUSDT", "BTCUSDC"):
        pq.write_table(of_days(prices, symbol), folder / f"prices.{symbol}.parquet")
        pq.write_table(of_days(marks, symbol, 8 * NS_PER_HOUR), folder / f"marks.{symbol}.parquet")
        pq.write_table(of_days(rates, symbol), folder / f"rates.{symbol}.funding.parquet")
    pq.write_table(usdc(prices), folder / "usdc.parquet")
    (folder / "hedge.py").write_text(HEDGE)
    (folder / "config.yaml").write_text(CONFIG)
    run_config(load_config(folder / "config.yaml"), folder)
    return folder


def test_each_wallet_is_its_own_fills_and_settlements(finished: Path) -> None:
    """By currency: what it began with, less fees, with its own funding; long pays in USDC what short receives in USDT, at equal marks and rates."""
    with StoreReader(finished / "run.db") as store:
        assert store.verify() == []
        fills, funding = list(store.fills("hedge")), list(store.funding("hedge"))
        sample = store.latest_sample("hedge")
    assert sample is not None
    assert sorted(f.instrument for f in fills) == ["BTCUSDC.USDM", "BTCUSDT.USDM"]
    for money, began in (("USDT", 20_000), ("USDC", 1_000)):
        fees = sum(Decimal(f.fee) for f in fills if f.fee_currency == money)
        settled = sum(Decimal(f.amount) for f in funding if f.currency == money)
        assert settled
        assert Decimal(sample.metrics[f"funding.{money}"]) == settled
        assert Decimal(sample.metrics[f"wallet_balance.{money}"]) == began - fees + settled
    by_time = {m: {f.time_event: Decimal(f.amount) for f in funding if f.currency == m} for m in ("USDT", "USDC")}
    assert by_time["USDT"].keys() == by_time["USDC"].keys()
    assert len(by_time["USDT"]) >= 8
    for at, paid in by_time["USDC"].items():
        assert abs(paid + by_time["USDT"][at]) <= Decimal("1E-8")


def test_it_is_told_in_the_budgets_currency(finished: Path) -> None:
    """At every hour: budget, realised, unrealised, fees, funding and what the rates did make the equity."""
    with StoreReader(finished / "run.db") as store:
        samples = [s.metrics for s in store.samples("hedge") if s.metrics["equity"] is not None]
    assert len(samples) > 60
    for metrics in samples:
        m = {k: Decimal(v) for k, v in metrics.items() if isinstance(v, str) and k != "valuation_error"}
        made = m["realized_pnl"] + m["unrealized_pnl"] - m["fees"] + m["funding"] + m["conversion_pnl"]
        assert m["equity"] == m["budget_worth"] + made


def test_report_and_status_show_both_wallets(finished: Path) -> None:
    """What is owned of each currency as margin, and what was settled in it."""
    with StoreReader(finished / "run.db") as store:
        (track,) = [t for t in read_report(store).tracks if t.name == "hedge"]
    page = write_report(finished / "run.db", finished / "report.html").read_text()
    assert [m.currency for m in track.moneys] == ["USDT", "USDC"]
    assert all(m.wallet is not None and m.funding is not None for m in track.moneys)
    assert "margin wallet" in page
