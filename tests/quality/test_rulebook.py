"""Which rules hold in which year."""

import pytest

from threecircles.core.errors import UsageError
from threecircles.quality.rulebook import (
    all_versions,
    return_id,
    rules_in_force,
    year_label,
    year_number,
)


@pytest.mark.parametrize(
    ("year", "count"), [(2023, 105), (2024, 105), (2025, 109), (2026, 109), (2027, 109)]
)
def test_the_census_has_its_rules_in_each_year(year, count):
    """quality A10: CIN 2022-23 to 2026-27 = 105, 105, 109, 109, 109."""
    assert len(rules_in_force("cin", year)) == count


def test_every_statement_of_the_census_is_a_rule():
    """quality A10: 114 statements, 109 codes."""
    versions = all_versions("cin")
    assert len(versions) == 114
    assert len({rule.code for rule in versions}) == 109


@pytest.mark.parametrize("written", [2026, "2026", "2025-26", "2025/26", "2025-2026", "2026.0"])
def test_a_collection_year_may_be_written_in_the_usual_ways(written):
    assert year_number(written) == 2026
    assert year_label(2026) == "2025-26"


@pytest.mark.parametrize("written", ["2025-27", "last year", "26"])
def test_what_is_no_collection_year_is_refused(written):
    with pytest.raises(UsageError, match="not a collection year"):
        year_number(written)


@pytest.mark.parametrize("written", ["cin", "CIN", "cin-census", "CIN census"])
def test_a_return_may_be_written_in_the_usual_ways(written):
    assert return_id(written) == "cin"


def test_an_unknown_return_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="cin, 903, cross"):
        return_id("school")


def test_a_year_before_the_oldest_rule_set_is_refused():
    with pytest.raises(UsageError, match="2022-23"):
        rules_in_force("cin", 2020)
