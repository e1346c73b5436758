"""Faults on purpose: what real hosts do to an answer, switched on for the next few requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "delay",
    "throttled",
    "critical_error",
    "maintenance",
    "truncated",
    "login_page",
    "redirect_to_login",
    "reset",
    "php_warning",
    "bom",
    "no_totals",
    "wrong_totals",
    "wrong_amounts",
]


@dataclass
class Fault:
    """One kind of trouble for the next `times` requests whose target holds `where`."""

    kind: Kind
    times: int = 1
    seconds: float = 1.0
    """For "delay": how long the answer is held back; for "throttled" and "maintenance": the Retry-After."""
    where: str = ""


@dataclass
class Faults:
    """The troubles of one shop. All of it may be changed while the server runs."""

    between_pages: Callable[[int], None] | None = None
    """Called with the page number when a page of orders has been read, before it is sent."""
    crashing_orders: set[int] = field(default_factory=set)
    """Any page (or single answer) that contains one of these orders is a PHP crash."""
    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, kind: Kind, times: int = 1, *, seconds: float = 1.0, where: str = "") -> None:
        """Let the next `times` requests whose target contains `where` meet this trouble."""
        with self._lock:
            self._waiting.append(Fault(kind, times, seconds, where))

    def clear(self) -> None:
        """Make the shop well again."""
        with self._lock:
            self._waiting.clear()
        self.crashing_orders.clear()
        self.between_pages = None

    def take(self, target: str) -> Fault | None:
        """The trouble that meets a request to this target, used up by one."""
        with self._lock:
            for fault in self._waiting:
                if fault.where in target:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None


CRITICAL_ERROR_HTML = (
    "<!DOCTYPE html><html><head><title>WordPress &rsaquo; Error</title></head><body><div class='wp-die-message'>"
    "<p>There has been a critical error on this website.</p></div></body></html>"
)
MAINTENANCE_HTML = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>"
    "Briefly unavailable for scheduled maintenance. Check back in a minute.</body></html>"
)
LOGIN_HTML = (
    "<!DOCTYPE html><html><head><title>Log In &lsaquo; WordPress</title></head><body>"
    "<form id='loginform' method='post'><input name='log'><input name='pwd' type='password'></form></body></html>"
)
PHP_WARNING = (
    '<br />\n<b>Warning</b>:  Undefined array key "vat" in <b>/var/www/wp-content/plugins/afa/afa.php</b> '
    "on line <b>42</b><br />\n"
)
