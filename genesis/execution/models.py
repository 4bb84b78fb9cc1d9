"""The assumptions of one venue about one instrument, as the matcher asks for them."""

from __future__ import annotations

from genesis.execution.impact import SquareRootImpact
from genesis.execution.shown import Conditions


class VenueModels:
    """What a matcher assumes beyond what is displayed.

    ``prints_share`` and ``bar_share`` are (numerator, denominator) caps on what one order takes of a print or a bar (``None``: no cap);
    ``queue`` and ``queue_n`` name the queue model; ``only_through`` lets prints at an order's own price fill nothing where no queue is displayed,
    else ``prints_ahead`` typical prints stand before it; ``estimate_spread`` asks the conditions for one where none is shown; ``impact`` is ``None`` where own orders move nothing.
    """

    __slots__ = (
        "bar_share",
        "conditions",
        "estimate_spread",
        "impact",
        "only_through",
        "prints_ahead",
        "prints_share",
        "queue",
        "queue_n",
    )

    def __init__(
        self,
        conditions: Conditions,
        prints_share: tuple[int, int],
        bar_share: tuple[int, int] | None,
        queue: str,
        queue_n: int,
        prints_ahead: int,
        only_through: bool,
        estimate_spread: bool,
        impact: SquareRootImpact | None,
    ) -> None:
        self.conditions = conditions
        self.prints_share, self.bar_share = prints_share, bar_share
        self.queue, self.queue_n = queue, queue_n
        self.prints_ahead, self.only_through = prints_ahead, only_through
        self.estimate_spread = estimate_spread
        self.impact = impact

    def of_print(self, left: int) -> int:
        """How much one order takes of the ``left`` lots of a print: its share, at least a lot."""
        top, bottom = self.prints_share
        return max(1, left * top // bottom) if left > 0 else 0
