"""Speaking HTTP with a WooCommerce shop: where its API is, how it wants the key, and what its answers mean.

Which way works is found out once, by trying (docs/channels/woocommerce.md, "Base address" and "Keys"), and remembered;
a shop whose address and key need no tricks costs no request more than the one that is wanted.
"""

from __future__ import annotations

import logging
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import orjson
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY, Client

from pult.lib.failures import ChannelFailure, Misconfigured, PultError, Refused, Throttled, Transient, Unreadable
from pult.lib.http import http_client, json_of, raise_for_failure

logger = logging.getLogger(__name__)

API = "wc/v3"
_WRONG_KEY = "woocommerce_rest_authentication_error"
Params = dict[str, str]
Method = Literal["GET", "POST", "PUT", "DELETE"]

_PATH_OF_STYLE = {
    "pretty": "/wp-json/wc/v3{path}",
    "index": "/index.php/wp-json/wc/v3{path}",
    # Plain permalinks: WooCommerce looks at keys only if the address holds `wp-json/wc/`, unencoded.
    "plain": "/wp-json/wc/v3{path}?rest_route=/wc/v3{path}",
    "marked": "/?rest_route=/wc/v3{path}&x=wp-json/wc/",
}
_ROOT_OF_STYLE = {"pretty": "/wp-json/", "index": "/index.php/wp-json/", "plain": "/?rest_route=/"}
_LOG_IN = re.compile(r"wp-login|login|log-in|bejelentkez|coming-soon|maintenance|karbantart", re.IGNORECASE)
_SUFFIX = re.compile(r"/(?:index\.php/)?(?:wp-json|wp-admin|wp-login\.php|index\.php)(?:/.*)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """How one shop is spoken to: the address dialled, how paths are written, how the key is shown.

    `auth` is basic, query or oauth; `sign_as` is the home address in the OAuth base string, which the shop builds from
    its own settings and not from what was dialled.
    """

    base: str
    style: str = "pretty"
    auth: str = "basic"
    sign_as: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The parsed JSON of a successful call, and the shop's clock if it told."""

    data: Any
    shop_time: datetime | None


@dataclass(frozen=True, slots=True)
class Root:
    """What `GET /wp-json/` tells without a key; `style` is how it was reached, `moved_to` where it redirects to."""

    base: str
    style: str
    home: str
    namespaces: tuple[str, ...]
    name: str
    timezone: str
    moved_to: str = ""


class ApiError(Exception):
    """An error that WordPress answered in its own form; what it means depends on who asked."""

    def __init__(self, status: int, code: str, params: frozenset[str] = frozenset()) -> None:
        super().__init__(f"HTTP {status} {code}")
        self.status = status
        self.code = code
        self.params = params


# Ways that worked in this process. Only saves requests: a way that fails is looked for again.
_known_ways: dict[tuple[str, str], Way] = {}


class Shop:
    """One WooCommerce shop and one key pair. Holds the way that works, nothing else."""

    def __init__(self, settings: Mapping[str, str], client: httpx.Client | None = None) -> None:
        self.url = clean_url(settings.get("url") or "")
        self._key = (settings.get("consumer_key") or "").strip()
        self._secret = (settings.get("consumer_secret") or "").strip()
        verify = (settings.get("verify_tls") or "true").strip().lower() not in ("false", "0", "no", "off")
        self._client = client or http_client(verify=_tls_context(verify))
        self._way = _known_ways.get((self.url, self._key))
        self._skew_s = 0

    @property
    def way(self) -> Way:
        """The way that is used now: found, remembered, or the likeliest."""
        if self._way is None:
            secure = self.url.startswith("https:")
            self._way = Way(self.url, auth="basic" if secure else "oauth", sign_as=self.url)
        return self._way

    @property
    def memo(self) -> dict[str, str]:
        """The way as plain JSON, for the cursor."""
        return asdict(self.way)

    def remember(self, memo: Any) -> None:
        """Take up a way that an earlier call found; anything else than such a memo is ignored."""
        if (self.url, self._key) in _known_ways or type(memo) is not dict:
            return
        if (
            set(memo) == {"base", "style", "auth", "sign_as"}
            and memo["style"] in _PATH_OF_STYLE
            and is_same_site(memo["base"], self.url)
        ):
            self._way = Way(**memo)

    # -- calls -------------------------------------------------------------------------------------------

    def get(self, path: str, params: Params | None = None) -> Answer:
        """GET below wc/v3. Raises `ApiError` for errors in WordPress's form, a failure for everything else."""
        return self.call("GET", path, params)

    def call(self, method: Method, path: str, params: Params | None = None, *, body: Any = None) -> Answer:
        """One call; if the way it went turns out wrong, another way is looked for once and the call is made again."""
        try:
            answer = self._call(self.way, method, path, params, body)
        except (ApiError, Misconfigured, Refused) as error:
            if method != "GET" or (isinstance(error, ApiError) and not _may_be_the_way(error)):
                raise
            before = self.way
            self.discover()
            if self.way == before:
                raise
            answer = self._call(self.way, method, path, params, body)
        _known_ways[(self.url, self._key)] = self.way
        return answer

    def discover(self) -> None:
        """Find a way that works, by trying. Raises what the last one tried said if none does."""
        closed_root: PultError | None = None
        try:
            root = self.find_root()
        except (Misconfigured, Refused) as error:
            # Hidden or closed to guests, the API may still open to the key.
            closed_root = error
            root = Root(base=self.url, style="pretty", home=self.url, namespaces=(), name="", timezone="")
        failure: Exception | None = None
        for way in ways_to_try(root, self.url):
            try:
                self._call(way, "GET", "/orders", {"per_page": "1", "_fields": "id"}, None)
            except ApiError as error:
                # "The secret is wrong" says more than "nobody may look at this", which a lost header gives too.
                if failure is None or not isinstance(failure, ApiError) or error.code == _WRONG_KEY:
                    failure = error
                is_wrong_secret = error.code == _WRONG_KEY and way.auth != "oauth"
                if error.status not in (401, 404) or is_wrong_secret:
                    break
            except PultError as error:
                failure = failure or error
            else:
                logger.info("way to the shop found", extra={"style": way.style, "auth": way.auth})
                self._way = way
                _known_ways[(self.url, self._key)] = way
                return
        _known_ways.pop((self.url, self._key), None)
        if closed_root and not (isinstance(failure, ApiError) and failure.status in (401, 403)):
            raise closed_root
        if isinstance(failure, ApiError):
            raise explained(failure)
        raise failure or Misconfigured("No way to the API of %(url)s was found.", params={"url": self.url})

    def find_root(self) -> Root:
        """Where the REST API answers, asked without a key. Raises a failure in plain words if nowhere does."""
        failure: PultError | None = None
        for style, path in _ROOT_OF_STYLE.items():
            try:
                root = self._root_at(self.url, style, path)
            except (Transient, Throttled):
                raise
            except PultError as error:
                failure = failure or error
                continue
            if root:
                return root
        raise failure or Misconfigured(
            "%(url)s does not answer as a WordPress shop: its REST API was not found.",
            code="no_rest_api",
            params={"url": self.url},
            next_step="Check the address, and that no security plug-in closes /wp-json/.",
        )

    def _root_at(self, base: str, style: str, path: str) -> Root | None:
        target = base + path
        moved: str | None = ""
        for _ in range(5):
            response = self._send("GET", target, {}, None)
            if not response.is_redirect:
                break
            next_target = str(response.url.join(response.headers.get("location", "")))
            if not is_same_site(next_target, base) or _LOG_IN.search(urlsplit(next_target).path):
                raise _redirected(next_target)
            target = next_target
            moved = _base_of(next_target, path)
            if moved is None:
                return None
        else:
            raise Misconfigured("%(url)s redirects in a circle.", code="redirected", params={"url": base})
        if response.status_code in (401, 403):
            code = _error_code(response)
            if code:
                raise closed(code)
        if response.status_code not in (404, 410):
            raise_for_failure(response)
        try:
            data = json_of(response)
        except (Transient, Unreadable):
            # A page of the theme where the API should be: it may still answer at another address.
            return None
        if type(data) is not dict or type(data.get("namespaces")) is not list:
            return None
        home = data.get("home") or data.get("url")
        return Root(
            base=moved or base,
            style=style,
            home=home.rstrip("/") if type(home) is str and home.startswith("http") else base,
            namespaces=tuple(str(name) for name in data["namespaces"]),
            name=str(data.get("name") or ""),
            timezone=str(data.get("timezone_string") or data.get("gmt_offset") or ""),
            moved_to=moved or "",
        )

    def _call(self, way: Way, method: Method, path: str, params: Params | None, body: Any) -> Answer:
        response = self._send(method, *self._signed(way, method, path, params or {}), body)
        shop_time = _time_of(response)
        if way.auth == "oauth" and response.status_code == 401 and shop_time and not self._skew_s:
            # The shop's clock is so far off that it takes every signature for an old one: sign by its clock.
            skew = (shop_time - datetime.now(UTC)).total_seconds()
            if abs(skew) > 600:
                self._skew_s = int(skew)
                response = self._send(method, *self._signed(way, method, path, params or {}), body)
        if response.is_redirect:
            target = str(response.url.join(response.headers.get("location", "")))
            raise _redirected(target)
        if 400 <= response.status_code < 500 and response.status_code != 429:
            code = _error_code(response)
            if code:
                raise ApiError(response.status_code, code, _params_of(response))
        raise_for_failure(response)
        return Answer(json_of(response), shop_time)

    def _send(self, method: str, target: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
        headers = {"Accept": "application/json", "Cache-Control": "no-cache"} | headers
        content = None
        if body is not None:
            # Without the type WooCommerce ignores the body and answers 200 all the same.
            headers["Content-Type"] = "application/json"
            content = orjson.dumps(body)
        return self._client.request(method, target, headers=headers, content=content, follow_redirects=False)

    def _signed(self, way: Way, method: Method, path: str, params: Params) -> tuple[str, dict[str, str]]:
        tail = _PATH_OF_STYLE[way.style].format(path=path)
        if way.auth == "query":
            params = params | {"consumer_key": self._key, "consumer_secret": self._secret}
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params.items())
        if query:
            tail += ("&" if "?" in tail else "?") + query
        if way.auth == "basic":
            return way.base + tail, {"Authorization": _basic(self._key, self._secret)}
        if way.auth == "query":
            return way.base + tail, {}
        oauth = Client(
            self._key,
            client_secret=self._secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            signature_type=SIGNATURE_TYPE_QUERY,
            timestamp=str(int(datetime.now(UTC).timestamp()) + self._skew_s),
        )
        signed: str = oauth.sign((way.sign_as or way.base) + tail, http_method=method)[0]
        return way.base + signed[len(way.sign_as or way.base) :], {}


# -- pure helpers ----------------------------------------------------------------------------------------


def clean_url(url: str) -> str:
    """The shop's address with a scheme, without what belongs to its pages. Raises `Misconfigured`."""
    url = url.strip()
    if not url:
        raise Misconfigured("The address of the shop is missing.", code="bad_address")
    bad = Misconfigured(
        "The address of the shop is not a web address: %(url)s", code="bad_address", params={"url": url[:100]}
    )
    if "://" not in url:
        url = f"https://{url}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad from None
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in parts.netloc:
        raise bad
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = _SUFFIX.sub("", parts.path).rstrip("/")
    return urlunsplit((parts.scheme, f"{host}:{port}" if port else host, path, "", ""))


def is_same_site(one: str, other: str) -> bool:
    """Whether two addresses are the same shop but for http/https, the standard ports and a leading `www.`."""

    def site(url: str) -> tuple[str, int | None]:
        parts = urlsplit(url)
        port = None if parts.port in (80, 443) else parts.port
        return (parts.hostname or "").removeprefix("www."), port

    try:
        return site(one) == site(other)
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether an address is this computer itself."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def ways_to_try(root: Root, url: str) -> Iterator[Way]:
    """The ways to show a key, likeliest first; a secret never crosses a network in the clear."""
    bases = [root.base]
    if is_same_site(root.home, root.base) and root.home != root.base:
        bases.insert(0, root.home)
    styles = ["plain", "marked"] if root.style == "plain" else [root.style]
    for base in bases:
        for style in styles:
            if base.startswith("https:"):
                yield Way(base, style, "basic")
                yield Way(base, style, "query")
            for sign_as in dict.fromkeys(
                (root.home, _with_scheme(root.home, "http"), _with_scheme(root.home, "https"), base)
            ):
                yield Way(base, style, "oauth", sign_as)
            if base.startswith("http:") and is_loopback(base):
                # It does not leave this computer; a development server may know no other way.
                yield Way(base, style, "basic")
                yield Way(base, style, "query")


def explained(error: ApiError) -> PultError:
    """The failure that an error code means for whoever keeps the channel."""
    params = {"status": error.status, "code": error.code}
    if error.code in ("rest_no_route", "rest_no_such_namespace"):
        return Misconfigured(
            "The shop does not know the interface wc/v3.",
            code="no_woocommerce",
            next_step="Switch WooCommerce on there; it must be 3.5 or newer.",
        )
    if error.code.startswith("rest_") and error.status in (401, 403):
        return closed(error.code)
    if error.code == _WRONG_KEY:
        return Refused(
            "The shop refuses the key: the consumer key or the consumer secret is wrong, or the key was revoked.",
            code="key_refused",
            next_step="Make a new key in the shop (WooCommerce, Settings, Advanced, REST API) and enter it here.",
        )
    if error.status == 403:
        return Refused(
            "The key belongs to a user of the shop who may not see orders.",
            code="key_without_rights",
            next_step="Make the key for an administrator or a shop manager.",
        )
    if error.status == 401:
        return Refused(
            "The shop does not accept the key: it is unknown there, or the web server drops the Authorization header.",
            code="key_unknown",
            next_step="Compare the key with the one in the shop (WooCommerce, Settings, Advanced, REST API).",
        )
    return Misconfigured(
        "The shop does not accept the request (%(status)s, %(code)s).", code="not_accepted", params=params
    )


def closed(code: str) -> Refused:
    """The failure of a shop whose REST API is closed to visitors, by the plug-in's error code."""
    return Refused(
        "The shop closes its REST API to guests (%(code)s).",
        code="api_closed",
        params={"code": code[:100]},
        next_step="A security plug-in there must let /wp-json/wc/v3 pass.",
    )


def _may_be_the_way(error: ApiError) -> bool:
    return error.status in (401, 403) or error.code in ("rest_no_route", "rest_no_such_namespace")


def _error_of(response: httpx.Response) -> dict[str, Any]:
    try:
        data = json_of(response)
    except ChannelFailure:
        return {}
    return data if type(data) is dict else {}


def _error_code(response: httpx.Response) -> str | None:
    code = _error_of(response).get("code")
    return code if type(code) is str and code else None


def _params_of(response: httpx.Response) -> frozenset[str]:
    more = _error_of(response).get("data")
    params = more.get("params") if type(more) is dict else None
    return frozenset(params) if type(params) is dict else frozenset()


def _redirected(target: str) -> ChannelFailure:
    parts = urlsplit(target)
    params = {"location": urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))[:200]}
    if _LOG_IN.search(parts.path):
        return Refused(
            "The shop sends Pult to a log-in or notice page (%(location)s) instead of its REST API.",
            code="login_page",
            params=params,
            next_step="Open the shop, or let /wp-json/wc/v3 pass.",
        )
    return Misconfigured(
        "The shop sends Pult on to another address (%(location)s).",
        code="redirected",
        params=params,
        next_step="Enter that address in the channel's settings.",
    )


def _base_of(target: str, path: str) -> str | None:
    """The address before `path`, None if the redirect leads elsewhere."""
    parts = urlsplit(target)
    own = urlsplit(path)
    if own.query:
        if "rest_route" not in parts.query:
            return None
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    if not parts.path.rstrip("/").endswith(own.path.rstrip("/")):
        return None
    return urlunsplit(
        (parts.scheme, parts.netloc, parts.path.rstrip("/")[: -len(own.path.rstrip("/"))], "", "")
    ).rstrip("/")


@lru_cache(maxsize=2)
def _tls_context(verify: bool) -> ssl.SSLContext:
    # Reading the system's certificates takes longer than fetching an order.
    return httpx.create_ssl_context(verify=verify)


def _basic(key: str, secret: str) -> str:
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


def _with_scheme(url: str, scheme: str) -> str:
    return scheme + url[url.index(":") :]


def _time_of(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
