"""Care leavers' homes, safe and not only housed: one number would hide prison behind "suitable".

Kinds of home are the record's, from the 903 return's leaver table. Custody is never counted as
suitable: where a file calls it so, the figure stands apart and is named.
"""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec

KINDS = {
    "own_tenancy": "Own tenancy",
    "staying_put": "Staying put with a former carer",
    "with_family": "With family",
    "supported": "Supported",
    "lodgings": "Lodgings",
    "temporary": "Temporary",
    "none": "No home",
    "custody": "Custody",
    "abroad": "Abroad",
    "other": "Other",
    "not_known": "Not known",
    "not_in_touch": "Not in touch",
}
MODULE = {
    "lca1": "I feel safe where I live",
    "lca2": "There is someone I can turn to",
    "lca3": "My money lasts",
    "lca4": "I feel settled",
    "lca5": "I had a say in my plan",
}
"""Items of the leaving-care module, answered 1 to 5; 4 and 5 agree."""
AGREES = 4
CUSTODY, UNKNOWN = "custody", ("not_known", "not_in_touch")


MEASURES = ("leavers", "suitable", "unsuitable", "suitability_not_known", "in_custody")
"""Counts of each kind of home; the last four sum to the first."""


def homes(leavers: pl.DataFrame, period: str) -> Measured:
    """Leavers by kind of home, whether it suits them, and what they say themselves, as counts.

    leavers: one row a leaver: home (a key of KINDS but not_in_touch), suitable (suitable, unsuitable,
    not_known), in_touch (bool), and any items of the leaving-care module (whole 1 to 5, null = not
    answered). Measures by home and in all: MEASURES; custody_recorded_suitable (those whom the file
    received calls suitably housed in custody); for each item of the module `ITEM_agree` and
    `ITEM_answered`, or one row that says "not_asked".
    Raises UsageError for a home that is no kind.
    """
    wrong = sorted(set(leavers["home"].to_list()) - set(KINDS))
    if wrong:
        raise UsageError("Some homes are of no kind that is known.", found=", ".join(map(str, wrong)), allowed=", ".join(KINDS))  # fmt: skip
    placed = leavers.with_columns(
        pl.when("in_touch").then("home").otherwise(pl.lit("not_in_touch")).alias("home")
    ).with_columns(status=_status())
    rows = []
    for kind in (TOTAL, *KINDS):
        group = placed if kind == TOTAL else placed.filter(home=kind)
        counts = {m: group.filter(status=m).height for m in MEASURES[1:]} | {
            "leavers": group.height
        }
        rows += [_count(kind, m, counts[m]) for m in MEASURES]
        rows += _said(kind, group)
    called = placed.filter(pl.col("home") == CUSTODY, pl.col("suitable") == "suitable").height
    rows.append(_count(TOTAL, "custody_recorded_suitable", called))
    spec = TableSpec(
        id="care-leavers-homes",
        title="Where care leavers live, and what they say of it",
        population="care-leavers",
        period=period,
        unit="young people",
        dimensions=(Dimension(column="home", label="Home", order=tuple(KINDS), labels=KINDS),),
        values=("value", "n"),
        notes=(
            "Suitable counts homes recorded as suitable. Custody is never counted as suitable, whatever the file received calls it; it stands apart.",
            "Other published series and older years may count custody differently.",
            "A roof is not safety: beside each kind of home stands what young people say of it.",
        ),
    )  # fmt: skip
    schema = {
        "home": pl.String,
        "measure": pl.String,
        "value": pl.Float64,
        "n": pl.Int64,
        "reason": pl.String,
    }
    return Measured(spec, pl.DataFrame(rows, schema=schema))


def sentence(suitable: str, leavers: str, custody: str) -> str:
    """What "suitable" counts, out of whom, and who is in custody, even when nobody is; figures as released."""
    return (
        f"Of {leavers} young people who left care, {suitable} live in a home recorded as suitable and "
        f"{custody} are in custody, which is not counted as suitable."
    )


def _status() -> pl.Expr:
    """Of each leaver one of the four that sum to all: custody first."""
    return (
        pl.when(pl.col("home") == CUSTODY)
        .then(pl.lit("in_custody"))
        .when(pl.col("home").is_in(UNKNOWN))
        .then(pl.lit("suitability_not_known"))
        .when(pl.col("suitable").is_in(["suitable", "unsuitable"]))
        .then("suitable")
        .otherwise(pl.lit("suitability_not_known"))
    )


def _said(kind: str, group: pl.DataFrame) -> list[dict]:
    rows: list[dict] = []
    for item in MODULE:
        if item not in group.columns or group[item].null_count() == group.height:
            rows.append({"home": kind, "measure": f"{item}_agree", "n": 0, "reason": "not_asked"})
            continue
        answers = group[item].drop_nulls()
        rows.append(_count(kind, f"{item}_agree", int((answers >= AGREES).sum())))
        rows.append(_count(kind, f"{item}_answered", answers.len()))
    return rows


def _count(kind: str, measure: str, n: int) -> dict:
    return {"home": kind, "measure": measure, "value": float(n), "n": n}
