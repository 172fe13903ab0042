"""From a closed study to written reports: protected, attacked and only then put on disk."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from threecircles import __version__
from threecircles.core.safety import Grant
from threecircles.core.tables import TOTAL, Measured
from threecircles.disclosure.release import Safe
from threecircles.survey.account import account
from threecircles.survey.field import store_of
from threecircles.survey.kept_estimates import write_estimates
from threecircles.survey.scored import Scored, score_study
from threecircles.survey.study import Study, folder_of, load_study
from threecircles.survey.tables import school_mark, study_tables

ROUNDS = 6
"""Times that tables are coarsened and protected anew before a report is refused."""


@dataclass(frozen=True)
class Reported:
    """What there is: the borough's folder, each school's by urn, and what was left out to be safe.

    unchanged: schools whose report of an earlier run still stands.
    """

    borough: Path
    schools: dict[str, Path]
    without_sex: tuple[str, ...]
    unchanged: tuple[str, ...] = ()


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
    from threecircles.cli.survey_packs import set_beside
    from threecircles.report.context import Context
    from threecircles.report.survey_packs import (
        borough_pack,
        convenience_pack,
        school_pack,
        write_report,
    )

    scored = score_study(workspace, study)
    kept = write_estimates(scored)
    salt = school_salt(workspace, study)
    tell(
        f"{scored.rows.height:,} pupils, {scored.rows['urn'].n_unique()} schools scored and weighted"
    )
    safe, without = protected(workspace, scored)
    beside, told_beside = set_beside(workspace, study, safe, today)
    keep_released(folder_of(workspace, study.id) / "released", safe)
    tell(
        f"{len(safe)} tables protected"
        + (f"; {len(without)} schools without a split by sex" if without else "")
    )
    store = store_of(workspace, study)
    names = {r["urn"]: r["name"] for r in store.run("SELECT urn, name FROM school_window")}
    store.close()
    period = f"{study.opens:%B %Y}, wave {study.wave}"
    about = Context(place=study.label, la_code="", period=period, made_on=today, edition="partners")
    if study.basis == "convenience":
        # Nothing is said of a school: who came stands for nobody else there either.
        pack = convenience_pack(safe, about, account(scored, kept=kept))
        write_report(pack, out / "borough")
        return Reported(out / "borough", {}, tuple(without))
    if not only:
        whole = account(scored, kept=kept) | {"beside": told_beside}
        write_report(borough_pack([*safe, *beside], about, whole), out / "borough")
    told, schools, same = account(scored, school=True), {}, []
    done = Made(folder_of(workspace, study.id) / "reports.json")
    urns = sorted(scored.rows["urn"].unique().to_list())
    for urn in [u for u in urns if not only or u == only]:
        name = names.get(urn, urn)
        own = Context(place=name, la_code="", period=period, made_on=today, edition="school")
        folder = out / "schools" / _slug(f"{urn} {name}")
        mark = school_mark(study, urn, salt)
        what = [t.manifest for t in safe if t.spec.id.startswith(f"school-{mark}-")]
        if done.stands(folder, [name, period, __version__, told, what]):
            same.append(urn)
        else:
            write_report(school_pack(safe, mark, own, told), folder)
            done.keep(folder)
        schools[urn] = folder
    tell(f"{len(schools) - len(same)} school reports written, {len(same)} unchanged")
    return Reported(out / "borough", schools, tuple(without), tuple(same))


def protected(workspace: Path, scored: Scored) -> tuple[list[Safe], list[str]]:
    """All tables of a study as they go out, in reports and packs alike, and the schools without a split by sex.

    Raises NotPermitted when they cannot be made safe together, with the wave before in the reader's hand.
    """
    salt = school_salt(workspace, scored.study)
    tables = [*study_tables(scored, salt), *wave_tables(workspace, scored)]
    return safe_tables(tables, last_released(workspace, scored.study))


def wave_tables(workspace: Path, scored: Scored) -> list[Measured]:
    """What changed since the wave before, and trust over all waves that are closed; none for a first wave alone."""
    from threecircles.survey.trust import trust_of_waves
    from threecircles.survey.waves import asked_alike, chain, change_table

    studies = chain(workspace, scored.study)
    told = [trust] if (trust := trust_of_waves(workspace, studies)) else []
    if len(studies) > 1 and not asked_alike(workspace, studies[-2], studies[-1]):
        changed = change_table(score_study(workspace, studies[-2]), scored)
        told += [changed] if changed else []
    return told


class Made:
    """Which reports of an earlier run still stand: made from the same tables and words, and all there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        self._new: dict[str, str] = {}

    def stands(self, folder: Path, what: object) -> bool:
        """Whether the report in the folder was made from just this."""
        key = str(folder.resolve())
        digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
        self._new[key] = digest
        return self._known.get(key) == digest and (folder / "report.pdf").exists()

    def keep(self, folder: Path) -> None:
        """Note that the report in the folder is written."""
        key = str(folder.resolve())
        self._known[key] = self._new[key]
        self.path.write_text(json.dumps(self._known, indent=1, sort_keys=True) + "\n")


