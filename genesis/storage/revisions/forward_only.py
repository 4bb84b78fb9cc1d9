"""There is no way back to an earlier version."""

from __future__ import annotations

from genesis.errors import StorageError


def downgrade() -> None:
    """Refuse: what a later version wrote, an earlier one could not read.

    Raises:
        StorageError: always.
    """
    raise StorageError("revision: expected a step forward, found one back; restore a backup of before the upgrade")
