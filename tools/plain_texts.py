"""Texts of modules without Django: sentences of failures, steps of a connection test, settings of platforms, problems.

Those modules say English and leave the translation to whoever shows the text, so no gettext call marks them. They are
found by what they stand in: an argument of a class that comes from PultError, of CheckStep.of, of SettingField, or the
table SENTENCES.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def texts_of(path: Path) -> Iterator[str]:
    """The texts in one Python file."""
    failures = _failures()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef) and node.name in failures:
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
                    yield from _arguments(call, [0], ["next_step"])
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in failures:
                yield from _arguments(node, [0], ["template", "next_step"])
            elif name == "of" and ast.unparse(node.func).endswith("CheckStep.of"):
                yield from _arguments(node, [2], ["next_step"])
            elif name == "SettingField":
                yield from _arguments(node, [1, 2], ["label", "help"])
        elif isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Dict):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if ast.unparse(target) == "SENTENCES":
                yield from (text for value in node.value.values for text in _text(value))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _failures() -> frozenset[str]:
    """The names of all classes that come from PultError."""
    parents: dict[str, set[str]] = {}
    for path in (ROOT / "pult").rglob("*.py"):
        if "tests" not in path.parts:
            for node in ast.walk(_tree(path)):
                if isinstance(node, ast.ClassDef):
                    parents[node.name] = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    found = {"PultError"}
    while more := {name for name, bases in parents.items() if bases & found} - found:
        found |= more
    return frozenset(found)


def _arguments(call: ast.Call, places: list[int], names: list[str]) -> Iterator[str]:
    for place in places:
        if place < len(call.args):
            yield from _text(call.args[place])
    for keyword in call.keywords:
        if keyword.arg in names:
            yield from _text(keyword.value)


def _text(node: ast.expr) -> Iterator[str]:
    """The text an expression may be: a constant, or either side of a choice; not what run time puts together."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _text(node.body)
        yield from _text(node.orelse)
