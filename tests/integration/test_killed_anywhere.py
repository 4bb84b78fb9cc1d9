"""SIGKILL at any call by which any command changes anything outside itself: the store is sound, nothing half done looks done, the same command ends what it
began, and the run goes on to the head of one that nobody disturbed.

The fast suite takes some calls of each command by chance, the slow one sixty."""

from __future__ import annotations

import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from genesis.audit.checkpoint import notes_in
from genesis.errors import ConfigError, StorageError
from genesis.storage.address import StoreAddress
from genesis.storage.beside import is_there
from genesis.storage.reader import StoreReader
from genesis.system.archive_file import ArchiveFile
from genesis.system.keys import check_signature
from genesis.system.moving import ensure_not_moved
from tests.kit.mortal import End, Mortals, copy_of
from tests.kit.postgres import fresh_schema
from tests.unit.cli.calling import genesis, project

AUDIT = "audit: {checkpoint_every: 20, publish: published.txt}\nstorage: {snapshots: {every_entries: 40, keep: 2}}\n"
RETENTION = AUDIT.replace("published.txt}", "published.txt, retention: {days: 1, folder: old}}")
UNTIL = ("2022-12-01T14:00:00Z", "2022-12-01T18:00:00Z")
BEFORE = "2022-12-01T16:00:00Z"


class Place(NamedTuple):
    """A project whose run stands in its middle, and the head with which it ends."""

    folder: Path
    head: str

    @property
    def store(self) -> Path:
        return self.folder / "genesis.db"

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"


@pytest.fixture(scope="module")
def mortals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortals]:
    with Mortals(tmp_path_factory.mktemp("mortals")) as running:
        yield running


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("half")
    for name, stops in (("whole", (*UNTIL, None)), ("half", UNTIL)):
        config = project(folder / name)
        config.write_text(config.read_text() + AUDIT)
        for until in stops:
            assert genesis("run", config, *(["--until", until] if until else [])).code == 0
    with StoreReader(folder / "whole" / "genesis.db") as reader:
        return Place(folder / "half", reader.head()[1])


def assert_sound(store: StoreAddress, archive: Path | None = None) -> None:
    with StoreReader(store) as reader:
        lines = None if archive is None else ArchiveFile(archive).lines
        found = reader.audit(check_signature, lines=lines)
    assert (found.findings, found.unseen) == ((), ())


def archive_of(store: StoreAddress, folder: Path) -> Path | None:
    with StoreReader(store) as reader:
        gone = reader.archived()
    return None if gone is None else folder / gone.file


def assert_goes_on(mortals: Mortals, place: Place, store: StoreAddress | None = None) -> None:
    """The run ends in the store, with the head of the run that nobody disturbed, and is sound."""
    store = store or place.store
    config = place.folder / "goes-on.yaml"
    config.write_text(place.config.read_text().replace("name: small", f"name: small, store: '{store}'"))
    assert mortals.genesis("run", config).code == 0
    with StoreReader(store) as reader:
        assert reader.head()[1] == place.head
    assert_sound(store, archive_of(store, place.folder))


Told = Callable[[Mortals, Place, End], None]


class Story(NamedTuple):
    """A command on a store that stands in the middle of its run.

    ``words`` with the project's folder in the place of ``{}``; ``before`` what is made ready; ``after`` judges what a kill left, brings it to its end, and is
    given how the command ended.
    """

    words: str
    after: Told
    before: Callable[[Place], None] = lambda place: None


def again(mortals: Mortals, place: Place, words: str) -> End:
    return mortals.genesis(*words.format(place.folder).split())


def wholly(words: str, name: str, is_whole: Callable[[Path, Place], None]) -> Told:
    """What is under the final name is whole; where nothing is, the same command makes it."""

    def told(mortals: Mortals, place: Place, end: End) -> None:
        out = place.folder / name
        assert_sound(place.store)
        if not out.exists():
            assert end.killed
            assert again(mortals, place, words).code == 0
        is_whole(out, place)
        assert_goes_on(mortals, place)

    return told


def repeatedly(words: str) -> Told:
    """The same command does it, whether it was done or not."""

    def told(mortals: Mortals, place: Place, end: End) -> None:
        assert_sound(place.store)
        end = again(mortals, place, words)
        assert end.code == 0, end
        assert_goes_on(mortals, place)

    return told


