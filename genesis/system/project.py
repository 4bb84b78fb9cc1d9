"""A folder to start from: a commented configuration and a sample strategy."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from genesis.errors import ConfigError, StorageError

TEMPLATES = ("config.yaml", "own.py")


def init_project(folder: Path) -> list[Path]:
    """Write a commented configuration and a sample strategy; nothing that exists is overwritten.

    Raises:
        ConfigError: one of the files is there already. StorageError: the folder cannot be written.
    """
    paths = [folder / name for name in TEMPLATES]
    for path in paths:
        if path.exists():
            raise ConfigError(f"{path}: expected no such file, found one; nothing was written")
    begun: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            text = files("genesis.system").joinpath("templates", path.name).read_text(encoding="utf-8")
            begun.append(path)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        for path in begun:
            # Half a configuration would keep the next attempt from writing a whole one.
            path.unlink(missing_ok=True)
        found = (error.strerror or str(error)).lower()
        raise StorageError(f"{folder}: expected a writable folder, found: {found}") from error
    return paths
