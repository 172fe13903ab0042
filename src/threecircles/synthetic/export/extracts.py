"""Extracts of other agencies and the survey's files: without it only two departments would be heard."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.days import NEVER, as_dates, birthday, day_of
from threecircles.synthetic.help import handed_on
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.world import World


def _blank(text: np.ndarray) -> pl.Series:
    series = pl.Series(np.asarray(text, dtype=str))
    return series.set(series == "", None)


def _postcodes(world: World, child: np.ndarray, day: np.ndarray | int) -> pl.Series:
    pc = postcode_on(world.homes, world.people, child, day)
    return _blank(np.where(pc >= 0, world.land.pc[np.maximum(pc, 0)], ""))


def _day_first(days: np.ndarray) -> pl.Series:
    return as_dates(days).dt.strftime("%d/%m/%Y")


def early_help_table(world: World) -> pl.DataFrame:
    """Every episode that the early help system held on 31 March."""
    h, people, end = world.early_help, world.people, world.end
    rows = np.flatnonzero(h.contact <= end)
    child = h.child[rows]

    def known(days: np.ndarray) -> pl.Series:
        return _day_first(np.where(days[rows] <= end, days[rows], NEVER))

    # Of the youngest pupils the number is known where social care handed the case on with it.
    schooled = birthday(people.birth[child], 5) <= end
    schooled |= handed_on(world.details.reason, world.episodes, h)[rows]
    upn = np.where(schooled, world.ids.upn[child], "")
    count = np.arange(len(rows)) - np.searchsorted(child, child, side="left")
    number = np.char.add(np.char.add(world.ids.early_help[child], "-"), (count + 1).astype(str))
    return pl.DataFrame({
        "eh_id": number, "forename": people.forename[child], "surname": people.surname[child],
        "dob": _day_first(people.birth[child]), "sex": np.where(people.sex[child] == 1, "Male", "Female"),
        "ethnicity": world.ethnic[child], "postcode": _postcodes(world, child, h.contact[rows]), "upn": _blank(upn),
        "contact_date": known(h.contact), "contact_source": h.source[rows],
        "assessment_start": known(h.assessment_start), "assessment_end": known(h.assessment_end),
        "plan_start": known(h.plan_start), "plan_end": known(h.plan_end), "closed_date": known(h.closed),
        "outcome": _blank(np.where(h.closed[rows] <= end, h.outcome[rows], "")), "lead_agency": h.agency[rows],
    })  # fmt: skip


def early_help_people(world: World) -> np.ndarray:
    """The child of each row of the early help table."""
    h = world.early_help
    return h.child[h.contact <= world.end]


def youth_justice_table(world: World) -> pl.DataFrame:
    """Every event that the youth justice system held on 31 March."""
    j, people, end = world.justice, world.people, world.end
    rows = youth_justice_rows(world)
    child = j.child[rows]
    return pl.DataFrame({
        "yj_id": world.ids.youth_justice[child], "first_name": people.forename[child], "last_name": people.surname[child],
        "date_of_birth": as_dates(people.birth[child]).dt.strftime("%Y-%m-%d"),
        "gender": np.where(people.sex[child] == 1, "M", "F"), "ethnicity": world.ethnic[child],
        "postcode": _postcodes(world, child, j.day[rows]), "event_type": j.kind[rows],
        "event_date": as_dates(j.day[rows]).dt.strftime("%Y-%m-%d"),
        "end_date": as_dates(np.where(j.end[rows] <= end, j.end[rows], NEVER)).dt.strftime("%Y-%m-%d"),
        "offence_group": _blank(j.offence[rows]), "outcome": _blank(np.where(j.end[rows] <= end, j.outcome[rows], "")),
    })  # fmt: skip


def youth_justice_rows(world: World) -> np.ndarray:
    """Positions of the events that the extract holds."""
    return np.flatnonzero(world.justice.day <= world.end)


def survey_rows(world: World) -> np.ndarray:
    """Positions of the pupils who were asked, in the order of their codes."""
    s = world.survey
    asked = np.flatnonzero(s.asked)
    return asked[np.argsort(world.ids.survey[s.child[asked]], kind="stable")]


def survey_pupils_table(world: World) -> pl.DataFrame:
    """One row per pupil asked; answers only of those who completed. No name, no date of birth."""
    s = world.survey
    rows = survey_rows(world)
    child = s.child[rows]
    done = s.status[rows] == "completed"
    urn = world.schools.urn[world.enrolment.school[child]].astype(str)
    shown = np.array(["", "1", "2", "3", "4", "5", "", "", "", "P"])
    items = {
        name: _blank(np.where(done, shown[s.given[rows, k]], "")) for k, name in enumerate(s.items)
    }
    return pl.DataFrame({
        "code": world.ids.survey[child], "urn": urn, "nc_year": world.enrolment.nc_year[child].astype(str),
        "sex": np.where(world.people.sex[child] == 1, "M", "F"), "wave": np.full(len(rows), str(world.year)),
        "completed_on": as_dates(np.where(done, s.day[rows], NEVER)).dt.strftime("%Y-%m-%d"),
        "status": s.status[rows], **items,
    })  # fmt: skip


def survey_holder_table(world: World) -> pl.DataFrame:
    """Whose code is whose: the file that never meets the answers outside the identity side."""
    s, people = world.survey, world.people
    rows = survey_rows(world)
    child = s.child[rows]
    return pl.DataFrame({
        "code": world.ids.survey[child], "upn": _blank(world.ids.upn[child]), "forename": people.forename[child],
        "surname": people.surname[child], "dob": as_dates(people.birth[child]).dt.strftime("%Y-%m-%d"),
        "sex": np.where(people.sex[child] == 1, "Male", "Female"),
        "postcode": _postcodes(world, child, day_of(world.year, 2, 1)),
        "urn": world.schools.urn[world.enrolment.school[child]].astype(str),
        "nc_year": world.enrolment.nc_year[child].astype(str), "consent_link": np.where(s.consent[rows], "yes", "no"),
    })  # fmt: skip
