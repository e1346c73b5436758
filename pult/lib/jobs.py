"""Background jobs: tasks with explicit names, deferred by name inside the caller's transaction.

A job is a row that is committed with the data it speaks of, so neither exists without the other. Tasks are named by
string, so that a lower app can defer the work of a higher one without knowing it; `task_names()` lets a test prove that
every such string exists.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections, transaction
from procrastinate import JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from pult.lib.failures import Throttled, Transient
from pult.lib.logs import log_context

JobFunction = TypeVar("JobFunction", bound=Callable[..., Any])

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
MAX_ATTEMPTS = 20


class RetryTransient(BaseRetryStrategy):
    """Try again what may mend itself: a Transient or Throttled failure, or a database that went away.

    Everything else fails at once: a job that waits for its retry holds back all others with its lock.
    """

    def __init__(self, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self.max_attempts = max_attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts >= self.max_attempts:
            return None
        if isinstance(exception, Throttled):
            return RetryDecision(retry_in={"seconds": max(1, round(exception.wait_s))})
        if isinstance(exception, Transient | OperationalError | InterfaceError):
            return RetryDecision(retry_in={"seconds": round(wait_before_attempt(job.attempts + 1))})
        return None


def wait_before_attempt(attempt: int) -> float:
    """Seconds to wait before the attempt of this number (1 = the first repeat): doubling, bounded, spread a little."""
    wait = min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S)
    return wait * random.uniform(0.8, 1.2)  # noqa: S311 spreads load, guards nothing


def task(
    *,
    name: str,
    queue: str = "default",
    lock: str | None = None,
    queueing_lock: str | None = None,
    priority: int = 0,
    retry: BaseRetryStrategy | None = None,
) -> Callable[[JobFunction], JobFunction]:
    """Make a function the task `name` (`app.verb`, never renamed: waiting jobs know it); it stays callable as before.

    A higher `priority` runs first. Without `retry` a Transient or Throttled failure is retried, any other one is final.
    """

    def decorate(function: JobFunction) -> JobFunction:
        @functools.wraps(function)
        def run(context: JobContext, /, **arguments: Any) -> Any:
            known = {key: arguments[key] for key in ("channel", "channel_id", "message_id") if key in arguments}
            with log_context(job=context.job.id, task=name, **known):
                return function(**arguments)

        app.task(
            name=name,
            queue=queue,
            lock=lock,
            queueing_lock=queueing_lock,
            priority=priority,
            retry=retry or RetryTransient(),
            pass_context=True,
        )(run)
        return function

    return decorate


def periodic(
    cron: str,
    *,
    name: str,
    queue: str = "default",
    lock: str | None = None,
    priority: int = 0,
) -> Callable[[JobFunction], JobFunction]:
    """Make a function without arguments the task `name` and run it by `cron` (a sixth field at the end is seconds).

    A turn is left out while the one before still waits to run; nothing piles up behind a slow worker.
    """

    def decorate(function: JobFunction) -> JobFunction:
        @functools.wraps(function)
        def run(context: JobContext, /, timestamp: int = 0) -> Any:
            with log_context(job=context.job.id, task=name):
                return function()

        registered = app.task(
            name=name,
            queue=queue,
            lock=lock,
            queueing_lock=name,
            priority=priority,
            retry=False,  # the next turn is the retry
            pass_context=True,
        )(run)
        app.periodic(cron=cron, periodic_id=name)(registered)
        return function

    return decorate


def defer(
    name: str,
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    schedule_in_s: float | None = None,
    priority: int | None = None,
    **arguments: Any,
) -> bool:
    """Put a job of the task `name` into the queue, inside the caller's transaction if there is one.

    Jobs with one `lock` run one at a time, oldest first. With a `queueing_lock` only one may wait: false if one waits
    already, and that one then cannot start before the caller's transaction ends, so it sees what the caller wrote.
    Raises procrastinate's TaskNotFound for an unknown name.
    """
    options: dict[str, Any] = {}
    if lock is not None:
        options["lock"] = lock
    if schedule_in_s is not None:
        options["schedule_in"] = {"seconds": schedule_in_s}
    if priority is not None:
        options["priority"] = priority
    if queueing_lock is None:
        app.configure_task(name, allow_unknown=False, **options).defer(**arguments)
        return True
    deferrer = app.configure_task(name, allow_unknown=False, queueing_lock=queueing_lock, **options)
    while not _waits_already(queueing_lock):
        try:
            # A unique violation aborts the transaction around it: the savepoint bears it instead.
            with transaction.atomic():
                deferrer.defer(**arguments)
        except AlreadyEnqueued:
            continue
        return True
    return False


def take_waiting(name: str, *, lock: str, limit: int) -> list[dict[str, Any]]:
    """Take jobs that wait off the queue, oldest first, and return their arguments: whoever takes them does their work.

    For a task that does the work of many jobs at once. What is taken is lost if the taker dies: only for hints.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM procrastinate_jobs WHERE task_name = %s"
            " AND lock = %s AND status = 'todo' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, args::text",
            [name, lock, limit],
        )
        return [orjson.loads(arguments) for _, arguments in sorted(cursor.fetchall())]


def task_names() -> frozenset[str]:
    """The names of all tasks that exist, ours and the queue's own."""
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    return frozenset(app.tasks)


def _waits_already(queueing_lock: str) -> bool:
    """Whether a job with this queueing lock waits; if so, it cannot be fetched before the caller's transaction ends."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo' FOR KEY SHARE",
            [queueing_lock],
        )
        return cursor.fetchone() is not None
