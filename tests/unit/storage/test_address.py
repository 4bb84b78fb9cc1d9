"""Addresses of stores: what they say, what they refuse, and that no password gets in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import ConfigError
from genesis.storage.address import PostgresAddress, store_address

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)


def test_what_is_no_address_of_a_server_is_a_file() -> None:
    """Relative to the folder that is given."""
    assert store_address("genesis.db", Path("/data")) == Path("/data/genesis.db")
    assert store_address("/x/genesis.db", Path("/data")) == Path("/x/genesis.db")


def test_an_address_says_all_that_libpq_needs() -> None:
    """Host, port, user, database, schema, and parameters of the connection."""
    found = store_address("postgresql://ann@db.example:5433/trading?schema=desk_1&sslmode=verify-full")
    assert found == PostgresAddress("db.example", 5433, "ann", "trading", "desk_1", (("sslmode", "verify-full"),))
    assert found.keywords() == {
        "host": "db.example",
        "port": "5433",
        "user": "ann",
        "dbname": "trading",
        "sslmode": "verify-full",
    }


@given(NAMES, NAMES, st.integers(0, 65_535), NAMES, st.sampled_from(["", "[::1]", "db.example", "10.0.0.1"]))
def test_an_address_reads_back_as_it_is_written(user: str, database: str, port: int, schema: str, host: str) -> None:
    """What is printed may be put into a configuration."""
    if schema.startswith("pg_"):
        schema = f"x{schema}"
    written = f"postgresql://{user}@{host}{f':{port}' if port and host else ''}/{database}?schema={schema}"
    found = store_address(written)
    assert store_address(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:planted-secret@db/trading",
        "postgresql://ann:planted%2Dsecret@db/trading",
        "postgresql://ann@db/trading?password=planted-secret",
        "postgresql://ann@db/trading?sslpassword=planted-secret",
        "postgresql://ann:planted-secret@db:port/trading",
        "postgresql://ann:planted-secret@[db/trading",
        "postgresql:ann:planted-secret@db/trading",
        "postgresql://ann:planted-secret@db/trading?schema=A-B",
        "postgresql://ann@db/trading?options=planted-secret",
        "postgresql://ann@db/trading?schema=pg_catalog",
        "postgresql://ann@db/trading#planted-secret",
    ],
)
def test_passwords_and_other_forms_are_refused_and_not_repeated(text: str) -> None:
    """The message says what to do, and nothing of what stood in the address."""
    with pytest.raises(ConfigError, match=r"^store: ") as refused:
        store_address(text)
    told = f"{refused.value!r} {refused.value.__cause__!r} {refused.value.__context__ if not refused.value.__suppress_context__ else ''}"
    assert "secret" not in told
