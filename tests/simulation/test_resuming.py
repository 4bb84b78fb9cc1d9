"""Runs over recorded markets that are put down on the way and made again: the ladder in mid-promotion, a perpetual, several moneys, order books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import getcontext
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genesis.clock import NS_PER_DAY
from genesis.config import load_config
from genesis.errors import IntegrityError
from genesis.model.market import Trade
from genesis.model.promotion_events import StageChanged
from genesis.model.track_events import CapitalMoved, TrackClosed, TrackOpened
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.storage.state import NotKept
from genesis.strategies.base import Strategy
from genesis.system.prepared import Prepared
from genesis.system.resuming import capture
from genesis.system.run import prepare
from tests.kit.disturbed import prepared, steady
from tests.kit.planted import FIRST_NS, HOURLY, configuration, hourly, planted, variants
from tests.kit.resumed import assert_resumes, gone_on_with, told

HERE = "tests/simulation/test_resuming.py"
Market = Callable[[str], Path]
BOOK = ("l1/binance-spot_BTCUSDT_20240808T2354.l1.parquet", "l2/binance-spot_BTCUSDT_20240808T2354.l2.parquet")
ORDERS = ("l3/bitstamp_BTCUSD_20260502T0236.l3.parquet",)


class Unsaved(Strategy):
    """Remembers something and was not written to be saved."""

    def on_start(self) -> None:
        self.seen = 0
        self.subscribe_trades()


class RemembersInItsClass(Strategy):
    """Has no attribute of its own, and remembers all the same."""

    seen: ClassVar[list[int]] = []

    def on_start(self) -> None:
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self.seen.append(trade.ticks)


class LessPrecise(Strategy):
    """Says that it remembers nothing, and works out decimals by rules of its own."""

    def on_start(self) -> None:
        getcontext().prec = 5
        self.subscribe_trades()

    def on_save(self) -> Mapping[str, Any]:
        return {}


class RaisesWhenSaved(Strategy):
    """Fails at the only thing that it is asked for beside its trades."""

    def on_start(self) -> None:
        self.subscribe_trades()

    def on_save(self) -> Mapping[str, Any]:
        raise SystemExit("out of\npatience")


class SavesAList(RaisesWhenSaved):
    """Gives values without names."""

    def on_save(self) -> Mapping[str, Any]:
        return [1, 2]  # type: ignore[return-value]


class SavesAnObject(RaisesWhenSaved):
    """Gives something that no reader makes again."""

    def on_save(self) -> Mapping[str, Any]:
        return {"kept": [Path("/")]}


class ActsWhenSaved(Strategy):
    """Speaks when it is asked for its state."""

    def on_start(self) -> None:
        self.subscribe_trades()

    def on_save(self) -> Mapping[str, Any]:
        self.note("saved")
        return {}


def the_ladder(folder: Path, market_data: Market, days: int, dies: int, **fading: Any) -> Callable[[], Prepared]:
    """An edge that climbs, one that dies (``fading`` says how it trades), and an A/B test, over hourly candles."""
    data = hourly(market_data(HOURLY), folder, days)
    strategies = [
        planted("good", 0.8),
        planted("fades", 0.85, dies_ns=FIRST_NS + dies * NS_PER_DAY, seed=2, **fading),
        variants("pair", (0.5, 0.75), seed=3),
    ]
    config = configuration(data, strategies, PromotionRules(), "story")
    return lambda: prepare(config, folder)


def test_the_ladder_goes_on_in_mid_promotion(tmp_path: Path, market_data: Market) -> None:
    """Before the first live track, with live tracks and twins open, and after one was closed: evidence, stages, capital, answers are the same."""
    build = the_ladder(tmp_path, market_data, 75, 27, every=2, hold=1)
    # Batches of three days.
    whole = assert_resumes(build, 72, None, [2, 5, 9, 14, 19, 23])
    kinds = [type(e) for e in whole.journal.events]
    assert {TrackOpened, CapitalMoved, StageChanged, TrackClosed} <= set(kinds)
    opened = kinds.index(TrackOpened)
    assert any(s.entries < opened for s in whole.stops)
    assert any(opened < s.entries < len(kinds) - 1 - kinds[::-1].index(TrackClosed) for s in whole.stops)


def test_what_is_kept_of_a_run_hardly_grows_with_its_history(tmp_path: Path, market_data: Market) -> None:
    """From day 90 to day 99, when every window is full, a state grows by the returns of its evidence bars and by little else."""
    build = the_ladder(tmp_path, market_data, 100, 95)
    whole = told(build(), 72, lambda number: number in (30, 33))
    first, last = (len(s.state) for s in whole.stops[:2])
    tracks, bars = 14, 9 * 6
    assert last - first < 8 * tracks * bars + 0.02 * first


def project(folder: Path, market_data: Market, files: tuple[str, ...], more: str, name: str) -> Callable[[], Prepared]:
    """Two built-in strategies that live in a book."""
    base, venue, quote = ("BTC", "BINANCE", "USDT") if len(files) == 2 else ("BTC", "BITSTAMP", "USD")
    ident = f"{base}{quote}.{venue}"
    data = "\n".join(f"  - {{instrument: {ident}, path: {market_data(f)}{more}}}" for f in files)
    path = folder / f"{name}.yaml"
    path.write_text(
        f"""
