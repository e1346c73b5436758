"""Workers, database and the whole of Pult are killed, shops fail and hang: the same orders arrive, once each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from pult.lib import postgres
from pult.sandbox.woocommerce import SandboxServer, SandboxShop
from pult.testing import wait_until
from pult.testing.processes import PULT, child_pids, is_running
from tests.faults.conftest import Installation, installation, make_shop

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(bool(os.environ.get("PULT_DATABASE_URL")), reason="kills the embedded PostgreSQL"),
]

Serve = Callable[..., SandboxServer]
Moment = Callable[[float], None]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pult-fault-") as folder:
        yield Path(folder)
        postgres.leave(folder)


@pytest.fixture
def here(data_dir: Path) -> Iterator[Installation]:
    with installation(data_dir) as made:
        yield made


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="pult-fault-") as folder, installation(Path(folder)) as made:
        yield made


@pytest.fixture
def lasting(one_for_all: Installation) -> Iterator[Installation]:
    """One Pult for all tests of this file that kill nothing; each finds only its own channels at work."""
    yield one_for_all
    one_for_all.sql("UPDATE channels_saleschannel SET paused_at = now() WHERE paused_at IS NULL")


@contextlib.contextmanager
def buying(shop: SandboxShop, *, orders: int, pause_s: float = 0.15) -> Iterator[threading.Thread]:
    """Buyers and the shop's clerks at work in a thread of their own, which ends when `orders` were placed."""
    stop = threading.Event()
    chance = Random(7)

    def body() -> None:
        for _ in range(orders):
            shop.place_order()
            order_id = chance.choice(list(shop.orders))
            chance.choice(
                [
                    lambda order_id=order_id: shop.edit_address(order_id, city="Győr"),
                    lambda order_id=order_id: shop.edit_line(order_id, quantity=3),
                    lambda order_id=order_id: shop.set_status(order_id, chance.choice(["cancelled", "on-hold"])),
                    lambda order_id=order_id: shop.pay(order_id),
                    lambda: None,
                ]
            )()
            stop.wait(pause_s)

    thread = threading.Thread(target=body, name="buyers")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def answering_database(here: Installation, *, but: set[int | None]) -> int:
    """The process of a database that takes connections; 0 while there is none, or one of those."""
    pid = postgres.server_pid(here.data_dir)
    return pid if pid is not None and pid not in but and postgres.answers(here.data_dir) else 0


def wait_until_polled(here: Installation, *codes: str, since: datetime, timeout: float = 30) -> None:
    for code in codes:
        wait_until(lambda code=code: polled_since(here, code, since), timeout=timeout, what=f"A poll of {code}")


def polled_since(here: Installation, code: str, at: datetime) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        (in_step_at,) = here.channel(code, "in_step_at")
        return in_step_at is not None and in_step_at > at
    return False


def a_job_of_sync_is_in_hand(here: Installation) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        return bool(
            here.sql("SELECT 1 FROM procrastinate_jobs WHERE status = 'doing' AND queue_name IN ('sync', 'hooks')")
        )
    return False


def test_worker_killed_again_and_again_loses_and_doubles_nothing(
    here: Installation, serve_shops: Serve, random_moment: Moment
) -> None:
    shop = make_shop()
    here.add_channel("bolt", serve_shops(bolt=shop).url_of("bolt"))

    killed: set[int] = set()
    with buying(shop, orders=50) as buyers:
        for turn in range(5):
            worker = wait_until(lambda: {here.pult.children().get("worker")} - killed - {None}, timeout=20).pop()
            if turn % 2:
                wait_until(lambda: a_job_of_sync_is_in_hand(here), timeout=30)
                random_moment(0.1)
            else:
                random_moment(2)
            kill(worker)
            killed.add(worker)
        buyers.join()

    wait_until_polled(here, "bolt", since=datetime.now(UTC))
    wait_until(lambda: here.has_all("bolt", shop), timeout=30)
    here.assert_in_step("bolt", shop)
    wait_until(here.no_job_is_stuck, timeout=20)


