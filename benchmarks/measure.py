"""The driver's side of a measurement: what to run, the clock around the run, and the one line that carries the result.

A driver is a module run in a fresh process as ``python -m MODULE WORKLOAD [--mode M] [--n N] [--variants K]``. It loads, converts
and compiles first, runs once inside `Stopwatch`, and ends by calling `Stopwatch.report`, which prints `MARK` and a JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.workloads import WORKLOADS, Workload, workload_named

MARK = "@@RESULT "


@dataclass(frozen=True)
class Job:
    """One run: ``mode`` is the driver's own word, ``fasts`` the variants to run, ``n`` the rows to take (all by default).

    ``profile`` names the assumptions of execution, where the driver has more than one set; ``None`` is the benchmark's own.
    """

    workload: Workload
    mode: str
    n: int | None
    fasts: tuple[int, ...]
    profile: str | None = None


@dataclass(frozen=True)
class Sample:
    """What one run measured. Seconds are wall clock; sizes are MB of 2^20 bytes; ``pnl`` is in quote currency.

    ``others`` is how many cores everybody else kept busy meanwhile. ``orders`` counts what the strategy sent, ``fills`` what came back.
    """

    version: str
    python: str
    workload: str
    events: int
    seconds: float
    cpu_seconds: float
    load_seconds: float
    compile_seconds: float
    rss_before_mb: float
    rss_after_mb: float
    peak_rss_mb: float
    others: float
    orders: int
    fills: int
    position: float
    pnl: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


@dataclass(frozen=True)
class Outcome:
    """What the engine says it did: orders sent, fills received, base currency held, P&L marked at the last price."""

    orders: int
    fills: int
    position: float
    pnl: float


def job(description: str | None, *modes: str, has_profiles: bool = False) -> Job:
    """Parse the command line of a driver; the first mode is the default. ``has_profiles`` adds the option ``--profile``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--mode", choices=modes, default=modes[0])
    parser.add_argument("--n", type=int, help="take only the first N rows")
    parser.add_argument("--variants", type=int, help="run only the first K variants")
    if has_profiles:
        parser.add_argument("--profile", help="the assumptions of execution (default: the benchmark's own)")
    given = parser.parse_args()
    workload = workload_named(given.workload)
    profile = given.profile if has_profiles else None
    return Job(workload, given.mode, given.n, workload.fasts[: given.variants], profile)


class Stopwatch:
    """Wall and processor time of the block it surrounds, memory before and after it, and the load by others."""

    def __init__(self, job: Job, distribution: str) -> None:
        self._job, self._distribution = job, distribution
        self._born = time.perf_counter()
        self.load_seconds = self.compile_seconds = 0.0

    def loaded(self) -> None:
        """Say that loading and converting the data is over; what follows up to the block is compilation."""
        self.load_seconds = time.perf_counter() - self._born

    def __enter__(self) -> Stopwatch:
        gc.collect()
        if not self.load_seconds:
            self.loaded()
        self.compile_seconds = time.perf_counter() - self._born - self.load_seconds
        self._rss_before = _status_mb("VmRSS")
        self._busy, self._cpu, self._wall = _machine_seconds(), _own_seconds(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.cpu_seconds = _own_seconds() - self._cpu
        others = _machine_seconds() - self._busy - self.cpu_seconds
        self._others = max(0.0, others) / max(self.seconds, 1e-9)
        self._rss_after, self._peak = _status_mb("VmRSS"), _status_mb("VmHWM")

    def report(self, events: int, outcome: Outcome) -> None:
        """Print the line that the harness reads; ``events`` are rows, or rows times variants."""
        sample = Sample(
            version=version(self._distribution),
            python=platform.python_version(),
            workload=self._job.workload.name,
            events=events,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            load_seconds=self.load_seconds,
            compile_seconds=self.compile_seconds,
            rss_before_mb=self._rss_before,
            rss_after_mb=self._rss_after,
            peak_rss_mb=self._peak,
            others=self._others,
            **asdict(outcome),
        )
        print("\n" + MARK + json.dumps(asdict(sample), default=float), flush=True)


def parsed(output: str) -> Sample | None:
    """The sample in a driver's output, or ``None`` where it printed none."""
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    return Sample(**json.loads(lines[-1].removeprefix(MARK))) if lines else None


def _status_mb(field: str) -> float:
    """A size of this process. VmHWM is its own peak: unlike ru_maxrss it does not inherit the launcher's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def _own_seconds() -> float:
    """Processor time of this process and its ended children."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _machine_seconds() -> float:
    """Processor time that the whole machine has spent busy, all cores and all processes."""
    ticks = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return float(sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")
