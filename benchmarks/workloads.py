"""The workloads: which rows, which strategy, how many orders a right engine sends.

One strategy shape everywhere: a fast and a slow exponential moving average of price, alpha = 2 / (n + 1), seeded with the first
price, no signal before `WARMUP` prices. Fast above slow and flat: buy `Workload.size` at market; fast below slow and long: sell
it. A fee of 0.1 % of the notional is paid on every fill.

W1 and W2 are generated from fixed seeds and kept as Parquet under ``GENESIS_BENCH_DATA`` (default: ``genesis-bench-data`` in the
temporary folder); their digests are checked, because results over other numbers do not compare. W3 and W4 are W2 and W1 with
other strategies. W0 reads real files from ``GENESIS_TEST_DATA`` (default: ``../shared/data`` beside the repository).

W5 has another strategy, over the four order books of `benchmarks.captures`: a passive market maker, see `Maker`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FEE = Decimal("0.001")
CASH = 1_000_000
FAST, SLOW, WARMUP = 20, 50, 50
W3_FAST = tuple(range(5, 25))
MINUTE_NS = 60_000_000_000
START_NS = 1_735_689_600_000_000_000  # 2025-01-01T00:00:00Z
ROOT = Path(__file__).resolve().parent.parent

TRADE_COLUMNS = ("ts", "price", "qty", "buyer_maker", "bid_tick")
BAR_COLUMNS = ("ts", "open", "high", "low", "close", "volume")
DIGESTS = {
    "w1_trades.parquet": "34da874645bbac907ee6dfddfc9260b60e3732bcf32152122d3fcf86dc83fc0b",
    "w2_bars.parquet": "c4e72acaedd297eea58ac805fbc2f31ea0d20d44706426e3b8188acd7acee941",
}


class DataMissing(Exception):
    """The data of a workload cannot be had; the message says why."""


class Wakes(Enum):
    """What the strategy looks at: every trade, every bar of the feed, or one-minute bars built from the trades."""

    TRADE = "trade"
    BAR = "bar"
    MINUTE = "minute"
    BOOK = "book"


@dataclass(frozen=True)
class Maker:
    """The rule of W5, the same in every driver, for each capture alone.

    At every change of a best price, and at the first wake after one of its orders filled or was refused: on each side, an order that does
    not lie at the best price of its side is cancelled; where there is none, and the position of that side is below ``limit`` orders, one
    order of the venue's smallest size is sent post-only at that best price. No latency. The fee on a fill is ``fee`` of its notional; what is
    held at the end counts at the middle of the last best bid and ask. ``queue`` says how the size ahead of an order shrinks when the level
    does: ``risk_averse`` (those behind leave first) or ``power3`` (by chance, weighted by the cube of the share ahead).
    """

    queue: str
    limit: int = 10
    fee: Decimal = Decimal("0.0002")


@dataclass(frozen=True)
class Market:
    """An instrument: prices are multiples of 10^-price_decimals, sizes of 10^-size_decimals."""

    symbol: str
    base: str
    quote: str
    price_decimals: int
    size_decimals: int

    @property
    def tick(self) -> Decimal:
        """The price step, in quote currency."""
        return Decimal(1).scaleb(-self.price_decimals)


@dataclass(frozen=True)
class Trades:
    """Columns of equal length: ``ts`` ns, never decreasing; ``bid_tick`` the bid of a book one tick wide, in ticks."""

    ts: Ints
    price: Floats
    qty: Floats
    buyer_maker: Flags
    bid_tick: Ints

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True)
class Bars:
    """Columns of equal length: ``ts`` is the open time in ns; a bar closes ``interval_ns`` later."""

    interval_ns: int
    ts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True)
class Workload:
    """One task. ``orders`` is the count of a right run over all rows; ``None`` where only the reference knows it (W0)."""

    name: str
    title: str
    market: Market
    size: Decimal
    wakes: Wakes
    file: str
    interval_ns: int | None = None
    fasts: tuple[int, ...] = (FAST,)
    orders: int | None = None
    recorded: bool = False
    maker: Maker | None = None

    @property
    def path(self) -> Path:
        """Where its rows are kept."""
        return (real_folder() if self.recorded else data_folder()) / self.file

    @property
    def unit(self) -> str:
        """What is counted a second."""
        if len(self.fasts) > 1:
            return "variant-bars"
        if self.wakes is Wakes.BOOK:
            return "level changes"
        return "bars" if self.wakes is Wakes.BAR else "trades"

    def trades(self, n: int | None = None) -> Trades:
        """The first ``n`` trades (all by default).

        Raises:
            DataMissing: the file is not there, or the workload is over order books.
        """
        if self.wakes is Wakes.BOOK:
            raise DataMissing(f"{self.name}: expected a workload over trades, found one over order books")
        if self.recorded:
            return _recorded_trades(self.path, self.market, n)
        return Trades(*_columns(self.path, TRADE_COLUMNS, n))

    def bars(self, n: int | None = None) -> Bars:
        """The first ``n`` bars (all by default).

        Raises:
            DataMissing: the file is not there.
        """
        if self.interval_ns is None:
            raise DataMissing(f"{self.name}: expected a workload over bars, found one over trades")
        read = _recorded_bars if self.recorded else _columns
        return Bars(self.interval_ns, *read(self.path, BAR_COLUMNS, n))


def scaled(values: Floats, decimals: int) -> Ints:
    """Decimals kept as floats, as whole numbers of 10^-decimals: exact where the float is the nearest one to such a decimal."""
    return np.rint(values * 10.0**decimals).astype(np.int64)


def minute_closes(ts: Ints) -> Ints:
    """Row of the last trade of every one-minute bar that has closed: bars without a trade are absent, the last one is open."""
    minute = ts // MINUTE_NS
    return np.flatnonzero(minute[1:] != minute[:-1]).astype(np.int64)


def apart(ts: Ints, step_ns: int) -> Ints:
    """Times at least ``step_ns`` apart, each moved on as little as that takes: for engines that join the rows of a moment."""
    steps = np.arange(len(ts)) * step_ns
    return np.maximum.accumulate(ts - steps) + steps


# ---- where the data lie


def data_folder() -> Path:
    """Where generated data are kept."""
    return Path(os.environ.get("GENESIS_BENCH_DATA") or Path(tempfile.gettempdir()) / "genesis-bench-data")


def real_folder() -> Path:
    """Where the recorded market data are."""
    return Path(os.environ.get("GENESIS_TEST_DATA") or ROOT.parent / "shared" / "data")


def prepare() -> None:
    """Write the generated data where they are missing or other than they must be.

    Raises:
        DataMissing: this numpy draws other numbers from the seeds.
    """
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in ((_W1, make_trades), (_W2, make_bars)):
        path = folder / name
        if not path.exists() or digest(pq.read_table(path)) != DIGESTS[name]:
            _write(path, make())


def _write(path: Path, table: pa.Table) -> None:
    found = digest(table)
    if found != DIGESTS[path.name]:
        raise DataMissing(
            f"{path.name}: expected columns of digest {DIGESTS[path.name]}, found {found} with numpy {np.__version__}"
        )
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


def digest(table: pa.Table) -> str:
    """SHA-256 over the names and little-endian bytes of the columns, in order."""
    state = hashlib.sha256()
    for name in table.column_names:
        state.update(name.encode() + b"\0")
        state.update(np.ascontiguousarray(table.column(name).to_numpy()).tobytes())
    return state.hexdigest()


# ---- generated data


def make_trades(rows: int = 1_000_000, seed: int = 20250101) -> pa.Table:
    """W1: trades 50 ms apart on average, in a book one tick of 0.01 wide.

    The bid jumps on about 15 % of the trades by a fat-tailed step (about 50 % a year); the aggressor's side is a sticky chain of
    two states; sizes are log-normal with 5 decimals.
    """
    draw = np.random.default_rng(seed)
    gaps = np.maximum(1, draw.exponential(50e6, rows)).astype(np.int64)
    jumps = draw.random(rows) < 0.15
    steps = np.rint(draw.standard_t(4, rows) * 220).astype(np.int64)
    bid = 6_000_000 + np.cumsum(np.where(jumps, steps, 0))
    at_bid = (np.cumsum(draw.random(rows) >= 0.7) % 2).astype(bool)
    sizes = np.maximum(1, np.rint(draw.lognormal(-5.0, 1.6, rows) * 1e5)) / 1e5
    return pa.table(
        {
            "id": np.arange(1, rows + 1, dtype=np.int64),
            "ts": START_NS + np.cumsum(gaps),
            "price": np.where(at_bid, bid, bid + 1) / 100.0,
            "qty": sizes,
            "buyer_maker": at_bid,
            "bid_tick": bid,
        }
    )


def make_bars(rows: int = 525_600, seed: int = 20250102) -> pa.Table:
    """W2: a year of one-minute bars, 60 % a year with a daily season, six steps a bar; a bar opens at the close before it."""
    draw = np.random.default_rng(seed)
    steps_a_bar = 6
    minute = np.arange(rows) % 1440
    volatility = 0.60 / np.sqrt(525_600 * steps_a_bar) * (1 + 0.5 * np.sin(2 * np.pi * minute / 1440))
    steps = draw.standard_t(5, (rows, steps_a_bar)) * np.sqrt(3 / 5) * volatility[:, None]
    path = np.log(60_000.0) + np.cumsum(steps.ravel()).reshape(rows, steps_a_bar)
    prices = np.rint(np.exp(path) * 100) / 100
    close = prices[:, -1]
    opens = np.concatenate([[60_000.0], close[:-1]])
    return pa.table(
        {
            "ts": START_NS + np.arange(rows, dtype=np.int64) * MINUTE_NS,
            "open": opens,
            "high": np.maximum(opens, prices.max(axis=1)),
            "low": np.minimum(opens, prices.min(axis=1)),
            "close": close,
            "volume": np.maximum(1, np.rint(draw.lognormal(2.0, 0.8, rows) * 1e5)) / 1e5,
        }
    )


# ---- reading


def _columns(path: Path, names: Sequence[str], n: int | None) -> list[NDArray[Any]]:
    if not path.exists():
        raise DataMissing(f"expected the file {path.name}, found none in its data folder")
    table = pq.read_table(path, columns=list(names))
    return [np.ascontiguousarray(table.column(name).to_numpy()[:n]) for name in names]


def _recorded_bars(path: Path, names: Sequence[str], n: int | None) -> list[NDArray[Any]]:
    stored = ["ts_ns", *(f"{name}_e8" for name in names[1:])]
    ts, *values = _columns(path, stored, n)
    return [ts, *(column / 1e8 for column in values)]


def _recorded_trades(path: Path, market: Market, n: int | None) -> Trades:
    """A recorded file in the order of arrival; its book is taken as one tick wide around each print, as in W1."""
    stored = pq.read_schema(path).names if path.exists() else []
    clock = "recv_ts_ns" if "recv_ts_ns" in stored else "ts_ns"
    ts, price, size, side = _columns(path, (clock, "price_e8", "qty_e8", "side"), n)
    at_bid = np.asarray(side == "sell", dtype=bool)
    ticks = scaled(price / 1e8, market.price_decimals)
    return Trades(ts, price / 1e8, size / 1e8, at_bid, np.where(at_bid, ticks, ticks - 1))


_BTC = Market("BTCUSDT", "BTC", "USDT", price_decimals=2, size_decimals=5)
_BTC_FINE = Market("BTCUSDT", "BTC", "USDT", price_decimals=2, size_decimals=6)
_BTC_PERP = Market("BTCUSDT", "BTC", "USDT", price_decimals=1, size_decimals=3)
_XRP = Market("XRPETH", "XRP", "ETH", price_decimals=8, size_decimals=0)
_LOT = Decimal("0.01")
_W1, _W2 = "w1_trades.parquet", "w2_bars.parquet"

_ALL = (
    Workload("w1", "1,000,000 trades, EMA 20/50 on every trade", _BTC, _LOT, Wakes.TRADE, _W1, orders=17_159),
    Workload(
        "w2", "525,600 one-minute bars, EMA 20/50 on the close", _BTC, _LOT, Wakes.BAR, _W2, MINUTE_NS, orders=10_701
    ),
    Workload("w3", "W2 with 20 variants, fast EMA 5 to 24", _BTC, _LOT, Wakes.BAR, _W2, MINUTE_NS, W3_FAST, 269_880),
    Workload(
        "w4",
        "the trades of W1, EMA 20/50 on one-minute bars built from them",
        _BTC,
        _LOT,
        Wakes.MINUTE,
        _W1,
        orders=16,
    ),
    Workload(
        "w0-1h",
        "BTCUSDT spot, hourly bars of 2017 to 2023 (recorded)",
        _BTC_FINE,
        _LOT,
        Wakes.BAR,
        "candles/binance-spot/1h/BTCUSDT_20170817-20230630.parquet",
        60 * MINUTE_NS,
        recorded=True,
    ),
    Workload(
        "w0-5m",
        "BTCUSDT spot, five-minute bars of seven months (recorded)",
        _BTC,
        _LOT,
        Wakes.BAR,
        "candles/binance-spot/5m/BTCUSDT_20221201-20230630.parquet",
        5 * MINUTE_NS,
        recorded=True,
    ),
    Workload(
        "w0-perp",
        "BTCUSDT perpetual, every trade of six minutes (recorded)",
        _BTC_PERP,
        _LOT,
        Wakes.TRADE,
        "trades/binance-usdm_BTCUSDT_20240808T2354.trades.parquet",
        recorded=True,
    ),
    Workload(
        "w0-xrp",
        "XRPETH spot, every aggregated trade of 59 hours (recorded)",
        _XRP,
        Decimal(100),
        Wakes.TRADE,
        "trades/binance-spot_XRPETH_20191011-20191013.aggtrades.parquet",
        recorded=True,
    ),
    *(
        Workload(
            name,
            f"a passive market maker over four order books of 33 minutes, {words} (recorded)",
            _BTC,
            _LOT,
            Wakes.BOOK,
            "l2/binance-spot_BTCUSDT_20240808T2354.l2.parquet",
            recorded=True,
            maker=Maker(queue),
        )
        for name, queue, words in (
            ("w5", "risk_averse", "the careful queue"),
            ("w5-power3", "power3", "the queue by chance, cubed"),
        )
    ),
)
WORKLOADS: dict[str, Workload] = {workload.name: workload for workload in _ALL}


def workload_named(name: str) -> Workload:
    """The workload of that name.

    Raises:
        DataMissing: there is none.
    """
    if name not in WORKLOADS:
        raise DataMissing(f"workload: expected one of {', '.join(WORKLOADS)}, found {name}")
    return WORKLOADS[name]


if __name__ == "__main__":
    prepare()
