"""Samples, service forms, homes and shared costs (survey A24, A26, A27, A28, A29, A31)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.design import Design, estimate, mean
from threecircles.core.errors import UsageError
from threecircles.survey.costs import (
    Authority,
    CostItem,
    CostSheet,
    cost_text,
    ladder,
    prices,
    total,
)
from threecircles.survey.homes import homes
from threecircles.survey.sampling import (
    draw,
    half_width,
    release,
    response_rate,
    sample_size,
    weights,
)
from threecircles.survey.service import (
    EXPERIENCE,
    SAID,
    Share,
    helper_view,
    occasions,
    paired_share,
    pool,
    scale_bounds,
)  # fmt: skip


def test_the_sizes_of_the_parent_sample_to_the_unit():
    "A24."
    size = sample_size(share=0.24, half_width=0.04, population=40_000, deff=1.3, response=0.45)
    assert (size.completed, size.to_ask) == (562, 1_249)
    assert round(half_width(750, 0.24), 1) == 3.1
    assert round(half_width(750, 0.24, 1.3), 1) == 3.5
    assert round(half_width(110, 0.24)) == 8


def families(seed=5, homes_n=900):
    """Children in households of one to three, in three strata, with a number for each."""
    rng = np.random.default_rng(seed)
    rows = []
    for home in range(homes_n):
        for _ in range(int(rng.integers(1, 4))):
            rows.append((len(rows), home, f"s{home % 3}", float(rng.gamma(2, 2)) + home % 3))
    return pl.DataFrame(rows, schema=["child", "household", "stratum", "y"], orient="row")


@pytest.mark.parametrize("draws", [200, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("frames", [1, 2])
def test_draws_with_their_weights_are_unbiased_for_a_known_total(frames, draws):
    "A24: 2,000 draws, unequal households, one list and two overlapping ones."
    everyone = families(homes_n=150)
    first = everyone if frames == 1 else everyone.filter(pl.col("household") % 4 != 0)
    second = everyone.filter(pl.col("household") % 3 != 0)
    on_both = set(first["child"]) & set(second["child"]) if frames == 2 else set()
    covered = (
        everyone
        if frames == 1
        else everyone.filter(
            pl.col("child").is_in(sorted(set(first["child"]) | set(second["child"])))
        )
    )
    truth = float(covered["y"].sum())
    y = dict(everyone.select("child", "y").iter_rows())
    found = []
    for seed in range(draws):
        told = 0.0
        for k, one in enumerate((first, second)[:frames]):
            # Only children on the list can be drawn from it, so the households are those of the list.
            rows = draw(one, 30, seed * 2 + k).rows
            both = (
                rows["child"].is_in(sorted(on_both))
                if on_both
                else pl.Series([False] * rows.height)
            )
            w = weights(rows.with_columns(frames=both.cast(pl.Int64) + 1))
            told += sum(
                weight * y[child] for child, weight in w.select("child", "weight").iter_rows()
            )
        found.append(told)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < (2 if draws == 2000 else 3) * error


def test_the_same_seed_draws_the_same_list_and_one_child_a_household():
    "A24."
    everyone = families()
    one, again, other = (draw(everyone, 120, s, reserves=2).rows for s in (1, 1, 2))
    assert one.equals(again) and not one.equals(other)
    assert one["household"].n_unique() == one.height == 360
    assert one.group_by("replicate").len()["len"].to_list() == [120] * 3


def test_half_a_replicate_and_a_single_substitute_are_refused():
    "A24."
    drawn = draw(families(), 60, 3, reserves=2)
    first = drawn.rows.filter(pl.col("replicate") == 1)["child"].to_list()
    for cases in (
        first[:30],
        first[:1],
        drawn.rows.filter(pl.col("replicate") == 2)["child"].to_list(),
    ):
        with pytest.raises(UsageError, match="whole replicates"):
            release(drawn, cases, [])
    assert release(drawn, first, []).height == 60
    weighed = weights(drawn.rows, released=[1])
    assert weighed.height == 120 and weighed["weight"].sum() == pytest.approx(
        weights(drawn.rows)["weight"].sum(), rel=0.1
    )


@pytest.mark.slow
def test_intervals_of_samples_with_response_by_stratum_cover():
    "A24: 500 simulated samples; between 93 and 97 in 100 intervals hold the mean of all."
    everyone = families(homes_n=1200)
    truth = float(everyone["y"].mean())
    rng = np.random.default_rng(8)
    hits = 0
    for seed in range(500):
        rows = draw(everyone, 240, seed).rows.join(everyone.select("child", "y"), on="child")
        chance = rows["stratum"].replace_strict({"s0": 0.4, "s1": 0.6, "s2": 0.8}).to_numpy()
        rows = weights(rows.with_columns(answered=pl.Series(rng.random(rows.height) < chance)))
        told = estimate(rows, Design(weight="weight", stratum="stratum"), [mean("y")]).to_dicts()[0]
        hits += told["low"] <= truth <= told["high"]
    assert 0.93 <= hits / 500 <= 0.97, hits / 500


def test_the_response_rate_states_what_it_takes_of_the_unknown():
    log = {
        "completed": 50,
        "refused": 20,
        "no_contact": 20,
        "language": 10,
        "eligibility_unknown": 20,
        "not_eligible": 5,
    }
    assert response_rate(log, 0.5) == pytest.approx(50 / 110)
    with pytest.raises(UsageError, match="unknown outcome"):
        response_rate({"gone": 1}, 1)


def test_a_share_of_a_service_is_never_without_its_lost_and_bounds():
    "A26: 100 started, 60 paired, 45 better; by direct call, sentence and row."
    share = Share(100, 60, 45, {"moved": 25, "no_contact": 15}, 0)
    assert (share.of_paired, share.least, share.most) == (0.75, 0.45, 0.85)
    assert "between 45% and 85%" in share.sentence() and "40 of 100" in share.sentence()
    row = share.row()
    assert (row["least"], row["most"], row["lost"]) == (0.45, 0.85, 40) and row["said"] == SAID
    with pytest.raises(UsageError, match="accounted for"):
        Share(100, 60, 45, {"moved": 25}, 0)
    with pytest.raises(UsageError, match="no known reason"):
        Share(100, 60, 45, {"who knows": 40}, 0)
    assert Share(9, 9, 5, {}, 0).row() == {"started": 9, "symbol": "[c]"}


def cases(n=100, lost=30, seed=0, by_need=False):
    """A service whose people gain 4 points on average; those who gain less are lost more often."""
    rng = np.random.default_rng(seed)
    before = rng.normal(10, 3, n)
    after = before + rng.normal(4, 4, n)
    order = np.argsort(after - before + rng.normal(0, 3, n)) if by_need else rng.permutation(n)
    gone = np.isin(np.arange(n), order[:lost])
    table = pl.DataFrame(
        {
            "before": before, "whole": after, "after": [None if g else a for g, a in zip(gone, after, strict=True)],
            "lost_reason": ["moved" if g else None for g in gone],
        },
        schema_overrides={"after": pl.Float64},
    )  # fmt: skip
    return table


def test_somebody_lost_for_no_reason_is_refused():
    "A26."
    table = cases().with_columns(lost_reason=pl.lit(None, pl.String))
    with pytest.raises(UsageError, match="30 people have no later answer"):
        paired_share(table, sd=3, reliability=0.8)


def test_the_paired_flatter_and_the_truth_lies_inside_the_bounds():
    "A28: 30% lost by need, over 40 seeds."
    above = 0
    for seed in range(40):
        table = cases(200, 60, seed, by_need=True)
        share = paired_share(table, sd=3, reliability=0.8)
        whole = paired_share(
            table.with_columns(after=pl.col("whole"), lost_reason=pl.lit(None)), 3, 0.8
        )
        above += share.of_paired > whole.of_paired
        assert share.least <= whole.of_paired <= share.most
        low, _, high = scale_bounds(table, 0, 40)
        assert low <= float((table["whole"] - table["before"]).mean()) <= high
    assert above >= 38


def test_providers_of_equal_core_pool_and_an_edited_core_is_kept_out_by_name():
    "A27: tokens and paper pool without a mapping; the item that differs is named."
    one, two = cases(30, 5, 1), cases(40, 5, 2)
    told, out = pool(
        {
            "Tokens only": ("h1", {"hta1": "a", "hta2": "b"}, one),
            "On paper": ("h1", {"hta1": "a", "hta2": "b"}, two),
            "Edited": ("h2", {"hta1": "a", "hta2": "other"}, one),
        }
    )
    assert told.height == 70 and out == ["Edited asks other questions (hta2) and is kept out."]


def test_the_helper_sees_goals_and_the_short_scale_and_no_experience():
    "A27."
    from threecircles.survey.questionnaire import items, questionnaire

    asked = {i.code: i.measure for i in items(questionnaire("service_later"))}
    seen = helper_view(dict.fromkeys(asked, "3"), asked)
    assert {asked[c] for c in seen if asked[c]} == {"how_things_are"}
    assert any(c.startswith("goal_") for c in seen)
    assert not [c for c in seen if asked[c] in EXPERIENCE] and "chg_words" not in seen


def test_a_before_that_came_late_is_called_late():
    from datetime import date

    rows = [
        {
            "person": "t1",
            "occasion": "before",
            "started_on": date(2026, 1, 1),
            "on": date(2026, 1, 10),
        },
        {
            "person": "t2",
            "occasion": "before",
            "started_on": date(2026, 1, 1),
            "on": date(2026, 1, 20),
        },
    ]
    assert occasions(rows) == ["t2: late before, 19 days after starting"]


def test_custody_is_never_inside_suitable_without_being_named():
    "A29: 100 young people, 5 in custody, 2 of them flagged suitable; the module was not asked."
    kinds = (
        ["own tenancy"] * 40
        + ["with family"] * 30
        + ["custody"] * 5
        + ["not in touch"] * 10
        + [None] * 15
    )
    suitable = [True] * 60 + [False] * 10 + [True, True, False, False, False] + [None] * 25
    told = homes(pl.DataFrame({"kind": kinds, "suitable": suitable}))
    assert told.total == 100 == sum(told.kinds.values())
    assert told.kinds["not known"] == 15 and told.kinds["not in touch"] == 10
    lines = told.lines()
    suited = [line for line in lines if "suitable" in line]
    assert all("custody" in line for line in suited)
    assert "60 of 100 young people, custody left out; in custody: 5, of whom 2" in suited[0]
    assert sum("not asked" in line for line in lines) == 12


def sheet(rule="equal", rolls=(0,) * 6):
    return CostSheet(
        items=[
            CostItem(label="set-up", amount=24_000_00, kind="shared"),
            CostItem(label="own", amount=9_000_00, kind="own"),
        ],
        authorities=[Authority(label=f"Borough {k + 1}", roll=r) for k, r in enumerate(rolls)],
        rule=rule,
    )


def test_shared_costs_fall_as_boroughs_join_and_sum_to_the_penny():
    "A31."
    first = [now[0] // 100 for n, now, _ in ladder(sheet()) if n in (1, 2, 3, 6)]
    assert first == [33_000, 21_000, 17_000, 13_000]
    by_roll = prices(sheet("by_roll", (10_000, 6_000, 4_000)))
    assert [p // 100 for p in by_roll] == [21_000, 16_200, 13_800]
    rng = np.random.default_rng(2)
    for _ in range(200):
        n = int(rng.integers(1, 9))
        items = [
            CostItem(label="x", amount=int(rng.integers(1, 10**7)), kind=str(rng.choice(["shared", "own", "per_school", "per_pupil", "per_language"])))
            for _ in range(4)
        ]  # fmt: skip
        who = [
            Authority(
                label=str(k),
                roll=int(rng.integers(1, 9999)),
                schools=int(rng.integers(1, 90)),
                languages=int(rng.integers(1, 9)),
            )
            for k in range(n)
        ]
        for rule in ("equal", "by_roll"):
            one = CostSheet(items=items, authorities=who, rule=rule)
            assert sum(prices(one)) == total(one)
    assert "1 authority: £33,000.00 in all" in cost_text(sheet())
