"""The command line `pult`: the apps' commands and those that start things.

Each app's `cli` module gives a list `commands`. A command has the database running before its body starts, unless it is
marked with `without_database`. Whatever goes wrong, a person reads one line that says what to do; tracebacks go to a
file.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from pult.lib.failures import PultError, UserError
from pult.project.installation import EXIT_MISCONFIGURED, data_dir, ensure_database

# With their modules these hold whole commands of the project itself; the others come from the apps.
OWN_COMMANDS = ("doctor", "migrate", "serve", "web", "worker")
# These run on, and their logs belong on standard error; whoever calls any other command wants its one line alone.
LASTING_COMMANDS = ("demo", "sandbox", "serve", "web", "worker")
MIGRATION_LOCK = 0x70756C74
MIGRATE_FIRST = "The database is not up to date. Run: pult migrate"
AnyCommand = TypeVar("AnyCommand", bound=click.Command)


def without_database(command: AnyCommand) -> AnyCommand:
    """Mark a command that needs no database; nothing is started for it."""
    command.needs_database = False  # type: ignore[attr-defined]
    return command


def needs_database(command: click.Command) -> bool:
    """Whether the database must run before the command does."""
    return getattr(command, "needs_database", True)


def require_migrated() -> None:
    """Raise UserError unless every migration is applied."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise UserError(MIGRATE_FIRST)


class Commands(click.Group):
    """The group `pult`: its own commands at once, the apps' only when one of them is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*OWN_COMMANDS, *_apps_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        return own if own is not None else _apps_commands().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            _prepare_before(command, needed=needs_database(command), quiet=name not in LASTING_COMMANDS)
        return name, command, rest


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="pult", message="%(version)s")
def pult() -> None:
    """Pult: the orders of all sales channels in one place."""


@pult.command()
def migrate() -> None:
    """Bring the database up to date; harmless when it already is."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        # Two at once would both apply the same changes. The lock ends with this process's connection.
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    plan = MigrationExecutor(connection)
    waiting = len(plan.migration_plan(plan.loader.graph.leaf_nodes()))
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    click.echo(f"The database is up to date ({waiting} changes applied)." if waiting else "The database is up to date.")


@without_database
@pult.command()
@click.option("--quiet", is_flag=True, help="Do not print the address.")
def serve(quiet: bool) -> None:
    """Serve the pages and run the background jobs, in one process tree."""
    from pult.project.serve import run

    run(quiet=quiet)


@pult.command()
@click.option("--bind", metavar="HOST:PORT", help="Address to serve; PULT_BIND otherwise.")
def web(bind: str | None) -> None:
    """Serve the pages alone (the background jobs need `pult worker`)."""
    require_migrated()
    from pult.project.serve import run_web

    run_web(bind)


@pult.command()
def worker() -> None:
    """Run the background jobs alone."""
    require_migrated()
    from pult.project.serve import fall_with_supervisor
    from pult.project.workers import run_worker

    fall_with_supervisor()
    run_worker()


