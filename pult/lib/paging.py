"""Keyset paging: a cursor is the sort key of the last row seen, written so that it passes through an address.

It is no secret and grants nothing, so it is not signed; what comes back is checked like any other input.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import orjson

from pult.lib.failures import UserError

CursorValue = str | int | datetime

_LONGEST: Final = 1024
_INTEGERS: Final = range(-(2**63), 2**63)  # bigint


class BadCursor(UserError):
    """The cursor was not made by Pult, or for another list."""

    code = "bad_cursor"
    field = "cursor"


def encode_cursor(values: Sequence[CursorValue]) -> str:
    """The values as one text of letters, digits, `-` and `_`. Times must be aware; they keep their microseconds."""
    plain = [{"t": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(orjson.dumps(plain)).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, kinds: Sequence[type] | None = None) -> tuple[CursorValue, ...]:
    """The values that `encode_cursor` was given, times in UTC. Raises `BadCursor`, also if they are not of `kinds`."""
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        raw = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(raw, list):
            raise ValueError("no list")
        values = tuple(_value(item) for item in raw)
        if kinds is not None and [type(value) for value in values] != list(kinds):
            raise ValueError("other kinds of values")
    except (ValueError, OverflowError, binascii.Error):
        raise BadCursor(
            "This cursor is not one that Pult gave for this list.",
            next_step="Start again without a cursor.",
        ) from None
    return values


def _value(item: object) -> CursorValue:
    if isinstance(item, str) and "\0" not in item:
        return item
    if isinstance(item, int) and not isinstance(item, bool) and item in _INTEGERS:
        return item
    if isinstance(item, dict) and set(item) == {"t"} and isinstance(item["t"], str):
        time = datetime.fromisoformat(item["t"])
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    raise ValueError("no cursor value")
