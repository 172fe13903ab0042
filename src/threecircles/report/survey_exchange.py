"""Packs of released figures that boroughs of one study hand each other: only the same questions are compared.

A pack is made from Safe tables alone. It carries the hash of every core question and score, the agreement
under which it was given and until when, and the basis of the study, which no reader can lose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.tables import TOTAL
from threecircles.definitions import HOME
from threecircles.disclosure.release import Safe
from threecircles.survey.measures import Measure, ScaleRule
from threecircles.survey.questionnaire import item_hash, items, measures_of, questionnaire
from threecircles.survey.study import Study
from threecircles.survey.wording import item_text

FORMAT = "three-circles-survey-exchange-2"
GIVEN = ("survey-answers", "survey-scores", "survey-convenience")
"""Tables that a pack may hold: the borough's answers and scores, no school and no small group."""
GROUPS = ("sex", "nc_year")
"""Groups by which the authority of origin may give its figures."""
FIGURES = ("value", "low", "high", "n", "symbol")
CONVENIENCE = "convenience "


@dataclass(frozen=True)
class Exchange:
    """One borough's pack. rows: measure, sex, nc_year, value, low, high, n, symbol. hashes: question or score -> hash."""

    authority: str
    study: str
    wave: str
    basis: str
    agreement: str
    until: date
    hashes: dict[str, str]
    rows: tuple[dict[str, Any], ...]


def exchange_of(
    tables: Iterable[Safe],
    study: Study,
    authority: str,
    agreement: str,
    until: date,
    home: Path = HOME,
    groups: Sequence[str] = GROUPS,
) -> Exchange:
    """What one borough gives: its core figures, by the groups it decides on.

    home: the workspace, where questions of the borough's own lie; they stay there. Raises NotPermitted
    for a table that is not Safe or without an agreement, UsageError for an unknown group.
    """
    if not agreement:
        raise NotPermitted(
            "A pack is given under an agreement.", mend="Name the sharing agreement of the study."
        )
    if unknown := [g for g in groups if g not in GROUPS]:
        raise UsageError(
            "A pack knows no such group.", found=", ".join(unknown), allowed=", ".join(GROUPS)
        )
    hashes = core_hashes(study, home)
    figures = [f for f in FIGURES if study.basis != "convenience" or f not in ("low", "high")]
    rows: list[dict[str, Any]] = []
    for table in tables:
        if type(table) is not Safe:
            raise NotPermitted(
                "A pack is made from released tables only.", found=type(table).__name__
            )
        if table.spec.id not in GIVEN:
            continue
        for row in table.frame.iter_rows(named=True):
            where = {g: str(row.get(g, TOTAL)) for g in GROUPS}
            agreed = all(v == TOTAL or g in groups for g, v in where.items())
            if agreed and asked_by(str(row["measure"])) in hashes:
                rows.append({"measure": row["measure"], **where} | {f: row.get(f) for f in figures})
    return Exchange(
        authority, study.id, study.wave, study.basis, agreement, until, hashes, tuple(rows)
    )


def write_exchange(told: Exchange, path: Path) -> Path:
    """Write a pack as JSON."""
    whole = {
        "format": FORMAT, "authority": told.authority, "study": told.study, "wave": told.wave,
        "basis": told.basis, "agreement": told.agreement, "until": told.until.isoformat(),
        "hashes": told.hashes, "rows": told.rows,
    }  # fmt: skip
    path.write_text(
        json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return path


def asked_by(measure: str) -> str:
    """The question or score that a figure is of: emo1 of emo1:3."""
    return measure.removeprefix(CONVENIENCE).partition(":")[0]


def core_hashes(study: Study, home: Path = HOME) -> dict[str, str]:
    """Hash of every core question of a study as it was asked, and of every score made of such alone."""
    told: dict[str, str] = {}
    for name in study.questionnaires:
        form = questionnaire(name, home)
        core = {
            i.code: item_hash(i, item_text(i, "en", home))
            for i in items(form, home)
            if i.kind == "core"
        }
        told |= core
        for measure in measures_of(form, home):
            for rule in measure.scales:
                made_of = _questions(measure, rule)
                if made_of <= core.keys():
                    told[rule.id] = _score_hash(rule, measure, {c: core[c] for c in made_of})
    return told


def _questions(measure: Measure, rule: ScaleRule) -> set[str]:
    """Codes of the questions that a score rests on, through scores of scores."""
    if rule.of:
        return set().union(*(_questions(measure, measure.scale(s)) for s in rule.of))
    return set(rule.items) or {i.code for i in measure.items}


def _score_hash(rule: ScaleRule, measure: Measure, asked: dict[str, str]) -> str:
    """What makes a score the same score: its questions, which way they count, and the rule."""
    turned = sorted(i.code for i in measure.items if i.reverse and i.code in asked)
    how = [rule.id, rule.rule, rule.min_answered, rule.scale_form, rule.prorate_to, rule.of]
    told = [sorted(asked.items()), turned, how, rule.conversion]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]


def read_exchange(path: Path, today: date) -> Exchange:
    """A pack. Raises UsageError when it is none, NotPermitted after its last day."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError("This is not a pack of a survey.", where=path.name) from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise UsageError("This is not a pack of a survey.", where=path.name, allowed=FORMAT)
    try:
        made = Exchange(
            str(told["authority"]), str(told["study"]), str(told["wave"]), str(told["basis"]), str(told["agreement"]),
            date.fromisoformat(told["until"]), dict(told["hashes"]), tuple(_row(r) for r in told["rows"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as bad:
        raise UsageError(
            "The pack is damaged.", where=path.name, found=str(bad), mend="Ask for it again."
        ) from None
    if today > made.until:
        raise NotPermitted(
            f"The pack of {made.authority} may be used until {made.until}.",
            mend="Ask them for a new one.",
        )
    return made


def _row(told: dict[str, Any]) -> dict[str, Any]:
    """A row of a pack with figures where figures belong: it comes from another house."""
    figures = {
        f: None if told.get(f) is None else float(told[f]) for f in ("value", "low", "high", "n")
    }
    words = {k: str(told.get(k) or TOTAL) for k in GROUPS}
    return {
        "measure": str(told["measure"]),
        **words,
        **figures,
        "symbol": str(told.get("symbol") or ""),
    }


def compare(packs: Sequence[Exchange]) -> tuple[list[dict[str, Any]], list[str]]:
    """Figures of the same questions side by side, and sentences on what is not compared.

    Only questions and scores whose hash is equal in every pack; convenience answers are never set beside
    a census or a sample. Rows: measure, sex, nc_year and by authority its value, low, high, n and symbol.
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
    nothing = dict.fromkeys(FIGURES) | {"symbol": "[x]"}
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for pack in kept:
        for row in pack.rows:
            if asked_by(str(row["measure"])) not in same:
                continue
            key = (str(row["measure"]), str(row["sex"]), str(row["nc_year"]))
            line = found.setdefault(
                key,
                {"measure": key[0], "sex": key[1], "nc_year": key[2]}
                | {p.authority: nothing for p in kept},
            )
            line[pack.authority] = {k: row.get(k) for k in FIGURES}
    return [found[k] for k in sorted(found)], told
