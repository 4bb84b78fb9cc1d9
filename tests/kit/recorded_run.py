"""Three tracks over sixty recorded hours of trades, as a user would configure them."""

from __future__ import annotations

from pathlib import Path

TRADES = "trades/binance-spot_XRPETH_20191011-20191013.aggtrades.parquet"
MISSION_BLOCK = """
paper_trading:
  enabled: true
  validation_criteria:
    min_trades: 100
    min_days: 7
    min_sharpe: 1.5
    max_drawdown: 0.10
    min_win_rate: 0.55
  promotion:
    auto_promote: true
    initial_allocation: 0.10
    allocation_increment: 0.10
    max_allocation: 1.00
  ab_testing:
    enabled: true
    max_variants: 3
"""


def recorded_project(folder: Path, data: Path) -> Path:
    """Two built-in strategies and one of the user's own over trades."""
    (folder / "own.py").write_text(
        "from genesis.strategies.base import Strategy\n"
        "class Own(Strategy):\n"
        "    def on_start(self):\n"
        "        self.subscribe_bars('15m')\n"
        "    def on_bar(self, bar):\n"
        "        self.target_position('200' if bar.close > bar.open else '0')\n"
        "    def on_save(self):\n"
        "        return {}\n"
    )
    path = folder / "config.yaml"
    path.write_text(
        f"""
run: {{name: story, seed: 3}}
storage: {{snapshots: {{every_entries: 5000}}}}
instruments:
  - {{symbol: XRPETH, venue: BINANCE, base: XRP, quote: ETH, tick: 0.00000001, lot: 1, kind: fx}}
data:
  - {{instrument: XRPETH.BINANCE, path: {data}}}
strategies:
  - name: cross
    strategy: ma_crossover
    instruments: [XRPETH.BINANCE]
    budget: 10000
    params: {{bars: 5m, short: true}}
    variants: [{{name: fast, params: {{fast: 3, slow: 8}}}}, {{name: slow, params: {{fast: 8, slow: 20}}}}]
  - {{name: own, strategy: "own.py:Own", instruments: [XRPETH.BINANCE], budget: 10000}}
{MISSION_BLOCK}"""
    )
    return path
