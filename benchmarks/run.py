"""Our own speed and memory: ``python -m benchmarks.run`` (``make bench``). Prints; the page is written with the peers."""

from __future__ import annotations

import sys

from benchmarks.command import parser, run
from benchmarks.engines import ALL_OURS
from benchmarks.environments import NotRun
from benchmarks.harness import say
from benchmarks.memory import keep_memory, measure_memory
from benchmarks.report import memory_section
from benchmarks.workloads import DataMissing


def main() -> int:
    """Measure, with the journal off and on; 0 where everything ran, 1 where not."""
    options_of = parser(__doc__)
    options_of.add_argument("--memory", action="store_true", help="also measure memory for each further track on W3")
    options = options_of.parse_args()
    try:
        done = run(ALL_OURS, options)
        if options.memory:
            footprint = measure_memory(options.n, options.timeout)
            print(memory_section(footprint))
            if options.n is None:
                keep_memory(footprint)
    except (DataMissing, NotRun) as error:
        say(str(error))
        return 1
    missing = {name for found in done for name in found.missing}
    # Without a compiler there is no compiled copy, and that is no failure.
    return 1 if missing - {engine.name for engine in ALL_OURS if engine.compiled} else 0


if __name__ == "__main__":
    sys.exit(main())
