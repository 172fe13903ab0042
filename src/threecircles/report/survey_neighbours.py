"""Packs of other boroughs set beside a study: without them no borough knows whether its figures are unusual."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.report.survey_exchange import (
    Exchange,
    compare,
    core_hashes,
    read_exchange,
    write_exchange,
)
from threecircles.survey.study import Study, folder_of, versions
from threecircles.survey.tables import SEX

FOLDER = "packs"
_FIGURES = ("value", "low", "high", "n")


def keep_pack(
    path: Path, study: Study, workspace: Path, authority: str, today: date
) -> tuple[Exchange, int]:
    """Keep a pack in the study's folder; returns it and how many questions and scores are the same here.

    A newer pack of the same authority takes the older one's place. Raises UsageError for a pack of the
    study's own authority, or one that shares no question with the study.
    """
    told = read_exchange(path, today)
    if told.authority.casefold() == authority.casefold():
        raise UsageError(
            "This is the pack of the study's own authority.", where=path.name, found=told.authority
        )
    own = core_hashes(study, workspace)
    same = sum(own.get(code) == digest for code, digest in told.hashes.items())
    if not same:
        raise UsageError(
            "Nothing in this pack was asked in the same words here.",
            where=path.name,
            found=f"{told.authority}, study {told.study}",
            mend="Only questions of one fixed core are compared.",
        )
    folder = folder_of(workspace, study.id) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_exchange(told, folder / f"{_slug(told.authority)}.json")
    return told, same


def kept_packs(
    workspace: Path, study: Study, today: date
) -> tuple[list[Exchange], tuple[str, ...]]:
    """Packs kept beside a study, by name of authority, and sentences on those that have run out."""
    packs, told = [], []
    for path in sorted((folder_of(workspace, study.id) / FOLDER).glob("*.json")):
        try:
            packs.append(read_exchange(path, today))
        except NotPermitted as ended:
            told.append(ended.what)
    return sorted(packs, key=lambda p: p.authority), tuple(told)


def neighbours_table(
    own: Exchange, packs: Sequence[Exchange], study: Study, home: Path
) -> tuple[Measured | None, tuple[str, ...]]:
    """This borough first, then the others by name; and sentences on what is not compared. None where nothing is."""
    lines, told = compare([own, *packs])
    kept = [p.authority for p in (own, *packs) if p.basis != "convenience"]
    rows = [
        {"authority": name, **{k: line[k] for k in ("measure", "sex", "nc_year")}}
        | {f: line[name][f] for f in _FIGURES}
        | {"reason": _reason(line[name])}
        for line in lines
        for name in kept
    ]
    if not rows:
        return None, tuple(told)
    frame = pl.DataFrame(rows, schema_overrides={"n": pl.Float64}).with_columns(
        pl.col("n").cast(pl.Int64),
        pl.col("value", "low", "high").cast(pl.Float64),
        pl.lit(None, pl.Float64).alias("numerator"),
        pl.lit(None, pl.Float64).alias("denominator"),
        pl.col("reason").cast(pl.String),
    )
    years = sorted({y for y in frame["nc_year"].to_list() if y.isdigit()}, key=int)
    given = [f"{p.authority} until {p.until} (agreement {p.agreement})" for p in packs]
    spec = TableSpec(
        id="survey-boroughs", title="Boroughs that asked the same", population=f"{study.population}-beside",
        period=study.period, unit="pupils", kind="published", step="survey.report", page="survey",
        dimensions=(
            Dimension(column="authority", label="Borough", order=tuple(kept)),
            Dimension(column="sex", label="Sex", order=tuple(SEX), labels=SEX),
            Dimension(
                column="nc_year", label="School year", order=tuple(years), labels={y: f"Year {y}" for y in years}
            ),
        ),
        definitions=versions(study, home),
        sources=("survey-pupils",), notes=(f"Given by: {'; '.join(given)}.",),
    )  # fmt: skip
    columns = [
        "authority",
        "sex",
        "nc_year",
        "measure",
        *_FIGURES,
        "numerator",
        "denominator",
        "reason",
    ]
    return Measured(spec, frame.select(columns)), tuple(told)


def _reason(cell: dict[str, object]) -> str | None:
    if cell["value"] is not None:
        return None
    return "suppressed_at_source" if cell["symbol"] == "[c]" else "not_asked"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "pack"
