"""The account's ledger of trials around a run: read before it is built, its versions registered before its first row, what they have shown noted at its end."""

from __future__ import annotations

from pathlib import Path

from structlog.typing import FilteringBoundLogger

from genesis.config import Config
from genesis.errors import GenesisError
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.storage.address import StoreAddress
from genesis.storage.sqlite import StoreReader
from genesis.storage.store import Store
from genesis.storage.trials import Trials, Version
from genesis.system.elsewhere import Elsewhere
from genesis.system.prepared import Prepared
from genesis.system.track_kinds import is_reference

# The operation that keeps what a run was adjusted for, where its first entry may be in an archive.
TRIALS = "trials"


def ledger_of(config: Config, folder: Path) -> Trials:
    """The ledger that a configuration in ``folder`` names."""
    return Trials(folder / config.paper_trading.account.trials)


def tried_elsewhere(prepared: Prepared, store: StoreAddress, trials: Trials) -> Elsewhere:
    """What a run that begins now is adjusted for; of one that has begun, what it was adjusted for from its first row on.

    Raises:
        IntegrityError: the ledger is not as it was written. StorageError: it cannot be read.
    """
    try:
        with StoreReader(store) as reader:
            noted = next((o for o in reader.operations() if o.kind == TRIALS), None)
            if noted is not None:
                return Elsewhere.of(noted.facts)
            if reader.head()[0]:
                return Elsewhere()
    except GenesisError:
        # None yet, or none that can be used: opening it to write says what is wrong.
        pass
    split = prepared.config.paper_trading.account.split
    return Elsewhere(() if split is not None else tuple(trials.tried(before=prepared.trial)), split)


def register(prepared: Prepared, kept: Store, trials: Trials, held: int, log: FilteringBoundLogger) -> None:
    """Note in a store of which no entry is ``held`` what its run is adjusted for, and register the run's versions in the ledger.

    A store that holds entries was registered before its first, or will refuse a configuration that is not its run's.
    """
    elsewhere = prepared.elsewhere
    if not held and not any(o.kind == TRIALS for o in kept.operations()):
        place = trials.place()
        # The ledger first: killed before the store has noted it, the next start finds the same before its own line.
        trials.begin(prepared.trial, versions_of(prepared))
        kept.operation(TRIALS, ledger={"length": place.length, "head": place.head}, **elsewhere.facts())
    if elsewhere.tried:
        log.info("family", ledger=str(trials.path), so=f"E is adjusted for {elsewhere.words} besides")
    elif elsewhere.split is not None:
        log.warning("family of its own", by=elsewhere.split.by, reason=elsewhere.split.reason)


def versions_of(prepared: Prepared, begun: bool = False) -> list[Version]:
    """The versions of a run; with what they have shown, where it has ``begun``."""
    shown = {} if prepared.ladder is None else prepared.ladder.shown()
    found = []
    # Live tracks, of which the configuration tells nothing, come after all of its own.
    for track, facts in zip(prepared.tracks, prepared.track_facts, strict=False):
        evidence = track.portfolio.evidence if isinstance(track.portfolio, VirtualPortfolio) else None
        if evidence is not None and is_reference(facts):
            raw, hedged = shown.get(track.name, (evidence.e_value,) * 2) if begun else (0.0, 0.0)
            found.append(Version(track.name, str(facts["version"]), raw, hedged))
    return found
