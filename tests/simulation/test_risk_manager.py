"""Checks a risk manager would run: crowds without an edge, a bull market, a perfect replay, a changed parameter."""

from __future__ import annotations

import csv
from decimal import Decimal
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genesis.clock import NS_PER_HOUR
from genesis.config import Config, StrategyConfig
from genesis.config.schema import DataConfig, PaperSection, RunSection
from genesis.evidence.payoffs import Payoff
from genesis.evidence.rules import Source
from genesis.paper_trading.policy import study
from genesis.paper_trading.policy_families import BUDGET, Family
from genesis.paper_trading.policy_shown import weigh_all
from genesis.paper_trading.policy_values import Policy, Rate, Strategy, World
from genesis.paper_trading.policy_years import Year, years
from genesis.paper_trading.promotion_facts import Order
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import MinDwell, Profile, PromotionRules
from genesis.paper_trading.stages import Move, Stage
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode
from genesis.rng import study as chance_of
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared
from tests.kit.planted import both_ways
from tests.kit.promotions import GIVEN, decided, said, standing

CROWD = 200
COIN = Strategy(Payoff.SYMMETRIC, 0.0)


def crowd(policy: Policy, days: int) -> Family:
    """Two hundred coin tossers that know nothing of each other, on one account, through their time."""
    world = World(families=CROWD, days=days)
    alone = list(years(policy, world, COIN, 77, CROWD))
    year = Year(np.concatenate([y.equity for y in alone]), np.concatenate([y.won for y in alone]), alone[0].trades)
    shown = [year.shown(policy, i, -1) for i in range(CROWD)]
    weigh_all(policy, shown)
    family = Family(policy, year, shown)
    family.live_through()
    return family


def promoted(family: Family) -> Rate:
    return Rate(sum(m.live_from is not None for m in family.members), CROWD)


def most_held(family: Family) -> float:
    """The greatest capital of all members together at any bar, in budgets; without an edge none of it is proven unless the run says so."""
    return float(np.sum([m.shares for m in family.members], axis=0).max())


@pytest.mark.parametrize("days", [45, pytest.param(365, marks=pytest.mark.slow)])
def test_coin_tossers_under_given_are_promoted_as_often_as_the_study_says(days: int) -> None:
    """As many of 200 go live as of a study's single ones, within four standard errors of both; and unproven capital keeps to its cap."""
    policy = Policy()
    family = crowd(policy, days)
    told = study(policy, World(families=CROWD, days=days, seed=9), [COIN])[0].live
    found = promoted(family)
    assert told.hits > 5
    assert abs(found.value - told.value) <= 4 * hypot(found.stderr, told.stderr)
    assert most_held(family) <= 0.10 * CROWD + 1e-9


@pytest.mark.parametrize("days", [45, pytest.param(365, marks=pytest.mark.slow)])
def test_a_small_account_gives_a_crowd_no_more_than_its_cap(days: int) -> None:
    """Where the account equals thirty budgets, three budgets are the most that all unproven ones hold at any bar; the rest wait."""
    rules = PromotionRules(account_equity=30 * BUDGET)
    family = crowd(Policy(rules=rules), days)
    # None of a coin tosser's capital is proven within weeks; in a year's run those that are do not count.
    proven = np.array([[float(family.manager.standing(m.name).proven)] for m in family.members])
    held = np.sum([m.shares * (1 - p) for m, p in zip(family.members, proven, strict=True)], axis=0)
    assert held.max() <= 3.0 + 1e-9
    assert held.max() >= 0.5


@pytest.mark.parametrize("days", [45, pytest.param(365, marks=pytest.mark.slow)])
def test_coin_tossers_under_balanced_stay_on_paper(days: int) -> None:
    """Evidence that is adjusted for 200 of them promotes none, though one alone would now and then be."""
    policy = Policy(rules=PromotionRules(profile=Profile.BALANCED))
    assert promoted(crowd(policy, days)).hits == 0


HOLD = """
from genesis.strategies.base import Strategy


class Hold(Strategy):
    def on_start(self):
        self._holds = False
        self.subscribe_bars("1h")

    def on_bar(self, bar):
        if not self._holds:
            self._holds = True
            self.target_weight("0.08")
"""


