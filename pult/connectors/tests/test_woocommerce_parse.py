"""Orders as running shops sent them (one old, one new), and what plug-ins and bad luck make of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pult.connectors.protocol import Gone, NotAnOrder
from pult.connectors.woocommerce.parse import parse_order
from pult.lib.failures import Unreadable
from pult.orders.types import Address, IncomingOrder, IncomingProblem, PickupPoint

PAYLOADS = Path(__file__).parent / "payloads" / "woocommerce"
VERSIONS = ("11.0.1", "7.8.0")


def recorded(name: str, version: str = "11.0.1") -> Any:
    return orjson.loads((PAYLOADS / f"wc-{version}-{name}.json").read_bytes())


def parsed(data: Any) -> IncomingOrder:
    return parse_order(orjson.dumps(data))


def changed(**fields: Any) -> IncomingOrder:
    return parsed(recorded("simple") | fields)


def with_meta(*rows: tuple[str, Any], **fields: Any) -> IncomingOrder:
    return changed(meta_data=[{"id": 1, "key": key, "value": value} for key, value in rows], **fields)


def amounts(order: IncomingOrder) -> list[tuple[str, str, str, str, str | None]]:
    return [
        (
            line.kind,
            str(line.net),
            str(line.vat),
            str(line.gross),
            None if line.vat_rate is None else str(line.vat_rate),
        )
        for line in order.lines
    ]


def codes(order: IncomingOrder) -> list[str]:
    return [problem.code for problem in order.problems]


class TestRecorded:
    """Literal values of real answers."""

    @pytest.mark.parametrize("version", VERSIONS)
    def test_simple_order(self, version: str) -> None:
        order = parsed(recorded("simple", version))
        assert order.external_id == order.external_number == {"11.0.1": "177", "7.8.0": "154"}[version]
        assert (order.status, order.external_status, order.currency) == ("new", "processing", "HUF")
        assert (order.total_gross, order.total_vat) == (Decimal(6240), Decimal(1327))
        assert amounts(order) == [
            ("product", "3535", "955", "4490", "27"),
            ("shipping", "1378", "372", "1750", "27"),
        ]
        assert [line.name for line in order.lines] == ["Bögre & csészealj", "MPL futár"]
        assert order.lines[0].external_sku == "BOG-002"
        assert order.lines[0].note is None
        assert (order.payment_method, order.payment_name, order.transaction_id) == (
            "barion",
            "Bankkártya (Barion)",
            "TR-1",
        )
        assert order.paid == Decimal(6240)
        assert order.paid_at == order.placed_at
        assert (order.shipping_method, order.shipping_name) == ("flat_rate", "MPL futár")
        assert order.problems == ()

    def test_buyer_and_addresses(self) -> None:
        order = parsed(recorded("simple"))
        assert (order.buyer.type, order.buyer.name, order.buyer.external_id) == ("person", "Kovács Anna", None)
        assert (order.buyer.email, order.buyer.phone) == ("kovacs.anna@example.test", "+36301112233")
        assert order.billing_address == Address(
            name="Kovács Anna",
            country="HU",
            region="BU",
            postcode="1114",
            city="Budapest",
            street="Bartók Béla út 15. 3/2",
            phone="+36301112233",
        )
        assert order.shipping_address == order.billing_address
        assert order.placed_at == datetime(2026, 11, 23, 16, 55, 14, tzinfo=UTC)
        assert order.modified_at == datetime(2026, 11, 23, 16, 55, 14, tzinfo=UTC)

    @pytest.mark.parametrize("version", VERSIONS)
    def test_three_rates_and_cash_on_delivery(self, version: str) -> None:
        order = parsed(recorded("three-rates-cod", version))
        assert (order.total_gross, order.total_vat, order.paid) == (Decimal(20690), Decimal(3017), Decimal(0))
        assert amounts(order) == [
            ("product", "5568", "1002", "6570", "18"),
            ("product", "5695", "285", "5980", "5"),
            ("product", "4717", "1273", "5990", "27"),
            ("shipping", "1378", "372", "1750", "27"),
            ("payment_fee", "315", "85", "400", "27"),
        ]
        assert (order.lines[0].unit_price_net, order.lines[0].unit_price_gross) == (Decimal(1856), Decimal(2190))
        assert (order.lines[1].unit_price_net, order.lines[1].unit_price_gross) == (Decimal("2847.5"), Decimal(2990))
        assert order.lines[2].note == "Méret: S; Szín: Kék"
        assert order.paid_at is None

    @pytest.mark.parametrize("version", VERSIONS)
    def test_coupon_company_and_locker(self, version: str) -> None:
        order = parsed(recorded("coupon-company-locker", version))
        assert (order.total_gross, order.total_vat) == (Decimal(39720), Decimal(8444))
        assert amounts(order) == [
            ("product", "29898", "8072", "37970", "27"),
            ("shipping", "1378", "372", "1750", "27"),
        ]
        assert order.lines[0].discount_gross == Decimal(1000)
        assert (order.lines[0].unit_price_net, order.lines[0].unit_price_gross) == (
            Decimal(9966),
            Decimal("12656.6667"),
        )
        assert order.coupons == ("ezer",)
        assert (order.buyer.type, order.buyer.company, order.buyer.tax_number) == (
            "company",
            "Próba Bt.",
            "10773381-2-44",
        )
        assert order.pickup_point == PickupPoint("gls_locker", "1117-GLSLOCKER07", "GLS automata")
        assert order.problems == ()

    @pytest.mark.parametrize(
        ("version", "refund_id", "second", "from_summary"),
        [("11.0.1", "181", 15, Decimal(142)), ("7.8.0", "158", 18, Decimal(143))],
    )
    def test_partial_refund(self, version: str, refund_id: str, second: int, from_summary: Decimal) -> None:
        data = recorded("partly-refunded", version)
        assert parsed(recorded("before-refund", version)).refunds == ()
        order = parsed(data | {"_refund_details": recorded("partly-refunded-refunds", version)})
        (refund,) = order.refunds
        assert (refund.external_id, refund.gross, refund.net, refund.vat, refund.reason) == (
            refund_id,
            Decimal(2990),
            Decimal(2848),
            Decimal(142),
            "Egyik hibás",
        )
        assert refund.refunded_at == datetime(2026, 11, 23, 16, 55, second, tzinfo=UTC)
        assert (order.total_gross, order.status) == (Decimal(5980), "new")
        # Without the details a new shop still tells the VAT; an old one does not, it is then the order's own share.
        (refund,) = parsed(data).refunds
        assert (refund.gross, refund.vat, refund.refunded_at) == (Decimal(2990), from_summary, order.modified_at)

    @pytest.mark.parametrize("version", VERSIONS)
    def test_lists_add_up(self, version: str) -> None:
        orders = [parsed(data) for data in recorded("list", version)]
        assert sorted(order.total_gross for order in orders) == [5980, 6240, 20690, 39720]
        for order in orders:
            assert sum(line.gross for line in order.lines) == order.total_gross
            assert sum(line.vat for line in order.lines) == order.total_vat


class TestStates:
    """The state table and what is no order."""

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("pending", "new"),
            ("processing", "new"),
            ("on-hold", "on_hold"),
            ("completed", "completed"),
            ("cancelled", "cancelled"),
            ("failed", "cancelled"),
            ("trash", "cancelled"),
            ("refunded", "returned"),
            ("wc-processing", "new"),
        ],
    )
    def test_known_status(self, theirs: str, ours: str) -> None:
        order = changed(status=theirs)
        assert (order.status, codes(order)) == (ours, [])

    def test_unknown_status_is_new_and_shown(self) -> None:
        order = changed(status="csomagolva")
        assert (order.status, order.external_status) == ("new", "csomagolva")
        assert order.problems == (IncomingProblem("unknown_status", {"status": "csomagolva"}),)

    @pytest.mark.parametrize("status", ["checkout-draft", "auto-draft"])
    def test_drafts_are_no_orders(self, status: str) -> None:
        with pytest.raises(NotAnOrder):
            changed(status=status)

    def test_deleted_order_is_gone(self) -> None:
        with pytest.raises(Gone) as gone:
            parse_order(b'{"id":68,"status":"trash","_gone":true}')
        assert gone.value.external_id == "68"


class TestLines:
    """Kinds, rates, and amounts."""

    def fee(self, name: str, total: str, tax: str = "0", **fields: Any) -> str:
        row = {"id": 9, "name": name, "total": total, "total_tax": tax, "taxes": []}
        return changed(fee_lines=[row], **fields).lines[-1].kind

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("Utánvét díja", "payment_fee"),
            ("Cash on delivery", "payment_fee"),
            ("Díszcsomagolás", "fee"),
            ("Visszaváltási díj", "deposit"),
            ("Kerekítés", "rounding"),
            ("Bankkártya (Barion) díj", "payment_fee"),
        ],
    )
    def test_fee_by_its_name(self, name: str, kind: str) -> None:
        assert self.fee(name, "315", "85") == kind

    def test_handling_belongs_to_cash_on_delivery_only(self) -> None:
        assert self.fee("Kezelési költség", "500") == "fee"
        assert self.fee("Kezelési költség", "500", payment_method="cod") == "payment_fee"

    def test_negative_fee_is_a_discount(self) -> None:
        order = changed(
            fee_lines=[
                {"id": 9, "name": "Hűség", "total": "-787", "total_tax": "-213", "taxes": [{"id": 1, "total": "-213"}]}
            ]
        )
        line = order.lines[-1]
        assert (line.kind, line.gross, line.vat_rate) == ("discount", Decimal(-1000), Decimal(27))

    def rate(self, line: dict[str, Any], tax_lines: Any = None) -> Decimal | None:
        data = recorded("simple")
        data["line_items"][0].update(line)
        if tax_lines is not None:
            data["tax_lines"] = tax_lines
        return parsed(data).lines[0].vat_rate

    def test_rates(self) -> None:
        city = {"rate_id": 7, "rate_percent": 2.5, "compound": False, "tax_total": "9", "label": "x"}
        country = {"rate_id": 1, "rate_percent": 27, "compound": False, "tax_total": "955", "label": "x"}
        taxes = [{"id": 1, "total": "900"}, {"id": 7, "total": "55"}]
        assert self.rate({"taxes": taxes}, [city, country]) == Decimal("29.5")
        assert self.rate({"taxes": taxes}, [city | {"compound": True}, country]) == Decimal("30.175")
        assert self.rate({"total_tax": "0", "taxes": [{"id": 1, "total": "0"}]}) == 0
        assert self.rate({"total_tax": "0", "taxes": []}) == 0
        assert self.rate({"total_tax": "0", "taxes": []}, []) == 0
        assert self.rate({"taxes": []}) is None
        assert self.rate({"taxes": [{"id": 99, "total": "955"}]}) is None
        assert self.rate({}, [country | {"rate_percent": None, "label": "ÁFA 18,5%"}]) == Decimal("18.5")
        two = [{"id": 1, "total": "0", "subtotal": "955"}, {"id": 7, "total": "", "subtotal": ""}]
        assert self.rate({"total": "0", "total_tax": "0", "taxes": two}, [city, country]) == 27

    def test_quantities(self) -> None:
        for quantity, unit_price in ((0, "4490"), (0.5, "8980"), ("3", "1496.6667"), (None, "4490")):
            data = recorded("simple")
            data["line_items"][0]["quantity"] = quantity
            line = parsed(data).lines[0]
            assert line.unit_price_gross == Decimal(unit_price)
            assert line.quantity == Decimal(str(quantity if quantity is not None else 1))

    def test_line_of_a_deleted_product_stays(self) -> None:
        data = recorded("simple")
        data["line_items"][0] |= {"product_id": 0, "sku": None, "name": ""}
        line = parsed(data).lines[0]
        assert (line.name, line.external_sku, line.gross) == ("–", None, Decimal(4490))

    def test_several_shipping_lines_are_several_lines(self) -> None:
        row = recorded("simple")["shipping_lines"][0]
        order = changed(shipping_lines=[row, row | {"id": 5, "method_title": "Hűtött &times; 2", "method_id": "cool"}])
        assert [line.name for line in order.lines[1:]] == ["MPL futár", "Hűtött × 2"]
        assert (order.shipping_method, order.shipping_name) == ("flat_rate", "MPL futár + Hűtött × 2")

    def test_two_decimals_of_an_order_in_euro_are_kept(self) -> None:
        data = recorded("simple") | {"currency": "EUR", "total": "35.00", "total_tax": "7.44", "shipping_lines": []}
        data["line_items"][0] |= {"total": "27.56", "total_tax": "7.44", "subtotal": "27.56", "subtotal_tax": "7.44"}
        order = parsed(data)
        assert (str(order.total_gross), str(order.lines[0].net), str(order.lines[0].gross)) == (
            "35.00",
            "27.56",
            "35.00",
        )

    def test_full_refund_without_lines_has_the_orders_vat(self) -> None:
        order = changed(
            status="refunded",
            refunds=[{"id": 5, "reason": "", "total": "-6240"}],
            _refund_details=[{"id": 5, "amount": "6240", "date_created_gmt": "2026-11-24T10:00:00", "line_items": []}],
        )
        (refund,) = order.refunds
        assert (order.status, refund.gross, refund.vat, refund.reason) == ("returned", 6240, 1327, None)

    def test_refund_by_amount_alone_has_the_orders_share_of_vat_in_whole_units(self) -> None:
        (refund,) = changed(refunds=[{"id": 5, "total": "-1000"}, {"id": 6, "total": "0"}]).refunds
        assert (refund.gross, refund.net, refund.vat) == (Decimal(1000), Decimal(787), Decimal(213))


class TestBuyer:
    """Names, companies, tax numbers."""

    @pytest.mark.parametrize(
        "key",
        [
            "_billing_wc_szamlazz_adoszam",
            "wc_szamlazz_adoszam",
            "_billing_wc_billingo_plus_adoszam",
            "billingo_plus_adoszam",
            "_billing_tax_number",
            "vat_number",
            "_billing_eu_vat_number",
            "_wc_billing/bolt/adoszam",
        ],
    )
    def test_tax_number_of_each_plugin(self, key: str) -> None:
        order = with_meta((key, "10773381244"))
        assert (order.buyer.type, order.buyer.tax_number, codes(order)) == ("company", "10773381-2-44", [])

    def test_european_number(self) -> None:
        buyer = with_meta(("_billing_eu_vat_number", "ATU13585627")).buyer
        assert (buyer.tax_number, buyer.eu_tax_number) == (None, "ATU13585627")

    def test_bad_tax_number_is_kept_and_shown(self) -> None:
        order = with_meta(("_billing_wc_szamlazz_adoszam", "12345678-1-12"))
        assert order.buyer.tax_number == "12345678-1-12"
        assert order.problems == (IncomingProblem("bad_tax_number", {"tax_number": "12345678-1-12"}),)

    @pytest.mark.parametrize(("country", "name"), [("HU", "Kovács Anna"), ("", "Kovács Anna"), ("DE", "Anna Kovács")])
    def test_name_in_the_order_of_the_country(self, country: str, name: str) -> None:
        order = changed(billing=recorded("simple")["billing"] | {"country": country})
        assert order.buyer.name == name

    def test_registered_buyer(self) -> None:
        assert changed(customer_id=42).buyer.external_id == "42"

    def test_empty_shipping_address_is_the_billing_address(self) -> None:
        shipping = dict.fromkeys(recorded("simple")["shipping"], "") | {"country": "HU"}
        order = changed(shipping=shipping)
        assert order.shipping_address == order.billing_address

    def test_order_without_any_address(self) -> None:
        order = changed(billing={}, shipping=None)
        assert (order.billing_address, order.shipping_address, order.buyer.name) == (None, None, None)


class TestPickupPoints:
    """Each plug-in's way to name a locker."""

    @pytest.mark.parametrize(
        ("key", "value", "point"),
        [
            ("foxpost_woo_parcel_apt_id", "HU1117", PickupPoint("foxpost", "HU1117")),
            ("_gls_pickup_info", '{"id":"1117-GLS","name":"GLS pont"}', PickupPoint("gls", "1117-GLS", "GLS pont")),
            ("_postapont", "26009", PickupPoint("postapont", "26009")),
            ("_pickpack_package_point", "123", PickupPoint("pickpack", "123")),
            (
                "_sprinter_kivalasztott_pickpackpont",
                "{'shopCode':'7','shopName':'Bolt'}",
                PickupPoint("pickpack", "7", "Bolt"),
            ),
        ],
    )
    def test_point(self, key: str, value: str, point: PickupPoint) -> None:
        assert with_meta((key, value)).pickup_point == point

    def test_point_written_over_the_shipping_address_is_not_the_buyers_company(self) -> None:
        shipping = recorded("simple")["shipping"] | {"company": "FOXPOST Allee", "address_1": "Október 23. utca 8."}
        order = with_meta(
            ("_vp_woo_pont_provider", "Foxpost"), ("_vp_woo_pont_point_id", "HU1117-0042"), shipping=shipping
        )
        assert order.pickup_point == PickupPoint("foxpost", "HU1117-0042", "FOXPOST Allee")
        assert order.shipping_address is not None
        assert (order.shipping_address.company, order.shipping_address.street) == (None, "Október 23. utca 8.")
        assert order.buyer.type == "person"

    def test_home_delivery_by_the_same_plugin_has_no_point(self) -> None:
        assert with_meta(("_vp_woo_pont_provider", "gls")).pickup_point is None

    def test_packeta_point_that_no_answer_shows_is_a_problem(self) -> None:
        row = recorded("simple")["shipping_lines"][0]
        order = changed(
            shipping_lines=[row | {"method_id": "packeta_method_zpoint", "method_title": "Packeta átvevőhely"}]
        )
        assert order.pickup_point is None
        assert order.problems == (IncomingProblem("pickup_point_unknown", {"provider": "packeta"}),)
        home = changed(shipping_lines=[row | {"method_id": "packeta_method_hd", "method_title": "Packeta házhoz"}])
        assert home.problems == ()

    def test_parcel_numbers(self) -> None:
        order = with_meta(
            ("_vp_woo_pont_parcel_number", "MPL1, MPL2"),
            ("_gls_tracking_codes", ["GLS1", "MPL1", 77]),
            ("_wc_shipment_tracking_items", [{"tracking_number": "AST1"}, "x"]),
            ("foxpost_order_clfox_id", "CLFOX1"),
        )
        assert order.tracking_numbers == ("MPL1", "MPL2", "GLS1", "77", "AST1", "CLFOX1")


