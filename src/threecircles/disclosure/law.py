"""The law as dated definitions: without it a duty would be switched on by a rumour that it is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from threecircles.definitions import Definition, load_folder

NOT_UNTIL_SET = "not_in_force_until_set"
"""What stands for the day of a law that was passed and not yet commenced: no duty follows from it."""


@dataclass(frozen=True, kw_only=True)
class Law(Definition):
    """One provision. commencement: a day (yyyy-mm-dd), `in force` or `not_in_force_until_set`."""

    title: str
    section: str
    commencement: str
    extent: str = "England"
    note: str = ""
    checked_on: date | None = None

    def binds(self, day: date) -> bool:
        """True when the provision is in force on the day; never while its commencement is not set."""
        if self.commencement == NOT_UNTIL_SET:
            return False
        begins = None if self.commencement == "in force" else date.fromisoformat(self.commencement)
        return self.in_force(day) and (begins is None or begins <= day)


def laws() -> dict[str, Law]:
    """All provisions by id."""
    return {item.id: item for item in load_folder("law", Law)}
