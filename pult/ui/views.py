"""The language switch."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest, HttpResponseBase
from django.views import i18n
from django.views.decorators.http import require_POST


@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Django's switch (a cookie and back to `next`); who is logged in finds the choice on other machines too."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        _keep_on_person(request, language)
    return i18n.set_language(request)


def _keep_on_person(request: HttpRequest, language: str) -> None:
    # The model of people is above this floor: only the field's name is known here, and it may be missing.
    model = get_user_model()
    try:
        model._meta.get_field("language")
    except FieldDoesNotExist:
        return
    model._default_manager.filter(pk=request.user.pk).update(language=language)
