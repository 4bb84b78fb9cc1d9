"""Whether this machine, a configuration and its store are fit for a run; each finding says what to do."""

from __future__ import annotations

import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from genesis.audit.verify import Finding
from genesis.clock import iso_utc
from genesis.config import Config, load_config
from genesis.errors import ConfigError, GenesisError
from genesis.model.calendars import FX_ZONE
from genesis.storage.address import StoreAddress, store_address
from genesis.storage.beside import is_there
from genesis.storage.rows import StoreStatus
from genesis.storage.sqlite import StoreReader
from genesis.storage.trials import Trials
from genesis.system import versions
from genesis.system.account_trials import ledger_of
from genesis.system.data import data_paths
from genesis.system.elsewhere import Elsewhere
from genesis.system.moving import ensure_not_moved
from genesis.system.outbound import Published, published
from genesis.system.outgrown import ADVICE, OUTGROWN
from genesis.system.remote_publishing import destinations
from genesis.system.snapshots import Usable, usable

_PYTHON = (3, 11)
# A store in WAL mode can be read from a read-only folder since this version; https://www.sqlite.org/wal.html#readonly
_SQLITE = (3, 22)
FREE_BYTES = 10**9
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)$")


class Health(Enum):
    """How a finding stands."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at: what was found, and what to do (empty where nothing)."""

    name: str
    health: Health
    found: str
    advice: str = ""


def examine(config: Path | None, folder: Path, env: Mapping[str, str]) -> list[Check]:
    """Every check; ``folder`` is looked at where there is no configuration, whose own folder comes first."""
    place = folder if config is None else config.parent
    checks = [_python(), *_packages(), _sqlite(), _zones(), _disk(place), _writable(place)]
    if config is not None:
        checks += _configured(config, env)
    return checks


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON:
        return Check("python", Health.ERROR, found, "install Python 3.11 or newer")
    return Check("python", Health.OK, found)


def _packages() -> Iterator[Check]:
    try:
        wanted = requires(versions.PACKAGE) or []
    except PackageNotFoundError:
        yield Check("packages", Health.WARNING, f"{versions.PACKAGE} is not installed", "install it: pip install .")
        return
    for requirement in wanted:
        match = _REQUIREMENT.match(requirement.partition(";")[0].strip())
        if match is None or "extra" in requirement.partition(";")[2]:
            continue
        name, least = match.groups()
        yield package_check(name, least)


def package_check(name: str, least: str) -> Check:
    """Whether ``name`` is installed in version ``least`` or newer."""
    advice = f"install it: pip install '{name}>={least}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(f"package {name}", Health.ERROR, f"expected {least} or newer, found none", advice)
    if numbers(found) < numbers(least):
        return Check(f"package {name}", Health.ERROR, f"expected {least} or newer, found {found}", advice)
    return Check(f"package {name}", Health.OK, found)


def numbers(text: str) -> tuple[int, ...]:
    """A version's numbers in order, without closing zeros and what follows a plus."""
    found = [int(part) for part in re.findall(r"\d+", text.partition("+")[0])]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def _sqlite() -> Check:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _SQLITE:
        return Check("sqlite", Health.ERROR, found, "use a Python built with SQLite 3.22 or newer")
    return Check("sqlite", Health.OK, found)


def _zones() -> Check:
    try:
        ZoneInfo(FX_ZONE)
    except ZoneInfoNotFoundError:
        return Check("time zones", Health.ERROR, f"no data for {FX_ZONE}", "install it: pip install tzdata")
    return Check("time zones", Health.OK, f"{FX_ZONE} is known")


def _disk(folder: Path) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk", Health.ERROR, f"{folder}: {(error.strerror or str(error)).lower()}", "create the folder")
    return disk_check(free)


def disk_check(free: int) -> Check:
    """What ``free`` bytes mean."""
    found = f"{free / 1e9:.1f} GB free"
    if free < FREE_BYTES:
        return Check("disk", Health.WARNING, found, "free some space: a run stops when the disk is full")
    return Check("disk", Health.OK, found)


def _writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as error:
        found = f"{folder}: {(error.strerror or str(error)).lower()}"
        return Check("folder", Health.ERROR, found, "give write permission, or use another folder")
    return Check("folder", Health.OK, f"{folder.resolve()} can be written")


def _configured(path: Path, env: Mapping[str, str]) -> Iterator[Check]:
    try:
        config = load_config(path, env)
    except GenesisError as error:
        yield Check("configuration", Health.ERROR, str(error), "correct the file")
        return
    yield Check("configuration", Health.OK, f"{path}: {len(config.strategies)} strategies, {len(config.data)} files")
    yield from _data(config, path.parent)
    to = [d.name for d in destinations(config.audit.publishing, path.parent)]
    yield _trials(ledger_of(config, path.parent))
    yield from _store(store_address(config.run.store, path.parent), to, config.storage.snapshots.every_entries)


