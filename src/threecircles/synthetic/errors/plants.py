"""Mistakes in events that rules are there to find: without it no rule could be shown to find anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.errors.care import Desk, put
from threecircles.synthetic.errors.log import ROW, Log, Tables

KEYS = {"cin-census": "LAchildID", "ssda903": "CHILD"}


@dataclass(frozen=True)
class Plant:
    """One kind of mistake: rows of `table` where `where` holds get `value` in `column`.

    rules: the rules that find it, and those that follow from it, separated by spaces.
    """

    table: str
    kind: str
    rules: str
    column: str
    value: pl.Expr
    where: pl.Expr


def _nothing(kind: type[pl.DataType]) -> pl.Expr:
    return pl.lit(None, dtype=kind)


def _days(column: str, n: int) -> pl.Expr:
    return pl.col(column) + timedelta(days=n)


def census_plants(start: date, end: date) -> tuple[Plant, ...]:
    """Kinds planted in the census of the year from start to end; all are valid against its schema."""
    closed = pl.col("CINclosureDate").is_not_null()
    once = pl.len().over("LAchildID") == 1
    plain = ~pl.col("ReasonForClosure").is_in(["RC2", "RC8", "RC9"])
    done = pl.col("AssessmentAuthorisationDate").is_not_null()
    lately = pl.col("AssessmentActualStartDate") > start + timedelta(days=40)
    new_plan = pl.col("CPPstartDate") > start + timedelta(days=20)
    new_cin_plan = pl.col("CINPlanStartDate") > start + timedelta(days=20)
    friday = (pl.col("DateOfInitialCPC").dt.weekday() == 5) & (pl.col("DateOfInitialCPC") < end)
    return (
        Plant("CINdetails", "closure without reason", "8805", "ReasonForClosure", _nothing(pl.String),
              closed & (pl.col("ReasonForClosure") == "RC7")),
        Plant("CINdetails", "closure date left out", "8810", "CINclosureDate", _nothing(pl.Date), closed & once & plain),
        Plant("CINdetails", "primary need left out", "8610", "PrimaryNeedCode", _nothing(pl.String),
              pl.col("PrimaryNeedCode").is_not_null()),
        Plant("Assessments", "end before start", "8608", "AssessmentAuthorisationDate",
              _days("AssessmentActualStartDate", -2), done & lately),
        Plant("Assessments", "assessment before referral", "1103", "AssessmentActualStartDate",
              _days("AssessmentActualStartDate", -30), done & lately),
        Plant("ChildProtectionPlans", "end before start", "8925", "CPPendDate", _days("CPPstartDate", -5),
              pl.col("CPPendDate").is_not_null() & new_plan),
        Plant("CINplanDates", "end before start", "4011", "CINPlanEndDate", _days("CINPlanStartDate", -4),
              pl.col("CINPlanEndDate").is_not_null() & new_cin_plan),
        Plant("Section47", "conference on a Saturday", "8875", "DateOfInitialCPC", _days("DateOfInitialCPC", 1),
              friday & ~pl.col("has_plan")),
    )  # fmt: skip


def care_plants(start: date, end: date) -> tuple[Plant, ...]:
    """Kinds planted in the looked-after return of the year; children with rarer tables are left alone."""
    before = pl.col("DECOM").shift(1).over("CHILD")
    moved = pl.col("RNE").is_in(["P", "B"]) & (pl.col("DECOM") > start + timedelta(days=60))
    # Only episodes that ended: one still open stands in next year's return too, which would disagree.
    moved &= (before + timedelta(days=30) < pl.col("DECOM")) & (
        pl.col("DEC") > pl.col("DECOM") + timedelta(days=30)
    )
    home = pl.col("REC").is_in(["E4A", "E4B", "E8", "E13"]) & (pl.col("RNE") == "S")
    home &= pl.col("DECOM") > start + timedelta(days=20)
    return (
        Plant("Episodes", "overlapping episodes", "388 433 501", "DECOM", _days("DECOM", -9), moved),
        Plant("Episodes", "gap between placements", "388 433", "DECOM", _days("DECOM", 5), moved),
        Plant("Episodes", "end before start", "356", "DEC", _days("DECOM", -3), home),
        Plant("Episodes", "missing closure", "148", "DEC", _nothing(pl.Date), home),
        Plant("Reviews", "code not in the year's list", "167", "REVIEW_CODE", pl.lit("PN9"), pl.col("REVIEW_CODE") != "PN0"),
        Plant("Episodes", "free text in a code field", "1009", "REASON_PLACE_CHANGE", pl.lit("MOVED ON"),
              pl.col("REASON_PLACE_CHANGE").is_not_null() & (pl.col("DEC") < end)),
    )  # fmt: skip


def plant(
    log: Log, desk: Desk, source: str, file: str, tables: Tables, kinds: tuple[Plant, ...]
) -> Tables:
    """Plant each kind in children of its own, so that every finding has one cause."""
    key = KEYS[source]
    g = rng(desk.world.seed, "errors", "plants", file)
    share, least = desk.chances.rates["planted"], int(desk.chances.rates["planted_least"])
    made, used = dict(tables), _left_alone(source, tables)
    for kind in kinds:
        frame = made[kind.table]
        if kind.table == "Section47":
            planned = tables["ChildProtectionPlans"][key].unique()
            frame = frame.with_columns(has_plan=pl.col(key).is_in(planned.implode()))
        ok = frame.select(
            (kind.where & ~pl.col(key).is_in(sorted(used))).fill_null(False)
        ).to_series()
        rows = _some(g, np.flatnonzero(ok.to_numpy()), share, least)
        new = frame.with_columns(value=kind.value)["value"][rows.tolist()]
        used.update(frame[key][rows.tolist()].to_list())
        made[kind.table] = put(
            log,
            desk,
            (source, file, kind.table),
            made[kind.table],
            key,
            kind.column,
            rows,
            new,
            kind.kind,
            kind.rules,
        )
    return made


def _left_alone(source: str, tables: Tables) -> set[str]:
    """Children whose rarer tables would answer one planted mistake with several findings."""
    if source == "cin-census":
        return set()
    rare = ("Missing", "OC3", "PlacedAdoption", "UASC")
    return {child for name in rare for child in tables[name]["CHILD"].to_list()}


def _some(g: np.random.Generator, could: np.ndarray, share: float, least: int) -> np.ndarray:
    """A few of the positions that could carry a planted mistake, never more than are there."""
    n = min(len(could), max(least, round(share * len(could))))
    return np.sort(g.choice(could, n, replace=False)) if n else could[:0]


def extra_factor(log: Log, desk: Desk, file: str, tables: Tables) -> Tables:
    """'No factors' beside a factor (rule 8869): a row too many, written at the end of the table."""
    name = "AssessmentFactorsList"
    frame = tables[name]
    noted = set().union(
        *(
            set(e["row_key"].to_list())
            for e in log.entries
            if e["file"][0] == file and e["rule_ids_expected"][0]
        )
    )
    first = frame["LAchildID"] != frame["LAchildID"].shift(1).fill_null("")
    # Where the case closed after assessment, "no factors" breaks one rule the less.
    modules = (
        tables["CINdetails"]
        .filter(pl.col("ReasonForClosure").is_in(["RC8", "RC9"]))
        .select("LAchildID", "CINdetailsID")
    )
    closed = frame.join(
        modules.with_columns(hit=True),
        on=["LAchildID", "CINdetailsID"],
        how="left",
        maintain_order="left",
    )["hit"]
    ok = (
        first
        & closed.is_null()
        & (frame["AssessmentFactor"] != "21")
        & ~frame["LAchildID"].is_in(sorted(noted))
    )
    g = rng(desk.world.seed, "errors", "plants", file, "factor")
    rates = desk.chances.rates
    rows = _some(
        g, np.flatnonzero(ok.to_numpy()), rates["planted"] / 4, int(rates["planted_least"])
    )
    extra = frame[rows.tolist()].with_columns(AssessmentFactor=pl.lit("21"))
    where = frame.height + np.arange(len(rows))
    persons = desk.world.ids.person_id[desk.persons(extra["LAchildID"])]
    blank = pl.Series([None] * len(rows), dtype=pl.String)
    log.note("cin-census", file, name, where, extra["LAchildID"], ROW, "no factors beside a factor", blank,
             extra["AssessmentFactor"], persons, "8869 8873Q")  # fmt: skip
    return tables | {name: pl.concat([frame, extra])}
