"""Where tests find market data, and how skipped ones are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("genesis", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("genesis")

DATA = Path(os.environ.get("GENESIS_TEST_DATA") or Path(__file__).parents[1] / ".." / "shared" / "data")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") == "true" and not DATA.is_dir():
        pytest.exit(f"GENESIS_TEST_DATA: expected a folder of market data, found none at {DATA}", returncode=1)


def pytest_terminal_summary(terminalreporter) -> None:  # type: ignore[no-untyped-def]
    for report in terminalreporter.stats.get("skipped", ()):
        terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[-1]}")


@pytest.fixture
def market_data():  # type: ignore[no-untyped-def]
    def find(relative: str) -> Path:
        path = DATA / relative
        if not path.is_file():
            pytest.skip(f"no market data: {relative}")
        return path

    return find
