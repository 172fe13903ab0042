"""Lays the errors of every source on a place: without it the returns would be too clean to be true."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.errors.attendance import SOURCE, attendance_errors
from threecircles.synthetic.errors.care import Desk, child_errors, home_errors
from threecircles.synthetic.errors.log import Log, Tables
from threecircles.synthetic.errors.people import Columns, Marks, make_chances, spoil
from threecircles.synthetic.errors.plants import care_plants, census_plants, extra_factor, plant
from threecircles.synthetic.errors.twice import filed_again, second_registration, second_roll
from threecircles.synthetic.export.attendance import member_keys
from threecircles.synthetic.export.early_years import therapy_rows
from threecircles.synthetic.export.extracts import (
    early_help_people,
    survey_rows,
    youth_justice_rows,
)
from threecircles.synthetic.export.school_census import census_pupils
from threecircles.synthetic.world import World

Received = dict[str, Tables]
STAMP = "%Y-%b-%d 00:00:00"


def apply_errors(world: World, received: Received) -> tuple[Received, pl.DataFrame, pl.DataFrame]:
    """The tables with errors, the register of errors, and who is who in every source.

    Identity columns: source, file, local_id, person_id, is_duplicate_of.
    """
    log, twice = Log(), []
    desk = Desk(world, make_chances(world, "care"))
    again = filed_again(desk)
    made: Received = {}
    for delivery, tables in received.items():
        kind, year = delivery.rsplit("_", 1)
        start, end = date(int(year) - 1, 4, 1), date(int(year), 3, 31)
        if kind == "cin":
            filed, more = second_registration(log, desk, delivery, tables, again)
            held = child_errors(log, desk, "cin-census", delivery, filed)
            planted = plant(log, desk, "cin-census", delivery, held, census_plants(start, end))
            made[delivery] = extra_factor(log, desk, delivery, planted)
            twice.append(more.with_columns(source=pl.lit("cin-census"), file=pl.lit(delivery)))
        elif kind == "s903":
            held = child_errors(log, desk, "ssda903", delivery, tables)
            planted = plant(log, desk, "ssda903", delivery, held, care_plants(start, end))
            made[delivery] = home_errors(log, desk, delivery, planted)
        elif kind == "school":
            made[delivery], more = _school(world, log, delivery, tables)
            twice.append(more.with_columns(source=pl.lit("school-census"), file=pl.lit(delivery)))
        elif kind.startswith("attendance_"):
            made[delivery] = attendance_errors(world, log, delivery, tables)
        elif kind in _EXTRACTS:
            made[delivery] = _extract(world, log, kind, delivery, tables)
        else:
            made[delivery] = tables
    # A child filed only under the second number has no record under the first.
    gone = {(t["file"][0], i) for t in twice for i in t["is_duplicate_of"] if t.height}
    known = identity_table(world, received)
    listed = {
        (d, i)
        for d, t in made.items()
        if "ChildIdentifiers" in t
        for i in t["ChildIdentifiers"]["LAchildID"]
    }
    lost = pl.DataFrame(
        sorted(gone - listed), schema={"file": pl.String, "local_id": pl.String}, orient="row"
    )
    lost = lost.filter(pl.col("file").str.starts_with("cin"))
    known = known.join(lost, on=["file", "local_id"], how="anti", maintain_order="left")
    return made, log.frame(), pl.concat([known, *(t.select(_IDENTITY) for t in twice)])


_IDENTITY = ["source", "file", "local_id", "person_id", "is_duplicate_of"]
_EXTRACTS: dict[str, tuple[str, str, str, Columns]] = {
    "early_help": ("early-help", "early_help", "help", Columns(
        "eh_id", "forename", "surname", "dob", "sex", "postcode", "upn", "ethnicity", "%d/%m/%Y")),
    "youth_justice": ("youth-justice", "youth_justice", "help", Columns(
        "yj_id", "first_name", "last_name", "date_of_birth", "gender", "postcode", "", "ethnicity")),
    "two_year_review": ("two-year-review", "two_year_review", "health", Columns(
        "nhs_number", "forename", "surname", "dob", "sex", "postcode", "", "ethnicity")),
    "speech_therapy": ("speech-language-therapy", "speech_therapy", "health", Columns(
        "referral_id", "forename", "surname", "dob", "sex", "postcode", "", "ethnicity")),
    "early_years_census": ("early-years-census", "early_years_census", "school", Columns(
        "child_id", "forename", "surname", "dob", "sex", "postcode", "", "ethnicity")),
    "two_year_place": ("two-year-place", "two_year_place", "help", Columns(
        "child_id", "forename", "surname", "dob", "sex", "postcode", "", "ethnicity")),
    "alternative_provision": ("alternative-provision-census", "alternative_provision", "school", Columns(
        "upn", "forename", "surname", "dob", "sex", "postcode", "", "ethnicity")),
    "survey_holder": ("survey-holder", "survey_holder", "survey", Columns(
        "code", "forename", "surname", "dob", "sex", "postcode", "upn")),
}  # fmt: skip


def _persons(world: World, kind: str) -> np.ndarray:
    if kind == "early_help":
        return early_help_people(world)
    if kind == "youth_justice":
        return world.justice.child[youth_justice_rows(world)]
    if kind == "two_year_review":
        return world.early_years.review_child
    if kind == "speech_therapy":
        return world.early_years.review_child[therapy_rows(world)]
    if kind in _JANUARY:
        return getattr(world.nurseries, _JANUARY[kind])
    return world.survey.child[survey_rows(world)]


_JANUARY = {
    "early_years_census": "nursery_child", "two_year_place": "two_child", "alternative_provision": "away_child",
}  # fmt: skip


def _extract(world: World, log: Log, kind: str, delivery: str, tables: Tables) -> Tables:
    source, table, group, columns = _EXTRACTS[kind]
    persons = _persons(world, kind)
    place = (source, delivery, table)
    chances = make_chances(world, group)
    frame = spoil(world, log, place, tables[table], columns, persons, chances)
    if columns.ethnicity and "wrong_code" in chances.rates:
        frame = _wrong_codes(
            world, log, place, frame, columns, persons, chances.rates["wrong_code"]
        )
    return {table: frame}


def _wrong_codes(
    world: World,
    log: Log,
    place: tuple[str, str, str],
    frame: pl.DataFrame,
    columns: Columns,
    persons: np.ndarray,
    rate: float,
) -> pl.DataFrame:
    """Old codes and free text where a code of the year's list belongs."""
    g = rng(world.seed, "errors", "codes", *place)
    rows = np.flatnonzero(g.random(len(persons)) < rate)
    words = np.array(["WHIT", "Not known", "British", "MIX"], dtype=object)[
        g.integers(0, 4, len(rows))
    ]
    marks = Marks(world, log, place, columns, persons)
    return marks.change(frame, columns.ethnicity, rows, words, "code not in the year's list")


