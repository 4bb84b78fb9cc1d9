"""What every queue estimate keeps, whatever the tape brings."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from hypothesis import example, given
from hypothesis import strategies as st

from genesis.execution.order_queue import Fifo, OrderQueues
from genesis.execution.queueing import PowerQueue, QueueEstimate, RiskAverse, Touch
from genesis.tape.stream import ORDER_CHANGED, ORDER_CREATED, ORDER_DELETED

LOTS = st.integers(0, 60)
# (what, lots): a print at the price, the level's new size, the market beyond the price, the other side at it, a broken book that is whole again.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("print"), st.integers(1, 60)),
        st.tuples(st.just("level"), LOTS),
        st.tuples(st.sampled_from(["through", "crossed"]), st.just(0)),
        st.tuples(st.just("resync"), LOTS),
    ),
    max_size=40,
)
POWERS = st.integers(1, 8)
ORDER = 50
BID, TICKS, ELSEWHERE = 1, 100, 99


def advance(queue: QueueEstimate, what: str, lots: int) -> int:
    """One event; what it leaves for the order."""
    if what == "print":
        return queue.on_print(lots)
    if what == "level":
        queue.on_level(lots)
    elif what == "resync":
        queue.on_resync(lots)
    elif what == "through":
        queue.on_through()
    else:
        queue.on_crossed()
    return 0


def filled(queue: QueueEstimate, displayed: int | None, events: list[tuple[str, int]]) -> list[int]:
    """Cumulative lots of an order of 50 after each event."""
    queue.join(displayed)
    out, total = [], 0
    for event in events:
        total = min(ORDER, total + advance(queue, *event))
        out.append(total)
    return out


@given(st.one_of(st.none(), LOTS), EVENTS, POWERS)
def test_a_queue_only_shortens(displayed: int | None, events: list[tuple[str, int]], n: int) -> None:
    """Ahead is never negative, never grows once known, never exceeds a displayed level, and nothing fills while it is above zero."""
    for queue in (RiskAverse(), PowerQueue(n), Touch()):
        queue.join(displayed)
        for what, lots in events:
            before = queue.ahead
            left = advance(queue, what, lots)
            assert queue.ahead is None or queue.ahead >= 0
            assert before is None or (queue.ahead is not None and queue.ahead <= before)
            assert left == 0 or queue.ahead == 0
            assert left <= lots
            if what in ("level", "resync"):
                assert queue.ahead is not None
                assert queue.ahead <= lots


@given(LOTS, st.lists(LOTS, max_size=20), POWERS)
def test_others_who_come_later_stand_behind(displayed: int, added: list[int], n: int) -> None:
    """A level that only grows leaves what is ahead as it was."""
    for queue in (RiskAverse(), PowerQueue(n)):
        queue.join(displayed)
        level = displayed
        for more in added:
            level += more
            queue.on_level(level)
            assert queue.ahead == displayed


@given(st.one_of(st.none(), LOTS), EVENTS, POWERS)
@example(10, [("level", 8), ("print", 9), ("level", 3), ("print", 3)], 3)
def test_the_estimates_fill_in_their_order(displayed: int | None, events: list[tuple[str, int]], n: int) -> None:
    """At every instant the risk-averse order has at most what the power order has, and that at most what touching gives."""
    least = filled(RiskAverse(), displayed, events)
    between = filled(PowerQueue(n), displayed, events)
    most = filled(Touch(), displayed, events)
    assert all(a <= b <= c for a, b, c in zip(least, between, most, strict=True))


@given(LOTS, st.lists(LOTS, max_size=20), st.integers(1, 7))
def test_one_decrease_moves_a_higher_power_less(behind: int, levels: list[int], n: int) -> None:
    """Of the same decrease at the same place, a higher power takes no more from before the order."""
    for ahead in range(1, 30, 7):
        low, high = PowerQueue(n), PowerQueue(n + 1)
        for queue in (low, high):
            queue.join(ahead)
            queue.on_level(ahead + behind)
            queue.on_level(max(0, ahead + behind - sum(levels[:1])))
        assert low.ahead is not None
        assert high.ahead is not None
        assert low.ahead <= high.ahead


@given(LOTS, st.integers(0, 60), st.lists(st.integers(1, 20), min_size=1, max_size=6), st.booleans(), POWERS)
def test_news_and_print_in_either_order_take_the_queue_once(
    ahead: int, behind: int, prints: list[int], news_first: bool, n: int
) -> None:
    """Prints that the level's new size already shows leave as much ahead as prints that it shows afterwards, or more."""
    total = sum(prints)
    traded = min(total, ahead + behind)
    for queue in (RiskAverse(), PowerQueue(n)):
        queue.join(ahead)
        queue.on_level(ahead + behind)
        if news_first:
            queue.on_level(ahead + behind - traded)
        left = sum(queue.on_print(lots) for lots in prints)
        if not news_first:
            queue.on_level(ahead + behind - traded)
        assert left == max(0, total - ahead)
        assert queue.ahead == max(0, ahead - total)


