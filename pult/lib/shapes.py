"""Types of what comes in over the HTTP API: texts, numbers and times, checked before anything else sees them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from ninja import Schema
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from pult.lib.countries import is_country
from pult.lib.currencies import is_currency
from pult.lib.failures import UserError
from pult.lib.money import NotANumber, parse_decimal
from pult.lib.times import read_time

LARGEST_AMOUNT: Final = Decimal(10) ** 12
DECIMALS: Final = 6
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999
LONGEST_LIST: Final = 500

# PostgreSQL keeps no zero byte in a text.
NO_NUL: Final = r"^[^\u0000]*$"


class Input(Schema):
    """A body that is read strictly: a member that is not known is an error that names it, never silently dropped."""

    model_config = ConfigDict(extra="forbid")


class Document(Schema):
    """A document that Pult sends; it may grow, so readers ignore what they do not know."""


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _stripped(value: str) -> str:
    return value.strip()


def _stripped_word(value: str) -> str:
    stripped = value.strip()
    if not stripped:
        raise ValueError("must not be blank")
    return stripped


def _decimal(value: Any) -> Decimal:
    try:
        number = parse_decimal(value)
    except NotANumber as error:
        raise ValueError(str(error)) from None
    if abs(number) > LARGEST_AMOUNT:
        raise ValueError("larger than 10^12")
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS:
        raise ValueError(f"more than {DECIMALS} decimals")
    return number


def _positive(value: Any) -> Decimal:
    number = _decimal(value)
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def _price(value: Any) -> Decimal:
    number = _decimal(value)
    if number < 0 or number != round(number, 4):
        raise ValueError("must not be below zero, and have at most four decimals")
    return number


def _percent(value: Any) -> Decimal:
    number = _decimal(value)
    if not 0 <= number <= 100 or number != round(number, 4):
        raise ValueError("must be a percentage from 0 to 100 with at most four decimals")
    return number


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a time is a text like 2026-01-31T08:00:00Z")
    # a plus sign in an address that was not written as %2B arrives as a space
    text = re.sub(r"(T.*) (\d\d:?\d\d)$", r"\1+\2", value.strip())
    try:
        at = read_time(text, settings.PULT_TIME_ZONE)
    except UserError as error:
        raise ValueError(error.sentence) from None
    if at is None:
        raise ValueError("a time is a text like 2026-01-31T08:00:00Z")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"the year must be between {FIRST_YEAR} and {LAST_YEAR}")
    return at


def _until(value: Any) -> datetime:
    at = _time(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip(), re.ASCII):
        zone = ZoneInfo(settings.PULT_TIME_ZONE)
        at = datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(), zone).astimezone(UTC)
    return at


def _day(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip(), re.ASCII):
        raise ValueError("a day is a text like 2026-01-31")
    try:
        day = date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("there is no such day") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"the year must be between {FIRST_YEAR} and {LAST_YEAR}")
    return day


def _currency(value: str) -> str:
    if not is_currency(value):
        raise ValueError("no currency has this code; write its three letters, e.g. HUF")
    return value


def _country(value: str) -> str:
    if not is_country(value):
        raise ValueError("no country has this code; write its two letters, e.g. HU")
    return value


_NUMBER_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"},
        {"type": "number", "minimum": -1e12, "maximum": 1e12, "multipleOf": 0.01},
    ]
}
_POSITIVE_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,6})?$"},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1e12},
    ]
}
_PERCENT_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^(100|[0-9]{1,2}(\.[0-9]{1,4})?)$"},
        {"type": "number", "minimum": 0, "maximum": 100},
    ]
}
_TIME_SCHEMA: Final = {"type": "string", "examples": ["2026-01-31T08:00:00Z", "2026-01-31"]}
_DAY_SCHEMA: Final = {"type": "string", "format": "date"}

Number = Annotated[Decimal, PlainValidator(_decimal), WithJsonSchema(_NUMBER_SCHEMA)]
"""A decimal number: a text with a point, or a JSON number; at most 10^12 and six decimals."""

Positive = Annotated[Decimal, PlainValidator(_positive), WithJsonSchema(_POSITIVE_SCHEMA)]
"""A number above zero."""

Price = Annotated[Decimal, PlainValidator(_price), WithJsonSchema(_POSITIVE_SCHEMA)]
"""0 or more, at most four decimals."""

Percent = Annotated[Decimal, PlainValidator(_percent), WithJsonSchema(_PERCENT_SCHEMA)]
"""0 to 100, at most four decimals."""

Time = Annotated[datetime, PlainValidator(_time), WithJsonSchema(_TIME_SCHEMA)]
"""A time in RFC 3339, or a day (its start, in the company's zone). In UTC once read."""

Until = Annotated[datetime, PlainValidator(_until), WithJsonSchema(_TIME_SCHEMA)]
"""A time that is not included any more; a day alone is included to its end."""

MaybeTime = Annotated[Time | None, BeforeValidator(_none_if_blank)]
MaybeUntil = Annotated[Until | None, BeforeValidator(_none_if_blank)]
"""In a filter: an empty one is none."""

Day = Annotated[date, PlainValidator(_day), WithJsonSchema(_DAY_SCHEMA)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL), AfterValidator(_stripped_word)]
"""A short text that must be given and must not be empty."""

MaybeWord = Annotated[
    Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL), AfterValidator(_stripped)] | None,
    BeforeValidator(_none_if_blank),
]
"""A short text that may be absent; an empty one is absent."""

MaybeText = Annotated[
    Annotated[str, StringConstraints(max_length=10_000, pattern=NO_NUL)] | None, BeforeValidator(_none_if_blank)
]
"""A longer text that may be absent."""

Search = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
Cursor = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[A-Za-z0-9_-]*$")]
Limit = Annotated[int, Field(ge=1, le=LONGEST_LIST)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3, to_upper=True), AfterValidator(_currency)]
Country = Annotated[str, StringConstraints(min_length=2, max_length=2, to_upper=True), AfterValidator(_country)]


class FieldError(Document):
    """One thing wrong with one field; `field` is its path: `lines.0.quantity`."""

    field: str
    message: str


class Problem(Document):
    """A problem document (RFC 9457). `code` is stable and for programs; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[FieldError] | None = None


class PageQuery(Schema):
    """How a list is read: `limit` items at a time, the next page by the `next` of the one before."""

    limit: Limit = 100
    cursor: Cursor | None = Field(None, description="The `next` of the page before.")
