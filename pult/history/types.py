"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: `kind` is user, token, channel or system; `id` and `name` say which one."""

    kind: str
    id: str | None = None
    name: str | None = None


SYSTEM = Actor("system", None, "Pult")
