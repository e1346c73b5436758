"""From the JSON of a WooCommerce order to an `IncomingOrder`. Pure: no clock, no network, no rows.

Strict about what an order cannot be without (id, time, currency, total), lenient about everything else: plug-ins put
anything anywhere. Amounts are read with the shop's own decimals, in which lines and total agree (docs/channels).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from pult.connectors.protocol import Gone, NotAnOrder
from pult.connectors.woocommerce.plugins import meta_of, pickup_point_in, tax_number_in, tracking_numbers_in
from pult.connectors.woocommerce.values import amount, moment, note, one_line, rows, shown, title
from pult.lib.countries import is_country
from pult.lib.currencies import is_currency
from pult.lib.failures import Unreadable
from pult.lib.money import LARGEST, round_to_step
from pult.lib.tax_numbers import read_tax_number
from pult.orders.types import (
    ZERO,
    Address,
    IncomingBuyer,
    IncomingLine,
    IncomingOrder,
    IncomingProblem,
    IncomingRefund,
    PickupPoint,
)

# https://woocommerce.com/document/managing-orders/order-statuses/ ; `trash` is the bin of WordPress.
STATUSES = {
    "pending": "new",
    "processing": "new",
    "on-hold": "on_hold",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "trash": "cancelled",
    "refunded": "returned",
}
# A visitor at the block checkout, and an order form that an administrator has opened but not saved.
DRAFTS = frozenset({"checkout-draft", "auto-draft"})

_ONE = Decimal(1)
_HUNDRED = Decimal(100)
_TEN_THOUSANDTH = Decimal("0.0001")
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,4})?)\s*%")
_PAYMENT_FEE = re.compile(r"utánvét|utanvet|cash on delivery|\bcod\b|payment|fizetés|paypal|bankkártya", re.IGNORECASE)
_HANDLING_FEE = re.compile(r"kezelési|handling", re.IGNORECASE)
_DEPOSIT = re.compile(r"betétdíj|visszaváltási díj|\bdeposit\b", re.IGNORECASE)
_ROUNDING = re.compile(r"kerekítés|\brounding\b", re.IGNORECASE)


def parse_order(body: bytes) -> IncomingOrder:
    """Read the JSON of one order, with its refunds embedded as `_refund_details` where they were fetched.

    Raises `Unreadable` with a sentence that names the field, `NotAnOrder` for drafts, `Gone` for a deleted order.
    """
    data = _object_in(body)
    external_id = id_of(data)
    if data.get("_gone") is True:
        raise Gone(external_id)
    if data.get("_unreadable"):
        raise Unreadable(
            "The shop crashes when it is asked for order %(order)s (%(reason)s); the other orders arrive.",
            code="shop_crashes",
            params={"order": external_id, "reason": shown(data["_unreadable"])},
            next_step="The shop's error log tells which plug-in is to blame.",
        )
    status = data.get("status")
    status = status.strip().lower().removeprefix("wc-") if type(status) is str else ""
    if status in DRAFTS:
        raise NotAnOrder(f"Order {external_id} is a draft ({status}).")
    problems: list[IncomingProblem] = []
    external_status = one_line(status, "status", problems)
    state = STATUSES.get(status)
    if state is None:
        state = "new"
        problems.append(IncomingProblem("unknown_status", {"status": external_status or ""}))

    total = amount(_needed(data, "total"), "total")
    total_vat = amount(data["total_tax"], "total_tax") if data.get("total_tax") is not None else None
    placed_at = moment(_needed(data, "date_created_gmt"), "date_created_gmt")
    modified_at = moment(data.get("date_modified_gmt"), "date_modified_gmt")
    paid_at = moment(data.get("date_paid_gmt"), "date_paid_gmt")
    if placed_at is None:
        raise Unreadable("The field %(field)s is missing.", params={"field": "date_created_gmt"})
    currency = _currency_of(data, problems)

    meta = meta_of(data)
    billing = data.get("billing")
    billing = billing if type(billing) is dict else {}
    shipping = data.get("shipping")
    shipping = shipping if type(shipping) is dict else {}
    shipping_rows = rows(data.get("shipping_lines"))
    methods = [
        (
            one_line(row.get("method_id"), "shipping_method", problems) or "",
            title(row.get("method_title"), "shipping", problems) or "",
        )
        for row in shipping_rows
    ]
    pickup_point = pickup_point_in(meta, shipping, methods, problems)
    billing_address = _address_of(billing, "billing", problems)
    if all(billing.get(name) == value for name, value in shipping.items()):
        # Most orders go where the bill goes.
        shipping_address = billing_address
    else:
        shipping_address = _address_of(shipping, "shipping", problems, pickup_point=pickup_point, buyer=billing)
    shipping_address = shipping_address or billing_address
    if billing_address and billing_address.company:
        # the bill is the company's; the parcel goes to the person
        billing_address = replace(billing_address, name=billing_address.company)
    number = one_line(data.get("number"), "number", problems)
    return IncomingOrder(
        external_id=external_id,
        external_number=number or external_id,
        status=state,
        external_status=external_status,
        placed_at=placed_at,
        modified_at=modified_at,
        currency=currency,
        total_gross=total,
        total_vat=total_vat,
        buyer=_buyer_of(data, billing, shipping, meta, problems),
        billing_address=billing_address,
        shipping_address=shipping_address,
        pickup_point=pickup_point,
        lines=_lines_of(data, shipping_rows, problems),
        payment_method=one_line(data.get("payment_method"), "payment_method", problems),
        payment_name=title(data.get("payment_method_title"), "payment_method_title", problems),
        transaction_id=one_line(data.get("transaction_id"), "transaction_id", problems),
        paid=total if paid_at else ZERO,
        paid_at=paid_at,
        refunds=_refunds_of(data, total, total_vat or ZERO, modified_at or placed_at, problems),
        shipping_method=next((method for method, _ in methods if method), None),
        shipping_name=" + ".join(name for _, name in methods if name) or None,
        tracking_numbers=tracking_numbers_in(meta, problems),
        customer_note=note(data.get("customer_note"), "customer_note", problems),
        coupons=_coupons_of(data, problems),
        problems=_each_once(problems) if problems else (),
    )


def _each_once(problems: list[IncomingProblem]) -> tuple[IncomingProblem, ...]:
    return tuple(problem for at, problem in enumerate(problems) if problem not in problems[:at])


def id_of(data: Mapping[str, Any]) -> str:
    """The order's id as text. Raises `Unreadable`."""
    value = data.get("id")
    if type(value) is int and 0 < value < 2**63:
        return str(value)
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 19:
        return value
    code = data.get("code")
    if type(code) is str:
        raise Unreadable("The message is an error of the shop, not an order: %(code)s.", params={"code": code[:100]})
    raise Unreadable("The field %(field)s is missing or is not a number.", params={"field": "id"})


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        # The standard parser forgives what orjson does not: NaN, half a surrogate pair.
        try:
            data = json.loads(body.decode("utf-8", "replace"))
        except json.JSONDecodeError as error:
            raise Unreadable(
                "The message is not JSON: it breaks off or is damaged at character %(place)s of %(length)s.",
                params={"place": str(error.pos + 1), "length": str(len(error.doc))},
            ) from None
        except (ValueError, RecursionError):
            raise Unreadable("The message is not JSON that can be read.") from None
    if type(data) is not dict:
        raise Unreadable("The message is not a JSON object.")
    return data


