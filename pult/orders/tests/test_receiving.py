"""The one door, on a real PostgreSQL: what a shop tells becomes an order, once, and its changes arrive."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from pult.catalogue.services import save_product
from pult.channels.models import SalesChannel
from pult.history.models import Entry
from pult.history.types import SYSTEM
from pult.inbox.models import Message
from pult.orders.errors import BadOrder
from pult.orders.models import Order, OrderLine, Problem, Refund
from pult.orders.rules.changes import Verdict
from pult.orders.schemas import order_documents
from pult.orders.services.arrivals import Arrival
from pult.orders.services.deciding import refuse_difference, settle_problem, take_difference
from pult.orders.services.editing import edit_order
from pult.orders.services.lifecycle import move_order
from pult.orders.services.matching import match_code_to_product, match_line_to_product
from pult.orders.services.receiving import receive_order, receive_orders
from pult.orders.types import Address
from pult.sync.services.understanding import retry_messages
from pult.testing.builders import CLERK, a_channel, an_order, raw_line, raw_order, the_order, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> SalesChannel:
    return a_channel("bolt")


def at(second: int) -> str:
    return f"2026-11-02T09:00:{second:02d}"


def document(order: Order) -> dict[str, Any]:
    return order_documents([Order.objects.select_related("channel").get(pk=order.pk)])[0]


def open_codes(order: Order) -> set[str]:
    return set(Problem.objects.filter(order=order, resolved_at__isnull=True).values_list("code", flat=True))


def process(order: Order) -> None:
    move_order(order.number, "confirm", actor=CLERK)
    move_order(order.number, "process", actor=CLERK)


# -- new orders ---------------------------------------------------------------------------------------------


def test_new_order_keeps_exactly_what_the_channel_said(channel: SalesChannel) -> None:
    told(channel, raw_order(101, date_paid_gmt="2026-11-02T08:20:00", transaction_id="TR-1", customer_note="Csengő!"))

    order = the_order(channel)
    known = document(order)
    assert known.pop("received_at") and known.pop("updated_at")
    assert known["number"] == order.number
    assert known["channel"] == {"code": "bolt", "kind": "webshop", "platform": "woocommerce", "name": "Bolt"}
    assert (known["external_id"], known["external_number"], known["external_status"]) == ("101", "101", "processing")
    assert (known["status"], known["payment_status"], known["fulfilment_status"]) == ("new", "paid", "unfulfilled")
    assert known["placed_at"] == "2026-11-02T08:15:00Z"
    assert known["customer"]["name"] == "Kovács Anna"
    assert known["customer"]["email"] == "vevo101@example.com"
    assert known["totals"] == {"net": "2000.00", "vat": "540.00", "gross": "2540.00"}
    assert known["payment"] == {
        "method": "cod",
        "name": "Utánvét",
        "paid": "2540.00",
        "refunded": "0.00",
        "transaction_id": "TR-1",
    }
    assert known["customer_note"] == "Csengő!"
    assert known["problems"] == []
    (line,) = known["lines"]
    assert (line["position"], line["kind"], line["sku"], line["external_sku"]) == (1, "product", None, "BOGRE-01")
    assert (line["quantity"], line["unit_price_net"], line["unit_price_gross"]) == ("2", "1000.00", "1270.00")
    assert (line["vat_rate"], line["net"], line["vat"], line["gross"]) == ("27", "2000.00", "540.00", "2540.00")


def test_new_order_is_written_by_its_channel_with_one_entry(channel: SalesChannel) -> None:
    told(channel, raw_order(101), raw_order(102))

    entries = Entry.objects.filter(object_type="order")
    assert sorted(entries.values_list("object_id", "action", "actor_kind", "actor_name")) == sorted(
        (order.pk, "received", "channel", "Bolt") for order in Order.objects.all()
    )


def test_same_message_again_writes_nothing(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    before = Order.objects.values().get()
    entries = Entry.objects.count()

    tally = told(channel, raw_order(101))

    assert (tally.fetched, tally.created, tally.updated, tally.unchanged) == (1, 0, 0, 1)
    assert Order.objects.values().get() == before
    assert Entry.objects.count() == entries
    assert Message.objects.count() == 1


def test_same_story_in_other_bytes_is_no_change(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    before = Order.objects.values().get()

    tally = told(channel, raw_order(101, date_modified_gmt=at(5), meta_data=[{"key": "_seen", "value": "1"}]))

    after = Order.objects.values().get()
    assert (tally.updated, tally.unchanged) == (0, 1)
    assert after["updated_at"] == before["updated_at"]
    assert after["source_modified_at"] == datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)
    assert Entry.objects.filter(object_type="order").count() == 1


def test_a_then_b_then_a_again_ends_as_a_though_no_date_moves(channel: SalesChannel) -> None:
    a, b = raw_order(101), raw_order(101, customer_note="B")
    for order in (a, b, a):
        told(channel, order)

    assert the_order(channel).customer_note is None
    assert Message.objects.count() == 3


def test_older_story_that_comes_late_changes_nothing(channel: SalesChannel) -> None:
    told(channel, raw_order(101, date_modified_gmt=at(30), customer_note="new"))
    tally = told(channel, raw_order(101, date_modified_gmt=at(20), customer_note="old"))

    assert the_order(channel).customer_note == "new"
    assert tally.unchanged == 1
    assert set(Message.objects.values_list("state", flat=True)) == {"understood"}


def test_replay_of_any_message_is_harmless(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    told(channel, raw_order(101, customer_note="newer, in the same second"))
    before = Order.objects.values().get()
    entries = Entry.objects.count()

    for pk in Message.objects.values_list("pk", flat=True):
        assert retry_messages(channel, [pk]).unchanged == 1

    assert Order.objects.values().get() == before
    assert Entry.objects.count() == entries


def test_replay_of_the_last_message_makes_the_order_what_it_says(channel: SalesChannel) -> None:
    told(channel, raw_order(101, customer_note="first"))
    told(channel, raw_order(101, customer_note="last", date_modified_gmt=at(30)))
    order = the_order(channel)
    edit_order(order.number, actor=CLERK, values={"customer_note": "a clerk's"})
    first, last = Message.objects.order_by("pk").values_list("pk", flat=True)

    assert retry_messages(channel, [first]).unchanged == 1
    assert the_order(channel).customer_note == "a clerk's"
    assert retry_messages(channel, [last]).updated == 1
    assert the_order(channel).customer_note == "last"
    assert retry_messages(channel, [last]).unchanged == 1


def test_orders_without_an_external_id_never_meet(channel: SalesChannel) -> None:
    results = receive_orders(channel, [Arrival(an_order(None)), Arrival(an_order(None))], actor=CLERK)

    assert [result.verdict for result in results] == [Verdict.NEW, Verdict.NEW]
    assert set(Order.objects.values_list("moved_by", flat=True)) == {"pult"}


def test_reused_external_id_is_another_order(channel: SalesChannel) -> None:
    first = receive_order(channel, Arrival(an_order("K-1", reuse_mark="a"), message_id=1, checksum=b"1"))
    second = receive_order(channel, Arrival(an_order("K-1", reuse_mark="b"), message_id=2, checksum=b"2"))

    assert first.number != second.number
    assert Order.objects.filter(external_id="K-1").count() == 2


def test_the_same_order_twice_in_one_set_of_kept_messages_is_one(channel: SalesChannel) -> None:
    tally = told(channel, raw_order(101), raw_order(101, customer_note="second"), raw_order(102))

    assert (tally.created, tally.updated) == (2, 1)
    assert the_order(channel).customer_note == "second"


# -- changes before work has begun --------------------------------------------------------------------------


def test_changes_are_applied_until_work_begins(channel: SalesChannel) -> None:
    told(channel, raw_order(101, line_items=[raw_line(1), raw_line(2, sku="TAL-02")]))
    changed = raw_order(
        101,
        date_modified_gmt=at(1),
        line_items=[raw_line(2, sku="TAL-02", quantity=4, total="4000", total_tax="1080"), raw_line(3, sku="UJ-03")],
        customer_note="Siessenek",
    )
    changed["shipping"] = {**changed["shipping"], "address_1": "Új utca 1."}

    tally = told(channel, changed)

    order = the_order(channel)
    assert tally.updated == 1
    assert order.shipping_address["street"] == "Új utca 1."
    assert order.customer_note == "Siessenek"
    assert [(line.position, line.external_sku, line.quantity) for line in order.lines.order_by("position")] == [
        (1, "TAL-02", Decimal(4)),
        (2, "UJ-03", Decimal(2)),
    ]
    assert (order.total_net, order.total_vat, order.total_gross) == (Decimal(6000), Decimal(1620), Decimal(7620))
    names = set()
    for changes in Entry.objects.filter(object_type="order", action="changed_in_shop").values_list(
        "changes", flat=True
    ):
        names |= set(changes)
    assert {"shipping_address", "customer_note", "total_gross", "line.1", "line.2", "line.1.quantity"} <= names


def test_clerks_own_edits_survive_a_change_of_other_fields(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    order = the_order(channel)
    mended = Address(name="Kovács Anna", country="HU", postcode="6720", city="Szeged", street="Tisza part 3.")
    edit_order(order.number, actor=CLERK, values={"shipping_address": mended, "tags": ("fontos",)})

    told(channel, raw_order(101, date_modified_gmt=at(1), customer_note="Köszönöm"))

    order = the_order(channel)
    assert order.shipping_address["city"] == "Szeged"
    assert order.tags == ["fontos"]
    assert order.customer_note == "Köszönöm"


def test_payment_and_refunds_follow_the_shop(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    assert the_order(channel).payment_status == "unpaid"

    told(channel, raw_order(101, date_modified_gmt=at(1), date_paid_gmt=at(1)))
    assert the_order(channel).payment_status == "paid"

    part = {"id": 900, "total": "-1270", "reason": "törött"}
    detail = {"id": 900, "amount": "1270", "date_created_gmt": "2026-11-03T10:00:00", "reason": "törött"}
    told(
        channel, raw_order(101, date_modified_gmt=at(2), date_paid_gmt=at(1), refunds=[part], _refund_details=[detail])
    )
    order = the_order(channel)
    refund = Refund.objects.get()
    assert (order.payment_status, order.refunded) == ("partly_refunded", Decimal(1270))
    assert (refund.gross, refund.net, refund.vat) == (Decimal(1270), Decimal(1000), Decimal(270))
    assert refund.refunded_at == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert order.total_gross == Decimal(2540)

    rest = {"id": 901, "total": "-1270"}
    told(channel, raw_order(101, status="refunded", date_modified_gmt=at(3), date_paid_gmt=at(1), refunds=[part, rest]))
    order = the_order(channel)
    assert (order.payment_status, order.status, order.fulfilment_status) == ("refunded", "returned", "returned")

    told(channel, raw_order(101, status="processing", date_modified_gmt=at(4), date_paid_gmt=at(1)))
    order = the_order(channel)
    assert (order.payment_status, order.refunded, Refund.objects.count()) == ("paid", Decimal(0), 0)


def test_refund_told_twice_under_one_id_counts_once(channel: SalesChannel) -> None:
    refund = {"id": 900, "total": "-270"}

    told(channel, raw_order(101, refunds=[refund, refund]))
    told(channel, raw_order(101, refunds=[refund, refund], date_modified_gmt=at(1), customer_note="x"))

    assert the_order(channel).refunded == Decimal(270)
    assert Message.objects.filter(state="failed").count() == 0


def test_cancelled_binned_and_restored_orders_follow_the_shop(channel: SalesChannel) -> None:
    seen = []
    for second, status in enumerate(["processing", "cancelled", "processing", "trash", "on-hold", "completed"]):
        told(channel, raw_order(101, status=status, date_modified_gmt=at(second)))
        seen.append(the_order(channel).status)

    assert seen == ["new", "cancelled", "new", "cancelled", "on_hold", "completed"]
    assert the_order(channel).fulfilment_status == "fulfilled"


def test_shop_that_completes_a_confirmed_order_may_take_that_back(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    move_order(the_order(channel).number, "confirm", actor=CLERK)

    told(channel, raw_order(101, status="completed", date_modified_gmt=at(1)))
    assert (the_order(channel).status, the_order(channel).moved_by) == ("completed", "channel")

    told(channel, raw_order(101, status="cancelled", date_modified_gmt=at(2)))
    assert the_order(channel).status == "cancelled"


def test_order_deleted_for_good_is_cancelled(channel: SalesChannel) -> None:
    told(channel, raw_order(101))

    told(channel, orjson.dumps({"id": 101, "status": "trash", "_gone": True}))

    order = the_order(channel)
    assert (order.status, order.external_status) == ("cancelled", "deleted")
    assert order.lines.count() == 1


def test_order_deleted_before_it_was_understood_is_cancelled_too(channel: SalesChannel) -> None:
    told(channel, raw_order(101), orjson.dumps({"id": 101, "status": "trash", "_gone": True}))

    assert the_order(channel).status == "cancelled"


def test_deleted_order_that_was_never_here_is_ignored(channel: SalesChannel) -> None:
    tally = told(channel, orjson.dumps({"id": 5, "status": "trash", "_gone": True}))

    assert (tally.created, tally.unchanged) == (0, 1)
    assert Message.objects.get().state == "ignored"


# -- changes after work has begun ---------------------------------------------------------------------------


def test_after_work_has_begun_only_money_applies_and_the_rest_waits(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    process(the_order(channel))

    told(
        channel,
        raw_order(
            101,
            date_modified_gmt=at(1),
            date_paid_gmt=at(1),
            customer_note="Mégis",
            line_items=[raw_line(1, quantity=3, total="3000", total_tax="810")],
        ),
    )

    order = the_order(channel)
    assert (order.payment_status, order.paid) == ("paid", Decimal(3810))
    assert order.total_gross == Decimal(2540)
    assert order.customer_note is None
    assert order.open_problems == 1
    problem = Problem.objects.get(order=order)
    assert problem.code == "changed_in_shop"
    assert problem.params["fields"] == ["customer_note", "lines", "total_gross", "total_vat"]
    assert problem.params["changes"]["customer_note"] == [None, "Mégis"]
    assert problem.params["changes"]["total_gross"] == ["2540", "3810"]


def test_waiting_change_can_be_taken(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    process(the_order(channel))
    told(
        channel,
        raw_order(
            101,
            status="cancelled",
            date_modified_gmt=at(1),
            line_items=[raw_line(1, quantity=3, total="3000", total_tax="810"), raw_line(2, sku="UJ")],
        ),
    )

    take_difference(the_order(channel).number, actor=CLERK)

    order = the_order(channel)
    assert (order.status, order.moved_by) == ("cancelled", "pult")
    assert (order.total_net, order.total_vat, order.total_gross) == (Decimal(5000), Decimal(1350), Decimal(6350))
    assert [line.quantity for line in order.lines.order_by("position")] == [Decimal(3), Decimal(2)]
    assert order.open_problems == 0
    assert Problem.objects.get().resolution == "taken"
    assert Entry.objects.filter(object_type="order", action="took_shop_change", actor_name="Kiss Éva").exists()


def test_waiting_change_can_be_refused_and_does_not_come_back(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    process(the_order(channel))
    told(channel, raw_order(101, date_modified_gmt=at(1), customer_note="Mégis"))

    refuse_difference(the_order(channel).number, actor=CLERK)
    told(channel, raw_order(101, date_modified_gmt=at(2), customer_note="Mégis", date_paid_gmt=at(2)))

    order = the_order(channel)
    assert (order.customer_note, order.open_problems, order.payment_status) == (None, 0, "paid")
    assert Problem.objects.get().resolution == "refused"
    entry = Entry.objects.get(object_type="order", action="refused_shop_change")
    assert entry.changes == {"problem.changed_in_shop.resolution": [None, "refused"]}
    with pytest.raises(BadOrder):
        refuse_difference(order.number, actor=CLERK)


def test_change_that_the_shop_takes_back_waits_no_more(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    process(the_order(channel))
    told(channel, raw_order(101, date_modified_gmt=at(1), customer_note="Mégis", total="2540.00"))
    told(channel, raw_order(101, date_modified_gmt=at(2)))

    assert the_order(channel).open_problems == 0
    assert Problem.objects.get().resolution == "taken_back"


def test_waiting_changes_add_up_from_the_first_story_to_the_last(channel: SalesChannel) -> None:
    told(channel, raw_order(101, customer_note="első"))
    process(the_order(channel))
    told(channel, raw_order(101, date_modified_gmt=at(1), customer_note="második"))
    told(channel, raw_order(101, date_modified_gmt=at(2), customer_note="harmadik"))

    assert Problem.objects.get().params["changes"] == {"customer_note": ["első", "harmadik"]}


def test_what_waited_goes_once_the_order_is_open_again_and_it_applies(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    order = the_order(channel)
    process(order)
    told(channel, raw_order(101, date_modified_gmt=at(1), customer_note="régi"))
    move_order(order.number, "cancel", actor=CLERK)
    move_order(order.number, "reopen", actor=CLERK)

    told(channel, raw_order(101, date_modified_gmt=at(2), customer_note="új"))

    assert the_order(channel).customer_note == "új"
    assert open_codes(order) == set()


def test_shops_state_to_which_no_step_leads_is_shown_and_never_taken(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    order = the_order(channel)
    process(order)
    move_order(order.number, "ship", actor=CLERK)

    told(channel, raw_order(101, status="cancelled", date_modified_gmt=at(1)))
    assert open_codes(order) == {"wrong_state_in_shop"}
    assert the_order(channel).status == "shipped"

    told(channel, raw_order(101, status="completed", date_modified_gmt=at(2)))
    assert open_codes(order) == {"changed_in_shop"}
    take_difference(order.number, actor=CLERK)
    assert the_order(channel).status == "completed"


def test_change_of_an_order_whose_earlier_story_is_lost_compares_with_what_stands_here(channel: SalesChannel) -> None:
    receive_order(channel, Arrival(an_order("101"), message_id=None, checksum=b"a"))
    order = the_order(channel)
    process(order)
    later = an_order("101", modified_at=datetime(2026, 11, 3, tzinfo=UTC), customer_note="új")

    receive_order(channel, Arrival(later, message_id=None, checksum=b"b"))

    assert Problem.objects.get().params["changes"] == {"customer_note": [None, "új"]}


def test_waiting_state_that_no_step_reaches_any_more_is_not_forced(channel: SalesChannel) -> None:
    told(channel, raw_order(101))
    order = the_order(channel)
    process(order)
    told(channel, raw_order(101, status="cancelled", date_modified_gmt=at(1)))
    move_order(order.number, "ship", actor=CLERK)

    with pytest.raises(BadOrder):
        take_difference(order.number, actor=CLERK)
    refuse_difference(order.number, actor=CLERK)

    assert (the_order(channel).status, open_codes(order)) == ("shipped", set())


# -- problems ----------------------------------------------------------------------------------------------


def test_settled_problem_stays_settled_while_nothing_of_it_changes(channel: SalesChannel) -> None:
    told(channel, raw_order(101, total="2547"))
    order = the_order(channel)
    assert open_codes(order) == {"totals_differ"}
    settle_problem(order.number, "totals_differ", actor=CLERK)

    told(channel, raw_order(101, total="2547", date_modified_gmt=at(1), customer_note="x"))
    assert open_codes(order) == set()

    told(channel, raw_order(101, total="2550", date_modified_gmt=at(2), customer_note="x"))
    assert open_codes(order) == {"totals_differ"}

    told(channel, raw_order(101, total="2540", date_modified_gmt=at(3), customer_note="x"))
    assert open_codes(order) == set()
    assert the_order(channel).open_problems == 0


def test_settling_leaves_a_trace(channel: SalesChannel) -> None:
    told(channel, raw_order(101, total="2547"))
    before = the_order(channel)

    settle_problem(before.number, "totals_differ", actor=CLERK)

    entry = Entry.objects.get(object_type="order", action="settled")
    assert (entry.actor_name, entry.data) == ("Kiss Éva", {"problem": "totals_differ"})
    assert the_order(channel).updated_at > before.updated_at


def test_problem_found_twice_is_one_problem_with_both_causes(channel: SalesChannel) -> None:
    order = raw_order(101)
    order["billing"] = {**order["billing"], "country": "ZZ"}
    order["shipping"] = {**order["shipping"], "country": "QQ"}

    tally = told(channel, order)

    assert tally.created == 1
    assert Problem.objects.get().params == {"country": ["ZZ", "QQ"]}


# -- bad ones among good ones -------------------------------------------------------------------------------


def _overflowing(order_id: int) -> dict[str, Any]:
    # each refund can be written, their sum can't
    return raw_order(order_id, refunds=[{"id": 1 + index, "total": "-900000000000000"} for index in range(20)])


def test_one_bad_order_among_a_hundred_waits_alone(channel: SalesChannel) -> None:
    page = [raw_order(1000 + index) for index in range(98)]
    page.insert(40, _overflowing(2000))
    page.insert(70, {"id": 3000, "status": "processing", "total": "nonsense"})

    tally = told(channel, *page)

    assert (tally.fetched, tally.created, tally.failed) == (100, 98, 2)
    assert dict(Message.objects.filter(state="failed").values_list("external_id", "error_code")) == {
        "2000": "not_writable",
        "3000": "unreadable",
    }
    assert Order.objects.count() == 98


def test_line_with_a_code_too_long_for_an_index_arrives(channel: SalesChannel) -> None:
    sku = "".join(chr(0x4E00 + (index * 7919) % 20000) for index in range(1000))

    tally = told(channel, raw_order(101, line_items=[raw_line(sku=sku)]))

    assert tally.created == 1
    assert OrderLine.objects.get().external_sku == sku


def test_reason_that_no_database_takes_is_kept_all_the_same(channel: SalesChannel) -> None:
    from pult.inbox.services import mark_failed

    told(channel, raw_order(101))
    pk = Message.objects.get().pk

    mark_failed({pk: ("unexpected", "half a pair \ud800 and a \x00")})

    assert Message.objects.get().error == "half a pair ? and a "


# -- how much it costs -------------------------------------------------------------------------------------


def _queries(channel: SalesChannel, orders: list[dict[str, Any]]) -> int:
    with CaptureQueriesContext(connection) as captured:
        told(channel, *orders)
    return len([query for query in captured if "SAVEPOINT" not in query["sql"]])


def test_queries_of_a_page_do_not_grow_with_it(channel: SalesChannel) -> None:
    told(channel, raw_order(1))  # the year's sequence, and whatever else happens once
    one = _queries(channel, [raw_order(2)])
    hundred = _queries(channel, [raw_order(100 + index) for index in range(100)])
    assert hundred <= one <= 25

    changed_one = _queries(
        channel, [raw_order(2, date_modified_gmt=at(1), customer_note="x", line_items=[raw_line(quantity=1)])]
    )
    changed = [
        raw_order(100 + i, date_modified_gmt=at(1), customer_note=str(i), line_items=[raw_line(quantity=1)])
        for i in range(100)
    ]
    assert _queries(channel, changed) <= changed_one <= 35
    assert Order.objects.filter(customer_note__isnull=False).count() == 101


# -- matching -----------------------------------------------------------------------------------------------


def test_lines_are_matched_by_sku_in_any_case_by_barcode_and_by_inactive_products(channel: SalesChannel) -> None:
    save_product(actor=SYSTEM, sku="Bogre-01", name="Bögre")
    save_product(actor=SYSTEM, sku="TAL", name="Tál", barcodes=["5991234567894"])
    save_product(actor=SYSTEM, sku="REGI", name="Régi", is_active=False)

    told(
        channel,
        raw_order(
            101,
            line_items=[
                raw_line(1, sku=" bogre-01 "),
                raw_line(2, sku="x", global_unique_id="5991234567894"),
                raw_line(3, sku="599-1234567894"),
                raw_line(4, sku="REGI"),
                raw_line(5, sku="ISMERETLEN"),
            ],
        ),
    )

    assert [line.sku for line in OrderLine.objects.order_by("position")] == ["Bogre-01", "TAL", "TAL", "REGI", None]
    assert Order.objects.filter(search_text__contains="tal").exists()


def test_code_matched_once_is_known_for_all_lines_and_later_orders(channel: SalesChannel) -> None:
    product = save_product(actor=SYSTEM, sku="SAJAT-1", name="Bögre")
    told(channel, raw_order(101), raw_order(102, line_items=[raw_line(sku="bogre-01")]))

    matched = match_code_to_product(channel, "BOGRE-01", product=(product.pk, product.sku), actor=CLERK)
    told(channel, raw_order(103))

    assert matched == 2
    assert set(OrderLine.objects.values_list("sku", "product_id")) == {("SAJAT-1", product.pk)}
    assert set(OrderLine.objects.values_list("external_sku", flat=True)) == {"BOGRE-01", "bogre-01"}
    assert Order.objects.filter(search_text__contains="sajat-1").count() == 3
    assert Entry.objects.filter(object_type="order", action="matched").count() == 2


def test_line_matched_by_hand_stays_matched_when_the_shop_changes_it(channel: SalesChannel) -> None:
    product = save_product(actor=SYSTEM, sku="SAJAT-1", name="Bögre")
    told(channel, raw_order(101))
    match_line_to_product(the_order(channel).number, 1, product=(product.pk, product.sku), actor=CLERK)

    told(channel, raw_order(101, date_modified_gmt=at(1), line_items=[raw_line(quantity=5)]))

    line = OrderLine.objects.get()
    assert (line.sku, line.quantity) == ("SAJAT-1", Decimal(5))


def test_two_lines_with_one_id_are_two_lines_and_go_together(channel: SalesChannel) -> None:
    told(channel, raw_order(101, line_items=[raw_line(1), raw_line(1, sku="MASIK")]))
    assert OrderLine.objects.count() == 2

    told(channel, raw_order(101, date_modified_gmt=at(1), line_items=[raw_line(1, sku="HARMADIK")]))

    assert [line.external_sku for line in OrderLine.objects.all()] == ["HARMADIK"]


# -- two at once --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_orders_make_each_once() -> None:
    channel = a_channel("bolt")
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def work(source: str) -> None:
        try:
            start.wait()
            told(channel, *(raw_order(100 + index) for index in range(30)), source=source)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(source,)) for source in ("poll", "hook")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Order.objects.count() == 30
    assert Order.objects.values("external_id").distinct().count() == 30
    assert not Message.objects.exclude(state="understood").exists()
