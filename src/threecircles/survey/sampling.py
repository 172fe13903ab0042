"""Plans for a sample of families: how many to ask, whom, and how sure the answer will be.

Source of the sizes: Cochran, Sampling Techniques (1977), ch. 4; frames: Lohr and Rao, J. Am. Stat.
Assoc. 95 (2000) 271-280 (a child on k independent frames counts by the number of frames).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.rounding import largest_remainder
from threecircles.core.seeds import rng

Z = 1.96


@dataclass(frozen=True)
class Size:
    """completed: forms needed; to_ask: families to ask for them."""

    completed: int
    to_ask: int


def sample_size(
    share: float, half_width: float, population: int, deff: float, response: float
) -> Size:
    """How many forms are needed so that a share has an interval of +- half_width.

    share: expected, 0 to 1; half_width: as a share; deff: design effect; response: expected share of
    those asked who answer. With the correction for a finite population.
    """
    for name, value in (("share", share), ("half width", half_width), ("response", response)):
        if not 0 < value <= 1:
            raise UsageError(f"The {name} lies between 0 and 1.", found=f"{value:g}")
    plain = share * (1 - share) * Z**2 / half_width**2
    completed = deff * plain / (1 + (deff * plain - 1) / population)
    return Size(ceil(completed), ceil(ceil(completed) / response))


def half_width(completed: int, share: float = 0.5, deff: float = 1.0) -> float:
    """Half of the 95% interval of a share, in percentage points, without a finite correction."""
    return 100 * Z * sqrt(deff * share * (1 - share) / completed)


def choices(
    share: float, width: float, population: int, deff: float, response: float
) -> list[tuple[float, Size]]:
    """The size asked for, and at half and double the width: what surer would cost."""
    return [
        (w, sample_size(share, w, population, deff, response))
        for w in (width / 2, width, width * 2)
    ]


@dataclass(frozen=True)
class Drawn:
    """rows: the drawn, with household, stratum, frames, pi (chance to be drawn) and replicate.

    The main draw is replicate 0; reserves are 1, 2, ... and are released whole.
    """

    rows: pl.DataFrame
    reserves: tuple[int, ...]


def draw(frame: pl.DataFrame, size: int, seed: int, reserves: int = 0) -> Drawn:
    """A stratified sample, one child a household, and reserves as whole random replicates.

    frame: one row a child on one list: child, household, stratum. Each stratum gives households in
    proportion to its number; the same frame and seed give the same list. pi is the chance of the child:
    households drawn / households of the stratum, divided by the children of the household.
    """
    homes = (
        frame.group_by("stratum", "household")
        .agg(pl.col("child").sort())
        .sort("stratum", "household")
    )
    strata = homes.group_by("stratum").len().sort("stratum")
    counts = [int(n) for n in strata["len"]]
    if size * (1 + reserves) > sum(counts):
        raise UsageError(
            "More are to be drawn than the list holds.",
            found=str(size * (1 + reserves)),
            allowed=str(sum(counts)),
        )
    shares = largest_remainder([float(n) for n in counts], size)
    parts = []
    for (stratum, n), take in zip(strata.iter_rows(), shares, strict=True):
        own = homes.filter(pl.col("stratum") == stratum)
        generator = rng(seed, "sample", str(stratum))
        order = generator.permutation(n)
        for replicate in range(1 + reserves):
            picked = sorted(int(i) for i in order[replicate * take : (replicate + 1) * take])
            for i in picked:
                children = own["child"][i]
                parts.append(
                    {
                        "child": children[int(generator.integers(len(children)))], "household": own["household"][i],
                        "stratum": stratum, "replicate": replicate, "pi": take / n / len(children),
                    }
                )  # fmt: skip
    rows = pl.DataFrame(parts).sort("replicate", "stratum", "household")
    return Drawn(rows, tuple(range(1, 1 + reserves)))


def release(drawn: Drawn, cases: Sequence[object], released: Sequence[int]) -> pl.DataFrame:
    """Release one reserve: the cases must be all of the next replicate, in order of replicates.

    Raises UsageError for half a replicate, for a single substitute, or out of order.
    """
    following = next((r for r in drawn.reserves if r not in released), None)
    if following is None:
        raise UsageError("All reserves have been released.")
    own = drawn.rows.filter(pl.col("replicate") == following)
    if set(cases) != set(own["child"].to_list()):
        raise UsageError(
            "Reserves are released as whole replicates, in order, and all of them are worked to the end.",
            found=f"{len(set(cases))} cases", allowed=f"the {own.height} cases of replicate {following}",
        )  # fmt: skip
    return own


def weights(rows: pl.DataFrame, released: Sequence[int] = ()) -> pl.DataFrame:
    """Rows of the released replicates with base weight: 1 / chance under all released, by frames.

    rows: of Drawn, with `frames` (how many lists the child stands on; 1 where the column is absent)
    and `answered` (bool; absent = all). Weight = 1 / (pi x replicates released x frames), then, where
    some did not answer, by stratum x drawn / answered (classes below 20 merge with the whole).
    """
    used = rows.filter(pl.col("replicate").is_in([0, *released]))
    frames = pl.col("frames") if "frames" in used.columns else pl.lit(1)
    base = used.with_columns(weight=1 / (pl.col("pi") * (1 + len(released)) * frames))
    if "answered" not in used.columns:
        return base
    by = base.group_by("stratum").agg(
        pl.len().alias("_n"),
        (pl.col("weight").sum() / pl.col("weight").filter("answered").sum()).alias("_up"),
    )
    whole = float(base["weight"].sum()) / float(base.filter("answered")["weight"].sum())
    up = pl.when(pl.col("_n") >= 20).then("_up").otherwise(pl.lit(whole))
    return (
        base.join(by, on="stratum")
        .filter("answered")
        .with_columns(weight=pl.col("weight") * up)
        .drop("_n", "_up")
    )


OUTCOMES = ("completed", "refused", "no_contact", "language", "not_eligible", "eligibility_unknown")


def response_rate(log: Mapping[str, int], eligible_unknown: float) -> float:
    """Completed / (completed + refused + no contact + language + e x unknown); e is stated, 0 to 1."""
    unknown = sorted(set(log) - set(OUTCOMES))
    if unknown:
        raise UsageError(
            "The contact log holds an unknown outcome.",
            found=", ".join(unknown),
            allowed=", ".join(OUTCOMES),
        )
    asked = sum(log.get(k, 0) for k in ("completed", "refused", "no_contact", "language"))
    whole = asked + eligible_unknown * log.get("eligibility_unknown", 0)
    return log.get("completed", 0) / whole if whole else float(np.nan)
