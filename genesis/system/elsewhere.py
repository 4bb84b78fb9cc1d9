"""What else was tried in the account a run belongs to: its versions are adjusted for that too (definitions.md, "Family")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from genesis.config.schema import SplitSection
from genesis.storage.trials import Tried, Version


class Elsewhere(msgspec.Struct, frozen=True):
    """Versions of other runs as they stood when this one began; none are counted where somebody approved a ``split``."""

    tried: tuple[Tried, ...] = ()
    split: SplitSection | None = None

    @property
    def e_values(self) -> list[tuple[float, float]]:
        """E of each, raw and beyond its benchmark."""
        return [(t.version.e_value, t.version.hedged) for t in self.tried]

    @property
    def words(self) -> str:
        """How many versions of how many runs."""
        versions, runs = len(self.tried), len({t.run for t in self.tried})
        return f"{versions} version{'s' * (versions != 1)} of {runs} run{'s' * (runs != 1)}"

    def facts(self) -> dict[str, object]:
        """What the first entry tells; a run beside which nothing was tried is what it was before there was a ledger. Floats are text."""
        tried = [
            {
                "run": t.run,
                "version": t.version.name,
                "identity": t.version.identity,
                "e_value": repr(t.version.e_value),
                "hedged": repr(t.version.hedged),
            }
            for t in self.tried
        ]
        told: dict[str, object] = {"tried": tried} if tried else {}
        return told | ({"split": msgspec.to_builtins(self.split)} if self.split is not None else {})

    @staticmethod
    def of(facts: Mapping[str, Any]) -> Elsewhere:
        """As `facts` told it."""
        tried = tuple(
            Tried(t["run"], Version(t["version"], t["identity"], float(t["e_value"]), float(t["hedged"])))
            for t in facts.get("tried", ())
        )
        split = facts.get("split")
        return Elsewhere(tried, None if split is None else SplitSection(**split))
