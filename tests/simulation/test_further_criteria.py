"""Criteria beyond the five, through a whole run: what is judged, recorded, simulated and made again by an outsider."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from genesis.audit.entry import canonical
from genesis.clock import NS_PER_DAY
from genesis.evidence.payoffs import Payoff
from genesis.metrics.ratios import Moments, sharpe
from genesis.monitoring.report.run_sections import criteria as criteria_section
from genesis.paper_trading.policy import study
from genesis.paper_trading.policy_values import Policy, Strategy, World
from genesis.paper_trading.promotion_facts import DataState, Evaluation, digest_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import Stage
from genesis.paper_trading.validation_criteria import (
    ALWAYS_TOLD,
    DrawdownLimit,
    OwnCriterion,
    SharpeUse,
    ValidationCriteria,
)
from genesis.paper_trading.verdicts import Mode, Status, Verdict
from genesis.storage.sqlite import StoreReader
from genesis.system.announcing import announce
from genesis.system.gatekeeper import criteria_of, gatekeeping
from genesis.system.identity import code_of
from genesis.system.reporting import read_report
from genesis.system.run import prepare, run_prepared
from genesis.system.strategies import find_measure
from genesis.system.templates.recomputation.report import recompute
from genesis.system.weighing import betting_rules
from tests.kit.outsider import findings
from tests.kit.resumed import assert_resumes
from tests.kit.swings import FROZEN, START_NS, SWINGS, evaluations, prepared

NEVER = 0
# Buys once, and sells before the second day.
FALLS_ONCE = SWINGS.replace("if self._n % EVERY == 1:", "if self._n in (5, 12):").replace(
    "elif self._n % EVERY == EVERY - 1:", "elif self._n in (9, 16):"
)


def played(
    folder: Path, criteria: ValidationCriteria, days: int = 10, strategy: str = SWINGS, frozen_ns: int = NEVER
) -> Path:
    """Ten days of a price that swings, and a strategy that swings with it; sixty bars."""
    config = prepared(folder, frozen_ns, strategy=strategy, days=days).config
    paper = msgspec.structs.replace(config.paper_trading, validation_criteria=criteria)
    run_prepared(prepare(msgspec.structs.replace(config, paper_trading=paper), folder), folder / "frozen.db")
    return folder / "frozen.db"


def of(evaluation: Evaluation, name: str) -> Verdict:
    return next(v for v in evaluation.facts.verdicts if v.criterion.name == name)


def test_the_lower_bound_of_the_ratio_is_that_of_the_bars_so_far(tmp_path: Path) -> None:
    """The ratio of all bars less 1.645 of its standard errors; the record holds the choice, and what the store says afterwards agrees."""
    asked = ValidationCriteria(
        min_days=1, trades_mode=Mode.OFF, win_rate_mode=Mode.OFF, sharpe_use=SharpeUse.LOWER_BOUND
    )
    store = played(tmp_path, asked)
    with StoreReader(store) as reader:
        bars = [(e.time, e.bar_return) for e in reader.evidence("swings") if e.bar_return is not None]
        last = next(v for v in gatekeeping(reader).gates[0].verdicts if v.criterion.name == "min_sharpe")
        assert criteria_of(reader) == (asked, True)
    judged = 0
    for at, e in evaluations(store).items():
        estimate = sharpe(Moments(r for t, r in bars if t <= at))
        verdict = of(e, "min_sharpe")
        if estimate is None:
            assert verdict.value is None
            continue
        assert verdict.value == pytest.approx(estimate.value - 1.6448536269514722 * estimate.stderr, rel=1e-9)
        judged += 1
    assert judged >= 2
    assert last.value == pytest.approx(verdict.value, rel=1e-6)
    assert findings(store) == []


def test_the_drawdown_of_late_forgets_what_lies_further_back(tmp_path: Path) -> None:
    """It is no deeper than all of it, and in time less: the outsider finds it above the ends of bars and under the sample of the moment."""
    asked = ValidationCriteria(
        min_days=1,
        trades_mode=Mode.OFF,
        sharpe_mode=Mode.OFF,
        win_rate_mode=Mode.OFF,
        drawdown_window_days=2,
        drawdown_limit=DrawdownLimit.VOL_SCALED,
        drawdown_q=Decimal("0.05"),
    )
    store = played(tmp_path, asked, strategy=FALLS_ONCE)
    with StoreReader(store) as reader:
        whole = {s.time: s.metrics["drawdown_max"] for s in reader.samples("swings")}
        last = next(v for v in gatekeeping(reader).gates[0].verdicts if v.criterion.name == "max_drawdown")
        assert criteria_of(reader) == (asked, True)
        assert read_report(reader).tracks[0].decided != ()
    late = {at: of(e, "max_drawdown") for at, e in evaluations(store).items() if at in whole}
    assert all(v.value is not None and v.value <= whole[at] for at, v in late.items())
    # All that was lost was lost on the first day.
    assert [v.value == whole[at] for at, v in late.items()][:2] == [True, True]
    assert all(v.value == 0 for at, v in late.items() if at > START_NS + 4 * NS_PER_DAY)
    assert last == list(late.values())[-1]
    assert findings(store) == []


def test_what_lies_beyond_the_five_is_judged_recorded_and_made_again(tmp_path: Path) -> None:
    """Of nine days one bar is missing: the trades but the best three, E at higher costs, coverage, the bound, and the gap once it is live."""
    asked = ValidationCriteria(
        min_trades=1,
        min_days=1,
        trades_mode=Mode.OFF,
        days_mode=Mode.OFF,
        sharpe_mode=Mode.OFF,
        drawdown_mode=Mode.OFF,
        win_rate_mode=Mode.OFF,
        min_coverage=Decimal("0.5"),
        concentration_mode=Mode.ADVISORY,
        cost_stress_mode=Mode.ADVISORY,
        data_quality_mode=Mode.ENFORCE,
        loss_bound_mode=Mode.ENFORCE,
        fidelity_mode=Mode.ENFORCE,
    )
    store = played(tmp_path, asked, days=9, frozen_ns=FROZEN[DataState.DEGRADED])
    with StoreReader(store) as reader:
        trades = [(t.time_close, Decimal(t.pnl)) for t in reader.trades("swings")]
        bars = [(e.time, e.bar_return) for e in reader.evidence("swings")]
        told = {v.criterion.name: v for v in gatekeeping(reader).gates[0].verdicts}
        assert criteria_of(reader) == (asked, True)
        rows = "".join(criteria_section(read_report(reader)))
    made = evaluations(store)
    for at, e in made.items():
        earned = sorted(pnl for closed, pnl in trades if closed <= at)
        judged = {v.criterion.name: v for v in e.facts.verdicts}
        rest = float(sum(earned[:-3], Decimal(0)) / 10_000) if earned else None
        assert judged["concentration"].value == (None if rest is None else pytest.approx(rest, rel=1e-12))
        assert judged["cost_stress"].value == e.facts.e_stress
        so_far = [change for time, change in bars if time <= at]
        assert judged["data_quality"].value == (len(so_far) - so_far.count(None)) / len(so_far)
        if e.facts.e_stress is not None:
            assert (judged["loss_bound"].value == 0) is not e.facts.bound_broken
    last = list(made.values())[-1]
    assert 0.9 < of(last, "data_quality").value < 1  # type: ignore[operator]
    assert last.after.stage.holds_capital
    assert (of(last, "fidelity").status, of(last, "fidelity").criterion.mode) == (Status.PASSED, Mode.ENFORCE)
    assert told["fidelity"] == of(last, "fidelity")
    assert all(name in rows for name in asked.integrity)
    assert findings(store) == []


CALM = """
from helper import SHARE


