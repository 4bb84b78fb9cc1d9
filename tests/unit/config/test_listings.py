"""An instrument described by an exchange's information file: one truth, and a disagreement names both."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.config import load_config
from genesis.errors import ConfigError, DataError
from genesis.model.instruments import Calendar, Instrument, InstrumentKind
from genesis.system.listings import read_listings, rules_digest
from genesis.system.prepared import Prepared
from genesis.system.run import prepare
from tests.kit import exchange as x

FILTERS = (x.MIN_NOTIONAL, x.MAX_NUM_ORDERS)


def folder_with(folder: Path, instrument: str, symbol: dict[str, object] | None = None) -> Path:
    """A whole configuration: ten candles, a strategy, and the information file beside it."""
    x.write_info(folder / "info.json", symbol or x.spot_symbol(*FILTERS))
    rows = [f"{1_700_000_000 + 3600 * i},100,101,99,100,5" for i in range(10)]
    (folder / "candles.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))
    path = folder / "c.yaml"
    path.write_text(
        f"instruments: [{{symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT{instrument}}}]\n"
        "data: [{instrument: BTCUSDT.BINANCE, path: candles.csv}]\n"
        "strategies: [{name: hold, strategy: breakout, instruments: [BTCUSDT.BINANCE], budget: 1000}]\n"
    )
    return path


def prepared(folder: Path, instrument: str, symbol: dict[str, object] | None = None) -> Prepared:
    return prepare(load_config(folder_with(folder, instrument, symbol)), folder)


def test_tick_lot_and_minima_come_from_the_file(tmp_path: Path) -> None:
    """The instrument of the data is the file's, and its rules are handed on by the instrument's id."""
    run = prepared(tmp_path, ", exchange_info: info.json")

    assert run.readings[0].instrument == Instrument(
        "BTCUSDT",
        "BINANCE",
        "BTC",
        "USDT",
        Decimal("0.01"),
        Decimal("0.001"),
        InstrumentKind.SPOT,
        Decimal("0.001"),
        Decimal(100),
        Decimal(10),
    )
    assert list(run.rules) == ["BTCUSDT.BINANCE"]
    assert run.rules["BTCUSDT.BINANCE"].max_orders == 25


def test_without_a_file_there_are_no_rules(tmp_path: Path) -> None:
    """Nothing changes for a configuration that names none, its digest included."""
    run = prepared(tmp_path, ", tick: 0.01, lot: 0.001")

    assert run.rules == {}
    assert "rules" not in run.started.facts


def test_other_rules_are_another_run(tmp_path: Path) -> None:
    """The first entry names the rules by their digest."""
    one = prepared(tmp_path, ", exchange_info: info.json")
    other = prepared(tmp_path, ", exchange_info: info.json", x.spot_symbol(x.MIN_NOTIONAL))

    assert one.started.facts["rules"] == {"BTCUSDT.BINANCE": rules_digest(one.rules["BTCUSDT.BINANCE"])}
    assert one.digest != other.digest


def test_what_both_say_alike_is_welcome(tmp_path: Path) -> None:
    """The same numbers in other digits agree; the calendar is the configuration's."""
    same = ", exchange_info: info.json, tick: 0.0100, lot: 0.001, min_notional: 10, max_qty: 100.0, calendar: fx"
    config = load_config(folder_with(tmp_path, same))

    listing = read_listings(config, tmp_path)["BTCUSDT.BINANCE"]

    assert listing.instrument.calendar is Calendar.FX
    assert listing.instrument.tick == Decimal("0.01")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("tick: 0.1", "tick: expected 0.01 as in info.json, found 0.1"),
        ("lot: 0.01", "lot: expected 0.001 as in info.json, found 0.01"),
        ("min_qty: 1", "min_qty: expected 0.001 as in info.json, found 1"),
        ("max_qty: 1", "max_qty: expected 100 as in info.json, found 1"),
        ("min_notional: 5", "min_notional: expected 10 as in info.json, found 5"),
        ("kind: fx", "kind: expected spot as in info.json, found fx"),
    ],
)
def test_a_disagreement_names_both(tmp_path: Path, said: str, message: str) -> None:
    """The key, what the file says and what the configuration says."""
    config = load_config(folder_with(tmp_path, f", exchange_info: info.json, {said}"))

    with pytest.raises(ConfigError) as caught:
        read_listings(config, tmp_path)
    assert str(caught.value) == f"instruments.BTCUSDT.BINANCE.{message}"


def test_other_assets_are_a_disagreement(tmp_path: Path) -> None:
    """A symbol of that name with another base is another thing."""
    config = load_config(folder_with(tmp_path, ", exchange_info: info.json", x.spot_symbol(baseAsset="XBT")))

    with pytest.raises(ConfigError, match="base: expected XBT as in info.json, found BTC"):
        read_listings(config, tmp_path)


def test_no_upper_bound_is_said_so(tmp_path: Path) -> None:
    """A file without a maximum disagrees with any."""
    symbol = x.spot_symbol(filters=[x.PRICE, x.LOT | {"maxQty": "0"}])
    config = load_config(folder_with(tmp_path, ", exchange_info: info.json, max_qty: 7", symbol))

    with pytest.raises(ConfigError, match="max_qty: expected none as in info.json, found 7"):
        read_listings(config, tmp_path)


def test_a_symbol_that_was_refused(tmp_path: Path) -> None:
    """The reason of the file comes through, under the key that asked."""
    symbol = x.spot_symbol(filters=[x.PRICE | {"tickSize": "0"}, x.LOT])
    config = load_config(folder_with(tmp_path, ", exchange_info: info.json", symbol))

    with pytest.raises(ConfigError) as caught:
        read_listings(config, tmp_path)
    assert str(caught.value) == (
        f"instruments.BTCUSDT.BINANCE.exchange_info: {tmp_path / 'info.json'}: BTCUSDT: "
        "field 'PRICE_FILTER.tickSize': expected a decimal above 0, found 0"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is an error of the data, with the file's name."""
    config = load_config(folder_with(tmp_path, ", exchange_info: none.json"))

    with pytest.raises(DataError, match=r"none\.json: expected a readable file"):
        read_listings(config, tmp_path)
