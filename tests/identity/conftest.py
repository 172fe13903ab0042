"""Small tables written as text become linked persons."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from threecircles.identity import LinkRequest, LinkSource, link_tables

_FIELDS = {
    "first": "first_name",
    "surname": "surname",
    "born": "date_of_birth",
    "sex": "sex",
    "postcode": "postcode",
    "uprn": "uprn",
    "expected": "expected_birth",
}


def read(text: str) -> pl.DataFrame:
    """A table from lines of cells between bars; an empty cell is missing."""
    rows = [[c.strip() or None for c in line.split("|")] for line in text.strip().splitlines()]
    return pl.DataFrame(rows[1:], schema=dict.fromkeys(rows[0], pl.String), orient="row")


@pytest.fixture
def linked():
    """Links tables given as text, each a source; returns the sets of record ids that are one person.

    Columns: id, first, surname, born, sex, postcode, uprn and identifier schemes.
    """

    def run(threshold: str = "generous", repeats: tuple[str, ...] = (), **texts: str):
        tables = {name: read(text) for name, text in texts.items()}
        sources = tuple(
            LinkSource(
                name=name,
                file="",
                record_id="id",
                identifiers={c: c for c in table.columns if c not in _FIELDS and c != "id"},
                duplicate_free=name not in repeats,
                **{ours: c for c, ours in _FIELDS.items() if c in table.columns},
            )
            for name, table in tables.items()
        )
        request = LinkRequest(sources=sources, fictitious=True, as_of=date(2026, 3, 31))
        result = link_tables(request, tables, threshold, seed=1)
        groups = result.person_record.group_by("person_id").agg(pl.col("record_id").sort())
        run.result = result
        return {frozenset(g) for g in groups["record_id"].to_list() if len(g) > 1}

    return run
