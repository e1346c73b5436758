"""How the installation is, for machines: is the process alive, is it ready, and figures for Prometheus."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pult.accounts.selectors import token_by_text
from pult.channels.selectors import all_channels, health
from pult.lib.clock import now

if TYPE_CHECKING:
    from pult.channels.models import SalesChannel

WORKER_SILENT_AFTER_S: Final = 30.0
"""A worker gives a sign of life every 2 s; after this long without one, nobody works."""

PASSED_ON: Final = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")
"""Headers that tell that a request came through a proxy: its loopback address is then the proxy's, not the caller's."""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive; nothing else is looked at, so that a slow database never gets it killed."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, is up to date and a worker is at work; else 503, with what is missing."""
    checks = {"database": "failed", "migrations": "unknown", "worker": "unknown"}
    try:
        checks["migrations"] = "waiting" if waiting_migrations() else "ok"
        checks["database"] = "ok"
        if checks["migrations"] == "ok":
            age = worker_silence_s()
            checks["worker"] = "ok" if age is not None and age < WORKER_SILENT_AFTER_S else "silent"
    except (DatabaseError, InterfaceError):
        checks["database"] = "failed"
    ready = all(state == "ok" for state in checks.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus: to callers on this machine itself, and to tokens whose role may see the system."""
    if not may_read_metrics(request):
        response = HttpResponse("A token with the role admin is needed.\n", status=401, content_type="text/plain")
        response["WWW-Authenticate"] = 'Bearer realm="Pult"'
        return response
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


def may_read_metrics(request: HttpRequest) -> bool:
    """Whether the caller is on this machine (not through a proxy on it), or shows a token with `system.view`."""
    try:
        local = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        local = False
    if local and not any(name in request.headers for name in PASSED_ON):
        return True
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = token_by_text(text.strip()) if scheme.lower() == "bearer" else None
    return token is not None and token.can("system.view")


def waiting_migrations() -> int:
    """How many migrations are not applied yet."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def worker_silence_s() -> float | None:
    """Seconds since the last sign of life of any worker; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - max(last_heartbeat))::float8 FROM procrastinate_workers"
        )
        silence: float | None = cursor.fetchone()[0]
    return silence


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Jobs of one queue: waiting (due now), scheduled for later, in hand, failed for good."""

    queue: str
    waiting: int
    scheduled: int
    doing: int
    failed: int


def queue_figures() -> list[QueueFigures]:
    """The jobs of every queue that has any; done ones are deleted, so the table is small."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_name, count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)),"
            " count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()),"
            " count(*) FILTER (WHERE status = 'doing'), count(*) FILTER (WHERE status = 'failed')"
            " FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') GROUP BY queue_name ORDER BY 1"
        )
        return [QueueFigures(*row) for row in cursor.fetchall()]


def inbox_figures() -> dict[str, int]:
    """Messages that wait to be understood, and that could not be: counted by their partial indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM inbox_message WHERE state = 'kept'),"
            " (SELECT count(*) FROM inbox_message WHERE state = 'failed')"
        )
        kept, failed = cursor.fetchone()
    return {"kept": kept, "failed": failed}


class _Figures(Collector):
    """Every figure asked from the database at the moment it is read; none needs to walk through the orders."""

    def collect(self) -> Iterator[Metric]:
        yield from _channel_figures()
        inbox = GaugeMetricFamily("pult_inbox_messages", "Raw messages by state (kept, failed).", labels=["state"])
        for state, count in inbox_figures().items():
            inbox.add_metric([state], count)
        yield inbox
        jobs = GaugeMetricFamily("pult_jobs", "Background jobs by queue and state.", labels=["queue", "state"])
        for figures in queue_figures():
            for state in ("waiting", "scheduled", "doing", "failed"):
                jobs.add_metric([figures.queue, state], getattr(figures, state))
        yield jobs
        silence = worker_silence_s()
        if silence is not None:
            yield GaugeMetricFamily(
                "pult_worker_heartbeat_age_seconds", "Seconds since a worker gave a sign of life.", value=silence
            )


def _channel_figures() -> Iterator[Metric]:
    at = now()
    gauges = {
        "out_of_step": _gauge("pult_channel_out_of_step", "1 if the channel breaks the five-minute promise."),
        "in_step": _gauge("pult_channel_seconds_since_in_step", "Seconds since the channel was in step."),
        "failing": _gauge("pult_channel_failing", "1 if the last synchronisation failed."),
        "paused": _gauge("pult_channel_paused", "1 if the channel is paused."),
        "last_order": _gauge("pult_channel_seconds_since_last_order", "Seconds since an order came."),
    }
    for channel in all_channels():
        state = health(channel, at)
        gauges["out_of_step"].add_metric([channel.code], float(state.state == "out_of_step"))
        gauges["failing"].add_metric([channel.code], float(channel.failing_since is not None))
        gauges["paused"].add_metric([channel.code], float(channel.paused_at is not None))
        if channel.kind == "webshop":
            gauges["in_step"].add_metric([channel.code], _age(channel, at))
        if channel.last_order_at is not None:
            gauges["last_order"].add_metric([channel.code], (at - channel.last_order_at).total_seconds())
    yield from gauges.values()
    yield from _sync_figures()


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["channel"])


def _age(channel: SalesChannel, at: datetime) -> float:
    return (at - (channel.in_step_at or channel.created_at.astimezone(UTC))).total_seconds()


def _sync_figures() -> Iterator[Metric]:
    """What the log of synchronisations of the last hour adds up to; older entries are pruned, so no counter can be."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.code, count(*), count(*) FILTER (WHERE r.error_code IS NOT NULL), sum(r.fetched), sum(r.created),"
            " sum(r.updated), sum(r.failed) FROM channels_saleschannel c JOIN LATERAL (SELECT * FROM channels_syncrun r"
            " WHERE r.channel_id = c.id ORDER BY r.id DESC LIMIT 500) r ON r.started_at > now() - interval '1 hour'"
            " WHERE c.archived_at IS NULL GROUP BY c.code ORDER BY c.code"
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    runs = GaugeMetricFamily(
        "pult_sync_runs_last_hour", "Synchronisations of the last hour.", labels=["channel", "outcome"]
    )
    messages = GaugeMetricFamily(
        "pult_sync_orders_last_hour", "What they brought, by what became of it.", labels=["channel", "outcome"]
    )
    for code, count, errors, fetched, created, updated, failed in rows:
        runs.add_metric([code, "ok"], count - errors)
        runs.add_metric([code, "failed"], errors)
        for outcome, value in (("fetched", fetched), ("created", created), ("updated", updated), ("failed", failed)):
            messages.add_metric([code, outcome], value)
    yield runs
    yield messages
