"""Fills tell their cost: only what people query was laid out anew, and that is made again from the entries whatever its layout was."""

from __future__ import annotations

from genesis.storage.revisions.forward_only import downgrade as downgrade

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The record is the same."""
