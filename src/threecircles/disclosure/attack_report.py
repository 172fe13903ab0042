"""What an attack on tables found, as things, as JSON and in words."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

NARROW = 3.0
"""Hidden cells known to within less than this are told of."""


@dataclass(frozen=True)
class Found:
    """What can be inferred of one cell. file, row, column: where it stands (row 0: nowhere).

    group: dimension -> value. low, high: tightest bounds, high None when there is none. quantity: what
    is counted. by: the printed numbers that give it away. sentence: the same in words.
    """

    file: str
    row: int
    column: str
    group: dict[str, str]
    symbol: str
    low: float
    high: float | None
    exact: bool
    width: float | None
    quantity: str = ""
    by: tuple[str, ...] = ()
    sentence: str = ""


@dataclass(frozen=True)
class Attack:
    """The report. hidden: every hidden cell. derived: small figures nobody printed. changes: cells
    that two files print differently. notes: how the tables were understood."""

    files: tuple[str, ...]
    cells: int
    hidden: tuple[Found, ...]
    derived: tuple[Found, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    contradictory: tuple[str, ...] = ()
    summary: dict[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> int:
        """Hidden cells whose value is known exactly."""
        return sum(f.exact for f in self.hidden)

    @property
    def narrow(self) -> int:
        """Hidden cells that are exact or bounded to fewer than three wide."""
        return sum(f.width is not None and f.width < NARROW for f in self.hidden)

    def safe(self) -> bool:
        """True when nothing is given away."""
        return not (self.exact or self.derived or self.changes)

    def to_json(self) -> str:
        """The whole report as JSON."""
        told = asdict(self) | {"exact": self.exact, "narrow": self.narrow, "safe": self.safe()}
        return json.dumps(told, ensure_ascii=False, indent=1)

    def text(self) -> str:
        """The report in words, worst first."""
        lines = [
            f"{len(self.files)} tables, {self.cells:,} cells, {len(self.hidden):,} hidden.",
            f"{self.exact:,} hidden cells can be worked out exactly; {self.narrow:,} are known to within less than {NARROW:g}.",
        ]
        lines += [f"  {f.sentence}" for f in self.hidden if f.exact][:20]
        lines += [f"  {f.sentence}" for f in self.derived][:20]
        lines += [f"  {c}" for c in self.changes][:20]
        lines += [f"These numbers contradict each other: {c}" for c in self.contradictory][:10]
        return "\n".join([*lines, *(f"Understood: {n}." for n in self.notes)])
