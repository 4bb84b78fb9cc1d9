"""The capital ladder of a run, built from its configuration over the tracks that may rise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from genesis.config import Config
from genesis.engine.feed import price_stream
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.evidence.pair_rules import PairRules
from genesis.evidence.rules import BettingRules
from genesis.feeds.files import Reading
from genesis.model.instruments import InstrumentKind
from genesis.paper_trading.account_rates import AccountRates
from genesis.paper_trading.ladder import CapitalLadder
from genesis.paper_trading.live_tracks import LiveVenue
from genesis.paper_trading.own_criteria import OwnJudge
from genesis.paper_trading.several_moneys import SeveralMoneysPortfolio
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode
from genesis.risk.tiers import Tier
from genesis.system.beginning import floats_as_text
from genesis.system.identity import code_of
from genesis.system.strategies import find_measure
from genesis.system.track_kinds import is_reference
from genesis.system.weighing import SOURCE
from genesis.tape.stream import Stream, StreamKind

_PRICED = (StreamKind.QUOTES, StreamKind.TRADES, StreamKind.BARS)


class OwnCriteria(NamedTuple):
    """The user's own criteria that are judged, and the digest of each one's code, by name."""

    judges: list[OwnJudge]
    code: dict[str, str]


def own_criteria(asked: ValidationCriteria, folder: Path) -> OwnCriteria:
    """The user's own criteria that are judged, and what their code is, by name."""
    judges: list[OwnJudge] = []
    code: dict[str, str] = {}
    for own in asked.own:
        if own.mode is not Mode.OFF:
            measure = find_measure(own.code, folder)
            code[own.name] = code_of(measure, own.code.rpartition(":")[2])
            judges.append(OwnJudge(own, measure, code[own.name]))
    return OwnCriteria(judges, code)


class BuiltLadder(NamedTuple):
    """A ladder, none where paper trading is off, and what the first entry tells of it: rates to the account's currency, rules of A/B tests."""

    ladder: CapitalLadder | None
    account_rates: dict[str, dict[str, object]]
    experiments: dict[str, object]


class LadderBuilder:
    """Builds the ladder over the reference tracks of a simulator."""

    def __init__(
        self,
        config: Config,
        readings: Sequence[Reading],
        tape: Tape,
        simulator: PaperTradingSimulator,
        betting: BettingRules,
        tiers: Sequence[Tier],
    ) -> None:
        self._config, self._readings, self._tape = config, readings, tape
        self._simulator, self._betting, self._tiers = simulator, betting, tiers

    def build(
        self,
        tracks: Sequence[Mapping[str, object]],
        judges: Sequence[OwnJudge],
        start_ns: int,
        elsewhere: Sequence[tuple[float, float]] = (),
    ) -> BuiltLadder:
        """``tracks``: what is told of each track of the simulator; the ladder begins at ``start_ns`` (engine ns); ``elsewhere`` as `CapitalLadder` takes it."""
        config, paper = self._config, self._config.paper_trading
        venue = LiveVenue(config.live_profile, config.live_venue.seed)
        candidates = [t for t, facts in zip(self._simulator.tracks, tracks, strict=True) if _is_candidate(t, facts)]
        currencies = {t.portfolio.currency for t in candidates}
        rates = AccountRates(self._rate_streams(), currencies, paper.account.assumed_rates)
        ladder = CapitalLadder(
            self._simulator,
            self._tape,
            paper.validation_criteria,
            paper.promotion,
            self._betting,
            SOURCE,
            venue,
            rates,
            start_ns,
            self._tiers,
            elsewhere,
            config.risk,
        )
        ladder.judge_also_by(judges)
        for track, facts in zip(self._simulator.tracks, tracks, strict=True):
            if track in candidates:
                ladder.add(track, str(facts["version"]), facts)
        return BuiltLadder(ladder, rates.facts(), self._compare(ladder) if paper.ab_testing.enabled else {})

    def _compare(self, ladder: CapitalLadder) -> dict[str, object]:
        """Let the variants of each strategy be compared; by strategy, what is told of that."""
        experiments: dict[str, object] = {}
        pairs = PairRules(max_variants=self._config.paper_trading.ab_testing.max_variants)
        for strategy in self._config.strategies:
            names = [f"{strategy.name}.{v.name}" for v in strategy.variants]
            if len(names) > 1 and all(ladder.knows(n) for n in names):
                ladder.compare(strategy.name, names, pairs)
                rules = floats_as_text(msgspec.to_builtins(pairs))
                experiments[strategy.name] = {"tracks": names, "rules": rules}
        return experiments

    def _rate_streams(self) -> list[Stream]:
        """The prices of all instruments that exchange two currencies."""
        spot = [r.instrument for r in self._readings if r.instrument.kind is not InstrumentKind.PERPETUAL]
        of_each = [self._tape.of(i) for i in dict.fromkeys(spot)]
        return [price_stream(streams) for streams in of_each if any(s.kind in _PRICED for s in streams)]


def _is_candidate(track: Track, facts: Mapping[str, object]) -> bool:
    """A reference track. Capital of several moneys cannot be given by one yet: such a version stays on paper."""
    several = isinstance(track.portfolio, SeveralMoneysPortfolio)
    return is_reference(facts) and not several
