"""Pages of users, tokens and one's own profile."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from pult.accounts.access import actor_of, allowed_to
from pult.accounts.errors import BadAccount
from pult.accounts.forms import WHAT_ROLES_MAY, ChangeUserForm, NewUserForm, ProfileForm, TokenForm
from pult.accounts.models import ROLE_NAMES, User
from pult.accounts.selectors import all_tokens, all_users
from pult.accounts.services import change_user, create_token, create_user, keep_preferences, revoke_token
from pult.history.selectors import entries_of
from pult.history.timeline import timeline
from pult.lib.clock import now

FIELDS = {
    "email": _("E-mail address"),
    "name": _("Name"),
    "role": _("Role"),
    "language": _("Language"),
    "theme": _("Appearance"),
    "is_active": _("May log in"),
}
YEAR_S = 365 * 24 * 3600


def _tabs(active: str) -> list[dict[str, Any]]:
    return [
        {"label": gettext("Users"), "url": reverse("accounts:users"), "active": active == "users", "count": None},
        {
            "label": gettext("API tokens"),
            "url": reverse("accounts:tokens"),
            "active": active == "tokens",
            "count": None,
        },
    ]


def _find(pk: int) -> User:
    user = all_users().filter(pk=pk).first()
    if user is None:
        raise Http404
    return user


# --- users -----------------------------------------------------------------------------------------------------


@allowed_to("accounts.view")
@require_GET
def user_list(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/user_list.html", {"users": all_users(), "tabs": _tabs("users")})


@sensitive_post_parameters("password")
def _user_add(request: HttpRequest) -> HttpResponse:
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = create_user(
                actor=actor_of(request),
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                role=form.cleaned_data["role"],
                password=form.password_given(),
            )
        except BadAccount as refused:
            field = {"email_taken": "email", "bad_email": "email", "weak_password": "password"}.get(refused.code)
            text = gettext("There is a user with this e-mail address already.")
            form.add_error(field, text if refused.code == "email_taken" else str(refused))
        else:
            messages.success(request, gettext("%(user)s is added.") % {"user": user})
            if form.password_given() is None:
                return _show_link(request, user)
            return redirect("accounts:users")
    context = {"form": form, "roles": _roles()}
    return render(request, "accounts/user_form.html", context, status=422 if form.errors else 200)


user_add = allowed_to("accounts.edit")(_user_add)


@allowed_to("accounts.edit")
def user_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Role, name, and whether the person may log in; the last administrator stays one."""
    user = _find(pk)
    form = ChangeUserForm(
        request.POST or None, initial={"name": user.name, "role": user.role, "is_active": user.is_active}
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_user(pk, actor=actor_of(request), **form.cleaned_data)
        except BadAccount as refused:
            form.add_error(None, gettext(refused.template))
        else:
            messages.success(request, gettext("%(user)s is saved.") % {"user": form.cleaned_data["name"] or user.email})
            return redirect("accounts:users")
    context = {
        "form": form,
        "person": user,
        "roles": _roles(),
        "history": timeline(entries_of("user", pk)[:20], labels=FIELDS),
    }
    return render(request, "accounts/user_form.html", context, status=422 if form.errors else 200)


@allowed_to("accounts.edit")
@require_POST
def user_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link on which the person chooses a (new) password."""
    user = _find(pk)
    if not user.is_active:
        messages.error(request, gettext("%(user)s may not log in; switch that on first.") % {"user": user})
        return redirect("accounts:user", pk=pk)
    return _show_link(request, user)


def _show_link(request: HttpRequest, user: User) -> HttpResponse:
    """Send the link by mail, and show it once: where no mail goes out, the administrator hands it over."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    uid, _dash, token = key.partition("-")
    address = settings.PULT_PUBLIC_URL + reverse(
        "account_reset_password_from_key", kwargs={"uidb36": uid, "key": token}
    )
    sent = False
    try:
        with override(user.language):
            text = gettext(
                "You have been invited to Pult. Choose your password here:\n\n%(link)s\n\nThe link works once."
            )
            sent = bool(send_mail(gettext("Invitation to Pult"), text % {"link": address}, None, [user.email]))
    except OSError:
        # the mail server does not answer: the link below still does
        sent = False
    context = {"person": user, "link": address, "sent": sent and bool(settings.PULT_EMAIL_URL)}
    response = render(request, "accounts/user_link.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _roles() -> list[tuple[Any, Any]]:
    return [(name, WHAT_ROLES_MAY[code]) for code, name in ROLE_NAMES.items()]


# --- tokens ----------------------------------------------------------------------------------------------------


@allowed_to("accounts.view")
@require_GET
def token_list(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/token_list.html", {"tokens": all_tokens(), "tabs": _tabs("tokens"), "now": now()})


@allowed_to("accounts.edit")
def token_add(request: HttpRequest) -> HttpResponse:
    """Make a token and show its text, this once."""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = request.user
        assert isinstance(user, User)
        try:
            token, text = create_token(
                actor=actor_of(request),
                name=form.cleaned_data["name"],
                role=form.cleaned_data["role"],
                created_by=user,
                expires_at=form.expires_at(),
            )
        except BadAccount as refused:
            form.add_error("name", gettext(refused.template))
        else:
            response = render(request, "accounts/token_made.html", {"token": token, "text": text})
            response["Cache-Control"] = "no-store"
            return response
    context = {"form": form, "roles": _roles()}
    return render(request, "accounts/token_form.html", context, status=422 if form.errors else 200)


@allowed_to("accounts.edit")
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = all_tokens().filter(pk=pk).first()
    if token is None:
        raise Http404
    revoke_token(pk, actor=actor_of(request))
    messages.success(
        request, gettext("The token %(token)s is revoked; nothing can use it any more.") % {"token": token.name}
    )
    return redirect("accounts:tokens")


# --- oneself ---------------------------------------------------------------------------------------------------


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """One's own name, language and appearance."""
    user = request.user
    assert isinstance(user, User)
    theme = request.COOKIES.get("pult_theme") or user.theme
    form = ProfileForm(request.POST or None, initial={"name": user.name, "language": user.language, "theme": theme})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        if chosen["name"] != user.name:
            change_user(user.pk, actor=actor_of(request), name=chosen["name"])
        keep_preferences(user.pk, language=chosen["language"], theme=chosen["theme"])
        with override(chosen["language"]):
            messages.success(request, gettext("Your profile is saved."))
        response: HttpResponse = redirect("accounts:profile")
        secure = request.is_secure()
        for name, value in ((settings.LANGUAGE_COOKIE_NAME, chosen["language"]), ("pult_theme", chosen["theme"])):
            response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=secure)
        return response
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)
