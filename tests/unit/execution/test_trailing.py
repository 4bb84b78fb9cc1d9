"""Trailing stops: the exchange's worked examples A to E (binance-spot-api-docs ``faqs/trailing-stop-faq.md``), gaps, and the exact rule."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.execution.trailing import TrailingTrigger

# Prices in ticks of 0.5.
HALF = 2


def walk(trailing: TrailingTrigger, *turns: str, start: str = "40000") -> Decimal | None:
    """Trades in steps of one tick from ``start`` through ``turns``; the price of the trade that triggered."""
    now = int(Decimal(start) * HALF)
    if trailing.on_trade(now):
        return Decimal(now) / HALF
    for turn in turns:
        end = int(Decimal(turn) * HALF)
        step = 1 if end > now else -1
        while now != end:
            now += step
            if trailing.on_trade(now):
                return Decimal(now) / HALF
    return None


def ticks(price: str) -> int:
    return int(Decimal(price) * HALF)


def test_scenario_a_stop_loss_buy() -> None:
    """Stop price 44,000, delta 500: the fall to 37,000 is ignored; 44,000 activates; from the low of 42,000 it triggers at 44,100."""
    trailing = TrailingTrigger(1, 500, ticks("44000"), activates_above=True)

    assert walk(trailing, "37000", "43999.5") is None
    assert trailing.extreme is None
    assert walk(trailing, "44000", start="43999.5") is None
    assert trailing.extreme == ticks("44000")
    assert walk(trailing, "45000", "46000", "42000", start="44000") is None
    assert trailing.trigger == ticks("44100")
    assert walk(trailing, "44100", start="42000") == 44_100


def test_scenario_b_stop_loss_sell() -> None:
    """Stop price 39,000, delta 1000: the rise to 41,500 is ignored; from the later high of 41,000 it triggers at 36,900."""
    trailing = TrailingTrigger(-1, 1000, ticks("39000"), activates_above=False)

    assert walk(trailing, "41500", "39000") is None
    assert trailing.extreme == ticks("39000")
    assert walk(trailing, "37000", "41000", start="39000") is None
    assert walk(trailing, "30000", start="41000") == 36_900


def test_scenario_c_take_profit_buy() -> None:
    """Stop price 38,000, delta 850: from the low of 37,000, which 38,000 does not surpass, it triggers at 40,145."""
    trailing = TrailingTrigger(1, 850, ticks("38000"), activates_above=False)

    assert walk(trailing, "42000", "37000", "39000", "38000") is None
    assert trailing.extreme == ticks("37000")
    assert walk(trailing, "50000", start="38000") == 40_145


def test_scenario_d_take_profit_sell() -> None:
    """Stop price 42,000, delta 750: from the high of 46,500 it triggers at 43,012.5."""
    trailing = TrailingTrigger(-1, 750, ticks("42000"), activates_above=True)

    assert walk(trailing, "41500", "39000", "42000") is None
    assert trailing.extreme == ticks("42000")
    assert walk(trailing, "45000", "44000", "46500", start="42000") is None
    assert walk(trailing, "40000", start="46500") == Decimal("43012.5")


def test_scenario_e_without_a_stop_price() -> None:
    """Delta 700: it tracks from 40,000 at once, and from the high of 45,500 triggers at 42,315."""
    trailing = TrailingTrigger(-1, 700)

    assert walk(trailing, "42000", "39500", "45500") is None
    assert walk(trailing, "40000", start="45500") == 42_315


@pytest.mark.parametrize(("sign", "gap"), [(1, 120), (-1, 80)])
def test_a_gap_through_the_trigger(sign: int, gap: int) -> None:
    """The first trade beyond the trigger fires it, wherever it is; the trigger stays where it was."""
    trailing = TrailingTrigger(sign, 1000)
    trailing.on_trade(100)

    assert trailing.on_trade(gap)
    assert trailing.trigger == 100 + 10 * sign


@pytest.mark.parametrize(("sign", "above", "activation"), [(1, True, 110), (-1, False, 90)])
def test_a_gap_through_the_activation(sign: int, above: bool, activation: int) -> None:
    """The trade that activates is the first extreme, however far beyond, and does not trigger."""
    trailing = TrailingTrigger(sign, 100, activation, above)
    beyond = 200 if above else 50

    assert not trailing.on_trade(100)
    assert trailing.extreme is None
    assert not trailing.on_trade(beyond)
    assert trailing.extreme == beyond


def test_the_extreme_moves_with_every_tick() -> None:
    """One tick better is a new extreme; and an activation lies above where nobody says otherwise."""
    selling, buying = TrailingTrigger(-1, 1000), TrailingTrigger(1, 1000)
    for ticks in (1_000, 1_001):
        selling.on_trade(ticks)
    for ticks in (1_000, 999):
        buying.on_trade(ticks)
    assert (selling.extreme, buying.extreme) == (1_001, 999)
    waiting = TrailingTrigger(1, 1000, 110)
    assert [waiting.activates(ticks) for ticks in (109, 110, 111)] == [False, True, True]


def test_the_old_trigger_is_tested_before_the_extreme_moves() -> None:
    """A trade is either worse than the trigger or better than the extreme; the same price as the extreme moves nothing."""
    trailing = TrailingTrigger(-1, 1000)
    trailing.on_trade(1000)

    assert not trailing.on_trade(1000)
    assert (trailing.extreme, trailing.trigger) == (1000, 900)
    assert not trailing.on_trade(901)
    assert trailing.on_trade(900)


@pytest.mark.parametrize(
    ("sign", "trigger", "waits"),
    [(1, 103, 102), (-1, 99, 100)],
)
def test_a_trigger_between_two_ticks(sign: int, trigger: int, waits: int) -> None:
    """One per cent from 101 is 102.01 or 99.99: the tick short of it does not trigger, the tick beyond it does."""
    trailing = TrailingTrigger(sign, 100)
    trailing.on_trade(101)

    assert trailing.trigger == trigger
    assert not trailing.on_trade(waits)
    assert trailing.on_trade(trigger)


def test_a_price_of_one_tick() -> None:
    """Under one tick there is none: a sell's trigger of 0 cannot be met."""
    trailing = TrailingTrigger(-1, 500)
    trailing.on_trade(1)

    assert trailing.trigger == 0
    assert not trailing.on_trade(1)


