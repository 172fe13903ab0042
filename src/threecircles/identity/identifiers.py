"""What a number is worth: without status and placeholders a test number would join strangers."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple

import polars as pl

from threecircles.core import identifiers as arithmetic
from threecircles.definitions import read_csv

ABSENT = {f"UN{n}" for n in range(1, 8)}
"""Codes that say why there is no UPN (CIN UPNunknown UN1-UN7, SSDA903 UN1-UN5)."""


LINKING = ("valid", "former")
"""Statuses that take part in linkage."""


class Judged(NamedTuple):
    """A value as compared, its status and why.

    status: valid, invalid, placeholder, temporary, former, absent_coded, shared or missing. Only
    valid, former and (weakly) temporary values take part in linkage.
    """

    value: str
    status: str
    reason: str = ""


def judge(scheme: str, text: str | None, *, fictitious: bool = False) -> Judged:
    """The status of one identifier.

    scheme: nhs, upn, uln, uprn or any local scheme. fictitious: a made-up place takes only the
    never-issued NHS range, so that it can never print a living child's number.
    """
    value = arithmetic.clean_identifier(text)
    if not value:
        return Judged("", "missing")
    if value in ABSENT:
        return Judged(value, "absent_coded", "says why there is no number")
    if arithmetic.is_placeholder(value[1:] if scheme == "upn" else value):
        return Judged(value, "placeholder", "is a placeholder")
    if arithmetic.looks_reformatted(text):
        return Judged(value, "invalid", "looks like a spreadsheet has reformatted this")
    check = _CHECKS.get(scheme)
    return check(value, fictitious) if check else Judged(value, "valid")


def judge_column(
    scheme: str, values: pl.Series, *, fictitious: bool = False, known: bool = True
) -> pl.DataFrame:
    """The same for a column: value, status, reason, one row a value.

    The many sound numbers are told apart by arithmetic over the whole column; only the rest are
    judged one by one. Where most of a column fails its check it does not hold what it is named
    after: its values are then taken as the numbers of a local scheme, and the reason says so. The
    same where many sound numbers lie in ranges that are never issued and nobody stated (`known`)
    whether the people are made up.
    """
    cleaned = (
        values.cast(pl.String).str.strip_chars().str.to_uppercase().str.replace_all(r"[\s\-]", "")
    )
    sound = _sound(scheme, cleaned, fictitious)
    table = pl.DataFrame({"text": values.cast(pl.String), "cleaned": cleaned, "sound": sound})
    rest = table.filter(~pl.col("sound"))["text"].drop_nulls().unique()
    judged = [judge(scheme, text, fictitious=fictitious) for text in rest]
    failed = sum(_misshapen(scheme, j) for j in judged)
    distinct = max(1, len(values.drop_nulls().unique()))
    strange = sum(_out_of_range(scheme, j) for j in judged)
    local = failed > 0.5 * distinct, not known and not fictitious and strange > 0.2 * distinct
    if scheme in _CHECKS and any(local):
        reason = f"most values are no {scheme}: read as local numbers"
        judged = [
            judge("local", text)._replace(reason=reason)
            if _misshapen(scheme, j) or (local[1] and _out_of_range(scheme, j))
            else j
            for text, j in zip(rest, judged, strict=True)
        ]
    lookup = pl.DataFrame(
        {
            "text": rest,
            "value": pl.Series([j.value for j in judged], dtype=pl.String),
            "status": pl.Series([j.status for j in judged], dtype=pl.String),
            "reason": pl.Series([j.reason for j in judged], dtype=pl.String),
        }
    )
    return table.join(lookup, on="text", how="left", maintain_order="left").select(
        pl.when("sound").then("cleaned").otherwise("value").alias("value"),
        pl.when("sound")
        .then(pl.lit("valid"))
        .otherwise(pl.col("status").fill_null("missing"))
        .alias("status"),
        pl.when("sound").then(pl.lit("")).otherwise(pl.col("reason").fill_null("")).alias("reason"),
    )


def _misshapen(scheme: str, judged: Judged) -> bool:
    """Whether shape or arithmetic refused a value; a range that nobody may use refuses for good."""
    problem = {"nhs": arithmetic.nhs_problem, "uln": arithmetic.uln_problem}.get(scheme)
    return judged.status == "invalid" and (problem is None or problem(judged.value) is not None)


def _out_of_range(scheme: str, judged: Judged) -> bool:
    """Whether a well-formed NHS number lies where none is issued."""
    ranged = judged.reason.startswith(("range is", "is in the range"))
    return scheme == "nhs" and judged.status in ("invalid", "placeholder") and ranged


def _sound(scheme: str, cleaned: pl.Series, fictitious: bool) -> pl.Series:
    """Values of a known scheme that are sound beyond question."""
    table = pl.DataFrame({"v": cleaned})
    if scheme == "nhs":
        digit = [pl.col("v").str.slice(i, 1).cast(pl.Int32, strict=False) for i in range(10)]
        total = pl.sum_horizontal([digit[i] * (10 - i) for i in range(9)])
        ranges = [
            pl.col("v").is_between(pl.lit(first), pl.lit(last))
            for first, last, use in _nhs_ranges()
            if use == ("fictitious" if fictitious else "issued")
        ]
        fine = pl.col("v").str.contains(r"^[0-9]{10}$") & ((11 - total % 11) % 11 == digit[9])
        fine = (
            fine
            & pl.any_horizontal(ranges)
            & (pl.min_horizontal(digit) != pl.max_horizontal(digit))
        )
    elif scheme == "upn":
        digit = [pl.col("v").str.slice(i, 1).cast(pl.Int32, strict=False) for i in range(1, 13)]
        total = pl.sum_horizontal([d * w for w, d in enumerate(digit, start=2)])
        letters = {i: letter for i, letter in enumerate(arithmetic.UPN_LETTERS)}
        letter = (total % 23).replace_strict(letters, default=None, return_dtype=pl.String)
        fine = pl.col("v").str.contains(r"^[A-Z][0-9]{12}$") & (
            letter == pl.col("v").str.slice(0, 1)
        )
        fine = fine & (pl.min_horizontal(digit) != pl.max_horizontal(digit)) & _authorities(cleaned)
    elif scheme in _CHECKS:
        return pl.Series("sound", [False] * len(cleaned), dtype=pl.Boolean)
    else:
        odd = pl.col("v").str.contains(
            r"^UN[1-7]$|^[0-9](\.[0-9]+)?E\+?[0-9]+$|^[0-9]+\.0+$|^[0-9]{6,}$|[^A-Z0-9]"
        )
        fine = (pl.col("v").str.len_chars() > 0) & ~odd
    found = table.select(fine.fill_null(False).alias("sound"))["sound"]
    return found & ~cleaned.is_in(["0123456789", "9876543210"]).fill_null(False)


def _authorities(cleaned: pl.Series) -> pl.Series:
    """Whether each UPN's authority existed in its year, asked once for each authority and year."""
    at = cleaned.str.slice(1, 3) + cleaned.str.slice(8, 2)
    asked = at.drop_nulls().unique()
    asked = asked.filter(asked.str.contains(r"^[0-9]{5}$"))
    known = {a: _authority_known(a[:3], int(a[3:])) for a in asked}
    return at.replace_strict(known, default=False, return_dtype=pl.Boolean)


