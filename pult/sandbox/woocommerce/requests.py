"""A request as WordPress sees it: route, parameters read the PHP way, JSON body."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Params = dict[str, Any]
"""Parameter → text, or for `name[]=` and `name[key]=` a dict of texts in the order PHP keeps them."""


def php_params(query: str) -> Params:
    """What PHP makes of a query string: `+` is a space, brackets make arrays, the last of equal names counts."""
    params: Params = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        match = re.fullmatch(r"([^\[\]]+)\[([^\[\]]*)\]", name)
        if match is None:
            params[name] = value
            continue
        rows = params.get(match[1])
        if not isinstance(rows, dict):
            rows = params[match[1]] = {}
        rows[match[2] or str(len(rows))] = value
    return params


def as_list(value: Any) -> list[str]:
    """A list parameter: an array, or one text with commas or spaces between."""
    if isinstance(value, dict):
        return [str(inner) for inner in value.values()]
    return [part for part in re.split(r"[\s,]+", str(value)) if part]


@dataclass
class Request:
    """One request to one shop."""

    method: str
    target: str
    """Path and query as sent, without the shop's prefix on this server."""
    headers: dict[str, str]
    body: bytes = b""
    secure: bool = False
    params: Params = field(init=False)
    path: str = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path = unquote(parts.path) or "/"
        self.params = php_params(parts.query)

    @property
    def verb(self) -> str:
        """The method that counts: a POST may say that it means another."""
        if self.method == "POST":
            override = self.params.get("_method") or self.headers.get("x-http-method-override")
            if override:
                return str(override).upper()
        return self.method

    def json(self) -> dict[str, Any] | None:
        """The JSON body; empty if it is not declared as JSON (the body is then ignored); None if it cannot be read."""
        if "application/json" not in self.headers.get("content-type", "") or not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else {}


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    is_html: bool = False
