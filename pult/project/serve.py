"""`pult serve`: one light process that keeps the web server and the worker running, and falls together with them.

The supervisor loads no Django. It owns the listening socket, so a page asked for while the web server restarts waits
instead of being refused. Its children die with it even after kill −9, and it ends when its own parent does.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pult.lib import postgres
from pult.lib.failures import UserError
from pult.lib.process import die_with_parent
from pult.project.installation import EXIT_MISCONFIGURED, data_dir, ensure_database, uses_embedded_database

logger = logging.getLogger(__name__)

DEFAULT_BIND = "127.0.0.1:8000"
THREADS = 8
CONNECTION_LIMIT = 1000
CHANNEL_TIMEOUT_S = 30
MAX_BODY_BYTES = 10 * 1024 * 1024

TICK_S = 0.2
STOP_S = 8.0
SHORTEST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
STEADY_AFTER_S = 30.0

LISTEN_VARIABLE = "PULT_LISTEN_FD"
SUPERVISED_VARIABLE = "PULT_SUPERVISED"


def extra_children() -> dict[str, list[str]]:
    """Further commands to keep running beside web and worker: the sandbox shops of the demo."""
    demo = os.environ.get("PULT_DEMO", "").strip().lower() in {"1", "true", "yes", "on"}
    has_sandbox = (Path(__file__).resolve().parent.parent / "sandbox" / "cli.py").exists()
    return {"sandbox": ["sandbox", "--state", str(data_dir() / "sandbox")]} if demo and has_sandbox else {}


def run(*, quiet: bool = False) -> None:
    """Serve until SIGINT, SIGTERM, SIGHUP or the end of the parent process."""
    _Supervisor(quiet=quiet).run()


def run_web(bind: str | None = None) -> None:
    """Serve the pages in this process until it is told to end."""
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from waitress.server import create_server

    from pult.project.refusals import Channel

    supervised = LISTEN_VARIABLE in os.environ
    if supervised:
        fall_with_supervisor()
        listener = socket.socket(fileno=int(os.environ.pop(LISTEN_VARIABLE)))
        listener.set_inheritable(False)
    else:
        listener = listening_socket(bind or os.environ.get("PULT_BIND", "").strip() or DEFAULT_BIND)
    # Into the data folder, so that an upgrade of the code brings its new pages' files with it.
    call_command("collectstatic", interactive=False, verbosity=0)
    server: Any = create_server(
        get_wsgi_application(),
        sockets=[listener],
        threads=THREADS,
        connection_limit=CONNECTION_LIMIT,
        channel_timeout=CHANNEL_TIMEOUT_S,
        max_request_body_size=MAX_BODY_BYTES,
        ident=None,
        **_proxy_settings(os.environ),
    )
    server.channel_class = Channel

    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    if not supervised:
        click.echo(f"Pult answers at {address_of(listener)}")
    # Returns after the handler's SystemExit, having let the requests in hand finish.
    server.run()
    server.close()


def fall_with_supervisor() -> None:
    """In a child of `pult serve`: end within two seconds when the supervisor is gone, however it went."""
    supervisor = os.environ.get(SUPERVISED_VARIABLE, "")
    if supervisor.isdigit():
        die_with_parent(int(supervisor), grace_s=2)


def listening_socket(bind: str) -> socket.socket:
    """A bound socket for HOST:PORT (`[::1]:8000`, `:8000` and `8000` too); UserError if it cannot be had."""
    host, _, port_text = bind.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port_text.isdigit() or int(port_text) > 65535:
        raise UserError(f"PULT_BIND must be HOST:PORT, not {bind!r}")
    try:
        found = socket.getaddrinfo(host, int(port_text), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UserError(f"The host in PULT_BIND={bind} is not known: {error.strerror}") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise UserError(
            f"{bind} cannot be served ({error.strerror}); stop the other program or set PULT_BIND"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def _proxy_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Believe X-Forwarded headers only where there is a proxy: TLS outside, or one named by PULT_TRUSTED_PROXY."""
    proxy = environ.get("PULT_TRUSTED_PROXY", "").strip()
    if not proxy and environ.get("PULT_PUBLIC_URL", "").strip().startswith("https://"):
        proxy = "127.0.0.1"
    if not proxy:
        return {}
    return {
        "trusted_proxy": proxy,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        "log_untrusted_proxy_headers": True,
    }