def trades_a_bar(found):
    return found.trades / found.bars if found.bars > 2 else None


class Share:
    def __call__(self, found):
        return SHARE


def breaks(found):
    raise ValueError("no such thing")
"""


def own(name: str, code: str, threshold: str, **more: Any) -> OwnCriterion:
    return OwnCriterion(name=name, code=f"calm.py:{code}", threshold=Decimal(threshold), **more)


def test_a_criterion_of_one_s_own_is_judged_recorded_and_compared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function, a class and one that raises: value, threshold and mode as configured; an error ends nothing; a helper belongs to the code."""
    asked = ValidationCriteria(
        min_days=1,
        trades_mode=Mode.OFF,
        sharpe_mode=Mode.OFF,
        drawdown_mode=Mode.OFF,
        win_rate_mode=Mode.OFF,
        own=(
            own("busy", "trades_a_bar", "0.45"),
            own("share", "Share", "0.1", at_most=True, mode=Mode.ADVISORY),
            own("broken", "breaks", "1", mode=Mode.ADVISORY),
            own("unasked", "nowhere", "1", mode=Mode.OFF),
        ),
    )
    digests = []
    for share in ("0.1", "0.2"):
        folder = tmp_path / share
        folder.mkdir()
        (folder / "calm.py").write_text(CALM)
        (folder / "helper.py").write_text(f"SHARE = {share}")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, "helper", raising=False)
        store = played(folder, asked, days=3)
        with StoreReader(store) as reader:
            first = json.loads(next(iter(reader.entries(1, 1))).entry)["body"]
            told = {v.criterion.name: v for v in gatekeeping(reader).gates[0].verdicts}
            assert criteria_of(reader) == (asked, True)
            trades, bars = len(reader.trades("swings")), len(reader.evidence("swings"))
        last = list(evaluations(store).values())[-1]
        judged = {v.criterion.name: v for v in last.facts.verdicts}
        digests.append(first["own_criteria"])
        assert list(judged) == ["min_days", "busy", "share", "broken"]
        assert judged["busy"].value == trades / bars
        assert judged["busy"].status is Status.PASSED
        assert judged["share"].value == float(share)
        assert judged["share"].status is (Status.PASSED if share == "0.1" else Status.FAILED)
        assert judged["broken"].status is Status.ERROR
        assert judged["broken"].missing == "a value that can be: its code raised ValueError: no such thing"
        assert told["share"] == judged["share"]
        assert last.after.stage is not Stage.PAPER
        assert findings(store) == []
        assert made_by_the_code(store, folder) > 3
    assert digests[0].keys() == {"busy", "share", "broken"}
    assert digests[0]["share"] != digests[1]["share"]


