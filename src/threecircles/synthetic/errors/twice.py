"""The same child registered twice: without it every source would be free of duplicates, as none is."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import as_dates
from threecircles.synthetic.errors.care import Desk
from threecircles.synthetic.errors.log import ROW, Log, Tables, edit
from threecircles.synthetic.world import World

KIND = "same child twice"
_INNER = (
    "CINdetails",
    "Assessments",
    "AssessmentFactorsList",
    "CINplanDates",
    "Section47",
    "ChildProtectionPlans",
    "Reviews",
)


def filed_again(desk: Desk) -> pl.DataFrame:
    """Children whose last referral the front door filed under a new number: LAchildID, day.

    Drawn once for all returns, since one system holds both registrations.
    """
    world = desk.world
    e, end = world.episodes, world.end
    lately = (e.referral > end - 730) & (e.referral <= end)
    child, first, count = np.unique(e.child[lately], return_index=True, return_counts=True)
    last = e.referral[lately][first + count - 1]
    in_year = int(((e.referral <= end) & (e.close > end - 365)).sum())
    many = np.flatnonzero(count > 1)
    score = rng(world.seed, "errors", "twice", "care").random(world.people.n)
    wanted = min(len(many), round(desk.chances.rates["twice"] * in_year))
    picked = np.sort(many[np.argsort(score[child[many]], kind="stable")[:wanted]])
    return pl.DataFrame({"LAchildID": world.ids.care[child[picked]], "day": as_dates(last[picked])})


def second_registration(
    log: Log, desk: Desk, file: str, tables: Tables, again: pl.DataFrame
) -> tuple[Tables, pl.DataFrame]:
    """The census with the last episode of some children under a new id.

    again: `filed_again`. The new child has the same birth date, sex and ethnic group and no pupil
    number. Returns the tables and local_id, person_id, is_duplicate_of.
    """
    details = tables["CINdetails"].with_columns(modules=pl.len().over("LAchildID"))
    picked = (
        details.join(again, left_on=["LAchildID", "CINreferralDate"], right_on=["LAchildID", "day"])
        .select("LAchildID", "modules", last="CINdetailsID").sort("LAchildID")
        .with_columns(new=pl.format("9{}", "LAchildID"))
    )  # fmt: skip
    made = dict(tables)
    for name in _INNER:
        made[name] = _moved(log, desk, file, name, tables[name], picked)
    both = picked.filter(pl.col("modules") > 1)["LAchildID"].to_list()
    only = picked.filter(pl.col("modules") == 1)
    for name in ("ChildIdentifiers", "ChildCharacteristics", "Disabilities"):
        frame = _renamed(log, desk, file, name, tables[name], only)
        extra = tables[name].filter(pl.col("LAchildID").is_in(both))
        persons = desk.world.ids.person_id[desk.persons(extra["LAchildID"])]
        extra = extra.with_columns(LAchildID=pl.format("9{}", "LAchildID"))
        if "UPN" in extra.columns:
            extra = extra.with_columns(UPN=pl.lit(None, dtype=pl.String), UPNunknown=pl.lit("UN5"))
        where = frame.height + np.arange(extra.height)
        blank = pl.Series([None] * extra.height, dtype=pl.String)
        log.note(
            "cin-census",
            file,
            name,
            where,
            extra["LAchildID"],
            ROW,
            KIND,
            blank,
            extra["LAchildID"],
            persons,
        )
        made[name] = pl.concat([frame, extra])
    truth = pl.DataFrame({
        "local_id": picked["new"], "person_id": desk.world.ids.person_id[desk.persons(picked["LAchildID"])],
        "is_duplicate_of": picked["LAchildID"],
    })  # fmt: skip
    return made, truth


def _renamed(
    log: Log, desk: Desk, file: str, name: str, frame: pl.DataFrame, only: pl.DataFrame
) -> pl.DataFrame:
    """A child of whom the return holds nothing but the second registration."""
    rows = np.flatnonzero(frame["LAchildID"].is_in(only["LAchildID"].implode()).to_numpy())
    old = frame["LAchildID"][rows.tolist()]
    new = pl.Series([f"9{i}" for i in old], dtype=pl.String)
    persons = desk.world.ids.person_id[desk.persons(old)]
    log.note("cin-census", file, name, rows, new, "LAchildID", KIND, old, new, persons)
    return edit(frame, "LAchildID", rows, new)


def _moved(
    log: Log, desk: Desk, file: str, name: str, frame: pl.DataFrame, picked: pl.DataFrame
) -> pl.DataFrame:
    joined = (
        frame.select("LAchildID", "CINdetailsID")
        .with_row_index("at")
        .join(picked, on="LAchildID", how="inner")
    )
    moved = joined.filter(pl.col("CINdetailsID") == pl.col("last")).sort("at")
    rows = moved["at"].cast(pl.Int64).to_numpy()
    persons = (
        desk.world.ids.person_id[desk.persons(moved["LAchildID"])]
        if len(rows)
        else np.array([], dtype=str)
    )
    one = pl.Series([1] * len(rows), dtype=pl.Int64)
    for column, values in (("LAchildID", moved["new"]), ("CINdetailsID", one)):
        log.note("cin-census", file, name, rows, moved["new"], column, KIND,
                 frame[column][rows.tolist()] if len(rows) else values, values, persons)  # fmt: skip
        frame = edit(frame, column, rows, values)
    return frame


def second_roll(
    world: World, log: Log, file: str, tables: Tables, persons: np.ndarray, share: float
) -> tuple[Tables, pl.DataFrame]:
    """Pupils on the roll of two schools: a second row with subsidiary status at a neighbouring school."""
    frame = tables["pupilonroll"]
    g = rng(world.seed, "errors", "twice", "school")
    count = round(share * frame.height)
    rows = np.sort(g.choice(frame.height, count, replace=False))
    extra = frame[rows.tolist()]
    key = pl.Series([f"{k}B" for k in extra["pupilonrolltableid"]], dtype=pl.String)
    other = world.schools.urn[
        (world.enrolment.school[persons[rows]] + 1) % len(world.schools.urn)
    ].astype(str)
    extra = extra.with_columns(
        pupilonrolltableid=key, urn=pl.Series(other), NativeId=pl.Series(np.char.add("SCH", other)),
        sourceid=pl.Series(np.char.add("SRC", other)), schoolcensustableid=pl.Series(np.char.add("SC", other)),
        enrolstatus=pl.lit("S"),
    )  # fmt: skip
    home = tables["addressesonroll"][rows.tolist()].with_columns(
        pupilonrolltableid=key, addressesonrolltableid=key.str.replace("PR", "AD")
    )
    made = dict(tables)
    for name, more, column in (
        ("pupilonroll", extra, "pupilonrolltableid"),
        ("addressesonroll", home, "addressesonrolltableid"),
    ):
        where = tables[name].height + np.arange(count)
        log.note("school-census", file, name, where, more[column], ROW, KIND, pl.Series([None] * count, dtype=pl.String),
                 more[column], world.ids.person_id[persons[rows]])  # fmt: skip
        made[name] = pl.concat([tables[name], more.select(tables[name].columns)])
    truth = pl.DataFrame({
        "local_id": key, "person_id": world.ids.person_id[persons[rows]], "is_duplicate_of": frame["pupilonrolltableid"][rows.tolist()],
    })  # fmt: skip
    return made, truth
