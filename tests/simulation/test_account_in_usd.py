"""The account in USD while its versions trade for USDT: rates of the tape, of an assumption, and none; the tier bound of 2,000 both ways."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genesis.audit.entry import decode
from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import AccountSection, DataConfig, PaperSection, RunSection
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.instruments import InstrumentKind
from genesis.paper_trading.promotion_facts import Evaluation, Level
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import MinDwell, PromotionRules
from genesis.paper_trading.stages import Move, Stage
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared
from tests.kit.outsider import findings
from tests.kit.swings import SWINGS

START_NS = 1_609_459_200_000_000_000
FREE = FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(0), currency=FeeCurrency.QUOTE)
FEW = ValidationCriteria(
    min_trades=1, days_mode=Mode.OFF, sharpe_mode=Mode.OFF, drawdown_mode=Mode.OFF, win_rate_mode=Mode.OFF
)
# No cap but the tier's, so that the room tells the tier: 30 % of the equity for a hunter, 50 % for a sniper.
RULES = PromotionRules(min_dwell=MinDwell(days=1, trades=0), unproven_capital_max=Decimal(1))
OFTEN = SWINGS.replace("EVERY = 8", "EVERY = 4").replace("quantity(20)", "quantity(400)")


def candles(path: Path, hours: range, price: Callable[[int], str]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i in hours:
            writer.writerow([(START_NS + i * NS_PER_HOUR) // 1_000_000, *[price(i)] * 4, 100_000])
    return str(path)


def instrument(symbol: str, base: str, quote: str, tick: str) -> InstrumentConfig:
    return InstrumentConfig(
        symbol=symbol,
        venue="X",
        base=base,
        quote=quote,
        tick=Decimal(tick),
        lot=Decimal("0.01"),
        kind=InstrumentKind.FX,
        fees=FREE,
    )


def played(
    folder: Path,
    days: int,
    rate: Callable[[int], str] | None = None,
    rate_hours: int | None = None,
    price: Callable[[int], str] = lambda i: f"{100 + i % 3}",
    rules: PromotionRules = RULES,
    **account: Any,
) -> tuple[list[Evaluation], dict[str, Any]]:
    """A version of 4,200 USDT that meets its criteria at once; its evaluations, and what the first entry says."""
    (folder / "swings.py").write_text(OFTEN)
    instruments = [instrument("BTCUSDT", "BTC", "USDT", "0.1")]
    files = {"BTCUSDT.X": candles(folder / "btc.csv", range(24 * days), price)}
    if rate is not None:
        instruments.append(instrument("USDTUSD", "USDT", "USD", "0.0001"))
        files["USDTUSD.X"] = candles(folder / "usdt.csv", range(rate_hours or 24 * days), rate)
    config = Config(
        run=RunSection(name="usd", sample_every="24h", store="usd.db"),
        instruments=instruments,
        data=[
            DataConfig(instrument=i, path=f, format="ohlcv", interval="1h", time_format="ms") for i, f in files.items()
        ],
        strategies=[
            StrategyConfig(name="s", strategy="swings.py:Swings", instruments=["BTCUSDT.X"], budget=Decimal(4_200))
        ],
        paper_trading=PaperSection(
            validation_criteria=FEW, promotion=rules, account=AccountSection(**account) if account else AccountSection()
        ),
    )
    run_prepared(prepare(config, folder), folder / "usd.db")
    with StoreReader(folder / "usd.db") as reader:
        told: list[dict[str, Any]] = [dict(d) for d in reader.events("PromotionEvaluated")]
        bodies: list[Mapping[str, Any]] = [d["body"] for d in told]
        first: Any = decode(next(iter(reader.entries(1, 1))).entry)
    return [evaluation_of(b["digest"], b["record"]) for b in bodies], first["body"]


def test_the_tape_says_what_the_account_is_worth(tmp_path: Path) -> None:
    """4,200 USDT at 0.5 are 2,100 USD: a hunter, who gives each 30 % of it."""
    made, first = played(tmp_path, 2, lambda _: "0.5")
    assert first["account_rates"] == {"USDT": {"instruments": ["USDTUSD.X"]}}
    assert made[-1].before.stage is Stage.LIVE
    told = {e.room.words for e in made if e.before.stage is Stage.VALIDATED}
    assert told == {"each version holds at most 630"}


def test_without_an_instrument_the_assumption_does_and_the_first_entry_holds_it(tmp_path: Path) -> None:
    """At par unless the configuration says otherwise: 4,200 USD, 30 % of it for each."""
    made, first = played(tmp_path, 2)
    assert first["account_rates"] == {"USDT": {"assumed": "1"}}
    assert {e.room.words for e in made if e.before.stage is Stage.VALIDATED} == {"each version holds at most 1260"}


def test_without_either_nothing_is_given(tmp_path: Path) -> None:
    """It is validated and waits, by rule; the reason names both currencies."""
    made, first = played(tmp_path, 2, assumed_rates={})
    assert first["account_rates"] == {"USDT": {"instruments": []}}
    assert made[-1].after.stage is Stage.VALIDATED
    assert made[-1].room.words == (
        "the account cannot be valued: USDT to USD: expected instruments on the tape that lead there, found none"
    )


def test_a_stale_rate_raises_nothing_and_takes_nothing(tmp_path: Path) -> None:
    """The rate ends after a day: what is live by then keeps its capital, and no step follows."""
    made, _ = played(tmp_path, 5, lambda _: "0.5", rate_hours=24)
    live = [e for e in made if e.before.stage is Stage.LIVE and e.time_ns > START_NS + 2 * NS_PER_DAY]
    assert len(live) > 10
    assert {(e.after.stage, e.after.fraction) for e in live} == {(Stage.LIVE, Decimal("0.10"))}
    assert live[0].room.words.startswith("the account cannot be valued: USDT to USD: expected a price of USDTUSD.X")
    assert "of at most 3660 s" in live[0].room.words


def test_the_tier_bound_both_ways(tmp_path: Path) -> None:
    """A rate of 0.5 (2,100 USD), 0.42 from the third day on (under 90 % of 2,000), 0.5 again from the fifth: a sniper at once, a hunter after seven closes."""
    made, _ = played(tmp_path, 14, lambda i: "0.42" if 48 <= i < 96 else "0.5")
    most = {
        (e.time_ns - START_NS) // NS_PER_HOUR: float(e.room.words.rpartition(" ")[2])
        for e in made
        if e.room.words.startswith("each version holds at most")
    }
    # What trading has made by then is within a hundredth of it.
    assert most[48] == pytest.approx(0.30 * 4_200 * 0.50, rel=0.01)
    assert most[52] == pytest.approx(0.50 * 4_200 * 0.42, rel=0.01)
    assert most[100] == pytest.approx(0.50 * 4_200 * 0.50, rel=0.01)
    # The close of the fourth day is at 0.42: that of the fifth is the first of seven above the bound.
    assert most[24 * 11 - 4] == pytest.approx(0.50 * 4_200 * 0.50, rel=0.01)
    assert most[24 * 11] == pytest.approx(0.30 * 4_200 * 0.50, rel=0.01)


def test_what_live_has_shown_outlives_the_pair_that_showed_it(tmp_path: Path) -> None:
    """210 USD for a day: the account has no tier, and the capital is given back. Eight days later the version is live again on a new pair, and its live evidence goes on where it stood, times what the new pair shows."""
    made, _ = played(tmp_path, 18, lambda i: "0.05" if 120 <= i < 144 else "0.5")
    given = next(e for e in made if e.move is Move.GIVE_BACK)
    again = next(e for e in made if e.move is Move.GO_LIVE and e.time_ns > given.time_ns)
    closed = next(e for e in made if e.time_ns > given.time_ns and e.facts.live_flat)
    before = closed.facts.e_live
    assert before is not None
    assert before < 0.9
    shown = {e.time_ns: e.facts.e_live for e in made if e.time_ns >= again.time_ns}
    assert {shown[again.time_ns], shown[again.time_ns + NS_PER_DAY]} == {before}
    last = shown[max(shown)]
    with StoreReader(tmp_path / "usd.db") as reader:
        new = reader.evidence("s@live-2")[-1].e_value
    assert last == pytest.approx(before * new, rel=1e-12)
    assert findings(tmp_path / "usd.db") == []


def test_a_made_up_series_that_a_strategy_knows_by_heart_is_climbed_to_the_end(tmp_path: Path) -> None:
    """Two hours low and two high, for ever, and a little noise: a Sharpe ratio in the hundreds is held against 40, and no monitor stumbles over it."""
    rules = PromotionRules(
        min_dwell=MinDwell(days=4, trades=0), unproven_capital_max=Decimal(1), account_equity=Decimal(100_000)
    )
    made, _ = played(
        tmp_path, 32, price=lambda i: f"{(100, 100, 102, 102)[i % 4] + i * 7919 % 13 // 5 / 10:.1f}", rules=rules
    )
    assert made[-1].after.fraction >= Decimal("0.70")
    assert {e.facts.level for e in made} == {Level.CALM}
    assert findings(tmp_path / "usd.db") == []
