"""The laws of orders: states, totals, changes, matching, numbers, and parts as JSON and back."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.orders.errors import StepRefused
from pult.orders.rules.changes import (
    FACT_FIELDS,
    IDENTITY_FIELDS,
    PAYMENT_FIELDS,
    Verdict,
    Written,
    changed_fields,
    compare,
)
from pult.orders.rules.documents import from_json, to_json
from pult.orders.rules.matching import FoundProducts, codes_of, match_line
from pult.orders.rules.numbers import format_number, parse_number
from pult.orders.rules.problems import SENTENCES, sentence
from pult.orders.rules.states import (
    CHANNEL_MOVES,
    FINAL,
    NEXT_STEP,
    OPEN_TO_CHANNEL,
    PAYMENT_STATUSES,
    STATUSES,
    STEPS,
    channel_may_change,
    channel_move,
    check_step,
    fulfilment_status_of,
    payment_status_of,
    step_to,
    steps_from,
)
from pult.orders.rules.totals import each_code_once, find_problems, order_totals
from pult.orders.types import (
    Address,
    IncomingBuyer,
    IncomingLine,
    IncomingOrder,
    IncomingProblem,
    IncomingRefund,
    PickupPoint,
)
from pult.testing.builders import a_line, an_order

# -- states -------------------------------------------------------------------------------------------------

ALLOWED = {
    ("new", "confirm"): "confirmed",
    ("on_hold", "confirm"): "confirmed",
    ("new", "hold"): "on_hold",
    ("confirmed", "hold"): "on_hold",
    ("on_hold", "release"): "new",
    ("new", "process"): "processing",
    ("confirmed", "process"): "processing",
    ("processing", "ready"): "ready",
    ("processing", "ship"): "shipped",
    ("ready", "ship"): "shipped",
    ("confirmed", "complete"): "completed",
    ("processing", "complete"): "completed",
    ("ready", "complete"): "completed",
    ("shipped", "complete"): "completed",
    ("new", "cancel"): "cancelled",
    ("confirmed", "cancel"): "cancelled",
    ("on_hold", "cancel"): "cancelled",
    ("processing", "cancel"): "cancelled",
    ("ready", "cancel"): "cancelled",
    ("shipped", "return"): "returned",
    ("completed", "return"): "returned",
    ("cancelled", "reopen"): "new",
}


@pytest.mark.parametrize(("status", "step"), list(product(STATUSES, STEPS)))
def test_every_step_from_every_state(status: str, step: str) -> None:
    if (status, step) in ALLOWED:
        assert check_step(status, step) == ALLOWED[status, step]
        assert step in steps_from(status)
    else:
        with pytest.raises(StepRefused):
            check_step(status, step)
        assert step not in steps_from(status)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(STATUSES), st.sampled_from(["channel", "pult"])))
)
def test_no_path_leaves_the_table(path: list[tuple[str, str, str]]) -> None:
    status = "new"
    for step, target, mover in path:
        if step in steps_from(status):
            status = check_step(status, step)
        status = channel_move(status, target, moved_by=mover) or status
        assert status in STATUSES
        assert payment_status_of(total=Decimal(1), paid=Decimal(0), refunded=Decimal(0)) in PAYMENT_STATUSES


def test_step_to_agrees_with_the_table() -> None:
    for status, target in product(STATUSES, STATUSES):
        step = step_to(status, target)
        assert (step is None) == (target not in {end for (start, _), end in ALLOWED.items() if start == status})
        assert step is None or check_step(status, step) == target


def test_the_step_offered_first_is_allowed() -> None:
    assert all(step in steps_from(status) for status, step in NEXT_STEP.items())


def test_shop_moves_only_what_is_open_or_what_it_moved_itself() -> None:
    for status, target, mover in product(STATUSES, STATUSES, ["channel", "pult"]):
        moved = channel_move(status, target, moved_by=mover)
        if moved is not None:
            assert moved == target != status
            assert status in OPEN_TO_CHANNEL or (status in FINAL and mover == "channel")
            assert target in CHANNEL_MOVES[status]
    assert channel_move("processing", "cancelled", moved_by="channel") is None
    assert channel_move("completed", "cancelled", moved_by="pult") is None
    assert channel_move("completed", "cancelled", moved_by="channel") == "cancelled"
    assert channel_move("confirmed", "new", moved_by="pult") is None
    assert not channel_may_change("shipped", moved_by="channel")


@pytest.mark.parametrize(
    ("total", "paid", "refunded", "expected"),
    [
        (100, 0, 0, "unpaid"),
        (100, 40, 0, "partly_paid"),
        (100, 100, 0, "paid"),
        (100, 120, 0, "paid"),
        (0, 0, 0, "paid"),
        (100, 100, 40, "partly_refunded"),
        (100, 100, 100, "refunded"),
        (100, 40, 40, "refunded"),
        (100, 0, 100, "refunded"),
        (100, 0, 40, "partly_refunded"),
    ],
)
def test_payment_status_follows_from_the_amounts(total: int, paid: int, refunded: int, expected: str) -> None:
    assert payment_status_of(total=Decimal(total), paid=Decimal(paid), refunded=Decimal(refunded)) == expected


def test_fulfilment_status_follows_from_state_and_parts() -> None:
    assert fulfilment_status_of("new") == "unfulfilled"
    assert fulfilment_status_of("processing", shipped_parts=[True, False]) == "partly_fulfilled"
    assert fulfilment_status_of("processing", shipped_parts=[True, True]) == "fulfilled"
    assert fulfilment_status_of("shipped") == fulfilment_status_of("completed") == "fulfilled"
    assert fulfilment_status_of("returned") == "returned"


# -- totals and problems ------------------------------------------------------------------------------------


def test_order_whose_numbers_agree_has_no_problem() -> None:
    assert find_problems(an_order()) == []


def test_difference_of_lines_and_total_is_said_in_full() -> None:
    (problem,) = find_problems(an_order(total_gross=Decimal("2547")))
    assert sentence(problem.code, problem.params) == (
        "The lines add up to 2540.00 HUF, the channel says 2547.00 HUF: a difference of 7.00 HUF."
    )


def test_everything_odd_is_found_at_once() -> None:
    refund = IncomingRefund("1", Decimal(9), Decimal(9), Decimal(0), datetime(2026, 1, 1, tzinfo=UTC))
    odd = an_order(lines=(), total_gross=Decimal(-5), total_vat=None, currency="XQZ", refunds=(refund,))
    assert {problem.code for problem in find_problems(odd)} == {
        "totals_differ",
        "negative_total",
        "no_lines",
        "unknown_currency",
        "refund_exceeds_total",
    }


def test_one_problem_a_code_with_all_it_is_about() -> None:
    found = each_code_once(
        [
            IncomingProblem("text_cut", {"field": "name"}),
            IncomingProblem("unknown_country", {"country": "ZZ"}),
            IncomingProblem("text_cut", {"field": "city"}),
            IncomingProblem("text_cut", {"field": "name"}),
        ]
    )
    assert found == [
        IncomingProblem("text_cut", {"field": ["name", "city"]}),
        IncomingProblem("unknown_country", {"country": "ZZ"}),
    ]
    assert "name, city" in sentence("text_cut", found[0].params)


def test_vat_is_the_lines_where_the_channel_says_none() -> None:
    totals = order_totals(an_order(total_vat=None))
    assert (totals.net, totals.vat, totals.gross) == (Decimal(2000), Decimal(540), Decimal(2540))


def test_sentences_are_filled_whatever_is_in_them() -> None:
    for code in SENTENCES:
        assert sentence(code, {})
    assert sentence("unknown_status", {"status": "{0.__class__} %s"}) == (
        "The shop's state “{0.__class__} %s” is not known; the order came in as new."
    )
    assert sentence("no_such_code", {"a": 1}) == "no_such_code"


# -- changes ------------------------------------------------------------------------------------------------

T0 = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def test_nothing_known_is_new() -> None:
    assert compare(None, an_order(), message_id=1, checksum=b"a") is Verdict.NEW


def test_same_bytes_are_the_same_whatever_the_clock_says() -> None:
    written = Written(1, b"a", T0)
    assert compare(written, an_order(modified_at=T0), message_id=2, checksum=b"a") is Verdict.SAME


@pytest.mark.parametrize(
    ("seconds", "message_id", "verdict"),
    [
        (-1, 9, Verdict.STALE),
        (1, 9, Verdict.CHANGED),
        (1, 2, Verdict.CHANGED),
        (0, 9, Verdict.CHANGED),
        (0, 2, Verdict.STALE),
    ],
)
def test_channels_own_time_decides_and_within_a_second_the_order_of_keeping(
    seconds: int, message_id: int, verdict: Verdict
) -> None:
    incoming = an_order(modified_at=T0 + timedelta(seconds=seconds))
    assert compare(Written(5, b"a", T0), incoming, message_id=message_id, checksum=b"b") is verdict


def test_without_times_the_order_of_keeping_decides() -> None:
    incoming = an_order(modified_at=None)
    assert compare(Written(5, b"a", None), incoming, message_id=6, checksum=b"b") is Verdict.CHANGED
    assert compare(Written(5, b"a", T0), incoming, message_id=4, checksum=b"b") is Verdict.STALE


def test_an_order_has_not_changed_from_itself() -> None:
    assert changed_fields(an_order(), an_order(total_gross=Decimal("2540.00"))) == frozenset()


def test_changed_fields_are_named() -> None:
    before = an_order()
    now = replace(before, customer_note="x", lines=(a_line(vat=Decimal(500), net=Decimal(2040)),), status="on_hold")
    assert changed_fields(before, now) == {"customer_note", "lines"}
    assert changed_fields(replace(before, total_vat=None), replace(now, total_vat=None)) == {
        "customer_note",
        "lines",
        "total_vat",
    }


def test_every_field_has_its_rule() -> None:
    names = {f.name for f in fields(IncomingOrder)}
    assert changed_fields(None, an_order()) | IDENTITY_FIELDS == names
    assert names >= PAYMENT_FIELDS | FACT_FIELDS | IDENTITY_FIELDS
    assert not (PAYMENT_FIELDS | FACT_FIELDS) & IDENTITY_FIELDS


# -- JSON and back ------------------------------------------------------------------------------------------

text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
some = st.none() | text
amount = st.decimals(min_value=-(10**12), max_value=10**12, places=4)
moment = st.datetimes(timezones=st.just(UTC))


def of(kind: type, **special: st.SearchStrategy) -> st.SearchStrategy:
    by_type = {
        "str": text,
        "str | None": some,
        "Decimal": amount,
        "Decimal | None": st.none() | amount,
        "datetime": moment,
    }
    return st.builds(kind, **({f.name: by_type[str(f.type)] for f in fields(kind) if str(f.type) in by_type} | special))


FIELDS = {
    "buyer": of(IncomingBuyer),
    "lines": st.lists(of(IncomingLine), max_size=3).map(tuple),
    "refunds": st.lists(of(IncomingRefund), max_size=3).map(tuple),
    "billing_address": st.none() | of(Address),
    "shipping_address": st.none() | of(Address),
    "pickup_point": st.none() | of(PickupPoint),
    "problems": st.lists(st.builds(IncomingProblem, text, st.dictionaries(text, text | st.integers(0, 99)))).map(tuple),
    **dict.fromkeys(["total_gross", "total_vat", "paid"], st.none() | amount),
    **dict.fromkeys(["placed_at", "modified_at", "paid_at"], st.none() | moment),
    **dict.fromkeys(["coupons", "tags", "tracking_numbers"], st.lists(text, max_size=3).map(tuple)),
}


@given(st.data())
@pytest.mark.parametrize("field", [f.name for f in fields(IncomingOrder)])
def test_every_field_survives_json(field: str, data: st.DataObject) -> None:
    value = data.draw(FIELDS.get(field, some))
    assert from_json(field, to_json(value)) == value


# -- numbers, matching --------------------------------------------------------------------------------------


@given(st.integers(0, 9999), st.integers(1, 10**9))
def test_numbers_read_back(year: int, serial: int) -> None:
    assert parse_number(f" {format_number(year, serial).lower()} ") == (year, serial)


def test_numbers_look_as_promised() -> None:
    assert format_number(2026, 123) == "R-2026-000123"
    assert parse_number("2026-000123") is None


def test_a_persons_word_wins_over_sku_over_barcode() -> None:
    found = FoundProducts(
        by_match={"A": (1, "MATCHED")},
        by_sku={"A": (2, "BY-SKU"), "B": (2, "BY-SKU")},
        by_barcode={"599": (3, "BY-CODE")},
    )
    assert match_line(a_line(external_sku="a"), found) == (1, "MATCHED")
    assert match_line(a_line(external_sku=" b "), found) == (2, "BY-SKU")
    assert match_line(a_line(external_sku="5-99"), found) == (3, "BY-CODE")
    assert match_line(a_line(external_sku=None, barcode="5 99"), found) == (3, "BY-CODE")
    assert match_line(a_line(external_sku="C"), found) is None
    assert match_line(a_line(kind="shipping", external_sku="A"), found) is None


def test_codes_are_gathered_from_goods_only() -> None:
    lines = [a_line(external_sku="x", barcode="5-9"), a_line(kind="fee", external_sku="FEE")]
    assert codes_of(lines) == ({"X"}, {"59"})
