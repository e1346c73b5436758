"""Speaking HTTP to shops: every call has a limit in time and size, and every failure says what is to be done.

Redirects are never followed: they lose the credentials and turn a POST into a GET. What a shop says in an error is
quoted, without secrets, for the person who has to mend it.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import httpx
import orjson

from pult.lib.clock import now
from pult.lib.failures import ChannelFailure, Misconfigured, Refused, Throttled, Transient, Unreadable
from pult.lib.secrets import redact

TIMEOUT: Final = httpx.Timeout(60, connect=10)
LARGEST_ANSWER: Final = 64 * 1024 * 1024
LONGEST_ANSWER_S: Final = 300
LONGEST_WAIT_S: Final = 3600
USUAL_WAIT_S: Final = 30

_LOGIN_PAGE: Final = re.compile(r"log-?in|sign-?in|/auth|/sso|belepes|bejelentkez|my-account|fiokom", re.I)
_HTML: Final = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|title|h1)\b", re.I | re.S)
# Where JSON begins behind the warnings that PHP prints: on a line of its own, after a tag, or after "on line 12".
_JSON_START: Final = re.compile(rb"(?:^|>|\bon line \d+[ \t]?)([\[{])", re.M)
_TRAILING_COMMENTS: Final = re.compile(rb"(?:\s*<!--(?:[^-]|-(?!->))*-->)+\s*\Z")


class Client(httpx.Client):
    """An httpx client whose answers are read whole, within limits, and whose failures are `ChannelFailure`s."""

    largest_answer = LARGEST_ANSWER
    longest_answer_s: float = LONGEST_ANSWER_S

    def build_request(self, *args: Any, **kwargs: Any) -> httpx.Request:
        try:
            return super().build_request(*args, **kwargs)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            raise _bad_address(error) from error

    def send(self, request: httpx.Request, *, stream: bool = False, **kwargs: Any) -> httpx.Response:
        try:
            response = super().send(request, stream=True, **kwargs)
            return response if stream else self._read(response)
        except httpx.HTTPError as error:
            raise failure_of(error, host=request.url.host) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _bad_address(error) from error

    def _read(self, response: httpx.Response) -> httpx.Response:
        """The same answer with its whole body; what is counted is the size after unpacking."""
        deadline = time.monotonic() + self.longest_answer_s
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self.largest_answer:
                    raise Unreadable(
                        "The answer of %(host)s is larger than %(mib)s MiB.",
                        code="answer_too_large",
                        params={"host": response.url.host, "mib": self.largest_answer // 1024**2},
                    )
                if time.monotonic() > deadline:
                    raise Transient(
                        "%(host)s sends its answer too slowly.", code="timed_out", params={"host": response.url.host}
                    )
        finally:
            response.close()
        # unpacked already, so the headers that describe the packing go
        packing = {"content-encoding", "content-length", "transfer-encoding"}
        return httpx.Response(
            response.status_code,
            headers=[(name, value) for name, value in response.headers.multi_items() if name not in packing],
            content=bytes(body),
            request=response.request,
            extensions={name: value for name, value in response.extensions.items() if name != "network_stream"},
        )


def http_client(
    base_headers: Mapping[str, str] | None = None,
    *,
    verify: bool | ssl.SSLContext = True,
    timeout: httpx.Timeout | float = TIMEOUT,
    auth: httpx.Auth | tuple[str, str] | None = None,
) -> Client:
    """A client for one channel: honest User-Agent, time limits, no redirects, no answer above 64 MiB.

    Every call returns the whole answer or raises a `ChannelFailure`; pass the answer to `raise_for_failure`.
    """
    try:
        return Client(
            headers={"User-Agent": user_agent(), **(base_headers or {})},
            verify=verify,
            timeout=timeout,
            auth=auth,
            follow_redirects=False,
        )
    except UnicodeError as error:
        raise Misconfigured(
            "The credentials hold characters that cannot be sent.",
            code="bad_credentials",
            next_step="Copy them from the shop again.",
        ) from error


@lru_cache(maxsize=1)
def user_agent() -> str:
    """How Pult introduces itself to shops."""
    try:
        return f"Pult/{version('pult')} (+https://pult.example)"
    except PackageNotFoundError:
        return "Pult/0 (+https://pult.example)"


# The one table: HTTP status → what is to be done. What is not here: 2xx is well, 4xx Misconfigured, 5xx Transient.
#
#   3xx               Refused if it leads to a log-in page, else Misconfigured: the shop lives at another address
#   401, 407          Refused
#   403               Refused; Transient if the answer is an HTML page: that is a firewall speaking, not the shop,
#                     and it says nothing of the key
#   402               Refused: the shop or its account is suspended
#   408, 423, 425     Transient
#   429               Throttled, by Retry-After, else 30 s
#   503               Throttled with a Retry-After, else Transient
_TRANSIENT: Final = frozenset({408, 423, 425})


def raise_for_failure(response: httpx.Response) -> None:
    """Nothing for 2xx; raises the `ChannelFailure` that the status stands for, with the shop's own words."""
    status = response.status_code
    if response.is_success:
        return
    params = {"status": status, "said": said_by(response), "host": response.url.host}
    if response.is_redirect or 300 <= status < 400:
        raise _redirected(response, params)
    wait_s = retry_after_s(response)
    if status == 429 or (status == 503 and wait_s is not None):
        raise Throttled(
            "%(host)s asks for a pause (%(status)s).",
            wait_s=USUAL_WAIT_S if wait_s is None else wait_s,
            params=params,
        )
    if status in _TRANSIENT or status >= 500:
        raise Transient("%(host)s has trouble of its own (%(status)s)%(said)s.", code="server_error", params=params)
    if status == 403 and (looks_like_html(response.content) or "cf-mitigated" in response.headers):
        raise Transient(
            "A firewall in front of %(host)s turns Pult away (%(status)s).",
            code="firewall",
            params=params,
            next_step="If this lasts, ask the shop's host to let Pult through.",
        )
    if status in (401, 402, 403, 407):
        raise Refused("%(host)s refuses the credentials (%(status)s)%(said)s.", params=params)
    if status in (404, 410):
        raise Misconfigured(
            "There is no such interface at %(host)s (%(status)s)%(said)s.",
            code="not_found",
            params=params,
            next_step="Check the address in the channel's settings.",
        )
    raise Misconfigured(
        "%(host)s does not accept the request (%(status)s)%(said)s.", code="not_accepted", params=params
    )


