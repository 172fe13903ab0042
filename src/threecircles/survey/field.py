"""Schools, classes and codes of a study in the field: who is invited, who has begun, what is late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.survey.codes import ADULT_LENGTH, PUPIL_LENGTH, is_code, make_codes, tidy
from threecircles.survey.questionnaire import Questionnaire
from threecircles.survey.store import Store
from threecircles.survey.study import Study, folder_of

STATES = ("invited", "agreed", "date_set", "codes_issued", "open", "closed")


@dataclass(frozen=True)
class Counted:
    """A class or a school so far. No answer, no attribute of a child."""

    name: str
    on_roll: int
    started: int
    finished: int
    refused: int
    opted_out: int


@dataclass(frozen=True)
class Door:
    """What a class code opens, or why it does not. state: open, unknown, early, closed."""

    state: str
    code: str = ""
    urn: str = ""
    nc_year: int | None = None
    questionnaire: str = ""
    day: date | None = None
    adult: str = ""


def store_of(workspace: Path, study: Study) -> Store:
    """The study's store: the file beside its record, or the address that the record names."""
    return Store(study.store or folder_of(workspace, study.id) / "store.sqlite")


def questionnaire_for(asked: Sequence[Questionnaire], nc_year: int) -> str:
    """The questionnaire of a school year: children are between year + 4 and year + 5 years old."""
    age = nc_year + 4
    fits = [q for q in asked if q.ages[0] <= age < q.ages[1]] or [
        q for q in asked if q.ages[0] <= age + 1 <= q.ages[1]
    ]
    if not fits:
        raise UsageError(
            f"No questionnaire of the study is for school year {nc_year}.",
            allowed=", ".join(f"{q.id} (ages {q.ages[0]} to {q.ages[1]})" for q in asked),
        )
    return fits[0].id


def add_schools(store: Store, table: pl.DataFrame, study: Study) -> int:
    """Schools of a list: columns urn, name; phase, contact, adult, opens where known. Returns how many."""
    _need(table, ("urn", "name"))
    added = 0
    with store.writing():
        for row in table.iter_rows(named=True):
            opens = _day(row.get("opens")) or study.opens
            closes = min(opens + timedelta(study.school_window_days), study.last_day)
            if store.one("SELECT urn FROM school_window WHERE urn=?", (str(row["urn"]),)):
                continue
            told = {k: str(row.get(k) or "") for k in ("name", "phase", "contact", "adult")}
            more = {"status": "invited", "opens": opens.isoformat(), "closes": closes.isoformat()}
            store.insert("school_window", [{"urn": str(row["urn"]), **told, **more}])
            added += 1
    return added


def add_classes(
    store: Store, table: pl.DataFrame, asked: Sequence[Questionnaire]
) -> list[dict[str, Any]]:
    """Codes for every class of a list: columns urn, class, nc_year, on_roll. Returns the rows with codes.

    A column questionnaire says which form a class opens (a service's: `service` before, `service_later`
    after); else the school year decides.
    """
    _need(table, ("urn", "class", "nc_year", "on_roll"))
    known = {str(r["urn"]) for r in store.run("SELECT urn FROM school_window")}
    unknown: list[str] = sorted({str(u) for u in table["urn"].to_list()} - known)
    if unknown:
        raise UsageError(
            "Classes of schools that are not in the study.", found=", ".join(list(unknown)[:5])
        )
    taken = [r["code"] for r in store.run("SELECT code FROM class")]
    codes = make_codes(table.height, taken=taken)
    adults = make_codes(table.height, ADULT_LENGTH)
    rows = []
    for row, code, adult in zip(table.iter_rows(named=True), codes, adults, strict=True):
        year = int(row["nc_year"])
        form = str(row.get("questionnaire") or "") or questionnaire_for(asked, year)
        if form not in {q.id for q in asked}:
            raise UsageError(
                "The study does not ask this questionnaire.", found=form,
                allowed=", ".join(q.id for q in asked),
            )  # fmt: skip
        rows.append(
            {
                "code": code, "adult_code": adult, "urn": str(row["urn"]), "name": str(row["class"]),
                "nc_year": year, "on_roll": int(row["on_roll"]),
                "opted_out": int(row.get("opted_out") or 0),
                "questionnaire": form,
            }
        )  # fmt: skip
    with store.writing():
        store.insert("class", rows)
        for urn in sorted({str(r["urn"]) for r in rows}):
            store.run("UPDATE school_window SET status='codes_issued' WHERE urn=?", (urn,))
    return rows


def pupil_codes(
    store: Store, class_code: str, count: int, opted_out: int = 0, known: Sequence[str] = ()
) -> list[str]:
    """Codes for the pupils of a class in an identifiable study; the last `opted_out` never open.

    known: codes of an earlier wave that are kept, so that a pupil's answers can be set beside each other.
    Raises UsageError for one that is no code, and for one that stands in another class too.
    """
    taken = {r["code"] for r in store.run("SELECT code FROM pupil_code")}
    kept = [tidy(c) for c in known]
    wrong = [c for c in kept if not is_code(c, PUPIL_LENGTH) or c in taken or kept.count(c) > 1]
    if wrong:
        raise UsageError(
            f"{len(wrong)} of the codes to keep are no codes, or stand twice.",
            mend="Ask the holder for the list again.",
        )
    made = [*kept, *make_codes(max(count - len(kept), 0), PUPIL_LENGTH, taken | set(kept))]
    count = len(made)
    with store.writing():
        store.insert(
            "pupil_code",
            (
                {"code": c, "class_code": class_code, "opted_out": int(i >= count - opted_out)}
                for i, c in enumerate(made)
            ),
        )
    return made


