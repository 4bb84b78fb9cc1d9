"""What fault plans make of a run's recordings: the streams that are on the tape a second time, and what was done to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from genesis.config import Config
from genesis.config.schema import StrategyConfig
from genesis.execution.fault_plan import FaultPlan
from genesis.feeds.faults import FeedFault, fault_reading
from genesis.feeds.files import Reading
from genesis.model.grid import plain
from genesis.model.run_events import GapFound
from genesis.tape.stream import COLUMNS, Column, Stream


class FaultedStream(msgspec.Struct, frozen=True, eq=False):
    """One recording under one plan: ``of`` is the name of its stream as recorded, ``stream`` the one that arrives, ``digest`` of its columns."""

    of: str
    stream: Stream
    gaps: tuple[GapFound, ...]
    done: tuple[FeedFault, ...]
    digest: str

    def facts(self) -> dict[str, object]:
        """What the run's first entry says of it."""
        return {
            "digest": self.digest,
            "faults": [msgspec.to_builtins(d) for d in self.done],
            "name": self.stream.name,
            "of": self.of,
            "rows": self.stream.recorded,
        }


def plans_in_use(config: Config) -> dict[str, tuple[FaultPlan, list[StrategyConfig]]]:
    """By name: each plan under which a strategy runs, and the strategies."""
    found: dict[str, tuple[FaultPlan, list[StrategyConfig]]] = {}
    for strategy in config.strategies:
        named = config.plan_of(strategy)
        if named is not None:
            found.setdefault(named[0], (named[1], []))[1].append(strategy)
    return found


def faulted_streams(config: Config, readings: Sequence[Reading]) -> list[FaultedStream]:
    """Every recording that a plan in use changes, once for each such plan; what it leaves alone is read as recorded.

    Where a plan delays rows beyond the end of the recorded tape, they do not arrive: the tape ends when it would without the plan.
    """
    end = max(int(r.columns["ts"][-1]) for r in readings if r.rows)
    found = []
    for name, (plan, strategies) in plans_in_use(config).items():
        used = {instrument for s in strategies for instrument in s.instruments}
        for reading in readings:
            if reading.instrument.id not in used:
                continue
            out = fault_reading(reading, plan, config.run.seed)
            if out.reading is not reading:
                found.append(_faulted(reading, out.reading, out.done, name, end))
    return found


def plan_values(plan: FaultPlan) -> dict[str, Any]:
    """A plan as plain values, its numbers as exact text, without what does not happen in it."""
    built = msgspec.to_builtins(plan, builtin_types=(Decimal,), str_keys=True)
    return {name: _as_text(value) for name, value in built.items() if value is not None}


def _faulted(recorded: Reading, arriving: Reading, done: tuple[FeedFault, ...], plan: str, end: int) -> FaultedStream:
    rows = int(np.searchsorted(arriving.columns["ts"], end, "right"))
    columns = {name: column[:rows] for name, column in arriving.columns.items()}
    stream = msgspec.structs.replace(arriving, columns=columns).stream(plan)
    gaps = tuple(
        GapFound(min(g.time_to, end), None, stream.name, g.time_from, g.time_to, g.missing, g.detail)
        for g in arriving.report.gaps
    )
    return FaultedStream(recorded.stream().name, stream, gaps, done, _digest(columns, COLUMNS[arriving.kind]))


def _digest(columns: Mapping[str, Column], names: Sequence[str]) -> str:
    """SHA-256 (hex) of the columns' little-endian integers, one column after the other."""
    h = hashlib.sha256()
    for name in names:
        h.update(np.ascontiguousarray(columns[name], "<i8").tobytes())
    return h.hexdigest()


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_as_text(v) for v in value]
    if isinstance(value, Decimal):
        return plain(value)
    return repr(value) if isinstance(value, float) else value
