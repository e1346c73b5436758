"""What plug-ins of Hungarian shops leave in an order's meta data: tax number, pickup point, parcel numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from pult.connectors.woocommerce.values import one_line, rows
from pult.orders.types import IncomingProblem, PickupPoint

# Számlázz.hu for WooCommerce, Billingo Plus, then themes and smaller plug-ins; newer keys first.
TAX_NUMBER_KEYS = (
    "_billing_wc_szamlazz_adoszam",
    "wc_szamlazz_adoszam",
    "_wc_szamlazz_adoszam",
    "_billing_wc_billingo_plus_adoszam",
    "wc_billingo_plus_adoszam",
    "billingo_plus_adoszam",
    "_billing_tax_number",
    "billing_tax_number",
    "_billing_vat_number",
    "billing_vat_number",
    "_billing_anumber",
    "billing_anumber",
    "_billing_eu_vat_number",
    "billing_eu_vat_number",
    "_vat_number",
    "vat_number",
    "_billing_adoszam",
    "billing_adoszam",
)
# Extra fields of the block checkout are called `_wc_billing/<plug-in>/<field>`.
_BLOCK_TAX_FIELD = re.compile(r"^_wc_(?:billing|other)/.*(?:ad[oó]sz[aá]m|tax|vat)", re.IGNORECASE)

# One plug-in each: the key that holds the point, and who runs it.
_POINT_KEYS = (
    ("foxpost_woo_parcel_apt_id", "foxpost"),
    ("_gls_pickup_info", "gls"),
    ("_gls_package_point", "gls"),
    ("_postapont", "postapont"),
    ("_pickpack_package_point", "pickpack"),
    ("_sprinter_kivalasztott_pickpackpont", "pickpack"),
)
_POINT_CODE_NAMES = ("id", "code", "point_id", "pointId", "shopCode", "shop_code", "place_id")
_POINT_NAME_NAMES = ("name", "point_name", "pointName", "shopName", "shop_name", "title")
_POINT_METHODS = (("packeta_", "packeta"), ("foxpost_woo_parcel_apt_shipping", "foxpost"))
_POINT_TITLE = re.compile(
    r"átvev|automat|csomagpont|z-?box|z-?pont|pick|locker|point|výdej|Packeta pont", re.IGNORECASE
)

_SEPARATORS = re.compile(r"[,;\s|]+")


def meta_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The order's meta data by key; of a key that repeats, the last value that says something."""
    meta: dict[str, Any] = {}
    for row in rows(data.get("meta_data")):
        key = row.get("key")
        value = row.get("value")
        if type(key) is str and value not in (None, "", [], {}):
            meta[key] = value
    return meta


def tax_number_in(meta: Mapping[str, Any], problems: list[IncomingProblem]) -> str | None:
    """The buyer's tax number as typed, from whichever plug-in kept it."""
    for key in TAX_NUMBER_KEYS:
        if key in meta:
            found = one_line(meta[key], "tax_number", problems)
            if found:
                return found
    for key, value in meta.items():
        if key.startswith("_wc_") and _BLOCK_TAX_FIELD.match(key):
            found = one_line(value, "tax_number", problems)
            if found:
                return found
    return None


def pickup_point_in(
    meta: Mapping[str, Any],
    shipping: Mapping[str, Any],
    methods: list[tuple[str, str]],
    problems: list[IncomingProblem],
) -> PickupPoint | None:
    """The parcel locker or shop that the buyer chose. `methods` are the order's (method id, title).

    A method that needs a point while none is told makes a problem; Packeta's plug-in keeps its points in a table of its
    own, which no answer shows.
    """
    if meta:
        code = one_line(meta.get("_vp_woo_pont_point_id"), "pickup_point", problems)
        if code:
            provider = one_line(meta.get("_vp_woo_pont_provider"), "pickup_point", problems)
            name = one_line(meta.get("_vp_woo_pont_point_name"), "pickup_point", problems)
            name = name or one_line(shipping.get("company"), "pickup_point", problems)
            return PickupPoint(provider.lower() if provider else None, code, name)
        for key, provider in _POINT_KEYS:
            if key in meta:
                point = _point_of(meta[key], provider, problems)
                if point:
                    return point
    for method, title in methods:
        for prefix, provider in _POINT_METHODS:
            if method.startswith(prefix) and (provider != "packeta" or _POINT_TITLE.search(title)):
                problems.append(IncomingProblem("pickup_point_unknown", {"provider": provider}))
                return None
    return None


def _point_of(value: Any, provider: str, problems: list[IncomingProblem]) -> PickupPoint | None:
    if type(value) is str and value.lstrip().startswith("{"):
        value = _loose_json(value)
    if type(value) is dict:
        code = _first(value, _POINT_CODE_NAMES, problems)
        return PickupPoint(provider, code, _first(value, _POINT_NAME_NAMES, problems)) if code else None
    code = one_line(value, "pickup_point", problems)
    return PickupPoint(provider, code) if code else None


def _first(value: Mapping[str, Any], names: tuple[str, ...], problems: list[IncomingProblem]) -> str | None:
    for name in names:
        found = one_line(value.get(name), "pickup_point", problems)
        if found:
            return found
    return None


def _loose_json(text: str) -> Any:
    # Sprinter's plug-in writes its JSON with single quotes.
    for attempt in (text, text.replace("'", '"')):
        try:
            return orjson.loads(attempt)
        except orjson.JSONDecodeError:
            continue
    return text


def tracking_numbers_in(meta: Mapping[str, Any], problems: list[IncomingProblem]) -> tuple[str, ...]:
    """Every parcel number that a label or tracking plug-in noted, each once, in the order found."""
    if not meta:
        return ()
    found: dict[str, None] = {}
    for value in _tracking_values(meta):
        text = one_line(value, "tracking_number", problems)
        if text:
            found.update(dict.fromkeys(part for part in _SEPARATORS.split(text) if part))
    return tuple(found)


def _tracking_values(meta: Mapping[str, Any]) -> Iterator[Any]:
    yield meta.get("_vp_woo_pont_parcel_number")
    for key in ("_gls_tracking_codes", "_gls_tracking_code"):
        value = meta.get(key)
        if type(value) is dict:
            value = list(value.values())
        yield from value if type(value) is list else (value,)
    items = meta.get("_wc_shipment_tracking_items")
    if type(items) is dict:
        items = list(items.values())
    for item in rows(items):
        yield item.get("tracking_number")
    yield meta.get("foxpost_order_clfox_id") or meta.get("foxpost_woo_parcel_unique_barcode")
