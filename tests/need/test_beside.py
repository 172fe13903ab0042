"""What pupils say beside what records hold of the same pupils (report 2, page Need)."""

from datetime import date

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from tests.need.made_up import DAY, NEED, many, record

from threecircles.core.engines import engine
from threecircles.disclosure.release import protect
from threecircles.disclosure.undeclared import undeclared_sums
from threecircles.need.areas import Areas
from threecircles.need.beside import TABLE, beside_definition, recorded
from threecircles.need.circles_step import circles_tables
from threecircles.need.targeted import targeted_services

SERVICES = targeted_services("council_and_justice")
FACTOR = {"person_id": pl.String, "factor_id": pl.String, "present": pl.String, "source_id": pl.String, "on_date": pl.Date}  # fmt: skip
EVENT = {"person_id": pl.String, "process": pl.String, "on_date": pl.Date}


def frames(pupils, received=("school-census", "cin-census"), roll=True):
    """The record of pupils: sen (special needs), assessed (True, False or "4A" where the factor was noted)."""
    measure, episode, person, residence = record(pupils, roll)
    sen = pl.DataFrame(
        [(f"p{p['id']}", "sen_support", date(2024, 9, 1), None, None, None, {"nc_year": None}) for p in pupils if p.get("sen")],
        schema=episode.schema, orient="row",
    )  # fmt: skip
    assessed = [p for p in pupils if p.get("assessed")]
    factors = [
        (f"p{p['id']}", "4A" if p["assessed"] == "4A" else "21", "yes", "cin-census", DAY)
        for p in assessed
    ]
    pointers = [(f"p{p['id']}", "school-census") for p in pupils]
    pointers += [(f"p{p['id']}", "cin-census") for p in assessed]
    made = {
        "measure": measure.with_columns(pl.col("person_id").cast(pl.String)), "episode": pl.concat([episode, sen]), "person": person, "residence": residence,
        "person_record": pl.DataFrame([r for r in pointers if r[1] in received], schema={"person_id": pl.String, "source_id": pl.String}, orient="row"),
        "event": pl.DataFrame(schema=EVENT),
        "factor": pl.DataFrame([f for f in factors if "cin-census" in received], schema=FACTOR, orient="row"),
    }  # fmt: skip
    return made


def told(pupils, **how):
    run, made = engine("polars"), frames(pupils, **how)
    held = {k: run.frame(v) for k, v in made.items()}
    tables = circles_tables(
        held["measure"], held["episode"], held["person"], held["residence"], need=NEED, services=SERVICES, areas=Areas(),
        academic_year=2026, person_record=held["person_record"], event=held["event"], factor=held["factor"],
    )  # fmt: skip
    return {t.spec.id: t for t in tables}


def cells(table):
    return {(r["construct"], r["measure"]): r for r in table.frame.to_dicts()}


HAND = [
    {"id": i, "school": i % 4, "year": 5 if i % 4 < 2 else 8, "female": i % 2, "need": False, "service": i < 8,
     "scores": {"learning": 3.5 if i < 12 else 1.0}, "sen": 8 <= i < 14, "assessed": "4A" if i < 3 else i < 10}
    for i in range(40)
]  # fmt: skip


def test_a_place_counted_by_hand():
    """12 of 40 say that learning is hard, 6 have special needs on record, 4 are both."""
    found = cells(told(HAND, roll=False)[TABLE])
    shares = {
        m: found["cognitive", m]["n_with"]
        for m in ("recorded", "both_ways", "answers_only", "record_only", "neither_way", "record_unknown",
                  "answers_unknown", "silent_unknown")
    }  # fmt: skip
    assert list(shares.values()) == [6, 4, 8, 2, 26, 0, 0, 0]
    assert found["cognitive", "recorded"]["value"] == pytest.approx(6 / 40)
    assert found["cognitive", "recorded_of_answers"]["value"] == pytest.approx(4 / 12)
    assert found["cognitive", "answers_of_recorded"]["value"] == pytest.approx(4 / 6)


def test_children_whom_nobody_assessed_are_unknown_and_never_not_on_record():
    """report 2: unknown apart: ten were assessed, of three the factor was noted, of thirty no record can tell."""
    found = cells(told(HAND, roll=False)[TABLE])
    assert found["emotional", "recorded"]["n_with"] == 3
    assert found["emotional", "record_unknown"]["n_with"] == 30
    assert found["emotional", "neither_way"]["n_with"] == 7
    assert found["emotional", "recorded_of_answers"]["n"] == 0
    assert found["emotional", "recorded_of_answers"]["reason"] == "not_available"


