"""Shares, comparisons and flags of a whole study (survey A23, sections 5 and School comparison)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.design import Design, estimate, proportion
from threecircles.survey.answer_shares import NO_ANSWER, shares
from threecircles.survey.beside import drawn, fitted, similar, similar_range
from threecircles.survey.flags import impossible, mischievous
from threecircles.survey.measures import measure
from threecircles.survey.weights import margins_of, weigh

FIGURES = ("value", "se", "low", "high", "df", "deff", "deff_replace", "n", "n_weighted")


def answers(n=300, seed=4):
    """Pupils of eight schools in two phases who answered the questions on friends, with blanks."""
    rng = np.random.default_rng(seed)
    codes = [i.code for i in measure("friends").items]
    told = {
        c: [None if rng.random() < 0.1 else float(rng.integers(1, 6)) for _ in range(n)]
        for c in codes
    }
    urn = rng.integers(0, 8, n)
    why = {
        f"{c}__why": ["not_asked" if rng.random() < 0.2 else "answered" for _ in range(n)]
        for c in codes
    }
    frame = pl.DataFrame(told, schema=dict.fromkeys(codes, pl.Float64)).hstack(pl.DataFrame(why))
    return frame.with_columns(
        urn=pl.Series(urn).cast(pl.String), phase=pl.Series(np.where(urn < 4, "primary", "secondary")),
        weight=pl.Series(rng.uniform(0.8, 2.5, n)),
    )  # fmt: skip


@pytest.mark.parametrize("stratum", [None, "phase"])
def test_answers_estimated_together_are_those_estimated_one_by_one(stratum):
    "A23: value, error, interval, degrees, base, weighted base and design effect."
    frame, known = answers(), measure("friends")
    design = Design(weight="weight", stratum=stratum, psu="urn")
    told = {
        r["measure"]: r for r in shares(frame, [(known, i) for i in known.items], design).to_dicts()
    }
    assert len(told) == 3 * 6
    for item in known.items:
        asked = frame.filter(pl.col(f"{item.code}__why") != "not_asked")
        held = asked.with_columns(
            _a=pl.col(item.code).cast(pl.Int64).cast(pl.String).fill_null(NO_ANSWER)
        )
        for value in ("1", "5", NO_ANSWER):
            (one,) = estimate(held, design, [proportion("_a", value)]).to_dicts()
            row = told[f"{item.code}:{value}"]
            for figure in FIGURES:
                assert row[figure] == pytest.approx(one[figure], rel=1e-9), figure


def schools(gap=0.0, seed=2):
    """Thirty schools; in half of them nearly all pupils have free meals, who score `gap` lower."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(30):
        for _ in range(60):
            poor = rng.random() < (0.9 if k % 2 else 0.1)
            rows.append((f"s{k:02}", "yes" if poor else "no", rng.normal(10 - gap * poor, 2)))
    return pl.DataFrame(rows, schema=["school", "free_meals", "score"], orient="row")


def test_an_adjusted_figure_takes_out_what_pupils_bring_with_them():
    frame = schools(gap=3)
    wholes = fitted(frame, ["score"])
    plain, adjusted = (drawn(frame, n, wholes[n]) for n in ("score", "score|adjusted"))
    poor = pl.col("school").str.slice(1).cast(pl.Int64) % 2 == 1
    apart = [
        t.filter(~poor)["value"].mean() - t.filter(poor)["value"].mean() for t in (plain, adjusted)
    ]
    assert apart[0] > 1.5 and abs(apart[1]) < 0.25
    assert wholes["score|adjusted"].centre == pytest.approx(frame["score"].mean(), abs=0.1)


def test_a_school_that_puts_its_file_right_changes_no_other_school():
    "A21: with the whole kept from the first report."
    frame = schools()
    wholes = fitted(frame, ["score"])
    first = drawn(frame, "score", wholes["score"])
    own = pl.col("school") == "s03"
    changed = frame.with_columns(score=pl.when(own).then(pl.col("score") + 2).otherwise("score"))
    second = drawn(changed, "score", wholes["score"])
    moved = first.join(second, on="school", suffix="_new").filter(
        pl.col("value") != pl.col("value_new")
    )
    assert moved["school"].to_list() == ["s03"]