def _nhs(value: str, fictitious: bool) -> Judged:
    problem = arithmetic.nhs_problem(value)
    if problem:
        return Judged(value, "invalid", problem)
    use = next((u for first, last, u in _nhs_ranges() if first <= value <= last), "unknown")
    if use == "fictitious" and not fictitious:
        return Judged(value, "placeholder", "is in the range that is never issued")
    if fictitious and use != "fictitious":
        return Judged(value, "invalid", "could be a living person's number in a made-up place")
    return (
        Judged(value, "valid")
        if use in ("issued", "fictitious")
        else Judged(value, "invalid", f"range is {use}")
    )


def _upn(value: str, _fictitious: bool) -> Judged:
    problem = arithmetic.upn_problem(value)
    if problem:
        return Judged(value, "invalid", problem)
    if not _authority_known(value[1:4], int(value[8:10])):
        return Judged(value, "invalid", "names an authority that did not exist in its year")
    return Judged(value, "temporary" if arithmetic.is_temporary_upn(value) else "valid")


def _uln(value: str, _fictitious: bool) -> Judged:
    problem = arithmetic.uln_problem(value)
    return Judged(value, "invalid", problem) if problem else Judged(value, "valid")


def _uprn(value: str, _fictitious: bool) -> Judged:
    if value.isdigit() and len(value) <= 12:
        return Judged(value.lstrip("0") or "0", "valid")
    return Judged(value, "invalid", "is not up to 12 digits")


_CHECKS = {"nhs": _nhs, "upn": _upn, "uln": _uln, "uprn": _uprn}


@cache
def _nhs_ranges() -> tuple[tuple[str, str, str], ...]:
    return tuple((r["first"], r["last"], r["use"]) for r in read_csv("identity/nhs_ranges"))


@cache
def _authority_known(code: str, year: int) -> bool:
    """Whether an authority could allocate in the school year whose two last digits are given.

    A code stays good for older pupils when its authority ends; a new one is not good before it begins.
    """
    allocated = date(2000 + year if year < 70 else 1900 + year, 12, 31)
    for row in read_csv("identity/upn_authorities"):
        if row["first"] <= code <= row["last"]:
            begins = date.fromisoformat(row["valid_from"]) if row["valid_from"] else date.min
            ends = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
            if begins <= allocated and allocated.replace(month=1, day=1) <= ends:
                return True
    return False
