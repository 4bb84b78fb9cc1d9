"""Every kind of store."""

from __future__ import annotations

import pytest

from genesis.storage.address import StoreAddress
from tests.contract.places import KINDS, address_of


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest) -> StoreAddress:
    """Where a store may be made."""
    return address_of(request.param, request)
