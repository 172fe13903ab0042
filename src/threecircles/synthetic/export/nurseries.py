"""The January censuses beside the schools', and the list of funded places: without them no coverage could be told."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.days import NEVER, age_at, as_dates
from threecircles.synthetic.export.extracts import _blank, _postcodes
from threecircles.synthetic.world import World


def early_years_census_table(world: World) -> pl.DataFrame:
    """One row per child at a nursery on census day."""
    made = world.nurseries
    child, age = made.nursery_child, age_at(world.people.birth[made.nursery_child], made.day)
    hours = np.where(made.nursery_funded, 15, np.array([20, 18, 16, 22, 24])[age.clip(0, 4)])
    return pl.DataFrame({
        "child_id": _numbers("EY", len(child)), "provider_urn": _numbers("EY9", made.nursery_setting, 5),
        **_person(world, child, made.day), "start_date": _iso(made.nursery_from), "hours_at_setting": hours.astype(str),
        "funded_hours": np.where((age >= 3) | made.nursery_funded, "15", "0"),
        "extended_hours": np.where((age == 3) & (child % 2 == 0), "15", "0"),
        "basis_of_two_year_place": _blank(np.where(made.nursery_funded, "ECO", "")),
    })  # fmt: skip


def two_year_place_table(world: World) -> pl.DataFrame:
    """One row per eligible two-year-old: offered or not, taken up or not."""
    made = world.nurseries
    child = made.two_child
    return pl.DataFrame({
        "child_id": _numbers("T", len(child)), **_person(world, child, made.day),
        "eligibility_reason": np.where(child % 12 == 0, "disability", "income"), "offered_on": _iso(made.two_offered),
        "taken_up_on": _iso(made.two_taken), "hours": _blank(np.where(made.two_taken < NEVER, "15", "")),
        "place_from": _iso(made.two_taken),
    })  # fmt: skip


def alternative_provision_table(world: World) -> pl.DataFrame:
    """One row per pupil in alternative provision; who is on no school's roll is there under a plan."""
    made = world.nurseries
    child = made.away_child
    sen = np.where(made.away_dual, world.education.sen[child], "E")
    return pl.DataFrame({
        "upn": world.ids.upn[child], **_person(world, child, made.day),
        "provider": np.array(["Pupil referral unit", "Independent provider", "Hospital school"])[child % 3],
        "reason_for_placement": np.where(made.away_dual, "Behaviour", "Setting named in the plan"),
        "start_date": _iso(made.away_from), "sessions_a_week": np.where(made.away_dual, "4", "10"), "sen_provision": sen,
    })  # fmt: skip


def _person(world: World, child: np.ndarray, day: int) -> dict[str, object]:
    people = world.people
    return {
        "forename": people.forename[child], "surname": people.surname[child], "dob": _iso(people.birth[child]),
        "sex": np.where(people.sex[child] == 1, "Male", "Female"), "ethnicity": world.ethnic[child],
        "postcode": _postcodes(world, child, day),
    }  # fmt: skip


def _numbers(prefix: str, numbers: int | np.ndarray, width: int = 6) -> list[str]:
    each = np.arange(numbers) + 1 if isinstance(numbers, int) else numbers
    return [f"{prefix}{n:0{width}d}" for n in each]


def _iso(days: np.ndarray) -> pl.Series:
    return as_dates(days).dt.strftime("%Y-%m-%d")
