"""Where a store may be kept; every test of this folder runs on each."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.storage.address import StoreAddress

KINDS = ("sqlite", "postgres")


def address_of(kind: str, request: pytest.FixtureRequest) -> StoreAddress:
    """The address of a store that is not there yet."""
    if kind == "postgres":
        found: StoreAddress = request.getfixturevalue("postgres")
        return found
    folder: Path = request.getfixturevalue("tmp_path")
    return folder / "run.db"
