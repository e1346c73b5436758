"""A worker that runs what is due, and a whole Pult as real processes that a test may kill."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pult.testing.waiting import wait_until

PULT = [sys.executable, "-m", "pult.project.cli"]


def run_worker_until_idle() -> None:
    """Run every job that is due, and those they defer, in this process. The test must commit (`transaction=True`)."""
    import asyncio

    from django.conf import settings
    from django.db import connections
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.utils import connector_params
    from procrastinate.periodic import PeriodicRegistry
    from procrastinate.psycopg_connector import PsycopgConnector

    def with_fresh_connections(call_next: Callable[[], Any], context: Any, worker: Any) -> Any:
        # Left open in a thread that is gone, a connection would keep the test database from being dropped.
        try:
            return call_next()
        finally:
            connections.close_all()

    async def run() -> None:
        worker_app = app.with_connector(PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=2))
        # What is due by the clock is no part of the story a test tells.
        worker_app.periodic_registry = PeriodicRegistry()
        async with worker_app.open_async():
            await worker_app.run_worker_async(
                concurrency=settings.PULT_WORKER_CONCURRENCY,
                wait=False,
                listen_notify=False,
                delete_jobs="successful",
                install_signal_handlers=False,
                task_middleware=[with_fresh_connections],
            )

    # In a thread of its own: the test's may have an event loop (the browser's) already.
    failures: list[BaseException] = []

    def body() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=body, name="worker-until-idle")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


@dataclass
class LivePult:
    """A running `pult serve` with its own data folder, database and port."""

    data_dir: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]
    url: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    def pult(self, *arguments: str, check: bool = True, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run another `pult` command beside it, on the same data."""
        return run_pult(*arguments, environment=self.environment, check=check, timeout=timeout)

    def children(self) -> dict[str, int]:
        """The process ids of its `web`, `worker`…, by command."""
        found = {}
        for pid in child_pids(self.pid):
            command = command_line(pid)
            if "pult.project.cli" in command:
                found[command[command.index("pult.project.cli") + 1]] = pid
        return found

    def wait_until_answering(self, timeout: float = 40.0) -> None:
        def address() -> str:
            if self.process.poll() is not None:
                raise AssertionError(f"pult serve ended: {''.join(self.said)}")
            match = re.search(r"answers at (http\S+)", "".join(self.said))
            return match.group(1) if match else ""

        self.url = wait_until(address, timeout, what="The address of pult serve")

    def stop(self, timeout: float = 20.0) -> int:
        """Ask it to stop, as Ctrl-C does, and return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout)


def run_pult(
    *arguments: str, environment: Mapping[str, str], check: bool = True, timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run one `pult` command to its end."""
    done = subprocess.run(
        [*PULT, *arguments], env=dict(environment), capture_output=True, text=True, check=False, timeout=timeout
    )
    if check and done.returncode:
        raise AssertionError(f"pult {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done


def pult_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of an installation of its own in `data_dir`, on the embedded database."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULT_", "DJANGO_"))}
    return {**kept, "PULT_DATA_DIR": str(data_dir), "PULT_BIND": "127.0.0.1:0", **more}


@contextlib.contextmanager
def live_pult(data_dir: Path | None = None, *, migrate: bool = True, **environment: str) -> Iterator[LivePult]:
    """Start `pult serve` as a user would, on a free port; everything it started is gone afterwards."""
    from pult.lib import postgres

    with contextlib.ExitStack() as cleaning:
        folder = data_dir or Path(cleaning.enter_context(tempfile.TemporaryDirectory(prefix="pult-live-")))
        cleaning.callback(postgres.leave, folder)
        full = pult_environment(folder, **environment)
        if migrate:
            run_pult("migrate", environment=full)
        process = subprocess.Popen(
            [*PULT, "serve"], env=full, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        pult = LivePult(folder, full, process)

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                pult.said.append(line)

        reader = threading.Thread(target=listen, daemon=True, name="pult-serve-output")
        reader.start()
        try:
            pult.wait_until_answering()
            yield pult
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def child_pids(pid: int) -> list[int]:
    """The process ids of the children of a process."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in shown.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == pid]


def command_line(pid: int) -> list[str]:
    """The words of a process's command line; empty when it has ended."""
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.split()


def is_running(pid: int) -> bool:
    """Whether a process is alive; one that only waits to be reaped is not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")
