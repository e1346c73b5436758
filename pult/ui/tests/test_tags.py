"""The tags of the shell: what they write, in both languages, and that nothing typed by a buyer becomes markup."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

from pult.ui.formats import NARROW_SPACE
from pult.ui.statuses import LOOKS
from pult.ui.templatetags.pult_ui import colour_of

UI = Path(__file__).resolve().parent.parent
CHANNEL = {"code": "szep-bolt", "name": "Szép <Bolt>", "kind": "webshop", "platform": "woocommerce"}


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PULT_TIME_ZONE = "Europe/Budapest"


def draw(source: str, *, language: str = "en", **context: object) -> str:
    with translation.override(language):
        return Template("{% load pult_ui %}" + source).render(Context(context))


def words_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).strip()


def test_money_follows_the_language():
    source = "{% money amount 'EUR' %}"
    assert words_of(draw(source, language="en", amount=Decimal("1234.5"))) == "€1,234.50"
    assert words_of(draw(source, language="hu", amount=Decimal("1234.5"))) == f"1{NARROW_SPACE}234,50{NARROW_SPACE}€"


@pytest.mark.parametrize("amount", [None, "", "abc"])
def test_an_amount_that_is_none_is_a_dash(amount):
    assert words_of(draw("{% money amount 'HUF' %}", amount=amount)) == "–"


def test_percent_has_a_space_in_hungarian_only():
    assert draw("{{ 27|percent }}", language="hu") == f"27{NARROW_SPACE}%"
    assert draw("{{ 27|percent }}", language="en") == "27%"


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=10), "now"),
        (timedelta(seconds=70), "1 minute ago"),
        (timedelta(minutes=3, seconds=5), "3 minutes ago"),
        (timedelta(hours=5, seconds=5), "5 hours ago"),
        (-timedelta(minutes=5, seconds=5), "in 5 minutes"),
    ],
)
def test_a_moment_is_told_in_words(ago, words):
    assert words_of(draw("{% when moment %}", moment=timezone.now() - ago)) == words


def test_a_moment_carries_its_exact_time_in_the_company_zone():
    html = draw("{% when moment %}", language="hu", moment=datetime(2025, 11, 2, 8, 15, 9, tzinfo=UTC))
    assert 'datetime="2025-11-02T08:15:09+00:00"' in html
    assert 'title="2025. november 2. 09:15:09"' in html
    assert words_of(html) == "2025. nov. 2."


def test_a_day_is_read_in_the_company_zone():
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert draw("{{ moment|day }}", language="hu", moment=late) == "2026. november 1."
    assert draw("{{ moment|day }}", language="en", moment=late) == "1 November 2026"


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in LOOKS.items() for code in codes])
def test_a_state_is_never_colour_alone(kind, code):
    html = draw("{% status kind code %}", kind=kind, code=code)
    assert "<svg" in html
    with translation.override("en"):
        assert words_of(html) == str(LOOKS[kind][code].label)


def test_an_unknown_state_is_shown_as_it_is():
    assert words_of(draw("{% status 'order' code %}", code="wc-<odd>")) == "wc-&lt;odd&gt;"


def test_a_channel_keeps_its_colour_and_its_name_stays_text():
    html = draw("{% channel_chip channel %}", channel=CHANNEL)
    assert f"chip-{colour_of('szep-bolt')}" in html
    assert "Szép &lt;Bolt&gt;" in html


def test_every_icon_named_anywhere_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (UI / "static/vendor/icons/icons.svg").read_text()))
    named = {look.icon for codes in LOOKS.values() for look in codes.values()}
    for template in UI.parent.rglob("templates/**/*.html"):
        text = template.read_text()
        named |= set(re.findall(r'{% icon "([^"]+)"', text)) | set(re.findall(r'\bicon="([^"]+)"', text))
        named |= set(re.findall(r'{% badge .*?"([a-z0-9-]+)" %}', text)) - {"neutral", "success", "warning", "danger"}
    assert named - sprite == set()


class _Form(forms.Form):
    url = forms.URLField(label="Address", help_text="Where the shop is", assume_scheme="https")
    tls = forms.BooleanField(label="Check the certificate", required=False)


def test_a_field_ties_its_help_and_errors_to_the_control():
    html = draw("{% field form.url %}", form=_Form({"url": "<no>"}))
    assert 'aria-invalid="true"' in html
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described
    for name in described.group(1).split():
        assert f'id="{name}"' in html
    assert "<no>" not in html


def test_a_check_box_stands_before_its_label():
    html = draw("{% field form.tls %}", form=_Form())
    assert html.index("<input") < html.index("Check the certificate")


def test_a_chart_has_its_numbers_in_a_table_and_as_data():
    series = [{"name": "Szép </script><b>", "values": [Decimal("1200"), None]}]
    html = draw("{% chart 'c' 'Turnover' labels series currency='HUF' %}", labels=["1", "2"], series=series)
    data = json.loads(re.search(r'<script id="c"[^>]*>(.*?)</script>', html, re.DOTALL).group(1))
    assert data["series"][0]["values"] == [1200.0, None]
    assert f"1,200{NARROW_SPACE}Ft" in html
    assert "</script><b>" not in html


def test_a_sparkline_breaks_where_a_value_is_missing():
    assert draw("{% sparkline values 'delay' %}", values=[1, 2, None, 3, 4]).count("<polyline") == 2


def test_pages_hold_no_inline_script_or_style():
    for template in UI.parent.rglob("templates/**/*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on|<style|javascript:", text), template
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "500"])
@pytest.mark.parametrize("language", ["hu", "en"])
def test_error_pages_need_no_request(page, language):
    with translation.override(language):
        html = Template(f"{{% include '{page}.html' %}}").render(Context())
    assert f'lang="{language}"' in html
    assert "<h1>" in html


def test_vendored_files_are_those_listed():
    vendor = UI / "static/vendor"
    listed = [line.split() for line in (vendor / "VERSIONS").read_text().splitlines() if not line.startswith("#")]
    found = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()}
    licences = {name for name in found if name.endswith("LICENSE")}
    assert {line[0] for line in listed} == found - licences - {"VERSIONS"}
    for name, *_rest, digest in listed:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
