"""Known answers of the need page that need no made-up place: areas, agreement, follow-up, decomposition, bounds."""

import json

import numpy as np
import polars as pl
import pytest

from threecircles.core.accuracy import area_under_curve, at_cut
from threecircles.core.agreement import adjusted_rand, agreement
from threecircles.core.errors import UsageError
from threecircles.core.inequality import indices, ridits
from threecircles.need.area_analysis import analyse, joined
from threecircles.need.decomposition import Side, decompose, with_intervals
from threecircles.need.vulnerability import FACTORS, WORDS, bounds, published_bounds


@pytest.fixture(scope="module")
def districts(reference_data):
    """Good level of development 2021/22 and derived IDACI 2025 by district."""
    eyfs = pl.read_parquet(reference_data("dfe_education/eyfsp_headline_2022.parquet")).filter(
        (pl.col("geographic_level") == "Local authority district")
        & (pl.col("characteristic") == "Total")
        & (pl.col("gender") == "Total")
    )
    number = pl.col("gld_number", "children_number").cast(pl.Float64, strict=False)
    outcome = eyfs.with_columns(number).select(area="lad_code", y="gld_number", n="children_number")
    small = pl.read_parquet(reference_data("imd/iod2025_lsoa21.parquet"))
    code = next(c for c in small.columns if c.startswith("lsoa") and "code" in c)
    lookup = pl.read_parquet(reference_data("lookups/lookup_lsoa21_ward24_ltla24.parquet"))
    numerator = "income_deprivation_affecting_children_index_idaci_numerator"
    deprived = (
        small.join(lookup.unique("lsoa21_code"), left_on=code, right_on="lsoa21_code")
        .group_by(area="ltla24_code")
        .agg(
            idaci=pl.col(numerator).cast(pl.Float64).sum()
            / pl.col("census21_0_15").cast(pl.Float64).sum()
        )
    )
    return outcome, deprived


@pytest.mark.reference
def test_districts_on_deprivation_give_the_known_line(districts):
    """need N7: 310 rows, 292 join; intercept .9565239, slope -.8789008, phi 9.4916, r -.62619."""
    outcome, deprived = districts
    both, lost = joined(outcome, deprived)
    assert (outcome.height, both.height, len(lost)) == (310, 292, 18)
    assert "z" in lost and sum(code.startswith("E07") for code in lost) == 17
    told = analyse(both, ["idaci"])
    assert told.coefficients == pytest.approx([0.9565239, -0.8789008], abs=1e-6)
    assert told.overdispersion == pytest.approx(9.4916, abs=1e-4)
    assert told.correlation == pytest.approx(-0.62619, abs=1e-5)
    assert round(100 * told.beyond(1.96, wide=False), 1) == 52.7
    assert round(100 * told.beyond(1.96), 1) == 4.8
    assert round(told.beyond(3.09) * 292) == 4
    assert told.areas["area"].to_list() == both["area"].to_list()
    assert set(told.areas["word"]) <= {
        "higher than expected",
        "as expected",
        "lower",
        "too few to say",
    }


def test_more_children_than_there_are_stop_the_fit():
    bad = pl.DataFrame(
        {"area": list("abcde"), "y": [3, 1, 1, 1, 1], "n": [2, 5, 5, 5, 5], "d": [0.1] * 5}
    )
    with pytest.raises(UsageError, match="More children"):
        analyse(bad, ["d"])


@pytest.mark.reference
def test_two_coders_agree_as_published(reference_data):
    """need N13: 585 rows, observed .8735043, kappa .7910815, Krippendorff nominal .7912424."""
    rows = pl.read_parquet(reference_data("text/gesis_7802_2474_english_sample.parquet"))
    told = agreement(rows["label_coder1"].to_list(), rows["label_coder2"].to_list())
    assert told.cases == 585
    assert (told.observed, told.kappa, told.alpha) == pytest.approx(
        (0.8735043, 0.7910815, 0.7912424), abs=1e-7
    )
    assert told.low < told.alpha < told.high


def test_two_sortings_of_ten_cards():
    """need N13: adjusted Rand of 0001112222 and 0011112202 is .4318182."""
    assert adjusted_rand("0001112222", "0011112202") == pytest.approx(0.4318182, abs=1e-7)


