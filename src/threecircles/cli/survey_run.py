"""From a closed study to written reports: protected, attacked and only then put on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.safety import Grant
from threecircles.core.tables import TOTAL, Measured
from threecircles.disclosure.release import Safe
from threecircles.survey.account import account
from threecircles.survey.field import store_of
from threecircles.survey.scored import Scored, score_study
from threecircles.survey.study import Study, folder_of, load_study
from threecircles.survey.tables import school_mark, study_tables

ROUNDS = 6
"""Times that tables are coarsened and protected anew before a report is refused."""


@dataclass(frozen=True)
class Reported:
    """What was written: the borough's folder, each school's by urn, and what was left out to be safe."""

    borough: Path
    schools: dict[str, Path]
    without_sex: tuple[str, ...]


def grant_for(workspace: Path, study_id: str) -> Grant:
    """The grant of disclosure's ethics gate for a study of this workspace."""
    from threecircles.disclosure.studies import check_may_open_study

    return check_may_open_study("survey", study_id, workspace=workspace)


def scored_of(workspace: Path, study_id: str) -> Scored:
    """Scores and weights of a closed study, after the gate."""
    grant_for(workspace, study_id)
    return score_study(workspace, load_study(workspace, study_id))


def write_reports(
    workspace: Path,
    study: Study,
    out: Path,
    today: date,
    only: str = "",
    tell: Callable[[str], None] = print,
) -> Reported:
    """The borough's report and every school's, below `out`. only: one school's urn.

    Raises NotPermitted when the tables cannot be made safe together.
    """
    from threecircles.report.context import Context
    from threecircles.report.survey_packs import borough_pack, school_pack, write_report

    scored = score_study(workspace, study)
    salt = json.loads((folder_of(workspace, study.id) / "closed.json").read_text())["sha256"][
        "responses"
    ]
    tell(
        f"{scored.rows.height:,} pupils, {scored.rows['urn'].n_unique()} schools scored and weighted"
    )
    safe, without = safe_tables(study_tables(scored, salt))
    tell(
        f"{len(safe)} tables protected"
        + (f"; {len(without)} schools without a split by sex" if without else "")
    )
    told = account(scored)
    store = store_of(workspace, study)
    names = {r["urn"]: r["name"] for r in store.run("SELECT urn, name FROM school_window")}
    store.close()
    period = f"{study.opens:%B %Y}, wave {study.wave}"
    about = Context(place=study.label, la_code="", period=period, made_on=today, edition="partners")
    if not only:
        write_report(borough_pack(safe, about, told), out / "borough")
    schools = {}
    urns = sorted(scored.rows["urn"].unique().to_list())
    for urn in [u for u in urns if not only or u == only]:
        own = Context(
            place=names.get(urn, urn), la_code="", period=period, made_on=today, edition="school"
        )
        folder = (
            out
            / "schools"
            / re.sub(r"[^A-Za-z0-9]+", "-", f"{urn} {names.get(urn, '')}").strip("-").lower()
        )
        write_report(school_pack(safe, school_mark(study, urn, salt), own, told), folder)
        schools[urn] = folder
    tell(f"{len(schools)} school reports written")
    return Reported(out / "borough", schools, tuple(without))


def write_pack(
    workspace: Path, study_id: str, authority: str, agreement: str, until: str, out: Path
) -> Path:
    """An exchange pack of a closed study's borough figures, protected as the reports are."""
    from threecircles.core.errors import UsageError
    from threecircles.report.survey_exchange import write_exchange

    scored = scored_of(workspace, study_id)
    closed = json.loads((folder_of(workspace, study_id) / "closed.json").read_text())
    safe, _ = safe_tables(study_tables(scored, closed["sha256"]["responses"]))
    try:
        last = date.fromisoformat(until)
    except ValueError:
        raise UsageError(
            "A pack needs its last day.", found=until or "none", allowed="--until yyyy-mm-dd"
        ) from None
    return write_exchange(safe, scored.study, authority or scored.study.label, agreement, last, out)


def safe_tables(tables: list[Measured]) -> tuple[list[Safe], list[str]]:
    """Safe tables that an attacker was tried on, and the schools shown without a split by sex.

    Where a hidden group could be worked out, its school is shown without the split, and all is
    protected anew. Raises NotPermitted when that does not end.
    """
    from threecircles.core.errors import NotPermitted
    from threecircles.disclosure.attack_release import attack_safe
    from threecircles.disclosure.release import protect

    gone: set[str] = set()
    for _ in range(ROUNDS):
        coarser = [_without(t, gone) for t in tables]
        safe = protect(coarser, "survey-10")
        leaks = attack_safe(safe)
        found = {dict(leak.group).get("school", "") for leak in leaks}
        if not leaks:
            return safe, sorted(gone)
        if not found - {""} - gone:
            break
        gone |= found - {""}
    raise NotPermitted(
        "The tables cannot be made safe beside each other.", found=f"{len(leaks)} figures could be worked out",
        mend="Ask fewer schools apart, or leave out a breakdown.",
    )  # fmt: skip


def _without(table: Measured, schools: set[str]) -> Measured:
    """The table without the split by sex of some schools."""
    if "school" not in table.frame.columns or not schools:
        return table
    fine = pl.col("school").is_in(sorted(schools)) & (pl.col("sex") != TOTAL)
    return Measured(table.spec, table.frame.filter(~fine))
