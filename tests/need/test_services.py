"""Services in figures: counted from a record small enough to check by eye."""

from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.engines import engine
from threecircles.definitions.place import Place
from threecircles.need.services.stock import flow_table
from threecircles.need.steps import services

EPISODES = pl.DataFrame(
    [
        ("e1", "a", "early_help", date(2024, 6, 1), date(2024, 9, 1), "E1", None),
        ("e2", "a", "cin", date(2025, 5, 1), None, "E1", None),
        ("e3", "a", "assessment", date(2025, 5, 3), date(2025, 6, 20), "E1", "e2"),
        ("e4", "b", "placement", date(2025, 8, 1), date(2025, 9, 9), None, None),
        ("e5", "b", "cin", date(2025, 7, 1), date(2025, 12, 1), None, None),
        ("e6", "b", "assessment", date(2025, 7, 1), date(2025, 11, 1), None, "e5"),
        ("lost1", "c", "cin", date(2025, 6, 1), None, None, None),
        ("lost2", "b", "assessment", date(2025, 9, 1), None, None, "e5"),
    ],
    schema={"row_id": pl.String, "person_id": pl.String, "process": pl.String, "valid_from": pl.Date,
            "valid_to": pl.Date, "lsoa21_in": pl.String, "parent_row_id": pl.String},
    orient="row",
).with_columns(
    end_basis=pl.when(pl.col("row_id").str.starts_with("lost"))
    .then(pl.lit("unknown"))
    .when(pl.col("valid_to").is_not_null())
    .then(pl.lit("stated"))
)  # fmt: skip
EVENTS = pl.DataFrame(
    [
        ("v1", "a", "referral", "received", date(2025, 5, 1), "accepted", None),
        ("v2", "b", "referral", "received", date(2025, 7, 1), "accepted", None),
        ("v3", "c", "referral", "received", date(2025, 7, 1), "nfa", None),
    ],
    schema={"row_id": pl.String, "person_id": pl.String, "process": pl.String, "event": pl.String,
            "on_date": pl.Date, "result_code": pl.String, "episode_row_id": pl.String},
    orient="row",
)  # fmt: skip
HOMES = pl.DataFrame(
    {"person_id": ["a", "b"], "kind": ["home"] * 2, "lsoa21": ["E1", "E2"], "valid_from": [date(2020, 1, 1)] * 2,
     "valid_to": pl.Series([None, None], dtype=pl.Date)}
)  # fmt: skip


@pytest.fixture(params=["duckdb", "polars"])
def tables(request, tmp_path: Path):
    (tmp_path / "lsoa.csv").write_text("LSOA21CD,WD24CD,WD24NM\nE1,W1,North\nE2,W2,South\n")
    (tmp_path / "population.csv").write_text(
        "LSOA21CD,age,sex,population\nE1,5,F,100\nE1,6,M,100\nE2,5,F,300\n"
    )
    reference = {"lsoa": tmp_path / "lsoa.csv", "population": tmp_path / "population.csv"}
    place = Place(tmp_path, "p", "p", "E1", "999", True, 1, 2026, (), reference, {})
    run = engine(request.param)
    made = services(
        run.frame(EPISODES), run.frame(EVENTS), run.frame(HOMES), grant=None, place=place
    )
    return {m.spec.id: m.frame for m in made}


def cell(frame, measure, **where):
    return frame.filter(pl.col("measure") == measure, **where).row(0, named=True)


def test_stock_counts_children_open_at_the_end_of_the_day(tables):
    stock = tables["services-stock"]
    assert cell(stock, "children", process="cin")["value"] == 1
    assert cell(stock, "rate", process="cin")["value"] == pytest.approx(20.0)
    assert stock.filter(process="early_help").height == 0


def test_flows_of_a_year(tables):
    "A row whose end cannot be right began and ended in the year, and is not there at its end."
    flow = tables["services-flow"].filter(process="cin")
    assert dict(flow.select("flow", "value").iter_rows()) == {
        "starts": 3,
        "ends": 2,
        "any_point": 3,
        "stock_after": 1,
    }


def test_the_funnel_starts_from_children_referred(tables):
    funnel = tables["services-funnel"]
    children = {r["stage"]: r["value"] for r in funnel.filter(measure="children").to_dicts()}
    assert children == {
        "referral": 3, "accepted": 2, "assessment": 2, "section47": 0, "icpc": 0, "cpp": 0, "placement": 1,
    }  # fmt: skip
    assert cell(funnel, "median_days", stage="placement")["value"] == 31
    assert cell(funnel, "median_days", stage="cpp")["reason"] == "not_applicable"


def test_an_assessment_is_timed_from_its_referral_in_working_days(tables):
    "1 May to 20 June 2025 is 35 working days; 1 July to 1 November is more than 45; a lost end tells no time."
    times = tables["services-timeliness"].filter(clock="assessment-45")
    assert cell(times, "within")["value"] == 0.5
    assert cell(times, "within")["n"] == 2


def test_journeys_of_children_whose_help_began_lately(tables):
    links = tables["journey-links"]
    first = {(r["from"], r["to"]) for r in links.to_dicts()}
    assert first == {("early_help", "none"), ("none", "cin"), ("cin", "cla"), ("cla", "cin")}


def test_wards_take_the_home_when_help_began_else_the_last_known(tables):
    wards = tables["places-ward"]
    assert cell(wards, "cin", ward="W1")["n"] == 1
    assert cell(wards, "cla", ward="W2")["value"] == pytest.approx(10_000 / 300)
    assert cell(wards, "cin", ward="All")["denominator"] == 500


def test_how_many_started_is_not_told_where_nobody_recorded_the_start(tables):
    """A school census of one day shows who has support: all of them would seem to have started on that day."""
    flagged = EPISODES.with_columns(
        flags=pl.when(pl.col("process") == "cin").then(pl.lit(["start_unknown"])).otherwise(pl.lit([]))
    )  # fmt: skip
    frame = flow_table(
        nw.from_native(flagged.lazy()), date(2025, 4, 1), date(2026, 3, 31), "x"
    ).frame
    started = cell(frame, "children", process="cin", flow="starts")
    assert started["value"] is None and started["reason"] == "not_available"
    assert cell(frame, "children", process="cin", flow="any_point")["value"] == 3
    assert cell(frame, "children", process="placement", flow="starts")["value"] == 1
    assert cell(tables["services-flow"], "children", process="cin", flow="starts")["value"] == 3
