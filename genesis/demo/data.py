"""The demo's market data, read from the installed packages that carry it."""

from __future__ import annotations

from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np

from genesis.clock import NS_PER_HOUR, iso_utc
from genesis.errors import ConfigError
from genesis.feeds.files import Format, Policy, Problem, Reading, ReadOptions, align_capture, read
from genesis.model.instruments import Calendar, Instrument, InstrumentKind

PACKAGES = {"ob_analytics": "ob-analytics==0.1.0", "gym_anytrading": "gym-anytrading==2.0.0"}
INSTALL_COMMAND = "pip install --no-deps " + " ".join(PACKAGES.values())

BTCUSD = Instrument(
    symbol="BTCUSD", venue="BITSTAMP", base="BTC", quote="USD", tick=Decimal("1"), lot=Decimal("0.00000001")
)
EURUSD = Instrument(
    symbol="EURUSD",
    venue="FX",
    base="EUR",
    quote="USD",
    tick=Decimal("0.00001"),
    lot=Decimal("1"),
    kind=InstrumentKind.FX,
    calendar=Calendar.FX,
)


# A spread of 0.6 bp is about 0.7 pips: what a retail account pays on EUR/USD in a quiet hour.
EURO_HALF_SPREAD_BP = Decimal("0.3")
_ORDERS = ("ob_analytics", "_sample_data/orders.csv.gz")
_TRADES = ("ob_analytics", "_sample_data/trades.csv")
_BARS = ("gym_anytrading", "datasets/data/FOREX_EURUSD_1H_ASK.csv")


class DemoDataMissing(ConfigError):
    """The packages that carry the demo's data are not installed. The message is the command that installs them."""

    def __init__(self) -> None:
        super().__init__(INSTALL_COMMAND)


def missing_packages() -> list[str]:
    """Those of `PACKAGES` that are not installed."""
    return [wanted for name, wanted in PACKAGES.items() if find_spec(name) is None]


class DemoMarket(msgspec.Struct, frozen=True, eq=False):
    """One instrument, its streams on one clock, and in one sentence what is recorded and what is assumed."""

    instrument: Instrument
    readings: tuple[Reading, ...]
    statement: str


def bitcoin_half_hour() -> DemoMarket:
    """Bitstamp BTC/USD, 2026-05-02 02:36 to 03:06 UTC: every order event, depth and quotes made of them, and the trades.

    The trades' ``extras`` are both order ids. All three follow the exchange's clock, in which the orders are recorded.

    Raises:
        DemoDataMissing: the packages are not installed.
    """
    orders = read(_file(_ORDERS), BTCUSD, ReadOptions(format=Format.OB_ORDERS, orders=True))
    trades = read(_file(_TRADES), BTCUSD, ReadOptions(format=Format.OB_TRADES))
    statement = (
        "recorded: every order event and trade of Bitstamp BTC/USD for half an hour of 2026-05-02, "
        "on the exchange's clock"
    )
    return DemoMarket(BTCUSD, align_capture((*orders, *trades)), statement)


def euro_year() -> DemoMarket:
    """EUR/USD hourly bars of 2017, ask prices; gaps are judged against the hours of the market.

    A few volumes are written with binary noise (``253139999.4``); they are rounded down to whole euros, and counted.

    Raises:
        DemoDataMissing: the packages are not installed.
    """
    options = ReadOptions(
        format=Format.OHLCV,
        policies={Problem.OFF_LOT: Policy.ROUND},
        interval_ns=NS_PER_HOUR,
        time_format="%d.%m.%Y %H:%M:%S.%f",
    )
    statement = (
        "a labelled stand-in, recorded: EUR/USD hourly ask bars of 2017; the bid is not recorded: assumed is a spread of "
        f"{2 * EURO_HALF_SPREAD_BP} bp, which takers pay beside the profile's slippage (2 to 5 bp)"
    )
    return DemoMarket(EURUSD, read(_file(_BARS), EURUSD, options), statement)


def until(market: DemoMarket, end_ns: int) -> DemoMarket:
    """The same market up to ``end_ns``: rows and gaps that end later are left out."""
    readings = []
    for reading in market.readings:
        rows = int(np.searchsorted(reading.columns["ts"], end_ns, side="right"))
        gaps = tuple(g for g in reading.report.gaps if g.time_to <= end_ns)
        report = msgspec.structs.replace(reading.report, rows_kept=rows, gaps=gaps)
        columns = {name: values[:rows] for name, values in reading.columns.items()}
        readings.append(msgspec.structs.replace(reading, columns=columns, report=report))
    return DemoMarket(market.instrument, tuple(readings), f"{market.statement}; up to {iso_utc(end_ns)[:10]}")


def _file(place: tuple[str, str]) -> Path:
    package, name = place
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    path = Path(folders[0]) / name if folders else None
    if path is None or not path.is_file():
        raise DemoDataMissing
    return path
