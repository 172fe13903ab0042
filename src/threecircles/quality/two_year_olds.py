"""Two-year-olds from place to therapy: without it a source that was not sent would read as nobody helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from threecircles.definitions import HOME
from threecircles.definitions.yaml12 import parse

PLACES, REVIEWS, THERAPY = "two_year_place", "two_year_review", "speech_therapy"
ABSENT = "source absent"
COUNTS = {
    "eligible": (PLACES, "eligible for a funded place"),
    "offered": (PLACES, "offered a place"),
    "taken_up": (PLACES, "took it up"),
    "reviewed": (REVIEWS, "had the review at two"),
    "below": (REVIEWS, "scored below the cut for communication"),
    "referred": (THERAPY, "referred to speech and language therapy"),
    "seen": (THERAPY, "seen"),
    "waiting": (THERAPY, "waiting"),
}
"""Name of a count -> the table it is counted in, and what it says. The cut stands in derived/first_sign."""


@dataclass(frozen=True)
class TwoYearOlds:
    """counts: name -> children, None where the source is absent. As COUNTS, in that order."""

    counts: dict[str, int | None]

    def sentences(self) -> tuple[str, ...]:
        """One line a count; an absent source is named and never counted as nought."""
        return tuple(
            f"{ABSENT if number is None else f'{number:,}'}: {COUNTS[name][1]}"
            for name, number in self.counts.items()
        )


def two_year_olds(tables: Mapping[str, pl.DataFrame]) -> TwoYearOlds:
    """Children counted once each in places, reviews and therapy; one source says nothing of another's children.

    tables: as read, by name; any may be absent, and its counts are then None. A child is waiting when
    the referral was not refused, nobody has seen it and it was not closed.
    """
    places, reviews, therapy = (tables.get(name) for name in (PLACES, REVIEWS, THERAPY))
    counts: dict[str, int | None] = dict.fromkeys(COUNTS)
    if places is not None:
        counts["eligible"] = _children(places)
        counts["offered"] = _children(places, _filled(places, "offered_on"))
        counts["taken_up"] = _children(places, _filled(places, "taken_up_on"))
    if reviews is not None:
        score = pl.col("asq_communication").cast(pl.Float64, strict=False)
        counts["reviewed"] = _children(reviews)
        counts["below"] = _children(reviews, score < communication_cut())
    if therapy is not None:
        seen = _filled(therapy, "first_seen")
        refused = pl.col("accepted").str.to_lowercase().is_in(["0", "false", "no"])
        open_ones = ~seen & ~_filled(therapy, "discharge_date")
        if "accepted" in therapy.columns:
            open_ones &= ~refused.fill_null(False)
        counts["referred"] = _children(therapy)
        counts["seen"] = _children(therapy, seen)
        counts["waiting"] = _children(therapy, open_ones)
    return TwoYearOlds(counts)


@cache
def communication_cut() -> float:
    """The score for communication at two below which a child is asked about again."""
    path = HOME / "derived" / "first_sign.yaml"
    signs = parse(path.read_text(encoding="utf-8"), path.name).plain()["signs"]
    return float(next(sign["cut"] for sign in signs if sign["id"] == "talking-below-cut"))


def _filled(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column).is_not_null() if column in frame.columns else pl.lit(False)


def _children(frame: pl.DataFrame, test: pl.Expr | None = None) -> int:
    """Different children: by their number, else by name and date of birth."""
    known = [c for c in ("child_id", "nhs_number") if c in frame.columns]
    named = pl.concat_str(
        [pl.col(c).fill_null("") for c in ("forename", "surname", "dob") if c in frame.columns],
        separator="|",
    )
    kept = frame if test is None else frame.filter(test)
    return kept.select(pl.coalesce(*known, named).n_unique()).item() if kept.height else 0
