"""Readers' codes: who is read twice, what each wrote, how far two agree, and what a third settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from threecircles.core.agreement import Agreement, agreement
from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.core.sampling import numbers
from threecircles.need.audit.form import BLANKS, Form, checked
from threecircles.need.audit.gate import decided
from threecircles.need.audit.store import AuditStore, named, now

SHARE_TWICE, LEAST_TWICE = 0.15, 60
THIRD = "third:"
"""How the codes of whoever settles a disagreement begin; they stand above the readers' own."""
MARKED, REPORTED = 0.60, 0.40
"""Below the first a field is marked, below the second it is not reported."""


@dataclass(frozen=True)
class FieldAgreement:
    """How far two readers agree on a field. verdict: good, marked, not reported or "too few"."""

    code: str
    told: Agreement | None
    verdict: str


def draw_twice(store: AuditStore, grant: Grant | None, seed: int = 1) -> list[int]:
    """The cases that a second reader reads too: 15%, at least 60, drawn once with a recorded seed.

    Returns their numbers. Raises NotPermitted without an ethics decision.
    """
    decided(grant, "No case may be drawn for a second reader")
    cases = store.cases()
    if cases["twice"].any():
        return sorted(cases.filter("twice")["number"].to_list())
    wanted = min(cases.height, max(LEAST_TWICE, round(SHARE_TWICE * cases.height)))
    drawn = (
        cases.with_columns(
            at=numbers(cases["case"].cast(pl.String), seed, "needs-audit-second-reader")
        )
        .sort("at", "number")["number"]
        .head(wanted)
        .to_list()
    )
    with store.writing() as kept:
        kept.executemany("UPDATE study_case SET twice = 1 WHERE number = ?", [(n,) for n in drawn])
        kept.execute("INSERT OR REPLACE INTO setting VALUES ('seed_twice', ?)", (str(seed),))
    return sorted(drawn)


def opened(store: AuditStore, case: str, coder: str, grant: Grant | None) -> dict[str, str]:
    """A case's form as this reader left it: field -> answer. The first opening is noted, for the minutes.

    Raises NotPermitted without an ethics decision, UsageError for a case that was not drawn.
    """
    decided(grant, "No form may open")
    _known(store, case)
    with store.writing() as kept:
        kept.execute(
            "INSERT OR IGNORE INTO reading VALUES (?,?,?,NULL)", (case, named(coder, "reader"), now())
        )  # fmt: skip
    return codes_of(store, case).get((case, coder), {})


def write(
    store: AuditStore, form: Form, case: str, coder: str, values: Mapping[str, str],
    grant: Grant | None, *, done: bool = False,
) -> int:  # fmt: skip
    """Keep what a reader answered; earlier answers stay beneath. Returns how many changed.

    Raises NotPermitted without an ethics decision, UsageError for an unknown case, field or answer;
    nothing of the form is kept then.
    """
    decided(grant, "No form may be filled")
    _known(store, case)
    coder = coder if coder.startswith(THIRD) else named(coder, "reader")
    fields, before = form.fields, codes_of(store, case).get((case, coder), {})
    strange = sorted(set(values) - set(fields))
    if strange:
        raise UsageError(
            "The form has no such question.", found=strange[0], mend=f"Form {form.id}, version {form.version}."
        )  # fmt: skip
    told = {code: checked(fields[code], value) for code, value in values.items()}
    new = {c: v for c, v in told.items() if v != before.get(c, "")}
    with store.writing() as kept:
        kept.executemany(
            "INSERT INTO coding (name, coder, field, value, at) VALUES (?,?,?,?,?)",
            [(case, coder, c, v, now()) for c, v in new.items()],
        )
        kept.execute("INSERT OR IGNORE INTO reading VALUES (?,?,?,NULL)", (case, coder, now()))
        if done:
            kept.execute(
                "UPDATE reading SET done = ? WHERE name = ? AND coder = ?", (now(), case, coder)
            )
    return len(new)


