"""The files of centres, hubs and clubs, in the dress of each provider: without it their standard was never tried."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from threecircles.core.seeds import rng
from threecircles.synthetic.attendance import Attendance
from threecircles.synthetic.days import age_at, as_dates
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.world import World

Tables = dict[str, pl.DataFrame]
BANDS = ("0", "1", "2", "3", "4", "5-7", "8-9", "10-12", "13-16", "17-19")
_LOWEST = (0, 1, 2, 3, 4, 5, 8, 10, 13, 17)
FLAT, WORKBOOK, UTF16 = ("P05", "P06"), ("P07",), ("P08",)
"""Providers that send one sheet, a workbook, or files as a spreadsheet program saves "Unicode text"."""
_NOTICE = "2025-1"


def providers(made: Attendance) -> list[str]:
    """Providers that report and were open, in order."""
    came = made.session_venue[made.visit_session]
    return sorted(set(made.venue["provider_id"].gather(np.unique(came))) - {""})


def provider_tables(world: World, made: Attendance, provider: str) -> Tables:
    """What one provider holds: venue, session, attendance, and registration where it knows persons.

    Level 1 holds heads by age band alone; level 2 tokens; level 3 names. A provider in FLAT holds one table,
    headcount_sheet. Dates are day first. Sessions and members carry the provider's own numbers.
    """
    venues = np.flatnonzero((made.venue["provider_id"] == provider).to_numpy())
    level = int(made.venue["level"][int(venues[0])])
    held = np.flatnonzero(np.isin(made.session_venue, venues))
    visits = np.flatnonzero(np.isin(made.session_venue[made.visit_session], venues))
    number = np.full(len(made.session_venue), -1)
    number[held] = np.arange(len(held)) + 1
    tables = {
        "venue": _venues(made, venues, level),
        "session": _session_table(world, made, held, provider),
    }
    if level == 1:
        tables["attendance"] = _heads(world, made, visits, number, provider)
        return _sheet(tables) if provider in FLAT else tables
    members = np.flatnonzero(np.isin(made.member_venue, venues))
    keys = _keys(world, made, members, provider, level)
    tables["registration"] = _registrations(world, made, members, keys, level)
    tables["attendance"] = _persons(world, made, visits, members, keys, number, provider)
    return tables


def member_keys(world: World, made: Attendance, provider: str) -> tuple[np.ndarray, np.ndarray]:
    """The key of each registration of a provider that knows persons, and the child it is."""
    venues = np.flatnonzero((made.venue["provider_id"] == provider).to_numpy())
    members = np.flatnonzero(np.isin(made.member_venue, venues))
    level = int(made.venue["level"][int(venues[0])])
    return _keys(world, made, members, provider, level), made.member_child[members]


def write_provider(tables: Tables, folder: Path, provider: str) -> None:
    """Write a provider's tables as it would send them: CSV, one sheet, one workbook, or UTF-16 with tabs."""
    if provider in FLAT:
        tables["headcount_sheet"].write_csv(folder / f"{provider.lower()}.csv")
    elif provider in WORKBOOK:
        _write_workbook(tables, folder / f"{provider.lower()}.xlsx")
    else:
        own = folder / provider.lower()
        own.mkdir()
        for name, frame in tables.items():
            if provider in UTF16:
                text = frame.write_csv(separator="\t")
                (own / f"{name}.txt").write_bytes(text.encode("utf-16"))
            else:
                frame.write_csv(own / f"{name}.csv")


def file_of(provider: str, year: int) -> str:
    """Where a provider's files lie in the folder of the place, as place.yaml names them."""
    name, folder = provider.lower(), f"received/attendance_{year}"
    if provider in FLAT:
        return f"{folder}/{name}.csv"
    return f"{folder}/{name}.xlsx" if provider in WORKBOOK else f"{folder}/{name}/*"


def _venues(made: Attendance, venues: np.ndarray, level: int) -> pl.DataFrame:
    own = made.venue[venues.tolist()]
    return own.select(
        "venue_id", "name", "kind", "provider_id", "provider_kind",
        pl.lit(str(level)).alias("level"), "postcode",
    )  # fmt: skip


_AGES = {"childrens_centre": ("0", "5"), "family_hub": ("0", "17"), "youth_club": ("8", "17")}


def _session_table(world: World, made: Attendance, held: np.ndarray, provider: str) -> pl.DataFrame:
    kind = made.venue["kind"].gather(made.session_venue[held])
    club = (kind == "youth_club").to_numpy()
    activity = made.session_activity[held]
    label = {a: a.replace("_", " ").capitalize() for a in np.unique(activity)}
    return pl.DataFrame({
        "session_id": _session_ids(provider, np.arange(len(held)) + 1),
        "venue_id": made.venue["venue_id"].gather(made.session_venue[held]), "date": _day_first(made.session_day[held]),
        "activity": activity, "title": [label[a] for a in activity],
        "start": np.where(club, "18:30", "10:00"), "end": np.where(club, "20:30", "11:30"),
        "ages_from": [_AGES[k][0] for k in kind], "ages_to": [_AGES[k][1] for k in kind],
        "open_to": ["universal"] * len(held), "places": ["400"] * len(held),
    })  # fmt: skip


def _session_ids(provider: str, number: np.ndarray) -> pl.Series:
    return pl.Series([f"{provider}-S{n:05d}" for n in number], dtype=pl.String)