def _needed(data: Mapping[str, Any], field: str) -> Any:
    value = data.get(field)
    if value is None or value == "":
        raise Unreadable("The field %(field)s is missing.", params={"field": field})
    return value


def _currency_of(data: Mapping[str, Any], problems: list[IncomingProblem]) -> str:
    value = _needed(data, "currency")
    if type(value) is not str or not value.strip().isprintable() or len(value) > 10:
        raise Unreadable("The field %(field)s is not a currency code.", params={"field": "currency"})
    currency = value.strip().upper()
    if not currency:
        raise Unreadable("The field %(field)s is missing.", params={"field": "currency"})
    if not is_currency(currency):
        problems.append(IncomingProblem("unknown_currency", {"currency": currency}))
    return currency


def _name_of(block: Mapping[str, Any], problems: list[IncomingProblem]) -> str | None:
    first = one_line(block.get("first_name"), "name", problems)
    last = one_line(block.get("last_name"), "name", problems)
    if not first or not last:
        return first or last
    return f"{last} {first}" if block.get("country") in ("HU", "", None) else f"{first} {last}"


def _country_of(block: Mapping[str, Any], problems: list[IncomingProblem]) -> str | None:
    country = one_line(block.get("country"), "country", problems)
    if not country:
        return None
    country = country.upper()
    if not is_country(country):
        problems.append(IncomingProblem("unknown_country", {"country": country}))
    return country


