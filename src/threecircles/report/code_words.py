"""Words for codes that stand in a table's dimension: without it a page would speak of ABAN and F."""

from __future__ import annotations

from functools import cache

from threecircles.definitions import read_csv

HEADINGS = {"sex": "Sex", "ethnic_group": "Ethnic group", "fifth": "Deprivation fifth"}
FIFTHS = {"1": "most deprived", "5": "least deprived"}


def group_words(value: str) -> str | None:
    """A group such as "ethnic_group:ABAN" in words, "Ethnic group: Bangladeshi"; None for other values.

    What is no code of the list is said to be none; its words are not repeated, since a cell can hold a name.
    """
    kind, _, code = value.partition(":")
    if kind not in HEADINGS or not code:
        return None
    if kind == "fifth":
        told: str | None = f"{code} ({FIFTHS[code]})" if code in FIFTHS else code
    else:
        told = _codes(kind).get(code)
    told = told or "written otherwise than by a code of the list"
    return f"{HEADINGS[kind]}: {told}"


@cache
def _codes(kind: str) -> dict[str, str]:
    name = {"sex": "codes/sex", "ethnic_group": "codes/ethnicity"}[kind]
    return {r["code"]: r["label"] for r in read_csv(name)}
