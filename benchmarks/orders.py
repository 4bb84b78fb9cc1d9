"""A fixed list of orders over the captures, the same for every engine, and what an engine did with each.

An order is sent in the middle of a gap between two messages, so that no engine can see more or less of the tape than another, and
is cancelled `LIFE_NS` later, if it still works. Its moment and its size are keyed draws; its price is set from the book that
stands at that moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.captures import SPOT, USDM_BTC, USDM_ETH, Capture
from benchmarks.workloads import DataMissing, data_folder

FILL_CAPTURES = (SPOT, USDM_BTC, USDM_ETH)
LIFE_NS = 5_000_000_000
KINDS = {
    "market": "market, half of the touch at most",
    "sweep": "market, three times the touch",
    "ioc": "immediate-or-cancel at the other side's touch, twice what it shows",
    "take-and-rest": "limit at the other side's touch, twice what it shows",
    "join": "limit at its own side's touch",
    "join-large": "limit at its own side's touch, as much as it shows",
    "chase": "limit at its own side's touch, in the first gap after the other side retreated",
    "behind": "limit one to five ticks behind its own side's touch",
}


@dataclass(frozen=True)
class Sent:
    """An order: ``side`` +1 buys; ``limit`` in ticks, ``None`` at market; ``sent`` and ``cancelled`` are engine ns."""

    number: int
    kind: str
    side: int
    lots: int
    limit: int | None
    immediate: bool
    sent: int
    cancelled: int


@dataclass(frozen=True)
class Done:
    """What an engine did with an order: its fills as (engine ns, ticks, lots), and how it ended, in the engine's word."""

    number: int
    fills: tuple[tuple[int, int, int], ...]
    ended: str = ""

    @property
    def lots(self) -> int:
        """Lots filled."""
        return sum(lots for _, _, lots in self.fills)

    @property
    def paid(self) -> int:
        """Ticks times lots over all fills: the average price is this over the lots, and equal where both are."""
        return sum(ticks * lots for _, ticks, lots in self.fills)

    @property
    def first(self) -> int | None:
        """When it first filled."""
        return self.fills[0][0] if self.fills else None

    @property
    def last(self) -> int | None:
        """When it last filled."""
        return self.fills[-1][0] if self.fills else None

    def equals(self, other: Done) -> bool:
        """Equal quantity, average price, time of the first and of the last fill; how many parts it came in does not count."""
        return (self.lots, self.paid, self.first, self.last) == (other.lots, other.paid, other.first, other.last)


def orders_file(capture: Capture) -> Path:
    """Where the orders of a capture are kept for the drivers."""
    return data_folder() / f"orders-{capture.name}.json"


def answers_file(capture: Capture, engine: str) -> Path:
    """Where an engine's answers are kept."""
    return data_folder() / f"fills-{capture.name}-{engine}.json"


def write_orders(capture: Capture, orders: Sequence[Sent]) -> None:
    """Keep the orders of a capture."""
    orders_file(capture).write_text(json.dumps([asdict(order) for order in orders]))


def read_orders(capture: Capture) -> list[Sent]:
    """The orders of a capture.

    Raises:
        DataMissing: they have not been made.
    """
    path = orders_file(capture)
    if not path.exists():
        raise DataMissing(f"{capture.name}: expected the prepared file {path.name}, found none")
    return [Sent(**order) for order in json.loads(path.read_text())]


def apart(orders: Sequence[Sent]) -> list[list[Sent]]:
    """The orders in as few lists as it takes for none of a list to work while another one does."""
    lists: list[list[Sent]] = []
    for order in sorted(orders, key=lambda order: order.sent):
        free = next((one for one in lists if one[-1].cancelled < order.sent), None)
        if free is None:
            lists.append([order])
        else:
            free.append(order)
    return lists


def write_answers(capture: Capture, engine: str, done: Iterable[Done]) -> None:
    """Keep what an engine did."""
    answers_file(capture, engine).write_text(json.dumps([asdict(one) for one in done]))


def read_answers(capture: Capture, engine: str) -> dict[int, Done]:
    """What an engine did, by order number."""
    found = json.loads(answers_file(capture, engine).read_text())
    made = [Done(one["number"], tuple(tuple(fill) for fill in one["fills"]), one["ended"]) for one in found]
    return {one.number: one for one in made}
