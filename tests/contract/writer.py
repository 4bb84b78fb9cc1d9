"""A process that writes a store, for tests that kill or stop it: three entries a commit, and it says how many are durable after each.

Arguments: the address, the run's length in orders, and for a server the seconds of the lease.
"""

from __future__ import annotations

import sys
from pathlib import Path

from genesis.clock import ManualClock
from genesis.errors import GenesisError
from genesis.storage.address import store_address
from genesis.storage.opening import open_store
from genesis.storage.store import Store
from tests.kit.factories import small_run


def held(address: str, lease_s: str | None) -> Store:
    place = store_address(address)
    if lease_s is None or isinstance(place, Path):
        return open_store(place, ManualClock(), "host")
    from genesis.storage.postgres import PostgresStore

    return PostgresStore(place, ManualClock(), "host", lease_s=float(lease_s))


def main(address: str, orders: str, lease_s: str | None = None) -> None:
    run = small_run(int(orders))
    with held(address, lease_s) as store:
        for i in range(0, len(run), 3):
            store.journal.append(run[i : i + 3])
            store.journal.commit()
            if not store.journal.replaying:
                print(store.journal.length, flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except GenesisError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(1)
