"""What each track of a run is, by what the run's first entry or the entry that opened it tells of it.

A version's reference track gathers its evidence. Beside it may stand the same strategy under the harder profile (``beside``), under a fault plan
(``faults``), and, once it has capital, its live track and twin (``of``). Who asks about versions means reference tracks alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from genesis.storage.rows import TrackRow
from genesis.storage.sqlite import StoreReader


def is_reference(facts: Mapping[str, object]) -> bool:
    """Whether it is a version's own track on paper, of which there is one."""
    return not any(facts.get(other) for other in ("beside", "faults", "of"))


def references(store: StoreReader) -> list[TrackRow]:
    """The reference tracks, in the configuration's order."""
    return [t for t in store.tracks() if is_reference(t.facts)]


def besides(store: StoreReader) -> dict[str, str]:
    """By track, the one that runs the same strategy under the profile beside it."""
    return {str(t.facts["beside"]): t.track for t in store.tracks() if t.facts.get("beside")}


def under_plans(store: StoreReader) -> dict[str, tuple[str, str]]:
    """By track under a fault plan: the track of the same strategy undisturbed, and the plan's name."""
    told = {t.track: t.facts.get("faults") for t in store.tracks()}
    return {name: (str(f["of"]), str(f["plan"])) for name, f in told.items() if f}


def roles(store: StoreReader) -> dict[str, str]:
    """By track that is not one of paper's own: ``live`` or ``twin``. They are never added to paper."""
    return {t.track: str(t.facts["role"]) for t in store.tracks() if t.facts.get("of")}
