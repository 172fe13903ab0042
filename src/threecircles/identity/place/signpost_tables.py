"""Finds one child and what services knew of it, from the tables of a run: the ground of a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from threecircles.core.identifiers import clean_identifier, normalise_postcode
from threecircles.identity.place.cases import same_name
from threecircles.identity.signposting import Involvement

READ = (
    "identity.link_record", "identity.person_record", "identity.identifier", "identity.person", "identity.relation",
    "identity.residence", "identity.household", "record.episode",
)  # fmt: skip
"""Tables that a card is made from."""
NO_CONTACT = "the service's duty desk"
Tables = Mapping[str, pl.DataFrame | None]


@dataclass(frozen=True)
class Found:
    """Who was found: person (None when nobody, or more than one), records, and who may not be found."""

    person: str | None
    records: tuple[str, ...]
    hidden: bool
    hidden_persons: frozenset[str]


def find(tables: Tables, asked: Mapping[str, str]) -> Found:
    """The one child that a number, or name, birth date and postcode, belong to."""
    pointers, persons = tables["identity.person_record"], tables["identity.person"]
    hidden = (
        frozenset(persons.filter("restricted")["person_id"]) if persons is not None else frozenset()
    )
    if pointers is None:
        return Found(None, (), False, hidden)
    number = clean_identifier(asked.get("number"))
    met = (
        _by_number(tables["identity.identifier"], pointers, number)
        if number
        else _by_name(tables, pointers, asked)
    )
    known = sorted(set(met["person_id"].drop_nulls()))
    if len(known) != 1:
        return Found(None, (), False, hidden)
    own = pointers.filter(pl.col("person_id") == known[0])
    records = tuple(
        sorted(own.select(pl.col("source") + "|" + pl.col("source_key")).to_series().unique())
    )
    return Found(known[0], records, known[0] in hidden, hidden)


def involvements(tables: Tables, found: Found, relatives: Sequence[str]) -> list[Involvement]:
    """What the record knows of the child's services, and of those of the relatives named."""
    episodes = tables["record.episode"]
    if episodes is None:
        return []
    own = episodes.filter(pl.col("person_id").is_in([found.person or "", *relatives]))
    spans = episodes.group_by("source_id").agg(
        pl.col("valid_from").min(), pl.col("last_seen").max()
    )
    covers = {s: (a, b) for s, a, b in spans.iter_rows()}
    made = []
    for person, process, service, org, end, source in own.select(
        "person_id", "process", "service_id", "org_id", "valid_to", "source_id"
    ).iter_rows():
        since, until = covers.get(source, (None, None))
        made.append(Involvement(
            person=person, service=(service or process).replace("_", "-"), contact=org or NO_CONTACT, last=end,
            covered_from=since or date(2000, 1, 1), covered_to=until or date(2000, 1, 1),
        ))  # fmt: skip
    return made


def named_persons(tables: Tables, records: Sequence[str]) -> dict[str, str]:
    """The person of each record (SOURCE|KEY) that the last run knows."""
    pointers = tables["identity.person_record"]
    if pointers is None or not records:
        return {}
    names = pointers.select((pl.col("source") + "|" + pl.col("source_key")).alias("n"), "person_id")
    return dict(names.filter(pl.col("n").is_in(list(records))).drop_nulls().iter_rows())


def _by_number(numbers: pl.DataFrame | None, pointers: pl.DataFrame, number: str) -> pl.DataFrame:
    if numbers is None:
        return pointers.clear()
    held = numbers.filter(
        (pl.col("value") == number) & pl.col("scheme").is_in(["nhs", "upn", "uln"])
    )
    return pointers.join(
        held.select("source_record_id").unique(), on="source_record_id", how="semi"
    )


def _by_name(tables: Tables, pointers: pl.DataFrame, asked: Mapping[str, str]) -> pl.DataFrame:
    """Records of one name and birthday, at the postcode or on the roll of the school asked for."""
    records = tables["identity.link_record"]
    if records is None:
        return pointers.clear()
    try:
        born = date.fromisoformat(asked["date_of_birth"].strip())
    except ValueError:
        return pointers.clear()
    pupils = _pupils(tables["record.episode"], asked.get("school", ""))
    there = pointers.filter(pl.col("person_id").is_in(pupils))
    keys = ["source", "source_key"]
    at_school = pl.struct(keys).is_in(there.select(pl.struct(keys)).to_series().implode())
    at_home = pl.col("postcode") == (normalise_postcode(asked.get("postcode", "")) or "")
    near = records.filter((pl.col("birth_date") == born) & (at_home.fill_null(False) | at_school))
    same = [
        same_name(asked["first_name"], asked["surname"], first, last)
        for first, last in near.select("first", "surname").iter_rows()
    ]
    met = near.filter(pl.Series(same, dtype=pl.Boolean))
    return pointers.join(met.select(keys), on=keys, how="semi")


def _pupils(episodes: pl.DataFrame | None, school: str) -> list[str]:
    """Persons on the roll of the school with this unique reference number."""
    number = school.strip()
    if episodes is None or not number.isdigit():
        return []
    roll = (pl.col("process") == "school_enrolment") & (pl.col("org_id") == f"urn:{number}")
    return episodes.filter(roll & pl.col("valid_to").is_null())["person_id"].unique().to_list()
