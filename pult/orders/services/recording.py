"""A clerk's or another program's order: completed from the catalogue, then through the one door like any other."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from pult.catalogue.selectors import products_by_sku
from pult.channels.selectors import lock_for_writing
from pult.history.services import acting
from pult.history.types import Actor
from pult.lib.clock import now
from pult.lib.identifiers import sku_key
from pult.lib.tax_numbers import read_tax_number
from pult.orders.errors import BadOrder, OrderExists
from pult.orders.rules.changes import Verdict
from pult.orders.rules.documents import to_json
from pult.orders.rules.recording import complete_line
from pult.orders.selectors import orders_for_update
from pult.orders.services.arrivals import Arrival, Received
from pult.orders.services.receiving import receive_order
from pult.orders.types import (
    ZERO,
    AskedLine,
    AskedOrder,
    IncomingBuyer,
    IncomingLine,
    IncomingOrder,
    IncomingProblem,
    Offer,
)

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel


def record_order(channel: SalesChannel, asked: AskedOrder, *, actor: Actor) -> Received:
    """Make an order of what was asked for; `verdict` SAME: it was here already, told in the same words.

    Raises BadOrder (the channel, or what nobody knows of a line) and OrderExists (the external id names another order).
    """
    _check_channel(channel)
    checksum = _checksum(asked)
    with acting(actor, "received"):
        if asked.external_id:
            lock_for_writing(channel.pk)
            known = orders_for_update(channel.pk, [(asked.external_id, "")]).get((asked.external_id, ""))
            if known is not None:
                if known.source_checksum is None or bytes(known.source_checksum) != checksum:
                    raise OrderExists(external_id=asked.external_id, number=known.number)
                return Received(Verdict.SAME, known.pk, known.number)
        incoming = _completed(channel, asked)
        return receive_order(channel, Arrival(incoming, checksum=checksum), actor=actor)


def _check_channel(channel: SalesChannel) -> None:
    if channel.kind != "custom":
        raise BadOrder(
            "The orders of the channel %(channel)s come from outside; record this one in a channel of the kind custom.",
            code="not_a_custom_channel",
            params={"channel": channel.code},
            field="channel",
        )
    if channel.archived_at is not None:
        raise BadOrder(
            "The channel %(channel)s is put away and takes no new orders.",
            code="channel_archived",
            params={"channel": channel.code},
            field="channel",
        )


def _checksum(asked: AskedOrder) -> bytes:
    """The same for the same words, so that an order told again is known again."""
    return blake2b(orjson.dumps(to_json(asdict(asked)), option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _completed(channel: SalesChannel, asked: AskedOrder) -> IncomingOrder:
    currency = asked.currency or channel.currency
    lines = _completed_lines(asked.lines, currency)
    buyer, problems = _buyer(asked.buyer)
    return IncomingOrder(
        external_id=asked.external_id,
        external_number=asked.external_number,
        status="new",
        placed_at=asked.placed_at or now(),
        currency=currency,
        total_gross=sum((line.gross for line in lines), ZERO),
        total_vat=sum((line.vat for line in lines), ZERO),
        buyer=buyer,
        lines=lines,
        billing_address=asked.billing_address,
        shipping_address=asked.shipping_address,
        pickup_point=asked.pickup_point,
        payment_method=asked.payment_method,
        payment_name=asked.payment_name,
        transaction_id=asked.transaction_id,
        shipping_method=asked.shipping_method,
        shipping_name=asked.shipping_name,
        tracking_numbers=asked.tracking_numbers,
        customer_note=asked.customer_note,
        internal_note=asked.internal_note,
        tags=asked.tags,
        problems=tuple(problems),
    )


def _completed_lines(asked: tuple[AskedLine, ...], currency: str) -> tuple[IncomingLine, ...]:
    products = products_by_sku({line.sku for line in asked if line.sku})
    offers = {
        key: Offer(
            sku=product.sku,
            name=product.name,
            unit=product.unit,
            vat_rate=_decimal(product.vat_rate),
            price_gross=_decimal(product.price_gross),
            currency=product.currency,
        )
        for key, product in products.items()
    }
    return tuple(
        complete_line(line, offers.get(sku_key(line.sku) or ""), currency=currency, index=index)
        for index, line in enumerate(asked)
    )


def _decimal(value: Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _buyer(buyer: IncomingBuyer) -> tuple[IncomingBuyer, list[IncomingProblem]]:
    """The buyer with readable tax numbers in their normal form; what does not pass its check stays and is a problem."""
    numbers = {"tax_number": buyer.tax_number, "eu_tax_number": buyer.eu_tax_number}
    problem: list[IncomingProblem] = []
    for text in (buyer.tax_number, buyer.eu_tax_number):
        read = read_tax_number(text)
        if read.valid and text:
            moved = numbers["tax_number"] == text and read.hu is None
            if moved:
                numbers["tax_number"] = None
            numbers["tax_number"] = read.hu or numbers["tax_number"]
            numbers["eu_tax_number"] = read.eu or numbers["eu_tax_number"]
        elif text:
            problem = [IncomingProblem("bad_tax_number", {"tax_number": text})]
    return replace(buyer, tax_number=numbers["tax_number"], eu_tax_number=numbers["eu_tax_number"]), problem
