"""Spec tests of the record: a small table in, an expected table out, on every engine."""

from datetime import date
from importlib.util import find_spec

import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make

NAMES = [
    "duckdb",
    "polars",
    pytest.param(
        "spark",
        marks=[
            pytest.mark.spark,
            pytest.mark.skipif(not find_spec("pyspark"), reason="the spark extra is not installed"),
        ],
    ),
]


@pytest.fixture(params=NAMES, scope="session")
def engine(request):
    """Each engine in turn."""
    return make(request.param)


def _value(text, name):
    if not text:
        return None
    if name.endswith(("_from", "_to", "_on", "_date")):
        return date.fromisoformat(text)
    return int(text) if text.lstrip("-").isdigit() else text


@pytest.fixture(scope="session")
def table():
    """A table from text: names in the first line, cells between bars, an empty cell is null."""

    def read(text, **types):
        lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
        names, rows = lines[0], lines[1:]
        columns = {n: [_value(row[i], n) for row in rows] for i, n in enumerate(names)}
        dates = {n: pl.Date for n in names if n.endswith(("_from", "_to", "_on", "_date"))}
        return pl.DataFrame(columns, schema_overrides={**dates, **types})

    return read


@pytest.fixture(scope="session")
def rows():
    """The rows of a result, in the columns asked for, sorted by them."""

    def told(frame, *columns):
        return collect(frame.select(*columns), columns).rows()

    return told
