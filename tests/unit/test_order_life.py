"""The one table of an order's life: every pair is either in it or cannot happen, and the document shows the same table."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from genesis.engine.account import OpenState
from genesis.errors import IntegrityError
from genesis.model.instruments import Instrument
from genesis.model.orders import ORDER_LIFE, Order, OrderIntent, OrderStatus, OrderStep, Side
from tests.kit.factories import BTC

DOCUMENT = Path(__file__).parents[2] / "docs" / "ORDER_LIFE.md"


def rendered() -> str:
    """The table as Markdown: a row for each status, a column for each step, empty where the step cannot happen."""
    head = ["| status | " + " | ".join(s.value for s in OrderStep) + " |", "|---" * (len(OrderStep) + 1) + "|"]
    rows = [
        f"| {status.value} | " + " | ".join(_after(status, step) for step in OrderStep) + " |" for status in OrderStatus
    ]
    return "\n".join(head + rows)


def _after(status: OrderStatus, step: OrderStep) -> str:
    after = ORDER_LIFE.get((status, step))
    return "" if after is None else after.value


def an_order(instrument: Instrument = BTC) -> OpenState:
    return OpenState(Order("t-1", "t", OrderIntent(instrument, Side.BUY, 1), 0, 1), forced=False)


@pytest.mark.parametrize(("status", "step"), list(product(OrderStatus, OrderStep)), ids=lambda x: x.value)
def test_every_pair_walks_the_table_or_is_refused(status: OrderStatus, step: OrderStep) -> None:
    """A step that cannot follow is an integrity error that names both, and changes nothing."""
    order = an_order()
    order.status = status
    if (status, step) in ORDER_LIFE:
        order.step(step)
        assert order.status is ORDER_LIFE[status, step]
    else:
        with pytest.raises(IntegrityError, match=f"{status.value}.*{step.value}"):
            order.step(step)
        assert order.status is status


def test_what_has_ended_stays_ended_but_for_a_late_fill_after_a_cancel() -> None:
    """That one happens at real venues."""
    leaving = {status for status, _ in ORDER_LIFE if status.is_final}
    assert leaving == {OrderStatus.CANCELED}


def test_every_status_can_be_reached_and_every_step_happens() -> None:
    """Nothing in the table is dead."""
    assert {after for after in ORDER_LIFE.values()} == set(OrderStatus) - {OrderStatus.INITIALIZED}
    assert {step for _, step in ORDER_LIFE} == set(OrderStep)


def test_the_document_shows_the_table() -> None:
    """Made of the same literal."""
    assert rendered() in DOCUMENT.read_text(encoding="utf-8")
