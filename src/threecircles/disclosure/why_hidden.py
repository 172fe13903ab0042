"""Why a cell is hidden, in words for the one who asks for its release: else they would guess, or ask around."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from threecircles.core.tables import TOTAL, Measured
from threecircles.disclosure.profiles import Profile, profile
from threecircles.disclosure.release import Safe


@dataclass(frozen=True)
class WhyHidden:
    """One hidden cell: where it is, in words; small itself, or hidden for the sake of others (in words)."""

    cell: str
    small: bool
    sentence: str


def why_hidden(safe: Safe, before: Measured) -> list[WhyHidden]:
    """Each hidden cell of a table with the reason. before: the table as it was measured.

    The words name cells and the rule, never the figure that is hidden.
    """
    rule = profile(safe.profile)
    columns = [d.column for d in safe.spec.dimensions]
    keys = [c for c in (*columns, "measure") if c in safe.frame.columns]
    hidden = safe.frame.filter(pl.col("symbol") == "[c]").select(keys)
    rows = hidden.join(before.frame, on=keys, how="left", nulls_equal=True)
    small = [_is_small(row, safe.spec.count, rule) for row in rows.iter_rows(named=True)]
    named = [_words(safe, row) for row in rows.iter_rows(named=True)]
    every = list(rows.iter_rows(named=True))
    found = []
    for i, row in enumerate(every):
        others = [j for j in range(len(every)) if small[j] != small[i]]
        beside = [j for j in others if _near(row, every[j], keys)]
        # A figure that shares no line with a small one gives it away by several sums together.
        told = _joined([named[j] for j in beside or ([] if small[i] else others)])
        if small[i]:
            said = f"Hidden because {rule.hide_from} to {rule.hide_to} {_whom(rule)} stand behind it ({rule.label})."
            said += f" For its sake these had to be hidden too: {told}." if told else ""
        else:
            away = f"away {told}" if told else "another hidden figure away"
            said = f"Not small itself. Shown, it would with the totals beside it give {away}."
        found.append(WhyHidden(named[i], small[i], said))
    return found


def _is_small(row: dict[str, object], count: str, rule: Profile) -> bool:
    value = row.get(count)
    if not isinstance(value, (int, float)):
        return True
    low, high = rule.hide_from, rule.hide_to
    left = row.get("denominator")
    rest = (
        float(left) - float(value) if isinstance(left, (int, float)) and rule.complement else None
    )
    whole = row.get("numerator")
    counted = [float(value), *([float(whole)] if isinstance(whole, (int, float)) else [])]
    return any(low <= x <= high for x in counted) or (rest is not None and low <= rest <= high)


def _near(row: dict[str, object], other: dict[str, object], keys: list[str]) -> bool:
    """True when two cells lie in one line of the table: they differ in one thing only."""
    return sum(row[k] != other[k] for k in keys) == 1


def _words(safe: Safe, row: dict[str, object]) -> str:
    told = [str(row["measure"]).replace("_", " ")] if "measure" in row else []
    for d in safe.spec.dimensions:
        value = str(row[d.column])
        told.append("all" if value == TOTAL else d.labels.get(value, value))
    return ", ".join(told)


def _whom(rule: Profile) -> str:
    return "children" if rule.decides_on == "children" else "answers"


def _joined(words: list[str]) -> str:
    shown = words[:3] + ([f"{len(words) - 3} more"] if len(words) > 3 else [])
    return "; ".join(shown)
