"""Every column that any rule needs, removed in turn, skips exactly the rules that read it (quality A14)."""

from collections import Counter
from dataclasses import replace

import pytest

from threecircles.quality import check_tables
from threecircles.quality.availability import Availability, why_skipped
from threecircles.quality.layout import layout
from threecircles.quality.references import REFERENCES
from threecircles.quality.rulebook import rules_in_force
from threecircles.quality.shared_sql import with_parents


def everything(name):
    """Every table of this year and last with every column, and every reference."""
    form = layout(name)
    tables = {
        table + ending: frozenset(told.columns)
        for table, told in form.tables.items()
        for ending in ("", "_last")
    }
    return Availability(tables, tables, frozenset(REFERENCES) | {"window", "own_authority"})


def readers(name):
    """(table, column) -> codes of the rules that cannot do without it; a shared view's needs count as the rule's."""
    found = {}
    for rule in rules_in_force(name, 2026):
        for part in (rule, *with_parents(rule.views, name)):
            for table, columns in part.needs.items():
                for column in columns:
                    if not {table, f"{table}.{column}"} & set(part.optional):
                        found.setdefault((table, column), set()).add(rule.code)
        for sent in rule.as_sent:
            found.setdefault(tuple(sent.rsplit(".", 1)), set()).add(rule.code)
    return found


@pytest.mark.parametrize(("name", "rules", "least"), [("cin", 109, 45), ("903", 311, 70)])
def test_each_needed_column_removed_in_turn_skips_exactly_the_rules_that_need_it(
    name, rules, least
):
    """quality A14: exactly those, the column named; the others can run; the sum is the year's count."""
    there, needed = everything(name), readers(name)
    held = rules_in_force(name, 2026)
    able = {rule.code for rule in held if not why_skipped(rule, there)}
    assert len(able) == len(held) == rules and len(needed) >= least
    for (table, column), codes in needed.items():
        less = there.tables | {table: there.tables[table] - {column}}
        without = replace(there, tables=less, sent=less)
        skipped = {rule.code: why for rule in held if (why := why_skipped(rule, without))}
        stated = {r.code for r in held if column in r.needs_in("stated").get(table, ())}
        views = {r.code for r in held for v in with_parents(r.views, name) if column in v.needs.get(table, ())}  # fmt: skip
        sent = {r.code for r in held if f"{table}.{column}" in r.as_sent}
        assert set(skipped) == codes & (stated | views | sent), (table, column)
        assert all(column in why and table.removesuffix("_last") in why for why in skipped.values())


@pytest.mark.parametrize(("name", "rules"), [("cin", 109), ("903", 311)])
@pytest.mark.parametrize("every", [0, 1, 2])
def test_the_count_through_the_door_is_the_years_whatever_is_missing(name, rules, every):
    """quality A14: ran + skipped + failed, with every third column of every table gone."""
    tables = {
        table: [dict.fromkeys(column for n, column in enumerate(told.columns) if n % 3 != every)]
        for table, told in layout(name).tables.items()
    }
    report = check_tables(name, 2026, tables, {"collection_year": 2026})
    states = Counter(status.state for status in report.status.values())
    assert sum(states.values()) == rules and not states["failed"]
    assert states["skipped"] > 0
