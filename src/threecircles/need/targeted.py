"""Which services count as targeted, as data: the black circle is only as clear as this list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import narwhals as nw

from threecircles.core.dates import add_months
from threecircles.core.errors import DefinitionError
from threecircles.definitions import Definition, load
from threecircles.record.derive.circle_flags import circle_flags
from threecircles.record.vocabulary import Process, processes


@dataclass(frozen=True, kw_only=True)
class TargetedServices(Definition):
    """Processes by level and agency, or by name, open at any time in the months before the survey.

    processes: named ones; then levels and agencies are not used. agencies: () = all.
    """

    version: int
    levels: list[str] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    months: int = 12

    def chosen(self, known: Mapping[str, Process] | None = None) -> tuple[str, ...]:
        """Ids of the processes that count. Raises DefinitionError when a name is not a process.

        known: processes by id; None = the record's.
        """
        known = processes() if known is None else known
        unknown = sorted({*self.processes, *self.without} - set(known))
        if unknown:
            raise DefinitionError(
                f"The definition {self.id} names processes that the record does not have.",
                where=f"targeted_services/{self.id}.yaml",
                found=", ".join(unknown),
            )
        if self.processes:
            return tuple(p for p in self.processes if p not in self.without)
        return tuple(
            p.id
            for p in known.values()
            if p.level in self.levels
            and (not self.agencies or p.agency in self.agencies)
            and p.id not in self.without
        )

    def window(self, survey_day: date) -> tuple[date, date]:
        """First and last day, both inclusive: the months up to the survey day."""
        return add_months(survey_day, -self.months), survey_day


def targeted_services(name: str) -> TargetedServices:
    """A shipped definition."""
    return load(f"targeted_services/{name}", TargetedServices)


def contact(
    episodes: nw.LazyFrame, definition: TargetedServices, processes: Sequence[str], survey_day: date
) -> nw.LazyFrame:
    """Persons in contact with targeted services. Columns: person_id, service (1), n_services."""
    first, last = definition.window(survey_day)
    flags = circle_flags(episodes, processes, first, last)
    return flags.select("person_id", nw.lit(1).alias("service"), "n_services")