def _address_of(
    block: Mapping[str, Any],
    field: str,
    problems: list[IncomingProblem],
    *,
    pickup_point: PickupPoint | None = None,
    buyer: Mapping[str, Any] | None = None,
) -> Address | None:
    name = _name_of(block, problems)
    company = one_line(block.get("company"), field, problems)
    postcode = one_line(block.get("postcode"), field, problems)
    city = one_line(block.get("city"), field, problems)
    street = one_line(block.get("address_1"), field, problems)
    more = one_line(block.get("address_2"), field, problems)
    if not (name or company or postcode or city or street or more):
        # A country alone is the shop's default, not an address.
        return None
    if (
        pickup_point
        and buyer is not None
        and company
        and company == pickup_point.name
        and company != buyer.get("company")
    ):
        # VP Woo Pont writes the point's address over the buyer's, with the point's name as the company.
        company = None
    return Address(
        name=name,
        company=company,
        country=_country_of(block, problems),
        region=one_line(block.get("state"), field, problems),
        postcode=postcode,
        city=city,
        street=f"{street}, {more}" if street and more else street or more,
        phone=one_line(block.get("phone"), field, problems),
    )


def _buyer_of(
    data: Mapping[str, Any],
    billing: Mapping[str, Any],
    shipping: Mapping[str, Any],
    meta: Mapping[str, Any],
    problems: list[IncomingProblem],
) -> IncomingBuyer:
    company = one_line(billing.get("company"), "company", problems)
    customer = data.get("customer_id")
    tax_number = eu_tax_number = None
    typed = tax_number_in(meta, problems) if meta else None
    if typed:
        read = read_tax_number(typed)
        tax_number, eu_tax_number = read.hu, read.eu
        if not read.valid:
            problems.append(IncomingProblem("bad_tax_number", {"tax_number": typed}))
    return IncomingBuyer(
        type="company" if company or typed else "person",
        name=_name_of(billing, problems) or _name_of(shipping, problems),
        company=company,
        email=one_line(billing.get("email"), "email", problems),
        phone=one_line(billing.get("phone"), "phone", problems) or one_line(shipping.get("phone"), "phone", problems),
        tax_number=tax_number,
        eu_tax_number=eu_tax_number,
        external_id=str(customer) if type(customer) is int and customer > 0 else None,
    )


class _Rates:
    """The VAT rates of an order's tax lines, by the id that the lines name."""

    __slots__ = ("_by_id",)

    def __init__(self, tax_lines: list[dict[str, Any]]) -> None:
        self._by_id: dict[int | str, tuple[Decimal | None, bool]] = {}
        for row in tax_lines:
            rate_id = row.get("rate_id")
            if type(rate_id) is int or type(rate_id) is str:
                self._by_id[rate_id] = (_percent_of(row), row.get("compound") is True)

    def of(self, taxes: Any, *, net: Decimal, vat: Decimal) -> Decimal | None:
        """Percent of VAT on one line; None if the shop charged some but does not say by which rate."""
        known = self._by_id
        if not known:
            return None if vat else ZERO
        if not taxes or type(taxes) is not list:
            return None if vat else ZERO
        if len(taxes) == 1:
            return self._one(taxes[0], net=net, vat=vat)
        charged = [row for row in taxes if type(row) is dict and _charged(row, "total")]
        if not charged and not net:
            # A coupon took the whole price: the rate is the one that was charged before it.
            charged = [row for row in taxes if type(row) is dict and _charged(row, "subtotal")]
        if not charged:
            return None if vat else ZERO
        factor, plain = _ONE, ZERO
        for row in charged:
            percent, compound = known.get(row["id"], (None, False)) if _is_key(row.get("id")) else (None, False)
            if percent is None:
                return None
            if compound:
                factor *= _ONE + percent / _HUNDRED
            else:
                plain += percent
        if factor == _ONE:
            return plain
        return round_to_step(((_ONE + plain / _HUNDRED) * factor - _ONE) * _HUNDRED, _TEN_THOUSANDTH)

    def _one(self, row: Any, *, net: Decimal, vat: Decimal) -> Decimal | None:
        if type(row) is not dict or not _is_key(row.get("id")):
            return None if vat else ZERO
        if not vat and net and not _charged(row, "total"):
            return ZERO
        found = self._by_id.get(row["id"])
        if found is None:
            return None if vat else ZERO
        return found[0]


