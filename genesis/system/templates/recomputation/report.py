"""The whole of it: links, entries, findings, and what cannot be made again."""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .run import Recomputation

NOT_RECOMPUTED = (
    "taken from the record: prices, and with them what equity was between two moments at which nothing was held; E against the benchmark; drawdown within a "
    "bar between samples; whether a gap in the data reaches to a look; values of a user's own criteria (their code is in no export; what it was given is, and is checked), with volatility and the ratio's error; rates between moneys that the first entry does not assume, and the room where one counts"
)


def broken_links(entries: list[bytes], hashes: list[bytes]) -> Iterator[str]:
    """Entries whose hash is not that of the entry and the one before (genesis/audit/chain.py)."""
    head = bytes(32)
    for seq, (entry, told) in enumerate(zip(entries, hashes, strict=False), 1):
        linked = b"genesis.run-chain.1\0" + head + len(entry).to_bytes(8, "big") + entry
        if hashlib.sha256(linked).hexdigest().encode() != told:
            yield f"entry {seq}: it and the entry before make another hash than the listed one"
        try:
            head = bytes.fromhex(told.decode("latin-1"))
        except ValueError:
            yield f"entry {seq}: expected a hash in hex"
    if len(entries) != len(hashes):
        yield f"expected a hash for each of {len(entries)} entries, found {len(hashes)}"


def recompute(entries: list[bytes]) -> Recomputation:
    made = Recomputation()
    for seq, line in enumerate(entries, 1):
        try:
            made.read(seq, line)
        except (ArithmeticError, AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            made.findings.append(f"entry {seq}: cannot be read: {type(error).__name__}: {error}")
    made.end_moment()
    return made


def _lines(place: Path, name: str) -> list[bytes]:
    if place.is_dir():
        return (place / name).read_bytes().splitlines()
    with zipfile.ZipFile(place) as packed:
        return packed.read(name).splitlines()


def main(description: str | None) -> int:
    """Judge the export that the command line names; 0 where all of it follows, 1 where there are findings."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path, help="an export, packed or unpacked")
    parser.add_argument("--quiet", action="store_true", help="findings and sums alone, not every move and verdict")
    given = parser.parse_args()
    stored = _lines(given.export, "entries.jsonl")
    links = list(broken_links(stored, _lines(given.export, "entries.hashes")))
    result = recompute(stored)
    problems = [*links, *result.findings]
    print("\n".join([*([] if given.quiet else result.told), *problems, NOT_RECOMPUTED]))
    print(f"{result.decisions} decisions, {result.moves} moves, {result.verdicts} A/B verdicts recomputed")
    print(f"{len(problems)} findings" if problems else "all of it follows")
    return 1 if problems else 0
