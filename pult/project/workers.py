"""The worker: runs background jobs in this process, and takes up again what a killed worker left behind.

It never ends by itself: when the database goes away it waits and comes back. A job whose worker no longer gives a sign
of life is put back into the queue, so after kill −9 everything goes on within seconds of the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from procrastinate.app import App
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker

from pult.channels.services import poll_all_at_once

logger = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
STALLED_AFTER_S = 10.0
POLL_S = 1.0
RESCUE_EVERY_S = 5.0
SHUTDOWN_S = 5.0
PRUNE_EVERY_S = 3600.0
KEEP_FAILED_HOURS = 14 * 24
LONGEST_PAUSE_S = 5.0


def run_worker() -> None:
    """Run jobs until SIGTERM or SIGINT; then finish those in hand (for at most SHUTDOWN_S) and return."""
    asyncio.run(_Runner().run())


class _PromptWorker(Worker):
    """A worker that never leaves a job waiting for the next look into the queue (POLL_S) though it could begin.

    procrastinate forgets what it hears while it fetches a job, and does not look again when a job ends, whose lock may
    have held another one back.
    """

    _heard = False

    async def _fetch_and_process_jobs(self) -> None:
        self._heard = True
        while self._heard:
            self._heard = False
            await super()._fetch_and_process_jobs()

    async def _handle_notification(self, *arguments: Any, **named: Any) -> None:
        self._heard = True
        await super()._handle_notification(*arguments, **named)

    async def _process_job(self, context: Any) -> None:
        try:
            await super()._process_job(context)
        finally:
            self._heard = True
            self._new_job_event.set()


class _Runner:
    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.worker: Worker | None = None
        self.suspects: set[int] = set()
        self.fresh = True

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        # Jobs run in threads, and Python's own pool has fewer of them than jobs are allowed at once.
        threads = ThreadPoolExecutor(settings.PULT_WORKER_CONCURRENCY + 2, thread_name_prefix="job")
        loop.set_default_executor(threads)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        failures = 0
        while not self.stopping.is_set():
            started = time.monotonic()
            try:
                await self._run_once()
            except Exception:
                logger.exception("worker_lost")
            if self.stopping.is_set():
                return
            failures = 1 if time.monotonic() - started > LONGEST_PAUSE_S else failures + 1
            pause = min(0.25 * 2**failures, LONGEST_PAUSE_S) * random.uniform(0.8, 1.2)  # noqa: S311 spreads load
            logger.warning("worker_reconnects", extra={"wait_s": round(pause, 1)})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=pause)

    def _stop(self) -> None:
        if not self.stopping.is_set():
            # A job in a thread cannot be interrupted; what it leaves undone is taken up by the next worker.
            timer = threading.Timer(SHUTDOWN_S + 1, os._exit, (0,))
            timer.daemon = True
            timer.start()
        self.stopping.set()
        if self.worker is not None:
            self.worker.stop()

    async def _run_once(self) -> None:
        """One life of the worker: ends when it is told to stop or has lost the database."""
        # The periodic deferrer uses Django's connection of one lasting thread, which nobody else would renew.
        await sync_to_async(connections.close_all, thread_sensitive=True)()
        app = _worker_app()
        async with app.open_async():
            app.perform_import_paths()
            await _rescue(app.job_manager)
            if self.fresh:
                await sync_to_async(poll_all_at_once, thread_sensitive=True)()
                self.fresh = False
            # Not App.run_worker_async: its worker is needed to tell which jobs are really in hand.
            self.worker = _PromptWorker(
                app=app,
                concurrency=settings.PULT_WORKER_CONCURRENCY,
                delete_jobs="successful",
                fetch_job_polling_interval=POLL_S,
                abort_job_polling_interval=POLL_S,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALLED_AFTER_S,
                shutdown_graceful_timeout=SHUTDOWN_S,
                install_signal_handlers=False,
                task_middleware=app.worker_defaults.get("task_middleware"),
            )
            if self.stopping.is_set():
                return
            upkeep = asyncio.create_task(self._upkeep(app.job_manager), name="upkeep")
            number = None
            try:
                await self.worker.run()
            finally:
                upkeep.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await upkeep
                number, self.worker = self.worker.worker_id, None
                if number is not None:
                    # It could not sign off (the database was away): later its jobs are seen as stalled.
                    logger.warning("worker_not_signed_off", extra={"worker": number})

    async def _upkeep(self, manager: JobManager) -> None:
        """Every few seconds take up jobs of workers that are gone; every hour forget old failures."""
        pruned_at = -PRUNE_EVERY_S
        while True:
            await asyncio.sleep(RESCUE_EVERY_S)
            try:
                await _rescue(manager)
                await self._rescue_own(manager)
                if time.monotonic() - pruned_at >= PRUNE_EVERY_S:
                    await _forget_old(manager)
                    pruned_at = time.monotonic()
            except Exception:
                # Mostly the database is away; then the worker itself ends and starts again.
                logger.warning("upkeep_failed", exc_info=True)

    async def _rescue_own(self, manager: JobManager) -> None:
        """Take up jobs that are marked as this worker's but are not in hand: their end could not be written down."""
        worker = self.worker
        if worker is None or worker.worker_id is None:
            return
        marked = await manager.list_jobs_async(status=Status.DOING.value, worker_id=worker.worker_id)
        in_hand = {context.job.id for context in worker._running_jobs.values()}
        idle = {job.id: job for job in marked if job.id is not None and job.id not in in_hand}
        # Twice in a row, for a job is marked a moment before it is in hand.
        for number in self.suspects & idle.keys():
            await _put_back(manager, idle[number])
        self.suspects = set(idle)


def _worker_app() -> App:
    """The task registry over a connection pool of its own; jobs keep using Django's connections."""
    return django_app.with_connector(
        PsycopgConnector(
            kwargs={**connector_params(), "connect_timeout": 5},
            min_size=1,
            max_size=4,
            timeout=10.0,
            reconnect_timeout=30.0,
        )
    )


async def _rescue(manager: JobManager) -> None:
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        await _put_back(manager, job)


async def _put_back(manager: JobManager, job: Job) -> None:
    """Make a job wait again; if a newer one with its queueing lock waits already, that one does the work."""
    extra: dict[str, Any] = {"job": job.id, "task": job.task_name}
    try:
        await manager.retry_job(job)
    except UniqueViolation:
        await manager.finish_job(job, status=Status.ABORTED, delete_job=True)
    logger.warning("job_rescued", extra=extra)


async def _forget_old(manager: JobManager) -> None:
    await manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
