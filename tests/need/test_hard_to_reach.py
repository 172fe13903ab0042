"""Who is hard to reach: rural class by distance by deprivation, with no small cell to be had (need N31, N18)."""

from datetime import date

import polars as pl
import pytest
from tests.need.test_reach import HEADS, REPORTED

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure.release import protect
from threecircles.need.first_help import first_help_hard, first_help_table
from threecircles.need.hard_to_reach import BY, WHERE, crossed, joined, nowhere, table_of, together
from threecircles.need.reach import reach_definition, reach_table
from threecircles.need.travel import Bands
from threecircles.report.context import Context
from threecircles.report.pages import hard_to_reach
from threecircles.report.released import released

BANDS = Bands(reach_definition().bands_km)
VALUES = {"rural": ["Rural", "Urban"], "distance": ["0-1", "8+"], "deprivation": ["1", "5"]}


def homes():
    """Children of every meeting of the three; far, rural and deprived ones are three."""
    rows = []
    for i, r in enumerate(VALUES["rural"]):
        for j, d in enumerate(VALUES["distance"]):
            for k, f in enumerate(VALUES["deprivation"]):
                count = 3 if (r, d, f) == ("Rural", "8+", "1") else 40 + 7 * i + 5 * j + 3 * k
                rows += [(r, d, f)] * count
    return pl.DataFrame(rows, schema=list(BY), orient="row").with_row_index("person_id")


def reached(people):
    specs = []

    def by(some):
        placed = joined(people, some)
        living = placed.group_by(WHERE).agg(children=pl.len() * 4).with_columns(service=pl.lit("youth_club"))  # fmt: skip
        used = placed.with_columns(
            service_id=pl.lit("youth_club"), registered=pl.lit(True), attended_once=pl.lit(True), attended_regularly=pl.lit(True)
        )  # fmt: skip
        made = reach_table(living, used, HEADS.clear(), reach_definition(), REPORTED, "y", WHERE, "x")  # fmt: skip
        specs.append(made.spec)
        return made.frame

    return table_of(crossed(by), specs[0], "reach-hard", "Reach by all three", BANDS)


def waited(people):
    signs = people.with_columns(
        sign_id=pl.lit("s"), days=pl.col("person_id").cast(pl.Int64) % 90, censored=pl.lit(False),
        prior_help=pl.lit("no"), first_help_statutory=pl.lit(False), lsoa21=pl.lit("E1"),
    )  # fmt: skip
    return signs, first_help_hard(signs, "y", BANDS)


def test_every_margin_of_the_three_stands_in_the_table():
    """need N31: eight margins, from everybody to the meeting of all three, each the sum of its parts."""
    frame = reached(homes()).frame.filter(pl.col("measure") == "registered")
    people = homes()
    for r in ("All", *VALUES["rural"]):
        for d in ("All", *VALUES["distance"]):
            for f in ("All", *VALUES["deprivation"]):
                at = [pl.col(n).is_in([v, *(VALUES[n] if v == "All" else [])]) for n, v in zip(BY, (r, d, f), strict=True)]  # fmt: skip
                told = frame.filter([pl.col(n) == v for n, v in zip(BY, (r, d, f), strict=True)])
                assert told["n"].to_list() == [people.filter(at).height], (r, d, f)


def test_no_small_cell_of_the_three_is_shown_or_can_be_taken_away():
    """need N31, N18: the three children of the far corner are hidden, and no line through them has one hidden cell."""
    people = homes()
    signs, waits = waited(people)
    margins = [first_help_table(signs, n, {}, "y", few=True) for n in BY]
    safe = {t.spec.id: t for t in protect([reached(people), waits, *margins])}
    for name, counted in (("reach-hard", "registered"), ("first-help-hard", "children")):
        rows = safe[name].frame.filter(pl.col("measure") == counted)
        if "before" in rows.columns:
            rows = rows.filter(pl.col("before") == "no")
        assert rows.filter(pl.col("n").is_between(1, 5)).is_empty()
        far = rows.filter((pl.col("rural") == "Rural") & (pl.col("distance") == "8+") & (pl.col("deprivation") == "1"))  # fmt: skip
        assert far["symbol"].to_list() == ["[c]"] and far["value"].to_list() == [None]
        for along in BY:
            rest = [n for n in BY if n != along]
            for _, line in rows.group_by(rest):
                hidden = line.filter(pl.col("symbol") == "[c]").height
                assert hidden != 1, line


