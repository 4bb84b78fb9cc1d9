"""Promotion as a store tells it: the last decision about a version, made again from its record, and everything that was ever tried."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from genesis.audit.entry import decode
from genesis.clock import Clock
from genesis.errors import ConfigError, IntegrityError
from genesis.paper_trading.promotion_facts import Evaluation, Order
from genesis.paper_trading.promotion_manager import recompute
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.stages import Move
from genesis.paper_trading.statement import Statement
from genesis.storage.address import StoreAddress
from genesis.storage.inbox import leave_command
from genesis.storage.rows import PromotionRow, StageRow, TakenRow
from genesis.storage.sqlite import StoreReader
from genesis.storage.trials import Version
from genesis.system.gatekeeper import elsewhere_of, evidence_of
from genesis.system.track_kinds import references

_NOTHING = Decimal(0)


class Told(msgspec.Struct, frozen=True):
    """The last decision about a version, made again from entry ``seq`` with the same outcome; ``moves`` and ``commands`` are all there were."""

    seq: int
    evaluation: Evaluation
    moves: tuple[StageRow, ...]
    commands: tuple[TakenRow, ...]


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried: an attempt of an identity of a version; where nothing decides about promotion, its reference track.

    ``epoch`` counts the identities of a version, ``attempt`` the tries of one. ``stage`` is ``None`` where nothing was decided, ``e_value`` where there is no
    evidence. ``family`` is how many identities were tried together, those of other runs of the account with them; one that was tried ``elsewhere`` stands as it did when
    this run began.
    """

    version: str
    strategy: str
    identity: str
    epoch: int = 1
    attempt: int = 1
    family: int
    synthetic: bool = False
    e_value: float | None
    adjusted: float | None
    stage: str | None = None
    fraction: str | None = None
    forced: bool = False
    time_last: int | None = None
    elsewhere: bool = False


def last_decision(store: StoreReader, version: str) -> Told:
    """The last decision about a version.

    Raises:
        ConfigError: nothing was decided about it.
        IntegrityError: made again from its record it comes out differently.
    """
    last = _decided(store, version)[-1]
    evaluation = recompute(_recorded(store, last))
    return Told(last.seq, evaluation, tuple(store.stages(version)), tuple(store.commands_taken(version)))


def made_again(store: StoreReader, version: str) -> int:
    """Make every decision about a version again, each from its record alone, each beginning where the one before it ended; how many there are.

    Raises:
        ConfigError: nothing was decided about it.
        IntegrityError: one comes out differently, or two do not fit together.
    """
    rows, before = _decided(store, version), None
    for row in rows:
        evaluation = recompute(_recorded(store, row))
        # Losses are counted anew for all at once, also for those that are not looked at then.
        began = msgspec.structs.replace(evaluation.before, cleared_pnl=_NOTHING)
        if before is not None and began != before:
            raise IntegrityError(
                f"entry {row.seq}: expected a decision that begins where the one before ended, found another"
            )
        before = msgspec.structs.replace(evaluation.after, cleared_pnl=_NOTHING)
    return len(rows)


def _decided(store: StoreReader, version: str) -> list[PromotionRow]:
    decided = store.promotions(version)
    if not decided:
        known = ", ".join(dict.fromkeys(p.track for p in store.last_promotions()))
        wanted = f"one of {known}" if known else "a store in which something was decided about promotion"
        raise ConfigError(f"strategy: expected {wanted}, found {version}")
    return decided


def _recorded(store: StoreReader, row: PromotionRow) -> Evaluation:
    (entry,) = store.entries(row.seq, row.seq)
    body: Any = decode(entry.entry)["body"]
    evaluation = evaluation_of(body["digest"], body["record"])
    if evaluation.version != row.track:
        raise IntegrityError(f"entry {row.seq}: expected a decision about {row.track}, found {evaluation.version}")
    return evaluation


def all_experiments(store: StoreReader) -> list[Experiment]:
    """Everything that the run's evidence is adjusted for, in the order in which it began: what was tried before in other runs of the account, then in this store."""
    facts = {t.track: t.facts for t in references(store)}
    identities = _identities(store.stages())
    decided = store.last_promotions()
    seen = {p.track for p in decided}
    undecided = [name for name in facts if name not in seen]
    before = elsewhere_of(store).tried
    family = len({(p.track, p.epoch) for p in decided}) + len(undecided) + len(before)
    tried = [_tried_elsewhere(t.version, family) for t in before]
    tried += [_of_decision(p, facts.get(p.track, {}), identities.get((p.track, p.epoch), ""), family) for p in decided]
    evidence = evidence_of(store, store.status().entries) if undecided else {}
    tried += [_undecided(name, facts[name], evidence.get(name), family) for name in undecided]
    return tried


def _tried_elsewhere(version: Version, family: int) -> Experiment:
    return Experiment(
        version=version.name,
        strategy="",
        identity=version.identity,
        family=family,
        e_value=version.e_value,
        adjusted=None,
        elsewhere=True,
    )


def _undecided(name: str, facts: Mapping[str, Any], evidence: Statement | None, family: int) -> Experiment:
    return Experiment(
        version=name,
        strategy=str(facts.get("strategy", "")),
        identity=str(facts.get("version", "")),
        family=family,
        synthetic=bool(facts.get("synthetic", False)),
        e_value=None if evidence is None else evidence.e_value,
        adjusted=None if evidence is None else evidence.adjusted,
    )


def _identities(moves: list[StageRow]) -> dict[tuple[str, int], str]:
    """By version and epoch: named when it is registered and whenever it changes."""
    named = (Move.REGISTER.value, Move.CHANGE.value)
    return {(m.track, m.epoch): m.identity for m in moves if m.move in named}


def _of_decision(p: PromotionRow, facts: Mapping[str, Any], identity: str, family: int) -> Experiment:
    return Experiment(
        version=p.track,
        strategy=str(facts.get("strategy", "")),
        identity=identity,
        epoch=p.epoch,
        attempt=p.attempt,
        family=family,
        synthetic=bool(facts.get("synthetic", False)),
        e_value=p.e_value,
        adjusted=p.e_counted,
        stage=p.stage,
        fraction=p.fraction,
        forced=p.forced,
        time_last=p.time,
    )


def leave_order(path: StoreAddress, order: Order, version: str | None, author: str, reason: str, clock: Clock) -> int:
    """Put an order into the store's inbox for the engine to take; its number there.

    Args:
        path: the store.
        order: what is wanted.
        version: whom it concerns; ``None`` all versions.
        author: who wants it.
        reason: why.
        clock: gives the wall time that is noted.

    Raises:
        ConfigError: no such version, no author or reason, or a run whose tape has ended, so that nobody will take it.
        StorageError: no store there, or it cannot be written.
    """
    with StoreReader(path) as store:
        if store.status().complete:
            raise ConfigError(
                f"{path}: expected a run that goes on, found one whose tape has ended: nothing would take the command"
            )
        known = [t.track for t in references(store)]
    if version is not None and version not in known:
        raise ConfigError(
            f"strategy: expected one of {', '.join(known) or 'none, the store is empty'}, found {version}"
        )
    return leave_command(path, order.value, version, author, reason, clock)
