"""How many rows the next batch has, for a signal waits for its end; and when what was written becomes durable."""

from __future__ import annotations

from collections.abc import Callable

# What a batch may take, in seconds. A strategy that does little reaches `MOST_ROWS` long before; one that works a second at every row gets one row.
AIM_S = 0.25
FIRST_ROWS, MOST_ROWS = 256, 8_192
_GROWTH = 2.0


class Pace:
    """Called for the size of each batch, by a feed that hands one over and goes on when it was taken.

    A batch is as many times larger than the last as `AIM_S` is longer than what that took, at most twice, and at least one row. So a batch takes about `AIM_S` while
    rows cost what they cost just before. The one in which they become dearer takes longer: at most `MOST_ROWS` rows at the new cost; the next is cut to size at once. No
    entry depends on it: however the tape is cut, the run is the same.

    Batches that take less are made durable together, about every `AIM_S`: a disk takes as long for a few entries as for some thousand.

    Args:
        elapsed_s: seconds on a clock that never steps back.
    """

    def __init__(self, elapsed_s: Callable[[], float]) -> None:
        self._elapsed_s = elapsed_s
        self._rows = 0
        self._since = 0.0
        self._committed = elapsed_s()

    def __call__(self) -> int:
        """Rows of the next batch; the last one is over."""
        now = self._elapsed_s()
        if self._rows:
            took = now - self._since
            growth = _GROWTH if took * _GROWTH <= AIM_S else AIM_S / took
            self._rows = max(1, min(MOST_ROWS, int(self._rows * growth)))
        else:
            self._rows = FIRST_ROWS
        self._since = now
        return self._rows

    def is_due(self) -> bool:
        """Whether what was written is to be made durable now."""
        now = self._elapsed_s()
        due = now - self._committed >= AIM_S
        if due:
            self._committed = now
        return due
