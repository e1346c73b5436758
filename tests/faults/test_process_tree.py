"""Processes are killed on purpose: nothing is left over, nothing stays down, no command stops another's database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pult.lib import postgres
from pult.testing import free_port, live_pult, wait_until
from pult.testing.processes import PULT, is_running, pult_environment, run_pult

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(bool(os.environ.get("PULT_DATABASE_URL")), reason="about the embedded PostgreSQL"),
]

# Holds the embedded database as any command does, says so, and stays until its input ends.
USER = """
import sys
from pult.lib import postgres
postgres.ensure_running(sys.argv[1])
print(postgres.server_pid(sys.argv[1]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pult-fault-") as folder:
        yield Path(folder)
        postgres.leave(folder)


def start_user(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def server_pid_seen_by(user: subprocess.Popen[str]) -> int:
    assert user.stdout is not None
    return int(user.stdout.readline())


def end(user: subprocess.Popen[str]) -> None:
    assert user.stdin is not None
    user.stdin.close()
    user.wait(10)
    assert user.stdout is not None
    user.stdout.close()


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_commands_started_at_once_share_one_new_server(data_dir: Path) -> None:
    users = [start_user(data_dir) for _ in range(5)]

    seen = {server_pid_seen_by(user) for user in users}

    assert len(seen) == 1
    for user in users:
        end(user)


def test_a_command_that_ends_leaves_the_server_to_the_others(data_dir: Path) -> None:
    first, second = start_user(data_dir), start_user(data_dir)
    pid = server_pid_seen_by(first)
    assert server_pid_seen_by(second) == pid

    first.kill()
    end(first)
    # Longer than the keeper lingers, so that a wrong stop would be seen.
    deadline = time.monotonic() + postgres.LINGER_S + 1
    wait_until(lambda: time.monotonic() > deadline, timeout=20)

    assert is_running(pid)
    assert postgres.server_pid(data_dir) == pid
    end(second)


def test_last_user_killed_leaves_no_server_behind(data_dir: Path) -> None:
    user = start_user(data_dir)
    pid = server_pid_seen_by(user)

    user.kill()
    end(user)

    wait_until(lambda: not is_running(pid), timeout=15)
    wait_until(lambda: not postgres.is_kept(data_dir), timeout=5)


def test_last_user_that_leaves_stops_the_server_at_once(data_dir: Path) -> None:
    postgres.ensure_running(data_dir)
    pid = postgres.server_pid(data_dir)
    assert pid is not None

    assert postgres.leave(data_dir)

    assert not is_running(pid)


def test_a_newcomer_during_the_stop_gets_a_server(data_dir: Path) -> None:
    for _ in range(3):
        first = start_user(data_dir)
        server_pid_seen_by(first)
        end(first)
        keeper = int((data_dir / "postgres.keeper").read_text())
        os.kill(keeper, signal.SIGTERM)  # it stops now, and not after its linger

        second = start_user(data_dir)

        server_pid_seen_by(second)
        assert answers(postgres.url(data_dir))
        second.kill()
        end(second)


def test_killed_server_comes_back_while_it_is_used(data_dir: Path) -> None:
    postgres.ensure_running(data_dir)
    pid = postgres.server_pid(data_dir)
    assert pid is not None

    os.kill(pid, signal.SIGKILL)

    wait_until(lambda: postgres.server_pid(data_dir) not in (None, pid) and postgres.answers(data_dir), timeout=10)
    assert answers(postgres.url(data_dir))


def test_killed_keeper_and_server_are_both_replaced(data_dir: Path) -> None:
    postgres.ensure_running(data_dir)
    pid = postgres.server_pid(data_dir)
    assert pid is not None

    os.kill(int((data_dir / "postgres.keeper").read_text()), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid), timeout=5)

    postgres.ensure_running(data_dir)
    assert answers(postgres.url(data_dir))
    assert postgres.is_kept(data_dir)


def test_keeper_killed_takes_the_server_with_it_or_is_replaced(data_dir: Path) -> None:
    user = start_user(data_dir)
    pid = server_pid_seen_by(user)

    os.kill(int((data_dir / "postgres.keeper").read_text()), signal.SIGKILL)
    user.kill()
    end(user)

    if sys.platform.startswith("linux"):
        wait_until(lambda: not is_running(pid), timeout=10)
    postgres.ensure_running(data_dir)
    assert answers(postgres.url(data_dir))


def test_pid_file_that_names_another_program_does_not_stop_the_start(data_dir: Path) -> None:
    postgres.ensure_running(data_dir)
    postgres.leave(data_dir)
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n1700000000\n5432\n\n\n\nready\n")

    postgres.ensure_running(data_dir)

    assert answers(postgres.url(data_dir))


def test_long_data_folder_gets_a_short_socket_folder(data_dir: Path) -> None:
    deep = data_dir / ("long" * 15) / ("long" * 15)
    postgres.ensure_running(deep)

    assert answers(postgres.url(deep))

    postgres.leave(deep)
    postgres.Places.of(deep).socket_dir.rmdir()


def test_folder_of_something_else_is_refused_in_one_line(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "notes.txt").write_text("not a database")

    done = run_pult("migrate", environment=pult_environment(data_dir), check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"pult: {data_dir}/postgres is not a PostgreSQL data folder; move it away"]


def test_serve_stops_cleanly_and_leaves_nothing(data_dir: Path) -> None:
    with live_pult(data_dir) as pult:
        wait_until(lambda: {"web", "worker"} <= pult.children().keys(), timeout=20)
        pids = [*pult.children().values(), postgres.server_pid(data_dir)]

        assert pult.stop() == 0

        assert not [pid for pid in pids if pid and is_running(pid)]


def test_killed_web_and_worker_are_started_again(data_dir: Path) -> None:
    with live_pult(data_dir) as pult:
        wait_until(lambda: {"web", "worker"} <= pult.children().keys(), timeout=20)
        before = pult.children()

        for pid in before.values():
            os.kill(pid, signal.SIGKILL)

        def replaced() -> bool:
            now = pult.children()
            return now.keys() == before.keys() and not set(now.values()) & set(before.values())

        wait_until(replaced, timeout=20)


def test_killed_serve_takes_its_tree_along(data_dir: Path) -> None:
    with live_pult(data_dir) as pult:
        wait_until(lambda: {"web", "worker"} <= pult.children().keys(), timeout=20)
        pids = [*pult.children().values(), postgres.server_pid(data_dir)]

        pult.process.kill()
        pult.process.wait()

        wait_until(lambda: not [pid for pid in pids if pid and is_running(pid)], timeout=20)


def test_parent_of_serve_killed_takes_the_whole_tree_along(data_dir: Path) -> None:
    run_pult("migrate", environment=pult_environment(data_dir))
    command = f"import subprocess, sys; child = subprocess.Popen({[*PULT, 'serve']!r}); print(child.pid); child.wait()"
    parent = subprocess.Popen(
        [sys.executable, "-u", "-c", command], env=pult_environment(data_dir), stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    serve = int(parent.stdout.readline())
    assert "answers at" in parent.stdout.readline()

    parent.kill()
    parent.wait()

    wait_until(lambda: not is_running(serve), timeout=20)
    wait_until(lambda: not postgres.is_kept(data_dir), timeout=10)
    parent.stdout.close()


def test_serve_and_commands_go_on_when_the_database_is_killed(data_dir: Path) -> None:
    with live_pult(data_dir) as pult:
        wait_until(lambda: {"web", "worker"} <= pult.children().keys(), timeout=20)
        pid = postgres.server_pid(data_dir)
        assert pid is not None

        os.kill(pid, signal.SIGKILL)

        wait_until(lambda: postgres.server_pid(data_dir) not in (None, pid), timeout=10)
        assert pult.pult("migrate").returncode == 0
        assert {"web", "worker"} <= pult.children().keys()


def test_taken_port_is_one_line(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"

        done = run_pult("serve", environment=pult_environment(data_dir, PULT_BIND=bind), check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"pult: {bind} cannot be served (Address already in use); stop the other program or set PULT_BIND"
    ]


def test_serve_without_migrations_says_what_to_run(data_dir: Path) -> None:
    environment = pult_environment(data_dir, PULT_BIND=f"127.0.0.1:{free_port()}")

    done = run_pult("serve", environment=environment, check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["pult: The database is not up to date. Run: pult migrate"]
