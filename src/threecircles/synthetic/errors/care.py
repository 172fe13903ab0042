"""Mistakes in the two social care returns, one case system behind both: what rules are there to find.

What is wrong with a child (birth date, sex, number) is wrong in both returns and both years, since one
system holds it. Mistakes in events are made return by return. The census stays valid against its
schema: no system lets a code through that the schema refuses.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, as_dates
from threecircles.synthetic.errors.log import ROW, Log, Tables, edit
from threecircles.synthetic.errors.people import Chances, old_postcode, other_twin, wrong_births
from threecircles.synthetic.errors.text import other_digit, other_postcode
from threecircles.synthetic.world import World


class Desk:
    """The case system's view of each child: what it holds wrongly, drawn once for both returns."""

    def __init__(self, world: World, chances: Chances) -> None:
        g = rng(world.seed, "errors", "care", "children")
        n = world.people.n
        everyone = np.arange(n)

        def chosen(kind: str) -> np.ndarray:
            return np.flatnonzero(g.random(n) < chances.rate(kind, everyone))

        self.world, self.chances = world, chances
        self.birth = np.full(n, -NEVER)
        self.birth_kind = np.full(n, "", dtype="<U40")
        for rows, days, kind in wrong_births(g, world.people.birth, chosen):
            # A birth date that would move a birthday over the year's end is caught at once by the system.
            self.birth[rows], self.birth_kind[rows] = days, kind
        self.birth[world.people.birth > world.end - 400] = -NEVER
        self.unknown_sex = np.zeros(n, dtype=bool)
        self.unknown_sex[chosen("sex_missing")] = True
        upn = world.ids.upn.astype(object)
        self.upn_kind = np.full(n, "", dtype="<U40")
        has = upn != ""
        twin = other_twin(world)
        rows = chosen("twin_upn")
        rows = rows[(twin[rows] >= 0) & has[rows]]
        rows = rows[has[twin[rows]]]
        upn[rows], self.upn_kind[rows] = upn[twin[rows]], "the twin's pupil number"
        rows = chosen("upn_digit")
        rows = rows[has[rows] & (self.upn_kind[rows] == "")]
        upn[rows], self.upn_kind[rows] = other_digit(g, upn[rows]), "pupil number typed wrong"
        rows = chosen("upn_missing")
        rows = rows[has[rows]]
        upn[rows], self.upn_kind[rows] = "", "pupil number missing"
        self.upn = upn
        self.by_id = dict(zip(world.ids.care.tolist(), range(n), strict=True))

    def persons(self, ids: pl.Series) -> np.ndarray:
        """Positions of the children with these local ids."""
        return np.array([self.by_id[i] for i in ids.to_list()], dtype="int64")


def put(
    log: Log,
    desk: Desk,
    place: tuple[str, str, str],
    frame: pl.DataFrame,
    key: str,
    column: str,
    rows: np.ndarray,
    values: pl.Series,
    kind: str,
    rules: str | np.ndarray = "",
) -> pl.DataFrame:
    """Write values into some rows of a column and note it; rows that do not change are left out."""
    if len(rows) == 0:
        return frame
    old = frame[column][rows.tolist()]
    values = values.cast(old.dtype)
    differs = (values.ne_missing(old)).to_numpy()
    rows, values, old = (
        rows[differs],
        values.filter(pl.Series(differs)),
        old.filter(pl.Series(differs)),
    )
    if len(rows) == 0:
        return frame
    if not isinstance(rules, str):
        rules = rules[differs]
    ids = frame[key][rows.tolist()]
    persons = desk.world.ids.person_id[desk.persons(ids)]
    log.note(*place, rows, ids, column, kind, old, values, persons, rules)
    return edit(frame, column, rows, values)


def child_errors(log: Log, desk: Desk, source: str, file: str, tables: Tables) -> Tables:
    """What the case system holds wrongly of children, written into every table that repeats it."""
    key = "LAchildID" if source == "cin-census" else "CHILD"
    made = dict(tables)
    for name in tables:
        frame = made[name]
        if frame.height == 0 or key not in frame.columns:
            continue
        place = (source, file, name)
        persons = desk.persons(frame[key])
        dob = "PersonBirthDate" if source == "cin-census" else "DOB"
        if dob in frame.columns:
            made[name] = frame = _birth(log, desk, place, frame, key, dob, persons)
        sex = "Sex" if source == "cin-census" else "SEX"
        if sex in frame.columns:
            rows = np.flatnonzero(desk.unknown_sex[persons] & (frame[sex] != "U").to_numpy())
            made[name] = frame = put(
                log,
                desk,
                place,
                frame,
                key,
                sex,
                rows,
                pl.Series(["U"] * len(rows)),
                "sex missing",
                "" if key == "LAchildID" else "232",
            )
        if "UPN" in frame.columns:
            made[name] = _upn(log, desk, place, frame, key, persons)
    return made


