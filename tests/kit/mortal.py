"""Commands that are killed on time: at the n-th call by which they change anything outside themselves (`mortal.c`).

``python -m tests.kit.mortal`` waits for lines of JSON and runs each in a child of its own, so that only the first pays for what the program imports.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.kit.preloaded import library

ROOT = Path(__file__).parents[2]


class End(NamedTuple):
    """How a command ended: by its own ``code``, with what it ``said`` in the end and the ``calls`` it made; or killed, with none of these."""

    code: int | None
    said: str = ""
    calls: int = 0

    @property
    def killed(self) -> bool:
        return self.code is None


class Mortals:
    """Runs ``genesis`` in processes that can be killed at a call."""

    def __init__(self, folder: Path) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.mortal"],
            cwd=ROOT,
            env={
                **os.environ,
                "LD_PRELOAD": str(library("mortal.c", folder, "a process that is killed at a certain call")),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def genesis(self, *words: object, at: int = 0) -> End:
        """Run a command; ``at`` is the call at which it is killed, 0 none."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(
            json.dumps({"words": [*map(str, words)], "at": at, "password": os.environ.get("PGPASSWORD", "")}) + "\n"
        )
        self._server.stdin.flush()
        return End(*json.loads(self._server.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.kill()
        self._server.communicate()


def _serve() -> None:
    from genesis.cli.main import main
    from genesis.storage import alembic_upgrade, postgres  # noqa: F401 - imported once, for all children

    library = ctypes.CDLL(None)
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as counted:
            if asked["password"]:
                os.environ["PGPASSWORD"] = asked["password"]
            child = os.fork()
            if not child:
                _run(main, asked["words"], library, asked["at"], told.fileno(), counted.fileno())
            status = os.waitpid(child, 0)[1]
            for file in (told, counted):
                file.seek(0)
            end: tuple[object, ...] = (None,)
            if not os.WIFSIGNALED(status):
                end = (os.WEXITSTATUS(status), told.read().strip().rpartition("\n")[2], int(counted.read() or 0))
            elif os.WTERMSIG(status) != signal.SIGKILL:
                raise RuntimeError(f"expected an end by SIGKILL, found signal {os.WTERMSIG(status)}")
        print(json.dumps(end), flush=True)


def _run(main: object, words: list[str], library: ctypes.CDLL, at: int, told: int, counted: int) -> None:
    code = 70
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, to in ((0, nothing), (1, nothing), (2, told)):
            os.dup2(to, number)
        sys.argv = ["genesis", *words]
        library.die_at(at)
        assert callable(main)
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stderr.flush()
        calls = library.calls_made()
        library.die_at(0)
        os.write(counted, str(calls).encode())
        os._exit(code)


@contextmanager
def copy_of(folder: Path, name: str) -> Iterator[Path]:
    """A copy of a folder beside it, gone at the end."""
    copy = folder.with_name(name)
    shutil.copytree(folder, copy, symlinks=True)
    try:
        yield copy
    finally:
        shutil.rmtree(copy)


if __name__ == "__main__":
    _serve()
