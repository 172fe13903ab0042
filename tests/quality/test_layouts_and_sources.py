"""What rules read is what readers give: one set of columns, told in two places, never drifts apart."""

import pytest

from threecircles.quality.layout import layout
from threecircles.sources import source

DERIVED = {"PL_LA", "PL_LOCATION", "PL_DISTANCE", "UASC"}
KINDS = {"date": {"date", "datetime"}, "int": {"int"}, "number": {"int", "decimal"}}


@pytest.mark.parametrize(("name", "declared"), [("cin", "cin-census"), ("903", "ssda903")])
def test_every_column_that_rules_know_is_declared_by_the_source(name, declared):
    """quality 1.5, 1.6, 2.1"""
    tables = {t.name: {c.name: c for c in t.columns} for t in source(declared).tables}
    for table, told in layout(name).tables.items():
        assert table in tables, table
        assert set(told.columns) - DERIVED <= set(tables[table]), table
        for column, what in told.columns.items():
            if what.type == "date" and column in tables[table]:
                assert tables[table][column].type in KINDS["date"], (table, column)


@pytest.mark.parametrize(("name", "declared"), [("cin", "cin-census"), ("903", "ssda903")])
def test_every_table_a_source_declares_is_one_that_rules_know(name, declared):
    assert {t.name for t in source(declared).tables} == set(layout(name).tables)
