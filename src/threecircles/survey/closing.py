"""Closing a study: answers are frozen and hashed, so that every figure after it can be made again.

Beside the study's record lie then `responses.parquet` (one row a form that was begun, without code or
token), `words.parquet` (open answers, for `voice`), `participation.parquet` (counts by class) and
`closed.json` with their hashes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.survey.conditions import holds
from threecircles.survey.field import counted, store_of
from threecircles.survey.questionnaire import Item, items
from threecircles.survey.store import Store
from threecircles.survey.study import Study, asked, check_may_open, folder_of, versions

WORDS = ("text", "place")
"""Types of questions whose answers are words."""
FILES = ("responses", "words", "participation")


@dataclass(frozen=True)
class Closed:
    """What closing made: forms, how many were finished, and the hash of each file."""

    study: str
    forms: int
    finished: int
    hashes: dict[str, str]


def close(workspace: Path, study: Study, grant: Grant | None, today: date) -> Closed:
    """Freeze a study's answers. The answers stay in the store until retention ends.

    Raises NotPermitted without an ethics record, UsageError when it is closed already.
    """
    folder = folder_of(workspace, study.id)
    if (folder / "closed.json").exists():
        raise UsageError(f"The study {study.id} is closed.", where="closed.json")
    check_may_open(study, grant, workspace, workspace)
    store = store_of(workspace, study)
    (folder / "opened.json").unlink(missing_ok=True)
    with store.writing():
        # What is still open ends here: answers that came are kept, the token is forgotten.
        store.run("UPDATE session SET status='stopped', token=NULL WHERE status='open'")
        store.run("UPDATE school_window SET status='closed'")
        store.log("closed")
    responses, words = _responses(store, study, workspace)
    tables = {"responses": responses, "words": words, "participation": _participation(store)}
    hashes = {}
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        table.write_parquet(path, statistics=False)
        hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    store.close()
    finished = int((responses["status"] == "finished").sum()) if responses.height else 0
    told = {
        "study": study.id, "on": today.isoformat(), "forms": responses.height, "finished": finished,
        "questionnaires": list(versions(study, workspace)), "ethics_id": grant.ethics_id if grant else "",
        "sha256": hashes,
    }  # fmt: skip
    (folder / "closed.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return Closed(study.id, responses.height, finished, hashes)


def read_closed(workspace: Path, study: Study) -> dict[str, pl.DataFrame]:
    """The frozen tables. Raises UsageError when the study is open, or a file is not the one frozen."""
    folder = folder_of(workspace, study.id)
    if not (folder / "closed.json").exists():
        raise UsageError(
            f"The study {study.id} is not closed.", mend=f"threecircles survey close {study.id}"
        )
    told = json.loads((folder / "closed.json").read_text(encoding="utf-8"))
    tables = {}
    for name in FILES:
        path = folder / f"{name}.parquet"
        if hashlib.sha256(path.read_bytes()).hexdigest() != told["sha256"][name]:
            raise UsageError(
                "This file is not the one that was frozen at close.", where=path.name,
                mend="Put the frozen file back; nobody edits it.",
            )  # fmt: skip
        tables[name] = pl.read_parquet(path)
    return tables


def _responses(store: Store, study: Study, home: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    forms = {q.id: {i.code: i for i in items(q, home)} for q in asked(study, home)}
    codes = list(dict.fromkeys(c for form in forms.values() for c in form))
    classes = {r["code"]: r for r in store.run("SELECT * FROM class")}
    schools = {r["urn"]: r for r in store.run("SELECT * FROM school_window")}
    answers: dict[int, dict[str, dict[str, Any]]] = {}
    for row in store.run("SELECT * FROM answer"):
        answers.setdefault(row["session"], {})[row["item"]] = row
    speed = {
        r["session"]: r["ms"]
        for r in store.run("SELECT session, AVG(shown_ms) AS ms FROM paradata GROUP BY session")
    }
    rows, words = [], []
    for session in store.run("SELECT * FROM session"):
        form, given = forms[session["questionnaire"]], json.loads(session["given"])
        told = answers.get(session["key"], {})
        own = classes[session["class_code"]]
        # A code is kept only where the child was told so; else a number that leads nowhere.
        response = session["pupil_code"] or secrets.token_hex(8)
        head = {
            "response_id": response, "questionnaire": session["questionnaire"], "urn": own["urn"],
            "phase": schools[own["urn"]]["phase"] or "not known", "class": own["name"],
            "nc_year": own["nc_year"], "language": session["language"], "mode": session["mode"],
            "status": session["status"], "wave": study.wave, "on": session["finished_on"] or session["started_on"],
            "mean_ms": speed.get(session["key"]),
        }  # fmt: skip
        values, why = _one(form, given, told)
        for code, value in values.items():
            if form[code].type in WORDS and value:
                words.append(
                    {
                        "response_id": response,
                        "item": code,
                        "text": value,
                        "language": session["language"],
                    }
                )
                values[code] = None
                why[code] = "words"
        rows.append(
            head
            | {c: values.get(c) for c in codes}
            | {f"{c}__why": why.get(c, "not_asked") for c in codes}
        )
    kinds = {c: pl.String for c in [*codes, *(f"{c}__why" for c in codes)]}
    schema = {
        **dict.fromkeys(("response_id", "questionnaire", "urn", "phase", "class"), pl.String), "nc_year": pl.Int64,
        **dict.fromkeys(("language", "mode", "status", "wave", "on"), pl.String), "mean_ms": pl.Float64, **kinds,
    }  # fmt: skip
    text = {"response_id": pl.String, "item": pl.String, "text": pl.String, "language": pl.String}
    return (
        pl.DataFrame(rows, schema=schema).sort("response_id"),
        pl.DataFrame(words, schema=text).sort("response_id", "item"),
    )


def _one(
    form: dict[str, Item], given: list[str], told: dict[str, dict[str, Any]]
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Answers of one form as text, and why each of the others has none."""
    values: dict[str, str | None] = {}
    why: dict[str, str] = {}
    last = max((i for i, c in enumerate(given) if c in told), default=-1)
    for place, code in enumerate(given):
        row = told.get(code)
        if not holds(form[code].ask_if, values):
            why[code] = "not_applicable"
        elif row is None:
            why[code] = "not_reached" if place > last else "left_out"
        elif row["value"] is None:
            why[code] = row["missing_reason"] or "left_out"
        else:
            values[code] = row["value"]
            why[code] = "answered"
    return values, why


def _participation(store: Store) -> pl.DataFrame:
    rows = []
    for own in store.run("SELECT * FROM class ORDER BY urn, nc_year, name"):
        (count,) = counted(store, class_code=own["code"])
        rows.append(
            {
                "urn": own["urn"], "class": own["name"], "nc_year": own["nc_year"],
                "on_roll": count.on_roll, "opted_out": count.opted_out, "refused": count.refused,
                "started": count.started, "finished": count.finished,
            }
        )  # fmt: skip
    names = ("on_roll", "opted_out", "refused", "started", "finished")
    schema = {
        "urn": pl.String,
        "class": pl.String,
        "nc_year": pl.Int64,
        **dict.fromkeys(names, pl.Int64),
    }
    return pl.DataFrame(rows, schema=schema)
