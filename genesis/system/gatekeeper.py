"""What stands between a strategy and capital, read from a store: every criterion's verdict, and the evidence. It promotes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from genesis.audit.entry import decode
from genesis.errors import StorageError
from genesis.evidence.families import rejected_by_discovery_rate
from genesis.evidence.looks import looks
from genesis.evidence.overfitting import overfitting_probability
from genesis.evidence.rules import BettingRules
from genesis.evidence.superiority import Superiority, Unavailable, superiority
from genesis.monitoring.report.values import Metrics, measurements_of
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.statement import Statement
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Status, Verdict, Window, overall
from genesis.storage.rows import EvidenceRow, SampleRow
from genesis.storage.sqlite import StoreReader
from genesis.system.elsewhere import Elsewhere
from genesis.system.track_kinds import references

DISCOVERY_RATE = 0.10
_Kind = TypeVar("_Kind")


class _Weighed(msgspec.Struct, frozen=True):
    """What the first entry says of how evidence is weighed."""

    rules: BettingRules


class Gate(msgspec.Struct, frozen=True):
    """A reference track at the gate; ``verdicts`` is empty before its first sample, ``evidence`` ``None`` before its first evidence bar."""

    track: str
    synthetic: bool
    time: int | None
    status: Status | None
    verdicts: tuple[Verdict, ...]
    evidence: Statement | None


class Gatekeeping(msgspec.Struct, frozen=True):
    """All of a run's reference tracks under the criteria it ran under; not ``recorded``: an older store, judged by the defaults.

    ``discovered`` are the tracks that e-BH names at the false discovery rate `DISCOVERY_RATE`; ``overfitting`` is the probability of it (PBO),
    ``None`` where there are too few versions or bars.
    """

    criteria: ValidationCriteria
    recorded: bool
    source: str
    gates: tuple[Gate, ...]
    discovered: tuple[str, ...]
    overfitting: float | None

    @property
    def words(self) -> tuple[str, ...]:
        """What the run's versions show together; nothing where fewer than two gather evidence."""
        tried = sum(g.evidence is not None for g in self.gates)
        if tried < 2:
            return ()
        found = ", ".join(self.discovered) or "none"
        named = f"of the {tried} versions tried, with an edge if {DISCOVERY_RATE:.0%} of those named may be without (e-BH): {found}"
        if self.overfitting is None:
            return (named,)
        luck = f"the best of them in one half of the time is below the median in the other {self.overfitting:.0%} of the time"
        return named, f"{luck} (PBO; of pure luck it is about 50 %)"


def criteria_of(store: StoreReader) -> tuple[ValidationCriteria, bool]:
    """The criteria that the run's first entry holds; the defaults and False where it has none.

    Raises:
        StorageError: they are none that this version knows.
    """
    first = _first(store)
    if "criteria" not in first:
        return ValidationCriteria(), False
    return _as(store, "criteria", first["criteria"], ValidationCriteria), True


def elsewhere_of(store: StoreReader) -> Elsewhere:
    """What else was tried in the account when the run began, as its first entry holds it."""
    return Elsewhere.of(_first(store))


def promotion_of(store: StoreReader) -> PromotionRules:
    """The rules of promotion that the run's first entry holds; the defaults where it has none.

    Raises:
        StorageError: they are none that this version knows.
    """
    first = _first(store)
    return _as(store, "promotion", first["promotion"], PromotionRules) if "promotion" in first else PromotionRules()


def gatekeeping(store: StoreReader) -> Gatekeeping:
    """How every reference track stands.

    Raises:
        StorageError: nothing was started there, or it cannot be read.
    """
    criteria, recorded = criteria_of(store)
    status = store.status()
    start, rows = status.start or 0, _rows(store, status.entries)
    statements = _statements(store, rows, status.entries)
    decided = decided_last(store, criteria)
    gates = [
        _gate(
            t.track,
            t.facts,
            store.latest_sample(t.track),
            start,
            criteria,
            statements.get(t.track),
            decided.get(t.track, ()),
        )
        for t in references(store)
    ]
    names = list(statements)
    named = rejected_by_discovery_rate([statements[n].e_value for n in names], DISCOVERY_RATE)
    source = str(_first(store).get("source", "replay"))
    return Gatekeeping(criteria, recorded, source, tuple(gates), tuple(names[i] for i in named), _overfitting(rows))


def decided_last(store: StoreReader, criteria: ValidationCriteria) -> dict[str, tuple[Verdict, ...]]:
    """By track the verdicts of its last decision, where ``criteria`` ask for anything that no sample holds; else nothing.

    Raises:
        IntegrityError: a decision is none that this version knows.
    """
    found: dict[str, tuple[Verdict, ...]] = {}
    for row in store.last_promotions() if criteria.unsampled else ():
        (entry,) = store.entries(row.seq, row.seq)
        body: Any = decode(entry.entry)["body"]
        found[row.track] = evaluation_of(body["digest"], body["record"]).facts.verdicts
    return found


