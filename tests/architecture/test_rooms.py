"""What the rooms promise and no import rule can say: who writes a status, whose models are whose, which tasks exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2] / "pult"
# The only makers and movers of an order's state: the door, its changes, a person's step, a person's decision.
STATUS_WRITERS = {
    "orders/services/receiving.py",
    "orders/services/changing.py",
    "orders/services/lifecycle.py",
    "orders/services/deciding.py",
}
# What reads everything, and what stands above all apps.
READERS_OF_ALL = ("pult.reports", "pult.bench", "pult.testing", "pult.sandbox", "pult.project")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(ROOT.rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        if "/tests/" not in name and "/migrations/" not in name:
            yield name, ast.parse(file.read_text(encoding="utf-8"))


def is_order(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"order", "orders"}


def writes_status(tree: ast.Module) -> list[int]:
    """Lines that set `order.status` or update the column of the orders' table."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            flat = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
            lines += [
                node.lineno
                for part in flat
                if isinstance(part, ast.Attribute) and part.attr == "status" and is_order(part.value)
            ]
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"update", "create"}
        ):
            chain = ast.unparse(node.func.value)
            if "Order.objects" in chain and any(word.arg == "status" for word in node.keywords):
                lines.append(node.lineno)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "UPDATE orders_order " in node.value:
            lines.append(node.lineno)
    return lines


def test_only_the_services_of_orders_write_a_status() -> None:
    writers = {name: lines for name, tree in sources() if (lines := writes_status(tree))}

    assert set(writers) <= STATUS_WRITERS, writers
    assert "orders/services/lifecycle.py" in writers  # or this test sees nothing


def test_every_task_named_by_a_string_exists() -> None:
    from pult.lib.jobs import task_names
    from pult.sync.services.understanding import THEN

    named = {THEN}
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"defer", "jobs.defer"} and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    named.add(first.value)

    assert len(named) > 3
    assert named <= task_names()


def test_models_of_an_app_are_imported_by_that_app_alone() -> None:
    graph = grimp.build_graph("pult", exclude_type_checking_imports=True)
    strangers = []
    for module in sorted(graph.modules):
        if not module.endswith(".models"):
            continue
        app = module.rsplit(".", 1)[0]
        for importer in sorted(graph.find_modules_that_directly_import(module)):
            if ".tests." in importer or importer.startswith((f"{app}.", *READERS_OF_ALL)):
                continue
            strangers.append(f"{importer} imports {module}")

    assert strangers == []


@pytest.mark.parametrize("room", ["rules", "types", "errors"])
def test_pure_rooms_ask_no_clock_and_no_network(room: str) -> None:
    forbidden = {"time", "random", "socket", "httpx", "django.utils.timezone", "pult.lib.clock", "pult.lib.http"}
    for name, tree in sources():
        if f"/{room}/" in name or name.endswith(f"/{room}.py"):
            for node in ast.walk(tree):
                found = {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
                if isinstance(node, ast.Import):
                    found = {alias.name for alias in node.names}
                assert not found & forbidden, f"{name} imports {found & forbidden}"
