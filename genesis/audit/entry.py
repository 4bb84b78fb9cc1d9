"""An entry's bytes: RFC 8785 canonical JSON, final from day one.

Integers beyond 2**53 are strings, so engine time always is; amounts are already exact text in an event's wire form.
"""

from __future__ import annotations

import rfc8785

from genesis.model.events import Event

_EXACT = 2**53


def encode(event: Event) -> bytes:
    """The canonical bytes of an event.

    Raises:
        ValueError: a float that is not finite.
    """
    document = {
        "body": _plain(event.wire()),
        "time": str(event.time),
        "track": event.track,
        "type": type(event).__name__,
        "version": event.VERSION,
    }
    return rfc8785.dumps(document)  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value)
    return value
