"""Webhooks: who is to be told, the signed delivery, and the counter that switches a failing one off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import httpx

from pult.sandbox.woocommerce.amounts import Record
from pult.sandbox.woocommerce.answers import invalid_id, order_answer, php_json

if TYPE_CHECKING:
    from pult.sandbox.woocommerce.shop import SandboxShop

logger = logging.getLogger(__name__)

TOPICS = frozenset(
    f"{resource}.{event}"
    for resource in ("order", "product", "customer", "coupon")
    for event in ("created", "updated", "deleted", "restored")
)
FAILURES_ALLOWED = 7
"""The failure in a row that disables a webhook (woocommerce.md §8)."""


def signature(body: bytes, secret: str) -> str:
    """The X-WC-Webhook-Signature of a body: base64(HMAC-SHA256)."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_valid_topic(topic: str) -> bool:
    """Whether the shop knows the topic."""
    return topic in TOPICS or (topic.startswith("action.") and len(topic) > len("action."))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Hooks:
    """The queue of one shop's deliveries.

    `mode`: "background" delivers by a thread some `delay_s` after the change, "synchronous" before the change returns,
    "manual" only when `deliver_pending` is called. Several changes of one order before the queue runs are one delivery.
    """

    def __init__(self, shop: SandboxShop) -> None:
        self.mode: Literal["background", "synchronous", "manual"] = "background"
        self.delay_s = 0.3
        self.timeout_s = 5.0
        self.deliveries: list[Record] = []
        """What was sent: webhook id, topic, body, and the status of the answer (0: none)."""
        self._shop = shop
        self._pending: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._delivering = threading.Lock()
        self._client: httpx.Client | None = None

    def start(self) -> None:
        """Start the thread that delivers; called by the server."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name=f"hooks-{self._shop.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; what was not delivered is lost, as with a broken WP-Cron."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=self.timeout_s + 1)
            self._thread = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def tell(self, topic: str, resource_id: int) -> None:
        """Put the news into the queue of every active webhook of the topic. The shop's lock is held."""
        for webhook in self._shop.webhooks.values():
            if webhook["topic"] == topic and webhook["status"] == "active":
                self._pending.setdefault((webhook["id"], resource_id), topic)
        self._wake.set()

    def settle(self) -> None:
        """After a change, with no lock held: deliver at once if so asked."""
        if self.mode == "synchronous":
            self.deliver_pending()

    def deliver_pending(self) -> int:
        """Deliver what waits, one after the other; returns how many were sent."""
        count = 0
        with self._delivering:
            while True:
                with self._shop.lock:
                    if not self._pending:
                        return count
                    (webhook_id, resource_id), topic = self._pending.popitem(last=False)
                    webhook = self._shop.webhooks.get(webhook_id)
                    if webhook is None or webhook["status"] != "active":
                        continue
                    body, url = self._body(topic, resource_id), webhook["delivery_url"]
                    pinged, secret = webhook["pinged"], webhook["secret"]
                if not pinged:
                    self.ping(webhook_id)
                status = self._deliver(webhook_id, topic, url, body, secret)
                count += 1
                with self._shop.lock:
                    self._count(webhook_id, status)

    def ping(self, webhook_id: int) -> None:
        """The form-encoded, unsigned greeting. Only a plain 200 counts as an answer."""
        with self._shop.lock:
            known = self._shop.webhooks.get(webhook_id)
            if known is None:  # deleted in the meantime
                return
            url = known["delivery_url"]
        status = self._post(
            url,
            f"webhook_id={webhook_id}".encode(),
            {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": self._agent()},
            follow=True,
        )
        with self._shop.lock:
            webhook = self._shop.webhooks.get(webhook_id)
            if webhook is not None:
                webhook["pinged"] = status == 200
                self._shop.keep("webhook", webhook_id, webhook)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            if self.mode == "background" and not self._stop.wait(self.delay_s):
                self.deliver_pending()

    def _body(self, topic: str, resource_id: int) -> bytes:
        """The state at the time of delivery, not that of the change."""
        if topic == "order.deleted":
            return json.dumps({"id": resource_id}, separators=(",", ":")).encode()
        order = self._shop.orders.get(resource_id)
        return php_json(invalid_id(404)[1] if order is None else order_answer(self._shop, order))

    def _agent(self) -> str:
        return f"WooCommerce/{self._shop.version} Hookshot (WordPress/{self._shop.wordpress_version})"

    def _deliver(self, webhook_id: int, topic: str, url: str, body: bytes, secret: str) -> int:
        resource, _, event = topic.partition(".")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent(),
            "X-WC-Webhook-Source": f"{self._shop.home_url}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature(body, secret),
            "X-WC-Webhook-ID": str(webhook_id),
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(16),
        }
        status = self._post(url, body, headers, follow=False)
        self.deliveries.append({"webhook_id": webhook_id, "topic": topic, "body": body, "status": status})
        del self.deliveries[:-1000]
        return status

    def _post(self, url: str, body: bytes, headers: dict[str, str], *, follow: bool) -> int:
        # The sandbox never speaks to the world: as WordPress does with private addresses, it fails in silence.
        if not _is_loopback(url):
            return 0
        try:
            if self._client is None:
                # A new connection for every delivery, as WordPress does; one client, for its TLS settings cost time.
                self._client = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
            answer = self._client.post(
                url, content=body, headers=headers, timeout=self.timeout_s, follow_redirects=follow
            )
            return answer.status_code
        except httpx.HTTPError as failure:
            logger.info("webhook not delivered", extra={"shop": self._shop.name, "reason": type(failure).__name__})
            return 0

    def _count(self, webhook_id: int, status: int) -> None:
        webhook = self._shop.webhooks.get(webhook_id)
        if webhook is None:
            return
        webhook["failures"] = 0 if 200 <= status <= 302 else webhook["failures"] + 1
        if webhook["failures"] >= FAILURES_ALLOWED:
            webhook["status"] = "disabled"
        self._shop.keep("webhook", webhook_id, webhook)
