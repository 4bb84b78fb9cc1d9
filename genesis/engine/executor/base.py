"""What reaches a venue, as the agenda of a run knows it."""

from __future__ import annotations


class VenueAction:
    """Something that reaches the venue: a new order or a cancel."""

    __slots__ = ("instrument_id", "is_cancel")

    def __init__(self, instrument_id: str, is_cancel: bool) -> None:
        self.instrument_id, self.is_cancel = instrument_id, is_cancel

    def happen(self, time_ns: int) -> None:
        """It reaches the venue, with the market of its instrument brought up to ``time_ns``."""
        raise NotImplementedError
