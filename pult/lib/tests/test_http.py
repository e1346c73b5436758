import gzip
import json
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pult.lib import http
from pult.lib.clock import moved
from pult.lib.failures import ChannelFailure, Misconfigured, Refused, Throttled, Transient, Unreadable


@contextmanager
def shop(answer):
    """A real server on a free port; `answer(handler)` speaks for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def sending(body=b"[]", status=200, headers=None):
    def answer(handler):
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def answered(status, body=b"", headers=None):
    return httpx.Response(status, content=body, headers=headers, request=httpx.Request("GET", "https://shop.example/x"))


def failure_for(status, body=b"", headers=None):
    with pytest.raises(ChannelFailure) as caught:
        http.raise_for_failure(answered(status, body, headers))
    return caught.value


PAGE = b"<!DOCTYPE html><html><body>{ nothing [] }</body></html>"


def test_pult_says_who_it_is_and_reads_a_packed_answer():
    seen = {}

    def answer(handler):
        seen.update(handler.headers)
        sending(gzip.compress(b'[{"id": 1}]'), headers={"Content-Encoding": "gzip", "X-WP-Total": "1"})(handler)

    with shop(answer) as url, http.http_client({"Accept": "application/json"}) as client:
        response = client.get(url)
    http.raise_for_failure(response)
    assert http.json_of(response) == [{"id": 1}]
    assert response.headers["x-wp-total"] == "1"
    assert seen["User-Agent"].startswith("Pult/") and seen["User-Agent"].endswith("(+https://pult.example)")


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "code"),
    [
        (401, b'{"message": "Consumer secret is invalid."}', {}, Refused, "refused"),
        (401, PAGE, {}, Refused, "refused"),
        (402, b"", {}, Refused, "refused"),
        (403, b'{"code": "woocommerce_rest_cannot_view"}', {}, Refused, "refused"),
        (403, PAGE, {}, Transient, "firewall"),
        (403, b"", {"cf-mitigated": "challenge"}, Transient, "firewall"),
        (404, b"", {}, Misconfigured, "not_found"),
        (410, b"", {}, Misconfigured, "not_found"),
        (400, b'{"message": "Invalid parameter(s): page"}', {}, Misconfigured, "not_accepted"),
        (408, b"", {}, Transient, "server_error"),
        (425, b"", {}, Transient, "server_error"),
        (500, b"", {}, Transient, "server_error"),
        (502, PAGE, {}, Transient, "server_error"),
        (503, PAGE, {}, Transient, "server_error"),
        (503, PAGE, {"Retry-After": "5"}, Throttled, "throttled"),
        (429, b"", {}, Throttled, "throttled"),
        (301, PAGE, {"Location": "https://www.shop.example/wp-json/"}, Misconfigured, "redirected"),
        (302, b"", {"Location": "https://shop.example/wp-login.php?redirect_to=x"}, Refused, "login_page"),
        (302, b"", {}, Misconfigured, "redirected"),
    ],
)
def test_a_status_says_what_is_to_be_done(status, body, headers, kind, code):
    failure = failure_for(status, body, headers)
    assert (type(failure), failure.code) == (kind, code)
    assert "shop.example" in failure.sentence and "%" not in failure.sentence


def test_the_shops_own_words_are_quoted_without_secrets():
    failure = failure_for(401, b'{"message": "Bad consumer_secret=cs_0123 <b>here</b>."}')
    assert failure.sentence == "shop.example refuses the credentials (401): Bad consumer_secret=… here."


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_is_no_failure(status):
    assert http.raise_for_failure(answered(status)) is None


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [("7", 7), ("0", 0), ("99999", 3600), ("Wed, 25 Nov 2026 12:01:30 GMT", 90), ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
     ("Wed, 25 Nov 2027 11:00:00 GMT", 3600), ("soon", 30), ("-5", 30), ("", 30), ("9" * 400, 30)],
)  # fmt: skip
def test_the_pause_asked_for_is_kept_within_an_hour(text, wait_s):
    with moved(datetime(2026, 11, 25, 12, 0, tzinfo=UTC), stopped=True):
        assert failure_for(429, headers={"Retry-After": text}).wait_s == wait_s


@pytest.mark.parametrize(
    "body",
    [
        b'[{"id": 1}]',
        b'\xef\xbb\xbf[{"id": 1}]',
        b'\xef\xbb\xbf\xef\xbb\xbf\r\n  [{"id": 1}]\n',
        b'<br />\n<b>Warning</b>:  Undefined key "x" in <b>/var/[x]/a.php</b> on line <b>12</b><br />\n[{"id": 1}]',
        b'\nNotice: Undefined index: [0] in /var/www/a.php on line 12\n[{"id": 1}]',
        b'Deprecated: x in /a.php on line 12[{"id": 1}]',
        b'[{"id": 1}]<!-- cached by a plug-in -->\n<!-- in 0.1 s -->',
    ],
)
def test_json_is_found_behind_what_php_prints(body):
    assert http.read_json(body) == [{"id": 1}]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", Transient, "empty_answer"),
        (b"\xef\xbb\xbf \n", Transient, "empty_answer"),
        (PAGE, Transient, "html_answer"),
        (b"\n<!-- x --><html>[]</html>", Transient, "html_answer"),
        (b'[{"id": 1, "lines": []', Transient, "cut_answer"),
        (b'\nWarning: x on line 1\n[{"id": 1, "lines": []', Transient, "cut_answer"),
        (b'[{"note": "\\ud83d", "lines": [{}', Transient, "cut_answer"),
        (b"[1,]", Unreadable, "bad_json"),
        (b"[NaN]", Unreadable, "bad_json"),
        (b"[]<br />\nFatal error", Unreadable, "bad_json"),
        (b"[" * 100_000 + b"]" * 100_000, Unreadable, "bad_json"),
        (b"null", Unreadable, "no_json"),
        (b'"text"', Unreadable, "no_json"),
        (b"-1", Unreadable, "no_json"),
        (b"Error establishing a database connection", Unreadable, "no_json"),
    ],
)
def test_no_other_answer_is_taken_for_an_empty_list(body, kind, code):
    with pytest.raises(ChannelFailure) as caught:
        http.read_json(body)
    assert (type(caught.value), caught.value.code) == (kind, code)


def test_half_an_emoji_does_not_hide_the_page():
    assert http.read_json(b'[{"id": 1, "note": "\\ud83d"}, {"id": 2, "note": "\xff"}]') == [
        {"id": 1, "note": "?"},
        {"id": 2, "note": "\N{REPLACEMENT CHARACTER}"},
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(json_values, min_size=1), st.data())
def test_a_cut_list_is_never_read(value, data):
    whole = json.dumps(value).encode()
    assert http.read_json(whole) == value
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    with pytest.raises(Transient):
        http.read_json(cut)


def caught_from(client, url):
    with pytest.raises(ChannelFailure) as caught:
        client.get(url)
    return caught.value


def test_a_cut_body_is_transient():
    with shop(sending(b"[", headers={"Content-Length": "500"})) as url, http.http_client() as client:
        failure = caught_from(client, url)
    assert (type(failure), failure.code) == (Transient, "broken_connection")


def test_too_large_an_answer_is_dropped_even_if_it_is_packed_small():
    body = gzip.compress(b" " * 5_000_000)
    with shop(sending(body, headers={"Content-Encoding": "gzip"})) as url, http.http_client() as client:
        client.largest_answer = 1024 * 1024
        failure = caught_from(client, url)
    assert (type(failure), failure.sentence) == (Unreadable, "The answer of 127.0.0.1 is larger than 1 MiB.")


def test_a_shop_that_is_silent_or_trickles_is_transient():
    go_on = threading.Event()

    def trickle(handler):
        handler.send_response(200)
        handler.end_headers()
        while not go_on.wait(0.05):
            handler.wfile.write(b" ")

    with shop(lambda handler: go_on.wait(10)) as url, http.http_client(timeout=0.2) as client:
        assert caught_from(client, url).code == "timed_out"
        go_on.set()
    go_on.clear()
    with shop(trickle) as url, http.http_client() as client:
        client.longest_answer_s = 0.3
        failure = caught_from(client, url)
        go_on.set()
    assert (type(failure), failure.code) == (Transient, "timed_out")


def test_redirects_are_not_followed():
    with shop(sending(b"", status=301, headers={"Location": "/there"})) as url, http.http_client() as client:
        assert client.get(url).status_code == 301


def test_a_closed_port_is_transient_and_a_bad_address_misconfigured():
    with shop(sending()) as url:
        pass
    with http.http_client() as client:
        assert (type(caught_from(client, url)), caught_from(client, url).code) == (Transient, "unreachable")
        for bad in ("ftp://shop.example/", "http://[::bad/", "no address", "http://a\nb/"):
            assert (bad, type(caught_from(client, bad))) == (bad, Misconfigured)


def test_plain_http_behind_an_https_address_is_a_tls_error():
    with shop(sending()) as url, http.http_client() as client:
        failure = caught_from(client, url.replace("http:", "https:"))
    assert (type(failure), failure.code) == (Misconfigured, "tls")


def test_a_certificate_that_is_not_trusted_says_so():
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
    failure = http.failure_of(error, host="shop.example")
    assert (type(failure), failure.code) == (Misconfigured, "tls")
    assert failure.sentence.startswith("The encrypted connection to shop.example fails")
