"""Source rows made comparable: without one shape the ladder would need a rung for every source.

`link_record`, one row per source record:
  rid int64 (position), source text, src int16, record_id text as given, dup bool (its source may
  hold a person twice), first text?, first_all list, surname text?, surname_all list, name_key,
  name_whole text? (both names in the order of the alphabet, the second with all parts of the first name), dob text? (yyyy-mm-dd), birth_year, birth_month, birth_day int16?, year_only bool, sex
  text? (F M), postcode text?, outcode text?, uprn text?, ethnic text?, nameless bool (neither name
  nor postcode), expected date? (of an unborn child), grown_up bool (its source lists adults), id_<scheme> text?,
  group_<name> text? (carried along for the quality report, never compared)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.identifiers import clean_identifier, is_pseudo_postcode, normalise_postcode
from threecircles.identity import births
from threecircles.identity.identifiers import LINKING, judge, judge_column
from threecircles.identity.names import first_readings, surname_readings, whole_first
from threecircles.identity.request import LinkRequest, LinkSource, columns

OLDEST = 25
"""Age above which a person is not a child or care leaver: the date is refused."""
MAX_HOLDERS = 5
"""An identifier carried by more records with different births than this is shared, not one child's."""
_SEXES = {
    "m": "M",
    "male": "M",
    "boy": "M",
    "1": "M",
    "f": "F",
    "female": "F",
    "girl": "F",
    "2": "F",
}
_PARTS = {"birth_year": (0, 4), "birth_month": (5, 2), "birth_day": (8, 2)}


@dataclass
class Notes:
    """What was seen while reading, for the quality report: counts only, never values.

    problems: sentences that name file, row and column. refused_records: source, row, record_id, reason.
    grown_up: sources of adults.
    """

    refused: dict[str, int] = field(default_factory=dict)
    identifiers: list[dict[str, object]] = field(default_factory=list)
    year_only: dict[str, int] = field(default_factory=dict)
    grown_up: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    refused_records: list[dict[str, object]] = field(default_factory=list)


def link_records(
    request: LinkRequest, tables: dict[str, pl.DataFrame], notes: Notes | None = None
) -> pl.DataFrame:
    """One comparable row per source record, in the order of the sources and their rows.

    tables: source name -> text columns as named in the request. Nothing is dropped: a record with
    nothing to compare stays and remains unlinked.
    """
    notes = notes if notes is not None else Notes()
    today = request.as_of or date.today()
    fictitious = request.fictitious
    if fictitious is None:
        fictitious = _looks_fictitious(request, tables)
    parts = [
        _one_source(
            source,
            number,
            tables[source.name],
            today,
            fictitious,
            request.fictitious is not None,
            notes,
        )
        for number, source in enumerate(request.sources)
    ]
    records = (
        pl.concat(parts, how="diagonal")
        .with_row_index("rid")
        .with_columns(pl.col("rid").cast(pl.Int64))
    )
    return _drop_shared(records, notes)


def schemes(records: pl.DataFrame) -> list[str]:
    """The identifier schemes that at least two records carry one value of, or any carry."""
    return [
        c for c in records.columns if c.startswith("id_") and records[c].null_count() < len(records)
    ]


def _looks_fictitious(request: LinkRequest, tables: dict[str, pl.DataFrame]) -> bool:
    found = [
        judge("nhs", value, fictitious=True).status == "valid"
        for source in request.sources
        if "nhs" in source.identifiers
        for value in tables[source.name][source.identifiers["nhs"]].drop_nulls().head(200)
    ]
    return bool(found) and sum(found) > 0.5 * len(found)


