"""What every report of a study says of itself: method, who is missing, notices of the holders of measures."""

from __future__ import annotations

import polars as pl

from threecircles.definitions import load
from threecircles.survey.help_lines import HelpLines
from threecircles.survey.kept_estimates import what_flags_change
from threecircles.survey.licences import notices
from threecircles.survey.scored import Scored
from threecircles.survey.study import asked, not_tried, versions


def account(
    scored: Scored, school: bool = False, kept: pl.DataFrame | None = None
) -> dict[str, tuple[str, ...]]:
    """Lines for the pages: method, response, notices, help.

    school: for one school's report, which says nothing that another school's answers would change.
    kept: the study's estimates, where they are made already.
    """
    study, part = scored.study, scored.participation
    roll, done = int(part["on_roll"].sum()), scored.rows.height
    untried = not_tried(study, scored.home)
    method = [
        f"Questionnaires: {'; '.join(versions(study, scored.home))}.",
        *(_of_a_school() if school else _of_all(scored, kept)),
        "A figure is hidden where fewer than ten pupils stand behind it, and others so that it cannot be worked out.",
        f"Ethics: {study.ethics.committee or 'not named'}, {study.ethics.reference or 'no reference'}.",
        "The questions are our own and have not been validated.",
    ]
    if untried:
        method.append(
            "Words that were used before they had been tried far enough: "
            + " ".join(u.sentence() for u in untried)
            + f" Reason given: {study.untested_reason}"
        )
    shown = (
        f"Of {roll:,} pupils on roll, {done:,} gave answers, {int(part['refused'].sum()):,} said no on the first screen and "
        f"{int(part['opted_out'].sum()):,} were opted out before the day; the others were away or not asked.",
    )
    lines = [
        f"{x.name}: {x.number}. {x.about}".strip()
        for x in (*study.help, *load("questionnaires/help/national", HelpLines).lines)
    ]
    held = tuple(
        dict.fromkeys(n for q in asked(study, scored.home) for n in notices(q, scored.home))
    )
    told = {"method": tuple(method), "response": shown, "help": tuple(lines), "notices": held}
    if study.basis == "convenience":
        told["notices"] = (
            f"Open answers: of the {done} who answered. They stand for nobody else.",
            *held,
        )
    return told


def _of_a_school() -> list[str]:
    return [
        "Pupils who answered stand for all on roll in their school, year and sex. Intervals speak of other pupils who might "
        "have been there.",
        "Forms that were perhaps not meant (one answer all down, far too fast, another year, many rare answers) are kept in.",
        "What is common to all schools was worked out once, with the first report of the study: a school that puts its "
        "file right later changes no other school's report.",
    ]


def _of_all(scored: Scored, kept: pl.DataFrame | None) -> list[str]:
    weighted, flagged = scored.weighted, int(scored.rows["flagged"].sum())
    unmet = f" Totals not reached: {', '.join(weighted.unmet)}." if weighted.unmet else ""
    margins = ", ".join(" by ".join(m) for m in scored.margins)
    return [
        "Pupils who answered stand for all on roll in their school, year and sex; the weights are then fitted to these totals "
        f"of the population: {margins}. Design effect of the weights {weighted.kish:.2f}; largest weight "
        f"{weighted.largest:.1f} times the median.{unmet}",
        "Intervals take account of pupils coming from the same school, and speak of the schools as they might have been.",
        f"{flagged} of {scored.rows.height} forms were flagged as perhaps not meant (one answer all down, far too fast, another "
        "year, answers that cannot both be true, many rare answers). They are kept in.",
        *what_flags_change(scored, kept),
    ]
