"""What is wrong with this installation, in plain words: the checks behind `pult doctor`."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pult.lib.failures import PultError

LEVELS: Final = {"ok": "✓", "warning": "!", "error": "✗"}
CLOCK_DRIFT_S: Final = 2.0
CLOCK_WRONG_S: Final = 30.0
LITTLE_SPACE: Final = 1024**3
NO_SPACE: Final = 200 * 1024**2
STUCK_AFTER: Final = "15 minutes"
OLDEST_POSTGRES: Final = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `check` and `level` (ok, warning, error) are for programs, the sentence for people."""

    check: str
    level: str
    message: str

    def __str__(self) -> str:
        return f"{LEVELS[self.level]} {self.message}"


def findings_document(findings: list[Finding]) -> dict[str, Any]:
    """What `pult doctor --json` prints."""
    return {
        "ok": not any(finding.level == "error" for finding in findings),
        "items": [{"check": f.check, "level": f.level, "message": f.message} for f in findings],
    }


def examine(*, database_failure: str | None = None) -> Iterator[Finding]:
    """Look at everything; a check that itself fails is an error, and the others go on.

    `database_failure` says why the database could not be started: what needs it is then left out.
    """
    yield from _looked(_disk)
    yield from _looked(_secret_key)
    yield from _looked(_translations)
    if database_failure is not None:
        yield Finding("database", "error", f"The database cannot be started: {database_failure}")
        return
    reached = list(_looked(_database))
    yield from reached
    if any(finding.level == "error" for finding in reached):
        return
    for look in (_clock, _workers, _jobs, _inbox, _channels):
        yield from _looked(look)


def _looked(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    name = look.__name__.removeprefix("_")
    try:
        yield from look()
    except PultError as error:
        yield Finding(name, "error", str(error))
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        yield Finding(name, "error", f"The check “{name}” could not be made: {first}")


def _disk() -> Iterator[Finding]:
    from django.conf import settings

    folder = _existing(settings.PULT_DATA_DIR)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GB free for {settings.PULT_DATA_DIR}"
    if free < NO_SPACE:
        yield Finding("disk", "error", f"Only {text}: make room, or the database will stop.")
    elif free < LITTLE_SPACE:
        yield Finding("disk", "warning", f"Only {text}: make room soon.")
    else:
        yield Finding("disk", "ok", f"Disk: {text}.")


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _secret_key() -> Iterator[Finding]:
    from django.conf import settings

    file = settings.PULT_DATA_DIR / "keys" / "secret_key"
    if not file.exists():
        yield Finding("secret_key", "ok", "Secret key: from the environment; keep a copy, the channels' keys need it.")
        return
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        yield Finding("secret_key", "error", f"Others can read the secret key: run chmod 600 {file}")
    else:
        yield Finding("secret_key", "ok", f"Secret key: {file}, readable by its owner only; back it up.")


def _translations() -> Iterator[Finding]:
    from django.conf import settings

    for folder in settings.LOCALE_PATHS:
        sources = sorted(Path(folder).glob("*/LC_MESSAGES/*.po"))
        if not sources:
            yield Finding("translations", "warning", f"There are no translations in {folder}: pages are English only.")
        for source in sources:
            compiled = source.with_suffix(".mo")
            language = source.parent.parent.name
            if not compiled.exists():
                yield Finding("translations", "warning", f"The texts in {language} are not compiled; run: make setup")
            elif compiled.stat().st_mtime < source.stat().st_mtime:
                yield Finding("translations", "warning", f"The texts in {language} are out of date; run: make setup")
            else:
                yield Finding("translations", "ok", f"Translations: {language} is compiled.")


def _database() -> Iterator[Finding]:
    from django.db import DatabaseError, InterfaceError, connection

    from pult.project.health import waiting_migrations

    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000"
            )
            version, major = cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        first = (str(error).strip().splitlines() or ["no answer"])[0]
        yield Finding("database", "error", f"The database does not answer: {first}")
        return
    if major < OLDEST_POSTGRES:
        yield Finding("database", "error", f"PostgreSQL {version} is too old; Pult needs {OLDEST_POSTGRES} or newer.")
        return
    yield Finding("database", "ok", f"Database: PostgreSQL {version} answers.")
    if waiting := waiting_migrations():
        yield Finding("migrations", "error", f"{waiting} changes of the database wait; run: pult migrate")
    else:
        yield Finding("migrations", "ok", "Migrations: the database is up to date.")


