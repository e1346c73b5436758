"""Pages of channels: all of them, one of them, and the line at the top of every page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, gettext, override
from django.views.decorators.http import require_GET, require_POST

from pult.accounts.access import actor_of, allowed_to
from pult.channels.errors import BadChannel, ChannelNotFound
from pult.channels.selectors import all_channels, channel_by_code, health
from pult.channels.services import archive_channel, change_channel, pause_channel, resume_channel
from pult.connectors.protocol import CheckStep
from pult.connectors.registry import PLATFORMS
from pult.history.selectors import entries_of
from pult.history.timeline import timeline
from pult.inbox.selectors import failed_messages
from pult.lib.jobs import defer
from pult.sync.forms import ChangeChannelForm, initial_settings
from pult.sync.phrases import CHANNEL_FIELDS, CHECKS, TRIGGERS, in_words, standing, step_words
from pult.sync.selectors import arrived, latencies, orders_today, runs_page
from pult.sync.services.connecting import check_channel, checked_settings

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

RUNS = 20
HISTORY = 20
ALARMING = ("out_of_step",)


def find(code: str) -> SalesChannel:
    """The channel of an address. Raises Http404."""
    try:
        return channel_by_code(code)
    except ChannelNotFound:
        raise Http404 from None


# --- all channels ----------------------------------------------------------------------------------------------


@allowed_to("channels.view")
@require_GET
def channel_list(request: HttpRequest) -> HttpResponse:
    """A card for each channel, kept fresh."""
    archived = request.GET.get("show") == "archived"
    channels = all_channels(archived=True).filter(archived_at__isnull=not archived)
    template = "sync/channel_list.html#cards" if request.htmx else "sync/channel_list.html"
    context = {
        "cards": _cards(channels),
        "archived": archived,
        "any_archived": all_channels(archived=True).filter(archived_at__isnull=False).exists(),
    }
    return render(request, template, context)


def _cards(channels: Iterable[SalesChannel]) -> list[dict[str, Any]]:
    today = orders_today()
    _hours, series = latencies()
    return [_card(channel, today, series) for channel in channels]


def _card(
    channel: SalesChannel, today: dict[int, int] | None = None, series: dict[int, list[float | None]] | None = None
) -> dict[str, Any]:
    values = (latencies(channel.code)[1] if series is None else series).get(channel.pk, [])
    known = [value for value in values if value is not None]
    return {
        "channel": channel,
        "standing": standing(channel),
        "today": (orders_today() if today is None else today).get(channel.pk, 0),
        "latency": values if len(known) > 1 else [],
        "typical_s": round(sorted(known)[len(known) // 2]) if known else None,
        "platform": PLATFORMS[channel.platform].name if channel.platform in PLATFORMS else channel.platform,
        "hooks": hooks_words(channel),
        "polls": channel.kind == "webshop" and channel.archived_at is None,
    }


def hooks_words(channel: SalesChannel) -> dict[str, Any] | None:
    """How the webhooks stand: a tone and words; None for a channel that can have none."""
    if channel.kind != "webshop":
        return None
    working = channel.hooks.get("working")
    detail = in_words(str(channel.hooks.get("detail") or ""))
    if working:
        return {"tone": "success", "text": gettext("Working"), "detail": detail}
    if working is None:
        return {"tone": "neutral", "text": gettext("Not set up yet"), "detail": detail}
    return {"tone": "warning", "text": gettext("Not working"), "detail": detail}


# --- one channel -----------------------------------------------------------------------------------------------


@allowed_to("channels.view")
@require_GET
def channel_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Health, log of synchronisations, settings without secrets, state map, history."""
    channel = find(code)
    part = request.GET.get("part", "")
    if request.htmx and part == "health":
        return render(request, "sync/channel_detail.html#health", {"card": _card(channel), "channel": channel})
    quiet = request.GET.get("log") == "all"
    before = request.GET.get("before", "")
    rows = list(runs_page(channel.pk, quiet=quiet, before=int(before) if before.isdigit() else None)[: RUNS + 1])
    runs = [
        {"run": run, "trigger": TRIGGERS.get(run.trigger, run.trigger), "error": in_words(run.error)}
        for run in rows[:RUNS]
    ]
    here = reverse("channels:detail", args=[code])
    log = {"log": "all"} if quiet else {}
    context: dict[str, Any] = {
        "channel": channel,
        "runs": runs,
        "quiet": quiet,
        "older_url": f"{here}?{urlencode({**log, 'before': rows[RUNS - 1].pk})}" if len(rows) > RUNS else None,
        "newer_url": f"{here}?{urlencode(log)}" if before else None,
        "log_tabs": [
            {"label": gettext("Where something happened"), "url": here, "active": not quiet, "count": None},
            {"label": gettext("Every poll"), "url": f"{here}?log=all", "active": quiet, "count": None},
        ],
    }
    if request.htmx and part == "":
        return render(request, "sync/channel_detail.html#log", context)
    hours, series = latencies(channel.code)
    values = series.get(channel.pk, [])
    context.update(
        card=_card(channel),
        latency_labels=[f"{hour.astimezone():%H}:00" for hour in hours],
        latency_series=[{"name": gettext("Seconds until an order is here"), "values": values}],
        has_latency=any(value is not None for value in values),
        settings=_shown_settings(channel),
        status_map=sorted(channel.status_map.items()),
        history=timeline(entries_of("channel", channel.pk)[:HISTORY], labels=CHANNEL_FIELDS),
        failed=failed_messages().filter(channel=channel).count(),
    )
    return render(request, "sync/channel_detail.html", context)


