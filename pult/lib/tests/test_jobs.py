from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import TaskNotFound
from procrastinate.jobs import Job

from pult.lib import jobs
from pult.lib.failures import Refused, Throttled, Transient, UserError
from pult.lib.logs import current_context
from pult.testing import run_worker_until_idle, wait_until

seen: list[object] = []


@jobs.task(name="test.note")
def note(word: str) -> None:
    seen.append(word)


@jobs.task(name="test.note_context")
def note_context(channel: str) -> None:
    seen.append(current_context())


@jobs.task(name="test.fail")
def fail(kind: str) -> None:
    seen.append(kind)
    raise {"transient": Transient("Later."), "user": UserError("Never.")}[kind]


@jobs.periodic("0 0 1 1 *", name="test.yearly")
def yearly() -> None:
    seen.append("a year")


@pytest.fixture(autouse=True)
def nothing_seen_yet() -> None:
    seen.clear()


@pytest.fixture
def empty_queue(transactional_db: None) -> Iterator[None]:
    def clear() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_workers CASCADE")

    clear()
    yield
    clear()


def waiting() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
        return [(name, status) for name, status in cursor.fetchall()]


def job(attempts: int = 0) -> Job:
    return Job(
        id=1, queue="default", lock=None, queueing_lock=None, task_name="test.note", task_kwargs={}, attempts=attempts
    )


def seconds_to_wait(failure: BaseException, attempts: int = 0) -> float | None:
    decision = jobs.RetryTransient().get_retry_decision(exception=failure, job=job(attempts))
    if decision is None or decision.retry_at is None:
        return None
    return (decision.retry_at - datetime.now(UTC)) / timedelta(seconds=1)


def test_deferred_job_runs_with_its_arguments(empty_queue: None) -> None:
    assert jobs.defer("test.note", word="hello")

    run_worker_until_idle()

    assert seen == ["hello"]
    assert waiting() == []


def test_job_of_a_transaction_rolled_back_never_was(empty_queue: None) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        jobs.defer("test.note", word="lost")
        raise ZeroDivisionError

    assert waiting() == []


def test_second_job_with_a_queueing_lock_is_left_out_and_the_transaction_goes_on(empty_queue: None) -> None:
    with transaction.atomic():
        assert jobs.defer("test.note", queueing_lock="one", word="first")
        assert not jobs.defer("test.note", queueing_lock="one", word="second")
        assert jobs.defer("test.note", word="third")

    run_worker_until_idle()

    assert seen == ["first", "third"]


def test_job_waited_upon_starts_after_the_transaction_that_counts_on_it(empty_queue: None) -> None:
    jobs.defer("test.note", queueing_lock="one", word="sees all")
    with transaction.atomic():
        assert not jobs.defer("test.note", queueing_lock="one", word="left out")

        run_worker_until_idle()

        assert seen == []

    run_worker_until_idle()
    assert seen == ["sees all"]


def test_two_at_once_with_a_queueing_lock_make_one_job(empty_queue: None) -> None:
    answers: list[bool] = []
    inserted, release = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            answers.append(jobs.defer("test.note", queueing_lock="one", word="first"))
            inserted.set()
            release.wait(10)
        connection.close()

    def second() -> None:
        inserted.wait(10)
        with transaction.atomic():
            answers.append(jobs.defer("test.note", queueing_lock="one", word="second"))
            answers.append(jobs.defer("test.note", word="after"))
        connection.close()

    threads = [threading.Thread(target=body) for body in (first, second)]
    for thread in threads:
        thread.start()
    wait_until(inserted.is_set)
    release.set()
    for thread in threads:
        thread.join(10)

    assert sorted(answers) == [False, True, True]
    assert waiting() == [("test.note", "todo"), ("test.note", "todo")]


def test_unknown_task_is_refused_where_it_is_deferred(empty_queue: None) -> None:
    with pytest.raises(TaskNotFound):
        jobs.defer("test.no_such_task")


def test_scheduled_job_waits_for_its_time(empty_queue: None) -> None:
    jobs.defer("test.note", schedule_in_s=3600, word="later")

    run_worker_until_idle()

    assert seen == []
    assert waiting() == [("test.note", "todo")]


def test_transient_failure_is_tried_again_later(empty_queue: None) -> None:
    jobs.defer("test.fail", kind="transient")

    run_worker_until_idle()

    assert seen == ["transient"]
    assert waiting() == [("test.fail", "todo")]


def test_any_other_failure_is_final(empty_queue: None) -> None:
    jobs.defer("test.fail", kind="user")

    run_worker_until_idle()

    assert seen == ["user"]
    assert waiting() == [("test.fail", "failed")]


def test_log_context_names_the_job_and_its_channel(empty_queue: None) -> None:
    jobs.defer("test.note_context", channel="shop")

    run_worker_until_idle()

    [context] = seen
    assert isinstance(context, dict)
    assert context["channel"] == "shop"
    assert context["task"] == "test.note_context"
    assert context["job"].isdigit()


def test_periodic_task_needs_no_argument(empty_queue: None) -> None:
    jobs.defer("test.yearly", timestamp=1700000000)

    run_worker_until_idle()

    assert seen == ["a year"]


def test_periodic_task_is_registered_once_with_its_cron() -> None:
    [registered] = [task for (name, _), task in app.periodic_registry.periodic_tasks.items() if name == "test.yearly"]

    assert registered.cron == "0 0 1 1 *"
    assert registered.task.queueing_lock == "test.yearly"


def test_throttled_waits_as_long_as_it_was_told() -> None:
    assert seconds_to_wait(Throttled("Slow down.", wait_s=42)) == pytest.approx(42, abs=1)


def test_pauses_grow_and_stay_bounded() -> None:
    first, sixth = seconds_to_wait(Transient("Later.")), seconds_to_wait(Transient("Later."), attempts=5)
    assert first is not None and 1 <= first <= 3
    assert sixth is not None and 50 <= sixth <= 78
    assert all(jobs.wait_before_attempt(attempt) <= jobs.LONGEST_WAIT_S * 1.2 for attempt in range(1, 30))


def test_lost_database_is_transient_and_refused_is_not() -> None:
    assert seconds_to_wait(OperationalError("server closed the connection")) is not None
    assert seconds_to_wait(Refused("The key is not accepted.")) is None
    assert seconds_to_wait(ValueError("a defect")) is None


def test_attempts_end_some_day() -> None:
    assert seconds_to_wait(Transient("Later."), attempts=jobs.MAX_ATTEMPTS) is None


def test_task_stays_an_ordinary_function() -> None:
    note("called")

    assert seen == ["called"]


def test_task_names_knows_ours() -> None:
    assert {"test.note", "test.yearly"} <= jobs.task_names()