def _is_key(value: Any) -> bool:
    return type(value) is int or type(value) is str


def _charged(row: Mapping[str, Any], field: str) -> bool:
    return bool(amount(row.get(field), f"taxes.{field}"))


def _percent_of(row: Mapping[str, Any]) -> Decimal | None:
    percent = row.get("rate_percent")
    charged = bool(
        amount(row.get("tax_total"), "tax_total") or amount(row.get("shipping_tax_total"), "shipping_tax_total")
    )
    if type(percent) is int or type(percent) is float or type(percent) is str:
        read = amount(percent, "rate_percent")
        if ZERO <= read < 1000 and (read or not charged):
            return read
    # Orders saved by an old WooCommerce have no percent, or zero; their label usually tells it.
    for field in ("label", "rate_code"):
        text = row.get(field)
        told = _PERCENT.search(text) if type(text) is str else None
        if told:
            return amount(told[1].replace(",", "."), field)
    return None if charged else ZERO


def _lines_of(
    data: Mapping[str, Any], shipping_rows: list[dict[str, Any]], problems: list[IncomingProblem]
) -> tuple[IncomingLine, ...]:
    rates = _Rates(rows(data.get("tax_lines")))
    lines = [_product_line(row, rates, problems) for row in rows(data.get("line_items"))]
    lines += [
        _plain_line(row, "shipping", title(row.get("method_title"), "shipping", problems), rates)
        for row in shipping_rows
    ]
    for row in rows(data.get("fee_lines")):
        name = title(row.get("name"), "fee", problems)
        lines.append(_plain_line(row, _fee_kind(name or "", data), name, rates))
    return tuple(lines)


def _product_line(row: Mapping[str, Any], rates: _Rates, problems: list[IncomingProblem]) -> IncomingLine:
    net = amount(row.get("total"), "line_items.total")
    vat = amount(row.get("total_tax"), "line_items.total_tax")
    gross = net + vat
    quantity = row.get("quantity")
    quantity = _ONE if quantity is None else amount(quantity, "line_items.quantity")
    discount = ZERO
    subtotal = row.get("subtotal")
    if subtotal:
        before = amount(subtotal, "line_items.subtotal") + amount(row.get("subtotal_tax"), "line_items.subtotal_tax")
        if before > gross:
            discount = before - gross
    meta = row.get("meta_data")
    return IncomingLine(
        kind="product",
        name=title(row.get("name"), "line_items.name", problems) or "–",
        quantity=quantity,
        net=net,
        vat=vat,
        gross=gross,
        unit_price_net=_per_piece(net, quantity),
        unit_price_gross=_per_piece(gross, quantity),
        vat_rate=rates.of(row.get("taxes"), net=net, vat=vat),
        external_sku=one_line(row.get("sku"), "line_items.sku", problems),
        barcode=one_line(row.get("global_unique_id"), "line_items.global_unique_id", problems),
        external_id=one_line(row.get("id"), "line_items.id", problems),
        discount_gross=discount,
        note=_line_note(meta, problems) if meta else None,
    )


def _plain_line(row: Mapping[str, Any], kind: str, name: str | None, rates: _Rates) -> IncomingLine:
    net = amount(row.get("total"), "total of a shipping or fee line")
    vat = amount(row.get("total_tax"), "total_tax of a shipping or fee line")
    gross = net + vat
    line_id = row.get("id")
    return IncomingLine(
        kind="discount" if kind != "shipping" and kind != "rounding" and gross < 0 else kind,
        name=name or "–",
        quantity=_ONE,
        net=net,
        vat=vat,
        gross=gross,
        unit_price_net=net,
        unit_price_gross=gross,
        vat_rate=rates.of(row.get("taxes"), net=net, vat=vat),
        external_id=str(line_id) if type(line_id) is int else None,
    )


