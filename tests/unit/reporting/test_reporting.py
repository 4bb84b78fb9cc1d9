"""From a store to the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis.clock import ManualClock
from genesis.errors import StorageError
from genesis.model.events import Event, OrderFilled
from genesis.model.orders import Liquidity
from genesis.model.run_events import TapeEnded
from genesis.risk.tiers import DEFAULT_TIERS, Tier
from genesis.storage.rows import StoreStatus
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system.reporting import read_report, track_names, write_report
from tests.kit.factories import (
    BTC,
    SECOND,
    T0,
    TRACKS,
    accepted,
    denied,
    filled,
    note,
    order,
    sample,
    small_run,
    started,
    submitted,
    trade,
)

HOUR = 3_600 * SECOND


def store(path: Path, events: list[Event]) -> Path:
    """A store that keeps these entries."""
    with SqliteStore.open(path, ManualClock(T0), "h") as kept:
        kept.journal.append(events)
        kept.journal.commit()
    return path


def whole(fill: OrderFilled) -> tuple[Event, ...]:
    """Its order submitted and accepted, then the fill."""
    return submitted(fill.order), accepted(fill.order), fill


def read(tmp_path: Path, *events: Event) -> Any:
    """The report of a run of these entries."""
    with StoreReader(store(tmp_path / "run.db", [started(), *events])) as reader:
        return read_report(reader)


def test_a_run_with_every_kind_of_entry_becomes_a_page(tmp_path: Path) -> None:
    """Also where the samples lack most metrics and the first entry most facts."""
    path = store(tmp_path / "run.db", small_run())
    out = write_report(path, tmp_path / "page.html")
    page = out.read_text(encoding="utf-8")
    assert all(name in page for name in TRACKS)
    assert "Grüße, „Ω“ \\u0001" in page
    assert "ValueError: no" in page


def test_the_same_store_gives_the_same_page(tmp_path: Path) -> None:
    """No wall clock, host or path is in it."""
    first = store(tmp_path / "run.db", small_run())
    (tmp_path / "b").mkdir()
    second = store(tmp_path / "b" / "run.db", small_run())
    pages = [write_report(s, tmp_path / f"{i}.html").read_bytes() for i, s in enumerate((first, second))]
    assert pages[0] == pages[1]


def test_names_and_latest_sample(tmp_path: Path) -> None:
    """In the configuration's order; none before the first sample."""
    with StoreReader(
        store(tmp_path / "run.db", [started(), sample(time=T0), sample(time=T0 + HOUR, trades=9)])
    ) as reader:
        assert track_names(reader) == list(TRACKS)
        found = reader.latest_sample("ema.fast")
        assert found is not None
        assert (found.time, found.metrics["trades"]) == (T0 + HOUR, 9)
        assert reader.latest_sample("ema.slow") is None


