"""The HTTP API as a program uses it: a token of a role, and JSON in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from pult.accounts.models import ApiToken
from pult.accounts.services import create_token
from pult.channels.models import SalesChannel
from pult.channels.services import add_channel
from pult.history.types import SYSTEM

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """What came back: its status, its document, and the answer itself for the headers."""

    status: int
    json: Any
    raw: HttpResponse

    @property
    def fields(self) -> list[str]:
        """The fields that a problem document names."""
        return [error["field"] for error in self.json.get("errors", [])]


class ApiClient:
    """A program with a token of `role`; without a role it has none."""

    def __init__(self, role: str | None = "admin") -> None:
        self.token: ApiToken | None = None
        self.text = ""
        if role:
            self.token, self.text = create_token(actor=SYSTEM, name=f"test {role}", role=role)
        self._client = Client(raise_request_exception=False)

    def get(self, path: str, **parameters: Any) -> Answer:
        return self.call("GET", path, query=parameters)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return self.call("POST", path, body=body, key=key)

    def patch(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return self.call("PATCH", path, body=body, key=key)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        raw: bytes | None = None,
        key: str | None = None,
    ) -> Answer:
        """One request under /api/v1; a problem must be a problem document, else this is an AssertionError."""
        headers = {"Authorization": f"Bearer {self.text}"} if self.text else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = raw if raw is not None else (b"" if body is None else orjson.dumps(body))
        response = self._client.generic(
            method, f"/api/v1{path}", data, "application/json", headers=headers, query_params=query
        )
        document: Any = orjson.loads(response.content) if response.content else {}
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == PROBLEM, response.headers
            assert document["status"] == response.status_code
            assert document["code"] and document["title"] and document["type"].startswith("urn:pult:problem:")
        return Answer(response.status_code, document, response)


def custom_channel(code: str = "telefon", *, currency: str = "HUF", name: str | None = None) -> SalesChannel:
    """A channel that clerks and programs record orders in."""
    return add_channel(actor=SYSTEM, code=code, kind="custom", name=name, currency=currency)


def order_body(channel: str = "telefon", **more: Any) -> dict[str, Any]:
    """The least that makes an order: ten mugs at 1550 Ft gross, 27 % VAT."""
    line = {"name": "Bögre", "quantity": "10", "unit_price_gross": "1550", "vat_rate": "27"}
    return {"channel": channel, "lines": [line], **more}
