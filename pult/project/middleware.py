"""What every request passes: its actor and ids for the log, and the content security policy."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

import orjson
from django.http import HttpRequest, HttpResponse

from pult.lib.logs import log_context
from pult.lib.problems import CONTENT_TYPE, problem

GetResponse = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


class RequestContextMiddleware:
    """Gives each request an id: in the log, and in the answer's X-Request-Id."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid4().hex[:12]
        with log_context(request=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class ContentSecurityPolicyMiddleware:
    """Only Pult's own files run or show; nothing inline. Raw messages are texts, never pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        return response


class ApiProblemMiddleware:
    """Under /api/ every error is a problem document, also those that never reach the API (405, a refused host…)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path_info.startswith("/api/"):
            return response
        if response.headers.get("Content-Type") == CONTENT_TYPE:
            return response
        title = HTTPStatus(response.status_code).phrase
        document = problem(response.status_code, title.lower().replace(" ", "_"), title)
        answer = HttpResponse(orjson.dumps(document), status=response.status_code, content_type=CONTENT_TYPE)
        for name in ("Allow", "Retry-After", "X-Request-Id", "Content-Security-Policy"):
            if name in response.headers:
                answer[name] = response[name]
        return answer
