"""What goes into a decision about a version: measured and judged as an evidence bar closes, gathered whenever the capital ladder looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from genesis.clock import NS_PER_MINUTE
from genesis.engine.step import Tape
from genesis.evidence.rules import Source
from genesis.paper_trading.ladder_version import LadderVersion
from genesis.paper_trading.own_criteria import OwnJudge
from genesis.paper_trading.promotion_facts import DataState, Facts, Level, OwnInputs, Reading
from genesis.paper_trading.validation_criteria import ValidationCriteria

# Prices of which this long nothing has been seen are stale.
STALE_NS = NS_PER_MINUTE


class FactsGathering:
    """Gathers the `Facts` of versions.

    Args:
        tape: whose gaps say when data cannot be judged.
        criteria: of validation.
        source: where evidence comes from.
    """

    # The user's own code is loaded anew by every process.
    made_anew: ClassVar[Mapping[str, object]] = {"own": ()}

    def __init__(self, tape: Tape, criteria: ValidationCriteria, source: Source) -> None:
        self._tape, self._criteria, self._source = tape, criteria, source
        self.own: Sequence[OwnJudge] = ()

    def judge(self, version: LadderVersion, now: int) -> None:
        """Measure at the evidence bar that closes at ``now`` what the criteria go by, and judge it."""
        gap = None if version.live is None or version.watch is None else version.watch.gap()
        found, criteria = version.candidate.measurements(now, gap), self._criteria
        version.measured = found
        version.verdicts = criteria.judge(found) + tuple(own.judge(criteria, found) for own in self.own)

    def facts(self, version: LadderVersion, now: int, adjusted: float, residual: float) -> Facts:
        """All of a version at ``now``; ``adjusted`` is its E among the family's, ``residual`` the same of benchmark-hedged returns."""
        candidate, live = version.candidate, version.live
        evidence, futility = candidate.evidence, candidate.futility
        return Facts(
            time_ns=now,
            version=version.name,
            identity=candidate.identity,
            evidence_from_ns=candidate.from_ns,
            budget=version.budget,
            verdicts=version.verdicts,
            e_value=evidence.e_value,
            adjusted=adjusted,
            residual=residual,
            e_live=version.live_evidence(),
            e_stress=candidate.stressed_value(),
            futility=None if futility is None else futility.value,
            bound_broken=evidence.bound_broken,
            monitors=_readings(version),
            live_trades=version.live_trades,
            live_equity=version.live_equity(),
            live_pnl=version.earned(),
            live_flat=live is None or live.is_idle,
            halt=version.halt,
            data=self.data(version, now),
            source=self._source,
            synthetic=candidate.synthetic,
            venue_simulated=True,
            least_fraction=candidate.least_fraction(),
            own=self._own_inputs(version),
        )

    def data(self, version: LadderVersion, now: int) -> DataState:
        """Whether prices at ``now`` can be trusted, and the bar that closed last can be judged."""
        names = [feed.price.stream.name for feed in version.track.feeds]
        if any(self._tape.is_missing(n, now - STALE_NS, now) for n in names):
            return DataState.STALE
        return DataState.FRESH if version.candidate.portfolio.bar_return is not None else DataState.DEGRADED

    def _own_inputs(self, version: LadderVersion) -> OwnInputs | None:
        if not self.own or version.measured is None:
            return None
        return OwnInputs({own.asked.name: own.code for own in self.own}, version.measured)


def _readings(version: LadderVersion) -> tuple[Reading, ...]:
    if version.watch is None or version.live is None:
        return ()
    finding = version.watch.finding()
    found = [Reading(r.monitor, Level[r.level.name], r.words) for r in version.watch.readings()]
    # What all of them together point to; it repeats their level and adds none.
    return (*found, Reading("cause", Level.CALM, finding.words))
