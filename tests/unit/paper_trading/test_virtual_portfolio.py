"""What a virtual portfolio says of a few fills, worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.errors import ConfigError
from genesis.metrics.drawdown import DrawdownTracker
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.paper_trading.measured import Measures
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from tests.kit.fills import FX, SECOND, SPOT, fill_of, fills_of

PERP = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
HOUR = 3600 * SECOND


def portfolio(fills: str) -> VirtualPortfolio:
    """1,000 USDT from engine time 0 on, and fills a second apart from second 1."""
    made = VirtualPortfolio(Money(1000, "USDT"), [SPOT])
    for fill, forced in fills_of(SPOT, fills):
        made.apply_fill(fill, forced)
    return made


def measured(made: VirtualPortfolio, at: int, price_ticks: int = 0) -> dict[str, Any]:
    """Its metrics at second ``at`` with the position marked at a price."""
    net = made.net_units({SPOT.id: price_ticks})
    made.take_worth(made.holding(SPOT), net)
    made.mark(at * SECOND, made.cash_units + net)
    return made.metrics(at * SECOND, made.cash_units + net, net, DrawdownTracker(), 0.0, None)


def test_a_round_trip() -> None:
    """2 bought at 100 and sold at 110 a second later, 0.42 of fees: 19.58 of profit, and nothing undefined that is defined."""
    found = measured(portfolio("buy 2 @ 100 fee 0.2\nsell 2 @ 110 fee 0.22"), at=10)
    money = ("equity", "cash", "realized_pnl", "unrealized_pnl", "fees", "turnover", "expectancy", "average_win")
    assert [float(found[k]) for k in money] == [1019.58, 1019.58, 20, 0, 0.42, 420, 19.58, 19.58]
    assert found["total_return"] == pytest.approx(0.01958)
    assert (found["trades"], found["win_rate"], found["profit_factor"], found["average_loss"]) == (1, 1.0, None, None)
    assert found["average_duration_ns"] == SECOND
    assert found["time_in_market"] == pytest.approx(0.1)
    assert found["exposure_mean"] == pytest.approx(0.2 * 0.1)
    assert (found["gross_exposure"], found["net_exposure"]) == (0, 0)


def test_an_open_position_is_marked() -> None:
    """3 held at 100, now at 90: 30 lost and not realised, 270 of 970 exposed; no trade has closed."""
    found = measured(portfolio("buy 3 @ 100"), at=4, price_ticks=9_000)
    assert [float(found[k]) for k in ("equity", "unrealized_pnl", "realized_pnl")] == [970, -30, 0]
    assert found["gross_exposure"] == found["net_exposure"] == pytest.approx(270 / 970)
    assert (found["trades"], found["win_rate"], found["expectancy"]) == (0, None, None)
    assert found["time_in_market"] == pytest.approx(3 / 4)


def test_a_mean_that_does_not_come_out_even_is_rounded_half_to_even_at_the_ledgers_scale() -> None:
    """Two losses of 1 and one win of 1.01 over three trades."""
    lines = "buy 1 @ 100\nsell 1 @ 99\n" * 2 + "buy 1 @ 100\nsell 1 @ 101.01"
    found = measured(portfolio(lines), at=10)
    assert found["expectancy"] == f"-0.33{'0' * (portfolio(lines).decimals - 2)}"
    assert (found["average_loss"][:5], found["average_win"][:4]) == ("-1.00", "1.01")
    assert found["profit_factor"] == pytest.approx(1.01 / 2)
    assert found["win_rate"] == pytest.approx(1 / 3)


def test_dust_is_flat() -> None:
    """A fee in base leaves less than a lot behind: the trade is over, and no time in the market runs on."""
    made = portfolio("buy 1 @ 100 fee 0.0015 BTC\nsell 0.998 @ 100")
    assert 0 < made.position_units(SPOT.id) < SPOT.lot_units
    assert measured(portfolio("buy 0.001 @ 100"), at=101, price_ticks=10_000)["time_in_market"] == pytest.approx(
        100 / 101
    )
    found = measured(made, at=101, price_ticks=10_000)
    assert found["trades"] == 1
    assert found["time_in_market"] == pytest.approx(1 / 101)
    assert found["gross_exposure"] > 0


def test_costs_are_split_by_their_cause() -> None:
    """Two lots of 1000, both ways, each paying 2 ticks of drift, 0.5 of half spread, 3 of walk, 1 of draw; the last 4 of impact too."""
    made = VirtualPortfolio(Money(1000, "USDT"), [SPOT])
    for (fill, _), impact in zip(fills_of(SPOT, "buy 2 @ 100.05\nsell 2 @ 100.05"), (0, 4), strict=True):
        made.apply_fill(msgspec.structs.replace(fill, drift=2, spread_x2=1, walk=3, slippage=1, impact=impact))
    found = measured(made, at=3)
    for name, ticks in (("latency", 4), ("spread", 1), ("walk", 6), ("slippage", 2), ("impact", 4)):
        assert Decimal(str(found[f"{name}_cost"])) == ticks * Decimal("0.01") * 2


def test_an_evidence_bar_ends_every_four_hours_and_its_return_is_over_its_own_start() -> None:
    """1,000 to 1,010 to 999.9: +1 % and -1 %; other hours end none."""
    made = VirtualPortfolio(Money(1000, "USDT"), [SPOT])
    unit = made.budget_units // 10_000
    for hour, equity in ((1, 10_500), (4, 10_100), (6, 9_000), (8, 9_999)):
        made.close_hour(hour * HOUR, equity * unit)
    assert (len(made.bars), made.bars.moments().n) == (2, 2)
    assert list(made.bars.recent().save()) == pytest.approx([0.01, -0.01])
    found = measured(made, at=8 * 3600)
    assert (found["evidence_bars"], found["sharpe"], found["var_95"]) == (2, None, None)


def test_a_bar_that_began_with_nothing_earns_nothing() -> None:
    """Ruined: what is lost from there on has nothing to be a share of."""
    made = VirtualPortfolio(Money(1000, "USDT"), [SPOT])
    returns = []
    for bar, equity in enumerate((0, 0, -made.budget_units, 0), 1):
        made.close_hour(4 * bar * HOUR, equity)
        returns.append(made.bar_return)
    assert returns == [-1, 0, 0, 0]


def test_a_bar_that_began_with_the_ledgers_least_unit_has_a_return() -> None:
    """One unit that is gone is all of it."""
    made = VirtualPortfolio(Money(1000, "USDT"), [SPOT])
    for bar, equity in enumerate((1, 0), 1):
        made.close_hour(4 * bar * HOUR, equity)
    assert made.bar_return == -1


def test_time_in_the_market_is_of_the_time_since_the_evaluation_began() -> None:
    """Begun at second 100, in the market from second 101 to 110, a tenth of the budget held; a fill that nobody forced is no forced exit."""
    made = VirtualPortfolio(Money(1000, "USDT"), [SPOT], start_ns=100 * SECOND)
    for (fill, _), second in zip(fills_of(SPOT, "buy 1 @ 100\nsell 1 @ 100"), (101, 110), strict=True):
        made.apply_fill(msgspec.structs.replace(fill, time=second * SECOND))
    found = measured(made, at=120)
    assert (found["trades"], found["forced_exits"]) == (1, 0)
    assert (found["time_in_market"], found["exposure_mean"]) == (pytest.approx(9 / 20), pytest.approx(0.1 * 9 / 20))


def test_what_is_kept_between_samples_never_goes_stale() -> None:
    """A trade or a bar after a sample shows in the next one."""
    made = portfolio("buy 1 @ 100\nsell 1 @ 101")
    assert measured(made, at=5)["trades"] == 1
    for fill, _ in fills_of(SPOT, "buy 1 @ 100\n" * 5 + "sell 5 @ 90"):
        made.apply_fill(msgspec.structs.replace(fill, time=fill.time + 10 * SECOND))
    made.close_hour(4 * HOUR, made.cash_units)
    found = measured(made, at=4 * 3600)
    assert (found["trades"], found["win_rate"], found["evidence_bars"]) == (2, 0.5, 1)


def test_what_was_measured_stays_as_it_was() -> None:
    """Measures read only after later fills, trades and evidence bars say what they would have said at once."""

    def measures(made: VirtualPortfolio) -> Measures:
        return made.measure(10 * SECOND, made.cash_units, 0, DrawdownTracker(), 0.0, None)

    fills = "buy 2 @ 100 fee 0.2\nsell 2 @ 110 fee 0.22"
    read_at_once = measures(portfolio(fills)).metrics()
    made = portfolio(fills)
    early = measures(made)
    for fill, forced in fills_of(SPOT, fills + "\nbuy 1 @ 120 fee 0.1\nsell 1 @ 90 fee 0.1"):
        made.apply_fill(msgspec.structs.replace(fill, time=fill.time + 20 * SECOND), forced)
    made.close_hour(4 * HOUR, made.cash_units)
    late = made.measure(4 * HOUR, made.cash_units, 0, DrawdownTracker(), 0.0, None)
    assert early.metrics() == read_at_once
    assert late["trades"] != early["trades"]
    assert (late["evidence_bars"], early["evidence_bars"]) == (1, 0)
    assert list(early.metrics()) == list(read_at_once)


def test_measures_name_the_mark() -> None:
    """The price that marks the first instrument is one of the metrics where it was named; before there is one it is undefined."""
    made = portfolio("buy 2 @ 100")
    told = (SECOND, made.cash_units, 0, DrawdownTracker(), 0.0, None)
    assert made.measure(*told, SPOT.price_grid, 10_050)["mark_px"] == "100.50"
    assert made.measure(*told, SPOT.price_grid, None)["mark_px"] is None
    assert "mark_px" not in made.measure(*told).metrics()


def test_metrics_are_told_in_one_currency() -> None:
    """An instrument of another quote is refused before anything is traded."""
    with pytest.raises(ConfigError, match="EURUSD.TEST: expected an asset quoted in USDT, found EUR/USD"):
        VirtualPortfolio(Money(1000, "USDT"), [SPOT, FX])


def test_funding_is_in_the_next_sample() -> None:
    """What is kept between samples is made anew after a settlement; wallet and unrealised profit are the equity."""
    made = VirtualPortfolio(Money(1000, "USDT"), [PERP])
    made.apply_fill(fill_of(PERP, Side.BUY, 1000, 10_000))
    unit = 10 ** (made.decimals - 8)
    first = made.metrics(1, 1000 * 10**8 * unit, 0, DrawdownTracker(), 0.0, None)
    made.apply_funding(PERP.id, -150_000_000 * unit, 0)
    then = made.metrics(2, 998_50000000 * unit, 0, DrawdownTracker(), 0.0, None)
    assert [Decimal(str(m["funding"])) for m in (first, then)] == [0, Decimal("-1.5")]
    assert [Decimal(str(m["wallet_balance"])) for m in (first, then)] == [1000, Decimal("998.5")]
    assert [Decimal(str(m["unrealized_pnl"])) for m in (first, then)] == [0, 0]