def _school(world: World, log: Log, delivery: str, tables: Tables) -> tuple[Tables, pl.DataFrame]:
    persons = census_pupils(world)
    chances = make_chances(world, "school")
    made = dict(tables)
    place = ("school-census", delivery, "pupilonroll")
    columns = Columns(
        "pupilonrolltableid", "forename", "surname", "dob", "sex", "", "upn", "ethnicity", STAMP
    )
    made["pupilonroll"] = spoil(world, log, place, tables["pupilonroll"], columns, persons, chances)
    made["pupilonroll"] = _wrong_codes(
        world, log, place, made["pupilonroll"], columns, persons, chances.rates["wrong_code"]
    )
    home = ("school-census", delivery, "addressesonroll")
    made["addressesonroll"] = spoil(
        world,
        log,
        home,
        tables["addressesonroll"],
        Columns("addressesonrolltableid", postcode="postcode"),
        persons,
        chances,
    )
    return second_roll(world, log, delivery, made, persons, chances.rates["twice"])


def identity_table(world: World, received: Received) -> pl.DataFrame:
    """Who each local id is: one row per record of every source that holds children."""
    ids = world.ids
    by_care = pl.DataFrame({"local_id": ids.care, "person_id": ids.person_id})
    frames = []
    for delivery, tables in received.items():
        kind = delivery.rsplit("_", 1)[0]
        if kind == "cin":
            own = (
                tables["ChildIdentifiers"]
                .select(local_id="LAchildID")
                .join(by_care, on="local_id", maintain_order="left")
            )
            name = "cin-census"
        elif kind == "s903":
            own = (
                tables["Header"]
                .select(local_id="CHILD")
                .join(by_care, on="local_id", maintain_order="left")
            )
            name = "ssda903"
        elif kind == "school":
            own = pl.DataFrame(
                {
                    "local_id": tables["pupilonroll"]["pupilonrolltableid"],
                    "person_id": ids.person_id[census_pupils(world)],
                }
            )
            name = "school-census"
        elif kind.startswith("attendance_"):
            if "registration" not in tables:
                continue
            keys, child = member_keys(world, world.attendance, kind[-3:].upper())
            own = pl.DataFrame({"local_id": keys.astype(str), "person_id": ids.person_id[child]})
            own, name = own.unique(maintain_order=True), SOURCE
        elif kind in _EXTRACTS:
            name, table, _, columns = _EXTRACTS[kind]
            own = pl.DataFrame(
                {
                    "local_id": tables[table][columns.key],
                    "person_id": ids.person_id[_persons(world, kind)],
                }
            ).unique(maintain_order=True)
        else:
            continue
        frames.append(
            own.with_columns(
                source=pl.lit(name),
                file=pl.lit(delivery),
                is_duplicate_of=pl.lit(None, dtype=pl.String),
            )
        )
    if not frames:
        return pl.DataFrame(schema=dict.fromkeys(_IDENTITY, pl.String))
    return pl.concat([f.select(_IDENTITY) for f in frames])
