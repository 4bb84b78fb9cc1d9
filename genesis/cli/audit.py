"""``genesis audit``: what a store proves, to its owner and to others. It is read, never changed, but where a command says so."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from genesis.audit.checkpoint import proof_text
from genesis.audit.entry import decode
from genesis.audit.merkle import leaf_hash
from genesis.cli.app import HELP, Archive, Force, Json, StorePath, app, instant
from genesis.cli.output import print_json, print_plain, print_table, say
from genesis.clock import SystemClock, iso_utc
from genesis.config.audit import AUDIT_NAME, check_origin
from genesis.errors import ConfigError, IntegrityError
from genesis.storage.audit import Audit
from genesis.system import audit as auditing
from genesis.system.archive_file import ArchiveFile
from genesis.system.archiving import bring_back, export_whole, move_out
from genesis.system.export import write_whole
from genesis.system.publishing import FilePublisher

audit_app = typer.Typer(
    no_args_is_help=True,
    help="Verify, sign, prove and export the audit chain (docs/AUDIT.md).",
    context_settings=HELP,
)
app.add_typer(audit_app, name="audit")

Entry = Annotated[int, typer.Argument(help="the entry's number, from 1", metavar="ENTRY")]
Keys = Annotated[
    Path | None, typer.Option("--keys", help="the folder of the signing key; default: keys/ beside the store")
]


@app.command()
@audit_app.command()
def verify(
    store: StorePath,
    head: Annotated[str | None, typer.Option(help="the head you kept: the chain must end with it")] = None,
    length: Annotated[int | None, typer.Option(help="the length you kept")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="a file of checkpoints you kept: the chain must pass through each; repeatable"),
    ] = None,
    key: Annotated[str | None, typer.Option(help="the public key you kept, or the file that holds it")] = None,
    archived: Archive = None,
    as_json: Json = False,
) -> None:
    """Check chains, checkpoints, tables and what you kept; every finding is named."""
    file = None if archived is None else ArchiveFile(archived)
    found = auditing.audit_store(store, auditing.kept_from(head, length, checkpoint or [], key), file)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        if found.findings:
            print_table(msgspec.to_builtins(found.findings), ("part", "seq", "problem"))
        say(_in_words(found))
        for remark in found.remarks:
            say(f"remark: {remark}")
        for unseen in found.unseen:
            say(f"not looked at, because the archive was not given: {unseen}")
    if found.findings:
        raise IntegrityError(f"{store}: expected a sound record, found {_counted(len(found.findings))}")


def _counted(findings: int) -> str:
    return "1 finding" if findings == 1 else f"{findings} findings"


def _in_words(found: Audit) -> str:
    state = _counted(len(found.findings)) if found.findings else "verified"
    if not found.checkpoints:
        signed = "nothing is signed: genesis audit checkpoint signs it"
    else:
        how_many = "all" if found.signed == found.entries else f"the first {found.signed}"
        own_word = "the key is the store's own word: keep it outside, and give it by --key"
        key = "the key is the one you kept" if found.key_kept else own_word
        signed = f"{how_many} signed (checkpoints: {found.checkpoints}); {key}"
    gone = found.archived
    lie = "" if gone is None or found.unseen else f"; the first {gone.entries} read from {gone.where()}"
    return f"{state}: {found.entries} entries, head {found.head}; {signed}{lie}"


@audit_app.command()
def show(store: StorePath, entry: Entry, as_json: Json = False) -> None:
    """One entry: its hashes and what it says."""
    row = auditing.entry_at(store, entry)
    document = decode(row.entry)
    if as_json:
        hashes = {"hash": row.hash.hex(), "leaf_hash": leaf_hash(row.entry).hex()}
        print_json({"seq": row.seq, **hashes, "bytes": row.entry.decode(), "entry": document})
        return
    say(
        f"entry {row.seq}, {document['type']} at {iso_utc(int(str(document['time'])))}, track {document['track'] or '-'}"
    )
    say(f"hash {row.hash.hex()}, leaf hash {leaf_hash(row.entry).hex()}")
    print_plain(row.entry.decode())


@audit_app.command()
def search(
    store: StorePath,
    kind: Annotated[str | None, typer.Option("--type", help="entries of one type, such as OrderFilled")] = None,
    track: Annotated[str | None, typer.Option(help="of one track")] = None,
    text: Annotated[str | None, typer.Option(help="with this text anywhere in their bytes")] = None,
    since: Annotated[str | None, typer.Option(help="from this UTC time on")] = None,
    until: Annotated[str | None, typer.Option(help="before this UTC time")] = None,
    limit: Annotated[int, typer.Option(help="at most so many; 0 is all", min=0)] = 100,
    as_json: Json = False,
) -> None:
    """Entries by type, track, text and time, in order."""
    found = auditing.search(store, kind, track, text, instant("--since", since), instant("--until", until))
    rows = list(islice(found, limit + 1 if limit else None))
    more = bool(limit) and len(rows) > limit
    shown = rows[:limit] if more else rows
    if as_json:
        print_json({"more": more, "entries": [{"seq": row.seq, **document} for row, document in shown]})
        return
    print_table([_line(row.seq, document) for row, document in shown], nothing="none")
    if more:
        say(f"more than {limit}; --limit shows more of them")


def _line(seq: int, document: dict[str, Any]) -> dict[str, Any]:
    body = msgspec.json.encode(document["body"]).decode()
    brief = body if len(body) <= 100 else f"{body[:99]}…"
    return {
        "seq": seq,
        "time": int(document["time"]),
        "type": document["type"],
        "track": document["track"],
        "body": brief,
    }


@audit_app.command()
def prove(
    store: StorePath,
    entry: Entry,
    out: Annotated[Path | None, typer.Option(help="the file to write; default: standard output")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """A proof that an entry stands in the chain, for somebody who has the public key and nothing else."""
    found = auditing.prove(store, entry)
    text = proof_text(found.proof)
    if out is not None:
        write_whole(out, force, lambda part: part.write_text(text, encoding="utf-8", newline="\n"))
    if as_json:
        print_json(
            {
                "entry": entry,
                "bytes": found.proof.entry.decode(),
                "index": found.proof.index,
                "path": [p.hex() for p in found.proof.path],
                "size": found.checkpoint.size,
                "root": found.checkpoint.root.hex(),
                "checkpoint": found.proof.checkpoint,
                "key": str(found.key),
                "file": None if out is None else str(out),
            }
        )
    elif out is None:
        print_plain(text.rstrip("\n"))
    else:
        say(f"{out}: entry {entry} of the {found.checkpoint.size} that are signed; checked with the key {found.key}")


@audit_app.command()
def checkpoint(
    store: StorePath,
    keys: Keys = None,
    name: Annotated[str, typer.Option(help="of a store's first checkpoint: what its origin begins with")] = AUDIT_NAME,
    publish: Annotated[Path | None, typer.Option(help="a file to which checkpoints are appended")] = None,
    as_json: Json = False,
) -> None:
    """Sign the chain as it stands, into the store; an engine may be at work. The key is made on first use."""
    try:
        check_origin(name)
    except ValueError as error:
        raise ConfigError(f"--name: {error}") from None
    publisher = None if publish is None else FilePublisher(publish)
    signed = auditing.sign(store, keys or auditing.keys_beside(store), name, SystemClock(), publisher)
    if as_json:
        print_json(msgspec.to_builtins(signed))
        return
    print_plain(signed.note.rstrip("\n"))
    say(f"\n{'signed' if signed.new else 'signed before'}: {signed.size} entries; keep the key: {signed.key}")
    if publish is not None:
        say(f"published {signed.published} to {publish}")


@audit_app.command()
def rotate_key(store: StorePath, keys: Keys = None, as_json: Json = False) -> None:
    """Make a new signing key: the old one names it in the operations chain and is gone then."""
    key = auditing.rotate(store, keys or auditing.keys_beside(store), SystemClock())
    if as_json:
        print_json({"key": str(key)})
    else:
        say(f"checkpoints are signed with the new key from now on; keep it: {key}")


@audit_app.command("export")
def export_archive(
    store: StorePath,
    out: Annotated[Path, typer.Option(help="the archive to write (zip)")],
    archived: Archive = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """The whole record in one archive, with a verifier that needs only Python."""
    written = export_whole(store, out, force, archived)
    if as_json:
        print_json(msgspec.to_builtins(written))
    else:
        say(f"{written.file}: {written.entries} entries, {written.checkpoints} checkpoints, SHA-256 {written.sha256}")


@audit_app.command("archive")
def archive_old(
    store: StorePath,
    before: Annotated[str, typer.Option(help="entries of before this UTC time (engine time)")],
    to: Annotated[Path, typer.Option(help="the archive to write (zip); keep it")],
    previous: Annotated[
        Path | None, typer.Option(help="the archive of the last time; what it holds is carried over")
    ] = None,
    as_json: Json = False,
) -> None:
    """Move old entries, up to a signed checkpoint, into an archive that proves itself; no engine may be at work."""
    moment = instant("--before", before) or 0
    moved = move_out(store, moment, to, previous, SystemClock())
    if as_json:
        print_json(msgspec.to_builtins(moved))
        return
    say(f"{moved.file}: entries 1 to {moved.entries}, until {iso_utc(moved.time)}, SHA-256 {moved.sha256}")
    say("keep it: the store holds their hashes and what makes its proofs, and no longer what they said")


@audit_app.command("put-back")
def put_back(
    store: StorePath,
    archived: Annotated[Path, typer.Option("--archive", help="the archive that holds old entries")],
    as_json: Json = False,
) -> None:
    """Put archived entries back into the store; no engine may be at work."""
    entries = bring_back(store, archived, SystemClock())
    if as_json:
        print_json({"entries": entries})
    else:
        say(f"{store}: all entries are there again, the first {entries} from {archived}")


@audit_app.command()
def rebuild(
    store: StorePath,
    archived: Archive = None,
    as_json: Json = False,
) -> None:
    """Make the tables that people query again from the entries; no engine may be at work."""
    entries = auditing.rebuild(store, SystemClock(), None if archived is None else ArchiveFile(archived))
    if as_json:
        print_json({"entries": entries})
    else:
        say(f"made again from {entries} entries")
