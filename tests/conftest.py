"""Where tests find market data, and how skipped ones are named."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from genesis.storage.address import PostgresAddress
from tests.kit.market_data import DATA
from tests.kit.postgres import fresh_schema, server

settings.register_profile("genesis", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("genesis")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") == "true" and not DATA.is_dir():
        pytest.exit(f"GENESIS_TEST_DATA: expected a folder of market data, found none at {DATA}", returncode=1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for report in terminalreporter.stats.get("skipped", ()):
        terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[-1]}")
    if config.option.markexpr == "slow":
        _slow_table(terminalreporter)


def _slow_table(terminalreporter: pytest.TerminalReporter) -> None:
    """What the slow tests found, how long each took, and of which commit that is true."""
    terminalreporter.write_line("")
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            terminalreporter.write_line(f"{outcome:8}{report.duration:9.1f} s  {report.nodeid}")
    terminalreporter.write_line(f"commit {_git('rev-parse', 'HEAD') or 'unknown'}{_changes()}")


def _changes() -> str:
    return " with uncommitted changes" if _git("status", "--porcelain") else ""


def _git(*words: str) -> str:
    try:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


@pytest.fixture(scope="session")
def market_data() -> Callable[[str], Path]:
    """Find a file of the market data by its relative path, or skip and name it."""

    def find(relative: str) -> Path:
        path = DATA / relative
        if not path.is_file():
            pytest.skip(f"no market data: {relative}")
        return path

    return find


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server; where there is none the test is skipped."""
    with server() as address:
        yield address


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[PostgresAddress]:
    """An empty schema of the server, for one test."""
    with fresh_schema(postgres_server) as address:
        yield address
