"""Safe tables come from one place: no other line of the program makes one, and none can be altered."""

from __future__ import annotations

import ast
import copy
import pickle
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import threecircles
from threecircles.core.errors import NotPermitted
from threecircles.core.safety import Sensitive
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure.release import Safe, protect

SOURCE = Path(threecircles.__file__).parent
MAKER = SOURCE / "disclosure" / "release.py"


def table() -> Measured:
    spec = TableSpec(
        id="t", title="t", population="children", period="2026", unit="children", kind="count",
        dimensions=(Dimension(column="ward", label="Ward"),), count="n", values=("value", "n"),
    )  # fmt: skip
    counts = {"a": 3, "b": 14, "c": 20, "All": 37}
    rows = [{"ward": w, "measure": "m", "value": float(n), "n": n} for w, n in counts.items()]
    return Measured(spec, pl.DataFrame(rows))


def makes_one(tree: ast.AST) -> list[int]:
    "Lines that call Safe, make one without its checks, or reach for the token."
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            given = [ast.unparse(a) for a in node.args]
            if called == "Safe" or (called in ("__new__", "__setattr__") and "Safe" in given):
                found.append(node.lineno)
        if isinstance(node, ast.Attribute) and node.attr == "_TOKEN":
            found.append(node.lineno)
        if isinstance(node, ast.ImportFrom) and node.module == "threecircles.disclosure.release":
            found += [node.lineno for a in node.names if a.name == "_TOKEN"]
    return found


def test_no_other_line_of_the_program_makes_a_safe_table():
    """disclosure A6"""
    places = {
        path.relative_to(SOURCE).as_posix(): lines
        for path in SOURCE.rglob("*.py")
        if path != MAKER and (lines := makes_one(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert places == {}
    assert makes_one(ast.parse(MAKER.read_text(encoding="utf-8")))  # the search can find one


def test_a_safe_table_is_not_made_altered_copied_or_pickled_elsewhere():
    """disclosure A6: at run time."""
    (safe,) = protect([table()])
    full = table()
    tries = [
        lambda: Safe(spec=full.spec, frame=full.frame, profile="la-default", profile_version="1"),
        lambda: replace(safe, frame=full.frame),
        lambda: copy.copy(safe),
        lambda: pickle.dumps(safe),
    ]
    for attempt in tries:
        with pytest.raises(NotPermitted):
            attempt()


def test_neither_kind_of_table_prints_a_row():
    """disclosure A6: no message gives an unsuppressed cell."""
    (safe,) = protect([table()])
    for shown in (
        repr(safe),
        str(safe),
        repr(Sensitive(table().frame)),
        str(Sensitive(table().frame)),
    ):
        assert "14" not in shown and "20" not in shown


def test_the_hidden_count_is_in_no_column_of_a_safe_table():
    """disclosure A6"""
    (safe,) = protect([table()])
    hidden = safe.frame.filter(pl.col("symbol") == "[c]")
    assert (
        hidden.height >= 2
        and hidden["value"].null_count() == hidden["n"].null_count() == hidden.height
    )
