"""Who agreed that a sensitive service may be shown: without it such services could never be, even when
the person wishes it.

One sealed file on the identity side, given by the case systems. It is asked for the persons of one card
and never listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from threecircles.core.errors import ThreeCirclesError, did_you_mean
from threecircles.core.workspace import Workspace
from threecircles.identity.place.sealed_lines import read_lines, write_lines
from threecircles.identity.place.signpost_tables import Tables, named_persons
from threecircles.identity.request import read_text
from threecircles.identity.signposting import Involvement, rules

_NAME = "identity-consents"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A person (record: SOURCE|KEY as in the last delivery) agreed that a service may be shown.

    given, ended: days; consent holds from the one until before the other, "" = not withdrawn.
    """

    record: str
    service: str
    given: str
    ended: str = ""

    def holds(self, day: date) -> bool:
        """Whether the consent is in force on the day."""
        return self.given <= day.isoformat() and (not self.ended or day.isoformat() < self.ended)


def take_in(file: Path, workspace: Workspace) -> int:
    """Replace the recorded consents by those of a CSV: record, service, given, ended; returns how many.

    Raises ThreeCirclesError with the row for a service that needs no consent, and a day that is none.
    """
    table = read_text(file)
    for column in ("record", "service", "given"):
        if column not in table.columns:
            raise ThreeCirclesError(
                f"There is no column {column}.", where=file.name, allowed="record, service, given, ended",
                mend=did_you_mean(column, table.columns),
            )  # fmt: skip
    told = []
    for number, row in enumerate(table.iter_rows(named=True), 1):
        if not row["record"]:
            continue
        given = Consent(
            record=row["record"].strip(), service=(row["service"] or "").strip().lower().replace("_", "-"),
            given=(row["given"] or "").strip(), ended=(row.get("ended") or "").strip(),
        )  # fmt: skip
        _check(given, f"{file.name}, row {number:,}")
        told.append(asdict(given))
    write_lines(workspace, _NAME, told)
    return len(told)


def with_consent(
    workspace: Workspace, tables: Tables, involvements: Sequence[Involvement], day: date
) -> list[Involvement]:
    """The involvements, marked where the person they are about agreed to their being shown."""
    lines = [Consent(**line) for line in read_lines(workspace, _NAME)]
    persons = named_persons(tables, [c.record for c in lines])
    agreed = {(persons.get(c.record), c.service) for c in lines if c.holds(day)}
    return [replace(i, consent=i.consent or (i.person, i.service) in agreed) for i in involvements]


def _check(given: Consent, where: str) -> None:
    known = rules()
    needing = [*known.sensitive, *known.always_hidden_without_consent]
    if given.service not in needing:
        raise ThreeCirclesError(
            "Consent is recorded only for services that are hidden without it.", where=f"{where}, column service",
            found=given.service, allowed=", ".join(needing),
        )  # fmt: skip
    for column, value in (("given", given.given), ("ended", given.ended)):
        try:
            if value or column == "given":
                date.fromisoformat(value)
        except ValueError as wrong:
            raise ThreeCirclesError(
                "This is no day.", where=f"{where}, column {column}", allowed="yyyy-mm-dd"
            ) from wrong
