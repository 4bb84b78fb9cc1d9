"""A project whose strategy holds a little now and then, over hourly candles that wander upward: enough for evidence, and quick."""

from __future__ import annotations

from collections.abc import Iterator
from math import sin
from pathlib import Path
from typing import Any

from genesis.audit.entry import decode
from genesis.storage.sqlite import StoreReader
from tests.unit.cli.calling import genesis

HOUR_MS = 3_600_000
STRATEGY = """
from genesis.strategies.base import NoParams, Strategy
import msgspec

class Held(Strategy):
    class Params(msgspec.Struct, frozen=True):
        every: int = 6

    def on_start(self):
        self.n = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar):
        self.n += 1
        if self.n % self.params.every == 0:
            self.target_weight("0.04" if self.n // self.params.every % 2 else 0)
"""
CONFIG = """
run: {name: gate, sample_every: 12h}
instruments:
  - {symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT, tick: 0.01, lot: 0.001}
data:
  - {instrument: BTCUSDT.BINANCE, path: candles.csv}
strategies:
  - name: held
    strategy: "own.py:Held"
    instruments: [BTCUSDT.BINANCE]
    budget: 100000
    variants: [{name: short, params: {every: 3}}, {name: long, params: {every: 11}}, {name: never, params: {every: 100000}}]
"""
TRACKS = ["held.short", "held.long", "held.never"]


def project(folder: Path, criteria: str = "", hours: int = 24 * 45) -> Path:
    """Hourly candles that wander upward, and the configuration beside them."""
    folder.mkdir(exist_ok=True)
    (folder / "own.py").write_text(STRATEGY)
    extra = f"paper_trading: {{validation_criteria: {{{criteria}}}}}\n" if criteria else ""
    (folder / "config.yaml").write_text(CONFIG + extra)
    lines = ["timestamp,open,high,low,close,volume"]
    before = 20_000.0
    for i in range(hours):
        price = 20_000 + 3 * i + 150 * sin(i * i / 7) + 90 * sin(i / 5)
        high, low = max(before, price) + 2, min(before, price) - 2
        lines.append(f"{1_735_689_600_000 + i * HOUR_MS},{before:.2f},{high:.2f},{low:.2f},{price:.2f},500")
        before = price
    (folder / "candles.csv").write_text("\n".join(lines) + "\n")
    return folder


def finished(folder: Path, criteria: str = "", hours: int = 24 * 45) -> Path:
    project(folder, criteria, hours)
    answer = genesis("run", folder / "config.yaml")
    assert answer.code == 0, answer.err
    return folder / "genesis.db"


def documents(store: Path) -> Iterator[dict[str, Any]]:
    with StoreReader(store) as reader:
        for row in reader.entries():
            yield decode(row.entry)