def _one_source(
    source: LinkSource,
    number: int,
    table: pl.DataFrame,
    today: date,
    fictitious: bool,
    known: bool,
    notes: Notes,
) -> pl.DataFrame:
    named = columns(source)
    raw = pl.DataFrame({ours: table[theirs] for ours, theirs in named.items()})
    for ours in (
        "first_name",
        "surname",
        "date_of_birth",
        "sex",
        "postcode",
        "uprn",
        "ethnicity",
        "expected_birth",
    ):
        if ours not in raw.columns:
            raw = raw.with_columns(pl.lit(None, dtype=pl.String).alias(ours))
    built = raw.select(
        pl.lit(source.name).alias("source"),
        pl.lit(number, dtype=pl.Int16).alias("src"),
        "record_id",
        _mapped(raw["first_name"], lambda t: list(first_readings(t)), pl.List(pl.String)).alias(
            "first_all"
        ),
        _mapped(raw["first_name"], whole_first).alias("first_whole"),
        _mapped(raw["surname"], lambda t: list(surname_readings(t)), pl.List(pl.String)).alias(
            "surname_all"
        ),
        _births(raw["date_of_birth"], source, today, notes).alias("dob"),
        births.days(raw["expected_birth"], source.date_format).alias("expected"),
        _mapped(raw["sex"], lambda t: _SEXES.get(t.strip().casefold())).alias("sex"),
        _postcodes(raw["postcode"]).alias("postcode"),
        _mapped(raw["uprn"], lambda t: _value("uprn", t, fictitious)).alias("uprn"),
        raw["ethnicity"].str.strip_chars().str.to_uppercase().alias("ethnic"),
        *[
            _identifiers(raw, scheme, source, fictitious, known, notes)
            for scheme in source.identifiers
        ],
        *[c for c in raw.columns if c.startswith("group_")],
    )
    return _derived(built, source.name, notes)


def _derived(built: pl.DataFrame, name: str, notes: Notes) -> pl.DataFrame:
    """Columns that follow from others: primary readings, parts of the birth, year-only dates."""
    year_only = pl.col("dob").str.slice(5).is_in(_default_days(built["dob"].drop_nulls()))
    built = built.with_columns(
        pl.col("first_all").list.first().alias("first"),
        pl.col("surname_all").list.first().alias("surname"),
        pl.col("postcode").str.split(" ").list.first().alias("outcode"),
        year_only.fill_null(False).alias("year_only"),
    )
    notes.year_only[name] = int(built["year_only"].sum())
    return built.with_columns(
        _both_ways("first").alias("name_key"),
        _both_ways("first_whole").alias("name_whole"),
        # Children known only by number, birth, sex and ethnic group can still be met where these are rare.
        pl.all_horizontal(pl.col(c).is_null() for c in ("first", "surname", "postcode")).alias(
            "nameless"
        ),
        pl.lit(name in notes.grown_up).alias("grown_up"),
        pl.when("year_only").then(None).otherwise("dob").alias("dob"),
        *[pl.col("dob").str.slice(*at).cast(pl.Int16).alias(part) for part, at in _PARTS.items()],
    ).drop("first_whole")


def _both_ways(first: str) -> pl.Expr:
    """First name and surname in one order, whichever of them stands in which column."""
    return pl.min_horizontal(first, "surname") + "|" + pl.max_horizontal(first, "surname")


def _default_days(given: pl.Series) -> list[str]:
    """Days of the year (mm-dd) that a source writes when it knows only the year.

    A default shows itself by its share: more than three times one in 365, beyond what chance gives.
    A single child born on 1 January keeps its birthday.
    """
    from scipy.special import bdtrc

    days = given.str.slice(5).value_counts(name="n")
    n = max(1, len(given))
    chance = bdtrc(days["n"].to_numpy() - 1, n, 1 / 365)
    unlikely = np.where(days["dob"].to_numpy() == "01-01", 1e-3, 1e-6)
    found = days.filter(pl.Series((days["n"].to_numpy() / n > 3 / 365) & (chance < unlikely)))
    # Children born together share a day honestly: a default spreads over several years.
    years = (
        given.to_frame("b")
        .group_by(pl.col("b").str.slice(5))
        .agg(pl.col("b").n_unique().alias("years"))
    )
    several = set(years.filter(pl.col("years") > 1)["b"])
    return [d for d in found["dob"] if d == "01-01" or d in several]


def _mapped(
    values: pl.Series,
    function: Callable[[str], Any],
    dtype: pl.DataType | type[pl.DataType] = pl.String,
) -> pl.Series:
    """The function over distinct values only: a million records hold few distinct names."""
    distinct = values.drop_nulls().unique()
    mapped = pl.Series("new", [function(v) for v in distinct], dtype=dtype)
    if isinstance(dtype, pl.List):
        mapped = pl.select(pl.when(mapped.list.len() > 0).then(mapped)).to_series().alias("new")
    lookup = pl.DataFrame({"old": distinct, "new": mapped})
    return (
        pl.DataFrame({"old": values})
        .join(lookup, on="old", how="left", maintain_order="left")
        .get_column("new")
    )


