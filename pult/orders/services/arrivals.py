"""What stands at the door, and what a set of it needs to know of the rest of Pult."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pult.catalogue.selectors import products_by_codes
from pult.customers.services import match_or_create_customers
from pult.customers.types import Buyer
from pult.orders.models import SkuMatch
from pult.orders.rules.changes import Verdict
from pult.orders.rules.matching import FoundProducts, codes_of
from pult.orders.types import IncomingBuyer, IncomingLine, IncomingOrder

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order at the door. `message_id` and `checksum` say which raw message it was read from, if any.

    `before` is the channel's earlier story of the same order (the message it was last written from, read again), so
    that only what the channel changed is applied and what people changed in Pult stays.

    `replay` is a person's wish to read the last message again (a mended reader may understand it better): the order is
    held against what the message says, whatever was said before.
    """

    incoming: IncomingOrder
    message_id: int | None = None
    checksum: bytes | None = None
    received_at: datetime | None = None
    before: IncomingOrder | None = None
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an arrival."""

    verdict: Verdict
    order_id: int
    number: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The products and customers that a set of arrivals names, looked up once."""

    found: FoundProducts
    customers: Mapping[int, int | None]

    def customer_of(self, arrival: Arrival) -> int | None:
        return self.customers[id(arrival)]


def surroundings_of(channel: SalesChannel, arrivals: Sequence[Arrival]) -> Surroundings:
    """Look up the products, and recognise or make the customers, of a set of arrivals; a constant number of queries."""
    customers = match_or_create_customers([buyer_of(channel, arrival.incoming.buyer) for arrival in arrivals])
    return Surroundings(
        found=find_products(channel, [line for arrival in arrivals for line in arrival.incoming.lines]),
        customers={id(arrival): customer for arrival, customer in zip(arrivals, customers, strict=True)},
    )


def find_products(channel: SalesChannel, lines: Sequence[IncomingLine]) -> FoundProducts:
    """The products that these lines may mean."""
    skus, barcodes = codes_of(lines)
    by_sku, by_barcode = products_by_codes(skus=skus, barcodes=barcodes)
    matches = SkuMatch.objects.filter(channel=channel, external_sku__any=skus).values_list(
        "external_sku", "product_id", "product__sku"
    )
    by_match = {key: (pk, sku) for key, pk, sku in matches} if skus else {}
    return FoundProducts(by_match=by_match, by_sku=by_sku, by_barcode=by_barcode)


def buyer_of(channel: SalesChannel, buyer: IncomingBuyer) -> Buyer:
    """The buyer in the words of `customers`."""
    return Buyer(
        channel_id=channel.pk,
        type=buyer.type,
        name=buyer.name,
        company=buyer.company,
        email=buyer.email,
        phone=buyer.phone,
        tax_number=buyer.tax_number,
        eu_tax_number=buyer.eu_tax_number,
        group=buyer.group,
        external_id=buyer.external_id,
    )
