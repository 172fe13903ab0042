"""The engine against Laplace maxima found by other software (spec/funding.md 4.1)."""

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import fit, partial_sums, problem
from threecircles.core.multilevel.laplace import Modes

loaded = spec_from_file_location("pm", Path(__file__).with_name("pm.py"))
pm = module_from_spec(loaded)
loaded.loader.exec_module(pm)

TERMS = {"categorical": ["age"], "numeric": ["sex", "fsm", "x1", "x2"], "groups": ["area", "la"]}


@pytest.fixture(scope="module")
def children():
    return pm.children()


@pytest.fixture(scope="module")
def cells(children):
    return pm.cells(children[0])


@pytest.fixture(scope="module")
def k5(cells):
    return fit(cells, outcome="y", trials="n", **TERMS)


def agrees(fitted, log_likelihood, coefficients, errors, sds):
    assert fitted.log_likelihood == pytest.approx(log_likelihood, abs=1e-4)
    assert list(fitted.coefficients.values()) == pytest.approx(coefficients, abs=1e-4)
    assert list(fitted.standard_errors.values()) == pytest.approx(errors, rel=0.01)
    assert list(fitted.sds.values()) == pytest.approx(sds, abs=1e-4)
    assert fitted.converged


def test_pm_is_the_data_set_of_the_specification(children, cells):
    table, last = children
    assert (table.height, table["area"].n_unique(), table["y"].sum(), cells.height, last) == (
        75_053,
        1_393,
        2_375,
        18_786,
        1_874_979_301,
    )
    by_age = table.group_by("age").agg(pl.col("y").sum(), pl.len()).sort("age")
    # The specification prints the same four pairs in another order; its coefficients agree with this one.
    assert by_age.drop("age").rows() == [(455, 18_804), (588, 18_707), (702, 18_894), (630, 18_648)]
    assert table["fsm"].sum() == 14_314


def test_k5_binomial_of_three_levels(k5):
    """funding A8, K5."""
    agrees(
        k5, -6839.074971,
        [-4.159161, 0.272178, 0.446917, 0.343940, 0.050999, 0.930125, 0.296699, 0.157408],
        [0.081891, 0.064089, 0.061887, 0.063200, 0.042327, 0.044707, 0.025181, 0.023632],
        [0.342474, 0.362432],
    )  # fmt: skip
    assert list(k5.log_sd_errors.values()) == pytest.approx([0.113, 0.138], abs=1e-3)
    effects = [k5.authority_effects[la] for la in ("0", "1", "2", "35")]
    assert effects == pytest.approx([-0.823822, 0.352163, 0.022557, 0.812855], abs=1e-4)
    assert [k5.area_effects[a] for a in "012"] == pytest.approx(
        [-0.039523, 0.068712, 0.036305], abs=1e-4
    )


def test_a_fit_takes_a_handful_of_evaluations(k5):
    """funding A12: what its speed rests on; seconds are in benchmarks/multilevel.py."""
    assert k5.iterations <= 8


def test_k6_poisson_of_cells(cells):
    """funding A8, K6."""
    agrees(
        fit(cells, outcome="y", exposure="n", family="poisson", **TERMS), -6855.430088,
        [-4.149967, 0.259307, 0.424119, 0.327148, 0.047970, 0.876856, 0.281746, 0.148488],
        [0.078824, 0.062539, 0.060291, 0.061628, 0.041131, 0.043276, 0.023918, 0.022442],
        [0.288016, 0.345653],
    )  # fmt: skip


@pytest.mark.reference
def test_k1_inner_london_exams(reference_data):
    """funding A8, K1."""
    table = pl.read_parquet(reference_data("multilevel/mlmrev_exam.parquet"))
    table = table.with_columns(
        y=(pl.col("normexam") < -1).cast(int), male=(pl.col("sex") == "M").cast(int)
    )
    fitted = fit(table, outcome="y", numeric=["standLRT", "male"], groups=["school"])
    agrees(
        fitted,
        -1430.626137,
        [-2.401854, -1.261257, 0.529185],
        [0.106981, 0.059127, 0.118281],
        [0.510156],
    )


@pytest.mark.reference
def test_k2_fife_schools(reference_data):
    """funding A8, K2."""
    table = pl.read_parquet(reference_data("multilevel/mlmrev_scotssec.parquet"))
    table = table.with_columns(
        y=(pl.col("attain") <= 2).cast(int), male=(pl.col("sex") == "M").cast(int)
    )
    fitted = fit(table, outcome="y", numeric=["verbal", "male"], groups=["primary"])
    agrees(
        fitted,
        -1238.277936,
        [-2.471278, -0.139623, 0.224169],
        [0.106328, 0.005627, 0.104042],
        [0.424404],
    )


@pytest.mark.reference
def test_k3_chemistry_with_an_authority_level_at_nought(reference_data):
    """funding A8, K3: the boundary is reported and the level has no standard error."""
    table = pl.read_parquet(reference_data("multilevel/mlmrev_chem97.parquet"))
    table = table.with_columns(
        y=(pl.col("score") == 10).cast(int), male=(pl.col("gender") == "M").cast(int)
    )
    fitted = fit(table, outcome="y", numeric=["male", "age", "gcsecnt"], groups=["school", "lea"])
    agrees(
        fitted,
        -10330.590467,
        [-3.069464, 0.758681, -0.036063, 2.919743],
        [0.049645, 0.043534, 0.005439, 0.042291],
        [0.862401, 0],
    )
    assert fitted.at_boundary == ("lea",)
    assert "lea" not in fitted.log_sd_errors


