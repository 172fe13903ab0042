"""The draw and its reserves: without known chances the answers could not speak for those not asked.

One child of each household is chosen by lot, then cases by stratum; a case's chance is the product. A
reserve is a whole replicate: part of one is a sample of those who were easy to reach.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.sampling import allocate, numbers
from threecircles.survey.sample_plan import SamplePlan

CODE, HOUSEHOLD = "code", "household"


def draw(frame: pl.DataFrame, plan: SamplePlan, total: int, frame_id: str = "") -> pl.DataFrame:
    """First draw and reserves from one frame.

    frame: one row a child: code (text, unique), household (text; null = alone), the plan's strata, and
    `frames` (whole number of lists the child is on, 1 when left out). total: cases of the first draw.
    Returns the cases: code, household, frame, strata, stratum, eligible (children of the household on
    the list), frames, replicate (0 = first draw, then the reserves in order), n_stratum (households of
    the stratum with a chosen child), sorted by replicate and code.
    Raises UsageError for repeated codes, a missing stratum, or more cases than households.
    """
    _refuse(frame, plan)
    chosen = _one_a_household(frame, plan.strata, plan.seed, frame_id)
    sizes = chosen.group_by("stratum").len().sort("stratum")
    if total > chosen.height:
        raise UsageError(
            f"{total:,} cases cannot be drawn: the list holds {chosen.height:,} households.",
            where=frame_id,
            mend="Ask for less certainty, or add a list.",
        )
    order = [total] + [round(plan.reserve_share * total)] * plan.reserves
    upto = _upto(sizes["len"].to_list(), order, plan, sizes["stratum"].to_list())
    ends = pl.DataFrame({"stratum": sizes["stratum"], "n_stratum": sizes["len"], "upto": upto})
    place = pl.col("_by").rank("ordinal").over("stratum")
    return (
        chosen.with_columns(_by=numbers(chosen[CODE], plan.seed, f"draw {frame_id}"))
        .join(ends, on="stratum", how="left")
        .with_columns(place.alias("_place"), pl.lit(frame_id).alias("frame"))
        .explode("upto")
        .with_columns(pl.int_range(pl.len()).over(CODE).alias("replicate"))
        .filter(pl.col("_place") <= pl.col("upto"))
        .sort("replicate")
        .unique(CODE, keep="first", maintain_order=True)
        .drop("_by", "_place", "upto")
        .sort("replicate", CODE)
    )


def released(drawn: pl.DataFrame, replicates: int) -> pl.DataFrame:
    """The cases of the first draw and of the reserves up to `replicates`, with their chances.

    Adds pi (chance of the case) and weight (1 / pi, divided by the lists the child is on, drawn
    independently). Chances are of all that was released: a reserve released is part of the draw.
    """
    held = int(drawn["replicate"].max() or 0)  # type: ignore[arg-type]
    if not 0 <= replicates <= held:
        raise UsageError(f"There are {held} reserves.", found=str(replicates))
    cases = drawn.filter(pl.col("replicate") <= replicates)
    drawn_here = pl.len().over("frame", "stratum")
    return cases.with_columns(
        (drawn_here / pl.col("n_stratum") / pl.col("eligible")).alias("pi")
    ).with_columns((1 / pl.col("pi") / pl.col("frames")).alias("weight"))


def check_released(drawn: pl.DataFrame, worked: Mapping[str, str]) -> int:
    """How many reserves the cases worked on make. worked: code -> outcome so far ("" = not begun).

    Raises UsageError when a case outside the draw was asked, when part of a reserve was released, or
    when a later reserve was begun before an earlier one.
    """
    strangers = sorted(set(worked) - set(drawn[CODE].to_list()))
    if strangers:
        raise UsageError(
            f"{len(strangers)} cases were asked that were not drawn: a substitute is not a draw.",
            found=", ".join(strangers[:5]),
            mend="Take them out; when too few answer, release the next whole reserve.",
        )
    last = 0
    for (replicate,), cases in drawn.sort("replicate").group_by("replicate", maintain_order=True):
        begun = sum(code in worked for code in cases[CODE])
        if 0 < begun < cases.height or (begun and int(str(replicate)) > last + 1):
            raise UsageError(
                f"Reserve {replicate} is released in part: {begun} of {cases.height} cases.",
                allowed="reserves are released whole and in order",
                mend="Release its other cases too, and work them all to the end.",
            )
        last = int(str(replicate)) if begun else last
    return last


def _refuse(frame: pl.DataFrame, plan: SamplePlan) -> None:
    missing = [c for c in (CODE, HOUSEHOLD, *plan.strata) if c not in frame.columns]
    if missing:
        raise UsageError("The list lacks columns that the plan names.", found=", ".join(frame.columns), allowed=", ".join(missing))  # fmt: skip
    repeated = frame.filter(pl.col(CODE).is_duplicated())[CODE].unique().sort()
    if repeated.len():
        raise UsageError(f"{repeated.len()} codes stand twice in one list.", found=", ".join(map(str, repeated.head(5))), mend="One row a child; a child on several lists has one row in each.")  # fmt: skip


def _stratum(strata: tuple[str, ...]) -> pl.Expr:
    if not strata:
        return pl.lit("all").alias("stratum")
    return pl.concat_str(
        [pl.col(c).cast(pl.String).fill_null("not known") for c in strata], separator=" / "
    ).alias("stratum")


def _one_a_household(
    frame: pl.DataFrame, strata: tuple[str, ...], seed: int, frame_id: str
) -> pl.DataFrame:
    """One child of each household by lot, with the number it was chosen from."""
    lists = pl.col("frames") if "frames" in frame.columns else pl.lit(1).alias("frames")
    return (
        frame.with_columns(
            lists,
            _stratum(strata),
            pl.coalesce(HOUSEHOLD, pl.lit("alone ") + pl.col(CODE)).alias("_home"),
            _lot=numbers(frame[CODE], seed, f"household {frame_id}"),
        )
        .with_columns(pl.len().over("_home").alias("eligible"))
        .sort("_home", "_lot")
        .unique("_home", keep="first", maintain_order=True)
        .drop("_home", "_lot")
    )


def _upto(
    sizes: list[int], order: list[int], plan: SamplePlan, names: list[str]
) -> list[list[int]]:
    """For each stratum the running total of cases after the first draw and after each reserve."""
    spread = [plan.spread.get(n, 1.0) for n in names]
    done = [0] * len(sizes)
    ends: list[list[int]] = []
    for cases in order:
        left = [s - d for s, d in zip(sizes, done, strict=True)]
        if cases > sum(left):
            break
        floor = plan.floor if not ends else 0
        parts = allocate(left, cases, plan.allocation, spread, floor)
        done = [d + p for d, p in zip(done, parts, strict=True)]
        ends.append(list(done))
    return [[end[i] for end in ends] for i in range(len(sizes))]
