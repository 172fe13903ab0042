"""A rule's examples notice when its SQL is changed (quality A29).

All changes are tried in parts by benchmarks/quality_mutation.py, which keeps its verdicts; those that no example
notices stand in survivors.csv beside this file, each with its reason.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest
from tests.quality.mutants import mutants, noticed

from threecircles.quality.database import database
from threecircles.quality.rulebook import all_versions

ENOUGH = 0.80
SURVIVORS = Path(__file__).parent / "survivors.csv"
RETURNS = ("cin", "903")


def listed():
    """Change -> reason why no example notices it."""
    with SURVIVORS.open(encoding="utf-8", newline="") as lines:
        return {
            (r["return"], r["code"], r["year"], r["mode"], r["change"]): r["reason"]
            for r in csv.DictReader(lines)
        }


def every(name):
    return [m for rule in all_versions(name) for m in mutants(rule)]


def judged(chosen):
    """How many of the changes were noticed, how many tried, and the names of those that were not."""
    counted, unnoticed = Counter(), []
    with database() as connection:
        for mutant in chosen:
            verdict = noticed(mutant, connection)
            counted[verdict] += 1
            if verdict is False:
                unnoticed.append(mutant.name)
    return counted[True], counted[True] + counted[False], unnoticed


@pytest.mark.parametrize("name", RETURNS)
def test_a_sample_of_changes_is_noticed_or_known_not_to_be(name):
    """quality A29: some thirty changes of each return; all of them by the benchmark."""
    all_of_them = every(name)
    hit, tried, unnoticed = judged(all_of_them[7 :: len(all_of_them) // 30])
    assert tried > 20 and hit >= ENOUGH * tried, unnoticed
    assert not set(unnoticed) - set(listed())


@pytest.mark.parametrize("name", RETURNS)
def test_every_survivor_has_a_reason_and_they_are_fewer_than_one_in_five(name):
    """quality A29: mutation >= 80 % per return, survivors listed with a reason."""
    own = {change: reason for change, reason in listed().items() if change[0] == name}
    names = {m.name for m in every(name)}
    assert set(own) <= names, "a listed change is none that is made"
    assert all(len(reason.split()) > 3 for reason in own.values())
    assert len(own) <= (1 - ENOUGH) * len(names)


@pytest.mark.slow
@pytest.mark.parametrize("name", RETURNS)
def test_four_in_five_changes_are_noticed(name):
    """quality A29: at least 80 % of mutants per return killed, and each survivor is listed."""
    hit, tried, unnoticed = judged(every(name))
    assert hit >= ENOUGH * tried
    assert not set(unnoticed) - set(listed())
