"""The words of orders: steps, fields, history and problems as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import get_language, gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from pult.lib.failures import PultError
from pult.orders.rules.problems import SENTENCES, sentence
from pult.ui.formats import format_number
from pult.ui.statuses import look_of


class StepWords(NamedTuple):
    """A step as its button (`label`, `icon`), as done (`done`), and as the history tells it (`told`).

    `warning` says what will happen; such a step is asked about first. `asks_reason`: the question has room for why.
    """

    label: Any
    icon: str
    done: Any
    told: Any
    warning: Any = ""
    asks_reason: bool = False


STEPS: dict[str, StepWords] = {
    "confirm": StepWords(
        pgettext_lazy("step", "Confirm"), "check", _("Order %(number)s is confirmed."), _("Confirmed the order")
    ),
    "hold": StepWords(
        pgettext_lazy("step", "Put on hold"),
        "hand-stop",
        _("Order %(number)s is on hold."),
        _("Put the order on hold"),
        _("Work on the order stops until somebody releases it. What the shop changes still arrives."),
        asks_reason=True,
    ),
    "release": StepWords(
        pgettext_lazy("step", "Release"), "player-play", _("Order %(number)s is released."), _("Released the order")
    ),
    "process": StepWords(
        pgettext_lazy("step", "Start processing"),
        "progress",
        _("Order %(number)s is being processed."),
        _("Started processing"),
    ),
    "ready": StepWords(
        pgettext_lazy("step", "Ready to ship"), "package", _("Order %(number)s is ready."), _("Made the order ready")
    ),
    "ship": StepWords(
        pgettext_lazy("step", "Ship"), "truck-delivery", _("Order %(number)s is shipped."), _("Shipped the order")
    ),
    "complete": StepWords(
        pgettext_lazy("step", "Complete"),
        "circle-check",
        _("Order %(number)s is completed."),
        _("Completed the order"),
    ),
    "cancel": StepWords(
        pgettext_lazy("step", "Cancel the order"),
        "circle-x",
        _("Order %(number)s is cancelled."),
        _("Cancelled the order"),
        _(
            "The order ends here and leaves the turnover. The buyer is not told, and money already paid is not given"
            " back by itself."
        ),
        asks_reason=True,
    ),
    "return": StepWords(
        pgettext_lazy("step", "Take back"),
        "arrow-back-up",
        _("Order %(number)s is returned."),
        _("Took the goods back"),
        _("The order counts as come back. Money is not given back by itself: refund it in the shop."),
        asks_reason=True,
    ),
    "reopen": StepWords(
        pgettext_lazy("step", "Open again"),
        "rotate",
        _("Order %(number)s is open again."),
        _("Opened the order again"),
        _("The cancelled order becomes new again and its work starts from the beginning."),
    ),
}

ACTIONS: dict[str, tuple[Any, str]] = {
    "received": (_("The order arrived"), "download"),
    "created": (_("The order arrived"), "download"),
    "changed_in_shop": (_("Changed in the shop"), "refresh"),
    "took_shop_change": (_("Took over what the shop changed"), "check"),
    "refused_shop_change": (_("Refused what the shop changed"), "x"),
    "settled": (_("Saw to a problem"), "check"),
    "edited": (_("Edited the order"), "pencil"),
    "matched": (_("Matched to a product"), "link"),
    "changed": (_("Changed the order"), "pencil"),
    "replayed": (_("Read the raw message again"), "rotate"),
}
"""What the history calls the actions that are no steps, with an icon."""

FIELDS: dict[str, Any] = {
    "status": _("state"),
    "payment_status": _("payment"),
    "fulfilment_status": _("fulfilment"),
    "external_number": _("shop's number"),
    "external_status": _("state in the shop"),
    "currency": _("currency"),
    "buyer": _("buyer"),
    "buyer_type": _("kind of buyer"),
    "buyer_name": _("name"),
    "buyer_company": _("company"),
    "buyer_email": _("e-mail"),
    "buyer_phone": _("phone"),
    "buyer_tax_number": _("tax number"),
    "buyer_eu_tax_number": _("EU tax number"),
    "buyer_group": _("customer group"),
    "customer_id": _("customer"),
    "billing_address": _("billing address"),
    "shipping_address": _("shipping address"),
    "pickup_point": _("pickup point"),
    "payment_method": _("payment method (code)"),
    "payment_name": _("payment method"),
    "transaction_id": _("transaction"),
    "paid": _("paid"),
    "paid_at": _("paid at"),
    "refunded": _("refunded"),
    "refunds": _("refunds"),
    "shipping_method": _("shipping method (code)"),
    "shipping_name": _("shipping method"),
    "tracking_numbers": _("parcel numbers"),
    "total_net": _("net total"),
    "total_vat": _("VAT of the total"),
    "total_gross": _("gross total"),
    "customer_note": _("buyer's note"),
    "internal_note": _("internal note"),
    "coupons": _("coupons"),
    "tags": _("tags"),
    "lines": _("lines"),
    "placed_at": _("placed at"),
    "line": _("line"),
    "refund": _("refund"),
    "position": _("place"),
    "kind": _("kind"),
    "product_id": _("product"),
    "sku": _("SKU"),
    "external_sku": _("shop's SKU"),
    "barcode": _("barcode"),
    "name": _("name"),
    "note": _("note"),
    "quantity": _("quantity"),
    "unit": _("unit"),
    "unit_price_net": _("unit price, net"),
    "unit_price_gross": _("unit price, gross"),
    "discount_gross": _("discount"),
    "vat_rate": _("VAT rate"),
    "vat_code": _("VAT code"),
    "net": _("net"),
    "vat": _("VAT"),
    "gross": _("gross"),
    "reason": _("reason"),
    "refunded_at": _("refunded at"),
}

SHOP_FIELDS: dict[str, Any] = {
    "number": _("shop's number"),
    "status": _("state in the shop"),
    "company": _("company"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "country": _("country"),
    "state": _("county"),
    "postcode": _("postcode"),
    "city": _("city"),
    "address_1": _("street"),
    "address_2": _("street"),
    "global_unique_id": _("barcode"),
    "method_id": _("shipping method (code)"),
    "billing": _("billing address"),
    "shipping": _("shipping address"),
    "meta_data": _("note"),
}
"""What a shop's message calls differently, or only the message has."""

