"""Two strategies that do what a script says, hour by hour, live in one small account over made-up hourly candles of four instruments."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from genesis.clock import NS_PER_HOUR, NS_PER_MINUTE
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import AccountSection, DataConfig, PaperSection, RunSection, SnapshotsSection, StorageSection
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeSchedule, LiveAssumptions
from genesis.model.instruments import InstrumentKind
from genesis.paper_trading.promotion_rules import MinDwell, PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier
from genesis.rng import ClippedNormal
from genesis.system.prepared import Prepared
from genesis.system.run import prepare

START_NS = 1_609_459_200_000_000_000
# Symbol and base; a lot of each is worth about one dollar.
INSTRUMENTS = {"BTCA": "BTC", "BTCB": "BTC", "ETHA": "ETH", "SOLA": "SOL"}
BUDGET, EQUITY = Decimal(10_000), Decimal(9_000)
# Live holds two fifths of a budget: 4,000 USD each, 8,000 of the account's 9,000.
FRACTION = Decimal("0.4")
# Live from the second bar of the eighth day on: by then correlations are known.
LIVE_HOUR = 7 * 24 + 8
SCRIPTED = """
import json

from genesis.model.orders import Side
from genesis.strategies.base import Strategy
import msgspec


class Scripted(Strategy):
    class Params(msgspec.Struct, frozen=True):
        script: str

    def on_start(self):
        self._n = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar):
        self._n += 1
        for symbol, lots, limit in json.loads(self.params.script).get(str(self._n), ()):
            if symbol == "close":
                self.cancel_all()
                for instrument in self.instruments:
                    self.close(instrument)
                continue
            instrument = next(i for i in self.instruments if i.symbol == symbol)
            side = Side.BUY if lots > 0 else Side.SELL
            price = None if limit is None else instrument.price(limit)
            self.order(side, instrument.quantity(abs(lots)), limit=price, instrument=instrument)

    def on_save(self):
        return {"n": self._n}

    def on_load(self, state):
        self._n = state["n"]
"""
Step = tuple[str, int, int | None]
Script = Mapping[int, Sequence[Step]]
CLOSE: Step = ("close", 0, None)
Price = Callable[[str, int], int]


def calm(symbol: str, hour: int) -> int:
    """Ticks of a tenth: the two bitcoins alike, ether and solana alike, and neither like the other."""
    bar = hour // 4
    return 1_000 + (bar % 3 if symbol.startswith("BTC") else bar // 3 % 3)


def _tier(name: str, from_usd: int, **values: Any) -> Tier:
    usual: dict[str, Any] = {
        "strategies": 5,
        "budget_max": Decimal(1),
        "order_max": Decimal(1),
        "gross_exposure_max": Decimal(3),
        "leverage": None,
        "open_orders_max": 50,
        "daily_loss_max": Decimal("0.5"),
        "drawdown_halt": Decimal("0.9"),
    }
    return Tier(name=name, from_usd=Decimal(from_usd), **{**usual, **values})


# The account is in the lower one, the strategies' budgets are in the higher one: what binds here is the account's.
TIERS = [
    _tier("small", 0, gross_exposure_max=Decimal(1), open_orders_max=3, daily_loss_max=Decimal("0.05")),
    _tier("large", 10_000),
]
LIMITS = Limits(net_exposure_max=Decimal("0.6"), stacked_max=Decimal("0.7"))
_NOTHING = ClippedNormal(0, 0, 0, 0)


def _candles(path: Path, symbol: str, rows: Iterable[int], minutes: int, price: Price) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i in rows:
            at = f"{Decimal(price(symbol, i)) / 10}"
            writer.writerow([(START_NS + i * minutes * NS_PER_MINUTE) // 1_000_000, at, at, at, at, 10_000_000])
    return str(path)


def _instrument(symbol: str, base: str, quote: str) -> InstrumentConfig:
    free = FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(0), currency=FeeCurrency.QUOTE)
    return InstrumentConfig(
        symbol=symbol,
        venue="X",
        base=base,
        quote=quote,
        tick=Decimal("0.1"),
        lot=Decimal("0.01"),
        kind=InstrumentKind.FX,
        fees=free,
    )


def prepared(
    folder: Path,
    scripts: Mapping[str, Script],
    days: int = 10,
    price: Price = calm,
    limits: Limits = LIMITS,
    tiers: Sequence[Tier] = TIERS,
    live_hour: int = LIVE_HOUR,
    minutes: int = 60,
    frozen: Mapping[str, range] | None = None,
    quote: str = "USD",
    rate: str = "1",
) -> Prepared:
    """A run in which every strategy named in ``scripts`` is live from ``live_hour`` on, the end of a bar, and does what is said for each hour, for the whole budget.

    A candle takes ``minutes``, and ``price`` is asked by its number; those that are ``frozen`` are missing. ``quote`` is worth ``rate`` in USD.
    """
    folder.mkdir(exist_ok=True)
    (folder / "scripted.py").write_text(SCRIPTED)
    files = {}
    for symbol in INSTRUMENTS:
        gone = (frozen or {}).get(symbol, range(0))
        rows = [i for i in range(24 * 60 * days // minutes) if i not in gone]
        files[symbol] = _candles(folder / f"{symbol}.csv", symbol, rows, minutes, price)
    off = Mode.OFF
    criteria = ValidationCriteria(min_trades=1, days_mode=off, sharpe_mode=off, drawdown_mode=off, win_rate_mode=off)
    rules = PromotionRules(
        initial_allocation=FRACTION,
        max_allocation=FRACTION,
        min_dwell=MinDwell(days=1, trades=0),
        unproven_capital_max=Decimal(1),
        unproven_loss_max=Decimal(1),
        account_equity=EQUITY * Decimal(rate),
    )
    ids = [f"{s}.X" for s in INSTRUMENTS]
    # One trade of a few lots, so that the only criterion is met.
    begin: Script = {live_hour - 7: [("BTCA", 10, None)], live_hour - 5: [CLOSE]}
    config = Config(
        run=RunSection(name="shared", sample_every="24h", store="shared.db", realistic=False),
        instruments=[_instrument(s, b, quote) for s, b in INSTRUMENTS.items()],
        data=[
            DataConfig(instrument=f"{s}.X", path=f, format="ohlcv", interval=f"{minutes}m", time_format="ms")
            for s, f in files.items()
        ],
        strategies=[
            StrategyConfig(
                name=name,
                strategy="scripted.py:Scripted",
                instruments=ids,
                budget=BUDGET,
                params={"script": json.dumps({**begin, **script})},
            )
            for name, script in scripts.items()
        ],
        execution=ExecutionProfile(latency_ms=_NOTHING, slippage_bp=_NOTHING),
        live_venue=LiveAssumptions(
            latency_ms=_NOTHING,
            slippage_bp=_NOTHING,
            tail_probability=0.0,
            impact_y=0.0,
            queue="risk_averse",
            bar_share=None,
        ),
        risk=limits,
        storage=StorageSection(snapshots=SnapshotsSection(every_entries=60)),
        tiers=list(tiers),
        paper_trading=PaperSection(
            validation_criteria=criteria,
            promotion=rules,
            account=AccountSection(assumed_rates={quote: Decimal(rate)} if quote != "USD" else {}),
        ),
    )
    return prepare(config, folder)


def hour_of(time_ns: int) -> float:
    """Hours since the tape's start."""
    return (time_ns - START_NS) / NS_PER_HOUR
