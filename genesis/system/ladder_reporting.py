"""The capital ladder of a store as the report shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from genesis.audit.entry import decode
from genesis.monitoring.report.assumptions import live_facts
from genesis.monitoring.report.ladder_values import Beside, Climb, Commanded, Ladder, Moved, Trial, Watched
from genesis.monitoring.report.values import Line
from genesis.paper_trading.comparison import SideBySide
from genesis.storage.rows import PromotionRow, StageRow
from genesis.storage.sqlite import StoreReader
from genesis.system.comparing import comparisons
from genesis.system.gatekeeper import promotion_of


def ladder_of(store: StoreReader, body: Mapping[str, Any], entries: int) -> Ladder | None:
    """What the first ``entries`` entries say; ``None`` for a run without a ladder. ``body`` is the first entry's.

    Raises:
        StorageError: its rules are none that this version knows.
    """
    looks: dict[str, list[PromotionRow]] = defaultdict(list)
    for look in store.promotions():
        if look.seq <= entries:
            looks[look.track].append(look)
    if "promotion" not in body or not body.get("paper_trading", {}).get("enabled", True):
        return None
    rules = promotion_of(store)
    facts = {t.track: t.facts for t in store.tracks()}
    moves: dict[str, list[StageRow]] = defaultdict(list)
    for move in store.stages():
        if move.seq <= entries and move.move != "register":
            moves[move.track].append(move)
    order = [t for t in facts if t in looks]
    return Ladder(
        rules.profile.value,
        rules.words(),
        tuple(_climb(n, bool(facts[n].get("synthetic", False)), looks[n], moves[n]) for n in order),
        tuple(_beside(store, c, looks[c.strategy]) for c in comparisons(store, None, entries)),
        _trials(store, entries),
        tuple(
            Commanded(c.time, c.command, c.target or "all", c.author, c.reason, c.taken, c.words)
            for c in store.commands_taken()
            if c.seq <= entries
        ),
        live_facts(body.get("live_venue", {})),
    )


def _climb(version: str, synthetic: bool, looks: Sequence[PromotionRow], moves: Sequence[StageRow]) -> Climb:
    last = looks[-1]
    return Climb(
        version=version,
        synthetic=synthetic,
        stage=last.stage,
        fraction=last.fraction,
        attempt=last.attempt,
        forced=last.forced,
        e_value=last.e_value,
        e_adjusted=last.e_adjusted,
        e_residual=last.e_residual,
        e_counted=last.e_counted,
        missing=tuple(last.reasons),
        call=last.call,
        moves=tuple(_moved(m) for m in moves),
        fractions=_steps(looks),
        evidence=Line(tuple(p.time for p in looks), tuple(p.e_counted for p in looks)),
    )


def _moved(s: StageRow) -> Moved:
    return Moved(
        time=s.time,
        move=s.move,
        stage_before=s.stage_before,
        stage_after=s.stage_after,
        before=s.fraction_before,
        after=s.fraction_after,
        attempt=s.attempt,
        forced=s.forced,
        reasons=tuple(s.reasons),
    )


def _steps(looks: Sequence[PromotionRow]) -> Line:
    """The capital fraction over time: held until the look that changes it."""
    times: list[int] = []
    values: list[float] = []
    for look in looks:
        now = float(look.fraction)
        if values and values[-1] != now:
            times.append(look.time)
            values.append(values[-1])
        times.append(look.time)
        values.append(now)
    return Line(tuple(times), tuple(values))


def _beside(store: StoreReader, pair: SideBySide, looks: Sequence[PromotionRow]) -> Beside:
    """The pair, with what the monitors said at the last look at which it held capital or lost it."""
    of_pair = [p for p in looks if pair.start_ns <= p.time <= pair.end_ns]
    for look in reversed(of_pair):
        if float(look.fraction) > 0 or look.move is not None:
            monitors = _monitors(store, look.seq)
            if monitors:
                return Beside(pair, look.time, monitors)
    return Beside(pair, None, ())


def _monitors(store: StoreReader, seq: int) -> tuple[Watched, ...]:
    gone = store.archived()
    if gone is not None and seq <= gone.entries:
        return ()
    document: Any = decode(next(iter(store.entries(seq, seq))).entry)
    found = document["body"]["record"]["facts"]["monitors"]
    return tuple(Watched(str(m["name"]), str(m["level"]), str(m["words"])) for m in found)


def _trials(store: StoreReader, entries: int) -> tuple[Trial, ...]:
    told: dict[tuple[str, str, str], list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for row in store.comparisons():
        if row.seq <= entries:
            for result in row.results:
                told[row.experiment, str(result["champion"]), str(result["challenger"])].append((row.time, result))
    return tuple(_trial(experiment, results) for (experiment, _, _), results in told.items())


def _trial(experiment: str, results: Sequence[tuple[int, Mapping[str, Any]]]) -> Trial:
    times, last = tuple(t for t, _ in results), results[-1][1]

    def line(key: str) -> Line:
        return Line(times, tuple(None if r[key] is None else float(r[key]) for _, r in results))

    return Trial(
        experiment=experiment,
        champion=str(last["champion"]),
        challenger=str(last["challenger"]),
        standing=str(last["standing"]),
        adjusted=float(last["adjusted"]),
        bars=int(last["bars"]),
        trades=float(last["trades"]),
        words=str(last["words"]),
        mean=line("mean_bp"),
        low=line("low_bp"),
        high=line("high_bp"),
    )
