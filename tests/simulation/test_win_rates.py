"""A win rate held against what its own wins and losses need, through a whole run: what is judged, recorded, simulated and made again."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from genesis.evidence.payoffs import Payoff
from genesis.paper_trading.policy import study
from genesis.paper_trading.policy_values import Policy, Strategy, World
from genesis.paper_trading.promotion_facts import Evaluation
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode, Status, Verdict
from genesis.storage.sqlite import StoreReader
from genesis.system.gatekeeper import criteria_of, gatekeeping
from genesis.system.run import prepare, run_prepared
from genesis.system.weighing import betting_rules
from tests.kit.outsider import findings
from tests.kit.swings import evaluations, prepared

NEVER = 0
MARGIN = Decimal("0.005")
BREAKEVEN = ValidationCriteria(
    min_trades=3,
    days_mode=Mode.OFF,
    sharpe_mode=Mode.OFF,
    drawdown_mode=Mode.OFF,
    win_rate_margin=MARGIN,
)


def played(folder: Path, criteria: ValidationCriteria) -> Path:
    config = prepared(folder, NEVER).config
    paper = msgspec.structs.replace(config.paper_trading, validation_criteria=criteria)
    run_prepared(prepare(msgspec.structs.replace(config, paper_trading=paper), folder), folder / "frozen.db")
    return folder / "frozen.db"


def of_wins(e: Evaluation) -> Verdict:
    return next(v for v in e.facts.verdicts if v.criterion.name == "min_win_rate")


def test_the_threshold_is_what_the_trades_so_far_say(tmp_path: Path) -> None:
    """Mean loss over mean win and mean loss of all closed trades, and the margin; by the entries alone as well, and in what the store says afterwards."""
    store = played(tmp_path, BREAKEVEN)
    with StoreReader(store) as reader:
        trades = [(t.time_close, Fraction(t.pnl)) for t in reader.trades("swings")]
        last = next(v for v in gatekeeping(reader).gates[0].verdicts if v.criterion.name == "min_win_rate")
        assert criteria_of(reader) == (BREAKEVEN, True)
    judged = 0
    for at, e in evaluations(store).items():
        so_far = [pnl for closed, pnl in trades if closed <= at]
        wins, losses = [x for x in so_far if x > 0], [-x for x in so_far if x < 0]
        if len(so_far) < 3 or not wins or not losses:
            continue
        win, loss = sum(wins) / len(wins), sum(losses) / len(losses)
        verdict = of_wins(e)
        assert verdict.criterion.threshold == pytest.approx(float(loss / (win + loss)) + 0.005, rel=1e-12)
        assert (verdict.status is Status.PASSED) == (len(wins) / len(so_far) >= verdict.criterion.threshold)
        judged += 1
    assert judged >= 2
    assert last.criterion.threshold == pytest.approx(of_wins(e).criterion.threshold, rel=1e-6)
    assert findings(store) == []


def test_without_a_margin_nothing_of_it_is_recorded(tmp_path: Path) -> None:
    """A run with a fixed rate is the run it always was."""
    store = played(tmp_path, msgspec.structs.replace(BREAKEVEN, win_rate_margin=None))
    with StoreReader(store) as reader:
        assert b"win_rate_margin" not in next(iter(reader.entries(1, 1))).entry
        assert criteria_of(reader)[0].win_rate_margin is None


def test_few_large_wins_are_no_longer_shut_out() -> None:
    """Ten families of which one has a Sharpe ratio of 8, and wins 38 of a hundred trades: never live at 55 %, mostly live at what its wins and losses need."""
    world = World(families=10, members=1, days=60)
    strategy = [Strategy(Payoff.TREND, 8.0)]
    fixed, own = (
        study(
            Policy(criteria=ValidationCriteria(win_rate_margin=m), betting=betting_rules(PromotionRules(), 1)),
            world,
            strategy,
        )[0]
        for m in (None, MARGIN)
    )
    assert fixed.live.value == 0
    assert own.live.value >= 0.6