def test_similar_schools_are_the_nearest_of_the_same_phase_and_are_shown_as_a_range():
    table = pl.DataFrame(
        {
            "school": [f"s{k:02}" for k in range(50)], "phase": ["primary"] * 25 + ["secondary"] * 25,
            "roll": [100 + 10 * k for k in range(50)], "fsm_percent": [float(k % 25) for k in range(50)],
        }
    )  # fmt: skip
    near = similar(table)
    assert (
        len(near["s00"]) == 20 and all(m < "s25" for m in near["s00"]) and near["s00"][0] == "s01"
    )
    assert "s00" not in near["s00"]
    whole = fitted(schools(), ["score"])["score"]
    low, high = similar_range(whole, [f"s{k:02}" for k in range(20)])
    assert low < whole.centre < high
    assert similar_range(whole, ["s01", "s02"]) is None


def test_rare_answers_in_three_different_things_are_flagged_and_one_bad_day_is_not():
    names = ("friends", "conduct", "school_belonging")
    known = [measure(m) for m in names]
    rows = {i.code: [3.0] * 100 for m in known for i in m.items}
    rows["fri1"][0] = rows["con2"][0] = rows["sch4"][0] = 1.0
    rows["fri1"][1] = rows["fri2"][1] = rows["fri3"][1] = 1.0
    told = mischievous(pl.DataFrame(rows), known)["mischievous"]
    assert told[0] and not told[1] and told.sum() == 1


def test_two_answers_that_cannot_both_be_true_are_flagged():
    frame = pl.DataFrame({"fri1": [1.0, 1.0, 5.0], "fri2": [5.0, 3.0, 5.0]})
    assert impossible(frame)["impossible"].to_list() == [True, False, False]


def test_weights_meet_what_the_roll_counts_beside_year_and_sex():
    "Free meals, that pupils were asked: those who are unsure stand for themselves within the whole."
    rng = np.random.default_rng(3)
    roll = pl.DataFrame(
        {
            "stratum": ["p"] * 1000, "urn": [str(k % 5) for k in range(1000)], "nc_year": [5] * 1000,
            "sex": ["F" if k % 2 else "M" for k in range(1000)], "free_meals": ["yes" if k % 10 < 3 else "no" for k in range(1000)],
        }
    )  # fmt: skip
    chance = np.where(roll["free_meals"] == "yes", 0.4, 0.8)
    unsure = pl.int_range(pl.len()) % 25 == 0
    came = roll.filter(pl.Series(rng.random(1000) < chance)).with_columns(
        free_meals=pl.when(unsure).then(pl.lit("unsure")).otherwise("free_meals")
    )
    margins = (("stratum", "nc_year", "sex"), ("stratum", "urn"), ("stratum", "free_meals"))
    told = weigh(came, roll, margins)
    weight = came.with_columns(w=told.weights)
    assert told.unmet == () and weight["w"].sum() == pytest.approx(1000)
    shares_of = dict(weight.group_by("free_meals").agg(pl.col("w").sum()).iter_rows())
    assert shares_of["yes"] / (shares_of["yes"] + shares_of["no"]) == pytest.approx(0.3, abs=1e-6)


def test_margins_are_met_together_where_one_stratum_has_more_who_are_not_linked():
    "Each margin gives a stratum one total: else no weights could meet them all."
    rng = np.random.default_rng(8)
    rows = [
        (t, f"{t}{k % 3}", 5 + k % 2, "FM"[k % 2], "yes" if rng.random() < 0.3 else "no")
        for t, n in (("primary", 600), ("secondary", 400), ("special", 40))
        for k in range(n)
    ]
    roll = pl.DataFrame(rows, schema=["stratum", "urn", "nc_year", "sex", "fsm"], orient="row")
    came = roll.filter((pl.col("stratum") != "special") & (pl.col("urn") != "secondary2"))
    chance = pl.Series(rng.random(came.height)) < 0.7
    apart = (pl.col("stratum") == "secondary") | (pl.int_range(pl.len()) % 9 == 0)
    came = came.filter(chance).with_columns(
        fsm=pl.when(apart).then(pl.lit("not linked")).otherwise("fsm")
    )
    told = weigh(came, roll, margins_of(["fsm"], ["urn", "fsm"]))
    assert told.unmet == () and told.weights.sum() == pytest.approx(roll.height)
    by = dict(
        came.with_columns(w=told.weights).group_by("stratum").agg(pl.col("w").sum()).iter_rows()
    )
    assert by["primary"] / by["secondary"] == pytest.approx(600 / 400)
