"""The demo company: what `pult demo` puts into an empty installation, so that a newcomer sees a business at work.

Everything goes through the same services that people and programs use; nothing here is possible only for the demo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from html import unescape
from random import Random
from typing import Any, Final

from pult.accounts.selectors import all_users
from pult.accounts.services import create_user
from pult.catalogue.selectors import products_by_codes
from pult.catalogue.services import save_product
from pult.channels.models import SalesChannel
from pult.channels.selectors import all_channels
from pult.channels.services import add_channel, change_channel
from pult.history.types import Actor
from pult.lib.clock import now
from pult.lib.failures import UserError
from pult.lib.identifiers import sku_key
from pult.lib.vat import split_gross
from pult.orders.services.arrivals import Arrival
from pult.orders.services.receiving import receive_orders
from pult.orders.types import Address, IncomingBuyer, IncomingLine, IncomingOrder
from pult.sandbox.woocommerce.catalogue import CatalogueItem, catalogue
from pult.sandbox.woocommerce.demo import DEMO_SHOPS, shops_at
from pult.sync.services.connecting import checked_settings

DEMO: Final = Actor("system", None, "pult demo")

DEMO_PASSWORD: Final = "kave-es-konyv"  # noqa: S105 printed on purpose; the demo listens on loopback only
DEMO_USERS: Final = (
    ("admin@pult.example", "admin", "Somogyi Judit"),
    ("manager@pult.example", "manager", "Bakos Ferenc"),
    ("clerk@pult.example", "clerk", "Kelemen Nóra"),
    ("cashier@pult.example", "cashier", "Lukács Petra"),
    ("warehouse@pult.example", "warehouse", "Orosz Gábor"),
    ("viewer@pult.example", "viewer", "Varga Ildikó"),
)

UNKNOWN_SKUS: Final = frozenset({"LEK-018", "KUL-500", "JEL-001"})
"""What the shops sell and the demo's catalogue lacks, so that unmatched lines and their remedy can be seen."""

PHONE: Final = "telefon"
PHONE_ORDERS: Final = 18
PHONE_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Demo:
    """What `load_demo` found or made; `fresh` is False when it was all there."""

    channels: list[SalesChannel]
    fresh: bool


def load_demo(*, port: int) -> Demo:
    """Put the demo company into this installation, or complete it; the shops are expected at 127.0.0.1:`port`.

    Raises UserError where there is anything that is not the demo's.
    """
    _refuse_real_data()
    fresh = not all_channels(archived=True).exists()
    _load_users()
    _load_products()
    channels = [_load_shop(shop) for shop in shops_at(f"http://127.0.0.1:{port}")]
    channels.append(_load_phone())
    return Demo(channels, fresh)


def _refuse_real_data() -> None:
    """Once the demo is here whole, what people add to it (a channel, a user) is theirs and stands in nobody's way."""
    demo_codes = {PHONE, *(demo.slug for demo in DEMO_SHOPS)}
    channels = list(all_channels(archived=True))
    ours = [channel for channel in channels if _is_demo_channel(channel, demo_codes)]
    if demo_codes <= {channel.code for channel in ours}:
        return
    demo_users = {email for email, _, _ in DEMO_USERS}
    strange = [f"the channel {channel.code}" for channel in channels if channel not in ours]
    strange += [f"the user {user.email}" for user in all_users() if user.email.lower() not in demo_users]
    if strange:
        raise UserError(
            f"This installation has {strange[0]}, which is not the demo's; the demo never goes beside real data."
            " Choose another folder: PULT_DATA_DIR=./var/demo pult demo"
        )


def _is_demo_channel(channel: SalesChannel, demo_codes: set[str]) -> bool:
    if channel.code not in demo_codes:
        return False
    if channel.code == PHONE:
        return channel.kind == "custom"
    return str(channel.settings.get("url", "")).startswith("http://127.0.0.1:")


def _load_users() -> None:
    known = {user.email.lower() for user in all_users()}
    for email, role, name in DEMO_USERS:
        if email not in known:
            create_user(actor=DEMO, email=email, role=role, name=name, password=DEMO_PASSWORD)


def _stocked() -> list[CatalogueItem]:
    return [item for item in catalogue() if item.sku not in UNKNOWN_SKUS]


