"""The looked-after children return of one year: without it care could be read only from the census."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.care.looked_after import adopter_days
from threecircles.synthetic.days import NEVER, age_at, as_dates, birthday, day_of, plus_working
from threecircles.synthetic.draw import exactly, highest
from threecircles.synthetic.world import World

Tables = dict[str, pl.DataFrame]


def ssda903_tables(world: World, year: int) -> Tables:
    """The eleven tables of the year to 31 March, in the collection's codes."""
    end, start = day_of(year, 3, 31), day_of(year - 1, 4, 1)
    care = world.care
    rows = np.flatnonzero((care.start <= end) & (care.end >= start) & _counted(world, start, end))
    period = care.period[rows]
    child = care.period_child[period]
    leavers = _leavers(world, year, start, end)
    children = np.unique(np.concatenate([child, leavers["child"]]))
    tables = {"Header": _header(world, children, np.unique(child), end)}
    tables["Episodes"] = _episodes(world, rows, end)
    inside = np.unique(period)
    tables["Reviews"] = _reviews(world, inside, start, end)
    tables["UASC"] = _alone(world, np.unique(child), start)
    tables["OC2"] = _health(world, np.unique(child), year, start, end)
    tables["OC3"] = _leaver_table(world, leavers, year)
    tables |= _adoption(world, inside, start, end)
    tables["PrevPerm"] = _before(world, inside, start, end)
    tables["Missing"] = _missing(world, inside, start, end)
    tables["SWEpisodes"] = _workers(world, inside, start, end)
    return tables


def _counted(world: World, start: int, end: int) -> np.ndarray:
    """Episodes of periods that touch the year at all; one that ended before it belongs to last year."""
    care = world.care
    return (care.end > start) | (care.start >= start) | (care.rec == "X1") & (care.end >= start)


def _blank(text: np.ndarray) -> pl.Series:
    series = pl.Series(np.asarray(text, dtype=str))
    return series.set(series == "", None)


def _sex(world: World, child: np.ndarray) -> np.ndarray:
    return np.where(world.people.sex[child] == 1, "M", "F")


def _header(world: World, children: np.ndarray, in_care: np.ndarray, end: int) -> pl.DataFrame:
    people = world.people
    upn = world.ids.upn[children]
    school_age = birthday(people.birth[children], 4) <= end - 200
    text = np.where(
        (upn != "") & school_age,
        upn,
        np.where(people.uasc[children], "UN3", np.where(school_age, "UN2", "UN1")),
    )
    mother = np.where((people.sex[children] == 0) & np.isin(children, in_care), "0", "")
    return pl.DataFrame({
        "CHILD": world.ids.care[children], "SEX": _sex(world, children),
        "DOB": as_dates(people.birth[children]), "ETHNIC": world.ethnic[children], "UPN": text,
        "MOTHER": _blank(mother), "MC_DOB": pl.Series([None] * len(children), dtype=pl.Date),
    })  # fmt: skip


def _episodes(world: World, rows: np.ndarray, end: int) -> pl.DataFrame:
    care, land = world.care, world.land
    period = care.period[rows]
    is_open = care.end[rows] > end
    home = care.period_home[period]
    return pl.DataFrame({
        "CHILD": world.ids.care[care.period_child[period]],
        "DECOM": as_dates(care.start[rows]),
        "RNE": care.rne[rows],
        "LS": care.legal[rows],
        "CIN": care.period_need[period],
        "PLACE": care.place[rows],
        "PLACE_PROVIDER": care.provider[rows],
        "DEC": as_dates(care.end[rows], is_open),
        "REC": _blank(np.where(is_open, "", care.rec[rows])),
        "REASON_PLACE_CHANGE": _blank(np.where(is_open, "", care.reason[rows])),
        "HOME_POST": _blank(np.where(home >= 0, land.pc[np.maximum(home, 0)], "")),
        "PL_POST": land.pc[care.pc[rows]],
        "URN": _blank(care.urn[rows]),
    }).sort("CHILD", "DECOM")  # fmt: skip


