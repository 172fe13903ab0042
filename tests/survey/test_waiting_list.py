"""The generated service file: what the stayers overstate, what the bounds hold, and what a waiting list shows (survey A28)."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from threecircles.core.errors import UsageError
from threecircles.need.effects import Plan, estimate
from threecircles.need.effects.plan import Assignment, Covariate, Outcome
from threecircles.survey.comparison import effect_rows
from threecircles.survey.service import paired_share, scale_bounds
from threecircles.survey.service_study import people, read_cases
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.service_form import form_table, make_service_forms
from threecircles.synthetic.world import build_world

SEEDS = range(1, 17)
PLAN = Plan(
    id="family-support-list", label="Family support", source="made up", version=1,
    question="Are families better after family support?", service="family-support", eligible="9 and over",
    unit="child", design="randomised", assignment=Assignment(how="order of the list drawn", seed=1),
    comparison="families on the waiting list, in an order drawn by lot",
    outcome_primary=Outcome(measure="how_things_are", role="outcome", higher_is="better"),
    covariates=(Covariate(id="before", dated=date(2025, 4, 1)),),
)  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return build_world(load_profile("borough"), 1, 2026)


def received(world, made, provider, folder):
    """A provider's file as our own form would have come: the five short items counted from nought."""
    table = form_table(world, made, provider)
    names = {"person_key": "person", "provider_id": "provider", "service_id": "service", "start_date": "started_on", "on_date": "on"}  # fmt: skip
    # A file's reasons are the provider's own words; ours are a short list.
    why = pl.when(pl.col("lost") == "1").then(pl.lit("no_contact")).alias("lost_reason")
    items = [(pl.col(f"item_{k + 3}").cast(pl.Int64) - 1).alias(f"hta{k}") for k in range(1, 6)]
    path = folder / f"{provider}.csv"
    table.rename(names).with_columns(why, *items).filter(pl.col("occasion") != "during").with_columns(
        on=pl.col("on").str.to_date("%d/%m/%Y")
    ).write_csv(path)  # fmt: skip
    return read_cases(path)


def expected(level):
    """The score that the generator's form gives on average to a child of that level."""
    answers = np.arange(1, 6)
    middle = 3 + 0.8 * level[:, None]
    upper = norm.cdf((answers[None, :] + 0.5 - middle) / 0.7)
    upper[:, -1] = 1
    share = np.diff(np.column_stack([np.zeros(len(level)), upper]), axis=1)
    return 5 * (share @ (answers - 1))


def planted(world, made):
    """What the service did to the scores of those who had it, of all who started."""
    mine = (made.provider == "F2") & ~made.waiting
    level = made.before[mine] + made.change[mine]
    effect = world.profile["service_form"]["waiting_effect"]
    return float((expected(level) - expected(level - effect)).mean())


def test_the_paired_overstate_and_the_truth_lies_inside_the_bounds_in_every_seed(world, tmp_path):
    "A28: two providers that lose two in five by need, each of sixteen seeds."
    above = 0
    for seed in SEEDS:
        place = replace(world, seed=seed)
        made = make_service_forms(place)
        for provider in ("F3", "F4"):
            mine = made.provider == provider
            cases = people(received(place, made, provider, tmp_path))
            worst, _, best = scale_bounds(cases, 0, 20)
            whole = expected(made.before[mine] + made.change[mine]) - expected(made.before[mine])
            both = cases.drop_nulls(["before", "after"])
            above += float((both["after"] - both["before"]).mean()) > whole.mean()
            assert worst <= whole.mean() <= best, (seed, provider)
            share = paired_share(cases, float(cases["before"].std()), 0.8)
            assert share.least <= share.of_paired <= share.most
    assert above >= 31, above


def test_the_waiting_list_of_the_form_shows_what_was_planted(world, tmp_path):
    "A28: `need effect` on the form's rows; its interval holds the planted effect, and so does the mean of all."
    held, found, truth = 0, [], []
    for seed in SEEDS:
        place = replace(world, seed=seed)
        made = make_service_forms(place)
        rows = effect_rows(received(place, made, "F2", tmp_path), "family-support-waiting")
        told = estimate(PLAN, rows)
        assert told.refused == [] and told.word
        found.append(told.value)
        truth.append(planted(place, made))
        held += told.low <= truth[-1] <= told.high
    assert held >= 14, held
    apart = np.array(found) - np.array(truth)
    assert abs(apart.mean()) < 2 * apart.std(ddof=1) / np.sqrt(len(apart)), apart.mean()
    assert np.mean(found) > 3 * np.std(found, ddof=1) / np.sqrt(len(found))


def test_rows_for_a_comparison_hold_no_token_and_account_for_everybody(world, tmp_path):
    made = make_service_forms(world)
    forms = received(world, made, "F2", tmp_path)
    rows = effect_rows(forms, "family-support-waiting")
    assert rows.columns == ["unit", "arm", "before", "value"]
    assert rows.height == (made.provider == "F2").sum() and not rows["unit"].is_duplicated().any()
    assert set(forms["person"]).isdisjoint(rows["unit"])
    with pytest.raises(UsageError, match="no waiting list"):
        effect_rows(forms, "other")
    with pytest.raises(UsageError, match="no reason"):
        effect_rows(
            forms.with_columns(lost_reason=pl.lit(None, pl.String)), "family-support-waiting"
        )
