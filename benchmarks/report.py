"""Measurements as Markdown: the same tables on the screen and in ``benchmarks/RESULTS.md``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from benchmarks.engines import ALL_OURS, COMPILED, COMPILED_JOURNALLED, JOURNALLED, OURS, Engine
from benchmarks.harness import Machine, Measurement
from benchmarks.memory import Footprint, per_track
from benchmarks.realism import PLAIN, REAL, Realism, table
from benchmarks.reference import MEANING, Answer, Convention, answers, explain, tolerance
from benchmarks.workloads import WORKLOADS, DataMissing, Workload

RESULTS_PAGE = Path(__file__).resolve().parent / "RESULTS.md"
QUIET = 0.2
ENOUGH = 5

SPEED = (
    "engine",
    "{unit}/s, median (range)",
    "Genesis to it",
    "journal on",
    "compiled to it",
    "compiled, journal on",
    "peak MB",
    "load s",
    "compile s",
    "others' cores",
    "Python",
)
RESULT = ("engine", "orders", "fills", "P&L {quote}", "less ours", "as the reference does at")

METHOD = f"""\
Every run is a fresh process, and only the run is timed: importing, loading, converting and compiling are reported apart. The engines take
turns, round after round. *Genesis to it* is our rate over theirs within a round, the median over the rounds; *journal on* is the same
with our journal on; *compiled* is the same with the hot part of our core compiled by mypyc (`compile_core.py`; the same source, the same
results). Between 0.77x and 1.3x is a tie. *Peak MB* is the high-water mark of resident memory (MB of 2^20 bytes), data and
imports included. *Others' cores* is how many cores other processes kept busy meanwhile: above {QUIET} a row is less to be trusted.