def bull_market(folder: Path, days: int) -> Path:
    """Hourly candles that rise at an annual Sharpe ratio of about five."""
    path = folder / "bull.csv"
    steps = 0.00016 + 0.003 * chance_of(4).standard_normal(days * 24)
    prices = np.round(100 * np.exp(np.cumsum(steps)), 2)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i, price in enumerate(prices.tolist()):
            writer.writerow([(1_609_459_200_000_000_000 + i * NS_PER_HOUR) // 1_000_000, *[price] * 4, 100_000])
    return path


def test_buy_and_hold_in_a_bull_market_earns_no_step_above_the_first(tmp_path: Path) -> None:
    """Its raw evidence would carry all of its capital; what is left of it beside the instrument itself carries nothing."""
    (tmp_path / "hold.py").write_text(HOLD)
    instrument = both_ways("0.01", "0.0001")
    off = Mode.OFF
    criteria = ValidationCriteria(trades_mode=off, drawdown_mode=off, win_rate_mode=off)
    # Neither trades nor room keep it down: evidence alone does.
    rules = PromotionRules(min_dwell=MinDwell(days=1, trades=0), account_equity=Decimal(1_000_000))
    config = Config(
        run=RunSection(name="bull", sample_every="24h", store="bull.db"),
        instruments=[instrument],
        data=[
            DataConfig(
                instrument=instrument.id,
                path=str(bull_market(tmp_path, 150)),
                format="ohlcv",
                interval="1h",
                time_format="ms",
            )
        ],
        strategies=[
            StrategyConfig(name="hold", strategy="hold.py:Hold", instruments=[instrument.id], budget=Decimal(10_000))
        ],
        paper_trading=PaperSection(validation_criteria=criteria, promotion=rules),
    )
    run_prepared(prepare(config, tmp_path), tmp_path / "bull.db")
    with StoreReader(tmp_path / "bull.db") as reader:
        documents: list[dict[str, Any]] = reader.events("PromotionEvaluated")
    made = [evaluation_of(d["body"]["digest"], d["body"]["record"]) for d in documents]
    assert max(e.facts.adjusted for e in made) >= 20
    assert max(e.facts.residual or 0.0 for e in made) < 4
    assert max(e.after.fraction for e in made) == Decimal("0.1")


@pytest.mark.parametrize("stage", [Stage.VALIDATED, Stage.LIVE])
def test_a_perfect_replay_opens_no_real_venue(stage: Stage) -> None:
    """However good, evidence of a replay lets nothing rise at a real venue, by rule or by a person's word; the same of a live feed does."""
    at = standing(stage, "0.10" if stage is Stage.LIVE else "0")
    perfect: dict[str, Any] = {"adjusted": 4_000.0, "residual": 4_000.0, "e_live": 50.0, "venue_simulated": False}
    by_rule = decided(at, source=Source.REPLAY, **perfect)
    assert by_rule.move is None
    assert any("only a live feed" in w for w in by_rule.reasons)
    by_word = decided(at, source=Source.REPLAY, commands=[said(Order.PROMOTE)], **perfect)
    assert by_word.move is None
    assert not by_word.answers[0].taken
    assert decided(at, source=Source.LIVE_FEED, **perfect).move in (Move.GO_LIVE, Move.STEP_UP)
    assert decided(at, source=Source.LIVE_FEED, synthetic=True, **perfect).move is None


def test_a_changed_identity_is_a_new_candidate_of_the_same_family() -> None:
    """Live capital goes, evidence begins anew, attempts as well; it stays the version that its family knows."""
    made = decided(standing(Stage.LIVE, "0.50"), identity="j" * 64, adjusted=200.0)
    assert (made.move, made.after.stage, made.after.fraction) == (Move.CHANGE, Stage.PAPER, 0)
    assert (made.after.version, made.after.epoch, made.after.attempt) == ("a", 2, 1)
    assert made.after.evidence_from_ns == made.time_ns
    assert decided(made.after, GIVEN, time_ns=made.time_ns + 1, identity="j" * 64, adjusted=200.0).move is None
