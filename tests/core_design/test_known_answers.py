"""Design-based estimates equal those of R's survey package (survey A1-A3)."""

import io

import numpy as np
import polars as pl
import pytest

from threecircles.core.design import Design, estimate, mean, proportion, ratio, total, unit_rows
from threecircles.core.engines import engine
from threecircles.core.errors import UsageError
from threecircles.core.raking import rake, raked_mean, raked_total
from threecircles.core.replicates import jackknife, replicate_error

SMALL = pl.read_csv(
    io.StringIO("""stratum,psu,w,N,y,z,sex,yr
1,1,2,10,5,1,F,7
1,1,2,10,7,0,M,7
1,1,2,10,6,1,F,8
1,2,3,10,9,1,M,8
1,2,3,10,8,1,F,7
1,3,2.5,10,4,0,M,8
1,3,2.5,10,6,0,F,7
2,4,4,8,3,0,F,7
2,4,4,8,5,1,M,8
2,5,3,8,6,1,F,8
2,5,3,8,7,0,M,8
2,5,3,8,5,1,F,7
2,6,5,8,2,0,M,8
2,6,5,8,4,0,F,7
""")
)
PLAIN = Design(weight="w", stratum="stratum", psu="psu")
FINITE = Design(weight="w", stratum="stratum", psu="psu", fpc="N")
YOUTH = Design(weight="weight", stratum="stratum", psu="psu")


def near(row, **expected):
    for column, value in expected.items():
        assert row[column] == pytest.approx(value, abs=1e-6), column


def one(*args, **kwargs):
    return estimate(*args, **kwargs).row(0, named=True)


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_small_design_equals_r_on_every_engine(name):
    "A1: mean, total, share and ratio with their errors."
    frame = engine(name).frame(SMALL)
    y = one(frame, PLAIN, [mean("y")])
    near(y, value=5.18181818, se=0.71501336, df=4, low=3.19662283, high=7.16701353)
    assert y["deff"] == pytest.approx(2.5297, abs=1e-4)
    finite = one(frame, FINITE, [mean("y")])
    near(finite, se=0.57700632, low=3.5797918, high=6.78384456)
    assert one(frame, PLAIN, [total("y")])["se"] == pytest.approx(32.29551, abs=1e-5)
    assert one(frame, FINITE, [total("y")])["se"] == pytest.approx(26.27166, abs=1e-5)
    z = one(frame, PLAIN, [proportion("z")], method="logit")
    near(z, value=0.45454545, low=0.107535216, high=0.852145116)
    near(one(frame, PLAIN, [ratio("y", "w")]), value=1.504950495, se=0.3505607327)


def test_domains_keep_the_whole_design():
    "A1: means and shares by sex."
    y = estimate(SMALL, PLAIN, [mean("y")], by=["sex"])
    assert y["value"].to_list() == pytest.approx([5.142857143, 5.230769231], abs=1e-8)
    assert y["se"].to_list() == pytest.approx([0.4808286444, 1.1707805012], abs=1e-8)
    z = estimate(SMALL, PLAIN, [proportion("z")], by=["sex"])
    assert z["value"].to_list() == pytest.approx([0.5306122449, 0.3589743590], abs=1e-8)
    assert z["se"].to_list() == pytest.approx([0.2458353995, 0.2505370962], abs=1e-8)


def test_a_share_of_few_effective_answers_takes_the_exact_type_interval():
    row = one(SMALL, PLAIN, [proportion("z")])
    assert row["interval"] == "korn_graubard"
    assert row["low"] < 0.1075 and row["high"] > 0.852


def test_a_share_of_nought_has_an_interval_above_nought():
    row = one(SMALL.with_columns(none=pl.lit(0)), PLAIN, [proportion("none")])
    assert (row["value"], row["low"]) == (0, 0)
    assert 0.1 < row["high"] < 0.5


