"""What a service changed: known answers, the trap of staggered starts, words and refusals (need N20-N24)."""

import inspect
import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from threecircles.core import effects as core
from threecircles.core.effects.matching import lee_bounds, overlap_weights
from threecircles.core.errors import DefinitionError
from threecircles.definitions.place import Place
from threecircles.need import effects
from threecircles.need import steps as need_steps
from threecircles.need.effects import Plan, as_table, as_text, estimate, lock, plan_hash
from threecircles.need.effects.plan import Assignment, Covariate, Locked, Outcome, Start, locked
from threecircles.need.effects.words import word_of
from threecircles.need.steps import steps

BEFORE = [0.30, 0.34, 0.28, 0.36, 0.31, 0.33, 0.29, 0.35]
AFTER = [0.25, 0.31, 0.22, 0.30, 0.32, 0.33, 0.27, 0.36]


def plan(**changed):
    """A plan that may go on to the data."""
    base = {
        "id": "mentoring-2026", "label": "Mentoring", "source": "test", "version": 1, "question": "Does it help?",
        "service": "mentoring", "eligible": "pupils of 9 to 16", "unit": "school", "design": "did_area",
        "assignment": Assignment(how="first come"), "comparison": "schools that start later or never",
        "outcome_primary": Outcome(measure="feelings", role="outcome", higher_is="worse"),
        "starts": (Start(unit="a", on=date(2025, 9, 1)),), "places": 8,
    }  # fmt: skip
    return Plan(**{**base, **changed})


def schools(periods=2, start=2):
    """The eight schools of the known answer, before and after, flat before."""
    rows = []
    for u, (b, a) in enumerate(zip(BEFORE, AFTER, strict=True)):
        for t in range(1, periods + 1):
            rows.append((f"s{u}", t, start if u < 4 else None, b if t < start else a))
    return pl.DataFrame(rows, schema=["unit", "period", "start", "value"], orient="row")


def test_eight_clusters_give_the_known_answer():
    """need N21: effect -.05, CR2 error .01, df 6, -.0744691 to -.0255309, permutation p 2/70."""
    told = estimate(plan(), schools())
    assert told.value == pytest.approx(-0.05)
    assert told.se == pytest.approx(0.01)
    assert told.df == pytest.approx(6)
    assert (told.low, told.high) == pytest.approx((-0.0744691, -0.0255309), abs=1e-7)
    assert told.p_permutation == "2 of 70"


def test_remission_times_give_the_known_hazard_ratio():
    """need N21: log hazard ratio -1.5721251, error .4123967 (Efron)."""
    one = [
        "6",
        "6",
        "6",
        "6+",
        "7",
        "9+",
        "10",
        "10+",
        "11+",
        "13",
        "16",
        "17+",
        "19+",
        "20+",
        "22",
        "23",
        "25+",
        "32+",
        "32+",
        "34+",
        "35+",
    ]
    two = [
        "1",
        "1",
        "2",
        "2",
        "3",
        "4",
        "4",
        "5",
        "5",
        "8",
        "8",
        "8",
        "8",
        "11",
        "11",
        "12",
        "12",
        "15",
        "17",
        "22",
        "23",
    ]
    days = np.array([float(d.rstrip("+")) for d in one + two])
    ended = np.array([0 if d.endswith("+") else 1 for d in one + two])
    arm = np.array([1.0] * len(one) + [0.0] * len(two))
    told = core.hazard_ratio(days, ended, arm)
    assert told.log_ratio[0] == pytest.approx(-1.5721251, abs=1e-7)
    assert told.se[0] == pytest.approx(0.4123967, abs=1e-7)
    by_child = core.hazard_ratio(days, ended, arm, np.arange(len(days)))
    assert by_child.se[0] == pytest.approx(told.se[0], rel=0.25)


def test_a_cause_nobody_measured_has_known_strength():
    """need N21: E-values 3.4142136 and 1.8090170; robustness value .1809975."""
    assert core.e_value(2) == core.e_value(0.5) == pytest.approx(3.4142136)
    assert core.e_value(1.25) == core.e_value(0.8) == pytest.approx(1.8090170)
    assert core.robustness_value(2, 100) == pytest.approx(0.1809975, abs=1e-7)


