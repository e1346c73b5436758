"""How a program comes in: its token, its right, its pace, and each of its writes done once.

Every route of the HTTP API is made by `reads` or `writes`, so none can be without an action.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from hashlib import sha256
from typing import Annotated, Any, Final, get_args, get_origin

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.security import HttpBearer
from pydantic import BaseModel

from pult.accounts.errors import NotAllowed, TooManyRequests
from pult.accounts.models import ApiToken
from pult.accounts.rules.permissions import ACTIONS
from pult.accounts.selectors import token_by_text
from pult.accounts.services import claim_key, keep_answer, note_token_use
from pult.lib.failures import UserError
from pult.lib.rates import Buckets

View = Callable[..., Any]

RATE: Final = 100.0
"""Requests a second that a token may make in the long run, in each web process; twice that at once."""

LONGEST_KEY: Final = 255

_buckets = Buckets(rate=RATE, burst=2 * RATE)


class Bearer(HttpBearer):
    """Lets a living token through whose role may do `action`."""

    def __init__(self, action: str) -> None:
        super().__init__()
        if action not in ACTIONS:
            raise KeyError(action)
        self.action = action

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """The token; None if there is no such one. Raises NotAllowed, TooManyRequests."""
        found = token_by_text(token.strip())
        if found is None:
            return None
        if wait_s := _buckets.wait_s(found.pk):
            raise TooManyRequests(wait_s)
        note_token_use(found)
        if not found.can(self.action):
            raise NotAllowed(self.action)
        return found


def reads(router: Router, path: str, *, action: str, answer: Any, **options: Any) -> Callable[[View], View]:
    """A GET route that needs `action`; the view returns a document in the shape `answer`."""
    return _route(router, "GET", path, action=action, answer=answer, status=200, options=options)


def writes(
    router: Router, method: str, path: str, *, action: str, answer: Any, status: int = 200, **options: Any
) -> Callable[[View], View]:
    """A route that changes something: what it does happens once for each Idempotency-Key.

    The view returns a document, or (status, document) where the status is one of `also`. `once` False: a key is not
    looked at, for what changes nothing here and waits for the outside, over which no transaction may stay open.
    """
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
        "description": "A text of your own for this one write: sent again within 24 hours, it is answered as the first"
        " time and nothing is done twice.",
    }
    if options.setdefault("once", True):
        options["parameters"] = [key]
    return _route(router, method, path, action=action, answer=answer, status=status, options=options)


def json_response(document: Any, *, status: int = 200) -> HttpResponse:
    """A document as an HTTP answer."""
    return HttpResponse(orjson.dumps(document), status=status, content_type="application/json")


def _route(
    router: Router, method: str, path: str, *, action: str, answer: Any, status: int, options: dict[str, Any]
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        signature = inspect.signature(view, eval_str=True)
        known = frozenset(_query_names(signature))

        @wraps(view)
        def run(request: HttpRequest, **values: Any) -> HttpResponse:
            _check_query(request, known)
            key = _key_of(request) if options.get("once") else None
            if key is None:
                return _answered(view(request, **values), status)
            return _done_once(request, key, lambda: _pair(view(request, **values), status))

        run.__signature__ = signature  # type: ignore[attr-defined]
        parameters = {"parameters": options["parameters"]} if "parameters" in options else {}
        router.api_operation(
            [method],
            path,
            auth=Bearer(action),
            response=dict.fromkeys((status, *options.get("also", ())), answer),
            operation_id=view.__name__,
            summary=options.get("summary"),
            openapi_extra={"x-pult-action": action, **parameters},
        )(run)
        return run

    return decorate


def _query_names(signature: inspect.Signature) -> Iterator[str]:
    for parameter in signature.parameters.values():
        if get_origin(parameter.annotation) is not Annotated:
            continue
        kind, *marks = get_args(parameter.annotation)
        if any(type(mark).__name__ == "Query" for mark in marks) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                yield field.alias or name


def _check_query(request: HttpRequest, known: frozenset[str]) -> None:
    """A misspelt filter must not be taken for none at all."""
    for name in request.GET:
        if name not in known:
            raise UserError(
                "The parameter “%(name)s” is not known here%(choice)s.",
                code="unknown_parameter",
                params={"name": name[:60], "choice": f"; choose from {', '.join(sorted(known))}" if known else ""},
                field=name[:60],
            )


def _key_of(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        raise UserError(
            "An Idempotency-Key is a text of 1 to 255 letters, digits and signs, without spaces.",
            code="bad_key",
            field="Idempotency-Key",
        )
    return key


def _done_once(request: HttpRequest, key: str, work: Callable[[], tuple[int, Any]]) -> HttpResponse:
    """The claim, the work and the answer in one transaction: a refused write leaves nothing, not even its key."""
    token: ApiToken = request.auth
    digest = sha256(b"\n".join((f"{request.method} {request.get_full_path()}".encode(), request.body))).digest()
    with transaction.atomic():
        kept = claim_key(token, key, digest=digest)
        if kept is not None:
            response = json_response(kept.answer, status=kept.status or 200)
            response["Idempotency-Replayed"] = "true"
            return response
        status, document = work()
        keep_answer(token, key, status=status, answer=document)
    return json_response(document, status=status)


def _pair(result: Any, status: int) -> tuple[int, Any]:
    return result if isinstance(result, tuple) else (status, result)


def _answered(result: Any, status: int) -> HttpResponse:
    status, document = _pair(result, status)
    return json_response(document, status=status)
