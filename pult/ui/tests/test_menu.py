"""The menu shows only what exists and what the person may open."""

from django.urls import include, path

from pult.ui.menu import Entry, visible_items


def _page(_request: object) -> None: ...


orders = ([path("", _page, name="list"), path("<int:pk>/", _page, name="detail")], "orders")
reports = ([path("", _page, name="overview"), path("turnover/", _page, name="turnover")], "reports")
urlpatterns = [path("orders/", include(orders)), path("reports/", include(reports))]

ENTRIES = (
    Entry("overview", "Overview", "x", "reports:overview", "reports.view"),
    Entry("orders", "Orders", "x", "orders:list", "orders.view"),
    Entry("reports", "Reports", "x", "reports:turnover", "reports.view"),
    Entry("quotes", "Quotes", "x", "quotes:list"),
)


def _keys(settings, *, allowed=("orders.view", "reports.view"), current=""):
    settings.ROOT_URLCONF = __name__
    items = visible_items(ENTRIES, may=lambda permission: permission in allowed, current=current)
    return [item.key for item in items], [item.key for item in items if item.active]


def test_an_entry_whose_page_does_not_exist_is_left_out(settings):
    assert _keys(settings) == (["overview", "orders", "reports"], [])


def test_an_entry_the_person_may_not_open_is_left_out(settings):
    assert _keys(settings, allowed=("orders.view",)) == (["orders"], [])


def test_the_entry_of_the_open_page_is_active(settings):
    assert _keys(settings, current="reports:turnover")[1] == ["reports"]


def test_a_page_below_an_entry_makes_its_first_one_active(settings):
    assert _keys(settings, current="orders:detail")[1] == ["orders"]
