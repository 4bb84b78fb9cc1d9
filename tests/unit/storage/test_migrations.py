"""What bringing a store forward costs those who have none to bring forward: nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from genesis.storage.opening import keeping
from genesis.storage.schema import HEAD
from tests.unit.cli.calling import project

_PROGRAM = (
    "import sys\nfrom genesis.cli.main import main\ntry:\n    main()\n"
    "finally:\n    print('loaded:', *sorted({'alembic', 'sqlalchemy'} & sys.modules.keys()))"
)


def loaded_by(*args: object) -> list[str]:
    """Which of the two packages a command loads, in a process of its own."""
    command = [sys.executable, "-c", _PROGRAM, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


def test_only_who_brings_a_store_forward_loads_what_that_takes(tmp_path: Path) -> None:
    """Neither the run that makes a store, nor the next, nor who looks at it; a run on a store of an earlier version does."""
    config = project(tmp_path, rows=40)
    store = tmp_path / "genesis.db"
    for args in (("run", config), ("run", config), ("db", "status", store), ("db", "upgrade", store)):
        assert loaded_by(*args) == []
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("INSERT INTO versions VALUES ('schema', 3)")
        db.execute("DROP TABLE alembic_version")
    assert keeping(store).revision == "0003"
    assert loaded_by("run", config) == ["alembic", "sqlalchemy"]
    assert keeping(store).revision == HEAD
