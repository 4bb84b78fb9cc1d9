"""When the capital ladder looks: as an evidence bar closes, and between bars where a person calls or a flattening waits for fresh prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.inbox import Inbox, NoInbox
from genesis.paper_trading.promotion_facts import Asked


class Looks:
    """The moments of a ladder's looks, and the inbox that is asked at them.

    Args:
        start_ns: engine time at which the evaluation begins.
    """

    # Whom it asks is told anew by every process.
    made_anew: ClassVar[Mapping[str, object]] = {"inbox": NoInbox()}

    def __init__(self, start_ns: int) -> None:
        self.inbox: Inbox = NoInbox()
        self._bar_ns = (start_ns // EVIDENCE_BAR_NS + 1) * EVIDENCE_BAR_NS
        self._again_ns: int | None = None
        self._last_ns = start_ns

    def next_before(self, closed_before: int) -> int | None:
        """Engine time of the next look; ``None`` where there is none before ``closed_before``."""
        due = self._bar_ns if self._again_ns is None else min(self._bar_ns, self._again_ns)
        told = self.inbox.recorded_after(self._last_ns)
        # What was answered at the very end of a stretch was heard when the next one began.
        if told is not None and told < closed_before - 1:
            due = min(due, told)
        return due if due < closed_before else None

    def is_called(self, time_ns: int) -> bool:
        """Whether a person wants something that cannot wait, or did when the run was made; a moment that was looked at is over."""
        if time_ns <= self._last_ns:
            return False
        return self.inbox.recorded_after(self._last_ns) == time_ns or self.inbox.is_urgent(time_ns)

    def begin(self, time_ns: int) -> bool:
        """Look at ``time_ns``: whether an evidence bar closes there."""
        self._last_ns = time_ns
        if time_ns < self._bar_ns:
            return False
        self._bar_ns = time_ns + EVIDENCE_BAR_NS
        return True

    def begin_at_end(self, time_ns: int) -> Sequence[Asked]:
        """Look at ``time_ns``, at which the tape ends, if anything is to be answered there: that; nothing where the moment was looked at."""
        asked = self.inbox.at_end(time_ns) if time_ns > self._last_ns else ()
        if asked:
            self._last_ns = time_ns
        return asked

    def again_at(self, time_ns: int | None) -> None:
        """Look then, if no bar closes before; ``None``: there is nothing to wait for."""
        self._again_ns = time_ns
