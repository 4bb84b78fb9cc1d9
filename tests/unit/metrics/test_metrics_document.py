"""docs/METRICS.md names every metric there is."""

from __future__ import annotations

from pathlib import Path

from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.trades import TradeStats
from genesis.model.money import Money
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from tests.kit.factories import BTC

TEXT = (Path(__file__).parents[3] / "docs" / "METRICS.md").read_text(encoding="utf-8")


def test_every_sampled_metric_is_in_the_document() -> None:
    """Each key of a sample appears in code type."""
    sampled = VirtualPortfolio(Money(1000, "USDT"), [BTC]).metrics(0, 1, 0, DrawdownTracker(), 0.0, None)
    assert [name for name in sampled if f"`{name}`" not in TEXT] == []


def test_every_trade_statistic_is_in_the_document() -> None:
    """Each field of a trade's statistics appears in code type; `n` is `trades`."""
    names = [f for f in TradeStats.__struct_fields__ if f != "n" and f"`{f}`" not in TEXT]
    assert names == []
