"""The part of a worklist or of progress that one reader asks for: without it everybody would read everybody's list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from threecircles.catalogue import question
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.quality.fields import RETURN_OF
from threecircles.quality.layout import CROSS_SCHEMAS, CROSS_SOURCES, DECLARED

SEVERITIES = ("error", "query")


@dataclass(frozen=True)
class Wanted:
    """What is asked for; an empty word leaves a choice open. demand: a question, whose fields alone are kept."""

    team: str = ""
    worker: str = ""
    rule: str = ""
    dimension: str = ""
    severity: str = ""
    demand: str = ""


def select(lines: pl.DataFrame, rules: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The lines of a worklist that are asked for. rules: the stored table of rules run.

    Raises UsageError, with the nearest word, for a team, worker, rule, dimension, severity or question that this
    check does not know. The names of workers are not listed.
    """
    for column in ("team", "worker"):
        if word := getattr(wanted, column):
            _known(column, word, lines[column].drop_nulls().unique().sort().to_list())
            lines = lines.filter(pl.col(column) == word)
    if wanted.severity:
        _known("severity", wanted.severity, SEVERITIES, listed=True)
        lines = lines.filter(pl.col("severity") == wanted.severity)
    if (codes := _rules(rules, wanted)) is not None:
        shared = pl.col("rules").str.split(", ").list.set_intersection(pl.lit(codes, dtype=pl.List(pl.String)))  # fmt: skip
        lines = lines.filter(shared.list.len() > 0)
    if wanted.demand:
        lines = lines.filter(pl.col("where").str.contains(_stands_in(wanted.demand, rules)))
    return lines


def of_holder(
    told: pl.DataFrame, worklists: Iterable[pl.DataFrame], wanted: Wanted
) -> pl.DataFrame:
    """What became of the findings of one team's or worker's children. told: history of findings, with column child.

    worklists: those of the two checks, which say who holds which child. Raises UsageError as select does.
    """
    held = pl.concat([lines.select("child", "team", "worker") for lines in worklists])
    for column in ("team", "worker"):
        if word := getattr(wanted, column):
            _known(column, word, held[column].drop_nulls().unique().sort().to_list())
            held = held.filter(pl.col(column) == word)
    return told.filter(pl.col("child").is_in(held["child"].drop_nulls().unique().implode()))


def _rules(rules: pl.DataFrame, wanted: Wanted) -> list[str] | None:
    """Codes of the one rule, or of the dimension of quality; None when neither is asked for."""
    kept = rules
    for column in ("rule", "dimension"):
        if word := getattr(wanted, column):
            known = rules[column].unique().sort().to_list()
            _known(column, word, known, listed=column == "dimension")
            kept = kept.filter(pl.col(column) == word)
    return kept["rule"].to_list() if wanted.rule or wanted.dimension else None


def _stands_in(demand_id: str, rules: pl.DataFrame) -> str:
    """A pattern of the places, as a worklist writes them, of the fields that a question needs."""
    demand, name = question(demand_id), str(rules["return"][0])
    schemas = {source: schema for schema, source in CROSS_SOURCES.items()}
    schemas |= {s: schema for schema, r in CROSS_SCHEMAS.items() for s, known in RETURN_OF.items() if known == r}  # fmt: skip
    places = []
    for need in demand.fields:
        if name == "cross" and need.source in schemas:
            places.append((f"{schemas[need.source]}.{need.table}", need.column))
        elif need.source == DECLARED.get(name) or name == RETURN_OF.get(need.source):
            places.append((need.table, need.column))
    if not places:
        raise UsageError(
            f"The question {demand.id} needs no field of this return.",
            found=demand.label,
            mend=f"It needs: {', '.join(demand.sources) or 'no source that is received'}.",
        )
    listed = "|".join(f"{re.escape(table)} row [0-9]+, {re.escape(column)}" for table, column in places)  # fmt: skip
    return f"^(?:{listed})(?:,|$)"


def _known(what: str, word: str, known: Iterable[str], *, listed: bool = False) -> None:
    known = list(known)
    if word in known:
        return
    raise UsageError(
        f"No line of this check is of the {what} {word}."
        if what in ("team", "worker")
        else f"There is no {what} {word} in this check.",
        allowed=", ".join(known) if listed else "",
        mend=did_you_mean(word, known),
    )