def _shown_settings(channel: SalesChannel) -> list[tuple[str, str]]:
    """Labels and values of the open settings; of the secret ones only that they are kept."""
    platform = PLATFORMS.get(channel.platform or "")
    fields = {item.name: item for item in platform.fields} if platform else {}
    hidden = gettext("kept, never shown") if channel.sealed else gettext("missing")
    shown = [(gettext(item.label), hidden) for item in fields.values() if item.secret]
    for name, value in channel.settings.items():
        if name == "currency":
            continue  # stands above, as the channel's own
        label = gettext(fields[name].label) if name in fields else name
        words = {"true": gettext("yes"), "false": gettext("no")}.get(str(value), str(value))
        shown.append((label, words))
    return shown


@allowed_to("channels.edit")
def channel_settings(request: HttpRequest, code: str) -> HttpResponse:
    """Change the name and the settings; a secret left empty stays."""
    channel = find(code)
    platform = PLATFORMS.get(channel.platform or "")
    fields = platform.fields if platform else ()
    kept = [item.name for item in fields if item.secret] if channel.sealed else []
    initial = {"name": channel.name, **initial_settings(channel.settings)}
    form = ChangeChannelForm(request.POST or None, fields=fields, kept=kept, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            checked = checked_settings(kind=channel.kind, platform=channel.platform, given=form.given(), partial=True)
            change_channel(
                channel.pk,
                actor=actor_of(request),
                name=form.cleaned_data["name"],
                open_settings=checked.open,
                secret_settings=checked.secret,
            )
        except BadChannel as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, gettext("The settings are kept; the channel is tried with them at once."))
            return redirect("channels:detail", code=code)
    return render(
        request, "sync/channel_settings.html", {"channel": channel, "form": form}, status=422 if form.errors else 200
    )


@allowed_to("channels.edit")
@require_POST
def test(request: HttpRequest, code: str) -> HttpResponseBase:
    """Try the kept settings at the shop: ticks as they happen."""
    return stream_steps(check_channel(find(code)), verdict="sync/check_verdict.html", context={"kept": True})


@allowed_to("channels.sync")
@require_POST
def sync_now(request: HttpRequest, code: str) -> HttpResponse:
    channel = find(code)
    defer("sync.sync_now", lock=f"channel:{channel.pk}", queueing_lock=f"now:{channel.pk}", channel_id=channel.pk)
    return _done(request, channel, gettext("%(channel)s is being synchronised.") % {"channel": channel.name})


@allowed_to("channels.edit")
@require_POST
def pause(request: HttpRequest, code: str) -> HttpResponse:
    channel = find(code)
    pause_channel(channel.pk, actor=actor_of(request))
    text = gettext("%(channel)s is paused; its orders wait in the shop.") % {"channel": channel.name}
    return _done(request, channel, text)


