"""What a shared survey costs each authority: without it the first would pay for all, or none would begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from threecircles.core.errors import UsageError
from threecircles.core.rounding import largest_remainder
from threecircles.definitions.loader import load_text


@dataclass(frozen=True, kw_only=True)
class CostItem:
    """One cost. amount: pence; for per_school, per_pupil and per_language of one school, pupil or language."""

    label: str
    amount: int
    kind: Literal["shared", "own", "per_school", "per_pupil", "per_language"]


@dataclass(frozen=True, kw_only=True)
class Authority:
    """One authority that may share in the study. roll: pupils."""

    label: str
    roll: int = 0
    schools: int = 0
    languages: int = 1


@dataclass(frozen=True, kw_only=True)
class CostSheet:
    """Costs, authorities in the order they may join, and the rule by which shared costs are split."""

    items: list[CostItem]
    authorities: list[Authority]
    rule: Literal["equal", "by_roll"] = "equal"
    coordinator_days: int = 0


def read_costs(path: Path) -> CostSheet:
    """The sheet of a file. Raises an error with file and line."""
    if not path.exists():
        raise UsageError("There is no such cost sheet.", where=path.name)
    return load_text(path.read_text(encoding="utf-8"), CostSheet, path.name)


def prices(sheet: CostSheet, authorities: Sequence[Authority] | None = None) -> list[int]:
    """Pence each authority pays; the sum is the total to the penny.

    authorities: those that take part (None = all of the sheet).
    """
    who = list(sheet.authorities if authorities is None else authorities)
    if not who:
        raise UsageError("A cost sheet needs an authority.")
    own = [sum(_own(i, a) for i in sheet.items) for a in who]
    shared = sum(i.amount for i in sheet.items if i.kind == "shared")
    weights = [1.0 if sheet.rule == "equal" else float(a.roll) for a in who]
    whole = sum(weights)
    if whole <= 0:
        raise UsageError("To share by roll every authority needs its roll.", found="0 pupils")
    split = largest_remainder(weights, shared)
    return [o + s for o, s in zip(own, split, strict=True)]


def total(sheet: CostSheet, authorities: Sequence[Authority] | None = None) -> int:
    """Pence of the whole study with these authorities."""
    who = list(sheet.authorities if authorities is None else authorities)
    shared = sum(i.amount for i in sheet.items if i.kind == "shared")
    return shared + sum(_own(i, a) for a in who for i in sheet.items)


def ladder(sheet: CostSheet) -> list[tuple[int, list[int], list[int]]]:
    """For 1 to N authorities: how many, what each pays, and what each pays less than with one fewer."""
    told: list[tuple[int, list[int], list[int]]] = []
    for n in range(1, len(sheet.authorities) + 1):
        now = prices(sheet, sheet.authorities[:n])
        before = told[-1][1] if told else []
        told.append((n, now, [b - a for b, a in zip(before, now, strict=False)]))
    return told


def cost_text(sheet: CostSheet) -> str:
    """The sheet as a manager reads it."""
    lines = []
    for n, now, saved in ladder(sheet):
        lines.append(
            f"{n} {'authority' if n == 1 else 'authorities'}: {_money(total(sheet, sheet.authorities[:n]))} in all"
        )
        for place, (authority, price) in enumerate(zip(sheet.authorities, now, strict=False)):
            less = (
                f" ({_money(saved[place])} less than before)"
                if place < len(saved) and saved[place]
                else ""
            )
            lines.append(f"  {authority.label}: {_money(price)}{less}")
    if sheet.coordinator_days:
        lines.append(f"Days of the coordinator: {sheet.coordinator_days}")
    return "\n".join(lines)


def _own(item: CostItem, authority: Authority) -> int:
    times = {
        "shared": 0,
        "own": 1,
        "per_school": authority.schools,
        "per_pupil": authority.roll,
        "per_language": authority.languages,
    }
    return item.amount * times[item.kind]


def _money(pence: int) -> str:
    return f"£{pence // 100:,}.{pence % 100:02d}"