run: {{name: book, seed: 3, realistic: false}}
instruments: [{{symbol: {base}{quote}, venue: {venue}, base: {base}, quote: {quote}, kind: fx}}]
data:
{data}
strategies:
  - {{name: maker, strategy: market_maker, instruments: [{ident}], budget: 100000}}
  - {{name: taker, strategy: imbalance_taker, instruments: [{ident}], budget: 100000, params: {{threshold: 0.6}}}}
"""
    )
    config = load_config(path)
    return lambda: prepare(config, folder)


@pytest.mark.slow
@pytest.mark.parametrize(("files", "more"), [(BOOK, ""), (ORDERS, ", orders: true")], ids=["levels", "orders"])
def test_places_in_queues_of_a_recorded_book_go_on(
    tmp_path: Path, market_data: Market, files: tuple[str, ...], more: str
) -> None:
    """A maker's orders wait in line where they waited, in a book of levels and in one of single orders."""
    assert_resumes(project(tmp_path, market_data, files, more, "book"), 3_000, None, [9, 31])


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("Unsaved", "a strategy with on_save, found none"),
        ("RemembersInItsClass", "a strategy with on_save, found none"),
        ("LessPrecise", "Python's own decimal context, found one that the strategy changed"),
    ],
)
def test_a_strategy_that_cannot_be_saved_says_so(strategy: str, expected: str) -> None:
    """It has no `on_save`, wherever it remembers what it remembers, or it changed what is outside of it: nothing is kept, and the track is named."""
    of = prepared(steady(20), None, f"{HERE}:{strategy}")
    with pytest.raises(NotKept, match=f"track own: expected {expected}"):
        told(of, 50)


@pytest.mark.parametrize(
    ("strategy", "why"),
    [
        ("RaisesWhenSaved", "SystemExit: out of patience"),
        ("SavesAList", "expected a mapping of names to plain values, found list"),
        ("SavesAnObject", "expected plain values: expected a class of the core, found pathlib:PosixPath"),
    ],
)
def test_what_is_wrong_with_on_save_costs_snapshots_alone(strategy: str, why: str) -> None:
    """An error of the strategy's, told with its track and its hook; the run is none the worse."""
    of = prepared(steady(20), None, f"{HERE}:{strategy}")
    with pytest.raises(NotKept, match=f"^track own: on_save: {why}$"):
        capture(of.parts)


def test_a_strategy_that_acts_while_it_is_saved_is_refused() -> None:
    """When it is asked depends on the wall clock: what it did then would be a run that nobody can make again."""
    of = prepared(steady(20), None, f"{HERE}:ActsWhenSaved")
    with pytest.raises(IntegrityError, match="track own: on_save: expected state alone, found 1 entries"):
        told(of, 50)
    assert capture(prepared(steady(20), None).parts)


def test_a_run_that_is_over_stays_over() -> None:
    """Made again after the tape's end, there is nothing left to do and nothing more to say."""
    build = lambda: prepared(steady(20), None)  # noqa: E731
    whole = told(build(), 50, lambda number: False)
    (end,) = whole.stops
    assert gone_on_with(build(), end, whole.journal.entries, None).journal.entries == whole.journal.entries
