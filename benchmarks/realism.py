"""What realism costs: the profile ``realistic`` beside ``spec``, on W1 and W4 (``python -m benchmarks.realism``). Over all rows it is kept, and told in ``RESULTS.md``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from benchmarks.engines import OURS
from benchmarks.environments import NotRun
from benchmarks.harness import RESULTS, Machine, launch, machine, say
from benchmarks.measure import Sample
from benchmarks.workloads import WORKLOADS, DataMissing, prepare

MEASURED = ("w1", "w4")
PLAIN, REAL = "spec", "realistic"
KEPT = "realism.json"


@dataclass(frozen=True)
class Realism:
    """Samples by workload and profile, one a round."""

    machine: Machine
    samples: dict[str, dict[str, list[Sample]]]


def cost(plain: Sequence[Sample], real: Sequence[Sample]) -> list[float]:
    """Time under ``realistic`` over time under ``spec``, round by round."""
    return [b.seconds / a.seconds for a, b in zip(plain, real, strict=True)]


def keep_realism(found: Realism) -> None:
    """Store it in place of the one before it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / KEPT).write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def kept_realism() -> Realism | None:
    """The stored one, if there is one."""
    path = RESULTS / KEPT
    return msgspec.json.decode(path.read_bytes(), type=Realism) if path.exists() else None


def table(found: Realism) -> str:
    """The ratio of every workload, by profile and round."""
    lines = [
        f"| workload | {PLAIN} a second | {REAL} a second | {REAL} time over {PLAIN}, median (range) | others' cores |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, samples in found.samples.items():
        ratios = cost(samples[PLAIN], samples[REAL])
        rates = [f"{median(one.rate for one in samples[profile]):,.0f}" for profile in (PLAIN, REAL)]
        busy = median(one.others for profile in (PLAIN, REAL) for one in samples[profile])
        span = f"{median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(f"| {name} | {rates[0]} {WORKLOADS[name].unit} | {rates[1]} | {span} | {busy:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Measure in rounds; 1 where a profile is unknown or a run failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reps", type=int, default=5, help="rounds (default: %(default)s)")
    options.add_argument("--n", type=int, help="take only the first N rows")
    options.add_argument("--timeout", type=float, default=3_600.0, help="seconds one run may take")
    given = options.parse_args()
    measured: dict[str, dict[str, list[Sample]]] = {}
    try:
        prepare()
        for name in MEASURED:
            samples = measured.setdefault(name, {PLAIN: [], REAL: []})
            for turn in range(given.reps):
                for profile in (PLAIN, REAL):
                    one = launch(OURS, WORKLOADS[name], given.n, given.timeout, profile=profile)
                    samples[profile].append(one)
                    say(f"{name} round {turn + 1}/{given.reps} {profile}: {one.rate:,.0f} {WORKLOADS[name].unit}/s")
    except (DataMissing, NotRun) as error:
        say(str(error))
        return 1
    found = Realism(machine(), measured)
    print(table(found))
    if given.n is None:
        keep_realism(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