def _reviews(world: World, periods: np.ndarray, start: int, end: int) -> pl.DataFrame:
    """First review within 20 working days, the second after three months, then every six."""
    care, p = world.care, world.profile["ladder"]
    codes, share = p.shares("review_code_shares")
    owners, days = [], []
    at = plus_working(care.period_start[periods], 18)
    for k in range(38):
        held = (at < care.period_end[periods]) & (at >= start) & (at <= end)
        owners.append(periods[held])
        days.append(at[held])
        at = at + (85 if k == 0 else 178)
    owner, day = np.concatenate(owners), np.concatenate(days)
    child = care.period_child[owner]
    g = rng(world.seed, "903", "reviews", start)
    code = np.array(codes)[
        np.searchsorted(np.cumsum(share), g.random(len(child))).clip(0, len(share) - 1)
    ]
    code = np.where(birthday(world.people.birth[child], 4) > day, "PN0", code)
    return pl.DataFrame({
        "CHILD": world.ids.care[child], "DOB": as_dates(world.people.birth[child]),
        "REVIEW": as_dates(day), "REVIEW_CODE": code,
    }).sort("CHILD", "REVIEW")  # fmt: skip


def _alone(world: World, children: np.ndarray, start: int) -> pl.DataFrame:
    people = world.people
    adult = birthday(people.birth, 18)
    who = children[people.uasc[children] & (adult[children] >= start)]
    return pl.DataFrame({
        "CHILD": world.ids.care[who], "SEX": _sex(world, who), "DOB": as_dates(people.birth[who]),
        "DUC": as_dates(adult[who]),
    }).sort("CHILD")  # fmt: skip


def continuous(world: World, start: int, end: int) -> np.ndarray:
    """Children looked after all through the year (rule notes: CLA)."""
    care = world.care
    whole = (care.period_start < start + 1) & (care.period_end >= end)
    touching = (care.period_start <= end) & (care.period_end >= start)
    broken = touching & ~whole
    return np.setdiff1d(care.period_child[whole & touching], care.period_child[broken])


def _health(world: World, children: np.ndarray, year: int, start: int, end: int) -> pl.DataFrame:
    p, people = world.profile["ladder"], world.people
    who = continuous(world, start, end)
    n = len(who)
    g = rng(world.seed, "903", "health", year)
    birth = people.birth[who]
    four, seventeen = birthday(birth, 4) <= end, birthday(birth, 17) >= start
    asked = four & seventeen
    eta = world.need.eta[world.need.year_of(np.full(1, end))[0]][who].mean(axis=1)
    rank = np.argsort(np.argsort(eta + g.normal(0, 0.8, n), kind="stable"), kind="stable")
    score = np.round(p.curve("sdq_percentiles", (rank + 0.5) / max(n, 1))).astype("int64")
    got = highest(g.random(n), asked, p["sdq_received"])
    why = np.array(["SDQ2", "SDQ3", "SDQ4", "SDQ5"])[g.integers(0, 4, n)]

    def yes(share: float, mask: np.ndarray) -> pl.Series:
        return _blank(np.where(mask, np.where(highest(g.random(n), mask, share), "1", "0"), ""))

    all_of = np.ones(n, dtype=bool)
    ten, five = birthday(birth, 10) <= end, birthday(birth, 5) <= end
    misuse = (g.random(n) < p["substance"]) & (age_at(birth, end) >= 11)
    received = misuse & (g.random(n) < 0.6)
    return pl.DataFrame({
        "CHILD": world.ids.care[who], "DOB": as_dates(birth),
        "SDQ_SCORE": _blank(np.where(got, score.astype(str), "")),
        "SDQ_REASON": _blank(np.where(asked & ~got, why, "")),
        "CONVICTED": yes(p["convicted"], ten),
        "HEALTH_CHECK": yes(p["health_check_under_5"], ~five),
        "IMMUNISATIONS": yes(p["immunised"], all_of),
        "TEETH_CHECK": yes(p["dental"], all_of),
        "HEALTH_ASSESSMENT": yes(p["health_assessment"], all_of),
        "SUBSTANCE_MISUSE": np.where(misuse, "1", "0"),
        "INTERVENTION_RECEIVED": _blank(np.where(misuse, np.where(received, "1", "0"), "")),
        "INTERVENTION_OFFERED": _blank(np.where(misuse & ~received, "1", "")),
    }).sort("CHILD")  # fmt: skip


def _leavers(world: World, year: int, start: int, end: int) -> dict[str, np.ndarray]:
    """Young people who turned 17 to 19 in the year after care that ended in this or last year's return.

    Older leavers are in the truth: two years of returns cannot show that they qualify (rules 1001, 1002).
    """
    care, people = world.care, world.people
    last = np.flatnonzero(np.r_[care.period_child[1:] != care.period_child[:-1], True])
    child, went = care.period_child[last], care.period_end[last]
    # Days in care after the fourteenth and sixteenth birthdays that the two returns can show: an earlier
    # episode of the same period stands in neither.
    shown = care.end > day_of(year - 2, 4, 1)
    first = np.full(len(care.period_child), NEVER)
    np.minimum.at(first, care.period[shown], care.start[shown])
    first_shown = first[last]
    after_14 = went - np.maximum(first_shown, birthday(people.birth[child], 14))
    after_16 = went - np.maximum(first_shown, birthday(people.birth[child], 16))
    age = age_at(people.birth[child], end)
    bday = birthday(people.birth[child], age)
    recent = (went <= end) & (went >= start - 365)
    ok = recent & (age >= 17) & (age <= 19) & (after_14 >= 91) & (after_16 >= 1)
    ok &= went < bday
    ok &= ~_ended_by(world, child, ("E11", "E12", "E3", "E2"))
    return {"child": child[ok], "age": age[ok]}


