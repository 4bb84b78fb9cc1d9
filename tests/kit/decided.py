"""A store in which something was decided about promotion, made by the manager itself."""

from __future__ import annotations

from pathlib import Path

from genesis.clock import ManualClock
from genesis.model.events import Event
from genesis.storage.sqlite import SqliteStore
from tests.kit.factories import T0, started
from tests.kit.promotions import a_rise


def decided_store(path: Path, *more: Event) -> Path:
    """A run that goes on, of ``ema.fast``, which is live, and ``ema.slow``, about which nothing was decided; ``more`` entries after it."""
    with SqliteStore(path, ManualClock(T0), "here") as store:
        store.journal.append([started(), *a_rise("ema.fast", T0), *more])
        store.journal.commit()
    return path
