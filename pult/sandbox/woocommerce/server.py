"""HTTP around the shops: one server on loopback, each shop under its own path, with or without TLS."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import struct
import tempfile
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from pult.sandbox.woocommerce import faults
from pult.sandbox.woocommerce.amounts import Record
from pult.sandbox.woocommerce.answers import php_json
from pult.sandbox.woocommerce.api import answer
from pult.sandbox.woocommerce.certificates import write_self_signed
from pult.sandbox.woocommerce.requests import Answer, Request
from pult.sandbox.woocommerce.shop import RequestSeen, SandboxShop

logger = logging.getLogger(__name__)
BODY_LIMIT = 10_000_000
_INSTEAD_OF_THE_ANSWER = {"throttled", "critical_error", "maintenance", "login_page", "redirect_to_login", "reset"}


class SandboxServer:
    """Serves the shops by path prefix: `{"kavehaz": shop}` is at `http://127.0.0.1:PORT/kavehaz`, `""` at the root.

    With `tls` a self-signed certificate is made; `certificate` is its file, for clients that shall trust it.
    """

    def __init__(
        self, shops: dict[str, SandboxShop], host: str = "127.0.0.1", port: int = 0, *, tls: bool = False
    ) -> None:
        self.shops = {slug.strip("/"): shop for slug, shop in shops.items()}
        self.tls = tls
        self.certificate: Path | None = None
        self._server = _HTTPServer((host, port), _Handler)
        self._server.owner = self
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if tls:
            self._folder = tempfile.TemporaryDirectory(prefix="pult-sandbox-")
            self.certificate = write_self_signed(Path(self._folder.name), host)
            self._server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.context.load_cert_chain(self.certificate)
        self._thread: threading.Thread | None = None
        for slug, shop in self.shops.items():
            if shop.fixed_home_url is None:
                shop.home_url = self.url_of(slug)

    @property
    def port(self) -> int:
        """The port served; a free one was found if none was asked for."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The server's own address, without a slash at the end."""
        return f"{'https' if self.tls else 'http'}://{self._server.server_address[0]!s}:{self.port}"

    def url_of(self, slug: str) -> str:
        """Where the shop can be dialled."""
        return f"{self.url}/{slug}".rstrip("/")

    def start(self) -> SandboxServer:
        """Serve in a thread of its own, and let the shops deliver their webhooks."""
        for shop in self.shops.values():
            shop.hooks.start()
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="sandbox-server", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and delivering; the port is free again when this returns."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.hang_up()
        for shop in self.shops.values():
            shop.hooks.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def find(self, target: str) -> tuple[SandboxShop, str] | None:
        """The shop a request is for, and the rest of its target."""
        slug, mark, rest = target.removeprefix("/").partition("/")
        if "?" in slug:
            slug, _, query = slug.partition("?")
            mark, rest = "/", f"?{query}"
        if slug in self.shops and slug:
            return self.shops[slug], f"/{rest}" if mark else "/"
        return (self.shops[""], target) if "" in self.shops else None


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    owner: SandboxServer
    context: ssl.SSLContext | None = None

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def hang_up(self) -> None:
        """End the connections that clients keep open: a stopped shop answers nobody."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a silent client holds up nobody else."""
        if self.context is not None:
            request.settimeout(10)
            request = self.context.wrap_socket(request, server_side=True)
        self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up or does not trust the certificate is no event here."""
        logger.debug("connection ended early", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    timeout = 30
    # Head and body in one segment: otherwise Nagle and delayed ACK cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _HTTPServer

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug("request", extra={"line": format % args})

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        owner = self.server.owner
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > BODY_LIMIT:
            self.close_connection = True
            self._send(Answer(413, "Request Entity Too Large", is_html=True), None)
            return
        body = self.rfile.read(int(length))
        found = owner.find(self.path)
        if found is None:
            self._send(Answer(404, "No shop lives here.", is_html=True), None)
            return
        shop, target = found
        headers = {name.lower(): value for name, value in self.headers.items()}
        secure = owner.tls or shop.behind_tls
        request = Request(self.command, target, headers, body, secure)
        fault = shop.faults.take(target)
        if fault is not None and fault.kind == "delay":
            time.sleep(fault.seconds)
        if fault is not None and fault.kind in _INSTEAD_OF_THE_ANSWER:
            made = _troubled(shop, fault)
        else:
            made = answer(shop, request)
            if made.status == 500 and made.body is None:
                made = Answer(500, faults.CRITICAL_ERROR_HTML, is_html=True)
        shop.requests.append(RequestSeen(self.command, target, headers, body, made.status))
        if fault is not None and fault.kind == "reset":
            self._reset()
            return
        self._send(made, fault)

    def _send(self, made: Answer, fault: faults.Fault | None) -> None:
        kind = fault.kind if fault is not None else ""
        headers = dict(made.headers)
        if kind == "wrong_amounts":
            made.body = _with_wrong_amounts(made.body)
        body = made.body.encode() if made.is_html else php_json(made.body)
        if kind == "php_warning":
            body = faults.PHP_WARNING.encode() + body
        elif kind == "bom":
            body = b"\xef\xbb\xbf" + body
        elif kind == "no_totals":
            for name in ("X-WP-Total", "X-WP-TotalPages", "Link"):
                headers.pop(name, None)
        elif kind == "wrong_totals":
            headers |= {"X-WP-Total": "3", "X-WP-TotalPages": "1"}
        self.send_response(made.status)
        self.send_header(
            "Content-Type", "text/html; charset=UTF-8" if made.is_html else "application/json; charset=UTF-8"
        )
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        if kind == "truncated":
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header is the shop's clock, so that a skewed shop can be played."""
        found = self.server.owner.find(self.path) if getattr(self, "path", "") else None
        moment = found[0].clock() if found is not None else time.time()
        return formatdate(moment, usegmt=True)

    def _reset(self) -> None:
        """Hang up with RST: lingering off, nothing sent."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _troubled(shop: SandboxShop, fault: faults.Fault) -> Answer:
    wait = {"Retry-After": str(int(fault.seconds))}
    page = {
        "throttled": Answer(429, "<html><body>Too Many Requests</body></html>", wait, is_html=True),
        "critical_error": Answer(500, faults.CRITICAL_ERROR_HTML, is_html=True),
        "maintenance": Answer(503, faults.MAINTENANCE_HTML, wait, is_html=True),
        "login_page": Answer(200, faults.LOGIN_HTML, is_html=True),
        "redirect_to_login": Answer(302, "", {"Location": f"{shop.home_url}/wp-login.php"}, is_html=True),
    }
    return page.get(fault.kind) or Answer(0, "", is_html=True)


def _with_wrong_amounts(body: Any) -> Any:
    """Orders whose total is seven more than their parts."""
    body = json.loads(json.dumps(body))
    orders: list[Record] = body if isinstance(body, list) else [body]
    for order in orders:
        if "total" in order:
            whole, point, rest = str(order["total"]).partition(".")
            order["total"] = f"{int(whole) + 7}{point}{rest}"
    return body