def evidence_of(store: StoreReader, entries: int) -> dict[str, Statement]:
    """The evidence of every track that gathers any, at its last evidence bar among the first ``entries`` entries.

    Raises:
        StorageError: its rules are none that this version knows.
    """
    return _statements(store, _rows(store, entries), entries)


def superiority_of(store: StoreReader) -> Superiority | Unavailable:
    """Whether any version beats cash, after all that were tried: bootstrap tests of one look, with the run's seed.

    One that never moved is cash itself, and left out.

    Raises:
        StorageError: nothing was started there, or it cannot be read.
    """
    first = _first(store)
    returns = {t: _returns(found) for t, found in _rows(store, store.status().entries).items()}
    returns = {t: column for t, column in returns.items() if any(column)}
    bars = sorted({len(column) for column in returns.values()})
    if len(bars) != 1:
        found = "none" if not bars else f"{bars[0]} to {bars[-1]}"
        return Unavailable(f"needs versions that moved, of equally many evidence bars, found {found}")
    columns = np.array(list(returns.values()), dtype=np.float64).T
    run: Any = first.get("run", {})
    # `arch` takes seeds of 32 bits.
    seed = int(run.get("seed", 0)) % 2**32
    return superiority(columns, np.zeros(bars[0]), list(returns), seed)


def _rows(store: StoreReader, entries: int) -> dict[str, list[EvidenceRow]]:
    """By track, of those that have any."""
    # A live track's evidence is of the venue, not of a candidate.
    candidates = [t.track for t in store.tracks() if not t.facts.get("of")]
    rows = {track: [e for e in store.evidence(track) if e.seq <= entries] for track in candidates}
    return {track: found for track, found in rows.items() if found}


def _overfitting(rows: Mapping[str, Sequence[EvidenceRow]]) -> float | None:
    columns = [_returns(found) for found in rows.values()]
    if len({len(c) for c in columns}) != 1:
        return None
    return overfitting_probability(np.array(columns, dtype=np.float64).T)


def _returns(rows: Sequence[EvidenceRow]) -> list[float]:
    """Of the valid bars."""
    return [e.bar_return for e in rows if e.bar_return is not None]


def _statements(store: StoreReader, rows: Mapping[str, Sequence[EvidenceRow]], entries: int) -> dict[str, Statement]:
    if not rows:
        return {}
    rules = _as(store, "evidence", _first(store).get("evidence"), _Weighed).rules
    returns = {track: _returns(found) for track, found in rows.items()}
    found, family = looks(returns), store.latest_family(entries)
    adjusted: Mapping[str, float] = {} if family is None else family.adjusted
    promotion = promotion_of(store)
    elsewhere = len(elsewhere_of(store).tried)
    last = {p.track: p for p in store.last_promotions()}
    statements = {}
    for track, column in returns.items():
        e = rows[track][-1]
        statements[track] = Statement(
            bars=e.bars,
            warmup_bars=e.warmup_bars,
            moved=sum(1 for x in column if x),
            e_value=e.e_value,
            adjusted=adjusted.get(track),
            family=len(adjusted),
            elsewhere=elsewhere,
            loss_bound=e.loss_bound,
            bound_broken=e.bound_broken,
            deviation=e.deviation,
            sharpe=e.sharpe,
            sharpe_stderr=e.sharpe_stderr,
            sharpe_low=e.sharpe_low,
            sharpe_high=e.sharpe_high,
            source=e.source,
            rules=rules,
            look=found.get(track),
            promotion=promotion,
            attempt=last[track].attempt if track in last else 1,
        )
    return statements


def _gate(
    track: str,
    facts: Mapping[str, Any],
    sample: SampleRow | None,
    start_ns: int,
    criteria: ValidationCriteria,
    evidence: Statement | None,
    decided: tuple[Verdict, ...],
) -> Gate:
    synthetic = bool(facts.get("synthetic", False))
    if sample is None:
        return Gate(track, synthetic, None, None, (), evidence)
    warmup = 0 if evidence is None else evidence.warmup_bars
    measured = measurements_of(Metrics(sample.metrics), Window(start_ns, sample.time), warmup)
    verdicts = criteria.judge_sample(measured, decided)
    return Gate(track, synthetic, sample.time, overall(verdicts), verdicts, evidence)


def _first(store: StoreReader) -> dict[str, Any]:
    """What the run's first entry says.

    Raises:
        StorageError: there is none.
    """
    entry = next(iter(store.entries(1, 1)), None)
    if entry is None:
        raise StorageError(f"{store.path}: expected a started run, found no entries")
    document: Any = decode(entry.entry)
    body: dict[str, Any] = document["body"]
    return body


def _as(store: StoreReader, name: str, value: object, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise StorageError(
            f"{store.path}: {name}: expected what this version of Genesis knows, found: {error}"
        ) from None
