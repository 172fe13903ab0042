"""Ten councils most alike, chosen before any figure was seen: comparing with whoever looks bad is no comparison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import Definition, load, read_csv
from threecircles.need.published_areas import England
from threecircles.sources.published import read_published


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparator(Definition):
    """How a set of authorities to compare with is chosen. leave_out: closeness codes not to show."""

    kind: Literal["statistical", "geographic", "custom", "own_history", "region", "england"]
    table: str = ""
    vintage: str = ""
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparatorSet:
    """The members of one authority's set, in order, with the day it was fixed.

    after_results: the set was chosen once values had been seen, which every table then says.
    """

    id: str
    own: str
    members: tuple[str, ...]
    source: str
    chosen_on: date | None = None
    after_results: bool = False

    def note(self) -> str:
        """How the set was chosen, for a table."""
        told = f"{len(self.members)} authorities: {self.source}."
        return (
            f"{told} The set was chosen after the figures had been seen."
            if self.after_results
            else told
        )


def neighbours(
    england: England, comparator_id: str = "statistical-neighbours-2025"
) -> pl.DataFrame:
    """Every authority's neighbours: area, rank (1 nearest), neighbour (ONS code), closeness (code), level (1-5).

    Joined on DfE numbers; the blanks some words carry are taken off. The relation is not symmetric.
    """
    comparator = load(f"comparators/{comparator_id}", Comparator)
    codes = {r["label"]: (r["code"], int(r["level"])) for r in read_csv("comparators/closeness")}
    frame = read_published(england.files[comparator.table])
    words = frame.get_column("closeness").unique().to_list()
    unknown = [w for w in words if w not in codes]
    if unknown:
        raise UsageError(
            "A word of closeness is not known.", found=", ".join(unknown), allowed=", ".join(codes)
        )
    number = england.authorities.select(pl.col("la_number").cast(pl.Utf8), "area")
    laid = (
        frame.join(number, on="la_number")
        .join(number.rename({"la_number": "neighbour", "area": "neighbour_area"}), on="neighbour")
        .select(
            "area",
            pl.col("rank").cast(pl.Int64),
            pl.col("neighbour_area").alias("neighbour"),
            pl.col("closeness")
            .replace_strict({w: c[0] for w, c in codes.items()})
            .alias("closeness"),
            pl.col("closeness")
            .replace_strict({w: c[1] for w, c in codes.items()}, return_dtype=pl.Int64)
            .alias("level"),
        )
    )
    if laid.height != frame.height:
        raise UsageError(
            "Some neighbours are no authorities of today.",
            found=f"{frame.height - laid.height} rows",
        )
    return laid.filter(~pl.col("closeness").is_in(list(comparator.leave_out))).sort("area", "rank")


def neighbour_set(
    england: England, area: str, leave_out: frozenset[str] = frozenset()
) -> ComparatorSet:
    """The statistical neighbours of one authority, nearest first. leave_out: closeness codes not to show."""
    known = england.authorities.get_column("area").to_list()
    if area not in known:
        raise UsageError(
            "There is no such authority among the 153.", found=area, mend=did_you_mean(area, known)
        )
    comparator = load("comparators/statistical-neighbours-2025", Comparator)
    own = neighbours(england).filter(
        pl.col("area") == area, ~pl.col("closeness").is_in(list(leave_out))
    )
    source = comparator.label + (f", without {', '.join(sorted(leave_out))}" if leave_out else "")
    return ComparatorSet(
        comparator.id, area, tuple(own.get_column("neighbour")), source, comparator.valid_from
    )