def test_database_killed_again_and_again_loses_and_doubles_nothing(
    here: Installation, serve_shops: Serve, random_moment: Moment
) -> None:
    shop = make_shop()
    here.add_channel("bolt", serve_shops(bolt=shop).url_of("bolt"))
    wait_until_polled(here, "bolt", since=datetime.now(UTC))

    with buying(shop, orders=45) as buyers:
        killed: set[int | None] = {None}
        for turn in range(4):
            database = wait_until(lambda: answering_database(here, but=killed), timeout=20)
            if turn % 2:
                wait_until(lambda: a_job_of_sync_is_in_hand(here), timeout=30)
                random_moment(0.1)
            else:
                random_moment(2)
            kill(database)
            killed.add(database)
        buyers.join()

    wait_until_polled(here, "bolt", since=datetime.now(UTC))
    wait_until(lambda: here.has_all("bolt", shop), timeout=30)
    here.assert_in_step("bolt", shop)
    wait_until(here.no_job_is_stuck, timeout=20)


def test_whole_pult_killed_and_started_again_polls_every_channel_within_thirty_seconds(
    data_dir: Path, serve_shops: Serve, random_moment: Moment
) -> None:
    shop, other, slow = make_shop(), make_shop(), make_shop()
    server = serve_shops(bolt=shop, other=other, slow=slow)
    for _ in range(30):
        other.place_order()
        slow.place_order()
    slow.faults.next("delay", 1000, seconds=1)

    with buying(shop, orders=45, pause_s=0.4) as buyers:
        for turn in range(2):
            with installation(data_dir, migrate=turn == 0) as here:
                if turn == 0:
                    here.add_channel("bolt", server.url_of("bolt"))
                    here.add_channels_like("bolt", {"other": server.url_of("other"), "slow": server.url_of("slow")})
                wait_until_polled(here, "bolt", "other", "slow", since=datetime.now(UTC))
                # the slow shop's poll is in hand at nearly any moment
                random_moment(2)
                here.pult.process.kill()
                here.pult.process.wait()
        buyers.join()

    slow.faults.clear()
    with installation(data_dir, migrate=False) as here:
        wait_until_polled(here, "bolt", "other", "slow", since=datetime.now(UTC))
        for code, at in (("bolt", shop), ("other", other), ("slow", slow)):
            wait_until(lambda code=code, at=at: here.has_all(code, at), timeout=10)
            here.assert_in_step(code, at)
        wait_until(here.no_job_is_stuck, timeout=20)


def test_ctrl_c_during_a_poll_ends_everything_and_loses_nothing(data_dir: Path, serve_shops: Serve) -> None:
    shop = make_shop()
    server = serve_shops(bolt=shop)
    for _ in range(20):
        shop.place_order()
    with installation(data_dir) as here:
        shop.faults.next("delay", 1000, seconds=3)
        here.add_channel("bolt", server.url_of("bolt"))
        tree = tree_of(here.pult.pid)
        wait_until(lambda: a_job_of_sync_is_in_hand(here), timeout=20)

        began = time.monotonic()
        # as a terminal does: everybody in the foreground is told at once
        for pid in {here.pult.pid, *tree}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

        assert here.pult.process.wait(15) == 0
        assert time.monotonic() - began < 10
        assert not [pid for pid in tree if is_running(pid)]
        assert "Traceback" not in "".join(here.pult.said)

    shop.faults.clear()
    with installation(data_dir, migrate=False) as here:
        wait_until(lambda: here.has_all("bolt", shop), timeout=30)
        here.assert_in_step("bolt", shop)


def tree_of(pid: int) -> list[int]:
    """A process's children and theirs."""
    found = child_pids(pid)
    return found + [below for child in found for below in tree_of(child)]


