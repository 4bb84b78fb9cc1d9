"""The assumptions by which two peers' fills differ from ours, by name, and which of them each peer makes."""

from __future__ import annotations

from enum import Enum

HFTBACKTEST, NAUTILUS = "hftbacktest", "nautilus"


class Assumption(Enum):
    """A difference between two engines."""

    BEHIND_THE_TOUCH = "behind the touch, the last quote or the depth feed"
    HUNDRED_TICKS = "a market order looks a hundred ticks far"
    LAST_PRICE = "a walk is told by its last price"
    WHO_TOOK = "a print fills only from a taker of the other side"
    NO_MEMORY = "displayed size is taken again"
    CROSSED_WHOLE = "a crossed order fills whole"
    THROUGH_WHOLE = "a print beyond the price fills the whole order"
    REST_AT_ONCE = "what a limit finds no size for fills at its limit"
    CROSSED_QUEUE = "a crossed or vanished level leaves no queue"
    QUEUE_HOLDS = "a print beyond the price leaves the queue standing"
    QUEUE_BY_DEPTH = "the depth feed alone says how long a level is"
    TAKEN_FADES = "what was taken fades by half"
    LATE_PRINTS = "a print that happened before the order came fills nothing"
    PRINT_ONCE = "a print that the depth feed has shown already takes no queue"
    DEEPER_QUEUE = "of the quote and the depth feed the larger is the queue"


MEANING = {
    Assumption.BEHIND_THE_TOUCH: (
        "ours walks the quoted touch, and behind it what the depth feed last said; the joined tape also keeps the last quote of a level that"
        " was the touch, until the depth feed speaks of it"
    ),
    Assumption.HUNDRED_TICKS: (
        "hftbacktest looks for size within a hundred ticks of the touch and lets the rest of a market order expire; ours walks the whole book"
    ),
    Assumption.LAST_PRICE: (
        "of an order that takes several levels at once hftbacktest keeps the last price only, so its average cannot be compared"
    ),
    Assumption.WHO_TOOK: (
        "a print fills a resting order only where its taker was on the other side, also beyond the order's price; ours and both peers hold to that"
    ),
    Assumption.NO_MEMORY: (
        "NautilusTrader fills a crossed order from everything that is displayed at every change of the book; ours takes a displayed size once,"
        " and from the touch alone"
    ),
    Assumption.CROSSED_WHOLE: "where the other side reaches a resting order hftbacktest fills all of it; ours fills what is displayed",
    Assumption.THROUGH_WHOLE: "where a print goes beyond a resting order hftbacktest fills all of it; ours fills what printed",
    Assumption.REST_AT_ONCE: (
        "a limit order that takes more than there is at its price fills whole at hftbacktest, at its limit; with ours the rest waits"
    ),
    Assumption.CROSSED_QUEUE: (
        "once the other side has reached the order's price nobody is before it any more, with ours as with the peers"
    ),
    Assumption.QUEUE_HOLDS: "with NautilusTrader a print beyond the price fills nothing while a queue is before the order; with ours it fills",
    Assumption.QUEUE_BY_DEPTH: (
        "beside prints ours shortens a queue by what the depth feed says of its level, at the touch too, and by nothing that a quote says: one source, so that"
        " no older news follows a newer one's. The peers see the joined book, in which a smaller or vanished level bounds the queue at once"
    ),
    Assumption.TAKEN_FADES: (
        "with ours what was taken of a level stays taken when another size is shown there, and halves with every two seconds that have passed by then"
    ),
    Assumption.LATE_PRINTS: (
        "ours judges a print by the exchange's own time of it: what happened before the order came fills nothing, however late the news of it. The peers"
        " have one time, that of arrival"
    ),
    Assumption.PRINT_ONCE: (
        "ours holds a print against the last decrease of the level that no earlier print explains, and a later decrease against what printed"
        " before it; where the other side's quote came first, the print that took those ahead is theirs. The peers let both shorten the queue"
    ),
    Assumption.DEEPER_QUEUE: (
        "when an order of ours comes, the queue at the touch is the larger of what the quote and what the depth feed shows, and elsewhere what the depth feed"
        " shows; the joined book keeps the newer of the two"
    ),
}

# What each engine assumes about a limit order, beyond what `benchmarks.resting` does with none of these.
OURS = "genesis"
RESTING: dict[str, frozenset[Assumption]] = {
    OURS: frozenset(
        {
            Assumption.WHO_TOOK,
            Assumption.CROSSED_QUEUE,
            Assumption.QUEUE_BY_DEPTH,
            Assumption.TAKEN_FADES,
            Assumption.LATE_PRINTS,
            Assumption.PRINT_ONCE,
            Assumption.DEEPER_QUEUE,
        }
    ),
    HFTBACKTEST: frozenset(
        {
            Assumption.WHO_TOOK,
            Assumption.CROSSED_WHOLE,
            Assumption.THROUGH_WHOLE,
            Assumption.REST_AT_ONCE,
            Assumption.CROSSED_QUEUE,
        }
    ),
    NAUTILUS: frozenset(
        {Assumption.WHO_TOOK, Assumption.NO_MEMORY, Assumption.CROSSED_QUEUE, Assumption.QUEUE_HOLDS},
    ),
}
