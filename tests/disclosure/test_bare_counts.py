"""disclosure A1: a count that is hidden only as the base of a hidden one does not come back from its total."""

from __future__ import annotations

import numpy as np
import polars as pl
from tests.disclosure.test_linked_values import spec

from threecircles.core.tables import TOTAL, Measured
from threecircles.disclosure import protecting
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.release import protect

LIVING = {"a": 10, "b": 20, "c": 30, "d": 25, "e": 40}
HELPED = {"a": 3, "b": 8, "c": 11, "d": 12, "e": 13}


def wards():
    "Three of ten in ward a were helped, so the ten are hidden too; the wards' total is shown."
    shares = [
        {"ward": w, "measure": "helped", "value": HELPED[w] / n, "n": n, "n_with": HELPED[w]}
        for w, n in LIVING.items()
    ]
    counts = [
        {"ward": w, "measure": "children", "value": float(n), "n": n}
        for w, n in {**LIVING, TOTAL: sum(LIVING.values())}.items()
    ]
    values = ("value", "n", "n_with")
    helped = spec("helped", ("ward",), "n_with", "share", values=values)
    return [
        Measured(helped, pl.DataFrame(shares)),
        Measured(spec("living", ("ward",)), pl.DataFrame(counts)),
    ]


def hidden(table):
    return set(table.frame.filter(pl.col("symbol") == "[c]")["ward"])


def test_a_base_that_is_hidden_does_not_follow_from_its_total():
    """disclosure A1: ten is no small count, but what is called hidden is hidden: another ward's goes with it."""
    helped, living = protect(wards())
    assert attack_safe([helped, living]) == []
    assert "a" in hidden(helped) and "a" in hidden(living)
    assert TOTAL not in hidden(living) and len(hidden(living)) == 2
    assert living.suppressed["primary"] == 0


def test_without_that_protection_the_attacker_subtracts(monkeypatch):
    """disclosure A1: the whole less the other wards is ten."""
    monkeypatch.setattr(protecting, "_bare", lambda made, sums, value, gone: np.zeros(value.size, bool))  # fmt: skip
    safe = protect(wards())
    assert {(dict(leak.group)["ward"], leak.value) for leak in attack_safe(safe)} == {("a", 10)}


def test_a_pattern_that_holds_is_added_to_and_not_sought_anew(monkeypatch):
    """The small counts are protected once; only what is bare is asked for after that."""
    asked = []
    real = protecting.suppress

    def counted(sums, value, wish, unshown):
        asked.append(int(wish.primary.sum()))
        return real(sums, value, wish, unshown)

    monkeypatch.setattr(protecting, "suppress", counted)
    protect(wards())
    assert asked[1:] == [1]


def test_a_base_that_stays_open_anyway_costs_nothing():
    """Where two wards are hidden already neither follows, and no third is hidden."""
    shares, counts = wards()
    few = shares.frame.with_columns(n_with=pl.when(pl.col("ward") == "b").then(2).otherwise("n_with"))  # fmt: skip
    _, living = protect([Measured(shares.spec, few), counts])
    assert hidden(living) == {"a", "b"}
