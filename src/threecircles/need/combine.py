"""How many children hold several conditions at once: never which, and with the range that silence leaves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import polars as pl

from threecircles.core.intervals import byar
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.conditions import Combinations
from threecircles.need.linked_pairs import LINKS_NOTE, Links, ends
from threecircles.need.services.stock import VALUES, frame_of

NOTHING = "none"
MANY = 3
NUMBERS = {"0": "None", "1": "One", "2": "Two", "3+": "Three or more"}
SILENCE_NOTE = "What a source does not hold of a child is unknown, never no: least counts it as no, most as yes."


def combination_tables(
    held: pl.DataFrame, definition: Combinations, period: str, links: Links | None = None
) -> list[Measured]:
    """combinations, combinations-number and combinations-pairs from yes, no, unknown by child.

    held: as conditions_held. links: for at least and at most of each pair; None = not known how sure they are.
    Each is a table of groups of children; person_id is not carried.
    """
    ids = [c.id for c in definition.conditions]
    labels = {c.id: c.label for c in definition.conditions}
    return [
        _sets(held, ids, labels, definition, period),
        _numbers(held, ids, definition, period),
        _pairs(held, labels, definition, period, links),
    ]


def _sets(
    held: pl.DataFrame,
    ids: Sequence[str],
    labels: dict[str, str],
    definition: Combinations,
    period: str,
) -> Measured:
    """combinations: every set of conditions that at least one child holds, largest first."""
    named = held.select(
        pl.concat_str(
            [pl.when(pl.col(c) == "yes").then(pl.lit(c)) for c in ids],
            separator=" ",
            ignore_nulls=True,
        ).alias("set")
    ).with_columns(pl.when(pl.col("set") == "").then(pl.lit(NOTHING)).otherwise("set").alias("set"))
    counted = named.group_by("set").len().sort(["len", "set"], descending=[True, False])
    rows = [
        {"set": s, "measure": "children", "value": float(n), "n": n} for s, n in counted.iter_rows()
    ]
    words = {
        s: " and ".join(labels[c] for c in s.split()) if s != NOTHING else "None of these"
        for s in counted["set"]
    }
    dimension = Dimension(
        column="set", label="Held together", order=tuple(counted["set"]), labels=words
    )
    return Measured(
        _spec("combinations", "Conditions held together", (dimension,), definition, period),
        frame_of(rows, ["set"]),
    )


def _numbers(
    held: pl.DataFrame, ids: Sequence[str], definition: Combinations, period: str
) -> Measured:
    """combinations-number: children by number held; least and most bound it over what is unknown."""
    yes = pl.sum_horizontal([(pl.col(c) == "yes").cast(pl.Int64) for c in ids])
    open_ = pl.sum_horizontal([(pl.col(c) == "unknown").cast(pl.Int64) for c in ids])
    counts = held.select(yes=yes, most=yes + open_)
    rows = []
    for key in NUMBERS:
        low = int(key.rstrip("+"))
        top = low if key != "3+" else len(ids)
        inside = pl.col("yes").is_between(low, top)
        n = counts.filter(inside).height
        # Surely in the class: neither end of the child's range leaves it. Possibly: the range meets it.
        surely = counts.filter(inside & (pl.col("most") <= top)).height
        possibly = counts.filter((pl.col("yes") <= top) & (pl.col("most") >= low)).height
        rows.append(
            {
                "number": key,
                "measure": "children",
                "value": float(n),
                "low": float(surely),
                "high": float(possibly),
                "n": n,
            }
        )
    dimension = Dimension(
        column="number", label="Conditions held", order=tuple(NUMBERS), labels=NUMBERS
    )
    spec = _spec(
        "combinations-number", "How many conditions children hold", (dimension,), definition, period
    )
    return Measured(spec, frame_of(rows, ["number"]))


def _pairs(
    held: pl.DataFrame,
    labels: dict[str, str],
    definition: Combinations,
    period: str,
    links: Links | None,
) -> Measured:
    """combinations-pairs: children who hold both, and how that compares with chance.

    Measures children (low and high: by careful links, and with those that may be missing), expected (by chance
    among those of whom both are known) and ratio (Byar).
    """
    ids = list(labels)
    rows: list[dict] = []
    for one, other in combinations(definition.conditions, 2):
        a, b = one.id, other.id
        known = held.filter((pl.col(a) != "unknown") & (pl.col(b) != "unknown"))
        both = held.filter((pl.col(a) == "yes") & (pl.col(b) == "yes")).height
        n_a, n_b = (known.filter(pl.col(c) == "yes").height for c in (a, b))
        known_both = known.filter((pl.col(a) == "yes") & (pl.col(b) == "yes")).height
        expected = n_a * n_b / known.height if known.height else 0.0
        head = {"first": a, "second": b, "n": both}
        low, high = ends(held, one, other, links) if links else (None, None)
        rows.append(head | {"measure": "children", "value": float(both), "low": low, "high": high})
        rows.append(
            head | {"measure": "expected", "value": expected, "denominator": float(known.height)}
        )
        ratio: dict = {"measure": "ratio", "value": None, "reason": "not_applicable"}
        if expected > 0:
            ratio = {"measure": "ratio", "value": known_both / expected}
            ratio["low"], ratio["high"] = byar(known_both, expected)
        rows.append(head | ratio)
    first = Dimension(column="first", label="Condition", order=tuple(ids), labels=labels)
    second = Dimension(column="second", label="and", order=tuple(ids), labels=labels)
    more = (LINKS_NOTE,) if links else ()
    spec = _spec(
        "combinations-pairs", "Conditions two by two", (first, second), definition, period, more
    )
    return Measured(spec, frame_of(rows, ["first", "second"]))


def _spec(
    name: str,
    title: str,
    dimensions: tuple[Dimension, ...],
    definition: Combinations,
    period: str,
    more: tuple[str, ...] = (),
) -> TableSpec:
    return TableSpec(
        id=name,
        title=title,
        population="children-known",
        period=period,
        unit="children",
        dimensions=dimensions,
        count="n",
        values=VALUES,
        kind="count",
        page="combinations",
        notes=(SILENCE_NOTE, definition.caveat, *more),
        definitions=(f"indicators/combinations/{definition.id}@{definition.version}",),
        step="need.combine",
    )