def school_salt(workspace: Path, study: Study) -> str:
    """What the marks of schools are made with: drawn once, so that a mark stays a school's own."""
    path = folder_of(workspace, study.id) / "marks.json"
    if not path.exists():
        path.write_text(json.dumps({"salt": secrets.token_hex(16)}) + "\n")
    return str(json.loads(path.read_text())["salt"])


def write_service_reports(
    study: Study, cases: Path | None, out: Path, today: date
) -> dict[str, Path]:
    """The report of all providers together and of each by itself; name -> folder.

    Raises UsageError without forms, or while somebody is lost for no reason.
    """
    from threecircles.core.errors import UsageError
    from threecircles.report.context import Context
    from threecircles.report.survey_packs import service_pack, write_report
    from threecircles.survey.service_study import read_cases, service_tables

    if cases is None:
        raise UsageError(
            "A service study is reported from its forms.", mend="Give --cases FORMS.csv."
        )
    period = f"{study.opens:%B %Y} to {study.last_day:%B %Y}"
    tables = service_tables(read_cases(cases), study.id, period)
    safe = {t.spec.id: t for t in checked([t for some in tables.values() for t in some])}
    written = {}
    for name, some in tables.items():
        own = [safe[t.spec.id] for t in some if t.spec.id in safe]
        place = study.label if name == TOTAL else name
        about = Context(place=place, la_code="", period=period, made_on=today, edition="partners")
        folder = out if name == TOTAL else out / "providers" / _slug(name)
        write_report(service_pack(own, name, about), folder)
        written["All providers" if name == TOTAL else name] = folder
    return written


def checked(tables: list[Measured]) -> list[Safe]:
    """Safe tables that an attacker was tried on. Raises NotPermitted where anything could be worked out."""
    from threecircles.core.errors import NotPermitted
    from threecircles.disclosure.attack_release import attack_safe
    from threecircles.disclosure.release import protect

    safe = protect(tables, "survey-10")
    leaks = attack_safe(safe)
    if leaks:
        raise NotPermitted(
            "The tables cannot be made safe beside each other.",
            found=f"{len(leaks)} figures could be worked out", mend="Report fewer providers apart.",
        )  # fmt: skip
    return safe


def _slug(name: str) -> str:
    """A name as part of a path."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()


def last_released(workspace: Path, study: Study) -> list[Safe]:
    """The tables that the wave before this one gave out; none where there is none, or it gave out nothing."""
    from threecircles.disclosure.release import load_safe

    folder = folder_of(workspace, study.follows) / "released" if study.follows else None
    return load_safe(folder) if folder is not None and folder.is_dir() else []


def keep_released(folder: Path, safe: list[Safe]) -> None:
    """Keep the tables as they go out, for the attack on the next wave; what stands unchanged is left alone."""
    from threecircles.disclosure.release import write_safe

    path = folder.with_suffix(".json")
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    now = {t.spec.id: t.manifest for t in safe}
    write_safe([t for t in safe if known.get(t.spec.id) != t.manifest], folder)
    for gone in known.keys() - now.keys():
        for kind in (".parquet", ".json"):
            (folder / f"{gone}{kind}").unlink(missing_ok=True)
    path.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")


def safe_tables(tables: list[Measured], last: Sequence[Safe] = ()) -> tuple[list[Safe], list[str]]:
    """Safe tables that an attacker was tried on, and the schools shown without a split by sex.

    last: what the wave before gave out; the attacker has it in hand too.

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
        leaks = attack_safe([*safe, *last])
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
