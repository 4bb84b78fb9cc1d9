"""An entry's bytes: RFC 8785 canonical JSON, final from day one.

``{"body": ..., "time": ..., "track": ..., "type": ..., "version": ...}``: ``type`` is the event's class name, ``version`` that of
its wire form, ``time`` engine time in UTC ns, always a string; ``track`` is null for what concerns the whole run; ``body`` is the
event's wire form. Integers at or beyond 2**53 in size are strings in plain notation, as are prices, quantities and money, which
come from the wire form as exact text. Floats are written as ECMAScript writes numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec
import rfc8785

from genesis.audit.hot import HOT, Unusual, document_text
from genesis.errors import IntegrityError
from genesis.model.events import Event

# RFC 8785 numbers are IEEE 754 doubles: below this size every integer is one of its own.
EXACT_BELOW = 2**53


def encode(event: Event) -> bytes:
    """The canonical bytes of an event.

    Raises:
        IntegrityError: a float that is not finite, or a value that has no canonical form.
    """
    hot = HOT.get(type(event))
    if hot is not None:
        try:
            return hot(event)
        except (Unusual, UnicodeEncodeError):
            pass
    return encode_any(event)


def encode_any(event: Event) -> bytes:
    """As `encode`, by way of the event's wire form, whatever the event's type."""
    document = {
        "body": event.wire(),
        "time": str(event.time),
        "track": event.track,
        "type": type(event).__name__,
        "version": event.VERSION,
    }
    try:
        return canonical(document)
    except IntegrityError as error:
        raise IntegrityError(f"{type(event).__name__} at {event.time} of track {event.track}: {error}") from None


def canonical(document: Mapping[str, object]) -> bytes:
    """RFC 8785 bytes of a JSON document, its large integers as strings.

    Raises:
        IntegrityError: a value without canonical form, named by its path.
    """
    try:
        return document_text(document).encode()
    except (Unusual, UnicodeEncodeError, TypeError):
        return _by_package(document)


def _by_package(document: Mapping[str, object]) -> bytes:
    """The same by way of the ``rfc8785`` package, which judges everything."""
    try:
        return rfc8785.dumps(_plain(document))  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        problem = next(_problems(document), str(error))
        raise IntegrityError(f"cannot be written as an entry: {problem}") from None


def decode(entry: bytes) -> dict[str, object]:
    """The JSON document of an entry's bytes; exact amounts and times stay the text they are.

    Raises:
        IntegrityError: not a JSON object.
    """
    try:
        return _DECODER.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"expected an entry's JSON object, found {entry[:60]!r}: {error}") from None


def form(entry: bytes) -> bytes:
    """Type and version of an entry as they end its bytes: ``OrderFilled","version":1}``. Reads no other part of it."""
    return entry[entry.rfind(_TYPE) + len(_TYPE) :]


def form_of(kind: type[Event]) -> bytes:
    """What `form` finds in an entry of ``kind``."""
    return f'{kind.__name__}","version":{kind.VERSION}}}'.encode()


_TYPE = b',"type":"'
_DECODER = msgspec.json.Decoder(dict[str, object])


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -EXACT_BELOW < value < EXACT_BELOW:
        return str(value)
    return value


def _problems(value: object, path: str = "") -> Iterator[str]:
    """What RFC 8785 has no form for, in words, each with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _problems(item, f"{path}.{key}" if path else key)
            else:
                yield f"{path or 'document'}: expected keys of text, found {key!r}"
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _problems(item, f"{path}[{i}]")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{path}: expected a finite number, found {value}"
    elif isinstance(value, str):
        if not _is_unicode(value):
            yield f"{path}: expected Unicode text, found {value!r}"
    elif value is not None and not isinstance(value, int):
        yield f"{path}: expected text, a number, true, false or null, found {type(value).__name__}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
