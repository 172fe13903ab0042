"""What rules look up outside the return: without it a postcode or a provider could not be checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality.canonical import canonical
from threecircles.quality.layout import Column, Table

REFERENCES: dict[str, Table] = {
    "postcodes": Table(
        label="postcode directory",
        child="",
        columns={
            "pcd": Column(type="text", label="postcode"),
            "pcd_abbr": Column(type="text", label="postcode without spaces"),
            "laua": Column(type="text", label="lower-tier or unitary authority"),
            "oseast1m": Column(type="number", label="easting in metres"),
            "osnrth1m": Column(type="number", label="northing in metres"),
        },
        date_form="yyyy-mm-dd",
        upper_case=True,
    ),
    "authorities": Table(
        label="lower-tier to upper-tier authorities",
        child="",
        columns={
            "LTLA21CD": Column(type="text", label="lower-tier authority"),
            "UTLA21CD": Column(type="text", label="upper-tier authority"),
            "UTLA21NM": Column(type="text", label="name of the upper-tier authority"),
        },
        date_form="yyyy-mm-dd",
        upper_case=True,
    ),
    "providers": Table(
        label="provider list",
        child="",
        columns={
            "URN": Column(type="text", label="provider number"),
            "PLACE_CODES": Column(type="text", label="placement types"),
            "PROVIDER_CODES": Column(type="text", label="provider types"),
            "REG_START": Column(type="date", label="start of registration"),
            "REG_END": Column(type="date", label="end of registration"),
            "POSTCODE": Column(type="text", label="postcode"),
            "LA_CODE_INFERRED": Column(type="text", label="authority of the postcode"),
        },
        date_form="yyyy-mm-dd",
        upper_case=True,
    ),
    "schools": Table(
        label="list of schools",
        child="",
        columns={
            "URN": Column(type="text", label="school number"),
            "OPENED": Column(type="date", label="day the school opened"),
            "CLOSED": Column(type="date", label="day the school closed"),
        },
        date_form="yyyy-mm-dd",
        upper_case=True,
    ),
    "area_list": Table(
        label="list of small and middle areas",
        child="",
        columns={
            "area_code": Column(type="text", label="area"),
            "vintage": Column(type="text", label="vintage of the area"),
            "la_code": Column(type="text", label="authority in which the area lies"),
        },
        date_form="yyyy-mm-dd",
        upper_case=True,
    ),
    "links": Table(
        label="linked pairs",
        child="",
        columns={
            name: Column(type="number" if name == "confidence" else "text", label=name)
            for name in ("source_a", "key_a", "source_b", "key_b", "basis", "confidence")
        },
        date_form="yyyy-mm-dd",
        upper_case=False,
    ),
    "published_totals": Table(
        label="totals the authority published for the year",
        child="",
        columns={
            "measure": Column(type="text", label="what was counted"),
            "total": Column(type="number", label="published total"),
        },
        date_form="yyyy-mm-dd",
        upper_case=False,
    ),
}
"""Reference tables a caller may hand in, by name."""

NAMED_BY = {
    "postcodes": ("pcd", "pcd_abbr"),
    "authorities": ("LTLA21CD",),
    "providers": ("URN",),
    "schools": ("URN",),
    "area_list": ("area_code",),
    "links": ("key_a",),
    "published_totals": ("measure",),
}
"""Columns of which a reference must have one, since without it no line can be found."""

ALIASES = {
    "provider_info": "providers",
    "provider_list": "providers",
    "postcode_directory": "postcodes",
}

WORDS = {
    "window": "the collection window (a reference date in the Header or in the metadata)",
    "own_authority": "the code of the reporting authority (local_authority in the metadata)",
    "postcodes": "the postcode directory",
    "providers": "the provider list",
    "schools": "the list of schools",
    "links": "linked pairs of records (what identity gives)",
    "published_totals": "the totals that the authority published for the year",
    "area_list": "a list of areas with their authorities",
    "authorities": "the lookup from lower-tier to upper-tier authorities",
}
"""Each reference in words, for the reason a rule is skipped."""


def reference_tables(given: Mapping[str, Any] | None) -> dict[str, pl.DataFrame]:
    """The caller's reference tables as text, by our names; unknown names are left out.

    Raises UsageError for a reference in which no line can be found.
    """
    found: dict[str, pl.DataFrame] = {}
    for name, frame in (given or {}).items():
        known = ALIASES.get(str(name).casefold(), str(name).casefold())
        if known not in REFERENCES or frame is None:
            continue
        found[known] = canonical(frame, REFERENCES[known], normalise_booleans=False)
        if not set(NAMED_BY[known]) & set(found[known].columns):
            raise UsageError(
                f"The {REFERENCES[known].label} lacks a column.",
                where=f"reference {name}",
                allowed=f"{' or '.join(NAMED_BY[known])}, and {', '.join(REFERENCES[known].columns)} as far as held",
            )
    return found
