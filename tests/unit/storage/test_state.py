"""A graph of objects as bytes and back: equal graphs have equal bytes, and bytes name nothing but the core."""

from __future__ import annotations

import array as machine
from collections import defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.engine.agenda import FlattenAgain, Rank, Timer, TrackAgenda
from genesis.engine.lane import Lane
from genesis.errors import IntegrityError
from genesis.metrics.ratios import Moments
from genesis.model.grid import Grid
from genesis.model.money import Money
from genesis.model.orders import OrderIntent, OrderType, Side
from genesis.model.texts import Texts
from genesis.rng import KeyedDraws
from genesis.storage.state import NotKept, Outside, decode_state, encode_state
from tests.kit.runs import FX

OUTSIDE = {"instrument": FX}


def core(module: str) -> bool:
    return module.startswith("genesis.") and not module.startswith("genesis.storage")


def put(root: object) -> bytes:
    return encode_state(root, Outside(OUTSIDE), core)


def made(data: bytes) -> Any:
    return decode_state(data, OUTSIDE, core)


plain: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.sampled_from([*Side, *OrderType]),
    lambda inside: (
        st.lists(inside)
        | st.dictionaries(st.text("ab") | st.integers(), inside)
        | st.tuples(inside, inside)
        | st.builds(deque, st.lists(inside))
    ),
    max_leaves=20,
)


@given(plain)
def test_plain_values_come_back_as_they_were(value: object) -> None:
    """Equal, of the same types, and with the same bytes when written once more."""
    again = made(put(value))
    assert again == value
    assert repr(again) == repr(value)
    assert put(again) == put(value)


@given(st.sets(st.integers() | st.text("abc")), st.frozensets(st.text("abc")))
def test_a_set_has_one_form_however_it_was_filled(found: set[object], frozen: frozenset[str]) -> None:
    """The order of its members is not part of the bytes."""
    backwards = set(reversed(list(found)))
    assert put([found, frozen]) == put([backwards, frozenset(reversed(list(frozen)))])
    assert made(put([found, frozen])) == [found, frozen]


def test_arrays_and_other_containers_come_back() -> None:
    """Numbers bit by bit, a bounded queue with its bound, a dictionary with its default, a function with its arguments."""
    array = np.array([[0.1, -0.0], [np.inf, np.nan]])
    default: defaultdict[str, list[int]] = defaultdict(list, {"a": [1]})
    queue = deque([1, 2], maxlen=2)
    floats = machine.array("d", [0.1, -0.0])
    numbers, filled, bounded, raw, called, few = made(
        put([array, default, queue, bytearray(b"x"), partial(FX.price, 3), floats])
    )
    assert numbers.tobytes() == array.tobytes()
    assert few.tobytes() == floats.tobytes()
    assert (filled, filled["b"]) == ({"a": [1], "b": []}, [])
    bounded.append(3)
    assert (list(bounded), bounded.maxlen, raw) == ([2, 3], 2, bytearray(b"x"))
    assert called() == FX.price(3)


def test_objects_keep_their_attributes_and_who_they_are() -> None:
    """An agenda with a timer that is twice in it, an item known by identity, and what stands outside."""
    agenda, timer, item = TrackAgenda(), Timer("tick", 5), FlattenAgain()
    for time_ns in (7, 3):
        agenda.add(time_ns, Rank.TIMER, timer)
    agenda.add(9, Rank.TIMER, item)
    again, same, other = made(put([agenda, item, OrderIntent(FX, Side.BUY, 2)]))
    assert [(t, x.name) for t, x in again.timers()] == [(3, "tick"), (7, "tick")]
    assert again.pop() is again.pop()
    assert again.pop() is same
    assert other.instrument is FX
    assert other == OrderIntent(FX, Side.BUY, 2)


def test_a_circle_comes_back_as_one() -> None:
    """A list that holds itself."""
    circle: list[object] = []
    circle.append(circle)
    again = made(put(circle))
    assert again[0] is again


def test_equal_values_have_equal_bytes_whether_or_not_they_are_one_object() -> None:
    """Text, structs and grids have no identity; lists have one."""
    text, money = "a" * 3, Money("1", "USD")
    assert put([text, text, money, money]) == put([text, "".join(["a", "aa"]), money, Money("1", "USD")])
    assert put([FX.price_grid, FX.price_grid]) == put([Grid(Decimal("0.01")), FX.price_grid])
    one: list[int] = []
    assert put([one, one]) != put([one, []])


