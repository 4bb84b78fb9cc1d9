"""Self-trade prevention: the exchange's scenarios A to G (binance-spot-api-docs ``faqs/stp_faq.md``), and what must always balance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.execution.stp import prevented_lots
from genesis.model.rules import StpMode

LEAVES = st.integers(1, 10**9)


class Resting:
    """An order in a test's book: lots of 0.1, as the scenarios write their quantities."""

    def __init__(self, original: int) -> None:
        self.original, self.executed, self.prevented = original, 0, 0

    @property
    def leaves(self) -> int:
        return self.original - self.executed - self.prevented


def meet(mode: StpMode, taker: Resting, *makers: Resting) -> None:
    """The taker meets its account's own orders, best price first, until nothing of it is left."""
    for maker in makers:
        if not taker.leaves:
            return
        of_taker, of_maker = prevented_lots(mode, taker.leaves, maker.leaves)
        taker.prevented += of_taker
        maker.prevented += of_maker
        if not of_taker and not of_maker:
            traded = min(taker.leaves, maker.leaves)
            taker.executed += traded
            maker.executed += traded


def state(order: Resting) -> tuple[int, int, int]:
    """(executed, prevented, open)."""
    return order.executed, order.prevented, order.leaves


def test_scenario_a_none() -> None:
    """NONE: no prevention, both orders of 1 are filled."""
    taker, maker = Resting(10), Resting(10)
    meet(StpMode.NONE, taker, maker)

    assert state(taker) == state(maker) == (10, 0, 0)


def test_scenario_b_expire_maker() -> None:
    """EXPIRE_MAKER: orders of 1.2, 1.3 and 8.1 on the book expire whole; the taker of 3 goes on the book."""
    taker, makers = Resting(30), [Resting(12), Resting(13), Resting(81)]
    meet(StpMode.EXPIRE_MAKER, taker, *makers)

    assert state(taker) == (0, 0, 30)
    assert [state(m) for m in makers] == [(0, 12, 0), (0, 13, 0), (0, 81, 0)]


def test_scenario_c_expire_taker() -> None:
    """EXPIRE_TAKER: the taker of 3 expires; all three orders on the book remain."""
    taker, makers = Resting(30), [Resting(12), Resting(13), Resting(81)]
    meet(StpMode.EXPIRE_TAKER, taker, *makers)

    assert state(taker) == (0, 30, 0)
    assert [state(m) for m in makers] == [(0, 0, 12), (0, 0, 13), (0, 0, 81)]


def test_scenario_d_expire_both() -> None:
    """EXPIRE_BOTH: a taker of 3 and a maker of 1 both expire, each with all it had left."""
    taker, maker = Resting(30), Resting(10)
    meet(StpMode.EXPIRE_BOTH, taker, maker)

    assert (state(taker), state(maker)) == ((0, 30, 0), (0, 10, 0))


def test_scenario_e_the_takers_mode_decides() -> None:
    """A maker sent with EXPIRE_MAKER meets a taker with EXPIRE_TAKER: the taker expires."""
    taker, maker = Resting(10), Resting(10)
    meet(StpMode.EXPIRE_TAKER, taker, maker)

    assert (state(taker), state(maker)) == ((0, 10, 0), (0, 0, 10))


def test_scenario_f_a_market_order() -> None:
    """EXPIRE_MAKER with a market order of 1: the maker expires; nothing of the taker is prevented, it finds no liquidity."""
    taker, maker = Resting(10), Resting(10)
    meet(StpMode.EXPIRE_MAKER, taker, maker)

    assert (state(taker), state(maker)) == ((0, 0, 10), (0, 10, 0))


def test_scenario_g_decrement() -> None:
    """DECREMENT: a taker of 2 and a maker of 6 are both prevented by 2; the taker expires, 4 of the maker remain."""
    taker, maker = Resting(20), Resting(60)
    meet(StpMode.DECREMENT, taker, maker)

    assert (state(taker), state(maker)) == ((0, 20, 0), (0, 20, 40))


@given(st.sampled_from(StpMode), LEAVES, LEAVES)
def test_nothing_is_prevented_that_is_not_there(mode: StpMode, taker: int, maker: int) -> None:
    """Prevented is between 0 and what is left, and in every mode but NONE at least one order ends."""
    of_taker, of_maker = prevented_lots(mode, taker, maker)

    assert 0 <= of_taker <= taker
    assert 0 <= of_maker <= maker
    assert (mode is StpMode.NONE) is (of_taker < taker and of_maker < maker)


@given(st.sampled_from(StpMode), LEAVES, st.lists(LEAVES, max_size=8))
def test_original_is_executed_prevented_and_open(mode: StpMode, taken: int, resting: list[int]) -> None:
    """After any sequence of meetings every order still adds up, and what traded traded on both sides."""
    taker, makers = Resting(taken), [Resting(r) for r in resting]
    meet(mode, taker, *makers)

    for order in (taker, *makers):
        assert min(state(order)) >= 0
        assert sum(state(order)) == order.original
    assert taker.executed == sum(m.executed for m in makers)
    assert mode is StpMode.NONE or not taker.executed


@given(LEAVES, LEAVES)
def test_transfer_within_one_account_is_decrement(taker: int, maker: int) -> None:
    """With one account on both sides there is nobody to transfer to."""
    assert prevented_lots(StpMode.TRANSFER, taker, maker) == prevented_lots(StpMode.DECREMENT, taker, maker)


@pytest.mark.parametrize(("taker", "maker"), [(0, 1), (1, 0), (-1, 1)])
def test_an_order_with_nothing_left_meets_nobody(taker: int, maker: int) -> None:
    """It is an error of the caller."""
    with pytest.raises(ValueError) as caught:
        prevented_lots(StpMode.DECREMENT, taker, maker)
    assert str(caught.value) == f"leaves: expected more than 0 on both sides, found {taker} and {maker}"