Orders are what the strategy sent: an engine that sends another number did other work, is marked *not comparable* and gets no ratio. Every
P&L is held against an exact decimal reference under each fill convention listed at the end; *none* says that no convention explains it
to within float rounding and the cutting of fees to 8 decimals. W5 has *no reference*: what a market maker sends hangs on what it was filled,
so orders and P&L differ with how an engine fills (`FILLS.md`); only another result in another round is held against it there."""


@dataclass(frozen=True)
class Verdict:
    """What the reference says about a sample: a reason why it does not compare, and the conventions that give its P&L."""

    objection: str | None
    conventions: str


def page(measurements: Sequence[Measurement], footprint: Footprint | None, realism: Realism | None = None) -> str:
    """The whole of ``RESULTS.md``."""
    parts = ["# Speed and memory", METHOD, *_when(measurements, footprint, realism), _where(measurements)]
    parts += [section(found) for found in measurements]
    if footprint is not None:
        parts.append(memory_section(footprint))
    if realism is not None:
        parts.append(realism_section(realism))
    parts.append(_conventions(measurements))
    return "\n\n".join(parts) + "\n"


def section(found: Measurement) -> str:
    """One workload: its heading, the table of speed, the table of results, and what did not run."""
    workload = WORKLOADS[found.workload]
    rows = "all rows" if found.n is None else f"the first {found.n:,} rows"
    smoke = "" if found.reps >= ENOUGH else f", fewer than {ENOUGH}: a smoke run"
    lines = [f"## {workload.name.upper()}: {workload.title}", ""]
    lines += [f"Rounds: {found.reps}{smoke}; {rows}; commit {found.machine.commit}.", ""]
    ran = [name for name in found.titles if name in found.samples]
    lines += _head([text.format(unit=workload.unit) for text in SPEED])
    lines += [_row(_speed(found, workload, name)) for name in ran]
    lines += ["", *_head([text.format(quote=workload.market.quote) for text in RESULT])]
    lines += [_row(_result(found, workload, name)) for name in ran]
    lines += ["", *(f"- {found.titles[name]}: not run: {why}." for name, why in found.missing.items())]
    return "\n".join(lines).rstrip()


def memory_section(footprint: Footprint) -> str:
    """Resident memory against the number of tracks."""
    lines = ["## Memory: W3 with a growing number of tracks", "", f"Commit {footprint.machine.commit}.", ""]
    lines += _head(["tracks", "resident after the run MB", "peak MB"])
    lines += [_row([str(k), f"{s.rss_after_mb:,.1f}", f"{s.peak_rss_mb:,.1f}"]) for k, s in footprint.samples.items()]
    slope = per_track(footprint)
    lines += [
        "",
        "One track only: no slope."
        if slope is None
        else f"**{slope:,.2f} MB for each further track** (least squares).",
    ]
    return "\n".join(lines)


def realism_section(found: Realism) -> str:
    """Time under the harder profile over time under the given one."""
    rounds = min(len(samples) for by_profile in found.samples.values() for samples in by_profile.values())
    told = f"The profile `{REAL}` beside `{PLAIN}`, our engine interpreted, journal off: {rounds} rounds, commit {found.machine.commit}."
    return "\n".join(["## What realism costs", "", told, "", table(found)])


def judge(found: Measurement, workload: Workload, name: str) -> Verdict:
    """Hold the samples of an engine against the reference over the rows it ran on."""
    samples, rows = found.samples[name], found.rows[name]
    known = _reference(workload.name, rows)
    objection = None
    if len({(sample.orders, sample.fills, sample.pnl) for sample in samples}) > 1:
        objection = "not comparable: other results in other rounds"
    if not known:
        return Verdict(objection, "no reference")
    wanted = next(iter(known.values())).orders
    if rows is None and workload.orders is not None:
        wanted = workload.orders
    if any(sample.orders != wanted for sample in samples):
        objection = f"not comparable: {wanted:,} orders expected"
    return Verdict(objection, _matching(known, samples[-1].pnl))


def _matching(known: dict[Convention, Answer], pnl: float) -> str:
    """The names of the conventions that give this P&L, or how far the nearest is off."""
    same = [c.value for c, answer in known.items() if abs(float(answer.pnl) - pnl) <= tolerance(answer)]
    if same:
        return " = ".join(same)
    nearest, off = explain(known, pnl)
    return f"none; {off:+,.4f} off {nearest.value}"


@cache
def _reference(workload: str, rows: int | None) -> dict[Convention, Answer]:
    try:
        return answers(WORKLOADS[workload], rows)
    except DataMissing:
        return {}


def _speed(found: Measurement, workload: Workload, name: str) -> list[str]:
    samples = found.samples[name]
    rates = [sample.rate for sample in samples]
    others = median(sample.others for sample in samples)
    objection = judge(found, workload, name).objection
    return [
        _title(found, name),
        f"{median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})",
        objection or _ratio(found, OURS, name),
        *("" if objection else _ratio(found, ours, name) for ours in (JOURNALLED, COMPILED, COMPILED_JOURNALLED)),
        f"{median(sample.peak_rss_mb for sample in samples):,.0f}",
        f"{median(sample.load_seconds for sample in samples):.1f}",
        f"{median(sample.compile_seconds for sample in samples):.1f}",
        f"{others:.1f}" + (" (busy)" if others > QUIET else ""),
        samples[-1].python,
    ]


def _result(found: Measurement, workload: Workload, name: str) -> list[str]:
    last, ours = found.samples[name][-1], found.samples.get(OURS.name)
    places = max(4, workload.market.price_decimals)
    beside = ours and name != OURS.name and found.rows[name] == found.rows[OURS.name]
    return [
        _title(found, name),
        f"{last.orders:,}",
        f"{last.fills:,}",
        f"{last.pnl:,.{places}f}",
        f"{round(last.pnl - ours[-1].pnl, places) + 0.0:+,.{places}f}" if ours and beside else "",
        judge(found, workload, name).conventions,
    ]


def _title(found: Measurement, name: str) -> str:
    limited = found.rows[name] != found.n
    return found.titles[name] + (f", first {found.rows[name]:,} rows" if limited else "")


def _ratio(found: Measurement, ours: Engine, name: str) -> str:
    """Our rate over theirs, round by round; empty where the one or the other is ours or did not run."""
    mine = found.samples.get(ours.name)
    if mine is None or name in {engine.name for engine in ALL_OURS}:
        return ""
    return f"{median(a.rate / b.rate for a, b in zip(mine, found.samples[name], strict=False)):,.3g}x"


def _when(measurements: Sequence[Measurement], footprint: Footprint | None, realism: Realism | None) -> list[str]:
    """Said where what stands on the page was measured at several commits."""
    beside = [found.machine.commit for found in (footprint, realism) if found is not None]
    several = len({found.machine.commit for found in measurements} | set(beside)) > 1
    return ["Sections were measured at different commits; each names its own."] if several else []


def _where(measurements: Sequence[Measurement]) -> str:
    machines = {_facts(found.machine) for found in measurements}
    return "\n".join(f"Machine: {facts}." for facts in sorted(machines))


def _facts(machine: Machine) -> str:
    return f"{machine.processor}, {machine.cores} cores, {machine.memory_gb} GiB, {machine.system}"


def _conventions(measurements: Sequence[Measurement]) -> str:
    """What each convention means, and what the reference gives under it."""
    lines = ["## Fill conventions", ""]
    lines += [f"- **{convention.value}**: {meaning}." for convention, meaning in MEANING.items()]
    lines += ["", *_head(["workload", "convention", "orders", "fills", "fees", "P&L"])]
    for found in measurements:
        for convention, answer in _reference(found.workload, found.n).items():
            places = max(4, WORKLOADS[found.workload].market.price_decimals)
            money = [f"{answer.fees:,.{places}f}", f"{answer.pnl:,.{places}f}"]
            lines.append(_row([found.workload, convention.value, f"{answer.orders:,}", f"{answer.fills:,}", *money]))
    return "\n".join(lines)


def _head(names: Sequence[str]) -> list[str]:
    return [_row(names), _row(["---"] + ["---:"] * (len(names) - 1))]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
