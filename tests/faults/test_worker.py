"""Jobs of a worker that was killed, and of one whose database went away, go on by themselves."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pult.lib import postgres
from pult.testing import live_pult, wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(bool(os.environ.get("PULT_DATABASE_URL")), reason="kills the embedded PostgreSQL"),
]

# A task that every installation has and that does no harm.
TASK = "builtin:procrastinate.builtin_tasks.remove_old_jobs"
ARGUMENTS = '{"max_hours": 100000}'


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pult-fault-") as folder:
        yield Path(folder)
        postgres.leave(folder)


def execute(data_dir: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.url(data_dir)) as connection:
        cursor = connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def add_job(data_dir: Path, *, status: str, worker: object = None, queueing_lock: str | None = None) -> object:
    [(number,)] = execute(
        data_dir,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id, queueing_lock)"
        " VALUES ('default', %s, %s::jsonb, %s::procrastinate_job_status, %s, %s) RETURNING id",
        TASK,
        ARGUMENTS,
        status,
        worker,
        queueing_lock,
    )
    return number


def is_done(data_dir: Path, number: object) -> bool:
    return not execute(data_dir, "SELECT 1 FROM procrastinate_jobs WHERE id = %s", number)


def test_jobs_of_a_dead_worker_are_taken_up_within_seconds(data_dir: Path) -> None:
    with live_pult(data_dir):
        [(dead,)] = execute(
            data_dir,
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id",
        )
        of_dead = add_job(data_dir, status="doing", worker=dead)
        of_nobody = add_job(data_dir, status="doing")

        wait_until(lambda: is_done(data_dir, of_dead) and is_done(data_dir, of_nobody), timeout=15)


def test_dead_job_gives_way_to_a_newer_one_with_its_queueing_lock(data_dir: Path) -> None:
    with live_pult(data_dir):
        newer = add_job(data_dir, status="todo", queueing_lock="one")
        older = add_job(data_dir, status="doing", queueing_lock="one")

        wait_until(lambda: is_done(data_dir, newer) and is_done(data_dir, older), timeout=15)


def test_job_marked_but_not_in_hand_is_taken_up_by_its_own_worker(data_dir: Path) -> None:
    with live_pult(data_dir):
        living = wait_until(lambda: execute(data_dir, "SELECT id FROM procrastinate_workers"), timeout=20)

        lost = add_job(data_dir, status="doing", worker=living[0][0])

        wait_until(lambda: is_done(data_dir, lost), timeout=20)


def test_worker_goes_on_after_the_database_was_killed(data_dir: Path) -> None:
    with live_pult(data_dir) as pult:
        wait_until(lambda: execute(data_dir, "SELECT id FROM procrastinate_workers"), timeout=20)
        worker = wait_until(lambda: pult.children().get("worker"))
        pid = postgres.server_pid(data_dir)
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: postgres.server_pid(data_dir) not in (None, pid) and postgres.answers(data_dir), timeout=10)
        number = add_job(data_dir, status="todo")

        wait_until(lambda: is_done(data_dir, number), timeout=20)
        assert pult.children()["worker"] == worker


def test_killed_worker_is_replaced_and_runs_what_waits(data_dir: Path) -> None:
    with live_pult(data_dir) as pult:
        worker = wait_until(lambda: pult.children().get("worker"), timeout=20)

        os.kill(worker, signal.SIGKILL)
        number = add_job(data_dir, status="todo")

        wait_until(lambda: is_done(data_dir, number), timeout=20)