def test_a_store_without_a_run_is_refused(tmp_path: Path) -> None:
    """It says that nothing was started."""
    path = store(tmp_path / "new.db", [])
    with pytest.raises(StorageError, match="expected a started run"):
        write_report(path, tmp_path / "page.html")


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Named by its path."""
    with pytest.raises(StorageError, match=r"none/page\.html"):
        write_report(store(tmp_path / "run.db", small_run()), tmp_path / "none" / "page.html")


def test_what_is_written_meanwhile_is_not_in_the_report(tmp_path: Path) -> None:
    """All rows are those of the entry at which the report stands."""

    class Earlier(StoreReader):
        def status(self) -> StoreStatus:
            return msgspec.structs.replace(super().status(), entries=3, complete=False)

    path = store(
        tmp_path / "run.db",
        [started(), note("a"), note("b"), note("c"), denied(), trade(), sample(), TapeEnded(T0 + 1, None, 1)],
    )
    with Earlier(path) as reader:
        found = read_report(reader).tracks[0]
    assert ([n.text for n in found.notes], found.refusals, found.trades, found.sampled) == (["a", "b"], (), (), False)


def test_refusals_are_counted_by_reason_with_the_first_as_example(tmp_path: Path) -> None:
    """The most frequent reason comes first."""
    found = read(tmp_path, denied(detail="one"), denied(detail="two", time=T0 + 1)).tracks[0].refusals
    assert [(r.reason, r.count, r.time) for r in found] == [("SHORT_NOT_ALLOWED", 2, T0)]
    assert found[0].example.endswith(": one")


def test_notes_and_trades_are_cut_and_counted(tmp_path: Path) -> None:
    """The first twenty remarks and the last twenty trades."""
    notes = [note(f"n{i}", T0 + i) for i in range(25)]
    trades = [trade(time=T0 + i, time_close=T0 + i, time_open=T0) for i in range(25)]
    found = read(tmp_path, *notes, *trades).tracks[0]
    assert ([n.text for n in found.notes], found.note_count) == ([f"n{i}" for i in range(20)], 25)
    assert ([t.time_close - T0 for t in found.trades], found.trade_count) == (list(range(5, 25)), 25)


def test_fees_in_the_base_asset_count_at_their_fill_price(tmp_path: Path) -> None:
    """Ten basis points are ten, in whichever asset they were taken; of a third asset nothing is known."""
    lots, ticks = 100, 4_300_000
    quote = filled(order(1), lots, ticks=ticks, fee=43_000, fee_decimals=6)
    base = filled(order(2), lots, ticks=ticks, fee=100, fee_currency="BTC", fee_decimals=8, liquidity=Liquidity.MAKER)
    found = {f.liquidity: f.basis_points for f in read(tmp_path, *whole(quote), *whole(base)).tracks[0].fees}
    assert found == {"TAKER": 10, "MAKER": 10}
    third = filled(order(1), lots, fee_currency="BNB")
    (tmp_path / "c").mkdir()
    assert read(tmp_path / "c", *whole(third)).tracks[0].fees[0].basis_points is None


def test_costs_are_money_and_basis_points_of_turnover(tmp_path: Path) -> None:
    """Exactly."""
    parts = {"spread_cost": "2", "walk_cost": "0", "slippage_cost": "-2.5", "impact_cost": "0.5", "latency_cost": "1"}
    metrics: dict[str, Any] = {"fees": "12.5", **parts, "turnover": "10000"}
    found = read(tmp_path, *whole(filled(order(1))), sample(**metrics)).tracks[0].costs
    assert [(c.name, str(c.money), c.basis_points) for c in found] == [
        ("fees", "12.5", 12.5),
        ("spread", "2", 2),
        ("depth walked", "0", 0),
        ("slippage", "-2.5", -2.5),
        ("impact", "0.5", 0.5),
        ("latency", "1", 1),
    ]


def test_latency_is_not_measured_on_bars_alone(tmp_path: Path) -> None:
    """It says so, and what the number would have been."""
    fill = filled(order(1), tier="bars")
    (latency,) = [
        c
        for c in read(tmp_path, *whole(fill), sample(latency_cost="-1.5", turnover="10")).tracks[0].costs
        if c.name == "latency"
    ]
    assert (latency.money, latency.basis_points) == (None, None)
    assert "−1.50 USDT" in latency.note


def test_prices_come_from_samples_or_where_those_are_few_from_fills(tmp_path: Path) -> None:
    """And it says which; markers stand at the venue's time and price of their fill."""
    listed = started(instruments=[str(BTC)])
    fill = filled(order(1), ticks=4_300_000)
    for n, expected in ((2, 3), (30, 30)):
        events = [listed, *whole(fill), *(sample(time=T0 + h * HOUR, mark_px="43000.5") for h in range(1, n + 1))]
        with StoreReader(store(tmp_path / f"{n}.db", events)) as reader:
            (chart,) = read_report(reader).tracks[0].prices
        assert chart.instrument == BTC.id
        assert len(chart.line.times) == expected
        assert (chart.buys.times, chart.buys.values) == ((fill.time_event,), (43_000.0,))
        assert (f"the price at {n} samples" in chart.origin) == (n == 2)


