"""Files of the early years: without them nothing would be known of a child before school."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.days import NEVER, as_dates
from threecircles.synthetic.early_years import AREAS, GOALS
from threecircles.synthetic.export.extracts import _blank, _postcodes
from threecircles.synthetic.world import World


def profile_table(world: World) -> pl.DataFrame:
    """One row per child assessed at the end of reception, seventeen goals, good level of development."""
    e, child = world.early_years, world.early_years.profile_child
    goals = {name: e.goals[:, k].astype(str) for k, name in enumerate(GOALS)}
    return pl.DataFrame({
        "upn": world.ids.upn[child], "dob": _iso(world.people.birth[child]),
        "sex": np.where(world.people.sex[child] == 1, "M", "F"), "postcode": _postcodes(world, child, world.end),
        "urn": world.schools.urn[world.enrolment.school[child]].astype(str), **goals,
        "gld": np.where(e.good, "1", "0"),
    }).filter(pl.col("upn") != "")  # fmt: skip


def review_table(world: World) -> pl.DataFrame:
    """One row per review at two to two and a half, with the five scores."""
    e, child = world.early_years, world.early_years.review_child
    scores = {f"asq_{name}": e.scores[:, k].astype(str) for k, name in enumerate(AREAS)}
    return pl.DataFrame({
        **_person(world, child), "review_date": _iso(e.review_day), **scores,
        "referred_to": _blank(np.where(e.referred, "Speech and language therapy", "")),
    })  # fmt: skip


def therapy_rows(world: World) -> np.ndarray:
    """Positions, among the reviews, of those who were referred."""
    return np.flatnonzero(
        world.early_years.referred & (world.early_years.referral_day <= world.end)
    )


def therapy_table(world: World) -> pl.DataFrame:
    """One row per referral to speech and language therapy; not yet seen is blank."""
    e, rows = world.early_years, therapy_rows(world)
    child = e.review_child[rows]
    seen = np.where(e.first_seen[rows] <= world.end, e.first_seen[rows], NEVER)
    number = [f"SLT{row + 1:06}" for row in rows]
    offered = np.where(seen < NEVER, 6, 0)
    return pl.DataFrame({
        "referral_id": number, **_person(world, child), "referral_date": _iso(e.referral_day[rows]),
        "referral_source": np.full(len(rows), "Health visiting"), "accepted": np.full(len(rows), "true"),
        "first_seen": _iso(seen), "level_of_offer": np.where(rows % 3 == 0, "one_to_one", "group"),
        "sessions_offered": offered, "sessions_attended": np.maximum(offered - rows % 3, 0),
    })  # fmt: skip


def _person(world: World, child: np.ndarray) -> dict[str, object]:
    people = world.people
    return {
        "nhs_number": world.ids.nhs[child], "forename": people.forename[child], "surname": people.surname[child],
        "dob": _iso(people.birth[child]), "sex": np.where(people.sex[child] == 1, "Male", "Female"),
        "ethnicity": world.ethnic[child], "postcode": _postcodes(world, child, world.end),
    }  # fmt: skip


def _iso(days: np.ndarray) -> pl.Series:
    return as_dates(days).dt.strftime("%Y-%m-%d")
