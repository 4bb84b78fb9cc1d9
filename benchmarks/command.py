"""The command line that both entry points share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.engines import Engine
from benchmarks.harness import Measurement, keep, kept, measure, say
from benchmarks.memory import kept_memory
from benchmarks.realism import kept_realism
from benchmarks.recordings import prepare_captures
from benchmarks.report import RESULTS_PAGE, page, section
from benchmarks.workloads import WORKLOADS, DataMissing, prepare


def parser(description: str | None) -> argparse.ArgumentParser:
    """Options: workloads, repetitions, rows, time limit."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--workloads", default=",".join(WORKLOADS), help="names, with commas (default: %(default)s)")
    made.add_argument("--reps", type=int, default=5, help="rounds (default: %(default)s)")
    made.add_argument("--n", type=int, help="take only the first N rows: a smoke run, printed and not kept")
    made.add_argument("--timeout", type=float, default=3_600.0, help="seconds one run may take (default: %(default)s)")
    return made


def run(engines: Sequence[Engine], options: argparse.Namespace, publish: bool = False) -> list[Measurement]:
    """Measure the chosen workloads, one after another, and print the tables of each as it is done.

    Args:
        publish: keep each whole workload as it is done and write `RESULTS_PAGE` from all that are kept.

    Raises:
        DataMissing: a workload is unknown, or its data cannot be made.
    """
    names = options.workloads.split(",")
    for name in names:
        if name not in WORKLOADS:
            raise DataMissing(f"--workloads: expected some of {', '.join(WORKLOADS)}, found {name}")
    prepare()
    done: list[Measurement] = []
    for workload in map(WORKLOADS.__getitem__, names):
        if not workload.path.exists():
            say(f"{workload.name}: not run: expected {workload.file} in the folder of recorded data, found none")
            continue
        if workload.maker is not None:
            prepare_captures()
        done.append(measure(workload, engines, options.reps, options.n, options.timeout))
        print(section(done[-1]) + "\n", flush=True)
        if publish and options.n is None:
            keep(done[-1])
            RESULTS_PAGE.write_text(page(kept(), kept_memory(), kept_realism()))
            say(f"written: benchmarks/{RESULTS_PAGE.name}")
    return done
