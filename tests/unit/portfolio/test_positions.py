"""Cost is an amount: it leaves with the units that leave, and the last one takes the remainder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import IntegrityError
from genesis.portfolio.positions import CostMethod, Position, cost_share

SIGNS = st.sampled_from([1, -1])


def opened(method: CostMethod, *lots: tuple[int, int]) -> Position:
    position = Position(method)
    for units, cost in lots:
        position.add(units, cost)
    return position


@pytest.mark.parametrize("sign", [1, -1])
def test_average_cost_takes_a_share_of_everything(sign: int) -> None:
    """Of 4 units that cost 412 half takes 206, long or short."""
    position = opened(CostMethod.AVERAGE, (sign, 100 * sign), (3 * sign, 312 * sign))
    assert position.reduce(2 * sign) == 206 * sign
    assert (position.units, position.cost) == (2 * sign, 206 * sign)
    assert position.lots == ((2 * sign, 206 * sign),)


@pytest.mark.parametrize("sign", [1, -1])
def test_fifo_takes_the_oldest_lot_first(sign: int) -> None:
    """Two units are the lot of 100 and a third of the lot of 312; the rest of that lot stays first in line."""
    position = opened(CostMethod.FIFO, (sign, 100 * sign), (3 * sign, 312 * sign), (sign, 90 * sign))
    assert position.reduce(2 * sign) == 204 * sign
    assert position.lots == ((2 * sign, 208 * sign), (sign, 90 * sign))


@pytest.mark.parametrize("method", CostMethod)
def test_the_last_unit_takes_the_remainder(method: CostMethod) -> None:
    """100 over three units leaves as 33, 33 and 34, and nothing stays behind."""
    position = opened(method, (3, 100))
    assert [position.reduce(1) for _ in range(3)] == [33, 33, 34]
    assert (position.units, position.cost, position.lots) == (0, 0, ())


@pytest.mark.parametrize("method", CostMethod)
@pytest.mark.parametrize(("held", "taken"), [(3, 4), (-3, -4), (3, -1), (-3, 1), (0, 1), (3, 0)])
def test_more_than_is_held_cannot_leave(method: CostMethod, held: int, taken: int) -> None:
    """Too much, the other direction, nothing at all, or anything from a flat position is an error, and changes nothing."""
    position = opened(method, *([(held, 50 * held)] if held else []))
    with pytest.raises(IntegrityError, match=f"expected to take at most {held} units, found {taken}"):
        position.reduce(taken)
    assert (position.units, position.cost) == (held, 50 * held)


@pytest.mark.parametrize("method", CostMethod)
def test_a_position_grows_in_its_own_direction_only(method: CostMethod) -> None:
    """Adding a sale to a long is an error: a flip is split before it gets here."""
    with pytest.raises(IntegrityError, match="expected units of the sign of 3, found -1"):
        opened(method, (3, 100)).add(-1, -33)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12), st.data(), SIGNS)
def test_a_cost_share_is_the_exact_one_to_less_than_a_unit(
    cost: int, held: int, data: st.DataObject, sign: int
) -> None:
    """It is never more than a unit from cost x units / held, never beyond it, whole with all units, and mirrors."""
    units = data.draw(st.integers(0, held))
    share = cost_share(cost, units * sign, held * sign)
    assert 0 <= abs(cost) * units - abs(share) * held < held
    assert share * cost >= 0
    assert cost_share(-cost, -units * sign, -held * sign) == -share
    assert cost_share(cost, held * sign, held * sign) == cost


@given(
    st.sampled_from(CostMethod),
    SIGNS,
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 10**9)), min_size=1, max_size=8),
    st.data(),
)
def test_whatever_the_order_all_cost_leaves_with_the_last_unit(
    method: CostMethod, sign: int, lots: list[tuple[int, int]], data: st.DataObject
) -> None:
    """However a position is taken apart, the parts' costs sum to what was paid, and lots sum to the position throughout."""
    position = opened(method, *((units * sign, cost * sign) for units, cost in lots))
    paid, left = position.cost, 0
    while position.units:
        left += position.reduce(sign * data.draw(st.integers(1, abs(position.units))))
        assert sum(units for units, _ in position.lots) == position.units
        assert sum(cost for _, cost in position.lots) == position.cost == paid - left
    assert position.cost == 0
