"""Scores, reliability and shrinkage against known answers (survey A5, A6, A7)."""

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from threecircles.core.engines import collect, engine
from threecircles.core.errors import DefinitionError, UsageError
from threecircles.core.shrinkage import shrink
from threecircles.survey.measures import check, measure, measures
from threecircles.survey.reliability import reliability
from threecircles.survey.score import band, refuse_unlike, reliable_change, score_measure


def scored(name, rows, engine_name="polars"):
    """Scores of a measure's answers; rows: lists of answers in the order of the items, None = blank."""
    found = measure(name)
    codes = [i.code for i in found.items]
    table = pl.DataFrame(
        rows, schema=dict.fromkeys(codes, pl.Float64), orient="row"
    ).with_row_index("_k")
    return collect(score_measure(engine(engine_name).frame(table), found), sort_by=["_k"])


@pytest.mark.parametrize("name", ["polars", "duckdb"])
def test_a_scale_of_five_is_prorated_from_three_answers_rounded_half_up(name):
    "A7: 3 answers summing 4 give 7; 2 answers none; 4 answers summing 2 give 3."
    blank = [None] * 25
    cases = []
    for given in ([2, 1, 1], [2, 2], [1, 1, 0, 0]):
        row = list(blank)
        for item, answer in zip((3, 8, 13, 16, 24), given, strict=False):
            row[item - 1] = answer
        cases.append(row)
    told = scored("sdq_self", cases, name)
    assert told["sdq_self_emotional"].to_list() == [7, None, 3]
    assert told["sdq_self_total"].to_list() == [None, None, None]


def test_the_total_is_the_sum_of_four_scales_and_reversed_items_are_turned():
    told = scored("sdq_self", [[0] * 25, [2] * 25])
    # Two of peer's items and three others count backwards.
    assert told["sdq_self_total"].to_list() == [10, 30]
    assert told["sdq_self_prosocial"].to_list() == [0, 10]


@pytest.mark.parametrize("name", ["polars", "duckdb"])
def test_the_short_well_being_scale_takes_the_metric_table(name):
    "A7: raw 7, 20, 21, 28, 35 and 6 of 7 answered."
    rows = [
        [1] * 7, [3, 3, 3, 3, 3, 3, 2], [3] * 7, [4] * 7, [5] * 7, [None, *[5] * 6],
    ]  # fmt: skip
    told = scored("swemwbs", rows, name)
    assert told["swemwbs_metric"].to_list() == [7.00, 18.59, 19.25, 25.03, 35.00, None]


def test_raw_and_metric_scores_are_never_compared():
    "A7: the error names both."
    found = measure("swemwbs")
    with pytest.raises(UsageError, match=r"swemwbs_raw is raw, swemwbs_metric is metric"):
        refuse_unlike(found.scale("swemwbs_raw"), found.scale("swemwbs_metric"))


def test_a_band_is_given_only_for_its_country_respondent_and_age():
    teacher = measure("sdq_teacher")
    told = lambda **more: band(  # noqa: E731
        teacher,
        "sdq_teacher_total",
        17,
        **({"country": "uk", "respondent": "teacher", "age": 9} | more),
    )
    assert told() == "high"
    assert told(country="denmark") == told(age=3) == told(respondent="pupil") == "no band"


def test_measures_that_contradict_themselves_name_what_and_where():
    from threecircles.definitions.loader import load_text
    from threecircles.survey.measures import Measure

    text = """
id: bad
label: x
source: x
construct: x
outcome_area: x
respondent: pupil
ages: [9, 16]
items: [{code: a, options: never_always}, {code: b, options: SET}]
scales: [{id: s, rule: mean, min_answered: 1, range: [1, 5], direction: higher_is_better, items: [a, b]}TWICE]
licence: {class: A, holder: us}
"""
    with pytest.raises(DefinitionError, match=r"(?s)measures/bad.yaml.*unknown set.*nowhere"):
        check(load_text(text.replace("SET", "nowhere").replace("TWICE", ""), Measure))
    again = ", {id: t, rule: mean, min_answered: 1, range: [1, 5], direction: higher_is_better, items: [a]}"
    with pytest.raises(DefinitionError, match="two scales"):
        check(load_text(text.replace("SET", "never_always").replace("TWICE", again), Measure))