def _load_products() -> None:
    keys = {item.sku: sku_key(item.sku) for item in _stocked()}
    known, _ = products_by_codes(skus=[key for key in keys.values() if key], barcodes=[])
    for item in _stocked():
        if keys[item.sku] not in known:
            save_product(
                actor=DEMO,
                sku=item.sku,
                name=unescape(item.name),
                vat_rate=Decimal(item.vat_rate),
                price_gross=item.price_huf,
                currency="HUF",
                barcodes=[item.barcode],
            )


def _load_shop(shop: Mapping[str, Any]) -> SalesChannel:
    given = {**shop["settings"], "currency": shop["currency"]}
    parts = checked_settings(kind="webshop", platform=shop["platform"], given=given)
    known = all_channels(archived=True).filter(code=shop["code"]).first()
    if known is None:
        return add_channel(
            actor=DEMO,
            code=shop["code"],
            kind="webshop",
            platform=shop["platform"],
            name=shop["name"],
            currency=parts.currency,
            open_settings=parts.open,
            secret_settings=parts.secret,
        )
    if known.settings.get("url") != parts.open["url"]:
        return change_channel(known.pk, actor=DEMO, open_settings={"url": parts.open["url"]})
    return known


def _load_phone() -> SalesChannel:
    channel = all_channels(archived=True).filter(code=PHONE).first()
    if channel is None:
        channel = add_channel(actor=DEMO, code=PHONE, kind="custom", name="Telefon")
        receive_orders(channel, [Arrival(order) for order in _phone_orders()], actor=DEMO)
    return channel


_CALLERS: Final = (
    ("Fodor Katalin", None, None, "6720", "Szeged", "Tisza Lajos körút 41.", "+36205551201"),
    ("Pintér Ákos", "Hegyalja Panzió Kft.", "12345676-2-05", "3910", "Tokaj", "Rákóczi út 9.", "+36475551202"),
    ("Sipos Mária", None, None, "7621", "Pécs", "Király utca 23.", "+36305551203"),
    ("Barta Zoltán", None, None, "9700", "Szombathely", "Kőszegi utca 8.", "+36705551204"),
)


def _phone_orders() -> list[IncomingOrder]:
    """Orders that clerks took on the telephone in the last weeks; the same on every machine but for the day."""
    rng = Random(7)  # noqa: S311 a demo, not a secret
    end = now().replace(minute=20, second=0, microsecond=0)
    orders = []
    for serial in range(1, PHONE_ORDERS + 1):
        placed_at = (end - timedelta(days=PHONE_DAYS * serial / PHONE_ORDERS)).replace(hour=rng.randint(8, 15))
        name, company, tax_number, postcode, city, street, phone = rng.choice(_CALLERS)
        lines = tuple(
            _phone_line(item, rng.choice((1, 1, 2, 3))) for item in rng.sample(_stocked(), rng.choice((1, 2)))
        )
        total = sum((line.gross for line in lines), Decimal(0))
        if serial == 3:
            # A total that the lines do not add up to, so that a problem and its remedy can be seen.
            total -= 200
        done = rng.random() < 0.7
        address = Address(name=company or name, country="HU", postcode=postcode, city=city, street=street, phone=phone)
        orders.append(
            IncomingOrder(
                external_id=f"T-{serial:04d}",
                external_number=f"T-{serial:04d}",
                status="completed" if done else "new",
                placed_at=placed_at,
                currency="HUF",
                total_gross=total,
                buyer=IncomingBuyer(
                    type="company" if company else "person",
                    name=name,
                    company=company,
                    phone=phone,
                    tax_number=tax_number,
                    external_id=phone,
                ),
                lines=lines,
                billing_address=address,
                shipping_address=address,
                payment_method="bacs",
                payment_name="Átutalás",
                paid=total if done else Decimal(0),
                paid_at=placed_at + timedelta(hours=20) if done else None,
            )
        )
    return orders[::-1]


def _phone_line(item: CatalogueItem, quantity: int) -> IncomingLine:
    rate = Decimal(item.vat_rate)
    unit = split_gross(item.price_huf, rate=rate, currency="HUF")
    amount = split_gross(item.price_huf * quantity, rate=rate, currency="HUF")
    return IncomingLine(
        kind="product",
        name=unescape(item.name),
        quantity=Decimal(quantity),
        net=amount.net,
        vat=amount.vat,
        gross=amount.gross,
        unit_price_net=unit.net,
        unit_price_gross=unit.gross,
        vat_rate=rate,
        external_sku=item.sku,
        barcode=item.barcode,
    )
