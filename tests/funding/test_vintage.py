"""Another vintage of a measure beside the one in use, by a crosswalk of areas (spec/funding.md 3.7)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.core.seeds import rng
from threecircles.funding.compare_files import compare_files
from threecircles.funding.vintage import Vintage, carried

SPEC = """file: cells.csv
outcome: y
trials: n
numeric: [poverty]
groups: [area, la]
"""


@pytest.fixture
def folder(tmp_path):
    """Forty areas of eight authorities; areas n0 and n1 were one area o0 when the older measure was made."""
    draw = rng(1, "vintage")
    poverty = draw.normal(size=40).round(3)
    la = np.arange(40) // 5
    eta = -2 + 0.5 * poverty + 0.3 * draw.normal(size=40) + 0.2 * draw.normal(size=8)[la]
    n = draw.integers(200, 400, 40)
    pl.DataFrame(
        {"area": [f"n{i}" for i in range(40)], "la": la, "poverty": poverty, "n": n,
         "y": draw.binomial(n, 1 / (1 + np.exp(-eta)))}
    ).write_csv(tmp_path / "cells.csv")  # fmt: skip
    older = [f"o{max(i, 1) - 1}" for i in range(40)]
    pl.DataFrame({"from": older, "to": [f"n{i}" for i in range(40)]}).write_csv(
        tmp_path / "walk.csv"
    )
    pl.DataFrame(
        {"area": [f"o{i}" for i in range(39)], "poverty": (100 + 7 * poverty[1:] + draw.normal(size=39)).round(3)}
    ).write_csv(tmp_path / "older.csv")  # fmt: skip
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def test_cut_and_merged_areas_take_weighted_means():
    values = pl.DataFrame({"area": ["o1", "o2"], "value": [10.0, 30.0]})
    walk = pl.DataFrame(
        {
            "from": ["o1", "o1", "o2", "o2"],
            "to": ["a", "b", "b", "c"],
            "weight": [1.0, 3.0, 1.0, 5.0],
        }
    )
    made = carried(values, walk, pl.Series(["c", "a", "b"]))
    assert made["area"].to_list() == ["c", "a", "b"]
    plain = np.array([30.0, 10.0, 15.0])
    assert made["value"].to_list() == pytest.approx((plain - plain.mean()) / plain.std(ddof=1))


def test_a_vintage_is_compared_without_its_level_or_its_unit(folder):
    """The older measure on another scale gives the same shares, so levels cannot be compared."""
    asked = Vintage("poverty", folder / "older.csv", folder / "walk.csv")
    found = compare_files(folder / "spec.yaml", None, vintage=asked, intervals=False)
    assert found.table["points"].abs().max() > 1e-5
    older = pl.read_csv(folder / "older.csv")
    older.with_columns(1000 - 3 * pl.col("poverty")).write_csv(folder / "other.csv")
    again = Vintage("poverty", folder / "other.csv", folder / "walk.csv")
    same = compare_files(folder / "spec.yaml", None, vintage=again, intervals=False)
    assert same.table.sort("la")["share_b"].to_list() == pytest.approx(
        found.table.sort("la")["share_b"].to_list(), abs=1e-9
    )


def test_a_vintage_without_a_crosswalk_or_with_a_short_one_is_refused(folder):
    with pytest.raises(UsageError, match="needs a crosswalk"):
        compare_files(folder / "spec.yaml", None, vintage=Vintage("poverty", folder / "older.csv", None))  # fmt: skip
    pl.read_csv(folder / "walk.csv").head(38).write_csv(folder / "short.csv")
    short = Vintage("poverty", folder / "older.csv", folder / "short.csv")
    with pytest.raises(UsageError, match=r"does not reach 2 of 40 areas[\s\S]*n38"):
        compare_files(folder / "spec.yaml", None, vintage=short)


@pytest.mark.reference
def test_income_deprivation_of_2019_reaches_every_area_of_2025(reference_data):
    """funding 3.7: the 2019 and 2025 measures lie on areas of 2011 and of 2021."""
    names = ("imd/iod2019_lsoa11", "imd/iod2025_lsoa21", "lookups/lookup_lsoa11_lsoa21_ltla22")
    older, newer, walk = (pl.read_parquet(reference_data(f"{n}.parquet")) for n in names)
    score = "Income_rank"
    made = carried(
        older.select(area="lsoa11_code", value=pl.col(score).cast(pl.Float64)),
        walk.select(**{"from": "lsoa11_code", "to": "lsoa21_code"}, weight=pl.lit(1.0)),
        newer["lsoa21_code"],
    )
    assert made.height == newer.height == 33_755
    assert made["value"].mean() == pytest.approx(0, abs=1e-9)