def opt_out(store: Store, codes: Iterable[str]) -> int:
    """Mark pupil codes that must never open; returns how many were known."""
    found = 0
    with store.writing():
        for code in codes:
            if store.one("SELECT code FROM pupil_code WHERE code=?", (tidy(code),)):
                store.run("UPDATE pupil_code SET opted_out=1 WHERE code=?", (tidy(code),))
                found += 1
    return found


def door(store: Store, study: Study, typed: str, today: date) -> Door:
    """What a typed class code opens today."""
    code = tidy(typed)
    row = store.one("SELECT * FROM class WHERE code=?", (code,)) if is_code(code) else None
    if row is None:
        return Door("unknown")
    window = store.one("SELECT * FROM school_window WHERE urn=?", (row["urn"],)) or {}
    opens = _day(window.get("opens")) or study.opens
    closes = max(
        _day(window.get("closes")) or study.closes, _day(window.get("extended_to")) or date.min
    )
    state = "early" if today < opens else "closed" if today > closes else "open"
    if window.get("status") == "closed":
        state = "closed"
    return Door(
        state, code, row["urn"], row["nc_year"], row["questionnaire"],
        opens if state == "early" else closes, window.get("adult") or "",
    )  # fmt: skip


def may_begin(store: Store, class_code: str, typed: str) -> bool:
    """Whether a pupil code of this class may open the form."""
    if not is_code(typed, PUPIL_LENGTH):
        return False
    row = store.one(
        "SELECT opted_out FROM pupil_code WHERE code=? AND class_code=?", (tidy(typed), class_code)
    )
    return row is not None and not row["opted_out"]


def extend(store: Store, urn: str, until: date, study: Study, by: str, why: str) -> None:
    """One late extension of a school, logged. Raises UsageError for a second one."""
    row = store.one("SELECT extended_to FROM school_window WHERE urn=?", (urn,))
    if row is None or row["extended_to"]:
        raise UsageError(
            "A school has one late extension.",
            found=(row or {}).get("extended_to") or "no such school",
        )
    if until > study.last_day:
        raise UsageError(
            "The study itself closes before.", found=str(until), allowed=str(study.last_day)
        )
    with store.writing():
        store.run(
            "UPDATE school_window SET extended_to=?, extended_why=? WHERE urn=?",
            (until.isoformat(), why, urn),
        )
        store.log(f"school {urn} extended to {until} by {by}: {why}")


def counted(store: Store, urn: str | None = None, class_code: str | None = None) -> list[Counted]:
    """Classes of a school (or one class): started, finished, of how many on roll."""
    if class_code is not None:
        classes = store.run("SELECT * FROM class WHERE code=?", (class_code,))
    else:
        classes = store.run("SELECT * FROM class WHERE urn=? ORDER BY nc_year, name", (urn,))
    told = []
    for row in classes:
        seen = store.one(
            "SELECT COUNT(*) AS started, SUM(CASE WHEN status<>'open' THEN 1 ELSE 0 END) AS done "
            "FROM session WHERE class_code=?",
            (row["code"],),
        )
        no = store.one("SELECT no FROM consent WHERE class_code=?", (row["code"],))
        told.append(
            Counted(
                row["name"], row["on_roll"], seen["started"] if seen else 0,
                int((seen and seen["done"]) or 0), no["no"] if no else 0, row["opted_out"],
            )
        )  # fmt: skip
    return told


def schools(store: Store, today: date) -> list[dict[str, Any]]:
    """The tracker: every school with its state, dates, counts, and what is late."""
    told = []
    for row in store.run("SELECT * FROM school_window ORDER BY name"):
        classes = counted(store, row["urn"])
        roll, done = sum(c.on_roll for c in classes), sum(c.finished for c in classes)
        started = sum(c.started for c in classes)
        closes, opens = _day(row["closes"]), _day(row["opens"])
        status = row["status"]
        if status == "codes_issued" and started:
            status = "open"
        late = ""
        if status in ("invited", "agreed") and opens and today > opens - timedelta(7):
            late = "No date or codes a week before it should open."
        elif status == "codes_issued" and opens and today > opens + timedelta(3):
            late = "Codes are out, and nobody has begun."
        elif (
            closes
            and today > closes - timedelta(2)
            and roll
            and done < roll / 2
            and status != "closed"
        ):
            late = "Less than half have finished, and it closes within two days."
        told.append(
            row
            | {
                "status": status,
                "on_roll": roll,
                "started": started,
                "finished": done,
                "late": late,
            }
        )
    return told


def set_status(store: Store, urn: str, status: str, opens: date | None = None) -> None:
    """Move a school on in the tracker."""
    if status not in STATES:
        raise UsageError("There is no such state.", found=status, allowed=", ".join(STATES))
    with store.writing():
        store.run("UPDATE school_window SET status=? WHERE urn=?", (status, urn))
        if opens is not None:
            store.run("UPDATE school_window SET opens=? WHERE urn=?", (opens.isoformat(), urn))
        store.log(f"school {urn}: {status}")


def _need(table: pl.DataFrame, columns: Sequence[str]) -> None:
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise UsageError(
            "The list lacks columns.", found=", ".join(missing), allowed=", ".join(columns)
        )


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)) if text else None
