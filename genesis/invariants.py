"""``ensure``: what we believe, checked also under ``python -O``."""

from __future__ import annotations

from genesis.errors import IntegrityError


def ensure(condition: bool, message: str) -> None:
    """Raise `IntegrityError` with ``message`` unless ``condition`` holds.

    For beliefs about our own state. Bad input has errors of its own.
    """
    if not condition:
        raise IntegrityError(message)