BACKUP, RESTORE = "backup {0}/genesis.db --out {0}/copy.db", "restore {0}/copy.db {0}/restored.db"
EXPORT, TABLE = "audit export {0}/genesis.db --out {0}/audit.zip", "export {0}/genesis.db fills --out {0}/fills.csv"
REPORT = "report {0}/genesis.db --out {0}/report.html"
ARCHIVE = f"audit archive {{0}}/genesis.db --before {BEFORE} --to {{0}}/old.zip"
PUT_BACK = "audit put-back {0}/genesis.db --archive {0}/old.zip"
ROTATE, SIGN = "audit rotate-key {0}/genesis.db", "audit checkpoint {0}/genesis.db --publish {0}/published.txt"
REBUILD, UPGRADE = "audit rebuild {0}/genesis.db", "db upgrade {0}/genesis.db"
COMMAND = "pause {0}/genesis.db own --author ann --reason news"


def copied_whole(out: Path, place: Place) -> None:
    assert_sound(out)
    with StoreReader(out) as copy, StoreReader(place.store) as store:
        assert copy.head() == store.head()


def packed_whole(out: Path, place: Place) -> None:
    with zipfile.ZipFile(out) as packed:
        assert packed.testzip() is None
        assert "SHA256SUMS" in packed.namelist()


def written_whole(out: Path, place: Place) -> None:
    fresh = out.with_name(f"fresh-{out.name}")
    words = TABLE if out.suffix == ".csv" else REPORT
    assert genesis(*words.format(place.folder).replace(out.name, fresh.name).split()).code == 0
    if out.suffix == ".csv":
        assert fresh.read_bytes() == out.read_bytes()
    assert out.read_bytes()[-20:] == fresh.read_bytes()[-20:]


def after_run(mortals: Mortals, place: Place, end: End) -> None:
    assert_sound(place.store, archive_of(place.store, place.folder / "old"))
    assert mortals.genesis("run", place.config).code == 0
    with StoreReader(place.store) as reader:
        assert reader.head()[1] == place.head
    assert_sound(place.store, archive_of(place.store, place.folder / "old"))


def after_first_run(mortals: Mortals, place: Place, end: End) -> None:
    """Whatever there is of a store, of keys and of what was published, the next start makes the rest."""
    assert mortals.genesis("run", place.config).code == 0
    with StoreReader(place.store) as reader:
        assert reader.head()[1] == place.head
        notes = [c.note for c in reader.checkpoints()]
    assert_sound(place.store)
    assert notes_in((place.folder / "published.txt").read_text())[-1] == notes[-1]


def after_restore(mortals: Mortals, place: Place, end: End) -> None:
    out = place.folder / "restored.db"
    if not out.exists():
        assert end.killed
        assert again(mortals, place, RESTORE).code == 0
    assert_sound(out)
    with StoreReader(out) as reader:
        assert reader.operations()[-1].kind == "restore"
    assert_goes_on(mortals, place, out)


def after_archive(mortals: Mortals, place: Place, end: End) -> None:
    """Archived or not; where not, the same command does it, also where its file stands there already."""
    out = place.folder / "old.zip"
    assert_sound(place.store, archive_of(place.store, place.folder))
    if archive_of(place.store, place.folder) is None:
        done = again(mortals, place, ARCHIVE)
        assert done.code == 0, done
    packed_whole(out, place)
    assert_sound(place.store, out)
    assert_goes_on(mortals, place)


def after_put_back(mortals: Mortals, place: Place, end: End) -> None:
    assert_sound(place.store, archive_of(place.store, place.folder))
    if archive_of(place.store, place.folder) is not None:
        assert again(mortals, place, PUT_BACK).code == 0
    assert_sound(place.store)
    assert_goes_on(mortals, place)


def after_rotation(mortals: Mortals, place: Place, end: End) -> None:
    """Begun again it is done; the key signs then, and no file in the folder holds a key that is not the store's."""
    assert_sound(place.store)
    assert again(mortals, place, ROTATE).code == 0
    assert [p.name for p in (place.folder / "keys").iterdir()] == ["signing.pem"]
    assert again(mortals, place, SIGN).code == 0
    assert_goes_on(mortals, place)


