"""SIGKILL at any call of an upgrade on a server: the store is the earlier one or the new one, and the same command ends what it began."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.storage.address import PostgresAddress
from genesis.storage.opening import keeping
from genesis.storage.reader import StoreReader
from genesis.storage.schema import HEAD
from genesis.system.keys import check_signature
from tests.contract.places import layout
from tests.contract.test_moving import MADE, earlier_on
from tests.kit.mortal import Mortals
from tests.kit.postgres import fresh_schema

NAME = "schema2_tables6"


@pytest.fixture(scope="module")
def mortals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortals]:
    with Mortals(tmp_path_factory.mktemp("mortals")) as running:
        yield running


def upgraded(mortals: Mortals, address: PostgresAddress, folder: Path, at: int) -> tuple[int, bool]:
    """Killed at the call ``at``, never where that is 0, then brought to its end: how many calls there were, and whether the kill came before the commit."""
    folder.mkdir()
    earlier_on(address, NAME, folder)
    before = layout(address)
    end = mortals.genesis("db", "upgrade", address, at=at)
    assert (end.code == 0) or (at and end.killed), (at, end)
    found = keeping(address).revision
    assert found == HEAD or (found == "0002" and layout(address) == before), (at, found)
    assert mortals.genesis("db", "upgrade", address).code == 0
    _, _, entries, head = MADE[NAME]
    with StoreReader(address) as reader:
        length, now = reader.head()
        assert (length, now[:8]) == (entries, head)
        assert reader.audit(check_signature).findings == ()
    return end.calls, found != HEAD


def test_an_upgrade_killed_on_a_server_is_done_or_has_not_begun(
    mortals: Mortals, postgres_server: str, tmp_path: Path
) -> None:
    """At five calls by chance and the last four, which come after the commit: some leave the earlier store, some the new one."""
    with fresh_schema(postgres_server) as address:
        calls, _ = upgraded(mortals, address, tmp_path / "0", 0)
    places = [*random.Random(5).sample(range(1, calls - 3), 5), *range(calls - 3, calls + 1)]
    undone = []
    for at in places:
        with fresh_schema(postgres_server) as address:
            undone.append(upgraded(mortals, address, tmp_path / str(at), at)[1])
    assert {*undone} == {True, False}