def test_a_line_starts_with_the_budget_at_the_start(tmp_path: Path) -> None:
    """So that a run with one sample can be drawn."""
    found = read(tmp_path, sample(time=T0 + HOUR, equity="9990.5")).tracks[0]
    assert (found.equity.times, found.equity.values) == ((T0 - 1, T0 + HOUR), (10_000.0, 9_990.5))


def test_buy_and_hold_stands_once_for_tracks_that_hold_the_same(tmp_path: Path) -> None:
    """And once each where they differ; cash always."""
    same = [sample(t, T0 + HOUR, buy_and_hold_return=0.1) for t in TRACKS]
    assert [b.name for b in read(tmp_path, *same).benchmarks] == ["buy and hold", "cash"]
    (tmp_path / "b").mkdir()
    other = [same[0], sample(TRACKS[1], T0 + HOUR, buy_and_hold_return=0.2)]
    assert [b.total_return for b in read(tmp_path / "b", *other).benchmarks] == pytest.approx([0.1, 0.2, 0.0])


def test_assumptions_are_told_in_words_and_numbers(tmp_path: Path) -> None:
    """Latency, slippage, participation, fees and limits, as the run's first entry has them."""
    law = {"mean": 10, "sd": 2, "low": 5, "high": 15}
    facts: dict[str, Any] = {
        "execution": {"name": "spec", "latency_ms": law, "slippage_bp": law, "prints_share": "0.2", "bar_share": None},
        "fees": {"BTCUSDT.BINANCE": {"maker_bp": "1", "taker_bp": "7.5"}},
        "risk": {"fat_finger": "0.05", "orders_per_minute": 60, "net_exposure_max": None, "stale_after_ns": 5 * SECOND},
    }
    with StoreReader(store(tmp_path / "run.db", [started(**facts), *whole(filled(order(1), tier="bars"))])) as reader:
        found = read_report(reader)
    told = [(f.name, f.value) for f in (*found.execution, *found.limits)]
    for said in (
        ("profile", "spec"),
        ("latency, one way", "normal, mean 10 ms, sd 2 ms, kept within 5 to 15 ms"),
        ("latency of the answer", "not recorded"),
        ("slippage", "normal, mean 10 bp, sd 2 bp, kept within 5 to 15 bp"),
        ("participation, prints", "20 % of a print"),
        ("participation, bars", "does not bind"),
        ("how orders fill", "on bars"),
        ("fees, BTCUSDT.BINANCE", "maker_bp 1, taker_bp 7.5"),
        ("fat finger", "5 %"),
        ("stale price", "5 s"),
        ("net exposure per asset", "no limit"),
    ):
        assert said in told


@pytest.mark.parametrize("own", [True, False])
def test_a_tiers_numbers_are_the_runs_own_or_said_to_be_the_defaults(tmp_path: Path, own: bool) -> None:
    """Only of tiers that a track has."""
    tracks = [{"budget": "10000 USDT", "name": n, "params": {}, "tier": "hunter"} for n in TRACKS]
    hunter = {f: str(getattr(DEFAULT_TIERS[1], f)) for f in Tier.__struct_fields__} | {"order_max": "0.33"}
    facts: dict[str, Any] = {"tracks": tracks, **({"tiers": [hunter]} if own else {})}
    with StoreReader(store(tmp_path / "run.db", [started(**facts)])) as reader:
        (tier,) = [f for f in read_report(reader).limits if f.name.startswith("tier")]
    assert tier.name == "tier hunter"
    assert tier.value.startswith("order at most 33 %" if own else "order at most 15 %")
    assert ("default numbers" in tier.note) is not own