def test_near_misses_on_a_scale_count_less_than_far_ones():
    near = agreement("001122", "011222", ordinal="012")
    assert near.kappa > agreement("001122", "021202", ordinal="012").kappa


def test_an_early_score_and_a_later_outcome():
    """need N28: yes 4 8 6 9, no 3 5 2 7 4: area .825, DeLong error .1506928."""
    told = area_under_curve(np.array([4.0, 8, 6, 9]), np.array([3.0, 5, 2, 7, 4]))
    assert (told.value, told.se) == pytest.approx((0.825, 0.1506928), abs=1e-7)
    sensitivity, specificity = at_cut(3, 4, 1, 5)
    assert sensitivity.low < 0.75 < sensitivity.high and specificity.low < 0.8 < specificity.high


def test_populations_and_rates_give_the_known_inequality():
    """need N12: ridits .10 .32 .52 .71 .91; SII .2359900; SII/mean 1.2770020; fitted ratio 4.5325185."""
    population = np.array([100.0, 120, 80, 110, 90])
    told = indices(population, np.array([0.10, 0.14, 0.18, 0.22, 0.30]))
    assert ridits(population) == pytest.approx([0.10, 0.32, 0.52, 0.71, 0.91])
    assert told.slope == pytest.approx(0.2359900, abs=1e-7)
    assert told.over_mean == pytest.approx(1.2770020, abs=1e-6)
    assert told.ratio == pytest.approx(4.5325185, abs=1e-6)


OWN = Side(np.array([0.2, 0.5, 0.3]), np.array([0.010, 0.020, 0.050]), np.array([0.0105, 0.019, 0.044]),
           np.array([20.0, 100, 150]))  # fmt: skip
OTHER = Side(np.array([0.3, 0.5, 0.2]), np.array([0.012, 0.018, 0.040]), np.array([0.0115, 0.0185, 0.041]),
             np.array([36.0, 90, 80]))  # fmt: skip


def test_a_difference_in_use_falls_into_three_parts_that_add_to_it():
    """need N30: difference .0064 = mix .0034 + need .00075 + remainder .00225."""
    told = decompose(OWN, OTHER)
    assert told == pytest.approx(
        {"difference": 0.0064, "mix": 0.0034, "need": 0.00075, "remainder": 0.00225}
    )
    ends = with_intervals(OWN, OTHER)
    for value, low, high in ends.values():
        assert low <= value <= high
    assert ends["remainder"][1] < 0 < ends["remainder"][2]


@pytest.mark.reference
def test_published_factors_bound_how_many_met(reference_data):
    """need N11: England 2025 from 0 to 145,870; Norfolk 0 to 1,379; no figure between is told."""
    told = published_bounds(
        reference_data("dfe_csc/c3_factors_identified_at_end_of_assessment_2018_to_2025.parquet"),
        2025,
    )
    england = told.filter(pl.col("area") == "E92000001").row(0, named=True)
    assert (england["episodes"], england["low"], england["high"]) == (513_250, 0, 145_870)
    norfolk = told.filter(pl.col("name") == "Norfolk").row(0, named=True)
    assert (norfolk["episodes"], norfolk["low"], norfolk["high"]) == (4_559, 0, 1_379)
    assert norfolk["domestic_abuse"] == 1_382 and set(FACTORS) <= set(told.columns)
    assert "value" not in told.columns
    assert "145,870" in WORDS.format(low=0, high=145_870)


def test_exact_co_occurrence_lies_inside_the_bounds_of_its_margins():
    """need N11: 2,000 made-up authorities, each factor listed per assessment."""
    g = np.random.default_rng(11)
    for _ in range(2_000):
        n = int(g.integers(1, 200))
        share, shared = g.random(4), g.normal(size=n)[:, None]
        held = g.normal(size=(n, 4)) + g.random() * shared < np.quantile(shared, share)[None, :]
        abuse, health, alcohol, drugs = held.T
        exact = int((abuse & health & (alcohol | drugs)).sum())
        low, high = bounds(n, abuse.sum(), health.sum(), alcohol.sum(), drugs.sum())
        assert low <= exact <= high
    with pytest.raises(UsageError):
        bounds(10, 11, 1, 1, 1)
    json.dumps(bounds(10, 5, 5, 2, 2))
