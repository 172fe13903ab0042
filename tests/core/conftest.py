"""Spec tests run on every engine that is installed."""

from importlib.util import find_spec

import pytest

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