def test_the_page_tells_all_three_together_and_leaves_out_where_nobody_lives():
    """need N31: a row a meeting of the three, then everybody; the median wait stands beside."""
    people = homes().filter(~((pl.col("rural") == "Urban") & (pl.col("distance") == "8+")))
    made = released(protect([reached(people), waited(people)[1]]))
    context = Context(place="Testham", la_code="E1", period="y", made_on=date(2026, 4, 1), fictitious=True)  # fmt: skip
    page = hard_to_reach.page(made, context)
    tables = {b.id: b for b in page.blocks if hasattr(b, "rows")}
    assert set(tables) == {"hard-youth-club", "hard-waits"}
    rows = tables["hard-youth-club"].rows
    assert len(rows) == 7 and rows[-1][:3] == ("All", "All", "All")
    assert ("Urban", "8 km and more") not in {r[:2] for r in rows}
    assert [c.id for c in tables["hard-waits"].columns][:5] == [*BY, "children", "median_days"]
    assert {t.spec.id for t in page.tables} == {"reach-hard", "first-help-hard"}


def test_a_place_without_these_facts_has_the_page_and_says_so():
    """report A18: the page exists and says what is missing."""
    context = Context(place="T", la_code="E1", period="y", made_on=date(2026, 4, 1), fictitious=True)  # fmt: skip
    page = hard_to_reach.page(released([]), context)
    assert not page.tables and "not known" in page.blocks[0].title


@pytest.mark.parametrize("some", [(), ("rural",), BY])
def test_a_home_of_which_nothing_is_known_has_its_own_place(some):
    known = {"rural": {"E1": "Rural"}, "distance": {}, "deprivation": {"E1": "1"}}
    told = together(known, some)["E1"].split("|")
    assert told == [
        known[n].get("E1", "not_known") if n in some else "All" for n in BY
    ] and nowhere(some) == "|".join("not_known" if n in some else "All" for n in BY)


def farthest(bands):
    """The page from a table of circles by distance; bands: those in which children answered, with their share."""
    named = Bands()
    spec = TableSpec(
        id="circles-distance", title="x", population="pupils-9-16", period="y", unit="share of children", kind="share",
        dimensions=(Dimension(column="distance", label=named.label, order=("All", *named.names), labels=named.labels),),
    )  # fmt: skip
    rows = [
        {"distance": b, "measure": "need", "value": share, "low": share - 0.02, "high": share + 0.02,
         "numerator": 1116.0, "denominator": 6975.0, "n": 5000}
        for b, share in bands.items()
    ]  # fmt: skip
    tables = released(protect([Measured(spec, pl.DataFrame(rows))]))
    page = hard_to_reach.page(tables, Context(place="X", la_code="E1", period="y", made_on=date(2026, 4, 1)))  # fmt: skip
    return page.blocks[0]


def test_how_many_live_beyond_the_last_band_is_one_sentence_with_its_interval_and_no_link():
    """need 3a: children with high need beyond the last band; the county's page once made a link of the sentence."""
    (finding,) = farthest({"0-1": 0.2, "8+": 0.16}).findings
    assert finding.more == ""
    assert finding.sentence == (
        "About 1,100 children with high need live beyond 8 km from any open place. "
        "That is 16% of the children there, interval 14 to 18%."
    )


def test_where_nobody_lives_that_far_the_page_says_so_and_speaks_of_no_nearer_band():
    said = farthest({"0-1": 0.2, "1-3": 0.16})
    assert said.paragraphs == ("No child who answered lives beyond 8 km from an open place.",)
