"""What `genesis show-config` says of fault plans."""

from __future__ import annotations

from pathlib import Path

import yaml

from genesis.config import load_config
from genesis.execution.fault_plan import BUILT_IN
from tests.unit.cli.calling import genesis


def test_fault_plans_are_shown_and_what_is_shown_loads(tmp_path: Path) -> None:
    """The configuration's own as values, the built-in ones beneath as comments of the same shape."""
    config = tmp_path / "c.yaml"
    config.write_text("run: {faults: mine}\nfault_plans: {mine: {halt: {per_day: 2.5}}}\n")
    shown = genesis("show-config", config)
    again = tmp_path / "again.yaml"
    again.write_text(shown.out)
    assert load_config(again) == load_config(config)
    _, _, below = shown.out.partition("# built-in fault plans:\n")
    listed = yaml.safe_load("\n".join(line[4:] for line in below.splitlines() if line.startswith("#   ")))
    assert list(listed) == list(BUILT_IN)
    assert listed["rough-day"]["gap"]["per_day"] == 12


def test_programs_are_told_the_same(tmp_path: Path) -> None:
    """As one JSON object, decimals as exact text."""
    config = tmp_path / "c.yaml"
    config.write_text("fault_plans: {mine: {halt: {per_day: 2.5}}}\n")
    shown = genesis("show-config", config, "--json").json
    assert shown["config"]["fault_plans"]["mine"]["halt"]["per_day"] == "2.5"
    assert shown["built_in_fault_plans"]["flaky-venue"]["rejects"]["share"] == "0.05"