def _ended_by(world: World, child: np.ndarray, codes: tuple[str, ...]) -> np.ndarray:
    care = world.care
    owners = care.period_child[care.period[np.isin(care.rec, codes)]]
    return np.isin(child, owners)


def _leaver_table(world: World, leavers: dict[str, np.ndarray], year: int) -> pl.DataFrame:
    p, who = world.profile["ladder"], leavers["child"]
    g = rng(world.seed, "903", "leavers", year)
    n = len(who)
    works = exactly(g, p["leaver_in_work_or_training"], n)
    active = np.where(
        works,
        np.array(["F2", "F5", "P5", "F4"])[g.integers(0, 4, n)],
        np.array(["G5", "G4", "G6"])[g.integers(0, 3, n)],
    )
    active = np.where((active == "G6") & (world.people.sex[who] == 1), "G5", active)
    home = np.array(["U", "D", "E", "B"])[g.integers(0, 4, n)]
    home = np.char.add(home, np.where(exactly(g, p["leaver_suitable"], n), "1", "2"))
    return pl.DataFrame({
        "CHILD": world.ids.care[who], "DOB": as_dates(world.people.birth[who]),
        "IN_TOUCH": np.full(n, "YES"), "ACTIV": active, "ACCOM": home,
    }).sort("CHILD")  # fmt: skip


def _adoption(world: World, periods: np.ndarray, start: int, end: int) -> Tables:
    care, people = world.care, world.people
    match, by_carers = adopter_days(world.profile, world.seed, care)
    rec = np.full(len(care.period_child), "", dtype="<U3")
    last = np.r_[care.period[1:] != care.period[:-1], True]
    rec[care.period[last]] = care.rec[last]
    adopted = np.isin(rec, ["E11", "E12"])
    decided = periods[(care.decided[periods] <= end)]
    done = periods[
        adopted[periods] & (care.period_end[periods] >= start) & (care.period_end[periods] <= end)
    ]
    couple = rng(world.seed, "903", "adopters").random(len(care.period_child))[done]
    number = np.where(couple < 0.15, "1", "2")
    sexes = np.where(
        couple < 0.12,
        "F1",
        np.where(
            couple < 0.15, "M1", np.where(couple < 0.85, "MF", np.where(couple < 0.93, "MM", "FF"))
        ),
    )
    law = np.where(
        number == "1", "L0", np.where(sexes == "MF", np.where(couple < 0.65, "L11", "L3"), "L12")
    )
    child = care.period_child[done]
    ad1 = pl.DataFrame({
        "CHILD": world.ids.care[child], "DOB": as_dates(people.birth[child]),
        "DATE_INT": as_dates(care.decided[done]), "DATE_MATCH": as_dates(match[done]),
        "FOSTER_CARE": np.where(by_carers[done], "1", "0"), "NB_ADOPTR": number, "SEX_ADOPTR": sexes,
        "LS_ADOPTR": law,
    }).sort("CHILD")  # fmt: skip
    child = care.period_child[decided]
    placed = pl.DataFrame({
        "CHILD": world.ids.care[child], "DOB": as_dates(people.birth[child]),
        "DATE_PLACED": as_dates(care.decided[decided]),
        "DATE_PLACED_CEASED": pl.Series([None] * len(decided), dtype=pl.Date),
        "REASON_PLACED_CEASED": pl.Series([None] * len(decided), dtype=pl.String),
    }).sort("CHILD")  # fmt: skip
    return {"AD1": ad1, "PlacedAdoption": placed}


