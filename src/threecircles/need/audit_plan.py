"""Which case files to read: a sample with a recorded seed, known chances, and a list of who replaces whom.

The same seed draws the same list on any machine. No case is drawn without a grant that carries the study's
ethics decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Grant
from threecircles.core.sample_size import half_width
from threecircles.core.sampling import Allocation, allocate, numbers

STRATA = ("agency", "area", "age_band")


@dataclass(frozen=True)
class AuditPlan:
    """cases: those to read. replacements: the others of each stratum, in the order in which they step in.

    Columns: case, the strata, n_stratum, chance, weight, order. agency_n: cases by agency with the expected
    half-width of a share. ethics_id: the decision under which it was drawn.
    """

    cases: pl.DataFrame
    replacements: pl.DataFrame
    agency_n: pl.DataFrame
    seed: int
    ethics_id: str


def draw(
    frame: pl.DataFrame,
    total: int,
    seed: int,
    grant: Grant | None,
    *,
    how: Allocation = "proportional",
    floor: int = 0,
    share: float = 0.24,
) -> AuditPlan:
    """Draw cases from a frame of referrals.

    frame: case (one a child: a child whom several agencies know stands in it once, under the agency of its
    first referral), agency, area, age_band. how: equal, proportional or neyman (by spread of a share, equal
    here). share: expected, for half-widths. Raises NotPermitted without an ethics decision, UsageError when a
    case stands twice or more are asked for than there are.
    """
    if grant is None or not grant.ethics_id:
        raise NotPermitted(
            "No case may be drawn without an ethics decision.",
            mend="Record one (threecircles policy, kind needs_audit) and run the command again.",
        )
    grant.check()
    twice = frame.filter(pl.col("case").is_duplicated())
    if twice.height:
        raise UsageError(
            "A case stands in the frame twice.", found=str(twice["case"][0]),
            mend="Keep one line a child: the first referral.",
        )  # fmt: skip
    sizes = frame.group_by(STRATA).len("n_stratum").sort(STRATA, nulls_last=True)
    try:
        wanted = allocate(sizes["n_stratum"].to_list(), total, how, [1.0] * sizes.height, floor)
    except ValueError as error:
        raise UsageError(str(error), mend="Ask for fewer cases, or a lower floor.") from None
    sizes = sizes.with_columns(wanted=pl.Series(wanted, dtype=pl.Int64))
    drawn = (
        frame.select("case", *STRATA)
        .join(sizes, on=list(STRATA), how="left", nulls_equal=True)
        .with_columns(number=numbers(frame["case"].cast(pl.String), seed, "needs-audit"))
        .sort(*STRATA, "number", nulls_last=True)
        .with_columns(order=pl.col("case").cum_count().over(STRATA).cast(pl.Int64))
        .with_columns(chance=pl.col("wanted") / pl.col("n_stratum"))
    )
    columns = ("case", *STRATA, "n_stratum", "chance", "order")
    cases = drawn.filter(pl.col("order") <= pl.col("wanted")).select(*columns)
    return AuditPlan(
        cases.with_columns(weight=1 / pl.col("chance")),
        drawn.filter(pl.col("order") > pl.col("wanted")).select(*columns),
        _by_agency(cases, share),
        seed,
        grant.ethics_id,
    )


def one_line_a_child(referrals: pl.DataFrame, grant: Grant | None) -> pl.DataFrame:
    """Referrals of several agencies as one line a child: the first referral, and who else knew the child.

    referrals: case, agency, area, age_band and person (the number that `identity` gave; null = not linked,
    a child of its own), in order of referral. Adds agencies (joined by ";"). grant: of disclosure's
    check_may_link over the agencies. Raises NotPermitted without an ethics decision for the linkage.
    """
    if grant is None or not grant.ethics_id:
        raise NotPermitted(
            "No referrals may be joined to children without an ethics decision.",
            mend="Record one of the kind link that names the agencies (threecircles ethics draft).",
        )
    grant.check()
    who = pl.coalesce(pl.col("person").cast(pl.String), pl.format("case {}", pl.col("case")))
    known = referrals.with_columns(who.alias("_who"))
    together = known.group_by("_who", maintain_order=True).agg(
        pl.col("agency").unique(maintain_order=True).str.join(";").alias("agencies")
    )
    return (
        known.unique("_who", keep="first", maintain_order=True)
        .join(together, on="_who", how="left", maintain_order="left")
        .drop("_who", "person")
    )


def _by_agency(cases: pl.DataFrame, share: float) -> pl.DataFrame:
    counts: Sequence[tuple[str, int]] = [
        ("All", cases.height), *cases.group_by("agency").len().sort("agency").iter_rows()
    ]  # fmt: skip
    return pl.DataFrame(
        [(a, n, half_width(n, share)) for a, n in counts],
        schema=["agency", "cases", "half_width"],
        orient="row",
    )
