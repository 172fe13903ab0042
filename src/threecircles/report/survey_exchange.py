"""Packs of released figures that boroughs of one study hand each other: only the same questions are compared.

A pack is made from Safe tables alone. It carries the hash of every core question, the agreement under
which it was given and until when, and the basis of the study, which no reader can lose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure.release import Safe
from threecircles.survey.questionnaire import item_hash, items, questionnaire
from threecircles.survey.study import Study
from threecircles.survey.wording import item_text

FORMAT = "three-circles-survey-exchange-1"
GIVEN = ("survey-answers", "survey-convenience")
"""Tables that a pack may hold: the borough's answers, no school and no small group."""


@dataclass(frozen=True)
class Exchange:
    """One borough's pack. rows: measure, value, n, symbol and group columns. hashes: question -> hash."""

    authority: str
    study: str
    wave: str
    basis: str
    agreement: str
    until: date
    hashes: dict[str, str]
    rows: tuple[dict[str, Any], ...]


def write_exchange(
    tables: Iterable[Safe], study: Study, authority: str, agreement: str, until: date, path: Path
) -> Path:
    """The pack of one borough. Raises NotPermitted for a table that is not Safe or without an agreement."""
    if not agreement:
        raise NotPermitted(
            "A pack is given under an agreement.", mend="Name the sharing agreement of the study."
        )
    rows: list[dict[str, Any]] = []
    for table in tables:
        if type(table) is not Safe:
            raise NotPermitted(
                "A pack is made from released tables only.", found=type(table).__name__
            )
        if table.spec.id in GIVEN:
            kept = ("measure", "sex", "nc_year", "value", "n", "symbol")
            rows += table.frame.select(c for c in kept if c in table.frame.columns).to_dicts()
    told = {
        "format": FORMAT, "authority": authority, "study": study.id, "wave": study.wave, "basis": study.basis,
        "agreement": agreement, "until": until.isoformat(), "hashes": core_hashes(study), "rows": rows,
    }  # fmt: skip
    path.write_text(
        json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return path


def core_hashes(study: Study) -> dict[str, str]:
    """Hash of every core question of a study."""
    return {
        i.code: item_hash(i, item_text(i, "en"))
        for q in study.questionnaires for i in items(questionnaire(q)) if i.kind == "core"
    }  # fmt: skip


def read_exchange(path: Path, today: date) -> Exchange:
    """A pack. Raises UsageError when it is none, NotPermitted after its last day."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise UsageError("This is not a pack of a survey.", where=path.name) from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise UsageError("This is not a pack of a survey.", where=path.name, allowed=FORMAT)
    until = date.fromisoformat(told["until"])
    if today > until:
        raise NotPermitted(
            f"The pack of {told['authority']} may be used until {until}.",
            mend="Ask them for a new one.",
        )
    return Exchange(
        told["authority"], told["study"], told["wave"], told["basis"], told["agreement"], until,
        dict(told["hashes"]), tuple(told["rows"]),
    )  # fmt: skip


def compare(packs: Sequence[Exchange]) -> tuple[list[dict[str, Any]], list[str]]:
    """Figures of the same questions side by side, and sentences on what is not compared.

    Only questions whose hash is equal in every pack; convenience answers are never set beside a census
    or a sample. Rows: measure, and each authority's value, n and symbol.
    """
    told: list[str] = []
    kept = [p for p in packs if p.basis != "convenience"]
    told += [
        f"{p.authority}: convenience answers stand for nobody else and are not compared."
        for p in packs
        if p.basis == "convenience"
    ]
    if len(kept) < 2:
        return [], [*told, "Fewer than two packs can be compared."]
    codes = {c for p in kept for c in p.hashes}
    same = {c for c in codes if len({p.hashes.get(c, "") for p in kept}) == 1}
    told += [f"{c}: not the same question everywhere; not compared." for c in sorted(codes - same)]
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for pack in kept:
        for row in pack.rows:
            if str(row["measure"]).partition(":")[0] not in same:
                continue
            key = (str(row["measure"]), str(row.get("sex", "All")), str(row.get("nc_year", "All")))
            line = found.setdefault(key, {"measure": key[0], "sex": key[1], "nc_year": key[2]})
            line[pack.authority] = {k: row.get(k) for k in ("value", "n", "symbol")}
    return [found[k] for k in sorted(found)], told