@without_database  # it must be able to say that the database cannot be started
@pult.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check database, queue, channels, clock and disk, and say what is wrong."""
    failure = None
    try:
        ensure_database()
    except PultError as error:
        failure = str(error)
    _set_up_django()
    from pult.project.doctor import examine, findings_document

    findings = []
    for finding in examine(database_failure=failure):
        findings.append(finding)
        if not as_json:
            click.echo(str(finding))
    document = findings_document(findings)
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    if not document["ok"]:
        ctx.exit(1)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The console script: run one command, end with its exit status, never show a traceback."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; errors are told on standard error in one line."""
    try:
        status = pult.main(arguments, prog_name="pult", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "pult"
        return _complain(f"{_sentence(error.format_message())} See: {command} --help", status=2)
    except click.ClickException as error:
        return _complain(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has gone; the interpreter must not try to flush again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PultError as error:
        return _complain(str(error), status=_status_of(error))
    except Exception as error:
        known = _known(error)
        return _complain(known if known else _kept_aside(error), status=_status_of(error))
    return status if isinstance(status, int) else 0


def _complain(text: str, *, status: int = 1) -> int:
    click.echo(f"pult: {' '.join(text.split())}", err=True)
    return status


def _status_of(error: Exception) -> int:
    supervised = bool(os.environ.get("PULT_SUPERVISED"))
    return EXIT_MISCONFIGURED if supervised and isinstance(error, UserError) else 1


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _known(error: Exception) -> str:
    """One line for the failures a person can do something about, else nothing."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, ProgrammingError

    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error, ProgrammingError):
        missing = type(error.__cause__).__name__ in {"UndefinedTable", "UndefinedColumn", "UndefinedFunction"}
        return MIGRATE_FIRST if missing else ""
    if isinstance(error, OperationalError):
        return f"The database does not answer: {_first_line(error)}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {error.filename}"
    return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _kept_aside(error: Exception) -> str:
    """Write the traceback of an unexpected error to the log folder and say where.

    The command's arguments stay out: they may hold secrets.
    """
    file = data_dir() / "log" / "errors.log"
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        with file.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n{''.join(traceback.format_exception(error))}\n")
        return f"Something unexpected went wrong ({type(error).__name__}); the details are in {file}"
    return f"Something unexpected went wrong: {type(error).__name__}: {_first_line(error)}"


@contextlib.contextmanager
def _logs_aside() -> Iterator[None]:
    """Warnings and tracebacks that are logged go to the log folder, unless PULT_LOG_LEVEL asks to see them."""
    root = logging.getLogger()
    shown = [handler for handler in root.handlers if handler.name == "stderr"]
    if "PULT_LOG_LEVEL" in os.environ or not shown:
        yield
        return
    aside: logging.Handler = logging.NullHandler()
    with contextlib.suppress(OSError):
        folder = data_dir() / "log"
        folder.mkdir(parents=True, exist_ok=True)
        aside = logging.FileHandler(folder / "commands.log", encoding="utf-8")
    aside.setLevel(logging.WARNING)
    aside.setFormatter(shown[0].formatter)
    for only in shown[0].filters:
        aside.addFilter(only)
    root.handlers = [aside, *(handler for handler in root.handlers if handler not in shown)]
    try:
        yield
    finally:
        root.handlers = [*shown, *(handler for handler in root.handlers if handler is not aside)]
        aside.close()


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pult.project.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


_found: dict[str, click.Command] = {}


def _apps_commands() -> dict[str, click.Command]:
    if not _found:
        _set_up_django()
        folder = Path(__file__).resolve().parent.parent
        for file in sorted(folder.glob("*/cli.py")):
            app = file.parent.name
            if app != "project":
                for command in importlib.import_module(f"pult.{app}.cli").commands:
                    _found[command.name] = command
    return _found


def _prepare_before(command: click.Command, *, needed: bool, quiet: bool) -> None:
    """Have Django and the database ready just before the body of the command runs, so `--help` starts nothing."""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            command.commands[name] = child
            _prepare_before(child, needed=needed and needs_database(child), quiet=quiet)
    elif command.callback is not None and not hasattr(command.callback, "prepared"):
        command.callback = _prepared(command.callback, needed=needed, quiet=quiet)


def _prepared(body: Callable[..., Any], *, needed: bool, quiet: bool) -> Callable[..., Any]:
    def run_prepared(*arguments: Any, **options: Any) -> None:
        if needed:
            ensure_database()
            _set_up_django()
        # What it returns is dropped: a number would be taken for the exit status. `ctx.exit(1)` sets that.
        with _logs_aside() if quiet else contextlib.nullcontext():
            body(*arguments, **options)

    run_prepared.prepared = True  # type: ignore[attr-defined]
    return run_prepared


if __name__ == "__main__":
    main()
