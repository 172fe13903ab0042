"""What was done to a table, in words: without it a hidden cell would have no reason."""

from __future__ import annotations

from dataclasses import dataclass

from threecircles.disclosure.lattice import words

SAID = 40
"""Hidden cells that the report names one by one."""


@dataclass(frozen=True)
class HiddenCell:
    """A cell that was taken out: where it stood (row as a person counts lines), and why."""

    row: int
    column: str
    group: dict[str, str]
    why: str
    file: str = ""


@dataclass(frozen=True)
class Protected:
    """What was done to a table. cells: counts in it. value: sum of the counts taken out."""

    file: str
    profile: str
    cells: int
    primary: int
    secondary: int
    value: float
    hidden: tuple[HiddenCell, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """The report in words."""
        n = self.primary + self.secondary
        share = 100 * n / self.cells if self.cells else 0
        lines = [
            f"{self.file}: {n:,} of {self.cells:,} counts hidden ({share:.1f}%) under {self.profile}: "
            f"{self.primary:,} by the rule, {self.secondary:,} so that those cannot be worked out."
        ]
        several = len({h.file for h in self.hidden}) > 1
        lines += [
            f"  {h.file + ', ' if several else ''}row {h.row}, {words(sorted(h.group.items()))}: {h.why}"
            for h in self.hidden[:SAID]
        ]
        if len(self.hidden) > SAID:
            lines.append(f"  and {len(self.hidden) - SAID:,} more.")
        return "\n".join([*lines, *(f"Note: {n}." for n in self.notes)])