def made_by_the_code(store: Path, folder: Path) -> int:
    """Every value of an own criterion is what the code of the recorded digest makes of what the record says that it was given; how many there are."""
    made = 0
    for e in evaluations(store).values():
        values = {v.criterion.name: v.value for v in e.facts.verdicts}
        if e.facts.own is None:
            assert values == {}
            continue
        for name, code in (("busy", "trades_a_bar"), ("share", "Share")):
            measure = find_measure(f"calm.py:{code}", folder)
            assert e.facts.own.code[name] == code_of(measure, code)
            run: Any = measure() if isinstance(measure, type) else measure
            assert run(e.facts.own.given) == values[name]
            made += values[name] is not None
    return made


def test_what_an_own_criterion_was_given_cannot_be_altered_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who has the entries alone finds another number of trades, and another code, even where the decision's digest was made to fit."""
    (tmp_path / "calm.py").write_text(CALM)
    (tmp_path / "helper.py").write_text("SHARE = 0.1")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    asked = ValidationCriteria(min_days=1, sharpe_mode=Mode.OFF, own=(own("busy", "trades_a_bar", "0.45"),))
    store = played(tmp_path, asked, days=2)
    with StoreReader(store) as reader:
        entries = [bytes(row.entry) for row in reader.entries()]
    at = next(i for i, e in enumerate(entries) if b'"own":{' in e)
    trades = json.loads(entries[at])["body"]["record"]["facts"]["own"]["given"]["trades"]
    for old, new, what in (
        (
            f'"trades":{trades},'.encode(),
            f'"trades":{trades + 1},'.encode(),
            "given to the user's own criteria: trades",
        ),
        (b'"code":{"busy":"', b'"code":{"busy":"0', "code of the user's own criteria"),
    ):
        altered = with_its_digest(entries[at].replace(old, new))
        found = recompute([*entries[:at], altered, *entries[at + 1 :]]).findings
        assert any(what in f for f in found)
        assert not any("digest" in f for f in found)


