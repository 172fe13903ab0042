"""The area-based formula from what authorities sent (funding A26)."""

import shutil

import pytest

from threecircles.core.errors import UsageError
from threecircles.funding.area_based import fit_received, received_text
from threecircles.synthetic.country import write_country


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    return write_country(tmp_path_factory.mktemp("country"), authorities=6).parent


@pytest.fixture
def own(country, tmp_path):
    return shutil.copytree(country, tmp_path / "own")


@pytest.fixture(scope="module")
def found(country):
    return fit_received(country / "fit.yaml")


def test_a_country_is_fitted_from_what_was_received(found):
    """funding A26: from received/ alone, small and middle areas side by side, truth within 3 errors."""
    small = found.fits["lsoa"]
    for name, true in (("low_income", 0.35), ("poor_health", 0.15)):
        assert abs(small.coefficients[name] - true) < 3 * small.standard_errors[name]
    assert found.answers["taken"].all() and found.answers.height == 6
    text = received_text(found)
    assert "small areas (LSOA)" in text and "middle areas (MSOA)" in text
    assert found.dropped["lsoa"]["hidden"] == 180 - small.areas > 0


def test_four_in_five_children_are_covered_and_each_authority_is_told(found):
    """funding A26: coverage of 0 to 17 comes out at 78 to 82 per cent and is printed per authority."""
    covered = found.coverage
    assert covered["coverage"].is_between(0.78, 0.82).all()
    assert 0.78 < covered["seen"].sum() / covered["children"].sum() < 0.82
    assert all(la in received_text(found) for la in covered["la_code"])


@pytest.mark.parametrize(
    "kind", ["area-activity", "early-years-census", "alternative-provision-census", "school-census"]
)
def test_a_missing_file_is_named(own, kind):
    """funding A26: removing a file is an error that names it."""
    (own / "received" / "E06900002" / f"{kind}.csv").unlink()
    with pytest.raises(UsageError) as told:
        fit_received(own / "fit.yaml")
    assert f"E06900002/{kind}" in str(told.value)


def test_a_file_of_placement_addresses_is_refused(own):
    """funding A26: need arises where the child came from, so the placement-address file is refused."""
    sent = own / "received" / "E06900003" / "area-activity.csv"
    sent.write_text(sent.read_text().replace("home_on_entry", "placement"))
    with pytest.raises(UsageError, match="placement") as told:
        fit_received(own / "fit.yaml")
    assert "E06900003" in str(told.value)


def test_a_file_that_does_not_add_up_is_out_until_it_is_waived(own):
    """funding A26: fit takes only files whose sum check passed or was waived with a reason."""
    totals = own / "reference" / "totals.csv"
    lines = totals.read_text().splitlines()
    code, unit, quantity = lines[1].split(",")
    lines[1] = f"{code},{unit},{int(quantity) + 500}"
    totals.write_text("\n".join(lines))
    found = fit_received(own / "fit.yaml")
    assert found.answers.filter(~found.answers["taken"])["la_code"].to_list() == [code]
    assert "in its own return" in received_text(found)
    spec = own / "fit.yaml"
    spec.write_text(
        spec.read_text() + f"waived: {{{code}: late referrals are in the return only}}\n"
    )
    assert fit_received(spec).answers["taken"].all()


def test_areas_nobody_knows_are_named(own):
    areas = own / "reference" / "areas.csv"
    areas.write_text(
        "\n".join(line for line in areas.read_text().splitlines() if "E01900004" not in line)
    )
    with pytest.raises(UsageError, match="table of areas"):
        fit_received(own / "fit.yaml")
