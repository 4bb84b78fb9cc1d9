"""``genesis db``: how a store is kept, bringing an earlier one forward, and moving a history to another place."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from genesis.cli.app import HELP, Archive, Json, StorePath, app
from genesis.cli.output import print_json, say
from genesis.clock import SystemClock, iso_utc
from genesis.errors import ConfigError
from genesis.storage.address import StoreAddress, store_address
from genesis.storage.opening import keeping
from genesis.storage.reader import StoreReader
from genesis.storage.schema import HEAD
from genesis.system.archive_file import ArchiveFile
from genesis.system.archiving import bring_forward
from genesis.system.moving import ensure_not_moved, move
from genesis.system.snapshots import Usable, usable

db_app = typer.Typer(
    no_args_is_help=True,
    help="How a store is kept, and moving it to another place (docs/STORAGE.md).",
    context_settings=HELP,
)
app.add_typer(db_app, name="db")


@db_app.command()
def status(store: StorePath, as_json: Json = False) -> None:
    """What keeps a store, of which versions it is, who holds it, and what snapshots there are."""
    found = keeping(store)
    length: int | None = None
    head: str | None = None
    elsewhere = _elsewhere(store)
    kept: list[Usable] = []
    if found.revision == HEAD:
        with StoreReader(store) as reader:
            length, head = reader.head()
            kept = usable(reader.snapshots())
    if as_json:
        snapshots = msgspec.to_builtins(kept)
        print_json(
            {
                "store": str(store),
                "entries": length,
                "head": head,
                **msgspec.to_builtins(found),
                "snapshots": snapshots,
                "elsewhere": elsewhere,
            }
        )
        return
    say(f"{store}: {found.database}, schema revision {found.revision}, tables version {found.projections_version}")
    if length is None:
        say(f"this version of Genesis keeps schema revision {HEAD}: genesis db upgrade brings the store forward")
    else:
        say(f"{length} entries, head {head}")
        for one in kept:
            say(_told(one))
        if not kept:
            say("no snapshot: a start runs from the tape's start")
    say(f"held by: {found.held_by or 'nobody'}")
    if elsewhere is not None:
        say(elsewhere)


def _elsewhere(store: StoreAddress) -> str | None:
    """Why the history does not go on in this store; ``None`` where it does."""
    try:
        ensure_not_moved(store)
    except ConfigError as error:
        return str(error)
    return None


def _told(one: Usable) -> str:
    where = "one that cannot be read"
    if one.entries is not None and one.closed_before is not None:
        where = f"at entry {one.entries}, before {iso_utc(one.closed_before)}"
    return f"snapshot {where}: {one.size} bytes, " + (
        "this build can go on from it" if one.problem is None else f"of no use here: {one.problem}"
    )


@db_app.command()
def upgrade(store: StorePath, archived: Archive = None, as_json: Json = False) -> None:
    """Bring a store of an earlier version forward; no engine may be at work on it. The entries stay as they are."""
    before = keeping(store)
    bring_forward(store, SystemClock(), None if archived is None else ArchiveFile(archived))
    after = keeping(store)
    if as_json:
        print_json({"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(after)})
    else:
        say(f"schema revision {before.revision} to {after.revision}, tables rebuilt where their layout changed")


@db_app.command()
def migrate(
    store: StorePath,
    to: Annotated[str, typer.Option("--to", help="an empty place: postgresql://user@host/database, or a file")],
    archived: Archive = None,
    as_json: Json = False,
) -> None:
    """Move a history: copied whole, verified on both sides, then closed where it was. Refused while an engine holds it."""
    file = None if archived is None else ArchiveFile(archived)
    moved = move(store, store_address(to), SystemClock(), file)
    if as_json:
        print_json(msgspec.to_builtins(moved))
        return
    say(f"moved and verified on both sides: {moved.entries} entries, head {moved.head}")
    say(f"put into the configuration:\n\nrun:\n  store: {moved.store}")
