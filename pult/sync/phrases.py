"""The words of channels and messages: how a channel stands, what a failure means, in the reader's language."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import translation

from pult.channels.selectors import health
from pult.lib.clock import now

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel
    from pult.connectors.protocol import CheckStep

TRIGGERS = {
    "poll": _("By schedule"),
    "manual": _("By hand"),
    "hook": _("By webhook"),
    "full": _("Everything again"),
    "compare": _("Comparison"),
}
CHANNEL_FIELDS = {
    "code": _("Code"),
    "name": _("Name"),
    "kind": _("Kind"),
    "platform": _("Platform"),
    "currency": _("Currency"),
    "color": _("Colour"),
    "settings": _("Setting"),
    "status_map": _("State"),
    "paused_at": _("Paused"),
    "archived_at": _("Archived"),
}
CHECKS = {
    "reach": _("Address"),
    "api": _("Interface"),
    "key": _("Key"),
    "orders": _("Orders"),
    "write": _("Webhooks"),
    "clock": _("Clock"),
    "shop": _("Settings of the shop"),
    "storage": _("Storage of orders"),
}
_LOOKS = {
    "paused": "paused",
    "waiting": "new",
    "in_step": "ok",
    "failing": "backing_off",
    "out_of_step": "failed",
}
MESSAGE_LOOKS = {"kept": "waiting", "understood": "done", "failed": "failed"}

# What a failure means for the person, by its code; %(time)s is since when. Others are told by the last sentence here.
_REFUSES_KEY = _("The shop has refused the key since %(time)s; orders wait in the shop, none is lost.")
_FAILING: dict[str, Any] = {
    **dict.fromkeys(("refused", "key_refused", "key_unknown", "key_without_rights", "bad_credentials"), _REFUSES_KEY),
    "login_page": _("The shop has shown a log-in page instead of its orders since %(time)s; none of them is lost."),
    "throttled": _("The shop has asked for a pause since %(time)s; orders wait in the shop, none is lost."),
    "timed_out": _("The shop has not answered in time since %(time)s; orders wait in the shop, none is lost."),
    "unreachable": _("The shop has been out of reach since %(time)s; orders wait there, none is lost."),
    "server_error": _("The shop has had trouble of its own since %(time)s; orders wait there, none is lost."),
    "tls": _("The shop's certificate has been faulty since %(time)s; orders wait in the shop, none is lost."),
}
_FAILING_OTHERWISE = _("The shop could not be read since %(time)s; orders wait there, none is lost.")


class Standing(NamedTuple):
    """How a channel stands: its state, the code of its look, in words, and what the last failure said."""

    state: str
    look: str
    words: str
    detail: str


def standing(channel: SalesChannel, at: datetime | None = None) -> Standing:
    """How a channel stands, for people."""
    found = health(channel, at)
    words = _words(channel, found.state, found.since)
    detail = in_words(channel.failure_detail) if found.state in ("failing", "out_of_step") else ""
    return Standing(found.state, _LOOKS.get(found.state, ""), words, detail)


def _words(channel: SalesChannel, state: str, since: datetime | None) -> str:
    time = {"time": clock_time(since)} if since else {"time": ""}
    if channel.archived_at:
        return gettext("Archived: it is polled no more, its orders stay.")
    if state == "paused":
        return gettext("Paused since %(time)s; new orders wait in the shop, none is lost.") % time
    if state == "waiting":
        return gettext("Not synchronised yet; the first time starts within seconds.")
    if state == "in_step":
        return gettext("In step with the shop.")
    if state in ("failing", "out_of_step") and channel.failing_since:
        return str(_FAILING.get(channel.failure_code or "", _FAILING_OTHERWISE)) % time
    if state == "out_of_step":
        return (
            gettext("Nobody has looked into the shop since %(time)s: check that the workers of Pult are running.")
            % time
        )
    return gettext("Nothing to synchronise: its orders are entered here or sent by a program.")


def clock_time(moment: datetime) -> str:
    """The time of day in the company's zone, with the day if it is not today: `10:42`, `nov. 2. 10:42`."""
    zone = ZoneInfo(settings.PULT_TIME_ZONE)
    local = moment.astimezone(zone)
    if local.date() == now().astimezone(zone).date():
        return local.strftime("%H:%M")
    return date_format(local, "j M, H:i" if get_language() == "en" else "N j. H:i", use_l10n=False)


# --- sentences of failures -------------------------------------------------------------------------------------


def step_words(step: CheckStep) -> str:
    """The sentence of a tick in the reader's language."""
    return _filled(step.template, step.params, step.next_step) if step.template else in_words(step.detail)


def _filled(template: str, params: Any, next_step: str) -> str:
    translated = gettext(template) if template else ""
    words = translated % params if params else translated
    return f"{words} {gettext(next_step)}" if next_step else words


def in_words(text: str | None) -> str:
    """A sentence that was kept in English, in the reader's language; as it is where it is not known.

    Failures are kept as the English sentence they were told in. Which one it is, is found again by the texts of the
    catalogue: whole, or as a template whose places hold anything.
    """
    if not text or (get_language() or "en").startswith("en"):
        return text or ""
    return _one_sentence(text) or _sentence_and_step(text) or text


def _sentence_and_step(text: str) -> str | None:
    for place in re.finditer(r"(?<=[.:;?]) ", text):
        head, tail = _one_sentence(text[: place.start()]), _one_sentence(text[place.end() :])
        if head and tail:
            return f"{head} {tail}"
    return None


def _one_sentence(text: str) -> str | None:
    if (whole := gettext(text)) != text:
        return whole
    for template, pattern in _templates(get_language() or "hu"):
        if match := pattern.fullmatch(text):
            return gettext(template) % match.groupdict()
    return None


@lru_cache(maxsize=4)
def _templates(language: str) -> list[tuple[str, re.Pattern[str]]]:
    """The sentences of the catalogue that have places to fill, the longest first: the most telling one wins."""
    catalogue = translation(language)._catalog
    known = {key for key in list(catalogue.keys()) if isinstance(key, str) and "%(" in key and "\x04" not in key}
    return [(key, _pattern_of(key)) for key in sorted(known, key=len, reverse=True) if key.count("%(") < 5]


def _pattern_of(template: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)[sd]", template)
    seen: set[str] = set()
    pattern = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pattern += re.escape(part.replace("%%", "%"))
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            seen.add(part)
            pattern += f"(?P<{part}>.*?)"
    return re.compile(pattern, re.DOTALL)
