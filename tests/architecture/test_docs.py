"""The documents speak of what exists: names, files, links, commands, settings, routes."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], key=str)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]

every_page = pytest.mark.parametrize("page", PAGES, ids=IDS)

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"(?:pult|tests|docs|tools)/[\w./-]*\w")
_COMMAND = re.compile(r"(?:^|[\s(/=])pult ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", re.MULTILINE)


def spans_of(page: Path) -> list[str]:
    """What stands in backticks, outside of blocks."""
    return _SPAN.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def code_of(page: Path) -> str:
    """What a reader may copy: blocks and spans."""
    text = page.read_text(encoding="utf-8")
    return "\n".join([*_FENCE.findall(text), *spans_of(page)])


@lru_cache
def sources() -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in (ROOT / "pult").rglob("*.py")}


@lru_cache
def functions() -> frozenset[str]:
    return frozenset(
        node.name
        for text in sources().values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def exists(dotted: str) -> bool:
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@every_page
def test_dotted_names_exist(page: Path) -> None:
    named = {span for span in spans_of(page) if re.fullmatch(r"pult(\.\w+)+", span)}
    transaction_settings = {"pult.actor", "pult.action", "pult.data"}
    assert {name for name in named - transaction_settings if not exists(name)} == set()


@every_page
def test_named_functions_exist(page: Path) -> None:
    named = {span.split("(")[0] for span in spans_of(page) if re.fullmatch(r"[a-z_]\w+\(\w*\)", span)}
    assert named - functions() == set()


@every_page
def test_named_constants_exist(page: Path) -> None:
    named = {span for span in spans_of(page) if re.fullmatch(r"_?[A-Z]+_[A-Z_]+|[A-Z]{6,}", span)}
    named = {name for name in named if not name.startswith("PULT_")} - {"VERSIONS", "NAME_FILE", "LISTEN/NOTIFY"}
    everything = "\n".join(sources().values())
    assert {name for name in named if not re.search(rf"\b{name}\b", everything)} == set()


@every_page
def test_named_files_exist(page: Path) -> None:
    named = {found for span in spans_of(page) if "<" not in span for found in _PATH.findall(span)}
    # The parts of an app, named without the app's folder before them.
    assert {name for name in named if not (ROOT / name).exists() and not list(ROOT.glob(f"pult/**/{name}"))} == set()


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    targets = [link.split("#")[0] for link in _LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and not target.startswith(("http://", "https://"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


@every_page
def test_commands_exist(page: Path) -> None:
    missing = []
    for found in set(_COMMAND.findall(code_of(page))):
        name, _, child = found.partition(" ")
        command = _group().get_command(click.Context(_group()), name)
        if command is None or (child and isinstance(command, click.Group) and child not in command.commands):
            missing.append(found)
    assert missing == []


@every_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for words in re.findall(r"\bmake((?: [a-z]+)+)", code_of(page)) for word in words.split()}
    assert named - targets == set()


def _group() -> Any:
    from pult.project.cli import pult

    return pult


def test_the_settings_table_is_whole() -> None:
    """Every variable that the code reads is in the table, and nothing else is."""
    told = set(re.findall(r"`(PULT_[A-Z_]+)`", _table(ROOT / "docs" / "running.md", "## Settings")))
    assert told == set(_variables_read())


def test_the_settings_table_has_the_numbers_of_the_code() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    numbers = re.findall(r"env_number\(\"(PULT_\w+)\", (\d+)", sources()[ROOT / "pult" / "project" / "settings.py"])
    rows = dict(re.findall(r"^\| `(PULT_\w+)` \|.*\| `(\d+)` \|$", page, re.MULTILINE))
    assert numbers
    assert rows.items() >= dict(numbers).items()


def _table(page: Path, heading: str) -> str:
    text = page.read_text(encoding="utf-8")
    section = text[text.index(heading) + len(heading) :]
    section = section[: section.index("\n## ")]
    return "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))


def _variables_read() -> Iterator[str]:
    # What processes tell each other, and what only the tests read.
    inner = {"PULT_LISTEN_FD", "PULT_SUPERVISED"}
    for file, text in sources().items():
        if "tests" in file.parts or "testing" in file.parts:
            continue
        for call in re.findall(r"(?:env_\w+|environ\.get|envvar=)\(?\s*\"(PULT_[A-Z_]+)\"", text):
            if call not in inner:
                yield call.removesuffix("_FILE")


def test_the_routes_in_the_guide_exist() -> None:
    api = importlib.import_module("pult.project.api").api
    known = {re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")) for path in api.get_openapi_schema()["paths"]}
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    # Left out: what is outside the API, and the placeholder of a family of routes.
    named = set(re.findall(r"(?:GET|POST|PATCH) (/[\w{}/-]+)", text)) - {
        "/hooks/{code}/{secret}",
        "/healthz",
        "/readyz",
    }
    named -= {"/metrics", "/orders/{number}/{step}"}
    assert {path for path in named if re.sub(r"\{\w+\}", "{}", path) not in known} == set()
