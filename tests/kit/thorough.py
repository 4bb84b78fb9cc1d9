"""Properties that run twice: with few examples among the fast tests, and with ten times as many in the slow ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TIMES = 10
THOROUGH: dict[str, Callable[[], None]] = {}


def holds_for(*values: st.SearchStrategy[Any], examples: int) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a property of a check: it must hold for ``examples`` draws of ``values``, and for `TIMES` as many when there is time."""

    def property_of(check: Callable[..., None]) -> Callable[[], None]:
        def with_examples(count: int) -> Callable[[], None]:
            calm = settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])
            return calm(given(*values)(check))

        THOROUGH[f"{check.__module__.rpartition('.')[2]}::{check.__name__}"] = with_examples(TIMES * examples)
        return with_examples(examples)

    return property_of
