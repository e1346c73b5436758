"""How the installation is: alive, ready, in figures, and what the doctor says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from pult.channels.models import SalesChannel
from pult.channels.services import pause_channel
from pult.history.types import SYSTEM
from pult.inbox.services import Incoming, keep_messages, mark_failed
from pult.lib.clock import now
from pult.orders.models import Order
from pult.project import cli
from pult.project.doctor import Finding, examine, findings_document
from pult.testing.api import ApiClient, custom_channel, order_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> None:
    """A worker that has just given a sign of life."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def webshop(code: str = "bolt", *, minutes: int = 0, **more: Any) -> SalesChannel:
    channel = SalesChannel.objects.create(code=code, name=code, kind="webshop", platform="woocommerce", **more)
    SalesChannel.objects.filter(pk=channel.pk).update(created_at=now() - timedelta(minutes=minutes))
    return channel


def figures(client: Client | None = None, **headers: str) -> dict[tuple[str, ...], float]:
    answer = (client or Client()).get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


# --- alive and ready


def test_alive_needs_no_database(django_assert_num_queries: Any):
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_with_a_worker(worker: None):
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "migrations": "ok", "worker": "ok"}}


def test_not_ready_without_a_worker_or_with_one_that_is_silent():
    assert Client().get("/readyz").status_code == 503
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (503, "silent")


def test_health_is_only_read():
    for path in ("/healthz", "/readyz", "/metrics"):
        assert Client().post(path).status_code == 405


# --- figures


def test_figures_of_channels_inbox_and_queue(worker: None):
    custom_channel()
    ApiClient("admin").post("/orders", order_body())
    late = webshop("kesik", minutes=10, failing_since=now())
    webshop("uj")
    ids = keep_messages(late.pk, [Incoming("1", b"{"), Incoming("2", b"{}")], source="poll", then="sync.x")
    mark_failed({ids[0]: ("unreadable", "cut")})
    found = figures()
    assert found["pult_channel_out_of_step", "kesik"] == 1
    assert found["pult_channel_out_of_step", "uj"] == 0
    assert found["pult_channel_failing", "kesik"] == 1
    assert 600 <= found["pult_channel_seconds_since_in_step", "kesik"] < 660
    assert ("pult_channel_seconds_since_in_step", "telefon") not in found
    assert 0 <= found["pult_channel_seconds_since_last_order", "telefon"] < 60
    assert (found["pult_inbox_messages", "kept"], found["pult_inbox_messages", "failed"]) == (1, 1)
    assert found["pult_worker_heartbeat_age_seconds",] < 30


def test_figures_ask_nothing_of_the_orders(django_assert_num_queries: Any):
    custom_channel()
    with django_assert_num_queries(5) as queries:
        figures()
    assert not any("orders_order" in query["sql"] for query in queries.captured_queries)
    assert Order.objects.count() == 0


def test_figures_are_for_this_machine_and_for_tokens_that_may_see_the_system():
    outside = Client(REMOTE_ADDR="203.0.113.7")
    assert outside.get("/metrics").status_code == 401
    assert Client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 401
    assert outside.get("/metrics", headers={"Authorization": f"Bearer {ApiClient('viewer').text}"}).status_code == 401
    assert figures(outside, Authorization=f"Bearer {ApiClient('admin').text}")


# --- the doctor


def findings(check: str) -> list[Finding]:
    return [finding for finding in examine() if finding.check == check]


def test_a_sound_installation_has_no_error(worker: None):
    document = findings_document(list(examine()))
    assert [item for item in document["items"] if item["level"] == "error"] == []
    assert document["ok"] is True
    assert {item["check"] for item in document["items"]} >= {
        "disk",
        "secret_key",
        "database",
        "migrations",
        "clock",
        "workers",
        "jobs",
        "inbox",
        "channels",
    }


def test_the_doctor_says_which_channel_is_out_of_step_and_why(worker: None):
    webshop("kesik", minutes=10, failure_detail="The shop refuses the key.", failing_since=now())
    webshop("alszik", hooks={"working": False, "detail": "The shop cannot reach Pult."})
    pause_channel(webshop("szunetel").pk, actor=SYSTEM)
    said = {
        finding.message.split()[1]: finding for finding in findings("channels") if "webhooks" not in finding.message
    }
    assert said["kesik"].level == "error"
    assert said["kesik"].message.endswith("The shop refuses the key.")
    assert said["szunetel"].level == "warning"
    assert any("The shop cannot reach Pult." in finding.message for finding in findings("channels"))


def test_no_worker_is_an_error_once_a_channel_needs_one():
    assert [finding.level for finding in findings("workers")] == ["warning"]
    webshop()
    assert [finding.level for finding in findings("workers")] == ["error"]


def test_failed_and_stuck_jobs_and_messages_are_named(worker: None):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, priority)"
            " VALUES ('sync', 'sync.poll_channel', '{}', 'doing', 0) RETURNING id"
        )
        (job,) = cursor.fetchone()
        cursor.execute("DELETE FROM procrastinate_events WHERE job_id = %s", [job])
        cursor.execute(
            "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'started', now() - interval '1 hour')",
            [job],
        )
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, priority)"
            " VALUES ('sync', 'sync.ensure_hooks', '{}', 'failed', 0)"
        )
    messages = [finding.message for finding in findings("jobs")]
    assert any("sync.poll_channel" in message for message in messages)
    assert any("1 background job(s) failed" in message for message in messages)


def test_a_secret_key_that_others_can_read_is_an_error(settings: Any, tmp_path: Path):
    settings.PULT_DATA_DIR = tmp_path
    key = tmp_path / "keys" / "secret_key"
    key.parent.mkdir()
    key.write_text("x")
    key.chmod(0o644)
    (found,) = findings("secret_key")
    assert (found.level, f"chmod 600 {key}" in found.message) == ("error", True)
    key.chmod(0o600)
    assert [finding.level for finding in findings("secret_key")] == ["ok"]


def test_a_database_that_cannot_be_started_leaves_the_rest_examined():
    said = list(examine(database_failure="no room left"))
    assert said[-1] == Finding("database", "error", "The database cannot be started: no room left")
    assert {finding.check for finding in said} >= {"disk", "secret_key"}


def test_the_command_prints_one_document_and_tells_by_its_status(worker: None, capsys: Any):
    assert cli.run(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    webshop("kesik", minutes=10)
    assert cli.run(["doctor"]) == 1
    assert "✗ Channel kesik is out of step" in capsys.readouterr().out