@allowed_to("channels.edit")
@require_POST
def resume(request: HttpRequest, code: str) -> HttpResponse:
    channel = find(code)
    resume_channel(channel.pk, actor=actor_of(request))
    return _done(request, channel, gettext("%(channel)s goes on from where it stood.") % {"channel": channel.name})


@allowed_to("channels.edit")
@require_POST
def archive(request: HttpRequest, code: str) -> HttpResponse:
    channel = find(code)
    archive_channel(channel.pk, actor=actor_of(request))
    messages.success(request, gettext("%(channel)s is archived; its orders stay.") % {"channel": channel.name})
    return redirect("channels:list")


def _done(request: HttpRequest, channel: SalesChannel, text: str) -> HttpResponse:
    """The part of the page that changed, with a toast; the whole page where there is no htmx."""
    if not request.htmx:
        messages.success(request, text)
        return redirect("channels:detail", code=channel.code)
    channel.refresh_from_db()
    part = "sync/channel_detail.html#health"
    if request.htmx.target != "channel-health":
        part = "sync/channel_list.html#card"
    response = render(request, part, {"card": _card(channel), "channel": channel})
    response["HX-Trigger"] = json.dumps({"pult:toast": {"text": text, "level": "success"}})
    return response


@allowed_to("channels.edit")
@require_GET
def arriving(request: HttpRequest, code: str) -> HttpResponse:
    """The end of the wizard: the first orders come in before the eyes."""
    channel = find(code)
    count, newest = arrived(channel)
    template = "sync/channel_arriving.html#orders" if request.htmx else "sync/channel_arriving.html"
    context = {"channel": channel, "standing": standing(channel), "count": count, "newest": newest}
    return render(request, template, {**context, "finished": channel.in_step_at is not None})


# --- the line at the top ---------------------------------------------------------------------------------------


@allowed_to("orders.view")
@require_GET
def sync_line(request: HttpRequest) -> HttpResponse:
    """Quiet when every channel is in step; else which one is not, since when, and where to look."""
    troubled = [
        (found.state, channel)
        for channel in all_channels()
        if (found := health(channel)).state in ("failing", "out_of_step")
    ]
    troubled.sort(key=lambda pair: pair[0] not in ALARMING)
    may_look = request.user.can("channels.view")
    context: dict[str, Any] = {"state": "ok", "text": "", "url": ""}
    if troubled:
        worst, channel = troubled[0]
        text = f"{channel.name}: {standing(channel).words}"
        if len(troubled) > 1:
            text = gettext("%(text)s And %(more)s more channels.") % {"text": text, "more": len(troubled) - 1}
        address = reverse("channels:detail", args=[channel.code]) if len(troubled) == 1 else reverse("channels:list")
        context = {"state": "failed" if worst in ALARMING else "late", "text": text, "url": address if may_look else ""}
    if request.user.can("inbox.view"):
        context["failed"] = failed_messages().count()
    return render(request, "sync/sync_line.html", context)


# --- ticks as they happen --------------------------------------------------------------------------------------


def stream_steps(steps: Iterable[CheckStep], *, verdict: str, context: dict[str, Any]) -> StreamingHttpResponse:
    """One line of HTML for each step the moment it is known, then the verdict; `check.js` shows them."""
    language = get_language()

    def lines() -> Iterator[str]:
        level = "ok"
        for step in steps:
            level = step.level if step.level == "error" or level == "ok" else level
            with override(language):
                told = {"level": step.level, "title": CHECKS.get(step.code, ""), "words": step_words(step)}
                yield _one_line(render_to_string("sync/check_step.html", told))
        with override(language):
            yield _one_line(render_to_string(verdict, {**context, "level": level}))

    response = StreamingHttpResponse(lines(), content_type="text/html; charset=utf-8")
    response["X-Accel-Buffering"] = "no"  # a proxy must not wait for the last step
    response["Cache-Control"] = "no-store"
    return response


def _one_line(html: str) -> str:
    return " ".join(html.split()) + "\n"
