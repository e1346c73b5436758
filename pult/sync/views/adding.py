"""Adding a channel, step by step: choose, fill in, test, what to take over, done."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from pult.accounts.access import actor_of, allowed_to
from pult.channels.errors import BadChannel
from pult.channels.phrases import KIND_NAMES
from pult.channels.selectors import all_channels
from pult.channels.services import add_channel
from pult.connectors.protocol import SettingField
from pult.connectors.registry import PLATFORMS
from pult.lib.secrets import open_sealed, seal
from pult.sync.forms import NewChannelForm, StartForm, free_code, initial_settings
from pult.sync.selectors import sandbox_shops
from pult.sync.services.connecting import check_settings, checked_settings
from pult.sync.views.channels import stream_steps

SESSION_KEY = "new_channel"
WITHOUT_CONNECTION = ("store", "edi", "custom")


@dataclass
class Draft:
    """A channel on its way, kept in the person's session; its secrets are sealed there as they are on the channel."""

    choice: str
    kind: str
    platform: str | None = None
    name: str = ""
    code: str = ""
    currency: str = "HUF"
    open: dict[str, str] = field(default_factory=dict)
    sealed: str = ""

    def secrets(self) -> dict[str, str]:
        return open_sealed(base64.b64decode(self.sealed), settings.SECRET_KEY) if self.sealed else {}

    def keep_secrets(self, given: dict[str, str]) -> None:
        known = {**self.secrets(), **given}
        self.sealed = base64.b64encode(seal(known, settings.SECRET_KEY)).decode() if known else ""

    def given(self) -> dict[str, str]:
        return {**self.open, **self.secrets()}


def _draft(request: HttpRequest) -> Draft | None:
    kept = request.session.get(SESSION_KEY)
    return Draft(**kept) if kept else None


def _keep(request: HttpRequest, draft: Draft) -> None:
    request.session[SESSION_KEY] = asdict(draft)


def _new_draft(choice: str) -> Draft:
    if choice in PLATFORMS:
        return Draft(choice, PLATFORMS[choice].kind, choice)
    if choice in WITHOUT_CONNECTION:
        return Draft(choice, choice)
    raise Http404


@allowed_to("channels.edit")
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """The kinds and platforms to choose from, as cards."""
    taken = set(all_channels(archived=True).values_list("code", flat=True))
    context = {
        "platforms": PLATFORMS.values(),
        "kinds": [(code, KIND_NAMES[code]) for code in WITHOUT_CONNECTION],
        "sandbox": [{**shop, "taken": shop["code"] in taken} for shop in sandbox_shops()],
    }
    return render(request, "sync/add_choose.html", context)


@allowed_to("channels.edit")
@require_POST
def choose_sandbox(request: HttpRequest, shop: str) -> HttpResponse:
    """Begin with the address and the keys of a sandbox shop filled in."""
    found = next((one for one in sandbox_shops() if one["code"] == shop), None)
    if found is None or found["platform"] not in PLATFORMS:
        raise Http404
    secret = {item.name for item in PLATFORMS[found["platform"]].fields if item.secret}
    draft = _new_draft(found["platform"])
    taken = set(all_channels(archived=True).values_list("code", flat=True))
    draft.name, draft.code, draft.currency = found["name"], free_code(found["code"], taken), found["currency"]
    draft.open = {name: value for name, value in found["settings"].items() if name not in secret}
    draft.keep_secrets({name: value for name, value in found["settings"].items() if name in secret})
    _keep(request, draft)
    return redirect("channels:add_fill_in", choice=draft.choice)


@allowed_to("channels.edit")
def fill_in(request: HttpRequest, choice: str) -> HttpResponse:
    """Name, code and what the platform asks for, each with where to find it."""
    kept = _draft(request)
    draft = kept if kept is not None and kept.choice == choice else _new_draft(choice)
    fields: tuple[SettingField, ...] = PLATFORMS[choice].fields if choice in PLATFORMS else ()
    initial = {**initial_settings(draft.open), "name": draft.name, "code": draft.code, "currency": draft.currency}
    form = NewChannelForm(request.POST or None, fields=fields, kept=draft.secrets(), initial=initial)
    if request.method == "POST" and form.is_valid():
        draft.name, draft.code = form.cleaned_data["name"], form.cleaned_data["code"]
        draft.currency = form.cleaned_data["currency"]
        try:
            checked = checked_settings(kind=draft.kind, platform=draft.platform, given=form.given(), partial=True)
        except BadChannel as refused:
            form.add_error(None, str(refused))
        else:
            draft.open = checked.open
            draft.keep_secrets(checked.secret)
            _keep(request, draft)
            return redirect("channels:add_test") if fields else _finish(request, draft)
    context = {"form": form, "choice": choice, "title": _title(choice), "has_test": bool(fields)}
    return render(request, "sync/add_fill_in.html", context, status=422 if form.errors else 200)


def _title(choice: str) -> Any:
    return PLATFORMS[choice].name if choice in PLATFORMS else KIND_NAMES[choice]


@allowed_to("channels.edit")
@require_GET
def test(request: HttpRequest) -> HttpResponse:
    """The page on which the settings are tried."""
    draft = _draft(request)
    if draft is None or draft.platform is None:
        return redirect("channels:add")
    return render(request, "sync/add_test.html", {"draft": draft})


@allowed_to("channels.edit")
@require_POST
def run_test(request: HttpRequest) -> HttpResponseBase:
    """Try the settings at the shop: ticks as they happen."""
    draft = _draft(request)
    if draft is None or draft.platform is None:
        raise Http404
    context = {
        "kept": False,
        "back_url": reverse("channels:add_fill_in", args=[draft.choice]),
        "next_url": reverse("channels:add_start"),
    }
    steps = check_settings(platform=draft.platform, settings=draft.given())
    return stream_steps(steps, verdict="sync/check_verdict.html", context=context)


@allowed_to("channels.edit")
def start(request: HttpRequest) -> HttpResponse:
    """What the first synchronisation takes over; then the channel is made."""
    draft = _draft(request)
    if draft is None or draft.platform is None:
        return redirect("channels:add")
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if since := form.since_text():
            draft.open["since"] = since
        return _finish(request, draft)
    return render(request, "sync/add_start.html", {"form": form, "draft": draft}, status=422 if form.errors else 200)


def _finish(request: HttpRequest, draft: Draft) -> HttpResponse:
    try:
        checked = checked_settings(kind=draft.kind, platform=draft.platform, given=draft.given())
        channel = add_channel(
            actor=actor_of(request),
            code=draft.code,
            kind=draft.kind,
            platform=draft.platform,
            name=draft.name,
            currency=draft.currency,
            open_settings=checked.open,
            secret_settings=checked.secret,
        )
    except BadChannel as refused:
        messages.error(request, str(refused))
        return redirect("channels:add_fill_in", choice=draft.choice)
    request.session.pop(SESSION_KEY, None)
    if draft.platform:
        return redirect("channels:arriving", code=channel.code)
    messages.success(request, gettext("%(channel)s is added.") % {"channel": channel.name})
    return redirect("channels:detail", code=channel.code)
