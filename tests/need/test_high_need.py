"""High need is a definition in data; what was not answered is never taken as no need (need N5, section 1)."""

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from threecircles.core.engines import collect, engine
from threecircles.core.errors import DefinitionError
from threecircles.core.scoring import score
from threecircles.definitions import load_text
from threecircles.need.high_need import HighNeed, classify, frozen_cuts, high_need, read_cut
from threecircles.survey.measures import measures, scoring

NEED = high_need("high_need_9_16_demo")
SCALES = [s for m in measures() for s in scoring(m)]
ITEMS = [i for s in SCALES for i in s.items]


def told(items, definition=NEED, name="polars"):
    frame = score(engine(name).frame(items), SCALES).with_columns(
        wave=nw.lit("1"), weight=nw.lit(1.0)
    )
    cuts = frozen_cuts(definition, collect(frame))
    return collect(classify(frame, definition, cuts), ("id",))


def answers(n=400, seed=1):
    g = np.random.default_rng(seed)
    heavy = g.normal(size=n)
    columns = {"id": np.arange(n)}
    for scale in SCALES:
        sign = -1 if scale.id in ("school_belonging", "friends", "trusted_adult") else 1
        for item in scale.items:
            columns[item] = np.clip(np.round(2.4 + sign * 0.8 * heavy + g.normal(0, 0.8, n)), 1, 5)
    return pl.DataFrame(columns)


def with_gaps(full, share=0.2, seed=2):
    g = np.random.default_rng(seed)
    gone = g.random((full.height, len(ITEMS))) < share
    return full.with_columns(
        pl.Series(i, np.where(gone[:, k], np.nan, full[i].to_numpy())).fill_nan(None)
        for k, i in enumerate(ITEMS)
    )


@pytest.mark.parametrize("name", ["duckdb", "polars"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bounds_for_unknown_hold_the_full_data_value(name, seed):
    "N5: with 20% of items missing, child by child and in all."
    full = answers(seed=seed)
    true = (told(full)["need"] == "high").to_numpy()
    gaps = told(with_gaps(full, seed=seed), name=name)
    surely, possibly = gaps["need_surely"].to_numpy(), gaps["need_possibly"].to_numpy()
    assert (surely <= true).all() and (true <= possibly).all()
    assert surely.mean() <= true.mean() <= possibly.mean()


def test_what_was_not_answered_is_unknown_and_never_not_high():
    "N5: nobody is called not high whose blanks could make it high."
    gaps = told(with_gaps(answers(), share=0.5))
    unknown = gaps.filter(pl.col("n_unknown") > 0)
    called = unknown.filter(pl.col("need") == "not_high")
    assert ((called["n_impairments"] < 2) & (called["n_risks"] < 4)).all()
    assert gaps.filter(pl.col("need") == "unknown").height > 0


def test_a_child_with_nothing_answered_is_unknown():
    empty = answers(1).with_columns(pl.lit(None, dtype=pl.Float64).alias(i) for i in ITEMS)
    row = told(empty).row(0, named=True)
    assert (row["need"], row["need_surely"], row["need_possibly"]) == ("unknown", 0, 1)


def test_the_rule_counts_impairments_or_risks():
    base = dict.fromkeys(ITEMS, 1.0) | {i: 5.0 for i in ITEMS if i[:3] in ("sch", "fri", "tru")}
    one = base | {i: 5.0 for i in ITEMS if i.startswith("emo")}
    two = one | {i: 5.0 for i in ITEMS if i.startswith("con")}
    risks = (
        base
        | {i: 5.0 for i in ITEMS if i[:3] in ("fam", "nbr")}
        | {i: 1.0 for i in ITEMS if i[:3] in ("sch", "fri")}
    )
    frame = pl.DataFrame([{"id": k} | row for k, row in enumerate((base, one, two, risks))])
    assert told(frame)["need"].to_list() == ["not_high", "not_high", "high", "high"]


def test_a_cut_by_percentile_is_frozen_in_its_wave():
    text = """
id: local
version: 1
label: Local
respondent: pupil
ages: [9, 16]
impairments:
  - {construct: emotional, label: Sad, measure: feelings, scale: feelings, cut: ">= p90 of wave 1", source: local}
rule: {k_impairments: 1, or_r_risks: 1}
source: a test
"""
    definition = load_text(text, HighNeed)
    waves = pl.DataFrame(
        {
            "wave": ["1"] * 100 + ["2"] * 100,
            "weight": [1.0] * 200,
            "feelings": [i / 25 for i in range(100)] + [5.0] * 100,
        }
    )
    assert frozen_cuts(definition, waves)["emotional"].value == pytest.approx(89 / 25)
    with pytest.raises(DefinitionError, match="needs wave 1"):
        frozen_cuts(definition, waves.filter(pl.col("wave") == "2"))


def test_a_cut_that_cannot_be_read_is_refused_with_its_line():
    with pytest.raises(ValueError, match="cannot be read"):
        read_cut("about three")
    broken = 'id: x\nversion: 1\nlabel: x\nsource: x\nrespondent: pupil\nages: [9, 16]\nimpairments:\n  - {construct: a, label: A, measure: m, scale: s, cut: "~3", source: l}\nrule: {k_impairments: 1, or_r_risks: 1}\n'
    with pytest.raises(DefinitionError, match="line 8"):
        load_text(broken, HighNeed)


def test_the_page_shows_the_rule_in_words_with_its_version():
    assert NEED.in_words().startswith(
        "High need: 2 or more of 4 impairments, or 4 or more of 5 risks ("
    )
    assert f"version {NEED.version}" in NEED.in_words()
