"""Which rules hold in which year: without it a new year would mean new code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from threecircles.core.errors import DefinitionError, UsageError, did_you_mean
from threecircles.definitions import load_text
from threecircles.definitions.loader import HOME
from threecircles.quality.rule import Rule, check_rule

RULES = HOME / "rules"
RETURNS = {
    "cin": ("cin", "cin-census", "cincensus"),
    "903": ("903", "ssda903", "s903"),
    "cross": ("cross",),
    "attendance": ("attendance",),
    "area_activity": ("areaactivity", "area-activity"),
}
FIRST_YEAR = dict.fromkeys(RETURNS, 2023)
LAST_YEAR = 2027
"""Newest collection year for which a rule set is held."""


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """Codes that end with a year, with the publication that ended them."""

    id: str
    label: str
    source: str
    codes: tuple[str, ...]


def return_id(name: str) -> str:
    """cin, 903 or cross for any usual way of writing them. Raises UsageError for others."""
    plain = re.sub(r"[^a-z0-9-]", "", str(name).casefold())
    for known, names in RETURNS.items():
        if plain in names:
            return known
    raise UsageError(
        f"There are no rules for a return called {name}.",
        allowed=", ".join(RETURNS),
        mend=did_you_mean(plain, [n for names in RETURNS.values() for n in names]),
    )


def year_number(year: object) -> int:
    """The end year of a collection year: 2026 from 2026, "2026", "2025-26" or "2025/26"."""
    text = str(year).strip()
    if match := re.fullmatch(r"(\d{4})(?:\.0)?", text):
        return int(match[1])
    if (match := re.fullmatch(r"(\d{4})[-/](?:\d{2})?(\d{2})", text)) and (
        int(match[1]) + 1
    ) % 100 == int(match[2]):
        return int(match[1]) + 1
    raise UsageError(f"{text} is not a collection year.", allowed="2026 or 2025-26")


def year_label(year: int) -> str:
    """2025-26 for 2026."""
    return f"{year - 1}-{year % 100:02d}"


def rules_in_force(return_name: str, year: int) -> tuple[Rule, ...]:
    """The rules of one return and collection year: the newest version of each, in order of code.

    They come without their examples, which a check does not need and which take longest to parse.
    Raises UsageError for a year before the oldest rule set held.
    """
    known = return_id(return_name)
    if year < FIRST_YEAR[known]:
        raise UsageError(
            f"No rule set is held for {year_label(year)}.",
            allowed=f"{year_label(FIRST_YEAR[known])} to {year_label(LAST_YEAR)}",
        )
    rules: dict[str, Rule] = {}
    for first in _years(known):
        if first > year:
            break
        rules.update({rule.code: rule for rule in _versions(known, first, examples=False)})
        for code in _withdrawn(known, first):
            rules.pop(code, None)
    return in_order(rules.values())


def all_versions(return_name: str) -> tuple[Rule, ...]:
    """Every version of every rule of a return with its examples, oldest year first."""
    known = return_id(return_name)
    years = _years(known)
    return tuple(rule for first in years for rule in _versions(known, first, examples=True))


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules sorted by the number in their code, then by the code."""
    return tuple(sorted(rules, key=lambda r: code_order(r.code)))


def code_order(code: str) -> tuple[str, int, str]:
    """Sorting key of a code: letters before the number, the number, the rest."""
    match = re.match(r"(\D*)(\d*)", code)
    assert match is not None
    return (match[1], int(match[2] or 0), code)


def load_local(folder: Path, return_name: str) -> tuple[Rule, ...]:
    """Local rules of a folder. Their codes start with L-.

    Raises DefinitionError for another code, or a rule that is not sound: not one SELECT, reaching
    outside the return, or reading a column that it does not declare.
    """
    from threecircles.quality.binding import bind_all

    rules = []
    for path in sorted(Path(folder).rglob("*.yaml")):
        rule = read_rule(path, version=0)
        if not rule.code.startswith("L-"):
            raise DefinitionError(
                f"{rule.code} is not a local code, and a national rule cannot be redefined.",
                where=path.name,
                mend="Begin the code with L-, for example L-01.",
            )
        if rule.return_ == return_id(return_name):
            rules.append(rule)
    bind_all(rules)
    return in_order(rules)


def read_rule(path: Path, version: int, examples: bool = True) -> Rule:
    """One rule from its file, checked in form; `cases` stands last and may be left unread."""
    where = str(path.relative_to(HOME)) if path.is_relative_to(HOME) else path.name
    text = path.read_text(encoding="utf-8")
    rule = load_text(text if examples else text.partition("\ncases:\n")[0], Rule, where)
    if rule.code != path.stem and not rule.code.startswith("L-"):
        raise DefinitionError(f"The code {rule.code} is not the file's name.", where=where)
    return check_rule(replace(rule, version=version), where)


def _years(return_name: str) -> list[int]:
    return sorted(int(p.name) for p in (RULES / return_name).iterdir() if p.name.isdigit())


@cache
def _versions(return_name: str, first: int, examples: bool) -> tuple[Rule, ...]:
    folder = RULES / return_name / str(first)
    return tuple(
        read_rule(path, first, examples)
        for path in sorted(folder.glob("*.yaml"))
        if path.stem != "withdrawn"
    )


@cache
def _withdrawn(return_name: str, first: int) -> tuple[str, ...]:
    path = RULES / return_name / str(first) / "withdrawn.yaml"
    if not path.exists():
        return ()
    return load_text(path.read_text(encoding="utf-8"), Withdrawn, path.name).codes
