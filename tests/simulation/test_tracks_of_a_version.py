"""A live track and its twin are of a version and are none themselves: nobody counts them as tried, and nobody can give them a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import ConfigError
from genesis.paper_trading.promotion_facts import Order
from genesis.storage.sqlite import StoreReader
from genesis.system.gatekeeper import gatekeeping
from genesis.system.promotions import all_experiments, leave_order
from genesis.system.track_kinds import references, roles
from tests.kit.swings import stopped


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose only version is live, and goes on."""
    return stopped(tmp_path_factory.mktemp("live"))


def test_one_version_is_one_thing_tried(live: Path) -> None:
    """Beside it run its live track, the twin and the one under the harder profile: the list has one row, of a family of one."""
    with StoreReader(live) as reader:
        assert {t.track for t in reader.tracks()} == {"swings", "swings@realistic", "swings@live", "swings@twin"}
        assert roles(reader) == {"swings@live": "live", "swings@twin": "twin"}
        assert [t.track for t in references(reader)] == ["swings"]
        (tried,) = all_experiments(reader)
        assert (tried.version, tried.stage, tried.family) == ("swings", "LIVE", 1)
        assert [g.track for g in gatekeeping(reader).gates] == ["swings"]


@pytest.mark.parametrize("name", ["swings@live", "swings@twin", "swings@realistic"])
def test_a_command_is_given_to_a_version(live: Path, name: str) -> None:
    """A halt that names a track instead would be refused by the run only when it is read, while whoever gave it believes that it is done: the shell refuses it at once."""
    with pytest.raises(ConfigError, match=f"strategy: expected one of swings, found {name}"):
        leave_order(live, Order.HALT, name, "ann", "it looks wrong", ManualClock(1))
    with StoreReader(live) as reader:
        assert reader.commands() == []