def _births(values: pl.Series, source: LinkSource, today: date, notes: Notes) -> pl.Series:
    text = values.str.strip_chars()
    days = births.days(values, source.date_format)
    oldest = today.replace(year=today.year - OLDEST - 1, day=min(today.day, 28))
    old = int((days < oldest).sum())
    if old > 0.5 * max(1, len(days.drop_nulls())):
        oldest = date.min  # a source of grown-ups: its dates stand, no child's would
        notes.grown_up.add(source.name)
    good = days.is_between(oldest, today).fill_null(False)
    written = text.is_not_null() & (text.str.len_chars() > 0)
    refused = written & ~good
    notes.refused[f"{source.name}: date of birth"] = int(refused.sum())
    if refused.any():
        notes.problems.append(_refused_births(refused, days, today, source))
    elif not written.any() and source.date_of_birth:
        where = f"{source.file or source.name}, column {source.date_of_birth}"
        notes.problems.append(
            str(
                ThreeCirclesError(
                    "No record has a date of birth.",
                    where=where,
                    mend="Look whether this is the right column.",
                )
            )
        )
    return pl.select(pl.when(good).then(days.dt.strftime("%Y-%m-%d"))).to_series()


def _refused_births(refused: pl.Series, days: pl.Series, today: date, source: LinkSource) -> str:
    """The problem in words; the values themselves stay where they are."""
    row = int(refused.arg_true()[0])
    day = days[row]
    found = (
        "no date"
        if day is None
        else "a date in the future"
        if day > today
        else f"a date over {OLDEST} years ago"
    )
    return str(ThreeCirclesError(
        f"{int(refused.sum()):,} dates of birth are not used; their records are linked without them.",
        where=f"{source.file or source.name}, row {row + 1:,}, column {source.date_of_birth}", found=found,
        allowed=f"dates of the last {OLDEST} years, as yyyy-mm-dd or dd/mm/yyyy",
        mend="Correct the date, or give the source a date_format.",
    ))  # fmt: skip


def _postcodes(values: pl.Series) -> pl.Series:
    """Postcodes in one form. Where most of a column has another form it is some other country's or
    scheme's code: then the cleaned text is compared as it stands."""
    read = _mapped(values, _home_postcode)
    written = len(values.drop_nulls())
    if written and read.drop_nulls().len() < 0.5 * written:
        return _mapped(values, lambda t: clean_identifier(t) or None)
    return read


def _home_postcode(text: str) -> str | None:
    return None if is_pseudo_postcode(text) else normalise_postcode(text)


def _value(scheme: str, text: str, fictitious: bool) -> str | None:
    judged = judge(scheme, text, fictitious=fictitious)
    return judged.value if judged.status in LINKING else None


def _identifiers(
    raw: pl.DataFrame, scheme: str, source: LinkSource, fictitious: bool, known: bool, notes: Notes
) -> pl.Series:
    judged = judge_column(scheme, raw[f"id_{scheme}"], fictitious=fictitious, known=known)
    counts = judged.group_by("status", "reason").len().sort("status", "reason")
    notes.identifiers += [
        {"source": source.name, "scheme": scheme, "status": s, "reason": r, "records": n}
        for s, r, n in counts.iter_rows()
    ]
    kept = pl.when(pl.col("status").is_in(LINKING)).then("value")
    return judged.select(kept).to_series().alias(f"id_{scheme}")


def _drop_shared(records: pl.DataFrame, notes: Notes) -> pl.DataFrame:
    """Values that many people with different births carry are nobody's: they are set aside."""
    for column in [c for c in records.columns if c.startswith("id_")]:
        holders = (
            records.filter(pl.col(column).is_not_null() & pl.col("dob").is_not_null())
            .group_by(column)
            .agg(pl.col("dob").n_unique().alias("births"))
            .filter(pl.col("births") > MAX_HOLDERS)
        )
        if len(holders):
            shared = pl.col(column).is_in(holders[column].implode())
            hit = int(records.select(shared.sum()).item())
            notes.identifiers.append(
                {
                    "source": "all",
                    "scheme": column[3:],
                    "status": "shared",
                    "reason": "many births",
                    "records": hit,
                }
            )
            records = records.with_columns(pl.when(~shared).then(pl.col(column)).alias(column))
    return records
