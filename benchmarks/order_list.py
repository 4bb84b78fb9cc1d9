"""Makes the fixed list of orders of a capture, from keyed draws and from the book that stands when each is sent."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from benchmarks.captures import QUOTE, Capture, Joined, Standing
from benchmarks.orders import KINDS, LIFE_NS, Sent
from genesis.rng import KeyedDraws

SEED = 20240808
EACH = 12  # orders of a kind and side, in a capture
_WARM_NS = 10_000_000_000
_GAP_NS = 10_000  # between two messages: room for an order in the middle, and for its neighbours' clocks
_SIZE_LARGEST = 200  # of a resting order, in the venue's smallest orders


def make_orders(capture: Capture, tape: Joined) -> list[Sent]:
    """The orders of a capture in the order in which they are sent."""
    draws = KeyedDraws(SEED)
    moments = sorted(_moments(capture, tape, draws))
    standing = Standing(tape)
    made = []
    for number, (sent, cancelled, kind, side) in enumerate(moments):
        standing.advance(sent)
        touches = {s: standing.touch(s) for s in (1, -1)}
        made.append(_order(capture, draws, number, kind, side, touches, (sent, cancelled)))
    return made


def _moments(capture: Capture, tape: Joined, draws: KeyedDraws) -> Iterator[tuple[int, int, str, int]]:
    """(sent, cancelled, kind, side): uniform over the capture, then moved on into the next gap."""
    times: list[int] = tape.ts.tolist()
    first, last = times[0] + _WARM_NS, times[-1] - LIFE_NS - _WARM_NS
    retreats = {side: _retreats(tape, -side) for side in (1, -1)}
    for kind in KINDS:
        for side in (1, -1):
            for turn in range(EACH):
                u = draws.uniform(f"moment.{kind}", capture.name, side, turn)
                start = first + int(u * (last - first))
                if kind == "chase":
                    start = retreats[side][bisect_left(retreats[side], start)] + 1
                sent = _gap(times, start)
                yield sent, _gap(times, sent + LIFE_NS), kind, side


def _retreats(tape: Joined, side: int) -> list[int]:
    """When a quote took away the best levels of a side."""
    gone: list[int] = tape.ts[(tape.kind == QUOTE) & (tape.side == side) & (tape.lots == 0)].tolist()
    return gone


def _gap(times: list[int], after: int) -> int:
    """The middle of the first gap of at least `_GAP_NS` between two rows that ends after ``after``."""
    row = bisect_left(times, after)
    while times[row] - times[row - 1] < _GAP_NS:
        row += 1
    return (times[row - 1] + times[row]) // 2


def _order(
    capture: Capture,
    draws: KeyedDraws,
    number: int,
    kind: str,
    side: int,
    touches: dict[int, tuple[int, int]],
    times: tuple[int, int],
) -> Sent:
    u = draws.uniform("size", capture.name, times[0], number)
    step = capture.size_lots
    (own, own_shown), (other, shown) = touches[side], touches[-side]
    small = step * (1 + int(u * _SIZE_LARGEST))
    lots, limit = {
        "market": (_whole(int(u * shown) // 2, step), None),
        "sweep": (_whole(3 * shown, step), None),
        "ioc": (_whole(2 * shown, step), other),
        "take-and-rest": (_whole(2 * shown, step), other),
        "join": (small, own),
        "chase": (small, own),
        "join-large": (_whole(own_shown, step), own),
        "behind": (small, own - side * (1 + int(u * 997) % 5)),
    }[kind]
    return Sent(number, kind, side, lots, limit, kind == "ioc", *times)


def _whole(lots: int, step: int) -> int:
    """Down to what the venue takes, and at least that."""
    return max(step, lots // step * step)
