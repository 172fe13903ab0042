"""The children in need census of one year: without it social care would have no return to read."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.care.referrals import NO_ACTION
from threecircles.synthetic.days import NEVER, as_dates, birthday, day_of, plus_working
from threecircles.synthetic.geography import dfe_number
from threecircles.synthetic.world import World

Tables = dict[str, pl.DataFrame]


def cin_tables(world: World, year: int) -> Tables:
    """The twelve tables as they stood on 31 March of the year; what came later is not yet known.

    Modules are those with a referral in the year or open at any time in it (census guide: every child
    with an episode of need in the year); events are those that the census asks for in that year.
    """
    end, start = day_of(year, 3, 31), day_of(year - 1, 4, 1)
    e = world.episodes
    no_action = e.path == NO_ACTION
    in_year = (e.referral <= end) & np.where(no_action, e.referral >= start, e.close >= start)
    rows = np.flatnonzero(in_year)
    key = _Keys(world, rows)
    tables = {
        "Header": _header(year, dfe_number(world.profile.number)),
        "ChildIdentifiers": _identifiers(world, key, end),
        "ChildCharacteristics": pl.DataFrame(
            {"LAchildID": world.ids.care[key.children], "Ethnicity": world.ethnic[key.children]}
        ),
        "Disabilities": _disabilities(world, key, rows),
        "CINdetails": _details(world, key, rows, end),
    }
    assessed = _assessments(world, key, rows, start, end)
    tables |= {"Assessments": assessed[0], "AssessmentFactorsList": assessed[1]}
    tables["CINplanDates"] = _plans(world, key, rows, start, end)
    tables["Section47"] = _enquiries(world, key, start, end)
    tables["ChildProtectionPlans"] = _protection(world, key, rows, start, end)
    tables["Reviews"] = _reviews(world, key, tables["ChildProtectionPlans"], start, end)
    return tables


class _Keys:
    """Ordinals of the modules written, and the children they belong to."""

    def __init__(self, world: World, rows: np.ndarray) -> None:
        child = world.episodes.child[rows]
        self.children, first = np.unique(child, return_index=True)
        self.child_id = world.ids.care
        order = np.arange(len(rows))
        self.ordinal = np.zeros(len(world.episodes.child), dtype="int64")
        self.ordinal[rows] = order - first[np.searchsorted(self.children, child)] + 1

    def frame(self, world: World, episode: np.ndarray) -> dict[str, object]:
        return {
            "LAchildID": self.child_id[world.episodes.child[episode]],
            "CINdetailsID": self.ordinal[episode],
        }


def _header(year: int, number: str) -> pl.DataFrame:
    return pl.DataFrame({
        "Collection": ["CIN"], "Year": [str(year)], "ReferenceDate": [f"{year}-03-31"], "SourceLevel": ["L"],
        "LEA": [number], "SoftwareCode": ["Three Circles made-up data"], "Release": ["1"], "SerialNo": ["001"],
        "DateTime": [f"{year}-05-28T09:00:00"],
    })  # fmt: skip


def _identifiers(world: World, key: _Keys, end: int) -> pl.DataFrame:
    c = key.children
    people = world.people
    unborn = people.birth[c] > end
    upn = world.ids.upn[c]
    # A pupil gets a number when school begins: the year's census cannot know a later one.
    school_age = birthday(people.birth[c], 4) <= end - 120
    known = (upn != "") & school_age & ~unborn
    unknown = np.where(
        known, "", np.where(people.uasc[c], "UN3", np.where(school_age & ~unborn, "UN2", "UN1"))
    )
    death = np.where(people.death[c] <= end, people.death[c], NEVER)
    sex = np.where(unborn, "U", np.where(people.sex[c] == 1, "M", "F"))
    return pl.DataFrame({
        "LAchildID": world.ids.care[c],
        "UPN": _blank(np.where(known, upn, "")),
        "FormerUPN": pl.Series([None] * len(c), dtype=pl.String),
        "UPNunknown": _blank(unknown),
        "PersonBirthDate": as_dates(people.birth[c], unborn),
        "ExpectedPersonBirthDate": as_dates(people.birth[c], ~unborn),
        "Sex": sex,
        "PersonDeathDate": as_dates(death),
    })  # fmt: skip


def _blank(text: np.ndarray) -> pl.Series:
    series = pl.Series(text)
    return series.set(series == "", None)


def _disabilities(world: World, key: _Keys, rows: np.ndarray) -> pl.DataFrame:
    d = world.details
    asked = np.zeros(world.people.n, dtype=bool)
    asked[world.episodes.child[rows[world.episodes.path[rows] != NO_ACTION]]] = True
    kept = asked[d.disability_child]
    return pl.DataFrame(
        {
            "LAchildID": world.ids.care[d.disability_child[kept]],
            "Disability": d.disability_code[kept],
        }
    )


def _details(world: World, key: _Keys, rows: np.ndarray, end: int) -> pl.DataFrame:
    e, d = world.episodes, world.details
    no_action = e.path[rows] == NO_ACTION
    closed = ~no_action & (e.close[rows] <= end)
    return pl.DataFrame({
        **key.frame(world, rows),
        "CINreferralDate": as_dates(e.referral[rows]),
        "ReferralSource": d.source[rows],
        "PrimaryNeedCode": _blank(np.where(no_action, "", d.need[rows])),
        "CINclosureDate": as_dates(e.close[rows], ~closed),
        "ReasonForClosure": _blank(np.where(closed, d.reason[rows], "")),
        "DateOfInitialCPC": pl.Series([None] * len(rows), dtype=pl.Date),
        "ReferralNFA": np.where(no_action, "1", "0"),
    })  # fmt: skip


def _assessments(
    world: World, key: _Keys, rows: np.ndarray, start: int, end: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Assessments begun by the day and not finished before the year, with their factors."""
    d = world.details
    sets = ((1, d.assessment_start, d.assessment_end), (2, d.again_start, d.again_end))
    parts = [_assessed(world, key, rows, start, end, *one) for one in sets]
    frames = [pl.concat(both) for both in zip(*parts, strict=True)]
    order = ["LAchildID", "CINdetailsID", "AssessmentID"]
    return frames[0].sort(order), frames[1].sort([*order, "AssessmentFactor"])


