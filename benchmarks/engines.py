"""What can be measured: an engine is a driver module, a mode of it, and the environment it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Engine:
    """``environment`` names a folder of `benchmarks.environments`, ``None`` the interpreter that runs the benchmark.

    ``compiled`` runs ours from a copy whose core is compiled (`compile_core`), where there is a compiler.
    ``limits`` gives the rows taken of a workload that would take too long whole; the result says so. ``book_module`` is the driver for
    workloads over order books, for the models of the queue in ``queues``; without them, ``no_book`` says why there is none.
    """

    name: str
    title: str
    module: str
    mode: str
    environment: str | None = None
    compiled: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    book_module: str = ""
    queues: tuple[str, ...] = ()
    no_book: str = "keeps no order book, so no order of it waits in a queue"

    def rows(self, workload: str, n: int | None) -> int | None:
        """How many rows of the workload this engine runs over, where ``n`` were asked for; ``None`` is all."""
        wanted = [count for count in (n, self.limits.get(workload)) if count is not None]
        return min(wanted, default=None)

    def driver(self, queue: str | None) -> str:
        """The module that runs a workload: one over order books names the model of its queue.

        Raises:
            LookupError: the engine cannot; the message is the reason.
        """
        if queue is None:
            return self.module
        if not self.book_module:
            raise LookupError(self.no_book)
        if queue not in self.queues:
            raise LookupError(f"knows the queue {' and '.join(self.queues)}, and not {queue}")
        return self.book_module


def _ours(name: str, title: str, mode: str, compiled: bool) -> Engine:
    return Engine(
        name,
        title,
        "benchmarks.genesis_driver",
        mode,
        compiled=compiled,
        book_module="benchmarks.genesis_maker",
        queues=("risk_averse", "power3"),
    )


OURS = _ours("genesis", "Genesis", "plain", compiled=False)
JOURNALLED = _ours("genesis-journal", "Genesis, journal on", "journal", compiled=False)
COMPILED = _ours("genesis-compiled", "Genesis, core compiled", "plain", compiled=True)
COMPILED_JOURNALLED = _ours("genesis-compiled-journal", "Genesis, core compiled, journal on", "journal", compiled=True)
ALL_OURS = (OURS, JOURNALLED, COMPILED, COMPILED_JOURNALLED)
