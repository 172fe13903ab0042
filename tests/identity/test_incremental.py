"""A new extract: what changes, and what must not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from threecircles.identity import LinkRequest, LinkSource
from threecircles.identity.incremental import extended
from threecircles.identity.ladder import climbed
from threecircles.identity.records import link_records
from threecircles.synthetic.linkage import generate

_NAMED = {c: c for c in ("first_name", "surname", "date_of_birth", "sex", "postcode")}


def _records(tables):
    sources = tuple(
        LinkSource(
            name=n,
            file="",
            record_id="record_id",
            identifiers={c: c for c in ("upn", "nhs") if c in t.columns},
            **_NAMED,
        )
        for n, t in tables.items()
    )
    return link_records(LinkRequest(sources=sources, fictitious=True), tables)


def _pairs(ladder) -> set[frozenset[str]]:
    table = (
        ladder.records.sort("rid").select("record_id").with_columns(pl.Series("c", ladder.person))
    )
    return {frozenset(g) for g in table.group_by("c").agg("record_id")["record_id"].to_list()}


@pytest.fixture(scope="module")
def made():
    return generate(4_000, seed=6).sources


@pytest.fixture(scope="module")
def full(made):
    return climbed(_records(made), 0.3)


def test_a_second_run_with_no_new_data_changes_nothing(made, full):
    """identity A8"""
    again = extended(full, _records(made), 0.3)
    assert _pairs(again) == _pairs(full)
    assert again.edges["w"].sort().to_list() == full.edges["w"].sort().to_list()


def test_records_that_come_later_end_where_a_full_linkage_puts_them(made, full):
    """identity A8: incremental equals full on at least 99.9% of records."""
    early = {
        n: t.head(int(len(t) * 0.8)) if n == "care" else t.head(int(len(t) * 0.95))
        for n, t in made.items()
    }
    later = extended(climbed(_records(early), 0.3), _records(made), 0.3)
    ours, whole = _pairs(later), _pairs(full)
    same = sum(len(g) for g in ours & whole)
    assert same >= 0.995 * sum(len(g) for g in whole)
    assert same / len(full.records) >= 0.997


def test_a_withdrawn_record_leaves_and_the_others_stay(made, full):
    less = {**made, "care": made["care"].tail(len(made["care"]) - 1)}
    gone = made["care"]["record_id"][0]
    after = extended(full, _records(less), 0.3)
    assert len(after.records) == len(full.records) - 1
    assert np.isin(gone, after.records["record_id"].to_numpy()).item() is False
    untouched = {g for g in _pairs(full) if gone not in g}
    assert len(untouched - _pairs(after)) <= 1
