"""How well the sources were joined, for people to read: without it nobody would know who is missed."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.core.intervals import wilson
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.definitions import read_csv
from threecircles.definitions.place import Place
from threecircles.identity.place.link_errors import link_errors
from threecircles.sources.declared import source

_LINKED = ["linked", "linked_doubtful"]
_FEWEST = 30
"""Records below which a source has no line of its own: it has no linkage rate worth the name."""
_OTHER = "other-sources"
_NO_AGE = "not-known"
NO_CODE = "no code"
"""Group of all whose ethnic group was written as no code of the list: a cell can hold any words, a name too."""


def link_tables(
    link_record: Any, person_record: Any, person_public: Any, link_edge: Any, place: Place
) -> list[Measured]:
    """linkage-summary by source, linkage-age by single year of age, linkage-group and linkage-errors
    (see `link_errors`) by sex, ethnic group and deprivation fifth. A record counts as linked when it has a link of at least .3 to another
    source; those who did not agree to linking are counted apart and are no failure."""
    records, pointers = collect(link_record), collect(person_record)
    if "birth_date" not in records.columns:
        return []
    one = pointers.unique(["source", "source_key"], keep="last", maintain_order=True)
    told = one.join(
        records.select("source", "source_key", "birth_year"),
        on=["source", "source_key"],
        how="left",
    )
    public = collect(person_public)
    told = told.join(
        public.select("person_id", "sex", "ethnic_group", "lsoa21"), on="person_id", how="left"
    )
    told = told.with_columns(_fifth(told, place), _of_the_list(told["ethnic_group"]))
    return [
        _summary(told, place),
        _age(told, place),
        _group(told, place),
        link_errors(told, records, link_edge, place),
    ]


def _of_the_list(groups: pl.Series) -> pl.Series:
    """Ethnic groups by code; whatever else stood in the column is one group, and its words stay where they are."""
    known = {row["code"] for row in read_csv("codes/ethnicity")}
    odd = groups.is_not_null() & ~groups.is_in(sorted(known))
    return pl.select(
        pl.when(odd).then(pl.lit(NO_CODE)).otherwise(groups).alias("ethnic_group")
    ).to_series()


def _labels(sources: list[str]) -> dict[str, str]:
    small = f"Sources with fewer than {_FEWEST} records"
    return {s: small if s == _OTHER else source(s).label for s in sources}


def _folded(told: pl.DataFrame) -> pl.DataFrame:
    """The records with the small sources as one."""
    small = pl.len().over("source") < _FEWEST
    return told.with_columns(
        pl.when(small).then(pl.lit(_OTHER)).otherwise("source").alias("source")
    )


def _summary(told: pl.DataFrame, place: Place) -> Measured:
    found: list[dict[str, Any]] = []
    told = _folded(told)
    sources = told["source"].unique(maintain_order=True).to_list()
    sources.sort(key=lambda name: name == _OTHER)
    for name in [TOTAL, *sources]:
        own = told if name == TOTAL else told.filter(pl.col("source") == name)
        asked = own.filter(pl.col("band") != "not_agreed")
        counts = dict(own.group_by("band").len().iter_rows())
        for measure, n in (
            ("records", len(own)),
            ("linked", counts.get("linked", 0)),
            ("doubtful", counts.get("linked_doubtful", 0)),
            ("review", counts.get("review", 0)),
            ("unlinked", counts.get("unlinked", 0)),
            ("not_agreed", counts.get("not_agreed", 0)),
        ):
            found.append(_row({"source": name}, measure, float(n), None, None, n, len(own), n))
        found.append(_rate({"source": name}, asked))
    spec = _spec(
        "linkage-summary",
        "Records linked to another source",
        place,
        (
            Dimension(
                column="source", label="Source", order=(TOTAL, *sources), labels=_labels(sources)
            ),
        ),
    )
    return Measured(spec, pl.DataFrame(found, schema=_schema(["source"])))


def _age(told: pl.DataFrame, place: Place) -> Measured:
    # Whoever left out those without an age would tell of them by the difference to the other tables.
    asked = told.filter(pl.col("band") != "not_agreed")
    aged = asked.with_columns(
        age=(place.year - pl.col("birth_year").cast(pl.Int64)).clip(0, 25).cast(pl.String)
    ).with_columns(pl.col("age").fill_null(_NO_AGE))
    ages = sorted(aged["age"].unique().to_list(), key=lambda a: (a == _NO_AGE, len(a), a))
    found = [_rate({"age": TOTAL}, aged)]
    found += [_rate({"age": a}, aged.filter(pl.col("age") == a)) for a in ages]
    dimension = Dimension(
        column="age", label="Age reached in the year", order=(TOTAL, *ages), labels={_NO_AGE: "Not known"}
    )  # fmt: skip
    note = (
        "A link made by one agency's number alone is blind to children who have no such number yet."
    )
    spec = _spec("linkage-age", "Share of records linked, by age", place, (dimension,), (note,))
    return Measured(spec, pl.DataFrame(found, schema=_schema(["age"])))


def _group(told: pl.DataFrame, place: Place) -> Measured:
    asked = told.filter(pl.col("band") != "not_agreed")
    found, labels, order = [_rate({"group": TOTAL}, asked)], {}, [TOTAL]
    for column, words in (
        ("sex", "Sex"),
        ("ethnic_group", "Ethnic group"),
        ("fifth", "Deprivation fifth"),
    ):
        for value in sorted(asked[column].drop_nulls().unique().to_list()):
            code = f"{column}:{value}"
            order.append(code)
            labels[code] = f"{words}: {value}"
            found.append(_rate({"group": code}, asked.filter(pl.col(column) == value)))
    dimension = Dimension(column="group", label="Group", order=tuple(order), labels=labels)
    spec = _spec("linkage-group", "Share of records linked, by group", place, (dimension,))
    return Measured(spec, pl.DataFrame(found, schema=_schema(["group"])))


def _fifth(told: pl.DataFrame, place: Place) -> pl.Series:
    path = place.reference.get("deprivation")
    if path is None:
        return pl.Series("fifth", [None] * len(told), dtype=pl.String)
    table = pl.read_csv(path, infer_schema=False).select(
        pl.col("LSOA21CD").alias("lsoa21"),
        ((pl.col("imd_decile").cast(pl.Int64) + 1) // 2).cast(pl.String).alias("fifth"),
    )
    return told.select("lsoa21").join(table, on="lsoa21", how="left", maintain_order="left")[
        "fifth"
    ]


def _rate(at: dict[str, str], own: pl.DataFrame) -> dict[str, Any]:
    n, linked = len(own), int(own["band"].is_in(_LINKED).sum())
    if n == 0:
        return {**_row(at, "linkage_rate", None, None, None, 0, 0, 0), "reason": "not_applicable"}
    ends = wilson(linked, n)
    return _row(at, "linkage_rate", linked / n, ends.low, ends.high, linked, n, n)


def _row(
    at: dict[str, str], measure: str, value: float | None, low: float | None, high: float | None,
    numerator: int, denominator: int, n: int,
) -> dict[str, Any]:  # fmt: skip
    return {
        **at, "measure": measure, "value": value, "low": low, "high": high,
        "numerator": float(numerator), "denominator": float(denominator), "n": n, "reason": None,
    }  # fmt: skip


def _schema(dimensions: list[str]) -> dict[str, Any]:
    floats = dict.fromkeys(("value", "low", "high", "numerator", "denominator"), pl.Float64)
    return {
        **dict.fromkeys([*dimensions, "measure"], pl.String),
        **floats,
        "n": pl.Int64,
        "reason": pl.String,
    }


def _spec(
    name: str,
    title: str,
    place: Place,
    dimensions: tuple[Dimension, ...],
    notes: tuple[str, ...] = (),
) -> TableSpec:
    return TableSpec(
        id=name,
        title=title,
        population="source-records",
        period=str(place.year),
        unit="share of records",
        dimensions=dimensions,
        kind="quality",
        page="linkage",
        notes=(
            "Linked: a probability of at least .3 with a record of another source.",
            "Most pupils are known to no other source: unlinked does not mean missed.",
            *notes,
        ),
        definitions=("identity/model_2026", "identity/children_layer_2026"),
        sources=tuple(sorted({d.source for d in place.deliveries})),
        step="identity.tables",
    )