@given(
    st.sampled_from([1, -1]),
    st.integers(1, 9999),
    st.lists(st.integers(1, 50) | st.integers(1, 50_000), min_size=1, max_size=60),
)
def test_the_integers_are_the_exact_rule(sign: int, delta: int, path: list[int]) -> None:
    """It triggers at the first trade with price >= low x (1 + delta), or price <= high x (1 - delta), in exact fractions."""
    trailing = TrailingTrigger(sign, delta)
    best = path[0]
    for number, price in enumerate(path):
        fired = trailing.on_trade(price)
        bound = Decimal(best) * (10_000 + sign * delta) / 10_000
        expected = number > 0 and (price >= bound if sign > 0 else price <= bound)
        assert fired is expected
        if fired:
            break
        best = min(best, price) if sign > 0 else max(best, price)
        assert trailing.extreme == best


@given(st.integers(1, 9999), st.lists(st.integers(1, 5_000), min_size=1, max_size=60))
def test_a_sells_trigger_never_falls(delta: int, path: list[int]) -> None:
    """While it waits, a sell's trigger only rises."""
    trailing = TrailingTrigger(-1, delta)
    triggers: list[int] = []
    for price in path:
        if trailing.on_trade(price):
            break
        assert trailing.trigger is not None
        triggers.append(trailing.trigger)

    assert triggers == sorted(triggers)


@pytest.mark.parametrize(
    ("sign", "delta", "message"),
    [
        (0, 5, "sign: expected 1 or -1, found 0"),
        (1, 0, "trailing distance: expected 1 to 9999 basis points, found 0"),
        (1, 10_000, "trailing distance: expected 1 to 9999 basis points, found 10000"),
    ],
)
def test_what_cannot_trail(sign: int, delta: int, message: str) -> None:
    """A side, and a distance between nothing and everything."""
    with pytest.raises(ValueError) as caught:
        TrailingTrigger(sign, delta)
    assert str(caught.value) == message
