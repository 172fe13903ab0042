"""The benchmark of the check judges by the bounds that were asked and on returns of the size asked (quality A26, A27)."""

import importlib
import re
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("quality_check")
    for name in ("quality_check", "quality_returns"):
        sys.modules.pop(name, None)


def took(bench, wall, peak=100.0):
    return bench.Took(wall, wall, peak)


def test_every_bound_of_the_specification_is_judged(bench):
    """A26, A27: each bound has a verdict, met just below it and not met just above."""
    parts = {"csv": 0.16, "903": 4.0, "expat": 1.0, "read-cin": 6.0, "cin": 5.9}
    figures = {(bench.SMALL, part): took(bench, wall) for part, wall in parts.items()}
    figures |= {(bench.LARGE, part): took(bench, 12 * wall) for part, wall in parts.items()}
    judged = bench.verdicts(figures)
    assert len(judged) == 12
    assert all(bench._met(figure, bound) for _, figure, bound in judged)
    slower = {bench.SMALL: 13, bench.LARGE: 14}
    slow = {key: took(bench, slower[key[0]] * one.wall, 5000.0) for key, one in figures.items()}
    slow |= {(size, plain): took(bench, 0.1) for size in (bench.SMALL, bench.LARGE) for plain in ("csv", "expat")}  # fmt: skip
    assert not any(bench._met(figure, bound) for _, figure, bound in bench.verdicts(slow))


@pytest.mark.reference
def test_the_returns_it_makes_hold_as_many_children_as_asked_and_every_module(
    bench, reference_data, tmp_path
):
    """A26: new identifiers for each copy, a last copy in part, and every module of the census."""
    from threecircles.sources import read

    returns = reference_data("returns")
    bench.make_903(returns, tmp_path / "s903", 2800)
    bench.make_cin(returns, tmp_path / "cin.xml", 300)
    header = read([tmp_path / "s903"], return_name="ssda903", year=2026).tables["Header"]
    assert (header.height, header["CHILD"].n_unique()) == (2800, 2800)
    census = read([tmp_path / "cin.xml"], return_name="cin-census", year=2026)
    assert census.problems.is_empty()
    assert census.tables["ChildIdentifiers"]["LAchildID"].n_unique() == 300
    assert census.tables["ChildIdentifiers"]["UPN"].drop_nulls().is_duplicated().sum() == 0
    assert {name for name, table in census.tables.items() if table.is_empty()} == set()
    assert not re.search("DfEX", (tmp_path / "cin.xml").read_text(encoding="utf-8"))
