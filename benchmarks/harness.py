"""Runs drivers in fresh processes, engine after engine in rounds, and keeps what they measured.

In rounds, because a machine slows down and recovers over minutes: what engines did in one round is compared, and a slow minute
meets all of them. Measurements of whole workloads are kept under ``benchmarks/.data/results``; `benchmarks.report` reads them.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.engines import Engine
from benchmarks.environments import ENVIRONMENTS, CompiledCopy, NotRun
from benchmarks.measure import Sample, parsed
from benchmarks.workloads import ROOT, WORKLOADS, Workload

RESULTS = Path(__file__).resolve().parent / ".data" / "results"


@dataclass(frozen=True)
class Machine:
    """Where something was measured."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    commit: str


@dataclass
class Measurement:
    """One workload: the samples of each engine, one a round, or why it has none; ``rows`` and ``n`` are ``None`` for all rows."""

    workload: str
    n: int | None
    reps: int
    machine: Machine
    titles: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int | None] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def measure(workload: Workload, engines: Sequence[Engine], reps: int, n: int | None, timeout: float) -> Measurement:
    """Run every engine once a round for ``reps`` rounds; an engine that fails is not run again.

    Args:
        n: rows to take, all by default.
        timeout: seconds that one run may take.
    """
    found = Measurement(workload.name, n, reps, machine())
    found.titles = {engine.name: title(engine) for engine in engines}
    found.rows = {engine.name: engine.rows(workload.name, n) for engine in engines}
    for turn in range(reps):
        for engine in engines:
            if engine.name not in found.missing:
                _one(found, engine, workload, turn, timeout)
    return found


def _one(found: Measurement, engine: Engine, workload: Workload, turn: int, timeout: float) -> None:
    label = f"{workload.name} round {turn + 1}/{found.reps} {engine.name}"
    try:
        sample = launch(engine, workload, found.rows[engine.name], timeout)
    except NotRun as reason:
        found.missing[engine.name] = str(reason)
        found.samples.pop(engine.name, None)
        say(f"{label}: not run: {reason}")
        return
    found.samples.setdefault(engine.name, []).append(sample)
    say(f"{label}: {sample.rate:,.0f} {workload.unit}/s")


def launch(
    engine: Engine,
    workload: Workload,
    n: int | None,
    timeout: float,
    variants: int | None = None,
    profile: str | None = None,
) -> Sample:
    """One run in a fresh process. ``profile`` names other assumptions of execution than the benchmark's own (ours alone has any).

    Raises:
        NotRun: the engine cannot run here, failed, took too long, or is of another release than is pinned.
    """
    try:
        module = engine.driver(workload.maker.queue if workload.maker else None)
    except LookupError as reason:
        raise NotRun(str(reason)) from None
    command = [str(_interpreter(engine)), "-m", module, workload.name, "--mode", engine.mode]
    command += ["--n", str(n)] if n is not None else []
    command += ["--variants", str(variants)] if variants is not None else []
    command += ["--profile", profile] if profile is not None else []
    try:
        folder = CompiledCopy().working_folder() if engine.compiled else ROOT
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise NotRun(f"took longer than {timeout:,.0f} s") from None
    sample = parsed(done.stdout)
    if done.returncode or sample is None:
        raise NotRun(_reason(done, command[0]))
    if engine.environment and sample.version != ENVIRONMENTS[engine.environment].version:
        raise NotRun(f"expected release {ENVIRONMENTS[engine.environment].version}, found {sample.version}")
    return sample


def _interpreter(engine: Engine) -> Path:
    return ENVIRONMENTS[engine.environment].interpreter() if engine.environment else Path(sys.executable)


def _reason(done: subprocess.CompletedProcess[str], python: str) -> str:
    """The last line that the process complained with, without the place it is installed in."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].replace(f"{python}: ", "") if lines else f"ended with code {done.returncode} and no result"


def title(engine: Engine) -> str:
    """What the engine is called in a table: with its release, where that is pinned."""
    return f"{engine.title} {ENVIRONMENTS[engine.environment].version}" if engine.environment else engine.title


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


# ---- where it ran


def machine() -> Machine:
    """This machine, the Python that runs the benchmark, and the commit that is checked out."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = f"{platform.system()} {platform.release()}"
    return Machine(
        _processor(), os.cpu_count() or 0, round(memory / 2**30), system, platform.python_version(), _commit()
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _commit() -> str:
    commit, changes = _git("rev-parse", "--short", "HEAD"), _git(*_STATUS)
    if not commit:
        return "unknown"
    return f"{commit} with changes" if changes else commit


# The pages of results are what a measurement changes.
_PAGES = (":(exclude)benchmarks/RESULTS.md", ":(exclude)benchmarks/FIDELITY.md")
_STATUS = ("status", "--porcelain", "--", "genesis", "benchmarks", "compile_core.py", *_PAGES)


def _git(*words: str) -> str:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


# ---- keeping it


def keep(found: Measurement) -> None:
    """Store a measurement of a whole workload in place of the one before it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{found.workload}.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def kept() -> list[Measurement]:
    """The stored measurements, in the order in which the workloads are listed."""
    paths = [RESULTS / f"{name}.json" for name in WORKLOADS]
    return [msgspec.json.decode(path.read_bytes(), type=Measurement) for path in paths if path.exists()]
