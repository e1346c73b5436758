"""`GET /orders`: every parameter with the meaning, and the quirks, of each generation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pult.sandbox.woocommerce.amounts import Record
from pult.sandbox.woocommerce.answers import invalid_params, order_answer
from pult.sandbox.woocommerce.requests import Answer, Params, Request, as_list

if TYPE_CHECKING:
    from pult.sandbox.woocommerce.shop import SandboxShop

_DATE = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.\d+)?([Zz]|[+-]\d{2}(?::?\d{2})?)?",
)
_ORDERINGS = ("date", "id", "include", "title", "slug", "modified")
_CHANCE = SystemRandom()


class BadParam(Exception):
    """A parameter the server refuses."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message


def integer(params: Params, name: str, default: int, *, least: int | None = None, most: int | None = None) -> int:
    """A whole number within its bounds."""
    if name not in params:
        return default
    text = str(params[name])
    if not re.fullmatch(r"-?\d+", text):
        raise BadParam(name, f"{name} is not of type integer.")
    value = int(text)
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = (
            f"between {least} (inclusive) and {most} (inclusive)"
            if most is not None
            else f"greater than or equal to {least}"
        )
        raise BadParam(name, f"{name} must be {bounds}")
    return value


def boolean(params: Params, name: str) -> bool:
    """A truth value as WordPress reads it."""
    value = str(params.get(name, "false")).lower()
    if value not in ("true", "1", "false", "0", ""):
        raise BadParam(name, f"{name} is not of type boolean.")
    return value in ("true", "1")


def decimals(params: Params) -> int | None:
    """The `dp` parameter; None is the shop's own."""
    return integer(params, "dp", 0, least=0) if "dp" in params else None