def _trials(trials: Trials) -> Check:
    """Whether the ledger of what was ever tried is as it was written."""
    try:
        tried = Elsewhere(tuple(trials.tried())).words
    except GenesisError as error:
        return Check("trials", Health.ERROR, str(error), "keep a copy, then put back the ledger as it was backed up")
    return Check("trials", Health.OK, f"{trials.path}: {tried}")


def _data(config: Config, folder: Path) -> Iterator[Check]:
    for i, data in enumerate(config.data):
        try:
            paths = data_paths(folder, data.path)
        except GenesisError as error:
            yield Check(
                f"data[{i}]",
                Health.ERROR,
                str(error),
                f"correct data[{i}].path, put files there, or install the package",
            )
            continue
        yield from (_file(i, path) for path in paths)


def _file(i: int, path: Path) -> Check:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        found = f"{path}: {(error.strerror or str(error)).lower()}"
        return Check(f"data[{i}]", Health.ERROR, found, f"correct data[{i}].path, or put the file there")
    if empty:
        return Check(f"data[{i}]", Health.ERROR, f"{path}: empty", "replace the file")
    return Check(f"data[{i}]", Health.OK, f"{path} can be read; genesis check-config reads all of it")


def _store(path: StoreAddress, publishing: Sequence[str], every_entries: int) -> Iterator[Check]:
    try:
        if not is_there(path):
            yield Check("store", Health.OK, f"{path}: none yet; genesis run makes it")
            return
        with StoreReader(path) as reader:
            findings, status, operations = reader.verify(), reader.status(), reader.operations()
            outgrown = isinstance(path, Path) and any(o.kind == OUTGROWN for o in operations)
            signed, kept = len(reader.checkpoints()), usable(reader.snapshots())
    except GenesisError as error:
        yield Check("store", Health.ERROR, str(error), "keep a copy, then restore a backup or use another store")
        return
    yield _verified(path, findings, status, outgrown)
    yield from _elsewhere(path)
    yield snapshots_check(kept, status.entries, every_entries)
    yield versions_check(versions.at_last_start(operations), versions.installed())
    far = published(operations)
    for to in publishing:
        yield published_check(to, far.get(to, Published()), signed)


def _elsewhere(path: StoreAddress) -> Iterator[Check]:
    """Whether the history goes on in another store, or is still on its way into this one."""
    try:
        ensure_not_moved(path)
    except ConfigError as error:
        yield Check("store", Health.ERROR, str(error), "genesis run refuses this store")


def published_check(to: str, far: Published, signed: int) -> Check:
    """Whether a destination has taken all checkpoints that were ``signed``."""
    if far.checkpoints >= signed:
        return Check("publishing", Health.OK, f"{to}: all {signed} checkpoints were taken")
    why = f": {far.error}" if far.error else ""
    found = f"{to}: {signed - far.checkpoints} of {signed} checkpoints were not taken{why}"
    return Check(
        "publishing", Health.WARNING, found, "correct audit.publish or the other side; the next run sends them"
    )


def snapshots_check(kept: Sequence[Usable], entries: int, every_entries: int) -> Check:
    """Whether the next start of a store of so many entries goes on from a snapshot, the last of which comes first in ``kept``."""
    if not every_entries:
        return Check("snapshots", Health.OK, "none are taken (storage.snapshots.every_entries: 0)")
    good = next((s for s in kept if s.problem is None), None)
    if good is not None and good.entries is not None and good.closed_before is not None:
        place = f"entry {good.entries} of {entries}, before {iso_utc(good.closed_before)}"
        return Check("snapshots", Health.OK, f"{len(kept)} kept, the next start goes on from {place}")
    if not kept:
        return Check("snapshots", Health.OK, f"none yet; the next start runs over all {entries} entries")
    found = f"{len(kept)} kept, none of use: {kept[0].problem}"
    advice = "nothing is lost: the next start runs from the tape's start and compares every entry, then takes new ones"
    return Check("snapshots", Health.WARNING, found, advice)


def versions_check(before: versions.Versions, now: versions.Versions) -> Check:
    """Whether a store was last written under the versions that are installed."""
    if changed := versions.changes(before, now):
        return Check(
            "versions",
            Health.WARNING,
            f"since the store's last start: {'; '.join(changed)}",
            "genesis run makes what is stored again and stops at any difference; look before more capital is at stake",
        )
    return Check("versions", Health.OK, "those under which the store was last written" if before else "none told yet")


def _verified(path: StoreAddress, findings: Sequence[Finding], status: StoreStatus, outgrown: bool) -> Check:
    if findings:
        found = f"{path}: {len(findings)} findings, the first at entry {findings[0].seq}: {findings[0].problem}"
        return Check(
            "store", Health.ERROR, found, "keep a copy and restore a backup; genesis verify names every finding"
        )
    if outgrown:
        return Check("store", Health.WARNING, f"{path}: live equity has outgrown a file", ADVICE)
    last = "" if status.time is None else f", last at {iso_utc(status.time)}"
    return Check("store", Health.OK, f"{path}: both chains verified, {status.entries} entries{last}")
