"""What a track has before it: arrivals at the venue, answers, timers, the next hour; ordered by (time, rank, sequence)."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, TypeAlias

from genesis.engine.executor.base import VenueAction
from genesis.model.events import OrderEvent, OrderFilled

if TYPE_CHECKING:
    from genesis.engine.margin import Settlement

FAR = 2**63


class Rank:
    """The order of things at one instant: market data first, then what reaches the venue, then what comes back, then marks.

    A venue judges margins by the rows it has just shown, and settles funding on the positions that the moment leaves.
    """

    BOUNDARY: Final = 0
    TIMER: Final = 1
    ROW: Final = 2
    BAR: Final = 3
    LIQUIDATION: Final = 4
    CANCEL: Final = 5
    ORDER: Final = 6
    ANSWER: Final = 7
    FUNDING: Final = 8
    HOUR: Final = 9


class Timer:
    """A strategy's timer."""

    __slots__ = ("every_ns", "name")

    def __init__(self, name: str, every_ns: int | None) -> None:
        self.name, self.every_ns = name, every_ns


class Hour:
    """A full hour of engine time, or the part of one after which a monitor looks."""


class FlattenAgain:
    """Risk looks again whether what it wanted closed is closed; where it wanted nothing the track is merely there."""


Item: TypeAlias = "Timer | Hour | FlattenAgain | VenueAction | OrderEvent | Settlement"


class TrackAgenda:
    """A heap with the track's present. ``rank`` is what is being handled now; ``stirred`` that something was added since it was cleared."""

    __slots__ = ("_heap", "_seq", "now", "rank", "stirred")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Item]] = []
        self._seq = 0
        self.now = 0
        self.rank: int = Rank.BOUNDARY
        self.stirred = False

    def add(self, time_ns: int, rank: int, item: Item) -> None:
        """Put an item down; nothing is ever due in the past."""
        self._seq += 1
        heappush(self._heap, (time_ns if time_ns > self.now else self.now, rank, self._seq, item))
        self.stirred = True

    def arrive(self, time_ns: int, action: VenueAction) -> None:
        """A cancel or an order reaches the venue; cancels first, so that an amendment never fills twice."""
        self.add(time_ns, Rank.CANCEL if action.is_cancel else Rank.ORDER, action)

    def notify(self, time_ns: int, event: OrderEvent) -> None:
        """An answer is heard at its time."""
        self.add(time_ns, Rank.ANSWER, event)

    def next_key(self) -> tuple[int, int]:
        """(time, rank) of the next item; far away when there is none."""
        if not self._heap:
            return FAR, 0
        first = self._heap[0]
        return first[0], first[1]

    def fills_heard_at(self, instrument_id: str, time_ns: int) -> int:
        """When the last fill of an instrument that happened by ``time_ns`` is heard; 0 when all of them have been."""
        return max(
            (
                item[0]
                for item in self._heap
                if isinstance(item[3], OrderFilled)
                and item[3].time_event <= time_ns
                and item[3].order.intent.instrument.id == instrument_id
            ),
            default=0,
        )

    def timers(self) -> list[tuple[int, Timer]]:
        """A strategy's timers and when each is due, in the order in which they fire."""
        return [(item[0], item[3]) for item in sorted(self._heap, key=_place) if isinstance(item[3], Timer)]

    def pop(self) -> Item:
        """Take the next item and make its moment the present."""
        time_ns, rank, _, item = heappop(self._heap)
        self.now, self.rank = time_ns, rank
        return item


def _place(item: tuple[int, int, int, Item]) -> tuple[int, int, int]:
    return item[:3]
