"""Pages of the inbox: what came in, what could not be understood and why, and trying again."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from pult.accounts.access import actor_of, allowed_to
from pult.channels.selectors import all_channels
from pult.history.selectors import entries_of
from pult.history.timeline import timeline
from pult.inbox.phrases import SOURCES
from pult.inbox.selectors import failed_messages, message_by_id, messages_page
from pult.sync.phrases import MESSAGE_LOOKS, in_words
from pult.sync.selectors import messages_of_order, order_numbers
from pult.sync.services.retrying import retry_failed_later, retry_message
from pult.sync.views.channels import find

if TYPE_CHECKING:
    from pult.inbox.models import Message

PAGE = 50
STATES = ("failed", "kept", "understood", "ignored", "all")
LARGEST_SHOWN = 256 * 1024


@allowed_to("inbox.view")
@require_GET
def message_list(request: HttpRequest) -> HttpResponse:
    """Messages by state and channel; what could not be understood comes first."""
    state = request.GET.get("state", "failed")
    state = state if state in STATES else "failed"
    channel_code = request.GET.get("channel", "")
    before = request.GET.get("before", "")
    found = messages_page(state=None if state == "all" else state, channel_code=channel_code or None)
    if before.isdigit():
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    failed = failed_messages()
    if channel_code:
        failed = failed.filter(channel__code=channel_code)
    failed_count = failed.count()

    def address(**changes: Any) -> str:
        values = {"state": state, "channel": channel_code, **changes}
        return f"{reverse('inbox:list')}?{urlencode({k: v for k, v in values.items() if v})}"

    channels = list(all_channels(archived=True))
    chosen = next((channel for channel in channels if channel.code == channel_code), None)
    numbers = order_numbers([m.order_id for m in rows if m.order_id])
    context = {
        "rows": [_row(message, numbers) for message in rows[:PAGE]],
        "state": state,
        "tabs": [
            {"label": label, "url": address(state=code), "active": state == code, "count": count}
            for code, label, count in (
                ("failed", gettext("Not understood"), failed_count),
                ("kept", gettext("Waiting"), None),
                ("understood", gettext("Understood"), None),
                ("ignored", gettext("No orders"), None),
                ("all", gettext("All"), None),
            )
        ],
        "channel_options": [
            {"label": channel.name, "url": address(channel=channel.code), "active": channel == chosen, "count": None}
            for channel in channels
        ],
        "chips": [{"label": gettext("Channel"), "value": chosen.name, "remove_url": address(channel="")}]
        if chosen
        else [],
        "channel": chosen,
        "failed_count": failed_count,
        "here": request.get_full_path(),
        "older_url": address(before=rows[PAGE - 1].pk) if len(rows) > PAGE else None,
        "newer_url": address() if before else None,
    }
    template = "sync/message_list.html#rows" if request.htmx else "sync/message_list.html"
    return render(request, template, context)


def _row(message: Message, numbers: dict[int, str]) -> dict[str, Any]:
    return {
        "message": message,
        "look": MESSAGE_LOOKS.get(message.state, ""),
        "reason": in_words(message.error),
        "source": SOURCES.get(message.source, message.source),
        "number": numbers.get(message.order_id or 0, ""),
    }


@allowed_to("inbox.view")
@require_GET
def message_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: what it is, why it failed, its body, and the others of the same order."""
    message = _find(pk)
    others = list(messages_of_order(message)[:20])
    numbers = order_numbers([m.order_id for m in (message, *others) if m.order_id])
    body, cut = pretty(bytes(message.body))
    context = {
        **_row(message, numbers),
        "body": body,
        "cut": cut,
        "size": len(message.body),
        "others": [_row(other, numbers) for other in others],
        "history": timeline(entries_of("message", message.pk)[:20], labels={}),
    }
    return render(request, "sync/message_detail.html", context)


def _find(pk: int) -> Message:
    message = message_by_id(pk)
    if message is None:
        raise Http404
    return message


def pretty(body: bytes) -> tuple[str, bool]:
    """A raw body as text to read, and whether its end was left out. JSON is laid out; nothing of it is trusted."""
    cut = len(body) > LARGEST_SHOWN
    text = body[:LARGEST_SHOWN].decode("utf-8", errors="replace")
    if not cut:
        with contextlib.suppress(ValueError, RecursionError):
            text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    return text.replace("\x00", "␀"), cut


@allowed_to("inbox.retry")
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one message again."""
    message = _find(pk)
    tally = retry_message(message, actor=actor_of(request))
    if tally.failed:
        messages.warning(request, gettext("It is still not understood; the reason stands beside it."))
    else:
        messages.success(request, gettext("The message is understood now."))
    return redirect(_next(request) or reverse("inbox:detail", args=[pk]))


@allowed_to("inbox.retry")
@require_POST
def retry_all(request: HttpRequest) -> HttpResponse:
    """Have every message of a channel that could not be understood read again, in the background."""
    channel = find(request.POST.get("channel", ""))
    count = retry_failed_later(channel)
    if count:
        text = ngettext("%(n)s message is being read again.", "%(n)s messages are being read again.", count)
        messages.info(request, text % {"n": count})
    else:
        messages.info(request, gettext("Nothing waits there."))
    return redirect(_next(request) or reverse("inbox:list"))


def _next(request: HttpRequest) -> str:
    """Where the person came from; only within Pult."""
    address = request.POST.get("next", "")
    good = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if good else ""