def _assessed(
    world: World,
    key: _Keys,
    rows: np.ndarray,
    start: int,
    end: int,
    number: int,
    begin: np.ndarray,
    finish: np.ndarray,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    d = world.details
    kept = rows[(begin[rows] <= end) & (finish[rows] >= start)]
    done = finish[kept] <= end
    frame = pl.DataFrame({
        **key.frame(world, kept),
        "AssessmentID": np.full(len(kept), number, dtype="int64"),
        "AssessmentActualStartDate": as_dates(begin[kept]),
        "AssessmentInternalReviewDate": as_dates(
            np.minimum(plus_working(begin[kept], 10), finish[kept]), plus_working(begin[kept], 10) > end
        ),
        "AssessmentAuthorisationDate": as_dates(finish[kept], ~done),
    })  # fmt: skip
    finished = np.zeros(len(world.episodes.child), dtype=bool)
    finished[kept[done]] = True
    factor = finished[d.factor_episode]
    at, code = d.factor_episode[factor], d.factor_code[factor]
    # "No factors" belongs to cases already closed; an open one says "other" till then.
    still_open = (world.episodes.close[at] > end) | (number == 2)
    code = np.where((code == "21") & still_open, "20", code)
    factors = pl.DataFrame({
        **key.frame(world, at), "AssessmentID": np.full(len(at), number, dtype="int64"), "AssessmentFactor": code,
    })  # fmt: skip
    return frame, factors


def _plans(world: World, key: _Keys, rows: np.ndarray, start: int, end: int) -> pl.DataFrame:
    e = world.episodes
    kept = rows[(e.plan_start[rows] <= end) & (e.plan_end[rows] >= start)]
    return pl.DataFrame({
        **key.frame(world, kept),
        "CINPlanStartDate": as_dates(e.plan_start[kept]),
        "CINPlanEndDate": as_dates(e.plan_end[kept], e.plan_end[kept] > end),
    })  # fmt: skip


def _enquiries(world: World, key: _Keys, start: int, end: int) -> pl.DataFrame:
    d = world.details
    held = (d.enquiry_conference >= start) & (d.enquiry_conference <= end)
    kept = (
        (d.enquiry_start <= end)
        & (held | (d.enquiry_start >= start))
        & (key.ordinal[d.enquiry_episode] > 0)
    )
    kept &= (d.enquiry_conference >= start) | d.enquiry_not_required
    at = np.flatnonzero(kept)
    target = plus_working(d.enquiry_start[at], 15)
    none = d.enquiry_not_required[at]
    return pl.DataFrame({
        **key.frame(world, d.enquiry_episode[at]),
        "S47ActualStartDate": as_dates(d.enquiry_start[at]),
        "InitialCPCtarget": as_dates(target, none),
        "DateOfInitialCPC": as_dates(d.enquiry_conference[at], d.enquiry_conference[at] > end),
        "ICPCnotRequired": np.where(none, "1", "0"),
    })  # fmt: skip


def _protection(world: World, key: _Keys, rows: np.ndarray, start: int, end: int) -> pl.DataFrame:
    e, d = world.episodes, world.details
    kept = rows[(e.conference[rows] <= end) & (e.protect_end[rows] >= start)]
    return pl.DataFrame({
        **key.frame(world, kept),
        "CPPID": np.ones(len(kept), dtype="int64"),
        "CPPstartDate": as_dates(e.conference[kept]),
        "CPPendDate": as_dates(e.protect_end[kept], e.protect_end[kept] > end),
        "InitialCategoryOfAbuse": d.category[kept],
        "LatestCategoryOfAbuse": d.latest_category[kept],
        "NumberOfPreviousCPP": d.previous_plans[kept],
    })  # fmt: skip


def _reviews(world: World, key: _Keys, plans: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    d, e = world.details, world.episodes
    at = d.review_episode
    kept = (
        (d.review_day >= start)
        & (d.review_day <= end)
        & (key.ordinal[at] > 0)
        & (e.protect_end[at] >= start)
    )
    return pl.DataFrame({
        **key.frame(world, at[kept]), "CPPID": np.ones(kept.sum(), dtype="int64"),
        "CPPreviewDate": as_dates(d.review_day[kept]),
    })  # fmt: skip
