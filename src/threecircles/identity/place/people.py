"""Persons without names: the only view of a child that the rooms above may see."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.core.workspace import Workspace
from threecircles.definitions import Definition, load
from threecircles.definitions.place import Place
from threecircles.identity.place.ages import ages
from threecircles.identity.place.deliveries import rows
from threecircles.identity.place.households import households, living_together, relations
from threecircles.identity.place.mothers import mothers
from threecircles.identity.place.residences import observed, stays
from threecircles.identity.pseudonyms import derived_key, short_code

_NOT_SAID = ["REFU", "NOBT"]
_ROUNDED = 4


@dataclass(frozen=True, kw_only=True)
class Precedence(Definition):
    """Which source is believed first where several speak of one thing."""

    sources: tuple[str, ...]


def people(
    link_record: Any,
    person_record: Any,
    tables: Mapping[str, Any],
    place: Place,
    workspace: Workspace | None = None,
) -> dict[str, pl.DataFrame]:
    """Payload tables of a place: person, person_public, residence, relation, household, age.

    They hold no name, address, postcode, UPRN, birth date or identifier.
    """
    records, pointers = collect(link_record), collect(person_record)
    if "birth_date" not in records.columns:
        return {}
    facts = _facts(records, pointers)
    chosen = _chosen(facts)
    where = stays(observed(pointers, rows(place, tables), tables, place), place)
    day = date(place.year, 3, 31)
    surnames = _most(facts, "surname").rename({"value": "surname"})
    together = living_together(where, surnames, day)
    names = _household_names(together, place, workspace)
    persons = _persons(facts, chosen)
    births = pointers.join(chosen.select("person_id", "birth"), on="person_id", how="inner")
    return {
        "identity.person": persons,
        "identity.person_public": _public(persons, where, day),
        "identity.residence": _residences(where, together, names),
        "identity.relation": _relations(together, chosen, tables, place, pointers, surnames),
        "identity.household": households(together, names),
        "identity.age": ages(births.select("delivery", "source_key", "birth"), tables, place),
    }


def _relations(
    together: pl.DataFrame, chosen: pl.DataFrame, tables: Mapping[str, Any], place: Place, pointers: pl.DataFrame,
    surnames: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """Inferred and stated relations; where both speak of one pair, what is stated stands."""
    births = chosen.select("person_id", "birth")
    stated = mothers(tables, place, pointers, births, surnames)
    inferred = relations(together, births)
    rest = inferred.join(stated, on=["person_id", "other_person_id"], how="anti")
    return pl.concat([rest, stated]).sort("person_id", "other_person_id")


def _facts(records: pl.DataFrame, pointers: pl.DataFrame) -> pl.DataFrame:
    """What each record says of its person, best source first."""
    order = {s: i for i, s in enumerate(load("identity/precedence", Precedence).sources)}
    linked = pointers.select("source", "source_key", "person_id", "band", "p").unique(
        ["source", "source_key"], maintain_order=True
    )
    said = records.join(linked, on=["source", "source_key"]).filter(
        pl.col("person_id").is_not_null()
    )
    rank = pl.col("source").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    return said.with_columns(rank.alias("rank")).sort("person_id", "rank", "source_key")


def _most(facts: pl.DataFrame, column: str) -> pl.DataFrame:
    """person_id, value: what most of a person's records say; between equals the better source."""
    told = facts.filter(pl.col(column).is_not_null())
    votes = told.group_by("person_id", column).agg(pl.len().alias("votes"), pl.col("rank").min())
    first = votes.sort(
        ["person_id", "votes", "rank", column], descending=[False, True, False, False]
    )
    return first.unique("person_id", keep="first", maintain_order=True).select(
        "person_id", pl.col(column).alias("value")
    )


