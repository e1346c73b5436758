"""Problem documents: how the HTTP API says what went wrong (RFC 9457)."""

from __future__ import annotations

from typing import Any, Final

from pult.lib.failures import PultError

CONTENT_TYPE: Final = "application/problem+json"


def problem(status: int, code: str, title: str, detail: str | None = None, **extra: Any) -> dict[str, Any]:
    """A problem document. `code` is stable and for programs; `title` and `detail` are for people.

    `extra` members are added as they are; they cannot replace the standard ones.
    """
    document: dict[str, Any] = {"type": f"urn:pult:problem:{code}", "title": title, "status": status, "code": code}
    if detail:
        document["detail"] = detail
    return {**extra, **document}


def problem_of(error: PultError, *, status: int, title: str, **extra: Any) -> dict[str, Any]:
    """The problem document of an error: its code, its sentence and its next step in English."""
    return problem(status, error.code, title, str(error), **extra)
