"""Fault plans in a configuration: named, checked, shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from genesis.config import Config, built_in_plans, built_in_plans_yaml, config_yaml, load_config
from genesis.errors import ConfigError
from genesis.execution.fault_plan import BUILT_IN, Disconnect, FaultPlan, Gap, Rejects, Span
from genesis.model.orders import RejectReason
from genesis.tape.stream import StreamKind

PLAN = """
fault_plans:
  spring:
    about: what the spring of 2017 was like
    seed: 4
    gap: {per_day: 4.5, length_s: {mean: 60, sd: 20, low: 10, high: 180}, streams: [trades, quotes]}
    disconnect: {windows: [{from: "2017-03-01T10:00:00Z", to: "2017-03-01T10:05:00Z"}]}
    rejects: {share: 0.02, reasons: [OVERLOADED, INSUFFICIENT_BALANCE]}
"""
RUN = """
instruments: [{symbol: A, venue: V, base: A, quote: Q}]
data: [{instrument: A.V, path: a.csv}]
strategies:
  - {name: follows, strategy: s, instruments: [A.V], budget: 1}
  - {name: own, strategy: s, instruments: [A.V], budget: 1, faults: spring}
  - {name: spared, strategy: s, instruments: [A.V], budget: 1, faults: none}
"""


def load(text: str, folder: Path, overrides: dict[str, object] | None = None) -> Config:
    path = folder / "c.yaml"
    path.write_text(text)
    return load_config(path, None, overrides)


def test_a_plan_is_read_exactly(tmp_path: Path) -> None:
    """Decimals to the digit; what is not named does not happen."""
    plan = load(PLAN, tmp_path).fault_plans["spring"]
    assert plan == FaultPlan(
        about="what the spring of 2017 was like",
        seed=4,
        gap=Gap(
            per_day=Decimal("4.5"),
            length_s=plan.gap.length_s if plan.gap else None,  # type: ignore[arg-type]
            streams=(StreamKind.TRADES, StreamKind.QUOTES),
        ),
        disconnect=Disconnect(windows=[Span("2017-03-01T10:00:00Z", "2017-03-01T10:05:00Z")]),
        rejects=Rejects(share=Decimal("0.02"), reasons=(RejectReason.OVERLOADED, RejectReason.INSUFFICIENT_BALANCE)),
    )
    assert plan.gap is not None
    assert (plan.gap.length_s.mean, plan.gap.length_s.high) == (60, 180)


def test_a_strategy_follows_the_run_or_names_a_plan_or_is_spared(tmp_path: Path) -> None:
    """The run's plan may come from an override, as ``--faults`` gives it."""
    quiet = load(PLAN + RUN, tmp_path)
    assert [quiet.plan_of(s) for s in quiet.strategies] == [None, ("spring", quiet.fault_plans["spring"]), None]
    rough = load(PLAN + RUN, tmp_path, {"run.faults": "rough-day"})
    assert [p and p[0] for p in map(rough.plan_of, rough.strategies)] == ["rough-day", "spring", None]
    assert rough.plan_of(rough.strategies[0]) == ("rough-day", BUILT_IN["rough-day"])


def test_plans_that_are_shown_load_again_as_they_are(tmp_path: Path) -> None:
    """The configuration's own, and the built-in ones under other names."""
    config = load(PLAN + RUN, tmp_path)
    assert load(config_yaml(config), tmp_path) == config
    renamed = {f"my-{name}": plan for name, plan in yaml.safe_load(built_in_plans_yaml()).items()}
    again = load(yaml.safe_dump({"fault_plans": renamed}), tmp_path)
    assert {name.removeprefix("my-"): str(plan.about) for name, plan in again.fault_plans.items()} == {
        name: plan.about for name, plan in BUILT_IN.items()
    }
    exact = load("fault_plans:\n" + "\n".join(f"  {line}" for line in _renamed(built_in_plans_yaml())), tmp_path)
    assert {name.removeprefix("my-"): plan for name, plan in exact.fault_plans.items()} == BUILT_IN
    assert list(built_in_plans()) == list(BUILT_IN)
    assert built_in_plans()["messy-feed"]["reorder"]["share"] == "0.02"


def _renamed(text: str) -> list[str]:
    return [line if line.startswith(" ") else f"my-{line}" for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fault_plans: {a: {}, b: {reject: {share: 1}}}", "fault_plans.b.reject: expected a known key, found 'reject'; did you mean 'rejects'?"),
        ("fault_plans: {a: {}, b: {rejects: {share: 2}}}", "fault_plans.b.rejects.share: expected 0 to 1, found 2"),
        ("fault_plans: {a: {}, b: {rejects: {share: x}}}", "fault_plans.b.rejects.share: invalid decimal string, found 'x'"),
        ("fault_plans: {a: {rejects: {reasons: [NEVER]}}, b: {}}", "fault_plans.a.rejects.reasons[0]: invalid enum value 'NEVER', found 'NEVER'"),
        ("fault_plans: {a: {}, b: {gap: {windows: [{from: x, to: y}]}}}", "fault_plans.b.gap.windows[0].from: expected an ISO 8601 date or instant, found 'x'"),
        ("fault_plans: {a: {gap: {windows: [{from: x, till: y}]}}}", "fault_plans.a.gap.windows[0].till: expected a known key, found 'till'"),
        ("fault_plans: {a: {gap: {streams: [ticks]}}}", "fault_plans.a.gap.streams[0]: invalid enum value 'ticks', found 'ticks'"),
        ("fault_plans: {a: {halt: {instruments: [X.Y]}}}", "fault_plans.a.halt.instruments: expected one of the instruments, of which there are none, found X.Y"),
        ("fault_plans: {rough-day: {}}", "fault_plans.rough-day: expected a name of its own, of letters, digits, - and _, found 'rough-day'; taken: feed-gap"),
        ("fault_plans: {none: {}}", "fault_plans.none: expected a name of its own"),
        ("fault_plans: {a!b: {}}", "fault_plans.a!b: expected a name of its own, of letters, digits, - and _, found 'a!b'"),
        ("run: {faults: ruff-day}", "run.faults: expected one of feed-gap, stale-quotes, messy-feed, flaky-venue, rate-limit, disconnects, halted-market, rough-day, none, found ruff-day"),
        (RUN, "strategies.own.faults: expected one of feed-gap, "),
    ],
)  # fmt: skip
def test_a_refusal_names_path_expected_and_found(text: str, expected: str, tmp_path: Path) -> None:
    """Also which of several plans it is, which the parser does not tell."""
    with pytest.raises(ConfigError) as error:
        load(text, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'c.yaml'}: {expected}")
