"""Which tests name which attack? Read from the tests' source: nothing has to be run, so nothing can be made up.

A test names an attack in its own name (``test_e01_...``, ``test_d11_d12_...``), in the first line of its docstring, in
the id of a parameter (``pytest.param(..., id="E04")``), or by ``pytest.mark.attack("D02")``.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ID = re.compile(r"\b[A-J]\d\d\b")
IN_A_NAME = re.compile(r"_([a-j]\d\d)(?=_)")


def named_attacks(folder: Path) -> dict[str, list[str]]:
    """Attack id -> node ids (``tests/x/test_y.py::test_z``), both in order."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("test_*.py")):
        for test in _tests(ast.parse(path.read_text())):
            for attack in _named(test):
                found[attack].add(f"{path.relative_to(folder.parent).as_posix()}::{test.name}")
    return {attack: sorted(found[attack]) for attack in sorted(found)}


def _tests(module: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _named(test: ast.FunctionDef) -> set[str]:
    named = {found.upper() for found in IN_A_NAME.findall(test.name + "_")}
    named |= set(ID.findall((ast.get_docstring(test) or "").partition("\n")[0]))
    for decorator in test.decorator_list:
        for call in (node for node in ast.walk(decorator) if isinstance(node, ast.Call)):
            named |= _in_call(call)
    return named


def _in_call(call: ast.Call) -> set[str]:
    """``pytest.mark.attack("D02")`` and ``pytest.param(..., id="E04-wildcards")``."""
    words: list[ast.expr] = [keyword.value for keyword in call.keywords if keyword.arg == "id"]
    if isinstance(call.func, ast.Attribute) and call.func.attr == "attack":
        words += call.args
    said = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return {found for word in said for found in ID.findall(word)}
