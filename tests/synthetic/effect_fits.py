"""Fits straight to the truth tables of planted services (synthetic A14): no links, no errors of recording.

`place` gives the tables of one place, `pooled` those of several; each fit gives estimate, error and truth.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import polars as pl

from threecircles.core.effects import least_squares, rate_ratio
from threecircles.synthetic.days import NEVER, day_of
from threecircles.synthetic.education import plan_liability
from threecircles.synthetic.effects.scene import Scene
from threecircles.synthetic.effects.truth import effect_tables
from threecircles.synthetic.effects.under import planted_in, trail_of
from threecircles.synthetic.geography import make_land
from threecircles.synthetic.homes import make_homes
from threecircles.synthetic.need import make_need
from threecircles.synthetic.people import add_alone, make_people
from threecircles.synthetic.profile import effect_files, load_profile
from threecircles.synthetic.schools import make_enrolment, make_schools
from threecircles.synthetic.world import _practice

PERIOD = 91
ROOM = 10_000_000
"""Numbers of people, schools and areas of one place among several."""


@dataclass(frozen=True)
class Told:
    """One fit; naive: what a hurried reader would have found."""

    effect: str
    value: float
    se: float
    truth: float
    naive: float | None = None

    @property
    def within(self):
        """Whether the truth lies within two errors."""
        return abs(self.value - self.truth) <= 2 * self.se


@cache
def _profile(effects):
    return load_profile("borough", *effect_files(effects, "borough"))


def _nameless(g, p, family, *rest):
    return np.full(len(family), ""), np.full(len(family), "")


def scene_of(seed, effects="planted", year=2026):
    """A borough before any service, with everything that its services and referrals rest on."""
    profile = _profile(effects)
    land = make_land(profile, seed)
    # Names come from random numbers of their own and decide nothing; drawing them takes a fifth of the time.
    with patch("threecircles.synthetic.people._names", _nameless):
        people = add_alone(profile, seed, make_people(profile, seed, year, land))
    need = make_need(profile, seed, land, people)
    homes = make_homes(profile, seed, land, people, need)
    schools = make_schools(profile, seed, land)
    plans = plan_liability(seed, people, need)
    enrolment = make_enrolment(profile, seed, year, land, people, homes, need, schools, plans)
    return Scene(profile, seed, year, land, people, need, homes, schools, enrolment)


def tables_of(scene, intercept=0.0):
    """Truth tables of a place's services, as `synth` writes them, without the rest of the place."""
    planted, need = planted_in(scene)
    visible = scene.profile["referral"]["visible_log_rate"] * (scene.enrolment.nc_year >= 0)
    rates = (scene.area(), _practice(scene.profile, scene.seed, scene.land), visible)
    trail = trail_of(scene, need, rates, intercept)
    ids = np.arange(scene.people.n)
    tables = effect_tables(scene, planted, trail, need, ids)
    person = pl.DataFrame({
        "person_id": ids, "birth": scene.people.birth, "arrive": scene.people.arrive, "exit": scene.people.exit,
        "family": scene.people.family, "area": scene.area(),
    })  # fmt: skip
    return tables | {"person": person}


def pooled(places):
    """Tables of several places under one another, each place's people, areas and schools its own."""
    joined = {}
    for number, tables in enumerate(places):
        for name, frame in tables.items():
            own = {
                c: ROOM * number + pl.col(c).cast(pl.Int64)
                for c in ("person_id", "urn", "family", "area") if c in frame.columns
            }  # fmt: skip
            joined.setdefault(name, []).append(frame.with_columns(place_no=pl.lit(number), **own))
    return {name: pl.concat(frames) for name, frames in joined.items()}


def cells(tables, effects, low, high, start, end):
    """Children at risk of a first referral by quarter of a year, with dose of each effect in its middle."""
    person = tables["person"].join(
        tables["first_referral"].drop("place_no"), on="person_id", how="left"
    )
    person = person.sort("person_id")
    ids, birth, arrive, leave = (
        person[c].to_numpy() for c in ("person_id", "birth", "arrive", "exit")
    )
    first, family = _days(person["day"]), person["family"].to_numpy()
    risk = tables["risk"]
    since = risk["year"].min()
    at = np.searchsorted(ids, risk["person_id"].to_numpy()), risk["year"].to_numpy() - since
    held = {c: np.full((len(ids), at[1].max() + 1), np.nan) for c in ("log_rate", "rise")}
    for c, values in held.items():
        values[at] = risk[c].to_numpy()
    doses = tables["exposure"].filter(pl.col("effect").is_in(effects) & pl.col("used"))
    edges = {start, end, *range(start, end, PERIOD)}
    for column in ("start", "stop"):
        days = doses[column].drop_nulls().cast(pl.Int32).unique().to_list()
        edges |= {d for d in days if start < d < end} if len(days) < 200 else set()
    spells = {
        e: (np.searchsorted(ids, d["person_id"].to_numpy()), _days(d["start"]), _days(d["stop"]), d["dose"].to_numpy())
        for e in effects for d in [doses.filter(pl.col("effect") == e)]
    }  # fmt: skip
    parts = []
    for number, (a, b) in enumerate(pairwise(sorted(edges))):
        middle = (a + b) / 2
        age = (middle - birth) / 365.25
        # A financial year ends on 31 March: its need drives the rate.
        year = _year_of(middle) - since
        here = np.flatnonzero(
            (age >= low) & (age < high) & (arrive <= a) & (leave > a) & (first >= a)
            & np.isfinite(held["log_rate"][:, year])
        )  # fmt: skip
        columns = {
            "person_id": ids[here], "family": family[here], "period": np.full(len(here), number),
            "middle": np.full(len(here), middle), "event": (first[here] < b).astype(float),
            "days": np.minimum(np.minimum(b, leave[here]), first[here] + 1) - a,
            **{c: values[here, year] for c, values in held.items()},
        }  # fmt: skip
        for effect, (who, begin, stop, dose) in spells.items():
            now = (begin <= middle) & (stop > middle)
            given = np.zeros(len(ids))
            np.maximum.at(given, who[now], dose[now])
            columns[effect] = given[here]
        parts.append(columns)
    return pl.DataFrame({c: np.concatenate([p[c] for p in parts]) for c in parts[0]})


