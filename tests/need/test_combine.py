"""Conditions held together: counted, with silence kept apart from no (need N27)."""

from datetime import date

import narwhals as nw
import polars as pl
import pytest

from threecircles.need.combine import combination_tables
from threecircles.need.conditions import combinations_definition, conditions_held

LAST = date(2026, 3, 31)
STANDARD = combinations_definition()
DAY = date(2025, 10, 1)


def frames(without=None):
    episode = [
        ("a", "cin", "cin-census"), ("a", "cpp", "cin-census"), ("b", "cin", "cin-census"),
        ("a", "sen_support", "school-census"), ("c", "sen_support", "school-census"), ("d", "early_help", "early-help"),
    ]  # fmt: skip
    factor = [
        ("a", "4B", "yes", "cin-census"),
        ("a", "3B", "yes", "cin-census"),
        ("b", "21", "yes", "cin-census"),
    ]
    records = [("a", "cin-census"), ("b", "cin-census"), ("a", "school-census"), ("c", "school-census"),
               ("d", "early-help"), ("e", "youth-justice"), ("f", "ssda903")]  # fmt: skip
    kept = [e for e in episode if e[2] != without]
    made = {
        "episode": pl.DataFrame(
            [(p, c, DAY, None) for p, c, _ in kept],
            schema={"person_id": pl.String, "process": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}, orient="row",
        ),
        "event": pl.DataFrame(schema={"person_id": pl.String, "process": pl.String, "on_date": pl.Date}),
        "factor": pl.DataFrame(
            [(*f[:3], f[3], DAY) for f in factor if f[3] != without],
            schema={"person_id": pl.String, "factor_id": pl.String, "present": pl.String, "source_id": pl.String, "on_date": pl.Date},
            orient="row",
        ),
        "measure": pl.DataFrame(
            [("a", "attendance", "sessions_possible", 100.0), ("a", "attendance", "O", 20.0)] if without != "school-census" else [],
            schema={"person_id": pl.String, "measure_id": pl.String, "item_or_scale": pl.String, "value": pl.Float64}, orient="row",
        ),
        "person": pl.DataFrame({"person_id": list("abcdef"), "birth_month": [date(2014, 5, 1)] * 6}),
        "person_record": pl.DataFrame([r for r in records if r[1] != without], schema=["person_id", "source_id"], orient="row"),
    }  # fmt: skip
    return {k: nw.from_native(v.lazy()) for k, v in made.items()}


def held(without=None):
    return conditions_held(frames(without), STANDARD, LAST)


def test_each_child_has_yes_no_or_unknown():
    rows = {r["person_id"]: r for r in held().to_dicts()}
    assert (rows["a"]["cin"], rows["a"]["cpp"], rows["a"]["absent"]) == ("yes", "yes", "yes")
    assert rows["c"]["cin"] == "no"
    assert rows["b"]["sen"] == "unknown", "no school record of b"
    assert rows["b"]["domestic_abuse"] == "no" and rows["c"]["domestic_abuse"] == "unknown"


@pytest.mark.parametrize(
    "source", ["cin-census", "school-census", "early-help", "ssda903", "youth-justice"]
)
def test_leaving_out_a_source_turns_exactly_its_columns_to_unknown(source):
    "N27."
    whole, less = held(), held(source)
    for c in STANDARD.conditions:
        if c.answers_from == source:
            assert set(less[c.id]) == {"unknown"}
        else:
            assert less[c.id].to_list() == whole[c.id].to_list()


def test_leaving_out_a_source_widens_the_range_of_number_held():
    "N27."
    wide = combination_tables(held("school-census"), STANDARD, "x")[1].frame
    narrow = combination_tables(held(), STANDARD, "x")[1].frame
    spread = lambda f: (f["high"] - f["low"]).sum()  # noqa: E731
    assert spread(wide) > spread(narrow)
    for frame in (wide, narrow):
        assert (frame["low"] <= frame["value"]).all() and (frame["value"] <= frame["high"]).all()


def test_sets_pairs_and_numbers_add_up_and_name_no_child():
    sets, numbers, pairs = (m.frame for m in combination_tables(held(), STANDARD, "x"))
    assert (
        sets.filter(set="cin cpp sen absent parent_mental_health domestic_abuse")["value"].item()
        == 1
    )
    assert sets["value"].sum() == 6 == numbers["value"].sum()
    assert pairs.filter(first="cin", second="cpp", measure="children")["value"].item() == 1
    assert pairs.filter(first="cin", second="cpp", measure="expected")[
        "value"
    ].item() == pytest.approx(2 * 1 / 6)
    for frame in (sets, numbers, pairs):
        assert "person_id" not in frame.columns
