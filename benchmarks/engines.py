"""What can be measured: an engine is a driver module, a mode of it, and the environment it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Engine:
    """``environment`` names a folder of `benchmarks.environments`, ``None`` the interpreter that runs the benchmark.

    ``compiled`` runs ours from a copy whose core is compiled (`compile_core`), where there is a compiler.
    ``limits`` gives the rows taken of a workload that would take too long whole; the result says so.
    """

    name: str
    title: str
    module: str
    mode: str
    environment: str | None = None
    compiled: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)

    def rows(self, workload: str, n: int | None) -> int | None:
        """How many rows of the workload this engine runs over, where ``n`` were asked for; ``None`` is all."""
        wanted = [count for count in (n, self.limits.get(workload)) if count is not None]
        return min(wanted, default=None)


OURS = Engine("genesis", "Genesis", "benchmarks.genesis_driver", "plain")
JOURNALLED = Engine("genesis-journal", "Genesis, journal on", "benchmarks.genesis_driver", "journal")
COMPILED = Engine("genesis-compiled", "Genesis, core compiled", "benchmarks.genesis_driver", "plain", compiled=True)
COMPILED_JOURNALLED = Engine(
    "genesis-compiled-journal",
    "Genesis, core compiled, journal on",
    "benchmarks.genesis_driver",
    "journal",
    compiled=True,
)
ALL_OURS = (OURS, JOURNALLED, COMPILED, COMPILED_JOURNALLED)