def _days(dates):
    """Day numbers of dates; what has no date never comes."""
    return dates.cast(pl.Int32).cast(pl.Int64).fill_null(NEVER).to_numpy()


def _year_of(day):
    year = 2026
    while day <= day_of(year - 1, 3, 31):
        year -= 1
    return year


def hazard(table, effects):
    """Cox regression of grouped times: a level for each period; rates and trends of truth held alike."""
    mid = (table["middle"].to_numpy() - table["middle"].min()) / 365.25
    rise = table["rise"].to_numpy()
    columns = [table[e].to_numpy() for e in effects]
    columns += [table["log_rate"].to_numpy(), rise, rise * mid]
    return rate_ratio(
        table["event"].to_numpy(), table["days"].to_numpy(), np.column_stack(columns), table["period"].to_numpy()
    )  # fmt: skip


def _value(tables, effect):
    return tables["effects"].filter(pl.col("effect") == effect)["true_effect"][0]


def centres(tables):
    """Openings and closings together: both act on the same children."""
    end = day_of(2026, 3, 31)
    names = ["fx-centre-open", "fx-centre-close"]
    found = hazard(cells(tables, names, 0, 5, day_of(2021, 4, 1), end), names)
    return [
        Told(n, found.log_ratio[k], found.se[k], np.log(_value(tables, n)))
        for k, n in enumerate(names)
    ]


def holiday(tables):
    """Users beside others of the same need; naive: beside others as they come."""
    name, start, end = "fx-null", day_of(2023, 7, 25), day_of(2026, 3, 31)
    table = cells(tables, [name], 5, 18, start, end)
    eligible = tables["exposure"].filter(pl.col("effect") == name)["person_id"]
    table = table.filter(pl.col("person_id").is_in(eligible.implode()))
    found = hazard(table, [name])
    plain = rate_ratio(*(table[c].to_numpy() for c in ("event", "days", name, "period")))
    return [
        Told(
            name, found.log_ratio[0], found.se[0], np.log(_value(tables, name)), plain.log_ratio[0]
        )
    ]


def lot(tables):
    """All who were offered beside all who were not, as drawn."""
    name, start, end = "fx-rct", day_of(2023, 9, 1), day_of(2026, 3, 31)
    mine = tables["exposure"].filter(pl.col("effect") == name).select("person_id", "offered")
    table = cells(tables, [name], 0, 18, start, end).join(mine, on="person_id")
    x = np.column_stack([table["offered"].cast(float), table["log_rate"]])
    found = rate_ratio(
        table["event"].to_numpy(), table["days"].to_numpy(), x, table["period"].to_numpy(), table["family"].to_numpy()
    )  # fmt: skip
    return [Told(name, found.log_ratio[0], found.se[0], np.log(_value(tables, name)))]


def wedge(tables):
    """School means with a level for each school and wave."""
    name = "fx-wedge"
    means = tables["effect_wave"].group_by("place_no", "urn", "wave").agg(
        pl.col("value").mean(), pl.col("started").cast(float).mean(), n=pl.len()
    ).sort("place_no", "urn", "wave")  # fmt: skip
    dummies = [
        (means[c] == v).cast(float).to_numpy()
        for c in ("urn", "wave") for v in means[c].unique().sort().to_list()
    ]  # fmt: skip
    x = np.column_stack([means["started"].to_numpy(), *dummies])
    found = least_squares(
        x, means["value"].to_numpy(), means["urn"].to_numpy(), means["n"].to_numpy().astype(float)
    )
    return [Told(name, found.value, found.se, _value(tables, name))]


def change(tables, name):
    """After on use, with what truth knows of before; naive: before and after of the users alone."""
    rows = tables["effect_change"].filter(pl.col("effect") == name)
    held = [rows["usual"].to_numpy(), rows["before"].to_numpy(), np.ones(rows.height)]
    if "hidden" in tables and name == "fx-users":
        mine = tables["hidden"].filter(pl.col("effect") == name).select("person_id", "cause")
        rows = rows.join(mine, on="person_id")
        held.append(rows["cause"].to_numpy())
    x = np.column_stack([rows["used"].cast(float).to_numpy(), *held])
    found = least_squares(x, rows["after"].to_numpy(), np.arange(rows.height))
    users = rows.filter("used")
    return [
        Told(
            name,
            found.value,
            found.se,
            _value(tables, name),
            float((users["after"] - users["before"]).mean()),
        )
    ]


def all_fits(tables):
    """Every planted effect of the profile `effects`, fitted."""
    return [
        *centres(tables), *holiday(tables), *wedge(tables), *lot(tables),
        *change(tables, "fx-users"), *change(tables, "fx-slow"),
    ]  # fmt: skip
