"""What a year's new rules do to a return at hand: without it an analyst would learn it on deadline day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from threecircles.quality.checking import check_tables
from threecircles.quality.ruleset import RuleDiff

Found = dict[str, set[tuple[str | None, int | None]] | None]
"""Rule -> places; None where the rule did not run."""


def won_and_lost(
    diff: RuleDiff, tables: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
) -> dict[str, tuple[int, int] | None]:
    """Places that the change of each rule adds to what is found in a return, and those it takes away.

    tables: as in check_tables. metadata: must tell the window, so that both years' rules look at the same days
    and only the rules differ. None for a rule that could not run, since nothing can be said of it.
    """
    changed = [change.code for change in diff.changed]
    old = _found(diff, diff.year, [*changed, *(r.code for r in diff.withdrawn)], tables, metadata)
    new = _found(diff, diff.other_year, [*changed, *(r.code for r in diff.added)], tables, metadata)
    told: dict[str, tuple[int, int] | None] = {}
    for code in (*new, *(c for c in old if c not in new)):
        before, after = old.get(code, set()), new.get(code, set())
        known = before is not None and after is not None
        told[code] = (len(after - before), len(before - after)) if known else None  # type: ignore[operator]
    return told


def _found(
    diff: RuleDiff,
    year: int,
    codes: Iterable[str],
    tables: Mapping[str, Any],
    metadata: Mapping[str, Any] | None,
) -> Found:
    wanted = list(codes)
    if not wanted:
        return {}
    report = check_tables(diff.return_name, year, tables, metadata, codes=wanted)
    found: Found = {code: set() if report.status[code] == "ran" else None for code in wanted}
    for code, table, row in report.places():
        places = found[code]
        if places is not None:
            places.add((table, row))
    return found
