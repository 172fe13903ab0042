"""Cost in two parts (spec/funding.md 3.4)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.core.seeds import rng
from threecircles.funding.compare_files import compare_files
from threecircles.funding.explain import explain
from threecircles.funding.formula import load_formula
from threecircles.funding.shares import predict
from threecircles.funding.two_part import cost_glm, fit_two_part, two_part_text
from threecircles.funding.write_formula import write_formula

SPEC = """file: children.parquet
outcome: any_cost
cost: pounds
categorical: [sex]
numeric: [x]
groups: [area, la]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    draw = rng(4, "two parts")
    n = 12_000
    area = draw.integers(0, 200, n)
    x, sex = draw.normal(size=n).round(1), draw.integers(0, 2, n)
    local = (0.3 * draw.normal(size=20))[area // 10]
    any_cost = draw.random(n) < 1 / (1 + np.exp(-(-2.2 + 0.5 * x + local)))
    mean = np.exp(8 + 0.3 * x + 0.4 * sex)
    pounds = np.where(any_cost, mean * draw.gamma(2.0, 0.5, n), 0).round(2)
    here = tmp_path_factory.mktemp("two")
    table = {
        "area": area,
        "la": area // 10,
        "x": x,
        "sex": np.array(["f", "m"])[sex],
        "pounds": pounds,
    }
    pl.DataFrame(table).write_parquet(here / "children.parquet")
    (here / "spec.yaml").write_text(SPEC)
    return here


def test_both_parts_are_recovered_and_multiplied(folder):
    found = fit_two_part(folder / "spec.yaml")
    for fitted, name, true in (
        (found.any, "x", 0.5),
        (found.amount, "x", 0.3),
        (found.amount, "sex[m]", 0.4),
    ):
        assert abs(fitted.coefficients[name] - true) < 3 * fitted.standard_errors[name]
    write_formula(found.formula, folder / "f.yaml")
    table = pl.read_parquet(folder / "children.parquet").with_columns(n=pl.lit(1))
    shares = predict(load_formula(folder / "f.yaml"), table, la="la")
    assert shares.expected.sum() == pytest.approx(table["pounds"].sum(), rel=0.04)
    top = found.deciles.row(9, named=True)
    assert top["predicted"] == pytest.approx(top["observed"], rel=0.1)
    assert top["predicted"] > 5 * found.deciles["predicted"][0]
    assert "one-part" in two_part_text(found)


def test_an_explanation_of_two_parts_is_of_their_product(folder):
    """funding A20: the parts add up to the share that predict gives, also where outcomes are multiplied."""
    found = fit_two_part(folder / "spec.yaml").formula
    table = pl.read_parquet(folder / "children.parquet").with_columns(n=pl.lit(1))
    shares = predict(found, table, la="la", rule="at_zero")
    here = shares.la.index("3")
    heads = table.filter(pl.col("la") == 3).height / table.height
    parts = explain(found, table, "3", {"x": ["x"], "sex": ["sex"]}, rule="at_zero")
    assert sum(parts.values()) == pytest.approx(np.log(shares.share[here] / heads), abs=1e-10)


def test_the_gamma_fit_and_its_clustered_errors_are_those_of_statsmodels(folder):
    api = pytest.importorskip("statsmodels.api")
    users = pl.read_parquet(folder / "children.parquet").filter(pl.col("pounds") > 0)
    ours = cost_glm(
        users, cost="pounds", family="gamma", categorical=["sex"], numeric=["x"], clusters="la"
    )
    x = np.column_stack([np.ones(users.height), users["sex"] == "m", users["x"]]).astype(float)
    family = api.families.Gamma(api.families.links.Log())
    theirs = api.GLM(users["pounds"].to_numpy(), x, family=family).fit(
        cov_type="cluster", cov_kwds={"groups": users["la"].to_numpy()}, tol=1e-12
    )
    assert list(ours.coefficients.values()) == pytest.approx(theirs.params, rel=1e-6)
    assert list(ours.standard_errors.values()) == pytest.approx(theirs.bse, rel=1e-4)


def test_what_cannot_be_split_in_two_is_refused(folder, tmp_path):
    table = pl.read_parquet(folder / "children.parquet")
    table.with_columns(pounds=pl.when(pl.int_range(pl.len()) < 5).then(1.0).otherwise(0.0)).write_parquet(tmp_path / "children.parquet")  # fmt: skip
    (tmp_path / "spec.yaml").write_text(SPEC)
    with pytest.raises(UsageError, match="Only 5 children"):
        fit_two_part(tmp_path / "spec.yaml")
    table.with_columns(pounds=-pl.col("pounds")).write_parquet(tmp_path / "children.parquet")
    with pytest.raises(UsageError, match="below nought"):
        fit_two_part(tmp_path / "spec.yaml")


def test_a_formula_is_set_beside_itself_with_a_rule_or_a_weight_changed(folder):
    found = fit_two_part(folder / "spec.yaml")
    write_formula(found.formula, folder / "g.yaml")
    pl.read_parquet(folder / "children.parquet").with_columns(n=pl.lit(1)).write_parquet(folder / "cells.parquet")  # fmt: skip
    asked = {"inputs": folder / "cells.parquet", "la": "la"}
    moved = compare_files(folder / "g.yaml", None, change={"effect_rule": "at_zero"}, **asked)
    assert 0 < moved.table["change"].abs().max() < 0.05
    same = compare_files(folder / "g.yaml", None, change={"cost.amount": "3"}, **asked)
    assert same.table["change"].abs().max() < 1e-12
    with pytest.raises(UsageError, match="cannot be changed"):
        compare_files(folder / "g.yaml", None, change={"cost.nothing": "3"}, **asked)


def test_a_value_that_no_user_has_costs_what_the_reference_costs(folder, tmp_path):
    """Such a value separates the first part, so the fit is refused until a penalty is named."""
    table = pl.read_parquet(folder / "children.parquet")
    rare = (pl.col("pounds") == 0) & (pl.int_range(pl.len()) % 40 == 0)
    table.with_columns(sex=pl.when(rare).then(pl.lit("z")).otherwise("sex")).write_parquet(
        tmp_path / "children.parquet"
    )
    (tmp_path / "spec.yaml").write_text(SPEC)
    with pytest.raises(UsageError, match=r"sex\[z\] separates"):
        fit_two_part(tmp_path / "spec.yaml")
    (tmp_path / "spec.yaml").write_text(SPEC + "penalty: 0.01\n")
    found = fit_two_part(tmp_path / "spec.yaml")
    assert found.formula.outcomes[1].terms[0].estimates["z"] == 0.0
    assert any("normal prior" in w for w in found.any.warnings)