def with_its_digest(entry: bytes) -> bytes:
    """A decision whose digest is that of its record."""
    document = json.loads(entry)
    document["body"]["digest"] = digest_of(document["body"]["record"])
    return canonical(document)


ALL: dict[str, Any] = {
    "min_trades": 1,
    "min_days": 1,
    "trades_mode": Mode.OFF,
    "days_mode": Mode.OFF,
    "win_rate_mode": Mode.OFF,
    "sharpe_use": SharpeUse.LOWER_BOUND,
    "sharpe_mode": Mode.ADVISORY,
    "drawdown_mode": Mode.ADVISORY,
    "drawdown_window_days": 2,
    "drawdown_limit": DrawdownLimit.VOL_SCALED,
    "concentration_mode": Mode.ADVISORY,
    "cost_stress_mode": Mode.ADVISORY,
    "data_quality_mode": Mode.ADVISORY,
    "loss_bound_mode": Mode.ADVISORY,
    "fidelity_mode": Mode.ENFORCE,
    "own": (OwnCriterion(name="busy", code="busy.py:busy", threshold=Decimal(2)),),
}


def altered(entries: list[bytes], name: str, change: Callable[[dict[str, Any]], None]) -> list[str]:
    """What an outsider finds where the last decision's verdict on a criterion is another one, under a digest that is its own."""
    last = max(i for i, e in enumerate(entries) if b'"type":"PromotionEvaluated"' in e)
    document = json.loads(entries[last])
    change(next(v for v in document["body"]["record"]["facts"]["verdicts"] if v["criterion"]["name"] == name))
    document["body"]["digest"] = digest_of(document["body"]["record"])
    return recompute([*entries[:last], canonical(document), *entries[last + 1 :]]).findings


def test_an_altered_verdict_of_any_of_them_is_found(tmp_path: Path) -> None:
    """Its value where the outsider can have it, its threshold, mode, sample and status everywhere; and one that was left out."""
    (tmp_path / "busy.py").write_text("def busy(found):\n    return found.trades\n")
    store = played(tmp_path, ValidationCriteria(**ALL), days=9)
    with StoreReader(store) as reader:
        entries = [row.entry for row in reader.entries()]
    assert recompute(entries).findings == []
    names = (
        "min_sharpe",
        "max_drawdown",
        "concentration",
        "cost_stress",
        "data_quality",
        "loss_bound",
        "fidelity",
        "busy",
    )
    changes: dict[str, Callable[[dict[str, Any]], None]] = {
        "value": lambda v: v.update(value=(v["value"] or 0) + 0.7),
        "threshold": lambda v: v["criterion"].update(threshold=v["criterion"]["threshold"] - 0.05),
        "mode": lambda v: v["criterion"].update(mode="off"),
        "sample": lambda v: v["sample"].update(n=v["sample"]["n"] + 1),
        "status": lambda v: v.update(status="ERROR"),
        "left out": lambda v: v["criterion"].update(name="min_days"),
    }
    unseen = {(n, c) for n in names for c, change in changes.items() if not altered(entries, n, change)}
    # Of the user's own the value is the record's; on the same side of its threshold it is any.
    assert unseen == {("busy", "value")}


