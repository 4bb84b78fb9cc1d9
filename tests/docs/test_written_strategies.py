"""The strategies that README and documents show run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genesis.config import load_config
from genesis.model.events import OrderSubmitted
from genesis.model.track_events import TrackStopped
from genesis.strategies import base
from genesis.strategies.base import Strategy
from genesis.system.run import run_config
from genesis.system.strategies import build_strategy, find_strategy
from tests.kit.runs import FX, bars_stream, run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
STRATEGIES = (ROOT / "docs/STRATEGIES.md").read_text(encoding="utf-8")


def block(document: str, language: str) -> str:
    """The document's only block of a language."""
    found = re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)
    assert len(found) == 1
    text: str = found[0]
    return text


def test_the_readmes_strategy_and_configuration_run_on_candles(tmp_path: Path) -> None:
    """Copied into two files beside a CSV with the columns that are named, they trade."""
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [f"{1735689600 + 3600 * i},{100 + i % 7}.5,{108}.25,{99}.75,{100 + i * 3 % 7}.5,1000.5" for i in range(60)]
    (tmp_path / "candles.csv").write_text("\n".join(rows))
    (tmp_path / "own.py").write_text(block(README, "python"))
    (tmp_path / "config.yaml").write_text(block(README, "yaml"))
    summary = run_config(load_config(tmp_path / "config.yaml"), tmp_path)
    assert summary.complete
    assert summary.tracks == ("own", "own@realistic")
    assert summary.entries > 100


def shown(tmp_path: Path, **params: object) -> Strategy:
    """The strategy of the document, built as a configuration builds it."""
    (tmp_path / "shown.py").write_text(block(STRATEGIES, "python"))
    cls = find_strategy("shown.py:AboveItsMean", tmp_path)
    return build_strategy(cls, [FX], {"bars": "1s", "period": 3, **params}, "strategies.shown")


def test_the_documents_strategy_trades_to_both_sides(tmp_path: Path) -> None:
    """Prices that rise and fall turn it; nothing stops it."""
    closes = [10_000 + 20 * (i % 10 if i // 10 % 2 else 10 - i % 10) for i in range(60)]
    rows = [(c, c + 5, c - 5, c, 1_000_000) for c in closes]
    journal, _ = run([bars_stream(rows)], [("shown", shown(tmp_path))])
    assert not [e for e in journal.events if isinstance(e, TrackStopped)]
    sides = {int(e.order.intent.side) for e in journal.events if isinstance(e, OrderSubmitted)}
    assert sides == {1, -1}
    tags = {e.order.intent.tag for e in journal.events if isinstance(e, OrderSubmitted)}
    assert tags == {"", base.CLOSES_FOR_TURN}


def test_the_documents_strategy_goes_on_from_what_it_saved(tmp_path: Path) -> None:
    """What is loaded saves the same again."""
    first, second = shown(tmp_path), shown(tmp_path)
    run([bars_stream([(10_000, 10_005, 9_995, 10_001 + i, 1_000) for i in range(9)])], [("shown", first)])
    state = first.on_save()
    assert state is not None
    assert state["side"] == 1
    run([bars_stream([(10_000, 10_005, 9_995, 10_000, 1_000)])], [("shown", second)])
    second.on_load(state)
    assert second.on_save() == state


@pytest.mark.parametrize(
    ("said", "bound"),
    [("1 ms or more", base.TIMER_MIN_NS // 10**6), ("4,096 characters", base.NOTE_MAX), ("255 characters", 255)],
)
def test_the_bounds_that_are_told_are_those_that_hold(said: str, bound: int) -> None:
    """A changed constant changes the table."""
    assert f"| {said} |" in STRATEGIES
    assert int(said.split()[0].replace(",", "")) == bound


def test_every_hook_and_call_that_is_named_exists() -> None:
    """And every hook is named."""
    named = set(re.findall(r"`(\w+)(?:\([^`]*\))?`", STRATEGIES))
    hooks = {n for n in vars(Strategy) if n.startswith("on_")}
    assert hooks <= named
    calls = set(re.findall(r"`(\w+)\([^`]*\)`", STRATEGIES))
    assert {c for c in calls if not hasattr(Strategy, c)} == set()
