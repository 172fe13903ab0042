"""A parent sample from plan to weights: survey page, section 3a."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.core.design import Design, estimate, mean
from threecircles.core.errors import DefinitionError, UsageError
from threecircles.core.seeds import rng
from threecircles.survey.contacts import outcomes, response_rates
from threecircles.survey.sample_draw import check_released, draw, released
from threecircles.survey.sample_plan import page, read_plan
from threecircles.survey.sample_weights import classes, sample_weights

PLAN = """
id: parents-2027
label: Parents of children under 5, spring 2027
frames:
  - {id: births, label: Birth list, file: births.csv, date: 2027-01-10, missing: those who moved in}
share: 0.24
half_width: 0.04
deff: 1.3
population: 40000
response: 0.45
strata: [area]
allocation: equal
floor: 5
seed: 11
reserves: 2
cost_per_case: 900
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    return read_plan(tmp_path / "plan.yaml")


def families(n=400, seed=1):
    """Children in homes of one to four, in four areas of unequal size."""
    made = rng(seed, "families")
    homes = np.repeat(np.arange(n), made.choice([1, 2, 3, 4], n, p=[0.4, 0.35, 0.15, 0.1]))
    area = made.choice(["a", "b", "c", "d"], n, p=[0.5, 0.25, 0.15, 0.1])[homes]
    return pl.DataFrame(
        {
            "code": [f"c{i:04}" for i in range(len(homes))],
            "household": [f"h{h}" for h in homes],
            "area": area,
            # Children of large families and of area d have more: a draw that ignored either would miss it.
            "y": made.gamma(2, 1, len(homes)) + np.bincount(homes)[homes] + (area == "d") * 3.0,
        }
    )


def test_the_plan_says_on_one_page_who_how_many_and_how_sure(plan):
    """A24: 562 completed and 1,249 asked at 45%; half, same and double are shown."""
    assert (plan.completed(), plan.to_ask()) == (562, 1249)
    told = page(plan)
    assert "| 4.0 points | 562 | 2,498 | 1,249 | 625 | £11,241 |" in told
    assert "Not on it: those who moved in." in told


def test_no_response_is_taken_for_granted(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN.replace("response: 0.45\n", ""))
    with pytest.raises(UsageError, match="how many are expected to answer"):
        read_plan(tmp_path / "plan.yaml").to_ask()


def test_a_plan_with_a_word_where_a_figure_should_be_is_refused_by_line(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN.replace("share: 0.24", "share: many"))
    with pytest.raises(DefinitionError, match="line 6"):
        read_plan(tmp_path / "plan.yaml")


@given(st.permutations(range(60)))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_draws_the_same_list_in_any_order(order):
    """A24."""
    frame = families(40).head(60)
    plan = _plan(floor=1)
    one = draw(frame, plan, 12)
    assert draw(frame[list(order)], plan, 12).equals(one.select(one.columns))


def test_a_household_gives_one_child_and_a_stratum_its_cases(plan):
    drawn = draw(families(), plan, 80)
    assert drawn["household"].is_duplicated().sum() == 0
    assert drawn.filter(replicate=0).group_by("area").len()["len"].to_list() == [20] * 4
    assert drawn.group_by("replicate").len().sort("replicate")["len"].to_list() == [80, 8, 8]


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("draws", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_draws_are_unbiased_for_a_known_total(frames, draws):
    """A24: unequal households; a child on two lists counts once."""
    people = families(120)
    second = rng(3, "second").random(people.height) < 0.4 if frames == 2 else np.zeros(1)
    people = people.with_columns(frames=1 + pl.Series(second.astype(int)) if frames == 2 else 1)
    lists = {"births": people}
    if frames == 2:
        lists["nursery"] = people.filter(pl.col("frames") == 2)
    found = []
    for seed in range(draws):
        plan = _plan(seed=seed, reserves=1)
        made = [released(draw(f, plan, 24, name), 1) for name, f in lists.items()]
        found.append(sum((m["weight"] * m["y"]).sum() for m in made))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - people["y"].sum()) < 2 * error


