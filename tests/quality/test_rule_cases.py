"""Every rule's own examples, bindings and wording, for every version of every rule."""

import re

import pytest

from threecircles.quality.binding import bind
from threecircles.quality.cases import run_case
from threecircles.quality.database import database
from threecircles.quality.layout import layout
from threecircles.quality.rulebook import RETURNS, all_versions

VERSIONS = [rule for name in RETURNS for rule in all_versions(name)]
GROUPS = sorted({(rule.return_, rule.version, rule.code[:2]) for rule in VERSIONS})


def members(group):
    return [r for r in VERSIONS if (r.return_, r.version, r.code[:2]) == group]


@pytest.fixture(scope="module")
def connection():
    with database() as opened:
        yield opened


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_rule_finds_exactly_the_places_of_its_examples(group, connection):
    """quality A11: all cases pass at table level, in the mode they name or in both."""
    wrong = []
    for rule in members(group):
        for case in rule.cases:
            for result in run_case(rule, case, connection):
                if not result.holds:
                    wrong.append(
                        f"{rule.code} ({rule.version}) {result.mode}: {case.it}: wanted "
                        f"{result.wanted}, found {result.found}, {result.status}"
                    )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_rule_binds_alone_to_the_columns_it_declares(group, connection):
    for rule in members(group):
        bind(rule, connection)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_rule_has_one_example_that_fires_and_one_that_does_not(group):
    """quality 6: each at least one that fires and one that does not, per differing mode."""
    for rule in members(group):
        fires = {c.mode for c in rule.cases if c.places}
        silent = {c.mode for c in rule.cases if not c.places}
        assert fires and silent, f"{rule.code} ({rule.version})"
        if rule.compatible:
            modes = {c.mode for c in rule.cases}
            assert {"stated", "compatible"} <= modes, f"{rule.code} ({rule.version})"


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_message_is_plain(group):
    """quality A30: no bare column name, no SQL, at most 40 words; hint and reference are there."""
    for rule in members(group):
        where = f"{rule.code} ({rule.version})"
        columns = {c for t in layout(rule.return_).tables.values() for c in t.columns}
        codes = {c for c in columns if c.upper() == c or re.search(r"[a-z][A-Z]", c)}
        for text in (rule.message, rule.short, rule.hint, rule.title):
            told = re.sub(r"\{[^}]*\}|\([^)]*\)", "", text)
            words = set(re.findall(r"[A-Za-z_0-9]+", told))
            spoken = {"UPN", "CIN", "URN", "UASC"}
            assert not (words & codes) - spoken, f"{where}: {(words & codes) - spoken} in {text!r}"
            assert not re.search(r"\b(null|NaN|select|boolean|Traceback)\b", told), where
        assert len(rule.short.split()) <= 14, f"{where}: {rule.short}"
        assert rule.hint and rule.reference and rule.title, where
