"""Service forms and shared costs (survey A26, A27, A28, A31)."""

import numpy as np
import polars as pl
import pytest

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