def _chosen(facts: pl.DataFrame) -> pl.DataFrame:
    """person_id, birth, sex, ethnic_group, death_date: one value each."""
    known_sex = facts.with_columns(pl.when(pl.col("sex") != "U").then(pl.col("sex")).alias("sex"))
    said = facts.with_columns(
        pl.when(~pl.col("ethnic_group").is_in(_NOT_SAID))
        .then(pl.col("ethnic_group"))
        .alias("ethnic_group")
    )
    table = facts.select("person_id").unique(maintain_order=True)
    parts = {
        "birth": _most(facts, "birth_date"),
        "sex": _most(known_sex, "sex"),
        "ethnic_group": _most(said, "ethnic_group"),
        "not_said": _most(facts, "ethnic_group"),
        "death_date": _most(facts, "death_date"),
    }
    for name, part in parts.items():
        table = table.join(
            part.rename({"value": name}), on="person_id", how="left", maintain_order="left"
        )
    return table.with_columns(
        pl.coalesce("ethnic_group", "not_said").alias("ethnic_group"), pl.col("sex").fill_null("U")
    )


def _persons(facts: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    seen = facts.group_by("person_id").agg(
        pl.col("first_seen").min(),
        pl.col("last_seen").max(),
        pl.col("p").min().round(_ROUNDED).alias("link_p"),
        pl.col("band").is_in(["linked", "linked_doubtful"]).any().alias("any"),
        (pl.col("band") == "linked_doubtful").any().alias("doubtful"),
        (pl.col("band") == "review").any().alias("waits"),
        pl.col("restricted").any(),
        (pl.col("birth_date").is_null() & pl.col("expected_birth").is_not_null())
        .all()
        .alias("unborn"),
    )
    band = (
        pl.when(pl.col("doubtful")).then(pl.lit("linked_doubtful")).when(pl.col("any")).then(pl.lit("linked"))
        .when(pl.col("waits")).then(pl.lit("review")).otherwise(pl.lit("unlinked"))
    )  # fmt: skip
    return (
        chosen.join(seen, on="person_id", maintain_order="left")
        .select(
            "person_id",
            pl.col("birth").dt.month_start().alias("birth_month"),
            "sex",
            "ethnic_group",
            pl.col("death_date").dt.month_start().alias("death_month"),
            pl.col("unborn").fill_null(False),
            "restricted",
            band.alias("link_band"),
            "link_p",
            "first_seen",
            "last_seen",
        )
        .sort("person_id")
    )


def _public(persons: pl.DataFrame, where: pl.DataFrame, day: date) -> pl.DataFrame:
    """person_public on the last day of the year: home area as known then, else the latest known home."""
    homes = where.filter((pl.col("kind") == "home") & (pl.col("valid_from") <= day))
    last = (
        homes.sort("person_id", "valid_from")
        .group_by("person_id", maintain_order=True)
        .agg(pl.col("lsoa21").last())
    )
    return persons.join(last, on="person_id", how="left", maintain_order="left").select(
        "person_id", "birth_month", "sex", "lsoa21", "ethnic_group", "link_band"
    )


def _residences(where: pl.DataFrame, together: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """Residences as areas, with the opaque household for homes."""
    own = together.select("person_id", "home").with_columns(
        pl.col("home").replace_strict(names, return_dtype=pl.String).alias("household_id"),
        pl.lit("home").alias("kind"),
    )
    current = where.with_columns(pl.col("valid_to").is_null().alias("current"))
    joined = current.join(
        own.drop("home"), on=["person_id", "kind"], how="left", maintain_order="left"
    )
    return joined.select(
        "person_id", "valid_from", "valid_to", "kind", "lsoa21", pl.lit(None, dtype=pl.String).alias("lsoa11"), "la_code",
        pl.when("current").then("household_id").alias("household_id"), "overlaps",
        pl.col("source").alias("source_id"), "source_record_id", pl.col("delivery").alias("extract_id"), pl.col("row").alias("source_row"),
    ).sort("person_id", "kind", "valid_from")  # fmt: skip


def _household_names(
    together: pl.DataFrame, place: Place, workspace: Workspace | None
) -> dict[str, str]:
    """home -> household id: keyed, since an address could be guessed from a plain hash."""
    if place.fictitious or workspace is None:
        secret = hashlib.sha256(f"made-up households {place.id} {place.seed}".encode()).digest()
    else:
        secret = derived_key(workspace.key(), workspace.id, "household")
    homes = together["home"].unique().to_list()
    return {h: short_code(hmac.digest(secret, h.encode(), "sha256")) for h in homes}
