"""Taking answers out again: without it a yes given on one bad day could not be taken back."""

from __future__ import annotations

from datetime import date

from threecircles.core.errors import UsageError
from threecircles.survey.codes import PUPIL_LENGTH, is_code, tidy
from threecircles.survey.store import Store
from threecircles.survey.study import Study


def withdraw(store: Store, study: Study, code: str, today: date, by: str) -> None:
    """Delete every answer given with a pupil code; the code never opens again, and the log names no code.

    Raises UsageError in an anonymous study (no answer can be found), after the study's last day for it
    (the answers are linked), and for a code that is not known.
    """
    if study.mode != "identifiable":
        raise UsageError(
            "Answers of an anonymous study cannot be taken out.",
            mend="Nobody can tell whose they are; the first screen says so.",
        )
    until = study.withdraw_until or study.last_day
    if today > until:
        raise UsageError(
            "The answers are linked, and can no longer be taken out.", found=str(today), allowed=f"until {until}"
        )  # fmt: skip
    own = tidy(code)
    row = is_code(own, PUPIL_LENGTH) and store.one(
        "SELECT code FROM pupil_code WHERE code=?", (own,)
    )
    if not row:
        raise UsageError(
            "That pupil code is not known.", mend="Look at the slip and type it again."
        )
    with store.writing():
        held = store.run("SELECT key FROM session WHERE pupil_code=?", (own,))
        for table in ("answer", "paradata", "batch"):
            for session in held:
                store.run(f"DELETE FROM {table} WHERE session=?", (session["key"],))
        store.run("DELETE FROM session WHERE pupil_code=?", (own,))
        store.run("UPDATE pupil_code SET opted_out=1 WHERE code=?", (own,))
        store.log(f"answers of one pupil taken out by {by}")