@pytest.mark.reference
def test_k4_poisson_with_an_authority_level_at_nought(reference_data):
    """funding A8, K4."""
    table = pl.read_parquet(reference_data("multilevel/mlmrev_chem97.parquet"))
    table = table.with_columns(male=(pl.col("gender") == "M").cast(int))
    cells = table.group_by("school", "lea", "male").agg(
        zero=(pl.col("score") == 0).sum(), n=pl.len()
    )
    fitted = fit(
        cells,
        outcome="zero",
        exposure="n",
        numeric=["male"],
        groups=["school", "lea"],
        family="poisson",
    )
    assert cells.height == 3_982
    agrees(fitted, -4993.997609, [-2.444401, 0.182983], [0.037878, 0.036789], [0.935036, 0])
    assert fitted.at_boundary == ("lea",)


def test_cells_and_children_give_one_likelihood(children):
    """funding A10: collapsing children changes nothing (the constants of cells apart)."""
    few = children[0].filter(pl.col("la") < 12)
    one = fit(few, outcome="y", **TERMS)
    two = fit(pm.cells(few), outcome="y", trials="n", **TERMS)
    assert list(one.coefficients.values()) == pytest.approx(
        list(two.coefficients.values()), abs=1e-8
    )
    assert one.rows == few.height and one.cells == two.cells


def test_order_labels_and_scale_change_nothing_but_the_scaled_coefficient(cells):
    """funding A10."""
    few = cells.filter(pl.col("la") < 12)
    plain = fit(few, outcome="y", trials="n", **TERMS)
    moved = few.sample(fraction=1.0, shuffle=True, seed=4).with_columns(
        la=pl.lit("Z") + (99 - pl.col("la")).cast(pl.Utf8), x1=pl.col("x1") * 10
    )
    other = fit(moved, outcome="y", trials="n", **TERMS)
    assert other.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-7)
    assert other.coefficients["x1"] * 10 == pytest.approx(plain.coefficients["x1"], abs=1e-6)
    assert other.coefficients["fsm"] == pytest.approx(plain.coefficients["fsm"], abs=1e-6)


def test_partitions_of_whole_authorities_add_up(cells, k5):
    """funding A10: partitioned sums equal those in memory to 1e-9."""
    whole = problem(cells, outcome="y", trials="n", **TERMS)
    b = np.array([k5.coefficients[n] for n in whole.design.names])
    effects = lambda made: Modes(  # noqa: E731
        np.array([k5.area_effects[a] for a in made.area_labels]),
        np.array([k5.authority_effects[a] for a in made.authority_labels]),
    )
    parts = [
        problem(cells.filter(f), outcome="y", trials="n", **TERMS)
        for f in (pl.col("la") < 17, pl.col("la") >= 17)
    ]
    sums = [
        partial_sums(p, np.array([k5.coefficients[n] for n in p.design.names]), effects(p))
        for p in parts
    ]
    together = partial_sums(whole, b, effects(whole))
    assert sum(s["gradient"] for s in sums) == pytest.approx(
        together["gradient"], rel=1e-9, abs=1e-7
    )
    assert sum(s["weight"].sum() for s in sums) == pytest.approx(together["weight"].sum(), rel=1e-9)


def test_one_authority_is_fitted_with_two_levels_and_said(cells):
    fitted = fit(cells.filter(pl.col("la") == 4), outcome="y", trials="n", **TERMS)
    assert list(fitted.sds) == ["area"]
    assert any("only one la" in w for w in fitted.warnings)


FAULTS = [
    ({"outcome": "yy"}, "There is no column yy"),
    ({"numeric": ["same"]}, "same is the same in every row"),
    ({"numeric": ["x1", "x1_twice"]}, "can be made from the terms before"),
    ({"trials": "small"}, "above its trials"),
    ({"numeric": ["hole"]}, "hole is missing in 1 row"),
    ({"groups": ["age", "la"]}, "lie in two or more of la"),
    ({"groups": []}, "No group column"),
    ({"family": "normal"}, "family is not known"),
    ({"numeric": ["split"]}, "split separates the outcomes"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS, ids=[w for _, w in FAULTS])
def test_what_cannot_be_fitted_is_refused_by_name(cells, change, words):
    few = cells.filter(pl.col("la") < 3).with_columns(
        same=pl.lit(1), x1_twice=2 * pl.col("x1"), small=pl.when(pl.col("y") > 0).then(pl.col("y") - 0.5).otherwise(1),
        hole=pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("x1")), split=(pl.col("y") > 0).cast(int),
    )  # fmt: skip
    with pytest.raises(UsageError, match=words):
        fit(few, **{"outcome": "y", "trials": "n", "groups": ["area", "la"], **change})


def test_a_separated_term_can_be_fitted_with_a_documented_penalty(cells):
    few = cells.filter(pl.col("la") < 3).with_columns(split=(pl.col("y") > 0).cast(int))
    fitted = fit(
        few, outcome="y", trials="n", numeric=["split"], groups=["area", "la"], penalty=0.01
    )
    assert 2 < fitted.coefficients["split"] < 15


def test_effects_are_shrunk_towards_nought(k5, cells):
    raw = (
        cells.group_by("area")
        .agg((pl.col("y").sum() / pl.col("n").sum()).alias("rate"))["rate"]
        .std()
    )
    assert np.std(list(k5.area_effects.values())) < k5.sds["area"]
    assert raw > 0 and replace(k5, rows=1).rows == 1
