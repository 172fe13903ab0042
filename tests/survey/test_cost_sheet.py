"""What a shared survey costs each place: survey page, section 3c."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.core.errors import UsageError
from threecircles.survey.cost_sheet import (
    Authority,
    CostSheet,
    Item,
    page,
    prices,
    read_cost_sheet,
    total,
)

ITEMS = (
    Item(label="Shared work", amount=2_400_000, kind="shared"),
    Item(label="Own coordinator", amount=900_000, kind="own"),
)


@pytest.mark.parametrize(("count", "pounds"), [(1, 33_000), (2, 21_000), (3, 17_000), (6, 13_000)])
def test_equal_parts_fall_as_places_join(count, pounds):
    """A31."""
    places = tuple(Authority(label=f"Place {i}") for i in range(6))
    sheet = CostSheet(label="Survey", items=ITEMS, authorities=places)
    assert prices(sheet, count) == (pounds * 100,) * count


def test_by_roll_the_larger_pays_more():
    """A31."""
    places = tuple(Authority(label=str(r), roll=r) for r in (10_000, 6_000, 4_000))
    sheet = CostSheet(label="Survey", items=ITEMS, authorities=places, rule="by roll")
    assert prices(sheet) == (2_100_000, 1_620_000, 1_380_000)
    assert "With 4000: 10000 £3,000 less, 6000 £1,800 less." in page(sheet)


amounts = st.integers(0, 10**8)
kinds = st.sampled_from(["shared", "own", "per_school", "per_pupil", "per_language"])


@given(
    items=st.lists(st.tuples(amounts, kinds), min_size=1, max_size=6),
    places=st.lists(st.tuples(st.integers(1, 50_000), st.integers(0, 300), st.integers(0, 9)), min_size=1, max_size=9),
    rule=st.sampled_from(["equal", "by roll"]),
)  # fmt: skip
def test_any_rule_and_number_of_places_sums_to_the_penny(items, places, rule):
    """A31."""
    sheet = CostSheet(
        label="Survey",
        items=tuple(Item(label="x", amount=a, kind=k) for a, k in items),
        authorities=tuple(Authority(label="p", roll=r, schools=s, languages=g) for r, s, g in places),
        rule=rule,
    )  # fmt: skip
    assert all(
        sum(prices(sheet, n)) == total(sheet, n) for n in range(1, len(sheet.authorities) + 1)
    )


def test_a_share_by_roll_without_a_roll_is_refused(tmp_path):
    path = tmp_path / "sheet.yaml"
    path.write_text(
        "label: s\nrule: by roll\nitems: [{label: a, amount: 1, kind: shared}]\nauthorities: [{label: North}]\n"
    )
    with pytest.raises(UsageError, match="rolls are missing"):
        read_cost_sheet(path)
