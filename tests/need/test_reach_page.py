"""Every reach and first-help page offers rural class, distance and deprivation, and no interval that is none (need N31)."""

from datetime import date

import polars as pl
from tests.need.test_reach import HEADS, REPORTED

from threecircles.disclosure.release import protect
from threecircles.need.first_help import first_help_table
from threecircles.need.reach import reach_definition, reach_table
from threecircles.report.context import Context
from threecircles.report.model import Figure, Value
from threecircles.report.pages import reach
from threecircles.report.released import released

GROUPS = ("rural", "distance", "deprivation")


def page():
    n = 400
    people = pl.DataFrame(
        {"person_id": [f"p{i}" for i in range(n)], **{c: [f"{c}{i % 2}" for i in range(n)] for c in GROUPS}}
    )  # fmt: skip
    used = people.head(200).with_columns(
        service_id=pl.lit("youth_club"), registered=pl.lit(True), attended_once=pl.lit(True),
        attended_regularly=pl.lit(True),
    )  # fmt: skip
    signs = people.with_columns(
        sign_id=pl.lit("s"), days=pl.Series([i % 300 for i in range(n)]), censored=pl.Series([i % 3 == 0 for i in range(n)]),
        prior_help=pl.lit("no"), first_help_statutory=pl.Series([i % 2 == 0 for i in range(n)]), lsoa21=pl.lit("E1"),
    )  # fmt: skip
    made = []
    for c in GROUPS:
        living = (
            people.group_by(c).agg(children=pl.len()).with_columns(service=pl.lit("youth_club"))
        )
        ends = {"youth_club": {"distance1"}}
        made.append(
            reach_table(living, used, HEADS, reach_definition(), REPORTED, "y", c, c, at_least=ends)
        )
        made.append(first_help_table(signs, c, {}, "y"))
    context = Context(
        place="Testham", la_code="E1", period="y", made_on=date(2026, 4, 1), fictitious=True
    )
    return reach.page(released(protect(made)), context)


def test_reach_and_first_help_are_offered_by_the_three_groupings():
    """need N31: rural-urban class, distance and deprivation on the reach and first-help page."""
    told = page()
    ids = {b.id for b in told.blocks if hasattr(b, "rows")}
    for c in GROUPS:
        assert {f"reach-{c}-youth-club", f"first-help-{c}-no"} <= ids


def test_ends_are_not_called_an_interval_and_heads_stand_apart():
    """need N25: what a silent place leaves open is "at least", and heads are no persons."""
    tables = {b.id: b for b in page().blocks if hasattr(b, "rows")}
    labels = [c.label for c in tables["reach-distance-youth-club"].columns]
    assert any("At least" in x for x in labels) and not any("95%" in x for x in labels)
    heads = [k for k in tables if k.endswith("-heads")]
    assert heads == ["reach-rural-heads"]


def test_a_table_of_a_county_of_wards_is_left_to_the_open_data(monkeypatch):
    """report A15: a page has at most 3,000 elements; what is longer is linked and not laid out."""
    monkeypatch.setattr(reach, "MOST_ROWS", 1)
    told = page()
    assert not any(hasattr(b, "rows") for b in told.blocks)
    links = {slug for b in told.blocks for _, slug in getattr(b, "links", ())}
    assert {f"data/reach-{c}.csv" for c in GROUPS} <= links
    assert {t.spec.id for t in told.tables} >= {f"reach-{c}" for c in GROUPS}


def test_whom_a_place_is_for_and_who_came_are_drawn_one_within_the_other():
    """report 2, page 3: reach of universal places as a picture, every number of it in the table below."""
    figure = next(b for b in page().blocks if isinstance(b, Figure))
    names = [name for name, _ in figure.drawn]
    assert names == ["Youth club: eligible", "Youth club: came", "Youth club: come regularly"]
    assert [v.number for _, v in figure.drawn] == [400, 200, 200]
    below = {c.cell for row in figure.table.rows for c in row if isinstance(c, Value)}
    assert {v.cell for _, v in figure.drawn} <= below
    assert "for 400: 200 came, 200 regularly" in figure.svg.text
