"""A shopkeeper's first morning at the command line: a shop is connected, its orders arrive, mistakes are said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pult.orders.models import Order
from pult.project.cli import run
from pult.sandbox.woocommerce import SandboxServer, SandboxShop
from pult.testing.builders import the_order

pytestmark = pytest.mark.django_db


class Shell:
    """Runs `pult` commands in this process, as the console script would."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.error = ""

    def __call__(self, *arguments: str, status: int = 0) -> str:
        self._capsys.readouterr()
        try:
            ended = run(list(arguments))
        except SystemExit as end:
            ended = int(end.code or 0)
        said, self.error = self._capsys.readouterr()
        assert ended == status, f"pult {' '.join(arguments)} ended with {ended}: {said}{self.error}"
        assert "Traceback" not in said + self.error
        return said

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", status=status))

    def refused(self, *arguments: str, status: int = 1) -> str:
        """The one line that a wrong command is answered with."""
        said = self(*arguments, status=status)
        assert said == ""
        (line,) = self.error.splitlines()
        assert line.startswith("pult: ")
        return line


@pytest.fixture
def pult(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    # the test's own database is running already, and is not the installation's
    monkeypatch.setattr("pult.project.cli.ensure_database", lambda: None)
    return Shell(capsys)


@pytest.fixture
def shop() -> Iterator[SandboxShop]:
    shop = SandboxShop("Szép Bolt", behind_tls=True)
    shop.hooks.mode = "manual"
    with SandboxServer({"bolt": shop}) as server:
        shop.home_url = server.url_of("bolt")
        yield shop


def connect(pult: Shell, shop: SandboxShop, code: str = "szep-bolt") -> None:
    keys = [f"consumer_key={shop.consumer_key}", f"consumer_secret={shop.consumer_secret}", f"url={shop.home_url}"]
    settings = [part for key in keys for part in ("--set", key)]
    pult("channel", "add", code, "--kind", "webshop", "--platform", "woocommerce", "--name", "Szép Bolt", *settings)


def test_orders_of_a_webshop_arrive_follow_the_shop_and_go_out_as_files(
    pult: Shell, shop: SandboxShop, tmp_path: Path
) -> None:
    # given a connected shop with three orders
    connect(pult, shop)
    assert pult.json("channel", "test", "szep-bolt")["ok"] is True
    ids = [shop.place_order(payment_method="bacs") for _ in range(3)]

    # when it is synchronised
    (first,) = pult.json("sync")["channels"]

    # then everything is there, to the last forint
    assert {
        name: first[name] for name in ("channel", "fetched", "created", "updated", "unchanged", "failed", "error")
    } == {
        "channel": "szep-bolt",
        "fetched": 3,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
        "error": None,
    }
    lines = [json.loads(line) for line in pult("orders", "export", "--channel", "szep-bolt").splitlines()]
    assert {line["external_id"]: float(line["totals"]["gross"]) for line in lines} == {
        str(order_id): float(shop.order(order_id)["total"]) for order_id in ids
    }
    assert all(line["number"].startswith("R-") and line["payment_status"] == "unpaid" for line in lines)

    # and what happens in the shop follows
    shop.pay(ids[0])
    shop.trash(ids[1])
    (second,) = pult.json("sync", "szep-bolt")["channels"]
    assert (second["created"], second["updated"]) == (0, 2)
    states = {line["external_id"]: line for line in map(json.loads, pult("orders", "export").splitlines())}
    assert states[str(ids[0])]["payment_status"] == "paid"
    assert states[str(ids[1])]["status"] == "cancelled"

    # and it can be taken away as a table
    for form in ("csv", "xlsx"):
        file = tmp_path / f"orders.{form}"
        pult("orders", "export", "--format", form, "--output", str(file))
        assert file.stat().st_size > 500
    assert pult("orders", "export", "--since", "2099-01-01") == ""

    # and the channel says how it stands
    (channel,) = pult.json("channel", "list")["items"]
    assert (channel["code"], channel["state"], channel["error"]) == ("szep-bolt", "in_step", None)
    assert "consumer_secret" not in json.dumps(channel)


def test_order_that_can_not_be_understood_waits_and_is_read_again(pult: Shell, shop: SandboxShop) -> None:
    connect(pult, shop)
    order_id = shop.place_order()
    shop.order(order_id)["currency"] = ""

    (result,) = pult.json("sync")["channels"]
    assert (result["created"], result["failed"], result["error"]) == (0, 1, None)
    (message,) = pult.json("inbox", "list", "--failed")["items"]
    assert message["error"]["message"]
    assert "1 still not" in pult("inbox", "retry", status=1)

    shop.order(order_id)["currency"] = "HUF"
    shop.set_customer_note(order_id, "mended")
    (result,) = pult.json("sync")["channels"]
    assert result["created"] == 1
    assert Order.objects.count() == 1


def test_failing_shop_ends_with_status_one_and_the_others_arrive(pult: Shell, shop: SandboxShop) -> None:
    connect(pult, shop)
    connect(pult, shop, "masik")
    shop.place_order()
    shop.faults.next("critical_error", 200, where="/")
    pult.json("sync", "masik", status=1)
    shop.faults.clear()
    pult("channel", "pause", "masik")

    results = pult.json("sync")["channels"]

    assert [(result["channel"], result["created"], result["error"]) for result in results] == [("szep-bolt", 1, None)]
    pult("channel", "resume", "masik")
    created = {result["channel"]: result["created"] for result in pult.json("sync")["channels"]}
    assert created == {"masik": 1, "szep-bolt": 0}


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync", "nobody"),
        ("sync", "--since", "tomorrowish"),
        ("channel", "add", "Nagy Bolt", "--kind", "custom"),
        ("channel", "add", "bolt", "--kind", "webshop"),
        ("channel", "add", "bolt", "--kind", "webshop", "--platform", "fortran"),
        ("channel", "add", "bolt", "--kind", "custom", "--platform", "woocommerce"),
        ("channel", "add", "bolt", "--kind", "webshop", "--platform", "woocommerce", "--set", "url=http://x"),
        ("channel", "add", "bolt", "--kind", "webshop", "--platform", "woocommerce", "--set", "url=shop"),
        ("channel", "add", "bolt", "--kind", "custom", "--set", "colour=red"),
        ("channel", "add", "bolt", "--kind", "custom", "--set", "currency"),
        ("channel", "add", "bolt", "--kind", "custom", "--set", "currency=FORINT"),
        ("channel", "add", "bolt", "--kind", "custom", "--set", "since=soon"),
        ("channel", "add", "bolt", "--kind", "custom", "--set", "verify_tls=perhaps"),
        ("channel", "test", "nobody"),
        ("channel", "pause", "nobody"),
        ("channel", "resume", "nobody"),
        ("inbox", "retry", "987654321"),
        ("orders", "export", "--channel", "nobody"),
        ("orders", "export", "--since", "soon"),
        ("orders", "export", "--output", "/nowhere/at/all.jsonl"),
        ("orders", "export", "--format", "csv", "--output", "/proc/nothing.csv"),
    ],
)
def test_wrong_input_is_answered_in_one_line(pult: Shell, arguments: tuple[str, ...]) -> None:
    assert pult.refused(*arguments)
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("sync", "--nonsense"),
        ("channel", "add"),
        ("channel", "add", "bolt", "--kind", "circus"),
        ("channel", "dance"),
        ("inbox", "retry", "five"),
        ("inbox", "list", "--limit", "0"),
        ("orders", "export", "--format", "pdf"),
        ("orders", "export", "--output"),
    ],
)
def test_wrong_usage_is_answered_in_one_line_with_status_two(pult: Shell, arguments: tuple[str, ...]) -> None:
    assert "--help" in pult.refused(*arguments, status=2)


def test_channel_that_is_not_polled_can_not_be_synchronised(pult: Shell) -> None:
    pult("channel", "add", "pult", "--kind", "custom")

    assert "not polled" in pult.refused("sync", "pult")
    assert "There is no webshop" in pult("sync")


def test_paused_channel_can_still_be_asked_by_name(pult: Shell, shop: SandboxShop) -> None:
    connect(pult, shop)
    order_id = shop.place_order()
    pult("channel", "pause", "szep-bolt")

    assert pult.json("sync") == {"channels": []}
    pult("sync", "szep-bolt")

    from pult.channels.selectors import channel_by_code

    assert the_order(channel_by_code("szep-bolt"), order_id).number
