"""What of the rules may leave the identity side (disclosure A16)."""

import polars as pl

from threecircles.quality.measured import rules_measured

RULES = pl.DataFrame({
    "return": ["903"] * 3, "rule": ["1", "2", "3"], "state": ["ran"] * 3,
    "short": ["Unaccompanied child has no date", "UASC flag differs", "Education plan is reduced"],
    "places": [4, 1, 2], "rows_tested": [9, 9, 9], "children": [4, 1, 2],
})  # fmt: skip


def test_rules_that_speak_of_immigration_are_not_published():
    """disclosure A16: their findings would tell that such children are there; other words stay."""
    made = rules_measured(RULES, "2026", {"903": "903"})
    assert made.frame["rule"].unique().to_list() == ["3"]
    assert made.spec.dimensions[1].labels == {"3": "Education plan is reduced"}
