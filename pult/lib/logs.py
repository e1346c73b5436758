"""Logs: one line a record, JSON for machines or text for people, with the ids of what is being worked on.

The ids (request, job, channel, order) come from `log_context`; whatever is logged inside carries them. Secrets are
taken out of every text on its way, tracebacks included.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import orjson

from pult.lib.failures import UserError
from pult.lib.secrets import redact

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_OWN_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_context: ContextVar[Mapping[str, str]] = ContextVar("pult_log_context", default=MappingProxyType({}))


@contextmanager
def log_context(**ids: object) -> Iterator[None]:
    """Everything logged inside carries these ids: `request`, `job`, `channel`, `order`. None is left out."""
    token = _context.set({**_context.get(), **{name: str(value) for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _context.reset(token)


def current_context() -> dict[str, str]:
    """The ids that a record logged here and now would carry."""
    return dict(_context.get())


class ContextFilter(logging.Filter):
    """Puts the ids on the record in the thread that logs it; what the call itself says in `extra` is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in _context.get().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


class _Formatter(logging.Formatter):
    def parts(self, record: logging.LogRecord) -> tuple[str, dict[str, Any], str]:
        """Message, further fields and traceback, without secrets."""
        fields = {
            name: _value(name, value)
            for name, value in vars(record).items()
            if name not in _OWN_FIELDS and not name.startswith("_")
        }
        traceback = _clean(self.formatException(record.exc_info)) if record.exc_info else ""
        return _clean(record.getMessage()), fields, traceback


class JsonFormatter(_Formatter):
    """One JSON object a line: time, level, logger, message, the ids, what `extra` adds, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        message, fields, traceback = self.parts(record)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            **fields,
        }
        if traceback:
            line["traceback"] = traceback
        return orjson.dumps(line).decode()


class TextFormatter(_Formatter):
    """A line a person can read; a message cannot break out of its line."""

    def format(self, record: logging.LogRecord) -> str:
        message, fields, traceback = self.parts(record)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")[:19]
        extra = "".join(f" {name}={value}" for name, value in fields.items())
        line = f"{time}Z {record.levelname:<7} {record.name}: {message}{extra}".replace("\r", "\\r").replace(
            "\n", "\\n"
        )
        return f"{line}\n{traceback}" if traceback else line


def logging_config(level: str = "INFO", *, json: bool = False) -> dict[str, Any]:
    """The `logging.config.dictConfig` of every process: everything to standard error. Raises `UserError`."""
    if level.upper() not in LEVELS:
        raise UserError(f"The log level must be one of {', '.join(LEVELS)}, not {level!r}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "pult.lib.logs.ContextFilter"}},
        "formatters": {"line": {"()": f"pult.lib.logs.{'JsonFormatter' if json else 'TextFormatter'}"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "line",
                "filters": ["context"],
            }
        },
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {
            # one line for every request to a shop, and for every fetched job, is too much
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
        },
    }


def _value(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and value.bit_length() < 64):
        return value
    # the name stands before the value, so that `extra={"token": …}` is hidden as well
    return _clean(f"{name}={value}").removeprefix(f"{name}=")


def _clean(text: str) -> str:
    return redact(text.encode(errors="replace").decode())
