"""An environment of its own for each peer, from a file of pinned releases, under ``benchmarks/.envs``."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compile_core import NotCompiled, compile_core

HERE = Path(__file__).resolve().parent
STARTS = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


class NotRun(Exception):
    """An engine that cannot be measured here; the message is the reason."""


@dataclass(frozen=True)
class Environment:
    """``python`` is the version it needs, ``None`` for the one that runs the benchmark; ``variable`` may name that Python."""

    name: str
    distribution: str
    python: str | None = None
    variable: str = ""

    @property
    def requirements(self) -> Path:
        """The file of pinned releases."""
        return HERE / "peers" / f"requirements-{self.name}.txt"

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return HERE / ".envs" / self.name

    @property
    def version(self) -> str:
        """The pinned release of the peer itself."""
        lines = self.requirements.read_text().splitlines()
        return next(line.partition("==")[2] for line in lines if line.startswith(f"{self.distribution}=="))

    def interpreter(self) -> Path:
        """The Python of the installed environment.

        Raises:
            NotRun: it is not installed, or from other releases than are pinned now.
        """
        if self._mark.exists() and self._mark.read_text() == self._wanted():
            return self.folder / "bin" / "python"
        failed = self.folder.with_suffix(".failed")
        why = failed.read_text() if failed.exists() else "not installed; python -m benchmarks.peers --install does it"
        raise NotRun(why)

    def install(self) -> None:
        """Create it afresh, unless the pinned releases are there already.

        Raises:
            NotRun: no Python for it starts, or pip fails; the reason is kept for later runs.
        """
        if self._mark.exists() and self._mark.read_text() == self._wanted():
            return
        failed = self.folder.with_suffix(".failed")
        failed.parent.mkdir(exist_ok=True)
        try:
            self._create()
        except NotRun as reason:
            failed.write_text(str(reason))
            raise
        failed.unlink(missing_ok=True)
        self._mark.write_text(self._wanted())

    @property
    def _mark(self) -> Path:
        return self.folder / "installed.sha256"

    def _wanted(self) -> str:
        return hashlib.sha256(self.requirements.read_bytes()).hexdigest()

    def _create(self) -> None:
        python = find_python(self.python, self.variable) if self.python else sys.executable
        _call([python, "-m", "venv", "--clear", str(self.folder)])
        pip = [str(self.folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        _call([*pip, "-r", str(self.requirements)])


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("nautilus", "nautilus_trader", "3.12", "PYTHON312"),
        Environment("backtesting", "backtesting"),
        Environment("backtrader", "backtrader"),
        Environment("vectorbt", "vectorbt"),
        Environment("hftbacktest", "hftbacktest"),
    )
}


class CompiledCopy:
    """A copy of our package with its core compiled, and the drivers beside it, built again whenever a source has changed."""

    folder = HERE / ".envs" / "genesis-compiled"

    def working_folder(self) -> Path:
        """Where to run a driver so that it finds the compiled copy.

        Raises:
            NotRun: it cannot be built here; the reason is kept until a source changes.
        """
        wanted = self._wanted()
        mark, failed = self.folder / "built.sha256", self.folder.with_suffix(".failed")
        if mark.exists() and mark.read_text() == wanted:
            return self.folder
        digest, _, why = failed.read_text().partition("\n") if failed.exists() else ("", "", "")
        if digest == wanted:
            raise NotRun(why)
        try:
            compile_core(self.folder)
        except NotCompiled as reason:
            failed.parent.mkdir(exist_ok=True)
            failed.write_text(f"{wanted}\n{reason}")
            raise NotRun(str(reason)) from None
        (self.folder / HERE.name).symlink_to(HERE, target_is_directory=True)
        mark.write_text(wanted)
        return self.folder

    @staticmethod
    def _wanted() -> str:
        sources = [HERE.parent / "compile_core.py", *sorted((HERE.parent / "genesis").rglob("*.py"))]
        return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def find_python(version: str, variable: str) -> str:
    """A Python of that version that starts: the one the variable names, else the first found.

    Raises:
        NotRun: there is none.
    """
    named = os.environ.get(variable)
    for candidate in [named] if named else _candidates(version):
        if _version_of(candidate) == version:
            return candidate
    found = f"{variable}={named}, which does not start as one" if named else "none that starts"
    raise NotRun(f"expected a Python {version} (named by {variable} or on the search path), found {found}")


def _candidates(version: str) -> Iterator[str]:
    """This interpreter, every such name on the search path, and what version managers keep in the home folder."""
    yield sys.executable
    for folder in os.get_exec_path():
        yield from filter(None, [shutil.which(f"python{version}", path=folder)])
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = (
        (pyenv / "versions", f"{version}.*/bin/python"),
        (Path.home() / ".local" / "share" / "uv" / "python", f"cpython-{version}.*/bin/python{version}"),
    )
    for place, pattern in kept:
        yield from sorted((str(path) for path in place.glob(pattern)), reverse=True)


def _version_of(python: str) -> str | None:
    try:
        answer = subprocess.run([python, "-c", STARTS], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        why = lines[-1] if lines else f"exit code {done.returncode}"
        raise NotRun(f"installation failed: {why}")
