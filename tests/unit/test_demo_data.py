"""The demo's market data comes from the installed packages, is not imported, and says what it assumes."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

import numpy as np
import pytest

from genesis.clock import NS_PER_HOUR, iso_utc
from genesis.demo import data
from genesis.demo.data import (
    INSTALL_COMMAND,
    DemoDataMissing,
    bitcoin_half_hour,
    euro_year,
)
from genesis.errors import ConfigError
from genesis.feeds.files import Problem
from genesis.model.calendars import is_open
from genesis.model.instruments import Calendar

missing = [name for name in data.PACKAGES if find_spec(name) is None]
installed = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}; {INSTALL_COMMAND}")


@installed
def test_the_half_hour_of_bitcoin() -> None:
    """Depth, quotes and trades are on one clock; the taker of a trade is the later of its two orders."""
    market = bitcoin_half_hour()
    depth, quotes, orders, trades = market.readings
    assert orders.rows > depth.rows / 2
    assert (depth.rows > quotes.rows > trades.rows, trades.rows) == (True, 284)
    assert {r.report.clock for r in market.readings} == {"exchange"}
    buyers, sellers = (trades.extras[name] for name in ("buy_order_id", "sell_order_id"))
    assert np.array_equal(trades.columns["side"], np.where(buyers > sellers, 1, -1))
    assert iso_utc(int(depth.columns["ts"][0])).startswith("2026-05-02T02:36:20")
    assert iso_utc(int(depth.columns["ts"][-1])).startswith("2026-05-02T03:06:20")


@installed
def test_the_year_of_the_euro() -> None:
    """6,225 hourly bars whose only gaps within market hours are Christmas, and an assumed spread that is stated."""
    market = euro_year()
    (bars,) = market.readings
    report = bars.report
    assert (bars.rows, bars.instrument.calendar) == (6225, Calendar.FX)
    assert (bars.columns["ts"] - bars.columns["time_open"] == NS_PER_HOUR).all()
    assert [(iso_utc(g.time_from), g.missing) for g in report.gaps] == [
        ("2017-12-24T22:00:00Z", 1),
        ("2017-12-25T08:00:00Z", 14),
    ]
    assert all(is_open(Calendar.FX, int(t)) for t in bars.columns["time_open"])
    (repair,) = report.repairs
    assert (repair.problem, repair.count) == (Problem.OFF_LOT, 30)
    assert "a spread of 0.6 bp" in market.statement
    assert "stand-in" in market.statement


@installed
def test_the_packages_are_read_and_not_imported() -> None:
    """Reading the data imports nothing of the packages."""
    before = set(sys.modules)
    bitcoin_half_hour()
    euro_year()
    assert not {name.partition(".")[0] for name in set(sys.modules) - before} & set(data.PACKAGES)


@pytest.mark.parametrize("folders", [None, [], ["/nowhere"]])
def test_a_missing_package_is_one_command(monkeypatch: pytest.MonkeyPatch, folders: list[str] | None) -> None:
    """Without the packages, or without the file in them, the error is the command that installs them."""
    spec = None if folders is None else ModuleSpec("package", None)
    if spec is not None:
        spec.submodule_search_locations = folders
    monkeypatch.setattr(data, "find_spec", lambda name: spec)
    for read in (bitcoin_half_hour, euro_year):
        with pytest.raises(DemoDataMissing) as caught:
            read()
        assert str(caught.value) == "pip install --no-deps ob-analytics==0.1.0 gym-anytrading==2.0.0"
        assert isinstance(caught.value, ConfigError)
