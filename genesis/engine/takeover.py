"""A copy of a strategy in the state in which it is, for a track that goes on beside it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import localcontext
from typing import Any

from genesis.strategies.base import Strategy


def copy_of(strategy: Strategy) -> tuple[Strategy, Mapping[str, Any] | None]:
    """A strategy of the same class and parameters, attached to no desk, and the state that it is to load.

    What `Strategy.on_save` gives is loaded by the new track; a strategy without one is copied as it is, attribute by attribute,
    with the instruments themselves, which are known by identity.

    Raises:
        Exception: whatever the strategy raises while it is saved or copied (an open file, a lock).
    """
    with localcontext():
        state = strategy.on_save()
    if state is not None:
        return type(strategy)(strategy.instruments, strategy.params), copy.deepcopy(state)
    kept: dict[int, Any] = {id(i): i for i in strategy.instruments}
    kept[id(strategy.params)] = strategy.params
    kept[id(strategy.desk)] = None
    return copy.deepcopy(strategy, kept), None