def test_chances_sum_to_the_cases_drawn(plan):
    """need N14: sum over the chosen of chance by household equals the sample."""
    cases = released(draw(families(), plan, 80), 0)
    by = cases.group_by("area").agg(
        (pl.col("pi") * pl.col("eligible")).first(), pl.col("n_stratum").first(), pl.len()
    )
    assert ((by["pi"] * by["n_stratum"]) - by["len"]).abs().max() < 1e-9


def test_half_a_reserve_is_refused(plan):
    """A24: releasing half a replicate is refused, and so is a substitute."""
    drawn = draw(families(), plan, 80)
    first = dict.fromkeys(drawn.filter(replicate=0)["code"], "completed")
    reserve = drawn.filter(replicate=1)["code"].to_list()
    assert check_released(drawn, first) == 0
    assert check_released(drawn, first | dict.fromkeys(reserve, "")) == 1
    with pytest.raises(UsageError, match="released in part: 4 of 8"):
        check_released(drawn, first | dict.fromkeys(reserve[:4], ""))
    with pytest.raises(UsageError, match="Reserve 2 is released in part"):
        check_released(drawn, first | dict.fromkeys(drawn.filter(replicate=2)["code"], ""))
    with pytest.raises(UsageError, match="not drawn"):
        check_released(drawn, first | {"neighbour": ""})


@pytest.mark.slow
def test_intervals_hold_the_truth_with_response_by_stratum():
    """A24: design intervals cover 93-97% of 500 simulated samples."""
    people = families(1500, seed=5)
    truth, held = people["y"].mean(), 0
    answer = {"a": 0.7, "b": 0.6, "c": 0.5, "d": 0.4}
    for seed in range(500):
        cases = released(draw(people, _plan(seed=seed, allocation="proportional"), 300), 0)
        chance = cases["area"].replace_strict(answer).to_numpy()
        said = rng(seed, "answer").random(cases.height) < chance
        cases = cases.with_columns(
            outcome=pl.Series(np.where(said, "completed", "refused").tolist())
        )
        answered, _ = sample_weights(cases, "area")
        row = estimate(answered, Design(weight="final_weight", stratum="stratum"), [mean("y")]).row(
            0, named=True
        )
        held += row["low"] <= truth <= row["high"]
    assert 465 <= held <= 485


def test_small_response_classes_join():
    values = pl.Series(["big"] * 40 + ["small"] * 5 + ["less"] * 3 + ["more"] * 12)
    assert classes(values).value_counts()["count"].sort().to_list() == [20, 40]


def test_a_response_rate_counts_the_unknown_by_the_share_that_is_eligible():
    """Completed 40 of 40 + 20 + 10 + 5 + e x 15 with e = 75 / 85."""
    counts = {"completed": 40, "refused": 20, "no_contact": 10, "language": 5, "not_eligible": 10,
              "unknown": 15}  # fmt: skip
    cases = pl.DataFrame({"outcome": [o for o, n in counts.items() for _ in range(n)]})
    row = response_rates(cases).row(0, named=True)
    assert row["e"] == pytest.approx(75 / 85)
    assert row["response_rate"] == pytest.approx(40 / (75 + 15 * 75 / 85))
    assert response_rates(cases, eligible=1.0)["response_rate"][0] == pytest.approx(40 / 90)


def test_a_case_is_not_given_up_after_two_letters():
    start = datetime(2027, 2, 1, 9)
    few = pl.DataFrame({"code": ["x"] * 2, "at": [start, start + timedelta(days=1)],
                        "mode": ["letter"] * 2, "outcome": [None, "no_contact"]})  # fmt: skip
    with pytest.raises(UsageError, match="given up too soon"):
        outcomes(few)
    enough = pl.DataFrame({"code": ["x"] * 4, "at": [start + timedelta(days=d, hours=3 * d) for d in range(4)],
                           "mode": ["letter", "visit", "visit", "telephone"],
                           "outcome": [None, None, None, "no_contact"]})  # fmt: skip
    assert outcomes(enough)["attempts"].to_list() == [4]


def _plan(**changes):
    from dataclasses import replace

    from threecircles.definitions.loader import load_text
    from threecircles.survey.sample_plan import SamplePlan

    return replace(load_text(PLAN, SamplePlan), **changes)
