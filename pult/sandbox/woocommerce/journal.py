"""The shop's memory on disk: JSON lines, appended to at every change; the last word on a thing counts."""

from __future__ import annotations

import errno
import fcntl
import json
from pathlib import Path
from typing import Any, TextIO

LEAST_BYTES_TO_SHORTEN = 20_000_000


class Journal:
    """Keeps (kind, key) → value. Reads what an earlier run left; written anew whenever most of it is outdated."""

    def __init__(self, path: Path | None) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self._path = path
        self._file: TextIO | None = None
        self._lock: TextIO | None = None
        self._written = self._short = 0
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path.with_suffix(path.suffix + ".lock"))
            if path.exists():
                self._read(path)
            self._shorten(path)

    def write(self, kind: str, key: int | str, value: Any) -> None:
        """Remember the value; None forgets the thing."""
        if self._file is None or self._path is None:
            return
        self._apply(kind, str(key), value)
        self._written += self._file.write(_line(kind, str(key), value))
        self._file.flush()
        if self._written > max(LEAST_BYTES_TO_SHORTEN, 3 * self._short):
            self._shorten(self._path)

    def close(self) -> None:
        """Close the file; whatever happens afterwards is not remembered."""
        self._close_file()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _apply(self, kind: str, key: str, value: Any) -> None:
        if value is None:
            self.found.get(kind, {}).pop(key, None)
        else:
            self.found.setdefault(kind, {})[key] = value

    def _read(self, path: Path) -> None:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    kind, key, value = json.loads(line)
                except ValueError:  # a line cut by a kill: what it would have said never happened
                    continue
                self._apply(kind, key, value)

    def _shorten(self, path: Path) -> None:
        self._close_file()
        fresh = path.with_suffix(path.suffix + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            lines = (_line(kind, key, value) for kind, values in self.found.items() for key, value in values.items())
            self._short = sum(file.write(line) for line in lines)
        fresh.replace(path)
        self._written = 0
        self._file = path.open("a", encoding="utf-8")


def _locked(path: Path) -> TextIO:
    """Hold the file's lock until it is closed, or the process ends; OSError if another shop remembers here."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        file.close()
        raise OSError(errno.EBUSY, "another sandbox is using this state") from taken
    return file


def _line(kind: str, key: str, value: Any) -> str:
    return json.dumps([kind, key, value], ensure_ascii=False, separators=(",", ":")) + "\n"
