"""Resident memory of our engine on W3 as tracks are added."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import linear_regression

import msgspec

from benchmarks.engines import OURS
from benchmarks.harness import RESULTS, Machine, launch, machine, say
from benchmarks.measure import Sample
from benchmarks.workloads import WORKLOADS

TRACKS = (1, 5, 10, 20)
KEPT = "memory.json"


@dataclass(frozen=True)
class Footprint:
    """A sample for each number of tracks."""

    machine: Machine
    samples: dict[int, Sample]


def measure_memory(n: int | None, timeout: float) -> Footprint:
    """Run W3 once for each number of tracks, each in a fresh process.

    Raises:
        NotRun: our engine cannot run.
    """
    samples: dict[int, Sample] = {}
    for tracks in TRACKS:
        samples[tracks] = launch(OURS, WORKLOADS["w3"], n, timeout, variants=tracks)
        say(f"memory: {tracks} tracks, {samples[tracks].rss_after_mb:,.1f} MB resident after the run")
    return Footprint(machine(), samples)


def per_track(footprint: Footprint) -> float | None:
    """MB resident after the run for each further track, by least squares; ``None`` with fewer than two points."""
    if len(footprint.samples) < 2:
        return None
    sizes = [sample.rss_after_mb for sample in footprint.samples.values()]
    return linear_regression(list(footprint.samples), sizes).slope


def keep_memory(footprint: Footprint) -> None:
    """Store it in place of the one before it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / KEPT).write_bytes(msgspec.json.format(msgspec.json.encode(footprint)))


def kept_memory() -> Footprint | None:
    """The stored one, if there is one."""
    path = RESULTS / KEPT
    return msgspec.json.decode(path.read_bytes(), type=Footprint) if path.exists() else None
