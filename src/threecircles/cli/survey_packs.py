"""Packs between boroughs at the command line: handed out of a closed study, taken in from others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.disclosure.release import Safe
from threecircles.survey.study import Study, load_study


def write_pack(
    workspace: Path,
    study_id: str,
    authority: str,
    agreement: str,
    until: str,
    out: Path,
    groups: Sequence[str],
) -> Path:
    """An exchange pack of a closed study's borough figures: those of its reports, and no others.

    groups: by which figures are given. Raises UsageError for a bad date, or a name that is not the study's.
    """
    from threecircles.cli.survey_run import protected, scored_of
    from threecircles.report.survey_exchange import exchange_of, write_exchange

    scored = scored_of(workspace, study_id)
    study = scored.study
    if authority and study.authority and authority != study.authority:
        raise UsageError(
            "The study is of another authority.", found=authority, allowed=study.authority
        )
    try:
        last = date.fromisoformat(until)
    except ValueError:
        raise UsageError(
            "A pack needs its last day.", found=until or "none", allowed="--until yyyy-mm-dd"
        ) from None
    safe, _ = protected(workspace, scored)
    whose = authority or whose_is(study)
    told = exchange_of(safe, study, whose, agreement, last, workspace, groups)
    return write_exchange(told, out)


def take_pack(workspace: Path, study_id: str, path: Path, today: date) -> str:
    """Keep another borough's pack beside a study; returns a sentence on what it brings."""
    from threecircles.report.survey_neighbours import keep_pack

    study = load_study(workspace, study_id)
    kept, same = keep_pack(path, study, workspace, whose_is(study), today)
    return (
        f"{kept.authority}: {same} questions and scores as asked here, until {kept.until}. The borough's next "
        f"report sets them side by side: threecircles survey report {study_id}"
    )


def set_beside(
    workspace: Path, study: Study, safe: Sequence[Safe], today: date
) -> tuple[list[Safe], tuple[str, ...]]:
    """The table of this borough beside those whose packs are here, and sentences on what is left out."""
    from threecircles.disclosure.release import protect
    from threecircles.report.survey_exchange import exchange_of
    from threecircles.report.survey_neighbours import kept_packs, neighbours_table

    packs, told = kept_packs(workspace, study, today)
    if not packs:
        return [], told
    own = exchange_of(safe, study, whose_is(study), "the borough's own", today, workspace)
    table, left_out = neighbours_table(own, packs, study, workspace)
    # Every figure in it stands in this borough's released tables, or was released by its own authority.
    return protect([table] if table else [], "survey-10"), (*told, *left_out)


def whose_is(study: Study) -> str:
    """The authority of a study, or the study's own name where it was not said."""
    return study.authority or study.label
