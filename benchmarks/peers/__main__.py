"""Ours beside the peers: ``python -m benchmarks.peers --install``, then ``python -m benchmarks.peers`` (``make bench-peers``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.command import parser, run
from benchmarks.engines import ALL_OURS, Engine
from benchmarks.environments import ENVIRONMENTS, NotRun
from benchmarks.harness import say
from benchmarks.peers import IDLE, PEERS
from benchmarks.workloads import DataMissing

CHOICES = {engine.name: engine for engine in (*ALL_OURS, *PEERS, *IDLE)}


def main() -> int:
    """Install, or measure and write the page; a peer that cannot run is reported, not an error."""
    options = _options()
    engines = _chosen(options.peers)
    if options.install:
        install(engines)
        return 0
    try:
        run(engines, options, publish=True)
    except DataMissing as error:
        say(str(error))
        return 1
    return 0


def install(engines: Sequence[Engine]) -> None:
    """Create the environments of these engines; what fails is said and remembered as the reason why it is not run."""
    for name in dict.fromkeys(engine.environment for engine in engines if engine.environment):
        try:
            ENVIRONMENTS[name].install()
        except NotRun as reason:
            say(f"{name}: {reason}")
        else:
            say(f"{name}: {ENVIRONMENTS[name].version} installed")


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--install", action="store_true", help="create the peers' environments and end")
    peers = ",".join(engine.name for engine in PEERS)
    made.add_argument(
        "--peers",
        default=peers,
        help=f"names, with commas, also {', '.join(e.name for e in IDLE)} (default: %(default)s)",
    )
    return made.parse_args()


def _chosen(names: str) -> list[Engine]:
    """Ours first, then the named peers."""
    unknown = sorted(set(names.split(",")) - set(CHOICES))
    if unknown:
        raise SystemExit(f"--peers: expected some of {', '.join(CHOICES)}, found {', '.join(unknown)}")
    wanted = dict.fromkeys((*(engine.name for engine in ALL_OURS), *names.split(",")))
    return [CHOICES[name] for name in wanted]


if __name__ == "__main__":
    sys.exit(main())
