"""Queries on a store, whatever keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Context, Decimal
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from genesis.audit.entry import decode
from genesis.audit.merkle import Frontier
from genesis.audit.note import Check
from genesis.audit.verify import Finding, Place
from genesis.errors import ConfigError, IntegrityError
from genesis.model.grid import plain
from genesis.model.orders import OrderStatus
from genesis.model.run_events import TapeEnded
from genesis.storage import schema, shapes
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Archived, Lines, archived
from genesis.storage.audit import Audit, Kept, audit
from genesis.storage.beside import connect_to_read
from genesis.storage.checkpoints import KeptCheckpoint, KeptKey, kept_checkpoints, kept_keys, tree_at
from genesis.storage.entries import chain_head, entries_of, newest_of, stored_entries
from genesis.storage.faults import one_view, storage_errors
from genesis.storage.operations import RUNNING, check_before, check_chains, operation_rows
from genesis.storage.positions import fold_fills
from genesis.storage.rows import (
    CapitalRow,
    CommandRow,
    ComparisonRow,
    DenialRow,
    EntryRow,
    EvidenceRow,
    FamilyRow,
    FaultsRow,
    FillRow,
    FundingRow,
    GapRow,
    IncidentRow,
    NoteRow,
    OperationRow,
    OrderRow,
    PositionRow,
    PromotionRow,
    RefusedRow,
    SampleRow,
    StageRow,
    StopRow,
    StoreStatus,
    TakenRow,
    TrackRow,
    TradeRow,
    select,
)
from genesis.storage.snapshots import SnapshotThere, snapshots_there

_TRACKLESS = frozenset({"comparisons", "families", "gaps"})
_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN)
_Row = TypeVar("_Row", bound=msgspec.Struct)
_Sampled = tuple[int, str, int, str, bytes]  # seq, track, time, currency, the entry


class StoreReader:
    """Read-only queries, also while an engine writes; each sees the store as one commit left it.

    Raises:
        StorageError: no store there, or it cannot be read.
        IntegrityError: the file is damaged or no database.
    """

    def __init__(self, path: StoreAddress) -> None:
        self.path = path
        self._db = connect_to_read(path)

    @classmethod
    def open(cls, path: StoreAddress) -> StoreReader:
        """As the constructor."""
        return cls(path)

    def close(self) -> None:
        """Let the store go."""
        self._db.close()

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def one_view(self) -> Iterator[None]:
        """Everything asked inside is answered from the store as it is now, whatever an engine commits meanwhile."""
        with storage_errors(self.path), one_view(self._db):
            yield

    # ---- the run

    def status(self) -> StoreStatus:
        """How the run stands."""
        length, head = self.head()
        with storage_errors(self.path):
            ends = [self._db.execute("SELECT bytes FROM entries WHERE seq = ?", (n,)).fetchone() for n in (1, length)]
        operations = [o for o in self.operations() if o.kind in RUNNING]
        waiting = sum(c.taken_at_seq is None for c in self.commands())
        first, last = (None if row is None else decode(row[0]) for row in ends)
        return StoreStatus(
            length,
            head,
            None if first is None else int(str(first["time"])),
            None if last is None else int(str(last["time"])),
            last is not None and last["type"] == TapeEnded.__name__,
            waiting,
            operations[-1] if operations else None,
        )

    def head(self) -> tuple[int, str]:
        """Length and head (hex) of the run chain."""
        with storage_errors(self.path):
            length, head = chain_head(self._db, "entries")
        return length, head.hex()

    def entries(self, first: int = 1, last: int | None = None) -> Iterator[EntryRow]:
        """Entries ``first`` to ``last`` (to the end by default), both included, without holding all of them at once.

        Raises:
            ConfigError: one of them lies in an archive.
        """
        with storage_errors(self.path):
            for seq, entry, digest in stored_entries(self._db, first):
                if last is not None and seq > last:
                    return
                if not entry and (gone := self.archived()) is not None:
                    raise ConfigError(
                        f"{self.path}: entry {seq}: expected it in the store, found it in {gone.where()}; "
                        "give that by --archive, where there is such an option, or bring it back by genesis audit put-back"
                    )
                yield EntryRow(seq, entry, digest)

    def present_entries(self) -> Iterator[EntryRow]:
        """Every entry whose bytes are in the store."""
        with storage_errors(self.path):
            for seq, entry, digest in stored_entries(self._db):
                if entry:
                    yield EntryRow(seq, entry, digest)

    def hashes(self) -> Iterator[bytes]:
        """The chain's hash after each entry, also of those that lie in an archive."""
        with storage_errors(self.path):
            for _, _, digest in stored_entries(self._db):
                yield digest

    def archived(self) -> Archived | None:
        """Where the first entries lie; ``None`` where all are in the store."""
        with storage_errors(self.path):
            return archived(self._db)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Documents of the entries of one type, in order; those that lie in an archive are not among them."""
        with storage_errors(self.path):
            return [decode(entry) for _, entry in entries_of(self._db, kind)]

    def newest(self, kind: str) -> dict[str, Any] | None:
        """Document of the last entry of one type that is no further back than an archive; ``None`` where there is none."""
        with storage_errors(self.path):
            entry = newest_of(self._db, kind)
        return None if entry is None else decode(entry)

    def operations(self) -> list[OperationRow]:
        """The operations chain."""
        with storage_errors(self.path):
            return operation_rows(self._db, self.path)

    def snapshots(self) -> list[SnapshotThere]:
        """The snapshots that are kept, the last first."""
        with storage_errors(self.path):
            return snapshots_there(self._db)

    def commands(self) -> list[CommandRow]:
        """The inbox, in the order of arrival."""
        with storage_errors(self.path):
            return select(self._db, CommandRow, "inbox", "ORDER BY number")

    def verify(self) -> list[Finding]:
        """Every finding over both chains."""
        with storage_errors(self.path):
            return check_chains(self._db)

    def verify_before(self, place: Place) -> list[Finding]:
        """Every finding over the run chain up to a place that it has passed."""
        with storage_errors(self.path):
            return check_before(self._db, place)

    def audit(self, check: Check, kept: Kept | None = None, lines: Lines | None = None) -> Audit:
        """Every finding over chains, checkpoints, projections and what was kept outside; ``check`` judges a signature.

        ``lines`` are the entries of the archive, where some lie in one.
        """
        with storage_errors(self.path):
            return audit(self._db, check, kept, lines)

    def checkpoints(self) -> list[KeptCheckpoint]:
        """The signed checkpoints, in order."""
        with storage_errors(self.path):
            return kept_checkpoints(self._db)

    def tree_at(self, size: int) -> Frontier:
        """The tree of the first ``size`` entries, as a checkpoint of that size keeps it; an empty one of none.

        Raises:
            IntegrityError: no checkpoint is of that size.
        """
        with storage_errors(self.path):
            found = tree_at(self._db, size) if size else Frontier()
        if found is None:
            raise IntegrityError(f"{self.path}: expected a checkpoint over the first {size} entries, found none")
        return found

    def signing_keys(self) -> list[KeptKey]:
        """The keys that signed them, in order."""
        with storage_errors(self.path):
            return kept_keys(self._db)

    def operation_entries(self) -> Iterator[EntryRow]:
        """The operations chain as a third party verifies it: bytes and hashes."""
        with storage_errors(self.path):
            for seq, entry, digest in self._db.execute("SELECT seq, bytes, hash FROM operations ORDER BY seq"):
                yield EntryRow(seq, entry, digest)

    # ---- projections

    def rows(self, table: str, track: str | None = None) -> list[dict[str, object]]:
        """All rows of a projection as they are, of one track or of all, in the order in which they happened."""
        if table not in schema.PROJECTIONS:
            raise ConfigError(f"table: expected one of {', '.join(schema.PROJECTIONS)}, found {table}")
        if track is not None and table in _TRACKLESS:
            raise ConfigError(f"track: expected none for {table}, which concern the whole run, found {track}")
        rest, values = _of_track(table, track)
        if table == "samples":
            return [_sample(row) for row in self._sampled(rest, values)]
        with storage_errors(self.path):
            found = self._db.execute(f"SELECT * FROM {table} {rest}", values)  # nosec B608 # names are ours, values are bound
            names = [d[0] for d in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    def tracks(self) -> list[TrackRow]:
        """The tracks in the configuration's order."""
        return self._select(TrackRow, "tracks", None)

    def orders(self, track: str | None = None, open_only: bool = False) -> list[OrderRow]:
        """Orders, each as it stands, in the order of submission."""
        found = [_with_average(o) for o in self._select(OrderRow, "orders", track)]
        return [o for o in found if OrderStatus(o.status).is_open] if open_only else found

    def fills(self, track: str | None = None) -> list[FillRow]:
        """Fills in the order in which they were heard."""
        return self._select(FillRow, "fills", track)

    def positions(self, track: str | None = None) -> list[PositionRow]:
        """What the fills of each track and instrument come to."""
        return fold_fills(self.fills(track))

    def denials(self, track: str | None = None) -> list[DenialRow]:
        """Orders that risk refused."""
        return self._select(DenialRow, "denials", track)

    def refused(self) -> list[RefusedRow]:
        """What risk refused of each track, the most frequent reason first."""
        counted = "SELECT min(seq) AS first, count(*) AS n FROM denials GROUP BY track, reason"
        with storage_errors(self.path):
            rows = self._db.execute(
                f"SELECT d.track, d.reason, c.n, d.detail FROM denials d JOIN ({counted}) c ON d.seq = c.first ORDER BY d.track, c.n DESC, d.reason"  # nosec B608 # nothing given
            ).fetchall()
        return [RefusedRow(*row) for row in rows]

    def sent(self) -> dict[str, int]:
        """How many orders each track has sent; a track that sent none is missing."""
        with storage_errors(self.path):
            return dict(self._db.execute("SELECT track, count(*) FROM orders GROUP BY track").fetchall())

    def trades(self, track: str | None = None) -> list[TradeRow]:
        """Closed trades."""
        return self._select(TradeRow, "trades", track)

    def funding(self, track: str | None = None) -> list[FundingRow]:
        """Settlements of perpetuals, in the order of entries."""
        return self._select(FundingRow, "funding", track)

    def samples(self, track: str | None = None) -> list[SampleRow]:
        """Metric samples; those whose entries lie in an archive are not among them."""
        rows = self._sampled(*_of_track("samples", track))
        return [SampleRow(*row[:4], msgspec.json.decode(_metrics(row))) for row in rows]

    def latest_sample(self, track: str) -> SampleRow | None:
        """A track's last sample."""
        rows = self._sampled("WHERE track = ? ORDER BY samples.seq DESC LIMIT 1", (track,))
        return SampleRow(*rows[0][:4], msgspec.json.decode(_metrics(rows[0]))) if rows else None

    def _sampled(self, rest: str, values: tuple[object, ...]) -> list[_Sampled]:
        told = "(SELECT seq, bytes FROM entries WHERE length(bytes) > 0) AS told"
        query = f"SELECT samples.seq, track, time, currency, bytes FROM samples JOIN {told} USING (seq) {rest}"  # nosec B608 # names are ours, values are bound
        with storage_errors(self.path):
            return self._db.execute(query, values).fetchall()

    def evidence(self, track: str | None = None) -> list[EvidenceRow]:
        """What the evidence bars had shown, one row a bar and track."""
        return self._select(EvidenceRow, "evidence", track)

    def warmup_bars(self, track: str) -> int:
        """How many of a track's evidence bars are warm-up so far; 0 for one that gathers no evidence."""
        rest = "WHERE track = ? ORDER BY seq DESC LIMIT 1"
        with storage_errors(self.path):
            found = select(self._db, EvidenceRow, "evidence", rest, (track,))
        return found[0].warmup_bars if found else 0

    def latest_family(self, entries: int) -> FamilyRow | None:
        """The adjusted e-values of the last evidence bar among the first ``entries`` entries."""
        rest = "WHERE seq <= ? ORDER BY seq DESC LIMIT 1"
        with storage_errors(self.path):
            found = select(self._db, FamilyRow, "families", rest, (entries,))
        return found[0] if found else None

    def capital(self, track: str | None = None) -> list[CapitalRow]:
        """Every cash flow of live tracks and twins."""
        return self._select(CapitalRow, "capital", track)

    def promotions(self, version: str | None = None) -> list[PromotionRow]:
        """Promotion decisions in short, one a version and look."""
        return self._select(PromotionRow, "promotions", version)

    def last_promotions(self) -> list[PromotionRow]:
        """The last decision about every attempt of every identity of a version, in the order in which they began."""
        ends = "SELECT min(seq) AS began, max(seq) AS seq FROM promotions GROUP BY track, epoch, attempt"
        with storage_errors(self.path):
            return select(self._db, PromotionRow, "promotions", f"JOIN ({ends}) AS ends USING (seq) ORDER BY began")

    def stages(self, version: str | None = None) -> list[StageRow]:
        """Moves of the versions: every change of stage or capital fraction."""
        return self._select(StageRow, "stages", version)

    def commands_taken(self, version: str | None = None) -> list[TakenRow]:
        """Commands as the run heard them, and what came of them."""
        return self._select(TakenRow, "commands", version)

    def comparisons(self) -> list[ComparisonRow]:
        """A/B tests, as they were told of."""
        return self._select(ComparisonRow, "comparisons", None)

    def stops(self, track: str | None = None) -> list[StopRow]:
        """Halts by a limit and stops by an exception."""
        return self._select(StopRow, "stops", track)

    def gaps(self) -> list[GapRow]:
        """Gaps of the market data."""
        return self._select(GapRow, "gaps", None)

    def notes(self, track: str | None = None) -> list[NoteRow]:
        """Remarks of the strategies."""
        return self._select(NoteRow, "notes", track)

    def incidents(self, track: str | None = None) -> list[IncidentRow]:
        """Cancels that were refused and orders that were not answered."""
        return self._select(IncidentRow, "incidents", track)

    def faults(self, track: str | None = None) -> list[FaultsRow]:
        """What fault plans did, once a track when the tape has ended."""
        return self._select(FaultsRow, "faults", track)

    def _select(self, kind: type[_Row], table: str, track: str | None) -> list[_Row]:
        with storage_errors(self.path):
            return select(self._db, kind, table, *_of_track(table, track))


def _of_track(table: str, track: str | None) -> tuple[str, tuple[object, ...]]:
    order = f"ORDER BY {schema.key_of(table)}"
    return (order, ()) if track is None else (f"WHERE track = ? {order}", (track,))


def _metrics(row: _Sampled) -> bytes:
    return bytes(shapes.MEASURED.decode(row[4]).body.metrics)


def _sample(row: _Sampled) -> dict[str, object]:
    seq, track, time, currency, _ = row
    return {"seq": seq, "track": track, "time": time, "currency": currency, "metrics": _metrics(row).decode()}


def _with_average(order: OrderRow) -> OrderRow:
    qty = Decimal(order.filled_qty)
    if not qty:
        return order
    average = _RATIO.divide(Decimal(order.filled_notional), qty)
    return msgspec.structs.replace(order, avg_fill_px=plain(average))
