"""Rows that several sessions lock are locked in one order: read from the sources.

PostgreSQL locks rows as its plan finds them. Two that lock the same rows by two plans can wait for
each other, one time in a hundred: so whoever locks more than one row says in which order.
"""

import ast
from collections.abc import Iterator
from textwrap import dedent

import pytest

from tests.test_house import SOURCES, name_of

# What finds one row, at most.
ONE = {"get", "first", "get_or_create", "latest"}


def unordered(source: str) -> Iterator[str]:
    """The lines that lock rows in no order, as "function:line"."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        parents = {
            child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)
        }
        for call in ast.walk(function):
            if _name_of(call) == "select_for_update" and not _is_ordered(
                call, function, parents, functions
            ):
                yield f"{function.name}:{call.lineno}"


def _name_of(node: ast.AST) -> str:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return node.func.attr if called else ""


def _is_ordered(start: ast.AST, function, parents, functions, seen=frozenset()) -> bool:
    """Whether this query, or each that is made of it, finds one row or names an order."""
    if start in seen:
        return True  # a query that is narrowed under its own name: judged by its other uses
    seen |= {start}
    top, names = start, {_name_of(below) for below in ast.walk(start)}
    while isinstance(parents[top], ast.Attribute | ast.Call) and top not in getattr(
        parents[top], "args", ()
    ):
        top = parents[top]
        names.add(_name_of(top))
    if names & (ONE | {"order_by"}):
        return True
    after = parents[top]
    if isinstance(after, ast.Assign):
        (target,) = after.targets
        uses = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Name)
            and node.id == target.id
            and isinstance(node.ctx, ast.Load)
        ]
        return bool(uses) and all(
            _is_ordered(use, function, parents, functions, seen) for use in uses
        )
    if isinstance(after, ast.Return):
        return all(
            _is_ordered(*use, functions, seen) for use in _calls_of(function.name, functions)
        )
    return False


def _calls_of(name: str, functions) -> Iterator[tuple]:
    for function in functions:
        parents = {
            child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield node, function, parents


def test_rows_are_locked_in_one_order():
    locking = [path for path in SOURCES if "select_for_update" in path.read_text()]
    assert len(locking) > 25, "the search itself must find something"
    found = {name_of(path): list(unordered(path.read_text())) for path in locking}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("return list(Thing.objects.select_for_update().filter(x=1))", True),
        ("return list(Thing.objects.select_for_update().filter(x=1).order_by('pk'))", False),
        ("return Thing.objects.order_by('pk').select_for_update().filter(x=1)", False),
        ("return Thing.objects.select_for_update().get(pk=1)", False),
        ("found = Thing.objects.select_for_update()\n    return found.get(pk=1)", False),
        ("found = Thing.objects.select_for_update()\n    return [one for one in found]", True),
        (
            "found = Thing.objects.select_for_update()\n"
            "    one = found.get(pk=1)\n"
            "    return list(found.filter(x=1))",
            True,
        ),
        ("for one in Thing.objects.select_for_update().filter(x=1):\n        one.save()", True),
    ],
)
def test_the_search_tells_them_apart(body, is_found):
    source = f"def act():\n    {body}\n"
    assert bool(list(unordered(dedent(source)))) == is_found
