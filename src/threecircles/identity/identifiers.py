"""What a number is worth: without status and placeholders a test number would join strangers."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import NamedTuple

from threecircles.core import identifiers as arithmetic
from threecircles.definitions import read_csv

ABSENT = {f"UN{n}" for n in range(1, 8)}
"""Codes that say why there is no UPN (CIN UPNunknown UN1-UN7, SSDA903 UN1-UN5)."""


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
