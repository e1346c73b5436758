"""The demo: three shops with a past of thirty days, whose orders keep arriving and change as real ones do."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal

from pult.sandbox.woocommerce.server import SandboxServer
from pult.sandbox.woocommerce.shop import SandboxShop

PAST_DAYS = 30
PAST_ORDERS = 60


@dataclass(frozen=True)
class DemoShop:
    """What distinguishes one of the demo's shops."""

    slug: str
    name: str
    generation: Literal["new", "old"]
    currency: str
    decimals: int
    share: int
    """How many of ten orders are this shop's."""


DEMO_SHOPS = (
    DemoShop("kavehaz", "Kávéház webshop", "new", "HUF", 0, 5),
    DemoShop("konyvsarok", "Könyvsarok", "old", "HUF", 0, 4),
    DemoShop("export", "Kávéház Export", "new", "EUR", 2, 1),
)


def demo_keys(slug: str) -> tuple[str, str]:
    """The consumer key and secret of a demo shop; always the same, good for a loopback demo only."""

    def made(part: str) -> str:
        return hashlib.sha256(f"pult sandbox {slug} {part}".encode()).hexdigest()[:40]

    return f"ck_{made('key')}", f"cs_{made('secret')}"


def shops_at(url: str) -> list[dict[str, Any]]:
    """The demo's shops served at `url`, each with the settings of a channel: what the wizard offers to try."""
    return [
        {
            "code": demo.slug,
            "name": demo.name,
            "platform": "woocommerce",
            "currency": demo.currency,
            "settings": {
                "url": f"{url}/{demo.slug}",
                **dict(zip(("consumer_key", "consumer_secret"), demo_keys(demo.slug), strict=True)),
            },
        }
        for demo in DEMO_SHOPS
    ]


def demo_shops(state_dir: Path) -> dict[str, SandboxShop]:
    """The demo's shops by slug, as they were left; with a past if this is their first day."""
    shops: dict[str, SandboxShop] = {}
    for demo in DEMO_SHOPS:
        key, secret = demo_keys(demo.slug)
        shops[demo.slug] = SandboxShop(
            demo.name,
            generation=demo.generation,
            currency=demo.currency,
            decimals=demo.decimals,
            consumer_key=key,
            consumer_secret=secret,
            state_file=state_dir / f"{demo.slug}.jsonl",
        )
    if not any(shop.orders for shop in shops.values()):
        _give_past(shops)
    return shops


def run_demo_shops(
    state_dir: Path,
    port: int,
    *,
    seconds_between_orders: float = 5,
    stop: threading.Event,
    ready: threading.Event | None = None,
) -> None:
    """Serve the demo's shops on the port and let orders arrive, until `stop` is set.

    `ready` is set when the shops can be dialled. The state (and so every order) survives a restart.
    """
    shops = demo_shops(state_dir)
    try:
        with SandboxServer(shops, port=port):
            if ready is not None:
                ready.set()
            rng = Random()  # noqa: S311 - a demo, not a secret
            while not stop.wait(seconds_between_orders * rng.uniform(0.7, 1.3)):
                live_a_moment(shops, rng)
    finally:
        for shop in shops.values():
            shop.close()


def live_a_moment(shops: dict[str, SandboxShop], rng: Random) -> None:
    """One new order somewhere, and now and then something happens to an earlier one."""
    shop = _some_shop(shops, rng)
    if shop.is_new or rng.random() < 0.5:
        shop.place_order(created_via=rng.choice(("checkout", "store-api")))
    else:
        shop.finish_checkout(shop.start_checkout())
    if rng.random() < 0.6:
        later = _some_shop(shops, rng)
        recent = sorted(later.orders)[-12:]
        if recent:
            _something_happens(later, rng.choice(recent), rng)


def _some_shop(shops: dict[str, SandboxShop], rng: Random) -> SandboxShop:
    return shops[rng.choices([demo.slug for demo in DEMO_SHOPS], [demo.share for demo in DEMO_SHOPS])[0]]


def _something_happens(shop: SandboxShop, order_id: int, rng: Random) -> None:
    order = shop.order(order_id)
    status = order["status"]
    if status in ("trash", "cancelled", "refunded", "checkout-draft"):
        return
    if status in ("pending", "on-hold", "failed"):
        if rng.random() < 0.8:
            shop.pay(order_id)
        else:
            shop.set_status(order_id, "cancelled")
        return
    event = rng.choices(("complete", "address", "quantity", "refund", "cancel", "note"), (45, 15, 10, 12, 8, 10))[0]
    if event == "complete":
        shop.set_status(order_id, "completed")
    elif event == "address":
        shop.edit_address(order_id, address_2=rng.choice(("2. lépcsőház", "Földszint 1.", "Porta")))
    elif event == "quantity" and order["line_items"] and not order["refunds"] and not order["coupon_lines"]:
        shop.edit_line(order_id, quantity=order["line_items"][0]["quantity"] + 1)
    elif event == "refund" and order["paid"] and not order["refunds"] and order["line_items"]:
        row = order["line_items"][0]
        shop.refund(order_id, line=(row["id"], 1), reason="Sérülten érkezett")
    elif event == "cancel" and not order["paid"]:
        shop.set_status(order_id, "cancelled")
    elif event == "note":
        shop.add_note(order_id, "A vevő telefonált, délután várja a csomagot.")


def _give_past(shops: dict[str, SandboxShop]) -> None:
    rng = Random(30)  # noqa: S311 - the same past on every machine
    end = datetime.now(UTC)
    moments = sorted(end - timedelta(days=PAST_DAYS) * rng.random() ** 1.2 for _ in range(PAST_ORDERS))
    for moment in moments:
        # Buyers sleep: what falls into the small hours happens in the morning instead.
        moment = moment.replace(hour=moment.hour + 6) if moment.hour < 5 else moment
        if moment > end:
            moment = end - timedelta(hours=1)
        shop = _some_shop(shops, rng)
        with shop.as_of(moment):
            order_id = shop.place_order()
        for _ in range(rng.choice((1, 1, 2, 3))):
            moment += timedelta(hours=rng.uniform(2, 40))
            if moment < end:
                with shop.as_of(moment):
                    _something_happens(shop, order_id, rng)