def _birth(log, desk, place, frame, key, dob, persons):  # type: ignore[no-untyped-def]
    wrong = desk.birth[persons] > -NEVER
    # The looked-after return cannot be sent without a birth date; the census can.
    if place[0] == "ssda903":
        wrong &= desk.birth[persons] < NEVER
    wrong &= frame[dob].is_not_null().to_numpy()
    for kind in np.unique(desk.birth_kind[persons[wrong]]):
        rows = np.flatnonzero(wrong & (desk.birth_kind[persons] == kind))
        rules = "8525Q" if kind == "birth date missing" else ""
        frame = put(
            log,
            desk,
            place,
            frame,
            key,
            dob,
            rows,
            as_dates(desk.birth[persons[rows]]),
            str(kind),
            rules,
        )
    return frame


def _upn(log, desk, place, frame, key, persons):  # type: ignore[no-untyped-def]
    real = frame["UPN"].str.contains(r"^[A-Z]\d{11}").fill_null(False).to_numpy()
    census = place[0] == "cin-census"
    for kind in ("the twin's pupil number", "pupil number typed wrong", "pupil number missing"):
        rows = np.flatnonzero(real & (desk.upn_kind[persons] == kind))
        values = desk.upn[persons[rows]]
        if kind == "pupil number missing":
            text = pl.Series([None if census else "UN5"] * len(rows), dtype=pl.String)
            frame = put(log, desk, place, frame, key, "UPN", rows, text, kind)
            if census:
                frame = put(
                    log,
                    desk,
                    place,
                    frame,
                    key,
                    "UPNunknown",
                    rows,
                    pl.Series(["UN5"] * len(rows)),
                    kind,
                )
        else:
            rule = {
                "the twin's pupil number": ("1520", "444"),
                "pupil number typed wrong": ("1510", ""),
            }[kind][not census]
            if rule in ("1520", "444"):
                both = np.isin(values, frame["UPN"].drop_nulls().to_numpy())
                rules = np.where(both, rule, "")
            else:
                rules = np.full(len(rows), rule)
            frame = put(
                log,
                desk,
                place,
                frame,
                key,
                "UPN",
                rows,
                pl.Series(values.tolist(), dtype=pl.String),
                kind,
                rules,
            )
    return frame


def some(g: np.random.Generator, could: np.ndarray, share: float, least: int) -> np.ndarray:
    """A few of the positions that could carry a planted mistake, never more than are there."""
    n = min(len(could), max(least, round(share * len(could))))
    return np.sort(g.choice(could, n, replace=False)) if n else could[:0]