def after_command(mortals: Mortals, place: Place, end: End) -> None:
    """Left or not, never half: the row and the operation that tells of it."""
    assert_sound(place.store)
    with StoreReader(place.store) as reader:
        left = [o for o in reader.operations() if o.kind == "command"]
        assert len(reader.commands()) == len(left) == (1 if left else 0)
    assert left or end.killed
    if not left:
        assert again(mortals, place, COMMAND).code == 0
    with StoreReader(place.store) as reader:
        assert [c.command for c in reader.commands()] == ["pause"]


def after_upgrade(mortals: Mortals, place: Place, end: End) -> None:
    assert again(mortals, place, UPGRADE).code == 0
    assert_sound(place.store)
    assert_goes_on(mortals, place)


def made_earlier(place: Place) -> None:
    with closing(sqlite3.connect(place.store, isolation_level=None)) as db:
        db.executescript(
            "DROP TABLE snapshots; DROP TABLE alembic_version; INSERT INTO versions VALUES ('schema', 2);"
            "ALTER TABLE fills RENAME TO fills_then; ALTER TABLE fills_then RENAME TO fills; UPDATE versions SET version = 6 WHERE part = 'projections'"
        )


def with_words(words: str) -> Callable[[Place], None]:
    def ready(place: Place) -> None:
        assert genesis(*words.format(place.folder).split()).code == 0

    return ready


def with_retention(place: Place) -> None:
    place.config.write_text(place.config.read_text().replace(AUDIT, RETENTION))


def from_nothing(place: Place) -> None:
    for path in (*place.folder.glob("genesis.db*"), place.folder / "published.txt"):
        path.unlink()
    shutil.rmtree(place.folder / "keys")


STORIES = {
    "first run": Story("run {0}/config.yaml", after_first_run, from_nothing),
    "run": Story("run {0}/config.yaml", after_run),
    "run with retention": Story("run {0}/config.yaml", after_run, with_retention),
    "backup": Story(BACKUP, wholly(BACKUP, "copy.db", copied_whole)),
    "restore": Story(RESTORE, after_restore, with_words(BACKUP)),
    "export": Story(EXPORT, wholly(EXPORT, "audit.zip", packed_whole)),
    "table": Story(TABLE, wholly(TABLE, "fills.csv", written_whole)),
    "report": Story(REPORT, wholly(REPORT, "report.html", written_whole)),
    "archive": Story(ARCHIVE, after_archive),
    "put-back": Story(PUT_BACK, after_put_back, with_words(ARCHIVE)),
    "rotate-key": Story(ROTATE, after_rotation),
    "checkpoint": Story(SIGN, repeatedly(SIGN)),
    "rebuild": Story(REBUILD, repeatedly(REBUILD)),
    "upgrade": Story(UPGRADE, after_upgrade, made_earlier),
    "command": Story(COMMAND, after_command),
}


@contextmanager
def naming(at: int) -> Iterator[None]:
    """What fails inside says at which call the command was killed."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"killed at call {at}")
        raise


def at_each_place(mortals: Mortals, half: Place, story: Story, places: Callable[[int], list[int]]) -> None:
    with copy_of(half.folder, "ready") as ready:
        story.before(Place(ready, half.head))
        at, left = 0, [0]
        while left:
            at = left.pop()
            # The same folder each time: what stores note of each other are paths.
            with copy_of(ready, "beaten") as folder:
                place = Place(folder, half.head)
                end = mortals.genesis(*story.words.format(folder).split(), at=at)
                assert (end.code == 0) or (at and end.killed), (at, end)
                with naming(at):
                    story.after(mortals, place, end)
                if not at:
                    left = places(end.calls)


def sixty(calls: int) -> list[int]:
    return random.Random(60).sample(range(1, calls + 1), min(calls, 60))


@pytest.mark.parametrize("name", STORIES)
def test_a_command_killed_at_some_calls_leaves_nothing_half_done(mortals: Mortals, half: Place, name: str) -> None:
    """At two calls by chance and at the last one; not killed at all it does what it says."""
    chance = random.Random(name)
    at_each_place(mortals, half, STORIES[name], lambda n: [*chance.sample(range(1, n + 1), min(n, 2)), n])


@pytest.mark.slow
@pytest.mark.parametrize("name", STORIES)
def test_a_command_killed_at_sixty_calls_leaves_nothing_half_done(mortals: Mortals, half: Place, name: str) -> None:
    """At every single one of them, where there are no more than sixty."""
    at_each_place(mortals, half, STORIES[name], sixty)


# ---- moving: two stores, and one history


def goes_on(store: StoreAddress) -> bool:
    """Whether a run would; in one that holds nothing yet it would only begin."""
    try:
        ensure_not_moved(store)
        with StoreReader(store) as reader:
            return reader.head()[0] > 0
    except (ConfigError, StorageError):
        return False


Where = Callable[[Mortals, Path], AbstractContextManager[StoreAddress]]


class Way(NamedTuple):
    """From where to where a history is moved: of a project in a folder, the store that holds it, and the place for it."""

    here: Where
    there: Where


@contextmanager
def in_its_file(mortals: Mortals, folder: Path) -> Iterator[StoreAddress]:
    yield folder / "genesis.db"


@contextmanager
def in_another_file(mortals: Mortals, folder: Path) -> Iterator[StoreAddress]:
    yield folder / "there.db"


def in_a_schema(server: str) -> Where:
    return lambda mortals, folder: fresh_schema(server)


def moved_to_a_schema(server: str) -> Where:
    """The history of the project's file, which was moved there before."""

    @contextmanager
    def made(mortals: Mortals, folder: Path) -> Iterator[StoreAddress]:
        with fresh_schema(server) as found:
            assert mortals.genesis("db", "migrate", folder / "genesis.db", "--to", found).code == 0
            yield found

    return made


