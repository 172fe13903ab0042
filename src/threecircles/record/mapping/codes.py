"""From a source's code to the common one: a code nobody knows becomes `unmapped`, never "other"."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import cache

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.definitions import HOME, read_csv
from threecircles.sources.declared import code_list

UNMAPPED = "unmapped"
CROSSWALKS = "record/crosswalks"


@cache
def crosswalk(name: str) -> dict[str, str]:
    """Code -> common code of a shipped crosswalk (definitions/record/crosswalks)."""
    return {row["code"]: row["maps_to"] for row in read_csv(f"{CROSSWALKS}/{name}")}


def is_crosswalk(name: str) -> bool:
    """True when there is a crosswalk of that name."""
    return (HOME / CROSSWALKS / f"{name}.csv").exists()


def check_list(name: str) -> None:
    """Raise DefinitionError when there is neither a crosswalk nor a list of codes of that name."""
    if is_crosswalk(name) or (HOME / "codes" / f"{name}.csv").exists():
        return
    folders = (HOME / CROSSWALKS, HOME / "codes")
    known = sorted(p.stem for folder in folders for p in folder.glob("*.csv"))
    raise DefinitionError(
        f"There is no list of codes called {name}.",
        allowed=", ".join(known),
        mend=did_you_mean(name, known),
    )


@cache
def lookup(name: str, first: date, last: date) -> dict[str, str]:
    """What each code that may be used from `first` to `last` becomes, synonyms included.

    A crosswalk gives common codes; a plain list gives the code itself.
    """
    if is_crosswalk(name):
        return crosswalk(name)
    found: dict[str, str] = {}
    for code in code_list(name):
        begun = code.valid_from is None or code.valid_from <= last
        if begun and (code.valid_to is None or code.valid_to >= first):
            found[code.code] = code.code
            for synonym in code.synonyms:
                found.setdefault(synonym, code.code)
    return found


def common_codes(name: str) -> frozenset[str]:
    """Every common code that a crosswalk or a list may give, in whatever year."""
    return frozenset(lookup(name, date.min, date.max).values())


def nearest(name: str, raw: str, first: date, last: date) -> str | None:
    """The known code most like one that is not known, or None."""
    near = get_close_matches(raw.upper(), lookup(name, first, last), n=1, cutoff=0.3)
    return near[0] if near else None
