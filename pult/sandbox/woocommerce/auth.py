"""Who may come in: Basic and key parameters over HTTPS alone, OAuth 1.0a everywhere, as strict as the plug-in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from pult.sandbox.woocommerce.amounts import Record
from pult.sandbox.woocommerce.answers import error
from pult.sandbox.woocommerce.requests import Request

if TYPE_CHECKING:
    from pult.sandbox.woocommerce.shop import SandboxShop

WINDOW_S = 15 * 60
OAUTH_FIELDS = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
Refusal = tuple[int, Record]


def _refused(message: str, code: str = "woocommerce_rest_authentication_error") -> Refusal:
    return error(401, code, message)


def authenticate(shop: SandboxShop, request: Request) -> Refusal | bool:
    """True for a good key, False for no key (or one that WooCommerce does not even look at), else the refusal."""
    # The plug-in looks at keys only when the request's address holds this text, not percent-encoded.
    if "wp-json/wc/" not in request.target:
        return False
    outcome = _by_basic(shop, request) if request.secure else False
    return outcome or _by_oauth(shop, request)


def check_permission(shop: SandboxShop, request: Request) -> Refusal | None:
    """The refusal of a signed-in key that may not read or write."""
    writes = request.verb in ("POST", "PUT", "PATCH", "DELETE")
    if writes and shop.permissions == "read":
        return _refused("The API key provided does not have write permissions.")
    if not writes and shop.permissions == "write":
        return _refused("The API key provided does not have read permissions.")
    return None


def _by_basic(shop: SandboxShop, request: Request) -> Refusal | bool:
    key, secret = request.params.get("consumer_key"), request.params.get("consumer_secret")
    if not (isinstance(key, str) and isinstance(secret, str) and key and secret):
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            key, _, secret = base64.b64decode(code.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
    if key != shop.consumer_key:
        return False
    if not hmac.compare_digest(secret.encode(), shop.consumer_secret.encode()):
        return _refused("Consumer secret is invalid.")
    return True


def _by_oauth(shop: SandboxShop, request: Request) -> Refusal | bool:
    given = {name: request.params.get(name) for name in OAUTH_FIELDS}
    if not any(given.values()):
        return False
    for name, value in given.items():
        if not isinstance(value, str) or not value:
            return _refused(f"Missing OAuth parameter {name}", "woocommerce_rest_authentication_missing_parameter")
    if given["oauth_consumer_key"] != shop.consumer_key:
        return _refused("Consumer key is invalid.")
    method = str(given["oauth_signature_method"])
    if method not in ("HMAC-SHA1", "HMAC-SHA256"):
        return _refused("Invalid signature - signature method is invalid.")
    digest = hashlib.sha1 if method == "HMAC-SHA1" else hashlib.sha256
    made = hmac.new(f"{shop.consumer_secret}&".encode(), base_string(shop, request).encode(), digest).digest()
    # A bare `+` of the signature arrives as a space.
    sent = unquote(str(given["oauth_signature"]).replace(" ", "+"))
    if not hmac.compare_digest(base64.b64encode(made), sent.encode()):
        return _refused("Invalid signature - provided signature does not match.")
    return _check_nonce(shop, str(given["oauth_timestamp"]), str(given["oauth_nonce"]))


def _check_nonce(shop: SandboxShop, timestamp: str, nonce: str) -> Refusal | bool:
    moment = shop.clock()
    if not timestamp.isdigit() or abs(moment - int(timestamp)) > WINDOW_S:
        return _refused("Invalid timestamp.")
    with shop.lock:
        shop.nonces = {known: at for known, at in shop.nonces.items() if at >= moment - WINDOW_S}
        if nonce in shop.nonces:
            return _refused("Invalid nonce - nonce has already been used.")
        shop.nonces[nonce] = int(timestamp)
    return True


def base_string(shop: SandboxShop, request: Request) -> str:
    """What must have been signed: the home address as configured (scheme as the shop sees the call) and the path."""
    home = urlsplit(shop.home_url)
    scheme = "https" if request.secure else "http"
    url = f"{scheme}://{home.netloc}{home.path.rstrip('/')}{request.path}"
    pairs: list[str] = []
    for name in sorted(request.params):
        if name == "oauth_signature":
            continue
        value = request.params[name]
        # Arrays stay in index order, names are sorted as text: more than ten elements never match a client's sorting.
        rows = {f"{name}[{key}]": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
        pairs += [f"{_encoded(key)}={_encoded(inner)}" for key, inner in rows.items()]
    return "&".join((request.method, _encoded(url), _encoded("&".join(pairs), once=True)))


def _encoded(text: str, *, once: bool = False) -> str:
    """RFC 3986; PHP decodes the already decoded value once more before it encodes."""
    return quote(text if once else unquote(text), safe="~")