def after_move(mortals: Mortals, place: Place, here: StoreAddress, there: StoreAddress, end: End) -> None:
    ends = [s for s in (here, there) if is_there(s) and goes_on(s)]
    assert len(ends) <= 1, ends
    if not ends:
        assert_both_say_what_ends_it(mortals, here, there)
    if end.killed:
        done = mortals.genesis("db", "migrate", here, "--to", there)
        # Where it was done, but for saying so, it is not done twice.
        assert done.code == 0 or (ends == [there] and "found it moved to" in done.said), done
    assert (goes_on(here), goes_on(there)) == (False, True)
    assert_sound(here)
    assert_goes_on(mortals, place, there)


def assert_both_say_what_ends_it(mortals: Mortals, here: StoreAddress, there: StoreAddress) -> None:
    for store in (here, there):
        asked = mortals.genesis("pause", store, "own", "--author", "ann", "--reason", "news")
        assert asked.code != 0
        assert f"genesis db migrate {here} --to {there} brings it there" in asked.said, asked


def moved_at_each_place(mortals: Mortals, half: Place, way: Way, places: Callable[[int], list[int]]) -> None:
    left = [0]
    while left:
        at = left.pop()
        # The same folder each time: what stores note of each other are paths.
        with (
            copy_of(half.folder, "beaten") as folder,
            way.here(mortals, folder) as here,
            way.there(mortals, folder) as there,
        ):
            end = mortals.genesis("db", "migrate", here, "--to", there, at=at)
            assert end.code == 0 or (at and end.killed), (at, end)
            with naming(at):
                after_move(mortals, Place(folder, half.head), here, there, end)
            if not at:
                left = places(end.calls)


@pytest.fixture(params=["file to file", "file to server", "server to file", "server to server"])
def way(request: pytest.FixtureRequest) -> Way:
    source, _, target = request.param.split()
    server = request.getfixturevalue("postgres_server") if "server" in (source, target) else ""
    return Way(
        in_its_file if source == "file" else moved_to_a_schema(server),
        in_another_file if target == "file" else in_a_schema(server),
    )


def test_a_move_killed_at_some_calls_leaves_one_history(mortals: Mortals, half: Place, way: Way) -> None:
    """At two calls by chance and the last ones, where both sides are told: never two ends, and the same command brings it to the one."""
    chance = random.Random(7)
    moved_at_each_place(mortals, half, way, lambda n: [*chance.sample(range(1, n - 8), 2), *range(n - 8, n + 1, 4)])


@pytest.mark.slow
def test_a_move_killed_at_sixty_calls_leaves_one_history(mortals: Mortals, half: Place, way: Way) -> None:
    """The last twenty among them."""
    moved_at_each_place(mortals, half, way, lambda n: [*sixty(n - 20)[20:], *range(n - 19, n + 1)])
