"""Care leavers' homes, safe and not only housed: one number would hide prison behind "suitable".

Kinds of home are the record's, from the 903 return's leaver table. Custody is never counted as
suitable: where a file calls it so, the figure stands apart and is named.
"""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.intervals import wilson
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
    "safe_where_i_live": "I feel safe where I live",
    "someone_to_turn_to": "There is someone I can turn to",
    "money_lasts": "My money lasts",
    "settled": "I feel settled",
    "say_in_plan": "I had a say in my plan",
}
"""Items of the leaving-care module, answered 1 to 5; 4 and 5 agree."""
AGREES = 4
CUSTODY, UNKNOWN = "custody", ("not_known", "not_in_touch")


def homes(leavers: pl.DataFrame, period: str) -> Measured:
    """Leavers by kind of home, suitable or not, and what they say themselves.

    leavers: one row a leaver: home (a key of KINDS but not_in_touch), suitable (suitable, unsuitable,
    not_known), in_touch (bool), and any items of the leaving-care module (whole 1 to 5, null = not
    answered). Measures by home and in all: leavers; suitable and unsuitable (share of those in touch
    with a known home, custody in the denominator only); custody (count, shown when nought);
    custody_recorded_suitable; one share for each item, "not_asked" where the module was not given.
    Raises UsageError for a home that is no kind.
    """
    wrong = sorted(set(leavers["home"].to_list()) - set(KINDS))
    if wrong:
        raise UsageError("Some homes are of no kind that is known.", found=", ".join(map(str, wrong)), allowed=", ".join(KINDS))  # fmt: skip
    placed = leavers.with_columns(
        pl.when("in_touch").then("home").otherwise(pl.lit("not_in_touch")).alias("home")
    )
    rows = []
    for kind in (TOTAL, *KINDS):
        group = placed if kind == TOTAL else placed.filter(home=kind)
        rows += [
            _count(kind, "leavers", group.height),
            *_suitable(kind, group),
            *_said(kind, group),
        ]
    inside = placed.filter(home=CUSTODY)
    called = inside.filter(suitable="suitable").height
    rows += [
        _count(TOTAL, "custody", inside.height),
        _count(TOTAL, "custody_recorded_suitable", called),
    ]
    spec = TableSpec(
        id="care-leavers-homes",
        title="Where care leavers live, and what they say of it",
        population="care-leavers",
        period=period,
        unit="share",
        dimensions=(Dimension(column="home", label="Home", order=tuple(KINDS), labels=KINDS),),
        kind="share",
        notes=(_told(placed, inside.height, called), "A roof is not safety: beside each kind of home stands what young people say of it."),
    )  # fmt: skip
    schema = {"home": pl.String, "measure": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
              "numerator": pl.Float64, "denominator": pl.Float64, "n": pl.Int64, "reason": pl.String}  # fmt: skip
    return Measured(spec, pl.DataFrame(rows, schema=schema))


def _suitable(kind: str, group: pl.DataFrame) -> list[dict]:
    if kind in UNKNOWN:
        return []
    base = group.filter(~pl.col("home").is_in(UNKNOWN))
    free = base.filter(pl.col("home") != CUSTODY)
    found = [
        _share(kind, measure, free.filter(suitable=measure).height, base.height)
        for measure in ("suitable", "unsuitable")
        if kind != CUSTODY
    ]
    return found


def _said(kind: str, group: pl.DataFrame) -> list[dict]:
    rows = []
    for item in MODULE:
        if item not in group.columns or group[item].null_count() == group.height:
            rows.append({"home": kind, "measure": item, "n": 0, "reason": "not_asked"})
            continue
        answers = group[item].drop_nulls()
        rows.append(_share(kind, item, int((answers >= AGREES).sum()), answers.len()))
    return rows


def _share(kind: str, measure: str, part: int, of: int) -> dict:
    if not of:
        return {"home": kind, "measure": measure, "n": 0, "reason": "not_applicable"}
    low, high = wilson(part, of)
    return {"home": kind, "measure": measure, "value": part / of, "low": low, "high": high,
            "numerator": float(part), "denominator": float(of), "n": of}  # fmt: skip


def _count(kind: str, measure: str, n: int) -> dict:
    return {"home": kind, "measure": measure, "value": float(n), "numerator": float(n), "n": n}


def _told(placed: pl.DataFrame, custody: int, called: int) -> str:
    known = placed.filter(~pl.col("home").is_in(UNKNOWN)).height
    more = (
        f" {called} of them stand as suitable in the file received; they are not counted so here."
        if called
        else ""
    )
    return (
        f"Suitable counts homes recorded as suitable, custody left out, of the {known} young people in touch "
        f"whose home is known. {custody} {'is' if custody == 1 else 'are'} in custody.{more} "
        "Other published series and older years may count custody differently."
    )
