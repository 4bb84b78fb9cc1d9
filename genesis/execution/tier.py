"""The words of a fill: which data made it, how far it is to be believed, what an order waits for."""

from __future__ import annotations

from genesis.model.orders import Word


class Tier(Word):
    """Which data made a fill, the best first. The matcher takes the highest that is fresh when the fill happens."""

    ORDERS = "orders"
    DEPTH = "depth"
    QUOTES = "quotes"
    TRADES = "trades"
    BARS = "bars"

    def __init__(self, word: str) -> None:
        # Whether a best bid and ask are displayed. A plain attribute: it is asked for at every print that meets an order.
        self.has_book = word in ("orders", "depth", "quotes")


class Confidence(Word):
    """How far a simulated fill is to be believed.

    HIGH: the data showed the size that was taken. MEDIUM: the price was shown, the queue or what lies behind the touch is modelled.
    LOW: prints alone, or a book older than it should be. ROUGH: bars.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    ROUGH = "rough"


class Phase(Word):
    """What a working order waits for. DELAYED: it is late, and may not gain by it (`genesis.execution.late`)."""

    DELAYED = "delayed"
    TRIGGER = "trigger"
    TAKING = "taking"
    RESTING = "resting"
    ENDED = "ended"