def test_what_depends_on_how_the_tape_was_cut_is_no_state() -> None:
    """A lane says how far it has searched; the bytes do not."""
    assert set(Lane.made_anew) == {"_bounds", "_found", "_searched"}


def test_chance_comes_back_from_its_seed() -> None:
    """And two families of one seed stay two."""
    first, second = KeyedDraws(7), KeyedDraws(7)
    a, b, c = made(put([first, first, second]))
    assert a is b
    assert b is not c
    assert a.uniform("slippage", "X", 1, 1) == first.uniform("slippage", "X", 1, 1)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(lambda: 1, id="function"),
        pytest.param(iter([1]), id="iterator"),
        pytest.param(memoryview(b"x"), id="view"),
        pytest.param(np.array([object()]), id="array of objects"),
        pytest.param({Timer("a", None)}, id="set of objects"),
        pytest.param(open, id="open"),
        pytest.param(Texts(FX.price_grid), id="a dictionary that is more"),
        pytest.param(Outside, id="class of another room"),
        pytest.param(Outside({}), id="object of another room"),
    ],
)
def test_what_cannot_be_made_again_is_not_kept(value: object) -> None:
    """It is said when it is written, not when it is needed."""
    with pytest.raises(NotKept):
        put([value])


def test_what_cannot_be_kept_is_named_by_where_it_is() -> None:
    """The attribute that leads to it, also through containers."""
    returns = Moments()
    returns.n = [(lambda: 1)]  # type: ignore[assignment]
    with pytest.raises(NotKept, match="^Moments.n: expected a function of a module"):
        put(returns)


def document(classes: list[str], nodes: list[Any], root: Any) -> bytes:
    return msgspec.msgpack.encode([classes, nodes, root])


def hostile() -> Iterator[Any]:
    for name in ("os:system", "builtins:eval", "builtins:open", "subprocess:Popen", "genesis.storage.state:Outside"):
        yield pytest.param(document([name], [["o", 0, []]], ["r", 0]), id=name)
        yield pytest.param(document([], [], ["g", *name.split(":")]), id=f"function {name}")
    yield pytest.param(document(["genesis.engine.lane:np"], [["o", 0, []]], ["r", 0]), id="a module's import")
    yield pytest.param(document([], [], ["g", "genesis.tape.stream", "bisect_left"]), id="an imported function")
    yield pytest.param(document([], [["l", []]], ["m", ["r", 0], "__class__"]), id="a class by a method")
    yield pytest.param(document([], [["l", []]], ["m", ["r", 0], "__init__"]), id="a hidden method")
    yield pytest.param(document(["genesis.engine.agenda:Timer"], [], ["v", 0, "x", 1]), id="a class that is no struct")
    yield pytest.param(
        document(["genesis.engine.agenda:Timer"], [["a", 0, "x", 1]], ["r", 0]), id="made with arguments"
    )
    yield pytest.param(document([], [], ["x", "stream"]), id="outside, not there")
    yield pytest.param(document([], [["y", "|O", [1], b"12345678"]], ["r", 0]), id="an array of objects")
    yield pytest.param(document([], [], ["?", 1]), id="unknown letter")
    yield pytest.param(document([], [], ["r", 3]), id="node that is not there")
    yield pytest.param(b"\x80\x04cos\nsystem\n.", id="pickle")
    yield pytest.param(b"", id="nothing")


@pytest.mark.parametrize("data", list(hostile()))
def test_bytes_that_name_something_else_are_refused(data: bytes) -> None:
    """Nothing outside the core is looked up, and nothing is called but what makes a value."""
    with pytest.raises(IntegrityError, match="^state: expected"):
        made(data)


def refusal(data: bytes) -> str:
    """What a reader says of bytes; nothing where it can read them."""
    try:
        made(data)
    except IntegrityError as error:
        return str(error)
    return ""


@given(st.data())
def test_damaged_bytes_are_refused_or_come_to_values(data: st.DataObject) -> None:
    """Whatever a byte becomes, the only error is `IntegrityError`."""
    agenda = TrackAgenda()
    agenda.add(3, Rank.TIMER, Timer("tick", 5))
    whole = bytearray(put([agenda, Fraction(1, 3), {1: "a"}, np.arange(3)]))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    said = refusal(bytes(whole))
    assert not said or said.startswith("state: expected")
