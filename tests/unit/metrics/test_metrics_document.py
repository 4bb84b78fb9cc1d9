"""docs/METRICS.md names every metric there is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from genesis.metrics.exposure import Exposure
from genesis.metrics.summary import MetricSet, TailRisk
from genesis.metrics.trades import TradeStats

TEXT = (Path(__file__).parents[3] / "docs" / "METRICS.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("struct", [MetricSet, TailRisk, TradeStats, Exposure])
def test_every_metric_is_in_the_document(struct: type[msgspec.Struct]) -> None:
    """Each field of a result appears in code type; `n` and the like under their struct's name."""
    missing = [f for f in struct.__struct_fields__ if f"`{f}`" not in TEXT and f".{f}`" not in TEXT]
    assert missing == []
