"""Where persons leave what they want of versions, as the capital ladder asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from genesis.paper_trading.promotion_facts import Asked


class Inbox(Protocol):
    """What persons want: at an evidence bar and at the tape's end all that waits, between bars what stops or takes away."""

    def at_bar(self, time_ns: int) -> Sequence[Asked]: ...

    def at_once(self, time_ns: int) -> Sequence[Asked]: ...

    def at_end(self, time_ns: int) -> Sequence[Asked]: ...

    def is_urgent(self, time_ns: int) -> bool:
        """Whether anything that was not answered before waits for `at_once`."""
        ...

    def recorded_after(self, time_ns: int) -> int | None:
        """When something was answered next, where a run is made again; ``None`` beyond the record."""
        ...


class NoInbox:
    """Nobody wants anything."""

    def at_bar(self, time_ns: int) -> Sequence[Asked]:
        """Nothing."""
        return ()

    def at_once(self, time_ns: int) -> Sequence[Asked]:
        """Nothing."""
        return ()

    def at_end(self, time_ns: int) -> Sequence[Asked]:
        """Nothing."""
        return ()

    def is_urgent(self, time_ns: int) -> bool:
        """It is not."""
        return False

    def recorded_after(self, time_ns: int) -> int | None:
        """Never."""
        return None
