"""The spring school census: without it the largest population of children would have no names or homes."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.sources.declared import source
from threecircles.synthetic.days import NEVER, as_dates, day_of
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.world import World

Tables = dict[str, pl.DataFrame]
YEARS = np.array(["N2", "R", *(str(k) for k in range(1, 15))])
_ABSENCES = ("I", "M", "C", "O", "G", "U")


def school_census_tables(world: World) -> Tables:
    """The six tables written, with every column that the source declares, blank where not collected."""
    pupils = census_pupils(world)
    key = np.char.add("PR", np.char.zfill((np.arange(len(pupils)) + 1).astype(str), 7))
    native = np.char.add("SCH", world.schools.urn[world.enrolment.school[pupils]].astype(str))
    made = {
        "pupilonroll": _pupils(world, pupils, key, native),
        "addressesonroll": _addresses(world, pupils, key, native),
        "senneeds": _needs(world, pupils, key, native),
        "fsmperiod": _meals(world, pupils, key, native),
        "termlysessiondetailsonroll": _sessions(world, pupils, key, native),
        "termlyexclusionsonroll": _exclusions(world, pupils, key, native),
    }
    declared = {t.name: t for t in source("school-census").tables}
    return {
        name: _in_shape(frame, [c.name for c in declared[name].sent])
        for name, frame in made.items()
    }


def census_pupils(world: World) -> np.ndarray:
    """Pupils in the order of their rows: by school, each school in an order of its own."""
    pupils = np.flatnonzero(world.enrolment.school >= 0)
    within = rng(world.seed, "census", "order").random(len(pupils))
    return pupils[np.lexsort((within, world.enrolment.school[pupils]))]


def _in_shape(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    blank = [pl.lit(None, dtype=pl.String).alias(c) for c in columns if c not in frame.columns]
    return frame.with_columns(blank).select(columns)


def _stamp(days: np.ndarray) -> pl.Series:
    """Dates as the census tables hold them: 2012-Mar-09 00:00:00."""
    return as_dates(days).dt.strftime("%Y-%b-%d 00:00:00")


def _blank(text: np.ndarray) -> pl.Series:
    series = pl.Series(np.asarray(text, dtype=str))
    return series.set(series == "", None)


def _pupils(world: World, pupils: np.ndarray, key: np.ndarray, native: np.ndarray) -> pl.DataFrame:
    people, enrolment, education = world.people, world.enrolment, world.education
    school = enrolment.school[pupils]
    ethnic = world.ethnic[pupils]
    g = rng(world.seed, "census", "pupils")
    eal = np.array([world.profile["groups"]["eal_share"].get(c, 0.01) for c in people.ethnic_codes])
    groups = world.profile["groups"]
    by_phase = np.where(
        enrolment.nc_year[pupils] < 7, groups["eal_primary_factor"], groups["eal_secondary_factor"]
    )
    other = g.random(len(pupils)) < eal[people.ethnic[pupils]] * by_phase
    first = np.r_[True, school[1:] != school[:-1]]
    order = (
        np.arange(len(pupils))
        - np.maximum.accumulate(np.where(first, np.arange(len(pupils)), 0))
        + 1
    )
    adopted = world.care.adopted_by(people.n, day_of(world.year, 1, 15))[pupils]
    caring = world.need.states[-1][pupils, 5] & (
        g.random(len(pupils)) < world.profile["education"]["young_carer_recorded"]
    )
    return pl.DataFrame({
        "pupilonrolltableid": key, "NativeId": native, "dob": _stamp(people.birth[pupils]),
        "surname": people.surname[pupils], "forename": people.forename[pupils],
        "upn": _blank(world.ids.upn[pupils]), "uniquelearnernumber": _blank(world.ids.uln[pupils]),
        "sex": np.where(people.sex[pupils] == 1, "M", "F"), "entrydate": _stamp(enrolment.entry[pupils]),
        "pupilonrollorderseqcolumn": order.astype(str), "sourceid": np.char.add("SRC", world.schools.urn[school].astype(str)),
        "schoolcensustableid": np.char.add("SC", world.schools.urn[school].astype(str)),
        "urn": world.schools.urn[school].astype(str),
        "parttime": np.where(enrolment.nc_year[pupils] < 0, "1", "0"),
        "termlysessionspossible": education.possible[pupils].astype(str),
        "senunitindicator": np.full(len(pupils), "0"), "resourcedprovisionindicator": np.full(len(pupils), "0"),
        "ethnicity": ethnic, "language": np.where(other, "OTH", "ENG"),
        "enrolstatus": np.full(len(pupils), "C"), "boarder": np.full(len(pupils), "N"),
        "plaa": np.where(adopted, "A", "N"), "senprovision": education.sen[pupils],
        "ncyearactual": YEARS[enrolment.nc_year[pupils] + 1], "youngcarer": np.where(caring, "S", "N"),
    })  # fmt: skip


def _addresses(
    world: World, pupils: np.ndarray, key: np.ndarray, native: np.ndarray
) -> pl.DataFrame:
    census = day_of(world.year, 1, 15)
    family = np.maximum(world.people.family[pupils], 0)
    pc = postcode_on(world.homes, world.people, pupils, census)
    placed = world.care.lives(world.people.n, census)[pupils]
    pc = np.where(placed >= 0, placed, pc)
    uprn = world.homes.uprn[world.homes.at(family, census)].astype(str)
    return pl.DataFrame({
        "pupilonrolltableid": key, "addressesonrolltableid": np.char.replace(key, "PR", "AD"), "NativeId": native,
        "addressesonrollorderseqcolumn": np.full(len(pupils), "1"), "sourceid": np.char.replace(native, "SCH", "SRC"),
        "postcode": _blank(np.where(pc >= 0, world.land.pc[np.maximum(pc, 0)], "")),
        "uprn": _blank(np.where((placed >= 0) | (world.people.family[pupils] < 0), "", uprn)),
    })  # fmt: skip


def _needs(world: World, pupils: np.ndarray, key: np.ndarray, native: np.ndarray) -> pl.DataFrame:
    education = world.education
    first, second = education.need_type[pupils], education.second_type[pupils]
    rows = np.concatenate([np.flatnonzero(first != ""), np.flatnonzero(second != "")])
    kind = np.concatenate([first[first != ""], second[second != ""]])
    rank = np.concatenate([np.full((first != "").sum(), "1"), np.full((second != "").sum(), "2")])
    order = np.lexsort((rank, rows))
    rows, kind, rank = rows[order], kind[order], rank[order]
    return pl.DataFrame({
        "pupilonrolltableid": key[rows], "senneedstableid": _row_ids("SN", len(rows)), "NativeId": native[rows],
        "senneedsorderseqcolumn": rank, "sourceid": np.char.replace(native[rows], "SCH", "SRC"),
        "sentyperank": rank, "sentype": kind,
    })  # fmt: skip


def _row_ids(prefix: str, n: int) -> np.ndarray:
    return np.array([f"{prefix}{k + 1:07}" for k in range(n)], dtype=str)


def _meals(world: World, pupils: np.ndarray, key: np.ndarray, native: np.ndarray) -> pl.DataFrame:
    education = world.education
    rows = np.flatnonzero(education.fsm[pupils])
    since = np.minimum(education.fsm_from[pupils][rows], day_of(world.year, 1, 10))
    return pl.DataFrame({
        "pupilonrolltableid": key[rows], "fsmperiodtableid": _row_ids("FS", len(rows)), "NativeId": native[rows],
        "fsmperiodorderseqcolumn": np.full(len(rows), "1"), "sourceid": np.char.replace(native[rows], "SCH", "SRC"),
        "fsmstartdate": _stamp(since), "fsmenddate": _stamp(np.full(len(rows), NEVER)), "ukcountry": np.full(len(rows), "ENG"),
    })  # fmt: skip


def _sessions(
    world: World, pupils: np.ndarray, key: np.ndarray, native: np.ndarray
) -> pl.DataFrame:
    """Absence of the autumn term by reason; the spring census reports the term before."""
    education = world.education
    g = rng(world.seed, "census", "sessions")
    missed, authorised = education.missed[pupils], education.authorised[pupils]
    illness = g.binomial(authorised, 0.82)
    medical = g.binomial(authorised - illness, 0.6)
    other = authorised - illness - medical
    out = missed - authorised
    truant = g.binomial(out, 0.72)
    holiday = g.binomial(out - truant, 0.7)
    late = out - truant - holiday
    counts = np.stack([illness, medical, other, truant, holiday, late])
    kind, row = np.nonzero(counts)
    order = np.lexsort((kind, row))
    kind, row = kind[order], row[order]
    first = np.r_[True, row[1:] != row[:-1]]
    number = (
        np.arange(len(row)) - np.maximum.accumulate(np.where(first, np.arange(len(row)), 0)) + 1
    )
    return pl.DataFrame({
        "pupilonrolltableid": key[row], "termlysessiondetailsonrolltableid": _row_ids("TS", len(row)),
        "NativeId": native[row], "termlysessiondetailsonrollorderseqcolumn": number.astype(str),
        "sourceid": np.char.replace(native[row], "SCH", "SRC"), "sessions": counts[kind, row].astype(str),
        "attendancereason": np.array(_ABSENCES)[kind],
    })  # fmt: skip


def _exclusions(
    world: World, pupils: np.ndarray, key: np.ndarray, native: np.ndarray
) -> pl.DataFrame:
    education = world.education
    at = np.full(world.people.n, -1)
    at[pupils] = np.arange(len(pupils))
    kept = education.exclusion_in_term & (at[education.exclusion_child] >= 0)
    row = at[education.exclusion_child[kept]]
    child = education.exclusion_child[kept]
    order = np.argsort(row, kind="stable")
    row, child = row[order], child[order]
    take = lambda values: values[kept][order]  # noqa: E731
    first = np.r_[True, row[1:] != row[:-1]] if len(row) else np.zeros(0, dtype=bool)
    number = (
        np.arange(len(row)) - np.maximum.accumulate(np.where(first, np.arange(len(row)), 0)) + 1
        if len(row)
        else row
    )
    sessions = take(education.exclusion_sessions)
    permanent = take(education.exclusion_permanent)
    return pl.DataFrame({
        "pupilonrolltableid": key[row], "termlyexclusionsonrolltableid": _row_ids("TE", len(row)),
        "NativeId": native[row], "termlyexclusionsonrollorderseqcolumn": number.astype(str),
        "sourceid": np.char.replace(native[row], "SCH", "SRC"), "startdate": _stamp(take(education.exclusion_day)),
        "sessions": _blank(np.where(permanent, "", sessions.astype(str))), "reason1": take(education.exclusion_reason),
        "category": np.where(permanent, "PERM", "SUSP"), "senprovision": education.sen[child],
    })  # fmt: skip