def test_a_run_that_asks_for_all_of_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """However the tape is cut: extremes of bars, best trades, missing bars and the user's code are those of the run that nobody stopped."""
    (tmp_path / "busy.py").write_text("def busy(found):\n    return found.trades\n")
    asked = ValidationCriteria(
        min_days=1,
        min_trades=1,
        win_rate_mode=Mode.OFF,
        sharpe_mode=Mode.OFF,
        drawdown_window_days=1,
        drawdown_limit=DrawdownLimit.VOL_SCALED,
        concentration_mode=Mode.ADVISORY,
        cost_stress_mode=Mode.ADVISORY,
        data_quality_mode=Mode.ADVISORY,
        loss_bound_mode=Mode.ENFORCE,
        fidelity_mode=Mode.ENFORCE,
        own=(OwnCriterion(name="busy", code="busy.py:busy", threshold=Decimal(2)),),
    )
    config = prepared(tmp_path, FROZEN[DataState.DEGRADED]).config
    paper = msgspec.structs.replace(config.paper_trading, validation_criteria=asked)
    told = assert_resumes(
        lambda: prepare(msgspec.structs.replace(config, paper_trading=paper), tmp_path), 700, None, [2, 4, 7]
    )
    assert any(b'"name":"busy"' in entry for entry in told.journal.entries[1:])


@pytest.mark.parametrize(
    ("criteria", "warned"),
    [
        (ValidationCriteria(), 1),
        (ValidationCriteria(win_rate_margin=Decimal("0.005")), 0),
        (ValidationCriteria(win_rate_mode=Mode.ADVISORY), 0),
        (ValidationCriteria(win_rate_mode=Mode.OFF), 0),
    ],
)
def test_an_enforced_share_of_wins_is_warned_of_once(criteria: ValidationCriteria, warned: int, tmp_path: Path) -> None:
    """It keeps whole payoffs on paper whatever they earn; held against break-even, or not enforced, it does not."""
    config = prepared(tmp_path, NEVER, days=1).config
    for enabled in (True, False):
        paper = msgspec.structs.replace(config.paper_trading, validation_criteria=criteria, enabled=enabled)
        run = prepare(msgspec.structs.replace(config, paper_trading=paper), tmp_path)
        with capture_logs() as told:
            announce(run, tmp_path / "frozen.db", structlog.get_logger())
        found = [line for line in told if line["event"] == "absolute win rate"]
        assert [line["log_level"] for line in found] == ["warning"] * (warned if enabled else 0)
        assert all(line["min_win_rate"] == "0.55" for line in found)


def test_what_is_not_simulated_is_not_studied() -> None:
    """A study with a criterion of costs would promote nobody: it is refused, and the command leaves it out and says so."""
    asked = ValidationCriteria(cost_stress_mode=Mode.ENFORCE)
    with pytest.raises(ValueError, match="criteria: expected those of what is simulated, found cost_stress"):
        Policy(criteria=asked)
    assert Policy(criteria=asked.simulated()).criteria == ValidationCriteria()


def test_of_what_is_left_as_it_was_nothing_is_recorded(tmp_path: Path) -> None:
    """The first entry of a run with the five criteria alone tells the five and their modes."""
    store = played(tmp_path, ValidationCriteria(), days=1)
    with StoreReader(store) as reader:
        first = next(iter(reader.entries(1, 1))).entry
    told = [name for name in ValidationCriteria.__struct_fields__ if f'"{name}"'.encode() in first]
    assert set(told) == ALWAYS_TOLD


def test_an_interval_lets_fewer_through_than_an_estimate() -> None:
    """Without an edge, in a month: the point at 1.5 is passed by some, the lower end of the interval by hardly any."""
    world = World(families=30, members=1, days=30)
    live = [
        study(
            Policy(
                criteria=ValidationCriteria(win_rate_mode=Mode.OFF, sharpe_use=use),
                betting=betting_rules(PromotionRules(), 1),
            ),
            world,
            [Strategy(Payoff.SYMMETRIC, 0.0)],
        )[0].live.value
        for use in SharpeUse
    ]
    assert live[0] > 0.3
    assert live[1] < 0.2
