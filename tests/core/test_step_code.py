"""What a step's result depends on, read from its source (spine S2: an unchanged run asks this of every step)."""

import ast
from pathlib import Path

import threecircles
from threecircles.core.steps import code_hashes, imported

SOURCE = Path(threecircles.__file__).parent


def _by_python(text):
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return {n for n in names if n.startswith("threecircles.")}


def test_every_module_imports_what_python_would_read():
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert set(imported(text)) == _by_python(text), path.name


def test_imports_within_brackets_comments_and_functions_are_seen():
    text = """
import os, threecircles.core.rates
from threecircles.core import (
    bands,  # a word in (brackets), and a comma
    dates as days,
)
def later():
    from threecircles.report.pack import build
# from threecircles.web import nothing
from . import near
"""
    assert set(imported(text)) == _by_python(text)
    assert "threecircles.core.dates" in imported(text)
    assert not [n for n in imported(text) if "web" in n]


def test_code_far_away_counts_and_nothing_is_imported_for_it():
    far = code_hashes("threecircles.report.steps")
    assert {"threecircles.report.steps", "threecircles.core.rounding"} <= far.keys()
    assert all(name.startswith("threecircles") for name in far)