def paged(shop: SandboxShop, request: Request, found: list[Any], *, route: str) -> tuple[list[Any], dict[str, str]]:
    """The page asked for, and the headers that go with it (`Link` repeats every parameter, keys included)."""
    params = request.params
    page = integer(params, "page", 1, least=1)
    per_page = integer(params, "per_page", 10, least=1, most=100)
    offset = integer(params, "offset", 0) if "offset" in params else (page - 1) * per_page
    shown = found[offset : offset + per_page]
    total = len(found)
    if not shown and page > 1 and shop.is_new:
        total = 0  # seen: a page beyond the end has a total of 0 on HPOS, the true one on posts storage
    pages = -(-total // per_page)
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    links = []
    if page > 1 and total:
        links.append((min(page - 1, pages), "prev"))
    if page < pages:
        links.append((page + 1, "next"))
    if links:
        base = f"{shop.home_url}/wp-json{route}"
        headers["Link"] = ", ".join(f'<{base}?{_query(params, number)}>; rel="{rel}"' for number, rel in links)
    return shown, headers


def _query(params: Params, page: int) -> str:
    pairs: list[str] = []
    for name, value in {**params, "page": str(page)}.items():
        rows = {f"{name}[{key}]": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
        pairs += [f"{quote(key, safe='')}={quote(str(inner), safe='')}" for key, inner in rows.items()]
    return "&".join(pairs)


def fields_only(answer: Any, params: Params) -> Any:
    """`_fields`: nothing but what was asked for, also inside (`billing.email`)."""
    if "_fields" not in params:
        return answer
    wanted = as_list(params["_fields"])
    if not wanted:
        return answer
    if isinstance(answer, list):
        return [fields_only(one, params) for one in answer]
    return {
        key: value
        if key in wanted
        else _inner(value, [name.partition(".")[2] for name in wanted if name.startswith(f"{key}.")])
        for key, value in answer.items()
        if key in wanted or any(name.startswith(f"{key}.") for name in wanted)
    }


def _inner(value: Any, names: list[str]) -> Any:
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else value


def orders_page(shop: SandboxShop, request: Request) -> Answer:
    """The answer to `GET /orders`."""
    params = request.params
    try:
        dp = decimals(params)
        query = _Query.read(shop, params)
        with shop.lock:
            found = query.run(shop)
            shown, headers = paged(shop, request, found, route="/wc/v3/orders")
            if any(order["id"] in shop.faults.crashing_orders for order in shown):
                return Answer(500, None)
            body = [filter_meta(order_answer(shop, order, dp), params) for order in shown]
    except BadParam as bad:
        return Answer(*invalid_params(**{bad.name: bad.message}))
    return Answer(200, body, headers)


def filter_meta(answer: Record, params: Params) -> Record:
    """`include_meta` and `exclude_meta`; the first wins."""
    wanted, unwanted = as_list(params.get("include_meta", "")), as_list(params.get("exclude_meta", ""))
    if wanted:
        answer["meta_data"] = [row for row in answer["meta_data"] if row["key"] in wanted]
    elif unwanted:
        answer["meta_data"] = [row for row in answer["meta_data"] if row["key"] not in unwanted]
    return answer


def moment(shop: SandboxShop, params: Params, name: str, *, is_gmt: bool) -> int | None:
    """A date filter as seconds since 1970. Fractions are cut; a date alone is refused."""
    if name not in params:
        return None
    match = _DATE.fullmatch(str(params[name]))
    try:
        if match is None:
            raise ValueError
        value = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        raise BadParam(name, "Invalid date.") from None
    zone = match[3]
    if zone is None:
        return int(value.replace(tzinfo=UTC if is_gmt else shop.zone).timestamp())
    shift = timedelta(0)
    if zone not in ("Z", "z"):
        hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
        shift = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    utc = (value - shift).replace(tzinfo=UTC)
    if is_gmt:
        # Seen: the value is first moved to local time, then read as UTC, so the newest hours are never returned.
        return int(utc.astimezone(shop.zone).replace(tzinfo=UTC).timestamp())
    return int(utc.timestamp())


@dataclass
class _Query:
    keeps: list[Callable[[Record], bool]]
    orderby: str
    descending: bool
    include: list[int]

    @classmethod
    def read(cls, shop: SandboxShop, params: Params) -> _Query:
        integer(params, "page", 1, least=1)
        integer(params, "per_page", 10, least=1, most=100)
        is_gmt = boolean(params, "dates_are_gmt")
        keeps: list[Callable[[Record], bool]] = []
        # All four are exclusive and compare whole seconds.
        for name, key, sign in (
            ("after", "created", 1),
            ("before", "created", -1),
            ("modified_after", "modified", 1),
            ("modified_before", "modified", -1),
        ):
            limit = moment(shop, params, name, is_gmt=is_gmt)
            if limit is not None:
                keeps.append(_beyond(key, limit, sign))
        orderby, direction = str(params.get("orderby", "date")), str(params.get("order", "desc"))
        if orderby not in _ORDERINGS:
            raise BadParam("orderby", f"orderby is not one of {', '.join(_ORDERINGS)}.")
        if direction not in ("asc", "desc"):
            raise BadParam("order", "order is not one of asc, desc.")
        if str(params.get("context", "view")) not in ("view", "edit"):
            raise BadParam("context", "context is not one of view, edit.")
        include, exclude = _ids(params, "include"), _ids(params, "exclude")
        if include:
            keeps.append(lambda order: order["id"] in include)
        if exclude:
            keeps.append(lambda order: order["id"] not in exclude)
        if "customer" in params:
            customer = integer(params, "customer", 0)
            keeps.append(lambda order: order["customer_id"] == customer)
        if "parent" in params:
            parents = _ids(params, "parent")
            keeps.append(lambda _: 0 in parents)
        if "product" in params:
            product = integer(params, "product", 0)
            keeps.append(
                lambda order: any(product in (row["product_id"], row["variation_id"]) for row in order["line_items"])
            )
        if shop.is_new and params.get("created_via"):
            ways = as_list(params["created_via"])
            keeps.append(lambda order: order["created_via"] in ways)
        if params.get("search"):
            words = str(params["search"]).lower()
            keeps.append(lambda order: words in _searched(order))
        keeps.append(_status_filter(shop, params))
        return cls(keeps, orderby, direction == "desc", include)

    def run(self, shop: SandboxShop) -> list[Record]:
        found = [order for order in shop.orders.values() if all(keep(order) for keep in self.keeps)]
        if self.orderby == "include" and self.include:
            return sorted(found, key=lambda order: self.include.index(order["id"]))
        if self.orderby == "id":
            return sorted(found, key=lambda order: order["id"], reverse=self.descending)
        key = "modified" if self.orderby == "modified" else "created"
        if shop.is_new:
            found.sort(key=lambda order: order["id"], reverse=self.descending)
        else:
            _CHANCE.shuffle(found)  # equal seconds have no fixed order on posts storage
        return sorted(found, key=lambda order: order[key], reverse=self.descending)


def _beyond(key: str, limit: int, sign: int) -> Callable[[Record], bool]:
    return lambda order: (order[key] - limit) * sign > 0


def _ids(params: Params, name: str) -> list[int]:
    try:
        return [int(text) for text in as_list(params.get(name, ""))]
    except ValueError:
        raise BadParam(name, f"{name}[0] is not of type integer.") from None


def _searched(order: Record) -> str:
    texts = [*order["billing"].values(), *order["shipping"].values(), *(row["name"] for row in order["line_items"])]
    return " ".join([str(order["id"]), *texts]).lower()


def _status_filter(shop: SandboxShop, params: Params) -> Callable[[Record], bool]:
    statuses = as_list(params["status"]) if "status" in params else ["any"]
    known = (*shop.statuses(), "any", "trash", "auto-draft")
    for place, status in enumerate(statuses):
        if status not in known:
            raise BadParam("status", f"status[{place}] is not one of {', '.join(known)}.")
    if "any" in statuses:  # `trash` beside `any` is ignored
        return lambda order: _is_any(shop, order["status"])
    if not statuses:  # an empty text: all on HPOS, nothing on posts storage, whose default status orders never have
        return lambda order: shop.is_new and _is_any(shop, order["status"])
    if "auto-draft" in statuses and not shop.is_new:
        return lambda order: True  # nonsense, but seen: all orders
    return lambda order: order["status"] in statuses and order["status"] != "auto-draft"


def _is_any(shop: SandboxShop, status: str) -> bool:
    if status in ("trash", "auto-draft"):
        return False
    if not shop.is_new:
        return True
    return status != "checkout-draft" and status in shop.statuses()
