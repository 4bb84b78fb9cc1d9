"""Paper fills beside real ones: what `benchmarks/FIDELITY.md` says is what the data say."""

from __future__ import annotations

import os

import pytest

from benchmarks.fidelity import PAGE, half_hour, kaplan_meier, stale_levels, taker_row, who_was_filled
from benchmarks.shadows import MODELS, TRADES_LAST, UNHELD, HalfHour, Life, Replay, makers, population, reachable
from benchmarks.walked import Taker, takers, walked
from genesis.tape.stream import ORDER_CREATED
from tests.kit.market_data import DATA

if not (DATA / "manifest.json").exists():
    if os.environ.get("CI") == "true":
        pytest.fail(f"expected market data in {DATA}, found none", pytrace=False)
    pytest.skip(f"no market data in {DATA}", allow_module_level=True)


@pytest.fixture(scope="module")
def hour() -> HalfHour:
    """The half hour of every order event."""
    return half_hour(DATA)


@pytest.fixture(scope="module")
def lives(hour: HalfHour) -> list[Life]:
    """The orders a trade came to, with what their shadows got."""
    found = reachable(hour, population(hour).lives)
    Replay(hour, found).run()
    return found


def false_fills(lives: list[Life], model: str) -> list[Life]:
    """Orders that a model filled and the market did not."""
    return [life for life in lives if life.shadows[model].lots and not life.truth.lots]


def test_every_trade_is_a_reduction_of_the_order_it_names(hour: HalfHour) -> None:
    """The truth twice: of each order, its trades in the trades file are its reductions in the order file, lot for lot, in the same moment."""
    columns = {name: column.tolist() for name, column in hour.orders.columns.items()}
    traded: dict[int, list[tuple[int, int]]] = {}
    for ts, lots, maker in zip(*(hour.trades.columns[n].tolist() for n in ("ts", "lots")), makers(hour), strict=True):
        traded.setdefault(maker, []).append((ts, lots))
    left: dict[int, int] = {}
    reduced: dict[int, list[tuple[int, int]]] = {maker: [] for maker in traded}
    names = ("ts", "order_id", "action", "lots")
    for ts, order_id, action, lots in zip(*(columns[n] for n in names), strict=True):
        if order_id in traded and action != ORDER_CREATED and left[order_id] > lots:
            reduced[order_id].append((ts, left[order_id] - lots))
        left[order_id] = lots
    both = {maker for maker in traded if traded[maker] != reduced[maker]}
    # Two resting orders had traded as takers before they rested: those reductions are not theirs as makers.
    assert len(both) == 2
    assert all(set(traded[maker]) <= set(reduced[maker]) for maker in both)
    assert sum(map(len, traded.values())) == 284


def test_a_shadow_beside_a_real_order_fills_when_the_real_one_did(hour: HalfHour, lives: list[Life]) -> None:
    """With order-by-order data 209 of 210 are reproduced lot for lot, none is filled falsely, and the one that is not stands behind a stale order."""
    filled = [life for life in lives if life.truth.lots]
    unlike = [life for life in lives if life.shadows["fifo"].parts != life.truth.parts]
    assert (len(lives), len(filled)) == (393, 210)
    assert [(life.ticks, life.shadows["fifo"].parts) for life in unlike] == [(78333, [])]
    assert (unlike[0].side, unlike[0].ticks) in stale_levels(hour)


def test_the_models_fill_in_their_order_on_real_data(lives: list[Life]) -> None:
    """At every instant of every order: risk averse at most any power, any power at most touch."""
    for life in lives:
        instants = sorted({ts for fills in life.shadows.values() for ts, _ in fills.parts})
        for model in MODELS:
            if model.startswith("power"):
                for now in instants:
                    low, mid, high = (
                        sum(lots for ts, lots in life.shadows[m].parts if ts <= now)
                        for m in ("risk_averse", model, "touch")
                    )
                    assert low <= mid <= high


def test_risk_averse_is_false_only_where_it_could_not_see(lives: list[Life]) -> None:
    """Its false fills are orders that came behind others of their own millisecond, which were not displayed yet."""
    false = false_fills(lives, "risk_averse")
    assert len(false) == 2
    assert all(life.displayed < life.standing for life in false)


def test_sizes_that_come_before_their_trades_make_no_false_fills(hour: HalfHour) -> None:
    """With each moment's sizes first risk averse is as right as before; without holding prints against decreases it is not."""
    found = reachable(hour, population(hour).lives)
    Replay(hour, found).run(TRADES_LAST)
    assert len(false_fills(found, "risk_averse")) == 2
    assert len(false_fills(found, UNHELD)) == 8


def test_the_page_says_what_the_data_say(lives: list[Life]) -> None:
    """The table of fills, and a line of the takers, are those in the repository."""
    text = PAGE.read_text(encoding="utf-8")
    assert who_was_filled(lives) in text
    assert f"| {' | '.join(taker_row(walked(DATA, 'binance-coinm_BTCUSD_PERP', 10_000_000)))} |" in text


def test_half_of_spot_prints_come_after_the_quote_that_they_moved() -> None:
    """Why a print is held against a decrease: 10,032 of 19,904 trades arrive when the best quote has left their price; of COIN-M's 5,235, 4."""
    assert walked(DATA, "binance-spot_BTCUSDT", 10_000_000).late == 10_032
    assert walked(DATA, "binance-coinm_BTCUSD_PERP", 10_000_000).late == 4


def test_a_chance_by_a_time_counts_those_who_left() -> None:
    """Twenty-one patients in remission, twelve of them cut short: 0.857, 0.807, 0.753 and 0.448 still are after 6, 7, 10 and 35 weeks.

    Source: the 6-MP arm of Freireich et al. (1963), the worked example of most texts on Kaplan and Meier.
    """
    waits = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    seen = [True, True, True, False, True, False, True, False, False, True, True]
    seen += [False, False, False, True, True, False, False, False, False, False]
    chances = kaplan_meier(waits, seen, [5, 6, 7, 10, 35])
    assert [round(1 - chance, 3) for chance in chances] == [1.0, 0.857, 0.807, 0.753, 0.448]


def test_neighbouring_trades_of_one_moment_are_one_taker(hour: HalfHour) -> None:
    """The first sweep of the recording: eight trades or more at one moment, what they paid is their sum."""
    first = next(takers(hour.trades))
    columns = hour.trades.columns
    same = columns["time_event"] == columns["time_event"][0]
    paid = int((columns["ticks"] * columns["lots"])[same].sum())
    assert same.sum() >= 8
    assert first == Taker(1, int(columns["lots"][same].sum()), paid, int(columns["ts"][0]), 0)