def test_a_pupil_whose_month_of_birth_no_source_tells_is_not_unknown():
    """One of whom the record could tell would else be hidden among others, and hide them."""
    made = frames(HAND, roll=False)
    made["person"] = made["person"].with_columns(birth_month=pl.lit(None, dtype=pl.Date))
    held = {k: nw.from_native(v.lazy()) for k, v in made.items()}
    pupils = pl.DataFrame({"person_id": ["p8", "p20"], "nc_year": [8, 8]})
    assert recorded(held, pupils, NEED, DAY).sort("person_id")["cognitive"].to_list() == ["no", "yes"]  # fmt: skip


def test_a_source_that_was_not_received_stands_beside_nothing():
    with_both = {c for c, _ in cells(told(HAND, roll=False)[TABLE])}
    without = {c for c, _ in cells(told(HAND, roll=False, received=("school-census",))[TABLE])}
    assert "emotional" in with_both and "emotional" not in without
    assert "cognitive" in without
    assert TABLE not in told(HAND, roll=False, received=())


def test_few_on_record_do_not_hide_how_many_say_so():
    """One table hides what is small beside a record; the share who say so stands in another, and stays."""
    pupils = with_records(many(1200))
    made = told(pupils)
    few = next(s for s in protect(list(made.values())) if s.spec.id == TABLE)
    profile = next(s for s in protect(list(made.values())) if s.spec.id == "need-dimensions")
    hidden = set(few.frame.filter(pl.col("symbol") == "[c]")["construct"])
    shown = profile.frame.filter((pl.col("measure") == "share") & (pl.col("symbol") == ""))
    assert hidden and hidden <= set(shown["construct"])


def with_records(pupils, seed=5):
    """Special needs, answers and assessments that go together a little, as they do."""
    g = np.random.default_rng(seed)
    made = []
    for p in pupils:
        sen = bool(g.random() < 0.15)
        hard = bool(g.random() < (0.5 if sen else 0.12))
        assessed = bool(g.random() < (0.3 if p["service"] else 0.01))
        noted = assessed and g.random() < (0.6 if p["need"] else 0.2)
        made.append(p | {"sen": sen, "scores": {"learning": 3.5 if hard else 1.5}, "assessed": "4A" if noted else assessed})  # fmt: skip
    return made


def test_every_sum_among_the_figures_is_declared_and_small_ones_are_hidden():
    """need N18, disclosure A1."""
    pupils = with_records(many(900, need=0.2))
    tables = list(told(pupils).values())
    assert undeclared_sums(tables) == []
    safe = next(s for s in protect(tables) if s.spec.id == TABLE)
    small = safe.frame.filter(pl.col("n_with").is_between(1, 5))
    assert small["value"].null_count() == small.height
    before = next(t for t in tables if t.spec.id == TABLE).frame
    few = before.filter(pl.col("n_with").is_between(1, 5))
    assert few.height, "nothing was small, so nothing was tried"


def test_an_anonymous_survey_stands_beside_everyone_on_roll_and_joins_nobody():
    """need N3: two margins and no figure of both."""
    pupils = [p | {"consent": 0} for p in with_records(many(900))]
    made = told(pupils)
    assert set(made) == {"circles-bounds", TABLE}
    found = cells(made[TABLE])
    assert {m for _, m in found} == {"share", "recorded_on_roll"}
    sen = sum(p["sen"] for p in pupils) / len(pupils)
    row = found["cognitive", "recorded_on_roll"]
    assert row["value"] == pytest.approx(sen)
    assert row["n"] == len(pupils)


def test_records_are_those_of_the_twelve_months_before_the_survey():
    held = {k: nw.from_native(v.lazy()) for k, v in frames(HAND, roll=False).items()}
    old = frames(HAND, roll=False)["factor"].with_columns(on_date=pl.lit(date(2024, 1, 1)))
    pupils = pl.DataFrame(
        {"person_id": [f"p{p['id']}" for p in HAND], "nc_year": [p["year"] for p in HAND]}
    )
    then = recorded(held, pupils, NEED, DAY)
    before = recorded(held | {"factor": nw.from_native(old.lazy())}, pupils, NEED, DAY)
    assert (then["emotional"] == "yes").sum() == 3
    assert "emotional" not in before.columns


def test_every_record_named_stands_beside_a_construct_that_is_asked():
    asked = {c.construct for c in NEED.criteria}
    assert {c.id for c in beside_definition().conditions} <= asked
