"""What realism costs: the profile ``realistic`` beside ``spec``, on W1 and W4 (``python -m benchmarks.realism``). Prints; keeps nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.engines import OURS
from benchmarks.environments import NotRun
from benchmarks.harness import launch, say
from benchmarks.measure import Sample
from benchmarks.workloads import WORKLOADS, DataMissing, prepare

MEASURED = ("w1", "w4")
PLAIN, REAL = "spec", "realistic"


def cost(plain: Sequence[Sample], real: Sequence[Sample]) -> list[float]:
    """Time under ``realistic`` over time under ``spec``, round by round."""
    return [b.seconds / a.seconds for a, b in zip(plain, real, strict=True)]


def table(measured: Mapping[str, Mapping[str, Sequence[Sample]]]) -> str:
    """The ratio of every workload, by profile and round."""
    lines = [
        f"| workload | {PLAIN} a second | {REAL} a second | {REAL} time over {PLAIN}, median (range) | others' cores |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, samples in measured.items():
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
    print(table(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