def test_two_workers_and_two_commands_at_once_poll_one_at_a_time(lasting: Installation, serve_shops: Serve) -> None:
    shop = make_shop()
    lasting.add_channel("twice", serve_shops(twice=shop).url_of("twice"))
    wait_until(lambda: len(shop.webhooks) == 4, timeout=20)
    shop.hooks.mode = "manual"
    for _ in range(120):
        shop.place_order()
    polls = OneAtATime(shop)
    second = subprocess.Popen([*PULT, "worker"], env=lasting.pult.environment, stderr=subprocess.DEVNULL)
    try:
        commands = [
            subprocess.Popen(
                [*PULT, "sync", "twice", "--json"], env=lasting.pult.environment, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        with buying(shop, orders=15):
            results = [json.loads(command.communicate(timeout=60)[0]) for command in commands]
        wait_until(lambda: lasting.has_all("twice", shop), timeout=20)
    finally:
        second.kill()
        second.wait()

    assert [result["channels"][0]["error"] for result in results] == [None, None]
    assert polls.most == 1
    lasting.assert_in_step("twice", shop)
    (overlapping,) = lasting.sql(
        "SELECT count(*) FROM channels_syncrun a JOIN channels_syncrun b ON a.channel_id = b.channel_id AND a.id < b.id"
        " AND b.started_at < a.ended_at JOIN channels_saleschannel c ON c.id = a.channel_id WHERE c.code = 'twice'"
    )
    assert overlapping == (0,)


class OneAtATime:
    """Counts how many lists of orders a shop reads at one time; while one is read, the others would show."""

    def __init__(self, shop: SandboxShop) -> None:
        self.most = self.now = 0
        self.lock = threading.Lock()
        shop.faults.between_pages = self.count

    def count(self, _page: int) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        moment = time.monotonic() + 0.05
        wait_until(lambda: time.monotonic() >= moment)
        with self.lock:
            self.now -= 1


def test_hanging_and_failing_shops_do_not_hold_up_the_healthy(lasting: Installation, serve_shops: Serve) -> None:
    healthy = {f"well-{number}": make_shop() for number in range(3)}
    hanging = {f"hang-{number}": make_shop() for number in range(10)}
    slow = {f"slow-{number}": make_shop() for number in range(4)}
    failing = {kind: make_shop() for kind in ("throttled", "critical", "login", "cut", "refused")}
    shops = healthy | hanging | slow | failing
    server = serve_shops(**shops)
    lasting.add_channel("first", server.url_of("well-0"))
    lasting.pult.pult("channel", "pause", "first")
    for shop in hanging.values():
        shop.faults.next("delay", 1000, seconds=300)
    for shop in slow.values():
        shop.faults.next("delay", 1000, seconds=30)
    failing["throttled"].faults.next("throttled", 1000, seconds=2)
    failing["critical"].faults.next("critical_error", 1000)
    failing["login"].faults.next("login_page", 1000)
    failing["cut"].faults.next("truncated", 1000)
    failing["refused"].consumer_secret = "cs_" + "f" * 40
    lasting.add_channels_like("first", {code: server.url_of(code) for code in [*hanging, *slow, *failing, *healthy]})
    for shop in shops.values():
        shop.place_order()

    began = time.monotonic()
    for code, shop in healthy.items():
        wait_until(lambda code=code, shop=shop: lasting.has_all(code, shop), timeout=10)
    print(f"healthy beside 10 hanging: {time.monotonic() - began:.1f} s")  # noqa: T201 a figure to read with -s
    for code in failing:
        wait_until(lambda code=code: lasting.channel(code, "failure_code") != (None,), timeout=30)
    for _ in range(2):
        for shop in healthy.values():
            shop.place_order()
        for code, shop in healthy.items():
            wait_until(lambda code=code, shop=shop: lasting.has_all(code, shop), timeout=6, what=code)

    listed = channel_list(lasting)
    codes = {code: lasting.channel(code, "failure_code")[0] for code in failing}
    assert codes["refused"] == "key_refused"
    assert codes["throttled"] == "throttled"
    assert codes["critical"] == "server_error"
    assert codes["login"] == "html_answer"
    assert codes["cut"] in {"cut_answer", "broken_connection"}
    for code in failing:
        assert listed[code]["state"] == "failing"
        assert listed[code]["error"]
    for code in healthy:
        assert listed[code]["state"] == "in_step"

    for code, shop in failing.items():
        shop.faults.clear()
        shop.consumer_secret = failing["cut"].consumer_secret
        wait_until(lambda code=code, shop=shop: lasting.has_all(code, shop), timeout=70, what=f"{code} has recovered")
        # a webhook may have brought the order before the poll that sees the shop well again
        wait_until(
            lambda code=code: lasting.channel(code, "failing_since", "failure_code") == (None, None),
            timeout=70,
            what=f"{code} is no longer failing",
        )


def channel_list(here: Installation) -> dict[str, Any]:
    return {item["code"]: item for item in json.loads(here.pult.pult("channel", "list", "--json").stdout)["items"]}


def test_channel_long_out_of_step_is_told_by_list_doctor_and_metrics(lasting: Installation, serve_shops: Serve) -> None:
    import httpx

    shop = make_shop(consumer_secret="cs_" + "9" * 40)
    lasting.add_channel("late", serve_shops(late=shop).url_of("late"))
    wait_until(lambda: lasting.channel("late", "failure_code") == ("key_refused",), timeout=20)
    lasting.sql("UPDATE channels_saleschannel SET created_at = now() - interval '6 minutes' WHERE code = 'late'")

    assert channel_list(lasting)["late"]["state"] == "out_of_step"
    doctor = lasting.pult.pult("doctor", "--json", check=False)
    told = [item for item in json.loads(doctor.stdout)["items"] if "late" in item["message"]]
    metrics = httpx.get(f"{lasting.pult.url}/metrics").text

    assert told
    assert told[0]["level"] == "error"
    assert [line for line in metrics.splitlines() if "out_of_step" in line and line.endswith(" 1.0")]


@pytest.mark.parametrize("minutes", [10, -10], ids=["ahead", "behind"])
def test_shop_whose_clock_is_wrong_loses_nothing(lasting: Installation, serve_shops: Serve, minutes: int) -> None:
    shop = make_shop(now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    code = f"clock-{'ahead' if minutes > 0 else 'behind'}"
    for _ in range(5):
        shop.place_order()
    lasting.add_channel(code, serve_shops(**{code: shop}).url_of(code))
    wait_until(lambda: lasting.has_all(code, shop), timeout=20)

    for _ in range(5):
        shop.place_order()
        shop.edit_address(min(shop.orders), city="Pécs")
    wait_until(lambda: lasting.has_all(code, shop), timeout=20)
    # the shop's clock is set right
    shop.now = lambda: datetime.now(UTC)
    late = shop.place_order()

    wait_until(lambda: str(late) in lasting.orders(code), timeout=20)
    lasting.assert_in_step(code, shop)


def test_orders_changed_while_pages_are_read_all_arrive(lasting: Installation, serve_shops: Serve) -> None:
    shop = make_shop()
    with shop.as_of(datetime.now(UTC) - timedelta(hours=2)):
        for _ in range(230):
            shop.place_order()
    chance = Random(3)

    def meddle(_page: int) -> None:
        if len(shop.orders) < 300:
            shop.place_order()
            for order_id in chance.sample(sorted(shop.orders), 5):
                shop.edit_address(order_id, street=f"Fő utca {chance.randint(1, 99)}.")

    shop.faults.between_pages = meddle
    lasting.add_channel("moving", serve_shops(moving=shop).url_of("moving"))
    wait_until(lambda: len(shop.orders) >= 240, timeout=40)
    shop.faults.between_pages = None

    wait_until(lambda: lasting.has_all("moving", shop), timeout=20)
    lasting.assert_in_step("moving", shop)


def test_more_orders_of_one_second_than_a_page_holds_all_arrive(lasting: Installation, serve_shops: Serve) -> None:
    shop = make_shop()
    with shop.as_of(datetime.now(UTC) - timedelta(minutes=1)):
        for _ in range(250):
            shop.place_order()
    lasting.add_channel("second", serve_shops(second=shop).url_of("second"))

    wait_until(lambda: lasting.has_all("second", shop), timeout=30)
    with shop.as_of(datetime.now(UTC) + timedelta(seconds=1)):
        for _ in range(150):
            shop.place_order()
    wait_until(lambda: lasting.has_all("second", shop), timeout=30)
    lasting.assert_in_step("second", shop)


WRONG_USES = [
    (("sync", "nowhere"), 1, "nowhere"),
    (("sync", "--since", "yesterdayish"), 1, "yesterdayish"),
    (("sync", "--bogus"), 2, "--bogus"),
    (("channel", "add"), 2, "CODE"),
    (("channel", "add", "x", "--kind", "kiosk"), 2, "kiosk"),
    (("channel", "add", "Nagy Bolt!", "--kind", "custom"), 1, "nagy-bolt"),
    (("channel", "add", "x", "--kind", "webshop"), 1, "--platform"),
    (("channel", "add", "x", "--kind", "webshop", "--platform", "magento"), 1, "magento"),
    (("channel", "add", "x", "--kind", "webshop", "--platform", "woocommerce", "--set", "url=x"), 1, "consumer_key"),
    (("channel", "add", "x", "--kind", "custom", "--set", "colour=red"), 1, "colour"),
    (("channel", "add", "x", "--kind", "custom", "--set", "colour"), 1, "key=value"),
    (("channel", "add", "x", "--kind", "custom", "--set", "currency=XXY"), 1, "XXY"),
    (("channel", "test", "nowhere"), 1, "nowhere"),
    (("channel", "test", "nowhere", "--json"), 1, "nowhere"),
    (("channel", "pause", "nowhere"), 1, "nowhere"),
    (("channel", "resume", "nowhere\x1b[31m"), 1, "nowhere"),
    (("inbox", "retry", "999999999"), 1, "999999999"),
    (("inbox", "retry", "99999999999999999999999"), 1, ""),
    (("inbox", "retry", "seven"), 2, "seven"),
    (("inbox", "list", "--limit", "0"), 2, "--limit"),
    (("orders", "export", "--channel", "nowhere"), 1, "nowhere"),
    (("orders", "export", "--since", "32.13."), 1, "32.13."),
    (("orders", "export", "--since", "0000-00-00"), 1, "0000-00-00"),
    (("orders", "export", "--format", "pdf"), 2, "pdf"),
    (("orders", "export", "--output", "/nowhere/at/all.jsonl"), 1, "/nowhere"),
    (("user", "create", "no-address", "--role", "admin"), 1, "no-address"),
    (("user", "create", "a@example.com", "--role", "emperor"), 2, "emperor"),
    (("user", "create", "a@example.com", "--role", "viewer", "--password", "x"), 1, ""),
    (("token", "create", "till"), 2, "--role"),
    (("token", "create", "", "--role", "viewer"), 1, ""),
    (("nonsense",), 2, "nonsense"),
]


# Runs each command as the console script does, in one process: starting Python thirty times costs a minute.
MANY_COMMANDS = """
import contextlib, io, json, sys
from pult.project import cli
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = cli.run(json.loads(line))
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
"""


def test_wrong_uses_are_one_line_that_helps(lasting: Installation) -> None:
    asked = "".join(json.dumps(arguments) + "\n" for arguments, _, _ in WRONG_USES)
    done = subprocess.run(
        [sys.executable, "-c", MANY_COMMANDS],
        env=lasting.pult.environment,
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(WRONG_USES)
    wrong = [
        (arguments, *answer)
        for (arguments, status, word), answer in zip(WRONG_USES, answers, strict=True)
        if not is_helpful(*answer, wanted=status, word=word)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def is_helpful(status: int, out: str, err: str, *, wanted: int, word: str) -> bool:
    lines = err.splitlines()
    one_line = len(lines) == 1 and lines[0].startswith("pult: ") and word in lines[0] and "\x1b" not in lines[0]
    return status == wanted and not out and one_line and "unexpected" not in err


@pytest.mark.parametrize(("arguments", "status", "word"), [WRONG_USES[0], WRONG_USES[2], WRONG_USES[16]])
def test_wrong_use_of_the_real_command(
    lasting: Installation, arguments: tuple[str, ...], status: int, word: str
) -> None:
    done = lasting.pult.pult(*arguments, check=False)

    assert is_helpful(done.returncode, done.stdout, done.stderr, wanted=status, word=word), done


def test_json_is_all_that_is_printed(lasting: Installation, serve_shops: Serve) -> None:
    shop = make_shop()
    shop.place_order()
    shop.faults.next("throttled", 1000, seconds=1)
    lasting.add_channel("json", serve_shops(json=shop).url_of("json"))

    failing = lasting.pult.pult("sync", "json", "--json", check=False)
    shop.faults.clear()
    working = lasting.pult.pult("sync", "json", "--json", check=False)
    lists = [lasting.pult.pult(*words, "--json") for words in (("channel", "list"), ("inbox", "list"))]
    tested = lasting.pult.pult("channel", "test", "json", "--json")

    [result] = json.loads(failing.stdout)["channels"]
    assert failing.returncode == 1
    assert result["error"]
    assert working.returncode == 0
    assert set(json.loads(working.stdout)["channels"][0]) >= {
        *("channel", "fetched", "created", "updated", "unchanged", "failed", "seconds", "error"),
    }
    assert all(json.loads(done.stdout)["items"] for done in lists)
    assert json.loads(tested.stdout)["ok"] is True
