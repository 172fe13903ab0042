"""A survey becomes rows of the record's measure table, weighted, flagged and free of codes."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from threecircles.definitions.place import Place
from threecircles.survey.measures import measures
from threecircles.survey.steps import measure_rows

ITEMS = [i.code for m in measures() for i in m.items]
SURVEY = {
    "delivery": "survey_2026",
    "holder": "holder_2026",
    "roll": "school_2026",
    "as_of": "2026-02-01",
    "roll_as_of": "2026-01-15",
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    schools = tmp_path / "schools.csv"
    schools.write_text("URN,phase\n1,Primary\n2,Primary\n3,Secondary\n4,Secondary\n")
    return Place(tmp_path, "p", "p", "E1", "999", True, 1, 2026, (), {"schools": schools}, {})


def asked(code, urn, year, sex="F", status="completed", **answers):
    row = {"code": code, "urn": urn, "nc_year": year, "sex": sex, "wave": "1", "status": status}
    row |= {"completed_on__date": date(2026, 2, 3) if status == "completed" else None}
    return row | dict.fromkeys(ITEMS, "2" if status == "completed" else None) | answers


def survey_rows(place, pupils):
    frame = pl.DataFrame(pupils)
    holder = pl.DataFrame(
        {
            "code": [p["code"] for p in pupils],
            "upn": pl.Series([None] * len(pupils), dtype=pl.String),
            "consent_link": ["no" if p["code"] == "d" else "yes" for p in pupils],
        }
    )
    record = pl.DataFrame(
        {
            "delivery": ["holder_2026"] * len(pupils),
            "source_key": [p["code"] for p in pupils],
            "source_record_id": [f"r-{p['code']}" for p in pupils],
            "person_id": [f"person-{p['code']}" for p in pupils],
        }
    )
    listed = [
        (u, y, s)
        for u, y in (("1", "6"), ("2", "6"), ("3", "7"), ("4", "7"))
        for s in "FM"
        for _ in range(3)
    ]
    roll = census([(u, y, s, "N", "WBRI") for u, y, s in listed])
    return measure_rows(record, frame, holder, roll, None, None, surveys=[SURVEY], place=place)


def census(pupils):
    """Pupils on roll: urn, year, sex, special needs, ethnicity; numbered upn0, upn1 ..."""
    columns = ["urn", "ncyearactual", "sex", "senprovision", "ethnicity"]
    return pl.DataFrame(pupils, schema=columns, orient="row").with_columns(
        enrolstatus=pl.lit("C"),
        upn=pl.Series([f"upn{k}" for k in range(len(pupils))]),
        pupilonrolltableid=pl.Series([f"p{k}" for k in range(len(pupils))]),
    )


PUPILS = [
    asked("a", "1", 6, emo1="5", con1="P"),
    asked("b", "1", 6, sex="M"),
    asked("c", "2", 6, status="absent"),
    asked("d", "2", 6, emo1="", emo2="", emo3="1", fri1="4"),
    asked("e", "3", 7, sch1="4"),
    asked("f", "3", 7, sex="M", sch1="4"),
]


def test_no_code_of_a_pupil_reaches_the_record(place):
    out = survey_rows(place, PUPILS)
    assert "code" not in out.columns
    assert not any(
        v in "abcdef" for c in out.select(pl.col(pl.String)) for v in c.drop_nulls().unique()
    )


def test_weights_add_up_to_the_pupils_on_roll(place):
    out = survey_rows(place, PUPILS)
    one = out.filter(pl.col("item_or_scale") == "completed")
    assert one["weight"].sum() == pytest.approx(24)
    assert one.filter(pl.col("value") == 0)["weight"].to_list() == [0]
    assert set(one["fpc"].drop_nulls()) == {2.0}


def test_a_scale_with_too_few_answers_is_null_with_its_reason_and_ends(place):
    "Two of five feelings answered 'not at all asked again' leave the score open."
    out = survey_rows(place, PUPILS).filter(
        (pl.col("source_record_id") == "r-d") & (pl.col("measure_id") == "feelings")
    )
    row = {r["item_or_scale"]: r for r in out.to_dicts()}
    assert row["feelings"]["value"] is None
    assert row["feelings"]["missing_reason"] == "not_obtained"
    assert row["feelings_lowest"]["value"] == pytest.approx((1 + 1 + 1 + 2 + 2) / 5)
    assert row["feelings_highest"]["value"] == pytest.approx((5 + 5 + 1 + 2 + 2) / 5)


def test_prefer_not_to_say_is_not_an_answer_and_the_score_is_prorated(place):
    out = survey_rows(place, PUPILS).filter(
        (pl.col("source_record_id") == "r-a") & (pl.col("item_or_scale") == "conduct")
    )
    assert out["value"].to_list() == [2.0]


def test_without_leave_to_link_no_person_is_put_to_the_answers(place):
    out = survey_rows(place, PUPILS)
    assert (
        out.filter(pl.col("source_record_id") == "r-d")["person_id"].null_count()
        == out.filter(pl.col("source_record_id") == "r-d").height
    )


def test_one_answer_to_everything_is_a_straight_line(place):
    out = survey_rows(place, PUPILS)
    flagged = out.filter("flagged")["source_record_id"].unique().to_list()
    assert flagged == ["r-b"]


def test_answers_are_raked_to_what_the_school_census_says_of_those_who_came(place):
    """survey 5: children with special needs or free meals answer half as often, and count for all of them."""
    rng, surveyed = np.random.default_rng(4), []
    roll = [
        (u, y, "FM"[k % 2], "K" if k % 4 == 0 else "N", "WBRI" if k % 3 else "BCRB")
        for u, y in (("1", "6"), ("2", "6"), ("3", "7"), ("4", "7"))
        for k in range(120)
    ]
    meals = pl.DataFrame(
        {
            "pupilonrolltableid": [f"p{k}" for k in range(0, 480, 5)],
            "fsmstartdate__date": [date(2025, 9, 1)] * 96, "fsmenddate__date": [None] * 96,
        },
        schema_overrides={"fsmenddate__date": pl.Date},
    )  # fmt: skip
    for k, (u, y, s, sen, _) in enumerate(roll):
        seldom = sen == "K" or k % 5 == 0
        came = u != "4" and rng.random() < (0.4 if seldom else 0.85)
        answer = "5" if seldom else "2"
        told = asked(f"c{k}", u, int(y), s, "completed" if came else "absent")
        surveyed.append(told | ({f"emo{i}": answer for i in range(1, 6)} if came else {}))
    holder = pl.DataFrame(
        {
            "code": [f"c{k}" for k in range(480)],
            "upn": [f"upn{k}" for k in range(480)],
            "consent_link": ["no" if k % 11 == 3 else "yes" for k in range(480)],
        }
    )
    truth = np.mean([5 if r[3] == "K" or k % 5 == 0 else 2 for k, r in enumerate(roll)])

    def mean(*tables, **changes):
        out = measure_rows(
            None, pl.DataFrame(surveyed), *tables, surveys=[SURVEY | changes], place=place
        )
        whole = out.filter(pl.col("item_or_scale") == "completed")
        assert whole["weight"].sum() == pytest.approx(480)
        own = out.filter((pl.col("item_or_scale") == "feelings") & pl.col("value").is_not_null())
        return float((own["value"] * own["weight"]).sum() / own["weight"].sum())

    named = mean(holder, census(roll), meals, None)
    anonymous = mean(census(roll), holder="")
    # Those who are not linked keep their share, and whoever is both counts as either: some of it stays.
    assert abs(named - truth) < 0.5 * abs(anonymous - truth), (named, anonymous, truth)
