"""Who is hard to reach: rural class by distance by deprivation, so that a far, poor, rural corner is not lost in three margins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.areas import FIFTHS
from threecircles.need.measured import group_label
from threecircles.need.travel import Bands

BY = ("rural", "distance", "deprivation")
WHERE, MARK = "where", "|"
"""Column of the three together while a table is made, and what stands between them."""
NOT_KNOWN = "not_known"


def subsets() -> Iterator[tuple[str, ...]]:
    """The three, every two, every one and none: all margins, since a table of the inside alone would give them away."""
    for size in range(len(BY), -1, -1):
        yield from combinations(BY, size)


def together(values: Mapping[str, Mapping[str, str]], some: Sequence[str]) -> dict[str, str]:
    """lsoa21 -> the values of `some` of the three, the rest "All", joined. values: by breakdown, lsoa21 -> value."""
    areas = sorted({a for name in BY for a in values.get(name, {})})
    return {
        a: MARK.join(values[n].get(a, NOT_KNOWN) if n in some else TOTAL for n in BY) for a in areas
    }


def nowhere(some: Sequence[str]) -> str:
    """What `together` would say of a home of which none of the three is known."""
    return MARK.join(NOT_KNOWN if n in some else TOTAL for n in BY)


def joined(frame: pl.DataFrame, some: Sequence[str]) -> pl.DataFrame:
    """The frame with the column `where` from its own columns of the three."""
    parts = [pl.col(n).fill_null(NOT_KNOWN) if n in some else pl.lit(TOTAL) for n in BY]
    return frame.with_columns(pl.concat_str(parts, separator=MARK).alias(WHERE))


def crossed(make: Callable[[tuple[str, ...]], pl.DataFrame]) -> pl.DataFrame:
    """Frames of every margin in one, the three as columns. make: some of the three -> a frame with `where`,
    whose own total is left out.
    """
    parts = []
    for some in subsets():
        made = make(some).filter(pl.col(WHERE) != TOTAL)
        split = pl.col(WHERE).str.split_exact(MARK, len(BY) - 1).struct.rename_fields(list(BY))
        parts.append(made.with_columns(split.alias("_three")).unnest("_three").drop(WHERE))
    return pl.concat(parts, how="diagonal")


def three(values: Mapping[str, Sequence[str]], bands: Bands) -> tuple[Dimension, ...]:
    """The three dimensions. values: what each holds; bands: of how far the nearest open place is."""
    ranks = {"distance": list(bands.names), "deprivation": list(FIFTHS)}
    labels = {"distance": bands.labels, "deprivation": FIFTHS}
    made = []
    for name in BY:
        held = set(values[name]) - {TOTAL}
        known = ranks.get(name, sorted(held - {NOT_KNOWN}))
        order = (TOTAL, *(v for v in (*known, NOT_KNOWN) if v in held))
        told = {TOTAL: "All", NOT_KNOWN: "Not known", **labels.get(name, {})}
        words = bands.label if name == "distance" else group_label(name)
        made.append(Dimension(column=name, label=words, order=order, labels=told))
    return tuple(made)


def table_of(frame: pl.DataFrame, like: TableSpec, name: str, title: str, bands: Bands) -> Measured:
    """The measured table `name` from a crossed frame. like: the specification of the table by `where`."""
    first = tuple(d for d in like.dimensions if d.column != WHERE)
    shape = (*first, *three({n: frame[n].unique().to_list() for n in BY}, bands))
    notes = (*like.notes, bands.said)
    spec = replace(like, id=name, title=title, dimensions=shape, page="reach", notes=notes)
    columns = [d.column for d in shape]
    rest = [c for c in frame.columns if c not in columns]
    return Measured(spec, frame.select(*columns, *rest))