class _Child:
    """One command that is started again whenever it ends."""

    def __init__(
        self, name: str, arguments: list[str], *, keep_open: socket.socket | None = None, silent: bool = False
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.keep_open = keep_open
        self.silent = silent
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.due_at = 0.0
        self.failures = 0

    def start(self) -> None:
        environment = {**os.environ, SUPERVISED_VARIABLE: str(os.getpid())}
        handles: tuple[int, ...] = ()
        if self.keep_open is not None:
            environment[LISTEN_VARIABLE] = str(self.keep_open.fileno())
            handles = (self.keep_open.fileno(),)
        self.process = subprocess.Popen(  # noqa: S603 our own module
            [sys.executable, "-m", "pult.project.cli", *self.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.silent else None,
            pass_fds=handles,
            # Ctrl-C reaches the supervisor alone, which then ends its children in order.
            start_new_session=True,
        )
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """The exit status if it has just ended."""
        if self.process is None:
            return None
        status = self.process.poll()
        if status is not None:
            self.process = None
        return status

    def plan_restart(self) -> float:
        """Seconds until it is started again: longer each time it ends soon after its start."""
        now = time.monotonic()
        self.failures = 0 if now - self.started_at > STEADY_AFTER_S else self.failures + 1
        pause = min(SHORTEST_PAUSE_S * 2.0 ** max(self.failures - 1, 0), LONGEST_PAUSE_S)
        self.due_at = now + pause
        return pause

    def send(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


class _Supervisor:
    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.parent = os.getppid()
        self.signals = 0
        self.ready = False

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)
        listener = listening_socket(os.environ.get("PULT_BIND", "").strip() or DEFAULT_BIND)
        ensure_database()
        web = _Child("web", ["web"], keep_open=listener)
        waiting = [_Child("worker", ["worker"])]
        extra = [_Child(name, arguments, silent=True) for name, arguments in extra_children().items()]
        children = [web, *extra]
        try:
            for child in children:
                child.start()
            while not self._must_stop():
                if not self.ready and self._answers(listener):
                    self.ready = True
                    self._say(f"Pult answers at {address_of(listener)}")
                    # Only now: what keeps the web server from starting would be said twice.
                    for child in waiting:
                        child.start()
                    children += waiting
                self._look_after(children)
                self._look_after_database()
                time.sleep(TICK_S)
        finally:
            listener.close()
            self._stop(children)
            if uses_embedded_database():
                postgres.leave(data_dir())

    def _told_to_stop(self, _signal: int, _frame: object) -> None:
        self.signals += 1

    def _must_stop(self) -> bool:
        # By polling, not by the kernel's parent-death signal: that one comes already when the parent's *thread* ends.
        return self.signals > 0 or os.getppid() != self.parent

    def _look_after(self, children: list[_Child]) -> None:
        for child in children:
            status = child.ended()
            if status is not None:
                if status == EXIT_MISCONFIGURED and not self.ready:
                    # The child has said what is wrong.
                    raise SystemExit(1)
                pause = child.plan_restart()
                self._warn(f"{child.name} ended ({_in_words(status)}); it starts again in {pause:g} s")
            elif child.process is None and time.monotonic() >= child.due_at:
                child.start()

    def _look_after_database(self) -> None:
        if uses_embedded_database() and not postgres.is_kept(data_dir()):
            try:
                ensure_database()
            except UserError as error:
                self._warn(str(error))

    def _answers(self, listener: socket.socket) -> bool:
        host, port = listener.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared, not bound
        connection = http.client.HTTPConnection(host, port, timeout=1)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def _stop(self, children: list[_Child]) -> None:
        signals = self.signals
        for child in children:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        running = [child for child in children if child.process is not None]
        while running and time.monotonic() < deadline and self.signals <= signals + 1:
            running = [child for child in running if child.process is not None and child.process.poll() is None]
            time.sleep(0.05)
        for child in running:
            child.send(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()

    def _say(self, text: str) -> None:
        if not self.quiet:
            click.echo(text)

    def _warn(self, text: str) -> None:
        click.echo(f"pult: {text}", err=True)


def _in_words(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