def _clock() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute("SELECT clock_timestamp()")
        theirs = cursor.fetchone()[0]
        after = datetime.now(UTC)
    # half of the round trip is the best guess of the moment in which the database looked at its clock
    drift = abs((theirs - (before + (after - before) / 2)).total_seconds())
    if drift > CLOCK_WRONG_S:
        yield Finding(
            "clock", "error", f"This machine's clock and the database's differ by {drift:.0f} s; set the time."
        )
    elif drift > CLOCK_DRIFT_S:
        yield Finding("clock", "warning", f"This machine's clock and the database's differ by {drift:.1f} s.")
    else:
        yield Finding("clock", "ok", "Clock: this machine and the database agree.")


def _workers() -> Iterator[Finding]:
    from pult.channels.selectors import polled_channels
    from pult.project.health import WORKER_SILENT_AFTER_S, worker_silence_s

    silence = worker_silence_s()
    if silence is None or silence > WORKER_SILENT_AFTER_S:
        polled = polled_channels().count()
        waits = f"the orders of {polled} channel(s) wait in the shops" if polled else "nothing is done by itself"
        yield Finding("workers", "error" if polled else "warning", f"No worker runs, so {waits}; start: pult serve")
    else:
        yield Finding("workers", "ok", f"Workers: the last sign of life came {max(silence, 0):.0f} s ago.")


def _jobs() -> Iterator[Finding]:
    from django.db import connection

    from pult.project.health import queue_figures

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.task_name, count(*) FROM procrastinate_jobs j JOIN LATERAL (SELECT max(at) AS at FROM"
            " procrastinate_events e WHERE e.job_id = j.id AND e.type = 'started') s ON true"
            " WHERE j.status = 'doing' AND s.at < now() - %s::interval GROUP BY 1 ORDER BY 1",
            [STUCK_AFTER],
        )
        stuck = cursor.fetchall()
    for task, count in stuck:
        yield Finding("jobs", "warning", f"{count} job(s) “{task}” have been running for more than {STUCK_AFTER}.")
    figures = queue_figures()
    failed = sum(one.failed for one in figures)
    if failed:
        yield Finding("jobs", "warning", f"{failed} background job(s) failed in the last two weeks; the log says why.")
    if not failed and not stuck:
        waiting = sum(one.waiting for one in figures)
        yield Finding("jobs", "ok", f"Jobs: {waiting} wait, none failed, none is stuck.")


def _inbox() -> Iterator[Finding]:
    from pult.project.health import inbox_figures

    figures = inbox_figures()
    if figures["failed"]:
        yield Finding(
            "inbox",
            "warning",
            f"{figures['failed']} message(s) could not be understood; see: pult inbox list --failed",
        )
    else:
        yield Finding("inbox", "ok", f"Inbox: {figures['kept']} message(s) wait, none failed.")


def _channels() -> Iterator[Finding]:
    from pult.channels.selectors import all_channels, health

    count = 0
    for channel in all_channels():
        count += 1
        state = health(channel)
        words = f" {channel.failure_detail}" if channel.failure_detail else ""
        since = f" since {state.since:%Y-%m-%d %H:%M} UTC" if state.since else ""
        if state.state == "out_of_step":
            yield Finding("channels", "error", f"Channel {channel.code} is out of step{since}.{words}")
        elif state.state == "failing":
            yield Finding("channels", "warning", f"Channel {channel.code} fails{since}; it is tried again.{words}")
        elif state.state == "paused":
            yield Finding(
                "channels",
                "warning",
                f"Channel {channel.code} is paused{since}; go on: pult channel resume {channel.code}",
            )
        elif channel.hooks.get("working") is False:
            detail = channel.hooks.get("detail") or "It is polled all the same."
            yield Finding("channels", "warning", f"The webhooks of channel {channel.code} do not work. {detail}")
        else:
            yield Finding("channels", "ok", f"Channel {channel.code}: {state.state.replace('_', ' ')}.")
    if not count:
        yield Finding("channels", "ok", "Channels: there is none yet; add one with: pult channel add")
