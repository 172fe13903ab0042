"""What a shared survey costs each place: without it the first borough would pay for all the others.

label: Pupils' survey 2027
items:
  - {label: Questionnaire, audio and reports, amount: 2400000, kind: shared}    # pence
  - {label: Coordinator, amount: 900000, kind: own}
  - {label: Codes and slips, amount: 4000, kind: per_school}
  - {label: Printing, amount: 35, kind: per_pupil}
  - {label: Speaker and second reader, amount: 120000, kind: per_language}
rule: by roll                     # of the shared part: equal, or by roll
coordinator_days: 25
authorities:
  - {label: Made-up borough, roll: 10000, schools: 60, languages: 2}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from threecircles.core.errors import UsageError
from threecircles.core.rounding import largest_remainder
from threecircles.definitions.loader import load_text

Kind = Literal["shared", "own", "per_school", "per_pupil", "per_language"]
Rule = Literal["equal", "by roll"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One cost. amount: pence, in all (shared), for each authority (own), or for each school, pupil or
    language of an authority."""

    label: str
    amount: int
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A place that may join. roll: pupils to be asked."""

    label: str
    roll: int = 0
    schools: int = 0
    languages: int = 0


@dataclass(frozen=True, kw_only=True)
class CostSheet:
    """Costs of a study and who shares them, in the order in which places would join."""

    label: str
    items: tuple[Item, ...]
    authorities: tuple[Authority, ...]
    rule: Rule = "equal"
    coordinator_days: float = 0


def read_cost_sheet(path: Path) -> CostSheet:
    """The sheet of a YAML file. Raises DefinitionError with file and line, UsageError when it shares
    by roll and a roll is missing."""
    sheet = load_text(path.read_text(encoding="utf-8"), CostSheet, str(path))
    bare = [a.label for a in sheet.authorities if a.roll <= 0]
    if sheet.rule == "by roll" and bare:
        raise UsageError("The shared part goes by roll, and some rolls are missing.", where=str(path), found=", ".join(bare), mend="Give each authority its roll, or set rule: equal.")  # fmt: skip
    if not sheet.authorities:
        raise UsageError("The sheet names no authority.", where=str(path))
    return sheet


def prices(sheet: CostSheet, count: int | None = None) -> tuple[int, ...]:
    """What each of the first `count` authorities pays (all when left out), in pence, in their order.

    Shared pence are split by the rule with the largest remainder, so that prices sum to the costs.
    """
    joined = sheet.authorities[:count]
    weights = [1.0 if sheet.rule == "equal" else float(a.roll) for a in joined]
    shared = largest_remainder(weights, sum(i.amount for i in sheet.items if i.kind == "shared"))
    return tuple(s + _own(sheet, a) for s, a in zip(shared, joined, strict=True))


def total(sheet: CostSheet, count: int | None = None) -> int:
    """All costs of a study of the first `count` authorities, in pence."""
    shared = sum(i.amount for i in sheet.items if i.kind == "shared")
    return shared + sum(_own(sheet, a) for a in sheet.authorities[:count])


def _own(sheet: CostSheet, authority: Authority) -> int:
    many = {"shared": 0, "own": 1, "per_school": authority.schools, "per_pupil": authority.roll,
            "per_language": authority.languages}  # fmt: skip
    return sum(i.amount * many[i.kind] for i in sheet.items)


def page(sheet: CostSheet) -> str:
    """Price of each authority from one to all joining, and what the last to join changes for the others."""
    names = [a.label for a in sheet.authorities]
    lines = [f"# {sheet.label}: what each place pays", "",
             f"The shared part goes {'in equal parts' if sheet.rule == 'equal' else 'by pupils on roll'}. "
             f"Each place's coordinator gives about {sheet.coordinator_days:g} days.", "",
             "| places that join |" + "".join(f" {n} |" for n in names) + " all together |",
             "|---|" + "---|" * (len(names) + 1)]  # fmt: skip
    for count in range(1, len(names) + 1):
        paid = prices(sheet, count)
        cells = [_pounds(p) for p in paid] + [""] * (len(names) - count)
        lines.append(
            f"| {count} |" + "".join(f" {c} |" for c in cells) + f" {_pounds(sum(paid))} |"
        )
    lines += ["", "## What each place that joins changes for the others", ""]
    for count in range(2, len(names) + 1):
        before, after = prices(sheet, count - 1), prices(sheet, count)
        changes = [
            f"{n} {_pounds(abs(a - b))} {'less' if a <= b else 'more'}"
            for n, b, a in zip(names, before, after, strict=False)
        ]
        lines.append(f"- With {names[count - 1]}: {', '.join(changes)}.")
    return "\n".join(lines) + "\n"


def _pounds(pence: int) -> str:
    return f"£{pence / 100:,.2f}".removesuffix(".00")