def _heads(
    world: World, made: Attendance, visits: np.ndarray, number: np.ndarray, provider: str
) -> pl.DataFrame:
    """One row per session and age band, children counted as they came; some counts are guesses."""
    child, session = made.visit_child[visits], made.visit_session[visits]
    age = age_at(world.people.birth[child], made.visit_day[visits]).clip(0, 17)
    band = np.searchsorted(_LOWEST, age, side="right") - 1
    both, n = np.unique(np.c_[number[session], band], axis=0, return_counts=True)
    guessed = rng(world.seed, "attendance", "basis", provider).random(len(n))
    share = world.profile["attendance"]["estimated_share"]
    return pl.DataFrame({
        "session_id": _session_ids(provider, both[:, 0]), "age_band": np.array(BANDS)[both[:, 1]],
        "n": n.astype(str), "basis": np.where(guessed < share, "estimated", "counted"),
    })  # fmt: skip


def _sheet(tables: Tables) -> Tables:
    """Session and headcount in one row; the venue, the day and the activity name the session."""
    joined = tables["attendance"].join(tables["session"], on="session_id", maintain_order="left")
    columns = {"venue": "venue_id", "date": "date", "activity": "activity"}
    sheet = joined.select(**columns, age_band="age_band", n="n", basis="basis")
    return {"headcount_sheet": sheet}


def _keys(
    world: World, made: Attendance, members: np.ndarray, provider: str, level: int
) -> np.ndarray:
    """The provider's own number of each member, one a child; or a token made at source."""
    child = made.member_child[members]
    known, number = np.unique(child, return_inverse=True)
    if level == 3:
        return np.array([f"{provider}-{n + 1:06d}" for n in number], dtype=object)
    tokens = np.array([token(world, int(c)) for c in known], dtype=object)
    return tokens[number] if len(known) else np.empty(0, dtype=object)


def token(world: World, child: int) -> str:
    """What a trust sends for a child: keyed, of the words that name it, the same at every trust."""
    people = world.people
    words = f"{people.forename[child]}|{people.surname[child]}|{people.birth[child]}".casefold()
    key = f"made-up project key {world.seed}".encode()
    return "t" + hmac.new(key, words.encode(), hashlib.sha256).hexdigest()[:24]


def _registrations(
    world: World, made: Attendance, members: np.ndarray, keys: np.ndarray, level: int
) -> pl.DataFrame:
    child, people = made.member_child[members], world.people
    table = pl.DataFrame({
        "person_key": keys.astype(str), "venue_id": made.venue["venue_id"].gather(made.member_venue[members]),
        "registered_on": _day_first(made.registered[members]), "left_on": _day_first(made.left[members]),
        "notice_version": [_NOTICE] * len(members),
    })  # fmt: skip
    if level < 3:
        return table
    pc = postcode_on(world.homes, people, child, made.registered[members])
    names = pl.DataFrame({
        "first_name": people.forename[child], "surname": people.surname[child],
        "date_of_birth": _day_first(people.birth[child]), "sex": np.where(people.sex[child] == 1, "Male", "Female"),
        "postcode": np.where(pc >= 0, world.land.pc[np.maximum(pc, 0)], ""),
    })  # fmt: skip
    return table.hstack(names)


def _persons(
    world: World,
    made: Attendance,
    visits: np.ndarray,
    members: np.ndarray,
    keys: np.ndarray,
    number: np.ndarray,
    provider: str,
) -> pl.DataFrame:
    """One row per session and person: the children, and with the small ones a parent or carer."""
    place = np.full(len(made.member_child), -1)
    place[members] = np.arange(len(members))
    child, session = made.visit_child[visits], number[made.visit_session[visits]]
    age = age_at(world.people.birth[child], made.visit_day[visits])
    own = pl.DataFrame({
        "session_id": _session_ids(provider, session), "person_key": keys[place[made.visit_member[visits]]].astype(str),
        "role": np.where(age >= 11, "young_person", "child"),
    })  # fmt: skip
    small = np.flatnonzero(age < 8)
    pairs = np.unique(np.c_[session[small], world.people.family[child[small]]], axis=0)
    carer = rng(world.seed, "attendance", "carers").random(len(world.people.fam_lsoa)) < 0.06
    adult = pl.DataFrame({
        "session_id": _session_ids(provider, pairs[:, 0]), "person_key": [f"{provider}-A{f:06d}" for f in pairs[:, 1]],
        "role": np.where(carer[pairs[:, 1]], "carer", "parent"),
    })  # fmt: skip
    everyone = pl.concat([own, adult.cast(own.schema)]).sort("session_id", "person_key")
    blank = pl.lit(None, dtype=pl.String)
    return everyone.with_columns(age_band=blank, n=blank, basis=blank)


def _day_first(days: np.ndarray) -> pl.Series:
    return as_dates(days).dt.strftime("%d/%m/%Y")


def _write_workbook(tables: Tables, path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        # The day of writing would make two runs differ.
        book.set_properties({"comments": "made-up data", "created": datetime(2026, 4, 28)})
        for name, frame in tables.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, frame.columns)
            for at, row in enumerate(frame.iter_rows(), start=1):
                sheet.write_row(at, 0, ["" if v is None else v for v in row])
