"""Rows for `need effect` of the services planted in made-up boroughs, as an analyst of the place would lay them out.

Tables: as tests/synthetic/effect_fits.py makes and pools them. Each function gives a plan and its rows.
"""

from datetime import date

import numpy as np
import polars as pl
from tests.synthetic.effect_fits import PERIOD, cells

from threecircles.need.effects import Plan
from threecircles.need.effects.plan import Assignment, Covariate, Outcome, Start
from threecircles.synthetic.days import NEVER, day_of

END = day_of(2026, 3, 31)
REFERRAL = Outcome(
    measure="first referral", role="outcome", scale="hazard_ratio", higher_is="worse"
)


def plan(name, design, start, outcome=REFERRAL, unit="child", **more):
    """A plan that may go on to the data."""
    told = {
        "id": name, "label": name, "source": "test", "version": 1, "question": f"What did {name} change?", "service": name,
        "eligible": "those of the place", "unit": unit, "design": design, "assignment": Assignment(how="asked"),
        "comparison": "those without", "places": 24, "outcome_primary": outcome, "starts": (Start(unit="first", on=start),),
    }  # fmt: skip
    return Plan(**{**told, **more})


def _mine(tables, name):
    return tables["exposure"].filter(pl.col("effect") == name)


def _followed(tables, children, start, low, high):
    """One row a child not referred before: days to the first referral or till it leaves, grows up or the year ends."""
    person = children.join(tables["person"].drop("place_no"), on="person_id")
    person = person.join(tables["first_referral"].drop("place_no"), on="person_id", how="left")
    first = person["day"].cast(pl.Int32).cast(pl.Int64).fill_null(NEVER).to_numpy()
    birth, leave = person["birth"].to_numpy(), person["exit"].to_numpy()
    begin = np.maximum(start, person["arrive"].to_numpy())
    stop = np.minimum(np.minimum(END + 1, leave), birth + int(high * 365.25))
    risk = tables["risk"].filter(pl.col("year") == _financial_year(start))
    rows = person.with_columns(
        days=pl.Series(np.minimum(stop, first + 1) - begin), ended=pl.Series((first < stop).astype(int))
    ).filter(pl.Series((first >= begin) & (stop > begin) & (birth <= start - int(low * 365.25))))  # fmt: skip
    return rows.join(risk.select("person_id", "need", "log_rate"), on="person_id")


def _financial_year(day):
    return next(y for y in range(2020, 2027) if day_of(y - 1, 3, 31) < day <= day_of(y, 3, 31))


def lot(tables):
    """Families drawn by lot, as offered: unit, arm, days, ended, what drives the rate."""
    start = day_of(2023, 9, 1)
    children = _mine(tables, "fx-rct").select("person_id", arm=pl.col("offered").cast(pl.Int8))
    rows = _followed(tables, children, start, 0, 18).with_columns(unit="family")
    held = (Covariate(id="log_rate", dated=date(2023, 4, 1)),)
    drawn = Assignment(how="drawn by lot", seed=1)
    return plan("fx-rct", "randomised", date(2023, 9, 1), covariates=held, assignment=drawn), rows


def holiday(tables):
    """Users of the holiday scheme beside others of like need, and the naive ratio beside others as they come."""
    start = day_of(2023, 7, 25)
    children = _mine(tables, "fx-null").select("person_id", arm=pl.col("used").cast(pl.Int8))
    rows = _followed(tables, children, start, 5, 18).with_columns(unit="person_id")
    held = tuple(Covariate(id=c, dated=date(2023, 4, 1)) for c in ("need", "log_rate"))
    rate = {a: r["ended"].sum() / r["days"].sum() for (a,), r in rows.group_by("arm")}
    return plan("fx-null", "matched", date(2023, 7, 25), covariates=held), rows, rate[1] / rate[0]


def wedge(tables):
    """Pupils at each wave by school; a school's start is the first wave at which it had begun."""
    waves = tables["effect_wave"].with_columns(period=pl.col("wave").cast(pl.Int64) + 1)
    begun = waves.filter("started").group_by("urn").agg(start=pl.col("period").min())
    rows = waves.join(begun, on="urn", how="left").select("period", "start", "value", unit="urn")
    feelings = Outcome(measure="feelings", role="outcome", higher_is="worse")
    drawn = Assignment(how="order drawn", seed=1)
    return plan("fx-wedge", "stepped_wedge", date(2024, 4, 14), feelings, "school", assignment=drawn), rows  # fmt: skip


def youth_work(tables):
    """Users alone, before and after."""
    users = tables["effect_change"].filter((pl.col("effect") == "fx-users") & pl.col("used"))
    rows = users.select("before", value="after", unit="person_id")
    behaviour = Outcome(measure="behaviour", role="outcome", higher_is="worse")
    return plan("fx-users", "before_after", date(2025, 3, 31), behaviour), rows


def centres(tables, name):
    """Small areas by quarter: days of children under five at risk, first referrals, and the mean nearness to what changed.

    beside: the same of the other kind of change, so that opening and closing are told apart.
    """
    other = {"fx-centre-open": "fx-centre-close", "fx-centre-close": "fx-centre-open"}[name]
    first = day_of(2021, 4, 1)
    table = cells(tables, [name, other], 0, 5, first, END)
    # Centres change on any day; counts are kept by quarter, the dose being the mean of its days.
    quarter = 1 + ((pl.col("middle") - first) / PERIOD).floor().cast(pl.Int64)
    area = tables["person"].select("person_id", "area")
    by_area = (
        table.with_columns(period=quarter).join(area, on="person_id").group_by("area", "period")
    )
    rows = by_area.agg(
        pl.col("days").sum(), ended=pl.col("event").sum(),
        dose=(pl.col(name) * pl.col("days")).sum() / pl.col("days").sum(),
        beside=(pl.col(other) * pl.col("days")).sum() / pl.col("days").sum(),
    )  # fmt: skip
    began = rows.filter(pl.col("dose") > 0.5).group_by("area").agg(start=pl.col("period").min())
    rows = rows.join(began, on="area", how="left").sort("area", "period")
    made = plan(name, "did_access", date(2021, 4, 1), unit="area")
    rows = rows.select("period", "start", "days", "ended", "dose", "beside", unit="area")
    return made, rows
