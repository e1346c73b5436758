from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib.paging import BadCursor, decode_cursor, encode_cursor

values = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.datetimes(timezones=st.just(UTC)),
    max_size=4,
)


@given(values)
def test_a_cursor_gives_back_what_it_was_made_of(row):
    cursor = encode_cursor(row)
    assert decode_cursor(cursor) == tuple(row)
    assert decode_cursor(cursor, [type(value) for value in row]) == tuple(row)
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_times_come_back_in_utc_with_their_microseconds():
    time = datetime(2026, 11, 2, 9, 15, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    (back,) = decode_cursor(encode_cursor([time]))
    assert back == time and back.tzinfo is UTC


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "a b", "AAAA", "bnVsbA", "e30", "W3RydWVd", "WzEuNV0", "W251bGxd", "W3sidCI6IngifV0",
     "W3sidCI6IjIwMjYtMTEtMDIifV0",
     "WyJcdTAwMDAiXQ", "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1XQ", "A" * 2000],
)  # fmt: skip
def test_what_is_no_cursor_is_refused_in_one_line(cursor):
    with pytest.raises(BadCursor, match="Start again without a cursor"):
        decode_cursor(cursor)


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(BadCursor):
        decode_cursor(encode_cursor(["text", 1]), [datetime, int])


@given(st.text())
def test_nothing_else_is_raised(text):
    with suppress(BadCursor):
        decode_cursor(text)