def codes_of(store: AuditStore, case: str = "") -> dict[tuple[str, str], dict[str, str]]:
    """(case, reader) -> field -> the last answer that is not blank; of one case, or of all."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    asked = "SELECT name, coder, field, value FROM coding {} ORDER BY id"
    rows = (
        store.rows(asked.format("WHERE name = ?"), case) if case else store.rows(asked.format(""))
    )
    for row in rows:
        told = found.setdefault((row["name"], row["coder"]), {})
        told[row["field"]] = row["value"]
    return {k: {f: v for f, v in told.items() if v} for k, told in found.items()}


def progress(store: AuditStore) -> pl.DataFrame:
    """One row a reader: coder, opened, done, minutes (median from opening to done; null before any is done)."""
    rows = store.rows(
        "SELECT coder, opened, done, (julianday(done) - julianday(opened)) * 1440 AS minutes FROM reading"
    )
    schema = {
        "coder": pl.String,
        "opened": pl.String,
        "done": pl.String,
        "minutes": pl.Float64,
    }
    return (
        pl.DataFrame(rows, schema=schema)
        .filter(~pl.col("coder").str.starts_with(THIRD))
        .group_by("coder")
        .agg(pl.len().alias("opened"), pl.col("done").count(), pl.col("minutes").median())
        .sort("coder")
    )


def agreements(store: AuditStore, form: Form) -> list[FieldAgreement]:
    """Two readers of the same cases, field by field, from their own codes (what a third settled stands apart).

    "Unknown" and "not in file" are answers like others, so a reader who overlooks a page is seen. A scale
    with steps is weighed by how far apart the two are, over the cases where both gave a step.
    """
    pairs = _pairs(store)
    return [_agree(code, asked.ordered, asked.values, pairs) for code, asked in form.fields.items() if asked.type != "text"]  # fmt: skip


def disagreements(store: AuditStore, form: Form) -> pl.DataFrame:
    """What a third has to settle: case, field, one, two. Settled ones are out."""
    settled = {(k[0], f) for k, told in codes_of(store).items() if k[1].startswith(THIRD) for f in told}  # fmt: skip
    rows = [
        (case, code, one.get(code, ""), two.get(code, ""))
        for case, (one, two) in sorted(_pairs(store).items())
        for code, asked in form.fields.items()
        if asked.type != "text"
        and one.get(code) != two.get(code)
        and (one.get(code) or two.get(code))
        and (case, code) not in settled
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("case", "field", "one", "two"), pl.String), orient="row")  # fmt: skip


def settle(
    store: AuditStore, form: Form, case: str, field: str, value: str, by: str, grant: Grant | None
) -> None:
    """A third reader's decision on one field of a case read twice; the two original codes are kept.

    Raises UsageError when the third is one of the two readers.
    """
    readers = [c for n, c in codes_of(store, case) if not c.startswith(THIRD)]
    if by in readers:
        raise UsageError(
            "Somebody who read the case cannot settle it.", found=by, mend="Ask a third person."
        )
    write(store, form, case, THIRD + named(by, "reader"), {field: value}, grant)


def settled_codes(store: AuditStore, form: Form) -> pl.DataFrame:
    """One row a coded case, with its plan's columns and the answer of every field (null = not answered).

    A third's decision stands above the readers'; else the first reader's answer counts, and a field on
    which two differ and nobody has decided is null.
    """
    cases, told = store.cases(), codes_of(store)
    pairs = _pairs(store)
    rows = []
    for row in cases.iter_rows(named=True):
        case = str(row["case"])
        own = sorted(c for n, c in told if n == case and not c.startswith(THIRD))
        if not own:
            continue
        answer = dict(told[case, own[0]])
        if case in pairs:
            one, two = pairs[case]
            answer = {f: v for f, v in one.items() if two.get(f) == v or form.fields[f].type == "text"}  # fmt: skip
        for third in sorted(c for n, c in told if n == case and c.startswith(THIRD)):
            answer |= told[case, third]
        rows.append(row | {code: answer.get(code) for code in form.fields})
    schema = dict(cases.schema) | dict.fromkeys(form.fields, pl.String)
    return pl.DataFrame(rows, schema=schema, infer_schema_length=None)


def _pairs(store: AuditStore) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """The first two readers of every case that two have read."""
    found: dict[str, list[dict[str, str]]] = {}
    for (case, coder), told in sorted(codes_of(store).items()):
        if not coder.startswith(THIRD) and told:
            found.setdefault(case, []).append(told)
    return {c: (v[0], v[1]) for c, v in found.items() if len(v) > 1}


def _agree(
    code: str, ordered: bool, values: tuple[str, ...],
    pairs: Mapping[str, tuple[dict[str, str], dict[str, str]]],
) -> FieldAgreement:  # fmt: skip
    told = [(one.get(code), two.get(code)) for one, two in pairs.values()]
    if ordered:
        told = [(a, b) for a, b in told if a not in BLANKS and b not in BLANKS]
    told = [(a, b) for a, b in told if a and b]
    if len(told) < 2:
        return FieldAgreement(code, None, "too few")
    steps = [v for v in values if v not in BLANKS] if ordered else None
    found = agreement([a for a, _ in told], [b for _, b in told], steps)
    return judged(code, found)


def judged(code: str, found: Agreement) -> FieldAgreement:
    """The verdict on a field: below .60 marked, below .40 not reported."""
    verdict = (
        "not reported" if found.alpha < REPORTED else "marked" if found.alpha < MARKED else "good"
    )
    return FieldAgreement(code, found, verdict)


def _known(store: AuditStore, case: str) -> None:
    if not store.rows("SELECT 1 FROM study_case WHERE name = ?", case):
        raise UsageError(
            "This case was not drawn for the audit.",
            found=case[:60],
            mend="threecircles needs-audit plan lists the cases and who replaces whom.",
        )