def retry_after_s(response: httpx.Response) -> float | None:
    """The pause that `Retry-After` asks for, as seconds or as a date; between 0 and an hour; None without one."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,12}(?:\.\d+)?", text, re.ASCII):
        return min(float(text), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    wait_s = (until.replace(tzinfo=until.tzinfo or UTC) - now()).total_seconds()
    return min(max(wait_s, 0), LONGEST_WAIT_S)


def failure_of(error: httpx.HTTPError, *, host: str) -> ChannelFailure:
    """What an exception of httpx means, in plain words."""
    params: dict[str, Any] = {"host": host}
    tls = _tls_error(error)
    if tls is not None:
        params["reason"] = getattr(tls, "verify_message", "") or getattr(tls, "reason", "") or str(tls)
        return Misconfigured(
            "The encrypted connection to %(host)s fails: %(reason)s.",
            code="tls",
            params=params,
            next_step="Check the address and the shop's certificate.",
        )
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return _bad_address(error)
    if isinstance(error, httpx.TimeoutException):
        return Transient("%(host)s does not answer in time.", code="timed_out", params=params)
    if isinstance(error, httpx.ConnectError):
        return Transient(
            "%(host)s cannot be reached.",
            code="unreachable",
            params=params,
            next_step="If this lasts, check the address in the channel's settings.",
        )
    return Transient("The connection to %(host)s broke.", code="broken_connection", params=params)


def json_of(response: httpx.Response) -> Any:
    """The list or object that the answer holds; see `read_json`."""
    return read_json(response.content, host=response.url.host)


def read_json(body: bytes, *, host: str = "The channel") -> Any:
    """The list or object in `body`, behind a byte order mark or the warnings of PHP if there are any.

    Never takes a web page, an empty or a cut answer for an empty list. Raises `Transient` for those, which come from
    maintenance pages and broken connections, and `Unreadable` for what is whole and no JSON list or object.
    """
    params = {"host": host}
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text.strip():
        raise Transient("%(host)s answered with nothing.", code="empty_answer", params=params)
    if looks_like_html(text):
        raise Transient(
            "%(host)s answered with a web page instead of data.",
            code="html_answer",
            params=params,
            next_step="If this lasts, check the address; a maintenance page or a firewall may stand before the shop.",
        )
    start = 0 if text[:1] in b"[{" else next((match.start(1) for match in _JSON_START.finditer(text)), None)
    if start is None:
        raise Unreadable("The answer of %(host)s is no JSON list or object.", code="no_json", params=params)
    text = text[start:]
    text = text[:-4096] + _TRAILING_COMMENTS.sub(b"", text[-4096:])
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lenient = text.decode("utf-8", "replace")
        try:
            return _parse_leniently(lenient)
        except (ValueError, RecursionError):
            if _is_cut(lenient):
                raise Transient("The answer of %(host)s was cut off.", code="cut_answer", params=params) from error
            raise Unreadable("The answer of %(host)s is not valid JSON.", code="bad_json", params=params) from error


def looks_like_html(body: bytes) -> bool:
    """Whether `body` is a web page, by its beginning."""
    return _HTML.match(body.lstrip(b"\xef\xbb\xbf")[:4096]) is not None


def said_by(response: httpx.Response) -> str:
    """The shop's own words in an error, led in by a colon, one short line without secrets; empty if it said nothing."""
    try:
        answer = orjson.loads(response.content)
    except ValueError:
        return ""
    words = None
    if isinstance(answer, dict):
        words = next(
            (answer[name] for name in ("message", "error_description", "detail", "error") if answer.get(name)), ""
        )
    if not isinstance(words, str):
        return ""
    line = redact(" ".join(re.sub(r"<[^>]*>", "", words).split()))[:200].rstrip(". ")
    return f": {line}" if line else ""