class TestBadData:
    """Kept, shown, never a crash."""

    @pytest.mark.parametrize("field", ["id", "total", "currency", "date_created_gmt"])
    def test_missing_field_is_named(self, field: str) -> None:
        for value in (None, "", False, []):
            with pytest.raises(Unreadable, match=f"field {field}"):
                changed(**{field: value})

    @pytest.mark.parametrize("total", ["NaN", "Infinity", "1e16", "abc", True, [], "1,5"])
    def test_absurd_total_is_named(self, total: Any) -> None:
        with pytest.raises(Unreadable, match="field total"):
            changed(total=total)

    def test_nan_of_a_sloppy_serialiser(self) -> None:
        body = orjson.dumps(recorded("simple")).replace(b'"total":"6240"', b'"total":NaN')
        with pytest.raises(Unreadable, match="field total"):
            parse_order(body)

    def test_negative_total_is_kept(self) -> None:
        assert changed(total="-6240").total_gross == Decimal(-6240)

    def test_unknown_currency_and_country_are_kept_and_shown(self) -> None:
        order = changed(currency="ZZQ", billing=recorded("simple")["billing"] | {"country": "QQ"})
        assert order.currency == "ZZQ"
        assert order.billing_address is not None
        assert order.billing_address.country == "QQ"
        assert codes(order) == ["unknown_currency", "unknown_country"]

    def test_control_characters_go_and_everything_else_stays_as_text(self) -> None:
        text = "a\x00b\x1b <script>alert(1)</script> 🙂 שלום '; DROP TABLE &amp;"
        order = changed(customer_note=text + "\r\nújsor", billing=recorded("simple")["billing"] | {"city": text})
        assert order.billing_address is not None
        assert order.billing_address.city == "ab <script>alert(1)</script> 🙂 שלום '; DROP TABLE &amp;"
        assert order.customer_note == "ab <script>alert(1)</script> 🙂 שלום '; DROP TABLE &amp;\nújsor"

    def test_half_an_emoji_is_no_reason_to_lose_an_order(self) -> None:
        body = orjson.dumps(recorded("simple")).replace(b'"customer_note":""', b'"customer_note":"szia \\ud83d"')
        order = parse_order(body)
        assert order.customer_note is not None
        assert order.customer_note.encode()

    def test_endless_texts_are_cut_and_shown(self) -> None:
        data = recorded("simple") | {"customer_note": "x" * 10_001}
        data["line_items"][0]["name"] = "y" * 100_000
        order = parsed(data)
        assert len(order.customer_note or "") == 10_000
        assert len(order.lines[0].name) == 1_000
        assert {problem.params["field"] for problem in order.problems} == {"customer_note", "line_items.name"}
        assert set(codes(order)) == {"text_cut"}

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b"{", b"[" * 50_000, b'{"code":"x"}', b'{"id":true}'])
    def test_nonsense(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            parse_order(body)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "0", "1.5", "-3", "1e300", "HU", "2026-11-23T16:55:14", "0001-01-01T00:00:00+14:00", "wc-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places_in(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    rows = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in rows:
        found += places_in(value, (*path, key))
    return found


SAMPLE = recorded("partly-refunded") | {"_refund_details": recorded("partly-refunded-refunds")}
SAMPLE["meta_data"] = recorded("coupon-company-locker")["meta_data"]
SAMPLE["fee_lines"] = recorded("three-rates-cod")["fee_lines"]
SAMPLE["shipping_lines"] = recorded("three-rates-cod")["shipping_lines"]
PLACES = places_in(SAMPLE)


class TestLaws:
    """What holds for whatever a shop sends."""

    @settings(max_examples=400, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(PLACES), json_values), min_size=1, max_size=4))
    def test_any_value_anywhere_is_an_order_or_a_reason(self, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
        data = orjson.loads(orjson.dumps(SAMPLE))
        for path, value in changes:
            target = data
            try:
                for key in path[:-1]:
                    target = target[key]
                if isinstance(target, dict) is isinstance(path[-1], str):
                    target[path[-1]] = value
            except (KeyError, IndexError, TypeError):
                continue
        try:
            order = parsed(data)
        except (Unreadable, NotAnOrder, Gone) as reason:
            assert str(reason)
            return
        for line in order.lines:
            assert line.net + line.vat == line.gross
        for refund in order.refunds:
            assert refund.net + refund.vat == refund.gross > 0
        assert "\x00" not in repr(order).replace("\\x00", "\x00")
        assert parsed(data) == order

    @settings(max_examples=200, deadline=None)
    @given(json_values)
    def test_any_json_is_an_order_or_a_reason(self, data: Any) -> None:
        with pytest.raises((Unreadable, NotAnOrder, Gone)):
            parsed(data)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=60))
    def test_any_bytes_are_a_reason(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            parse_order(body)

    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**6)), min_size=1, max_size=8),
        st.sampled_from([0, 2]),
    )
    def test_lines_add_up_to_the_total_to_the_last_unit(self, rows: list[tuple[int, int]], places: int) -> None:
        def text(units: int) -> str:
            return str(Decimal(units).scaleb(-places))

        def item(net: int, vat: int) -> dict[str, Any]:
            return {"name": "x", "quantity": 3, "total": text(net), "total_tax": text(vat)}

        total = sum(net + vat for net, vat in rows)
        order = changed(line_items=[item(*row) for row in rows], shipping_lines=[], total=text(total))
        assert sum(line.gross for line in order.lines) == order.total_gross == Decimal(total).scaleb(-places)