LINE_KINDS: dict[str, tuple[Any, str]] = {
    "product": (_("Product"), "box"),
    "shipping": (_("Shipping"), "truck"),
    "payment_fee": (_("Payment fee"), "credit-card"),
    "discount": (_("Discount"), "percentage"),
    "fee": (_("Fee"), "receipt"),
    "gift": (_("Gift"), "star"),
    "deposit": (_("Deposit"), "rotate"),
    "rounding": (_("Rounding"), "hash"),
}

REMEDIES: dict[str, Any] = {
    "changed_in_shop": _(
        "Take it, and the order becomes what the shop says now. Refuse it, and the order stays as it is here."
    ),
    "totals_differ": _(
        "The buyer's total is kept as the channel said it. Compare the lines with the order in the shop before"
        " invoicing."
    ),
    "negative_total": _("Look at the order in the shop: it may be a refund kept as an order."),
    "no_lines": _("Look at the order in the shop; what is added there arrives here."),
    "unknown_currency": _("Check the currency in the shop; the amounts are kept as they came."),
    "unknown_country": _("Check the addresses before shipping."),
    "unknown_status": _("Decide yourself where the order stands, and take the step that fits."),
    "bad_tax_number": _("Ask the buyer before invoicing."),
    "text_cut": _("Read the whole text in the raw message."),
    "refund_exceeds_total": _("Check the refunds in the shop."),
    "pickup_point_unknown": _("Ask the buyer, or look at the order in the shop."),
    "wrong_state_in_shop": _("Decide which state is right, and mend the other."),
}
"""What a person can do about each problem."""

RESOLUTIONS: dict[str, Any] = {
    "taken": _("what the shop changed was taken over"),
    "refused": _("what the shop changed was refused"),
    "settled": _("seen to"),
    "gone": _("no longer there"),
    "taken_back": _("the shop took its change back"),
}
"""What became of a problem."""

