"""Our own speed and memory: ``python -m benchmarks.run`` (``make bench``). Prints; the page is written with the peers."""

from __future__ import annotations

import sys

from benchmarks.command import parser, run
from benchmarks.engines import JOURNALLED, OURS
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
        done = run((OURS, JOURNALLED), options)
        if options.memory:
            footprint = measure_memory(options.n, options.timeout)
            print(memory_section(footprint))
            if options.n is None:
                keep_memory(footprint)
    except (DataMissing, NotRun) as error:
        say(str(error))
        return 1
    return 1 if any(found.missing for found in done) else 0


if __name__ == "__main__":
    sys.exit(main())