def _fee_kind(name: str, data: Mapping[str, Any]) -> str:
    if _ROUNDING.search(name):
        return "rounding"
    if _DEPOSIT.search(name):
        return "deposit"
    if _PAYMENT_FEE.search(name):
        return "payment_fee"
    method = data.get("payment_method_title")
    if type(method) is str and len(method.strip()) > 2 and method.strip().casefold() in name.casefold():
        return "payment_fee"
    return "payment_fee" if data.get("payment_method") == "cod" and _HANDLING_FEE.search(name) else "fee"


def _per_piece(total: Decimal, quantity: Decimal) -> Decimal:
    if quantity == _ONE or not quantity:
        return total
    price = round_to_step(total / quantity, _TEN_THOUSANDTH)
    # A millionth of a piece would cost more than any amount may be.
    return price if -LARGEST < price < LARGEST else total


def _line_note(meta: Any, problems: list[IncomingProblem]) -> str | None:
    parts: list[str] = []
    for row in rows(meta):
        key = row.get("key")
        if type(key) is str and key.startswith("_"):
            continue
        value = row.get("display_value")
        value = row.get("value") if value in (None, "") else value
        if type(value) is list:
            value = ", ".join(str(part) for part in value if type(part) is str or type(part) is int)
        label = title(row.get("display_key"), "line_items.meta_data", problems) or title(
            key, "line_items.meta_data", problems
        )
        text = title(value, "line_items.meta_data", problems)
        if text:
            parts.append(f"{label}: {text}" if label else text)
    return note("; ".join(parts), "line_items.meta_data", problems) if parts else None


def _coupons_of(data: Mapping[str, Any], problems: list[IncomingProblem]) -> tuple[str, ...]:
    found = (title(row.get("code"), "coupon_lines.code", problems) for row in rows(data.get("coupon_lines")))
    return tuple(code for code in found if code)


def _refunds_of(
    data: Mapping[str, Any], total: Decimal, total_vat: Decimal, at: datetime, problems: list[IncomingProblem]
) -> tuple[IncomingRefund, ...]:
    summaries = rows(data.get("refunds"))
    details: dict[Any, dict[str, Any]] = {
        row.get("id"): row for row in rows(data.get("_refund_details")) if _is_key(row.get("id"))
    }
    if not summaries and not details:
        return ()
    refunds: list[IncomingRefund] = []
    for row in summaries or list(details.values()):
        refund_id = one_line(row.get("id"), "refunds.id", problems)
        detail = details.get(row["id"], {}) if refund_id and _is_key(row.get("id")) else {}
        gross = abs(amount(detail.get("amount"), "refunds.amount")) or abs(amount(row.get("total"), "refunds.total"))
        if not refund_id or not gross:
            continue
        told = _refunded_on_lines(detail)
        if told is None:
            summary_vat = abs(amount(row.get("total_tax"), "refunds.total_tax"))
            told = (gross, summary_vat) if summary_vat else (ZERO, ZERO)
        vat = _refunded_vat(gross, told, total=total, total_vat=total_vat)
        refunds.append(
            IncomingRefund(
                external_id=refund_id,
                gross=gross,
                net=gross - vat,
                vat=vat,
                refunded_at=moment(detail.get("date_created_gmt"), "refunds.date_created_gmt") or at,
                reason=one_line(detail.get("reason") or row.get("reason"), "refunds.reason", problems),
            )
        )
    return tuple(refunds)


def _refunded_on_lines(detail: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """Gross and VAT of a refund that its own lines explain, positive."""
    gross = vat = ZERO
    for kind in ("line_items", "shipping_lines", "fee_lines"):
        for row in rows(detail.get(kind)):
            line_vat = amount(row.get("total_tax"), f"refunds.{kind}.total_tax")
            gross += amount(row.get("total"), f"refunds.{kind}.total") + line_vat
            vat += line_vat
    return (-gross, -vat) if gross else None


def _refunded_vat(gross: Decimal, told: tuple[Decimal, Decimal], *, total: Decimal, total_vat: Decimal) -> Decimal:
    """VAT in a refund. What no line explains (a refund by amount alone) has the order's own share of VAT in it."""
    told_gross, told_vat = told
    if gross == total:
        return total_vat
    rest = gross - told_gross
    if not rest or not total or not total_vat:
        return told_vat
    exponent = total.as_tuple().exponent
    unit = Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else _ONE
    return told_vat + round_to_step(rest * total_vat / total, unit)