def two_way(values, start):
    """The coefficient of two-way fixed effects, which the product does not use."""
    units, periods = values.shape
    x = [(np.arange(1, periods + 1)[None, :] >= start[:, None]).astype(float).ravel()]
    x += [np.repeat(np.eye(units)[u], periods) for u in range(units)]
    x += [np.tile(np.eye(periods)[t], units) for t in range(periods)]
    return np.linalg.lstsq(np.column_stack(x), values.ravel(), rcond=None)[0][0]


def falling(base, start):
    t = np.arange(1, 7)
    return base + 0.1 * t - np.maximum(0, t - start + 1)


def test_staggered_starts_do_not_hide_what_they_change():
    """need N22: two-way fixed effects give 0 where the mean effect is -2.625; ours says what is not identified."""
    values, start = np.stack([falling(1, 2), falling(2, 4)]), np.array([2.0, 4.0])
    assert two_way(values, start) == pytest.approx(0)
    cells = {(c.cohort, c.period): c.value for c in core.group_time(values, start).cells}
    assert cells.pop((2, 2)) == pytest.approx(-1)
    assert cells.pop((2, 3)) == pytest.approx(-2)
    assert set(cells.values()) == {None}
    with_never = np.vstack([values, falling(1.5, 99)])
    starts = np.array([2.0, 4.0, np.inf])
    assert two_way(with_never, starts) == pytest.approx(-1.5)
    assert core.group_time(with_never, starts).overall.value == pytest.approx(-2.625)


@pytest.mark.parametrize(
    ("design", "seed", "role", "word"),
    [
        ("randomised", 7, "outcome", "effect"),
        ("randomised", None, "outcome", "difference between users and like non-users"),
        ("stepped_wedge", 7, "outcome", "effect"),
        ("stepped_wedge", None, "outcome", "effect, if trends would have stayed alike"),
        ("did_area", None, "outcome", "effect, if trends would have stayed alike"),
        ("did_access", None, "outcome", "effect, if trends would have stayed alike"),
        ("matched", None, "outcome", "difference between users and like non-users"),
        ("before_after", None, "outcome", "change"),
        ("did_area", None, "output", "difference in use of services"),
    ],
)
def test_each_design_reaches_only_its_own_word(design, seed, role, word):
    """need N20: the word comes from the design, the recorded draw and the role of what is counted."""
    made = plan(
        design=design,
        assignment=Assignment(how="x", seed=seed),
        outcome_primary=Outcome(measure="m", role=role),
    )
    assert word_of(made) == word


def test_trends_that_part_before_the_start_take_the_word_effect_away():
    """need N20: p below .10 or a break smaller than the largest earlier step."""
    assert word_of(plan(), 0.05, 3.0) == word_of(plan(), 0.8, 0.5) == "difference in change"


def test_the_word_stands_in_text_table_and_json():
    """need N20: before and after is called change in every form, and never effect."""
    rows = pl.DataFrame(
        {"unit": [f"c{i}" for i in range(9)], "before": range(9), "value": range(1, 10)}
    )
    rows = rows.with_columns(pl.col("value") + pl.Series([0, 1, 0, 1, 0, 1, 0, 1, 0]))
    told = estimate(plan(design="before_after"), rows)
    for form in (as_text(told), as_table(told).write_csv(), json.dumps(told.plain())):
        assert "hange" in form and "ffect" not in form


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"comparison": ""}, "No comparison is recorded"),
        ({"starts": ()}, "places that differ today"),
        ({"covariates": (Covariate(id="x", dated=date(2026, 1, 1)),)}, "dated after the start"),
        ({"places": 1}, "one centre or worker"),
    ],
)
def test_a_plan_that_can_tell_nothing_is_refused_with_the_reason(changed, why):
    """need N20: no comparison, a cross-section, a covariate dated after the start, one centre."""
    told = estimate(plan(**changed), schools())
    assert told.value is None and told.word == ""
    assert any(why in r for r in told.refused)


def test_three_places_are_too_few_to_say():
    """need N20: 3 treated clusters are refused with the reason."""
    told = estimate(plan(), schools().filter(pl.col("unit") != "s0"))
    assert told.value is None and "Too few places to say: 3" in told.refused[0]


def test_a_changed_plan_is_another_plan_and_says_so(tmp_path):
    """need N20: editing a locked plan changes its hash and prints the notice."""
    path = tmp_path / "plan.yaml"
    first = lock(plan(), path)
    assert locked(path) == first == lock(plan(), path)
    edited = plan(follow_up_days=180)
    assert plan_hash(edited) != first.plan_hash
    assert "written after results could be seen" in estimate(edited, schools(), first).locked
    assert "written after results could be seen" in estimate(plan(), schools()).locked
    assert estimate(plan(), schools(), first).locked.startswith("Locked on")
    assert isinstance(first, Locked)


