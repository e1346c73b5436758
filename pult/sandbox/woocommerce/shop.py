"""One sandbox shop: its orders, refunds, webhooks and products, and the verbs that a buyer or a clerk of it has."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pult.sandbox.woocommerce.amounts import Record, as_text, recalculate, rounded, set_amounts
from pult.sandbox.woocommerce.catalogue import ITEMS, CatalogueItem, catalogue
from pult.sandbox.woocommerce.faults import Faults
from pult.sandbox.woocommerce.hooks import Hooks
from pult.sandbox.woocommerce.journal import Journal
from pult.sandbox.woocommerce.orders import Wish, Workshop, line_row, make_order, meta_row

CORE_STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
STOCK_TAKING = {"processing", "completed", "on-hold"}
FIRST_ORDER_ID = 101


class ShopError(Exception):
    """The shop cannot do what was asked; the text says why."""


@dataclass(frozen=True)
class RequestSeen:
    """One request that reached the shop, for tests to look at."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass(frozen=True)
class Checkout:
    """A visitor at the block checkout. `order_id` is the draft's, where the shop makes one (the old generation)."""

    order_id: int | None
    wish: Wish


class SandboxShop:
    """The state and the rules of one WooCommerce shop, safe to use from many threads.

    `generation`: "new" is 11.0.1 with HPOS, "old" is 7.8.0 with posts storage. `behind_tls`: a TLS proxy stands before
    the shop, so plain HTTP counts as HTTPS and Basic works. `home_url` None: the server fills in its own address.
    `shop_rights` False: the key's user may not manage the shop. `state_file`: where the shop remembers over a restart.
    """

    def __init__(
        self,
        name: str,
        *,
        generation: Literal["new", "old"] = "new",
        currency: str = "HUF",
        decimals: int = 0,
        prices_include_tax: bool = True,
        timezone: str = "Europe/Budapest",
        home_url: str | None = None,
        consumer_key: str = "ck_" + "0" * 40,
        consumer_secret: str = "cs_" + "0" * 40,
        permissions: Literal["read", "write", "read_write"] = "read_write",
        shop_rights: bool = True,
        plain_permalinks: bool = False,
        behind_tls: bool = False,
        number_prefix: str = "",
        state_file: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seed: int = 1,
    ) -> None:
        self.name = name
        self.is_new = generation == "new"
        self.version, self.wordpress_version = ("11.0.1", "7.0.3") if self.is_new else ("7.8.0", "6.4.3")
        self.currency = currency
        self.decimals = decimals
        self.prices_include_tax = prices_include_tax
        self.timezone = timezone
        self.zone = ZoneInfo(timezone)
        self.fixed_home_url = home_url
        self.home_url = home_url or "http://127.0.0.1"
        self.consumer_key = consumer_key
        self.consumer_secret = consumer_secret
        self.permissions = permissions
        self.shop_rights = shop_rights
        self.plain_permalinks = plain_permalinks
        self.behind_tls = behind_tls
        self.number_prefix = number_prefix
        self.now = now
        self.seed = seed
        self.lock = threading.RLock()
        self.faults = Faults()
        self.requests: deque[RequestSeen] = deque(maxlen=2000)
        self.nonces: dict[str, int] = {}
        self._depth = 0
        self._moment = threading.local()
        self._journal = Journal(state_file)
        found = self._journal.found
        self.orders: dict[int, Record] = {int(key): value for key, value in found.get("order", {}).items()}
        self.refunds: dict[int, Record] = {int(key): value for key, value in found.get("refund", {}).items()}
        self.webhooks: dict[int, Record] = {int(key): value for key, value in found.get("webhook", {}).items()}
        self.custom_statuses: dict[str, str] = dict(found.get("status", {}))
        self._stock: dict[str, int] = dict(found.get("stock", {}))
        self._gone: set[int] = {int(key) for key in found.get("gone", {})}
        first = {"post": FIRST_ORDER_ID, "item": 1, "meta": 1, "webhook": 1, "note": 1}
        self._next_ids: dict[str, int] = first | found.get("ids", {}).get("next", {})
        # A kill between two lines of the journal must not give an id twice.
        self._next_ids["post"] = max([self._next_ids["post"] - 1, *self.orders, *self.refunds]) + 1
        self.hooks = Hooks(self)

    # --- what the shop is -----------------------------------------------------------------------------------------

    @property
    def workshop(self) -> Workshop:
        """What the order maker needs of this shop."""
        return Workshop(
            self.currency,
            self.decimals,
            self.prices_include_tax,
            lambda: self.new_id("item"),
            lambda: self.new_id("meta"),
            self.item_by_sku,
        )

    def statuses(self) -> tuple[str, ...]:
        """The statuses the shop knows, those of plug-ins included."""
        return CORE_STATUSES + tuple(self.custom_statuses)

    def clock(self) -> int:
        """The shop's time, whole seconds since 1970."""
        moment: datetime | None = getattr(self._moment, "value", None)
        return int((moment or self.now()).timestamp())

    @contextmanager
    def as_of(self, moment: datetime) -> Iterator[None]:
        """Let what this thread does inside happen at another time: how a shop gets its past."""
        self._moment.value = moment
        try:
            yield
        finally:
            self._moment.value = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock for a change; when the outermost one is over, the queue of webhooks may run."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                outermost = self._depth == 0
        if outermost:
            self.hooks.settle()

    def new_id(self, kind: str) -> int:
        """The next id; orders, refunds (and pages, products) share one sequence, as WordPress posts do."""
        number = self._next_ids[kind]
        self._next_ids[kind] = number + 1
        return number

    def keep(self, kind: str, key: int | str, value: Any) -> None:
        """Write the state of one thing to the journal; None forgets it."""
        self._journal.write(kind, key, value)

    def close(self) -> None:
        """Stop telling and remembering."""
        self.hooks.stop()
        with self.lock:
            self._journal.close()

    # --- products -------------------------------------------------------------------------------------------------

    def catalogue(self) -> tuple[CatalogueItem, ...]:
        """Everything that can be ordered here, so that the demo can load the same SKUs into Pult."""
        return catalogue()

    def items(self) -> list[CatalogueItem]:
        """What is still in the shop."""
        return [item for item in ITEMS if item.own_id not in self._gone]

    def item_by_sku(self, sku: str) -> CatalogueItem:
        """The item with exactly this SKU; ShopError if there is none."""
        for item in self.items():
            if item.sku == sku:
                return item
        raise ShopError(f"the shop has no product with SKU {sku!r}")

    def is_product_gone(self, product_id: int, variation_id: int) -> bool:
        """Whether the product of a line was deleted for good."""
        return (variation_id or product_id) in self._gone

    def delete_product(self, sku: str) -> None:
        """Delete a product for good: lines keep name and amounts, and lose product id and SKU."""
        with self.changing():
            item = self.item_by_sku(sku)
            self._gone.add(item.own_id)
            self.keep("gone", item.own_id, True)

    def stock_of(self, sku: str) -> int:
        """Pieces in stock; may be negative."""
        return self._stock.get(sku, 100)

    def _move_stock(self, order: Record, *, back: bool) -> None:
        if order["stock_reduced"] is not back:
            return
        order["stock_reduced"] = not back
        for row in order["line_items"]:
            level = self.stock_of(row["sku"]) + (row["quantity"] if back else -row["quantity"])
            self._stock[row["sku"]] = level
            self.keep("stock", row["sku"], level)
            row["meta_data"] = [meta for meta in row["meta_data"] if meta["key"] != "_reduced_stock"]
            if not back:
                row["meta_data"].append(meta_row(self.workshop, "_reduced_stock", str(row["quantity"])))

    # --- orders ---------------------------------------------------------------------------------------------------

    def order(self, order_id: int) -> Record:
        """The kept order; ShopError if it is unknown."""
        try:
            return self.orders[order_id]
        except KeyError:
            raise ShopError(f"the shop has no order {order_id}") from None

    def place_order(self, wish: Wish | None = None, **wishes: Any) -> int:
        """A new order, as wished (see `Wish`) and otherwise by seeded chance; returns its id."""
        wish = wish or Wish(**wishes)
        with self.changing():
            order = self._make(wish)
            first, second = "order.created", "order.updated"
            if self.is_new and order["created_via"] == "store-api":
                first, second = second, first
            self._placed(order)
            for topic in (first, second):
                self.hooks.tell(topic, order["id"])
            return int(order["id"])

    def start_checkout(self, **wishes: Any) -> Checkout:
        """A visitor reaches the block checkout. The old shop makes a `checkout-draft` now, the new one nothing yet."""
        wish = Wish(**{"created_via": "store-api", **wishes})
        with self.changing():
            if self.is_new:
                return Checkout(None, wish)
            order = self._make(wish)
            order["meant_status"], order["status"] = order["status"], "checkout-draft"
            self._keep_order(order)
            self.hooks.tell("order.created", order["id"])
            return Checkout(order["id"], wish)

    def finish_checkout(self, checkout: Checkout) -> int:
        """The visitor presses the button. On the old shop the draft's id becomes the order, creation time unchanged."""
        if checkout.order_id is None:
            return self.place_order(checkout.wish)
        with self.changing():
            order = self.order(checkout.order_id)
            order["status"] = order.pop("meant_status")
            order["modified"] = self.clock()
            self._placed(order)
            self.hooks.tell("order.updated", order["id"])
            return checkout.order_id

    def pay(self, order_id: int, transaction_id: str | None = None) -> None:
        """The gateway reports the payment: the order is being processed and has its date of payment."""
        with self.changing():
            order = self.order(order_id)
            status_changes = order["status"] in ("pending", "on-hold", "failed")
            order["paid"] = order["paid"] or self.clock()
            order["transaction_id"] = transaction_id or f"TR-{order_id}"
            if status_changes:
                self.enter_status(order, "processing")
            self.saved(order, moves_on_posts=status_changes)

    def set_status(self, order_id: int, status: str) -> None:
        """Any status may follow any other. An order in the bin silently comes back."""
        with self.changing():
            order = self.order(order_id)
            before = order["status"]
            self.enter_status(order, status)
            # Seen: a status PUT on a binned order tells nobody on HPOS.
            quiet = before == "trash" and self.is_new
            self.saved(order, moves_on_posts=before != status, tell=not quiet)

    def edit_address(self, order_id: int, *, kind: Literal["billing", "shipping"] = "shipping", **fields: str) -> None:
        """A clerk of the shop corrects an address."""
        with self.changing():
            order = self.order(order_id)
            order[kind] = order[kind] | fields
            self.saved(order)

    def edit_line(self, order_id: int, *, position: int = 0, quantity: int) -> None:
        """A clerk changes the quantity of a line, and the admin page reckons anew; 0 removes the line."""
        with self.changing():
            order = self.order(order_id)
            row = order["line_items"][position]
            if quantity == 0:
                order["line_items"].remove(row)
            else:
                scale = Decimal(quantity) / Decimal(str(row["quantity"]))
                for kind in ("subtotal", "total"):
                    net, tax = Decimal(row[kind]) * scale, Decimal(row["tax_raw"][kind]) * scale
                    set_amounts(row, kind, net=net, tax=tax, decimals=self.decimals)
                row["quantity"] = quantity
            self.reckon(order)
            self.saved(order)

    def add_line(self, order_id: int, sku: str, quantity: int = 1) -> None:
        """A clerk adds a product to an order."""
        with self.changing():
            order = self.order(order_id)
            row = line_row(self.workshop, self.item_by_sku(sku), quantity, order["currency"])
            order["line_items"].append(row)
            self.reckon(order)
            self.saved(order)

    def edit_meta(self, order_id: int, key: str, value: Any) -> None:
        """A plug-in writes a row of meta data; None deletes it."""
        with self.changing():
            order = self.order(order_id)
            order["meta_data"] = [row for row in order["meta_data"] if row["key"] != key]
            if value is not None:
                order["meta_data"].append(meta_row(self.workshop, key, value))
            self.saved(order)

    def set_customer_note(self, order_id: int, note: str) -> None:
        """Change what the buyer wrote."""
        with self.changing():
            order = self.order(order_id)
            order["customer_note"] = note
            self.saved(order, moves_on_posts=True)

    def add_note(self, order_id: int, note: str, *, customer_note: bool = False) -> Record:
        """An order note: moves no date and tells nobody."""
        with self.changing():
            order = self.order(order_id)
            row = {
                "id": self.new_id("note"),
                "created": self.clock(),
                "note": note.replace("&", "&amp;").replace("<", "&lt;"),
                "customer_note": customer_note,
            }
            order["notes"].append(row)
            self._keep_order(order)
            return row

    def trash(self, order_id: int) -> None:
        """Put the order in the bin."""
        with self.changing():
            order = self.order(order_id)
            if order["status"] == "trash":
                raise ShopError(f"order {order_id} is in the bin already")
            order["status_before_trash"], order["status"] = order["status"], "trash"
            self.saved(order, moves_on_posts=True, tell=False)
            self.hooks.tell("order.deleted", order_id)

    def restore(self, order_id: int) -> None:
        """Take the order out of the bin, as a clerk does in the admin pages."""
        with self.changing():
            order = self.order(order_id)
            if order["status"] != "trash":
                raise ShopError(f"order {order_id} is not in the bin")
            order["status"] = order.pop("status_before_trash", "pending")
            self.saved(order, moves_on_posts=True, tell=False)
            self.hooks.tell("order.restored", order_id)

    def delete_for_good(self, order_id: int) -> None:
        """The order ceases to exist. Nobody is told."""
        with self.changing():
            order = self.order(order_id)
            for refund_id in order["refunds"]:
                del self.refunds[refund_id]
                self.keep("refund", refund_id, None)
            del self.orders[order_id]
            self.keep("order", order_id, None)

    # --- refunds --------------------------------------------------------------------------------------------------

    def refunds_of(self, order_id: int) -> list[Record]:
        """The order's refunds, newest first; none for an unknown order."""
        order = self.orders.get(order_id)
        return [self.refunds[refund_id] for refund_id in sorted(order["refunds"], reverse=True)] if order else []

    def refund(
        self,
        order_id: int,
        amount: Decimal | int | None = None,
        *,
        line: tuple[int, int] | None = None,
        reason: str = "",
    ) -> int:
        """Give money back: an amount, or pieces of a line as (line id, quantity), or with neither all that is left.

        When nothing is left the order becomes `refunded`. Returns the refund's id.
        """
        with self.changing():
            order = self.order(order_id)
            rows = [self._refund_row(order, *line)] if line else []
            if amount is None and rows:
                amount = -sum((Decimal(row["total"]) + Decimal(row["total_tax"]) for row in rows), Decimal(0))
            elif amount is None:
                amount = self.left_to_refund(order)
            return self.make_refund(order, Decimal(amount), rows, reason)

    def left_to_refund(self, order: Record) -> Decimal:
        """What has not been given back yet."""
        back = sum((Decimal(refund["amount"]) for refund in self.refunds_of(order["id"])), Decimal(0))
        return Decimal(order["total"]) - back

    def make_refund(self, order: Record, amount: Decimal, rows: list[Record], reason: str) -> int:
        """Keep a refund of these (negative) lines; ShopError if it is more than what is left."""
        if amount < 0 or amount > self.left_to_refund(order):
            raise ShopError("Invalid refund amount.")
        refund_id = self._record_refund(order, amount, rows, reason)
        if self.left_to_refund(order) == 0 and order["status"] != "refunded":
            order["status"] = "refunded"
        self.saved(order, moves_on_posts=True)
        return refund_id

    def refund_line(self, row: Record, *, quantity: int, net: Decimal, tax: Decimal) -> Record:
        """The negative line of a refund that points to the order's line."""
        back = row | {
            "id": self.new_id("item"),
            "quantity": -quantity,
            "tax_raw": {},
            "meta_data": [meta_row(self.workshop, "_refunded_item_id", str(row["id"]))],
        }
        for kind in ("subtotal", "total"):
            set_amounts(back, kind, net=-net, tax=-tax, decimals=self.decimals)
        return back

    def delete_refund(self, order_id: int, refund_id: int) -> None:
        """Take a refund back. Moves no date."""
        with self.changing():
            order = self.order(order_id)
            if refund_id not in order["refunds"]:
                raise ShopError(f"order {order_id} has no refund {refund_id}")
            order["refunds"].remove(refund_id)
            del self.refunds[refund_id]
            self.keep("refund", refund_id, None)
            self._keep_order(order)

    def _refund_row(self, order: Record, line_id: int, quantity: int) -> Record:
        for row in order["line_items"]:
            if row["id"] == line_id:
                share = Decimal(quantity) / Decimal(str(row["quantity"]))
                net = rounded(Decimal(row["total"]) * share, self.decimals)
                tax = rounded(Decimal(row["tax_raw"]["total"]) * share, self.decimals)
                return self.refund_line(row, quantity=quantity, net=net, tax=tax)
        raise ShopError(f"order {order['id']} has no line {line_id}")

    def _record_refund(self, order: Record, amount: Decimal, rows: list[Record], reason: str) -> int:
        refund_id = self.new_id("post")
        kind = "partial" if amount < Decimal(order["total"]) else "full"
        refund: Record = {
            "id": refund_id,
            "order_id": order["id"],
            "created": self.clock(),
            "amount": as_text(amount, self.decimals),
            "reason": reason,
            "meta_data": [meta_row(self.workshop, "_refund_type", kind)],
            "line_items": rows,
            "shipping_lines": [],
            "fee_lines": [],
            "tax_lines": [],
        }
        self.reckon(refund)
        self.refunds[refund_id] = refund
        order["refunds"].append(refund_id)
        self.keep("refund", refund_id, refund)
        return refund_id

    # --- custom statuses, webhooks --------------------------------------------------------------------------------

    def register_status(self, slug: str, label: str | None = None) -> None:
        """A plug-in brings a status."""
        with self.changing():
            self.custom_statuses[slug] = label or slug
            self.keep("status", slug, label or slug)

    def unregister_status(self, slug: str) -> None:
        """The plug-in is gone; orders keep its status all the same."""
        with self.changing():
            self.custom_statuses.pop(slug, None)
            self.keep("status", slug, None)

    def add_webhook(self, *, name: str, topic: str, delivery_url: str, secret: str, status: str = "active") -> Record:
        """A new webhook; the ping is the caller's (`hooks.ping`), because it needs the network."""
        with self.changing():
            moment = self.clock()
            webhook: Record = {
                "id": self.new_id("webhook"),
                "name": name,
                "topic": topic,
                "delivery_url": delivery_url,
                "secret": secret,
                "status": status,
                "created": moment,
                "modified": moment,
                "pinged": False,
                "failures": 0,
            }
            self.webhooks[webhook["id"]] = webhook
            self._keep_webhook(webhook)
            return webhook

    def delete_webhook(self, webhook_id: int) -> None:
        """The webhook ceases to exist."""
        with self.changing():
            self.webhooks.pop(webhook_id, None)
            self.keep("webhook", webhook_id, None)

    # --- the one way a change is kept -----------------------------------------------------------------------------

    def reckon(self, order: Record) -> None:
        """Sum the order (or refund) up again."""
        recalculate(order, decimals=self.decimals, new_item_id=lambda: self.new_id("item"))

    def saved(self, order: Record, *, moves_on_posts: bool = False, tell: bool = True) -> None:
        """Keep a changed order. HPOS moves `date_modified` on every save, posts storage on a few kinds of change."""
        if self.is_new or moves_on_posts:
            order["modified"] = self.clock()
        self._keep_order(order)
        if tell:
            self.hooks.tell("order.updated", order["id"])

    def enter_status(self, order: Record, status: str) -> None:
        """Set the status with what follows from it; the caller saves. The lock is held."""
        order.pop("status_before_trash", None)
        order["status"] = status
        paid_statuses = {"completed"} if order["payment_method"] == "cod" else {"processing", "completed"}
        if status in paid_statuses:
            order["paid"] = order["paid"] or self.clock()
        if status == "completed":
            order["completed"] = order["completed"] or self.clock()
        if status in STOCK_TAKING:
            self._move_stock(order, back=False)
        elif status == "cancelled":
            self._move_stock(order, back=True)
        elif status == "refunded" and self.left_to_refund(order) > 0:
            self._record_refund(order, self.left_to_refund(order), [], "Order fully refunded.")

    def _make(self, wish: Wish) -> Record:
        order_id = self.new_id("post")
        rng = Random(f"{self.seed}/{self.name}/{order_id}")  # noqa: S311 - a demo, not a secret
        number = f"{self.number_prefix}{order_id}"
        order = make_order(self.workshop, wish, rng, order_id=order_id, number=number, created=self.clock())
        self.orders[order_id] = order
        return order

    def _placed(self, order: Record) -> None:
        self.enter_status(order, order["status"])
        if order["paid"] and order["payment_method"] not in ("", "cod", "bacs"):
            order["transaction_id"] = f"TR-{order['id']}"
        self._keep_order(order)

    def _keep_order(self, order: Record) -> None:
        self.keep("ids", "next", self._next_ids)
        self.keep("order", order["id"], order)

    def _keep_webhook(self, webhook: Record) -> None:
        self.keep("webhook", webhook["id"], webhook)
        self.keep("ids", "next", self._next_ids)
