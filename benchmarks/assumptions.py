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
    DEPTH_RENEWS = "the depth feed renews what was taken"
    QUEUE_BY_DEPTH = "only the depth feed shortens a queue"
    TAKEN_FADES = "what was taken fades by half"


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
        "both peers let a print fill a resting order only where its taker was on the other side; ours asks that at the order's own price, and"
        " not beyond it. Prints beyond it by a taker of the order's own side are late ones: the quotes that came after them arrived before them"
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
        "once the other side has reached the order's price, or its level has vanished, nobody is before it at the peers; ours keeps the queue"
        " that it knew until the touch has left the price"
    ),
    Assumption.QUEUE_HOLDS: "with NautilusTrader a print beyond the price fills nothing while a queue is before the order; with ours it fills",
    Assumption.DEPTH_RENEWS: (
        "a row of the depth feed for a level lets ours take its displayed size once more, also where the row is older than the quote and says"
        " the same size"
    ),
    Assumption.QUEUE_BY_DEPTH: (
        "the queue before an order shrinks by prints and by what the depth feed says of its level, and not by quotes, which tell of the same"
        " trades once more"
    ),
    Assumption.TAKEN_FADES: (
        "what was taken of a level stays taken when another size is shown there, and halves with every two seconds that have passed by then"
    ),
}

# What each engine assumes about a limit order, beyond what `benchmarks.resting` does with none of these.
OURS = "genesis"
RESTING: dict[str, frozenset[Assumption]] = {
    OURS: frozenset({Assumption.DEPTH_RENEWS}),
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