# The sentences themselves stand in `rules.problems`, which knows no Django: named here to be translated.
_SENTENCES = (
    gettext_noop(
        "The lines add up to {lines} {currency}, the channel says {total} {currency}:"
        " a difference of {difference} {currency}."
    ),
    gettext_noop("The total is negative: {total} {currency}."),
    gettext_noop("The order has no lines."),
    gettext_noop("The currency “{currency}” is not known."),
    gettext_noop("The country “{country}” is not known."),
    gettext_noop("The shop's state “{status}” is not known; the order came in as new."),
    gettext_noop("The tax number “{tax_number}” does not pass its check."),
    gettext_noop("A text was too long and was cut: {field}. The raw message has all of it."),
    gettext_noop("The shop changed the order after work on it had begun: {fields}."),
    gettext_noop("More was given back ({refunded} {currency}) than the order's total ({total} {currency})."),
    gettext_noop("The buyer chose a pickup point, but the shop did not send which one."),
    gettext_noop("The shop's state changed to “{status}”, which does not fit the order's state here."),
)


def step_label(step: str) -> str:
    """The step as its button says it."""
    words = STEPS.get(step)
    return str(words.label) if words else step


def action_words(action: str) -> tuple[str, str]:
    """A history entry's action as a sentence, and its icon."""
    if action in STEPS:
        return str(STEPS[action].told), STEPS[action].icon
    label, icon = ACTIONS.get(action, (action, "pencil"))
    return str(label), icon


def field_name(field: str) -> str:
    """A field of an order; those of lines and refunds come as `line.3.quantity`."""
    owner, dot, rest = field.partition(".")
    if not dot:
        return str(FIELDS.get(field, field))
    which, _dot, part = rest.rpartition(".") if owner == "line" else (rest, "", "")
    if part and part in FIELDS:
        return f"{FIELDS['line']} {which}, {FIELDS[part]}"
    if owner == "refund" and rest.rpartition(".")[2] in FIELDS:
        return f"{FIELDS['refund']}, {FIELDS[rest.rpartition('.')[2]]}"
    return f"{FIELDS.get(owner, owner)} {rest}" if owner == "line" else str(FIELDS.get(owner, owner))


def told_field(field: str) -> str:
    """A field as the shop's message calls it (`city`, `line_items.name`)."""
    owner, _dot, part = field.rpartition(".")
    name = str(SHOP_FIELDS.get(part) or FIELDS.get(part, part))
    of = {"line_items": FIELDS["line"], "refunds": FIELDS["refund"]}.get(owner)
    return f"{of}, {name}" if of else name


def problem_sentence(code: str, params: Mapping[str, Any]) -> str:
    """What is wrong, in the reader's language."""
    language = (get_language() or "hu").split("-")[0]
    shown = dict(params)
    for name in ("total", "lines", "difference", "refunded"):
        with suppress(ArithmeticError, ValueError, TypeError, KeyError):
            shown[name] = format_number(Decimal(shown[name]), language=language)
    if isinstance(shown.get("fields"), list):
        shown["fields"] = [field_name(field) for field in shown["fields"]]
    if "field" in shown:
        told = shown["field"] if isinstance(shown["field"], list) else [shown["field"]]
        shown["field"] = list(dict.fromkeys(told_field(str(field)) for field in told))
    return sentence(code, shown, gettext(SENTENCES[code]) if code in SENTENCES else None)


def error_sentence(error: PultError) -> str:
    """A refusal in the reader's language, its codes in words."""
    if error.code == "no_such_problem":
        return gettext("Somebody has seen to this problem already.")
    shown = dict(error.params)
    if "step" in shown:
        shown["step"] = step_label(shown["step"])
    if "status" in shown:
        shown["status"] = str(look_of("order", shown["status"]).label)
    template = gettext(error.template)
    text = template % shown if shown else template
    return f"{text} {gettext(error.next_step)}" if error.next_step else text
