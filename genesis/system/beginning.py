"""What a run is a function of, as its first entry tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from genesis.config import Config, plain_config
from genesis.evidence.rules import BettingRules
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import FeeSchedule
from genesis.feeds.files import Reading
from genesis.model.rules import ExchangeRules
from genesis.paper_trading.validation_criteria import ALWAYS_TOLD, ValidationCriteria
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier
from genesis.system.faulted import FaultedStream
from genesis.system.listings import rules_digest
from genesis.system.weighing import SOURCE
from genesis.tape.stream import Stream


class Beginning(NamedTuple):
    """Configuration, data and what was built of them; ``tracks`` as `TrackBuilder.facts` has them."""

    config: Config
    rules: Mapping[str, ExchangeRules]
    readings: Sequence[Reading]
    streams: Sequence[Stream]
    faulted: Sequence[FaultedStream]
    betting: BettingRules
    tiers: Sequence[Tier]
    tracks: Sequence[Mapping[str, object]]
    experiments: Mapping[str, object]
    account_rates: Mapping[str, Mapping[str, object]]
    own_code: Mapping[str, str]

    def facts(self) -> dict[str, object]:
        """The body of the first entry: no path, host or wall clock."""
        plain = plain_config(self.config)
        # A run without an information file is what it was before there were any.
        rules = {"rules": {i: rules_digest(r) for i, r in self.rules.items()}} if self.rules else {}
        perpetuals = {i.id: _texts(i.perpetual) for i in self.config.instruments if i.perpetual is not None}
        terms: dict[str, object] = {"perpetuals": perpetuals} if perpetuals else {}
        # Nor does it matter where a run is kept that may be kept anywhere.
        bound = {k: plain["storage"][k] for k in ("outgrown_usd", "require_postgres")}
        kept: dict[str, object] = {"storage": bound} if self.config.storage.require_postgres else {}
        # Nor is one without a fault plan anything else.
        faulted: dict[str, object] = (
            {"faulted_streams": [f.facts() for f in self.faulted]} if any("faults" in t for t in self.tracks) else {}
        )
        # Whoever has the entries alone makes the answers of A/B tests again by these rules.
        compared: dict[str, object] = {"experiments": self.experiments} if self.experiments else {}
        # What of the criteria is as it was before there was a choice is not told.
        asked, usual = self.config.paper_trading.validation_criteria, ValidationCriteria()
        criteria = {
            k: v
            for k, v in plain["paper_trading"]["validation_criteria"].items()
            if k in ALWAYS_TOLD or getattr(asked, k) != getattr(usual, k)
        }
        for own in criteria.get("own", ()):
            own["code"] = own["code"].rpartition("/")[2]
        # Limits of positions that move together came later than the others.
        risk = {
            k: v
            for k, v in plain["risk"].items()
            if not k.startswith("stacked_") or getattr(self.config.risk, k) != getattr(Limits(), k)
        }
        # Whose code gives a criterion's value.
        owned: dict[str, object] = {"own_criteria": self.own_code} if self.own_code else {}
        # An account whose budgets are all in USD needs no rate.
        account: dict[str, object] = {"account_rates": self.account_rates} if self.account_rates else {}
        return (
            rules
            | account
            | terms
            | faulted
            | kept
            | compared
            | owned
            | {
                "criteria": criteria,
                "evidence": {"rules": floats_as_text(msgspec.to_builtins(self.betting)), "source": SOURCE.value},
                "execution": floats_as_text(plain["execution"]),
                "live_venue": floats_as_text(plain["live_venue"]),
                "promotion": plain["paper_trading"]["promotion"],
                "paper_trading": {"enabled": self.config.paper_trading.enabled},
                "realism": floats_as_text(plain["realism"]),
                "fees": {i.id: _fee_facts(i.fees) for i in self.config.instruments},
                "instruments": [str(r.instrument) for r in self.readings],
                "risk": floats_as_text(risk),
                "run": self._run_facts(),
                "streams": [self._stream_facts(r, s) for r, s in zip(self.readings, self.streams, strict=True)],
                "source": SOURCE.value,
                "tiers": [msgspec.to_builtins(t) for t in self.tiers],
                "tracks": self.tracks,
            }
        )

    def _stream_facts(self, reading: Reading, stream: Stream) -> dict[str, object]:
        """A stream and the file it was read from. Where the configuration says how to read, one file can be several streams, so the rows have a digest too."""
        facts: dict[str, object] = {
            "digest": reading.report.sha256,
            "name": stream.name,
            "rows": stream.recorded,
            "volume": stream.has_volume,
        }
        if any(d.instrument == reading.instrument.id and d.says_how_to_read for d in self.config.data):
            facts["rows_digest"] = stream.rows_digest(stream.recorded)
        if reading.report.repairs:
            facts["repaired"] = [
                {"policy": r.policy.value, "problem": r.problem.value, "rows": r.count} for r in reading.report.repairs
            ]
        return facts

    def _run_facts(self) -> dict[str, object]:
        run = self.config.run
        # Every run was beside the realistic profile before it could be without.
        alone: dict[str, object] = {} if run.realistic else {"realistic": False}
        return alone | {"about": run.about, "name": run.name, "sample_every": run.sample_every, "seed": run.seed}


def _fee_facts(fees: FeeSchedule) -> Any:
    """A schedule as plain values; one of a maker's and a taker's rate says nothing of the rest."""
    facts = msgspec.to_builtins(fees)
    return facts if fees.in_full else {k: facts[k] for k in ("maker_bp", "taker_bp", "currency", "decimals")}


def _texts(terms: PerpetualTerms) -> Any:
    """Terms of a perpetual as plain values; decimals are exact text."""
    return msgspec.to_builtins(terms, str_keys=True)


def floats_as_text(value: Any) -> Any:
    """Plain values with every float as the text that gives it back: no two writers of JSON differ over it."""
    if isinstance(value, dict):
        return {k: floats_as_text(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [floats_as_text(v) for v in value]
    return repr(value) if isinstance(value, float) else value