def test_no_measure_of_others_holds_a_word_of_its_questions():
    "A8, over the registry: classes B and C have neither text nor words for answers."
    from threecircles.definitions import HOME
    from threecircles.survey.measures import response_sets

    theirs = [m for m in measures() if m.licence.class_ != "A"]
    assert len(theirs) >= 12 and {m.licence.class_ for m in theirs} == {"B", "C"}
    for m in theirs:
        assert not list((HOME / "measures").glob(f"*/{m.id}.yaml")), m.id
        sets = {i.options for i in m.items}
        assert not [r for r in response_sets() if r["set"] in sets and r["label"]], m.id


@pytest.mark.reference
def test_reliability_of_a_known_scale(reference_data):
    "A5: five agreeableness items, the first turned."
    table = pl.read_parquet(reference_data("surveys/psych_bfi.parquet"))
    five = table.select(pl.col(f"A{i}").cast(pl.Float64, strict=False) for i in range(1, 6))
    told = reliability(five, reverse=("A1",), ends=7)
    assert told.n == 2709
    assert told.alpha == pytest.approx(0.7037558944, abs=1e-9)
    assert told.omega == pytest.approx(0.7121289655, abs=0.002)
    assert list(told.item_rest.values()) == pytest.approx(
        [0.311401, 0.563015, 0.588773, 0.394794, 0.487241], abs=1e-6
    )


@pytest.mark.reference
def test_reliability_of_pupils_well_being(reference_data):
    "A5: thirteen items, and how much of the sum lies between classes."
    table = pl.read_parquet(reference_data("surveys/mokken_swmdk_pupil_wellbeing.parquet"))
    items = [c for c in table.columns if c.lower().startswith("item")]
    group = next(c for c in table.columns if c not in items)
    answers = table.select(pl.col(items).cast(pl.Float64, strict=False))
    assert reliability(answers).alpha == pytest.approx(0.8577770433, abs=1e-9)
    fitted = shrink(answers.sum_horizontal().to_numpy(), table[group].to_numpy())
    assert fitted.icc == pytest.approx(0.2129684, abs=5e-4)


@pytest.mark.reference
def test_schools_are_shrunk_as_the_known_model_shrinks_them(reference_data):
    "A6: exam scores of 4,059 pupils in 65 schools."
    table = pl.read_parquet(reference_data("multilevel/mlmrev_exam.parquet"))
    y = table["normexam"].cast(pl.Float64).to_numpy()
    school = table["school"].cast(pl.String).to_numpy()
    fitted = shrink(y, school, table["standLRT"].cast(pl.Float64).to_numpy())
    assert fitted.coefficients == pytest.approx([0.0023228, 0.5633069], abs=1e-5)
    assert (fitted.between, fitted.within) == pytest.approx((0.0938390, 0.5658653), abs=1e-5)
    effect = dict(zip(fitted.units, fitted.effect, strict=True))
    assert effect["53"] == pytest.approx(0.7244506, abs=1e-5)
    assert effect["59"] == pytest.approx(-0.6597120, abs=1e-5)
    assert shrink(y, school).icc == pytest.approx(0.1683409, abs=1e-5)


def test_units_that_differ_only_by_chance_are_drawn_wholly_to_the_mean():
    y = np.tile([1.0, 2.0, 3.0, 4.0], 6)
    fitted = shrink(y, np.repeat(np.arange(6), 4))
    assert fitted.between == 0 and np.allclose(fitted.effect, 0)


def test_a_change_beyond_measurement_error():
    "A26: SD 5 and reliability .80."
    assert reliable_change(5, 0.80) == pytest.approx(6.1980642, abs=1e-7)
    with pytest.raises(UsageError, match="reliability"):
        reliable_change(5, 1.0)


def test_items_are_scored_alike_by_narwhals_whatever_the_order_of_columns():
    found = measure("feelings")
    table = pl.DataFrame({f"emo{i}": [float(i)] for i in (5, 4, 3, 2, 1)})
    assert collect(score_measure(nw.from_native(table.lazy()), found))["feelings"][0] == 3