@given(LOTS, st.integers(0, 60), st.lists(st.integers(1, 20), min_size=1, max_size=6), POWERS)
def test_prints_told_after_the_other_side_came_take_the_queue_too(
    ahead: int, behind: int, prints: list[int], n: int
) -> None:
    """The other side's best price came to the order first: of what prints after, those that were ahead had theirs."""
    for queue in (RiskAverse(), PowerQueue(n)):
        queue.join(ahead)
        queue.on_level(ahead + behind)
        queue.on_crossed()
        assert queue.ahead == 0
        assert sum(queue.on_print(lots) for lots in prints) == max(0, sum(prints) - ahead)


@given(LOTS, LOTS, LOTS, POWERS)
def test_a_power_is_the_published_formula_rounded_against_the_order(ahead: int, behind: int, left: int, n: int) -> None:
    """ahead - (1 - p) change + min(0, back - p change), at most what is displayed, with p = 1 - (front / (front + back))^n, rounded up.

    Source: hftbacktest, ``ProbQueueModel`` with ``PowerProbQueueFunc3``, in exact fractions.
    """
    change = min(left, ahead + behind)
    queue = PowerQueue(n)
    queue.join(ahead)
    queue.on_level(ahead + behind)
    queue.on_level(ahead + behind - change)
    p = 1 - Fraction(ahead, ahead + behind) ** n if ahead + behind else Fraction(1)
    published = ahead - (1 - p) * change + min(Fraction(0), behind - p * change)
    assert queue.ahead == min(ceil(published), ahead + behind - change)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["print", "sweep", "cancel", "cancel part", "add"]),
        st.integers(1, 30),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=30,
)


def hit(real: dict[int, int], lots: int) -> list[tuple[int, int]]:
    """A taker of ``lots`` trades with the queue, first come first; what remains of each order that it hit."""
    hits = []
    for order_id in list(real):
        taken = min(lots, real[order_id])
        if taken:
            real[order_id] -= taken
            lots -= taken
            hits.append((order_id, real[order_id]))
            if not real[order_id]:
                del real[order_id]
    return hits


@given(st.lists(st.integers(1, 20), max_size=6), STEPS)
def test_fifo_is_exact(standing: list[int], steps: list[tuple[str, int, int, bool]]) -> None:
    """Behind real orders that trade first come first, are made smaller, leave and are joined, what is ahead and what fills is the truth.

    A print may come before the events of the orders that it hit, or after them, and both after a quote that says that nobody is left.
    """
    queues = OrderQueues()
    real = dict(enumerate(standing, 1))
    known = set(real)

    def tell(order_id: int, remaining: int, withdrawn: int = 0) -> None:
        """The event that says what became of an order."""
        action = ORDER_CHANGED if remaining else ORDER_DELETED
        queues.take(ts, order_id, action, BID, TICKS, remaining or withdrawn)

    def ahead() -> int:
        """What truly stands before ours."""
        return sum(lots for order_id, lots in real.items() if order_id in known)

    for order_id, lots in real.items():
        queues.take(0, order_id, ORDER_CREATED, BID, TICKS, lots)
    ours = Fifo(queues, BID, TICKS)
    ours.join(None)
    for ts, (what, lots, which, print_first) in enumerate(steps, 1):
        queues.take(ts, ELSEWHERE, ORDER_CREATED, -BID, TICKS + 1, 1)
        if what == "add":
            real[100 + ts] = lots
            queues.take(ts, 100 + ts, ORDER_CREATED, BID, TICKS, lots)
        elif what in ("print", "sweep"):
            if what == "sweep":
                # The other side's quote tells of it before the print or the orders do.
                lots += ahead()
                ours.on_crossed()
            expected = max(0, lots - ahead())
            hits = hit(real, lots)
            left = ours.on_print(lots) if print_first else 0
            for order_id, remaining in hits:
                tell(order_id, remaining)
            assert (left if print_first else ours.on_print(lots)) == expected
        elif real:
            order_id = list(real)[which % len(real)]
            if what == "cancel" or real[order_id] == 1:
                tell(order_id, 0, real.pop(order_id))
            else:
                real[order_id] -= 1
                tell(order_id, real[order_id])
        assert ours.ahead == ahead()
        assert queues.orders(BID, TICKS) == real
