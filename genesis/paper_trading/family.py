"""The family of versions that were tried together, and each one's evidence adjusted for it, as the capital ladder counts it.

A version without capital is adjusted for everybody's present attempt. One that holds capital is adjusted for the attempts that were there when it went
live, and for no other: an attempt that ended since keeps its last E, because a stopped e-process is one as well, and one that began since is no member.
So nothing that is registered later lowers a version that is live (definitions.md, "Evidence and where it comes from").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from genesis.evidence.families import closed_adjustment
from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import HedgedEvidence


class Attempt:
    """The evidence of one attempt of a version, raw and hedged; nobody feeds it once the next one has begun."""

    __slots__ = ("evidence", "hedged")

    def __init__(self, evidence: Evidence, hedged: HedgedEvidence) -> None:
        self.evidence, self.hedged = evidence, hedged


class Family:
    """All versions of an account by name, each with its present attempt, and whom each that is live was tried beside.

    Args:
        elsewhere: E, raw and hedged, of those that were tried in other runs of the account; members of everybody's family.
    """

    def __init__(self, elsewhere: Sequence[tuple[float, float]] = ()) -> None:
        self._raw, self._hedged = [r for r, _ in elsewhere], [h for _, h in elsewhere]
        self._present: dict[str, Attempt] = {}
        self._beside: dict[str, dict[str, Attempt]] = {}

    def begin(self, name: str, evidence: Evidence, hedged: HedgedEvidence) -> None:
        """A version is registered, or another attempt of it begins."""
        self._present[name] = Attempt(evidence, hedged)

    def hold(self, names: Collection[str]) -> None:
        """Who holds capital from now on: those that did not before are kept beside the present attempts."""
        self._beside = {n: self._beside[n] if n in self._beside else dict(self._present) for n in names}

    def adjusted(self, names: Collection[str]) -> dict[str, tuple[float, float]]:
        """E of each, raw and hedged, adjusted for its family."""
        found = self._adjusted(self._present)
        found.update((n, self._adjusted(self._beside[n])[n]) for n in names if n in self._beside)
        return {n: found[n] for n in names}

    def _adjusted(self, family: dict[str, Attempt]) -> dict[str, tuple[float, float]]:
        raw = closed_adjustment([*(a.evidence.e_value for a in family.values()), *self._raw])
        hedged = closed_adjustment([*(a.hedged.e_value for a in family.values()), *self._hedged])
        return {n: (r, h) for n, r, h in zip(family, raw, hedged, strict=False)}