def _before(world: World, periods: np.ndarray, start: int, end: int) -> pl.DataFrame:
    """Whether a child who came into care this year had had a permanent home before."""
    care = world.care
    new = periods[(care.period_start[periods] >= start) & (care.period_start[periods] <= end)]
    child = np.unique(care.period_child[new])
    n = len(child)
    draw = rng(world.seed, "903", "before", start).random(n)
    had = draw < 0.05
    return pl.DataFrame({
        "CHILD": world.ids.care[child], "DOB": as_dates(world.people.birth[child]),
        "PREV_PERM": np.where(had, np.where(draw < 0.03, "P2", "P1"), "Z1"),
        "LA_PERM": _blank(np.where(had, "999", "")),
        "DATE_PERM": as_dates(np.minimum(world.people.birth[child] + 200, start - 400), ~had)
        .dt.strftime("%d/%m/%Y"),
    }).sort("CHILD")  # fmt: skip


def _missing(world: World, periods: np.ndarray, start: int, end: int) -> pl.DataFrame:
    p, care, people = world.profile["ladder"], world.care, world.people
    child = care.period_child[periods]
    low = np.maximum(care.period_start[periods], start)
    high = np.minimum(care.period_end[periods], end)
    teen = (birthday(people.birth[child], 12) <= low) & (high - low > 40)
    g = rng(world.seed, "903", "missing", start)
    share = p["missing_share"] * len(periods) / max(teen.sum(), 1)
    runs = np.flatnonzero(teen & (g.random(len(periods)) < share))
    count = 1 + g.poisson(p["missing_mean"] - 1, len(runs))
    owner = np.repeat(runs, count)
    order = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    # Times away lie in separate parts of the stay, so that none begins before the last one ended.
    width = (high[owner] - low[owner] - 4) // np.repeat(count, count)
    begin = (
        low[owner]
        + 1
        + order * width
        + np.floor(g.random(len(owner)) * np.maximum(width - 4, 1)).astype("int64")
    )
    stop = begin + np.minimum(g.integers(0, 4, len(owner)), np.maximum(width - 2, 0))
    good = (width >= 1) & (stop <= high[owner])
    owner, begin, stop = owner[good], begin[good], stop[good]
    return pl.DataFrame({
        "CHILD": world.ids.care[child[owner]], "DOB": as_dates(people.birth[child[owner]]),
        "MISSING": np.where(g.random(len(owner)) < 0.85, "M", "A"),
        "MIS_START": as_dates(begin), "MIS_END": as_dates(stop),
    }).sort("CHILD", "MIS_START")  # fmt: skip


def _workers(world: World, periods: np.ndarray, start: int, end: int) -> pl.DataFrame:
    """Social workers of each period, one after the other, from its first day.

    The last one stays after care has ended, till the child comes back: help does not stop with care.
    """
    p, care = world.profile["ladder"], world.care
    n = len(care.period_child)
    g = rng(world.seed, "903", "workers")
    most = 16
    gap = np.maximum(30, g.exponential(p["worker_days_mean"], (n, most - 1))).astype("int64")
    began = np.column_stack(
        [care.period_start, care.period_start[:, None] + np.cumsum(gap, axis=1)]
    )
    # No team changes workers in the last days before the return is cut (rule SW11b reads it as a gap).
    began[:, 1:] -= np.where(_before_year_end(began[:, 1:]), 9, 0)
    again = np.full(n, NEVER)
    same = care.period_child[1:] == care.period_child[:-1]
    again[:-1][same] = care.period_start[1:][same]
    began = np.where(began < care.period_end[:, None], began, NEVER)
    began[:, 0] = care.period_start
    stop = np.minimum(np.column_stack([began[:, 1:], np.full(n, NEVER)]), again[:, None])
    number = g.integers(1, max(4, n // 12), (n, most))
    why = np.array(["LEFTRL", "MANAGE", "TSPROC", "ORGRST", "ABSENC"])[g.integers(0, 5, (n, most))]
    why[:, 0] = "FCONTA"
    kept = np.zeros((n, most), dtype=bool)
    kept[periods] = True
    kept &= (began <= end) & (stop > start) & (began < stop)
    i, k = np.nonzero(kept)
    child = care.period_child[i]
    return pl.DataFrame({
        "CHILD": world.ids.care[child], "DOB": as_dates(world.people.birth[child]),
        "SW_ID": [f"SW9{worker:05}" for worker in number[i, k]],
        "SW_DECOM": as_dates(began[i, k]), "SW_DEC": as_dates(stop[i, k], stop[i, k] > end),
        "SW_REASON": why[i, k],
    }).sort("CHILD", "SW_DECOM")  # fmt: skip


def _before_year_end(days: np.ndarray) -> np.ndarray:
    """True for 25 to 31 March of any year."""
    stamp = days.astype("datetime64[D]")
    march = stamp.astype("datetime64[Y]").astype("datetime64[M]") + 2
    return (stamp >= march.astype("datetime64[D]") + 24) & (
        stamp < (march + 1).astype("datetime64[D]")
    )
