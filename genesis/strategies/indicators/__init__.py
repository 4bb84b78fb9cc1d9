"""Streaming indicators over plain floats.

Each takes a value (or a bar's) with ``update`` and gives the indicator, ``None`` until it is warm or where it is undefined; ``value`` is the
latest and ``ready`` says that there is one. Inputs are finite floats. ``save`` gives the state as plain numbers and ``load`` takes it: what
follows is bit-identical. An update is O(1), amortised.

Everything is a recurrence over the values in their order, so a result never depends on how the data were cut. Sums over a window do not drift:
they are taken about a reference inside the window and computed afresh, exactly, once a window (see `rolling`).
"""

from genesis.strategies.indicators.averages import EMA, VWAP, SeededEMA
from genesis.strategies.indicators.extremes import RollingMax, RollingMin
from genesis.strategies.indicators.rolling import SMA, BollingerBands, RollingStd, ZScore
from genesis.strategies.indicators.smoothed import ATR, MACD, RSI

__all__ = [
    "ATR",
    "EMA",
    "MACD",
    "RSI",
    "SMA",
    "VWAP",
    "BollingerBands",
    "RollingMax",
    "RollingMin",
    "RollingStd",
    "SeededEMA",
    "ZScore",
]
