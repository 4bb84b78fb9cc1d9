"""Disks that fail on purpose."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.preloaded import library


def failing_disk(folder: Path) -> Path:
    """The library of `failing_disk.c`, built into ``folder``; to be preloaded."""
    return library("failing_disk.c", folder, "a disk that fails on purpose")


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of that size, such as ``100m``, mounted at ``place``."""
    place.mkdir()
    options = f"size={size},mode=777"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
