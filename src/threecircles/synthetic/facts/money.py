"""Figures of spend and of social workers: without it the money of a place could not be marked."""

from __future__ import annotations

import polars as pl

from threecircles.synthetic.facts.folder import Figures, Folder


def money_figures(folder: Folder) -> Figures:
    """Facts 60 to 66: spend by block in million pounds, cost of a week, the outturn in thousands, social workers."""
    lines = folder.returned("s251", "s251_outturn").filter(~pl.col("line").str.contains("Total"))
    total = {row["line"]: row["total_expenditure"] for row in lines.iter_rows(named=True)}
    block = lambda start: sum(v for k, v in total.items() if k.startswith(start)) / 1e6  # noqa: E731
    weeks = (
        folder.truth("ledger")
        .filter(pl.col("unit") == "child week")
        .group_by("line")
        .agg(pl.col("activity").sum())
    )
    week = dict(weeks.iter_rows())
    # As published: spend over the children on 31 March, times the weeks of a year.
    open_now = folder.returned("s903", "Episodes").filter(pl.col("DEC").is_null()).height
    care = open_now * 365.25 / 7
    modules = folder.returned("cin", "CINdetails").filter(
        pl.col("CINclosureDate").is_null() & (pl.col("ReferralNFA") == "0")
    )
    need = modules["LAchildID"].n_unique() * 365.25 / 7
    return _outturn(folder) | _workers(folder) | {
        (61, "social work"): block("3.3") * 1e6 / max(need, 1), (61, "adoption"): total["3.1.3"] / max(week["3.1.3"], 1),

        (60, "looked after"): block("3.1") * 1e6 / max(care, 1), (60, "fostering"): total["3.1.2"] / max(week["3.1.2"], 1),
        (60, "residential"): total["3.1.1"] / max(week["3.1.1"], 1),
        (62, "looked after"): block("3.1"), (62, "family support"): block("3.4"), (62, "safeguarding"): block("3.3"),
        (63, "early years"): block("3.0"), (63, "youth"): block("3.5"), (63, "youth justice"): block("3.6"),
        (63, "all"): block("3."),
    }  # fmt: skip


def _outturn(folder: Folder) -> Figures:
    """Facts 64 and 65, in thousand pounds."""
    rows = {r["line"]: r for r in folder.returned("ro3", "ro3").iter_rows(named=True)}
    every, care = rows["Total children social care"], rows["Total children looked after"]
    return {
        (64, "employees"): every["employees"], (64, "running"): every["running_expenses"],
        (64, "total"): every["total_expenditure"], (64, "net"): every["net"], (65, "looked after"): care["net"],
        (65, "residential"): rows["Residential care"]["net"], (65, "fostering"): rows["Fostering services"]["net"],
    }  # fmt: skip


def _workers(folder: Folder) -> Figures:
    """Fact 66: posts filled, cases of those who hold any, share of posts vacant."""
    posts = folder.truth("social_worker")
    filled = posts.filter(~pl.col("vacant"))
    holders = filled.filter("holds_cases")
    return {
        (66, "filled"): float(filled["fte"].sum()),
        (66, "cases each"): float(holders["cases"].sum()) / max(float(holders["fte"].sum()), 1.0),
        (66, "vacant"): 100 * float(posts.filter("vacant")["fte"].sum()) / max(float(posts["fte"].sum()), 1.0),
    }  # fmt: skip