def _parse_leniently(text: str) -> Any:
    """JSON with half an emoji in it; raises `ValueError` for what is no JSON at all.

    A shop that cuts a note in the middle sends such text and orjson refuses it; one order must not hide its page.
    """
    value = json.loads(text, parse_constant=_no_constant)
    return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _is_cut(text: str) -> bool:
    """Whether text that is no JSON would be, had it gone on."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "surrogate" not in error.msg:
            return "end of data" in error.msg
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.msg.startswith("Unterminated") or error.pos >= len(text) - 6
    return False


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _redirected(response: httpx.Response, params: dict[str, Any]) -> ChannelFailure:
    location = response.headers.get("location", "")
    params["location"] = redact(location.partition("?")[0])[:200]
    if _LOGIN_PAGE.search(location):
        return Refused("%(host)s sends Pult to a log-in page (%(location)s).", code="login_page", params=params)
    return Misconfigured(
        "%(host)s says that it lives at another address: %(location)s (%(status)s).",
        code="redirected",
        params=params,
        next_step="Enter that address in the channel's settings.",
    )


def _bad_address(error: Exception) -> Misconfigured:
    return Misconfigured(
        "The request cannot be sent: %(reason)s.",
        code="bad_address",
        params={"reason": (redact(str(error)) or type(error).__name__).rstrip(".")[:200]},
        next_step="Check the address and the credentials in the channel's settings.",
    )


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS error that lies behind `error`, if one does; a connection cut in the hand-shake is none."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None
