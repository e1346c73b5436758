from __future__ import annotations

from pathlib import Path

import click
import pytest
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedTable

from pult.lib.failures import UserError
from pult.project import cli
from pult.testing.processes import pult_environment, run_pult


def failing_with(error: Exception) -> click.Command:
    @click.command("break")
    def command() -> None:
        raise error

    command.needs_database = False  # type: ignore[attr-defined]
    return command


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs a command that raises an error; gives the exit status and the lines on standard error."""

    def run(error: Exception) -> tuple[int, list[str]]:
        monkeypatch.setitem(cli.pult.commands, "break", failing_with(error))
        status = cli.run(["break"])
        said = capsys.readouterr()
        assert said.out == ""
        return status, said.err.splitlines()

    return run


def test_help_lists_the_commands_of_the_apps_and_starts_nothing(tmp_path: Path) -> None:
    done = run_pult("--help", environment=pult_environment(tmp_path))

    assert "migrate" in done.stdout
    assert "user" in done.stdout
    assert not (tmp_path / "postgres").exists()


def test_help_of_a_subcommand_starts_nothing(tmp_path: Path) -> None:
    done = run_pult("user", "create", "--help", environment=pult_environment(tmp_path))

    assert "--role" in done.stdout
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nosuch"], "pult: No such command 'nosuch'. See: pult --help"),
        (["migrate", "--fast"], "pult: No such option '--fast'. See: pult migrate --help"),
        (["user", "create"], "pult: Missing argument 'EMAIL'. See: pult user create --help"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2

    assert capsys.readouterr().err.splitlines() == [line]


def test_error_for_people_is_one_line_and_status_1(broken) -> None:
    assert broken(UserError("There is no channel\n'x'.", next_step="See: pult channel list")) == (
        1,
        ["pult: There is no channel 'x'. See: pult channel list"],
    )


def test_missing_table_says_to_migrate(broken) -> None:
    error = ProgrammingError("relation does not exist")
    error.__cause__ = UndefinedTable()

    assert broken(error) == (1, ["pult: The database is not up to date. Run: pult migrate"])


def test_unreachable_database_is_one_line(broken) -> None:
    assert broken(OperationalError("connection refused\n\tIs the server running?")) == (
        1,
        ["pult: The database does not answer: connection refused"],
    )


def test_unexpected_error_goes_to_a_file(broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULT_DATA_DIR", str(tmp_path))

    status, lines = broken(ZeroDivisionError("a defect"))

    log = tmp_path / "log" / "errors.log"
    assert status == 1
    assert lines == [f"pult: Something unexpected went wrong (ZeroDivisionError); the details are in {log}"]
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_ctrl_c_is_quiet(broken) -> None:
    assert broken(click.Abort()) == (130, [])


def test_unknown_host_and_wrong_bind_are_one_line(tmp_path: Path) -> None:
    done = run_pult("serve", environment=pult_environment(tmp_path, PULT_BIND="nonsense"), check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["pult: PULT_BIND must be HOST:PORT, not 'nonsense'"]
