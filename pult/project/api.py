"""The HTTP API at /api/v1: the apps' routes, one form for everything that goes wrong, and the OpenAPI document.

Each app's `api` module holds its routes; `accounts.api` gives each its right. What an error is called and which HTTP
status it has is decided here alone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from pult.accounts.errors import TooManyRequests
from pult.catalogue.api import router as catalogue
from pult.customers.api import router as customers
from pult.lib.failures import ChannelFailure, PultError
from pult.lib.problems import CONTENT_TYPE, problem
from pult.lib.shapes import Problem
from pult.orders.api import router as orders
from pult.reports.api import router as reports
from pult.sync.api import router as sync

logger = logging.getLogger(__name__)

STATUSES: Final[dict[str, int]] = {
    "not_allowed": 403,
    "order_not_found": 404,
    "channel_not_found": 404,
    "product_not_found": 404,
    "customer_not_found": 404,
    "no_such_line": 404,
    "no_such_problem": 404,
    "step_refused": 409,
    "order_finished": 409,
    "external_id_taken": 409,
    "duplicate_code": 409,
    "code_taken": 409,
    "customer_known": 409,
    "nothing_to_fetch": 409,
    "too_many_requests": 429,
}
"""The HTTP status of an error by its code; every other one is 422: the request is understood and cannot be done."""

EXTRA: Final = ("number", "customer_id")
"""What an error may say beside its words: which thing it met."""

DESCRIPTION: Final = """
The orders of all sales channels in one place.

* **Entering**: `Authorization: Bearer TOKEN`; `pult token create NAME --role ROLE` makes one. Each operation names the
  right it needs (`x-pult-action`); a token has the rights of its role.
* **Errors** are problem documents (RFC 9457): `code` is stable, `detail` says what to do, `errors` names the fields.
* **Lists** are `{"items": […], "next": CURSOR or null}`; ask again with `cursor=CURSOR`. `limit` is at most 500.
* **Writes** take an `Idempotency-Key`: sent again within 24 hours with the same key, a write that was answered is
  answered the same way (with `Idempotency-Replayed: true`) and not done again. What was refused has left nothing behind
  and may be sent again with its key.
* **Pace**: 100 requests a second for each token and web process, 200 at once; more is answered 429 with `Retry-After`.
* **Amounts** are decimal strings in the order's currency, times are UTC in RFC 3339, absent is null.
"""


class StrictJson(Parser):
    """Reads JSON as its standard says: no NaN, no half surrogates, no endless nesting."""

    def parse_body(self, request: HttpRequest) -> Any:
        return orjson.loads(request.body)


class Api(NinjaAPI):
    """The API with its OpenAPI document completed by what every operation has: its right and its problems."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        document["components"]["schemas"].setdefault("Problem", _problem_schema())
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(operation, has_target="{" in path, writes=method != "get")
        return document


def _problem_schema() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    inner = schema.pop("$defs", {})
    schema["properties"]["errors"] = {
        "anyOf": [{"type": "array", "items": inner["FieldError"]}, {"type": "null"}],
        "title": "Errors",
    }
    return schema


def _complete(operation: dict[str, Any], *, has_target: bool, writes: bool) -> None:
    statuses = {"400", "401", "403", "422", "429"}
    if has_target or writes:
        statuses |= {"404"}
    if writes:
        statuses |= {"409", "413"}
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(statuses):
        title = HTTPStatus(int(status)).phrase
        operation["responses"].setdefault(status, {"description": title, "content": content})
    # ninja keys responses by number, the specification by text
    operation["responses"] = {str(status): response for status, response in operation["responses"].items()}


api = Api(
    title="Pult",
    version=version("pult"),
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,  # a page of documentation would need scripts that the content security policy forbids
    openapi_url="/openapi.json",
    parser=StrictJson(),
)

for _router in (orders, sync, catalogue, customers, reports):
    api.add_router("", _router)


def problem_response(document: Mapping[str, Any]) -> HttpResponse:
    """A problem document as an HTTP answer."""
    return HttpResponse(orjson.dumps(document), status=document["status"], content_type=CONTENT_TYPE)


def status_problem(status: int, detail: str | None = None) -> HttpResponse:
    """The problem document of an HTTP status that has no more to say."""
    title = HTTPStatus(status).phrase
    return problem_response(problem(status, title.lower().replace(" ", "_"), title, detail))


@api.exception_handler(PultError)
def on_pult_error(request: HttpRequest, error: PultError) -> HttpResponse:
    """Refused: the error's own code and words."""
    status = 502 if isinstance(error, ChannelFailure) else STATUSES.get(error.code, 422)
    extra: dict[str, Any] = {name: getattr(error, name) for name in EXTRA if hasattr(error, name)}
    if error.field:
        extra["errors"] = [{"field": error.field, "message": error.sentence}]
    response = problem_response(problem(status, error.code, HTTPStatus(status).phrase, str(error), **extra))
    if isinstance(error, TooManyRequests):
        response["Retry-After"] = str(max(1, math.ceil(error.wait_s)))
    return response


@api.exception_handler(ValidationError)
def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The request does not have the form the API asks for: every wrong field is named."""
    errors = [
        {"field": _field_name(item["loc"]), "message": str(item["msg"]).removeprefix("Value error, ")}
        for item in error.errors[:50]
    ]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors[:3])
    return problem_response(problem(422, "invalid", HTTPStatus(422).phrase, detail, errors=errors))


def _field_name(place: tuple[str | int, ...]) -> str:
    # (body, body, lines, 0, quantity): the kind of parameter, a body's name in the view, then the way to the field
    parts = list(place[1:] if place and place[0] in {"body", "query", "path", "header"} else place)
    if parts and place[0] in {"body", "query"} and parts[0] in {"body", "query"}:
        parts = parts[1:]
    return ".".join(str(part) for part in parts) or str(place[0])


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """No token, or a body that is no JSON."""
    if error.status_code == 401:
        response = status_problem(401, "Send a living token: Authorization: Bearer TOKEN.")
        response["WWW-Authenticate"] = 'Bearer realm="Pult"'
        return response
    if error.status_code == 400:
        return problem_response(problem(400, "bad_json", "Bad Request", "The body is no JSON document."))
    return status_problem(error.status_code, str(error))


@api.exception_handler(Http404)
def on_404(request: HttpRequest, error: Http404) -> HttpResponse:
    return status_problem(404)


@api.exception_handler(RequestDataTooBig)
def on_large_body(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return status_problem(413, "The body is larger than 10 MB.")


@api.exception_handler(Exception)
def on_defect(request: HttpRequest, error: Exception) -> HttpResponse:
    """A defect: the log has it under the request's id, the caller learns nothing of the inside."""
    logger.error("api_defect", exc_info=error, extra={"path": request.path})
    return status_problem(500, "Something unexpected went wrong; X-Request-Id names this request in the log.")


@csrf_exempt
def unknown_path(request: HttpRequest) -> HttpResponse:
    """Every address under /api/v1/ that is none of the API's."""
    return status_problem(404, "There is nothing at this address; /api/v1/openapi.json lists what there is.")
