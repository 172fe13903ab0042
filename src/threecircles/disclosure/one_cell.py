"""One hidden cell explained: people ask about the figure in front of them, not about a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_report import Attack, Found
from threecircles.disclosure.layout import column_name, is_total


@dataclass(frozen=True)
class Told:
    """What is said of one cell. exact: its value can be worked out."""

    text: str
    exact: bool


def explain_one(attack: Attack, cell: Sequence[str]) -> Told:
    """What can be inferred of the hidden cell of a group. cell: "column=value" for each column.

    Raises UsageError when no such cell is hidden.
    """
    group = {}
    for text in cell:
        column, found, value = text.partition("=")
        if not found:
            raise UsageError("This is not a group.", found=text, allowed="COLUMN=VALUE")
        if not is_total(value):
            group[column_name(column)] = value.strip()
    same = [f for f in (*attack.hidden, *attack.derived) if f.group == group]
    if not same:
        near = [f for f in attack.hidden if group.items() <= f.group.items()][:5]
        raise UsageError(
            "No cell of that group is hidden.",
            found=", ".join(f"{d} {v}" for d, v in group.items()) or "All",
            allowed="; ".join(", ".join(f"{d}={v}" for d, v in f.group.items()) for f in near),
        )
    return Told("\n".join(_said(f) for f in same), any(f.exact for f in same))


def _said(f: Found) -> str:
    if f.exact:
        return f.sentence
    width = "" if f.width is None else f", {f.width:g} wide"
    return (
        f"{f.sentence.removesuffix('.')}{width}: it cannot be worked out from what is printed here."
    )
