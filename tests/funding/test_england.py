"""The illustration of a formula on England's published figures (spec/funding.md 6)."""

import pytest

from threecircles.core.errors import UsageError
from threecircles.funding.england import WARNING, as_dict, demo_england, published_folder
from threecircles.funding.formula_show import england_text

TABLE = {
    "cin": (-3.42440, -0.12394, 0.24631, 0.10858, 0.450, 93.5, 0.12381, 0.261),
    "cpp": (-5.53099, -0.05996, 0.25979, 0.02238, 0.410, 24.1, 0.14638, 0.197),
    "cla": (-5.05242, -0.05005, 0.33895, -0.05956, 0.727, 21.0, 0.17128, 0.232),
}


@pytest.fixture(scope="module")
def england(reference_data):
    return demo_england(reference_data("lait/lait_long.parquet").parents[1])


@pytest.mark.reference
@pytest.mark.parametrize("outcome", TABLE)
def test_coefficients_come_out_to_four_decimals(england, outcome):
    """funding A23."""
    *coefficients, explained, dispersion, alone, alone_explained = TABLE[outcome]
    fitted, single = england.fits[outcome], england.alone[outcome]
    assert list(fitted.coefficients.values()) == pytest.approx(coefficients, abs=5e-5)
    assert (round(fitted.explained, 3), round(fitted.dispersion, 1)) == (explained, dispersion)
    assert single.coefficients["idaci"] == pytest.approx(alone, abs=5e-5)
    assert round(single.explained, 3) == alone_explained


@pytest.mark.reference
def test_the_sign_flips_and_the_page_says_why(england):
    """funding A23: two authorities without counts are named; a flipped sign is no driver."""
    assert set(england.missing) == {"Isles of Scilly", "City of London"}
    assert all("idaci" in england.flipped(o) for o in TABLE)
    assert england.correlation == pytest.approx(0.737, abs=5e-4)
    text = england_text(england)
    assert text.startswith(WARNING)
    assert text.endswith(WARNING)
    assert "does not say that poverty lowers need" in text
    assert "driver" not in text


@pytest.mark.reference
def test_relative_shares_are_those_worked_by_other_means(england):
    """funding 6: to three figures."""
    names = dict(england.table.select("name", "area").iter_rows())
    expected = {
        "Blackpool": 2.03, "Manchester": 1.55, "Norfolk": 0.956, "Tower Hamlets": 0.922,
        "Camden": 0.914, "Wokingham": 0.531,
    }  # fmt: skip
    for name, share in expected.items():
        assert england.relative[names[name]] == pytest.approx(
            share, abs=0.005 if share > 1 else 5e-4
        )
    counted = england.table.drop_nulls(list(TABLE))
    sums = counted.select("cla", "cin", "cpp", "population").sum().row(0)
    assert (counted.height, *map(int, sums)) == (151, 81_766, 402_313, 49_411, 12_181_850)
    assert as_dict(england)["warning"] == WARNING


def test_without_the_files_it_says_what_to_give(monkeypatch):
    monkeypatch.delenv("THREECIRCLES_DATA", raising=False)
    with pytest.raises(UsageError, match="--data FOLDER"):
        published_folder(None)