def plant_census(log: Log, desk: Desk, file: str, tables: Tables, start: int, end: int) -> Tables:
    """Mistakes in the events of the census that rules are known to find, each kind in children of its own."""
    g = rng(desk.world.seed, "errors", "plants", file)
    share, least = desk.chances.rates["planted"], desk.chances.rates["planted_least"]
    made = dict(tables)
    used: set[str] = set()

    def free(name: str, mask: pl.Expr) -> np.ndarray:
        frame = made[name]
        ok = (
            frame.select((mask & ~pl.col("LAchildID").is_in(list(used))).fill_null(False))
            .to_series()
            .to_numpy()
        )
        rows = some(g, np.flatnonzero(ok), share, int(least))
        used.update(frame["LAchildID"][rows.tolist()].to_list())
        return rows

    def plant(
        name: str, column: str, rows: np.ndarray, values: pl.Series, kind: str, rules: str
    ) -> None:
        made[name] = put(
            log,
            desk,
            ("cin-census", file, name),
            made[name],
            "LAchildID",
            column,
            rows,
            values,
            kind,
            rules,
        )

    def days(name: str, column: str, rows: np.ndarray) -> pl.Series:
        return made[name][column][rows.tolist()]

    once = pl.len().over("LAchildID") == 1
    closed = pl.col("CINclosureDate").is_not_null()
    rows = free("CINdetails", closed & (pl.col("ReasonForClosure") == "RC7"))
    plant(
        "CINdetails",
        "ReasonForClosure",
        rows,
        pl.Series([None] * len(rows), dtype=pl.String),
        "closure without reason",
        "8805",
    )
    rows = free(
        "CINdetails", closed & once & ~pl.col("ReasonForClosure").is_in(["RC8", "RC9", "RC2"])
    )
    plant(
        "CINdetails",
        "CINclosureDate",
        rows,
        pl.Series([None] * len(rows), dtype=pl.Date),
        "closure date left out",
        "8810",
    )
    rows = free("CINdetails", pl.col("PrimaryNeedCode").is_not_null())
    plant(
        "CINdetails",
        "PrimaryNeedCode",
        rows,
        pl.Series([None] * len(rows), dtype=pl.String),
        "primary need left out",
        "8610",
    )
    done = pl.col("AssessmentAuthorisationDate").is_not_null()
    lately = pl.col("AssessmentActualStartDate").to_physical() > start + 40
    rows = free("Assessments", done & lately)
    value = days("Assessments", "AssessmentActualStartDate", rows).to_physical() - 2
    plant(
        "Assessments",
        "AssessmentAuthorisationDate",
        rows,
        as_dates(value.to_numpy()),
        "end before start",
        "8608",
    )
    rows = free("Assessments", done & lately)
    value = days("Assessments", "AssessmentActualStartDate", rows).to_physical() - 30
    plant(
        "Assessments",
        "AssessmentActualStartDate",
        rows,
        as_dates(value.to_numpy()),
        "assessment before referral",
        "1103",
    )
    ended = pl.col("CPPendDate").is_not_null() & (pl.col("CPPstartDate").to_physical() > start + 20)
    rows = free("ChildProtectionPlans", ended)
    value = days("ChildProtectionPlans", "CPPstartDate", rows).to_physical() - 5
    plant(
        "ChildProtectionPlans",
        "CPPendDate",
        rows,
        as_dates(value.to_numpy()),
        "end before start",
        "8925",
    )
    over = pl.col("CINPlanEndDate").is_not_null() & (
        pl.col("CINPlanStartDate").to_physical() > start + 20
    )
    rows = free("CINplanDates", over)
    value = days("CINplanDates", "CINPlanStartDate", rows).to_physical() - 4
    plant(
        "CINplanDates",
        "CINPlanEndDate",
        rows,
        as_dates(value.to_numpy()),
        "end before start",
        "4011",
    )
    planned = made["ChildProtectionPlans"]["LAchildID"].unique()
    alone = ~pl.col("LAchildID").is_in(planned.implode())
    rows = free(
        "Section47",
        pl.col("DateOfInitialCPC").is_not_null()
        & alone
        & (pl.col("DateOfInitialCPC").dt.weekday() == 5)
        & (pl.col("DateOfInitialCPC").to_physical() < end),
    )
    value = days("Section47", "DateOfInitialCPC", rows).to_physical() + 1
    plant(
        "Section47",
        "DateOfInitialCPC",
        rows,
        as_dates(value.to_numpy()),
        "conference on a Saturday",
        "8875",
    )
    return _extra_factor(g, log, desk, file, made, used, share, int(least))


def _extra_factor(g, log, desk, file, made, used, share, least):  # type: ignore[no-untyped-def]
    """'No factors' beside a factor (rule 8869): a row too many, written at the end of the table."""
    name = "AssessmentFactorsList"
    frame = made[name]
    ok = (
        ~frame["LAchildID"].is_in(list(used))
        & (frame["AssessmentFactor"] != "21")
        & (frame["LAchildID"] != frame["LAchildID"].shift(1).fill_null(""))
    )
    rows = some(g, np.flatnonzero(ok.to_numpy()), share / 4, least)
    extra = frame[rows.tolist()].with_columns(AssessmentFactor=pl.lit("21"))
    where = frame.height + np.arange(len(rows))
    persons = desk.world.ids.person_id[desk.persons(extra["LAchildID"])]
    log.note("cin-census", file, name, where, extra["LAchildID"], ROW, "no factors beside a factor",
             pl.Series([None] * len(rows), dtype=pl.String), extra["AssessmentFactor"], persons, "8869 8873Q")  # fmt: skip
    return made | {name: pl.concat([frame, extra])}


