"""WooCommerce's webhooks: registering them at the shop, mending them, and reading what they deliver.

A delivery is only ever a hint: it says which order to look at. Reasons in docs/channels/woocommerce.md, "Webhooks".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import orjson

from pult.connectors.protocol import HookHint, HooksState
from pult.connectors.woocommerce.client import ApiError, Shop, explained
from pult.connectors.woocommerce.fetching import orders_in
from pult.connectors.woocommerce.parse import id_of
from pult.lib.failures import Refused, Unreadable

logger = logging.getLogger(__name__)

TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")
# WordPress delivers to no other port, and to no private address; it does so in silence.
DELIVERED_PORTS = frozenset({80, 443, 8080})
_PING = re.compile(rb"webhook_id=\d{1,20}")


def ensure_hooks(shop: Shop, *, address: str, secret: str, memo: Mapping[str, Any]) -> HooksState:
    """See `ReadsHooks.ensure_hooks`. The memo keeps a digest of the secret: the shop never shows what it signs with."""
    mark = hashlib.sha256(secret.encode()).hexdigest()[:16]
    try:
        right: dict[Any, int] = {}
        for hook in _own_hooks(shop, address, memo):
            topic = hook.get("topic")
            is_right = (
                hook.get("status") == "active"
                and hook.get("delivery_url") == address
                and topic in TOPICS
                and topic not in right
                and memo.get("secret_mark") == mark
            )
            if is_right:
                right[topic] = hook["id"]
            else:
                # Made anew rather than mended: switching a disabled one on again keeps its count of failures.
                shop.call("DELETE", f"/webhooks/{hook['id']}", {"force": "true"})
        for topic in TOPICS:
            if topic not in right:
                made = shop.call("POST", "/webhooks", body=_hook(topic, address, secret)).data
                right[topic] = made["id"] if type(made) is dict and type(made.get("id")) is int else 0
    except ApiError as error:
        if error.status in (401, 403):
            return HooksState(
                False, "The key may not register webhooks: it is read-only, or its user may not manage the shop."
            )
        return HooksState(False, explained(error).sentence)
    return HooksState(True, _doubt(address), {"ids": right, "secret_mark": mark})


def remove_hooks(shop: Shop, *, address: str) -> None:
    """See `ReadsHooks.remove_hooks`."""
    try:
        for hook in _own_hooks(shop, address, {}):
            shop.call("DELETE", f"/webhooks/{hook['id']}", {"force": "true"})
    except ApiError as error:
        raise explained(error) from error


def read_hook(headers: Mapping[str, str], body: bytes, *, secret: str) -> HookHint:
    """See `ReadsHooks.read_hook`."""
    signature = headers.get("x-wc-webhook-signature", "")
    if not signature:
        if _PING.fullmatch(body.strip()):
            return HookHint(ping=True)
        raise Refused("The webhook is not signed.", code="bad_signature")
    wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    if not secret or not hmac.compare_digest(wanted, signature.strip().encode("utf-8", "replace")):
        raise Refused("The signature of the webhook is wrong.", code="bad_signature")
    if not headers.get("x-wc-webhook-topic", "order.").startswith("order."):
        return HookHint()
    try:
        data = orjson.loads(body)
        # An order that is gone before its delivery arrives as an error, properly signed, that names no order.
        return HookHint((id_of(data),)) if type(data) is dict else HookHint()
    except (orjson.JSONDecodeError, Unreadable):
        return HookHint()


def _hook(topic: str, address: str, secret: str) -> dict[str, str]:
    return {"name": f"Pult {topic}", "topic": topic, "delivery_url": address, "secret": secret, "status": "active"}


def _own_hooks(shop: Shop, address: str, memo: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The shop's webhooks that lead to this address, and those that Pult made when the channel had another one.

    Never by name or likeness: another installation may keep the same shop in step.
    """
    ids = memo.get("ids")
    made = set(ids.values()) if type(ids) is dict else set()
    own: list[dict[str, Any]] = []
    for number in count(1):
        rows = orders_in(shop.get("/webhooks", {"per_page": "100", "page": str(number), "status": "all"}).data)
        own += [
            row
            for row in rows
            if type(row.get("id")) is int and (row.get("delivery_url") == address or row["id"] in made)
        ]
        if len(rows) < 100:
            break
    return own


def _doubt(address: str) -> str:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port in DELIVERED_PORTS:
        return ""
    return f"WordPress delivers webhooks to the ports 80, 443 and 8080 only, not to {port}: polling does the work."
