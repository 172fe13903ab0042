"""Who was reached, in truth: without it nobody could say whether a measured reach is right."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.attendance import Attendance
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.world import World

REGULAR_SESSIONS, REGULAR_TERMS = 6, 2
_PARTS = 1_000_000_000
_COUNTED = ("eligible", "registered", "attended", "regular", "eligible_not_using")


def reach_table(world: World, made: Attendance) -> pl.DataFrame:
    """Children by service, ward and planted group; "all" stands for every ward and every group.

    registered: on any day of the year; attended: once or more; regular: on six days in two terms or more;
    fair: the registrations expected, were no group passed over. Columns: service, ward, group, eligible,
    registered, attended, regular, eligible_not_using, fair.
    """
    days = _days(world, made)
    frames = [_children(world, made, days, s) for s in made.eligible]
    if not frames:
        return pl.DataFrame(schema={"service": pl.String, "ward": pl.String, "group": pl.String})
    each = pl.concat(frames)
    sums = [pl.col(c).sum() for c in _COUNTED]
    # Whole numbers: the sum of fractions would depend on which thread added first.
    sums.append((pl.col("fair") * _PARTS).round().cast(pl.Int64).sum() / _PARTS)
    cuts = [["service", "ward", "group"], ["service", "ward"], ["service", "group"], ["service"]]
    made_up = [
        each.group_by(keys).agg(sums).with_columns(
            **{k: pl.lit("all") for k in ("ward", "group") if k not in keys}
        ).select("service", "ward", "group", *_COUNTED, "fair")
        for keys in cuts
    ]  # fmt: skip
    return pl.concat(made_up).sort("service", "ward", "group")


def _days(world: World, made: Attendance) -> pl.DataFrame:
    """Per child and service: days with a visit and terms they lie in."""
    month = made.visit_day.astype("datetime64[D]").astype("datetime64[M]").astype("int64") % 12 + 1
    term = np.select([month >= 9, month <= 3], [0, 1], 2)
    visits = pl.DataFrame({
        "child": made.visit_child, "day": made.visit_day, "term": term,
        "service": made.venue["kind"].gather(made.session_venue[made.visit_session]),
    })  # fmt: skip
    return visits.group_by("child", "service").agg(
        days=pl.col("day").n_unique(), terms=pl.col("term").n_unique()
    )


def _children(world: World, made: Attendance, days: pl.DataFrame, service: str) -> pl.DataFrame:
    child, land = made.eligible[service], world.land
    pc = postcode_on(world.homes, world.people, child, world.end)
    area = land.pc_lsoa[np.maximum(pc, 0)]
    inside = (pc >= 0) & (area >= 0)
    kind = made.venue["kind"].gather(made.member_venue)
    members = np.unique(made.member_child[(kind == service).to_numpy()])
    ward = np.where(inside, land.ward_code[land.ward[np.maximum(area, 0)]], "not_known")
    told = pl.DataFrame({
        "service": [service] * len(child), "child": child, "group": made.group[child], "ward": ward,
        "registered": np.isin(child, members), "fair": made.fair[service],
    })  # fmt: skip
    seen = pl.col("days").fill_null(0)
    return told.join(
        days.filter(pl.col("service") == service), on=["child", "service"], how="left", maintain_order="left"
    ).with_columns(
        eligible=pl.lit(True), attended=seen >= 1,
        regular=(seen >= REGULAR_SESSIONS) & (pl.col("terms").fill_null(0) >= REGULAR_TERMS),
        eligible_not_using=seen == 0,
    ).drop("child", "days", "terms")  # fmt: skip