def plant_care(log: Log, desk: Desk, file: str, tables: Tables, start: int, end: int) -> Tables:
    """Mistakes in episodes of care, reviews, times missing and postcodes."""
    world = desk.world
    g = rng(world.seed, "errors", "plants", file)
    share, least = desk.chances.rates["planted"], int(desk.chances.rates["planted_least"])
    made = dict(tables)
    busy = (
        pl.concat([tables[n]["CHILD"] for n in ("Missing", "OC3", "PlacedAdoption", "UASC")])
        .unique()
        .to_list()
    )
    used: set[str] = set(busy)

    def free(name: str, mask: pl.Expr) -> np.ndarray:
        frame = made[name]
        ok = (
            frame.select((mask & ~pl.col("CHILD").is_in(list(used))).fill_null(False))
            .to_series()
            .to_numpy()
        )
        rows = some(g, np.flatnonzero(ok), share, least)
        used.update(frame["CHILD"][rows.tolist()].to_list())
        return rows

    def plant(
        name: str, column: str, rows: np.ndarray, values: pl.Series, kind: str, rules: str
    ) -> None:
        made[name] = put(
            log,
            desk,
            ("ssda903", file, name),
            made[name],
            "CHILD",
            column,
            rows,
            values,
            kind,
            rules,
        )

    def days(name: str, column: str, rows: np.ndarray) -> np.ndarray:
        return made[name][column][rows.tolist()].to_physical().to_numpy()

    inside = (
        pl.col("RNE").is_in(["P", "B"])
        & (pl.col("DECOM").to_physical() > start + 60)
        & (
            pl.col("DECOM").shift(1).over("CHILD").to_physical() + 30
            < pl.col("DECOM").to_physical()
        )
    )
    rows = free("Episodes", inside)
    plant(
        "Episodes",
        "DECOM",
        rows,
        as_dates(days("Episodes", "DECOM", rows) - 9),
        "overlapping episodes",
        "388 433 501",
    )
    long = pl.col("DEC").is_null() | (
        pl.col("DEC").to_physical() > pl.col("DECOM").to_physical() + 30
    )
    rows = free("Episodes", inside & long & (pl.col("DECOM").to_physical() + 9 < end))
    plant(
        "Episodes",
        "DECOM",
        rows,
        as_dates(days("Episodes", "DECOM", rows) + 5),
        "gap between placements",
        "388 433",
    )
    last = (
        (pl.col("REC") != "X1")
        & pl.col("REC").is_not_null()
        & pl.col("REC").is_in(["E4A", "E4B", "E8", "E13"])
    )
    rows = free(
        "Episodes", last & (pl.col("DECOM").to_physical() > start + 20) & (pl.col("RNE") == "S")
    )
    plant(
        "Episodes",
        "DEC",
        rows,
        as_dates(days("Episodes", "DECOM", rows) - 3),
        "end before start",
        "356",
    )
    rows = free("Episodes", last)
    plant(
        "Episodes",
        "DEC",
        rows,
        pl.Series([None] * len(rows), dtype=pl.Date),
        "missing closure",
        "148",
    )
    rows = free("Reviews", pl.col("REVIEW_CODE") != "PN0")
    plant(
        "Reviews",
        "REVIEW_CODE",
        rows,
        pl.Series(["PN9"] * len(rows)),
        "code not in the year's list",
        "167",
    )
    rows = free("Episodes", pl.col("REASON_PLACE_CHANGE").is_not_null())
    plant(
        "Episodes",
        "REASON_PLACE_CHANGE",
        rows,
        pl.Series(["MOVED ON"] * len(rows)),
        "free text in a code field",
        "1009",
    )
    return _postcodes(g, log, desk, file, made)


def _postcodes(g, log, desk, file, made):  # type: ignore[no-untyped-def]
    """The home's postcode out of date, left out or mistyped, the same all through a period of care."""
    frame = made["Episodes"]
    place = ("ssda903", file, "Episodes")
    persons = desk.persons(frame["CHILD"])
    children = np.unique(persons)
    steady = rng(desk.world.seed, "errors", "care", "homes")
    draw = {k: steady.random(desk.world.people.n) < desk.chances.rate(k, np.arange(desk.world.people.n))
            for k in ("address_old", "postcode_missing", "postcode_typo")}  # fmt: skip
    old = old_postcode(
        rng(desk.world.seed, "errors", "care", "old homes"),
        desk.world,
        np.arange(desk.world.people.n),
    )
    known = frame["HOME_POST"].is_not_null().to_numpy() & (frame["PLACE"] != "P1").to_numpy()
    rows = np.flatnonzero(draw["address_old"][persons] & known)
    frame = put(
        log,
        desk,
        place,
        frame,
        "CHILD",
        "HOME_POST",
        rows,
        pl.Series(old[persons[rows]].tolist(), dtype=pl.String),
        "address out of date",
    )
    rows = np.flatnonzero(draw["postcode_typo"][persons] & known)
    values = other_postcode(
        np.random.Generator(np.random.PCG64(desk.world.seed)),
        frame["HOME_POST"][rows.tolist()].to_numpy(),
    )
    frame = put(
        log,
        desk,
        place,
        frame,
        "CHILD",
        "HOME_POST",
        rows,
        pl.Series(values.tolist(), dtype=pl.String),
        "postcode typed wrong",
        "392a 392c",
    )
    rows = np.flatnonzero(draw["postcode_missing"][persons] & known)
    frame = put(
        log,
        desk,
        place,
        frame,
        "CHILD",
        "HOME_POST",
        rows,
        pl.Series([None] * len(rows), dtype=pl.String),
        "postcode missing",
        "392a 392b",
    )
    del children, g
    return made | {"Episodes": frame}