def test_jackknife_and_raking_equal_r():
    "A1: JKn error, raked weights, and errors after raking that plain reuse would overstate."
    structure = unit_rows(SMALL, PLAIN)
    w, y = SMALL["w"].to_numpy(), SMALL["y"].to_numpy().astype(float)
    replicates, factors = jackknife(structure, w)
    error = replicate_error(lambda v: float((v * y).sum() / v.sum()), replicates, factors)
    assert error == pytest.approx(0.72239, abs=1e-5)
    raked = rake(SMALL, w, {"sex": {"F": 24, "M": 22}, "yr": {7: 20, 8: 26}})
    expected = [
        1.86276490, 1.83804219, 2.33521687, 3.45633563, 2.79414736, 2.88027969, 2.32845613,
        3.72552981, 4.60844750, 3.50282531, 3.45633563, 2.79414736, 5.76055938, 4.65691226,
    ]  # fmt: skip
    assert raked.weights == pytest.approx(np.array(expected), abs=1e-6)
    margins = ["sex", "yr"]
    assert raked_mean(SMALL, "y", raked.weights, margins, structure) == pytest.approx(
        (5.1889806, 0.76141), abs=1e-5
    )
    assert raked_total(SMALL, "z", raked.weights, margins, structure) == pytest.approx(
        (21.353885, 7.24603), abs=1e-5
    )


@pytest.mark.reference
def test_youth_survey_share_equals_r(reference_data):
    "A2: YRBS 2015, 13 strata, df 41."
    frame = pl.read_parquet(reference_data("surveys/cdc_yrbs_2015_qn8_design.parquet"))
    row = one(frame, YOUTH, [proportion("qn8")])
    near(row, value=0.8136225, low=0.76954811, high=0.85090075, df=41)
    assert row["se"] == pytest.approx(0.02009, abs=1e-5)
    near(one(frame, YOUTH, [proportion("qn8")], method="t"), low=0.77305193, high=0.85419308)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_national_youth_survey_equals_r(reference_data, name):
    "A3: YRBS 2019, 16 strata, df 37."
    frame = engine(name).scan(reference_data("surveys/cdc_yrbs_national_2019.parquet"))
    sad = one(frame, YOUTH, [proportion("QN25")])
    near(sad, value=0.3671146093, se=0.0077859941, low=0.35148571, high=0.383028, n=13_421, df=37)
    near(one(frame, YOUTH, [proportion("QN25")], method="t"), low=0.35133869, high=0.38289053)
    by = estimate(frame, YOUTH, [proportion("QN25")], by=["Q2"])
    assert by["value"][:2].to_list() == pytest.approx([0.466470958, 0.267897639], abs=1e-9)
    assert by["se"][:2].to_list() == pytest.approx([0.01093877326, 0.00798523247], abs=1e-9)
    race = estimate(frame, YOUTH, [proportion("QN25")], by=["Q3"])
    assert race["value"][:4].to_list() == pytest.approx(
        [0.332366206, 0.369941102, 0.378919955, 0.390383753], abs=1e-9
    )
    assert race["se"][:4].to_list() == pytest.approx(
        [0.0119927367, 0.0151565870, 0.0118622157, 0.0139768342], abs=1e-9
    )
    belt = one(frame, YOUTH, [proportion("QN8")])
    near(belt, value=0.0654454633, se=0.0064987878, low=0.053401832, high=0.079975792, n=11_149)


@pytest.mark.reference
def test_national_total_equals_r(reference_data):
    "A3: weighted number who felt sad or hopeless."
    frame = pl.read_parquet(reference_data("surveys/cdc_yrbs_national_2019.parquet"))
    row = one(frame.with_columns(pl.col("QN25") == 1), YOUTH, [total("QN25")])
    assert row["value"] == pytest.approx(4952.5375, abs=1e-3)
    assert row["se"] == pytest.approx(250.27564, abs=1e-5)


def test_a_lonely_unit_stops_with_the_two_ways_out():
    alone = SMALL.filter(~((pl.col("stratum") == 2) & (pl.col("psu") > 4)))
    with pytest.raises(
        UsageError, match="Merge them with a neighbouring stratum, or set lonely: centre"
    ):
        estimate(alone, PLAIN, [mean("y")])
    centred = estimate(
        alone, Design(weight="w", stratum="stratum", psu="psu", lonely="centre"), [mean("y")]
    )
    assert centred["se"][0] > 0


def test_a_missing_weight_and_an_impossible_fpc_are_refused():
    with pytest.raises(UsageError, match="1 rows have a weight"):
        estimate(
            SMALL.with_columns(w=pl.when(pl.col("y") == 9).then(None).otherwise("w")),
            PLAIN,
            [mean("y")],
        )
    with pytest.raises(UsageError, match="more units in the sample"):
        estimate(SMALL.with_columns(N=pl.lit(2)), FINITE, [mean("y")])


def test_a_margin_with_a_category_nobody_gave_is_refused():
    with pytest.raises(UsageError, match="no answer in X"):
        rake(SMALL, SMALL["w"].to_numpy(), {"sex": {"F": 24, "M": 20, "X": 2}})
