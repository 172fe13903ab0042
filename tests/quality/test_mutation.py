"""A rule's examples notice when its SQL is changed (quality A29)."""

import sys
from collections import Counter

import pytest
from tests.quality.mutants import mutants

from threecircles.quality import checking
from threecircles.quality.cases import run_case
from threecircles.quality.database import database
from threecircles.quality.rulebook import all_versions

ENOUGH = 0.80


def killed(mutant, connection, monkeypatch):
    """True when an example fails, False when all hold, None when the change is no SQL."""
    monkeypatch.setattr(checking, "_chosen", lambda *_: (mutant.rule,))
    for case in mutant.rule.cases:
        for result in run_case(mutant.rule, case, connection):
            if mutant.rule.compatible and result.mode != mutant.mode:
                continue  # the other mode reads another text
            if result.status.startswith("failed"):
                return None
            if not result.holds:
                return True
    return False


def judged(chosen, monkeypatch):
    """Per return how many of the changes were noticed, and the names of those that were not."""
    noticed, tried, unnoticed = Counter(), Counter(), []
    with database() as connection:
        for mutant in chosen:
            verdict = killed(mutant, connection, monkeypatch)
            if verdict is None:
                continue
            tried[mutant.rule.return_] += 1
            noticed[mutant.rule.return_] += verdict
            if not verdict:
                unnoticed.append(f"{mutant.rule.return_} {mutant.rule.code} ({mutant.rule.version}) {mutant.mode}: {mutant.what}")  # fmt: skip
    return noticed, tried, unnoticed


def test_a_sample_of_changes_is_noticed(monkeypatch):
    """quality A29: some forty changes of each return; all of them in the slow test."""
    for name in ("cin", "903"):
        every = [m for rule in all_versions(name) for m in mutants(rule)]
        noticed, tried, unnoticed = judged(every[:: len(every) // 40], monkeypatch)
        assert tried[name] > 20
        assert noticed[name] >= ENOUGH * tried[name], unnoticed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cin", "903", "cross"])
def test_four_in_five_changes_are_noticed(name, monkeypatch):
    """quality A29: at least 80 % of mutants per return killed; survivors are printed."""
    every = [m for rule in all_versions(name) for m in mutants(rule)]
    noticed, tried, unnoticed = judged(every, monkeypatch)
    print(
        f"{name}: {noticed[name]} of {tried[name]} noticed", *unnoticed, sep="\n", file=sys.stderr
    )
    assert noticed[name] >= ENOUGH * tried[name]
