"""What leaves is attacked first: no hidden count of a release can be worked out from all its tables."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.release import protect

REGIONS = ("both", "need_only", "service_only", "neither")


def place(seed: int, children: int) -> list[Measured]:
    "The circles of a made-up place: whole, by ward, age and sex, all of the same children."
    draw = np.random.default_rng(seed)
    people = pl.DataFrame({
        "ward": [f"w{i}" for i in draw.integers(0, 7, children)],
        "age": [str(i) for i in draw.integers(9, 16, children)],
        "sex": draw.choice(["F", "M"], children),
        "region": draw.choice(REGIONS, children, p=[0.06, 0.14, 0.1, 0.7]),
    })  # fmt: skip
    return [circles(people, c) for c in (None, "ward", "age", "sex")]


def circles(people: pl.DataFrame, by: str | None) -> Measured:
    groups = [("All", people)]
    if by:
        groups += [(str(k[0]), g) for k, g in people.sort(by).group_by(by, maintain_order=True)]
    rows = []
    for name, group in groups:
        n = {r: group.filter(pl.col("region") == r).height for r in REGIONS}
        total = group.height
        told = {**{r: (n[r], total) for r in REGIONS}, "need": (n["both"] + n["need_only"], total)}
        told["service"] = (n["both"] + n["service_only"], total)
        told["coverage"] = (n["both"], n["both"] + n["need_only"])
        rows += [
            ({by: name} if by else {})
            | {"measure": m, "value": w / b if b else None, "n": b, "n_with": w}
            for m, (w, b) in told.items()
        ]
    spec = TableSpec(
        id=f"circles-{by or 'place'}", title="c", population="pupils", period="2026", unit="share", kind="share",
        dimensions=(Dimension(column=by, label=by),) if by else (), count="n_with", values=("value", "n", "n_with"),
    )  # fmt: skip
    return Measured(spec, pl.DataFrame(rows))


@pytest.mark.parametrize("seed", range(4))
def test_no_hidden_count_of_the_circles_can_be_worked_out(seed):
    """A1: all tables of the same children together."""
    safe = protect(place(seed, 400))
    assert sum(s.suppressed["hidden"] for s in safe) > 20
    assert attack_safe(safe) == []


def test_the_attacker_bites_when_secondary_suppression_is_left_out(monkeypatch):
    """A1: the test can fail."""
    from threecircles.disclosure import protecting
    from threecircles.disclosure.suppress import Pattern

    def rule_only(sums, value, wish, hidden):
        return Pattern(wish.primary | hidden, np.zeros(0, np.int64), None)

    monkeypatch.setattr(protecting, "suppress", rule_only)
    monkeypatch.setattr(protecting.Cast, "closed", lambda cast, hidden: hidden)
    assert attack_safe(protect(place(1, 400)))


def test_measures_that_are_nought_where_they_are_shown_are_not_taken_for_one():
    """A1: what is hidden of two measures may differ; the attacker must not cry wolf at noughts."""
    told = {
        "a": (40, 30, 0, 2, 8), "b": (60, 60, 0, 0, 0), "c": (21, 21, 0, 0, 0), "d": (50, 50, 0, 0, 0),
        "e": (29, 22, 1, 1, 5), "f": (33, 33, 0, 0, 0), "g": (44, 44, 0, 0, 0),
    }  # fmt: skip
    told["All"] = tuple(map(sum, zip(*told.values(), strict=True)))
    measures = ("records", "linked", "doubtful", "review", "unlinked")
    rows = [
        {"source": s, "measure": m, "value": float(n), "n": n}
        for s, counts in told.items()
        for m, n in zip(measures, counts, strict=True)
    ]
    spec = TableSpec(
        id="linkage-summary", title="l", population="source-records", period="2026", unit="records", kind="count",
        dimensions=(Dimension(column="source", label="Source"),), count="n", values=("value", "n"),
    )  # fmt: skip
    (safe,) = protect([Measured(spec, pl.DataFrame(rows))])
    assert safe.suppressed["hidden"] > 3 and attack_safe([safe]) == []


def test_a_part_that_is_the_whole_wherever_it_is_shown_does_not_tell_what_is_hidden():
    """disclosure A1: everybody seen was helped early; of the hidden few that is a guess, not a sum."""
    early, late, waits = "helped_early_365", "helped_statutory_365", "waiting_365"
    rows = []
    for area, n in (("a", 20), ("b", 31), ("c", 17), ("d", 40), ("e", 28), ("f", 3)):
        for measure, k in (("children", n), (early, n), (late, 0), (waits, 0)):
            rows.append(
                {
                    "ward": area,
                    "measure": measure,
                    "value": k / n,
                    "numerator": k if measure == "children" else None,
                    "n": n,
                }
            )
    spec = TableSpec(
        id="first", title="first", population="children-with-a-sign", period="2025", unit="share", kind="share",
        dimensions=(Dimension(column="ward", label="Ward"),), count="n", values=("value", "numerator", "n"),
    )  # fmt: skip
    (safe,) = protect([Measured(spec, pl.DataFrame(rows))])
    hidden = safe.frame.filter((pl.col("ward") == "f") & (pl.col("symbol") == "[c]"))
    assert {"children", early} <= set(hidden["measure"])
    assert attack_safe([safe]) == []
