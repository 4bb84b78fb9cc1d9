"""The report of a run, read from its store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from genesis.audit.entry import decode
from genesis.errors import StorageError
from genesis.monitoring.report.assumptions import (
    execution_facts,
    fee_facts,
    limit_facts,
    perpetual_facts,
    realism_facts,
)
from genesis.monitoring.report.evidence import benchmark, cash
from genesis.monitoring.report.ladder_values import Ladder
from genesis.monitoring.report.page import render
from genesis.monitoring.report.values import (
    Benchmark,
    Gap,
    Line,
    RunReport,
    StreamFact,
    TrackReport,
)
from genesis.paper_trading.verdicts import Window
from genesis.storage.address import StoreAddress
from genesis.storage.rows import FillRow
from genesis.storage.sqlite import StoreReader
from genesis.system.cost_reporting import fee_rates, quote_of
from genesis.system.fault_reporting import under_faults
from genesis.system.gatekeeper import criteria_of, decided_last, evidence_of
from genesis.system.ladder_reporting import ladder_of
from genesis.system.track_kinds import besides
from genesis.system.track_reporting import track_report, until_entry


def track_names(store: StoreReader) -> list[str]:
    """Tracks of the run, in the configuration's order.

    Raises:
        StorageError: nothing was started there.
    """
    names = [t.track for t in store.tracks()]
    if not names:
        raise StorageError(f"{store.path}: expected a started run, found no entries")
    return names


def write_report(store_path: StoreAddress, out: Path) -> Path:
    """Write the HTML report of a store.

    Raises:
        StorageError: the store cannot be read, or ``out`` not written.
    """
    with StoreReader(store_path) as store, store.one_view():
        page = render(*_read(store))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise StorageError(
            f"{out}: expected a writable file, found: {found}; check the folder and the room on the disk"
        ) from error
    return out


def read_report(store: StoreReader) -> RunReport:
    """The run as one moment left it: an engine that goes on writing changes nothing in it.

    Raises:
        StorageError: nothing was started there, or it cannot be read.
    """
    return _read(store)[0]


def _read(store: StoreReader) -> tuple[RunReport, Ladder | None]:
    """The run, and its ladder where one was on."""
    names = track_names(store)
    beside = besides(store)
    status = store.status()
    first: Any = decode(next(iter(store.entries(1, 1))).entry)
    body, start = first["body"], int(first["time"])
    window = Window(start, max(start, status.time or start))
    facts = {t.track: t.facts for t in store.tracks()}
    instruments = tuple(dict.fromkeys(str(i) for i in body.get("instruments", ())))
    only = instruments[0].split(" ")[0] if len(instruments) == 1 else None
    criteria, recorded = criteria_of(store)
    statements, decided = evidence_of(store, status.entries), decided_last(store, criteria)
    cut_ns = _cut_ns(store, names)
    tracks: list[TrackReport] = []
    others: list[TrackReport] = []
    disturbed: list[TrackReport] = []
    fills_of_all: list[tuple[FillRow, str]] = []
    for name in names:
        # Live tracks and twins stand beside each other and nowhere else.
        if facts[name].get("of"):
            continue
        fills = until_entry(status.entries, store.fills(name))
        track = track_report(
            store, name, facts[name], window, fills, status.entries, only, statements.get(name), cut_ns
        )
        track = msgspec.structs.replace(track, decided=decided.get(name, ()))
        if "faults" in facts[name]:
            disturbed.append(track)
            continue
        fills_of_all += [(f, quote_of(f, track.currency, track.moneys)) for f in fills]
        (others if name in beside.values() else tracks).append(track)
    gaps = [g for g in store.gaps() if g.seq <= status.entries]
    faulted = {str(s["name"]) for s in body.get("faulted_streams", ())}
    data = sorted({kind for t in tracks for kind in t.data})
    report = RunReport(
        name=str(body["run"]["name"]),
        store=store.path.name if isinstance(store.path, Path) else str(store.path),
        source=str(body.get("source", "replay")),
        entries=status.entries,
        head=status.head,
        about=str(body["run"].get("about", "")),
        seed=str(body["run"]["seed"]),
        sample_every=str(body["run"].get("sample_every", "not recorded")),
        complete=status.complete,
        window=window,
        execution=execution_facts(body.get("execution", {}), data)
        + (realism_facts(body.get("realism", {})) if body["run"].get("realistic", True) else ())
        + fee_facts(body.get("fees"), fee_rates(fills_of_all))
        + perpetual_facts(body.get("perpetuals")),
        limits=limit_facts(body.get("risk", {}), body.get("tiers"), {t.tier for t in tracks}),
        instruments=instruments,
        streams=tuple(
            StreamFact(
                str(s["name"]),
                int(s["rows"]),
                str(s["digest"]),
                bool(s.get("volume", True)),
                tuple((str(r["problem"]), str(r["policy"]), int(r["rows"])) for r in s.get("repaired", ())),
            )
            for s in body.get("streams", ())
        ),
        gaps=tuple(Gap(g.stream, g.time_from, g.time_to, g.detail) for g in gaps if g.stream not in faulted),
        tracks=tuple(tracks),
        beside={t.name: o for t in tracks for o in others if beside.get(t.name) == o.name},
        benchmarks=_benchmarks(tracks, window, cut_ns),
        under_faults=under_faults(store, status.entries, body, facts, [*tracks, *disturbed], gaps),
        criteria=criteria,
        criteria_recorded=recorded,
    )
    return report, ladder_of(store, body, status.entries)


def _cut_ns(store: StoreReader, names: Sequence[str]) -> int | None:
    """End of the bar in which the run began, where no track has a return of it: of all tracks that were there it is the same bar."""
    first = [rows[0] for name in names if (rows := store.evidence(name))]
    end_ns = min((row.time for row in first), default=None)
    return end_ns if all(row.bar_return is None for row in first if row.time == end_ns) else None


def _benchmarks(tracks: Sequence[TrackReport], window: Window, cut_ns: int | None) -> tuple[Benchmark, ...]:
    """Buy and hold, once for all tracks that hold the same, and cash."""
    same: dict[Line, list[str]] = {}
    for track in tracks:
        if track.hold.times:
            same.setdefault(track.hold, []).append(track.name)
    found = []
    for line, names in same.items():
        name = "buy and hold" if len(same) == 1 else f"buy and hold, {names[0]}"
        whole = Window(window.start_ns, line.times[-1])
        found.append(benchmark(name, names if len(same) > 1 else (), line, whole, cut_ns))
    bars = max((t.metrics.whole("evidence_bars") or 0 for t in tracks), default=0)
    return (*found, cash(window, bars))
