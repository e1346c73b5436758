"""Reading single values of a WooCommerce answer: amounts, times, texts. Pure, and on the hot path of every import."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pult.lib.failures import Unreadable
from pult.lib.money import NotANumber, parse_decimal, round_to_step
from pult.orders.types import ZERO, IncomingProblem

LINE_LENGTH = 1_000
NOTE_LENGTH = 10_000
_MILLIONTH = Decimal("0.000001")
# PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, and of control characters only line breaks mean anything.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAKS = re.compile(r"[\t\r\n]+")


def amount(value: Any, field: str) -> Decimal:
    """A number as WooCommerce sends it (text, or a JSON number), exact; empty and null are zero.

    More than six decimals, which no currency has, are rounded half up. Raises `Unreadable`, which names `field`, for
    what is no number or not below 10^15.
    """
    if type(value) is str:
        read = _read_amount(value)
    elif value is None:
        return ZERO
    elif type(value) is float or (type(value) is int and value.bit_length() < 64):
        read = _read_amount(repr(value))
    else:
        read = _read_number(value)
    if read is None:
        raise Unreadable(
            "The field %(field)s is not an amount: %(value)s.", params={"field": field, "value": shown(value)}
        )
    return read


@lru_cache(maxsize=16_384)
def _read_amount(text: str) -> Decimal | None:
    return _read_number(text) if text.strip() else ZERO


def _read_number(value: Any) -> Decimal | None:
    try:
        number = parse_decimal(value)
    except NotANumber:
        return None
    exponent = number.as_tuple().exponent
    return round_to_step(number, _MILLIONTH) if isinstance(exponent, int) and exponent < -6 else number


def moment(value: Any, field: str) -> datetime | None:
    """A `…_gmt` time, which is UTC though it does not say so; None for null and empty. Raises `Unreadable`."""
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(
            "The field %(field)s is not a time: %(value)s.", params={"field": field, "value": shown(value)}
        ) from None


def one_line(value: Any, field: str, problems: list[IncomingProblem]) -> str | None:
    """A text on one line without control characters, None if there is none; cut with a problem if absurdly long."""
    if type(value) is not str:
        if type(value) is not int and type(value) is not float:
            return None
        value = str(value)
    text: str = value.strip()
    if not text:
        return None
    if not text.isprintable():
        text = _CONTROLS.sub("", _BREAKS.sub(" ", text)).strip()
    if len(text) > LINE_LENGTH:
        text = text[:LINE_LENGTH]
        problems.append(IncomingProblem("text_cut", {"field": field}))
    return text or None


def title(value: Any, field: str, problems: list[IncomingProblem]) -> str | None:
    """Like `one_line`, for the texts that WooCommerce stores with HTML entities (names of goods, titles of methods)."""
    if type(value) is str and "&" in value:
        value = html.unescape(value)
    return one_line(value, field, problems)


def note(value: Any, field: str, problems: list[IncomingProblem]) -> str | None:
    """Like `one_line`, but with its line breaks, and longer."""
    if type(value) is not str:
        return None
    text: str = value.strip()
    if not text:
        return None
    if not text.isprintable():
        text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > NOTE_LENGTH:
        text = text[:NOTE_LENGTH]
        problems.append(IncomingProblem("text_cut", {"field": field}))
    return text or None


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing for whatever else a plug-in put there."""
    if not value or type(value) is not list:
        return []
    return [row for row in value if type(row) is dict]


def shown(value: Any) -> str:
    """A value short enough for a sentence."""
    text = repr(value) if type(value) is not int or value.bit_length() < 200 else "…"
    return text if len(text) <= 60 else text[:57] + "…"
