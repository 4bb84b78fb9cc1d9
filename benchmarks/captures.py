"""Four captures of real order books, and the one tape every engine reads of each.

A capture is a recording of Binance of 2024-08-08: every change of the best bid and ask, every change of a level of the book, and
every trade, in the order of their arrival. Engines that keep one book cannot be given two views of it, so the views are joined
here, once, by one rule: **a quote says what the touch is, and that no better level exists; a level strictly behind the touch is what
was last said about it.** Genesis reads the three streams as they were recorded.

The joined tapes are written as Parquet into the folder of generated data by our own readers (`prepare_captures`); drivers only
load them. Prices are whole ticks, sizes whole lots, times engine ns (arrival plus one constant, so that nothing arrives early).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.workloads import DataMissing, Flags, Ints, Market, data_folder, real_folder

TRADE, QUOTE, DEPTH = 0, 1, 2
COLUMNS = ("ts", "kind", "side", "ticks", "lots", "ends", "changes")
# A change of the rule above, or of how a file is read, must not meet a tape that was joined before it.
FORM = 2


@dataclass(frozen=True)
class Capture:
    """One recorded instrument. ``recorded_lot`` is the size step of the files, ``size_lots`` the smallest order of its venue, in lots.

    COIN-M is sized in contracts: its file counts contracts, and a contract is taken here as ``10^-size_decimals`` of the base,
    as if it were linear. Only its book is meant; its P&L is of no such instrument.
    """

    name: str
    stem: str
    market: Market
    recorded_lot: Decimal
    size_lots: int

    def source(self, kind: str) -> Path:
        """A recorded file: ``l1``, ``l2`` or ``trades``."""
        return real_folder() / kind / f"{self.stem}_20240808T2354.{kind}.parquet"

    @property
    def path(self) -> Path:
        """Where its joined tape is kept."""
        return data_folder() / f"capture-{self.name}-{FORM}.parquet"


SPOT = Capture(
    "spot-btc", "binance-spot_BTCUSDT", Market("BTCUSDT", "BTC", "USDT", 2, 6), Decimal("0.000001"), size_lots=10
)
USDM_BTC = Capture("usdm-btc", "binance-usdm_BTCUSDT", Market("BTCUSDT-PERP", "BTC", "USDT", 1, 3), Decimal("0.001"), 1)
USDM_ETH = Capture("usdm-eth", "binance-usdm_ETHUSDT", Market("ETHUSDT-PERP", "ETH", "USDT", 2, 3), Decimal("0.001"), 1)
COINM = Capture("coinm-btc", "binance-coinm_BTCUSD_PERP", Market("BTCUSD-PERP", "BTC", "USD", 1, 3), Decimal(1), 1)
CAPTURES = (SPOT, USDM_BTC, USDM_ETH, COINM)


@dataclass(frozen=True)
class Joined:
    """Columns of equal length, in the order of arrival.

    ``kind`` says where a row comes from: a trade, a quote or a level. ``side`` is the taker's (+1 buys) of a trade, else +1 for
    bids; ``lots`` the size of a trade, else the new absolute size of the level; ``ends`` marks the last row of a message;
    ``changes`` counts the level changes recorded up to here, also those that the touch hides.
    """

    ts: Ints
    kind: Ints
    side: Ints
    ticks: Ints
    lots: Ints
    ends: Flags
    changes: Ints

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def level_changes(self) -> int:
        """How many level changes were recorded."""
        return int(self.changes[-1]) if len(self) else 0


def load(capture: Capture, changes: int | None = None) -> Joined:
    """The joined tape, up to the message that holds the ``changes``-th level change (all by default).

    Raises:
        DataMissing: it has not been prepared.
    """
    if not capture.path.exists():
        raise DataMissing(f"{capture.name}: expected the prepared file {capture.path.name}, found none")
    table = pq.read_table(capture.path, columns=list(COLUMNS))
    ts, kind, side, ticks, lots, ends, so_far = (
        np.ascontiguousarray(table.column(name).to_numpy(zero_copy_only=False)) for name in COLUMNS
    )
    joined = Joined(ts, kind, side, ticks, lots, ends, so_far)
    if changes is None or changes >= joined.level_changes:
        return joined
    row = int(np.searchsorted(joined.changes, changes))
    stop = row + int(np.argmax(joined.ends[row:])) + 1
    cut = {name: column[:stop] for name, column in vars(joined).items()}
    return Joined(**cut)


def store(capture: Capture, joined: Joined) -> None:
    """Keep a joined tape."""
    partial = capture.path.with_suffix(".partial")
    pq.write_table(pa.table(vars(joined)), partial, compression="zstd")
    partial.replace(capture.path)


class Joiner:
    """One book from two views of it; see the module. Rows are appended to ``rows`` as (ts, kind, side, ticks, lots, ends, changes)."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int, int, bool, int]] = []
        self._levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._touch: dict[int, int] = {}
        self._changes = 0

    def trade(self, ts: int, side: int, ticks: int, lots: int) -> None:
        """A public trade; ``side`` is the taker's."""
        self.rows.append((ts, TRADE, side, ticks, lots, True, self._changes))

    def quote(self, ts: int, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """The touch is now this: what was better is gone, first; then it is shown, also where it was known already."""
        touch = ((1, bid, bid_lots), (-1, ask, ask_lots))
        changed = [(side, p, 0) for side, best, _ in touch for p in self._better(side, best)]
        changed += [level for level in touch if self._is_new(*level) or self._touch.get(level[0]) != level[1]]
        self._touch = {1: bid, -1: ask}
        self._put(ts, QUOTE, changed)

    def message(self, ts: int, snapshot: bool, levels: list[tuple[int, int, int]]) -> None:
        """The level changes (side, ticks, lots) of one message; a snapshot also removes what it does not name."""
        self._changes += len(levels)
        shown = [(side, p, q) for side, p, q in levels if self._is_behind(side, p)]
        changed = [level for level in shown if self._is_new(*level)]
        if snapshot:
            named = {(side, p) for side, p, _ in shown}
            left = [(s, p, 0) for s, known in self._levels.items() for p in known if self._is_behind(s, p)]
            changed = [level for level in left if level[:2] not in named] + changed
        self._put(ts, DEPTH, changed)

    def _is_new(self, side: int, ticks: int, lots: int) -> bool:
        return self._levels[side].get(ticks, 0) != lots

    def _is_behind(self, side: int, ticks: int) -> bool:
        touch = self._touch.get(side)
        return touch is None or (touch - ticks) * side > 0

    def _better(self, side: int, best: int) -> list[int]:
        """Known levels better than ``best``, the best first."""
        touch, known = self._touch.get(side), self._levels[side]
        if touch is None:
            return sorted((p for p in known if (p - best) * side > 0), key=lambda p: -p * side)
        return [p for p in range(touch, best, -side) if p in known]

    def _put(self, ts: int, kind: int, changed: list[tuple[int, int, int]]) -> None:
        for place, (side, ticks, lots) in enumerate(changed, 1):
            if lots:
                self._levels[side][ticks] = lots
            else:
                self._levels[side].pop(ticks, None)
            self.rows.append((ts, kind, side, ticks, lots, place == len(changed), self._changes))

    def joined(self) -> Joined:
        """The rows as columns."""
        ts, kind, side, ticks, lots, ends, changes = (np.array(column) for column in zip(*self.rows, strict=True))
        return Joined(ts, kind, side, ticks, lots, ends, changes)


class Standing:
    """The joined book, advanced to any later moment."""

    def __init__(self, tape: Joined) -> None:
        self._rows = zip(
            *(column.tolist() for column in (tape.ts, tape.kind, tape.side, tape.ticks, tape.lots)), strict=True
        )
        self._next = next(self._rows, None)
        self.levels: dict[int, dict[int, int]] = {1: {}, -1: {}}

    def advance(self, time: int) -> None:
        """Apply every row before ``time``."""
        while self._next is not None and self._next[0] < time:
            _, kind, side, ticks, lots = self._next
            if kind != TRADE:
                if lots:
                    self.levels[side][ticks] = lots
                else:
                    self.levels[side].pop(ticks, None)
            self._next = next(self._rows, None)

    def touch(self, side: int) -> tuple[int, int]:
        """Ticks and lots of the best bid (+1) or ask (-1)."""
        levels = self.levels[side]
        best = max(levels) if side > 0 else min(levels)
        return best, levels[best]
