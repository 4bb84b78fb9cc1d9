"""A folder to start from, and tables to take away."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

from genesis.errors import ConfigError, StorageError
from genesis.storage.sqlite import StoreReader

TEMPLATES = ("config.yaml", "own.py")
FORMATS = ("csv", "json")


def init_project(folder: Path) -> list[Path]:
    """Write a commented configuration and a sample strategy; nothing that exists is overwritten.

    Raises:
        ConfigError: one of the files is there already. StorageError: the folder cannot be written.
    """
    paths = [folder / name for name in TEMPLATES]
    for path in paths:
        if path.exists():
            raise ConfigError(f"{path}: expected no such file, found one; nothing was written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.write_text(files("genesis.system").joinpath("templates", path.name).read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"{folder}: expected a writable folder, found: {error.strerror}") from error
    return paths


def export(store: Path, table: str, form: str, out: Path) -> int:
    """Write one table of a store; how many rows.

    Raises:
        ConfigError: an unknown table or format. StorageError: the store cannot be read or ``out`` not written.
    """
    if form not in FORMATS:
        raise ConfigError(f"format: expected one of {', '.join(FORMATS)}, found {form}")
    rows = StoreReader(store).rows(table)
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            if form == "json":
                json.dump(rows, file)
            elif rows:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    except OSError as error:
        raise StorageError(f"{out}: expected a writable file, found: {error.strerror}") from error
    return len(rows)
