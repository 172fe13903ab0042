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


def test_a_rule_that_reads_such_a_field_is_not_published_whatever_its_words_say():
    """disclosure A16: a rule is known by the fields it reads too, by its own or through a view."""
    reads = {
        ("903", "3"): frozenset({"Header.CHILD", "Header_last.UASC"}),
        ("903", "4"): frozenset({"Episodes.DECOM", "Header.SEX"}),
    }
    rules = pl.concat([RULES, RULES.tail(1).with_columns(rule=pl.lit("4"))])
    made = rules_measured(rules, "2026", {"903": "903"}, reads)
    assert made.frame["rule"].unique().to_list() == ["4"]


def test_the_rules_that_read_such_fields_are_known_from_their_definitions():
    """disclosure A16: words that say nothing (104, 205C, 303, 304) and a shared view (164, 392a, 392b)."""
    silent = ["104", "205C", "303", "304", "164", "392a", "392b"]
    rows = pl.DataFrame({
        "return": "903", "rule": [*silent, "101"], "state": "ran", "short": "Date is too early.",
        "places": 1, "rows_tested": 9, "children": 1,
    })  # fmt: skip
    made = rules_measured(rows, "2026", {"903": "903"})
    assert made.frame["rule"].unique().to_list() == ["101"]
