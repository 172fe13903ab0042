"""Sums between measures are found where nobody declared them."""

from __future__ import annotations

import polars as pl

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure.undeclared import undeclared_sums

WARD = Dimension(column="ward", label="Ward")


def measured(measures: dict[str, list[int]]) -> Measured:
    "Counts of some measures in wards."
    rows = [
        {"ward": f"w{i}", "measure": m, "value": float(v), "n": v}
        for m, values in measures.items()
        for i, v in enumerate(values)
    ]
    spec = TableSpec(
        id="t", title="t", population="children", period="2026", unit="children", dimensions=(WARD,)
    )
    return Measured(spec, pl.DataFrame(rows))


PARTS = {"boys": [3, 5, 8, 13, 21, 34, 55], "girls": [7, 7, 9, 10, 30, 31, 50]}
WHOLE = [a + b for a, b in zip(*PARTS.values(), strict=True)]


def test_an_undeclared_sum_is_named():
    found = undeclared_sums([measured({**PARTS, "everyone": WHOLE})])
    assert [(f.whole, f.parts, f.groups) for f in found] == [
        ("everyone:count", ("boys:count", "girls:count"), 7)
    ]


def test_a_declared_sum_is_not_named():
    both = measured({"linked": PARTS["boys"], "linkage_rate": WHOLE, "not_agreed": PARTS["girls"]})
    whole = measured({"records": [a + b for a, b in zip(WHOLE, PARTS["girls"], strict=True)]})
    declared = [f for f in undeclared_sums([both, whole]) if f.whole == "records:count"]
    assert ("linkage_rate:count", "not_agreed:count") not in [f.parts for f in declared]


def test_measures_that_do_not_add_up_are_left_alone():
    assert undeclared_sums([measured({**PARTS, "everyone": [w + 1 for w in WHOLE]})]) == []
