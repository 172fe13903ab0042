"""Anonymous surveys give bounds on the overlap and nothing else (need N2, N3)."""

import re
from datetime import date

import numpy as np
import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.need.made_up import NEED, many, record

from threecircles.core.design import Design
from threecircles.core.engines import engine
from threecircles.core.errors import UsageError
from threecircles.disclosure.release import protect
from threecircles.need.areas import Areas
from threecircles.need.circles_step import circles_tables
from threecircles.need.frechet import bounds, collapsed, coverage, overlap, summed, words
from threecircles.need.strata import Strata
from threecircles.need.targeted import targeted_services
from threecircles.report.context import Context
from threecircles.report.pack import make_pack
from threecircles.report.site import write_site
from threecircles.report.workbook import write_workbook


def test_bounds_from_two_margins():
    "N2: N .24, S .10."
    both = overlap(0.24, 0.10)
    assert (both.lower, both.upper) == pytest.approx((0, 0.10))
    told = coverage(both, 0.24)
    assert (told.lower, told.upper) == pytest.approx((0, 0.4166667), abs=1e-7)


def test_bounds_summed_over_strata_are_tighter():
    "N2: two equal strata (.40, .70) and (.08, .02)."
    half = np.array([0.5, 0.5])
    both = summed(half, half * [0.40, 0.08], half * [0.70, 0.02])
    assert (both.lower, both.upper) == pytest.approx((0.05, 0.21))
    outer = overlap(0.24, 0.36)
    assert (outer.lower, outer.upper) == pytest.approx((0, 0.24))


def test_a_stratum_with_unknown_services_takes_its_outer_bound():
    both = summed(np.array([0.5, 0.5]), np.array([0.2, 0.04]), np.array([np.nan, 0.01]))
    assert (both.lower, both.upper) == pytest.approx((0, 0.21))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_any_joint_lies_inside_and_refining_never_widens(seed, strata):
    "N2, property."
    g = np.random.default_rng(seed)
    cells = g.dirichlet(np.ones(4), size=strata) * g.dirichlet(np.ones(strata))[:, None]
    both, need_only, service_only, _ = cells.T
    need, service, population = both + need_only, both + service_only, cells.sum(axis=1)
    fine = summed(population, need, service)
    coarse = overlap(need.sum(), service.sum())
    assert fine.lower - 1e-12 <= both.sum() <= fine.upper + 1e-12
    assert coarse.lower <= fine.lower + 1e-12 and fine.upper <= coarse.upper + 1e-12


def survey_of(n=600, seed=1):
    g = np.random.default_rng(seed)
    stratum = g.choice(["a", "b"], n)
    high = g.random(n) < np.where(stratum == "a", 0.4, 0.08)
    return pl.DataFrame(
        {
            "stratum_id": stratum,
            "need": np.where(high, "high", "not_high"),
            "school": g.integers(0, 20, n),
            "type": "x",
            "w": 1.0,
        }
    )


DESIGN = Design(weight="w", stratum="type", psu="school")
MARGINS = pl.DataFrame({"stratum_id": ["a", "b"], "population": [500, 500], "service": [350, 10]})


def test_bounds_are_widened_never_tightened_and_have_limits():
    told = bounds(Strata.of(survey_of(), MARGINS, DESIGN), draws=400)
    assert told.widened.lower <= told.plain.lower and told.widened.upper >= told.plain.upper
    assert told.low <= told.widened.lower and told.high >= told.widened.upper


def test_need_and_service_of_different_populations_are_refused():
    with pytest.raises(UsageError, match="not of one population"):
        Strata.of(survey_of(), MARGINS.with_columns(service=pl.Series([600, 10])), DESIGN)
    with pytest.raises(UsageError, match="outside the population"):
        Strata.of(survey_of(), MARGINS.filter(pl.col("stratum_id") == "a"), DESIGN)


def test_small_strata_are_joined_until_each_holds_thirty():
    table = pl.DataFrame({"stratum": ["p|7|F", "p|7|M", "p|8|F", "s|9|F"], "n": [40, 10, 50, 45]})
    joined = dict(collapsed(table).iter_rows())
    sizes = (
        table.with_columns(j=pl.col("stratum").replace_strict(joined))
        .group_by("j")
        .agg(pl.col("n").sum())
    )
    assert sizes["n"].min() >= 30
    assert joined["s|9|F"] == "s|9|F"


def test_an_anonymous_survey_has_no_point_for_the_overlap():
    "N3: no value for overlap, coverage or targeting in any table."
    pupils = [p | {"consent": 0} for p in many(800)]
    run = engine("polars")
    made = circles_tables(
        *[run.frame(f) for f in record(pupils)],
        need=NEED, services=targeted_services("council_and_justice"), areas=Areas(), academic_year=2026,
    )  # fmt: skip
    assert [m.spec.id for m in made] == ["circles-bounds"]
    frame = made[0].frame
    hidden = frame.filter(~pl.col("measure").is_in(["need", "service"]))
    assert hidden["value"].null_count() == hidden.height
    assert hidden["numerator"].null_count() == hidden.height
    assert set(frame.filter(pl.col("value").is_not_null())["measure"]) == {"need", "service"}
    assert (
        made[0]
        .spec.notes[0]
        .startswith("The survey was anonymous, so we cannot see which children get help.")
    )


def test_no_page_file_or_export_of_an_anonymous_survey_holds_a_point_for_the_overlap(tmp_path):
    """N3: HTML, CSV, JSON and workbook of the whole pack, searched: no figure for overlap, coverage or targeting, and
    none that lies strictly between the bounds of the overlap.
    """
    pupils = [p | {"consent": 0} for p in many(800)]
    run = engine("polars")
    made = circles_tables(
        *[run.frame(f) for f in record(pupils)],
        need=NEED, services=targeted_services("council_and_justice"), areas=Areas(), academic_year=2026,
    )  # fmt: skip
    safe = protect(made)
    context = Context(place="X", la_code="E1", period="y", made_on=date(2026, 4, 1))
    pack = make_pack(safe, context)
    write_site(pack, tmp_path)
    write_workbook(pack, tmp_path / "pack.xlsx")
    points = {"need", "service"}
    table = pl.read_csv(tmp_path / "data" / "circles-bounds.csv", infer_schema=False)
    told = table.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    assert set(told["measure"]) <= points and told.height
    rows = {
        r["measure"]: r for r in safe[0].frame.filter(pl.col("low") < pl.col("high")).to_dicts()
    }
    values = [v for page in pack.pages for v in page.values() if v.known]
    shown = {v.number for v in values if v.cell[2] == "value" and v.kind == "percent"}
    assert shown <= {float(v) for v in told["value"]}
    low, high = rows["both"]["low"], rows["both"]["high"]
    assert low < high
    text = (tmp_path / "pack.json").read_text(encoding="utf-8")
    for number in re.findall(r'"number": ?(0\.\d+)', text):
        assert float(number) in shown or not low < float(number) < high, number
    pages = " ".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.html"))
    assert "The survey was anonymous, so we cannot see which children get help." in pages
    sheets = openpyxl.load_workbook(tmp_path / "pack.xlsx", read_only=True)
    cells = {c for sheet in sheets for row in sheet.iter_rows(values_only=True) for c in row}
    between = [c for c in cells if isinstance(c, float) and low < c < high]
    assert set(between) <= shown


def test_the_words_are_fixed():
    assert words(0, 0.4167) == (
        "The survey was anonymous, so we cannot see which children get help. Between 0 and 42 in 100 of "
        "children with high need can be in contact with services."
    )