def test_no_difference_is_said_to_be_unclear_with_its_range():
    rows = schools().with_columns(
        value=pl.lit(0.3) + pl.Series(np.tile([0.0, 0.01, 0.02, -0.01], 4))
    )
    assert estimate(plan(), rows).sentence.startswith("No clear difference; it could be from")


def test_those_offered_a_drawn_service_are_compared_as_offered():
    """need N23 in small: 40 drawn places hold a planted effect of -.2 in the interval; the lost have bounds."""
    g = np.random.default_rng(5)
    rows = []
    for place in range(40):
        shift = g.normal(0, 0.1)
        for _ in range(25):
            value = None if g.random() < 0.1 else 3 + shift - 0.2 * (place % 2) + g.normal(0, 0.5)
            rows.append((place, place % 2, value))
    told = estimate(
        plan(design="randomised", assignment=Assignment(how="drawn", seed=1)),
        pl.DataFrame(rows, schema=["unit", "arm", "value"], orient="row"),
    )
    assert told.low < -0.2 < told.high and told.word == "effect"
    assert told.lost["least"] < told.value < told.lost["most"]
    assert [f["arm"] for f in told.flow] == [0, 1]


def test_users_are_likened_to_others_in_what_was_known_before():
    g = np.random.default_rng(2)
    need = g.normal(size=2000)
    used = (g.random(2000) < 1 / (1 + np.exp(-need))).astype(float)
    value = need - 0.3 * used + g.normal(0, 0.3, 2000)
    naive = value[used == 1].mean() - value[used == 0].mean()
    rows = pl.DataFrame({"unit": np.arange(2000), "arm": used, "value": value, "need": need})
    before = (Covariate(id="need", dated=date(2025, 1, 1)),)
    told = estimate(plan(design="matched", unit="child", covariates=before), rows)
    assert naive > 0.3 and told.low < -0.3 < told.high
    assert abs(told.balance[0]["after"]) < 1e-6 < abs(told.balance[0]["before"])
    assert overlap_weights(need[:, None], used).min() > 0


def test_bounds_hold_the_difference_however_the_lost_were():
    value = np.array([1.0, 2, 3, np.nan, 1, 2, 3, 4])
    low, high = lee_bounds(value, np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert (low, high) == (0.0, 1.0)


@pytest.mark.parametrize("room", [core, effects])
def test_nothing_public_tells_of_one_child_worker_or_centre(room):
    """need N24: no public function takes or gives a person, worker, team or centre."""
    for name in room.__all__:
        thing = getattr(room, name)
        held = (
            set(inspect.signature(thing).parameters)
            | set(getattr(thing, "__dataclass_fields__", {}))
        )  # fmt: skip
        assert not held & {
            "person_id",
            "worker",
            "worker_id",
            "team",
            "centre",
            "org_id",
            "predicted",
        }
    told = estimate(plan(), schools()).plain()
    assert "s0" not in json.dumps(told)


def test_results_that_a_place_keeps_become_one_table_with_the_word_in_every_row(tmp_path):
    """report A25: the setting `evaluations` names a folder; a file of anything else is refused by name."""
    folder = tmp_path / "evaluations"
    folder.mkdir()
    told = estimate(plan(), schools(), None)
    (folder / "mentoring.json").write_text(json.dumps(told.plain()), encoding="utf-8")
    place = Place(
        tmp_path, "x", "X", "E1", "999", True, 1, 2026, (), {}, {"evaluations": "evaluations"}
    )
    assert [s.files for s in steps(place) if s.name == "need.effects"] == [
        (folder / "mentoring.json",)
    ]
    (table,) = need_steps.effects(place=place)
    assert table.frame["word"].unique().to_list() == [told.word]
    row = table.frame.filter(pl.col("measure") == "difference").row(0, named=True)
    assert (row["value"], row["low"], row["high"]) == (told.value, told.low, told.high)
    (folder / "other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DefinitionError, match="not the result of an evaluation"):
        need_steps.effects(place=place)


def test_a_place_that_keeps_no_result_has_no_such_step(tmp_path):
    """report A25: without an evaluation nothing is said of what services changed."""
    place = Place(tmp_path, "x", "X", "E1", "999", True, 1, 2026, (), {}, {})
    assert not [s for s in steps(place) if s.name == "need.effects"]
